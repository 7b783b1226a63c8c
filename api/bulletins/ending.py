"""Which bulletins will be shown no longer though their child is still missing, and who must know? Their owner.

    two weeks before the order ends ──> "ending" ── renewed, or taken down ──> the alert ends
    taken down, and the owner did not do it ──> "over"

While the end comes near it stands on the owner's agenda, too. What the owner ends itself, or with its case, it knows.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import Final

from api.alerts.deadlines import deadlines_of
from api.alerts.raising import Occasion, raise_alert
from api.ids import RandomBytes
from api.store import Connection, alerts, attention, authorisations, bulletins, cases, knowing, partners
from api.store.alerts import Alert
from api.store.authorisations import Term
from api.store.bulletins import Bulletin

AHEAD: Final = timedelta(days=14)
"""So long before the end the owner is told: an authority needs days to renew its order."""
OF_ITS_CASE: Final = frozenset({"found", "closed", "expired", "erased"})
"""Reasons for which bulletins end with their case."""
_ENDING: Final = "the authorisation of a bulletin of yours ends soon"
_OVER: Final = "a bulletin of yours was taken down, and not by you"


def ending(conn: Connection, now: datetime, upto: datetime, owner_id: str | None = None) -> list[Term]:
    """Return the authorisations that end up to a moment while bulletins stand under them that nothing prolongs.

    Prolonged is what everybody to whom it is shown is shown under a later authorisation, too.

    Args:
        owner_id: of this owner; None for everybody's.
    """
    return [
        term
        for term in authorisations.ending(conn, now, upto, owner_id=owner_id)
        if not _is_prolonged(conn, term)
    ]  # fmt: skip


def tell_of_ending(conn: Connection, term: Term, now: datetime, random_bytes: RandomBytes) -> bool:
    """Tell an owner once that an authorisation ends soon, and anew where the renewal that ended the warning is none.

    Returns:
        Whether it was told now.
    """
    owner = partners.get_partner(conn, term.owner_id)
    if owner is None or not owner.active:
        return False
    before = [one for one in knowing.alerts_of_subject(conn, "bulletin", term.id) if one.event == "ending"]
    alerts.free_occasions(conn, [one.id for one in before if one.state == "closed"])
    occasion = Occasion(
        kind="bulletin", event="ending", priority="standard", same=(term.id,), rule=_ENDING, subject_id=term.id,
        own_case_id=term.case_id, due_at=deadlines_of(owner, "standard", now).due_at,
    )  # fmt: skip
    return raise_alert(conn, owner, occasion, now, random_bytes) is not None


def warnings_over(conn: Connection, now: datetime, upto: datetime) -> list[Alert]:
    """Return the alerts, not ended yet, of an order that ends soon, where nothing has to be renewed any more."""
    going = attention.going_of_kind(conn, "bulletin", after=None, limit=sys.maxsize, event="ending")
    due = {term.id for term in ending(conn, now, upto)} if going else set()
    return [alert for alert in going if alert.subject_id not in due]


def is_told_of_ending(conn: Connection, term: Term) -> bool:
    """Tell whether the owner was told that an authorisation ends, and the warning stands."""
    told = knowing.alerts_of_subject(conn, "bulletin", term.id)
    return any(alert.event == "ending" and alert.state != "closed" for alert in told)


def tell_owner(
    conn: Connection, bulletin: Bulletin, reason: str, now: datetime, *, by_engine: bool, random_bytes: RandomBytes
) -> None:
    """Tell the owner of a case that its bulletin was taken down, unless it did that itself or its case has ended."""
    if not by_engine or reason in OF_ITS_CASE:
        return
    owner_id = cases.owners_of(conn, [bulletin.case_id]).get(bulletin.case_id)
    owner = None if owner_id is None else partners.get_partner(conn, owner_id)
    if owner is None or not owner.active:
        return
    occasion = Occasion(
        kind="bulletin", event="over", priority="standard", same=(bulletin.id,), rule=_OVER, subject_id=bulletin.id,
        own_case_id=bulletin.case_id, due_at=deadlines_of(owner, "standard", now).due_at,
    )  # fmt: skip
    raise_alert(conn, owner, occasion, now, random_bytes)


def _is_prolonged(conn: Connection, term: Term) -> bool:
    live = bulletins.live_of_case(conn, term.case_id)
    ends = authorisations.ends_of(conn, sorted({one.authorisation_id for one in live}))
    mine = {to for one in live if one.authorisation_id == term.id for to in _shown_to(one)}
    later = {to for one in live if ends[one.authorisation_id] > term.expires_at for to in _shown_to(one)}
    return mine <= later


def _shown_to(bulletin: Bulletin) -> list[str]:
    return [one.partner_id for one in bulletin.receipts if one.ended_at is None]
