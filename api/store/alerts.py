"""Who has been told of which match, and has anybody answered?

States: queued, sent, retrying, delivered, dead_letter (moved by `outbox`), then acknowledged, actioned, closed,
escalated, updated, recalled (moved by people and deadlines). Delivered is not acknowledged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, case, insert, select, update

from api.store.errors import RowMissing
from api.store.inbox_tables import inbox
from api.store.portable import insert_if_absent
from api.store.tables import alerts, outbox

# Later than acknowledged: an acknowledgement is noted and moves nothing back.
_PAST_ACKNOWLEDGEMENT = ("acknowledged", "actioned", "closed", "recalled")


@dataclass(frozen=True, slots=True)
class Alert:
    """One recipient told of one event of one match.

    Attributes:
        event: "new", "risen" or "recalled".
        dedupe_key: the same occasion for the same recipient has the same key, and alerts once.
        priority: "critical" or "standard".
        due_at: by when an acknowledgement is due.
    """

    id: str
    match_id: str
    recipient_id: str
    event: str
    dedupe_key: str
    grade: str
    priority: str
    state: str
    due_at: datetime
    created_at: datetime
    updated_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to put into the outbox with its alert; `payload` holds no personal data."""

    id: str
    channel: str
    payload: dict[str, object] = field(repr=False)
    not_before: datetime | None = None


def add_alert(
    conn: Connection,
    *,
    alert_id: str,
    match_id: str,
    recipient_id: str,
    event: str,
    dedupe_key: str,
    grade: str,
    priority: str,
    due_at: datetime,
    at: datetime,
    messages: Sequence[NewMessage],
) -> Alert | None:
    """Add an alert together with its outbox messages, in the caller's transaction.

    Returns:
        The alert, or None when one with this dedupe key exists: then nothing is written and nobody is told twice.
    """
    row = {
        "id": alert_id,
        "match_id": match_id,
        "recipient_id": recipient_id,
        "event": event,
        "dedupe_key": dedupe_key,
        "grade": grade,
        "priority": priority,
        "state": "queued",
        "due_at": due_at,
        "created_at": at,
        "updated_at": at,
    }
    if not insert_if_absent(conn, alerts, row, ["dedupe_key"]):
        return None
    conn.execute(insert(inbox).values(recipient_id=recipient_id, alert_id=alert_id))
    queued = [
        {
            "id": message.id,
            "alert_id": alert_id,
            "recipient_id": recipient_id,
            "channel": message.channel,
            "state": "queued",
            "next_attempt_at": message.not_before or at,
            "payload": message.payload,
            "created_at": at,
        }
        for message in messages
    ]
    if queued:
        conn.execute(insert(outbox), queued)
    return get_alert(conn, alert_id)


def get_alert(conn: Connection, alert_id: str) -> Alert | None:
    """Return an alert, None if there is none of that id."""
    row = conn.execute(select(alerts).where(alerts.c.id == alert_id)).first()
    return None if row is None else Alert(**row._asdict())


def list_alerts(
    conn: Connection,
    recipient_id: str,
    *,
    state: str | None = None,
    priority: str | None = None,
    created_since: datetime | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[Alert]:
    """Return a recipient's alerts in id order.

    Args:
        state, priority: only alerts of these.
        created_since: only those queued at that moment or later.
        after: the last id of the page before.
    """
    statement = select(alerts).where(alerts.c.recipient_id == recipient_id)
    if state is not None:
        statement = statement.where(alerts.c.state == state)
    if priority is not None:
        statement = statement.where(alerts.c.priority == priority)
    if created_since is not None:
        statement = statement.where(alerts.c.created_at >= created_since)
    if after is not None:
        statement = statement.where(alerts.c.id > after)
    return [Alert(**row._asdict()) for row in conn.execute(statement.order_by(alerts.c.id).limit(limit))]


def alerts_of_match(conn: Connection, match_id: str) -> list[Alert]:
    """Return every alert of a match in id order: everybody who must hear of a recall."""
    statement = select(alerts).where(alerts.c.match_id == match_id).order_by(alerts.c.id)
    return [Alert(**row._asdict()) for row in conn.execute(statement)]


def acknowledge(conn: Connection, alert_id: str, by: str, at: datetime) -> Alert:
    """Note who has taken up an alert; asked again, the first acknowledgement stands.

    Raises:
        RowMissing: there is no such alert.
    """
    state = case((alerts.c.state.in_(_PAST_ACKNOWLEDGEMENT), alerts.c.state), else_="acknowledged")
    statement = update(alerts).where(alerts.c.id == alert_id, alerts.c.acknowledged_at.is_(None))
    conn.execute(statement.values(state=state, acknowledged_at=at, acknowledged_by=by, updated_at=at))
    found = get_alert(conn, alert_id)
    if found is None:
        raise RowMissing("alerts")
    return found
