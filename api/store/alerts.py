"""Who has been told of which match, and has anybody answered?

States: queued, sent, retrying, delivered, dead_letter (moved by `outbox`), then acknowledged, actioned, closed,
escalated, updated, recalled (moved by people and deadlines). Delivered is not acknowledged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, case, insert, select, update

from api.store.engine import note_queued
from api.store.errors import RowMissing
from api.store.inbox_tables import inbox
from api.store.portable import chunks, insert_if_absent
from api.store.tables import alert_events, alerts, outbox

ENDED = ("actioned", "closed", "recalled")
"""States in which nobody is reminded and nothing is escalated."""
# Later than acknowledged: an acknowledgement is noted and moves nothing back.
_PAST_ACKNOWLEDGEMENT = ("acknowledged", *ENDED)


@dataclass(frozen=True, slots=True)
class Alert:
    """One recipient told of one event.

    Attributes:
        kind: one of `tables.ALERT_KINDS`.
        match_id: the match that it is about; None for other kinds.
        subject_id: what it is about where it is no match: a bulletin, or a case of the recipient's own.
        about_id: the alert that this one recalls or escalates.
        event: what happened, by kind: see `api.alerts.notice.EVENTS`.
        dedupe_key: the same occasion for the same recipient has the same key, and alerts once.
        priority: "critical", "standard", or "digest": told once a day, together with others.
        own_case_id: the recipient's own record.
        other_organisation: who else is concerned; None where the recipient is not told.
        rule: why it is told.
        withheld: field -> why the recipient is not told it.
        due_at, act_by: by when it is to be acknowledged, and to be acted on; None for what only informs.
        next_step_at: when somebody is reminded or told next, if nothing happens.
        steps: how many reminders and escalations there were.
        digest_id: the digest that told of it.
    """

    id: str
    kind: str
    match_id: str | None
    subject_id: str | None
    about_id: str | None
    recipient_id: str
    event: str
    dedupe_key: str
    grade: str | None
    priority: str
    state: str
    own_case_id: str | None
    other_organisation: str | None
    rule: str | None
    withheld: dict[str, str] | None
    due_at: datetime | None
    act_by: datetime | None
    next_step_at: datetime | None
    steps: int
    digest_id: str | None
    created_at: datetime
    updated_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    actioned_at: datetime | None
    actioned_by: str | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """Something that happened to an alert; `detail` holds no personal data."""

    id: int
    alert_id: str
    kind: str
    at: datetime
    actor: str
    detail: dict[str, object]


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
    recipient_id: str,
    event: str,
    dedupe_key: str,
    priority: str,
    at: datetime,
    messages: Sequence[NewMessage],
    kind: str = "match",
    match_id: str | None = None,
    subject_id: str | None = None,
    about_id: str | None = None,
    grade: str | None = None,
    own_case_id: str | None = None,
    other_organisation: str | None = None,
    rule: str | None = None,
    withheld: Mapping[str, str] | None = None,
    due_at: datetime | None = None,
    act_by: datetime | None = None,
    next_step_at: datetime | None = None,
) -> Alert | None:
    """Add an alert together with its outbox messages, in the caller's transaction; arguments as in `Alert`.

    Returns:
        The alert, or None when one with this dedupe key exists: then nothing is written and nobody is told twice.
    """
    row = {
        "id": alert_id,
        "kind": kind,
        "match_id": match_id,
        "subject_id": subject_id,
        "about_id": about_id,
        "recipient_id": recipient_id,
        "event": event,
        "dedupe_key": dedupe_key,
        "grade": grade,
        "priority": priority,
        "state": "queued",
        "own_case_id": own_case_id,
        "other_organisation": other_organisation,
        "rule": rule,
        "withheld": None if withheld is None else dict(withheld),
        "due_at": due_at,
        "act_by": act_by,
        "next_step_at": next_step_at,
        "created_at": at,
        "updated_at": at,
    }
    if not insert_if_absent(conn, alerts, row, ["dedupe_key"]):
        return None
    conn.execute(insert(inbox).values(recipient_id=recipient_id, alert_id=alert_id))
    add_messages(conn, alert_id, recipient_id, at, messages)
    return get_alert(conn, alert_id)


def add_messages(
    conn: Connection, alert_id: str, recipient_id: str, at: datetime, messages: Sequence[NewMessage]
) -> None:
    """Queue messages of an alert: its first ones, or a reminder's."""
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
        note_queued(conn)


def withhold_other(conn: Connection, alert_id: str, withheld: Mapping[str, str]) -> None:
    """Name no other organisation in an alert any more.

    Args:
        withheld: field -> why, of everything that its recipient is not told by now.
    """
    mine = update(alerts).where(alerts.c.id == alert_id)
    conn.execute(mine.values(other_organisation=None, withheld=dict(withheld)))


def free_occasions(conn: Connection, alert_ids: Sequence[str]) -> None:
    """Let the recipients of alerts be told of the same again."""
    for some in chunks(alert_ids):
        mine = update(alerts).where(alerts.c.id.in_(some))
        conn.execute(mine.values(dedupe_key=alerts.c.dedupe_key + "/" + alerts.c.id))


def add_event(
    conn: Connection, alert_id: str, kind: str, *, at: datetime, actor: str, detail: Mapping[str, object] | None = None
) -> None:
    """Record something that happened to an alert."""
    row = {"alert_id": alert_id, "kind": kind, "at": at, "actor": actor, "detail": dict(detail or {})}
    conn.execute(insert(alert_events).values(**row))


def events_of(conn: Connection, alert_id: str) -> list[AlertEvent]:
    """Return what happened to an alert, first to last."""
    statement = select(alert_events).where(alert_events.c.alert_id == alert_id).order_by(alert_events.c.id)
    return [AlertEvent(**row._asdict()) for row in conn.execute(statement)]


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
    updated_since: datetime | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[Alert]:
    """Return a recipient's alerts in id order.

    Args:
        state, priority: only alerts of these.
        created_since: only those queued at that moment or later.
        updated_since: only those to which something happened at that moment or later.
        after: the last id of the page before.
    """
    statement = select(alerts).where(alerts.c.recipient_id == recipient_id)
    if state is not None:
        statement = statement.where(alerts.c.state == state)
    if priority is not None:
        statement = statement.where(alerts.c.priority == priority)
    if created_since is not None:
        statement = statement.where(alerts.c.created_at >= created_since)
    if updated_since is not None:
        statement = statement.where(alerts.c.updated_at >= updated_since)
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
