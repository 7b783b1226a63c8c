"""Whoever may share from today on is searched for in what the other has had for long: nothing stays unmatched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from api.nightly.run import CrossMatch
from api.partners.beginning import _fewest
from api.store import agreements, begun, changes

from .conftest import REPORT, RESCUE, START, House
from .test_agreements import agree, listed, manage, paired, propose
from .test_pairs import AGAIN, alerts_of


@pytest.fixture
def apart(fresh_house: House) -> House:
    for name in ("north", "south"):
        fresh_house.join(name, "ngo", agrees=False, email=f"{name}@example.org")
    fresh_house.sandhan.beginning.follow()
    return fresh_house


def service(house: House) -> None:
    """Do what the service does in the background."""
    house.sandhan._compare()


def night(house: House) -> None:
    """Do what a night does, as the command does it."""
    sandhan = house.sandhan
    sandhan.beginning.follow()
    sandhan.telling.follow()
    job = CrossMatch(
        sandhan.database, sandhan.matching, sandhan.model.version, sandhan.clock, sandhan.random_bytes,
        open_index=lambda _beat: None,
    )  # fmt: skip
    job.run()
    sandhan.same_person.follow(1000, wait=True)


def accepted(house: House) -> None:
    agree(house, "north", "south")


def signed(house: House) -> None:
    form = {"parties": [house["north"].id, house["south"].id], "reference": "MoU", "signed": True}
    assert house.ask("operator", "POST", "/v1/agreements", json=form).status_code == 201


def admitted(house: House) -> None:
    agreement = agree(house, "north", "stranger")
    form = {"partner_id": house["south"].id, "signed": True}
    assert house.ask("operator", "POST", f"/v1/agreements/{agreement}/parties", json=form).status_code in (200, 201)


def later(house: House) -> None:
    """Record an agreement that is signed, and begins in twenty days."""
    both = [house["north"].id, house["south"].id]
    with house.sandhan.database.write() as conn:
        agreements.add_agreement(
            conn, agreement_id="agreement_later", reference="MoU 9", valid_from=START + timedelta(days=20),
            valid_until=None, at=START, by="test", parties=both, accepted=both,
        )  # fmt: skip


def begins_later(house: House) -> None:
    later(house)
    service(house)
    assert listed(house, "north") == [], "it is not in force yet"
    house.clock.advance(days=21)


@pytest.mark.parametrize("found_by", [service, night])
@pytest.mark.parametrize("comes", [accepted, signed, admitted, begins_later])
def test_what_both_had_is_matched_once_an_agreement_is_in_force(
    apart: House, comes: Callable[[House], None], found_by: Callable[[House], None]
) -> None:
    paired(apart)
    night(apart)
    assert listed(apart, "north") == []
    comes(apart)
    found_by(apart)
    assert listed(apart, "north") == listed(apart, "south") != []


@pytest.mark.parametrize("found_by", [service, night])
def test_two_records_of_one_person_are_found_within_a_side_too(apart: House, found_by: Callable[[House], None]) -> None:
    apart.enter("north", REPORT)
    apart.enter("south", AGAIN)
    service(apart)
    agree(apart, "north", "south")
    found_by(apart)
    assert [alert["event"] for alert in alerts_of(apart, "north")] == ["found"]


def test_a_partner_that_takes_part_again_is_searched(apart: House) -> None:
    agree(apart, "north", "south")
    path = f"/v1/partners/{apart['south'].id}"
    apart.enter("south", RESCUE)
    assert apart.ask("operator", "PATCH", path, json={"active": False}).status_code == 200
    apart.enter("north", REPORT)
    assert apart.ask("operator", "PATCH", path, json={"active": True}).status_code == 200
    service(apart)
    assert listed(apart, "north") == listed(apart, "south") != []


def test_nothing_is_compared_anew_where_nothing_is_new(apart: House) -> None:
    agree(apart, "north", "south")
    service(apart)
    second = propose(apart, "north", "north", "south", reference="MoU 2").json()["id"]
    assert manage(apart, "south", "POST", f"/v1/agreements/{second}/accept").status_code == 200
    manage(apart, "north", "POST", f"/v1/agreements/{second}/leave")
    with apart.sandhan.database.read() as conn:
        assert begun.noted(conn) == []


def test_a_large_stock_is_marked_some_at_a_time_and_goes_on_where_it_stopped(apart: House) -> None:
    for number in range(5):
        apart.enter("south", RESCUE | {"external_id": f"S-{number}"})
        apart.enter("north", REPORT | {"external_id": f"N-{number}"})
    apart.enter("north", REPORT)
    sandhan = apart.sandhan
    with sandhan.database.read() as conn:
        before = changes.latest_seq(conn)
    agree(apart, "north", "south")
    with sandhan.database.read() as conn:
        assert changes.latest_seq(conn) == before, "the request itself marks nothing"
        assert begun.noted(conn) == [apart["south"].id], "of the two the one that has fewer cases"
    assert [sandhan.beginning.follow(2) for _ in range(4)] == [2, 2, 1, 0]
    with sandhan.database.read() as conn:
        marked = changes.since(conn, before, 100)
        assert begun.noted(conn) == []
    assert len({change.case_id for change in marked}) == 5
    assert {change.kind for change in marked} == {"agreement"}


def test_an_agreement_that_began_while_nobody_looked_is_found(apart: House) -> None:
    later(apart)
    paired(apart)
    apart.clock.advance(days=60)
    service(apart)
    assert listed(apart, "north") != []
    with apart.sandhan.database.read() as conn:
        looked = begun.looked_at(conn)
    assert looked is not None
    assert looked >= apart.clock() - timedelta(minutes=1)


def test_the_fewest_cover_every_new_pair() -> None:
    joins = {"new": {"a", "b", "c"}}
    assert _fewest(joins, {"new": 10, "a": 9, "b": 9, "c": 9}) == ["new"]
    assert _fewest(joins, {"new": 1000, "a": 1, "b": 1, "c": 1}) == ["a", "b", "c"]
    everybody = {one: set("abcd") - {one} for one in "abcd"}
    assert _fewest(everybody, {"a": 100, "b": 1, "c": 1, "d": 1}) == ["b", "c", "d"]
    assert _fewest({"back": {"back", "a"}}, {"back": 50, "a": 1}) == ["back"]
