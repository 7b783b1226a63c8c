"""What becomes of an alert whose recipient may no longer know of the match? It ends, and its recipient is not told why.

That an agreement was left or a consent taken back is nobody's to know: nothing more comes, as for a match that is not
there. It stands as told, so that a recall still reaches whoever heard of the match. Who may know again is told anew
(`api.alerts.sharing_again`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from api.alerts.answering import close_above
from api.store import Connection, alerts, attention, outbox, untold
from api.store.alerts import ENDED, Alert
from api.store.outbox import RECALLS

WHY: Final = "no agreement or no consent any more"
ENGINE: Final = "engine"


def takes_back(conn: Connection, alert: Alert) -> bool:
    """Tell whether an alert says that something is no more, or that somebody has not acknowledged this."""
    told: Alert | None = alert
    while told is not None and told.event == "escalated":
        told = alerts.get_alert(conn, told.about_id or "")
    return told is not None and told.event in RECALLS


def close_unshared(conn: Connection, alert: Alert, now: datetime) -> int:
    """End an alert, with what has not gone out of it; return how many messages had not."""
    if alert.state in ENDED:
        return 0
    held = outbox.hold_back_alerts(conn, [alert.id], now, WHY)
    # One word for an agreement and for a consent: which of the two it was is nobody's to know.
    alerts.add_event(conn, alert.id, "closed", at=now, actor=ENGINE, detail={"reason": untold.NOT_SHARED})
    attention.end(conn, [alert.id], "closed", now)
    close_above(conn, alert.id, ENGINE, now)  # it can be answered no more
    below = alerts.get_alert(conn, alert.about_id) if alert.event == "escalated" and alert.about_id else None
    if below is not None and below.state not in ENDED and below.next_step_at is None:
        attention.plan(conn, below.id, now, below.act_by)  # it is not answered yet: the next above is told
    return held
