"""`sandhan cases`, as people and cron type it; and `sandhan export` with what was erased."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.bootstrap import Sandhan
from api.cli import build_app
from api.settings import Settings
from api.store import audit, cases

RUNNER = CliRunner()


def run(*words: str, code: int = 0) -> str:
    result = RUNNER.invoke(build_app(words), list(words))
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else " ".join(result.output.split())


@pytest.fixture
def file(command_home: Path, tmp_path: Path) -> Path:
    """A file of two reports, imported for the only partner of a new database."""
    run("partners", "add", "Unit", "--kind", "ahtu", "--country", "IN", "--json")
    path = tmp_path / "reports.csv"
    path.write_text("id,name\nFIR-77,Sunita Mandal\nFIR-78,Rina\n")
    load(path)
    return path


@pytest.fixture
def sandhan(file: Path) -> Iterator[Sandhan]:
    with Sandhan.build(Settings(_env_file=None)) as made:  # type: ignore[call-arg]
        yield made


def load(path: Path, partner: str = "Unit") -> tuple[int, int, int]:
    told = json.loads(run("import", str(path), "--partner", partner, "--side", "missing", "--no-match", "--json"))
    return told["created"], told["unchanged"], told["rejected"]


def end(sandhan: Sandhan, number: str) -> str:
    """Let the time of a case be over; return its id."""
    with sandhan.database.write() as conn:
        (case,) = [one for one in cases.list_cases(conn, limit=10) if one.external_id == number]
        cases.keep_until(conn, case.id, sandhan.clock())
    return case.id


def test_what_is_over_is_erased_listed_and_readmitted(file: Path, sandhan: Sandhan, tmp_path: Path) -> None:
    assert run("cases", "expire").startswith("0 cases")
    case_id = end(sandhan, "FIR-77")
    out = tmp_path / "out.xml"
    assert json.loads(run("export", "--output", str(out), "--json"))["cases"] == 1, "what is over does not go out"
    assert json.loads(run("cases", "expire", "--json")) == {"erased": 1}
    assert not (tmp_path / "var" / "index").exists(), "no index is built for it"
    (told,) = json.loads(run("cases", "tombstones", "--partner", "Unit", "--json"))
    assert (told["id"], told["side"], told["own"]) == (case_id, "missing", True)
    assert "missing" in run("cases", "tombstones", "--partner", "Unit")
    assert load(file) == (0, 1, 1)
    assert "cases readmit" in (tmp_path / "rejects.csv").read_text()
    words = ("cases", "readmit", "--partner", "Unit", "--side", "missing", "--id")
    assert "is refused" in run(*words, "FIR-78", code=2)
    assert "may come in again" in run(*words, "FIR-77")
    assert "is refused" in run(*words, "FIR-77", code=2)
    assert load(file) == (1, 1, 0)
    with sandhan.database.read() as conn:
        (entry,) = [one for one in audit.entries(conn, limit=1000) if one.action == "suppression.lifted"]
    assert entry.actor.startswith("command-line:partner_")
    assert "FIR-77" not in repr(entry)


def test_an_export_tells_what_was_erased_unless_it_shall_not(file: Path, sandhan: Sandhan, tmp_path: Path) -> None:
    end(sandhan, "FIR-77")
    run("cases", "expire")
    for name, more, expected in (("a.xml", (), 1), ("b.xml", ("--no-tombstones",), 0), ("c.jsonl", (), 0)):
        told = json.loads(run("export", "--output", str(tmp_path / name), *more, "--json"))
        assert told["cases"] == 1
        assert (tmp_path / name).read_text().count("FIR-77") == 2 * expected, name
    run("partners", "add", "Other", "--kind", "ngo", "--country", "IN", "--json")
    assert load(file, "Other") == (2, 0, 0)
    assert load(tmp_path / "a.xml", "Other") == (0, 1, 0)
    (told,) = json.loads(run("cases", "tombstones", "--partner", "Other", "--json"))
    assert told["own"] is True


@pytest.mark.parametrize("command", ["readmit", "tombstones"])
def test_a_partner_that_is_not_there(file: Path, command: str) -> None:
    more = ("--side", "missing", "--id", "FIR-77") if command == "readmit" else ()
    said = run("cases", command, "--partner", "Nobody", *more, code=2)
    assert "nobody has this id or name" in said
    assert "FIR-77" not in said
