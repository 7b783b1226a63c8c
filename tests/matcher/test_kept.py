"""What is made of the shipped tables is kept from process to process, and never outlives what it was made of."""

from __future__ import annotations

from collections.abc import Callable
from inspect import unwrap
from pathlib import Path

import pytest

import matcher.kept as module
from matcher.kept import kept
from matcher.names.grammar_tables import Grammar
from matcher.names.nicknames import pet_forms
from matcher.names.prior import NamePrior
from matcher.places import Gazetteer


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "cache_from_source", lambda _path: str(tmp_path / "kept" / "name.pyc"))
    return tmp_path / "kept"


def counting() -> tuple[list[int], Callable[[], dict[str, float]]]:
    calls: list[int] = []

    def make() -> dict[str, float]:
        calls.append(1)
        return {"a": 0.1 + 0.2}

    return calls, kept(make)


def test_made_once(place: Path) -> None:
    calls, first = counting()
    assert first() == first() == {"a": 0.1 + 0.2}
    assert calls == [1]
    assert len(list(place.iterdir())) == 1


def test_made_anew_when_a_table_changes_and_the_old_one_goes(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls, make = counting()
    make()
    monkeypatch.setattr(module, "_origin", lambda: "another")
    make()
    assert calls == [1, 1]
    assert [path.name.endswith("-another.pickle") for path in place.iterdir()] == [True]


def test_made_anew_when_the_file_is_cut_short(place: Path) -> None:
    calls, make = counting()
    make()
    (path,) = place.iterdir()
    path.write_bytes(path.read_bytes()[:5])
    assert make() == {"a": 0.1 + 0.2}
    assert calls == [1, 1]


def test_works_where_nothing_can_be_written(place: Path) -> None:
    place.write_text("a file where the folder would be")
    calls, make = counting()
    assert make() == make() == {"a": 0.1 + 0.2}
    assert calls == [1, 1]


def test_origin_is_of_every_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "names.tsv"
    table.write_text("a\tb\n", encoding="utf-8")
    monkeypatch.setattr(module, "reference_files", lambda: [table])
    before = module._origin.__wrapped__()
    assert module._origin.__wrapped__() == before
    table.write_text("a\tc\n", encoding="utf-8")
    assert module._origin.__wrapped__() != before


@pytest.mark.parametrize("table", [Gazetteer, NamePrior, Grammar])
@pytest.mark.usefixtures("place")
def test_what_is_kept_is_what_would_be_made(table: type) -> None:
    make = unwrap(table.load.__func__)
    again = kept(make)
    assert again(table) == again(table) == make(table)


def test_pet_forms_kept_are_those_of_the_table() -> None:
    assert pet_forms() == unwrap(pet_forms)()
