"""The same key, the same request: done once, whatever breaks in between, and answered the same."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel, Field
from sqlalchemy import func, select

from api.access import AccessScope, Permission
from api.answers import what_is_asked
from api.idempotency import LEASE, Answer, Idempotency, IdempotencyKeyReused, Request, RequestInProgress, read_key
from api.keeping import rotate_partner_keys
from api.store import audit, keys, partners, tables
from api.store.errors import DatabaseUnavailable
from matcher.errors import InvalidRecord

from .conftest import GREEN, REPORT, RESCUE, House, picture
from .test_errors import check

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
QUOTED = '"8e03978e-40d5-43dd-bc93-6894a57f9324"'
FORM = {"name": "Nari Raksha", "kind": "ngo", "country": "IN", "webhook_url": "https://nari.example.org/alerts"}


def count(house: House, table: str) -> int:
    return house.row_counts()[table]


def test_the_same_request_again_is_done_once_and_answered_the_same(fresh_house: House) -> None:
    house = fresh_house
    form = {"side": "missing", "name": "Malati"}  # without a number of its own it would be another case each time
    first = house.ask("family", "POST", "/v1/cases", json=form, headers=KEY)
    rows = house.row_counts()
    again = house.ask("family", "POST", "/v1/cases", json=form, headers={"Idempotency-Key": QUOTED})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for name in ("etag", "location", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert house.row_counts() == rows | {"audit": rows["audit"] + 1}
    with house.sandhan.database.read() as conn:
        noted = audit.entries(conn, subject=first.json()["case"]["id"], limit=100)[-1]
    assert (noted.action, noted.actor) == ("answer.replayed", house["family"].key_id)
    other = house.ask("family", "POST", "/v1/cases", json=form, headers={"Idempotency-Key": "another"})
    assert other.json()["case"]["id"] != first.json()["case"]["id"]


def test_a_form_with_photos_is_the_same_however_its_parts_are_bordered(fresh_house: House) -> None:
    first = fresh_house.send("family", REPORT, picture(GREEN), headers=KEY)
    again = fresh_house.send("family", REPORT, picture(GREEN), headers=KEY)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    check(fresh_house.send("family", REPORT, picture((9, 9, 9)), headers=KEY), 422, "idempotency_key_reused")


def test_a_key_belongs_to_one_request(fresh_house: House) -> None:
    house = fresh_house
    house.ask("family", "POST", "/v1/cases", json={"side": "missing", "name": "Malati"}, headers=KEY)
    before = count(house, "cases")
    for form in ({"side": "missing", "name": "Malati", "age": "9"}, {"side": "rescued", "name": "Malati"}):
        body = check(house.ask("family", "POST", "/v1/cases", json=form, headers=KEY), 422, "idempotency_key_reused")
        assert "Malati" not in str(body)
    assert count(house, "cases") == before
    # Another organisation, and another key of the same one, may use the same word for something else.
    assert house.ask("shelter", "POST", "/v1/cases", json={"side": "missing"}, headers=KEY).status_code == 201
    second = house.key_with("family", *Permission)
    answer = house.client.post("/v1/cases", json={"side": "missing"}, headers=second | KEY)
    assert (answer.status_code, "idempotent-replayed" in answer.headers) == (201, False)


def test_a_request_that_was_refused_leaves_its_key_free(fresh_house: House) -> None:
    house = fresh_house
    wrong = {"side": "missing", "birth_date": "2199-01-01"}
    check(house.ask("family", "POST", "/v1/cases", json=wrong, headers=KEY), 422, "invalid_request")
    reader = house.key_with("family", Permission.CASES_READ)
    check(house.client.post("/v1/cases", json={"side": "missing"}, headers=reader | KEY), 403, "not_permitted")
    assert count(house, "idempotency") == 0
    assert house.ask("family", "POST", "/v1/cases", json={"side": "missing"}, headers=KEY).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "a b", '"', '"a', "\u00e9", 'a"b'])
def test_a_key_that_breaks_its_rule_is_named(house: House, key: str) -> None:
    answer = house.ask("family", "POST", "/v1/cases", json={"side": "missing"},
                       headers={"Idempotency-Key": key.encode("latin-1")})  # fmt: skip
    body = check(answer, 422, "invalid_request")
    assert [error["field"] for error in body["errors"]] == ["Idempotency-Key"]


def test_a_partner_is_registered_once_and_its_secrets_shown_once(fresh_house: House) -> None:
    house = fresh_house
    first = house.ask("operator", "POST", "/v1/partners", json=FORM, headers=KEY)
    again = house.ask("operator", "POST", "/v1/partners", json=FORM, headers=KEY)
    assert again.json() == first.json() | {"api_key": None, "webhook_secret": None}
    assert first.json()["webhook_secret"].startswith("whsec_")
    assert house.client.get("/v1/cases", headers={"X-API-Key": first.json()["api_key"]}).status_code == 200


def test_what_is_kept_of_an_answer_is_sealed_and_goes_with_its_record(fresh_house: House) -> None:
    house = fresh_house
    form = {"side": "missing", "name": "Malati", "external_id": "K-1"}
    case_id = house.ask("family", "POST", "/v1/cases", json=form, headers=KEY).json()["case"]["id"]
    secret = house.ask("operator", "POST", "/v1/partners", json=FORM, headers=KEY).json()["api_key"]
    with house.sandhan.database.read() as conn:
        rows = conn.execute(select(tables.idempotency)).all()
    assert len(rows) == 2
    for word in ("Malati", secret, KEY["Idempotency-Key"], "Nari Raksha"):
        assert word not in repr(rows)
        assert all(word.encode() not in bytes(row.answer) for row in rows)
    rotate_partner_keys(house.sandhan.database, house.clock)
    for who, path, sent in (("family", "/v1/cases", form), ("operator", "/v1/partners", FORM)):
        again = house.ask(who, "POST", path, json=sent, headers=KEY)
        assert again.headers["idempotent-replayed"] == "true", again.text
    with house.sandhan.database.write() as conn:
        keys.destroy_record_key(conn, case_id)
    check(house.ask("family", "POST", "/v1/cases", json=form, headers=KEY), 404, "not_found")


def test_after_a_day_the_key_is_forgotten(fresh_house: House) -> None:
    house = fresh_house
    form = {"side": "missing", "name": "Malati"}
    first = house.ask("family", "POST", "/v1/cases", json=form, headers=KEY).json()["case"]["id"]
    house.clock.advance(hours=23, minutes=59)
    assert house.sandhan.idempotency.sweep() == 0
    assert house.ask("family", "POST", "/v1/cases", json=form, headers=KEY).json()["case"]["id"] == first
    house.clock.advance(minutes=2)
    assert house.ask("family", "POST", "/v1/cases", json=form, headers=KEY).json()["case"]["id"] != first
    house.clock.advance(hours=25)
    assert house.sandhan.idempotency.sweep() == 1
    assert count(house, "idempotency") == 0


class Killed(BaseException):
    """The process ended here."""


def broken(error: BaseException) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize("where", ["before the case", "after the case", "before the answer is kept"])
def test_a_process_that_dies_leaves_one_case_and_a_key_that_works(
    fresh_house: House, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    house = fresh_house
    form = {"side": "missing", "name": "Malati", "phone": "98301 55501"}
    with monkeypatch.context() as patch:
        service: Any = house.sandhan.cases
        if where == "before the case":
            patch.setattr(service, "_insert", broken(Killed()))
        elif where == "after the case":
            patch.setattr(service, "_follow_up", broken(Killed()))
        else:
            patch.setattr("api.store.idempotency.finish", broken(Killed()))
        with pytest.raises(Killed):
            house.ask("family", "POST", "/v1/cases", json=form, headers=KEY)
    made = 0 if where == "before the case" else 1
    assert count(house, "cases") == made
    check(house.ask("family", "POST", "/v1/cases", json=form, headers=KEY), 409, "request_in_progress")
    house.clock.advance(seconds=LEASE.total_seconds() + 1)
    answer = house.ask("family", "POST", "/v1/cases", json=form, headers=KEY)
    assert (answer.status_code, answer.json()["created"]) == (201, True)
    assert answer.json()["case"]["compared"]
    assert count(house, "cases") == 1
    again = house.ask("family", "POST", "/v1/cases", json=form, headers=KEY)
    assert (again.content, again.headers["idempotent-replayed"]) == (answer.content, "true")


def test_a_database_that_fails_after_the_commit_loses_nothing(
    fresh_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = fresh_house
    form = {"side": "missing", "name": "Malati"}
    with monkeypatch.context() as patch:
        patch.setattr(house.sandhan.cases, "_follow_up", broken(DatabaseUnavailable("SQLITE_BUSY")))
        answer = house.ask("family", "POST", "/v1/cases", json=form, headers=KEY)
        check(answer, 503, "database_unavailable")
        assert answer.headers["retry-after"] == "5"
    assert house.ask("family", "POST", "/v1/cases", json=form, headers=KEY).status_code == 201  # at once
    assert count(house, "cases") == 1


def test_a_partner_whose_key_nobody_saw_gets_another(fresh_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house = fresh_house
    with monkeypatch.context() as patch:
        patch.setattr("api.store.idempotency.finish", broken(Killed()))
        with pytest.raises(Killed):
            house.ask("operator", "POST", "/v1/partners", json=FORM, headers=KEY)
    house.clock.advance(seconds=LEASE.total_seconds() + 1)
    body = house.ask("operator", "POST", "/v1/partners", json=FORM, headers=KEY).json()
    assert body["webhook_secret"].startswith("whsec_")
    assert house.client.get("/v1/cases", headers={"X-API-Key": body["api_key"]}).status_code == 200
    with house.sandhan.database.read() as conn:
        named = [partner for partner in partners.list_partners(conn) if partner.name == FORM["name"]]
        usable = [key for key in partners.list_keys(conn, named[0].id) if key.usable(house.clock())]
    assert (len(named), len(usable)) == (1, 1)


def test_two_at_once_make_one(fresh_house: House) -> None:
    house = fresh_house
    form = {"side": "missing", "name": "Malati"}
    gate = threading.Barrier(4)
    answers: list[Any] = []

    def send() -> None:
        gate.wait()
        answers.append(house.ask("family", "POST", "/v1/cases", json=form, headers=KEY))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answer in answers:
        if answer.status_code != 201:
            check(answer, 409, "request_in_progress")
            assert answer.headers["retry-after"] == "5"
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert count(house, "cases") == 1


def scope(house: House, who: str = "family") -> AccessScope:
    return AccessScope(house[who].id, house[who].key_id, "ngo", (), frozenset(Permission))


def asked(content: str = "x", key: str | None = "k") -> Request:
    return Request(key, "POST /v1/cases", content, "partner", Permission.CASES_WRITE)


def test_an_attempt_that_outlived_its_lease_keeps_nothing(fresh_house: House) -> None:
    """The late one answers its own caller; what is kept is the answer of whoever took the work over."""
    house = fresh_house
    once = Idempotency(house.sandhan.database, house.clock, house.sandhan.random_bytes)

    def slow(subject: str | None) -> Answer:
        house.clock.advance(seconds=LEASE.total_seconds() + 1)
        assert once.once(asked(), scope(house), lambda again: Answer(201, {}, f"fast {again}".encode())).body
        return Answer(201, {}, f"slow {subject}".encode())

    late = once.once(asked(), scope(house), slow)
    kept = once.once(asked(), scope(house), slow)
    assert late.body.startswith(b"slow partner_")
    assert (kept.replayed, kept.body) == (True, late.body.replace(b"slow", b"fast"))


def test_while_one_is_at_work_others_wait(fresh_house: House) -> None:
    house = fresh_house
    once = house.sandhan.idempotency

    def work(_subject: str | None) -> Answer:
        with pytest.raises(RequestInProgress):
            once.once(asked(), scope(house), work)
        with pytest.raises(IdempotencyKeyReused):
            once.once(asked("y"), scope(house), work)
        return Answer(201, {}, b"done")

    assert once.once(asked(), scope(house), work).body == b"done"


def test_without_a_key_nothing_is_remembered(fresh_house: House) -> None:
    answers = iter([b"1", b"2"])
    for expected in (b"1", b"2"):
        made = fresh_house.sandhan.idempotency.once(
            asked(key=None), scope(fresh_house), lambda subject: Answer(201, {"none": str(subject)}, next(answers))
        )
        assert (made.body, made.headers) == (expected, {"none": "None"})
    with fresh_house.sandhan.database.read() as conn:
        assert conn.scalar(select(func.count()).select_from(tables.idempotency)) == 0


class Before(BaseModel):
    """A form of one version."""

    name: str
    names: list[str] = Field(default_factory=list)


class After(Before):
    """The same form of the next version, which asks for more."""

    sex: str | None = None
    languages: list[str] = Field(default_factory=list)


def test_a_request_is_the_same_after_an_upgrade_that_asks_for_more() -> None:
    before = what_is_asked(Before(name="Malati"))
    assert what_is_asked(After(name="Malati")) == what_is_asked(After(name="Malati", sex=None, languages=[])) == before
    others = After(name="Malati", sex="female"), After(name="Mala"), After(name="Malati", names=["Mala"])
    assert len({before, *map(what_is_asked, others)}) == 4
    assert what_is_asked(Before(name="Malati"), (b"photo",)) != before


def test_keys_are_read_bare_or_quoted() -> None:
    assert read_key(" abc-1 ") == read_key('"abc-1"') == "abc-1"
    with pytest.raises(InvalidRecord):
        read_key('"a\\b"')


def test_a_case_sent_with_key_and_number_is_found_by_either(fresh_house: House) -> None:
    first = fresh_house.send("shelter", RESCUE)
    with_key = fresh_house.send("shelter", RESCUE, headers=KEY)
    assert (with_key.status_code, with_key.json()["created"]) == (200, False)
    assert with_key.json()["case"]["id"] == first.json()["case"]["id"]
    again = fresh_house.send("shelter", RESCUE, headers=KEY)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert timedelta(hours=1) > LEASE
