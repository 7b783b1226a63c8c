"""Whose alerts of a match are answered, now that it is settled who the person is? Everybody's: nobody is waited for.

A recall is none of them: who was told to stop acknowledges that all the same.
"""

from __future__ import annotations

from datetime import datetime

from api.alerts.answering import SETTLED
from api.store import Connection, alerts, outbox
from api.store import attention as store
from api.store.alerts import ENDED, Alert
from api.store.outbox import RECALLS

ESCALATED = "escalated"


def close_alerts_of(conn: Connection, match_id: str, word: str, actor: str, now: datetime) -> frozenset[str]:
    """Close what is open of everything that was told of a match, and what was escalated because of it.

    Args:
        word: what has become of the match.
    Returns:
        The partners who were told of it and for whom that stands; not those who heard only that others do not answer.
    """
    told = alerts.alerts_of_match(conn, match_id)
    by_id = {alert.id: alert for alert in told}
    standing = [alert for alert in told if alert.state != "recalled" and _began_with(alert, by_id) not in RECALLS]
    going = [alert.id for alert in standing if alert.state not in ENDED]
    for alert_id in going:
        alerts.add_event(conn, alert_id, "closed", at=now, actor=actor, detail={"settled": word})
    outbox.hold_back_alerts(conn, going, now, SETTLED)
    store.end(conn, going, "closed", now)
    return frozenset(alert.recipient_id for alert in standing if alert.event != ESCALATED)


def _began_with(alert: Alert, by_id: dict[str, Alert]) -> str:
    """Return what was told first where an alert tells that somebody has not answered, else what it tells itself."""
    seen = alert
    while seen.event == ESCALATED and seen.about_id in by_id:
        seen = by_id[seen.about_id]
    return seen.event
