"""Who becomes protected after others were told: nothing that they have, or get from then on, names who keeps her."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from api.store import tables

from .conftest import REPORT, RESCUE, House

EVERYBODY = ("family", "shelter", "ahtu", "mumbai", "centre")


def alerts_of(house: House, who: str) -> list[dict[str, Any]]:
    return list(house.ask(who, "GET", "/v1/alerts").json()["items"])


def named(house: House, who: str) -> set[str]:
    """Return whom a partner's alerts name, and the messages to it that are not delivered."""
    own = tables.outbox.c.recipient_id == house[who].id
    with house.sandhan.database.read() as conn:
        payloads = list(conn.scalars(select(tables.outbox.c.payload).where(own, tables.outbox.c.state != "delivered")))
    found = {alert["other_organisation"] for alert in alerts_of(house, who)}
    return {str(name) for name in found | {payload["other_organisation"] for payload in payloads} if name}


@pytest.fixture
def told(fresh_house: House) -> tuple[House, str]:
    """A match of which everybody was told, of which nobody has answered, and no message of which has arrived."""
    house = fresh_house
    house.join("centre", "coordination")
    house.enter("family", REPORT)
    case_id = house.enter("shelter", RESCUE)["case"]["id"]
    house.sandhan.dispatcher.run_once()  # no mail server: they wait for their next attempt
    house.clock.advance(hours=5)
    assert house.sandhan.attention.run_due()["escalated"] == 4
    assert named(house, "family") == {"shelter"}
    assert {"shelter", "mumbai"} < named(house, "centre")
    return house, str(case_id)


def test_alerts_and_waiting_messages_lose_the_name(told: tuple[House, str]) -> None:
    house, case_id = told
    answer = house.send("shelter", RESCUE | {"protect_location": True}, path=f"/v1/cases/{case_id}", method="PUT")
    assert answer.status_code == 200, answer.text
    for who in ("family", "ahtu", "centre"):
        assert not {"shelter", "mumbai"} & named(house, who), who
    (alert,) = alerts_of(house, "family")
    assert alert["withheld"] == dict.fromkeys(("other_organisation", "found_place", "found_date"), "protect_location")
    assert named(house, "shelter") == {"family"}, "where the family is, nobody hides"
    assert named(house, "mumbai") == {"family"}
    house.clock.advance(hours=2)
    assert house.sandhan.attention.run_due()["reminder"] == 4  # of the escalations
    for who in ("family", "ahtu", "centre"):
        assert not {"shelter", "mumbai"} & named(house, who), who


def test_a_reminder_asks_anew_whether_it_may_name_anybody(fresh_house: House) -> None:
    house = fresh_house
    house.enter("family", REPORT)
    case_id = house.enter("shelter", RESCUE)["case"]["id"]
    with house.sandhan.database.write() as conn:
        conn.execute(tables.cases.update().where(tables.cases.c.id == case_id).values(protect_location=True))
    house.clock.advance(hours=2)
    assert house.sandhan.attention.run_due() == {"reminder": 4}
    assert (named(house, "family"), named(house, "ahtu")) == (set(), set())


def test_the_units_of_a_pair_lose_each_other(fresh_house: House) -> None:
    house = fresh_house
    girl = RESCUE | {"father_name": "रमेश मंडल", "mother_name": "मालती मंडल", "name": "सुनिता मंडल"}
    house.enter("family", girl)
    other = house.enter("mumbai", girl | {"external_id": "two"})["case"]["id"]
    assert (named(house, "family"), named(house, "mumbai")) == ({"mumbai"}, {"family"})
    changed = girl | {"external_id": "two", "protect_location": True}
    assert house.send("mumbai", changed, path=f"/v1/cases/{other}", method="PUT").status_code == 200
    assert (named(house, "family"), named(house, "mumbai")) == (set(), set())


def test_whoever_was_told_of_a_duty_that_is_not_done_loses_the_name(fresh_house: House) -> None:
    house = fresh_house
    house.join("nodal", "nodal", ("IN/MH",), email="nodal@example.org")
    case_id = house.enter("shelter", RESCUE)["case"]["id"]
    returned = house.ask("shelter", "POST", f"/v1/cases/{case_id}/return", json={"returned_on": "2026-10-01"})
    assert returned.status_code == 201, returned.text
    house.sandhan.agenda.run_clocks()
    for _ in range(24 * 14):
        house.clock.advance(hours=1)
        if "escalated" in house.sandhan.attention.run_due():
            break
    assert named(house, "nodal") == {"shelter"}
    house.send("shelter", RESCUE | {"protect_location": True}, path=f"/v1/cases/{case_id}", method="PUT")
    assert named(house, "nodal") == set()
