"""What follows when two records are no longer thought to be of one person, or may no longer be known of?

Nothing more is sent of it, and everybody who was told is told that it is withdrawn, without a reason: that another
unit's record was erased, or consent taken back, is nobody's to know.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from api.alerts.recalling import recall_subject
from api.ids import RandomBytes
from api.pairs.standing import both_of
from api.store import Connection, audit, pairs
from api.store.pairs import Pair

ENGINE = "engine"


def end_pair(
    conn: Connection, pair: Pair, reason: str, now: datetime, *, by: str = ENGINE, random_bytes: RandomBytes
) -> int:  # fmt: skip
    """End a pair; one that has ended before stays as it is.

    Args:
        reason: a word, such as "evidence", "not_shared", "closed", "withdrawn", "expired" or "erased".
        by: a person or key, or the engine.
    Returns:
        How many partners are told.
    """
    if not pairs.end(conn, pair.id, reason, now):
        return 0
    audit.append(conn, at=now, actor=by, action="pair.ended", subject=pair.id, detail={"reason": reason})
    return recall_subject(conn, f"same_{pair.kind}", pair.id, "ended", reason, now, random_bytes)


def end_pairs_of(
    conn: Connection, record_id: str, reason: str, now: datetime, *, by: str, random_bytes: RandomBytes
) -> int:  # fmt: skip
    """End every pair of a record; return how many partners are told."""
    return sum(
        end_pair(conn, pair, reason, now, by=by, random_bytes=random_bytes)
        for pair in pairs.of_records(conn, [record_id])
    )


def end_unshared(
    conn: Connection, some: Sequence[Pair], now: datetime, *, by: str = ENGINE, random_bytes: RandomBytes
) -> int:  # fmt: skip
    """End those of these pairs whose owners may no longer learn of each other; return how many partners are told."""
    return sum(
        end_pair(conn, pair, "not_shared", now, by=by, random_bytes=random_bytes)
        for pair in some
        if both_of(conn, pair.kind, pair.first_id, pair.second_id, now) is None
    )
