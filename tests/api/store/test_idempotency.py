"""A request with a key has one row, one id for what it creates, and an answer that only its owner's keys open."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from api.store import Connection, Database, idempotency, keys, partners
from api.store.idempotency import Entry
from api.store.sealing import SealBroken

from .conftest import World

LEASE = timedelta(minutes=5)


def begin(
    conn: Connection, world: World, partner_id: str, subject_id: str = "partner_new", **changed: str
) -> tuple[Entry, bool]:
    values = {"entry_id": world.id("once"), "key": "k", "operation": "POST /v1/cases", "request": "r"} | changed
    return idempotency.begin(
        conn, partner_id=partner_id, subject_id=subject_id, at=world.now, leased_until=world.now + LEASE, **values
    )


def test_a_key_is_one_row_for_each_partner(conn: Connection, world: World) -> None:
    one, other = (world.partner(conn).id for _ in range(2))
    first, made = begin(conn, world, one)
    again, made_again = begin(conn, world, one, "partner_later", request="another")
    assert (made, made_again) == (True, False)
    assert again == first
    assert begin(conn, world, other)[1]
    assert begin(conn, world, one, key="k2")[1]
    assert first.request_hash == idempotency.request_hash(conn, "r") != idempotency.request_hash(conn, "another")


def test_an_answer_is_kept_by_whoever_has_the_work(conn: Connection, world: World) -> None:
    partner = world.partner(conn).id
    late, _ = begin(conn, world, partner)
    taken = idempotency.take_over(conn, late.id, world.now + 2 * LEASE)
    assert (taken.attempt, taken.subject_id) == (2, late.subject_id)
    assert not idempotency.finish(conn, late, late.subject_id, 201, {}, b"late")
    idempotency.give_back(conn, late, world.now)
    idempotency.forget(conn, late)  # neither is its to do any more
    assert idempotency.finish(conn, taken, taken.subject_id, 201, {"Location": "/x"}, b"taken")
    kept, made = begin(conn, world, partner)
    assert (made, kept.status, kept.headers, kept.leased_until) == (False, 201, {"Location": "/x"}, None)
    assert idempotency.answer_of(conn, kept) == b"taken"
    assert kept.answer is not None
    assert b"taken" not in kept.answer


def test_an_answer_opens_in_its_own_row_only(conn: Connection, world: World) -> None:
    partner = world.partner(conn).id
    for key in ("k1", "k2"):
        entry, _ = begin(conn, world, partner, key=key)
        idempotency.finish(conn, entry, entry.subject_id, 201, {}, key.encode())
    one, other = begin(conn, world, partner, key="k1")[0], begin(conn, world, partner, key="k2")[0]
    with pytest.raises(SealBroken):
        idempotency.answer_of(conn, replace(one, answer=other.answer))


def test_what_is_made_is_found_under_its_id(conn: Connection, world: World) -> None:
    owner = world.partner(conn, partner_id="partner_1").id
    world.case(conn, case_id="case_1", owner_id=owner)
    assert [idempotency.is_made(conn, name) for name in ("partner_1", "case_1", "partner_2", "case_2")] == [
        True, True, False, False,
    ]  # fmt: skip
    entry, _ = begin(conn, world, owner, "case_1")
    assert idempotency.finish(conn, entry, "case_1", 201, {}, b"Rina")
    kept, _ = begin(conn, world, owner)
    assert idempotency.answer_of(conn, kept) == b"Rina"
    keys.destroy_record_key(conn, "case_1")
    with pytest.raises(SealBroken):
        idempotency.answer_of(conn, kept)


def test_what_is_old_is_swept(conn: Connection, world: World) -> None:
    partner = world.partner(conn).id
    begin(conn, world, partner)
    assert idempotency.sweep(conn, world.now) == 0
    assert idempotency.sweep(conn, world.later(seconds=1)) == 1
    assert begin(conn, world, partner)[1]


def test_an_entry_given_back_may_be_taken_at_once(database: Database, world: World) -> None:
    with database.write() as conn:
        partner = world.partner(conn).id
        entry, _ = begin(conn, world, partner)
        idempotency.give_back(conn, entry, world.now)
    with database.write() as conn:
        found, made = begin(conn, world, partner)
        assert (made, found.leased_until) == (False, world.now)
        idempotency.forget(conn, found)
        assert begin(conn, world, partner, "partner_other")[0].subject_id == "partner_other"


def test_partners_are_listed_by_what_they_are(conn: Connection, world: World) -> None:
    a = world.partner(conn, kind="ahtu", country="IN", areas=("IN/WB",)).id
    b = world.partner(conn, kind="ngo", country="BD", areas=("BD", "IN/WB/nadia")).id
    c = world.partner(conn, kind="ngo", country="IN", active=False).id

    def ids(**wanted: object) -> list[str]:
        return [partner.id for partner in partners.list_partners(conn, **wanted)]  # type: ignore[arg-type]

    assert ids() == [a, b, c]
    assert ids(active_only=True) == [a, b]
    assert ids(kind="ngo") == [b, c]
    assert ids(country="IN") == [a, c]
    assert ids(area="IN/WB/nadia") == [a, b]
    assert ids(area="IN/WB") == [a]
    assert ids(limit=2) == [a, b]
    assert ids(after=a, limit=1) == [b]
