"""Keys of software: what they may be given, until when they open, and that no secret is shown twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from api.access import CLIENT, GUARDED, OPERATOR, PERMISSIONS, Permission, Role
from api.partners.keys import grantable
from api.store import tables

from .town import Town


@pytest.fixture
def admin(town: Town) -> dict[str, str]:
    return town.enrolled("ahtu", "administrator").headers()


def make(town: Town, headers: dict[str, str], **form: Any) -> Any:
    return town.send("POST", "/v1/keys", {"label": "case system"} | form, headers=headers)


def opens(town: Town, secret: str, path: str = "/v1/cases") -> bool:
    answer = town.send("GET", path, headers={"X-API-Key": secret})
    assert answer.status_code in (200, 401), answer.text
    return answer.status_code == 200


def listed(town: Town, headers: dict[str, str], key_id: str) -> dict[str, Any]:
    items = town.send("GET", "/v1/keys", headers=headers).json()["items"]
    return next(item for item in items if item["id"] == key_id)


def test_a_key_opens_for_a_year_and_reads_no_names_unless_told(town: Town, admin: dict[str, str]) -> None:
    answer = make(town, admin)
    body = answer.json()
    assert answer.status_code == 201
    assert set(body["permissions"]) == set(CLIENT)
    assert "names:read" not in body["permissions"]
    assert opens(town, body["api_key"])
    town.clock.advance(days=364)
    assert opens(town, body["api_key"])
    town.clock.advance(days=1)
    assert not opens(town, body["api_key"])


def test_names_are_read_by_a_key_that_is_given_them_by_name(town: Town) -> None:
    admin = town.enrolled("ahtu", "administrator", "officer").headers()
    body = make(town, admin, permissions=["cases:read", "names:read"]).json()
    me = town.send("GET", "/v1/session", headers={"Authorization": f"Bearer {body['api_key']}"}).json()
    assert me["permissions"] == ["cases:read", "names:read"]
    assert (me["role"], me["actor_id"]) == ("client", body["id"])


@pytest.mark.parametrize("permission", sorted(GUARDED))
def test_nobody_puts_into_a_key_what_he_lacks(town: Town, admin: dict[str, str], permission: str) -> None:
    before = town.house.row_counts()["api_keys"]
    answer = make(town, admin, permissions=["cases:read", permission])
    assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
    assert permission in answer.json()["detail"]
    assert town.house.row_counts()["api_keys"] == before
    both = town.enrolled("ahtu", "administrator", "officer").headers()
    key_id = make(town, both, permissions=["cases:read", permission]).json()["id"]
    # Another secret of the same key is as good as another key.
    assert town.send("POST", f"/v1/keys/{key_id}/rotate", {}, headers=admin).status_code == 403
    assert town.send("POST", f"/v1/keys/{key_id}/rotate", {}, headers=both).status_code == 200


def test_the_keys_that_a_person_made_go_when_he_leaves(town: Town, admin: dict[str, str]) -> None:
    maker = town.enrolled("ahtu", "administrator")
    made, kept = make(town, maker.headers()).json(), make(town, admin).json()
    assert town.send("PATCH", f"/v1/people/{maker.id}", {"active": False}, headers=admin).status_code == 200
    assert not opens(town, made["api_key"])
    assert opens(town, kept["api_key"])
    assert town.audited(made["id"])[-1].detail == {"because": "person.deactivated", "person": maker.id}
    assert town.actions(made["id"]) == ["key.created", "key.revoked"]


def test_a_key_sent_for_again_comes_without_its_secret(town: Town, admin: dict[str, str]) -> None:
    headers = admin | {"Idempotency-Key": "8a2f0a64-55a1-4a31-b0a2-3d3f5a1c7e11"}
    first, again = make(town, headers), make(town, headers)
    assert again.headers["idempotent-replayed"] == "true"
    assert opens(town, first.json()["api_key"])
    assert again.json() == first.json() | {"api_key": None}


@pytest.mark.parametrize(
    "permissions", [["people:manage"], ["cases:read", "keys:manage"], ["partners:write"], ["audit:read"], ["all"], []]
)
def test_no_key_is_given_what_no_role_of_casework_may(
    town: Town, admin: dict[str, str], permissions: list[str]
) -> None:
    before = town.house.row_counts()["api_keys"]
    answer = make(town, admin, permissions=permissions)
    assert answer.status_code == 422
    assert "permissions" in answer.json()["detail"]
    assert town.house.row_counts()["api_keys"] == before


def test_what_may_be_given_follows_from_the_roles() -> None:
    case_roles = set(Role) - {Role.ADMINISTRATOR, Role.AUDITOR, Role.OPERATOR}
    for kind in ("ngo", "ahtu", "shelter"):
        assert grantable(kind) == {permission for role in case_roles for permission in PERMISSIONS[role]}
    assert grantable("operator") == set(OPERATOR)


def test_an_operators_key_reaches_no_case(town: Town) -> None:
    headers = town.enrolled("operator", "operator").headers()
    assert make(town, headers, permissions=["cases:read"]).status_code == 422
    assert make(town, headers).json()["permissions"] == ["partners:read"]
    assert make(town, headers, permissions=["partners:write", "people:manage"]).status_code == 201


@pytest.mark.parametrize(
    ("difference", "taken"),
    [
        (timedelta(days=730), True),
        (timedelta(days=732), False),
        (timedelta(hours=1), True),
        (timedelta(0), False),
        (timedelta(days=-1), False),
    ],
)
def test_a_key_expires_within_two_years(town: Town, admin: dict[str, str], difference: timedelta, taken: bool) -> None:
    until = (town.clock() + difference).isoformat()
    answer = make(town, admin, expires_at=until)
    assert answer.status_code == (201 if taken else 422)
    if taken:
        assert answer.json()["expires_at"] == until


@pytest.mark.parametrize("form", [{"label": "x"}, {"label": "a\nb"}, {"expires_at": "2027-01-01T00:00:00"}, {"who": 1}])
def test_a_wrong_form_is_refused(town: Town, admin: dict[str, str], form: dict[str, object]) -> None:
    assert make(town, admin, **form).status_code == 422


def test_a_secret_is_shown_once_and_kept_as_a_hash(town: Town, admin: dict[str, str]) -> None:
    body = make(town, admin).json()
    with town.house.sandhan.database.read() as conn:
        stored = repr([tuple(row) for row in conn.execute(select(tables.api_keys))])
    assert body["api_key"] not in stored + town.send("GET", "/v1/keys", headers=admin).text
    assert "hash" not in town.send("GET", "/v1/keys", headers=admin).text
    assert town.actions(body["id"]) == ["key.created"]


def test_the_day_of_the_last_use_is_kept(town: Town, admin: dict[str, str]) -> None:
    body = make(town, admin).json()
    assert listed(town, admin, body["id"])["last_used_on"] is None
    opens(town, body["api_key"])
    assert listed(town, admin, body["id"])["last_used_on"] == town.clock().date().isoformat()
    town.clock.advance(days=1)
    headers = town.enrolled("ahtu", "administrator").headers()
    opens(town, body["api_key"])
    assert listed(town, headers, body["id"])["last_used_on"] == town.clock().date().isoformat()


def test_a_rotated_key_opens_by_both_secrets_for_the_grace(town: Town, admin: dict[str, str]) -> None:
    first = make(town, admin).json()
    second = town.send("POST", f"/v1/keys/{first['id']}/rotate", {"grace_days": 2}, headers=admin).json()
    assert second["id"] == first["id"]
    assert second["api_key"] != first["api_key"]
    assert (second["permissions"], second["expires_at"]) == (first["permissions"], first["expires_at"])
    town.clock.advance(hours=47)
    assert opens(town, first["api_key"])
    assert opens(town, second["api_key"])
    town.clock.advance(hours=1)
    assert not opens(town, first["api_key"])
    assert opens(town, second["api_key"])


def test_of_secrets_before_the_last_none_opens(town: Town, admin: dict[str, str]) -> None:
    secrets = [make(town, admin).json()]
    for grace in (7, 7, 0):
        path = f"/v1/keys/{secrets[0]['id']}/rotate"
        secrets.append(town.send("POST", path, {"grace_days": grace}, headers=admin).json())
    assert [opens(town, item["api_key"]) for item in secrets] == [False, False, False, True]


@pytest.mark.parametrize("days", [-1, 8, "x"])
def test_no_grace_is_longer_than_a_week(town: Town, admin: dict[str, str], days: object) -> None:
    body = make(town, admin).json()
    answer = town.send("POST", f"/v1/keys/{body['id']}/rotate", {"grace_days": days}, headers=admin)
    assert answer.status_code == 422


def test_a_revoked_key_opens_by_neither_secret_and_stays_so(town: Town, admin: dict[str, str]) -> None:
    first = make(town, admin).json()
    second = town.send("POST", f"/v1/keys/{first['id']}/rotate", {}, headers=admin).json()
    for _ in range(2):
        assert town.send("DELETE", f"/v1/keys/{first['id']}", headers=admin).status_code == 204
    assert not opens(town, first["api_key"])
    assert not opens(town, second["api_key"])
    answer = town.send("POST", f"/v1/keys/{first['id']}/rotate", {}, headers=admin)
    assert (answer.status_code, answer.json()["code"]) == (409, "key_over")
    assert town.actions(first["id"]) == ["key.created", "key.rotated", "key.revoked"]


def test_keys_of_another_partner_do_not_exist(town: Town, admin: dict[str, str]) -> None:
    foreign = town.house.join("neighbour", "shelter")
    for method, path in (("POST", f"/v1/keys/{foreign.key_id}/rotate"), ("DELETE", f"/v1/keys/{foreign.key_id}")):
        form = {} if method == "POST" else None
        answer = town.send(method, path, form, headers=admin)
        nobody = town.send(method, path.replace(foreign.key_id, "key_none"), form, headers=admin)
        assert (answer.status_code, answer.content) == (404, nobody.content)
    assert foreign.key_id not in town.send("GET", "/v1/keys", headers=admin).text
    assert opens(town, foreign.key)


def test_the_first_key_of_a_partner_expires_in_a_year(town: Town, admin: dict[str, str]) -> None:
    first = listed(town, admin, town.house["ahtu"].key_id)
    assert (first["label"], first["created_by"]) == ("first key", None)
    made, until = (datetime.fromisoformat(first[name]) for name in ("created_at", "expires_at"))
    assert timedelta(days=364, hours=23) < until - made <= timedelta(days=365)
    assert "names:read" in first["permissions"]


def test_revoking_is_seen_by_every_process(two_towns: tuple[Town, Town]) -> None:
    here, there = two_towns
    headers = here.enrolled("ahtu", "administrator").headers()
    body = make(here, headers).json()
    assert opens(there, body["api_key"])
    assert there.send("DELETE", f"/v1/keys/{body['id']}", headers=headers).status_code == 204
    assert not opens(here, body["api_key"])
    assert set(body["permissions"]) <= set(Permission)
