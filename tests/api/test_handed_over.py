"""A case that changes hands takes its matches along: the new owner is told of them, the former one reminded no more."""

from __future__ import annotations

from typing import Any

import pytest

from api.store import alerts, outbox

from .agreeing import proposed
from .agreeing import taken as answered
from .conftest import REPORT, House, Pair, matched
from .test_decisions import taken
from .test_following import alerts_of
from .test_pairs import AGAIN


@pytest.fixture
def own(fresh_house: House) -> Pair:
    """A matched pair that a test may change, with a nodal officer and another shelter."""
    fresh_house.join("nodal", "nodal", ("IN/MH",))
    fresh_house.join("other", "shelter", ("IN/MH",), email="other@example.org")
    return matched(fresh_house)


def transferred(pair: Pair, who: str, case_id: str, to: str) -> None:
    made = proposed(pair.house, who, case_id, to, "transfer")
    answered(pair.house, to, answered(pair.house, to, made, "accept"), "complete")


def going(pair: Pair, who: str) -> list[dict[str, Any]]:
    return [one for one in alerts_of(pair, who) if one["state"] not in ("actioned", "closed", "recalled")]


def test_the_new_owner_is_told_of_a_living_match_and_the_former_one_reminded_no_more(own: Pair) -> None:
    house = own.house
    transferred(own, "shelter", own.rescued_id, "other")
    (told,) = alerts_of(own, "other")
    assert (told["event"], told["rule"], told["priority"]) == ("new", "owner_rescued", "critical")
    assert told["your_record_id"] == own.rescued_id
    assert told["due_at"] is not None
    assert told["act_by"] is not None
    assert going(own, "shelter") == []
    with house.sandhan.database.read() as conn:
        unsent = [one.state for one in outbox.messages_of(conn, own.alerts["shelter"])]
        events = [one.kind for one in alerts.events_of(conn, own.alerts["shelter"])]
    assert (set(unsent), events) == ({"dead_letter"}, ["closed"])
    assert len(going(own, "family")) == len(going(own, "ahtu")) == 1, "to others nothing is different"
    house.clock.advance(hours=5)
    house.sandhan.attention.run_due()
    late = {one["about_id"] for one in alerts_of(own, "nodal")}
    assert told["id"] in late
    assert own.alerts["shelter"] not in late


def test_the_former_owner_reads_nothing_of_the_match_any_more(own: Pair) -> None:
    house = own.house
    assert house.ask("shelter", "GET", f"/v1/matches/{own.match_id}").status_code == 200
    transferred(own, "shelter", own.rescued_id, "other")
    for path in (f"/v1/matches/{own.match_id}", f"/v1/matches/{own.match_id}/events"):
        assert house.ask("shelter", "GET", path).status_code == 404
        assert house.ask("other", "GET", path).status_code == 200
        assert house.ask("ahtu", "GET", path).status_code == 200, "who was told as a unit still is a party"
    assert own.match_id not in house.ask("shelter", "GET", "/v1/matches").text


def test_what_was_escalated_because_of_the_former_owner_is_closed(own: Pair) -> None:
    own.house.clock.advance(hours=5)
    own.house.sandhan.attention.run_due()
    (above,) = [one for one in alerts_of(own, "nodal") if one["about_id"] == own.alerts["shelter"]]
    assert above["state"] not in ("closed", "actioned")
    transferred(own, "shelter", own.rescued_id, "other")
    (above,) = [one for one in alerts_of(own, "nodal") if one["about_id"] == own.alerts["shelter"]]
    assert above["state"] == "closed"


def test_a_unit_that_becomes_the_owner_is_told_as_the_owner_and_a_former_owner_as_the_unit_that_it_is(
    own: Pair,
) -> None:
    transferred(own, "family", own.missing_id, "ahtu")
    assert [one["rule"] for one in going(own, "ahtu")] == ["owner_missing"]
    assert going(own, "family") == [], "no rule reaches it"
    transferred(own, "ahtu", own.missing_id, "family")
    assert [one["rule"] for one in going(own, "family")] == ["owner_missing"]
    assert [one["rule"] for one in going(own, "ahtu")] == ["source_ahtu"]


def test_of_what_is_settled_the_new_owner_hears_nothing_and_what_waits_for_it_waits_with_a_deadline(own: Pair) -> None:
    taken(own, "family", "take_up")
    taken(own, "family", "confirm")
    transferred(own, "shelter", own.rescued_id, "other")
    (told,) = alerts_of(own, "other")
    assert told["act_by"] is not None
    assert taken(own, "other", "confirm")["state"] == "confirmed_by_both"
    taken(own, "family", "start_verification")
    taken(own, "family", "verify", finding="same_person")
    transferred(own, "other", own.rescued_id, "shelter")
    assert going(own, "shelter") == []


def test_the_new_owner_hears_of_what_is_due_and_of_the_records_like_it(fresh_house: House) -> None:
    house = fresh_house
    house.join("heir", "ngo", email="heir@example.org")
    case_id = house.enter("family", REPORT)["case"]["id"]
    house.enter("mumbai", AGAIN)
    house.clock.advance(days=125)
    assert house.sandhan.agenda.run_clocks() >= 2
    before = {who: _heard(house, who) for who in ("mumbai", "ahtu")}
    assert sorted(_heard(house, "family")) == [("clock", "untraced"), ("same_person", "found")]
    made = proposed(house, "family", case_id, "heir", "transfer")
    answered(house, "heir", answered(house, "heir", made, "accept"), "complete")
    assert _heard(house, "family") == []
    assert _heard(house, "heir") == [("same_person", "found")]
    for _ in range(2):
        house.sandhan.agenda.run_clocks()
        assert sorted(_heard(house, "heir")) == [("clock", "untraced"), ("same_person", "found")]
    assert {who: _heard(house, who) for who in before} == before, "to others nothing is different"


def _heard(house: House, who: str) -> list[tuple[str, str]]:
    """Return kind and event of what is open of a partner's alerts of duties and pairs."""
    return [
        (one["kind"], one["event"])
        for one in house.ask(who, "GET", "/v1/alerts").json()["items"]
        if one["kind"] in ("clock", "same_person") and one["state"] not in ("actioned", "closed", "recalled")
    ]


def test_whoever_stays_in_charge_as_the_unit_and_whoever_gets_it_back_is_told_again_of_what_is_due(
    fresh_house: House,
) -> None:
    house = fresh_house
    house.join("heir", "ngo", email="heir@example.org")
    case_id = house.enter("ahtu", REPORT)["case"]["id"]  # by the very unit of the area
    house.clock.advance(days=125)
    house.sandhan.agenda.run_clocks()
    assert _heard(house, "ahtu") == [("clock", "untraced")]

    def hand(who: str, to: str) -> None:
        made = proposed(house, who, case_id, to, "transfer")
        answered(house, to, answered(house, to, made, "accept"), "complete")

    for owner, heir in (("ahtu", "heir"), ("heir", "ahtu"), ("ahtu", "heir")):
        hand(owner, heir)
        for _ in range(2):
            house.sandhan.agenda.run_clocks()
        assert _heard(house, "ahtu") == [("clock", "untraced")], "it is the unit in charge all the time"
        assert _heard(house, "heir") == ([("clock", "untraced")] if heir == "heir" else [])
