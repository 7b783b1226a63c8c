"""A child who is still missing never vanishes from every unit without her own unit hearing of it, before and after."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import House
from .test_agreements import manage
from .test_bulletins import Desk, desk_in


@pytest.fixture
def desk(fresh_house: House) -> Desk:
    made = desk_in(fresh_house)
    made.consent()
    return made


def renewed(desk: Desk) -> str:
    """Authorise for thirty days from now; the session of before has ended meanwhile."""
    return desk.authorised(headers=desk.town.enrolled("family", "publisher").headers())


def heard(desk: Desk, who: str = "family") -> list[dict[str, Any]]:
    items = desk.house.ask(who, "GET", "/v1/alerts").json()["items"]
    return [one for one in items if one["kind"] == "bulletin" and one["event"] in ("ending", "over")]


def on_agenda(desk: Desk, who: str = "family") -> list[dict[str, Any]]:
    items = desk.house.ask(who, "GET", "/v1/agenda").json()["items"]
    return [item for item in items if item["kind"] == "authorisation"]


def pass_days(desk: Desk, days: float) -> None:
    desk.house.clock.advance(days=days)
    desk.house.sandhan.sharing.enforce_due()
    desk.house.sandhan.agenda.run_clocks()


@pytest.mark.parametrize("swept", [True, False], ids=["swept", "read at once"])
def test_it_ends_for_whom_the_order_covers_no_longer(desk: Desk, swept: bool) -> None:
    house = desk.house
    there = {one.id: one.areas for one in map(desk.partner, ("ahtu", "mumbai"))}
    given = desk.authorised(scope={"areas": sorted({area for areas in there.values() for area in areas})})
    made = desk.published("ahtu", "mumbai", authorisation_id=given)
    moved = house.ask("operator", "PATCH", f"/v1/partners/{house['ahtu'].id}", json={"areas": ["IN/KL"]})
    assert moved.status_code == 200, moved.text
    if swept:
        house.sandhan.sharing.enforce_due()
        assert [one["event"] for one in desk.told("ahtu", made["id"])] == ["published", "taken_down"]
    assert desk.read("ahtu", made["id"]).json()["content"] is None
    assert desk.read("mumbai", made["id"]).json()["content"] is not None


def test_the_owner_is_told_before_an_authorisation_ends_and_when_it_has(desk: Desk) -> None:
    bulletin = desk.published("ahtu")  # for thirty days
    pass_days(desk, 15)
    assert (heard(desk), on_agenda(desk)) == ([], [])
    pass_days(desk, 3)
    pass_days(desk, 1)
    (told,) = heard(desk)
    assert (told["event"], told["subject_id"]) == ("ending", bulletin["authorisation_id"])
    assert told["your_record_id"] == desk.case_id
    assert told["due_at"] is not None
    (item,) = on_agenda(desk)
    assert (item["case_id"], item["due_on"], item["overdue"]) == (desk.case_id, "2026-12-01", False)
    assert item["link"] == f"/v1/cases/{desk.case_id}/publication-authorisations"
    for who in ("ahtu", "mumbai", "stranger"):
        assert (heard(desk, who), on_agenda(desk, who)) == ([], []), who
    pass_days(desk, 13)
    ended = heard(desk)[-1]
    assert (ended["event"], ended["subject_id"]) == ("over", bulletin["id"])
    assert on_agenda(desk) == []
    assert len(heard(desk)) == 2
    assert desk.told("ahtu", bulletin["id"])[-1]["event"] == "taken_down"


def test_what_is_renewed_for_everybody_asks_for_nothing(desk: Desk) -> None:
    desk.published("ahtu", "mumbai")
    pass_days(desk, 17)
    assert len(on_agenda(desk)) == 1
    later = renewed(desk)
    assert len(on_agenda(desk)) == 1, "an order alone shows nobody anything"
    desk.published("ahtu", authorisation_id=later)
    assert len(on_agenda(desk)) == 1, "and one of the two would see her no longer"
    desk.published("mumbai", authorisation_id=later)
    assert on_agenda(desk) == []


def test_a_warning_ends_once_it_is_renewed(desk: Desk) -> None:
    desk.published("ahtu")
    pass_days(desk, 17)
    assert [one["state"] for one in heard(desk)] == ["queued"]
    later = renewed(desk)
    pass_days(desk, 0)
    assert [one["state"] for one in heard(desk)] == ["queued"], "an order alone shows nobody anything"
    desk.published("ahtu", authorisation_id=later)
    pass_days(desk, 0)
    assert [one["state"] for one in heard(desk)] == ["closed"]
    pass_days(desk, 2)
    desk.house.sandhan.attention.run_due()
    assert not [one for one in desk.house.ask("family", "GET", "/v1/alerts").json()["items"] if one["steps"]]


def test_what_is_renewed_in_time_warns_nobody(desk: Desk) -> None:
    desk.published("ahtu")
    pass_days(desk, 15)
    desk.published("ahtu", authorisation_id=renewed(desk))
    pass_days(desk, 2)
    assert heard(desk) == []


def test_the_owner_hears_that_nobody_is_left_to_see_it(desk: Desk) -> None:
    bulletin = desk.published("ahtu")["id"]
    for agreement in manage(desk.house, "ahtu", "GET", "/v1/agreements").json()["items"]:
        assert manage(desk.house, "ahtu", "POST", f"/v1/agreements/{agreement['id']}/leave").status_code == 200
    assert [(one["event"], one["subject_id"]) for one in heard(desk)] == [("over", bulletin)]


@pytest.mark.parametrize("how", ["take-down", "withdraw", "close", "erase"])
def test_nobody_is_told_of_what_it_did_itself(desk: Desk, how: str) -> None:
    house, bulletin = desk.house, desk.published("ahtu")
    case = f"/v1/cases/{desk.case_id}"
    if how == "take-down":
        path = f"/v1/bulletins/{bulletin['id']}/take-down"
        answer = house.ask("family", "POST", path, json={"reason": "wish"})
    elif how == "withdraw":
        path = f"{case}/publication-authorisations/{bulletin['authorisation_id']}/withdraw"
        answer = house.client.post(path, headers=desk.publisher)
    else:
        ends = {"close": ("POST", f"{case}/close"), "erase": ("DELETE", f"{case}?reason=wish")}
        answer = house.ask("family", *ends[how])
    assert answer.status_code in (200, 204), answer.text
    pass_days(desk, 20)
    assert heard(desk) == []
    assert desk.told("ahtu", bulletin["id"])[-1]["event"] == "taken_down"
