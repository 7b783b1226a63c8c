"""What people hear of when a match moves, over HTTP: the workflow, the routing, the recall and the bulletins as one."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from api.store import matches, tables

from .conftest import GREEN, REPORT, RESCUE, House, Pair, matched, picture
from .test_bulletins import desk_in, kept
from .test_decisions import REJECT, taken


@pytest.fixture
def own(fresh_house: House) -> Pair:
    """A matched pair that a test may change."""
    return matched(fresh_house)


def alerts_of(pair: Pair, who: str) -> list[dict[str, Any]]:
    """Return a member's alerts about the match, oldest first."""
    answer = pair.house.ask(who, "GET", "/v1/alerts")
    assert answer.status_code == 200, answer.text
    return [alert for alert in answer.json()["items"] if alert["match_id"] == pair.match_id]


def events_of(pair: Pair, who: str) -> list[str]:
    return [alert["event"] for alert in alerts_of(pair, who)]


def everybody(pair: Pair) -> dict[str, list[str]]:
    """Return what each member was told of the match, of those who were told anything."""
    told = {who: events_of(pair, who) for who in pair.house.members if who != "operator"}
    return {who: events for who, events in told.items() if events}


def test_the_other_side_hears_what_one_side_decides_and_is_waited_for(own: Pair) -> None:
    before = everybody(own)
    assert before["family"] == before["shelter"] == ["new"]
    taken(own, "shelter", "take_up")
    assert everybody(own) == before, "looking at it is nobody else's business"
    taken(own, "shelter", "confirm")
    assert everybody(own) == before | {"family": ["new", "updated"]}, "the units hear of no step"
    told = alerts_of(own, "family")[-1]
    assert told["rule"] == "owner_missing"
    assert told["due_at"] is not None
    assert told["act_by"] is not None
    taken(own, "family", "confirm")
    answered = alerts_of(own, "shelter")[-1]
    assert (answered["event"], answered["due_at"]) == ("updated", None), "nobody waits for the shelter"


def test_who_decides_has_acted_on_what_it_was_told_and_who_looks_has_acknowledged_it(own: Pair) -> None:
    states = {alert["state"] for alert in alerts_of(own, "shelter")}
    assert states.isdisjoint({"acknowledged", "actioned"})
    taken(own, "shelter", "take_up")
    assert {alert["state"] for alert in alerts_of(own, "shelter")} == {"acknowledged"}
    taken(own, "shelter", "confirm")
    assert {alert["state"] for alert in alerts_of(own, "shelter")} == {"actioned"}
    assert all(alert["acknowledged_at"] for alert in alerts_of(own, "shelter"))
    assert {alert["state"] for alert in alerts_of(own, "family")} == states, "the other side has not"


def test_who_takes_a_match_up_and_decides_nothing_is_late(own: Pair) -> None:
    own.house.join("nodal", "nodal", ("IN/MH",))
    taken(own, "shelter", "take_up")
    own.house.clock.advance(hours=25)
    assert own.house.sandhan.attention.run_due()["lapsed"] == 1
    (told,) = [one for one in alerts_of(own, "nodal") if one["about_id"] == own.alerts["shelter"]]
    assert (told["event"], told["match_id"]) == ("escalated", own.match_id)


def test_a_dispute_is_the_owners_and_who_was_told_to_stop_hears_how_it_ends(own: Pair) -> None:
    before = everybody(own)
    units = before.keys() - {"family", "shelter"}
    taken(own, "family", "reject", **REJECT)
    taken(own, "shelter", "dispute", disposition="confirm")
    assert alerts_of(own, "family")[-1]["due_at"], "the other side is waited for"
    assert {events_of(own, who)[-1] for who in units} == {"recalled"}
    taken(own, "family", "settle", disposition="reject", **REJECT)
    taken(own, "shelter", "settle", disposition="reject", **REJECT)
    assert {who: events_of(own, who).count("recalled") for who in units} == dict.fromkeys(units, 1)
    taken(own, "family", "dispute", disposition="confirm")
    taken(own, "shelter", "settle", disposition="confirm")
    assert {who: events_of(own, who)[-1] for who in units} == dict.fromkeys(units, "updated")
    assert all(alerts_of(own, who)[-1]["due_at"] for who in units), "they take it up again"
    verified_by(own)
    assert {events_of(own, who)[-1] for who in (*units, "shelter")} == {"updated"}


def test_evidence_that_rises_in_a_dispute_is_the_owners_too(own: Pair) -> None:
    taken(own, "shelter", "reject", **REJECT)
    taken(own, "family", "dispute", disposition="confirm")
    before = everybody(own)
    with own.house.sandhan.database.write() as conn:  # what was told last was weaker
        for event in matches.events_of(conn, own.match_id):
            weaker = update(tables.match_events).where(tables.match_events.c.id == event.id)
            if event.kind == "new":
                conn.execute(weaker.values(detail=event.detail | {"grade": "probable", "weight": 1.0}))
        conn.execute(update(tables.matches).where(tables.matches.c.id == own.match_id).values(weight=1.0))
    own.house.sandhan.matching.match_case(own.rescued_id)
    after = everybody(own)
    assert {who: events[len(before[who]) :] for who, events in after.items()} == {
        who: ["risen"] if who in ("family", "shelter") else [] for who in before
    }
    asked = own.house.ask("family", "GET", f"/v1/matches/{own.match_id}/routing").json()
    assert {one["rule"] for one in asked["told"]} == {"owner_missing", "owner_rescued"}


@pytest.mark.parametrize("grade", ["possible", "certainly-not"])
def test_what_a_person_says_of_a_match_waits_for_no_digest_and_for_no_grade(own: Pair, grade: str) -> None:
    house = own.house
    quiet = {"until": None, "kinds": [], "grades": ["possible", "certainly-not"], "outside_hours": False}
    with house.sandhan.database.write() as conn:
        conn.execute(update(tables.matches).values(grade=grade))
        conn.execute(update(tables.partners).where(tables.partners.c.id == house["family"].id).values(quiet=quiet))
    taken(own, "shelter", "take_up")
    taken(own, "shelter", "confirm")
    told = alerts_of(own, "family")[-1]
    assert (told["event"], told["priority"], told["grade"]) == ("updated", "standard", grade)
    assert told["due_at"] is not None
    assert told["act_by"] is not None
    assert sent_of(own, told["id"]) == ["updated"]
    house.clock.advance(hours=13)
    house.sandhan.attention.run_due()
    assert sent_of(own, told["id"]) == ["updated", "reminder"]
    taken(own, "family", "confirm")
    answered = alerts_of(own, "shelter")[-1]
    assert (answered["event"], answered["priority"], answered["due_at"]) == ("updated", "standard", None)


def sent_of(pair: Pair, alert_id: str) -> list[str]:
    """Return of what the messages of an alert tell, in order."""
    rows = select(tables.outbox.c.payload).where(tables.outbox.c.alert_id == alert_id).order_by(tables.outbox.c.id)
    with pair.house.sandhan.database.read() as conn:
        return [payload["event"] for payload in conn.scalars(rows)]


def verified_by(pair: Pair) -> None:
    """Verify a match that both sides have confirmed."""
    taken(pair, "family", "start_verification")
    taken(pair, "family", "verify", finding="same_person")


def test_whoever_is_found_is_nobodys_alert_any_more_and_who_was_told_hears_it(own: Pair) -> None:
    own.house.join("nodal", "nodal", ("IN/MH",))
    own.house.clock.advance(hours=5)
    assert own.house.sandhan.attention.run_due()["escalated"] == 4
    before = everybody(own)
    for who, action in (("shelter", "take_up"), ("shelter", "confirm"), ("family", "confirm")):
        taken(own, who, action)
    verified_by(own)
    after = everybody(own)
    assert after["nodal"] == before["nodal"], "who heard that others do not answer hears that it need not ask"
    for who in before.keys() - {"nodal", "family", "shelter"}:
        assert after[who] == [*before[who], "updated"]
        assert (alerts_of(own, who)[-1]["due_at"], alerts_of(own, who)[-1]["priority"]) == (None, "standard")
    for who in before:
        assert all(one["state"] in ("actioned", "closed") for one in alerts_of(own, who) if one["due_at"])
    own.house.clock.advance(days=30)
    assert own.house.sandhan.attention.run_due() == {}
    taken(own, "family", "undo", reason="new_information")
    for who in before.keys() - {"nodal", "family"}:
        assert events_of(own, who)[-1] == "updated"
        assert alerts_of(own, who)[-1]["due_at"], "she is not found: they take it up again"


def test_nobody_is_woken_for_another_match_of_somebody_who_is_found(own: Pair) -> None:
    house = own.house
    for who, action in (("shelter", "take_up"), ("shelter", "confirm"), ("family", "confirm")):
        taken(own, who, action)
    verified_by(own)
    later = house.enter("mumbai", RESCUE | {"external_id": "LATER"}, picture(GREEN, (110, 96)), face_consent=True)
    (second,) = [one["id"] for one in later["matches"]]
    told = [one for one in house.ask("family", "GET", "/v1/alerts").json()["items"] if one["match_id"] == second]
    assert [(one["event"], one["priority"]) for one in told] == [("new", "standard")]
    assert alerts_of(own, "ahtu")[0]["priority"] == "critical"
    explained = house.ask("mumbai", "GET", f"/v1/matches/{second}/routing").json()
    assert explained["priority"] == "standard"


def test_a_rejection_is_told_to_everybody_who_was_told_and_acknowledged(own: Pair) -> None:
    before = everybody(own)
    assert len(before) > 2, "a unit was told too"
    own.house.sandhan.dispatcher.run_once()
    for who in before:
        alerts_of(own, who)  # whoever reads its inbox has heard
    taken(own, "family", "reject", **REJECT)
    assert everybody(own) == {who: [*events, "recalled"] for who, events in before.items()}
    for who in before:
        first, recall = alerts_of(own, who)[0], alerts_of(own, who)[-1]
        assert first["state"] == "recalled"
        assert (recall["rule"], recall["about_id"]) == ("was_told", first["id"])
        assert recall["due_at"] is not None
        assert "wrong" not in str(recall), "why it was rejected is behind the match"
        acknowledged = own.house.ask(who, "POST", f"/v1/alerts/{recall['id']}/acknowledge")
        assert acknowledged.json()["state"] == "acknowledged"


def test_what_comes_back_is_told_again(own: Pair) -> None:
    before = everybody(own)
    taken(own, "family", "reject", **REJECT)
    taken(own, "family", "undo", reason="mistake")
    for who, events in before.items():
        expected = [*events, "recalled"] if who == "family" else [*events, "recalled", "updated"]
        assert events_of(own, who) == expected
    again = [alert for alert in alerts_of(own, "shelter") if alert["event"] == "updated"]
    assert all(alert["state"] != "recalled" and alert["due_at"] for alert in again)


def test_a_withdrawn_consent_recalls_what_was_told(own: Pair) -> None:
    before = everybody(own)
    standing = own.house.ask("shelter", "GET", f"/v1/cases/{own.rescued_id}/consents").json()
    (matching,) = [one for one in standing if one["purpose"] == "matching" and one["withdrawn_at"] is None]
    path = f"/v1/cases/{own.rescued_id}/consents/{matching['id']}/withdraw"
    assert own.house.ask("shelter", "POST", path).status_code == 200
    after = everybody(own)
    assert {who: events[-1] for who, events in after.items()} == dict.fromkeys(before, "recalled")


def test_whoever_is_found_is_taken_off_the_bulletins(fresh_house: House) -> None:
    desk = desk_in(fresh_house)
    desk.consent()
    bulletin = desk.published("ahtu")["id"]
    rescued = fresh_house.enter("shelter", RESCUE, picture(GREEN, (120, 96)), face_consent=True)
    match_id = next(one["id"] for one in rescued["matches"])
    pair = Pair(fresh_house, desk.case_id, rescued["case"]["id"], match_id, "", {})
    for who, action in (("shelter", "take_up"), ("shelter", "confirm"), ("family", "confirm")):
        taken(pair, who, action)
    assert desk.read("ahtu", bulletin).json()["content"], "people are still finding out"
    taken(pair, "family", "start_verification")
    taken(pair, "family", "verify", finding="same_person")
    assert desk.read("ahtu", bulletin).json()["content"] is None
    assert kept(desk, bulletin) == (None, None)
    assert [alert["event"] for alert in desk.told("ahtu", bulletin)] == ["published", "taken_down"]


def test_nothing_is_sent_of_a_step_twice(own: Pair) -> None:
    taken(own, "shelter", "take_up")
    taken(own, "shelter", "confirm")
    first = alerts_of(own, "family")
    own.house.clock.advance(minutes=1)
    assert alerts_of(own, "family") == first


def entered(house: House) -> str:
    """Enter a report and a rescue; return the id of the match, of which nobody has asked yet."""
    house.enter("family", REPORT)
    return str(house.enter("shelter", RESCUE)["matches"][0]["id"])


def recall_of(house: House, who: str) -> dict[str, Any]:
    """Return what a member finds in its inbox of the match that is rejected."""
    items = house.ask(who, "GET", "/v1/alerts").json()["items"]
    (recall,) = [alert for alert in items if alert["event"] == "recalled"]
    return dict(recall)


def reject(house: House, who: str, match_id: str) -> None:
    answer = house.ask(who, "POST", f"/v1/matches/{match_id}/decisions", json={"action": "reject", **REJECT})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("how", ["reads", "lists", "somebody else reads"])
def test_who_has_looked_at_the_match_has_heard_of_it(fresh_house: House, how: str) -> None:
    house = fresh_house
    match_id = entered(house)
    who = "mumbai" if how == "somebody else reads" else "ahtu"
    path = "/v1/matches" if how == "lists" else f"/v1/matches/{match_id}"
    assert house.ask(who, "GET", path).status_code == 200
    reject(house, "shelter", match_id)
    recall = recall_of(house, "ahtu")
    assert (recall["due_at"] is not None, len(recall["messages"])) == ((False, 0) if who == "mumbai" else (True, 1))


def test_who_was_answered_with_the_match_has_heard_of_it(fresh_house: House) -> None:
    house = fresh_house
    reject(house, "family", entered(house))  # the report came first, so the shelter was answered with the match
    heard = {who: recall_of(house, who)["due_at"] is not None for who in ("family", "shelter", "ahtu", "mumbai")}
    assert heard == {"family": True, "shelter": True, "ahtu": False, "mumbai": False}
