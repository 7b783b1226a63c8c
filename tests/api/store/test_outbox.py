"""The outbox: nothing due is lost, nothing claimed is claimed again, and no delivery undoes what a person did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from api.store import Database, RowMissing, alerts, attention, dead_letters, outbox, outbox_lanes, partners

LEASE = timedelta(minutes=2)


def state(conn, alert) -> tuple[str, list[str]]:
    found = alerts.get_alert(conn, alert.id)
    assert found is not None
    return found.state, [message.state for message in outbox.messages_of(conn, alert.id)]


def taken(conn, now, batch: int = 10, lanes: int = 10, **more: Any) -> list[outbox.OutboxMessage]:
    room = {("webhook", False): lanes, ("webhook", True): lanes, ("email", False): lanes, ("email", True): lanes}
    claims = outbox_lanes.claim_lanes(conn, now, LEASE, batch=batch, room=room, **more)
    return [message for claimed in claims for message in claimed.messages]


def claim(conn, now, batch: int = 10, lanes: int = 10, **more: Any) -> list[str]:
    return [message.id for message in taken(conn, now, batch, lanes, **more)]


def fail(conn, message_id: str, at, again) -> None:
    outbox.record_failure(conn, message_id, at, "refused", 500, "status 500", again)


def test_what_is_due_is_claimed_in_the_order_in_which_it_was_put_in_and_once(conn, world) -> None:
    # By a clock that was set back meanwhile, the second is the older one.
    first = world.alert(conn, at=world.later(seconds=5))
    second = world.alert(conn, at=world.now)
    world.alert(conn, at=world.later(hours=1))
    assert claim(conn, world.later(seconds=10), lanes=1) == [f"{first.id}-webhook"]
    assert claim(conn, world.later(seconds=10)) == [f"{second.id}-webhook"]
    assert claim(conn, world.later(seconds=10)) == []
    assert outbox.pending_count(conn) == 3


def test_a_claimed_message_carries_what_the_sender_needs(conn, world) -> None:
    alert = world.alert(conn)
    (message,) = taken(conn, world.now)
    assert message == outbox.OutboxMessage(
        id=f"{alert.id}-webhook",
        alert_id=alert.id,
        recipient_id=alert.recipient_id,
        channel="webhook",
        payload={"n": 1},
        attempts=0,
        created_at=world.now,
    )
    assert state(conn, alert) == ("queued", ["sending"])


def test_a_dead_senders_message_is_claimed_again_after_its_lease(conn, world) -> None:
    alert = world.alert(conn)
    (message_id,) = claim(conn, world.now)
    assert outbox_lanes.next_due(conn, world.now) == world.now + LEASE
    assert claim(conn, world.now + LEASE) == []
    assert claim(conn, world.now + LEASE + timedelta(microseconds=1)) == [message_id]
    assert state(conn, alert) == ("queued", ["sending"])


def test_success_delivers_the_message_and_the_alert(conn, world) -> None:
    alert = world.alert(conn)
    (message_id,) = claim(conn, world.now)
    outbox.record_success(conn, message_id, world.later(seconds=1), 204)
    assert state(conn, alert) == ("delivered", ["delivered"])
    (attempt,) = outbox.attempts_of(conn, message_id)
    assert (attempt.outcome, attempt.status_code, attempt.at) == ("delivered", 204, world.later(seconds=1))
    (message,) = outbox.messages_of(conn, alert.id)
    assert (message.delivered_at, message.claimed_until, message.attempts) == (world.later(seconds=1), None, 1)
    assert claim(conn, world.later(days=9)) == []
    assert (outbox.pending_count(conn), outbox_lanes.next_due(conn, world.now)) == (0, None)


def test_failure_waits_and_then_gives_up(conn, world) -> None:
    alert = world.alert(conn)
    (message_id,) = claim(conn, world.now)
    fail(conn, message_id, world.now, world.later(seconds=5))
    assert state(conn, alert) == ("retrying", ["retrying"])
    assert outbox_lanes.next_due(conn, world.now) == world.later(seconds=5)
    assert claim(conn, world.later(seconds=4)) == []
    (message,) = taken(conn, world.later(seconds=5))
    assert message.attempts == 1
    fail(conn, message_id, world.later(seconds=5), None)
    assert state(conn, alert) == ("dead_letter", ["dead_letter"])
    assert claim(conn, world.later(days=9)) == []
    assert [attempt.status_code for attempt in outbox.attempts_of(conn, message_id)] == [500, 500]


def test_a_dead_letter_is_sent_again_by_hand_under_its_own_id(conn, world) -> None:
    alert = world.alert(conn)
    (message_id,) = claim(conn, world.now)
    assert dead_letters.replay(conn, world.now, message_id=message_id) == []
    fail(conn, message_id, world.now, None)
    assert dead_letters.replay(conn, world.later(days=1), message_id=message_id) == [message_id]
    assert state(conn, alert) == ("queued", ["queued"])
    assert claim(conn, world.later(days=1)) == [message_id]
    outbox.record_success(conn, message_id, world.later(days=1), 200)
    assert state(conn, alert) == ("delivered", ["delivered"])
    assert len(outbox.attempts_of(conn, message_id)) == 2


@pytest.mark.parametrize("ended", alerts.ENDED)
def test_nothing_is_sent_again_of_an_alert_that_has_ended(conn, world, ended: str) -> None:
    alert = world.alert(conn)
    (message_id,) = claim(conn, world.now)
    fail(conn, message_id, world.now, None)
    assert [letter.message_id for letter in dead_letters.dead_letters(conn)] == [message_id]
    attention.end(conn, [alert.id], ended, world.now)
    for which in ({"message_id": message_id}, {"alert_id": alert.id}, {}):
        assert dead_letters.replay(conn, world.now, **which) == []
    assert dead_letters.dead_letters(conn) == dead_letters.lanes(conn) == []
    assert state(conn, alert) == (ended, ["dead_letter"])


@pytest.mark.parametrize("acknowledged_first", [True, False])
def test_an_acknowledged_alert_stays_so_when_another_channel_arrives(conn, world, acknowledged_first: bool) -> None:
    alert = world.alert(conn, ("email", "webhook"))
    email, webhook = sorted(claim(conn, world.now))
    if not acknowledged_first:
        outbox.record_success(conn, email, world.now, 250)
    alerts.acknowledge(conn, alert.id, "officer", world.now)
    if acknowledged_first:
        outbox.record_success(conn, email, world.now, 250)
    fail(conn, webhook, world.now, world.later(seconds=5))
    assert state(conn, alert) == ("acknowledged", ["delivered", "retrying"])
    outbox.record_success(conn, webhook, world.later(seconds=5), 200)
    assert state(conn, alert) == ("acknowledged", ["delivered", "delivered"])


def test_one_channel_failing_does_not_undo_the_other(conn, world) -> None:
    alert = world.alert(conn, ("email", "webhook"))
    email, webhook = sorted(claim(conn, world.now))
    outbox.record_success(conn, email, world.now, 250)
    fail(conn, webhook, world.now, world.later(seconds=5))
    assert state(conn, alert) == ("delivered", ["delivered", "retrying"])
    fail(conn, webhook, world.now, None)
    assert state(conn, alert) == ("delivered", ["delivered", "dead_letter"])


def test_an_alert_is_lost_only_when_every_channel_has_given_up(conn, world) -> None:
    alert = world.alert(conn, ("email", "webhook"))
    email, webhook = sorted(claim(conn, world.now))
    fail(conn, email, world.now, None)
    assert state(conn, alert) == ("queued", ["dead_letter", "sending"])
    fail(conn, webhook, world.now, None)
    assert state(conn, alert) == ("dead_letter", ["dead_letter", "dead_letter"])


def test_a_slow_senders_late_failure_does_not_undo_a_delivery(conn, world) -> None:
    alert = world.alert(conn)
    (message_id,) = claim(conn, world.now)
    claim(conn, world.later(minutes=3))  # the first sender's lease has run out; a second one takes over
    outbox.record_success(conn, message_id, world.later(minutes=3), 200)
    fail(conn, message_id, world.later(minutes=4), world.later(minutes=5))
    outbox.record_success(conn, message_id, world.later(minutes=6), 200)
    assert state(conn, alert) == ("delivered", ["delivered"])
    (message,) = outbox.messages_of(conn, alert.id)
    assert message.delivered_at == world.later(minutes=3)
    assert message.attempts == len(outbox.attempts_of(conn, message_id)) == 3


def test_a_webhook_that_is_gone_is_forgotten_and_its_secret_kept(conn, world) -> None:
    partner = world.partner(conn, webhook_url="https://example.org/hook", webhook_secret="whsec_x")
    assert not partners.disable_webhook(conn, partner.id, "https://example.org/moved-from")
    assert partners.get_partner(conn, partner.id) == partner
    assert partners.disable_webhook(conn, partner.id, "https://example.org/hook")
    found = partners.get_partner(conn, partner.id)
    assert found is not None
    assert (found.webhook_url, found.webhook_secret) == (None, "whsec_x")


def test_what_is_not_there_is_missing(conn, world) -> None:
    with pytest.raises(RowMissing):
        outbox.record_success(conn, "nothing", world.now, None)
    with pytest.raises(RowMissing):
        fail(conn, "nothing", world.now, None)
    with pytest.raises(RowMissing):
        partners.disable_webhook(conn, "nobody", "https://example.org/hook")


@pytest.mark.parametrize("ordered", [True, False])
def test_dispatchers_never_claim_the_same_message(
    url: str, opened: Callable[[str], Database], world, ordered: bool
) -> None:
    with opened(url).write() as conn:
        match_id, recipient_id = world.match(conn).id, world.partner(conn).id
        for number in range(60):
            messages = [alerts.NewMessage(f"message-{number}", "webhook", {})]
            world.alert(conn, match_id=match_id, recipient_id=recipient_id, messages=messages)
    dispatchers = [opened(url) for _ in range(4)]

    def dispatch(database: Database) -> list[str]:
        taken: list[str] = []
        for _ in range(200):
            with database.write(ordered=ordered) as conn:
                batch = claim(conn, world.now, batch=3)
            for message_id in batch:
                with database.write(ordered=ordered) as conn:
                    outbox.record_success(conn, message_id, world.now, 200)
            taken += batch
            if not batch:
                break
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = Counter(message for batch in pool.map(dispatch, dispatchers) for message in batch)
    assert taken == {f"message-{number}": 1 for number in range(60)}
    with dispatchers[0].read() as conn:
        assert outbox.pending_count(conn) == 0


def test_where_not_all_find_room_those_come_first_whose_turn_was_longest_ago(conn, world) -> None:
    match_id = world.match(conn).id
    lanes = {name: world.partner(conn).id for name in ("a", "b", "c", "d")}
    first_of = {}
    for name, partner_id in lanes.items():
        first_of[name] = f"{world.alert(conn, match_id=match_id, recipient_id=partner_id).id}-webhook"
    turns = {(lanes["a"], "webhook"): 2, (lanes["b"], "webhook"): 1}
    assert [claim(conn, world.now, lanes=1, turns=turns) for _ in range(5)] == [
        *([first_of[name]] for name in ("c", "d", "b", "a")), [],
    ]  # fmt: skip


def test_a_claim_that_gives_up_what_was_lost_and_its_late_sender_do_not_block_each_other_for_good(
    url: str, opened: Callable[[str], Database], world
) -> None:
    """The sender has the alert and waits for the message: who has changed the message must not want the alert."""
    database = opened(url)
    if database.dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    with database.write() as conn:
        alert = world.alert(conn)
        [message_id] = claim(conn, world.now)
        outbox.hold_back_alerts(conn, [alert.id], world.now, "it is over")
    late: list[Future[None]] = []

    def record() -> None:
        with database.write(ordered=False) as conn:
            outbox.lock(conn, [message_id])

    def meanwhile(conn: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE outbox") and not late:
            late.append(pool.submit(record))
            _until_somebody_waits(conn)

    with ThreadPoolExecutor(1) as pool:
        with database.write(ordered=False) as conn:
            event.listen(conn, "after_cursor_execute", meanwhile)
            outbox.give_up_lost(conn, world.later(minutes=3))
        late[0].result(timeout=20)
    with database.read() as conn:
        assert state(conn, alert)[1] == ["dead_letter"]
        [message] = outbox.messages_of(conn, alert.id)
        assert message.attempts == len(outbox.attempts_of(conn, message_id)) == 2


def _until_somebody_waits(conn) -> None:
    ends = monotonic() + 20
    waiting = text(
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE NOT granted AND datname = current_database()"
    )
    while not conn.scalar(waiting):
        assert monotonic() < ends
        sleep(0.01)
