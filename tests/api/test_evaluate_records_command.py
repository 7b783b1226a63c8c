"""`sandhan evaluate records`: files in, figures out; what is wrong with the truth is said by its row, not its ids."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.commands import evaluate
from api.commands.evaluate_records import read_truth
from api.linking import MappingProblem
from data.synthetic import linked_sample

FIELDS = ("name", "nickname", "father_name", "mother_name", "sex", "age", "age_as_of", "state", "district", "village")
SAMPLE = linked_sample(515, 90, 40)
KEYS = (
    "precision", "recall", "f1", "best_f1", "best_threshold", "recall@1", "recall@10", "recall@20", "ece", "brier",
    "candidate_recall",
)  # fmt: skip
TABLES = ("by_script_kind", "by_script", "by_age_band", "by_known", "by_field")


def write_csv(path: Path, rows: Iterable[Mapping[str, str]]) -> str:
    rows = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def write_truth(path: Path, lines: Iterable[str]) -> str:
    path.write_text("".join(f"{line}\n" for line in ("left\tright", *lines)), "utf-8")
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Return the arguments of a left, a right and a truth file of made people."""
    sides = []
    for name, records in (("left", SAMPLE.reports), ("right", SAMPLE.rescues)):
        rows = [
            {"id": record.record_id} | {field: str(record.fields.get(field, "")) for field in FIELDS}
            for record in records
        ]
        sides.append(write_csv(tmp_path / f"{name}.csv", rows))
    pairs = [f"{report}\t{rescue}" for rescue, report in SAMPLE.truth.items()]
    return [*sides, "--truth", write_truth(tmp_path / "truth.tsv", pairs)]


def run(arguments: Sequence[str]) -> dict[str, Any]:
    result = CliRunner().invoke(evaluate.app, ["records", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


class TestFigures:
    def test_every_figure_is_there_and_sound(self, files: list[str]) -> None:
        found = run(files)
        assert (found["left"], found["right"], found["true_pairs"]) == (90, 40, len(SAMPLE.truth))
        assert all(0.0 <= found[key] <= 1.0 for key in KEYS)
        assert found["recall@1"] <= found["recall@10"] <= found["recall@20"] <= found["candidate_recall"]
        assert found["best_f1"] >= found["f1"] > 0.5
        assert set(found["grades"]) == {"certain", "probable", "possible"}
        assert found["right_records"]["with_true_pair"] == len(SAMPLE.truth)
        assert found["strangers"]["right_records"] == 40 - len(SAMPLE.truth)
        for table in TABLES:
            assert found[table]
            assert all(row["people"] >= found["least_people"] == 5 for row in found[table])
        for table in TABLES[:-1]:
            assert sum(row["pairs"] for row in found[table]) == len(SAMPLE.truth)
            overall = sum(row["pairs"] * row["recall"] for row in found[table]) / len(SAMPLE.truth)
            assert overall == pytest.approx(found["recall"])

    def test_it_is_shown_as_tables(self, files: list[str]) -> None:
        result = CliRunner().invoke(evaluate.app, ["records", *files])
        assert result.exit_code == 0, result.output
        for text in ("best_f1", "probable", "reliability", "cross-script", "fewer than 5", "without probable pair"):
            assert text in result.output

    def test_of_a_handful_of_people_nothing_is_broken_down(self, files: list[str]) -> None:
        lines = Path(files[-1]).read_text("utf-8").splitlines()
        write_truth(Path(files[-1]), lines[1:4])
        found = run(files)
        assert found["true_pairs"] == 3
        assert all(found[table] == [] for table in TABLES)
        shown = " ".join(CliRunner().invoke(evaluate.app, ["records", *files]).output.split())
        assert shown.count("fewer than 5 people, not shown") == len(TABLES)

    def test_columns_are_taken_from_the_mapping(self, files: list[str], tmp_path: Path) -> None:
        mapping = tmp_path / "columns.toml"
        mapping.write_text('[columns]\nid = "id"\nname = "name"\n[extra.region]\ncolumn = "state"\n', "utf-8")
        found = run([*files, "--columns", str(mapping)])
        # The place itself is no field of this mapping, and the further column is compared and said by its name.
        assert "name+extra:region" in {row["key"] for row in found["by_known"]}
        assert all("place" not in row["key"] and "village" not in row["key"] for row in found["by_field"])

    def test_pairs_said_twice_count_once_and_that_is_said(self, files: list[str]) -> None:
        once = run(files)
        truth = Path(files[-1])
        lines = truth.read_text("utf-8").splitlines()
        write_truth(truth, [*lines[1:], lines[1], "", lines[2], "\t", " \t "])
        twice = run(files)
        assert (once.pop("repeated_in_truth"), twice.pop("repeated_in_truth")) == (0, 2)
        assert twice == once
        assert "2 rows say a pair again" in CliRunner().invoke(evaluate.app, ["records", *files]).stderr


class TestTruth:
    LEFT, RIGHT = ("a", "b", "c"), ("a", "z")

    def test_pairs_are_rows(self, tmp_path: Path) -> None:
        path = tmp_path / "t.tsv"
        write_truth(path, ["b\ta", " c \tz", "b\ta", "\t"])
        pairs, repeated = read_truth(path, self.LEFT, self.RIGHT)
        assert (pairs.tolist(), repeated) == ([[1, 0], [2, 1]], 1)

    @pytest.mark.parametrize(
        ("lines", "said"),
        [
            (
                ["a\ta", "b\tRita Das", "Rita Das\tz", "c\tz"],
                "2 of 4 pairs name an id that is not in its file, first in row 3",
            ),
            (["z\ta"], "1 of 1 pairs"),
            (["a\ta", "b\t"], "row 3: there is nothing for right"),
            (["a\ta", " \ta"], "row 3: there is nothing for left"),
            (["a\ta", "b"], "row 3: there is nothing for right"),
            (["\t"], "names no pair"),
            ([], "no row below the header"),
        ],
    )
    def test_what_is_wrong_is_said_without_an_id(self, tmp_path: Path, lines: list[str], said: str) -> None:
        path = tmp_path / "t.tsv"
        write_truth(path, lines)
        with pytest.raises(MappingProblem) as problem:
            read_truth(path, self.LEFT, self.RIGHT)
        assert said in str(problem.value)
        assert "Rita" not in str(problem.value)

    def test_columns_that_are_not_there_are_named(self, tmp_path: Path) -> None:
        path = tmp_path / "t.tsv"
        path.write_text("left\tother\na\ta\n", "utf-8")
        with pytest.raises(MappingProblem, match="no column right"):
            read_truth(path, self.LEFT, self.RIGHT)

    def test_the_command_says_it_in_one_line(self, files: list[str]) -> None:
        write_truth(Path(files[-1]), ["nobody\tR0000000"])
        result = CliRunner().invoke(evaluate.app, ["records", *files])
        assert result.exit_code == 2
        assert "1 of 1 pairs" in " ".join(result.stderr.split())
        assert "nobody" not in result.stderr

    def test_an_empty_file_is_said(self, files: list[str]) -> None:
        Path(files[0]).write_text("id,name\n", "utf-8")
        result = CliRunner().invoke(evaluate.app, ["records", *files])
        assert result.exit_code == 2
        assert "has no rows" in " ".join(result.stderr.split())
