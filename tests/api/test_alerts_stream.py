"""The live inbox over HTTP, and what is sent once more: over the API, and by whoever runs the machine."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from api.access import Permission
from api.alerts.stream import LiveInbox, Pace
from api.cli import build_app
from api.serving import BackgroundServer, bind
from api.store import audit, outbox, partners

from .conftest import REPORT, RESCUE, House, settled_house

RUNNER = CliRunner()


def told(house: House) -> list[dict[str, Any]]:
    house.enter("family", REPORT)
    house.enter("shelter", RESCUE)
    return list(house.ask("family", "GET", "/v1/alerts").json()["items"])


def lost(house: House) -> tuple[str, str]:
    """Give up the message of the family's alert; return the ids of the alert and the message."""
    (alert,) = told(house)
    message_id = alert["messages"][0]["id"]
    with house.sandhan.database.write() as conn:
        outbox.record_failure(conn, message_id, house.clock(), "recipient_refused", 550, "", None)
    return alert["id"], message_id


def events(text: str) -> list[tuple[str, Any]]:
    blocks = [block.split("\n") for block in text.split("\n\n") if block.startswith("id: ")]
    return [(block[0][4:].partition("@")[0], json.loads(block[2].removeprefix("data: "))) for block in blocks]


def test_the_stream_tells_what_the_list_tells(fresh_house: House) -> None:
    house = fresh_house
    since = house.clock().isoformat()
    listed = told(house)
    answer = house.ask("family", "GET", "/v1/alerts/stream", params={"created_since": since})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert events(answer.text) == [(item["id"], item) for item in listed]
    marks = [line[4:] for line in answer.text.splitlines() if line.startswith("id: ")]
    for heard in (listed[-1]["id"], marks[-1]):
        again = house.ask("family", "GET", "/v1/alerts/stream", headers={"Last-Event-ID": heard})
        assert events(again.text) == []
    assert events(house.ask("stranger", "GET", "/v1/alerts/stream", headers={"Last-Event-ID": "alert_0"}).text) == []
    assert house.sandhan.inbox.open_streams(house["family"].id) == 0


def test_a_served_stream_goes_on_until_the_key_is_revoked(fresh_house: House) -> None:
    house = fresh_house
    pace = Pace(look=0.05, heartbeat=0.2, recheck=0.2)
    house.sandhan.inbox = LiveInbox(house.sandhan.database, house.clock, pace, most=1)
    key = house.key_with("family", Permission.ALERTS_READ)
    got: list[str] = []
    first = threading.Event()

    def listen(url: str) -> None:
        with httpx.stream("GET", f"{url}/v1/alerts/stream", headers=key, timeout=30) as answer:
            for line in answer.iter_lines():
                got.append(line)
                first.set()

    with BackgroundServer(house.client.app, bind("127.0.0.1", 0)) as server:  # type: ignore[arg-type]
        listener = threading.Thread(target=listen, args=(server.url,))
        listener.start()
        assert first.wait(20)
        refused = httpx.get(f"{server.url}/v1/alerts/stream", headers=house["family"].headers, timeout=20)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
        (alert,) = told(house)
        until(lambda: any(line.startswith(f"id: {alert['id']}@") for line in got))
        with house.sandhan.database.write() as conn:
            (made,) = [one for one in partners.list_keys(conn, house["family"].id) if one.id != house["family"].key_id]
            partners.revoke_key(conn, made.id, house.clock())
        listener.join(20)
        assert not listener.is_alive()
        until(lambda: house.sandhan.inbox.open_streams(house["family"].id) == 0)


def test_who_hangs_up_gives_its_place_up(fresh_house: House) -> None:
    house = fresh_house
    house.sandhan.inbox = LiveInbox(house.sandhan.database, house.clock, Pace(look=0.05, heartbeat=0.1), most=1)
    with BackgroundServer(house.client.app, bind("127.0.0.1", 0)) as server:  # type: ignore[arg-type]
        with httpx.stream("GET", f"{server.url}/v1/alerts/stream", headers=house["family"].headers) as answer:
            lines = answer.iter_lines()  # held: the client hangs up where nobody goes on reading
            next(lines)
            assert house.sandhan.inbox.open_streams(house["family"].id) == 1
        until(lambda: house.sandhan.inbox.open_streams(house["family"].id) == 0)


def until(condition: Any, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


def test_a_recipient_has_its_own_sent_once_more(fresh_house: House) -> None:
    house = fresh_house
    alert_id, message_id = lost(house)
    path = f"/v1/alerts/{alert_id}/replay"
    nothing = house.ask("family", "GET", "/v1/alerts/alert_none")
    for who, permission in (("stranger", "alerts:replay"), ("family", "alerts:read")):
        answer = house.client.post(path, headers=house.key_with(who, permission))
        if who == "stranger":
            assert (answer.status_code, answer.content) == (404, nothing.content)
        else:
            assert answer.status_code == 403
    key = house.key_with("family", Permission.ALERTS_REPLAY)
    assert house.client.post(path, headers=key).json() == {"alert_id": alert_id, "messages": [message_id]}
    assert house.client.post(path, headers=key).json() == {"alert_id": alert_id, "messages": []}
    shown = house.ask("family", "GET", f"/v1/alerts/{alert_id}").json()
    assert (shown["state"], shown["messages"][0]["state"]) == ("queued", "queued")
    with house.sandhan.database.read() as conn:
        actions = [entry.action for entry in audit.entries(conn, subject=alert_id, limit=10)]
    assert actions.count("alert.replayed") == 1


def run(*words: str, code: int = 0) -> str:
    result = RUNNER.invoke(build_app(["alerts", *words]), ["alerts", *words])
    assert result.exit_code == code, result.output
    return result.output


def test_whoever_runs_the_machine_sees_what_was_given_up_and_sends_it_again(
    tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with settled_house("sqlite", tmp_path / "home", template) as house:
        alert_id, message_id = lost(house)
        family = house["family"].id
    monkeypatch.setenv("SANDHAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SANDHAN_FACES", "false")
    status = {(lane["recipient_id"], lane["channel"]): lane for lane in json.loads(run("status", "--json"))}
    assert status[family, "email"]["dead"] == 1
    (letter,) = json.loads(run("dead-letters", "--json"))
    assert (letter["message_id"], letter["alert_id"], letter["outcome"]) == (message_id, alert_id, "recipient_refused")
    assert message_id in run("dead-letters")
    assert "family" in run("status")
    assert "say what to send" in run("replay", code=2)
    assert "say what to send" in run("replay", message_id, "--all", code=2)
    assert "no message" in run("replay", "message_none", code=2)
    assert json.loads(run("replay", "--partner", family, "--json")) == {"messages": [message_id]}
    assert json.loads(run("replay", "--all", "--json")) == {"messages": []}
    assert "Nothing was given up" in run("dead-letters")
