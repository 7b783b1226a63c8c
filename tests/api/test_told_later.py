"""Who could not be told of a match when it was found hears of it once it may be told; nobody hears of it twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from api.partners import beginning
from api.store import begun, matches

from .conftest import REPORT, RESCUE, House
from .test_agreements import agree

FAMILY_AREA = ("IN/WB/south-24-parganas",)
NOT_POLICE = [{"purpose": "sharing", "recipients": "ngo"}]


@pytest.fixture
def kept_apart(fresh_house: House) -> House:
    """`north` and `south` have an agreement, and the unit `late` has one with nobody."""
    house = fresh_house
    house.join("late", "ahtu", FAMILY_AREA, agrees=False)
    for name in ("north", "south"):
        house.join(name, "ngo", agrees=False)
    agree(house, "north", "south")
    attend(house)
    return house


def attend(house: House) -> None:
    house.sandhan._compare()


def inbox(house: House, who: str) -> list[dict[str, Any]]:
    return list(house.ask(who, "GET", "/v1/alerts").json()["items"])


def matched(house: House, **rescue: Any) -> str:
    """Enter a report and a rescued person; return the id of their match."""
    house.enter("north", REPORT)
    (match,) = house.enter("south", RESCUE, **rescue)["matches"]
    assert match["grade"] in ("probable", "certain")
    return str(match["id"])


def agreement(house: House) -> None:
    for name in ("north", "south"):
        agree(house, name, "late")


def signed(house: House) -> None:
    parties = [house[name].id for name in ("north", "south", "late")]
    form = {"parties": parties, "reference": "MoU", "signed": True}
    assert house.ask("operator", "POST", "/v1/agreements", json=form).status_code == 201


@pytest.mark.parametrize("comes", [agreement, signed])
def test_a_unit_whose_agreement_begins_later_is_told_of_a_match_that_stands(
    kept_apart: House, comes: Callable[[House], None]
) -> None:
    match_id = matched(kept_apart)
    assert inbox(kept_apart, "late") == []
    comes(kept_apart)
    attend(kept_apart)
    (alert,) = inbox(kept_apart, "late")
    assert (alert["match_id"], alert["event"], alert["kind"]) == (match_id, "new", "match")
    assert alert["due_at"] is not None
    owners = [len(inbox(kept_apart, name)) for name in ("north", "south")]
    comes(kept_apart)
    attend(kept_apart)
    assert len(inbox(kept_apart, "late")) == 1, "once"
    assert [len(inbox(kept_apart, name)) for name in ("north", "south")] == owners, "they knew"


def test_half_an_agreement_tells_nothing(kept_apart: House) -> None:
    matched(kept_apart)
    agree(kept_apart, "north", "late")
    attend(kept_apart)
    assert inbox(kept_apart, "late") == []


def test_a_match_that_people_have_ended_is_told_to_nobody_later(kept_apart: House) -> None:
    match_id = matched(kept_apart)
    form = {"action": "reject", "reason": "different_person", "until": "2027-06-01"}
    answer = kept_apart.ask("north", "POST", f"/v1/matches/{match_id}/decisions", json=form)
    assert answer.status_code in (200, 201), answer.text
    agreement(kept_apart)
    attend(kept_apart)
    assert inbox(kept_apart, "late") == []


def test_consent_that_is_given_later_lets_those_be_told_who_could_not_be(kept_apart: House) -> None:
    house = kept_apart
    agreement(house)
    case_id = house.enter("south", RESCUE, consents=NOT_POLICE)["case"]["id"]
    (match,) = house.enter("north", REPORT)["matches"]
    assert inbox(house, "late") == []
    form = {"purpose": "sharing", "recipients": "police", "basis": "consent", "given_by": "person"}
    answer = house.ask("south", "POST", f"/v1/cases/{case_id}/consents", json=form)
    assert answer.status_code == 201, answer.text
    assert [alert["match_id"] for alert in inbox(house, "late")] == [match["id"]]


@pytest.mark.parametrize(
    ("areas", "told"),
    [
        (["IN/WB"], True),
        (["IN"], True),
        (["IN/WB/south-24-parganas"], True),
        (["IN/MH"], True),  # where she was found
        (["IN/WB/south-24-parganas/gosaba"], True),
        (["IN/WB/south-24-parganas/canning", "IN/WB/nadia", "IN/AS"], False),
    ],
)
def test_a_unit_whose_area_grows_is_told_of_what_was_found_in_it(
    fresh_house: House, areas: list[str], told: bool
) -> None:
    house = fresh_house
    house.join("unit", "ahtu", ("IN/KL",))
    house.enter("family", REPORT)
    house.enter("shelter", RESCUE)
    attend(house)
    assert inbox(house, "unit") == []
    path = f"/v1/partners/{house['unit'].id}"
    assert house.ask("operator", "PATCH", path, json={"areas": areas}).status_code == 200
    attend(house)
    assert bool(inbox(house, "unit")) is told


def test_a_unit_that_takes_part_again_is_told_of_what_was_found_meanwhile(fresh_house: House) -> None:
    house = fresh_house
    path = f"/v1/partners/{house['ahtu'].id}"
    assert house.ask("operator", "PATCH", path, json={"active": False}).status_code == 200
    house.enter("family", REPORT)
    (match,) = house.enter("shelter", RESCUE)["matches"]
    assert house.ask("operator", "PATCH", path, json={"active": True}).status_code == 200
    attend(house)
    assert [alert["match_id"] for alert in inbox(house, "ahtu")] == [match["id"]]


def test_it_is_told_some_matches_at_a_time_and_from_the_first_on_when_more_begins_meanwhile(
    kept_apart: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = kept_apart
    monkeypatch.setattr(beginning, "_TOLD_AT_A_TIME", 1)
    wanted = {matched(house), *(str(match["id"]) for match in house.enter("north", REPORT, external_id="2")["matches"])}
    assert len(wanted) == 2
    house.join("far", "ngo", agrees=False)
    agree(house, "north", "late")
    agree(house, "south", "late")
    watch, late = house.sandhan.beginning, house["late"].id
    assert watch._tell_some(late)
    with house.sandhan.database.read() as conn:
        assert begun.noted_again(conn) != []
    assert len(inbox(house, "late")) == 1
    agree(house, "far", "late")  # noted anew, from the beginning
    while watch._tell_some(late):
        pass
    with house.sandhan.database.read() as conn:
        assert late not in begun.noted_again(conn)
    told = [alert["match_id"] for alert in inbox(house, "late")]
    assert (len(told), set(told)) == (2, wanted)


def test_the_unit_of_a_place_that_is_corrected_is_told_though_the_match_is_the_same(fresh_house: House) -> None:
    house = fresh_house
    house.enter("family", REPORT)
    entered = house.enter("shelter", RESCUE)
    (match,) = entered["matches"]
    assert inbox(house, "stranger") == []
    before = {who: len(inbox(house, who)) for who in ("family", "shelter", "ahtu")}
    path = f"/v1/cases/{entered['case']['id']}"
    corrected = RESCUE | {"event_state": "Assam", "event_district": "Barpeta"}
    (now,) = house.ask("shelter", "PUT", path, json=corrected).json()["matches"]
    assert (now["id"], now["grade"]) == (match["id"], match["grade"])
    with house.sandhan.database.read() as conn:
        assert [event.kind for event in matches.events_of(conn, match["id"])] == ["new"]
    assert [alert["match_id"] for alert in inbox(house, "stranger")] == [match["id"]]
    assert {who: len(inbox(house, who)) for who in before} == before, "they knew"
    house.ask("shelter", "PUT", path, json=corrected | {"narrative": "Found near the station."})
    assert len(inbox(house, "stranger")) == 1, "once"
