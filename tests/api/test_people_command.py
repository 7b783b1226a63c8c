"""`sandhan people` and `sandhan partners keys`: from the first administrator to signing in."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyotp
import pytest
from typer.testing import CliRunner

from api.bootstrap import Sandhan
from api.cli import build_app
from api.people.passwords import Passwords
from api.people.sessions import SignedIn
from api.settings import Settings
from api.store import audit

from .conftest import CHEAP
from .town import PASSWORD

RUNNER = CliRunner()


@pytest.fixture
def partner(command_home: Path) -> str:
    """Id of the only partner of a new database."""
    made = run("partners", "add", "Unit", "--kind", "ahtu", "--country", "IN", "--json")
    return str(json.loads(made)["partner_id"])


def run(*words: str, code: int = 0) -> str:
    result = RUNNER.invoke(build_app(words), list(words))
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else " ".join(result.output.split())


def add(partner: str, *more: str) -> dict[str, Any]:
    words = ("people", "add", "--partner", partner, "--name", "Zubaida Khatun", *more, "--json")
    return dict(json.loads(run(*words)))


@pytest.fixture
def sandhan(partner: str) -> Iterator[Sandhan]:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    with Sandhan.build(settings, passwords=Passwords(secrets.token_bytes, CHEAP)) as made:
        yield made


def test_the_first_administrator_comes_in(partner: str, sandhan: Sandhan) -> None:
    made = add(partner, "--email", "chief@example.org", "--role", "administrator", "--role", "officer")
    assert made["roles"] == ["administrator", "officer"]
    assert made["enrolment_link"].endswith("/enrol#" + made["enrolment_token"])
    shown = sandhan.enrolment.begin(made["enrolment_token"], "192.0.2.1")
    totp = pyotp.TOTP(shown.totp_secret)
    codes = sandhan.enrolment.confirm(made["enrolment_token"], PASSWORD, totp.at(sandhan.clock()), "192.0.2.1")
    assert len(codes) == 10
    session = sandhan.sign_in.with_password("chief@example.org", PASSWORD, "127.0.0.1", recovery_code=codes[0])
    assert isinstance(session, SignedIn)
    scope = sandhan.sessions.scope_of(session.token)
    assert (scope.partner_id, scope.actor_id, scope.role) == (partner, made["person_id"], "administrator")
    with sandhan.database.read() as conn:
        first = audit.entries(conn, subject=made["person_id"], limit=1)[0]
    assert first.actor == f"command-line:{partner}"
    # The last who manages people is not lost by a slip, and can be by a word.
    for command in ("deactivate", "reset"):
        words = ("people", command, "--partner", partner, made["person_id"])
        assert "nobody else can manage" in run(*words, code=2)
    again = json.loads(run("people", "reset", "--partner", partner, made["person_id"], "--even-last", "--json"))
    assert again["enrolment_token"] != made["enrolment_token"]
    run("people", "deactivate", "--partner", partner, made["person_id"], "--even-last")
    (listed,) = json.loads(run("people", "list", "--partner", "Unit", "--json"))
    assert (listed["id"], listed["active"], listed["enrolled"]) == (made["person_id"], False, False)


def test_people_are_listed_for_who_sits_at_the_machine(partner: str) -> None:
    made = add(partner, "--email", "one@example.org", "--role", "officer")
    text = run("people", "list", "--partner", partner)
    assert "officer" in text
    assert "invited" in text
    run("people", "deactivate", "--partner", partner, made["person_id"])
    assert "left" in run("people", "list", "--partner", partner)
    said = RUNNER.invoke(
        build_app(), ["people", "add", "--partner", partner, "--name", "An Other", "--email", "b@example.org",
                      "--role", "nodal"],
    ).output  # fmt: skip
    assert "enr_" in said
    assert "not shown again" in " ".join(said.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--email", "a@example.org", "--role", "operator"), "roles: must be one or more of"),
        (("--email", "nobody", "--role", "officer"), "email: must be an e-mail address"),
    ],
)
def test_what_is_wrong_is_one_line(partner: str, words: tuple[str, ...], message: str) -> None:
    full = ("people", "add", "--partner", partner, "--name", "Zubaida Khatun", *words)
    said = run(*full, code=2)
    assert message in said
    assert "Zubaida" not in said
    assert "nobody has this id" in run("people", "list", "--partner", "Nobody", code=2)
    run("partners", "add", "Unit", "--kind", "ngo", "--country", "IN", "--json")
    assert "give the id" in run("people", "list", "--partner", "Unit", code=2)
    assert "no such person" in run("people", "reset", "--partner", partner, "person_none", code=2)


def test_keys_are_made_listed_and_revoked(partner: str, sandhan: Sandhan) -> None:
    made = json.loads(run("partners", "keys", "add", "--partner", partner, "--label", "case system", "--json"))
    assert sandhan.partners.scope_of(made["api_key"]).actor_id == made["id"]
    assert "names:read" not in made["permissions"]
    named = ("--permission", "cases:read", "--permission", "names:read")
    day = f"{datetime.now(UTC).year + 1}-01-15"
    more = run("partners", "keys", "add", "--partner", partner, "--label", "other", *named, "--expires", day)
    assert "sk_" in more
    keys = {key["label"]: key for key in json.loads(run("partners", "keys", "list", "--partner", partner, "--json"))}
    assert set(keys) == {"first key", "case system", "other"}
    assert keys["other"]["permissions"] == ["cases:read", "names:read"]
    assert keys["other"]["expires_at"].startswith(day)
    assert keys["case system"]["last_used_on"]
    assert made["api_key"] not in json.dumps(keys)
    run("partners", "keys", "revoke", "--partner", partner, made["id"])
    assert "revoked" in run("partners", "keys", "list", "--partner", partner)
    assert "must be one or more of" in run(
        "partners", "keys", "add", "--partner", partner, "--label", "too much", "--permission", "people:manage", code=2
    )
