"""What says that a child has come home, does it still count, and is somebody to visit her?"""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import REPORT, House, matched
from .test_agenda import UNITS, agenda, clocks, go_to
from .test_decisions import ORDER, home_found, taken, verified


@pytest.fixture
def case_id(fresh_house: House) -> str:
    """A report of the family's organisation, made on 1 November 2026."""
    return str(fresh_house.enter("family", REPORT)["case"]["id"])


def settled(house: House, visit: dict[str, Any], state: str, outcome: str, who: str = "family") -> None:
    path = f"/v1/cases/{visit['case_id']}/follow-ups/{visit['id']}"
    answer = house.ask(who, "POST", path, json={"state": state, "outcome": outcome})
    assert answer.status_code == 200, answer.text


def returned(house: House, case_id: str, day: str) -> list[dict[str, Any]]:
    answer = house.ask("family", "POST", f"/v1/cases/{case_id}/return", json={"returned_on": day})
    assert answer.status_code == 201, answer.text
    return [visit for visit in answer.json()["items"] if visit["state"] == "due"]


@pytest.mark.parametrize(
    ("made", "outcome", "counts"),
    [
        (("cancelled", "moved_away"), "moved_away", True),
        (("done", "well"), "died", True),
        (("missed", "not_found"), "mistake", False),
    ],
)
def test_a_return_counts_whatever_becomes_of_its_visits_unless_there_was_none(
    fresh_house: House, case_id: str, made: tuple[str, str], outcome: str, counts: bool
) -> None:
    house = fresh_house
    first, *others = returned(house, case_id, "2026-10-28")
    settled(house, first, *made)
    for visit in others if counts else others[:1]:
        settled(house, visit, "cancelled", outcome)
    visits = house.ask("family", "GET", f"/v1/cases/{case_id}/follow-ups").json()["items"]
    assert "due" not in {visit["state"] for visit in visits}, "who never returned is visited no more"
    go_to(house, "2027-03-02T08:00:00")
    assert [kind for kind, *_ in clocks(house, "ahtu")] == ([] if counts else ["untraced"])
    returned(house, case_id, "2026-10-28")  # said anew, it counts again
    assert clocks(house, "ahtu") == []


def test_whoever_opens_a_closed_case_again_searches_again_until_the_return_is_entered_again(
    fresh_house: House, case_id: str
) -> None:
    house = fresh_house
    first, *_ = returned(house, case_id, "2026-10-28")
    settled(house, first, "done", "well")
    for step in ("close", "reopen"):
        assert house.ask("family", "POST", f"/v1/cases/{case_id}/{step}").status_code == 200
    go_to(house, "2027-03-02T08:00:00")
    assert [kind for kind, *_ in clocks(house, "ahtu")] == ["untraced"]
    returned(house, case_id, "2026-10-28")
    assert clocks(house, "ahtu") == []


@pytest.mark.parametrize("visited", [0, 1, 6])
def test_a_return_that_was_undone_does_not_count_however_many_were_visited(fresh_house: House, visited: int) -> None:
    pair, house = matched(fresh_house), fresh_house
    verified(pair)
    home_found(pair, "family", "safe")
    taken(pair, "family", "restore", order=ORDER, returned_on="2026-10-31")
    visits = house.ask("family", "GET", f"/v1/cases/{pair.missing_id}/follow-ups").json()["items"]
    for visit in visits[:visited]:
        settled(house, visit, "missed", "not_found")
    go_to(house, "2027-03-02T08:00:00")
    for _ in range(2):
        assert clocks(house, "ahtu") == []
        taken(pair, "family", "undo", reason="mistake")
    assert [kind for kind, *_ in clocks(house, "ahtu")] == ["untraced"]


@pytest.mark.parametrize("visited", [0, 1, 6])
def test_a_stage_that_was_corrected_does_not_count_however_many_were_visited(
    fresh_house: House, case_id: str, visited: int
) -> None:
    house, stages = fresh_house, f"/v1/cases/{case_id}/stages"
    home = {"stage": "re_integration", "entered_on": "2026-10-31"}
    entry = house.ask("family", "POST", stages, json=home).json()["entries"][0]["id"]
    visits = house.ask("family", "GET", f"/v1/cases/{case_id}/follow-ups").json()["items"]
    for visit in visits[:visited]:
        settled(house, visit, "missed", "not_found")
    go_to(house, "2027-03-02T08:00:00")
    assert clocks(house, "ahtu") == []
    wrong = {"stage": "reporting", "entered_on": "2026-10-31", "corrects": entry}
    assert house.ask("family", "POST", stages, json=wrong).status_code == 201
    assert [kind for kind, *_ in clocks(house, "ahtu")] == ["untraced"]


def test_a_restored_match_waits_for_the_day_of_the_return(fresh_house: House) -> None:
    pair, house = matched(fresh_house), fresh_house

    def waiting() -> dict[str, list[str]]:
        of = {who: [item for item in agenda(house, who) if item["kind"] == "return"] for who in UNITS}
        return {who: [item["link"] for item in items] for who, items in of.items() if items}

    verified(pair)
    home_found(pair, "family", "safe")
    assert waiting() == {}
    taken(pair, "family", "restore", order=ORDER)
    own = {"family": f"/v1/cases/{pair.missing_id}/return", "shelter": f"/v1/cases/{pair.rescued_id}/return"}
    assert waiting() == {who: [link] for who, link in own.items()}
    visits = house.ask("shelter", "POST", own["shelter"], json={"returned_on": "2026-10-31"})
    assert visits.status_code == 201
    assert waiting() == {}, "one of the two sees to the visits"
    settled(house, visits.json()["items"][0], "cancelled", "mistake", who="shelter")
    assert waiting().keys() == own.keys(), "there was no such return"
