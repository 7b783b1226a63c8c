"""Which missing children are known to be found? By a match that people verified, a later stage, or a return."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from api.store.care_tables import stage_events
from api.store.portable import chunks
from api.store.returns import returned_among
from api.store.tables import matches

FOUND_STATES = ("verified", "restored", "placed_safely", "closed")
"""States of a match, from that in which both sides are sure on."""
_BEFORE_FOUND = "reporting"


def found_among(conn: Connection, case_ids: Sequence[str]) -> set[str]:
    """Return those of these missing reports whose child is known to be found."""
    found: set[str] = set()
    for some in chunks(case_ids):
        sure = matches.c.missing_id.in_(some), matches.c.state.in_(FOUND_STATES)
        found.update(conn.scalars(select(matches.c.missing_id).where(*sure)))
        later = stage_events.alias("later")
        standing = ~select(later.c.id).where(later.c.corrects == stage_events.c.id).exists()
        entered = stage_events.c.case_id.in_(some), stage_events.c.stage != _BEFORE_FOUND, standing
        found.update(conn.scalars(select(stage_events.c.case_id).where(*entered)))
        found |= returned_among(conn, some)
    return found


def is_found(conn: Connection, case_id: str) -> bool:
    """Tell whether the child of a missing report is known to be found."""
    return case_id in found_among(conn, [case_id])
