"""Files for tools that read files: the same records, one row each, several values as the importer reads them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from data.export import cell
from data.synthetic import HARD_CORRUPTION, linked_sample, main
from matcher.fields import FIELDS


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_files_hold_the_linked_sample(tmp_path: Path) -> None:
    written = main(["--reports", "80", "--rescues", "50", "--seed", "3", "--out", str(tmp_path / "new")])
    sample = linked_sample(3, 80, 50)
    assert (written.reports, written.rescues, written.true) == (80, 50, 30)
    for path, records in (("reports.csv", sample.reports), ("rescues.csv", sample.rescues)):
        found = {row["id"]: row for row in rows(tmp_path / "new" / path)}
        assert list(next(iter(found.values()))) == list(FIELDS)
        assert set(found) == {record.record_id for record in records}
        for record in records:
            for name, value in record.fields.items():
                assert found[record.record_id][name] == cell(name, value)
    lines = (tmp_path / "new" / "truth.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "left\tright"
    assert {tuple(line.split("\t")) for line in lines[1:]} == {(m, r) for r, m in sample.truth.items()}


def test_equal_seeds_write_equal_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        main(
            ["--reports", "30", "--rescues", "20", "--seed", "5", "--out", str(tmp_path / name), "--corruption", "hard"]
        )
    for file in ("reports.csv", "rescues.csv", "truth.tsv"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    hard = linked_sample(5, 30, 20, corruption=HARD_CORRUPTION)
    assert {row["id"]: row["age"] for row in rows(tmp_path / "one" / "rescues.csv")} == {
        record.record_id: record.fields["age"] for record in hard.rescues
    }


def test_several_values_of_one_field() -> None:
    assert cell("marks", ["a mole", "a scar"]) == "a mole|a scar"
    assert cell("languages", ["bn", "hi"]) == "bn hi"
    assert cell("name", "Sunita Mondal") == "Sunita Mondal"


@pytest.mark.parametrize("wrong", [["--reports", "5", "--rescues", "20"], ["--reports", "-1", "--rescues", "0"]])
def test_what_cannot_be_is_refused(wrong: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([*wrong, "--seed", "1", "--out", str(tmp_path / "out")])
    assert stopped.value.code == 2
    assert "reports" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
