"""What is stored of a rescued person follows her rivals: a report that comes or goes changes what others are worth."""

from __future__ import annotations

from typing import Any

from .conftest import House

HER: dict[str, Any] = {"side": "rescued", "name": "Balaiamlang Kharbuli", "sex": "female", "state": "Meghalaya"}
ONE: dict[str, Any] = {
    "side": "missing", "external_id": "A", "name": "Balaiamlang Kharbuli", "sex": "female", "country": "India",
    "state": "Meghalaya", "father_name": "Shanbor Nongrum", "birth_date": "2009-03-04",
}  # fmt: skip
OTHER = ONE | {"external_id": "B", "father_name": "Tarun Marbaniang", "birth_date": "2016-08-19"}


def stored(house: House, case_id: str) -> dict[str, dict[str, Any]]:
    """Return the stored matches of a rescued person by the id of the report."""
    items = house.ask("shelter", "GET", "/v1/matches", params={"case_id": case_id}).json()["items"]
    full = [house.ask("shelter", "GET", f"/v1/matches/{item['id']}").json() for item in items]
    return {match["missing"]["id"]: match for match in full}


def rivals(match: dict[str, Any]) -> float:
    (bits,) = (part["bits"] for part in match["contributions"] if part["comparison"] == "rivals")
    return float(bits)


def test_a_report_that_comes_lowers_the_other_and_one_that_is_closed_raises_it_again(fresh_house: House) -> None:
    house = fresh_house
    one = house.enter("family", ONE)["case"]["id"]
    her = house.enter("shelter", HER)["case"]["id"]
    alone = stored(house, her)[one]
    other = house.enter("family", OTHER)["case"]["id"]
    both = stored(house, her)
    assert rivals(both[one]) < rivals(alone)
    assert both[one]["probability"] < alone["probability"]
    assert both[one]["probability"] + both[other]["probability"] <= 1
    assert house.ask("family", "POST", f"/v1/cases/{other}/close").status_code == 200
    assert rivals(stored(house, her)[one]) == rivals(alone)
    assert house.ask("shelter", "GET", f"/v1/cases/{her}").json()["compared"]


def test_the_same_girl_reported_twice_is_not_her_own_rival(fresh_house: House) -> None:
    house = fresh_house
    one = house.enter("family", ONE)["case"]["id"]
    her = house.enter("shelter", HER)["case"]["id"]
    alone = stored(house, her)[one]
    house.enter("family", ONE | {"external_id": "again"})
    again = stored(house, her)
    assert len(again) == 2
    for match in again.values():
        assert rivals(match) > rivals(alone) - 0.2
