"""What follows when somebody answers an alert? Acknowledged: there is time to act. Acted on: nobody above need know.

acknowledge ──> acted on by its deadline, or the acknowledgement lapses (`attention_loop`)
act         ──> done; whoever above was told that nobody answered is told no more
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from api.alerts import attention
from api.alerts.attention import Attention
from api.alerts.deadlines import deadlines_of
from api.store import Connection, alerts, knowing, outbox, partners
from api.store import attention as store
from api.store.alerts import ENDED, Alert
from api.store.errors import RowMissing
from api.store.partners import Partner

ACTIONS: Final = (
    "match_reviewed",
    "family_contacted",
    "forwarded",
    "other_unit_informed",
    "field_visit_arranged",
    "copies_taken_down",
    "nothing_to_do",
)
"""What a recipient can say that it has done; never free text."""
ENGINE: Final = "engine"
SETTLED: Final = "it is settled"
"""Why a message of an alert that has ended does not go out any more."""
DECIDED: Final = "match_decided"
"""Noted by the engine where the recipient has decided about the match itself."""


def acknowledge(conn: Connection, alert: Alert, actor: str, now: datetime) -> Alert:
    """Note that a recipient has taken an alert up; the first time counts, until it lapses.

    Who takes up again what has lapsed has the time to act that the class allows.
    """
    if alert.acknowledged_at is not None:
        return alert
    alerts.add_event(conn, alert.id, "acknowledged", at=now, actor=actor, detail={"from": alert.state})
    taken = alerts.acknowledge(conn, alert.id, actor, now)
    if taken.state in ENDED:
        return taken
    recipient = _recipient(conn, alert)
    act_by = alert.act_by
    if act_by is not None and act_by <= now:
        act_by = deadlines_of(recipient, alert.priority, now).act_by
    waits = Attention(alert.priority, alert.created_at, alert.due_at, act_by, now)
    store.plan(conn, alert.id, attention.next_step_at(waits, recipient, now), act_by)
    if act_by is None:
        close_above(conn, alert.id, actor, now)  # it asked for nothing more
    return _again(conn, alert.id)


def act(conn: Connection, alert: Alert, code: str, actor: str, now: datetime) -> Alert:
    """Note what a recipient has done about an alert; the first time counts. To act is to acknowledge.

    Args:
        code: of `ACTIONS`, `DECIDED`, or another word of the engine.
    """
    if alert.state in ENDED:
        return alert
    if alert.acknowledged_at is None:
        alerts.add_event(conn, alert.id, "acknowledged", at=now, actor=actor, detail={"from": alert.state})
        alerts.acknowledge(conn, alert.id, actor, now)
    alerts.add_event(conn, alert.id, "actioned", at=now, actor=actor, detail={"code": code})
    store.act(conn, alert.id, actor, now)
    close_above(conn, alert.id, actor, now)
    return _again(conn, alert.id)


def waits_for_duty(alert: Alert) -> bool:
    """Tell whether an alert asks its recipient for something that has to be noted as done before it can end.

    Whoever stands above it (`escalated`) has no such duty, nor has whoever only has to know (no `act_by`).
    """
    return (
        alert.kind == "clock" and alert.event != "escalated" and alert.act_by is not None and alert.state not in ENDED
    )


def acted_on_match(conn: Connection, match_id: str, partner_id: str, actor: str, now: datetime) -> int:
    """Note that a partner has decided about a match: everything that it was told of it is acted on.

    Returns:
        How many alerts that were.
    """
    open_ones = knowing.open_alerts_of_match(conn, match_id, partner_id)
    for alert in open_ones:
        # One that was acted on above may have closed the next of them.
        act(conn, _again(conn, alert.id), DECIDED, actor, now)
    return len(open_ones)


def taken_up(conn: Connection, match_id: str, partner_id: str, actor: str, now: datetime) -> int:
    """Note that a partner looks at a match: everything that it was told of it is acknowledged, and to be acted on.

    Whoever looks and decides nothing is reminded, and somebody above is told, as after any acknowledgement.

    Returns:
        How many alerts that were.
    """
    open_ones = knowing.open_alerts_of_match(conn, match_id, partner_id)
    for alert in open_ones:
        acknowledge(conn, _again(conn, alert.id), actor, now)
    return len(open_ones)


def close(conn: Connection, alert: Alert, why: dict[str, object], now: datetime) -> None:
    """Close an alert, and what was escalated because of it: nothing is to be done about it any more."""
    if alert.state in ENDED:
        return
    alerts.add_event(conn, alert.id, "closed", at=now, actor=ENGINE, detail=why)
    outbox.hold_back_alerts(conn, [alert.id], now, SETTLED)
    store.end(conn, [alert.id], "closed", now)
    close_above(conn, alert.id, ENGINE, now)


def close_above(conn: Connection, alert_id: str, actor: str, now: datetime) -> None:
    """Close what was escalated because of an alert, however far up it went."""
    for above in store.escalations_of(conn, alert_id):
        alerts.add_event(conn, above.id, "closed", at=now, actor=actor, detail={"answered": alert_id})
        outbox.hold_back_alerts(conn, [above.id], now, SETTLED)
        store.end(conn, [above.id], "closed", now)
        close_above(conn, above.id, actor, now)


def _recipient(conn: Connection, alert: Alert) -> Partner:
    found = partners.get_partner(conn, alert.recipient_id)
    if found is None:
        raise RowMissing("partners")
    return found


def _again(conn: Connection, alert_id: str) -> Alert:
    found = alerts.get_alert(conn, alert_id)
    if found is None:
        raise RowMissing("alerts")
    return found
