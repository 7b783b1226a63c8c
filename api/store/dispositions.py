"""What does each side of a match say, and what did it say before? Nothing is overwritten; what is undone has an end."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert, or_, select, update

from api.store.match_tables import match_dispositions
from api.store.tables import cases, matches


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


class OverPair(NamedTuple):
    """A rejected pair of which a day until which it is silent is over, with the owners of its two cases."""

    match_id: str
    rescued_id: str
    one_owner: str
    other_owner: str


def over(conn: Connection, at: datetime, *, found: Collection[str]) -> list[OverPair]:
    """Return rejected pairs of two open cases of which a day is over, and which still fit.

    Args:
        found: states of a match that keep the other matches of its two cases silent.
    """
    missing, rescued, rival = cases.alias("missing"), cases.alias("rescued"), matches.alias("rival")
    same = or_(rival.c.missing_id == matches.c.missing_id, rival.c.rescued_id == matches.c.rescued_id)
    verified = select(rival.c.id).where(same, rival.c.id != matches.c.id, rival.c.state.in_(list(found)))
    statement = (
        select(matches.c.id, matches.c.rescued_id, missing.c.owner_id, rescued.c.owner_id)
        .join(match_dispositions, match_dispositions.c.match_id == matches.c.id)
        .join(missing, missing.c.id == matches.c.missing_id)
        .join(rescued, rescued.c.id == matches.c.rescued_id)
        .where(match_dispositions.c.ended_at.is_(None), match_dispositions.c.until <= at)
        .where(matches.c.state == "rejected", matches.c.grade != "certainly-not", ~verified.exists())
        .where(missing.c.status == "open", rescued.c.status == "open")
        .distinct()
    )
    return [OverPair(*row) for row in conn.execute(statement)]


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
