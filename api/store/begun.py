"""Whose cases have still to be compared anew, because their owner may share with more organisations than before?

A note for each such partner holds how far its cases have been marked: whoever is stopped in between goes on from there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from api.store import changes, suspects
from api.store.care_tables import suspects as suspect_rows
from api.store.cases import await_comparison
from api.store.meta import set_note
from api.store.tables import cases, meta
from api.store.types import encode_utc

_NOTE, _LOOKED = "sharing_begun:", "sharing_begun_looked"


def note(conn: Connection, partner_ids: Sequence[str]) -> None:
    """Note that every open case of these partners is to be compared anew, from the first on."""
    for partner_id in partner_ids:
        set_note(conn, _NOTE + partner_id, "")


def noted(conn: Connection) -> list[str]:
    """Return the partners whose cases are still to be marked."""
    found = conn.scalars(select(meta.c.key).where(meta.c.key.startswith(_NOTE, autoescape=True)).order_by(meta.c.key))
    return [key.removeprefix(_NOTE) for key in found]


def mark(conn: Connection, partner_id: str, limit: int, at: datetime) -> int:
    """Let the next open cases of a noted partner wait for comparison, across the sides and within; return how many.

    Its suspects wait from the beginning: these are few. With the last case the note is gone.
    """
    same = meta.c.key == _NOTE + partner_id
    upto = conn.scalar(select(meta.c.value).where(same).with_for_update())
    if upto is None:
        return 0
    if not upto:
        suspects.await_comparison(conn, partner_id)
    mine = select(cases.c.id).where(cases.c.owner_id == partner_id, cases.c.status == "open", cases.c.id > upto)
    found = list(conn.scalars(mine.order_by(cases.c.id).limit(limit)))
    await_comparison(conn, found)
    changes.append_all(conn, found, "agreement", at)
    if len(found) < limit:
        conn.execute(delete(meta).where(same))
    else:
        conn.execute(update(meta).where(same).values(value=found[-1]))
    return len(found)


def stock_of(conn: Connection, partner_ids: Collection[str]) -> dict[str, int]:
    """Return how many open cases and suspects each of these partners has."""
    stock = dict.fromkeys(partner_ids, 0)
    for table in (cases, suspect_rows):
        counted = select(table.c.owner_id, func.count()).where(table.c.owner_id.in_(list(partner_ids)))
        for owner, count in conn.execute(counted.where(table.c.status == "open").group_by(table.c.owner_id)):
            stock[str(owner)] += int(count)
    return stock


def looked_at(conn: Connection) -> datetime | None:
    """Return up to when it was looked for agreements that begin; None before the first time."""
    found = conn.scalar(select(meta.c.value).where(meta.c.key == _LOOKED))
    return None if found is None else datetime.fromisoformat(found)


def look(conn: Connection, at: datetime) -> None:
    """Note that it was looked for agreements that begin, up to a moment."""
    set_note(conn, _LOOKED, encode_utc(at))
