"""How is somebody told of something? One alert and its messages, in the transaction that brought it about.

    occasion (what happened, to whom it matters and why) ──> alert in the inbox ──> a message for each channel

The same occasion tells the same recipient once, however often it comes up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from api.alerts import attention
from api.alerts.attention import Attention
from api.alerts.notice import AlertNotice
from api.alerts.quiet import send_at
from api.ids import RandomBytes, new_id
from api.store import Connection, alerts
from api.store.alerts import Alert, NewMessage
from api.store.partners import Partner


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What one recipient is told, and why; fields as in `api.store.alerts.Alert`.

    Attributes:
        same: what makes it the same occasion when it comes up again, beside recipient, kind and event.
        next_step_at: when somebody is reminded; None for half-time, where there is a deadline.
        count: of a digest, how many alerts it tells of.
        inbox_only: no message is sent.
    """

    kind: str = "match"
    event: str
    priority: str
    same: tuple[str, ...]
    rule: str
    match_id: str | None = None
    subject_id: str | None = None
    about_id: str | None = None
    grade: str | None = None
    own_case_id: str | None = None
    other_organisation: str | None = None
    withheld: Mapping[str, str] = field(default_factory=dict)
    due_at: datetime | None = None
    act_by: datetime | None = None
    next_step_at: datetime | None = None
    count: int | None = None
    inbox_only: bool = False

    def dedupe_key(self, recipient_id: str) -> str:
        """Return what is equal exactly when the recipient has been told of the same."""
        parts = [recipient_id, self.kind, self.event, *self.same]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def raise_alert(
    conn: Connection, to: Partner, occasion: Occasion, now: datetime, random_bytes: RandomBytes
) -> Alert | None:
    """Put an alert into a partner's inbox and its messages into the outbox.

    What waits for the digest goes into the inbox only.

    Returns:
        The alert; None where the partner has been told of this occasion before.
    """
    alert_id = new_id("alert", now, random_bytes)
    notice = notice_of(alert_id, occasion)
    waits = Attention(occasion.priority, now, occasion.due_at, occasion.act_by)
    silent = occasion.inbox_only or waits_for_digest(occasion)
    return alerts.add_alert(
        conn,
        alert_id=alert_id,
        recipient_id=to.id,
        kind=occasion.kind,
        match_id=occasion.match_id,
        subject_id=occasion.subject_id,
        about_id=occasion.about_id,
        event=occasion.event,
        dedupe_key=occasion.dedupe_key(to.id),
        grade=occasion.grade,
        priority=occasion.priority,
        own_case_id=occasion.own_case_id,
        other_organisation=occasion.other_organisation,
        rule=occasion.rule,
        withheld=occasion.withheld,
        due_at=occasion.due_at,
        act_by=occasion.act_by,
        next_step_at=occasion.next_step_at or attention.next_step_at(waits, to, now),
        at=now,
        messages=() if silent else messages_to(to, notice, now, random_bytes),
    )


def waits_for_digest(occasion: Occasion) -> bool:
    """Tell whether an occasion is told once a day with others, and not by a message of its own."""
    return occasion.priority == "digest" and occasion.kind != "digest"


def notice_of(alert_id: str, occasion: Occasion) -> AlertNotice:
    """Return what leaves the house of an occasion.

    Raises:
        InvalidNotice: a field holds what must not leave.
    """
    return AlertNotice(
        kind=occasion.kind,
        alert_id=alert_id,
        match_id=occasion.match_id,
        subject_id=occasion.subject_id,
        event=occasion.event,
        grade=occasion.grade,
        priority=occasion.priority,
        your_record_id=occasion.own_case_id,
        other_organisation=occasion.other_organisation,
        due_at=occasion.due_at,
        link=link_of(alert_id),
        count=occasion.count,
    )


def messages_to(
    to: Partner, notice: AlertNotice, now: datetime, random_bytes: RandomBytes, *, reminds_of: str | None = None
) -> list[NewMessage]:
    """Return a message for each channel by which a partner is told, held or left out where it asked for quiet.

    Args:
        reminds_of: of a reminder, the event of its alert.
    """
    at = send_at(
        to, kind=notice.kind, event=notice.event, grade=notice.grade, priority=notice.priority, now=now,
        reminds_of=reminds_of,
    )  # fmt: skip
    if at is None:
        return []
    payload = notice.to_payload()
    return [NewMessage(new_id("msg", now, random_bytes), channel, payload, at) for channel in to.messages_go_by()]


def link_of(alert_id: str) -> str:
    """Return where an alert is read after signing in."""
    return f"/v1/alerts/{alert_id}"
