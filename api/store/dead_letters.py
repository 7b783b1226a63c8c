"""What could not be delivered, how does it stand with each lane, and what is sent once more by hand?

A replay keeps the id of the message (a receiver that has it already recognises it) and goes to the end of its lane:
what is given up by hand must not block what works. What was held back because its match has ended stays unsent, and so
does what was given up of an alert that has ended since: somebody has acted on it, or nobody is waited for any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, or_, select, update

from api.store.alerts import ENDED
from api.store.engine import note_queued
from api.store.outbox import UNFINISHED, is_held_back
from api.store.portable import chunks, hold_commit_order
from api.store.tables import alerts, delivery_attempts, outbox


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up, and why at the last attempt."""

    message_id: str
    alert_id: str
    recipient_id: str
    channel: str
    priority: str
    attempts: int
    created_at: datetime
    outcome: str
    status_code: int | None


@dataclass(frozen=True, slots=True)
class LaneState:
    """How many messages of one recipient on one channel are on their way, and since when the oldest is."""

    recipient_id: str
    channel: str
    queued: int
    sending: int
    retrying: int
    dead: int
    oldest: datetime | None
    """When the oldest unfinished message was made; None when there is none."""


def dead_letters(
    conn: Connection, *, recipient_id: str | None = None, after: str | None = None, limit: int = 1000
) -> list[DeadLetter]:
    """Return what was given up and may be sent again, in id order."""
    tried = delivery_attempts.alias("tried")
    last = select(func.max(tried.c.id)).where(tried.c.outbox_id == outbox.c.id).correlate(outbox).scalar_subquery()
    statement = (
        select(
            outbox.c.id.label("message_id"),
            outbox.c.alert_id,
            outbox.c.recipient_id,
            outbox.c.channel,
            alerts.c.priority,
            outbox.c.attempts,
            outbox.c.created_at,
            delivery_attempts.c.outcome,
            delivery_attempts.c.status_code,
        )
        .join(alerts, alerts.c.id == outbox.c.alert_id)
        .join(delivery_attempts, delivery_attempts.c.id == last)
        .where(*_replayable())
    )
    if recipient_id is not None:
        statement = statement.where(outbox.c.recipient_id == recipient_id)
    if after is not None:
        statement = statement.where(outbox.c.id > after)
    return [DeadLetter(**row._asdict()) for row in conn.execute(statement.order_by(outbox.c.id).limit(limit))]


def replay(
    conn: Connection,
    at: datetime,
    *,
    message_id: str | None = None,
    alert_id: str | None = None,
    recipient_id: str | None = None,
) -> list[str]:
    """Put dead letters back into their lanes, at the end and in their old order; return their ids.

    Args:
        message_id, alert_id, recipient_id: only what belongs to all that are given; everything when none is.
    """
    hold_commit_order(conn)
    given = ((outbox.c.id, message_id), (outbox.c.alert_id, alert_id), (outbox.c.recipient_id, recipient_id))
    wanted = select(outbox.c.id, outbox.c.alert_id).where(
        *_replayable(), *(column == value for column, value in given if value is not None)
    )
    found = conn.execute(wanted.order_by(outbox.c.seq)).all()
    for row in found:
        _requeue(conn, row.id, row.alert_id, at)
    if found:
        note_queued(conn)
    return [row.id for row in found]


def still_queued(conn: Connection, message_ids: Sequence[str]) -> list[str]:
    """Return those among some messages that wait to be sent, in their order."""
    waiting: set[str] = set()
    for some in chunks(message_ids):
        waiting.update(conn.scalars(select(outbox.c.id).where(outbox.c.id.in_(some), outbox.c.state == "queued")))
    return [message_id for message_id in message_ids if message_id in waiting]


def lanes(conn: Connection) -> list[LaneState]:
    """Return how it stands with every lane that has something to send, or something given up that may be sent again."""

    def count(*states: str) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((outbox.c.state.in_(states), 1), else_=0)), 0)

    statement = select(
        outbox.c.recipient_id,
        outbox.c.channel,
        count("queued").label("queued"),
        count("sending").label("sending"),
        count("retrying").label("retrying"),
        count("dead_letter").label("dead"),
        func.min(case((outbox.c.state.in_(UNFINISHED), outbox.c.created_at))).label("oldest"),
    ).where(or_(outbox.c.state.in_(UNFINISHED), and_(*_replayable())), ~is_held_back())
    grouped = statement.group_by(outbox.c.recipient_id, outbox.c.channel)
    ordered = grouped.order_by(outbox.c.recipient_id, outbox.c.channel)
    return [LaneState(**row._asdict()) for row in conn.execute(ordered)]


def _requeue(conn: Connection, message_id: str, alert_id: str, at: datetime) -> None:
    again = {"state": "queued", "attempts": 0, "early_attempts": 0, "refusals": 0, "next_attempt_at": at}
    last = select(func.max(outbox.alias().c.seq)).scalar_subquery()
    conn.execute(update(outbox).where(outbox.c.id == message_id).values(**again, seq=last + 1))
    lost = update(alerts).where(alerts.c.id == alert_id, alerts.c.state == "dead_letter")
    conn.execute(lost.values(state="queued", updated_at=at))


def _replayable() -> Sequence[ColumnElement[bool]]:
    over = alerts.alias("over")
    ended = exists().where(over.c.id == outbox.c.alert_id, over.c.state.in_(ENDED))
    return outbox.c.state == "dead_letter", ~is_held_back(), ~ended
