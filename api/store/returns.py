"""Which returns still count? What became of the visits does not matter, only whether somebody took the return back.

A stage that says she is home stands or falls with its entry (`api.care.stages`); here is what was said besides.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from api.store.care_tables import follow_ups
from api.store.tables import match_events, matches

TAKEN_BACK = ("match_undone", "return_corrected", "mistake", "case_closed")
"""Outcomes of a cancelled visit by which a return counts no more: there was none, or the case was closed with
it: whoever opens that again searches again, unless the return is entered again.
"""


def returned_among(conn: Connection, case_ids: Sequence[str]) -> set[str]:
    """Return those of these cases whose person came home by a return that nobody took back."""
    return set(conn.scalars(select(follow_ups.c.case_id).where(follow_ups.c.case_id.in_(case_ids), _counts())))


def return_counts(conn: Connection, case_id: str, returned_on: date) -> bool:
    """Tell whether a return of that day was noted, and nobody took it back."""
    own = follow_ups.c.case_id == case_id, follow_ups.c.returned_on == returned_on
    return conn.execute(select(follow_ups.c.id).where(*own, _counts()).limit(1)).first() is not None


def _counts() -> ColumnElement[bool]:
    # Noted anew after it was taken back, it has visits that are younger.
    wrong = follow_ups.alias("wrong")
    corrected = select(wrong.c.id).where(
        wrong.c.case_id == follow_ups.c.case_id, wrong.c.returned_on == follow_ups.c.returned_on,
        wrong.c.source == "return", wrong.c.state == "cancelled", wrong.c.outcome.in_(TAKEN_BACK),
        wrong.c.settled_at >= follow_ups.c.created_at,
    )  # fmt: skip
    # Where visits of that day are still due, somebody has cancelled one of them, not the return.
    going = follow_ups.alias("going")
    due = select(going.c.id).where(
        going.c.case_id == follow_ups.c.case_id, going.c.returned_on == follow_ups.c.returned_on, going.c.state == "due"
    )
    return and_(follow_ups.c.source == "return", or_(due.exists(), ~corrected.exists()), ~_undone().exists())


def _undone() -> Select[tuple[int]]:
    """Return the steps that undo the restoration from which a visit runs: where all were settled, none is cancelled."""
    undo, restore = match_events.alias("undo"), match_events.alias("restore")
    whose = or_(matches.c.missing_id == follow_ups.c.case_id, matches.c.rescued_id == follow_ups.c.case_id)
    steps = select(undo.c.id).select_from(
        matches.join(undo, undo.c.match_id == matches.c.id).join(restore, restore.c.match_id == matches.c.id)
    )
    return steps.where(
        whose, undo.c.kind == "undo", undo.c.detail["undoes"].as_integer() == restore.c.id,
        restore.c.detail["visits"].as_string() == follow_ups.c.case_id,
        follow_ups.c.created_at.between(restore.c.at, undo.c.at),
    )  # fmt: skip
