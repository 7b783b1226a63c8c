"""Deadlines over HTTP and by command: acting, what was missed and who sees it, own deadlines, quiet."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.testing import CliRunner

from api.alerts.answering import ACTIONS
from api.alerts.attention_endpoints import ActionCode
from api.alerts.missed import verdict_of
from api.alerts.raising import Occasion, raise_alert
from api.bootstrap import Sandhan
from api.cli import build_app
from api.settings import Settings
from api.store import audit, partners
from api.store.answers import Answer

from .conftest import REPORT, RESCUE, House

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def watched(fresh_house: House) -> House:
    """A house with a nodal officer and a focal point, in which a match was found."""
    fresh_house.join("nodal", "nodal", ("IN/MH",))
    fresh_house.join("focal", "focal_point")
    fresh_house.enter("family", REPORT)
    fresh_house.enter("shelter", RESCUE)
    return fresh_house


def first_alert(house: House, who: str) -> dict[str, Any]:
    return dict(house.ask(who, "GET", "/v1/alerts").json()["items"][0])


def missed(house: House, who: str, **query: Any) -> dict[str, Any]:
    answer = house.ask(who, "GET", "/v1/alerts/missed", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_acting_is_said_once_and_audited(watched: House) -> None:
    path = f"/v1/alerts/{first_alert(watched, 'family')['id']}"
    done = watched.ask("family", "POST", f"{path}/action", json={"code": "family_contacted"}).json()
    assert done["state"] == "actioned"
    assert done["actioned_at"] == done["acknowledged_at"] is not None
    again = watched.ask("family", "POST", f"{path}/action", json={"code": "forwarded"})
    assert again.json() == done == watched.ask("family", "GET", path).json()
    with watched.sandhan.database.read() as conn:
        entries = audit.entries(conn, subject=path.rsplit("/", 1)[1], limit=10)
    assert [(one.action, one.detail) for one in entries if one.action != "alert.read"] == [
        ("alert.actioned", {"code": "family_contacted"})
    ]
    assert watched.ask("family", "GET", "/v1/alerts", params={"state": "actioned"}).json()["items"] == [done]


def test_acting_is_by_code_and_on_ones_own(watched: House) -> None:
    path = f"/v1/alerts/{first_alert(watched, 'family')['id']}/action"
    assert watched.ask("family", "POST", path, json={"code": "Sunita was seen"}).status_code == 422
    foreign = watched.ask("ahtu", "POST", path, json={"code": "forwarded"})
    nothing = watched.ask("ahtu", "POST", "/v1/alerts/alert_none/action", json={"code": "forwarded"})
    assert (foreign.status_code, foreign.content) == (404, nothing.content)
    assert get_args(ActionCode) == ACTIONS


def test_what_was_missed_is_seen_by_oneself_and_from_above(watched: House) -> None:
    watched.clock.advance(hours=5)
    assert watched.sandhan.attention.run_due()["escalated"] == 4
    told = watched.ask("nodal", "GET", "/v1/alerts").json()["items"]
    assert {item["event"] for item in told} == {"escalated"}
    own = missed(watched, "shelter")
    assert [item["recipient"] for item in own["items"]] == ["shelter"]
    assert own["partners"] == [
        {
            "partner_id": watched["shelter"].id, "partner": "shelter", "met": 0, "late": 0, "missed": 1, "open": 0,
            "hours_to_acknowledge": None,
        }
    ]  # fmt: skip
    (item,) = own["items"]
    assert (item["verdict"], item["deadline"], item["hours_late"], item["priority"]) == (
        "missed", "acknowledge", 1.0, "critical"
    )  # fmt: skip
    assert {one["partner"] for one in missed(watched, "nodal")["partners"]} == {"shelter", "mumbai", "nodal"}
    below = {one["recipient"] for one in missed(watched, "focal")["items"]}
    assert below == {"shelter", "family", "ahtu", "mumbai"}
    shown = json.dumps(missed(watched, "focal"), ensure_ascii=False)
    assert all(word not in shown for word in (REPORT["name"], RESCUE["name"], "Gosaba", "match_", "case_"))
    first = missed(watched, "focal", limit=3)
    rest = missed(watched, "focal", limit=3, after=first["next"])
    assert [*first["items"], *rest["items"]] == missed(watched, "focal")["items"]
    assert rest["next"] is None
    later = (AT + timedelta(days=300)).isoformat()
    assert missed(watched, "focal", created_since=later) == {"items": [], "next": None, "partners": []}


def test_the_report_names_nobody_who_tells_where_she_is(fresh_house: House) -> None:
    fresh_house.join("focal", "focal_point")
    fresh_house.join("colaba", "ahtu", ("IN/MH",))  # where she was found, as the NGO "mumbai" is
    fresh_house.enter("family", REPORT)
    fresh_house.enter("shelter", RESCUE | {"protect_location": True})
    fresh_house.clock.advance(hours=5)
    named = [(item["recipient_id"], item["recipient"]) for item in missed(fresh_house, "focal")["items"]]
    assert (fresh_house["family"].id, "family") in named
    assert named.count((None, None)) == 3
    assert not {"shelter", "mumbai", "colaba"} & {recipient for _, recipient in named}
    assert missed(fresh_house, "shelter")["items"][0]["recipient"] == "shelter"


def test_no_figure_tells_which_unit_has_missed_what_tells_where_she_is(fresh_house: House) -> None:
    fresh_house.join("focal", "focal_point")
    fresh_house.join("colaba", "ahtu", ("IN/MH",))
    fresh_house.join("nodal", "nodal", ("IN/MH",))
    fresh_house.enter("family", REPORT)
    fresh_house.enter("shelter", RESCUE | {"protect_location": True})
    fresh_house.clock.advance(hours=5)
    fresh_house.sandhan.attention.run_due()
    units = {"shelter", "mumbai", "colaba"}
    seen = {who: missed(fresh_house, who) for who in ("nodal", "focal")}
    for who, report in seen.items():
        text = json.dumps(report)
        assert not [unit for unit in units if f'"{unit}"' in text or fresh_house[unit].id in text]
        (unnamed,) = [one for one in report["partners"] if one["partner_id"] is None]
        assert (unnamed["partner"], unnamed["missed"]) == (
            None, len([item for item in report["items"] if item["recipient_id"] is None])
        )  # fmt: skip
        assert unnamed["missed"] >= 3, who
    assert {"family", None} <= {one["partner"] for one in seen["focal"]["partners"]}
    own = missed(fresh_house, "shelter")["partners"]
    assert [(one["partner"], one["missed"]) for one in own] == [("shelter", 1)], "one's own are whole"
    one_page = missed(fresh_house, "focal", limit=1)
    assert one_page["partners"] == seen["focal"]["partners"], "of all pages, also of those not shown"
    assert not {one.partner for one in fresh_house.sandhan.missed.report_of_all().partners} & units


def test_no_escalation_names_who_tells_where_she_is(fresh_house: House) -> None:
    house = fresh_house
    house.join("colaba", "ahtu", ("IN/MH",))
    house.join("nodal", "nodal", ("IN/MH",))
    house.join("centre", "coordination")
    house.join("focal", "focal_point")
    house.enter("family", REPORT)
    house.enter("shelter", RESCUE | {"protect_location": True})
    for _ in range(3):
        house.clock.advance(hours=5)
        house.sandhan.attention.run_due()
    above = [
        item for who in ("nodal", "centre", "focal") for item in house.ask(who, "GET", "/v1/alerts").json()["items"]
    ]
    escalated = [item for item in above if item["event"] == "escalated"]
    named = {item["other_organisation"] for item in escalated}
    assert not {"shelter", "mumbai", "colaba", "nodal"} & named
    assert {"family", "ahtu"} <= named, "who is told as the family's side says nothing of where she is"


def answer(**said: Any) -> Answer:
    plain: dict[str, Any] = dict.fromkeys(Answer.__slots__)
    plain |= {"id": "a", "due_at": AT + 4 * HOUR, "act_by": AT + 24 * HOUR, "created_at": AT, "steps": 0}
    return Answer(**(plain | said))


@pytest.mark.parametrize(
    ("said", "now", "expected"),
    [
        ({}, 3, "open"),
        ({}, 5, "missed acknowledge"),
        ({"acknowledged_at": 2}, 5, "open"),
        ({"acknowledged_at": 5}, 6, "late acknowledge"),
        ({"acknowledged_at": 2}, 25, "missed act"),
        ({"acknowledged_at": 2, "actioned_at": 20}, 30, "met"),
        ({"acknowledged_at": 2, "actioned_at": 26}, 30, "late act"),
        ({"first_acknowledged_at": 2, "first_lapsed_at": 24}, 30, "missed act"),
        ({"first_acknowledged_at": 2, "first_lapsed_at": 24, "acknowledged_at": 26, "actioned_at": 30}, 40, "late act"),
        ({"closed_at": 3}, 30, "open"),
        ({"closed_at": 6}, 30, "missed acknowledge"),
        ({"act_by": None, "acknowledged_at": 2}, 30, "met"),
        ({"act_by": None, "acknowledged_at": 5}, 30, "late acknowledge"),
    ],
)
def test_how_an_alert_was_answered(said: dict[str, int | None], now: int, expected: str) -> None:
    moments = {name: AT + hours * HOUR if hours is not None else None for name, hours in said.items()}
    moments.setdefault("first_acknowledged_at", moments.get("acknowledged_at"))
    verdict, deadline, _ = verdict_of(answer(**moments), AT + now * HOUR)
    assert (verdict if verdict in ("open", "met") else f"{verdict} {deadline}") == expected


def test_own_deadlines_are_for_operators_and_quiet_for_ones_own_administrators(fresh_house: House) -> None:
    house = fresh_house
    path = f"/v1/partners/{house['shelter'].id}"
    own = house.key_with("shelter", "partners:read", "people:manage")
    deadlines = {"deadlines": {"critical": {"acknowledge": 2, "act": 12}}}
    assert house.client.patch(path, headers=own, json=deadlines).status_code == 403
    assert house.ask("operator", "PATCH", path, json=deadlines).json()["deadlines"] == deadlines["deadlines"]
    longer = {"deadlines": {"critical": {"acknowledge": 5, "act": 12}}}
    assert house.ask("operator", "PATCH", path, json=longer).status_code == 422
    for quiet in ({"kinds": ["match"]}, {"grades": ["certain"]}, {}):
        refused = house.client.patch(path, headers=own, json={"quiet": quiet})
        assert (refused.status_code, refused.json()["detail"][:5]) == (422, "quiet")
    taken = house.client.patch(path, headers=own, json={"quiet": {"outside_hours": True}})
    assert taken.json()["contacts"]["quiet"] == {"until": None, "kinds": [], "grades": [], "outside_hours": True}


RUNNER = CliRunner()


def run(*words: str, code: int = 0) -> str:
    result = RUNNER.invoke(build_app(words), list(words))
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.output


@pytest.fixture
def deployed(command_home: Path) -> Path:
    """A deployment with a partner and an alert that is five hours old."""
    run("partners", "add", "Unit", "--kind", "ahtu", "--country", "IN", "--json")
    with Sandhan.build(Settings(_env_file=None)) as sandhan:  # type: ignore[call-arg]
        then = sandhan.clock() - 5 * HOUR
        with sandhan.database.write() as conn:
            unit = next(one for one in partners.list_partners(conn) if one.name == "Unit")
            occasion = Occasion(
                kind="clock", event="quarterly", priority="critical", same=("1",), rule="test", due_at=then + 4 * HOUR,
                act_by=then + 24 * HOUR,
            )  # fmt: skip
            assert raise_alert(conn, unit, occasion, then, sandhan.random_bytes)
    return command_home


def test_the_commands_attend_and_report(deployed: Path) -> None:
    assert json.loads(run("alerts", "attend", "--json")) == {"escalated": 1}
    assert run("alerts", "attend").strip() == "nothing was due"
    told = json.loads(run("alerts", "missed", "--json"))
    assert [(item["recipient"], item["verdict"], item["hours_late"]) for item in told["items"]] == [
        ("Unit", "missed", 1.0)
    ]
    assert [(one["partner"], one["missed"]) for one in told["partners"]] == [("Unit", 1)]
    assert "1.0 h late to acknowledge" in run("alerts", "missed")
    assert json.loads(run("alerts", "missed", "--since", "2999-01-01T00:00Z", "--json")) == {
        "items": [],
        "partners": [],
    }
    assert "--since" in run("alerts", "missed", "--since", "yesterday", code=2)
