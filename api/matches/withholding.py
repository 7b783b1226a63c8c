"""Whom may a match reach no longer? Asked when an agreement ends or consent is withdrawn.

What has not gone out is held back, and what was told ends, for those whom it concerns; whoever else is told of the same
match still is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from api.alerts.unshared import WHY, close_unshared, takes_back
from api.matches.knowing import known_cases
from api.store import Connection, attention, outbox
from api.store.attention import Standing


def hold_back_unshared(conn: Connection, now: datetime, match_ids: Sequence[str] | None = None) -> int:
    """Hold back every message about a case that may not go to its recipient any more, and end the alert.

    Args:
        match_ids: of these matches; None for all.
    Returns:
        How many messages had not gone out.
    """
    held = 0
    standing = attention.standing(conn, match_ids)
    for recipient_id, told in groupby(standing, key=lambda one: one.recipient_id):
        for match_id in _unshared(conn, recipient_id, list(told), now):
            held += outbox.hold_back(conn, match_id, now, recipient_id=recipient_id, why=WHY)
            for alert in attention.open_alerts_of_match(conn, match_id, recipient_id):
                if not takes_back(conn, alert):
                    held += close_unshared(conn, alert, now)
    return held


def _unshared(conn: Connection, recipient_id: str, told: Sequence[Standing], now: datetime) -> list[str]:
    """Return the matches, among these, of which one case may not be known to a partner any more."""
    known = known_cases(conn, recipient_id, {case_id for one in told for case_id in one.case_ids}, now)
    return [one.match_id for one in told if not known.issuperset(one.case_ids)]
