"""Do the doors that came later keep the rules of all: signed cursors, once for each key, nothing overwritten unseen?"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from api import idempotency
from api.access import Permission
from api.idempotency import LEASE

from .conftest import REPORT, RESCUE, House, settled_house
from .test_errors import check
from .town import Town

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
SAID = {"names": [{"value": "Babu"}]}


@dataclass
class Office:
    """A police unit with a case, and a key that may do everything."""

    house: House
    headers: dict[str, str]
    case_id: str

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = self.headers | more.pop("headers", {})
        answer: httpx.Response = self.house.client.request(
            method, path.format(case_id=self.case_id), headers=headers, **more
        )
        return answer


@pytest.fixture
def office(dialect: str, tmp_path: Path, template: Path) -> Iterator[Office]:
    with settled_house(dialect, tmp_path / "home", template) as house:
        case_id = house.enter("ahtu", {"side": "missing", "name": "Malati", "last_seen": "2026-01-05"})["case"]["id"]
        yield Office(house, house.key_with("ahtu", *Permission), case_id)


def form_of(office: Office, what: str) -> tuple[str, str, dict[str, Any]]:
    """Return the address, the table and the form of something that is created."""
    others = [office.house[name].id for name in ("ahtu", "stranger")]
    return {
        "agreement": ("/v1/agreements", "agreements", {"parties": others, "reference": "MoU 2"}),
        "consent": ("/v1/cases/{case_id}/consents", "consents", {"purpose": "publication"}),
        "stage": ("/v1/cases/{case_id}/stages", "stage_events", {"stage": "rescue", "entered_on": "2026-10-28"}),
        "note": ("/v1/cases/{case_id}/notes", "case_notes", {"kind": "other", "text": "Seen at the jetty."}),
        "hir": ("/v1/cases/{case_id}/home-reports", "home_reports", {"unit": "DCPU", "due_on": "2026-12-01"}),
        "ref": (
            "/v1/cases/{case_id}/referrals",
            "referrals",
            {"kind": "referral", "receiver_id": others[1], "reason": "medical"},
        ),
        "suspect": ("/v1/suspects", "suspects", SAID),
        "person": ("/v1/people", "people", {"name": "New Person", "email": "new@example.org", "roles": ["reporter"]}),
        "key": ("/v1/keys", "api_keys", {"label": "newcomer"}),
    }[what]


CREATED = ("agreement", "consent", "stage", "note", "hir", "ref", "suspect", "person", "key")


@pytest.mark.parametrize("what", CREATED)
def test_the_same_request_again_is_done_once(office: Office, what: str) -> None:
    path, table, form = form_of(office, what)
    before = office.house.row_counts()[table]
    first = office.ask("POST", path, json=form, headers=KEY)
    assert first.status_code == 201, first.text
    again = office.ask("POST", path, json=form, headers=KEY)
    secrets = dict.fromkeys({"api_key", "enrolment_token", "enrolment_link"} & first.json().keys())
    assert (again.status_code, again.json()) == (201, first.json() | secrets)
    assert again.headers["idempotent-replayed"] == "true"
    assert office.house.row_counts()[table] == before + 1
    assert office.ask("GET", first.headers["location"]).status_code == 200
    check(office.ask("POST", path, json=form | OTHERWISE[what], headers=KEY), 422, "idempotency_key_reused")


OTHERWISE: dict[str, dict[str, Any]] = {
    "agreement": {"reference": "MoU 3"}, "consent": {"purpose": "referral"}, "stage": {"stage": "reporting"},
    "note": {"text": "Seen elsewhere."}, "hir": {"due_on": "2026-12-02"}, "ref": {"reason": "other"},
    "suspect": {"aliases": [{"value": "Raju"}]}, "person": {"name": "Another Person"}, "key": {"label": "another"},
}  # fmt: skip


class Killed(BaseException):
    """The process ended here."""


@pytest.mark.parametrize("what", CREATED)
def test_a_process_that_dies_before_it_answers_leaves_one_thing(
    office: Office, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def die(*_: object) -> None:
        raise Killed

    path, table, form = form_of(office, what)
    before = office.house.row_counts()[table]
    with monkeypatch.context() as patch:
        patch.setattr(idempotency.idempotency, "finish", die)
        with pytest.raises(Killed):
            office.ask("POST", path, json=form, headers=KEY)
    assert office.house.row_counts()[table] == before + 1
    check(office.ask("POST", path, json=form, headers=KEY), 409, "request_in_progress")
    office.house.clock.advance(seconds=LEASE.total_seconds() + 1)
    answer = office.ask("POST", path, json=form, headers=KEY)
    assert answer.status_code == 201, answer.text
    assert office.house.row_counts()[table] == before + 1
    if what == "key":  # nobody has seen the first secret, and it opens nothing
        own = {"X-API-Key": answer.json()["api_key"]}
        assert office.house.client.get("/v1/cases", headers=own).status_code == 200
    if what == "person":
        shown = office.house.client.post("/v1/enrolment", json={"token": answer.json()["enrolment_token"]})
        assert shown.status_code == 200


def test_the_kept_answer_of_an_erased_suspect_or_case_opens_no_more(office: Office) -> None:
    suspect = office.ask("POST", "/v1/suspects", json=SAID, headers=KEY).json()["id"]
    note = form_of(office, "note")
    assert office.ask("POST", note[0], json=note[2], headers=KEY | {"Idempotency-Key": "n"}).status_code == 201
    assert office.ask("DELETE", f"/v1/suspects/{suspect}").status_code == 200
    check(office.ask("POST", "/v1/suspects", json=SAID, headers=KEY), 404, "not_found")
    assert office.ask("DELETE", "/v1/cases/{case_id}?reason=wish").status_code == 204
    check(office.ask("POST", note[0], json=note[2], headers={"Idempotency-Key": "n"}), 404, "not_found")


def one_a_page(path: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}limit=1"


def walked(office: Office, path: str) -> list[Any]:
    """Follow the `Link` headers of a list, one item a page."""
    answer = office.ask("GET", one_a_page(path))
    found = list(answer.json()["items"])
    while "link" in answer.headers:
        assert answer.json()["next"] in answer.headers["link"]
        answer = office.ask("GET", answer.headers["link"].partition(">")[0].strip("<"))
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
    assert answer.json()["next"] is None
    return found


LISTS = ("/v1/agreements", "/v1/disclosures", "/v1/tombstones", "/v1/people", "/v1/keys", "/v1/suspects",
         "/v1/referrals?direction=outgoing", "/v1/follow-ups", "/v1/audit/roots")  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
def test_every_list_is_walked_by_its_links_and_takes_no_other_cursor(office: Office, path: str) -> None:
    fill(office)
    everything = office.ask("GET", path).json()["items"]
    assert len(everything) >= 2
    assert walked(office, path) == everything
    cursor = office.ask("GET", one_a_page(path)).json()["next"]
    elsewhere = "/v1/keys" if path != "/v1/keys" else "/v1/people"
    for where, after in ((elsewhere, cursor), (path, everything[0].get("id", "2026-10-31")), (path, "x")):
        body = check(office.ask("GET", where, params={"after": after}), 422, "invalid_request")
        assert [error["field"] for error in body["errors"]] == ["after"]


def fill(office: Office) -> None:
    """Have two of everything that is listed."""
    house = office.house
    for number in range(2):
        made = house.enter("ahtu", {"side": "missing", "name": f"Person {number}"})["case"]["id"]
        assert office.ask("DELETE", f"/v1/cases/{made}?reason=wish").status_code == 204
        assert office.ask("POST", "/v1/suspects", json=SAID).status_code == 201
        person = {"name": "New Person", "email": f"p{number}@example.org", "roles": ["reporter"]}
        assert office.ask("POST", "/v1/people", json=person).status_code == 201
        house.clock.advance(days=1)
        house.sandhan.audit.close_days()
    for receiver in ("stranger", "family"):
        form = {"kind": "referral", "receiver_id": house[receiver].id, "reason": "medical"}
        assert office.ask("POST", "/v1/cases/{case_id}/referrals", json=form).status_code == 201
    assert office.ask("POST", "/v1/cases/{case_id}/return", json={"returned_on": "2026-10-05"}).status_code == 201
    house.clock.advance(days=80)
    house.enter("family", REPORT)
    match_id = house.enter("shelter", RESCUE)["matches"][0]["id"]
    for side in ("missing", "rescued"):
        asked = {"side": side, "purpose": "verify-identity"}
        assert office.ask("POST", f"/v1/matches/{match_id}/disclosures", json=asked).status_code == 201


def test_a_cursor_tells_nothing_of_a_return(office: Office) -> None:
    fill(office)
    cursor = office.ask("GET", "/v1/follow-ups", params={"limit": 1}).json()["next"]
    assert base64.urlsafe_b64decode(cursor + "==")[16:].startswith(b"visit_")


def test_the_audit_log_is_walked_by_signed_cursors(office: Office) -> None:
    first = office.ask("GET", "/v1/audit", params={"limit": 2}).json()
    rest = office.ask("GET", "/v1/audit", params={"limit": 2, "after": first["next"]}).json()
    assert [entry["seq"] for entry in rest["items"]] > [entry["seq"] for entry in first["items"]]
    for params in ({"after": "2"}, {"after": first["next"], "subject": office.case_id}):
        check(office.ask("GET", "/v1/audit", params=params), 422, "invalid_request")


@pytest.mark.parametrize("what", ["agreement", "ref", "suspect", "person"])
def test_what_was_read_is_not_sent_again(office: Office, what: str) -> None:
    path, _, form = form_of(office, what)
    there = office.ask("POST", path, json=form).headers["location"]
    tag = office.ask("GET", there).headers["etag"]
    answer = office.ask("GET", there, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)


def test_a_request_to_see_is_read_by_both_sides_and_by_nobody_else(office: Office) -> None:
    fill(office)
    for one in office.ask("GET", "/v1/disclosures").json()["items"]:
        there = f"/v1/disclosures/{one['id']}"
        answer = office.ask("GET", there)
        assert answer.json() == one
        known = {"If-None-Match": answer.headers["etag"]}
        assert office.ask("GET", there, headers=known).status_code == 304
        seen = {who: office.house.ask(who, "GET", there).status_code for who in ("family", "shelter", "stranger")}
        assert sorted(seen.values()) == [200, 404, 404]
        assert seen["stranger"] == 404


def test_an_agreement_is_read_by_its_parties_and_by_operators(office: Office) -> None:
    path, _, form = form_of(office, "agreement")
    there = office.ask("POST", path, json=form).headers["location"]
    seen = {who: office.house.ask(who, "GET", there).status_code for who in ("ahtu", "stranger", "operator", "family")}
    assert seen == {"ahtu": 200, "stranger": 200, "operator": 200, "family": 404}


def test_nothing_that_was_changed_meanwhile_is_overwritten(office: Office) -> None:
    suspect = office.ask("POST", "/v1/suspects", json=SAID).headers["location"]
    person = office.ask("POST", "/v1/people", json=form_of(office, "person")[2]).headers["location"]
    case = f"/v1/cases/{office.case_id}"
    changes: dict[str, tuple[str, str, dict[str, Any]]] = {
        suspect: ("PUT", suspect, SAID | {"version": 1}),
        person: ("PATCH", person, {"roles": ["officer"]}),
        case: ("PUT", f"{case}/expiry", {"until": "2029-01-01"}),
    }
    for read, (method, there, form) in changes.items():
        before = office.ask("GET", read).json()
        tag = {"If-Match": '"0-000000000000000000000000"'}
        check(office.ask(method, there, json=form, headers=tag), 412, "precondition_failed")
        assert office.ask("GET", read).json() == before
        known = {"If-Match": office.ask("GET", read).headers["etag"]}
        assert office.ask(method, there, json=form, headers=known).status_code == 200
    for read, (method, there, form) in list(changes.items())[:2]:
        assert office.ask(method, there, json=form, headers={"If-Match": "*"}).status_code in (200, 409)
        check(office.ask(method, there, json=form, headers={"If-Match": '"1-0"'}), 412, "precondition_failed")
        assert office.ask("GET", read).status_code == 200


def test_whoever_guesses_at_a_password_is_told_how_long_to_wait(office: Office) -> None:
    town = Town(office.house)
    answers = [
        town.send("POST", "/v1/session", {"email": f"x{n}@example.org", "password": "none of it"}, address="10.9.9.9")
        for n in range(31)
    ]
    assert {answer.status_code for answer in answers[:30]} == {401}
    check(answers[30], 429, "too_many_attempts")
    assert 0 < int(answers[30].headers["retry-after"]) <= 900
    assert '"sign-in";q=30;w=900' in answers[30].headers["ratelimit-policy"]
    assert '"sign-in";r=0;t=' in answers[30].headers["ratelimit"]


def test_anonymous_doors_are_counted_whatever_stands_in_the_headers(
    dialect: str, tmp_path: Path, template: Path
) -> None:
    with settled_house(dialect, tmp_path / "home", template, rate_per_minute=40) as house:
        sent = {"Authorization": "Bearer nonsense"}
        codes = []
        for _ in range(31):
            answer = house.client.post("/v1/enrolment", json={"token": "enr_none"}, headers=sent)
            codes.append((answer.status_code, answer.json()["code"]))
        assert codes[:30] == [(401, "enrolment_refused")] * 30
        assert codes[30] == (429, "too_many_attempts")
        answers = [house.client.get("/v1/session/oidc", headers=sent) for _ in range(40)]
        check(answers[-1], 429, "rate_limited")
        assert '"address";q=40;w=60' in answers[-1].headers["ratelimit-policy"]
