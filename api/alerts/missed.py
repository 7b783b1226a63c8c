"""Which alerts were not answered in time, by whom, and how late? For those who stand above, and for oneself.

    met      acknowledged, and acted on where that is asked for, by the deadlines
    late     answered, after one of them
    missed   a deadline has passed, and it is not answered
    open     none has passed yet

What was recalled or closed before its deadline was not missed. The report holds ids, organisations and times, and
nothing about whom an alert is; the organisation is left out where naming it would tell where a protected person is.
Such an alert counts in no organisation's figures either, or a subtraction would name it: all of them are added up in
one row without a name. One's own alerts are told whole.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from api.access import AccessScope, Permission
from api.alerts.attention_chain import LEVELS, tells_where
from api.ids import Clock
from api.store import Connection, Database, alerts, audit, partners
from api.store.answers import Answer, about_nobody_protected, answers
from api.store.partners import Partner

Verdict = Literal["met", "late", "missed", "open"]
_Judged = tuple[Answer, Verdict, Literal["acknowledge", "act"], datetime]
LOOKS_BACK: Final = timedelta(days=30)
"""How old alerts are at most of which the report tells, unless it is asked for more."""


@dataclass(frozen=True, slots=True)
class Missed:
    """One alert that was not answered in time.

    Attributes:
        recipient_id, recipient: None where naming it would tell where a protected person is.
        deadline: the first that was not kept: "acknowledge" or "act".
        hours_late: until it was answered, was taken back, or now.
    """

    id: str
    kind: str
    recipient_id: str | None
    recipient: str | None
    priority: str
    state: str
    verdict: Verdict
    deadline: Literal["acknowledge", "act"]
    due_at: datetime
    act_by: datetime | None
    hours_late: float
    steps: int


@dataclass(frozen=True, slots=True)
class Figures:
    """How a partner has answered: how many alerts, and hours to acknowledge them in the median.

    Attributes:
        partner_id, partner: None in the row that adds up what names nobody.
    """

    partner_id: str | None
    partner: str | None
    met: int
    late: int
    missed: int
    open: int
    hours_to_acknowledge: float | None


@dataclass(frozen=True, slots=True)
class MissedReport:
    """A page of what was missed, the last id where there is more, and the figures of every partner."""

    items: list[Missed]
    next: str | None
    partners: list[Figures]


class MissedService:
    """Reports what was missed."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def report(
        self, scope: AccessScope, *, since: datetime | None = None, after: str | None = None, limit: int = 200
    ) -> MissedReport:
        """Return what the caller's own organisation has missed, and those below it; the read is audited.

        Args:
            since: of alerts made at that moment or later; None for the last thirty days.
            after: the last id of the page before.
        """
        scope.require(Permission.ALERTS_READ)
        with self._database.read() as conn:
            below = _below(conn, scope)
            report = _report(conn, below, self._clock(), since, after, limit, own=scope.partner_id)
        with self._database.write() as conn:
            audit.append(
                conn, at=self._clock(), actor=scope.actor_id, action="alerts.missed_listed", subject=scope.partner_id,
                detail={"count": len(report.items)},
            )  # fmt: skip
        return report

    def report_of_all(self, since: datetime | None = None) -> MissedReport:
        """Return what anybody has missed, for whoever runs the machine."""
        with self._database.read() as conn:
            return _report(conn, partners.list_partners(conn), self._clock(), since, None, None, own=None)


def verdict_of(answer: Answer, now: datetime) -> tuple[Verdict, Literal["acknowledge", "act"], datetime]:
    """Return how an alert was answered, the first deadline that was not kept (else the last), and when that was."""
    over = answer.closed_at or now
    acknowledged = answer.first_acknowledged_at or answer.acknowledged_at
    act_by = answer.first_lapsed_at or answer.act_by
    done = answer.actioned_at or (answer.acknowledged_at if act_by is None else None)
    if (acknowledged or over) > answer.due_at:
        waits = answer.acknowledged_at is not None and act_by is not None and over <= act_by
        return ("late" if done or waits else "missed"), "acknowledge", answer.due_at
    if act_by is not None and (answer.first_lapsed_at or (answer.actioned_at or over) > act_by):
        return ("late" if done else "missed"), "act", act_by
    return ("met" if done else "open"), "act", act_by or answer.due_at


def _report(
    conn: Connection, of: Sequence[Partner], now: datetime, since: datetime | None, after: str | None,
    limit: int | None, *, own: str | None,
) -> MissedReport:  # fmt: skip
    names = {partner.id: partner.name for partner in of}
    rows = answers(conn, sorted(names), since or now - LOOKS_BACK)
    judged = [(answer, *verdict_of(answer, now)) for answer in rows]
    wanted = [
        (answer, verdict, deadline, passed)
        for answer, verdict, deadline, passed in judged
        if verdict in ("late", "missed") and (after is None or answer.id > after)
    ]
    page = wanted if limit is None else wanted[:limit]
    unnamed = _unnamed(conn, [answer.id for answer in rows if answer.recipient_id != own])
    items = []
    for answer, verdict, deadline, passed in page:
        hidden = answer.id in unnamed
        items.append(
            Missed(
                id=answer.id,
                kind=answer.kind,
                recipient_id=None if hidden else answer.recipient_id,
                recipient=None if hidden else names[answer.recipient_id],
                priority=answer.priority,
                state=answer.state,
                verdict=verdict,
                deadline=deadline,
                due_at=answer.due_at,
                act_by=answer.act_by,
                hours_late=round((_ended(answer, deadline, now) - passed).total_seconds() / 3600, 1),
                steps=answer.steps,
            )
        )
    by_partner: dict[str | None, list[_Judged]] = {partner.id: [] for partner in of}
    by_partner[None] = []
    for entry in judged:
        by_partner[None if entry[0].id in unnamed else entry[0].recipient_id].append(entry)
    figures = [_figures(partner_id, names.get(partner_id or ""), some) for partner_id, some in by_partner.items()]
    told = [one for one in figures if one.met + one.late + one.missed + one.open]
    return MissedReport(items, page[-1][0].id if len(wanted) > len(page) else None, told)


def _ended(answer: Answer, deadline: str, now: datetime) -> datetime:
    acknowledged = answer.first_acknowledged_at or answer.acknowledged_at
    return (acknowledged if deadline == "acknowledge" else answer.actioned_at) or answer.closed_at or now


def _unnamed(conn: Connection, alert_ids: Sequence[str]) -> set[str]:
    """Return the alerts, among these, whose recipient is not named."""
    doubtful = sorted(set(alert_ids) - about_nobody_protected(conn, alert_ids))
    return {alert_id for alert_id in doubtful if _hidden(conn, alert_id)}


def _hidden(conn: Connection, alert_id: str) -> bool:
    alert = alerts.get_alert(conn, alert_id)
    return alert is None or tells_where(conn, alert)


def _figures(partner_id: str | None, name: str | None, judged: Sequence[_Judged]) -> Figures:
    count = {verdict: sum(entry[1] == verdict for entry in judged) for verdict in ("met", "late", "missed", "open")}
    taken = [
        (moment - answer.created_at).total_seconds() / 3600
        for answer, *_ in judged
        if (moment := answer.first_acknowledged_at or answer.acknowledged_at)
    ]
    hours = round(statistics.median(taken), 1) if taken else None
    return Figures(partner_id, name, count["met"], count["late"], count["missed"], count["open"], hours)


def _below(conn: Connection, scope: AccessScope) -> list[Partner]:
    """Return the caller's own organisation and, for those to whom is escalated, the ones below it in its area."""
    own = partners.get_partner(conn, scope.partner_id)
    if own is None:
        return []
    if own.kind not in LEVELS:
        return [own]
    lower = ("operator", *LEVELS[LEVELS.index(own.kind) :])

    def is_below(partner: Partner) -> bool:
        areas = partner.areas or (partner.country,)
        inside = any(scope.covers(area) for area in areas) if own.areas else partner.country == own.country
        return inside and partner.kind not in lower

    return [own, *(partner for partner in partners.list_partners(conn) if is_below(partner))]
