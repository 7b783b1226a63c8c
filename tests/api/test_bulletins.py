"""Bulletins over HTTP: who may publish what to whom, what is refused, who reads it, and how it ends."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import select

from api.store import audit, authorisations, bulletins, cases, knowing, outbox, partners
from api.store.duty_tables import bulletins as bulletin_rows
from api.store.partners import Partner
from api.store.tables import matches as match_rows
from api.store.tables import outbox as outbox_rows

from .agreeing import proposed, taken
from .conftest import FACELESS, GREEN, REPORT, RESCUE, House, picture
from .town import Town

FIELDS = ["name", "age", "sex", "last_seen", "place", "marks"]
SHOWN = REPORT | {"event_country": "India", "event_state": "West Bengal", "event_district": "South 24 Parganas"}
NEVER = ("রমেশ", "মালতী", "গোসাবা", "55501", "4821", "beauty parlour", "নদীর", "বুড়ি", "FIR-2023-77")
"""Of the report, what no bulletin may hold: family, village, phone, identifiers, narrative, nicknames."""


@dataclass(repr=False)
class Desk:
    """A missing report of the family's organisation, the publisher who may authorise, and short ways to ask."""

    town: Town
    publisher: dict[str, str]
    case_id: str
    photo_id: str
    left: list[str] = field(default_factory=list)

    @property
    def house(self) -> House:
        return self.town.house

    def consent(self, purpose: str = "publication", who: str = "family", **more: str) -> str:
        form = {"purpose": purpose, "basis": "guardian_consent", "given_by": "guardian", **more}
        answer = self.house.ask(who, "POST", f"/v1/cases/{self.case_id}/consents", json=form)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def authorise(self, headers: dict[str, str] | None = None, case_id: str | None = None, **more: Any) -> Any:
        until = (self.house.clock() + timedelta(days=30)).date().isoformat()
        form = {
            "authority": "cwc", "authority_name": "CWC South 24 Parganas", "order_number": "CWC/114/26",
            "scope": {"kinds": ["ahtu", "ngo"]}, "fields": FIELDS, "with_photo": True, "until": until, **more,
        }  # fmt: skip
        path = f"/v1/cases/{case_id or self.case_id}/publication-authorisations"
        return self.house.client.post(path, json=form, headers=headers or self.publisher)

    def authorised(self, **more: Any) -> str:
        answer = self.authorise(**more)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def publish(self, *to: str, who: str = "family", case_id: str | None = None, **more: Any) -> httpx.Response:
        authorisation = more.pop("authorisation_id", None) or self.authorised()
        form = {"authorisation_id": authorisation, "recipients": [self.house[one].id for one in to], **more}
        return self.house.ask(who, "POST", f"/v1/cases/{case_id or self.case_id}/bulletins", json=form)

    def published(self, *to: str, **more: Any) -> dict[str, Any]:
        answer = self.publish(*to, **({"photo_id": self.photo_id} | more))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def partner(self, who: str) -> Partner:
        with self.house.sandhan.database.read() as conn:
            found = partners.get_partner(conn, self.house[who].id)
        assert found is not None
        return found

    def read(self, who: str, bulletin_id: str) -> httpx.Response:
        return self.house.ask(who, "GET", f"/v1/bulletins/{bulletin_id}")

    def photo(self, who: str, bulletin_id: str) -> httpx.Response:
        return self.house.ask(who, "GET", f"/v1/bulletins/{bulletin_id}/photo")

    def told(self, who: str, bulletin_id: str) -> list[dict[str, Any]]:
        with self.house.sandhan.database.read() as conn:
            found = knowing.alerts_of_subject(conn, "bulletin", bulletin_id)
        mine = [one.id for one in found if one.recipient_id == self.house[who].id]
        return [self.house.ask(who, "GET", f"/v1/alerts/{one}").json() for one in mine]


_numbers = itertools.count(1)


def desk_in(house: House) -> Desk:
    town = Town(house)
    number = next(_numbers)
    # Content that was erased is not taken again, so that no two are the same.
    own = {"external_id": f"FIR-2023-77-{number}", "narrative": f"{REPORT['narrative']} ({number})"}
    body = house.enter("family", SHOWN | own, picture(GREEN))
    publisher = town.enrolled("family", "publisher").headers()
    return Desk(town, publisher, body["case"]["id"], body["case"]["photos"][0]["id"])


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    """A desk of its own in the house of the module."""
    made = desk_in(house)
    yield made
    headers = house.key_with("family", "agreements:manage")
    for agreement in made.left:
        assert house.client.post(f"/v1/agreements/{agreement}/accept", headers=headers).status_code == 200


@pytest.fixture
def open_desk(desk: Desk) -> Desk:
    """A desk at which publication is agreed to."""
    desk.consent()
    return desk


@pytest.fixture
def fresh_desk(fresh_house: House) -> Desk:
    """The only desk of its house."""
    made = desk_in(fresh_house)
    made.consent()
    return made


def refused(answer: httpx.Response, status: int, code: str) -> str:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return str(answer.json()["detail"])


def kept(desk: Desk, bulletin_id: str) -> tuple[bytes | None, bytes | None]:
    with desk.house.sandhan.database.read() as conn:
        columns = select(bulletin_rows.c.sealed, bulletin_rows.c.photo).where(bulletin_rows.c.id == bulletin_id)
        return tuple(conn.execute(columns).one())  # type: ignore[return-value]


# --- what is shown, and to whom


def test_a_recipient_reads_what_was_authorised_and_nothing_else(open_desk: Desk) -> None:
    made = open_desk.published("ahtu", "mumbai")
    answer = open_desk.read("ahtu", made["id"])
    seen = answer.json()
    assert (answer.status_code, seen["state"], seen["issuer"], seen["has_photo"]) == (200, "published", "family", True)
    assert answer.headers["cache-control"] == "no-store"
    assert seen["content"] == {
        "name": ["সুনীতা মণ্ডল"], "age": [15, 15], "sex": "female", "last_seen": ["2023-08-14", "2023-08-14"],
        "place": "South 24 Parganas, West Bengal, India", "marks": ["mole on left cheek"],
    }  # fmt: skip
    assert (seen["case_id"], seen["authorisation_id"], seen["reason"], seen["recipients"]) == (None, None, None, None)
    shown = json.dumps(seen, ensure_ascii=False)
    assert [word for word in NEVER if word in shown] == []
    photo = open_desk.photo("ahtu", made["id"])
    assert (photo.status_code, photo.headers["cache-control"]) == (200, "no-store")
    own = open_desk.house.ask("family", "GET", f"/v1/cases/{open_desk.case_id}/photos/{open_desk.photo_id}")
    assert photo.content == own.content


def test_to_all_others_there_is_no_such_bulletin(open_desk: Desk) -> None:
    made = open_desk.published("ahtu")
    for who in ("mumbai", "stranger", "shelter"):
        for answer, none in (
            (open_desk.read(who, made["id"]), open_desk.read(who, "bulletin_none")),
            (open_desk.photo(who, made["id"]), open_desk.photo(who, "bulletin_none")),
        ):
            assert (answer.status_code, answer.content) == (404, none.content), who
        assert made["id"] not in open_desk.house.ask(who, "GET", "/v1/bulletins?limit=200").text
        down = open_desk.house.ask(who, "POST", f"/v1/bulletins/{made['id']}/take-down", json={"reason": "error"})
        assert down.status_code == 404
    down = open_desk.house.ask("ahtu", "POST", f"/v1/bulletins/{made['id']}/take-down", json={"reason": "error"})
    assert down.status_code == 404, "a recipient takes nothing down"


def test_it_shows_no_more_than_was_chosen(open_desk: Desk) -> None:
    made = open_desk.published("ahtu", fields=["age", "sex"], photo_id=None)
    assert open_desk.read("ahtu", made["id"]).json()["content"] == {
        "name": None, "age": [15, 15], "sex": "female", "last_seen": None, "place": None, "marks": None,
    }  # fmt: skip
    assert open_desk.photo("ahtu", made["id"]).status_code == 404


def test_it_is_frozen(open_desk: Desk) -> None:
    made = open_desk.published("ahtu")
    changed = SHOWN | {"name": "অন্য নাম"}
    assert open_desk.house.ask("family", "PUT", f"/v1/cases/{open_desk.case_id}", json=changed).status_code == 200
    assert open_desk.read("ahtu", made["id"]).json()["content"]["name"] == ["সুনীতা মণ্ডল"]


def test_the_alert_tells_that_there_is_one_and_nothing_of_the_child(open_desk: Desk) -> None:
    made = open_desk.published("ahtu")
    (alert,) = open_desk.told("ahtu", made["id"])
    assert (alert["kind"], alert["event"], alert["match_id"], alert["your_record_id"]) == (
        "bulletin", "published", None, None,
    )  # fmt: skip
    assert alert["due_at"] is not None
    house = open_desk.house
    house.sandhan.dispatcher.run_once()
    with house.sandhan.database.read() as conn:
        payloads = json.dumps([row.payload for row in conn.execute(select(outbox_rows))], ensure_ascii=False)
    for word in ("সুনীতা", "24 Parganas", "mole", open_desk.case_id, open_desk.photo_id, "CWC"):
        assert word not in payloads


def test_who_may_not_read_names_sees_that_there_is_one(open_desk: Desk) -> None:
    made = open_desk.published("ahtu")
    headers = open_desk.house.key_with("ahtu", "cases:read")
    seen = open_desk.house.client.get(f"/v1/bulletins/{made['id']}", headers=headers).json()
    assert (seen["state"], seen["content"]) == ("published", None)
    photo = open_desk.house.client.get(f"/v1/bulletins/{made['id']}/photo", headers=headers)
    assert "names:read" in refused(photo, 403, "not_permitted")
    own = open_desk.house.key_with("family", "cases:read")
    path = f"/v1/cases/{open_desk.case_id}/publication-authorisations"
    (given,) = open_desk.house.client.get(path, headers=own).json()["items"]
    assert (given["authority_name"], given["order_number"]) == (None, None)


def test_every_read_stands_in_the_owners_log(open_desk: Desk) -> None:
    made = open_desk.published("ahtu")
    open_desk.read("ahtu", made["id"])
    open_desk.photo("ahtu", made["id"])
    with open_desk.house.sandhan.database.read() as conn:
        rows = audit.entries_for(conn, open_desk.house["family"].id, subject=open_desk.case_id, limit=100)
    by = {row.action: row.actor for row in rows}
    assert by["bulletin.read"] == by["bulletin.photo_read"] == open_desk.house["ahtu"].key_id
    assert {"publication.authorised", "bulletin.published"} <= by.keys()
    (receipt,) = open_desk.read("family", made["id"]).json()["recipients"]
    assert receipt["first_read_at"] is not None


def test_the_lists(fresh_desk: Desk) -> None:
    first, second = fresh_desk.published("ahtu"), fresh_desk.published("ahtu", "mumbai")
    house = fresh_desk.house

    def listed(who: str, query: str = "") -> list[str]:
        items = house.ask(who, "GET", f"/v1/bulletins{query}").json()["items"]
        assert all(item["content"] is None for item in items)
        return [item["id"] for item in items]

    assert listed("ahtu") == [first["id"], second["id"]]
    assert listed("mumbai") == [second["id"]]
    assert listed("family") == []
    assert listed("family", "?direction=outgoing") == [first["id"], second["id"]]
    assert listed("family", f"?direction=outgoing&case_id={fresh_desk.case_id}") == [first["id"], second["id"]]
    assert listed("family", "?direction=outgoing&case_id=case_none") == []
    assert listed("ahtu", f"?case_id={fresh_desk.case_id}") == [], "of which case it is, nobody finds out"
    page = house.ask("ahtu", "GET", "/v1/bulletins?limit=1").json()
    rest = house.ask("ahtu", "GET", f"/v1/bulletins?limit=1&after={page['next']}").json()
    assert ([item["id"] for item in page["items"] + rest["items"]], rest["next"]) == (
        [first["id"], second["id"]], None,
    )  # fmt: skip
    house.ask("family", "POST", f"/v1/bulletins/{first['id']}/take-down", json={"reason": "error"})
    assert listed("ahtu") == [second["id"]]
    assert listed("ahtu", "?live_only=false") == [first["id"], second["id"]]


def test_the_same_key_publishes_once_and_its_answer_shows_nothing_of_the_child(open_desk: Desk) -> None:
    given = open_desk.authorised()
    form = {"authorisation_id": given, "recipients": [open_desk.house["ahtu"].id]}
    path, key = f"/v1/cases/{open_desk.case_id}/bulletins", {"Idempotency-Key": "8e03978e-40d5"}
    first, again = (open_desk.house.ask("family", "POST", path, json=form, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code, again.headers["idempotent-replayed"]) == (201, 201, "true")
    assert first.json()["id"] == again.json()["id"]
    assert (first.json()["content"] is None, again.json()["content"]) == (False, None)


# --- what is refused


def test_of_a_rescued_child_nothing_is_published(open_desk: Desk) -> None:
    house = open_desk.house
    rescued = house.enter("family", RESCUE, picture(GREEN), face_consent=True)["case"]["id"]
    assert (
        house.ask("family", "POST", f"/v1/cases/{rescued}/consents", json={"purpose": "publication"}).status_code == 201
    )
    for answer in (
        open_desk.authorise(case_id=rescued),
        open_desk.publish("ahtu", case_id=rescued),
    ):
        detail = refused(answer, 403, "publication_forbidden")
        assert "Juvenile Justice Act 2015, s. 74" in detail
        assert "POCSO Act 2012, s. 23" in detail


@pytest.mark.parametrize("sign", ["verified", "restored", "placed_safely", "rescue", "return"])
def test_who_is_known_to_be_found_is_published_no_more(fresh_desk: Desk, sign: str) -> None:
    made = fresh_desk.published("ahtu")
    given = made["authorisation_id"]
    house, own = fresh_desk.house, f"/v1/cases/{fresh_desk.case_id}"
    if sign == "rescue":
        stage = {"stage": "rescue", "entered_on": "2026-10-28"}
        assert house.ask("family", "POST", f"{own}/stages", json=stage).status_code == 201
    elif sign == "return":
        assert house.ask("family", "POST", f"{own}/return", json={"returned_on": "2026-10-28"}).status_code == 201
    else:
        house.enter("shelter", RESCUE)
        with house.sandhan.database.write() as conn:
            changed = match_rows.update().where(match_rows.c.missing_id == fresh_desk.case_id).values(state=sign)
            assert conn.execute(changed).rowcount == 1
    refused(fresh_desk.publish("mumbai", authorisation_id=given), 403, "publication_forbidden")
    refused(fresh_desk.authorise(), 403, "publication_forbidden")
    assert fresh_desk.read("ahtu", made["id"]).json()["state"] == "taken_down"
    assert [one["event"] for one in fresh_desk.told("ahtu", made["id"])] == ["published", "taken_down"]


def test_a_report_that_is_being_made_or_compared_is_not_found(fresh_desk: Desk) -> None:
    stage = {"stage": "reporting", "entered_on": "2023-08-15"}
    assert (
        fresh_desk.house.ask("family", "POST", f"/v1/cases/{fresh_desk.case_id}/stages", json=stage).status_code == 201
    )
    fresh_desk.house.enter("shelter", RESCUE)  # a possible match
    assert fresh_desk.publish("ahtu").status_code == 201


def test_a_return_that_was_a_mistake_forbids_nothing_though_one_visit_was_made(fresh_desk: Desk) -> None:
    house, own = fresh_desk.house, f"/v1/cases/{fresh_desk.case_id}"
    first, *others = house.ask("family", "POST", f"{own}/return", json={"returned_on": "2026-10-28"}).json()["items"]
    settled = [(first, "missed", "not_found"), (others[0], "cancelled", "mistake")]
    refused(fresh_desk.authorise(), 403, "publication_forbidden")
    for visit, state, outcome in settled:
        form = {"state": state, "outcome": outcome}
        assert house.ask("family", "POST", f"{own}/follow-ups/{visit['id']}", json=form).status_code == 200
    assert fresh_desk.publish("ahtu").status_code == 201


def test_where_a_protected_child_was_is_not_published(open_desk: Desk) -> None:
    made, kept_back = open_desk.published("ahtu"), open_desk.published("ahtu", fields=["name"])
    given = open_desk.authorised()
    protected = SHOWN | {"protect_location": True}
    assert open_desk.house.ask("family", "PUT", f"/v1/cases/{open_desk.case_id}", json=protected).status_code == 200
    refused(open_desk.authorise(), 403, "publication_forbidden")
    refused(open_desk.publish("ahtu", authorisation_id=given), 403, "publication_forbidden")
    assert open_desk.publish("ahtu", authorisation_id=given, fields=["name", "age"]).status_code == 201
    assert open_desk.read("ahtu", made["id"]).json()["content"] is None
    assert open_desk.read("ahtu", kept_back["id"]).json()["content"]["name"] == ["সুনীতা মণ্ডল"]


def test_software_authorises_nothing(open_desk: Desk) -> None:
    key = open_desk.house.key_with("family", "publication:authorise", "names:read")
    refused(open_desk.authorise(headers=key), 403, "person_needed")
    manager = open_desk.town.enrolled("family", "case_manager").headers()
    refused(open_desk.authorise(headers=manager), 403, "not_permitted")
    stranger = open_desk.town.enrolled("mumbai", "publisher").headers()
    refused(open_desk.authorise(headers=stranger), 404, "not_found")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"scope": {}}, "scope"),
        ({"scope": {"areas": ["Atlantis"]}}, "areas"),
        ({"fields": [], "with_photo": False}, "fields"),
        ({"fields": ["address"]}, "fields.0"),
        ({"authority": "newspaper"}, "authority"),
        ({"order_number": " "}, "order_number"),
        ({"until": "2026-10-31"}, "until"),
        ({"until": "2027-06-01"}, "until"),
        ({"until": "9999-12-31"}, "until"),
    ],
    ids=str,
)
def test_an_order_that_names_nobody_nothing_or_no_end_is_none(open_desk: Desk, wrong: Any, field: str) -> None:
    answer = open_desk.authorise(**wrong)
    refused(answer, 422, "invalid_request")
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        ({"partners": ["mumbai"]}, ["mumbai"]),
        ({"kinds": ["ahtu"]}, ["ahtu", "stranger"]),
        ({"areas": ["IN/WB"]}, ["ahtu"]),
        ({"areas": ["IN"]}, ["ahtu", "stranger", "mumbai", "shelter"]),
        ({"kinds": ["ngo", "shelter"], "areas": ["India, Maharashtra"]}, ["mumbai", "shelter"]),
        ({"kinds": ["police"], "partners": ["ahtu"]}, ["ahtu"]),
    ],
)
def test_recipients_lie_within_the_scope(open_desk: Desk, scope: dict[str, list[str]], covered: list[str]) -> None:
    house = open_desk.house
    named = scope | ({"partners": [house[one].id for one in scope["partners"]]} if "partners" in scope else {})
    given = open_desk.authorised(scope=named)
    for who in ("ahtu", "stranger", "mumbai", "shelter"):
        answer = open_desk.publish(who, authorisation_id=given)
        if who in covered:
            assert answer.status_code == 201, (who, answer.text)
        else:
            refused(answer, 422, "invalid_request")
            assert answer.json()["errors"][0]["field"] == "recipients"


def test_what_stands_against_publishing(desk: Desk) -> None:
    house = desk.house
    refused(desk.publish("ahtu"), 409, "publication_not_agreed")
    desk.consent(recipients="police")
    assert desk.publish("ahtu").status_code == 201
    refused(desk.publish("mumbai"), 409, "publication_not_agreed")
    desk.consent(recipients="ngo")
    assert desk.publish("mumbai").status_code == 201
    house.join("apart", "ngo", agrees=False)
    refused(desk.publish("apart"), 409, "no_agreement")
    given = desk.authorised()
    refused(desk.publish("ahtu", authorisation_id="authorisation_none"), 404, "not_found")
    refused(desk.publish("ahtu", who="mumbai", authorisation_id=given), 404, "not_found")
    for wrong in ("operator", "family"):
        answer = desk.publish(wrong, authorisation_id=given)
        assert answer.status_code == (404 if wrong == "operator" else 422)
    few = desk.authorised(fields=["age"], with_photo=False)
    refused(desk.publish("ahtu", authorisation_id=few, fields=["age", "name"]), 422, "invalid_request")
    refused(desk.publish("ahtu", authorisation_id=few, photo_id=desk.photo_id), 422, "invalid_request")
    house.ask("family", "POST", f"/v1/cases/{desk.case_id}/close")
    refused(desk.publish("ahtu", authorisation_id=given), 409, "case_closed")
    headers = house.key_with("family", "cases:write")
    form = {"authorisation_id": given, "recipients": [house["ahtu"].id]}
    answer = house.client.post(f"/v1/cases/{desk.case_id}/bulletins", json=form, headers=headers)
    assert "names:read" in refused(answer, 403, "not_permitted")


def test_another_cases_authorisation_is_none(open_desk: Desk) -> None:
    other = open_desk.house.enter("family", {"side": "missing", "name": "Rina"})["case"]["id"]
    given = open_desk.authorised()
    refused(open_desk.publish("ahtu", case_id=other, authorisation_id=given), 404, "not_found")
    path = f"/v1/cases/{other}/publication-authorisations/{given}/withdraw"
    refused(open_desk.house.client.post(path, headers=open_desk.publisher), 404, "not_found")


def test_a_photo_that_was_not_read_or_shows_others_is_not_published(open_desk: Desk) -> None:
    house, given = open_desk.house, open_desk.authorised()
    two = Image.new("RGB", (96, 96), GREEN)
    two.paste((160, 96, 96), (48, 0, 96, 96))
    out = io.BytesIO()
    two.save(out, "JPEG", quality=95)
    body = house.enter("family", SHOWN | {"external_id": "other"}, out.getvalue(), picture(FACELESS))
    assert [photo["state"] for photo in body["case"]["photos"]] == ["failed", "failed"]
    wrong = [photo["id"] for photo in body["case"]["photos"]]
    answer = house.send("family", SHOWN, out.getvalue(), path=f"/v1/cases/{open_desk.case_id}", method="PUT")
    several = answer.json()["case"]["photos"][-1]
    assert several["faces_seen"] is not None
    box = several["faces_seen"]["boxes"][0]
    chosen = house.ask(
        "family", "POST", f"/v1/cases/{open_desk.case_id}/photos/{several['id']}/face", json={"box": box}
    ).json()
    assert chosen["state"] == "embedded", "compared it may be, and shown it may not"
    for photo_id in (*wrong, several["id"], "photo_none"):
        refused(open_desk.publish("ahtu", authorisation_id=given, photo_id=photo_id), 422, "invalid_request")


# --- how it ends


def end(desk: Desk, how: str, made: dict[str, Any], consent: str) -> str:
    """End a bulletin in one of many ways; return the reason that its issuer is told."""
    house, own = desk.house, f"/v1/cases/{desk.case_id}"
    match how:
        case "closed":
            assert house.ask("family", "POST", f"{own}/close").status_code == 200
        case "authorisation_withdrawn":
            path = f"{own}/publication-authorisations/{made['authorisation_id']}/withdraw"
            assert house.client.post(path, headers=desk.publisher).json()["withdrawn_at"] is not None
        case "authorisation_expired":
            house.clock.advance(days=31)
        case "consent_withdrawn":
            assert house.ask("family", "POST", f"{own}/consents/{consent}/withdraw").status_code == 200
            return "nobody_left"
        case "agreement_ended":
            for agreement in house.ask("family", "GET", "/v1/agreements").json()["items"]:
                headers = house.key_with("family", "agreements:manage")
                left = house.client.post(f"/v1/agreements/{agreement['id']}/leave", headers=headers)
                assert left.status_code == 200
                desk.left.append(agreement["id"])
            return "nobody_left"
        case "error":
            down = house.ask("family", "POST", f"/v1/bulletins/{made['id']}/take-down", json={"reason": "error"})
            assert down.json()["state"] == "taken_down"
        case "erased":
            assert house.ask("family", "DELETE", f"{own}?reason=wish").status_code == 204
        case "expired":
            with house.sandhan.database.write() as conn:
                cases.keep_until(conn, desk.case_id, house.clock())
        case _:
            raise AssertionError(how)
    return how


WAYS = ("closed", "authorisation_withdrawn", "authorisation_expired", "consent_withdrawn", "agreement_ended", "error",
        "erased", "expired")  # fmt: skip


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("swept", [True, False], ids=["swept", "found when read"])
def test_however_it_ends_nothing_is_left_to_be_read_and_everybody_is_told(desk: Desk, how: str, swept: bool) -> None:
    consent = desk.consent()
    made = desk.published("ahtu", "mumbai")
    house = desk.house
    (before,) = desk.told("ahtu", made["id"])
    reason = end(desk, how, made, consent)
    if swept:
        house.sandhan.bulletins.sweep()
    if how in ("authorisation_expired", "expired"):
        house.clock.advance(seconds=1)
    for who in ("ahtu", "mumbai"):
        seen = desk.read(who, made["id"]).json()
        assert (seen["state"], seen["content"], seen["has_photo"], seen["reason"]) == ("taken_down", None, False, None)
        assert desk.photo(who, made["id"]).status_code == 404
        first, second = desk.told(who, made["id"])
        assert (first["event"], first["state"]) == ("published", "recalled")
        assert (second["event"], second["about_id"], second["state"]) == ("taken_down", first["id"], "queued")
        assert second["other_organisation"] is None
        assert second["due_at"] > (house.clock() + timedelta(hours=23, minutes=59)).isoformat()
    assert kept(desk, made["id"]) == (None, None)
    with house.sandhan.database.read() as conn:
        states = {message.state for message in outbox.messages_of(conn, before["id"])}
        stored = bulletins.get(conn, made["id"])
        assert stored is not None
        assert stored.reason == reason
    assert states == {"dead_letter"}, "what had not gone out stays here"
    told = desk.told("ahtu", made["id"])
    house.sandhan.bulletins.sweep()
    assert desk.told("ahtu", made["id"]) == told, "told once"
    own = desk.read("family", made["id"]).json()
    assert (own["state"], own["content"]) == ("taken_down", None)
    answer = house.ask("ahtu", "POST", f"/v1/alerts/{told[-1]['id']}/acknowledge")
    assert answer.status_code == 200
    (mine,) = [
        one for one in desk.read("family", made["id"]).json()["recipients"] if one["partner_id"] == house["ahtu"].id
    ]
    assert mine["taken_down_acknowledged_at"] is not None


def test_what_comes_back_brings_no_bulletin_back(open_desk: Desk) -> None:
    made = open_desk.published("ahtu")
    house, own = open_desk.house, f"/v1/cases/{open_desk.case_id}"
    assert house.ask("family", "POST", f"{own}/close").status_code == 200
    assert house.ask("family", "POST", f"{own}/reopen").status_code == 200
    assert open_desk.read("ahtu", made["id"]).json()["content"] is None
    again = open_desk.published("ahtu", authorisation_id=made["authorisation_id"])
    assert open_desk.read("ahtu", again["id"]).json()["content"] is not None


def test_consent_withdrawn_for_some_ends_it_for_those(desk: Desk) -> None:
    desk.consent(recipients="police")
    for_ngos = desk.consent(recipients="ngo")
    made = desk.published("ahtu", "mumbai")
    path = f"/v1/cases/{desk.case_id}/consents/{for_ngos}/withdraw"
    assert desk.house.ask("family", "POST", path).status_code == 200
    assert [one["event"] for one in desk.told("mumbai", made["id"])] == ["published", "taken_down"]
    assert desk.read("mumbai", made["id"]).json()["content"] is None
    assert desk.photo("mumbai", made["id"]).status_code == 404
    assert desk.read("ahtu", made["id"]).json()["content"] is not None
    assert [one["event"] for one in desk.told("ahtu", made["id"])] == ["published"]


def test_a_case_that_is_handed_over_takes_its_bulletins_down(open_desk: Desk) -> None:
    made = open_desk.published("ahtu")
    referral = proposed(open_desk.house, "family", open_desk.case_id, "mumbai", "transfer")
    referral = taken(open_desk.house, "mumbai", referral, "accept")
    taken(open_desk.house, "mumbai", referral, "complete")
    assert open_desk.read("ahtu", made["id"]).json()["content"] is None
    form = {"authorisation_id": made["authorisation_id"], "recipients": [open_desk.house["ahtu"].id]}
    answer = open_desk.house.ask("mumbai", "POST", f"/v1/cases/{open_desk.case_id}/bulletins", json=form)
    refused(answer, 409, "authorisation_over")


def test_an_erased_case_keeps_no_word_of_the_order(open_desk: Desk) -> None:
    given = open_desk.authorised()
    assert open_desk.house.ask("family", "DELETE", f"/v1/cases/{open_desk.case_id}?reason=wish").status_code == 204
    with open_desk.house.sandhan.database.read() as conn:
        found = authorisations.get(conn, given)
    assert found is not None
    assert (found.name, found.order_number) == (None, None)
    assert found.withdrawn_at is not None


def test_the_last_day_is_that_of_the_owner(fresh_desk: Desk) -> None:
    house = fresh_desk.house
    changed = house.ask("operator", "PATCH", f"/v1/partners/{house['family'].id}", json={"time_zone": "Asia/Kolkata"})
    assert changed.status_code == 200
    given = fresh_desk.authorise(until="2026-11-01").json()
    assert given["expires_at"] == "2026-11-02T00:00:00+05:30"
