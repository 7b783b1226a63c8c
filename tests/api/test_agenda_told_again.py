"""A duty that ends and comes back, or becomes another's, is told like a new one: with deadlines, and never twice."""

from __future__ import annotations

import pytest

from api.store import agreements, knowing

from .conftest import REPORT, RESCUE, House, matched
from .test_agenda import active, clocks, go_to
from .test_decisions import taken, verified


def living(house: House, case_id: str) -> dict[str, list[tuple[str, bool]]]:
    """Return what members were told of duties and is not closed, and whether it is for them to do."""
    names = {member.id: name for name, member in house.members.items()}
    found: dict[str, list[tuple[str, bool]]] = {}
    with house.sandhan.database.read() as conn:
        for alert in knowing.alerts_of_subject(conn, "clock", case_id):
            if alert.state not in ("closed", "recalled") and alert.event != "escalated":
                found.setdefault(names[alert.recipient_id], []).append((alert.event, alert.act_by is not None))
    return found


def later(house: House, hours: float = 2) -> int:
    house.clock.advance(hours=hours)
    told = house.sandhan.agenda.run_clocks()
    assert house.sandhan.agenda.run_clocks() == 0, "nothing twice"
    return told


@pytest.fixture
def case_id(fresh_house: House) -> str:
    """A report of which the family's organisation and the unit were told that it is untraced for four months."""
    case_id = str(fresh_house.enter("family", REPORT)["case"]["id"])
    go_to(fresh_house, "2027-03-01T08:00:00")
    assert fresh_house.sandhan.agenda.run_clocks() == 2
    assert living(fresh_house, case_id) == TOLD
    return case_id


TOLD = {"family": [("untraced", False)], "ahtu": [("untraced", True)]}


def test_of_a_report_that_is_opened_again(fresh_house: House, case_id: str) -> None:
    assert fresh_house.ask("family", "POST", f"/v1/cases/{case_id}/close").status_code == 200
    assert later(fresh_house) == 0
    assert living(fresh_house, case_id) == {}
    assert fresh_house.ask("family", "POST", f"/v1/cases/{case_id}/reopen").status_code == 200
    assert later(fresh_house) == 2
    assert living(fresh_house, case_id) == TOLD


def test_of_a_child_who_was_not_found_after_all(fresh_house: House) -> None:
    pair = matched(fresh_house)
    go_to(fresh_house, "2027-03-01T08:00:00")
    fresh_house.sandhan.agenda.run_clocks()
    assert living(fresh_house, pair.missing_id) == TOLD
    verified(pair)
    assert later(fresh_house) == 0
    assert living(fresh_house, pair.missing_id) == {}
    taken(pair, "family", "undo", reason="mistake")
    assert later(fresh_house) == 2
    assert living(fresh_house, pair.missing_id) == TOLD


def test_on_the_right_day_where_the_first_was_mistyped(fresh_house: House) -> None:
    house = fresh_house
    case_id = house.enter("family", REPORT)["case"]["id"]
    stages = f"/v1/cases/{case_id}/stages"
    said = house.ask("family", "POST", stages, json={"stage": "reporting", "entered_on": "2026-01-10"})
    assert house.sandhan.agenda.run_clocks() > 0
    assert living(house, case_id).keys() == TOLD.keys()
    right = {"stage": "reporting", "entered_on": "2026-10-10", "corrects": said.json()["entries"][-1]["id"]}
    assert house.ask("family", "POST", stages, json=right).status_code == 201
    assert later(house) == 0
    assert (living(house, case_id), clocks(house, "ahtu")) == ({}, [])
    go_to(house, "2027-02-11T08:00:00")
    assert later(house) == 2
    assert living(house, case_id) == TOLD


def test_the_unit_of_the_right_place(fresh_house: House, case_id: str) -> None:
    house = fresh_house
    house.join("nadia", "ahtu", ("IN/WB/nadia",))
    assert later(house) == 0
    corrected = REPORT | {"district": "Nadia", "village": "Krishnanagar"}
    assert house.ask("family", "PUT", f"/v1/cases/{case_id}", json=corrected).status_code == 200
    assert later(house) == 1
    assert living(house, case_id) == {"family": [("untraced", False)], "nadia": [("untraced", True)]}


def test_the_next_unit_where_the_first_takes_part_no_longer_and_the_first_when_it_does_again(
    fresh_house: House, case_id: str
) -> None:
    house = fresh_house
    house.join("state", "ahtu", ("IN/WB",))
    active(house, "ahtu", False)
    assert later(house) == 1
    assert living(house, case_id) == {"family": [("untraced", False)], "state": [("untraced", True)]}
    active(house, "ahtu", True)
    assert later(house) == 1
    assert living(house, case_id) == TOLD


def test_the_owner_when_no_unit_may_know_any_more_and_the_unit_when_it_may_again(
    fresh_house: House, case_id: str
) -> None:
    house = fresh_house
    for agreement in house.ask("operator", "GET", "/v1/agreements").json()["items"]:
        if house["ahtu"].id in {party["partner_id"] for party in agreement["parties"]}:
            with house.sandhan.database.write() as conn:
                agreements.leave(conn, agreement["id"], house["ahtu"].id, at=house.clock(), by="test")
    assert later(house) == 1
    assert living(house, case_id) == {"family": [("untraced", True)]}, "it is the owner's to do now"
    parties = {"parties": [house["ahtu"].id, house["family"].id], "reference": "MoU", "signed": True}
    assert house.ask("operator", "POST", "/v1/agreements", json=parties).status_code == 201
    assert later(house) == 1
    assert living(house, case_id)["ahtu"] == [("untraced", True)]
    assert house.ask(
        "ahtu", "POST", f"/v1/agenda/{case_id}.untraced.1/done", json={"done_on": "2027-03-01"}
    ).status_code == 204  # fmt: skip
    assert later(house) == 0


def test_of_a_visit_whose_owner_was_away_when_its_step_was_due(fresh_house: House) -> None:
    house = fresh_house
    case_id = house.enter("shelter", RESCUE)["case"]["id"]
    house.ask("shelter", "POST", f"/v1/cases/{case_id}/return", json={"returned_on": "2026-10-01"})
    house.sandhan.agenda.run_clocks()
    assert living(house, case_id) == {"shelter": [("follow_up", True)]}
    active(house, "shelter", False)
    for _ in range(100):
        house.clock.advance(hours=1)
        house.sandhan.attention.run_due()
    assert living(house, case_id) == {}
    active(house, "shelter", True)
    assert later(house) == 1
    assert living(house, case_id) == {"shelter": [("follow_up", True)]}


def test_nobody_above_is_told_of_a_duty_that_has_become_anothers(fresh_house: House, case_id: str) -> None:
    house = fresh_house
    house.join("nodal", "nodal", ("IN/WB",), email="nodal@example.org")
    active(house, "ahtu", False)
    for _ in range(24):
        house.clock.advance(hours=1)
        house.sandhan.attention.run_due()
    assert later(house) == 1
    assert living(house, case_id) == {"family": [("untraced", True)]}, "it is the owner's by now"
    assert house.ask("nodal", "GET", "/v1/alerts").json()["items"] == []
