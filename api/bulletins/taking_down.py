"""How does a bulletin come to its end? What it shows is destroyed, and everybody who was told is told, and answers.

    take_down ──> nothing is left to be read ──> earlier alert recalled, unsent messages held back ──> "taken_down"
              └──> the owner, where it was not its own doing ──> "over"

All of it in the transaction of whatever ended it. `take_down_for_case` is for those who know that it is over (a case is
closed, a match verified); `enforce` is for those who only know that something has changed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from api.alerts.recalling import recall_subject
from api.bulletins.ending import tell_owner
from api.bulletins.standing import why_over, why_over_for
from api.ids import RandomBytes
from api.store import Connection, audit, authorisations, bulletins
from api.store.bulletins import Bulletin

ENGINE: Final = "engine"


def take_down_for_case(
    conn: Connection, case_id: str, reason: str, now: datetime, *, by: str = ENGINE, random_bytes: RandomBytes
) -> int:
    """Take down every bulletin of a case; return how many there were.

    Args:
        reason: a word, e.g. "found", "closed", "erased"; it is not told to the recipients.
        by: a person or key, or the engine.
    """
    live = bulletins.live_of_case(conn, case_id)
    for bulletin in live:
        take_down(conn, bulletin, reason, now, by=by, random_bytes=random_bytes)
    return len(live)


def forget_case(
    conn: Connection, case_id: str, reason: str, now: datetime, *, by: str, random_bytes: RandomBytes
) -> None:
    """Keep nothing of what was published or authorised of a case: it is being erased."""
    take_down_for_case(conn, case_id, reason, now, by=by, random_bytes=random_bytes)
    authorisations.forget(conn, case_id, at=now, by=by)


def enforce_case(
    conn: Connection, case_id: str, now: datetime, *, by: str = ENGINE, random_bytes: RandomBytes
) -> int:  # fmt: skip
    """Take down whatever of a case no longer stands, for all or for some; return how many recipients were told."""
    return sum(
        enforce(conn, one, now, by=by, random_bytes=random_bytes) for one in bulletins.live_of_case(conn, case_id)
    )


def enforce(
    conn: Connection, bulletin: Bulletin, now: datetime, *, by: str = ENGINE, random_bytes: RandomBytes
) -> int:  # fmt: skip
    """Take a bulletin down where it no longer stands, for all or for some; return how many recipients were told."""
    if bulletin.taken_down_at is not None:
        return 0
    reason = why_over(conn, bulletin, now)
    if reason is not None:
        return take_down(conn, bulletin, reason, now, by=by, random_bytes=random_bytes)
    going = [one.partner_id for one in bulletin.receipts if one.ended_at is None]
    over = {one: why for one in going if (why := why_over_for(conn, bulletin, one, now)) is not None}
    told = 0
    if len(over) == len(going):
        # Nobody is left to whom it is published: what it shows is destroyed too.
        bulletins.take_down(conn, bulletin.id, at=now, by=by, reason="nobody_left")
        tell_owner(conn, bulletin, "nobody_left", now, by_engine=by == ENGINE, random_bytes=random_bytes)
    for partner_id, why in over.items():
        told += _end_for(conn, bulletin, partner_id, why, now, by, random_bytes)
    return told


def take_down(
    conn: Connection, bulletin: Bulletin, reason: str, now: datetime, *, by: str, random_bytes: RandomBytes
) -> int:
    """Take a bulletin down for everybody; return how many recipients were told."""
    if not bulletins.take_down(conn, bulletin.id, at=now, by=by, reason=reason):
        return 0
    audit.append(
        conn, at=now, actor=by, action="bulletin.taken_down", subject=bulletin.case_id,
        detail={"bulletin": bulletin.id, "reason": reason},
    )  # fmt: skip
    tell_owner(conn, bulletin, reason, now, by_engine=by == ENGINE, random_bytes=random_bytes)
    going = [one.partner_id for one in bulletin.receipts if one.ended_at is None]
    return sum(_end_for(conn, bulletin, one, reason, now, by, random_bytes) for one in going)


def _end_for(
    conn: Connection, bulletin: Bulletin, partner_id: str, reason: str, now: datetime, by: str,
    random_bytes: RandomBytes,
) -> int:  # fmt: skip
    """End a bulletin for one recipient and tell him; return whether he was told."""
    if not bulletins.end_for(conn, bulletin.id, partner_id, at=now, reason=reason):
        return 0
    audit.append(
        conn, at=now, actor=by, action="bulletin.ended", subject=bulletin.case_id,
        detail={"bulletin": bulletin.id, "partner": partner_id, "reason": reason},
    )  # fmt: skip
    return recall_subject(
        conn, "bulletin", bulletin.id, "taken_down", reason, now, random_bytes, recipient_id=partner_id,
        heard=True,  # it stands in the list of bulletins too
    )  # fmt: skip
