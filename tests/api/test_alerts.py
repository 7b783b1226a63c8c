"""Alerts over HTTP: each recipient sees its own, and acknowledges once."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from api.store import audit

from .conftest import REPORT, RESCUE, House, Pair

TOLD = ("family", "shelter", "ahtu", "mumbai")


def test_owners_and_units_of_source_and_destination_are_told(pair: Pair) -> None:
    assert set(pair.alerts) == set(TOLD)
    assert len(set(pair.alerts.values())) == len(TOLD)


@pytest.mark.parametrize("who", TOLD)
def test_an_alert_says_which_match_and_until_when_and_nothing_of_her(pair: Pair, who: str) -> None:
    house = pair.house
    (item,) = house.ask(who, "GET", "/v1/alerts").json()["items"]
    assert house.ask(who, "GET", f"/v1/alerts/{item['id']}").json() == item
    assert (item["match_id"], item["event"], item["grade"]) == (pair.match_id, "new", "certain")
    assert item["priority"] == "critical"  # a child
    due, created = datetime.fromisoformat(item["due_at"]), datetime.fromisoformat(item["created_at"])
    assert due - created == timedelta(hours=4)
    assert [message["channel"] for message in item["messages"]] == ["email"]
    assert item["acknowledged_at"] is None
    shown = json.dumps(item, ensure_ascii=False)
    assert all(value not in shown for value in (REPORT["name"], RESCUE["name"], "Gosaba", "Mumbai", "FIR", "MUM"))


def test_everyone_sees_and_acknowledges_only_its_own(pair: Pair) -> None:
    for who in (*TOLD, "stranger"):
        for other, alert_id in pair.alerts.items():
            if other == who:
                continue
            for method, path in (("GET", "/v1/alerts/{}"), ("POST", "/v1/alerts/{}/acknowledge")):
                answer = pair.house.ask(who, method, path.format(alert_id))
                nothing = pair.house.ask(who, method, path.format("alert_none"))
                assert (answer.status_code, answer.content) == (404, nothing.content)
    unacknowledged = pair.house.ask("family", "GET", "/v1/alerts").json()["items"]
    assert [item["acknowledged_at"] for item in unacknowledged] == [None]


def test_the_first_acknowledgement_counts(fresh_house: House) -> None:
    house = fresh_house
    house.enter("family", REPORT)
    house.enter("shelter", RESCUE)
    alert_id = house.ask("family", "GET", "/v1/alerts").json()["items"][0]["id"]
    path = f"/v1/alerts/{alert_id}/acknowledge"
    first = house.ask("family", "POST", path)
    assert first.status_code == 200
    assert first.json()["state"] == "acknowledged"
    house.clock.advance(hours=1)
    second = house.client.post(path, headers=house.key_with("family", "alerts:acknowledge"))
    assert second.json() == first.json()
    with house.sandhan.database.read() as conn:
        entries = audit.entries(conn, subject=alert_id, limit=10)
    assert [(entry.action, entry.actor) for entry in entries] == [("alert.acknowledged", house["family"].key_id)]
    # Delivery may end after the acknowledgement; it moves nothing back.
    house.sandhan.dispatcher.run_once()
    assert house.ask("family", "GET", f"/v1/alerts/{alert_id}").json()["state"] == "acknowledged"
    other = house.ask("ahtu", "GET", "/v1/alerts").json()["items"][0]
    assert other["state"] != "acknowledged"


def test_alerts_are_listed_page_by_page_and_by_state(fresh_house: House) -> None:
    house = fresh_house
    silent = house.join("silent", "ngo", ("IN/WB",))  # neither e-mail nor webhook: it polls
    assert silent.id
    house.enter("family", REPORT)
    for number in range(3):
        house.enter("shelter", RESCUE | {"external_id": f"R{number}"})
    everything = house.ask("silent", "GET", "/v1/alerts").json()["items"]
    ids = [item["id"] for item in everything]
    assert len(ids) == 3
    assert ids == sorted(ids)
    assert all(item["messages"] == [] for item in everything)
    page = house.ask("silent", "GET", "/v1/alerts", params={"limit": 2}).json()
    assert [item["id"] for item in page["items"]] == ids[:2]
    rest = house.ask("silent", "GET", "/v1/alerts", params={"limit": 2, "after": page["next"]}).json()
    assert ([item["id"] for item in rest["items"]], rest["next"]) == (ids[2:], None)
    house.ask("silent", "POST", f"/v1/alerts/{ids[1]}/acknowledge")
    for state, expected in (("acknowledged", ids[1:2]), ("queued", [ids[0], ids[2]]), ("dead_letter", [])):
        items = house.ask("silent", "GET", "/v1/alerts", params={"state": state}).json()["items"]
        assert [item["id"] for item in items] == expected
