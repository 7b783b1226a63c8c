"""Who was told of something that no longer stands? Its alerts are recalled, and what has not gone out stays here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from api.store import alerts
from api.store.alerts import Alert
from api.store.tables import alerts as alert_rows
from api.store.tables import delivery_attempts, outbox

_OVER = ("recalled", "closed")


def recall_subject(
    conn: Connection, subject_id: str, recipient_id: str, *, at: datetime, by: str, why: str
) -> Alert | None:
    """Recall what a recipient was told of a thing; return the alert that a word of recall is about, None if there was
    none.

    Args:
        why: a word, for whoever looks at the messages that were held back; no personal data.
    """
    told = select(alert_rows.c.id).where(
        alert_rows.c.subject_id == subject_id, alert_rows.c.recipient_id == recipient_id,
        alert_rows.c.state.not_in(_OVER),
    )  # fmt: skip
    found = list(conn.scalars(told.order_by(alert_rows.c.id)))
    if not found:
        return None
    values = {"state": "recalled", "next_step_at": None, "updated_at": at}
    conn.execute(update(alert_rows).where(alert_rows.c.id.in_(found)).values(**values))
    for alert_id in found:
        alerts.add_event(conn, alert_id, "recalled", at=at, actor=by, detail={"why": why})
    waiting = outbox.c.alert_id.in_(found), outbox.c.state.in_(("queued", "retrying", "sending"))
    held = list(conn.scalars(select(outbox.c.id).where(*waiting)))
    if held:
        counted = {"state": "dead_letter", "claimed_until": None, "attempts": outbox.c.attempts + 1}
        conn.execute(update(outbox).where(outbox.c.id.in_(held)).values(**counted))
        rows = [
            {"outbox_id": one, "at": at, "outcome": "held back", "status_code": None, "detail": why} for one in held
        ]
        conn.execute(insert(delivery_attempts), rows)
    return alerts.get_alert(conn, found[0])


def alerts_of_subject(conn: Connection, subject_id: str) -> list[Alert]:
    """Return every alert about a thing that is no match, in id order."""
    statement = select(alert_rows).where(alert_rows.c.subject_id == subject_id).order_by(alert_rows.c.id)
    return [Alert(**row._asdict()) for row in conn.execute(statement)]
