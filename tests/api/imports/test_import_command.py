"""`sandhan import` as people type it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from api.access import OPERATOR, AccessScope
from api.bootstrap import Sandhan
from api.commands.imports import import_file
from api.partners.service import NewPartner
from api.settings import Settings

Run = Callable[..., Result]


@pytest.fixture
def run(command_home: Path) -> Run:
    operator = AccessScope("command-line", "command-line", "operator", (), frozenset(OPERATOR))
    with Sandhan.build(Settings(_env_file=None)) as sandhan:  # type: ignore[call-arg]
        for name in ("Asha Shelter", "AHTU"):
            sandhan.partners.register(NewPartner(name, "shelter", "IN", email="a@example.org"), operator)
    app = typer.Typer()
    app.command("import")(import_file)
    app.command("other")(lambda: None)

    def invoke(*arguments: object, partner: str = "Asha Shelter") -> Result:
        return CliRunner().invoke(app, ["import", *map(str, arguments), "--partner", partner])

    return invoke


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "reports.csv"
    path.write_text("id,name,age\nM-1,সুনীতা,12\nM-2,Rina,about 12\n", encoding="utf-8")
    return path


def document(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    value: dict[str, object] = json.loads(result.stdout)
    return value


def test_a_json_summary(run: Run, file: Path) -> None:
    summary = document(run(file, "--side", "missing", "--json"))
    assert {key: summary[key] for key in ("rows", "created", "changed", "unchanged", "rejected")} == {
        "rows": 2, "created": 1, "changed": 0, "unchanged": 0, "rejected": 1,
    }  # fmt: skip
    assert summary["rejects_file"] == str(file.parent / "rejects.csv")
    assert summary["compared"] == 1
    assert summary["matches"] == {"certain": 0, "probable": 0, "possible": 0}
    assert summary["problems"] == [
        {"row": 3, "column": "age", "reason": summary["problems"][0]["reason"]}  # type: ignore[index]
    ]
    again = document(run(file, "--side", "missing", "--json", "--no-match"))
    assert (again["unchanged"], again["compared"], again["matches"]) == (1, None, None)


def test_a_summary_for_people(run: Run, file: Path) -> None:
    result = run(file, "--side", "missing")
    assert result.exit_code == 0, result.output
    assert "Imported" in result.stdout
    assert "row 3, age" in result.stderr
    assert "rejects.csv" in "".join(result.stderr.split())  # a long path is broken over lines
    assert "Rina" not in result.output
    assert "would be created" in run(file, "--side", "missing", "--dry-run").stdout
    assert "sandhan serve" in run(file, "--side", "missing", "--no-match").stdout


def test_mapping_and_options(run: Run, tmp_path: Path) -> None:
    path, mapping, target = tmp_path / "a.csv", tmp_path / "m.toml", tmp_path / "out.csv"
    path.write_text("No;Given;Family;[b]Note[/b]\n1;Rina;Sheikh;x\n2;Mina;;x;y\n", encoding="utf-8")
    mapping.write_text('[columns]\nid = "No"\nname = ["Given", "Family"]\n', encoding="utf-8")
    options = [path, "--side", "rescued", "--columns", mapping, "--rejects", target]
    refused = run(*options)
    assert refused.exit_code == 2
    assert "[b]Note[/b]" in refused.stderr.replace("\n", ""), "a column's name is not markup"
    summary = document(run(*options, "--ignore-unknown", "--json"))
    assert (summary["created"], summary["rejects_file"]) == (1, str(target))
    assert summary["ignored_columns"] == ["[b]Note[/b]"]
    assert target.exists()


@pytest.mark.parametrize(
    ("arguments", "partner", "named"),
    [
        (["--side", "missing"], "Nobody", "--partner"),
        ([], "Asha Shelter", "--side"),
        (["--side", "found"], "Asha Shelter", "found"),
        (["--side", "missing", "--photos", "absent"], "Asha Shelter", "absent"),
        (["--side", "missing", "--columns", "absent"], "Asha Shelter", "absent"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    run: Run, file: Path, arguments: list[str], partner: str, named: str
) -> None:
    result = run(file, *arguments, partner=partner)
    assert result.exit_code == 2
    assert named in result.stderr
    assert "Traceback" not in result.output


def test_a_photo_problem_is_shown_without_the_name_of_the_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,photo\n1,rina-mondal.jpg\n", encoding="utf-8")
    result = run(path, "--side", "missing", "--photos", tmp_path, "--no-match")
    assert "photo_missing" in result.stderr
    assert "rina" not in result.output
