"""A case that is closed ends what people were finding out about it, and nothing that they have found out."""

from __future__ import annotations

import pytest

from api.store import found, matches, outbox

from .conftest import REPORT, RESCUE, House, Pair, matched
from .test_decisions import ORDER, decide, home_found, taken, timeline, verified
from .test_following import alerts_of, events_of, everybody


@pytest.fixture
def own(fresh_house: House) -> Pair:
    """A matched pair that a test may change."""
    return matched(fresh_house)


def case(pair: Pair, what: str, who: str = "family") -> None:
    case_id = pair.missing_id if who == "family" else pair.rescued_id
    assert pair.house.ask(who, "POST", f"/v1/cases/{case_id}/{what}").status_code == 200


def state_of(pair: Pair, match_id: str | None = None) -> str:
    with pair.house.sandhan.database.read() as conn:
        return matches.require_match(conn, match_id or pair.match_id).state


def test_closing_a_report_recalls_its_matches_and_reopening_it_suggests_them_anew(own: Pair) -> None:
    told = everybody(own)
    taken(own, "shelter", "take_up")
    case(own, "close")
    assert state_of(own) == "withdrawn"
    with own.house.sandhan.database.read() as conn:
        unsent = {one.state for alert in own.alerts.values() for one in outbox.messages_of(conn, alert)}
    assert unsent == {"dead_letter"}, "nothing more goes out"
    assert {who: events[-1] for who, events in everybody(own).items()} == dict.fromkeys(told, "recalled")
    assert {
        decide(own, who, action).status_code for who in ("shelter", "family") for action in ("confirm", "take_up")
    } == {404}
    own.house.clock.advance(hours=80)
    assert "lapsed" not in own.house.sandhan.attention.run_due()
    asked = own.house.ask("family", "GET", f"/v1/cases/{own.missing_id}")
    assert asked.json()["status"] == "closed"
    case(own, "reopen")
    assert state_of(own) == "suggested"
    assert timeline(own, "family")["dispositions"] == []
    after = everybody(own)
    assert {who: events[-1] for who, events in after.items()} == dict.fromkeys(told, "updated")
    assert all(alerts_of(own, who)[-1]["due_at"] for who in told)


def test_closing_both_cases_needs_both_to_be_opened_again(own: Pair) -> None:
    case(own, "close")
    case(own, "close", "shelter")
    case(own, "reopen")
    assert state_of(own) == "withdrawn"
    case(own, "reopen", "shelter")
    assert state_of(own) == "suggested"


def test_closing_after_success_undoes_nothing_and_rivals_stay_silent(own: Pair) -> None:
    house = own.house
    house.enter("ahtu", REPORT | {"external_id": "FIR-OTHER"})
    with house.sandhan.database.read() as conn:
        (rival,) = [one.id for one in matches.matches_of_case(conn, own.rescued_id) if one.id != own.match_id]
    verified(own)
    before = events_of(own, "shelter")
    case(own, "close")
    case(own, "close", "shelter")
    assert (state_of(own), state_of(own, rival)) == ("verified", "withdrawn")
    assert events_of(own, "shelter") == before
    case(own, "reopen", "shelter")
    assert (state_of(own), state_of(own, rival)) == ("verified", "superseded"), "she is found"
    assert taken(own, "family", "undo", reason="new_information")["state"] == "withdrawn", "the report is closed"
    assert state_of(own, rival) == "suggested"
    case(own, "reopen")
    assert state_of(own) == "suggested"
    assert "undo" not in [one["action"] for one in timeline(own, "shelter")["actions"]]


def erased(pair: Pair, case_id: str, reason: str, who: str) -> None:
    assert pair.house.ask(who, "DELETE", f"/v1/cases/{case_id}?reason={reason}").status_code == 204


def is_found(pair: Pair) -> bool:
    with pair.house.sandhan.database.read() as conn:
        return found.is_found(conn, pair.missing_id)


@pytest.mark.parametrize("reason", ["error", "duplicate"])
def test_a_report_that_was_a_mistake_found_nobody_and_the_true_one_can_be_verified(own: Pair, reason: str) -> None:
    house = own.house
    true = house.enter("ahtu", REPORT | {"external_id": "FIR-TRUE"})["case"]["id"]
    with house.sandhan.database.read() as conn:
        (rival,) = [one.id for one in matches.matches_of_case(conn, own.rescued_id) if one.missing_id == true]
    told = everybody(own)
    verified(own)
    assert state_of(own, rival) == "superseded"
    erased(own, own.missing_id, reason, "family")
    assert (state_of(own), state_of(own, rival)) == ("withdrawn", "suggested")
    assert {who for who, events in everybody(own).items() if "recalled" in events} == set(told)
    for who, action in (("shelter", "take_up"), ("shelter", "confirm"), ("ahtu", "confirm")):
        assert decide(own, who, action, rival).status_code == 200
    assert decide(own, "ahtu", "start_verification", rival).status_code == 200
    assert decide(own, "ahtu", "verify", rival, finding="same_person").json()["state"] == "verified"


@pytest.mark.parametrize(("reason", "known"), [("error", False), ("duplicate", False), ("wish", True)])
def test_who_is_erased_at_her_wish_stays_found_and_who_was_a_mistake_was_not(
    own: Pair, reason: str, known: bool
) -> None:
    verified(own)
    erased(own, own.rescued_id, reason, "shelter")
    assert is_found(own) == known
    assert state_of(own) == ("verified" if known else "withdrawn")


def test_who_is_found_in_another_match_is_not_suggested_again_until_that_is_undone(own: Pair) -> None:
    house = own.house
    true = house.enter("ahtu", REPORT | {"external_id": "FIR-TRUE"})["case"]["id"]
    second = house.enter("mumbai", RESCUE | {"external_id": "R2"})["case"]["id"]
    with house.sandhan.database.read() as conn:
        of_true = {one.rescued_id: one.id for one in matches.matches_of_case(conn, true)}
    rival, other = of_true[own.rescued_id], of_true[second]
    verified(own)
    for who, action in (
        ("mumbai", "take_up"),
        ("mumbai", "confirm"),
        ("ahtu", "confirm"),
        ("ahtu", "start_verification"),
    ):
        assert decide(own, who, action, other).status_code == 200
    assert decide(own, "ahtu", "verify", other, finding="same_person").status_code == 200
    erased(own, own.missing_id, "duplicate", "family")
    assert state_of(own, rival) == "superseded"
    assert decide(own, "ahtu", "undo", other, reason="mistake").status_code == 200
    assert state_of(own, rival) == "suggested"


@pytest.mark.parametrize(("reason", "home"), [("error", False), ("duplicate", True)])
def test_whoever_was_nobody_came_home_to_nobody(own: Pair, reason: str, home: bool) -> None:
    verified(own)
    home_found(own, "family", "safe")
    taken(own, "family", "restore", order=ORDER, returned_on="2026-10-31")
    erased(own, own.rescued_id, reason, "shelter")
    assert is_found(own) == home
    visits = own.house.ask("family", "GET", f"/v1/cases/{own.missing_id}/follow-ups").json()["items"]
    assert {visit["state"] for visit in visits} == {"due" if home else "cancelled"}
