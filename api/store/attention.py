"""Which alerts wait for a step, and how are they moved on? The rows behind `api.alerts.attention`.

`next_step_at` is a queue: whoever takes a row holds it until the transaction ends, and sets when it is due again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, Select, select, text, update

from api.store.alerts import ENDED, Alert
from api.store.portable import chunks
from api.store.tables import AWAITING_DIGEST, alerts


def claim_due(conn: Connection, now: datetime, limit: int, without: Collection[str] = ()) -> list[Alert]:
    """Take alerts whose next step is due, longest due first, so that nobody else takes them in this transaction.

    Args:
        without: ids that are left alone.
    """
    statement = (
        select(alerts)
        .where(alerts.c.next_step_at <= now, alerts.c.id.not_in(list(without)))
        .order_by(alerts.c.next_step_at, alerts.c.id)
        .limit(limit)
        # PostgreSQL only; on SQLite the transaction is the only writer. Others may go on to refer to these rows.
        .with_for_update(skip_locked=True, key_share=True)
    )
    return _fetch(conn, statement)


def next_due(conn: Connection) -> datetime | None:
    """Return when the next step is due (perhaps in the past), None when none is."""
    soonest = select(alerts.c.next_step_at).where(alerts.c.next_step_at.is_not(None))
    found: datetime | None = conn.scalar(soonest.order_by(alerts.c.next_step_at).limit(1))
    return found


def plan(conn: Connection, alert_id: str, next_step_at: datetime | None, act_by: datetime | None) -> None:
    """Set when the next step is due, and by when the alert is to be acted on."""
    mine = update(alerts).where(alerts.c.id == alert_id)
    conn.execute(mine.values(next_step_at=next_step_at, act_by=act_by))


def note_step(
    conn: Connection, alert_id: str, at: datetime, next_step_at: datetime | None, state: str | None = None
) -> None:
    """Count a reminder or an escalation, and set when the next one is due."""
    values = {"steps": alerts.c.steps + 1, "next_step_at": next_step_at, "updated_at": at}
    conn.execute(update(alerts).where(alerts.c.id == alert_id).values(values | ({"state": state} if state else {})))


def lapse(conn: Connection, alert_id: str, at: datetime, state: str, due_at: datetime | None) -> None:
    """Take an acknowledgement back: nobody has acted. Who had acknowledged stands in the alert's events.

    Args:
        due_at: by when it is to be acknowledged anew.
    """
    values = {"acknowledged_at": None, "acknowledged_by": None, "state": state, "due_at": due_at, "updated_at": at}
    conn.execute(update(alerts).where(alerts.c.id == alert_id).values(values))


def act(conn: Connection, alert_id: str, by: str, at: datetime) -> None:
    """Note that an alert was acted on; nothing further is due."""
    values = {"state": "actioned", "actioned_at": at, "actioned_by": by, "next_step_at": None, "updated_at": at}
    conn.execute(update(alerts).where(alerts.c.id == alert_id).values(values))


def end(conn: Connection, alert_ids: Sequence[str], state: str, at: datetime) -> None:
    """Close alerts, or recall them: nothing further is due."""
    values = {"state": state, "closed_at": at, "next_step_at": None, "updated_at": at}
    for some in chunks(alert_ids):
        conn.execute(update(alerts).where(alerts.c.id.in_(some)).values(values))


def escalations_of(conn: Connection, alert_id: str) -> list[Alert]:
    """Return the alerts, not ended yet, by which somebody above was told that this one is not answered."""
    mine = (alerts.c.about_id == alert_id, alerts.c.event == "escalated", alerts.c.state.not_in(ENDED))
    return _fetch(conn, select(alerts).where(*mine).order_by(alerts.c.id))


def going_of_kind(
    conn: Connection, kind: str, *, after: str | None, limit: int, event: str | None = None
) -> list[Alert]:
    """Return alerts of a kind that have not ended, in id order; those by which one was escalated left out.

    Args:
        event: only those that tell of this.
    """
    mine = (alerts.c.kind == kind, alerts.c.state.not_in(ENDED), alerts.c.event != "escalated")
    statement = select(alerts).where(*mine).order_by(alerts.c.id).limit(limit)
    if event is not None:
        statement = statement.where(alerts.c.event == event)
    return _fetch(conn, statement if after is None else statement.where(alerts.c.id > after))


def awaiting_digest(conn: Connection) -> list[str]:
    """Return the partners for whom something waits for the digest, in id order."""
    waiting = select(alerts.c.recipient_id).where(*_AWAITING).distinct()
    return sorted(conn.scalars(waiting))


def digest_alerts(conn: Connection, recipient_id: str, before: datetime) -> list[str]:
    """Return the ids of a partner's alerts that wait for the digest and were made before a moment."""
    waiting = select(alerts.c.id).where(alerts.c.recipient_id == recipient_id, alerts.c.created_at < before, *_AWAITING)
    return list(conn.scalars(waiting.order_by(alerts.c.id)))


def tell_by(conn: Connection, alert_ids: Sequence[str], digest_id: str) -> None:
    """Note which digest told of alerts."""
    for some in chunks(alert_ids):
        conn.execute(update(alerts).where(alerts.c.id.in_(some)).values(digest_id=digest_id))


_AWAITING = (
    text(AWAITING_DIGEST),
    # Who has seen it in the inbox, or has heard that it is over, need not be told of it.
    alerts.c.state.not_in(("acknowledged", *ENDED)),
)


def _fetch(conn: Connection, statement: Select[tuple[object, ...]]) -> list[Alert]:
    return [Alert(**row._asdict()) for row in conn.execute(statement)]
