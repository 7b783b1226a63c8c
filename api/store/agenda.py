"""Which missing reports are still untraced, what has fallen due of them, and what waits for whom? No seal is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, or_, select, update

from api.store.care_tables import follow_ups, home_reports, referrals, stage_events
from api.store.duty_tables import clock_marks
from api.store.found import found_among
from api.store.portable import chunks, insert_if_absent
from api.store.sharing_tables import disclosures
from api.store.tables import alerts, cases


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that has fallen due, told of at `told_at`, done on `done_on`."""

    id: str
    case_id: str
    clock: str
    number: int
    due_on: date
    told_at: datetime | None
    done_on: date | None
    done_at: datetime | None
    done_by: str | None


@dataclass(frozen=True, slots=True)
class OpenReport:
    """A missing report that is open, and whose child is not known to be found.

    Attributes:
        origin_area: where the family lives.
        reported_on: the day of which its timeline says that she was reported; None where nobody entered one.
    """

    case_id: str
    owner_id: str
    origin_area: str | None
    created_at: datetime
    reported_on: date | None
    marks: tuple[Mark, ...]


class Visit(NamedTuple):
    """A visit that is due."""

    id: str
    case_id: str
    owner_id: str
    months: int
    due_on: date


class Asked(NamedTuple):
    """A home report that was asked for."""

    id: str
    case_id: str
    due_on: date


class Waiting(NamedTuple):
    """Something that waits for a partner, since or until when."""

    id: str
    case_id: str | None
    moment: datetime | None


def open_reports(
    conn: Connection,
    *,
    at: datetime,
    entered_before: datetime,
    case_id: str | None = None,
    owner_id: str | None = None,
    areas: Sequence[str] | None = None,
    after: str | None = None,
    limit: int,
) -> tuple[list[OpenReport], str | None]:
    """Return open missing reports in id order, and the last id that was looked at where there are more.

    Args:
        at: none whose time is over then.
        entered_before: only those that came in before that, or whose timeline says when she was reported.
        case_id: only this one.
        owner_id: of this owner; with `areas`, or of families that live in one of these.
    """
    dated = select(stage_events.c.id).where(stage_events.c.case_id == cases.c.id, stage_events.c.stage == "reporting")
    statement = select(cases.c.id, cases.c.owner_id, cases.c.origin_area, cases.c.created_at).where(
        cases.c.side == "missing", cases.c.status == "open", cases.c.erased_at.is_(None),
        or_(cases.c.expires_at.is_(None), cases.c.expires_at > at),
        or_(cases.c.created_at < entered_before, dated.exists()),
    )  # fmt: skip
    if case_id is not None:
        statement = statement.where(cases.c.id == case_id)
    if owner_id is not None:
        within = [
            or_(cases.c.origin_area == area, cases.c.origin_area.startswith(area + "/", autoescape=True))
            for area in areas or ()
        ]
        statement = statement.where(or_(cases.c.owner_id == owner_id, *within))
    if after is not None:
        statement = statement.where(cases.c.id > after)
    rows = conn.execute(statement.order_by(cases.c.id).limit(limit)).all()
    ids = [row.id for row in rows]
    found, reported, marks = found_among(conn, ids), _reported_on(conn, ids), _marks_of(conn, ids)
    reports = [
        OpenReport(row.id, row.owner_id, row.origin_area, row.created_at, reported.get(row.id),
                   tuple(marks.get(row.id, ())))
        for row in rows
        if row.id not in found
    ]  # fmt: skip
    return reports, rows[-1].id if len(rows) == limit else None


def note_told(conn: Connection, mark: Mark) -> None:
    """Note that people were told of what has fallen due; what stands there already keeps the first time."""
    values = {name: getattr(mark, name) for name in Mark.__slots__}
    if not insert_if_absent(conn, clock_marks, values, ["id"]):
        mine = update(clock_marks).where(clock_marks.c.id == mark.id, clock_marks.c.told_at.is_(None))
        conn.execute(mine.values(told_at=mark.told_at))


def tell_anew(conn: Connection, case_id: str) -> None:
    """Let what is due of a case, and not done, be told again: whoever has heard of it is told nothing twice."""
    mine = clock_marks.c.case_id == case_id, clock_marks.c.done_on.is_(None)
    conn.execute(update(clock_marks).where(*mine).values(told_at=None))


def note_done(conn: Connection, mark: Mark) -> bool:
    """Note that something was done; False when somebody noted it before."""
    values = {name: getattr(mark, name) for name in Mark.__slots__}
    if insert_if_absent(conn, clock_marks, values, ["id"]):
        return True
    mine = update(clock_marks).where(clock_marks.c.id == mark.id, clock_marks.c.done_on.is_(None))
    done = {"done_on": mark.done_on, "done_at": mark.done_at, "done_by": mark.done_by}
    return conn.execute(mine.values(**done)).rowcount == 1


def visits_due(
    conn: Connection, upto: date, *, owner_id: str | None = None, case_id: str | None = None, untold: bool = False,
    limit: int | None = None,
) -> list[Visit]:  # fmt: skip
    """Return visits due up to and with a day, the longest overdue first.

    Args:
        owner_id: of the cases of this partner; None for everybody's.
        case_id: of this case only.
        untold: only those of which nobody was told.
    """
    statement = select(
        follow_ups.c.id, follow_ups.c.case_id, cases.c.owner_id, follow_ups.c.months, follow_ups.c.due_on
    ).join(cases, cases.c.id == follow_ups.c.case_id)
    statement = statement.where(follow_ups.c.state == "due", follow_ups.c.due_on <= upto, cases.c.erased_at.is_(None))
    if owner_id is not None:
        statement = statement.where(cases.c.owner_id == owner_id)
    if case_id is not None:
        statement = statement.where(follow_ups.c.case_id == case_id)
    if untold:
        told = select(clock_marks.c.id).where(clock_marks.c.id == follow_ups.c.id, clock_marks.c.told_at.is_not(None))
        statement = statement.where(~told.exists())
    statement = statement.order_by(follow_ups.c.due_on, follow_ups.c.id).limit(limit)
    return [Visit(*row) for row in conn.execute(statement)]


def home_reports_due(conn: Connection, upto: date, owner_id: str) -> list[Asked]:
    """Return the home reports that were asked for in a partner's open cases, are due up to a day and not received."""
    statement = select(home_reports.c.id, home_reports.c.case_id, home_reports.c.due_on)
    statement = statement.join(cases, cases.c.id == home_reports.c.case_id).where(
        home_reports.c.version == 0, home_reports.c.due_on <= upto, cases.c.owner_id == owner_id,
        cases.c.status == "open", cases.c.erased_at.is_(None),
    )  # fmt: skip
    return [Asked(*row) for row in conn.execute(statement.order_by(home_reports.c.due_on, home_reports.c.id))]


def waiting_alerts(conn: Connection, partner_id: str) -> list[Waiting]:
    """Return a partner's alerts that wait to be acknowledged or acted on, each with the moment by which."""
    going = alerts.c.recipient_id == partner_id, alerts.c.state.not_in(("recalled", "closed"))
    unseen = and_(alerts.c.acknowledged_at.is_(None), alerts.c.due_at.is_not(None))
    undone = and_(alerts.c.acknowledged_at.is_not(None), alerts.c.actioned_at.is_(None), alerts.c.act_by.is_not(None))
    statement = select(alerts.c.id, alerts.c.own_case_id, alerts.c.acknowledged_at, alerts.c.due_at, alerts.c.act_by)
    rows = conn.execute(statement.where(*going, or_(unseen, undone)).order_by(alerts.c.id))
    return [Waiting(row.id, row.own_case_id, row.act_by if row.acknowledged_at else row.due_at) for row in rows]


def waiting_disclosures(conn: Connection, partner_id: str) -> list[Waiting]:
    """Return the requests to see a partner's own cases that wait for his decision, with when they were made."""
    statement = select(disclosures.c.id, disclosures.c.case_id, disclosures.c.requested_at)
    statement = statement.join(cases, cases.c.id == disclosures.c.case_id)
    mine = cases.c.owner_id == partner_id, disclosures.c.state == "requested"
    return [Waiting(*row) for row in conn.execute(statement.where(*mine).order_by(disclosures.c.id))]


def waiting_referrals(conn: Connection, partner_id: str) -> list[Waiting]:
    """Return the referrals to a partner that he has to answer or complete, with when the last step was taken."""
    statement = select(referrals.c.id, referrals.c.case_id, referrals.c.updated_at)
    mine = referrals.c.receiver_id == partner_id, referrals.c.state.in_(("proposed", "accepted"))
    return [Waiting(*row) for row in conn.execute(statement.where(*mine).order_by(referrals.c.id))]


def _reported_on(conn: Connection, case_ids: Sequence[str]) -> dict[str, date]:
    found: dict[str, date] = {}
    later = stage_events.alias("later")
    standing = ~select(later.c.id).where(later.c.corrects == stage_events.c.id).exists()
    for some in chunks(case_ids):
        statement = select(stage_events.c.case_id, func.min(stage_events.c.entered_on)).where(
            stage_events.c.case_id.in_(some), stage_events.c.stage == "reporting", standing
        )
        found.update((row[0], row[1]) for row in conn.execute(statement.group_by(stage_events.c.case_id)))
    return found


def _marks_of(conn: Connection, case_ids: Sequence[str]) -> dict[str, list[Mark]]:
    found: dict[str, list[Mark]] = {}
    for some in chunks(case_ids):
        rows: Any = conn.execute(select(clock_marks).where(clock_marks.c.case_id.in_(some)).order_by(clock_marks.c.id))
        for row in rows:
            found.setdefault(row.case_id, []).append(Mark(**row._asdict()))
    return found
