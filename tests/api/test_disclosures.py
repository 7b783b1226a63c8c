"""A party to a match asks to see the other side in full; its owner decides, and may take it back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from api.store import audit, cases

from .conftest import GREEN, REPORT, RESCUE, House, Pair, matched, picture

PURPOSE = "verify-identity"
AUTHOR = {"person": {"author_name": "Constable Rao", "author_phone": "+91 98000 11122"}}


@pytest.fixture
def own(fresh_house: House) -> Pair:
    """A matched pair that a test may change."""
    return matched(fresh_house)


def ask(pair: Pair, who: str, side: str, **more: Any) -> httpx.Response:
    form = {"side": side, "purpose": PURPOSE} | more
    return pair.house.ask(who, "POST", f"/v1/matches/{pair.match_id}/disclosures", json=form)


def decide(house: House, who: str, disclosure: str, decision: str) -> httpx.Response:
    return house.ask(who, "POST", f"/v1/disclosures/{disclosure}/{decision}")


def view(house: House, who: str, case_id: str) -> str:
    return str(house.ask(who, "GET", f"/v1/cases/{case_id}").json()["view"])


def listed(house: House, who: str, **params: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.ask(who, "GET", "/v1/disclosures", params=params).json()["items"]
    return found


def test_asked_accepted_seen_and_taken_back(own: Pair) -> None:
    house = own.house
    path, photo = f"/v1/cases/{own.rescued_id}", f"/v1/cases/{own.rescued_id}/photos/{own.photo_id}"
    assert view(house, "family", own.rescued_id) == "masked"
    assert house.ask("family", "GET", photo).status_code == 404
    made = ask(own, "family", "rescued")
    assert made.status_code == 201, made.text
    request = made.json()
    assert (request["state"], request["purpose"], request["case_id"]) == ("requested", PURPOSE, own.rescued_id)
    assert view(house, "family", own.rescued_id) == "masked", "to ask is not to see"
    assert [one["id"] for who in ("shelter", "family") for one in listed(house, who)] == [request["id"]] * 2
    accepted = decide(house, "shelter", request["id"], "accept").json()
    assert accepted["state"] == "accepted"
    shown = house.ask("family", "GET", path).json()
    assert (shown["view"], shown["fields"]["name"], shown["external_id"]) == ("disclosed", RESCUE["name"], None)
    assert house.ask("family", "GET", photo).status_code == 200
    match = house.ask("family", "GET", f"/v1/matches/{own.match_id}").json()
    assert (match["rescued"]["view"], match["missing"]["view"]) == ("disclosed", "full")
    assert view(house, "mumbai", own.rescued_id) == "masked", "nobody else sees more than before"
    assert view(house, "shelter", own.missing_id) == "masked", "nor the owner more of the other side"
    assert decide(house, "shelter", request["id"], "withdraw").json()["state"] == "withdrawn"
    assert view(house, "family", own.rescued_id) == "masked"
    assert house.ask("family", "GET", photo).status_code == 404
    again = ask(own, "family", "rescued").json()
    assert (again["state"], again["id"] != request["id"]) == ("requested", True)


@pytest.mark.parametrize("protected", [True, False])
def test_who_reported_and_where_a_protected_person_is_are_never_disclosed(fresh_house: House, protected: bool) -> None:
    house = fresh_house
    house.enter("family", REPORT)
    entered = house.enter("shelter", RESCUE | {"protect_location": protected}, picture(GREEN), face_consent=True)
    case_id, match_id = entered["case"]["id"], entered["matches"][0]["id"]
    with house.sandhan.database.write() as conn:  # as a feed brings it
        content = cases.require_case(conn, case_id).content
        more = replace(content, payload=content.payload | {"pfif": AUTHOR, "informant": "Rao"}, content_hash="other")
        cases.replace_case(conn, case_id, more, at=house.clock(), by="key")
    path = f"/v1/matches/{match_id}/disclosures"
    made = house.ask("family", "POST", path, json={"side": "rescued", "purpose": PURPOSE}).json()
    assert decide(house, "shelter", made["id"], "accept").status_code == 200
    answer = house.ask("family", "GET", f"/v1/cases/{case_id}")
    shown = answer.json()
    hidden = {"informant", "pfif"}
    if protected:
        hidden |= {"event_country", "event_state", "event_district", "found", "narrative"}
    assert shown["view"] == "disclosed"
    assert hidden.isdisjoint(shown["fields"])
    assert set(shown["withheld"]) == hidden
    assert (shown["owner_id"] is None, shown["event_area"] is None) == (protected, protected)
    assert shown["fields"]["father_name"] == RESCUE["father_name"]
    assert "Rao" not in answer.text
    assert "11122" not in answer.text
    for told in ("wholesale", "Mumbai", "mumbai"):
        assert not protected or told not in answer.text
    assert house.ask("shelter", "GET", f"/v1/cases/{case_id}").json()["fields"]["pfif"] == AUTHOR


def test_it_is_over_after_ninety_days(own: Pair) -> None:
    house = own.house
    request = ask(own, "family", "rescued").json()["id"]
    decide(house, "shelter", request, "accept")
    house.clock.advance(days=89, hours=23)
    assert view(house, "family", own.rescued_id) == "disclosed"
    assert ask(own, "family", "rescued").json()["id"] == request, "asked again, what stands is returned"
    house.clock.advance(hours=2)
    assert view(house, "family", own.rescued_id) == "masked"
    assert ask(own, "family", "rescued").json()["id"] != request


def test_a_refusal_is_final_and_one_may_ask_again(own: Pair) -> None:
    house = own.house
    request = ask(own, "mumbai", "missing").json()["id"]
    assert decide(house, "family", request, "refuse").json()["state"] == "refused"
    assert view(house, "mumbai", own.missing_id) == "masked"
    for decision in ("accept", "refuse", "withdraw"):
        answer = decide(house, "family", request, decision)
        assert (answer.status_code, answer.json()["code"]) == (409, "decided_already"), decision
    assert ask(own, "mumbai", "missing").json()["id"] != request


def test_a_request_that_stands_is_not_made_twice(own: Pair) -> None:
    first, second = ask(own, "family", "rescued").json(), ask(own, "family", "rescued", purpose="repatriation").json()
    assert second == first
    decide(own.house, "shelter", first["id"], "accept")
    assert ask(own, "family", "rescued").json()["id"] == first["id"]
    assert decide(own.house, "shelter", first["id"], "accept").status_code == 409


def test_strangers_and_owners_hear_that_there_is_no_such_match(own: Pair) -> None:
    form = {"side": "rescued", "purpose": PURPOSE}
    path, unknown = f"/v1/matches/{own.match_id}/disclosures", "/v1/matches/match_none/disclosures"
    for who in ("stranger", "shelter"):  # the shelter owns that side
        answer = own.house.ask(who, "POST", path, json=form)
        assert (answer.status_code, answer.content) == (
            404, own.house.ask(who, "POST", unknown, json=form).content,
        )  # fmt: skip
    request = ask(own, "family", "rescued").json()["id"]
    for who in ("family", "mumbai", "stranger"):  # who asked does not decide
        for decision in ("accept", "refuse", "withdraw"):
            answer = decide(own.house, who, request, decision)
            nothing = decide(own.house, who, "disclosure_none", decision)
            assert (answer.status_code, answer.content) == (404, nothing.content), (who, decision)
    assert listed(own.house, "stranger") == []
    assert listed(own.house, "mumbai") == []
    assert [one["state"] for one in listed(own.house, "family")] == ["requested"]


@pytest.mark.parametrize("form", [{"purpose": "curiosity"}, {"side": "both"}, {"purpose": None}, {"more": "x"}])
def test_a_purpose_is_one_of_a_few(own: Pair, form: dict[str, Any]) -> None:
    asked = {"side": "rescued", "purpose": PURPOSE} | form
    path = f"/v1/matches/{own.match_id}/disclosures"
    assert own.house.ask("family", "POST", path, json=asked).status_code == 422


@pytest.mark.parametrize("end", ["sharing", "matching", "erased", "match"])
def test_what_was_granted_ends_with_what_it_rests_on(own: Pair, end: str) -> None:
    house = own.house
    decide(house, "shelter", ask(own, "family", "rescued").json()["id"], "accept")
    path = f"/v1/cases/{own.rescued_id}"
    assert view(house, "family", own.rescued_id) == "disclosed"
    if end == "erased":
        assert house.ask("shelter", "DELETE", path, params={"reason": "wish"}).status_code == 204
    else:
        who, case_id = ("family", own.missing_id) if end == "match" else ("shelter", own.rescued_id)
        consents = house.ask(who, "GET", f"/v1/cases/{case_id}/consents").json()
        wanted = "matching" if end == "match" else end
        (consent,) = [one["id"] for one in consents if one["purpose"] == wanted]
        assert house.ask(who, "POST", f"/v1/cases/{case_id}/consents/{consent}/withdraw").status_code == 200
    answer = house.ask("family", "GET", path)
    assert (answer.status_code, answer.content) == (404, house.ask("family", "GET", "/v1/cases/case_none").content)


def test_requests_are_listed_by_state_and_page_by_page(fresh_house: House) -> None:
    house = fresh_house
    house.enter("family", REPORT)
    requests = []
    for number in range(3):
        match_id = house.enter("shelter", RESCUE | {"external_id": f"R{number}"})["matches"][0]["id"]
        form = {"side": "rescued", "purpose": "home-investigation"}
        answer = house.ask("family", "POST", f"/v1/matches/{match_id}/disclosures", json=form)
        requests.append(answer.json()["id"])
    decide(house, "shelter", requests[1], "accept")
    assert [one["id"] for one in listed(house, "shelter", state="accepted")] == [requests[1]]
    assert [one["id"] for one in listed(house, "shelter", state="requested")] == [requests[0], requests[2]]
    first = house.ask("family", "GET", "/v1/disclosures", params={"limit": 2}).json()
    rest = house.ask("family", "GET", "/v1/disclosures", params={"limit": 2, "after": first["next"]}).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == requests
    assert rest["next"] is None


def test_every_step_is_audited_with_its_purpose(own: Pair) -> None:
    request = ask(own, "family", "rescued").json()["id"]
    for decision in ("accept", "withdraw"):
        decide(own.house, "shelter", request, decision)
    with own.house.sandhan.database.read() as conn:
        noted = [one for one in audit.entries(conn, subject=own.rescued_id, limit=999) if "disclosure" in one.action]
    assert [(one.action, one.actor) for one in noted] == [
        ("disclosure.requested", own.house["family"].key_id),
        ("disclosure.accepted", own.house["shelter"].key_id),
        ("disclosure.withdrawn", own.house["shelter"].key_id),
    ]
    assert {one.purpose for one in noted} == {PURPOSE}


def test_deciding_and_asking_are_permissions_of_their_own(own: Pair) -> None:
    house = own.house
    request = ask(own, "family", "rescued").json()["id"]
    less = house.key_with("shelter", "matches:read", "cases:read", "names:read")
    assert house.client.post(f"/v1/disclosures/{request}/accept", headers=less).status_code == 403
    path, form = f"/v1/matches/{own.match_id}/disclosures", {"side": "missing", "purpose": PURPOSE}
    assert house.client.post(path, headers=less, json=form).status_code == 403
