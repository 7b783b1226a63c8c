"""Whom may a message that has not gone out yet reach no longer? Asked when an agreement ends or consent is withdrawn.

Held back for those whom it concerns; whoever else is told of the same match still is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from api.cases.standing import may_go_to
from api.store import Connection, cases, matches, outbox, partners

WHY = "no agreement or no consent any more"


def hold_back_unshared(conn: Connection, now: datetime, match_ids: Sequence[str] | None = None) -> int:
    """Hold back every message about a case that may not go to its recipient any more; return how many.

    Args:
        match_ids: of these matches; None for all.
    """
    held = 0
    for match_id, recipient_id in outbox.waiting_for(conn, match_ids):
        match, recipient = matches.get_match(conn, match_id), partners.get_partner(conn, recipient_id)
        both = [] if match is None else cases.get_cases(conn, [match.missing_id, match.rescued_id]).values()
        others = [case for case in both if case.owner_id != recipient_id]
        if recipient is None or not all(may_go_to(conn, case, recipient_id, recipient.kind, now) for case in others):
            held += outbox.hold_back(conn, match_id, now, recipient_id=recipient_id, why=WHY)
    return held
