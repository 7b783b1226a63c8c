"""Which messages are due, who is sending them, and what came of each attempt?

At least once: a message is claimed for a limited time, sent outside any transaction, and then recorded. If the
sender dies in between, the claim runs out and the message is sent again under the same id.

    queued ──> sending ──> delivered
                 │  ^
                 v  │
              retrying ──> dead_letter
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from api.store.errors import RowMissing
from api.store.tables import alerts, delivery_attempts, outbox

# What a delivery may overwrite: everything before a person has touched the alert.
_UNDELIVERED_ALERT = ("queued", "sent", "retrying", "dead_letter")
_WAITING = ("queued", "retrying")
_UNFINISHED = ("queued", "sending", "retrying")


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One message to one recipient on one channel.

    Attributes:
        id: stable across attempts; the `webhook-id`.
        channel: "webhook" or "email".
        payload: the thin payload, without personal data.
        attempts: how many attempts have been recorded before this one; 0 at the first.
    """

    id: str
    alert_id: str
    recipient_id: str
    channel: str
    payload: dict[str, object] = field(repr=False)
    attempts: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One recorded attempt; `status_code` is the HTTP or SMTP code where there was an answer."""

    id: int
    outbox_id: str
    at: datetime
    outcome: str
    status_code: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class MessageState:
    """Where one message stands, for an inbox or an operator."""

    id: str
    alert_id: str
    recipient_id: str
    channel: str
    state: str
    attempts: int
    next_attempt_at: datetime
    claimed_until: datetime | None
    created_at: datetime
    delivered_at: datetime | None


def claim_due(conn: Connection, now: datetime, limit: int, lease: timedelta) -> list[OutboxMessage]:
    """Take the due messages, oldest first, so that no other dispatcher takes them before `now + lease`.

    Due are waiting messages whose time has come, and messages being sent whose sender has outlived its claim.
    """
    due = or_(
        and_(outbox.c.state.in_(_WAITING), outbox.c.next_attempt_at <= now),
        and_(outbox.c.state == "sending", outbox.c.claimed_until < now),
    )
    rows = conn.execute(
        select(outbox)
        .where(due)
        .order_by(outbox.c.created_at, outbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)  # PostgreSQL only; on SQLite the transaction is the only writer
    ).all()
    if rows:
        claimed = update(outbox).where(outbox.c.id.in_([row.id for row in rows]))
        conn.execute(claimed.values(state="sending", claimed_until=now + lease))
    return [
        OutboxMessage(
            id=row.id,
            alert_id=row.alert_id,
            recipient_id=row.recipient_id,
            channel=row.channel,
            payload=row.payload,
            attempts=row.attempts,
            created_at=row.created_at,
        )
        for row in rows
    ]


def record_success(conn: Connection, message_id: str, at: datetime, status_code: int | None) -> None:
    """Record that the receiver took the message; the alert becomes delivered unless a person is already on it.

    Raises:
        RowMissing: there is no such message.
    """
    alert_id = _alert_of(conn, message_id)
    # The alert before the message, here and below: one order of locks, no deadlock.
    _advance_alert(conn, alert_id, _UNDELIVERED_ALERT, "delivered", at)
    conn.execute(
        update(outbox)
        .where(outbox.c.id == message_id, outbox.c.state != "delivered")
        .values(state="delivered", delivered_at=at, claimed_until=None)
    )
    _add_attempt(conn, message_id, at, "delivered", status_code, "")


def record_failure(
    conn: Connection,
    message_id: str,
    at: datetime,
    outcome: str,
    status_code: int | None,
    detail: str,
    next_attempt_at: datetime | None,
) -> None:
    """Record a failed attempt and when to try again.

    A message that another sender has delivered meanwhile stays delivered; the attempt is recorded all the same.

    Args:
        outcome: a short word, e.g. "timeout", "refused", "redirect".
        detail: for operators; must hold nothing of the receiver's answer.
        next_attempt_at: None gives up: the message becomes a dead letter.
    Raises:
        RowMissing: there is no such message.
    """
    alert_id = _alert_of(conn, message_id)
    if next_attempt_at is not None:
        _advance_alert(conn, alert_id, ("queued", "sent"), "retrying", at)
    elif not _others_in_hand(conn, alert_id, message_id):
        # The alert is lost only when no other channel has carried it or still may.
        _advance_alert(conn, alert_id, ("queued", "sent", "retrying"), "dead_letter", at)
    values: dict[str, object] = {"state": "dead_letter", "claimed_until": None}
    if next_attempt_at is not None:
        values = {"state": "retrying", "claimed_until": None, "next_attempt_at": next_attempt_at}
    conn.execute(
        update(outbox)
        .where(outbox.c.id == message_id, outbox.c.state.not_in(("delivered", "dead_letter")))
        .values(**values)
    )
    _add_attempt(conn, message_id, at, outcome, status_code, detail)


def hold_back(conn: Connection, match_id: str, at: datetime) -> int:
    """Send nothing more about a match that has ended; return how many messages had not gone out yet."""
    return _hold_back(conn, alerts.c.match_id == match_id, at, "the match has ended")


def hold_back_subject(conn: Connection, subject_id: str, at: datetime) -> int:
    """Send nothing more about something else that has ended; return how many messages had not gone out yet."""
    return _hold_back(conn, alerts.c.subject_id == subject_id, at, "what it was about has ended")


def _hold_back(conn: Connection, about: ColumnElement[bool], at: datetime, why: str) -> int:
    waiting = select(outbox.c.id).where(
        outbox.c.alert_id.in_(select(alerts.c.id).where(about)), outbox.c.state.in_((*_WAITING, "sending"))
    )
    found = list(conn.scalars(waiting))
    for message_id in found:
        conn.execute(update(outbox).where(outbox.c.id == message_id).values(state="dead_letter", claimed_until=None))
        _add_attempt(conn, message_id, at, "held back", None, why)
    return len(found)


def next_due(conn: Connection) -> datetime | None:
    """Return when the next message falls due (perhaps in the past), None when none is waiting or being sent."""
    waiting = conn.scalar(select(func.min(outbox.c.next_attempt_at)).where(outbox.c.state.in_(_WAITING)))
    claimed = conn.scalar(select(func.min(outbox.c.claimed_until)).where(outbox.c.state == "sending"))
    return min((moment for moment in (waiting, claimed) if moment is not None), default=None)


def requeue(conn: Connection, message_id: str, at: datetime) -> bool:
    """Send a dead letter again, by hand, under the same id; False if the message is not a dead letter."""
    statement = update(outbox).where(outbox.c.id == message_id, outbox.c.state == "dead_letter")
    return conn.execute(statement.values(state="queued", attempts=0, next_attempt_at=at)).rowcount == 1


def attempts_of(conn: Connection, message_id: str) -> list[DeliveryAttempt]:
    """Return the recorded attempts of a message, first to last."""
    statement = select(delivery_attempts).where(delivery_attempts.c.outbox_id == message_id)
    return [DeliveryAttempt(**row._asdict()) for row in conn.execute(statement.order_by(delivery_attempts.c.id))]


def messages_of(conn: Connection, alert_id: str) -> list[MessageState]:
    """Return where every message of an alert stands, in id order."""
    columns = [column for column in outbox.c if column.name != "payload"]
    statement = select(*columns).where(outbox.c.alert_id == alert_id).order_by(outbox.c.id)
    return [MessageState(**row._asdict()) for row in conn.execute(statement)]


def pending_count(conn: Connection) -> int:
    """Return how many messages are neither delivered nor given up."""
    return conn.scalar(select(func.count()).select_from(outbox).where(outbox.c.state.in_(_UNFINISHED))) or 0


def _alert_of(conn: Connection, message_id: str) -> str:
    alert_id = conn.scalar(select(outbox.c.alert_id).where(outbox.c.id == message_id))
    if alert_id is None:
        raise RowMissing("outbox")
    return str(alert_id)


def _advance_alert(conn: Connection, alert_id: str, before: tuple[str, ...], after: str, at: datetime) -> None:
    """Move an alert on, only from the states in `before`: what a person has done is never undone by a delivery."""
    statement = update(alerts).where(alerts.c.id == alert_id, alerts.c.state.in_(before))
    conn.execute(statement.values(state=after, updated_at=at))


def _others_in_hand(conn: Connection, alert_id: str, message_id: str) -> bool:
    statement = select(outbox.c.id).where(
        outbox.c.alert_id == alert_id, outbox.c.id != message_id, outbox.c.state != "dead_letter"
    )
    return conn.execute(statement.limit(1)).first() is not None


def _add_attempt(
    conn: Connection, message_id: str, at: datetime, outcome: str, status_code: int | None, detail: str
) -> None:
    conn.execute(update(outbox).where(outbox.c.id == message_id).values(attempts=outbox.c.attempts + 1))
    row = {"outbox_id": message_id, "at": at, "outcome": outcome, "status_code": status_code, "detail": detail}
    conn.execute(insert(delivery_attempts).values(**row))
