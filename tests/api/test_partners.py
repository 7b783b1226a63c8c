"""Partners come in through an operator, get their secrets once, and see of each other what all may see."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from api.access import CLIENT
from api.alerts.notice import AlertNotice
from api.store import audit, partners, tables

from .conftest import House

FORM = {"name": "Asha Trust", "kind": "ngo", "country": "BD", "areas": ["BD"], "email": "asha@example.org"}


def test_an_operator_registers_a_partner_whose_key_works(house: House) -> None:
    form = FORM | {"webhook_url": "https://asha.example.org/alerts"}
    answer = house.ask("operator", "POST", "/v1/partners", json=form)
    assert answer.status_code == 201
    body = answer.json()
    assert body["id"].startswith("partner_")
    assert (body["name"], body["kind"], body["country"], body["areas"]) == ("Asha Trust", "ngo", "BD", ["BD"])
    assert body["webhook_secret"].startswith("whsec_")
    for headers in ({"Authorization": f"Bearer {body['api_key']}"}, {"X-API-Key": body["api_key"]}):
        assert house.client.get("/v1/cases", headers=headers).json() == {"items": [], "next": None}


def test_the_key_is_kept_as_a_hash_only_and_the_registration_is_audited(house: House) -> None:
    body = house.ask("operator", "POST", "/v1/partners", json=FORM).json()
    with house.sandhan.database.read() as conn:
        stored = [tuple(row) for table in (tables.partners, tables.api_keys) for row in conn.execute(select(table))]
        (entry,) = audit.entries(conn, subject=body["id"], limit=10)
    assert stored
    assert body["api_key"] not in repr(stored)
    assert (entry.action, entry.actor) == ("partner.registered", house["operator"].key_id)
    assert body["webhook_secret"] is None  # there is nothing to sign for


def test_the_first_key_may_do_what_is_said_and_by_itself_reads_no_names(house: House) -> None:
    for said, permissions in ((None, list(CLIENT)), (["cases:read", "names:read"], ["cases:read", "names:read"])):
        form = FORM if said is None else FORM | {"key_permissions": said}
        body = house.ask("operator", "POST", "/v1/partners", json=form).json()
        with house.sandhan.database.read() as conn:
            (key,) = partners.list_keys(conn, body["id"])
            (entry,) = audit.entries(conn, subject=body["id"], limit=10)
        assert list(key.permissions) == permissions == entry.detail["permissions"]
    for wrong in (["partners:write"], ["keys:manage"], ["all"], []):
        assert house.ask("operator", "POST", "/v1/partners", json=FORM | {"key_permissions": wrong}).status_code == 422


def test_areas_may_be_written_as_names(house: House) -> None:
    form = FORM | {"areas": ["India, West Bengal", "IN/AS"]}
    assert house.ask("operator", "POST", "/v1/partners", json=form).json()["areas"] == ["IN/AS", "IN/WB"]


def test_partners_see_who_takes_part_and_nothing_more(house: House) -> None:
    for who in ("operator", "shelter", "stranger"):
        items = house.ask(who, "GET", "/v1/partners").json()["items"]
        assert {"shelter", "family", "ahtu"} <= {item["name"] for item in items}
        shown = {"id", "name", "kind", "country", "areas", "language", "time_zone", "office_hours", "residency"}
        assert all(item.keys() == shown for item in items)
        assert "@" not in json.dumps(items)


@pytest.mark.parametrize("who", ["shelter", "ahtu"])
def test_only_operators_register_partners(house: House, who: str) -> None:
    before = house.row_counts()
    answer = house.ask(who, "POST", "/v1/partners", json=FORM)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
    assert house.row_counts() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "A"),
        ("name", "Asha\nTrust"),
        ("name", "Asha\u202eTrust"),
        ("name", "Asha\u0000Trust"),
        ("name", None),
        ("kind", "operator"),
        ("country", "india"),
        ("language", "en\u0000"),
        ("areas", ["Atlantis"]),
        ("areas", ["IN/WB/../AS"]),
        ("areas", ["IN/WB\u0000"]),
        ("areas", "IN/WB"),
        ("email", "nobody"),
        ("email", "nobody@nowhere"),
        ("email", "no\u0000body@example.org"),
        ("webhook_url", "ftp://example.org"),
        ("webhook_url", "http://example.org/plain"),
        ("webhook_url", "https://127.0.0.1/alerts"),
        ("webhook_url", "https://169.254.169.254/latest"),
        ("name", "Hidden\u202ename"),
        ("name", "Hid\u200dden name"),
        ("date_of_birth", "1990"),
    ],
)
def test_a_wrong_field_is_named_and_stores_nothing(house: House, field: str, value: object) -> None:
    before = house.row_counts()
    answer = house.ask("operator", "POST", "/v1/partners", json=FORM | {field: value})
    body = answer.json()
    assert (answer.status_code, body["code"]) == (422, "invalid_request"), body
    assert field in body["detail"]
    assert [error["field"].split(".")[0] for error in body["errors"]] in ([field], [])
    if isinstance(value, str) and len(value) > 4:
        assert value not in answer.text
    assert house.row_counts() == before


@pytest.mark.parametrize("name", ["র\u200d\u09cd\u09afাব ঢাকা", "गर\u094d\u200dयो संस्था", "ကလေး\u200bအဖွဲ့"])
def test_a_name_is_written_with_what_shapes_its_letters_and_stands_so_in_alerts(house: House, name: str) -> None:
    made = house.ask("operator", "POST", "/v1/partners", json=FORM | {"name": name})
    assert (made.status_code, made.json()["name"]) == (201, name)
    notice = AlertNotice(
        alert_id="alert_1", event="new", grade="probable", priority="critical", other_organisation=name, link="/x"
    )
    assert AlertNotice.from_payload(notice.to_payload()).other_organisation == name
