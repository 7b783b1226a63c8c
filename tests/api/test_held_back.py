"""A message that has not gone out yet goes to nobody who may not know of it any more, and to everybody else."""

from __future__ import annotations

from datetime import datetime

import pytest

from api.matches import withholding
from api.store import Connection, agreements, alerts, outbox
from api.store.knowing import Standing

from .conftest import REPORT, RESCUE, House
from .test_agreements import agree, manage

WAITS, HELD = "queued", "dead_letter"


@pytest.fixture
def three(fresh_house: House) -> tuple[House, dict[frozenset[str], str]]:
    """Owners of both sides and a unit where the family lives, each two with an agreement of their own."""
    house = fresh_house
    house.join("north", "ngo", agrees=False, email="north@example.org")
    house.join("south", "ngo", agrees=False, email="south@example.org")
    house.join("west", "ahtu", ("IN/WB",), agrees=False, email="west@example.org")
    pairs = (("north", "south"), ("north", "west"), ("south", "west"))
    return house, {frozenset(pair): agree(house, *pair) for pair in pairs}


def states(house: House, match_id: str) -> dict[str, set[str]]:
    """Return the states of the messages about a match, by who gets them, whether he may still see it or not."""
    names = {member.id: name for name, member in house.members.items()}
    with house.sandhan.database.read() as conn:
        found: dict[str, set[str]] = {}
        for alert in alerts.alerts_of_match(conn, match_id):
            sent = {one.state for one in outbox.messages_of(conn, alert.id)}
            found.setdefault(names[alert.recipient_id], set()).update(sent)
    return found


def test_who_leaves_an_agreement_is_told_nothing_more_and_the_others_are(
    three: tuple[House, dict[frozenset[str], str]],
) -> None:
    house, made = three
    house.enter("north", REPORT)
    match_id = house.enter("south", RESCUE)["matches"][0]["id"]
    assert states(house, match_id) == {"north": {WAITS}, "south": {WAITS}, "west": {WAITS}}
    left = manage(house, "west", "POST", f"/v1/agreements/{made[frozenset(('south', 'west'))]}/leave")
    assert left.status_code == 200, left.text
    assert states(house, match_id) == {"north": {WAITS}, "south": {WAITS}, "west": {HELD}}
    manage(house, "south", "POST", f"/v1/agreements/{made[frozenset(('north', 'south'))]}/leave")
    assert set().union(*states(house, match_id).values()) == {HELD}
    assert house.sandhan.dispatcher.run_once() == 0


def test_an_agreement_beside_another_changes_nothing(three: tuple[House, dict[frozenset[str], str]]) -> None:
    house, made = three
    agree(house, "north", "south", "west")
    house.enter("north", REPORT)
    match_id = house.enter("south", RESCUE)["matches"][0]["id"]
    for agreement in made.values():
        manage(house, "south", "POST", f"/v1/agreements/{agreement}/leave")
    assert set().union(*states(house, match_id).values()) == {WAITS}


def test_consent_withdrawn_for_one_class_holds_back_what_goes_to_that_class(fresh_house: House) -> None:
    house = fresh_house
    consents = [{"purpose": "sharing", "recipients": who} for who in ("police", "ngo", "coordination")]
    report = house.enter("family", REPORT, consents=consents)["case"]["id"]
    assert house.enter("shelter", RESCUE)["matches"] == []
    match_id = house.ask("family", "GET", "/v1/matches").json()["items"][0]["id"]
    assert states(house, match_id) == {"family": {WAITS}, "ahtu": {WAITS}, "mumbai": {WAITS}}, "no shelter is agreed to"
    rows = house.ask("family", "GET", f"/v1/cases/{report}/consents").json()
    for recipients, expected in (
        ("police", {"family": {WAITS}, "ahtu": {HELD}, "mumbai": {WAITS}}),
        ("ngo", {"family": {WAITS}, "ahtu": {HELD}, "mumbai": {HELD}}),
    ):
        (consent,) = [row["id"] for row in rows if (row["purpose"], row["recipients"]) == ("sharing", recipients)]
        assert house.ask("family", "POST", f"/v1/cases/{report}/consents/{consent}/withdraw").status_code == 200
        assert states(house, match_id) == expected, recipients


def test_nobody_is_reminded_of_what_may_not_be_known_any_more(fresh_house: House) -> None:
    house = fresh_house
    report = house.enter("family", REPORT)["case"]["id"]
    rescued = house.enter("shelter", RESCUE)["case"]["id"]
    match_id = house.ask("family", "GET", "/v1/matches").json()["items"][0]["id"]
    while house.sandhan.dispatcher.run_once():
        pass
    for who, case_id in (("family", report), ("shelter", rescued)):
        for row in house.ask(who, "GET", f"/v1/cases/{case_id}/consents").json():
            if row["purpose"] == "sharing":
                gone = house.ask(who, "POST", f"/v1/cases/{case_id}/consents/{row['id']}/withdraw")
                assert gone.status_code == 200
    told = ("family", "shelter", "ahtu", "mumbai")
    assert {house.ask(who, "GET", f"/v1/matches/{match_id}").status_code for who in told} == {404}
    before = house.row_counts()
    for hours in (2, 2, 20):
        house.clock.advance(hours=hours)
        assert house.sandhan.attention.run_due() == {}
    after = house.row_counts()
    assert (after["outbox"], after["alerts"]) == (before["outbox"], before["alerts"])
    for who in told:
        (alert,) = house.ask(who, "GET", "/v1/alerts").json()["items"]
        assert alert["state"] == "closed"
        assert "agreement" not in str(alert)
        assert "consent" not in str(alert)


def test_what_was_given_up_is_not_sent_again_to_who_may_not_know_of_it_any_more(
    three: tuple[House, dict[frozenset[str], str]],
) -> None:
    house, made = three
    house.enter("north", REPORT)
    match_id = house.enter("south", RESCUE)["matches"][0]["id"]
    lost: dict[str, tuple[str, str]] = {}
    with house.sandhan.database.write() as conn:
        for alert in alerts.alerts_of_match(conn, match_id):
            for message in outbox.messages_of(conn, alert.id):
                outbox.record_failure(conn, message.id, house.clock(), "timeout", None, "", None)
                lost[alert.recipient_id] = alert.id, message.id
        # What the end of an agreement ends follows in pages; until then its alerts are open.
        west, left = house["west"].id, made[frozenset(("south", "west"))]
        agreements.leave(conn, left, west, at=house.clock(), by="test")
    alert_id, message_id = lost.pop(west)
    key = house.key_with("west", "alerts:replay")
    assert house.client.post(f"/v1/alerts/{alert_id}/replay", headers=key).json()["messages"] == []
    assert house.sandhan.replays.by_operator("test", message_id=message_id) == []
    assert sorted(house.sandhan.replays.by_operator("test")) == sorted(message for _, message in lost.values())
    assert states(house, match_id) == {"north": {WAITS}, "south": {WAITS}, "west": {HELD}}


def test_what_was_told_ends_with_the_agreement(three: tuple[House, dict[frozenset[str], str]]) -> None:
    house, made = three
    house.enter("north", REPORT)
    house.enter("south", RESCUE)
    left = manage(house, "west", "POST", f"/v1/agreements/{made[frozenset(('south', 'west'))]}/leave")
    assert left.status_code == 200, left.text
    (ended,) = house.ask("west", "GET", "/v1/alerts").json()["items"]
    assert ended["state"] == "closed"
    house.clock.advance(hours=2)
    assert house.sandhan.attention.run_due() == {"reminder": 2}, "the owners still may know"


def told(house: House, who: str) -> list[tuple[str, str]]:
    """Return event and state of what a partner was told, oldest first."""
    items = house.ask(who, "GET", "/v1/alerts").json()["items"]
    return [(alert["event"], alert["state"]) for alert in sorted(items, key=lambda alert: str(alert["id"]))]


@pytest.mark.parametrize("who", ["west", "south"])
def test_who_shares_again_is_told_again_of_what_still_lives(
    three: tuple[House, dict[frozenset[str], str]], who: str
) -> None:
    house, made = three
    house.enter("north", REPORT)
    house.enter("south", RESCUE)
    assert told(house, who) == [("new", WAITS)]
    other = "south" if who == "west" else "north"
    left = manage(house, who, "POST", f"/v1/agreements/{made[frozenset((other, who))]}/leave")
    assert left.status_code == 200, left.text
    house.clock.advance(hours=12)
    house.sandhan._compare()
    assert told(house, who) == [("new", "closed")]
    agree(house, other, who)
    for _ in range(2):
        house.sandhan._compare()
        assert told(house, who) == [("new", "closed"), ("new", WAITS)]
    again = max(house.ask(who, "GET", "/v1/alerts").json()["items"], key=lambda alert: str(alert["id"]))
    assert again["due_at"] > house.clock().isoformat()
    house.clock.advance(hours=2)
    assert house.sandhan.attention.run_due()["reminder"] >= 1


def test_who_comes_back_is_not_told_of_what_has_ended_meanwhile(
    three: tuple[House, dict[frozenset[str], str]],
) -> None:
    house, made = three
    report = house.enter("north", REPORT)["case"]
    house.enter("south", RESCUE)
    manage(house, "west", "POST", f"/v1/agreements/{made[frozenset(('south', 'west'))]}/leave")
    closed = house.ask("north", "POST", f"/v1/cases/{report['id']}/close")
    assert closed.status_code == 200, closed.text
    before = told(house, "west")
    agree(house, "south", "west")
    house.sandhan._compare()
    assert told(house, "west") == before


def test_consent_given_again_tells_again(fresh_house: House) -> None:
    house = fresh_house
    report = house.enter("family", REPORT)["case"]["id"]
    house.enter("shelter", RESCUE)
    (consent,) = [
        row["id"]
        for row in house.ask("family", "GET", f"/v1/cases/{report}/consents").json()
        if row["purpose"] == "sharing"
    ]
    assert house.ask("family", "POST", f"/v1/cases/{report}/consents/{consent}/withdraw").status_code == 200
    assert told(house, "ahtu") == told(house, "shelter") == [("new", "closed")]
    house.clock.advance(hours=12)
    given = {"purpose": "sharing", "recipients": "police", "basis": "consent", "given_by": "guardian"}
    assert house.ask("family", "POST", f"/v1/cases/{report}/consents", json=given).status_code == 201
    assert told(house, "ahtu") == [("new", "closed"), ("new", WAITS)]
    assert told(house, "shelter") == [("new", "closed")], "not its class"
    assert house.ask("family", "POST", f"/v1/cases/{report}/consents", json=given).status_code == 201
    assert len(told(house, "ahtu")) == 2


def test_many_alerts_end_in_pages_and_what_has_not_gone_out_with_the_agreement(
    three: tuple[House, dict[frozenset[str], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    house, made = three
    house.enter("north", REPORT)
    first, second = (
        house.enter("south", RESCUE, external_id=number)["matches"][0]["id"] for number in ("MUM-1", "MUM-2")
    )
    monkeypatch.setattr(withholding, "PAGE", 1)
    real, pages = withholding._end_unshared, []

    def end(conn: Connection, told: list[Standing], now: datetime) -> int:
        pages.append([(one.recipient_id, one.match_id) for one in told])
        return real(conn, told, now)

    monkeypatch.setattr(withholding, "_end_unshared", end)
    monkeypatch.setattr(house.sandhan.agreements, "_on_left", lambda: None)  # as if the process had ended here
    manage(house, "west", "POST", f"/v1/agreements/{made[frozenset(('south', 'west'))]}/leave")
    assert not pages
    for match_id in (first, second):
        assert states(house, match_id) == {"north": {WAITS}, "south": {WAITS}, "west": {HELD}}
    house.sandhan.sharing.enforce()
    assert pages == [[(house["west"].id, match_id)] for match_id in (first, second)]
    assert {item["state"] for item in house.ask("west", "GET", "/v1/alerts").json()["items"]} == {"closed"}
    assert "closed" not in {item["state"] for item in house.ask("north", "GET", "/v1/alerts").json()["items"]}


def test_a_page_is_decided_again_before_it_is_ended(
    three: tuple[House, dict[frozenset[str], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    house, _ = three
    house.enter("north", REPORT)
    match_id = house.enter("south", RESCUE)["matches"][0]["id"]
    real, asked = withholding._unshared, []

    def unshared(conn: Connection, told: list[Standing], now: datetime) -> list[Standing]:
        asked.append(len(told))
        return told if len(asked) == 1 else real(conn, told, now)  # an agreement came in between

    monkeypatch.setattr(withholding, "_unshared", unshared)
    house.sandhan.sharing.enforce()
    assert asked == [3, 3]
    assert states(house, match_id) == {"north": {WAITS}, "south": {WAITS}, "west": {WAITS}}
