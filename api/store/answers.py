"""When was each alert answered? The rows behind the report of missed alerts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, case, func, or_, select

from api.store.portable import chunks
from api.store.tables import alert_events, alerts, cases, matches


@dataclass(frozen=True, slots=True)
class Answer:
    """An alert with a deadline, and when what was asked for was done; fields as in `api.store.alerts.Alert`.

    Attributes:
        first_acknowledged_at: also where it has lapsed since.
        due_at: the first, where a lapsed acknowledgement has brought another one.
        first_lapsed_at: when an acknowledgement ran out without action.
    """

    id: str
    kind: str
    recipient_id: str
    priority: str
    state: str
    due_at: datetime
    act_by: datetime | None
    steps: int
    created_at: datetime
    acknowledged_at: datetime | None
    actioned_at: datetime | None
    closed_at: datetime | None
    first_acknowledged_at: datetime | None
    first_lapsed_at: datetime | None


def answers(conn: Connection, recipients: Sequence[str], since: datetime) -> list[Answer]:
    """Return the alerts with a deadline of some partners, made at a moment or later, in id order."""
    first = (
        select(
            alert_events.c.alert_id,
            func.min(case((alert_events.c.kind == "acknowledged", alert_events.c.at))).label("first_acknowledged_at"),
            func.min(case((alert_events.c.kind == "lapsed", alert_events.c.at))).label("first_lapsed_at"),
        )
        .where(alert_events.c.kind.in_(("acknowledged", "lapsed")))
        .group_by(alert_events.c.alert_id)
        .subquery()
    )
    plain = [alerts.c[name] for name in Answer.__slots__ if name in alerts.c]
    found: list[Answer] = []
    for some in chunks(recipients):
        statement = (
            select(*plain, first.c.first_acknowledged_at, first.c.first_lapsed_at)
            .join(first, first.c.alert_id == alerts.c.id, isouter=True)
            .where(alerts.c.recipient_id.in_(some), alerts.c.created_at >= since, alerts.c.due_at.is_not(None))
        )
        found += [Answer(**row._asdict()) for row in conn.execute(statement)]
    was_due = _first_due(conn, [answer.id for answer in found if answer.first_lapsed_at is not None])
    first_asked = [replace(answer, due_at=was_due.get(answer.id, answer.due_at)) for answer in found]
    return sorted(first_asked, key=lambda answer: answer.id)


def about_nobody_protected(conn: Connection, alert_ids: Sequence[str]) -> set[str]:
    """Return the alerts of matches, among these, that clearly are about nobody whose place is protected.

    Of the others, and of what is about another alert, it takes a look at each to tell.
    """
    missing, rescued, own = cases.alias("missing"), cases.alias("rescued"), cases.alias("own")
    found: set[str] = set()
    for some in chunks(alert_ids):
        statement = (
            select(alerts.c.id)
            .join(matches, matches.c.id == alerts.c.match_id)
            .join(missing, missing.c.id == matches.c.missing_id)
            .join(rescued, rescued.c.id == matches.c.rescued_id)
            .join(own, own.c.id == alerts.c.own_case_id, isouter=True)
            .where(
                alerts.c.id.in_(some),
                alerts.c.kind == "match",
                alerts.c.about_id.is_(None),
                alerts.c.event != "escalated",
                ~missing.c.protect_location,
                ~rescued.c.protect_location,
                or_(alerts.c.own_case_id.is_(None), ~own.c.protect_location),
            )
        )
        found.update(conn.scalars(statement))
    return found


def _first_due(conn: Connection, lapsed: Sequence[str]) -> dict[str, datetime]:
    """Return by when alerts were to be acknowledged before their acknowledgement lapsed for the first time."""
    found: dict[str, datetime] = {}
    for some in chunks(lapsed):
        events = select(alert_events.c.alert_id, alert_events.c.detail).where(
            alert_events.c.alert_id.in_(some), alert_events.c.kind == "lapsed"
        )
        for row in conn.execute(events.order_by(alert_events.c.id.desc())):
            if row.detail.get("due_at"):
                found[row.alert_id] = datetime.fromisoformat(row.detail["due_at"])
    return found
