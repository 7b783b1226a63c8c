"""Who manages people: only those of one's own partner, never above it, and never so that nobody is left."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from api.access import PERMISSIONS, Permission, Role
from api.people.roles import checked_roles, needs_second_factor, permissions_of, roles_for
from api.store import people_tables
from matcher.errors import InvalidRecord

from .town import Someone, Town

_numbers = itertools.count()
FORM = {"name": "Zubaida Khatun", "email": "zubaida@example.org", "roles": ["officer"]}


@pytest.fixture(scope="module")
def chief(town: Town) -> Someone:
    return town.enrolled("ahtu", "administrator")


@pytest.fixture
def headers(chief: Someone) -> dict[str, str]:
    return chief.headers()


def invite(town: Town, headers: dict[str, str], **changed: Any) -> Any:
    form = FORM | {"email": f"new{next(_numbers)}@example.org"} | changed
    return town.send("POST", "/v1/people", form, headers=headers)


def test_an_administrator_invites_a_person_who_then_signs_in(town: Town, headers: dict[str, str]) -> None:
    answer = invite(town, headers, roles=["case_manager", "verifier"], language="bn")
    body = answer.json()
    person = body["person"]
    assert answer.status_code == 201
    assert (person["name"], person["roles"], person["language"]) == (FORM["name"], ["case_manager", "verifier"], "bn")
    assert (person["active"], person["enrolled"], person["second_factor"]) == (True, False, False)
    assert body["enrolment_link"] == f"http://127.0.0.1:8080/enrol#{body['enrolment_token']}"
    newcomer = Someone(town, person["id"], person["email"], body["enrolment_token"]).enrol()
    assert newcomer.sign_in().status_code == 201
    seen = town.send("GET", f"/v1/people/{person['id']}", headers=headers).json()
    assert (seen["enrolled"], seen["second_factor"]) == (True, True)


def test_names_and_addresses_are_sealed_and_shown_to_who_manages_people(
    town: Town, chief: Someone, headers: dict[str, str]
) -> None:
    person_id = invite(town, headers, email="Sealed.One@example.org").json()["person"]["id"]
    (mine,) = [
        item for item in town.send("GET", "/v1/people", headers=headers).json()["items"] if item["id"] == person_id
    ]
    assert (mine["name"], mine["email"]) == (FORM["name"], "Sealed.One@example.org")
    with town.house.sandhan.database.read() as conn:
        stored = repr([tuple(row) for row in conn.execute(select(people_tables.people))])
    assert "Zubaida" not in stored
    assert "sealed" not in stored.lower()
    assert town.audited(person_id)[0].actor == chief.id


def test_the_language_is_the_partners_when_left_out(town: Town, headers: dict[str, str]) -> None:
    assert invite(town, headers).json()["person"]["language"] == "en"


def test_one_address_signs_in_as_one_person(town: Town, headers: dict[str, str]) -> None:
    other = town.enrolled("shelter", "administrator").headers()
    assert invite(town, headers, email="taken@example.org").status_code == 201
    for who in (headers, other):
        answer = invite(town, who, email=" TAKEN@example.org")
        assert (answer.status_code, answer.json()["code"]) == (409, "person_exists")
        assert "taken@" not in answer.text.lower()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("roles", []),
        ("roles", ["client"]),
        ("roles", ["operator"]),
        ("roles", ["officer", "operator"]),
        ("roles", ["king"]),
        ("name", "Z"),
        ("name", "Zubaida\nKhatun"),
        ("name", "Zubaida\u2066 Khatun"),
        ("email", "zubaida"),
        ("email", "zubaida@nowhere"),
        ("email", "zu\u0000baida@example.org"),
        ("language", "bn\n"),
        ("partner_id", "another"),
    ],
)
def test_a_wrong_field_is_named_and_adds_nobody(town: Town, headers: dict[str, str], field: str, value: object) -> None:
    before = town.house.row_counts()["people"]
    answer = invite(town, headers, **{field: value})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text
    assert field in answer.json()["detail"]
    assert "Zubaida" not in answer.text
    assert town.house.row_counts()["people"] == before


def test_a_name_is_written_with_what_shapes_its_letters(town: Town, headers: dict[str, str]) -> None:
    answer = invite(town, headers, name="শর\u200d\u09cdযা বেগম")
    assert answer.status_code == 201, answer.text


def test_people_of_another_partner_do_not_exist(town: Town, headers: dict[str, str]) -> None:
    stranger = town.enrolled("shelter", "administrator")
    path = f"/v1/people/{stranger.id}"
    for method, there, form in (
        ("GET", path, None),
        ("PATCH", path, {"active": False}),
        ("PATCH", path, {"roles": ["auditor"]}),
        ("POST", f"{path}/reset", None),
    ):
        answer = town.send(method, there, form, headers=headers)
        nobody = town.send(method, there.replace(stranger.id, "person_none"), form, headers=headers)
        assert (answer.status_code, answer.content) == (404, nobody.content)
    assert stranger.id not in town.send("GET", "/v1/people", headers=headers).text
    assert stranger.sign_in().status_code == 201


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.CLIENT, Role.OPERATOR, Role.ADMINISTRATOR}))
def test_no_other_role_of_a_partner_manages_people(town: Town, role: Role) -> None:
    somebody = town.enrolled("ahtu", role)
    headers, path = somebody.headers(), f"/v1/people/{somebody.id}"
    for method, there, form in (
        ("GET", "/v1/people", None),
        ("POST", "/v1/people", FORM),
        ("PATCH", path, {"roles": ["administrator"]}),
        ("POST", f"{path}/reset", None),
        ("POST", "/v1/keys", {"label": "software"}),
    ):
        answer = town.send(method, there, form, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted"), there


def test_nobody_raises_himself_above_his_partner(town: Town, chief: Someone, headers: dict[str, str]) -> None:
    path = f"/v1/people/{chief.id}"
    for roles in (["operator"], ["administrator", "operator"], ["client"]):
        assert town.send("PATCH", path, {"roles": roles}, headers=headers).status_code == 422
    assert town.send("GET", path, headers=headers).json()["roles"] == ["administrator"]


def test_operators_have_no_role_with_cases(town: Town) -> None:
    operator = town.enrolled("operator", "operator", "administrator")
    headers = operator.headers()
    assert invite(town, headers, roles=["operator"]).status_code == 201
    assert invite(town, headers, roles=["auditor"]).status_code == 201
    for role in ("case_manager", "officer", "reporter"):
        assert invite(town, headers, roles=[role]).status_code == 422
    partner = {"name": "Newcomer", "kind": "ngo", "country": "IN"}
    assert town.send("POST", "/v1/partners", partner, headers=headers).status_code == 201
    assert town.send("GET", "/v1/cases", headers=headers).status_code == 403


def test_the_last_who_manages_people_cannot_leave(town: Town) -> None:
    town.house.join("small", "ngo")
    only = town.enrolled("small", "administrator", "case_manager")
    town.invite("small", "administrator")  # invited, and never came
    auditor = town.enrolled("small", "auditor")
    path, headers = f"/v1/people/{only.id}", only.headers()
    for method, there, form in (
        ("PATCH", path, {"active": False}),
        ("PATCH", path, {"roles": ["case_manager"]}),
        ("POST", f"{path}/reset", None),
    ):
        answer = town.send(method, there, form, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "last_administrator")
    assert town.send("PATCH", f"/v1/people/{auditor.id}", {"active": False}, headers=headers).status_code == 200
    town.enrolled("small", "administrator")
    assert town.send("PATCH", path, {"active": False}, headers=only.headers()).status_code == 200


def test_nobody_changes_his_own_roles(town: Town) -> None:
    town.house.join("watched", "ngo")
    chief, other = (town.enrolled("watched", "administrator") for _ in range(2))
    path, headers = f"/v1/people/{chief.id}", chief.headers()
    for roles in (["administrator", "officer"], ["auditor"]):
        answer = town.send("PATCH", path, {"roles": roles}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "own_roles")
    assert town.send("GET", path, headers=headers).json()["roles"] == ["administrator"]
    assert "person.roles_changed" not in town.actions(chief.id)
    assert town.send("PATCH", path, {"roles": ["administrator"]}, headers=headers).status_code == 200
    form = {"roles": ["administrator", "officer"]}
    assert town.send("PATCH", path, form, headers=other.headers()).status_code == 200


def test_two_who_remove_each_other_at_once_leave_one(two_towns: tuple[Town, Town]) -> None:
    one, other = (two_towns[0].enrolled("ahtu", "administrator") for _ in range(2))
    pairs = [(two_towns[0], one.headers(), other), (two_towns[1], other.headers(), one)]

    def remove(pair: tuple[Town, dict[str, str], Someone]) -> int:
        town, headers, target = pair
        return town.send("PATCH", f"/v1/people/{target.id}", {"active": False}, headers=headers).status_code

    with ThreadPoolExecutor(2) as pool:
        codes = sorted(pool.map(remove, pairs))
    assert codes[0] == 200
    assert codes[1] in (401, 409)
    with two_towns[0].house.sandhan.database.read() as conn:
        rows = conn.execute(select(people_tables.people)).all()
    assert [row.active for row in rows].count(True) == 1


def test_who_left_may_come_back_with_the_same_password(town: Town, headers: dict[str, str]) -> None:
    officer = town.enrolled("ahtu", "officer")
    path = f"/v1/people/{officer.id}"
    assert town.send("PATCH", path, {"active": False}, headers=headers).json()["active"] is False
    assert officer.sign_in().status_code == 401
    assert town.send("POST", f"{path}/reset", headers=headers).status_code == 404
    assert town.send("PATCH", path, {"active": True}, headers=headers).json()["active"] is True
    assert officer.sign_in().status_code == 201
    assert [action for action in town.actions(officer.id) if action.startswith("person.")] == [
        "person.invited", "person.enrolled", "person.deactivated", "person.activated",
    ]  # fmt: skip


def test_a_change_of_roles_is_noted_with_both(town: Town, chief: Someone, headers: dict[str, str]) -> None:
    officer = town.enrolled("ahtu", "officer")
    form = {"roles": ["nodal", "verifier", "nodal"]}
    changed = town.send("PATCH", f"/v1/people/{officer.id}", form, headers=headers).json()
    assert changed["roles"] == ["nodal", "verifier"]
    (entry,) = [entry for entry in town.audited(officer.id) if entry.action == "person.roles_changed"]
    assert (entry.actor, entry.detail) == (chief.id, {"before": ["officer"], "after": ["nodal", "verifier"]})


@pytest.mark.parametrize("kind", ["shelter", "ahtu", "ngo", "police", "coordination"])
def test_only_operators_operate(kind: str) -> None:
    assert Role.OPERATOR not in roles_for(kind)
    assert Role.CLIENT not in roles_for(kind)
    assert set(roles_for(kind)) | {Role.OPERATOR, Role.CLIENT} == set(Role)
    with pytest.raises(InvalidRecord, match="roles"):
        checked_roles(["operator"], kind)
    assert not any(Permission.CASES_READ in PERMISSIONS[role] for role in roles_for("operator"))


def test_several_roles_allow_what_each_does() -> None:
    assert permissions_of([]) == frozenset()
    both = permissions_of([Role.AUDITOR, Role.PUBLISHER])
    assert both == PERMISSIONS[Role.AUDITOR] | PERMISSIONS[Role.PUBLISHER]
    assert {role for role in Role if not needs_second_factor([role])} == {Role.AUDITOR, Role.CLIENT}
    assert needs_second_factor([Role.AUDITOR, Role.REPORTER])
