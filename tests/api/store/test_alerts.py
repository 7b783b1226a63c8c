"""Alerts: once per occasion and recipient, together with their messages, and acknowledged once."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from api.store import RowMissing, alerts, knowing, outbox, outbox_lanes, tables


def test_an_alert_is_queued_with_its_messages(conn, world) -> None:
    alert = world.alert(conn, ("webhook", "email"))
    assert (alert.state, alert.acknowledged_at, alert.due_at) == ("queued", None, world.later(hours=4))
    assert alerts.get_alert(conn, alert.id) == alert
    messages = outbox.messages_of(conn, alert.id)
    assert [(message.channel, message.state, message.attempts) for message in messages] == [
        ("email", "queued", 0),
        ("webhook", "queued", 0),
    ]
    assert alerts.get_alert(conn, "nothing") is None


def test_the_same_occasion_alerts_once(conn, world) -> None:
    first = world.alert(conn, dedupe_key="k")
    values = {"match_id": first.match_id, "recipient_id": first.recipient_id, "event": "new", "grade": "probable"}
    values |= {"priority": "critical", "due_at": world.now, "at": world.now, "dedupe_key": "k"}
    message = alerts.NewMessage("other-message", "email", {})
    assert alerts.add_alert(conn, alert_id="other", messages=[message], **values) is None
    assert alerts.get_alert(conn, "other") is None
    assert outbox.pending_count(conn) == 1


def test_an_alert_without_messages_is_still_in_the_inbox(conn, world) -> None:
    alert = world.alert(conn, ())
    assert alerts.list_alerts(conn, alert.recipient_id) == [alert]
    assert outbox.pending_count(conn) == 0


def test_a_message_may_wait_for_the_digest(conn, world) -> None:
    later = alerts.NewMessage("digest", "email", {}, not_before=world.later(hours=12))
    world.alert(conn, messages=[later])
    assert outbox_lanes.next_due(conn, world.now) == world.later(hours=12)


def test_a_recipient_sees_its_own_alerts_in_pages(conn, world) -> None:
    recipient = world.partner(conn).id
    own = [world.alert(conn, recipient_id=recipient) for _ in range(3)]
    other = world.alert(conn)
    assert alerts.list_alerts(conn, recipient, limit=2) == own[:2]
    assert alerts.list_alerts(conn, recipient, after=own[1].id) == own[2:]
    done = alerts.acknowledge(conn, own[0].id, "officer", world.now)
    assert alerts.list_alerts(conn, recipient, state="queued") == own[1:]
    assert alerts.list_alerts(conn, recipient, state="acknowledged") == [done]
    assert alerts.alerts_of_match(conn, other.match_id) == [other]


def test_the_first_acknowledgement_stands(conn, world) -> None:
    alert = world.alert(conn)
    first = alerts.acknowledge(conn, alert.id, "officer", world.later(hours=1))
    assert (first.state, first.acknowledged_by, first.acknowledged_at) == (
        "acknowledged",
        "officer",
        world.later(hours=1),
    )
    assert alerts.acknowledge(conn, alert.id, "somebody else", world.later(hours=2)) == first
    with pytest.raises(RowMissing):
        alerts.acknowledge(conn, "nothing", "officer", world.now)


@pytest.mark.parametrize("state", ["recalled", "closed", "actioned"])
def test_acknowledging_late_moves_nothing_back(conn, world, state: str) -> None:
    alert = world.alert(conn)
    conn.execute(update(tables.alerts).where(tables.alerts.c.id == alert.id).values(state=state))
    late = alerts.acknowledge(conn, alert.id, "officer", world.now)
    assert (late.state, late.acknowledged_by) == (state, "officer")


def test_whether_an_alert_was_seen_is_found_without_reading_all_that_its_recipient_ever_did(conn, world) -> None:
    if conn.dialect.name != "sqlite":
        pytest.skip("PostgreSQL decides by how often values occur")
    alert = world.alert(conn)
    statements: list[str] = []
    raw = conn.connection.dbapi_connection
    raw.set_trace_callback(statements.append)
    assert not knowing.was_seen(conn, alert)
    raw.set_trace_callback(None)
    of_lists = [statement for statement in statements if "alerts.listed" in statement]
    assert len(of_lists) == 1
    plan = [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {of_lists[0]}")]
    assert len(plan) == 1, plan
    assert "(subject=? AND action=? AND at>?)" in plan[0], plan
