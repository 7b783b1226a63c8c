"""A message that has not gone out yet goes to nobody who may not know of it any more, and to everybody else."""

from __future__ import annotations

import pytest

from api.store import alerts, outbox

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
