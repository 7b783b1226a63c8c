"""Sessions: until when they last, what ends them, and that a cookie alone changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from api.access import NotFound
from api.people.sessions import csrf_token
from api.store import people_tables

from .town import Town


def alive(town: Town, headers: dict[str, str]) -> bool:
    answer = town.send("GET", "/v1/session", headers=headers)
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


def test_half_an_hour_unused_ends_a_session(town: Town) -> None:
    headers = town.enrolled("ahtu", "officer").headers()
    for _ in range(3):
        town.clock.advance(minutes=29)
        assert alive(town, headers)
    town.clock.advance(minutes=30)
    assert not alive(town, headers)
    town.clock.advance(minutes=-10)
    assert alive(town, headers)  # nothing but the clock decided


def test_twelve_hours_end_it_however_it_is_used(town: Town) -> None:
    headers = town.enrolled("ahtu", "officer").headers()
    for _ in range(28):
        town.clock.advance(minutes=25)
        assert alive(town, headers)
    town.clock.advance(minutes=20)
    assert not alive(town, headers)


def test_only_the_hash_of_a_token_is_kept(town: Town) -> None:
    token = town.enrolled("ahtu", "officer").headers()["Authorization"].removeprefix("Bearer ")
    with town.house.sandhan.database.read() as conn:
        stored = repr([tuple(row) for row in conn.execute(select(people_tables.person_sessions))])
    assert token not in stored
    assert token.removeprefix("ses_") not in stored


def test_out_here_and_out_everywhere(town: Town) -> None:
    officer = town.enrolled("ahtu", "officer")
    one, two, three = (officer.headers() for _ in range(3))
    other = town.enrolled("ahtu", "officer").headers()
    assert town.send("DELETE", "/v1/session", headers=one).status_code == 204
    assert [alive(town, headers) for headers in (one, two, three)] == [False, True, True]
    assert town.send("DELETE", "/v1/session/everywhere", headers=two).status_code == 204
    assert [alive(town, headers) for headers in (one, two, three, other)] == [False, False, False, True]
    assert town.actions(officer.id)[-2:] == ["session.ended", "session.ended_everywhere"]


def test_a_key_has_no_session_to_end(town: Town) -> None:
    headers = town.house["ahtu"].headers
    me = town.send("GET", "/v1/session", headers=headers).json()
    assert (me["role"], me["actor_id"]) == ("client", town.house["ahtu"].key_id)
    for path in ("/v1/session", "/v1/session/everywhere"):
        assert town.send("DELETE", path, headers=headers).status_code == 404
    with pytest.raises(NotFound):
        town.house.sandhan.sessions.end(town.house["ahtu"].key)


def test_what_ends_a_session_ends_it_in_every_process(two_towns: tuple[Town, Town]) -> None:
    here, there = two_towns
    officer = here.enrolled("ahtu", "officer")
    headers = officer.headers()
    assert alive(here, headers)
    assert alive(there, headers)
    assert there.send("DELETE", "/v1/session", headers=headers).status_code == 204
    assert not alive(here, headers)
    assert not alive(there, headers)


@pytest.mark.parametrize("change", ["roles", "active", "reset", "enrol"])
def test_another_role_password_or_state_ends_every_session(two_towns: tuple[Town, Town], change: str) -> None:
    here, there = two_towns
    chief, officer = here.enrolled("ahtu", "administrator"), here.enrolled("ahtu", "officer")
    headers, chiefs = officer.headers(), chief.headers()
    path = f"/v1/people/{officer.id}"
    if change == "roles":
        answer = there.send("PATCH", path, {"roles": ["nodal"]}, headers=chiefs)
    elif change == "active":
        answer = there.send("PATCH", path, {"active": False}, headers=chiefs)
    else:
        answer = there.send("POST", f"{path}/reset", headers=chiefs)
    assert answer.status_code == 200, answer.text
    if change == "enrol":
        officer.token = answer.json()["enrolment_token"]
        officer.enrol("another heron, another lamp")
        headers = officer.headers()
        with here.house.sandhan.database.write() as conn:
            officer.token, _ = here.house.sandhan.enrolment.issue(conn, officer.id, here.clock())
        officer.enrol()
    assert not alive(here, headers)
    assert not alive(there, headers)
    assert alive(there, chiefs)


NEW = "another heron, another lamp"


def change_password(town: Town, headers: dict[str, str], current: str, new: str = NEW) -> Any:
    return town.send("PUT", "/v1/session/password", {"current": current, "new": new}, headers=headers)


def test_who_knows_the_password_changes_it_and_every_session_ends(two_towns: tuple[Town, Town]) -> None:
    here, there = two_towns
    officer = here.enrolled("ahtu", "officer")
    pending = officer.sign_in(code=None).json()["token"]
    headers, elsewhere = officer.headers(), officer.headers()
    assert change_password(there, headers, officer.password).status_code == 204
    assert not alive(here, headers)
    assert not alive(there, elsewhere)
    form = {"token": pending, "code": officer.code()}
    assert here.send("POST", "/v1/session/code", form).status_code == 401  # it began with the password before
    assert officer.sign_in().status_code == 401
    assert officer.sign_in(password=NEW).status_code == 201
    assert "person.password_changed" in here.actions(officer.id)


def test_who_does_not_know_it_changes_nothing_and_is_counted(town: Town) -> None:
    officer = town.enrolled("ahtu", "officer")
    headers = officer.headers()
    answer = change_password(town, headers, officer.password, "password1234")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "password")
    for _ in range(5):
        answer = change_password(town, headers, "not this one at all")
        assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_failed")
    assert change_password(town, headers, officer.password).status_code == 401  # locked
    assert alive(town, headers)
    town.clock.advance(minutes=15)
    assert officer.sign_in().status_code == 201
    assert change_password(town, town.house["ahtu"].headers, officer.password).status_code == 404


def test_a_change_that_changes_nothing_ends_nothing(town: Town) -> None:
    chief, officer = town.enrolled("ahtu", "administrator"), town.enrolled("ahtu", "officer")
    headers = officer.headers()
    for form in ({"roles": ["officer"]}, {"active": True}, {}):
        assert town.send("PATCH", f"/v1/people/{officer.id}", form, headers=chief.headers()).status_code == 200
    assert alive(town, headers)


def test_permissions_are_those_of_all_roles_now(town: Town) -> None:
    manager = town.enrolled("shelter", "administrator", "reporter").headers()
    auditor = town.enrolled("shelter", "auditor", second_factor=False).headers(code=None)
    case = {"side": "missing", "name": "Somebody"}
    assert town.send("POST", "/v1/cases", case, headers=manager).status_code == 201
    assert town.send("GET", "/v1/people", headers=manager).status_code == 200
    assert town.send("GET", "/v1/alerts", headers=manager).status_code == 200
    for method, path in (("POST", "/v1/cases"), ("GET", "/v1/people"), ("GET", "/v1/alerts"), ("GET", "/v1/cases")):
        answer = town.send(method, path, case if method == "POST" else None, headers=auditor)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")


def test_what_a_person_does_is_noted_under_the_person(town: Town) -> None:
    reporter = town.enrolled("shelter", "reporter")
    case = {"side": "rescued", "name": "Somebody else"}
    entered = town.send("POST", "/v1/cases", case, headers=reporter.headers()).json()["case"]["id"]
    assert {entry.actor for entry in town.audited(entered) if entry.actor != "engine"} == {reporter.id}


@pytest.fixture
def cookie(town: Town) -> tuple[str, str]:
    """The value of a session's cookie and its CSRF token."""
    officer = town.enrolled("ahtu", "administrator", "officer")
    answer = officer.sign_in(cookie=True)
    assert (answer.status_code, answer.json()["token"]) == (201, None)
    said, _device = answer.headers.get_list("set-cookie")
    pair, *attributes = [part.strip() for part in said.split(";")]
    assert {part.lower() for part in attributes} == {
        "httponly", "secure", "samesite=strict", "path=/", "max-age=43200",
    }  # fmt: skip
    name, _, token = pair.partition("=")
    assert name == "__Host-sandhan"
    return token, answer.json()["csrf_token"]


def ask(town: Town, token: str, method: str, path: str, form: Any = None, **headers: str) -> Any:
    return town.send(method, path, form, headers={"Cookie": f"__Host-sandhan={token}"} | headers)


def test_a_cookie_reads_and_tells_the_token_that_pages_send_along(town: Town, cookie: tuple[str, str]) -> None:
    token, csrf = cookie
    me = ask(town, token, "GET", "/v1/session")
    assert (me.status_code, me.json()["csrf_token"]) == (200, csrf)
    assert csrf not in token
    bearer = town.send("GET", "/v1/session", headers={"Authorization": f"Bearer {token}"})
    assert bearer.json()["csrf_token"] is None


def test_a_cookie_changes_nothing_without_its_header(town: Town, cookie: tuple[str, str]) -> None:
    token, csrf = cookie
    form = {"label": "software"}
    other = town.enrolled("ahtu", "officer").sign_in().json()["csrf_token"]
    for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": other}, {"X-CSRF-Token": "1"}):
        answer = ask(town, token, "POST", "/v1/keys", form, **headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_refused")
    for method, path in (("DELETE", "/v1/session"), ("PATCH", "/v1/people/person_none"), ("PUT", "/v1/cases/none")):
        assert ask(town, token, method, path, {}).status_code == 403
    assert ask(town, token, "POST", "/v1/keys", form, **{"X-CSRF-Token": csrf}).status_code == 201
    assert ask(town, "ses_" + "0" * 64, "POST", "/v1/keys", form).status_code == 401


def test_signing_out_takes_the_cookie_away(town: Town, cookie: tuple[str, str]) -> None:
    token, csrf = cookie
    answer = ask(town, token, "DELETE", "/v1/session", **{"X-CSRF-Token": csrf})
    assert answer.status_code == 204
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    assert ask(town, token, "GET", "/v1/session").status_code == 401


def test_a_header_goes_before_a_cookie(town: Town, cookie: tuple[str, str]) -> None:
    answer = ask(town, cookie[0], "GET", "/v1/session", Authorization="Bearer ses_" + "0" * 64)
    assert answer.status_code == 401


def test_the_token_cannot_be_told_from_what_pages_know() -> None:
    assert csrf_token("ses_a") != csrf_token("ses_b")
    assert len(csrf_token("ses_a")) == 64
