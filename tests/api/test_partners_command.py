"""`sandhan partners add` and `change`: a profile from the command line, and hours in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.access import CASE_WORK, CLIENT
from api.cli import build_app
from api.commands.partners import hours_from
from matcher.errors import InvalidRecord

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SANDHAN_HOME", str(tmp_path / "var"))
    monkeypatch.setenv("SANDHAN_DATABASE_URL", "")
    monkeypatch.setenv("SANDHAN_FACES", "false")
    monkeypatch.setenv("SANDHAN_DEPLOYMENT_COUNTRY", "IN")


def run(*words: str, code: int = 0) -> str:
    result = RUNNER.invoke(build_app(words), list(words))
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else " ".join(result.output.split())


def listed(*words: str) -> list[dict[str, Any]]:
    return list(json.loads(run("partners", "list", *words, "--json")))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), CLIENT),
        (("--permission", "cases:read", "--permission", "names:read"), ("cases:read", "names:read")),
        (("--full",), CASE_WORK),
    ],
)
def test_the_first_key_may_do_what_is_said(options: tuple[str, ...], expected: tuple[str, ...]) -> None:
    added = run("partners", "add", "AHTU Assam", "--kind", "ahtu", "--country", "IN", "--json", *options)
    partner = json.loads(added)["partner_id"]
    (key,) = json.loads(run("partners", "keys", "list", "--partner", partner, "--json"))
    assert tuple(key["permissions"]) == tuple(expected)
    assert key["expires_at"] is not None
    made = run(
        "partners", "keys", "add", "--partner", partner, "--label", "all", "--permission", "names:read", "--json"
    )
    assert json.loads(made)["permissions"] == ["names:read"]


def test_a_partner_is_added_with_its_profile_changed_and_shut_out() -> None:
    hours = ("--hours", "mon-fri 10:00-13:00,14:00-17:30", "--hours", "sat 10:00-13:00", "--time-zone", "Asia/Kolkata")
    added = run(
        "partners", "add", "Nodal office", "--kind", "nodal", "--country", "IN", "--residency", "IN", *hours, "--json"
    )
    partner = str(json.loads(added)["partner_id"])
    (found,) = listed()
    whole = [["10:00", "13:00"], ["14:00", "17:30"]]
    expected = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), whole) | {"sat": [["10:00", "13:00"]]}
    assert (found["kind"], found["residency"], found["time_zone"]) == ("nodal", "IN", "Asia/Kolkata")
    assert found["office_hours"] == expected

    said = run("partners", "change", partner, "--webhook", "https://n.example.org/in", "--channel", "webhook", "--json")
    assert json.loads(said)["webhook_secret"].startswith("whsec_")
    assert "whsec_" in run("partners", "change", partner, "--rotate-secret")
    said = run("partners", "change", partner, "--hours", "", "--residency", "", "--name", "State nodal office")
    assert "State nodal office" in said
    assert "whsec_" not in said
    (found,) = listed()
    assert (found["name"], found["office_hours"], found["residency"]) == ("State nodal office", None, None)
    assert (found["channels"], found["time_zone"]) == (["webhook"], "Asia/Kolkata")

    run("partners", "change", partner, "--inactive")
    assert listed() == []
    assert [one["active"] for one in listed("--all")] == [False]
    run("partners", "change", partner, "--active")
    assert [one["id"] for one in listed()] == [partner]


def test_what_cannot_be_is_said_in_one_line() -> None:
    partner = str(
        json.loads(run("partners", "add", "Unit", "--kind", "cwc", "--country", "IN", "--json"))["partner_id"]
    )
    for words, message in (
        (("--residency", "BD"), "residency: demands another country"),
        (("--hours", "weekdays 9-5"), "hours: is not written as"),
        (("--hours", "mon 9-5", "--time-zone", "Asia/Kolkata"), "office_hours: has a period that is not two times"),
        (("--channel", "email"), "channels: names email"),
        (("--rotate-secret",), "rotate_secret: asks for a new secret"),
    ):
        assert message in run("partners", "change", partner, *words, code=2)
    assert "no such partner" in run("partners", "change", "partner_none", "--language", "hi", code=2)


@pytest.mark.parametrize("line", ["", "mon", "mon ", "mon-fry 10:00-11:00", "10:00-11:00", "fri-mon"])
def test_hours_of_another_form_are_refused(line: str) -> None:
    with pytest.raises(InvalidRecord, match="hours"):
        hours_from([line])
