"""Whom may a match reach no longer? Asked when an agreement ends or consent is withdrawn.

What has not gone out is held back, and what was told ends, for those whom it concerns; whoever else is told of the same
match still is. What one was waited for who takes part no longer ends when whoever stands above is told
(`api.alerts.attention_steps`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from api.access import RECIPIENT_CLASS
from api.alerts.attention_chain import is_only_gone
from api.alerts.unshared import WHY, close_unshared, takes_back
from api.store import Connection, agreements, attention, cases, consents, outbox, partners
from api.store.alerts import Alert
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


def _unshared(conn: Connection, recipient_id: str, told: Sequence[Standing], now: datetime) -> list[str]:
    """Return the matches, among these, of which one case may not be known to a partner any more."""
    recipient = partners.get_partner(conn, recipient_id)
    if recipient is None:
        return [one.match_id for one in told]
    owners = cases.owners_of(conn, sorted({case_id for one in told for case_id in one.case_ids}))
    agreed = agreements.agreed_with(conn, recipient_id, now)
    others = [case_id for case_id, owner in owners.items() if owner != recipient_id]
    shared = consents.permitted_among(conn, others, "sharing", RECIPIENT_CLASS[recipient.kind])
    known = {
        case_id for case_id, owner in owners.items() if owner == recipient_id or (owner in agreed and case_id in shared)
    }
    return [one.match_id for one in told if not known.issuperset(one.case_ids)]
