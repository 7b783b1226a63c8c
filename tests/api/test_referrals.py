"""A case goes from one organisation to another: who sees what of it before, meanwhile and after."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from api.care.referral_states import Event
from api.store import VersionConflict, audit, cases, referrals
from api.store.tables import partner_keys, record_keys

from .agreeing import agree, propose, proposed, take, taken
from .conftest import GREEN, REPORT, RESCUE, House, picture

TEXTS = ("सुनिता", "Gosaba", "55501", "She asked for a nurse", "A cook, Ratan", "Sister Mary")
SOURCED: dict[str, Any] = RESCUE | {
    "informant": "A cook, Ratan",
    "provenance": {
        "village": {"source": "interview", "date": "2026-10-29", "certainty": "probable", "said_by": "Sister Mary"}
    },
}


@pytest.fixture
def sharing(house: House) -> House:
    agree(house, ("shelter", "mumbai"), ("shelter", "family"), ("shelter", "ahtu"))
    return house


def enter(house: House, number: str, **changed: Any) -> str:
    return str(house.enter("shelter", SOURCED, external_id=number, **changed)["case"]["id"])


def says_nothing(answer: Any) -> bool:
    text = answer.text + json.dumps(answer.json(), ensure_ascii=False)
    return not any(word in text for word in TEXTS)


def test_before_acceptance_the_receiver_sees_a_mask_and_a_word(sharing: House) -> None:
    case_id = enter(sharing, "R-1")
    made = proposed(sharing, "shelter", case_id, "mumbai", note="She asked for a nurse")
    assert (made["state"], made["version"], made["note"]) == ("proposed", 1, "She asked for a nurse")
    assert made["case"] is None
    answer = sharing.ask("mumbai", "GET", f"/v1/referrals/{made['id']}")
    seen = answer.json()
    assert says_nothing(answer)
    assert (seen["note"], seen["reason"], seen["possible"]) == (None, "repatriation", ["accept", "reject"])
    assert seen["case"]["view"] == "masked"
    assert seen["case"]["initials"] == ["स.", "ब."]
    assert all(event["by"] is None for event in seen["events"])
    (listed,) = sharing.ask("mumbai", "GET", "/v1/referrals").json()["items"]
    assert listed == seen
    with sharing.sandhan.database.read() as conn:
        assert not referrals.active_referral(conn, case_id, sharing["mumbai"].id)
    # To all others there is no such thing.
    nothing = sharing.ask("stranger", "GET", "/v1/referrals/ref_none")
    for who in ("stranger", "family", "ahtu"):
        answer = sharing.ask(who, "GET", f"/v1/referrals/{made['id']}")
        assert (answer.status_code, answer.content) == (404, nothing.content)
        for event in ("accept", "reject", "revoke", "complete"):
            assert take(sharing, who, made, event).status_code == 404
        assert sharing.ask(who, "GET", "/v1/referrals").json()["items"] == []
    taken(sharing, "shelter", made, "revoke", reason="mistake")


def test_an_accepted_referral_is_active_until_it_is_over(sharing: House) -> None:
    case_id = enter(sharing, "R-2")
    made = proposed(sharing, "shelter", case_id, "mumbai", note="She asked for a nurse")

    def active() -> bool:
        with sharing.sandhan.database.read() as conn:
            return referrals.active_referral(conn, case_id, sharing["mumbai"].id)

    accepted = taken(sharing, "mumbai", made, "accept")
    assert active()
    assert accepted["note"] == "She asked for a nurse"
    assert accepted["possible"] == ["complete", "revoke"]
    assert sharing.ask("shelter", "GET", f"/v1/referrals/{made['id']}").json()["possible"] == ["revoke"]
    done = take(sharing, "mumbai", accepted, "complete")
    assert done.json()["state"] == "done"
    assert (done.json()["case"], done.json()["note"], done.json()["possible"]) == (None, None, [])
    assert not active()
    assert [event["event"] for event in done.json()["events"]] == ["propose", "accept", "complete"]
    assert sharing.ask("mumbai", "GET", "/v1/referrals").json()["items"] == []
    assert len(sharing.ask("mumbai", "GET", "/v1/referrals", params={"open_only": False}).json()["items"]) >= 1
    # A referral is no transfer: the case stays whose it was.
    assert sharing.ask("shelter", "GET", f"/v1/cases/{case_id}").json()["view"] == "full"


def test_what_stands_against_a_proposal(sharing: House) -> None:
    case_id = enter(sharing, "R-3")
    for to, kind, status, code in (
        ("stranger", "referral", 409, "no_agreement"),
        ("shelter", "referral", 422, "invalid_request"),
        ("operator", "referral", 404, "not_found"),
    ):
        answer = propose(sharing, "shelter", case_id, to, kind)
        assert (answer.status_code, answer.json()["code"]) == (status, code), to
    nobody = {"kind": "referral", "receiver_id": "partner_none", "reason": "medical"}
    assert sharing.ask("shelter", "POST", f"/v1/cases/{case_id}/referrals", json=nobody).status_code == 404
    assert propose(sharing, "mumbai", case_id, "shelter").status_code == 404  # not his case
    first = proposed(sharing, "shelter", case_id, "mumbai")
    again = propose(sharing, "shelter", case_id, "mumbai")
    assert (again.status_code, again.json()["code"]) == (409, "referral_open")
    other = proposed(sharing, "shelter", case_id, "family")  # another one may help, too
    transfer = proposed(sharing, "shelter", case_id, "family", "transfer")
    second = propose(sharing, "shelter", case_id, "mumbai", "transfer")  # but a case goes to one place
    assert (second.status_code, second.json()["code"]) == (409, "referral_open")
    for one in (first, other, transfer):
        taken(sharing, "shelter", one, "revoke")
    sharing.ask("shelter", "POST", f"/v1/cases/{case_id}/close")
    closed = propose(sharing, "shelter", case_id, "mumbai")
    assert (closed.status_code, closed.json()["code"]) == (409, "case_closed")


def test_a_step_is_refused_where_it_is_not_ones_own_and_where_somebody_was_faster(sharing: House) -> None:
    case_id = enter(sharing, "R-4")
    made = proposed(sharing, "shelter", case_id, "mumbai")
    for who, event in (("shelter", "accept"), ("shelter", "reject"), ("mumbai", "revoke"), ("mumbai", "complete")):
        answer = take(sharing, who, made, event)
        assert (answer.status_code, answer.json()["code"]) == (409, "referral_state"), (who, event)
    without = sharing.ask("mumbai", "POST", f"/v1/referrals/{made['id']}/reject", json={"version": 1})
    assert without.status_code == 422
    accepted = taken(sharing, "mumbai", made, "accept")
    stale = take(sharing, "shelter", made, "revoke")
    assert (stale.status_code, stale.json()["code"]) == (409, "version_conflict")
    revoked = taken(sharing, "mumbai", accepted, "revoke", reason="no_capacity")
    assert (revoked["state"], revoked["events"][-1]["reason"]) == ("revoked", "no_capacity")
    for event in ("accept", "reject", "revoke", "complete"):
        assert take(sharing, "shelter", revoked, event).json()["code"] == "referral_state"


def test_of_two_steps_at_once_one_counts(sharing: House) -> None:
    made = proposed(sharing, "shelter", enter(sharing, "R-7"), "mumbai")
    scopes = {who: sharing.sandhan.partners.scope_of(sharing[who].key) for who in ("shelter", "mumbai")}
    start = threading.Barrier(2)

    def step(who: str, event: Event) -> str:
        start.wait(timeout=30)
        try:
            seen = sharing.sandhan.referrals.take(made["id"], event, reason="other", version=1, scope=scopes[who])
        except VersionConflict:
            return "too late"
        return seen.referral.state

    with ThreadPoolExecutor(2) as pool:
        came = [pool.submit(step, *one) for one in (("shelter", Event.REVOKE), ("mumbai", Event.ACCEPT))]
        results = [one.result() for one in came]
    assert results in (["revoked", "too late"], ["too late", "accepted"])
    now = sharing.ask("shelter", "GET", f"/v1/referrals/{made['id']}").json()
    assert (now["version"], now["state"]) == (2, next(one for one in results if one != "too late"))


def test_an_agreement_that_ended_stops_acceptance_and_completion(sharing: House) -> None:
    made = proposed(sharing, "shelter", enter(sharing, "R-5"), "mumbai")
    agree(sharing)
    assert take(sharing, "mumbai", made, "accept").json()["code"] == "no_agreement"
    agree(sharing, ("mumbai", "shelter"))
    accepted = taken(sharing, "mumbai", made, "accept")
    agree(sharing)
    assert take(sharing, "mumbai", accepted, "complete").json()["code"] == "no_agreement"
    taken(sharing, "shelter", accepted, "revoke")  # ending is always possible


def test_without_agreements_nothing_can_be_proposed(fresh_house: House) -> None:
    fresh_house.join("apart", "ngo", agrees=False)
    case_id = enter(fresh_house, "R-6")
    assert propose(fresh_house, "shelter", case_id, "apart").json()["code"] == "no_agreement"


def test_a_transfer_makes_the_case_the_receivers(sharing: House) -> None:
    photo = picture(GREEN)
    case_id = sharing.enter("shelter", SOURCED, photo, external_id="T-1", face_consent=True)["case"]["id"]
    own = f"/v1/cases/{case_id}"
    sharing.ask("shelter", "POST", f"{own}/notes", json={"kind": "medical", "text": "She asked for a nurse"})
    stage = {"stage": "re_integration", "entered_on": "2026-10-31"}
    sharing.ask("shelter", "POST", f"{own}/stages", json=stage)
    help_ = proposed(sharing, "shelter", case_id, "family")
    made = proposed(sharing, "shelter", case_id, "mumbai", "transfer")
    accepted = take(sharing, "mumbai", made, "accept")
    assert says_nothing(accepted)
    assert sharing.ask("mumbai", "GET", own).json().get("view") != "full"  # accepted is not his yet
    with sharing.sandhan.database.read() as conn:
        assert not referrals.active_referral(conn, case_id, sharing["mumbai"].id)
    done = taken(sharing, "mumbai", accepted.json(), "complete")
    assert done["state"] == "done"

    # The receiver has everything: content, photos, notes, stages, timers.
    case = sharing.ask("mumbai", "GET", own).json()
    assert (case["view"], case["owner_id"], case["fields"]["name"]) == ("full", sharing["mumbai"].id, "सुनिता")
    assert [one["state"] for one in case["photos"]] == ["embedded"]
    assert sharing.ask("mumbai", "GET", f"{own}/photos/{case['photos'][0]['id']}").status_code == 200
    notes = sharing.ask("mumbai", "GET", f"{own}/notes").json()["items"]
    assert [note["text"] for note in notes] == ["She asked for a nurse"]
    assert sharing.ask("mumbai", "GET", f"{own}/stages").json()["present"] == "re_integration"
    agenda = {"upto": "2029-01-01"}
    due = sharing.ask("mumbai", "GET", "/v1/follow-ups", params=agenda).json()["items"]
    assert [item["case_id"] for item in due] == [case_id] * 6
    # The old owner has nothing of it, and whom he asked for help has been told that it is over.
    assert case_id not in sharing.ask("shelter", "GET", "/v1/follow-ups", params=agenda).text
    nothing = sharing.ask("shelter", "GET", "/v1/cases/case_none/notes")
    for path in ("notes", "stages", "history", "home-reports", "follow-ups", "referrals", "photos"):
        answer = sharing.ask("shelter", "GET", f"{own}/{path}")
        assert (answer.status_code, answer.content) == (404, nothing.content), path
    assert sharing.ask("shelter", "PUT", own, json=SOURCED).status_code == 404
    kept = sharing.ask("shelter", "GET", f"/v1/referrals/{made['id']}").json()
    assert (kept["state"], kept["note"], kept["case"], kept["possible"]) == ("done", None, None, [])
    ended = sharing.ask("family", "GET", f"/v1/referrals/{help_['id']}").json()
    assert (ended["state"], ended["events"][-1]["reason"]) == ("revoked", "owner_changed")
    with sharing.sandhan.database.read() as conn:
        owner_of_key = select(partner_keys.c.partner_id).join(
            record_keys, record_keys.c.partner_key_id == partner_keys.c.id
        )
        assert conn.scalar(owner_of_key.where(record_keys.c.case_id == case_id)) == sharing["mumbai"].id
        rows = audit.entries(conn, subject=case_id, limit=1000)
        assert {row.action: row.detail["partner"] for row in rows if row.action in ("case.given", "case.taken")} == {
            "case.given": sharing["shelter"].id, "case.taken": sharing["mumbai"].id,
        }  # fmt: skip
        assert audit.verify(conn) is None
        assert not any(word in repr(row) for row in rows for word in TEXTS)


def test_a_transfer_keeps_the_informant_with_who_knew_him(sharing: House) -> None:
    case_id = enter(sharing, "T-2")
    made = proposed(sharing, "shelter", case_id, "mumbai", "transfer")
    taken(sharing, "mumbai", taken(sharing, "mumbai", made, "accept"), "complete")
    answers = [sharing.ask("mumbai", "GET", f"/v1/cases/{case_id}{path}") for path in ("", "/history")]
    for answer in answers:
        assert answer.status_code == 200
        assert not any(word in answer.text for word in ("Ratan", "Sister Mary", "interview"))
    assert answers[0].json()["fields"]["provenance"] == {"village": {"date": "2026-10-29", "certainty": "probable"}}
    # What the new owner adds himself, he sees.
    sharing.ask("mumbai", "PUT", f"/v1/cases/{case_id}", json=SOURCED | {"informant": "Our own Meera"})
    assert "Our own Meera" in sharing.ask("mumbai", "GET", f"/v1/cases/{case_id}/history").text


def write_everything(house: House, who: str, case_id: str) -> None:
    """Enter a text wherever one can be entered after the report."""
    own = f"/v1/cases/{case_id}"
    report = {"unit": "Qunit of Gosaba", "due_on": "2026-12-15", "question": "Qquestion"}
    made = house.ask(who, "POST", f"{own}/home-reports", json=report).json()
    finding = {"outcome": "safe", "visited_on": "2026-10-30", "role": "Qrole", "narrative": "Qnarrative", "version": 0}
    stage = {"stage": "re_integration", "entered_on": "2026-10-31", "note": "Qstage"}
    for path, form in (
        ("notes", {"kind": "interview", "text": "Qinterview by Sister Mary"}),
        ("notes", {"kind": "other", "text": "Qother"}),
        ("notes", {"kind": "medical", "text": "Mmedical"}),
        ("stages", stage),
        (f"home-reports/{made['id']}/findings", finding),
    ):
        answer = house.ask(who, "POST", f"{own}/{path}", json=form)
        assert answer.status_code in (200, 201), answer.text
    visit = house.ask(who, "GET", f"{own}/follow-ups").json()["items"][0]["id"]
    settled = {"state": "done", "outcome": "well", "note": "Qvisit"}
    assert house.ask(who, "POST", f"{own}/follow-ups/{visit}", json=settled).status_code == 200


@pytest.mark.parametrize("with_sources", [False, True])
def test_a_transfer_without_sources_keeps_what_was_written_after_the_report(sharing: House, with_sources: bool) -> None:
    case_id = enter(sharing, f"T-9 {with_sources}")
    write_everything(sharing, "shelter", case_id)
    made = proposed(sharing, "shelter", case_id, "mumbai", "transfer", with_sources=with_sources)
    taken(sharing, "mumbai", taken(sharing, "mumbai", made, "accept"), "complete")
    doors = ("notes", "stages", "home-reports", "follow-ups")
    text = "".join(sharing.ask("mumbai", "GET", f"/v1/cases/{case_id}/{door}").text for door in doors)
    kept = ("Qunit", "Qquestion", "Qrole", "Qnarrative", "Qstage", "Qinterview", "Qother", "Qvisit")
    assert [word in text for word in kept] == [with_sources] * len(kept)
    for goes_along in ("Mmedical", '"safe"', '"well"', '"re_integration"', '"interview"', "2026-10-30"):
        assert goes_along in text, goes_along
    # What the new owner writes himself, he reads.
    note = sharing.ask(
        "mumbai", "POST", f"/v1/cases/{case_id}/notes", json={"kind": "interview", "text": "Nnew"}
    ).json()
    stage = {"stage": "rehabilitation", "entered_on": "2026-11-01", "note": "Nstage"}
    stages = sharing.ask("mumbai", "POST", f"/v1/cases/{case_id}/stages", json=stage).text
    assert (note["text"], "Nstage" in stages, "Qstage" in stages) == ("Nnew", True, with_sources)


def test_a_transfer_with_sources_hands_them_over(sharing: House) -> None:
    case_id = enter(sharing, "T-3")
    made = proposed(sharing, "shelter", case_id, "mumbai", "transfer", with_sources=True)
    taken(sharing, "mumbai", taken(sharing, "mumbai", made, "accept"), "complete")
    assert sharing.ask("mumbai", "GET", f"/v1/cases/{case_id}").json()["fields"]["informant"] == "A cook, Ratan"


@pytest.mark.parametrize("when", ["before the proposal", "after the proposal", "after the acceptance"])
def test_a_number_that_the_receiver_has_already_is_a_clear_conflict(sharing: House, when: str) -> None:
    number = f"T-4 {when}"
    case_id = enter(sharing, number)

    def take_number() -> None:
        sharing.enter("mumbai", RESCUE, external_id=number, name="Another")

    if when == "before the proposal":
        take_number()
        answer = propose(sharing, "shelter", case_id, "mumbai", "transfer")
    else:
        made = proposed(sharing, "shelter", case_id, "mumbai", "transfer")
        if when == "after the acceptance":
            made = taken(sharing, "mumbai", made, "accept")
        take_number()
        answer = take(sharing, "mumbai", made, "accept" if when == "after the proposal" else "complete")
    assert (answer.status_code, answer.json()["code"]) == (409, "transfer_clash")
    assert number not in answer.text
    with sharing.sandhan.database.read() as conn:
        assert cases.require_case(conn, case_id).owner_id == sharing["shelter"].id


def test_the_face_of_a_case_follows_the_rules_of_its_new_owner(sharing: House) -> None:
    sharing.ask("operator", "PUT", f"/v1/partners/{sharing['ahtu'].id}/faces", json={"compared": False})
    case_id = sharing.enter("shelter", RESCUE, picture(GREEN), external_id="T-5", face_consent=True)["case"]["id"]
    made = proposed(sharing, "shelter", case_id, "ahtu", "transfer")
    taken(sharing, "ahtu", taken(sharing, "ahtu", made, "accept"), "complete")
    (photo,) = sharing.ask("ahtu", "GET", f"/v1/cases/{case_id}/photos").json()
    assert photo["state"] == "withheld"


def test_the_index_follows_a_case_to_its_new_owner(sharing: House) -> None:
    case_id = enter(sharing, "T-6")
    made = proposed(sharing, "shelter", case_id, "mumbai", "transfer")
    taken(sharing, "mumbai", taken(sharing, "mumbai", made, "accept"), "complete")
    sharing.sandhan.keeper.refresh()
    sharing.sandhan.cases.recover()
    found = sharing.enter("family", REPORT, external_id="T-6 report")
    assert case_id in {
        sharing.ask("family", "GET", f"/v1/matches/{match['id']}").json()["rescued"]["id"] for match in found["matches"]
    }


def test_referrals_come_in_pages(sharing: House) -> None:
    made = [proposed(sharing, "shelter", enter(sharing, f"P-{n}"), "mumbai")["id"] for n in range(5)]
    for who, direction in (("shelter", "outgoing"), ("mumbai", "incoming")):
        seen: list[str] = []
        after = None
        while True:
            wanted = {"direction": direction, "limit": 2, "open_only": False} | ({"after": after} if after else {})
            page = sharing.ask(who, "GET", "/v1/referrals", params=wanted).json()
            seen += [item["id"] for item in page["items"]]
            after = page["next"]
            if after is None:
                break
        assert len(seen) == len(set(seen))
        assert [one for one in seen if one in made] == made
