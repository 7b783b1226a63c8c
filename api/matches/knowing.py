"""Which cases may a partner know of, now? Asked of many at once, without opening any of them.

Its own ones; of others' those of a partner with which it may exchange, where sharing with its class is agreed to. The
rule is that of `api.cases.standing`, which asks of one case.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from api.access import RECIPIENT_CLASS
from api.store import Connection, agreements, cases, consents, partners


def known_cases(conn: Connection, partner_id: str, case_ids: Collection[str], now: datetime) -> set[str]:
    """Return the cases, among these, of which a partner may know."""
    partner = partners.get_partner(conn, partner_id)
    if partner is None:
        return set()
    owners = cases.owners_of(conn, sorted(case_ids))
    agreed = agreements.agreed_with(conn, partner_id, now)
    others = [case_id for case_id, owner in owners.items() if owner != partner_id and owner in agreed]
    shared = consents.permitted_among(conn, others, "sharing", RECIPIENT_CLASS[partner.kind])
    return {case_id for case_id, owner in owners.items() if owner == partner_id} | shared
