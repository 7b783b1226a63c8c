"""What does each side of a match say, and what did it say before? Nothing is overwritten; what is undone has an end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from api.store.match_tables import match_dispositions


@dataclass(frozen=True, slots=True)
class StoredDisposition:
    """What a side said, by the step that it was said with.

    Attributes:
        person, partner_id: who said it, and for which organisation.
        reason, until: of a rejection.
        grade, weight: how strong the evidence was.
        ended_at: since when it stands no more; None while it does.
    """

    match_id: str
    event_id: int
    side: str
    disposition: str
    person: str
    partner_id: str
    at: datetime
    grade: str
    weight: float
    reason: str | None = None
    until: datetime | None = None
    ended_at: datetime | None = None


def add(conn: Connection, new: StoredDisposition) -> None:
    """Store what a side said; from now on it stands for that side."""
    conn.execute(insert(match_dispositions).values(**{name: getattr(new, name) for name in new.__slots__}))


def dispositions_of(conn: Connection, match_id: str) -> list[StoredDisposition]:
    """Return everything that was said of a match, oldest first, also what stands no more."""
    columns = [match_dispositions.c[name] for name in StoredDisposition.__slots__]
    wanted = select(*columns).where(match_dispositions.c.match_id == match_id).order_by(match_dispositions.c.id)
    return [StoredDisposition(**row._asdict()) for row in conn.execute(wanted)]


def standing(conn: Connection, match_id: str) -> dict[str, StoredDisposition]:
    """Return what stands of each side."""
    return {one.side: one for one in dispositions_of(conn, match_id) if one.ended_at is None}


def end_of_step(conn: Connection, event_id: int, at: datetime) -> None:
    """Let what was said with a step stand no more: the step is undone, and what the side said before stands again."""
    mine = update(match_dispositions).where(match_dispositions.c.event_id == event_id)
    conn.execute(mine.where(match_dispositions.c.ended_at.is_(None)).values(ended_at=at))


def end_all(conn: Connection, match_id: str, at: datetime) -> None:
    """Let nothing that was said of a match stand any more: it is suggested anew."""
    live = update(match_dispositions).where(match_dispositions.c.match_id == match_id)
    conn.execute(live.where(match_dispositions.c.ended_at.is_(None)).values(ended_at=at))
