"""Who is told of a match, and as whose side? Owners, then the units of source and destination.

    missing report   owner, and every AHTU and partner organisation whose area covers where the family lives
    rescued person   owner, and every AHTU and partner organisation whose area covers where she was found

Nobody is told twice: a unit that stands on both sides is told as the side it owns, else as the source.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from api.access import RECIPIENT_CLASS
from api.store import Connection, agreements, consents
from api.store.cases import Case
from api.store.partners import Partner, get_partner, partners_covering

ROUTED_KINDS = ("ahtu", "ngo", "coordination")
"""Kinds that are told by their area. State nodal offices and national focal points are those to whom is escalated what
these leave lying; told of every match, they would be told of too much. A committee's cases are referred to it."""
WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One organisation to be told.

    Attributes:
        partner: whom.
        own_case: the case on the recipient's side; its id is the only record id the message carries.
        other_organisation: who holds the other case; "withheld" when that would tell where a protected person is.
        reason: the rule that makes it a recipient.
    """

    partner: Partner
    own_case: Case
    other_organisation: str
    reason: str


def recipients_of(conn: Connection, missing: Case, rescued: Case, now: datetime) -> list[Recipient]:
    """Return everyone to be told of a match of two cases, in a stable order.

    Nobody is told of what he may not see: agreement and consent are asked for both cases.
    """
    owners = {case.id: get_partner(conn, case.owner_id) for case in (missing, rescued)}
    found: dict[str, Recipient] = {}

    def add(partner: Partner | None, own: Case, other: Case, reason: str) -> None:
        if partner is None or not partner.active or partner.id in found:
            return
        if not all(_may_share(conn, case, partner, now) for case in (own, other)):
            return
        holder = owners[other.id]
        hidden = other.protect_location or holder is None
        found[partner.id] = Recipient(partner, own, WITHHELD if hidden or holder is None else holder.name, reason)

    add(owners[missing.id], missing, rescued, "owner of the missing report")
    add(owners[rescued.id], rescued, missing, "owner of the rescued person's record")
    if missing.origin_area:
        for partner in partners_covering(conn, missing.origin_area, ROUTED_KINDS):
            add(partner, missing, rescued, "jurisdiction at the source")
    if rescued.event_area:
        for partner in partners_covering(conn, rescued.event_area, ROUTED_KINDS):
            add(partner, rescued, missing, "jurisdiction at the destination")
    return list(found.values())


def _may_share(conn: Connection, case: Case, partner: Partner, now: datetime) -> bool:
    if case.owner_id == partner.id:
        return True
    return agreements.agreed(conn, case.owner_id, partner.id, now) and consents.permitted(
        conn, case.id, "sharing", RECIPIENT_CLASS[partner.kind]
    )
