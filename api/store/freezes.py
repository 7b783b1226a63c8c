"""On which evidence was a match confirmed first? Kept as it was then, beside what the engine has found since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Select, insert, or_, select, update

from api.store.match_tables import match_freezes
from api.store.tables import matches

if TYPE_CHECKING:
    from api.store.matches import Match

_COPIED = (
    "missing_version", "rescued_version", "model_version", "evidence_hash", "grade", "weight", "probability",
    "contributions",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Freeze:
    """The evidence of a match when somebody confirmed it first (fields as in `matches.Evidence`).

    Attributes:
        event_id: the confirmation.
        thresholds: grade -> probability from which on; None where another model than the one in use had weighed it.
    """

    event_id: int
    missing_version: int
    rescued_version: int
    model_version: str
    evidence_hash: str
    grade: str
    weight: float
    probability: float
    contributions: list[dict[str, object]] = field(repr=False)
    thresholds: dict[str, float] | None
    at: datetime


def freeze(
    conn: Connection, match: Match, event_id: int, *, thresholds: Mapping[str, float] | None, at: datetime
) -> None:  # fmt: skip
    """Keep the evidence of a match as it is now."""
    copied = {name: getattr(match, name) for name in _COPIED}
    row = {"match_id": match.id, "event_id": event_id, "at": at, "thresholds": dict(thresholds) if thresholds else None}
    conn.execute(insert(match_freezes).values(**row, **copied))


def freezes_of(conn: Connection, match_id: str) -> list[Freeze]:
    """Return what was kept of a match, oldest first: more than one where it was confirmed, reopened and confirmed."""
    columns = [match_freezes.c[name] for name in Freeze.__slots__]
    wanted = select(*columns).where(match_freezes.c.match_id == match_id).order_by(match_freezes.c.id)
    return [Freeze(**row._asdict()) for row in conn.execute(wanted)]


def forget_faces(conn: Connection, case_id: str) -> None:
    """Take what faces said out of what was kept of a case's matches; the weight stays, as the record of a decision."""
    wanted = select(match_freezes.c.id, match_freezes.c.contributions).where(
        match_freezes.c.match_id.in_(_matches_of(case_id))
    )
    for row in conn.execute(wanted).all():
        kept = [part for part in row.contributions if part.get("comparison") != "face"]
        if len(kept) < len(row.contributions):
            conn.execute(update(match_freezes).where(match_freezes.c.id == row.id).values(contributions=kept))


def forget_case(conn: Connection, case_id: str) -> None:
    """Take the reasons out of what was kept of a case's matches: the case is erased."""
    mine = match_freezes.c.match_id.in_(_matches_of(case_id))
    conn.execute(update(match_freezes).where(mine).values(contributions=[]))


def _matches_of(case_id: str) -> Select[tuple[str]]:
    return select(matches.c.id).where(or_(matches.c.missing_id == case_id, matches.c.rescued_id == case_id))
