"""What has changed since a follower last looked?

Everything derived from the database (indexes, snapshots, other workers' copies) follows this sequence. Numbers
become visible in ascending order and are never reused, so "everything after the last number I saw" is complete.
Gaps are possible and mean nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from api.store.portable import hold_commit_order
from api.store.tables import changes


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one case.

    Attributes:
        kind: "created", "replaced", "status", "photo", "consent", "owner", "erased"; "agreement" where the case is as
            it was and its owner may share with more organisations than before.
    """

    seq: int
    case_id: str
    kind: str
    at: datetime


def append(conn: Connection, case_id: str, kind: str, at: datetime) -> int:
    """Append a change and return its number; waits for every earlier appending transaction to end."""
    hold_commit_order(conn)
    row = {"case_id": case_id, "kind": kind, "at": at}
    return int(conn.execute(insert(changes).values(**row).returning(changes.c.seq)).scalar_one())


def append_all(conn: Connection, case_ids: Sequence[str], kind: str, at: datetime) -> None:
    """Append the same change of many cases, in their order."""
    if not case_ids:
        return
    hold_commit_order(conn)
    conn.execute(insert(changes), [{"case_id": case_id, "kind": kind, "at": at} for case_id in case_ids])


def since(conn: Connection, seq: int, limit: int) -> list[Change]:
    """Return the changes after a number, in order; start with 0."""
    statement = select(changes).where(changes.c.seq > seq).order_by(changes.c.seq).limit(limit)
    return [Change(**row._asdict()) for row in conn.execute(statement)]


def erased_since(conn: Connection, seq: int) -> bool:
    """Tell whether a case has been erased after a number."""
    later = select(changes.c.seq).where(changes.c.seq > seq, changes.c.kind == "erased")
    return conn.execute(later.limit(1)).first() is not None


def latest_seq(conn: Connection) -> int:
    """Return the newest number, 0 when nothing has ever changed."""
    return conn.scalar(select(func.max(changes.c.seq))) or 0
