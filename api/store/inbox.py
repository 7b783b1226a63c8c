"""What has reached a partner's inbox since it last looked?

Numbers become visible in ascending order (`portable.hold_commit_order`), so "everything after the last number that
I saw" is complete. Every alert has one from the moment it is made (`alerts.add_alert`), also where no message goes
out by any channel. An alert that is reminded of comes again, under a new number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from api.store.alerts import Alert
from api.store.inbox_tables import inbox
from api.store.tables import alerts

_AT: Final = "@"
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Arrival:
    """An alert and its place in the inbox."""

    seq: int
    alert: Alert


def come_again(conn: Connection, alert_id: str) -> None:
    """Let an alert reach its recipient's inbox once more, under a new number: it is reminded of."""
    mine = inbox.c.alert_id == alert_id
    if conn.dialect.name == "sqlite":  # which would give the number of a deleted last row again
        newest = select(func.max(inbox.alias().c.seq)).scalar_subquery()
        conn.execute(update(inbox).where(mine).values(seq=newest + 1))
        return
    recipient_id = conn.scalar(delete(inbox).where(mine).returning(inbox.c.recipient_id))
    if recipient_id is not None:
        conn.execute(insert(inbox).values(recipient_id=recipient_id, alert_id=alert_id))


def latest_seq(conn: Connection) -> int:
    """Return the newest number of all inboxes, 0 when nobody was ever told anything. One look into an index."""
    return conn.scalar(select(func.max(inbox.c.seq))) or 0


def since(conn: Connection, recipient_id: str, seq: int, limit: int) -> list[Arrival]:
    """Return what reached a partner's inbox after a number, in order."""
    numbers = select(inbox.c.seq, *alerts.c).join(alerts, alerts.c.id == inbox.c.alert_id)
    numbers = numbers.where(inbox.c.recipient_id == recipient_id, inbox.c.seq > seq).order_by(inbox.c.seq).limit(limit)
    return [
        Arrival(row["seq"], Alert(**{name: value for name, value in row.items() if name != "seq"}))
        for row in conn.execute(numbers).mappings()
    ]


def mark_of(arrival: Arrival) -> str:
    """Return what says to `seq_after` how far somebody has heard: the alert and the number under which it came."""
    return f"{arrival.alert.id}{_AT}{arrival.seq}"


def seq_after(conn: Connection, recipient_id: str, mark: str) -> int:
    """Return the number up to which a partner has heard what is in its inbox.

    Args:
        mark: of `mark_of`, or the plain id of an alert.

    Of an id that is not there (any more), what lies before the next younger one: nothing newer is skipped. Of one that
    has come again, what lies before everything that has come since it was made: nobody can say where it was heard.
    """
    alert_id, _, number = mark.partition(_AT)
    if _NUMBER.fullmatch(number):
        return min(int(number), latest_seq(conn))  # of an older copy of the database it may lie ahead
    own = inbox.c.recipient_id == recipient_id
    found = conn.execute(
        select(inbox.c.seq, alerts.c.steps, alerts.c.created_at)
        .join(alerts, alerts.c.id == inbox.c.alert_id)
        .where(own, inbox.c.alert_id == alert_id)
    ).first()
    if found is not None and not found.steps:
        return int(found.seq)
    if found is not None:
        since_then = select(func.min(inbox.c.seq)).join(alerts, alerts.c.id == inbox.c.alert_id)
        moved = and_(alerts.c.steps > 0, alerts.c.updated_at >= found.created_at)
        first = conn.scalar(since_then.where(own, or_(inbox.c.alert_id >= alert_id, moved)))
        return int(first or found.seq) - 1
    younger = conn.scalar(select(func.min(inbox.c.seq)).where(own, inbox.c.alert_id > alert_id))
    return latest_seq(conn) if younger is None else int(younger) - 1


def seq_before(conn: Connection, recipient_id: str, moment: datetime) -> int:
    """Return the number after which everything lies that was queued for a partner at a moment or later."""
    queued = select(func.min(inbox.c.seq)).join(alerts, alerts.c.id == inbox.c.alert_id)
    first = conn.scalar(queued.where(inbox.c.recipient_id == recipient_id, alerts.c.created_at >= moment))
    return latest_seq(conn) if first is None else int(first) - 1
