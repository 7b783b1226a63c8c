"""Suspects are kept apart: in tables of their own, for police and coordination only, each unit its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import func, select

from api.access import Permission
from api.cases.forms import CaseForm
from api.store import audit, cases, changes, suspects, tables
from api.store.care_tables import suspect_keys

from .conftest import REPORT, House

FORM: dict[str, Any] = {
    "names": [
        {
            "value": "रतन सरदार",
            "source": "interview",
            "date": "2026-10-29",
            "certainty": "probable",
            "said_by": "A cook",
        }
    ],
    "aliases": [{"value": "Babulal"}],
    "phones": [{"value": "98301 44444", "certainty": "doubtful"}],
    "sex": [{"value": "पुरुष", "said_by": "A cook"}],
    "ages": [{"value": "41-47", "certainty": "doubtful"}],
    "languages": [{"value": "Santali"}],
    "homes": [{"district": "Murshidabad", "village": "Jalangi", "state": "West Bengal", "source": "interview"}],
    "description": [{"value": "limps, gold tooth"}],
    "routes": [{"value": "Canning to Howrah by train"}],
}
WORDS = ("रतन", "Babulal", "44444", "gold tooth", "Howrah", "A cook", "पुरुष", "41-47", "Santali", "Jalangi")


def registered(house: House, who: str = "ahtu", form: dict[str, Any] = FORM) -> dict[str, Any]:
    answer = house.ask(who, "POST", "/v1/suspects", json=form)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def hidden(answer: Any) -> bool:
    text = answer.text + json.dumps(answer.json(), ensure_ascii=False)
    return not any(word in text for word in WORDS)


def test_a_unit_registers_reads_and_changes_its_suspect_and_the_history_is_kept(house: House) -> None:
    made = registered(house)
    own = f"/v1/suspects/{made['id']}"
    assert (made["version"], made["status"], made["names"][0]["said_by"]) == (1, "open", "A cook")
    assert house.ask("ahtu", "GET", own).json() == made
    changed = house.ask("ahtu", "PUT", own, json={"names": FORM["names"], "version": 1}).json()
    assert (changed["version"], changed["aliases"]) == (2, [])
    stale = house.ask("ahtu", "PUT", own, json={"names": FORM["names"], "version": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "version_conflict")
    history = house.ask("ahtu", "GET", f"{own}/history").json()["items"]
    assert [one["version"] for one in history] == [1, 2]
    assert history[0]["values"]["aliases"][0]["value"] == "Babulal"
    assert set(history[1]["values"]) == {"names"}
    assert house.ask("ahtu", "POST", f"{own}/close").json()["status"] == "closed"
    assert made["id"] not in house.ask("ahtu", "GET", "/v1/suspects", params={"status": "open"}).text
    assert house.ask("ahtu", "POST", f"{own}/reopen").json()["status"] == "open"


@pytest.mark.parametrize(
    "form",
    [{}, {"names": []}, {"names": [{"value": ""}]}, {"names": [{"value": "x", "date": "2026-12-24"}]},
     {"names": ["x"]}, {"names": [{"value": "x"}] * 51}, {"side": "missing"}, {"names": [{"value": "x\0"}]},
     {"sex": [{"value": "tall"}]}, {"ages": [{"value": "old"}]}, {"ages": [{"value": "35-30"}]},
     {"languages": [{"value": "x" * 401}]}, {"languages": [{"value": ""}]},
     {"ages": [{"value": "35", "date": "2026-12-24"}]}, {"homes": [{"source": "interview"}]},
     {"homes": [{"value": "Malda"}]}, {"homes": [{"state": " "}]}],
)  # fmt: skip
def test_what_says_nothing_or_cannot_be_is_refused(house: House, form: dict[str, Any]) -> None:
    before = house.row_counts()
    assert house.ask("ahtu", "POST", "/v1/suspects", json=form).status_code == 422
    assert house.row_counts() == before


def test_an_age_holds_on_the_day_it_was_said_or_else_entered_and_is_kept_so(fresh_house: House) -> None:
    house = fresh_house
    made = registered(house, form={"ages": [{"value": "35"}, {"value": "30-40", "date": "2024-02-29"}]})
    assert [one["date"] for one in made["ages"]] == ["2026-11-01", "2024-02-29"]
    house.clock.advance(days=300)
    own = f"/v1/suspects/{made['id']}"
    form = {"ages": made["ages"], "aliases": FORM["aliases"], "version": 1}
    assert house.ask("ahtu", "PUT", own, json=form).json()["ages"] == made["ages"]
    assert house.ask("ahtu", "GET", own).json()["ages"] == made["ages"]


def test_no_other_unit_learns_that_there_is_one(house: House) -> None:
    made = registered(house)
    for method, path, body in (
        ("GET", "", None), ("GET", "/history", None), ("GET", "/cases", None), ("POST", "/close", None),
        ("POST", "/reopen", None), ("DELETE", "", None), ("PUT", "", FORM | {"version": 1}),
        ("POST", "/cases", {"case_id": "case_none", "relation": "recruiter"}),
        ("DELETE", "/cases/case_none/recruiter", None),
    ):  # fmt: skip
        answer = house.ask("stranger", method, f"/v1/suspects/{made['id']}{path}", json=body)
        nothing = house.ask("stranger", method, f"/v1/suspects/suspect_none{path}", json=body)
        assert (answer.status_code, answer.content) == (404, nothing.content), (method, path)
        assert dict(answer.headers) == dict(nothing.headers)
    assert house.ask("stranger", "GET", "/v1/suspects").json()["items"] == []
    assert house.ask("ahtu", "GET", f"/v1/suspects/{made['id']}").json() == made


@pytest.mark.parametrize("who", ["shelter", "family", "mumbai"])
def test_whoever_is_no_police_sees_no_suspects_whatever_he_was_given(house: House, who: str) -> None:
    made = registered(house)
    everything = house.key_with(who, *Permission)
    for method, path, body in (
        ("GET", "/v1/suspects", None), ("GET", f"/v1/suspects/{made['id']}", None), ("POST", "/v1/suspects", FORM),
        ("GET", "/v1/cases/case_none/suspects", None), ("DELETE", f"/v1/suspects/{made['id']}", None),
    ):  # fmt: skip
        answer = house.client.request(method, path, headers=everything, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
        assert hidden(answer)


def test_a_case_names_a_suspect_by_a_link_that_only_who_reads_both_sees(fresh_house: House) -> None:
    house = fresh_house
    made = registered(house)
    other = registered(house, "stranger")
    case_id = house.enter("family", REPORT)["case"]["id"]  # lies in the district of the unit
    links = f"/v1/suspects/{made['id']}/cases"
    link = {"case_id": case_id, "relation": "recruiter"}
    for _ in range(2):
        answer = house.ask("ahtu", "POST", links, json=link)
        assert answer.status_code == 201
        assert (answer.json()["suspect_id"], answer.json()["case_id"]) == (made["id"], case_id)
    assert len(house.ask("ahtu", "GET", links).json()["items"]) == 1
    assert [one["suspect_id"] for one in house.ask("ahtu", "GET", f"/v1/cases/{case_id}/suspects").json()["items"]] == [
        made["id"]
    ]
    # The owner of the case is no police: the case says nothing of it, in any view.
    for who in ("family", "ahtu"):
        answer = house.ask(who, "GET", f"/v1/cases/{case_id}")
        assert answer.status_code == 200
        assert hidden(answer)
        assert made["id"] not in answer.text
    # A unit that may not read the case can neither link it nor learn of links.
    nothing = house.ask("stranger", "GET", "/v1/cases/case_none/suspects")
    answer = house.ask("stranger", "GET", f"/v1/cases/{case_id}/suspects")
    assert (answer.status_code, answer.content) == (404, nothing.content)
    assert house.ask("stranger", "POST", f"/v1/suspects/{other['id']}/cases", json=link).status_code == 404
    # A key that reads suspects and no cases is told of none.
    blind = house.key_with("ahtu", Permission.SUSPECTS_READ)
    assert house.client.get(links, headers=blind).json()["items"] == []
    assert house.client.get(f"/v1/cases/{case_id}/suspects", headers=blind).status_code == 404
    away = f"{links}/{case_id}/recruiter"
    assert house.ask("ahtu", "DELETE", away).status_code == 204
    assert house.ask("ahtu", "DELETE", away).status_code == 404
    assert house.ask("ahtu", "GET", links).json()["items"] == []
    # Nor does the owner's auditor learn of it; the unit's own does.
    logs = {}
    for who in ("family", "ahtu"):
        headers = house.key_with(who, Permission.AUDIT_READ)
        items = house.client.get("/v1/audit", headers=headers, params={"limit": 1000}).json()["items"]
        logs[who] = [one["action"] for one in items if case_id in (one["subject"], one["detail"].get("case"))]
    assert not any("suspect" in action for action in logs["family"])
    assert {"suspect.linked", "case.suspects_read", "suspect.unlinked"} <= set(logs["ahtu"])


def test_an_erased_suspect_leaves_a_tombstone_without_a_word(house: House) -> None:
    made = registered(house)
    own = f"/v1/suspects/{made['id']}"
    erased = house.ask("ahtu", "DELETE", own)
    assert hidden(erased)
    assert (erased.json()["status"], erased.json()["names"]) == ("erased", [])
    assert house.ask("ahtu", "DELETE", own).json() == erased.json()
    assert house.ask("ahtu", "GET", own).json()["status"] == "erased"
    assert house.ask("ahtu", "GET", f"{own}/history").json()["items"] == []
    for method, path, body in (
        ("PUT", "", FORM | {"version": 1}), ("POST", "/reopen", None),
        ("POST", "/cases", {"case_id": "case_none", "relation": "named"}),
    ):  # fmt: skip
        assert house.ask("ahtu", method, own + path, json=body).status_code == 404
    listed = house.ask("ahtu", "GET", "/v1/suspects", params={"status": "erased"})
    assert made["id"] in listed.text
    assert hidden(listed)
    with house.sandhan.database.read() as conn:
        assert conn.scalar(select(suspect_keys.c.suspect_id).where(suspect_keys.c.suspect_id == made["id"])) is None


def test_suspects_stand_in_no_table_and_no_index_of_the_missing_and_rescued(fresh_house: House) -> None:
    house = fresh_house
    with house.sandhan.database.read() as conn:
        before = (changes.latest_seq(conn), len(cases.open_ids(conn)))
    made = registered(house)
    house.sandhan.keeper.refresh()
    with house.sandhan.database.read() as conn:
        assert (changes.latest_seq(conn), len(cases.open_ids(conn))) == before
        assert suspects.require(conn, made["id"]).owner_id == house["ahtu"].id
        found = 0
        for table in tables.metadata.tables.values():
            for row in conn.execute(select(table)).all():
                found += 1
                text = " ".join(
                    value.decode(errors="replace") if isinstance(value, bytes) else str(value) for value in row
                )
                assert not any(word in text for word in WORDS), table.name
        assert found > 10
        assert conn.scalar(select(func.count()).select_from(tables.cases)) == 0
        rows = audit.entries(conn, subject=made["id"], limit=10)
        assert [row.action for row in rows] == ["suspect.registered"]
    assert house.sandhan.keeper.status().records == 0
    # Nor can a suspect be entered as a case.
    assert house.ask("ahtu", "POST", "/v1/cases", json={"side": "suspect", "name": "x"}).status_code == 422
    assert "suspect" not in " ".join(CaseForm.model_fields)
