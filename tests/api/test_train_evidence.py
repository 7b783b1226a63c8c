"""`sandhan train evidence` on files of one's own: it learns from them and from decisions, and remembers which."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import build_app
from data.synthetic import linked_sample
from matcher.model import MatchModel, record_key

FIELDS = ("id", "name", "father_name", "mother_name", "sex", "age", "age_as_of", "district", "found", "last_seen")


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(build_app(), [str(argument) for argument in arguments])
    return result.exit_code, result.output if result.exit_code else result.stdout


def write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str = ",") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(header)
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    sample = linked_sample(41, 150, 60)
    found = {}
    for name, records in (("left", sample.reports), ("right", sample.rescues)):
        rows = [[record.record_id, *(str(record.fields.get(f, "")) for f in FIELDS[1:])] for record in records]
        found[name] = write(folder / f"{name}.csv", FIELDS, rows)
    true = [(report, rescue) for rescue, report in sample.truth.items()]
    found["truth"] = write(folder / "truth.tsv", ("left", "right"), true, "\t")
    decided = [(*pair, "yes") for pair in true[:12]] + [(true[0][0], true[n][1], "no") for n in range(12, 18)]
    found["decisions"] = write(folder / "decisions.tsv", ("left", "right", "is_match"), decided, "\t")
    return found


def test_it_learns_and_remembers_by_what(files: dict[str, Path], tmp_path: Path) -> None:
    code, output = run(
        "train",
        "evidence",
        files["left"],
        files["right"],
        "--decisions",
        files["decisions"],
        "--out",
        tmp_path,
        "--json",
    )
    assert code == 0, output
    said = json.loads(output)
    assert said["decisions"] == 18
    assert said["confirmed"] == 12
    model = MatchModel.read(Path(said["model"]))
    assert model.version == said["version"] != MatchModel.load().version
    assert len(model.taught_by) == 30  # eighteen rescued people and the twelve reports they were set beside
    assert record_key("R0000000") in model.taught_by
    assert any(level.shift for part in model.comparisons.values() for level in part.levels)
    again = json.loads(
        run("train", "evidence", files["left"], files["right"], "--decisions", files["decisions"], "--out", tmp_path,
            "--json")[1]
    )  # fmt: skip
    assert again == said


def test_it_is_not_measured_on_what_taught_it(files: dict[str, Path], tmp_path: Path) -> None:
    run("train", "evidence", files["left"], files["right"], "--decisions", files["decisions"], "--out", tmp_path)
    model = tmp_path / "evidence-2.json"
    measured = "evaluate", "records", files["left"], files["right"], "--truth", files["truth"], "--json"
    own, shipped = json.loads(run(*measured, "--model", model)[1]), json.loads(run(*measured)[1])
    assert (own["left_out_as_taught"], shipped["left_out_as_taught"]) == (18, 0)
    assert own["right"] == shipped["right"] - 18 == 42
    assert own["true_pairs"] == shipped["true_pairs"] - 18


def test_nor_when_the_files_come_the_other_way_round(files: dict[str, Path], tmp_path: Path) -> None:
    run("train", "evidence", files["left"], files["right"], "--decisions", files["decisions"], "--out", tmp_path)
    with files["truth"].open(encoding="utf-8") as file:
        pairs = [(row["right"], row["left"]) for row in csv.DictReader(file, delimiter="\t")]
    turned = write(tmp_path / "turned.tsv", ("left", "right"), pairs, "\t")
    code, output = run(
        "evaluate", "records", files["right"], files["left"], "--truth", turned, "--json", "--model",
        tmp_path / "evidence-2.json",
    )  # fmt: skip
    assert code == 0, output
    assert json.loads(output)["left_out_as_taught"] >= 12


def test_a_model_of_ones_own_links(files: dict[str, Path], tmp_path: Path) -> None:
    run("train", "evidence", files["left"], files["right"], "--out", tmp_path)
    pairs = tmp_path / "pairs.csv"
    code, output = run(
        "link", files["left"], files["right"], "--out", pairs, "--model", tmp_path / "evidence-2.json", "--explain"
    )
    assert code == 0, output
    with pairs.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert all("more likely" in row["reasons"] for row in rows)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--decisions", "decisions"), "both files"),
        (("left",), "both files"),
        (("left", "right", "--out", "data/models"), "folder of your own"),
        (("left", "right", "--decisions", "truth"), "is_match"),
        (("left", "right", "--decisions", "foreign"), "number 1"),
        (("left", "right", "--model", "truth"), "cannot be used"),
    ],
)
def test_what_cannot_be_learned_from_is_said(
    files: dict[str, Path], tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    foreign = write(tmp_path / "foreign.tsv", ("left", "right", "is_match"), [("nobody", "R0000000", "yes")], "\t")
    places = files | {"foreign": foreign}
    out = () if "--out" in arguments else ("--out", tmp_path)
    code, output = run("train", "evidence", *(places.get(argument, argument) for argument in arguments), *out)
    assert code == 2
    assert told in output.replace("\n", " ")
    assert "nobody" not in output
