"""How is taken back what partners were told? Everybody who was told is told again, and has to acknowledge it.

Messages that have not gone out are held back. Whoever never heard (none went out, and nobody looked into the inbox or
at what it was about, or was answered with it) finds the recall in the inbox beside what it recalls; no message tells
of what no message told before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from api.alerts.deadlines import deadlines_of
from api.alerts.raising import Occasion, raise_alert
from api.alerts.unshared import ENGINE
from api.ids import RandomBytes
from api.store import Connection, alerts, audit, knowing, outbox, partners
from api.store import attention as store
from api.store.alerts import Alert
from api.store.matches import Match
from api.store.outbox import RECALLS

WAS_TOLD: Final = "was_told"
"""The rule by which somebody hears that what it was told is no more."""


def recall_match(conn: Connection, match: Match, reason: str, now: datetime, random_bytes: RandomBytes) -> int:
    """Recall a match that has ended from everybody who was told of it.

    Args:
        reason: a word, such as "rejected", "withdrawn", "superseded" or "expired".
    Returns:
        How many partners are told.
    """
    told = alerts.alerts_of_match(conn, match.id)
    return _recall(conn, told, match.id, "recalled", reason, now, random_bytes)


def recall_subject(
    conn: Connection, kind: str, subject_id: str, event: str, reason: str, now: datetime, random_bytes: RandomBytes,
    *, recipient_id: str | None = None, heard: bool = False,
) -> int:  # fmt: skip
    """Recall what is no match, such as a bulletin that is taken down.

    Args:
        kind, event: of `api.alerts.notice.EVENTS`; the event takes something back.
        reason: a word; the recipients are not told it.
        recipient_id: from this partner only; None for everybody who was told.
        heard: they may know of it without any alert, and all have to acknowledge.
    Returns:
        How many partners are told.
    """
    if event not in RECALLS:
        raise ValueError(f"{event} takes nothing back")
    told = knowing.alerts_of_subject(conn, kind, subject_id)
    if recipient_id is not None:
        told = [alert for alert in told if alert.recipient_id == recipient_id]
    return _recall(conn, told, subject_id, event, reason, now, random_bytes, known=heard)


def _recall(
    conn: Connection, told: Sequence[Alert], subject: str, event: str, reason: str, now: datetime,
    random_bytes: RandomBytes, *, known: bool = False,
) -> int:  # fmt: skip
    earlier = _standing(told)
    heard = {alert.recipient_id for alert in earlier if known or _was_heard(conn, alert)}
    outbox.hold_back_alerts(conn, [alert.id for alert in earlier], now, "it was recalled")
    latest = {alert.recipient_id: alert for alert in earlier}
    raised = 0
    for recipient_id, alert in latest.items():
        raised += _tell(conn, alert, event, recipient_id in heard, now, random_bytes)
    for alert in earlier:
        alerts.add_event(conn, alert.id, "recalled", at=now, actor=ENGINE, detail={"reason": reason})
    store.end(conn, [alert.id for alert in earlier], "recalled", now)
    if earlier:
        audit.append(
            conn, at=now, actor=ENGINE, action="alerts.recalled", subject=subject,
            detail={"reason": reason, "alerts": len(earlier), "told": raised},
        )  # fmt: skip
    return raised


def _tell(conn: Connection, alert: Alert, event: str, heard: bool, now: datetime, random_bytes: RandomBytes) -> int:
    to = partners.get_partner(conn, alert.recipient_id)
    if to is None or not (heard or to.active):
        return 0
    occasion = Occasion(
        kind=alert.kind,
        event=event,
        priority="standard",
        same=(alert.id,),
        rule=WAS_TOLD,
        match_id=alert.match_id,
        subject_id=alert.subject_id,
        about_id=alert.id,
        grade=alert.grade,
        own_case_id=alert.own_case_id,
        due_at=deadlines_of(to, "standard", now).due_at if heard else None,
        inbox_only=not heard,
    )
    return raise_alert(conn, to, occasion, now, random_bytes) is not None


def _standing(told: Sequence[Alert]) -> list[Alert]:
    """Return what still stands of what was told: no recall, nothing about one, and nothing recalled before."""
    by_id = {alert.id: alert for alert in told}

    def is_recall(alert: Alert | None) -> bool:
        while alert is not None and alert.event == "escalated":
            alert = by_id.get(alert.about_id or "")
        return alert is not None and alert.event in RECALLS

    return [alert for alert in told if alert.state != "recalled" and not is_recall(alert)]


def _was_heard(conn: Connection, alert: Alert) -> bool:
    """Tell whether a recipient knows of an alert, or may: by a message, or from its inbox."""
    if alert.acknowledged_at is not None or knowing.was_sent(conn, alert.id) or knowing.was_seen(conn, alert):
        return True
    return any(event.kind == "acknowledged" for event in alerts.events_of(conn, alert.id))  # and has lapsed since
