"""Who could not be told of a match when it was found hears of it once it may be told; nobody hears of it twice."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from api.matches.service import MatchService
from api.partners import telling
from api.store import matches, tables, untold

from .agreeing import proposed
from .agreeing import taken as answered
from .conftest import REPORT, RESCUE, House
from .test_agreements import agree, manage

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
    attend(house)  # or the notes of those who joined would do
    assert inbox(house, "unit") == []
    path = f"/v1/partners/{house['unit'].id}"
    assert house.ask("operator", "PATCH", path, json={"areas": areas}).status_code == 200
    attend(house)
    assert bool(inbox(house, "unit")) is told


def test_a_unit_that_takes_part_again_is_told_of_what_was_found_meanwhile(fresh_house: House) -> None:
    house = fresh_house
    attend(house)  # or the notes of those who joined would do
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
    monkeypatch.setattr(telling, "_PAGE", 1)
    house.join("south two", "ngo", agrees=False)
    agree(house, "north", "south two")
    report = house.enter("north", REPORT)["case"]["id"]
    (first,) = house.enter("south two", RESCUE)["matches"]  # its keeper agrees with the unit only later
    (second,) = house.enter("south", RESCUE, external_id="2")["matches"]
    attend(house)
    agreement(house)
    whom = untold.Untold(house["late"].id)
    steps = [house.sandhan.telling._tell_some(whom) for _ in range(2)]
    assert [raised for _, raised, _ in steps] == [0, 1]  # what had ended, of which there is none; the second match
    assert [more for _, _, more in steps] == [True, True]
    agree(house, "south two", "late")
    house.sandhan.telling.follow()
    assert [alert["match_id"] for alert in inbox(house, "late")][::-1] in (
        [second["id"], first["id"]], [first["id"], second["id"]],
    )  # fmt: skip
    with house.sandhan.database.read() as conn:
        assert untold.noted(conn) == []
        assert first["id"] < second["id"], "the first lay before the mark"
        assert {match.missing_id for match in matches.matches_of_case(conn, report)} == {report}


def test_one_that_cannot_be_told_holds_up_nobody_and_has_its_turn_again(
    kept_apart: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house = kept_apart
    match_id = matched(house)
    attend(house)
    agreement(house)
    area = house.sandhan.telling._never_told
    monkeypatch.setattr(house.sandhan.telling, "_never_told", lambda *_: 1 / 0)
    attend(house)
    assert inbox(house, "late") == []
    assert "ZeroDivisionError" in caplog.text
    monkeypatch.setattr(house.sandhan.telling, "_never_told", area)
    attend(house)
    assert [alert["match_id"] for alert in inbox(house, "late")] == [match_id]


def test_each_time_only_so_much_is_looked_through(kept_apart: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house = kept_apart
    monkeypatch.setattr(telling, "_PAGE", 1)
    for number in range(3):
        house.enter("north", REPORT, external_id=f"N-{number}", name=f"{REPORT['name']} {'abc'[number]}")
    house.enter("south", RESCUE)
    attend(house)
    agreement(house)
    told = []
    for _ in range(9):
        house.sandhan.telling.follow(1)
        told.append(len(inbox(house, "late")))
    assert told[0] <= 1
    assert max(after - before for before, after in itertools.pairwise(told)) == 1
    assert told[-1] == 3


def test_the_unit_of_a_place_that_is_corrected_is_told_though_the_match_is_the_same(fresh_house: House) -> None:
    house = fresh_house
    attend(house)
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


def test_it_is_told_as_well_when_the_other_side_is_compared_first(
    fresh_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = fresh_house
    attend(house)
    missing_id = house.enter("family", REPORT)["case"]["id"]
    entered = house.enter("shelter", RESCUE)
    corrected = RESCUE | {"event_state": "Assam", "event_district": "Barpeta"}
    with monkeypatch.context() as patched:
        patched.setattr(MatchService, "must_wait", property(lambda _: True))
        path = f"/v1/cases/{entered['case']['id']}"
        assert house.ask("shelter", "PUT", path, json=corrected).status_code == 200
    assert inbox(house, "stranger") == []
    house.sandhan.matching.match_case(missing_id)
    attend(house)
    assert [alert["match_id"] for alert in inbox(house, "stranger")] == [entered["matches"][0]["id"]]


def test_of_a_match_whose_owners_share_no_more_nobody_hears_until_they_do_again(kept_apart: House) -> None:
    house = kept_apart
    match_id = matched(house)
    between = manage(house, "north", "GET", "/v1/agreements").json()["items"][0]["id"]
    assert manage(house, "north", "POST", f"/v1/agreements/{between}/leave").status_code in (200, 204)
    agreement(house)
    attend(house)
    assert inbox(house, "late") == []
    assert manage(house, "north", "POST", f"/v1/agreements/{between}/accept").status_code == 200
    attend(house)
    assert [alert["match_id"] for alert in inbox(house, "late")] == [match_id]


@pytest.mark.parametrize("comes", ["agreement", "consent"])
def test_of_a_dispute_a_unit_hears_when_it_is_settled(kept_apart: House, comes: str) -> None:
    house = kept_apart
    match_id = matched(house, consents=NOT_POLICE)

    def decide(who: str, **form: Any) -> str:
        answer = house.ask(who, "POST", f"/v1/matches/{match_id}/decisions", json=form)
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["state"])

    if comes == "consent":
        agreement(house)
    else:
        consented(house, match_id)
    decide("north", action="reject", reason="different_person", until="2027-06-01")
    assert decide("south", action="dispute", disposition="confirm") == "disputed"
    if comes == "consent":
        consented(house, match_id)
    else:
        agreement(house)
    attend(house)
    assert inbox(house, "late") == []
    assert decide("north", action="settle", disposition="confirm") != "disputed"
    assert [alert["match_id"] for alert in inbox(house, "late")] == [match_id]


def consented(house: House, match_id: str) -> None:
    """Let `south` say that anybody may be told of the rescued person of a match."""
    with house.sandhan.database.read() as conn:
        case_id = matches.require_match(conn, match_id).rescued_id
    form = {"purpose": "sharing", "recipients": "any", "basis": "consent", "given_by": "person"}
    assert house.ask("south", "POST", f"/v1/cases/{case_id}/consents", json=form).status_code == 201


def test_an_owner_is_not_told_of_what_it_has_itself_decided(kept_apart: House) -> None:
    """The alerts of possible matches that are not among the strongest are never made; here it is taken away."""
    house = kept_apart
    match_id = matched(house, consents=NOT_POLICE)
    with house.sandhan.database.write() as conn:
        mine = update(tables.alerts).where(tables.alerts.c.recipient_id == house["north"].id)
        conn.execute(mine.values(recipient_id=house["ahtu"].id))
    assert inbox(house, "north") == []
    for step in ("take_up", "confirm"):
        assert house.ask("north", "POST", f"/v1/matches/{match_id}/decisions", json={"action": step}).is_success
    consented(house, match_id)
    assert inbox(house, "north") == []


def test_a_former_owner_is_told_as_the_unit_that_it_becomes(fresh_house: House) -> None:
    house = fresh_house
    house.join("giver", "ahtu", ("IN/KL",))
    house.join("heir", "ngo")
    attend(house)
    missing_id = house.enter("giver", REPORT)["case"]["id"]
    (match,) = house.enter("shelter", RESCUE)["matches"]
    made = proposed(house, "giver", missing_id, "heir", "transfer")
    answered(house, "heir", answered(house, "heir", made, "accept"), "complete")
    before = {alert["id"] for alert in inbox(house, "giver")}
    path = f"/v1/partners/{house['giver'].id}"
    assert house.ask("operator", "PATCH", path, json={"areas": ["IN/WB"]}).status_code == 200
    attend(house)
    (new,) = [alert for alert in inbox(house, "giver") if alert["id"] not in before]
    assert (new["match_id"], new["event"]) == (match["id"], "new")


def test_a_case_whose_time_is_over_is_told_to_nobody_later(kept_apart: House) -> None:
    matched(kept_apart)
    with kept_apart.sandhan.database.write() as conn:
        conn.execute(update(tables.cases).values(expires_at=kept_apart.clock()))
    agreement(kept_apart)
    kept_apart.sandhan.telling.follow()
    assert inbox(kept_apart, "late") == []
