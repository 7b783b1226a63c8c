"""The benchmark of imports: a tiny population, in every form, comes in whole, and the same for the same seed."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from benchmarks.scale.imports import SEED, imported, write_population


def test_the_population_is_that_of_its_seed(tmp_path: Path) -> None:
    for name, seed in (("a", SEED), ("b", SEED), ("c", SEED + 1)):
        write_population(tmp_path / name, 40, seed)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c
    with (tmp_path / "a").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["id"] for row in rows}) == len(rows) == 40


@pytest.mark.slow
def test_every_form_comes_in_whole_and_twice_the_same(tmp_path: Path) -> None:
    source = tmp_path / "population.csv"
    write_population(source, 60, SEED)
    first = imported(tmp_path / "home", source, tmp_path, again=True)
    assert (first["rows"], first["rejected"], first["again_unchanged"]) == (60, 0, 60)
    assert set(first["export_seconds"]) == {"csv", "xlsx", "jsonl", "pfif"}
    for ending in ("csv", "xlsx", "jsonl", "xml"):
        figures = imported(tmp_path / ending, tmp_path / f"export.{ending}", None, again=True)
        assert (figures["rows"], figures["rejected"], figures["again_unchanged"]) == (60, 0, 60)
