"""What the owner of a case enters after the report: stages, notes, home reports, visits; and nobody else reads it."""

from __future__ import annotations

from typing import Any

import pytest

from api.access import Permission
from api.store import audit, follow_ups, home_reports

from .conftest import RESCUE, START, House

WORDS = ("Zubaida", "Khatunpara", "jetty", "probation")


def enter(house: House, number: str) -> str:
    return f"/v1/cases/{house.enter('shelter', RESCUE, external_id=number)['case']['id']}"


def post(house: House, path: str, form: dict[str, Any], status: int = 201, who: str = "shelter") -> Any:
    answer = house.ask(who, "POST", path, json=form)
    assert answer.status_code == status, answer.text
    return answer.json()


def get(house: House, path: str, who: str = "shelter", **params: Any) -> Any:
    answer = house.ask(who, "GET", path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def stage(house: House, own: str, name: str, day: str, **more: Any) -> Any:
    return post(house, f"{own}/stages", {"stage": name, "entered_on": day, **more})


def test_the_present_stage_is_the_last_by_its_day(house: House) -> None:
    own = enter(house, "S-1")
    assert get(house, f"{own}/stages") == {"present": None, "entries": []}
    assert stage(house, own, "rehabilitation", "2026-10-20")["present"] == "rehabilitation"
    # Entered later, of an earlier day: it completes the story and changes nothing of the present.
    assert stage(house, own, "rescue", "2026-10-10")["present"] == "rehabilitation"
    assert stage(house, own, "repatriation", "2026-10-20")["present"] == "repatriation"  # the same day, entered later
    assert stage(house, own, "rescue", "2026-10-25", note="again")["present"] == "rescue"  # stages may come again
    entries = get(house, f"{own}/stages")["entries"]
    assert [entry["stage"] for entry in entries] == ["rehabilitation", "rescue", "repatriation", "rescue"]
    assert entries[3]["note"] == "again"
    assert entries[3]["by"] == house["shelter"].key_id


def test_a_correction_stands_in_the_place_of_what_it_names_and_deletes_nothing(house: House) -> None:
    own = enter(house, "S-2")
    wrong = stage(house, own, "re_integration", "2026-10-20")["entries"][0]["id"]
    timeline = stage(house, own, "rehabilitation", "2026-10-19", corrects=wrong)
    assert timeline["present"] == "rehabilitation"
    assert [(entry["stage"], entry["stands"]) for entry in timeline["entries"]] == [
        ("re_integration", False), ("rehabilitation", True),
    ]  # fmt: skip
    again = {"stage": "rescue", "entered_on": "2026-10-19", "corrects": wrong}
    assert post(house, f"{own}/stages", again, 409)["code"] == "already_corrected"
    other = enter(house, "S-3")
    assert house.ask("shelter", "POST", f"{other}/stages", json=again).status_code == 404  # another case's entry
    corrected = timeline["entries"][1]["id"]
    assert stage(house, own, "rescue", "2026-10-18", corrects=corrected)["present"] == "rescue"


@pytest.mark.parametrize(
    ("path", "form", "field"),
    [
        ("stages", {"stage": "rescue", "entered_on": "2026-11-02"}, "entered_on"),
        ("stages", {"stage": "rescue", "entered_on": "1899-12-31"}, "entered_on"),
        ("stages", {"stage": "elsewhere", "entered_on": "2026-10-01"}, "stage"),
        ("stages", {"stage": "rescue"}, "entered_on"),
        ("stages", {"stage": "rescue", "entered_on": "2026-10-01", "note": "x" * 20_001}, "note"),
        ("notes", {"kind": "other", "text": "x", "source_date": "2026-11-02"}, "source_date"),
        ("notes", {"kind": "other", "text": " "}, "text"),
        ("notes", {"kind": "gossip", "text": "x"}, "kind"),
        ("notes", {"kind": "other", "text": "x\0"}, "text"),
        ("return", {"returned_on": "2026-11-02"}, "returned_on"),
        ("home-reports", {"unit": "DCPU", "due_on": "2026-10-30"}, "due_on"),
        ("home-reports", {"unit": "DCPU", "due_on": "2029-10-30"}, "due_on"),
        ("home-reports", {"due_on": "2026-12-01"}, "unit"),
        ("home-reports", {"unit": "DCPU", "unit_id": "partner_x", "due_on": "2026-12-01"}, "unit"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(house: House, path: str, form: dict[str, Any], field: str) -> None:
    assert START.date().isoformat() == "2026-11-01"
    own = enter(house, "W-1")
    before = house.row_counts()
    problem = post(house, f"{own}/{path}", form, 422)
    assert [error["field"] for error in problem["errors"]] == [field]
    after = house.row_counts()
    assert {name: after[name] - before[name] for name in after if name != "audit" and after[name] != before[name]} == {}


def test_notes_are_added_and_corrected_by_later_ones(house: House) -> None:
    own = enter(house, "N-1")
    first = post(house, f"{own}/notes", {"kind": "interview", "text": "A jetty.", "source_date": "2026-10-29"})
    post(house, f"{own}/notes", {"kind": "interview", "text": "A ferry.", "corrects": first["id"]})
    notes = get(house, f"{own}/notes")["items"]
    assert [(note["text"], note["stands"]) for note in notes] == [("A jetty.", False), ("A ferry.", True)]
    assert notes[0]["source_date"] == "2026-10-29"
    twice = post(house, f"{own}/notes", {"kind": "other", "text": "x", "corrects": first["id"]}, 409)
    assert twice["code"] == "already_corrected"


def test_a_home_report_is_asked_for_received_and_corrected(house: House) -> None:
    own = enter(house, "H-1")
    case_id = own.rpartition("/")[2]
    report = post(
        house, f"{own}/home-reports", {"unit_id": house["ahtu"].id, "due_on": "2026-12-01", "question": "Both parents?"}
    )
    assert (report["version"], report["outcome"], report["findings"]) == (0, None, [])
    nobody = {"unit_id": "partner_none", "due_on": "2026-12-01"}
    assert house.ask("shelter", "POST", f"{own}/home-reports", json=nobody).status_code == 404
    there = f"{own}/home-reports/{report['id']}/findings"
    finding = {"outcome": "safe", "visited_on": "2026-10-30", "role": "probation officer", "narrative": "Met both.",
               "version": 0}  # fmt: skip
    received = post(house, there, finding)
    assert (received["version"], received["outcome"]) == (1, "safe")
    assert post(house, there, finding, 409)["code"] == "version_conflict"
    corrected = post(house, there, finding | {"version": 1, "outcome": "unsafe", "narrative": "The uncle drinks."})
    assert [one["outcome"] for one in corrected["findings"]] == ["safe", "unsafe"]
    assert corrected["outcome"] == "unsafe"
    (listed,) = get(house, f"{own}/home-reports")["items"]
    assert listed == corrected
    with house.sandhan.database.read() as conn:
        latest = home_reports.latest_hir(conn, case_id)
        assert latest is not None
        assert (latest.outcome, latest.version) == ("unsafe", 2)
    other = enter(house, "H-2")
    wrong = house.ask("shelter", "POST", f"{other}/home-reports/{report['id']}/findings", json=finding)
    assert wrong.status_code == 404
    future = finding | {"version": 2, "visited_on": "2026-11-02"}
    assert post(house, there, future, 422)["errors"][0]["field"] == "visited_on"


def due(house: House, own: str) -> list[tuple[int, str, str]]:
    items = get(house, f"{own}/follow-ups")["items"]
    return [(item["months"], item["due_on"], item["state"]) for item in items]


SIX = [
    (1, "2026-11-30", "due"), (3, "2027-01-31", "due"), (6, "2027-04-30", "due"), (12, "2027-10-31", "due"),
    (18, "2028-04-30", "due"), (24, "2028-10-31", "due"),
]  # fmt: skip


def test_re_integration_starts_two_years_of_visits(house: House) -> None:
    own = enter(house, "F-1")
    stage(house, own, "repatriation", "2026-10-25")
    assert due(house, own) == []
    wrong = stage(house, own, "re_integration", "2026-10-31")["entries"][1]["id"]
    assert due(house, own) == SIX
    # A later stage leaves them; a correction of the day moves them; a correction of the stage ends them.
    stage(house, own, "re_compensation", "2026-11-01")
    assert due(house, own) == SIX
    moved = stage(house, own, "re_integration", "2026-10-15", corrects=wrong)["entries"][3]["id"]
    assert next(row for row in due(house, own) if row[2] == "due") == (1, "2026-11-15", "due")
    assert [row[2] for row in due(house, own)].count("cancelled") == 6
    stage(house, own, "rehabilitation", "2026-10-15", corrects=moved)
    assert {row[2] for row in due(house, own)} == {"cancelled"}


def test_a_return_starts_them_too_and_a_corrected_stage_does_not_end_those(house: House) -> None:
    own = enter(house, "F-2")
    post(house, f"{own}/return", {"returned_on": "2026-10-31"})
    assert due(house, own) == SIX
    post(house, f"{own}/return", {"returned_on": "2026-10-31"})
    assert due(house, own) == SIX
    entry = stage(house, own, "re_integration", "2026-10-31")["entries"][0]["id"]
    assert due(house, own) == SIX
    stage(house, own, "rehabilitation", "2026-10-30", corrects=entry)
    assert due(house, own) == SIX
    later = enter(house, "F-6")
    entry = stage(house, later, "re_integration", "2026-10-31")["entries"][0]["id"]
    post(house, f"{later}/return", {"returned_on": "2026-10-31"})
    stage(house, later, "rehabilitation", "2026-10-30", corrects=entry)
    assert due(house, later) == SIX


def test_what_came_of_a_visit_is_entered_once(house: House) -> None:
    own = enter(house, "F-3")
    items = post(house, f"{own}/return", {"returned_on": "2026-10-31"})["items"]
    there = f"{own}/follow-ups/{items[0]['id']}"
    done = post(house, there, {"state": "done", "outcome": "concern", "note": "Not at school."}, 200)
    assert (done["state"], done["outcome"], done["note"]) == ("done", "concern", "Not at school.")
    assert done["settled_by"] == house["shelter"].key_id
    assert post(house, there, {"state": "done", "outcome": "well"}, 409)["code"] == "not_due"
    wrong = post(house, f"{own}/follow-ups/{items[1]['id']}", {"state": "missed", "outcome": "well"}, 422)
    assert wrong["errors"][0]["field"] == "outcome"
    other = enter(house, "F-4")
    away = house.ask(
        "shelter", "POST", f"{other}/follow-ups/{items[1]['id']}", json={"state": "done", "outcome": "well"}
    )
    assert away.status_code == 404


def test_the_agenda_shows_what_is_due_to_its_own_organisation(fresh_house: House) -> None:
    house = fresh_house
    ids = set()
    for number in range(5):
        own = enter(house, f"A-{number}")
        post(house, f"{own}/return", {"returned_on": f"2026-10-0{number + 1}"})
        ids.add(own.rpartition("/")[2])
    post(house, f"{enter(house, 'A-9')}/return", {"returned_on": "2026-10-20"})
    house.clock.advance(days=5)  # 6 November
    first = get(house, "/v1/follow-ups", upto="2026-11-05")
    assert {item["case_id"] for item in first["items"]} == ids
    assert [item["due_on"] for item in first["items"]] == [f"2026-11-0{n}" for n in range(1, 6)]
    assert [item["overdue"] for item in first["items"]] == [True] * 5
    assert len(get(house, "/v1/follow-ups")["items"]) == 6  # a month ahead
    seen = []
    after: dict[str, str] = {}
    while True:
        page = get(house, "/v1/follow-ups", upto="2026-11-05", limit=2, **after)
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == [item["id"] for item in first["items"]]
    for who in ("family", "ahtu", "mumbai", "stranger"):
        assert get(house, "/v1/follow-ups", who=who, upto="2028-01-01")["items"] == []
    assert house.ask("shelter", "GET", "/v1/follow-ups", params={"after": "x~y"}).status_code == 422
    assert house.ask("shelter", "GET", "/v1/follow-ups", params={"upto": "2099-01-01"}).status_code == 422


def test_closing_a_case_cancels_its_visits(house: House) -> None:
    own = enter(house, "F-5")
    post(house, f"{own}/return", {"returned_on": "2026-10-31"})
    post(house, f"{own}/close", {}, 200)
    assert {row[2] for row in due(house, own)} == {"cancelled"}
    assert post(house, f"{own}/return", {"returned_on": "2026-10-31"}, 409)["code"] == "case_closed"
    stage(house, own, "re_integration", "2026-10-31")
    assert {row[2] for row in due(house, own)} == {"cancelled"}
    post(house, f"{own}/reopen", {}, 200)
    post(house, f"{own}/return", {"returned_on": "2026-10-31"})
    assert [row for row in due(house, own) if row[2] == "due"] == SIX


def test_whoever_may_not_read_names_reads_no_text(house: House) -> None:
    own = enter(house, "T-1")
    stage(house, own, "rescue", "2026-10-10", note="Zubaida of Khatunpara")
    post(house, f"{own}/notes", {"kind": "other", "text": "Zubaida at the jetty"})
    post(house, f"{own}/home-reports", {"unit": "Khatunpara unit", "due_on": "2026-12-01"})
    report = get(house, f"{own}/home-reports")["items"][0]["id"]
    finding = {"outcome": "safe", "visited_on": "2026-10-30", "role": "probation", "narrative": "Zubaida", "version": 0}
    post(house, f"{own}/home-reports/{report}/findings", finding)
    items = post(house, f"{own}/return", {"returned_on": "2026-10-31"})["items"]
    post(house, f"{own}/follow-ups/{items[0]['id']}", {"state": "done", "outcome": "well", "note": "Zubaida"}, 200)
    software = house.key_with("shelter", *(set(Permission) - {Permission.NAMES_READ}))
    for path in ("stages", "notes", "home-reports", "follow-ups", "history"):
        all_of_it = house.ask("shelter", "GET", f"{own}/{path}").text
        answer = house.client.get(f"{own}/{path}", headers=software)
        assert answer.status_code == 200
        assert not any(word in answer.text for word in (*WORDS, "Gosaba", "55501")), path
        assert len(answer.text) < len(all_of_it)


def test_every_read_and_change_is_in_the_audit_log_and_no_word_of_it(house: House) -> None:
    own = enter(house, "L-1")
    stage(house, own, "re_integration", "2026-10-10", note="Zubaida")
    post(house, f"{own}/notes", {"kind": "other", "text": "Khatunpara"})
    for path in ("stages", "notes", "home-reports", "follow-ups", "history"):
        get(house, f"{own}/{path}")
    with house.sandhan.database.read() as conn:
        rows = audit.entries(conn, subject=own.rpartition("/")[2], limit=100)
        assert {
            "care.stage_entered", "care.note_added", "care.stages_read", "care.notes_read", "care.home_reports_read",
            "care.follow_ups_read", "care.follow_ups_started", "case.history_read",
        } <= {row.action for row in rows}  # fmt: skip
        assert not any(word in repr(row) for row in rows for word in WORDS)
        assert follow_ups.due(conn, house["family"].id, START.date()) == []
