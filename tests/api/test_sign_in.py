"""Signing in: what opens, what does not, that all that does not looks the same, and what is noted of it."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyotp
import pytest
from sqlalchemy import select

from api.access import PERMISSIONS, AccessScope, Role
from api.people.attempts import network_of
from api.people.passwords import Passwords
from api.store import partners, people, people_tables

from .conftest import START, House, empty_database, open_house, settle
from .test_passwords import RANDOM, Blocking, Counting
from .town import PASSWORD, Town

HERE = "192.0.2.90"
FAILED = "urn:sandhan:problem:sign_in_failed"


def test_address_password_and_code_open_a_session(town: Town) -> None:
    officer = town.enrolled("ahtu", "officer", "verifier")
    answer = officer.sign_in()
    body = answer.json()
    assert answer.status_code == 201
    assert body["token"].startswith("ses_")
    assert len(body["token"]) == 4 + 64
    assert (body["person_id"], body["roles"], body["idle_minutes"]) == (officer.id, ["officer", "verifier"], 30)
    assert body["recovery_codes_left"] == 10
    assert "set-cookie" not in answer.headers
    me = town.send("GET", "/v1/session", headers={"Authorization": f"Bearer {body['token']}"}).json()
    assert (me["partner_id"], me["actor_id"], me["role"]) == (town.house["ahtu"].id, officer.id, "officer")
    assert {"names:read", "suspects:read", "disclosure:request"} <= set(me["permissions"])
    assert me["areas"] == ["IN/WB/south-24-parganas"]
    assert town.actions(officer.id) == ["person.invited", "person.enrolled", "sign_in.succeeded"]


def test_the_address_may_be_written_in_any_case(town: Town) -> None:
    officer = town.enrolled("ahtu", "officer")
    assert officer.sign_in(email=f"  {officer.email.upper()} ").status_code == 201


def test_without_a_code_the_second_step_asks_for_it(town: Town) -> None:
    officer = town.enrolled("ahtu", "officer")
    first = officer.sign_in(code=None)
    assert (first.status_code, first.json()["next"]) == (202, "code")
    token = first.json()["token"]
    assert town.send("GET", "/v1/session", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    wrong = town.send("POST", "/v1/session/code", {"token": token, "code": "000000"})
    assert (wrong.status_code, wrong.json()["type"]) == (401, FAILED)
    done = town.send("POST", "/v1/session/code", {"token": token, "code": officer.code()})
    assert done.status_code == 201
    assert done.json()["token"].startswith("ses_")
    again = town.send("POST", "/v1/session/code", {"token": token, "code": officer.code()})
    assert again.status_code == 401


def test_the_second_step_waits_five_minutes(town: Town) -> None:
    officer = town.enrolled("ahtu", "officer")
    token = officer.sign_in(code=None).json()["token"]
    town.clock.advance(minutes=5)
    assert town.send("POST", "/v1/session/code", {"token": token, "code": officer.code()}).status_code == 401


def test_a_code_is_good_once_and_so_is_every_earlier_one(town: Town) -> None:
    officer = town.enrolled("ahtu", "officer")
    first, second = officer.code(), officer.code()
    assert officer.sign_in(code=second).status_code == 201
    assert officer.sign_in(code=second).status_code == 401
    assert officer.sign_in(code=first).status_code == 401  # it is still within the tolerance
    assert officer.sign_in().status_code == 201


def test_the_code_of_enrolment_is_used_up(town: Town) -> None:
    officer = town.invite("ahtu", "officer")
    officer.enrol()
    now = pyotp.TOTP(officer.secret).at(town.clock())
    assert officer.sign_in(code=now).status_code == 401
    assert officer.sign_in().status_code == 201


def test_a_recovery_code_stands_in_once(town: Town) -> None:
    officer = town.enrolled("ahtu", "officer")
    answer = officer.sign_in(code=None, recovery_code=officer.codes[3].upper())
    assert (answer.status_code, answer.json()["recovery_codes_left"]) == (201, 9)
    assert officer.sign_in(code=None, recovery_code=officer.codes[3]).status_code == 401
    token = officer.sign_in(code=None).json()["token"]
    form = {"token": token, "recovery_code": officer.codes[4]}
    assert town.send("POST", "/v1/session/code", form).status_code == 201
    (entry,) = [entry for entry in town.audited(officer.id) if entry.detail.get("left") == 9]
    assert entry.action == "sign_in.recovery_code"


def test_another_persons_recovery_code_does_not(town: Town) -> None:
    one, other = town.enrolled("ahtu", "officer"), town.enrolled("ahtu", "officer")
    assert one.sign_in(code=None, recovery_code=other.codes[0]).status_code == 401


def test_whatever_is_wrong_is_answered_alike(town: Town) -> None:
    house = town.house
    known, gone, waiting = (town.enrolled("ahtu", "officer") for _ in range(3))
    invited = town.invite("ahtu", "officer")
    for _ in range(5):
        waiting.sign_in(password="not this one at all", address=HERE)
    house.sandhan.people.change(gone.id, _scope(town, "ahtu"), active=False)
    left = house.join("left people", "ngo")
    of_left = town.enrolled("left people", "case_manager")
    with house.sandhan.database.write() as conn:
        partners.set_active(conn, left.id, False)
    answers = {
        "unknown": known.sign_in(email="nobody@example.org"),
        "password": known.sign_in(password="not this one at all"),
        "code": known.sign_in(code="000000"),
        "recovery code": known.sign_in(code=None, recovery_code="0000-0000-0000-0000"),
        "deactivated": gone.sign_in(),
        "partner left": of_left.sign_in(),
        "locked, right": waiting.sign_in(address=HERE),
        "locked, wrong": waiting.sign_in(password="not this one at all", address=HERE),
        "not enrolled": invited.sign_in(),
        "second step": town.send("POST", "/v1/session/code", {"token": "sig_none", "code": "000000"}),
    }
    for kind, answer in answers.items():
        assert (answer.status_code, answer.json()["type"]) == (401, FAILED), kind
    assert len({(answer.content, tuple(answer.headers.items())) for answer in answers.values()}) == 1


def _scope(town: Town, partner: str) -> Any:
    return AccessScope(town.house[partner].id, "command-line", "ahtu", (), frozenset(PERMISSIONS[Role.ADMINISTRATOR]))


@pytest.fixture
def counted(dialect: str, tmp_path: Path, template: Path) -> Iterator[tuple[Town, Counting]]:
    """A town whose password hashing is counted."""
    hasher = Counting()
    with (
        empty_database(dialect, tmp_path / "home", template) as url,
        open_house(tmp_path / "home", url, passwords=Passwords(RANDOM, hasher)) as house,
    ):
        settle(house)
        yield Town(house), hasher


def test_whoever_tries_the_work_is_the_same(counted: tuple[Town, Counting]) -> None:
    town, hasher = counted
    known, gone, locked = (town.enrolled("ahtu", "officer") for _ in range(3))
    town.house.sandhan.people.change(gone.id, _scope(town, "ahtu"), active=False)
    for _ in range(5):
        locked.sign_in(password="not this one at all")
    attempts = {
        "wrong": lambda: known.sign_in(password="not this one at all"),
        "unknown": lambda: known.sign_in(email="nobody@example.org"),
        "deactivated": gone.sign_in,
        "locked": locked.sign_in,
        "not enrolled": town.invite("ahtu", "officer").sign_in,
        "right": known.sign_in,
    }
    for kind, attempt in attempts.items():
        before = hasher.verified, hasher.hashed
        attempt()
        assert (hasher.verified - before[0], hasher.hashed - before[1]) == (1, 0), kind


def test_a_password_is_hashed_anew_when_the_cost_changes(dialect: str, tmp_path: Path, template: Path) -> None:
    with empty_database(dialect, tmp_path / "home", template) as url:
        with open_house(tmp_path / "home", url) as house:
            settle(house)
            officer = Town(house).enrolled("ahtu", "officer")
            before = _stored(house, officer.id)
        with open_house(tmp_path / "home", url, seed=2, passwords=Passwords(RANDOM, Counting(time_cost=2))) as later:
            officer.town = Town(later)
            assert officer.sign_in(password="not this one at all").status_code == 401
            assert _stored(later, officer.id) == before
            assert officer.sign_in().status_code == 201
            after = _stored(later, officer.id)
            assert officer.sign_in().status_code == 201
            assert _stored(later, officer.id) == after
    assert ("t=1" in before, "t=2" in after) == (True, True)


def _stored(house: House, person_id: str) -> str:
    with house.sandhan.database.read() as conn:
        return str(people.require_person(conn, person_id).password_hash)


def test_five_failures_lock_for_a_quarter_of_an_hour_then_for_half_an_hour(town: Town) -> None:
    officer = town.enrolled("ahtu", "officer")
    for number, minutes in ((1, 15), (2, 30)):
        for _ in range(5):
            assert officer.sign_in(password="not this one at all", address=HERE).status_code == 401
        town.clock.advance(minutes=minutes - 1)
        assert officer.sign_in(address=HERE).status_code == 401  # and trying does not prolong it
        town.clock.advance(minutes=1)
        locks = [entry for entry in town.audited(officer.id) if entry.action == "sign_in.locked"]
        assert [entry.detail for entry in locks] == [{"lockouts": n + 1, "of": "pair"} for n in range(number)]
    assert officer.sign_in(address=HERE).status_code == 201
    for _ in range(4):
        officer.sign_in(code="000000", address=HERE)
    assert officer.sign_in(address=HERE).status_code == 201  # the success before began the count anew


def test_wrong_codes_lock_as_wrong_passwords_do(town: Town) -> None:
    officer = town.enrolled("ahtu", "officer")
    token = officer.sign_in(code=None).json()["token"]
    for _ in range(5):
        form = {"token": token, "code": "000000"}
        assert town.send("POST", "/v1/session/code", form, address=HERE).status_code == 401
    right = {"token": token, "code": officer.code()}
    assert town.send("POST", "/v1/session/code", right, address=HERE).status_code == 401
    assert officer.sign_in(address=HERE).status_code == 401


def test_asking_for_the_second_step_is_no_failure(town: Town) -> None:
    officer = town.enrolled("ahtu", "officer")
    for _ in range(7):
        assert officer.sign_in(code=None).status_code == 202
    assert officer.sign_in().status_code == 201


def test_an_account_that_does_not_exist_is_counted_like_one_that_does(town: Town) -> None:
    for number in range(6):
        town.send("POST", "/v1/session", {"email": "ghost@example.org", "password": "x" * 12}, address=HERE)
        with town.house.sandhan.database.read() as conn:
            rows = conn.execute(select(people_tables.sign_in_strikes)).all()
        key = town.house.sandhan.sign_in._sealer.fingerprint("person e-mail", "ghost@example.org")
        (mine,) = [row for row in rows if row.key.startswith(f"pair:{key}:")]
        (all_,) = [row for row in rows if row.key == f"account:{key}"]
        assert (len(mine.recent), mine.lockouts) == (min(number + 1, 5), int(number >= 4))
        assert len(all_.recent) == min(number + 1, 5), "what is locked already is tried in vain"


def test_a_client_that_fails_thirty_times_waits_whoever_it_asks_for(town: Town) -> None:
    officer, address = town.enrolled("ahtu", "officer"), "192.0.2.77"
    for number in range(30):
        form = {"email": f"guess{number}@example.org", "password": "x" * 12}
        assert town.send("POST", "/v1/session", form, address=address).status_code == 401
    refused = officer.sign_in(address=address)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_attempts")
    assert 0 < int(refused.headers["retry-after"]) <= 900
    assert officer.sign_in(address="192.0.2.78").status_code == 201
    town.clock.advance(minutes=15)
    assert officer.sign_in(address=address).status_code == 201
    assert "sign_in.throttled" in town.actions("unknown")


def test_successes_are_no_failures_of_a_client(town: Town) -> None:
    officer = town.enrolled("ahtu", "officer")
    for _ in range(31):
        assert officer.sign_in(address="192.0.2.79").status_code == 201


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8:1:2::5", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::5", "2001:db8:1:3::5", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("testclient", "unknown", False),
    ],
)
def test_what_counts_as_one_client(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) == same


def test_a_hundred_guesses_at_once_are_a_hundred_guesses(two_towns: tuple[Town, Town]) -> None:
    officer = two_towns[0].enrolled("ahtu", "officer")
    wrong = {"email": officer.email, "password": "not this one at all"}

    def guess(number: int) -> int:
        return two_towns[number % 2].send("POST", "/v1/session", wrong).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(guess, range(28))) == {401}
    with two_towns[0].house.sandhan.database.read() as conn:
        fingerprint = people.require_person(conn, officer.id).email_fingerprint
        strikes = people.get_strikes(conn, f"account:{fingerprint}")
    assert (len(strikes.recent), strikes.lockouts) == (20, 1), "from however many addresses"
    assert officer.sign_in().status_code == 401


def test_two_processes_share_lock_throttle_and_used_codes(two_towns: tuple[Town, Town]) -> None:
    here, there = two_towns
    officer = here.enrolled("ahtu", "officer")
    code = officer.code()
    there.clock.advance(seconds=(here.clock() - there.clock()).total_seconds())
    assert officer.sign_in(code=code).status_code == 201
    officer.town = there
    assert officer.sign_in(code=code, address=HERE).status_code == 401
    for number in range(4):
        officer.town = two_towns[number % 2]
        assert officer.sign_in(password="not this one at all", address=HERE).status_code == 401
    for town in two_towns:
        officer.town = town
        assert officer.sign_in(address=HERE).status_code == 401
    for number in range(30):
        form = {"email": f"guess{number}@example.org", "password": "x" * 12}
        two_towns[number % 2].send("POST", "/v1/session", form, address="192.0.2.5")
    assert {town.send("POST", "/v1/session", form, address="192.0.2.5").status_code for town in two_towns} == {429}


def test_a_busy_service_says_so_and_counts_no_failure(dialect: str, tmp_path: Path, template: Path) -> None:
    hasher = Blocking()
    passwords = Passwords(RANDOM, hasher, at_once=1, wait_s=0.01)
    with (
        empty_database(dialect, tmp_path / "home", template) as url,
        open_house(tmp_path / "home", url, passwords=passwords) as house,
    ):
        settle(house)
        town = Town(house)
        officer = town.enrolled("ahtu", "officer")
        thread = threading.Thread(target=passwords.verify, args=(None, "x"))
        thread.start()
        while not hasher.running:
            time.sleep(0.001)
        answers = [officer.sign_in(code=None) for _ in range(6)]
        hasher.release.set()
        thread.join()
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(503, "sign_in_busy")}
        assert officer.sign_in().status_code == 201


def test_nothing_personal_is_kept_open_noted_or_logged(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    officer = town.enrolled("ahtu", "officer")
    headers = officer.headers()
    officer.sign_in(password="not this one at all", address="198.51.100.99")
    officer.sign_in(email="somebody.else@example.org", address="198.51.100.99")
    tables = [table for name, table in people_tables.metadata.tables.items() if name != "partners"]
    with town.house.sandhan.database.read() as conn:
        stored = repr([tuple(row) for table in tables for row in conn.execute(select(table))])
    said = "\n".join(record.getMessage() + repr(record.__dict__) for record in caplog.records if record.name != "httpx")
    for secret in (
        officer.email, "somebody.else", "Zubaida", "Khatun", PASSWORD, officer.secret, officer.codes[0], officer.token,
        headers["Authorization"].removeprefix("Bearer "), "198.51.100.99", "not this one",
    ):  # fmt: skip
        assert secret not in stored
        assert secret not in said
    failed = [entry for entry in town.audited(officer.id) if entry.action == "sign_in.failed"]
    assert [(entry.actor, entry.detail) for entry in failed] == [("sign-in", {"reason": "password"})]
    assert any(entry.action == "sign_in.failed" for entry in town.audited("unknown"))


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"email": "a@example.org"}, "password"),
        ({"email": "a@example.org", "password": ""}, "password"),
        ({"email": "a@example.org", "password": "Zubaida" * 40}, "password"),
        ({"email": "a@example.org", "password": "Zubaida", "code": "Zubaid"}, "code"),
        ({"email": "a@example.org", "password": "Zubaida", "hobby": "x"}, "hobby"),
        ({"email": ["Zubaida"], "password": "Zubaida"}, "email"),
    ],
)
def test_a_wrong_form_is_named_and_not_repeated(town: Town, form: dict[str, Any], field: str) -> None:
    answer = town.send("POST", "/v1/session", form)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert "Zubaid" not in answer.text


@pytest.mark.parametrize("more", [{}, {"code": "000000", "recovery_code": "0000-0000-0000-0000"}])
def test_the_second_step_takes_one_code(town: Town, more: dict[str, str]) -> None:
    assert town.send("POST", "/v1/session/code", {"token": "sig_none"} | more).status_code == 422


def test_strange_text_is_no_fault_of_ours(town: Town) -> None:
    for text in ("\ud800", "a\u0000b", "‮", "x" * 200, "🦜" * 12):
        body = json.dumps({"email": text + "@example.org", "password": text * 3}).encode()
        answer = town.house.client.post("/v1/session", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (401, 422), text


def test_old_failures_are_forgotten(town: Town) -> None:
    town.send("POST", "/v1/session", {"email": "long.ago@example.org", "password": "x" * 12})
    town.clock.advance(days=4)
    town.send("POST", "/v1/session", {"email": "today@example.org", "password": "x" * 12})
    with town.house.sandhan.database.read() as conn:
        rows = conn.execute(select(people_tables.sign_in_strikes)).all()
    assert all(row.updated_at > START for row in rows)
    assert {row.key.partition(":")[0] for row in rows} == {"client", "pair", "account"}
    assert len(rows) == 3
