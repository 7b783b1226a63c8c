"""Where does a value come from, and who reported? Kept with the case, never compared, and told to its owner only."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api.cases.forms import CaseForm, handed_on

from .conftest import REPORT, RESCUE, START, House

SECRET = ("A cook, Ratan", "Sister Mary", "school register")
SOURCES: dict[str, Any] = {
    "informant": "A cook, Ratan, 98301 00000",
    "provenance": {
        "birth_date": {"source": "school register", "date": "2026-10-30", "certainty": "certain"},
        "village": {"certainty": "doubtful", "said_by": "Sister Mary"},
    },
}


def told(answer: Any) -> list[str]:
    text = json.dumps(answer.json(), ensure_ascii=False)
    return [word for word in SECRET if word in text]


def test_the_owner_reads_them_and_nobody_else_does(fresh_house: House) -> None:
    house = fresh_house
    report = house.enter("family", REPORT | SOURCES)
    rescue = house.enter("shelter", RESCUE)
    case_id, match_id = report["case"]["id"], rescue["matches"][0]["id"]
    own = house.ask("family", "GET", f"/v1/cases/{case_id}")
    assert told(own) == list(SECRET)
    assert {key: own.json()["fields"][key] for key in SOURCES} == SOURCES
    # The unit of the family's district sees the report in full, the shelter masked; neither learns the sources.
    assert house.ask("ahtu", "GET", f"/v1/cases/{case_id}").json()["view"] == "disclosed"
    for who in ("ahtu", "shelter", "mumbai"):
        for path in (f"/v1/cases/{case_id}", f"/v1/matches/{match_id}", "/v1/matches"):
            answer = house.ask(who, "GET", path)
            assert answer.status_code == 200
            assert told(answer) == [], (who, path)
        assert house.ask(who, "GET", f"/v1/cases/{case_id}/history").status_code == 404
    assert told(house.ask("family", "GET", f"/v1/matches/{match_id}")) == list(SECRET)
    query = {"person": {**RESCUE, "external_id": None}, "purpose": "trace-missing-person"}
    assert told(house.ask("ahtu", "POST", "/v1/matches/query", json=query)) == []


def test_they_are_not_compared(fresh_house: House) -> None:
    plain = CaseForm(**REPORT).read(START.date()).record
    assert CaseForm(**REPORT, **SOURCES).read(START.date()).record == plain
    rescue = fresh_house.enter("shelter", RESCUE)
    first = fresh_house.enter("family", REPORT)["matches"]
    second = fresh_house.enter("family", REPORT | SOURCES, external_id="again")["matches"]
    assert rescue["case"]["id"]
    assert [match["grade"] for match in first] == [match["grade"] for match in second]


@pytest.mark.parametrize(
    ("provenance", "reason"),
    [
        ({"nickname": {"source": "x"}}, "of nickname, which is not filled in"),
        ({"Zubaida": {"source": "x"}}, "names a field that there is not"),
        ({"id": {"source": "x"}}, "names a field that there is not"),
        ({"name": {"source": "x", "date": "2026-11-09"}}, "of name: the date lies in the future"),
        ({"name": {"certainty": "sure"}}, "certain"),
        ({"name": {"told": "x"}}, "there is no such field"),
        ({"name": {"source": "x" * 401}}, "at most 400"),
        ({"name": {"said_by": "x\0"}}, "NUL"),
        ("Zubaida", "dictionary"),
    ],
)
def test_a_source_must_be_of_something(house: House, provenance: Any, reason: str) -> None:
    answer = house.ask(
        "family", "POST", "/v1/cases", json={"side": "missing", "name": "Rina", "provenance": provenance}
    )
    assert answer.status_code == 422, answer.text
    assert reason in answer.json()["errors"][0]["reason"]
    assert answer.json()["errors"][0]["field"].split(".")[0] == "provenance"
    assert "Zubaida" not in answer.text


def test_the_history_says_who_changed_what_and_where_it_comes_from(house: House) -> None:
    case_id = house.enter("family", {"side": "missing", "name": "Rina", "sex": "female"})["case"]["id"]
    changed = {
        "side": "missing", "name": "Rina Das", "village": "Gosaba",
        "provenance": {"village": {"source": "interview", "certainty": "probable"}},
    }  # fmt: skip
    assert house.ask("family", "PUT", f"/v1/cases/{case_id}", json=changed).status_code == 200
    answer = house.ask("family", "GET", f"/v1/cases/{case_id}/history")
    first, second = answer.json()["items"]
    assert (first["version"], first["by"]) == (1, house["family"].key_id)
    assert first["changed"] == ["name", "protect_location", "sex"]
    assert first["values"] == {"name": "Rina", "protect_location": False, "sex": "female"}
    assert second["changed"] == ["name", "provenance", "sex", "village"]
    assert second["values"] == {"name": "Rina Das", "sex": None, "village": "Gosaba"}
    assert second["provenance"] == {"village": {"source": "interview", "certainty": "probable"}}
    nothing = house.ask("family", "GET", "/v1/cases/case_none/history")
    for who in ("ahtu", "shelter", "stranger"):
        other = house.ask(who, "GET", f"/v1/cases/{case_id}/history")
        assert (other.status_code, other.content) == (404, nothing.content)


def test_what_is_handed_on_says_when_and_how_surely_and_not_by_whom() -> None:
    payload = {"name": "Rina", **SOURCES}
    assert handed_on(payload) == {
        "name": "Rina",
        "provenance": {
            "birth_date": {"date": "2026-10-30", "certainty": "certain"}, "village": {"certainty": "doubtful"},
        },
    }  # fmt: skip
    assert handed_on({"name": "Rina", "provenance": {"name": {"said_by": "x"}}}) == {"name": "Rina"}
