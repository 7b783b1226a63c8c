"""What was refused, withdrawn or erased: is it kept to by every way in and every way out?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from api.store import cases, consents, erasure, outbox_lanes

from .conftest import GREEN, REPORT, RESCUE, House, picture

POLICE_ONLY = [{"purpose": "sharing", "recipients": "police"}]


def entered(house: House, **rescue: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    found = house.enter("shelter", RESCUE, picture(GREEN), face_consent=True, **rescue)
    return house.enter("family", REPORT, picture(GREEN)), found


def withdraw(house: House, who: str, case_id: str, purpose: str) -> None:
    for row in house.ask(who, "GET", f"/v1/cases/{case_id}/consents").json():
        if row["purpose"] == purpose and row["withdrawn_at"] is None:
            path = f"/v1/cases/{case_id}/consents/{row['id']}/withdraw"
            assert house.ask(who, "POST", path).status_code == 200


def test_registering_tells_nothing_of_a_person_who_is_not_shared_with_the_owner(fresh_house: House) -> None:
    report, rescue = entered(fresh_house, consents=POLICE_ONLY)
    assert (report["matches"], report["alerts"]) == ([], 0)  # the family's organisation is no police unit
    again = fresh_house.enter("family", REPORT, picture(GREEN))
    assert (again["matches"], again["alerts"]) == ([], 0)
    changed = fresh_house.ask("family", "PUT", f"/v1/cases/{report['case']['id']}", json=REPORT | {"alias": "Buri"})
    assert changed.json()["matches"] == []
    assert fresh_house.ask("ahtu", "GET", f"/v1/cases/{rescue['case']['id']}").status_code == 200


def test_a_closed_case_ends_what_goes_on_and_consent_withdrawn_then_lets_it_stay_closed(fresh_house: House) -> None:
    house = fresh_house
    report, rescue = entered(house)
    match_id, case_id = report["matches"][0]["id"], rescue["case"]["id"]
    asked = house.ask(
        "family", "POST", f"/v1/matches/{match_id}/disclosures", json={"side": "rescued", "purpose": "verify-identity"}
    )
    house.ask("shelter", "POST", f"/v1/disclosures/{asked.json()['id']}/accept")
    assert house.ask("family", "GET", f"/v1/cases/{case_id}").json()["view"] == "disclosed"
    house.ask("shelter", "POST", f"/v1/cases/{case_id}/close")
    assert house.ask("family", "GET", f"/v1/cases/{case_id}").status_code == 404
    withdraw(house, "shelter", case_id, "matching")
    assert house.ask("family", "GET", f"/v1/cases/{case_id}").status_code == 404
    assert house.ask("family", "GET", f"/v1/matches/{match_id}").status_code == 404
    assert house.ask("shelter", "POST", f"/v1/cases/{case_id}/reopen").json()["code"] == "consent_missing"


def test_nobody_learns_from_a_request_where_a_protected_person_is(fresh_house: House) -> None:
    house = fresh_house
    report, _ = entered(house, protect_location=True)
    asked = house.ask(
        "shelter", "POST", f"/v1/matches/{report['matches'][0]['id']}/disclosures",
        json={"side": "missing", "purpose": "verify-identity"},
    ).json()  # fmt: skip
    assert asked["requester_id"] == house["shelter"].id
    (listed,) = house.ask("family", "GET", "/v1/disclosures").json()["items"]
    assert listed["requester_id"] is None
    accepted = house.ask("family", "POST", f"/v1/disclosures/{asked['id']}/accept").json()
    assert (accepted["state"], accepted["requester_id"]) == ("accepted", None)


def test_a_refusal_that_comes_with_a_change_is_not_passed_over(fresh_house: House) -> None:
    house = fresh_house
    case_id = house.enter("shelter", RESCUE)["case"]["id"]
    refusal = {"consents": [{"purpose": "matching", "granted": False}]}
    for answer in (
        house.ask("shelter", "PUT", f"/v1/cases/{case_id}", json=RESCUE | refusal),
        house.ask("shelter", "POST", "/v1/cases", json=RESCUE | refusal),
    ):
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "consents")


def test_a_file_does_not_revive_a_consent_to_faces(fresh_house: House) -> None:
    house = fresh_house
    _, rescue = entered(house)
    case_id = rescue["case"]["id"]
    withdraw(house, "shelter", case_id, "faces")
    again = RESCUE | {"face_consent": True, "alias": "Buri"}
    house.ask("shelter", "PUT", f"/v1/cases/{case_id}", json=again)
    case = house.ask("shelter", "GET", f"/v1/cases/{case_id}").json()
    assert not case["face_consent"]
    assert [photo["state"] for photo in case["photos"]] == ["withheld"]
    (match,) = house.ask("family", "GET", "/v1/matches").json()["items"]
    assert "face" not in {part["comparison"] for part in match["contributions"]}


def test_whoever_did_not_agree_to_it_is_not_handed_over(fresh_house: House) -> None:
    house = fresh_house
    case_id = house.enter("shelter", RESCUE, consents=[{"purpose": "referral", "granted": False}])["case"]["id"]
    form = {"kind": "transfer", "receiver_id": house["mumbai"].id, "reason": "medical"}
    answer = house.ask("shelter", "POST", f"/v1/cases/{case_id}/referrals", json=form)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_consent")


def test_the_same_content_twice_in_one_batch_stays_erased(fresh_house: House) -> None:
    house = fresh_house
    body = house.enter("family", REPORT)
    with house.sandhan.database.read() as conn:
        digest = cases.require_case(conn, body["case"]["id"]).content_hash
    assert house.ask("family", "DELETE", f"/v1/cases/{body['case']['id']}?reason=wish").status_code == 204
    with house.sandhan.database.read() as conn:
        known: list[tuple[str | None, str]] = [("A1", digest), ("A2", digest), ("A3", "other")]
        assert erasure.suppressed_among(conn, house["family"].id, "missing", known) == set(known[:2])
    again = house.send("family", REPORT | {"external_id": "other"})
    assert (again.status_code, again.json()["code"]) == (409, "suppressed")


def test_nothing_more_is_sent_of_what_was_withdrawn_not_even_what_is_under_way(fresh_house: House) -> None:
    house = fresh_house
    report, rescue = entered(house)
    with house.sandhan.database.write() as conn:
        taken = outbox_lanes.claim_lanes(conn, house.clock(), timedelta(minutes=2), batch=100)
    assert taken
    withdraw(house, "shelter", rescue["case"]["id"], "sharing")
    with house.sandhan.database.write() as conn:
        later = house.clock() + timedelta(hours=1)
        assert outbox_lanes.claim_lanes(conn, later, timedelta(minutes=2), batch=100) == []
        assert not consents.permitted(conn, rescue["case"]["id"], "sharing")
    assert report["matches"]


@pytest.mark.parametrize("purpose", ["matching", "faces"])
def test_what_nobody_receives_is_agreed_to_for_no_class_of_recipients(fresh_house: House, purpose: str) -> None:
    case_id = fresh_house.enter("family", REPORT)["case"]["id"]
    form = {"purpose": purpose, "recipients": "police"}
    assert fresh_house.ask("family", "POST", f"/v1/cases/{case_id}/consents", json=form).status_code == 422


def test_a_unit_to_which_a_report_was_opened_sees_its_photo(fresh_house: House) -> None:
    house = fresh_house
    report, _ = entered(house)
    match_id, case = report["matches"][0]["id"], report["case"]
    path = f"/v1/cases/{case['id']}/photos/{case['photos'][0]['id']}"
    assert house.ask("ahtu", "GET", path).status_code == 404
    asked = house.ask(
        "ahtu", "POST", f"/v1/matches/{match_id}/disclosures", json={"side": "missing", "purpose": "verify-identity"}
    ).json()
    house.ask("family", "POST", f"/v1/disclosures/{asked['id']}/accept")
    assert house.ask("ahtu", "GET", path).status_code == 200
