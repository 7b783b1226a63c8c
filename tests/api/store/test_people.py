"""People, their tokens, sessions, codes and failed sign-ins, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from api.store import ConstraintViolated, RowMissing, partners, people


def person(conn, world, **changed: object) -> people.PersonRow:
    row = people.PersonRow(
        id=world.id("person"),
        partner_id="",
        roles=("officer", "verifier"),
        name_sealed=b"\x00name",
        email_sealed=b"\xffemail",
        email_fingerprint=world.id("fingerprint"),
        language="bn",
        active=True,
        created_at=world.now,
        created_by="somebody",
    )
    if "partner_id" not in changed:
        changed["partner_id"] = world.partner(conn).id
    return people.add_person(conn, replace(row, **changed))  # type: ignore[arg-type]


def test_a_person_comes_back_as_stored(conn, world) -> None:
    added = person(conn, world, password_hash="h", totp_sealed=b"\x01", oidc_fingerprint="o")
    assert people.get_person(conn, added.id) == added
    assert people.find_by_email(conn, added.email_fingerprint) == added
    assert people.find_by_account(conn, "o") == added
    assert (added.roles, added.name_sealed, added.email_sealed) == (("officer", "verifier"), b"\x00name", b"\xffemail")
    assert people.get_person(conn, "nobody") is None
    assert people.find_by_email(conn, "none") is None
    assert people.find_by_account(conn, "none") is None
    for secret in ("x00name", "xffemail", "'h'", "'o'", added.email_fingerprint):
        assert secret not in repr(added)


def test_people_without_an_account_elsewhere_are_many(conn, world) -> None:
    partner = world.partner(conn).id
    found = [person(conn, world, partner_id=partner) for _ in range(3)]
    other = person(conn, world)
    assert people.list_people(conn, partner) == found
    assert people.list_people(conn, other.partner_id) == [other]


@pytest.mark.parametrize("column", ["email_fingerprint", "oidc_fingerprint"])
def test_one_address_or_account_is_one_person(database, world, column: str) -> None:
    with database.write() as conn:
        person(conn, world, **{column: "same"})
    with pytest.raises(ConstraintViolated, match=column), database.write() as conn:
        person(conn, world, **{column: "same"})


def test_what_changes_is_changed_and_nothing_else(conn, world) -> None:
    added = person(conn, world)
    changed = people.change_person(conn, added.id, roles=("nodal",), active=False, password_hash="h")
    assert changed == replace(added, roles=("nodal",), active=False, password_hash="h")
    with pytest.raises(RowMissing):
        people.change_person(conn, "nobody", active=False)


def test_a_step_is_used_once_and_never_an_earlier_one(conn, world) -> None:
    added = person(conn, world)
    big = 2**33  # in some two thousand years
    assert [people.use_step(conn, added.id, step) for step in (7, 7, 6, 8, big, 9)] == [
        True, False, False, True, True, False,
    ]  # fmt: skip
    assert people.require_person(conn, added.id).totp_last_step == big
    assert not people.use_step(conn, "nobody", 1)


def test_recovery_codes_are_used_once_and_replaced_together(conn, world) -> None:
    one, other = person(conn, world), person(conn, world)
    people.replace_recovery_codes(conn, one.id, ["a", "b"])
    people.replace_recovery_codes(conn, other.id, ["a"])
    assert people.use_recovery_code(conn, one.id, "a", world.now)
    assert not people.use_recovery_code(conn, one.id, "a", world.now)
    assert not people.use_recovery_code(conn, one.id, "c", world.now)
    assert [people.recovery_codes_left(conn, row.id) for row in (one, other)] == [1, 1]
    people.replace_recovery_codes(conn, one.id, ["d"])
    assert not people.use_recovery_code(conn, one.id, "b", world.now)
    people.replace_recovery_codes(conn, one.id, [])
    assert people.recovery_codes_left(conn, one.id) == 0


def test_a_token_is_found_by_hash_and_kind_and_used_once(conn, world) -> None:
    added = person(conn, world)
    values = {"person_id": added.id, "at": world.now, "expires_at": world.later(hours=1)}
    people.add_token(conn, token_hash="t", kind="enrolment", **values)
    found = people.find_token(conn, "t", ["enrolment", "second_factor"])
    assert found is not None
    assert found.usable(world.now)
    assert not found.usable(world.later(hours=1))
    assert people.find_token(conn, "t", ["code"]) is None
    people.keep_token_secret(conn, "t", b"\x02")
    assert people.use_token(conn, "t", world.later(minutes=1))
    assert not people.use_token(conn, "t", world.later(minutes=2))
    used = people.find_token(conn, "t", ["enrolment"])
    assert used is not None
    assert (used.totp_sealed, used.used_at, used.usable(world.now)) == (b"\x02", world.later(minutes=1), False)
    people.void_tokens(conn, added.id)
    assert people.find_token(conn, "t", ["enrolment"]) is None


def test_a_kind_of_token_that_nobody_knows_is_refused(database, world) -> None:
    with pytest.raises(ConstraintViolated), database.write() as conn:
        people.add_token(
            conn, token_hash="t", person_id=person(conn, world).id, kind="else", at=world.now, expires_at=world.now
        )


def session(conn, world, owner: people.PersonRow, name: str, expires_at: datetime | None = None) -> None:
    people.add_session(
        conn,
        session_id=name,
        token_hash=f"hash of {name}",
        person_id=owner.id,
        at=world.now,
        expires_at=expires_at or world.later(hours=12),
    )


def test_sessions_end_one_by_one_or_all_at_once_and_stay_ended(conn, world) -> None:
    owner, other = person(conn, world), person(conn, world)
    for name in ("a", "b", "c"):
        session(conn, world, owner, name)
    session(conn, world, other, "d")
    session(conn, world, owner, "over", world.now)

    def state(name: str) -> datetime | None:
        found = people.find_session(conn, f"hash of {name}")
        assert found is not None
        return found[0].revoked_at

    people.revoke_session(conn, "a", world.later(hours=1))
    people.touch_session(conn, "a", world.later(hours=2))
    assert people.revoke_sessions(conn, owner.id, world.later(hours=3)) == 2
    people.revoke_session(conn, "a", world.later(hours=4))
    assert [state(name) for name in ("a", "b", "c", "d")] == [
        world.later(hours=1), world.later(hours=3), world.later(hours=3), None,
    ]  # fmt: skip
    found = people.find_session(conn, "hash of a")
    assert found is not None
    assert (found[0].last_used_at, found[1]) == (world.later(hours=2), owner)
    assert people.find_session(conn, "hash of nothing") is None


def test_strikes_come_back_as_they_were(conn, world) -> None:
    assert people.get_strikes(conn, "k") == people.StrikeRow()
    first = people.StrikeRow((world.now, world.later(microseconds=1)), 0)
    people.put_strikes(conn, "k", first, world.now)
    assert people.get_strikes(conn, "k") == first
    second = people.StrikeRow((), 3, world.now, world.later(hours=1))
    people.put_strikes(conn, "k", second, world.later(seconds=1))
    assert people.get_strikes(conn, "k") == second
    people.clear_strikes(conn, ["k", "other"])
    assert people.get_strikes(conn, "k") == people.StrikeRow()


def test_what_nobody_can_use_is_forgotten_and_nothing_else(conn, world) -> None:
    owner = person(conn, world)
    for name, until in (("old", world.now), ("new", world.later(hours=2))):
        session(conn, world, owner, name, until)
        values = {"person_id": owner.id, "kind": "code", "at": world.now}
        people.add_token(conn, token_hash=name, expires_at=until, **values)
        people.put_strikes(conn, name, people.StrikeRow((until,)), until)
    people.forget_before(conn, world.later(hours=1))
    assert people.find_session(conn, "hash of old") is None
    assert people.find_session(conn, "hash of new") is not None
    assert [people.find_token(conn, name, ["code"]) is None for name in ("old", "new")] == [True, False]
    assert people.get_strikes(conn, "old") == people.StrikeRow()
    assert people.get_strikes(conn, "new").recent == (world.later(hours=2),)


def test_a_key_keeps_the_secret_before_for_its_grace(conn, world) -> None:
    partner = world.partner(conn)
    key = partners.add_key(
        conn, key_id="k", partner_id=partner.id, secret_hash="one", label="", permissions=[], at=world.now,
        created_by="somebody",
    )  # fmt: skip
    assert (key.created_by, key.last_used_on, key.opens("one", world.now)) == ("somebody", None, True)
    rotated = partners.rotate_key(conn, "k", "two", previous_until=world.later(days=1))
    assert partners.find_key(conn, "one") == partners.find_key(conn, "two") == (rotated, partner)
    assert [rotated.opens(text, world.now) for text in ("one", "two", "three")] == [True, True, False]
    assert [rotated.opens(text, world.later(days=1)) for text in ("one", "two")] == [False, True]
    again = partners.rotate_key(conn, "k", "three", previous_until=world.now)
    assert [again.opens(text, world.now) for text in ("one", "two", "three")] == [False, False, True]
    assert partners.find_key(conn, "one") is None
    partners.note_key_use(conn, "k", world.now.date())
    found = partners.get_key(conn, "k")
    assert found is not None
    assert found.last_used_on == world.now.date()
    assert partners.get_key(conn, "none") is None
    with pytest.raises(RowMissing):
        partners.rotate_key(conn, "none", "x", previous_until=world.now)
