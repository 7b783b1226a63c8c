"""`sandhan export` as people type it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from api.access import OPERATOR, AccessScope
from api.bootstrap import Sandhan
from api.commands.exports import export_file
from api.commands.imports import import_file
from api.partners.service import NewPartner
from api.settings import Settings

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, command_home: Path) -> Run:
    operator = AccessScope("command-line", "command-line", "operator", (), frozenset(OPERATOR))
    with Sandhan.build(Settings(_env_file=None)) as sandhan:  # type: ignore[call-arg]
        sandhan.partners.register(NewPartner("Asha Shelter", "shelter", "IN", email="a@example.org"), operator)
    app = typer.Typer()
    app.command("import")(import_file)
    app.command("export")(export_file)
    (tmp_path / "in.csv").write_text("id,name,side\nM-1,সুনীতা,missing\nM-2,Rina,rescued\n", encoding="utf-8")

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, [*map(str, arguments), "--partner", "Asha Shelter"])

    assert invoke("import", "in.csv", "--no-match").exit_code == 0
    return invoke


@pytest.mark.parametrize(
    ("name", "options", "form"),
    [
        ("out.csv", (), "csv"), ("out.xlsx", (), "xlsx"), ("out.ndjson", (), "jsonl"), ("out.xml", (), "pfif"),
        ("out", ("--format", "jsonl"), "jsonl"), ("out.txt", ("--format", "csv"), "csv"),
    ],
)  # fmt: skip
def test_each_form_by_its_ending_or_by_name(run: Run, name: str, options: tuple[str, ...], form: str) -> None:
    result = run("export", "--output", name, *options, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"cases": 2, "format": form, "file": name}
    again = run("import", name, "--no-match", "--json", *(() if form == "pfif" else ("--side", "missing")))
    assert json.loads(again.stdout)["unchanged"] == 2


def test_for_people(run: Run) -> None:
    result = run("export", "--output", "out.csv", "--side", "rescued", "--status", "open")
    assert "1 cases written to out.csv" in result.stdout
    assert "Rina" not in result.output


def test_what_is_wrong_is_said_in_one_line(run: Run) -> None:
    assert "--format" in run("export", "--output", "out.doc").stderr
    assert run("export", "--output", "out.csv").exit_code == 0
    refused = run("export", "--output", "out.csv")
    assert (refused.exit_code, "--force" in refused.stderr) == (2, True)
    assert run("export", "--output", "out.csv", "--force").exit_code == 0


def test_a_sheet_by_its_name(run: Run, tmp_path: Path) -> None:
    run("export", "--output", "out.xlsx")
    named = run("import", "out.xlsx", "--sheet", "cases", "--no-match", "--json", "--side", "missing")
    assert json.loads(named.stdout)["unchanged"] == 2
    assert "--sheet" in run("import", "out.xlsx", "--sheet", "other", "--side", "missing").stderr
