"""Deciding about a match over HTTP: whose it is, what it needs, what follows, and what nobody else learns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from api.matches.moves import MatchChange, MatchMoves
from api.matches.silence import silent_no_more
from api.matches.states import Action, MatchState
from api.nightly.run import CrossMatch
from api.store import Connection, VersionConflict, audit, dispositions, freezes, matches, outbox, tables
from api.store.match_tables import match_notes
from api.store.matches import Match

from .conftest import REPORT, RESCUE, House, Pair, matched

ORDER = {"authority": "cwc", "number": "CWC/MUM/2026/118"}
REJECT = {"reason": "wrong_age", "until": "2026-11-20"}


@pytest.fixture
def own(fresh_house: House) -> Pair:
    """A matched pair that a test may change."""
    return matched(fresh_house)


@pytest.fixture
def heard(own: Pair) -> list[MatchChange]:
    """What whoever must hear of changes is told of."""
    told: list[MatchChange] = []

    def on_change(conn: Connection, match: Match, change: MatchChange) -> None:
        assert matches.require_match(conn, match.id) == match
        assert match.state == change.to_state
        told.append(change)

    moves: MatchMoves = own.house.sandhan.decisions._moves
    moves._on_change = on_change
    return told


def decide(pair: Pair, who: str, action: str, match_id: str | None = None, **more: Any) -> httpx.Response:
    headers = more.pop("headers", {})
    path = f"/v1/matches/{match_id or pair.match_id}/decisions"
    return pair.house.ask(who, "POST", path, json={"action": action, **more}, headers=headers)


def taken(pair: Pair, who: str, action: str, match_id: str | None = None, **more: Any) -> dict[str, Any]:
    answer = decide(pair, who, action, match_id, **more)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def refused(answer: httpx.Response) -> tuple[int, str, list[str]]:
    body = answer.json()
    return answer.status_code, body["code"], [problem["field"] for problem in body["errors"]]


def timeline(pair: Pair, who: str, match_id: str | None = None) -> dict[str, Any]:
    answer = pair.house.ask(who, "GET", f"/v1/matches/{match_id or pair.match_id}/events")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def verified(pair: Pair) -> dict[str, Any]:
    """Lead a match from suggestion to verification."""
    for who, action in (("shelter", "take_up"), ("shelter", "confirm"), ("family", "confirm")):
        taken(pair, who, action)
    taken(pair, "family", "start_verification")
    return taken(pair, "family", "verify", finding="same_person")


def home_found(pair: Pair, who: str, outcome: str, visited_on: str = "2026-10-30") -> str:
    case_id = pair.missing_id if who == "family" else pair.rescued_id
    asked = pair.house.ask(
        who, "POST", f"/v1/cases/{case_id}/home-reports", json={"unit": "DCPU", "due_on": "2026-12-01"}
    )
    found = {"outcome": outcome, "visited_on": visited_on, "role": "officer", "version": 0}
    path = f"/v1/cases/{case_id}/home-reports/{asked.json()['id']}/findings"
    assert pair.house.ask(who, "POST", path, json=found).status_code == 201
    return str(asked.json()["id"])


def test_from_suggestion_to_closed_and_all_the_way_back(own: Pair, heard: list[MatchChange]) -> None:
    states = [timeline(own, "family")["state"]]
    states.append(verified(own)["state"])
    report = home_found(own, "family", "safe")
    restored = taken(
        own,
        "family",
        "restore",
        order=ORDER,
        home_report_id=report,
        returned_on="2026-11-01",
        note="Both parents came.",
    )
    states += [restored["state"], taken(own, "shelter", "close")["state"]]
    assert states == ["suggested", "verified", "restored", "closed"]
    assert [(one["side"], one["disposition"]) for one in restored["dispositions"]] == [
        ("rescued", "confirm"), ("missing", "confirm"),
    ]  # fmt: skip
    visits = own.house.ask("family", "GET", f"/v1/cases/{own.missing_id}/follow-ups").json()["items"]
    assert {visit["state"] for visit in visits} == {"due"}
    back = []
    for who in ("shelter", "family", "family", "family", "family", "shelter", "shelter"):
        back.append(taken(own, who, "undo", reason="mistake")["state"])
    assert back == [
        "restored", "verified", "field_verification", "confirmed_by_both", "confirmed_by_one", "triage", "suggested",
    ]  # fmt: skip
    visits = own.house.ask("family", "GET", f"/v1/cases/{own.missing_id}/follow-ups").json()["items"]
    assert {(visit["state"], visit["outcome"]) for visit in visits} == {("cancelled", "match_undone")}
    seen = timeline(own, "family")
    assert [event["kind"] for event in seen["events"]][:3] == ["new", "take_up", "confirm"]
    assert [event["undoes"] for event in seen["events"] if event["kind"] == "undo"] == [
        "close", "restore", "verify", "start_verification", "confirm", "confirm", "take_up",
    ]  # fmt: skip
    assert seen["dispositions"] == []
    assert refused(decide(own, "shelter", "undo", reason="mistake")) == (
        409, "decision_not_open", [],
    ), "there is nothing left to undo"  # fmt: skip
    steps = [event for event in seen["events"] if event["kind"] != "new"]
    assert [(one.kind, one.from_state, one.to_state) for one in heard] == [
        (event["kind"], event["from_state"], event["to_state"]) for event in steps
    ]
    assert {one.actor for one in heard} == {own.house["family"].key_id, own.house["shelter"].key_id}


def test_an_order_and_a_safe_home_are_needed_and_an_unsafe_one_leads_elsewhere(own: Pair) -> None:
    verified(own)
    assert refused(decide(own, "family", "restore")) == (409, "decision_needs", ["home_safe", "order"])
    assert refused(decide(own, "family", "place_safely", order=ORDER)) == (409, "decision_needs", ["home_report"])
    old = home_found(own, "family", "safe")
    assert refused(decide(own, "shelter", "restore")) == (409, "decision_needs", ["order"])
    home_found(own, "shelter", "unsafe", "2026-10-31")
    for named in ({}, {"home_report_id": old}):
        answer = decide(own, "family", "restore", order=ORDER, **named)
        assert refused(answer) == (409, "decision_needs", ["home_safe"]), "the newest counts, whoever had it made"
    offered = {one["action"]: one["needs"] for one in timeline(own, "shelter")["actions"]}
    assert offered == {"restore": ["home_safe", "order"], "place_safely": ["order"]}
    placed = taken(own, "shelter", "place_safely", order=ORDER)
    assert placed["state"] == "placed_safely"
    assert placed["events"][-1]["order"] == ORDER


def test_an_order_is_the_owners_and_words_are_the_own_organisations(own: Pair) -> None:
    verified(own)
    home_found(own, "family", "safe")
    taken(own, "family", "restore", order=ORDER, note="Words of the family's NGO")
    last = {who: timeline(own, who)["events"][-1] for who in ("family", "shelter", "ahtu")}
    assert (last["family"]["order"], last["family"]["note"]) == (ORDER, "Words of the family's NGO")
    assert (last["shelter"]["order"], last["shelter"]["note"]) == (ORDER, None)
    assert (last["ahtu"]["order"], last["ahtu"]["note"]) == (None, None)
    assert [one["by"] is None for one in last.values()] == [False, True, True]
    nameless = own.house.key_with("shelter", "matches:read")
    seen = own.house.client.get(f"/v1/matches/{own.match_id}/events", headers=nameless).json()
    assert seen["events"][-1]["order"] == {"authority": "cwc", "number": None}
    assert seen["actions"] == []
    with own.house.sandhan.database.read() as conn:
        stored = str(conn.execute(select(match_notes)).all()) + str(matches.events_of(conn, own.match_id))
        noted = str(audit.entries(conn, limit=10_000))
    for secret in (ORDER["number"], "Words of"):
        assert secret not in stored
        assert secret not in noted
    assert own.house.ask("family", "DELETE", f"/v1/cases/{own.missing_id}?reason=wish").status_code == 204
    with own.house.sandhan.database.read() as conn:
        assert conn.execute(select(match_notes)).all() == []
        assert [one.contributions for one in freezes.freezes_of(conn, own.match_id)] == [[]]


def test_to_whoever_owns_neither_side_there_is_no_such_match(own: Pair) -> None:
    for who in ("ahtu", "mumbai", "stranger", "operator"):
        answer, nothing = decide(own, who, "take_up"), decide(own, who, "take_up", "match_none")
        assert (answer.status_code, answer.content) == (404 if who != "operator" else 403, nothing.content), who
    assert decide(own, "shelter", "take_up", side="missing").content == decide(own, "ahtu", "take_up").content
    assert {who: len(timeline(own, who)["actions"]) > 0 for who in ("ahtu", "mumbai", "family")} == {
        "ahtu": False, "mumbai": False, "family": True,
    }  # fmt: skip
    path, unknown = f"/v1/matches/{own.match_id}/events", "/v1/matches/match_none/events"
    answer, nothing = (own.house.ask("stranger", "GET", there) for there in (path, unknown))
    assert (answer.status_code, answer.content) == (404, nothing.content)


def test_deciding_and_verifying_are_permissions_of_their_own(own: Pair) -> None:
    house = own.house
    path = f"/v1/matches/{own.match_id}/decisions"
    for action in ("take_up", "confirm"):
        taken(own, "shelter", action)
    taken(own, "family", "confirm")
    taken(own, "family", "start_verification")
    case_manager = house.key_with("family", "matches:read", "matches:decide", "names:read")
    form = {"action": "verify", "finding": "same_person"}
    answer = house.client.post(path, headers=case_manager, json=form)
    assert (answer.status_code, answer.json()["detail"]) == (403, "you lack the permission matches:verify")
    seen = house.client.get(f"/v1/matches/{own.match_id}/events", headers=case_manager).json()
    assert [one["action"] for one in seen["actions"]] == ["ask_information", "reject", "undo"]
    reader = house.key_with("family", "matches:read")
    assert house.client.post(path, headers=reader, json={"action": "reject", **REJECT}).status_code == 403
    for finding in ({}, {"finding": "inconclusive"}):
        assert refused(decide(own, "family", "verify", **finding)) == (409, "decision_needs", ["finding"])
    assert taken(own, "family", "verify", finding="same_person")["state"] == "verified"


def test_a_side_confirms_once_and_the_other_has_to(own: Pair) -> None:
    taken(own, "shelter", "take_up")
    assert refused(decide(own, "shelter", "verify")) == (409, "decision_not_open", [])
    taken(own, "shelter", "confirm")
    assert refused(decide(own, "shelter", "confirm")) == (
        409, "decision_needs", ["other_side", "two_persons", "two_organisations"],
    )  # fmt: skip
    assert "confirm" not in [one["action"] for one in timeline(own, "shelter")["actions"]]
    assert taken(own, "family", "confirm")["state"] == "confirmed_by_both"


def test_one_organisation_with_both_sides_needs_two_persons(fresh_house: House) -> None:
    house = fresh_house
    missing = house.enter("shelter", REPORT)
    rescued = house.enter("shelter", RESCUE | {"external_id": "OTHER"})
    pair = Pair(house, missing["case"]["id"], rescued["case"]["id"], rescued["matches"][0]["id"], "", {})
    answer = decide(pair, "shelter", "take_up")
    assert refused(answer) == (422, "invalid_request", ["side"])
    taken(pair, "shelter", "take_up", side="missing")
    taken(pair, "shelter", "confirm", side="missing")
    assert refused(decide(pair, "shelter", "confirm", side="rescued")) == (409, "decision_needs", ["two_persons"])
    colleague = house.key_with("shelter", "matches:decide", "matches:read")
    path = f"/v1/matches/{pair.match_id}/decisions"
    answer = house.client.post(path, headers=colleague, json={"action": "confirm", "side": "rescued"})
    assert (answer.status_code, answer.json()["state"]) == (200, "confirmed_by_both")


def test_what_changed_meanwhile_is_not_decided_about_unseen(own: Pair) -> None:
    house = own.house
    read = house.ask("shelter", "GET", f"/v1/matches/{own.match_id}")
    tag = read.headers["etag"]
    assert tag.startswith(f'"{read.json()["version"]}-')
    done = decide(own, "shelter", "take_up", headers={"If-Match": tag})
    assert done.status_code == 200
    late = decide(own, "family", "reject", headers={"If-Match": tag}, **REJECT)
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    events = f"/v1/matches/{own.match_id}/events"
    now = house.ask("shelter", "GET", events)
    assert now.headers["etag"] == done.headers["etag"]
    assert house.ask("shelter", "GET", events, headers={"If-None-Match": now.headers["etag"]}).status_code == 304
    changed = house.send("shelter", RESCUE | {"name": "Wholly Other"}, path=f"/v1/cases/{own.rescued_id}", method="PUT")
    assert changed.status_code == 200
    stale = decide(own, "family", "confirm", headers={"If-Match": now.headers["etag"]})
    assert stale.status_code == 412, "the evidence is another"


def test_the_first_confirmation_freezes_its_evidence(own: Pair) -> None:
    house = own.house
    taken(own, "shelter", "take_up")
    frozen = taken(own, "shelter", "confirm")["frozen"]
    assert (frozen["grade"], frozen["model_version"]) == ("certain", house.sandhan.model.version)
    assert frozen["thresholds"].keys() == {"certain", "probable", "possible"}
    form = RESCUE | {"father_name": "Somebody Else", "mother_name": "Another"}
    assert house.send("shelter", form, path=f"/v1/cases/{own.rescued_id}", method="PUT").status_code == 200
    assert timeline(own, "shelter")["frozen"] == frozen
    assert house.ask("shelter", "GET", f"/v1/matches/{own.match_id}").json()["weight"] < frozen["weight"]
    assert taken(own, "family", "confirm")["frozen"] == frozen
    with house.sandhan.database.read() as conn:
        (kept,) = freezes.freezes_of(conn, own.match_id)
        match = matches.require_match(conn, own.match_id)
    assert (kept.rescued_version, match.rescued_version) == (1, 2)
    assert len(kept.contributions) == len(frozen["contributions"])
    consents = house.ask("shelter", "GET", f"/v1/cases/{own.rescued_id}/consents").json()
    (faces,) = [one["id"] for one in consents if one["purpose"] == "faces"]
    assert "face" in [part["comparison"] for part in frozen["contributions"]]
    assert house.ask("shelter", "POST", f"/v1/cases/{own.rescued_id}/consents/{faces}/withdraw").status_code == 200
    left = timeline(own, "shelter")["frozen"]
    assert "face" not in [part["comparison"] for part in left["contributions"]]
    assert left["weight"] == frozen["weight"]


def test_what_is_confirmed_first_in_a_dispute_is_frozen_too_and_shown_while_it_stands(own: Pair) -> None:
    taken(own, "shelter", "reject", **REJECT)
    assert timeline(own, "shelter")["frozen"] is None
    assert taken(own, "family", "dispute", disposition="confirm")["frozen"] is not None
    taken(own, "shelter", "settle", disposition="confirm")
    with own.house.sandhan.database.read() as conn:
        assert len(freezes.freezes_of(conn, own.match_id)) == 1
    taken(own, "shelter", "undo", reason="mistake")
    assert taken(own, "family", "undo", reason="mistake")["frozen"] is None
    with own.house.sandhan.database.read() as conn:
        assert len(freezes.freezes_of(conn, own.match_id)) == 1, "nothing is deleted"


def test_follow_ups_do_not_run_in_a_closed_case(own: Pair) -> None:
    verified(own)
    home_found(own, "family", "safe")
    assert own.house.ask("family", "POST", f"/v1/cases/{own.missing_id}/close").status_code == 200
    answer = decide(own, "family", "restore", order=ORDER, returned_on="2026-11-01")
    assert refused(answer) == (409, "case_closed", [])
    answer = decide(own, "family", "restore", order=ORDER, returned_on="2027-11-01")
    assert refused(answer) == (422, "invalid_request", ["returned_on"])
    assert taken(own, "family", "restore", order=ORDER)["state"] == "restored"


def stage(pair: Pair, name: str, day: str, **more: str) -> str:
    """Enter a stage of the missing report; return the id of the entry."""
    path = f"/v1/cases/{pair.missing_id}/stages"
    answer = pair.house.ask("family", "POST", path, json={"stage": name, "entered_on": day, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["entries"][-1]["id"])


def visits_of(pair: Pair, *states: str) -> list[tuple[str, str]]:
    """Return (day of return, state) of each visit of the missing report that is in one of these states."""
    visits = pair.house.ask("family", "GET", f"/v1/cases/{pair.missing_id}/follow-ups").json()["items"]
    return [(visit["returned_on"], visit["state"]) for visit in visits if not states or visit["state"] in states]


@pytest.fixture
def sure(own: Pair) -> Pair:
    """A verified match, and a home that is safe."""
    verified(own)
    home_found(own, "family", "safe")
    return own


def test_a_restoration_that_is_undone_leaves_the_visits_of_a_stage_of_that_day(sure: Pair) -> None:
    taken(sure, "family", "restore", order=ORDER, returned_on="2026-11-01")
    stage(sure, "re_integration", "2026-11-01")
    taken(sure, "family", "undo", reason="mistake")
    taken(sure, "family", "restore", order=ORDER)
    assert visits_of(sure) == [("2026-11-01", "due")] * 6


def test_a_stage_that_is_corrected_leaves_the_visits_of_a_restoration_of_that_day(sure: Pair) -> None:
    entry = stage(sure, "re_integration", "2026-11-01")
    taken(sure, "family", "restore", order=ORDER, returned_on="2026-11-01")
    stage(sure, "repatriation", "2026-11-01", corrects=entry)
    assert visits_of(sure) == [("2026-11-01", "due")] * 6
    taken(sure, "family", "undo", reason="mistake")
    assert visits_of(sure) == [("2026-11-01", "cancelled")] * 6


def test_a_restoration_that_is_undone_leaves_the_visits_of_a_return_that_was_noted_before(sure: Pair) -> None:
    path = f"/v1/cases/{sure.missing_id}/return"
    assert sure.house.ask("family", "POST", path, json={"returned_on": "2026-11-01"}).status_code == 201
    taken(sure, "family", "restore", order=ORDER, returned_on="2026-11-01")
    taken(sure, "family", "undo", reason="mistake")
    assert visits_of(sure) == [("2026-11-01", "due")] * 6


def test_visits_run_again_from_the_day_that_still_stands(sure: Pair) -> None:
    taken(sure, "family", "restore", order=ORDER, returned_on="2026-10-31")
    entry = stage(sure, "re_integration", "2026-11-01")
    assert visits_of(sure, "due") == [("2026-11-01", "due")] * 6
    stage(sure, "repatriation", "2026-11-01", corrects=entry)
    assert visits_of(sure, "due") == [("2026-10-31", "due")] * 6
    stage(sure, "re_integration", "2026-10-30")
    taken(sure, "family", "undo", reason="mistake")
    assert visits_of(sure, "due") == [("2026-10-30", "due")] * 6


def test_what_was_settled_of_a_return_is_not_due_again(sure: Pair) -> None:
    taken(sure, "family", "restore", order=ORDER, returned_on="2026-11-01")
    stage(sure, "re_integration", "2026-11-01")
    path = f"/v1/cases/{sure.missing_id}/follow-ups"
    first, second, *_ = sure.house.ask("family", "GET", path).json()["items"]
    for visit, state, outcome in ((first, "done", "well"), (second, "cancelled", "moved_away")):
        settled = {"state": state, "outcome": outcome}
        assert sure.house.ask("family", "POST", f"{path}/{visit['id']}", json=settled).status_code == 200
    taken(sure, "family", "undo", reason="mistake")
    assert [state for _, state in visits_of(sure)] == ["done", "cancelled", "due", "due", "due", "due"]


def test_the_rivals_of_a_verified_match_end_and_come_back(own: Pair, heard: list[MatchChange]) -> None:
    house = own.house
    second = house.enter("family", REPORT | {"external_id": "FIR-SECOND"})
    rivals = [one["id"] for one in second["matches"]]
    assert len(rivals) == 1
    taken(own, "family", "take_up", rivals[0])
    verified(own)
    assert timeline(own, "family")["state"] == "verified"
    assert house.ask("family", "GET", f"/v1/matches/{rivals[0]}/events").status_code == 404, "it makes nobody a party"
    change = next(one for one in heard if one.kind == "supersede")
    assert (change.match_id, change.from_state, change.to_state) == (rivals[0], "triage", "superseded")
    with house.sandhan.database.read() as conn:
        assert matches.events_of(conn, rivals[0])[-1].detail == {
            "from": "triage", "to": "superseded", "winner": own.match_id,
        }  # fmt: skip
        waiting = select(tables.outbox.c.state).join(tables.alerts, tables.alerts.c.id == tables.outbox.c.alert_id)
        states = set(conn.scalars(waiting.where(tables.alerts.c.match_id == rivals[0])))
    assert states == {"dead_letter"}
    taken(own, "family", "undo", reason="mistake")
    assert timeline(own, "family", rivals[0])["state"] == "triage"
    assert [one.kind for one in heard][-2:] == ["undo", "come_back"]


def test_a_person_who_is_found_is_not_verified_twice(own: Pair) -> None:
    house = own.house
    verified(own)
    later = house.enter("family", REPORT | {"external_id": "FIR-LATER"})
    (rival,) = [one["id"] for one in later["matches"]]
    for who, action in (("shelter", "take_up"), ("shelter", "confirm"), ("family", "confirm")):
        taken(own, who, action, rival)
    taken(own, "family", "start_verification", rival)
    answer = decide(own, "family", "verify", rival, finding="same_person")
    assert refused(answer) == (409, "decision_needs", ["no_rival"])


def alerts_of(house: House, who: str = "ahtu") -> list[str]:
    return [item["event"] for item in house.ask(who, "GET", "/v1/alerts").json()["items"]]


def test_a_rejected_pair_is_silent_until_its_day_and_then_heard_of_as_risen(
    own: Pair, heard: list[MatchChange]
) -> None:
    house = own.house
    told = alerts_of(house)
    taken(own, "shelter", "reject", **REJECT)
    with house.sandhan.database.read() as conn:
        assert {one.state for one in outbox.messages_of(conn, own.alerts["ahtu"])} == {"dead_letter"}
    house.sandhan.matching.match_case(own.rescued_id)
    assert (alerts_of(house), timeline(own, "family")["state"]) == (told, "rejected")
    house.clock.advance(days=19, hours=14)  # the last hour of the day before
    house.sandhan.matching.match_case(own.rescued_id)
    assert (alerts_of(house), timeline(own, "family")["state"]) == (told, "rejected")
    house.clock.advance(days=1)
    house.sandhan.matching.match_case(own.rescued_id)
    assert alerts_of(house) == [*told, "risen"]
    seen = timeline(own, "family")
    assert (seen["state"], seen["dispositions"], seen["events"][-1]["kind"]) == ("suggested", [], "reopen")
    assert (heard[-1].kind, heard[-1].actor) == ("reopen", "engine")
    house.sandhan.matching.match_case(own.rescued_id)
    assert alerts_of(house) == [*told, "risen"], "told once"


def after_a_night(house: House) -> None:
    """Do the incremental run of a night."""
    sandhan = house.sandhan
    CrossMatch(
        sandhan.database, sandhan.matching, sandhan.model.version, sandhan.clock, sandhan.random_bytes,
        open_index=lambda _beat: None,
    ).run()  # fmt: skip


def after_a_while(house: House) -> None:
    """Do what the service does in the background."""
    house.sandhan.silence.follow()
    house.sandhan._compare()


@pytest.mark.parametrize("passes", [after_a_night, after_a_while])
def test_a_pair_whose_day_is_over_is_suggested_anew_though_nothing_has_changed(
    own: Pair, passes: Callable[[House], None]
) -> None:
    house = own.house
    taken(own, "shelter", "reject", **REJECT)
    told = alerts_of(house)
    passes(house)
    house.clock.advance(days=10)
    passes(house)
    assert (alerts_of(house), timeline(own, "family")["state"]) == (told, "rejected")
    house.clock.advance(days=30)
    passes(house)
    assert (alerts_of(house), timeline(own, "family")["state"]) == ([*told, "risen"], "suggested")
    with house.sandhan.database.read() as conn:
        assert silent_no_more(conn, house.clock()) == set(), "and no night looks at it again"


def test_of_a_pair_that_may_not_speak_nobody_is_compared_night_after_night(own: Pair) -> None:
    house = own.house
    taken(own, "shelter", "reject", **REJECT)
    house.clock.advance(days=40)

    def listed() -> set[str]:
        with house.sandhan.database.read() as conn:
            return silent_no_more(conn, house.clock())

    assert listed() == {own.rescued_id}
    assert house.ask("family", "POST", f"/v1/cases/{own.missing_id}/close").status_code == 200
    assert listed() == set()
    assert house.ask("family", "POST", f"/v1/cases/{own.missing_id}/reopen").status_code == 200
    gone = house.ask("operator", "PATCH", f"/v1/partners/{house['family'].id}", json={"active": False})
    assert (gone.status_code, listed()) == (200, set())


@pytest.mark.parametrize(
    ("weight", "grade", "opens"), [(3.5, "certain", True), (2.0, "certain", False), (0.0, "probable", True)]
)
def test_a_rejected_pair_is_heard_of_when_its_evidence_has_risen(
    own: Pair, weight: float, grade: str, opens: bool
) -> None:
    """As if the evidence had been so much weaker when it was rejected."""
    house = own.house
    with house.sandhan.database.write() as conn:
        now = matches.require_match(conn, own.match_id)
        weaker = {"weight": now.weight - weight, "grade": grade}
        conn.execute(update(tables.matches).where(tables.matches.c.id == own.match_id).values(**weaker))
    taken(own, "family", "reject", **REJECT)
    told = alerts_of(house)
    house.sandhan.matching.match_case(own.rescued_id)
    state = timeline(own, "family")["state"]
    assert (state, alerts_of(house)) == (("suggested", [*told, "risen"]) if opens else ("rejected", told))


@pytest.mark.parametrize("found", [True, False])
def test_nobody_is_alerted_to_a_match_that_is_verified(own: Pair, found: bool) -> None:
    house = own.house
    if found:
        verified(own)
    told = alerts_of(house)
    with house.sandhan.database.write() as conn:  # what was told last was weaker
        for event in matches.events_of(conn, own.match_id):
            weaker = event.detail | {"grade": "possible", "weight": 1.0}
            statement = update(tables.match_events).where(tables.match_events.c.id == event.id)
            conn.execute(statement.values(detail=weaker) if event.kind == "new" else statement.values(kind=event.kind))
        conn.execute(update(tables.matches).where(tables.matches.c.id == own.match_id).values(weight=1.0))
    house.sandhan.matching.match_case(own.rescued_id)
    assert alerts_of(house) == (told if found else [*told, "risen"])
    kinds = [event["kind"] for event in timeline(own, "family")["events"]]
    assert "risen" in kinds, "the evidence is stored"


def test_a_rejection_needs_a_reason_and_a_day_to_come_and_may_be_disputed(own: Pair) -> None:
    assert refused(decide(own, "shelter", "reject")) == (409, "decision_needs", ["rejection_reason", "until"])
    for until in ("2026-10-31", "2026-01-01"):
        answer = decide(own, "shelter", "reject", reason="duplicate", until=until)
        assert refused(answer) == (409, "decision_needs", ["until"]), until
    for wrong in ({"until": "2126-01-01"}, {"until": "9999-12-31"}, {"until": 20}, {"reason": "because"}):
        answer = decide(own, "shelter", "reject", **REJECT | wrong)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, next(iter(wrong)))
    taken(own, "shelter", "reject", **REJECT)
    assert refused(decide(own, "shelter", "dispute")) == (409, "decision_needs", ["other_rejected"])
    assert [one["action"] for one in timeline(own, "shelter")["actions"]] == ["undo"]
    assert taken(own, "family", "dispute")["state"] == "disputed"
    assert refused(decide(own, "family", "settle")) == (409, "decision_needs", ["disposition"])
    answer = decide(own, "family", "settle", disposition="reject")
    assert refused(answer) == (409, "decision_needs", ["rejection_reason", "until"])
    assert taken(own, "family", "settle", disposition="confirm")["state"] == "disputed", "they are of two minds"
    assert taken(own, "shelter", "settle", disposition="unsure")["state"] == "confirmed_by_one"
    taken(own, "shelter", "undo", reason="mistake")
    said = {one["side"]: one["disposition"] for one in timeline(own, "family")["dispositions"]}
    assert said == {"rescued": "reject", "missing": "confirm"}, "what was said before stands again"


def test_consent_that_ends_moves_matches_through_the_same_door(own: Pair, heard: list[MatchChange]) -> None:
    house = own.house
    taken(own, "shelter", "reject", **REJECT)
    path = f"/v1/cases/{own.missing_id}/consents"
    (consent,) = [one["id"] for one in house.ask("family", "GET", path).json() if one["purpose"] == "matching"]
    assert house.ask("family", "POST", f"{path}/{consent}/withdraw").status_code == 200
    assert decide(own, "shelter", "undo", reason="mistake").status_code == 404
    assert house.ask("family", "POST", path, json={"purpose": "matching"}).status_code == 201
    assert timeline(own, "shelter")["state"] == "rejected", "silent as before"
    assert [(one.kind, one.to_state) for one in heard] == [
        ("reject", "rejected"), ("withdraw", "withdrawn"), ("revive", "rejected"),
    ]  # fmt: skip
    assert taken(own, "shelter", "undo", reason="mistake")["state"] == "suggested"
    assert house.ask("family", "DELETE", f"/v1/cases/{own.missing_id}?reason=wish").status_code == 204
    assert (heard[-1].kind, heard[-1].from_state) == ("withdraw", "suggested")


def test_a_decision_of_the_same_moment_does_not_keep_a_consent_from_ending(own: Pair) -> None:
    database, moves = own.house.sandhan.database, own.house.sandhan.decisions._moves
    with database.read() as conn:
        stale = matches.require_match(conn, own.match_id)
    taken(own, "shelter", "take_up")
    with database.write() as conn:
        assert moves.end(conn, stale, Action.WITHDRAW, at=own.house.clock(), actor="engine")
        assert not moves.end(conn, stale, Action.EXPIRE, at=own.house.clock(), actor="engine")
        assert matches.events_of(conn, own.match_id)[-1].detail == {"from": "triage", "to": "withdrawn"}
        with pytest.raises(VersionConflict):
            moves.move(conn, stale, Action.TAKE_UP, MatchState.TRIAGE, at=own.house.clock(), actor="x")


def test_every_step_is_audited(own: Pair) -> None:
    taken(own, "shelter", "take_up")
    timeline(own, "family")
    with own.house.sandhan.database.read() as conn:
        rows = [(one.action, one.detail) for one in audit.entries(conn, subject=own.match_id, limit=99)]
        said = dispositions.dispositions_of(conn, own.match_id)
    assert ("match.take_up", {"from": "suggested", "to": "triage"}) in rows
    assert ("match.read", {"as": "events"}) in rows
    assert [(one.side, one.disposition, one.partner_id) for one in said] == [
        ("rescued", "unsure", own.house["shelter"].id)
    ]
