"""Who guesses at an account locks himself out, and nobody who signed in from this computer before."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import func, select

from api.store import people_tables
from api.store.devices import KNOWN_FOR

from .town import PASSWORD, Someone, Town

THERE, HOME = "198.51.100.7", "192.0.2.91"
WRONG = "not this one at all"


def guessed_at(town: Town, email: str, times: int, *, address: str | None = None, **more: str) -> set[int]:
    """Send wrong passwords, each from an address of its own unless one is given; return the answers' codes."""
    form = {"email": email, "password": WRONG, **more}
    return {town.send("POST", "/v1/session", form, address=address).status_code for _ in range(times)}


def device_of(answer: httpx.Response) -> str:
    assert answer.status_code == 201, answer.text
    return str(answer.json()["device"])


@pytest.fixture
def officer(town: Town) -> Someone:
    return town.enrolled("ahtu", "officer")


def test_wrong_passwords_from_elsewhere_lock_nobody_out_here(town: Town, officer: Someone) -> None:
    assert guessed_at(town, officer.email, 25, address=THERE) == {401}
    assert officer.sign_in(address=THERE).status_code == 401, "there it is locked"
    assert officer.sign_in(address=HOME).status_code == 201


def test_guesses_from_many_addresses_lock_all_but_a_known_device(town: Town, officer: Someone) -> None:
    device = device_of(officer.sign_in())
    assert guessed_at(town, officer.email, 20) == {401}
    assert officer.sign_in().status_code == 401, "a device that nobody knows"
    again = officer.sign_in(device=device)
    assert device_of(again) == device
    for _ in range(4):
        assert officer.sign_in(device=device, password=WRONG).status_code == 401
    assert officer.sign_in(device=device, code=None).status_code == 202
    assert officer.sign_in(device=device).status_code == 201
    assert officer.sign_in().status_code == 401, "which frees nobody else"
    assert [entry.detail["of"] for entry in town.audited(officer.id) if entry.action == "sign_in.locked"] == ["account"]


def test_the_second_step_knows_the_device_too(town: Town, officer: Someone) -> None:
    device = device_of(officer.sign_in())
    token = officer.sign_in(device=device, code=None).json()["token"]
    guessed_at(town, officer.email, 20)
    form = {"token": token, "code": officer.code()}
    assert town.send("POST", "/v1/session/code", form).status_code == 401
    assert town.send("POST", "/v1/session/code", form | {"device": device}).status_code == 201


def test_a_known_device_has_five_guesses_and_is_then_like_any_other(town: Town, officer: Someone) -> None:
    device = device_of(officer.sign_in())
    assert guessed_at(town, officer.email, 5, device=device) == {401}
    assert officer.sign_in(device=device).status_code == 201, "nobody has guessed from elsewhere"
    assert guessed_at(town, officer.email, 20, device=device) == {401}
    assert officer.sign_in(device=device).status_code == 401
    town.clock.advance(minutes=15)
    assert officer.sign_in(device=device).status_code == 201


def test_a_device_of_one_person_is_none_of_another(town: Town, officer: Someone) -> None:
    other = town.enrolled("ahtu", "officer")
    device = device_of(other.sign_in())
    assert guessed_at(town, officer.email, 20) == {401}
    for wrong in (device, "dev_" + "0" * 64):
        assert officer.sign_in(device=wrong).status_code == 401


@pytest.mark.parametrize("lost", ["time", "reset"])
def test_a_device_is_known_for_half_a_year_and_until_a_reset(town: Town, officer: Someone, lost: str) -> None:
    device = device_of(officer.sign_in())
    if lost == "time":
        town.clock.advance(seconds=KNOWN_FOR.total_seconds())
    else:
        chief = town.enrolled("ahtu", "administrator")
        made = town.send("POST", f"/v1/people/{officer.id}/reset", headers=chief.headers()).json()
        officer.token = made["enrolment_token"]
        officer.enrol(PASSWORD + " again")
    guessed_at(town, officer.email, 20)
    assert officer.sign_in(device=device).status_code == 401


def test_ten_devices_are_kept_and_only_their_hashes(town: Town, officer: Someone) -> None:
    first, *others = [device_of(officer.sign_in()) for _ in range(11)]
    kept = people_tables.known_devices
    with town.house.sandhan.database.read() as conn:
        hashes = set(conn.scalars(select(kept.c.token_hash).where(kept.c.person_id == officer.id)))
        assert conn.scalar(select(func.count()).select_from(kept).where(kept.c.person_id == officer.id)) == 10
    assert hashes.isdisjoint({first, *others})
    guessed_at(town, officer.email, 20)
    assert officer.sign_in(device=first).status_code == 401
    assert officer.sign_in(device=others[0]).status_code == 201


def test_a_browser_keeps_it_as_a_cookie(town: Town, officer: Someone) -> None:
    answer = officer.sign_in(cookie=True)
    (sent,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith("__Host-sandhan-device=dev_")]
    assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/"} <= {part.strip() for part in sent.split(";")}
    assert answer.json()["device"] is None
    guessed_at(town, officer.email, 20)
    form = {"email": officer.email, "password": PASSWORD, "code": officer.code()}
    headers = {"Cookie": sent.partition(";")[0]}
    assert town.send("POST", "/v1/session", form, headers=headers).status_code == 201


def test_wrong_links_are_counted_where_every_process_sees_them(two_towns: tuple[Town, Town]) -> None:
    here, there = two_towns
    officer = here.invite("ahtu", "officer")
    for number in range(30):
        town, path = two_towns[number % 2], ("/v1/enrolment", "/v1/enrolment/confirm")[number % 2]
        form = {"token": f"enr_{number:064x}"} | ({"password": PASSWORD} if number % 2 else {})
        assert town.send("POST", path, form, address=THERE).status_code == 401
    for town in two_towns:
        refused = town.send("POST", "/v1/enrolment", {"token": officer.token}, address=THERE)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_attempts")
    officer.enrol()
    assert officer.sign_in(address=THERE).status_code == 429, "and signing in is the same door"
    assert "sign_in.throttled" in there.actions("unknown")


def test_a_link_that_is_right_counts_for_nothing(town: Town) -> None:
    officer = town.invite("ahtu", "officer")
    for _ in range(31):
        assert town.send("POST", "/v1/enrolment", {"token": officer.token}, address=HOME).status_code == 200
    form = {"token": officer.token, "password": "short"}
    for _ in range(31):
        assert town.send("POST", "/v1/enrolment/confirm", form, address=HOME).status_code == 422
