"""Enrolment: one token, once, for two days; a password that holds; a second factor where the role needs it."""

from __future__ import annotations

import pyotp
import pytest

from .town import PASSWORD, Someone, Town

REFUSED = "enrolment_refused"


def begin(person: Someone) -> dict[str, object]:
    answer = person.town.send("POST", "/v1/enrolment", {"token": person.token})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def confirm(person: Someone, **form: object) -> tuple[int, dict[str, object]]:
    full = {"token": person.token, "password": PASSWORD, **form}
    answer = person.town.send("POST", "/v1/enrolment/confirm", {k: v for k, v in full.items() if v is not None})
    return answer.status_code, answer.json()


def code_for(person: Someone, secret: object) -> str:
    return pyotp.TOTP(str(secret)).at(person.town.clock())


def test_what_is_shown_is_what_an_application_needs(town: Town) -> None:
    officer = town.invite("ahtu", "officer")
    shown = begin(officer)
    assert (shown["email"], shown["password_needed"], shown["second_factor_needed"]) == (officer.email, True, True)
    assert str(shown["totp_secret"]) in str(shown["otpauth_uri"])
    assert begin(officer) == shown  # a lost answer is no lost secret


def test_a_token_is_good_once(town: Town) -> None:
    officer = town.invite("ahtu", "officer").enrol()
    assert confirm(officer, code=officer.code())[1]["code"] == REFUSED
    assert town.send("POST", "/v1/enrolment", {"token": officer.token}).json()["code"] == REFUSED


@pytest.mark.parametrize("kind", ["unknown", "expired", "deactivated", "replaced", "a session's", "a sign-in's"])
def test_no_other_token_opens_anything(town: Town, kind: str) -> None:
    officer, admin = town.invite("ahtu", "officer"), town.enrolled("ahtu", "administrator")
    headers = admin.headers()
    if kind == "unknown":
        officer.token = "enr_" + "0" * 64
    elif kind == "expired":
        town.clock.advance(hours=48)
    elif kind == "deactivated":
        town.send("PATCH", f"/v1/people/{officer.id}", {"active": False}, headers=headers)
    elif kind == "replaced":
        town.send("POST", f"/v1/people/{officer.id}/reset", headers=headers)
    elif kind == "a session's":
        officer.token = headers["Authorization"].removeprefix("Bearer ")
    else:
        officer.token = admin.sign_in(code=None).json()["token"]
    answers = [
        town.send("POST", "/v1/enrolment", {"token": officer.token}),
        town.send("POST", "/v1/enrolment/confirm", {"token": officer.token, "password": PASSWORD, "code": "000000"}),
        town.send("POST", "/v1/enrolment", {"token": "enr_none"}),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(401, REFUSED)}
    assert len({answer.content for answer in answers}) == 1


def test_a_link_lasts_two_days(town: Town) -> None:
    officer = town.invite("ahtu", "officer")
    town.clock.advance(hours=47, minutes=59)
    assert confirm(officer, code=code_for(officer, begin(officer)["totp_secret"]))[0] == 200


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"password": "short"}, "password"),
        ({"password": None}, "password"),
        ({"password": "password1234"}, "password"),
        ({"code": None}, "code"),
        ({"code": "000000"}, "code"),
    ],
)
def test_what_is_refused_uses_nothing_up(town: Town, form: dict[str, object], field: str) -> None:
    officer = town.invite("ahtu", "officer")
    secret = begin(officer)["totp_secret"]
    status, body = confirm(officer, **({"code": code_for(officer, secret)} | form))
    assert (status, body["code"], body["errors"][0]["field"]) == (422, "invalid_request", field)  # type: ignore[index]
    assert officer.sign_in().status_code == 401
    assert officer.enrol().sign_in().status_code == 201


def test_the_login_is_no_password(town: Town) -> None:
    officer = town.invite("ahtu", "officer", email="rehana.begum@example.org")
    status, body = confirm(
        officer, password="xx Rehana.Begum xx", code=code_for(officer, begin(officer)["totp_secret"])
    )
    assert status == 422
    assert "your e-mail" in str(body["detail"])
    assert "rehana" not in str(body).lower()


def test_a_code_without_a_secret_that_was_shown_is_none(town: Town) -> None:
    officer = town.invite("ahtu", "officer")
    assert confirm(officer, code="123456")[0] == 422


def test_who_sees_no_name_may_do_without_a_second_factor(town: Town) -> None:
    auditor = town.invite("ahtu", "auditor")
    assert begin(auditor)["second_factor_needed"] is False
    assert confirm(auditor) == (200, {"recovery_codes": []})
    answer = auditor.sign_in()
    assert (answer.status_code, answer.json()["recovery_codes_left"]) == (201, 0)
    careful = town.enrolled("ahtu", "auditor")
    assert careful.sign_in(code=None).status_code == 202


def test_who_gets_a_role_that_needs_one_enrols_at_the_next_sign_in(town: Town) -> None:
    admin = town.enrolled("ahtu", "administrator")
    person = town.enrolled("ahtu", "auditor", second_factor=False)
    person.secret = ""
    changed = town.send("PATCH", f"/v1/people/{person.id}", {"roles": ["officer"]}, headers=admin.headers())
    assert changed.status_code == 200
    answer = person.sign_in()
    assert (answer.status_code, answer.json()["next"]) == (202, "enrol")
    person.token = answer.json()["token"]
    shown = begin(person)
    assert shown["password_needed"] is False
    assert confirm(person, password=None)[0] == 422  # without a code there is no way round
    status, body = confirm(person, password=None, code=code_for(person, shown["totp_secret"]))
    assert (status, len(body["recovery_codes"])) == (200, 10)  # type: ignore[arg-type]
    person.secret = str(shown["totp_secret"])
    assert person.sign_in().status_code == 201


def test_that_token_does_not_set_a_password(town: Town) -> None:
    admin = town.enrolled("ahtu", "administrator")
    person = town.enrolled("ahtu", "auditor", second_factor=False)
    person.secret = ""
    town.send("PATCH", f"/v1/people/{person.id}", {"roles": ["officer"]}, headers=admin.headers())
    person.token = person.sign_in().json()["token"]
    secret = begin(person)["totp_secret"]
    assert confirm(person, password="another heron, another lamp", code=code_for(person, secret))[0] == 200
    person.secret = str(secret)
    assert person.sign_in(password="another heron, another lamp").status_code == 401
    assert person.sign_in().status_code == 201


def test_of_two_who_began_to_set_a_second_factor_up_one_ends(town: Town) -> None:
    admin = town.enrolled("ahtu", "administrator")
    person = town.enrolled("ahtu", "auditor", second_factor=False)
    person.secret = ""
    town.send("PATCH", f"/v1/people/{person.id}", {"roles": ["officer"]}, headers=admin.headers())
    begun = [person.sign_in().json()["token"] for _ in range(2)]
    secrets = []
    for token in begun:
        person.token = token
        secrets.append(begin(person)["totp_secret"])
    assert secrets[0] != secrets[1]
    person.token = begun[1]
    assert confirm(person, password=None, code=code_for(person, secrets[1]))[0] == 200
    person.token = begun[0]
    assert confirm(person, password=None, code=code_for(person, secrets[0]))[1]["code"] == REFUSED


def test_enrolling_anew_lifts_the_lock_and_makes_old_codes_void(town: Town) -> None:
    admin, officer = town.enrolled("ahtu", "administrator"), town.enrolled("ahtu", "officer")
    old = officer.codes[0]
    for _ in range(5):
        officer.sign_in(password="not this one at all", address="192.0.2.90")
    reset = town.send("POST", f"/v1/people/{officer.id}/reset", headers=admin.headers()).json()
    before = officer.secret
    assert officer.sign_in(address="192.0.2.90").status_code == 401
    officer.token = reset["enrolment_token"]
    officer.enrol("another heron, another lamp")
    assert officer.secret != before
    assert officer.sign_in(code=None, recovery_code=old).status_code == 401
    assert officer.sign_in(password=PASSWORD).status_code == 401
    assert officer.sign_in(address="192.0.2.90").status_code == 201
