"""Who has to be visited after a return, and when? Timers of a case; they belong to whoever owns the case now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, insert, select, tuple_, update

from api.store import keys
from api.store.care_tables import follow_ups
from api.store.portable import chunks
from api.store.returns import TAKEN_BACK
from api.store.sealed_documents import open_document, seal_document
from api.store.tables import cases, record_keys


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A visit that is due, or what came of it.

    Attributes:
        source: "stage" or "return": what says that she returned; where both do, "return".
        returned_on: the day from which the months are counted.
        state: "due", "done", "missed" or "cancelled".
        outcome: a word that fits the state; None while it is due.
    """

    id: str
    case_id: str
    source: str
    returned_on: date
    months: int
    due_on: date
    state: str
    outcome: str | None
    note: str | None = field(repr=False)
    created_at: datetime
    settled_at: datetime | None
    settled_by: str | None


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer to be added: so many months after the return, and the day that is."""

    id: str
    months: int
    due_on: date


def schedule(
    conn: Connection,
    case_id: str,
    *,
    source: str,
    returned_on: date,
    timers: Sequence[Timer],
    at: datetime,
    by: str,
) -> None:
    """Let timers run from a return; those still due from another day of return are cancelled.

    Timers that run or were settled for the same day and number of months are not added again. A return takes over
    those of a stage: they go on when the entry of the stage is corrected.
    """
    for other in _of_case(conn, case_id):
        if other.state == "due" and other.returned_on != returned_on:
            _settle(conn, other.id, "cancelled", "return_corrected", None, at, by)
    if source == "return":
        hand_over(conn, case_id, returned_on, source)
    there = {
        row.months for row in _of_case(conn, case_id) if row.returned_on == returned_on and row.state != "cancelled"
    }
    rows = [
        {"id": timer.id, "case_id": case_id, "source": source, "returned_on": returned_on, "months": timer.months,
         "due_on": timer.due_on, "state": "due", "created_at": at}
        for timer in timers
        if timer.months not in there
    ]  # fmt: skip
    if rows:
        conn.execute(insert(follow_ups), rows)


def begun_among(conn: Connection, case_ids: Sequence[str]) -> set[str]:
    """Return those of these cases in which visits run or ran from a return that nobody took back."""
    found: set[str] = set()
    wrong = and_(follow_ups.c.state == "cancelled", follow_ups.c.outcome.in_(TAKEN_BACK))
    for some in chunks(case_ids):
        found.update(conn.scalars(select(follow_ups.c.case_id).where(follow_ups.c.case_id.in_(some), ~wrong)))
    return found


def hand_over(conn: Connection, case_id: str, returned_on: date, source: str) -> None:
    """Let the timers of a day of return, those that run and those that were settled, be this source's."""
    mine = follow_ups.c.case_id == case_id, follow_ups.c.returned_on == returned_on, follow_ups.c.state != "cancelled"
    conn.execute(update(follow_ups).where(*mine).values(source=source))


def settle(
    conn: Connection, follow_up_id: str, *, state: str, outcome: str, note: str | None, at: datetime, by: str
) -> bool:
    """Note what came of a visit; False, and nothing noted, when it is not due (any more).

    Raises:
        SealBroken: the case was erased.
    """
    case_id = conn.scalar(select(follow_ups.c.case_id).where(follow_ups.c.id == follow_up_id))
    if case_id is None:
        return False
    sealed = seal_document(keys.record_key(conn, case_id), _place(follow_up_id), {"note": note})
    return _settle(conn, follow_up_id, state, outcome, sealed, at, by)


def cancel_due(
    conn: Connection, case_id: str, *, at: datetime, by: str, outcome: str, source: str | None = None,
    returned_on: date | None = None,
) -> int:  # fmt: skip
    """Cancel the timers of a case that are still due; return how many.

    Args:
        outcome: why, e.g. "case_closed".
        source: only those that this started.
        returned_on: only those of this day of return.
    """
    statement = update(follow_ups).where(follow_ups.c.case_id == case_id, follow_ups.c.state == "due")
    if source is not None:
        statement = statement.where(follow_ups.c.source == source)
    if returned_on is not None:
        statement = statement.where(follow_ups.c.returned_on == returned_on)
    values = {"state": "cancelled", "outcome": outcome, "settled_at": at, "settled_by": by}
    return conn.execute(statement.values(**values)).rowcount


def get(conn: Connection, follow_up_id: str) -> FollowUp | None:
    """Return a timer, None if there is none of that id or its case was erased."""
    return next(iter(_fetch(conn, _select().where(follow_ups.c.id == follow_up_id))), None)


def follow_ups_of(conn: Connection, case_id: str) -> list[FollowUp]:
    """Return every timer of a case by the day on which it is due; none of an erased one."""
    wanted = _select().where(follow_ups.c.case_id == case_id)
    return _fetch(conn, wanted.order_by(follow_ups.c.due_on, follow_ups.c.id))


def due(
    conn: Connection, partner_id: str, upto: date, *, after: tuple[date, str] | None = None, limit: int = 1000
) -> list[FollowUp]:
    """Return what a partner has to do up to and with a day, the longest overdue first.

    Args:
        after: `due_on` and id of the last one of the page before.
    """
    wanted = _select().join(cases, cases.c.id == follow_ups.c.case_id)
    wanted = wanted.where(cases.c.owner_id == partner_id, follow_ups.c.state == "due", follow_ups.c.due_on <= upto)
    if after is not None:
        wanted = wanted.where(tuple_(follow_ups.c.due_on, follow_ups.c.id) > after)
    return _fetch(conn, wanted.order_by(follow_ups.c.due_on, follow_ups.c.id).limit(limit))


def _settle(
    conn: Connection, follow_up_id: str, state: str, outcome: str, sealed: bytes | None, at: datetime, by: str
) -> bool:
    statement = update(follow_ups).where(follow_ups.c.id == follow_up_id, follow_ups.c.state == "due")
    values = {"state": state, "outcome": outcome, "sealed": sealed, "settled_at": at, "settled_by": by}
    return conn.execute(statement.values(**values)).rowcount == 1


def _of_case(conn: Connection, case_id: str) -> Sequence[Row[Any]]:
    return conn.execute(select(follow_ups).where(follow_ups.c.case_id == case_id)).all()


def _select() -> Select[Any]:
    # A case that was erased has no key, and nobody is to be visited for it.
    return select(follow_ups, *keys.KEY_COLUMNS).join(record_keys, record_keys.c.case_id == follow_ups.c.case_id)


def _fetch(conn: Connection, statement: Select[Any]) -> list[FollowUp]:
    found = []
    for row in conn.execute(statement).all():
        values = dict(row._mapping)
        key = keys.opened(conn, row.case_id, values.pop("partner_key_id"), values.pop("wrapped"))
        note = open_document(key, _place(row.id), values.pop("sealed")).get("note")
        found.append(FollowUp(**values, note=note))
    return found


def _place(follow_up_id: str) -> str:
    return f"follow_ups.sealed:{follow_up_id}"
