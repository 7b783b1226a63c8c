"""Whom may a match reach no longer? Asked when an agreement ends or consent is withdrawn.

What has not gone out is held back, and what was told ends, for those whom it concerns; whoever else is told of the same
match still is. Of one case that is one transaction. Where an agreement ends, thousands of alerts may have to: what has
not gone out is held back with the agreement's end, the rest follows in pages, so that nobody waits long to write.
What one is waited for who takes part no longer ends when whoever stands above is told (`api.alerts.attention_steps`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

from api.alerts.attention_chain import is_only_gone
from api.alerts.unshared import WHY, close_unshared, takes_back
from api.matches.knowing import known_cases
from api.store import Connection, Database, attention, knowing, outbox, partners
from api.store.alerts import Alert
from api.store.knowing import Standing

PAGE: Final = 200
"""How many recipients of matches are dealt with in one transaction."""


def hold_back_unshared(conn: Connection, now: datetime, match_ids: Sequence[str]) -> int:
    """Hold back every message about some matches that may not go to its recipient any more, and end the alert.

    Returns:
        How many messages had not gone out.
    """
    return _end_unshared(conn, knowing.standing(conn, match_ids), now)


def hold_back_unsent(conn: Connection, now: datetime, match_ids: Sequence[str] | None = None) -> int:
    """Hold back what has not gone out; the alerts are for `end_all_unshared`.

    Args:
        match_ids: of these matches; None for all.
    Returns:
        How many messages.
    """
    unshared = _unshared(conn, knowing.standing(conn, match_ids, unsent_only=True), now)
    return sum(outbox.hold_back(conn, one.match_id, now, recipient_id=one.recipient_id, why=WHY) for one in unshared)


def end_all_unshared(database: Database, now: datetime) -> int:
    """Do as `hold_back_unshared` for all matches, a page in each transaction; return how many had not gone out.

    What a page is about is decided again with it: somebody may have agreed since.
    """
    with database.read() as conn:
        unshared = _unshared(conn, knowing.standing(conn), now)
    held = 0
    for start in range(0, len(unshared), PAGE):
        with database.write() as conn:
            held += _end_unshared(conn, unshared[start : start + PAGE], now)
    return held


def _end_unshared(conn: Connection, told: Sequence[Standing], now: datetime) -> int:
    held = 0
    for one in _unshared(conn, told, now):
        held += outbox.hold_back(conn, one.match_id, now, recipient_id=one.recipient_id, why=WHY)
        for alert in knowing.open_alerts_of_match(conn, one.match_id, one.recipient_id):
            if takes_back(conn, alert):
                continue
            if _passes_on(conn, alert, now):
                attention.plan(conn, alert.id, now, alert.act_by)
            else:
                held += close_unshared(conn, alert, now)
    return held


def _passes_on(conn: Connection, alert: Alert, now: datetime) -> bool:
    """Tell whether an alert ends only once somebody above is told: it is waited for, and its recipient is just gone."""
    recipient = partners.get_partner(conn, alert.recipient_id)
    return alert.next_step_at is not None and recipient is not None and is_only_gone(conn, alert, recipient, now)


def _unshared(conn: Connection, told: Sequence[Standing], now: datetime) -> list[Standing]:
    """Return those, among these in the order of recipients, whose recipient may not know of both cases any more."""
    found: list[Standing] = []
    for recipient_id, group in groupby(told, key=lambda one: one.recipient_id):
        its = list(group)
        known = known_cases(conn, recipient_id, {case_id for one in its for case_id in one.case_ids}, now)
        found += [one for one in its if not known.issuperset(one.case_ids)]
    return found
