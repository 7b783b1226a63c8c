"""What does one partner's work look like in figures? Of its own cases, and of what it was told; of nobody else's.

A match has another side: it counts only while the partner may know of both cases, or the figures would tell it what
nothing else does, that one of its own was found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Subquery, and_, func, or_, select

from api.store.outcomes import news, told_of
from api.store.tables import SIDES, alerts, cases, changes, matches, photos

UNDECIDED = ("suggested", "triage", "needs_information", "confirmed_by_one", "disputed")
"""States of a match that still need a word of a partner."""
Known = Callable[[set[str]], set[str]]
"""Returns the cases, among some, of which the partner may know now."""


@dataclass(frozen=True, slots=True)
class UndecidedMatch:
    """A match that is not decided.

    Attributes:
        own_ids: the partner's cases in it, one or both.
        since: when it was found.
    """

    id: str
    grade: str
    state: str
    own_ids: tuple[str, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert that nobody has acknowledged."""

    created_at: datetime
    due_at: datetime | None


def open_by_side(conn: Connection, partner_id: str, now: datetime) -> dict[str, int]:
    """Return side -> how many of a partner's cases are open and in time."""
    statement = select(cases.c.side, func.count()).where(_own_open(partner_id), _in_time(now)).group_by(cases.c.side)
    found = {str(side): int(count) for side, count in conn.execute(statement)}
    return {side: found.get(side, 0) for side in SIDES}


def not_searched(conn: Connection, partner_id: str, now: datetime, soon: datetime) -> dict[str, int]:
    """Return why -> how many of a partner's cases, or photos, are not searched, or will soon be no longer.

    Args:
        soon: until when counts as soon.
    """
    own = cases.c.owner_id == partner_id
    waits = cases.c.matched_version < cases.c.version
    of_cases = {
        "waiting": (_own_open(partner_id), _in_time(now), waits),
        "consent_withdrawn": (own, cases.c.status == "closed", cases.c.closed_for == "consent"),
        "time_over": (_own_open(partner_id), cases.c.expires_at <= now),
        "time_over_soon": (_own_open(partner_id), cases.c.expires_at > now, cases.c.expires_at <= soon),
    }
    figures = {
        why: _count(conn, select(func.count()).select_from(cases).where(*rule)) for why, rule in of_cases.items()
    }
    withheld = select(func.count()).select_from(photos).join(cases, photos.c.case_id == cases.c.id)
    figures["photos_withheld"] = _count(conn, withheld.where(_own_open(partner_id), photos.c.state == "withheld"))
    return figures


def found_in_run(
    conn: Connection, partner_id: str, known: Known, *, after_event: int, upto_seq: int, until: datetime
) -> Counter[tuple[str, str]]:
    """Return (what happened, grade) -> how many of a partner's matches a run found new, risen or fallen.

    Args: as of `outcomes.announced`.
        until: when the run ended; what was found, or changed, later is none of its concern.
    """
    events = news()
    statement = _own_events(events, partner_id).where(events.c.id > after_event, events.c.at <= until)
    rows = _of_known(conn.execute(statement.where(*_settled(upto_seq, until))).all(), known)
    return Counter((str(row.kind), str(row.detail["grade"])) for row in rows)


def found_between(
    conn: Connection,
    partner_id: str,
    known: Known,
    moments: Sequence[datetime],
    kinds: Sequence[str] = ("new", "risen"),
) -> list[Counter[str]]:
    """Return, for each step from one moment to the next, grade -> how many of a partner's matches were found.

    Args:
        moments: ascending; one more than steps.
    """
    steps: list[Counter[str]] = [Counter() for _ in moments[1:]]
    events = news()
    statement = _own_events(events, partner_id).where(events.c.at > moments[0], events.c.at <= moments[-1])
    rows = conn.execute(statement.where(events.c.kind.in_(list(kinds)))).all()
    for row in _of_known(rows, known):
        steps[next(n for n, end in enumerate(moments[1:]) if row.at <= end)][str(row.detail["grade"])] += 1
    return steps


def alerts_of_run(conn: Connection, partner_id: str, *, after_event: int, upto_seq: int, until: datetime) -> int:
    """Return how many alerts a run put into a partner's inbox; its own cases need not be concerned."""
    events = news()
    statement = select(func.count()).select_from(events).join(alerts, told_of(events))
    statement = statement.join(matches, events.c.match_id == matches.c.id)
    mine = (alerts.c.recipient_id == partner_id, events.c.id > after_event, events.c.at <= until)
    return _count(conn, statement.where(*mine, *_settled(upto_seq, until)))


def alerts_since(conn: Connection, partner_id: str, since: datetime, until: datetime) -> dict[str, int]:
    """Return how many alerts a partner was sent, and how many it acknowledged, after one moment until another."""
    figures = {"sent": alerts.c.created_at, "acknowledged": alerts.c.acknowledged_at}
    statement = select(func.count()).select_from(alerts).where(alerts.c.recipient_id == partner_id)
    return {name: _count(conn, statement.where(at > since, at <= until)) for name, at in figures.items()}


def open_alerts(conn: Connection, partner_id: str) -> list[OpenAlert]:
    """Return a partner's alerts that nobody has acknowledged and nothing has ended, oldest first."""
    statement = select(alerts.c.created_at, alerts.c.due_at).where(
        alerts.c.recipient_id == partner_id, alerts.c.acknowledged_at.is_(None), alerts.c.closed_at.is_(None)
    )
    return [OpenAlert(*row) for row in conn.execute(statement.order_by(alerts.c.created_at))]


def undecided_matches(conn: Connection, partner_id: str, known: Known, now: datetime) -> list[UndecidedMatch]:
    """Return the matches of a partner's cases that are not decided, strongest first, if both cases are open."""
    missing, rescued = cases.alias("missing"), cases.alias("rescued")
    statement: Select[Any] = (
        select(
            *(matches.c[name] for name in ("id", "grade", "state", "missing_id", "rescued_id", "created_at")),
            missing.c.owner_id.label("missing_owner"),
            rescued.c.owner_id.label("rescued_owner"),
        )
        .join(missing, matches.c.missing_id == missing.c.id)
        .join(rescued, matches.c.rescued_id == rescued.c.id)
        .where(
            or_(missing.c.owner_id == partner_id, rescued.c.owner_id == partner_id),
            matches.c.state.in_(UNDECIDED),
            matches.c.grade != "certainly-not",
            *(side.c.status == "open" for side in (missing, rescued)),
            *(or_(side.c.expires_at.is_(None), side.c.expires_at > now) for side in (missing, rescued)),
        )
        .order_by(matches.c.weight.desc(), matches.c.id)
    )
    found = []
    for row in _of_known(conn.execute(statement).all(), known):
        sides = ((row.missing_id, row.missing_owner), (row.rescued_id, row.rescued_owner))
        own = tuple(case_id for case_id, owner in sides if owner == partner_id)
        found.append(UndecidedMatch(row.id, row.grade, row.state, own, row.created_at))
    return found


def _of_known(rows: Sequence[Row[Any]], known: Known) -> list[Row[Any]]:
    """Return those rows of matches of which the partner may know both cases."""
    seen = known({case_id for row in rows for case_id in (row.missing_id, row.rescued_id)})
    return [row for row in rows if row.missing_id in seen and row.rescued_id in seen]


def _own_open(partner_id: str) -> ColumnElement[bool]:
    return and_(cases.c.owner_id == partner_id, cases.c.status == "open")


def _in_time(now: datetime) -> ColumnElement[bool]:
    return or_(cases.c.expires_at.is_(None), cases.c.expires_at > now)


def _settled(upto_seq: int, until: datetime) -> tuple[ColumnElement[bool], ...]:
    """Leave out pairs of cases that came or changed while a run was under way: others compared these on arrival.

    What changed once it was over takes nothing from what it found.
    """
    meanwhile = select(changes.c.case_id).where(changes.c.seq > upto_seq, changes.c.at <= until)
    return matches.c.missing_id.not_in(meanwhile), matches.c.rescued_id.not_in(meanwhile)


def _own_events(events: Subquery, partner_id: str) -> Select[Any]:
    """Select what the engine found of a partner's matches."""
    own = select(cases.c.id).where(cases.c.owner_id == partner_id)
    return (
        select(events.c.kind, events.c.at, events.c.detail, matches.c.missing_id, matches.c.rescued_id)
        .join(matches, events.c.match_id == matches.c.id)
        .where(or_(matches.c.missing_id.in_(own), matches.c.rescued_id.in_(own)))
    )


def _count(conn: Connection, statement: Select[int]) -> int:
    return conn.scalar(statement) or 0
