"""Does a bulletin still stand? Asked whenever it is read, whatever has or has not been told meanwhile.

the whole of it   the case is there, open, in time, a missing child's who is not known to be found, and of the partner
                  that published it; the authorisation is in force; a place that is shown is not protected
for one of them   an agreement with the recipient is in force, publication and sharing are agreed to for its class, and
                  the order covers it as it is now: the areas of a partner change
"""

from __future__ import annotations

from datetime import datetime

from api.access import RECIPIENT_CLASS
from api.bulletins.errors import Ground, PublicationForbidden
from api.bulletins.scope import PublicationScope
from api.store import Connection, agreements, authorisations, cases, consents, found
from api.store.bulletins import Bulletin
from api.store.cases import Case
from api.store.partners import Partner, get_partner
from matcher.person import Side


def forbidden(conn: Connection, case: Case) -> Ground | None:
    """Return why the law forbids to publish anything of a case, None where it does not."""
    if case.side != Side.MISSING:
        return "rescued"
    return "found" if found.is_found(conn, case.id) else None


def tells_place(case: Case, fields: tuple[str, ...]) -> bool:
    """Tell whether these fields would publish where a protected person was or is."""
    return case.protect_location and "place" in fields


def require_lawful(conn: Connection, case: Case, fields: tuple[str, ...]) -> None:
    """Refuse what the law forbids to publish.

    Raises:
        PublicationForbidden: says on which ground.
    """
    ground = forbidden(conn, case)
    if ground is not None:
        raise PublicationForbidden(ground)
    if tells_place(case, fields):
        raise PublicationForbidden("protected")


def why_over(conn: Connection, bulletin: Bulletin, now: datetime) -> str | None:
    """Return why a bulletin no longer stands for anybody, None while it does."""
    case = cases.get_case(conn, bulletin.case_id)
    if case is None:
        return "erased"
    if case.owner_id != bulletin.issuer_id:
        return "owner_changed"
    if forbidden(conn, case) is not None:
        return "found"
    if case.expired(now):
        return "expired"
    if case.status != "open":
        return "closed"
    given = authorisations.get(conn, bulletin.authorisation_id)
    if given is None or given.withdrawn_at is not None:
        return "authorisation_withdrawn"
    if not given.in_force(now):
        return "authorisation_expired"
    return "location_protected" if tells_place(case, bulletin.fields) else None


def why_over_for(conn: Connection, bulletin: Bulletin, partner_id: str, now: datetime) -> str | None:
    """Return why a bulletin no longer stands for a recipient, None while it does or is over for all anyway."""
    if not agreements.agreed(conn, bulletin.issuer_id, partner_id, now):
        return "agreement_ended"
    partner = get_partner(conn, partner_id)
    if partner is None or not agreed_to(conn, bulletin.case_id, partner):
        return "consent_withdrawn"
    given = authorisations.get(conn, bulletin.authorisation_id)
    return None if given is None or PublicationScope.read(given.scope).covers(partner) else "out_of_scope"


def agreed_to(conn: Connection, case_id: str, partner: Partner) -> bool:
    """Tell whether a case may be published to a partner: to its class, for publication, and shown to it at all."""
    recipients = RECIPIENT_CLASS[partner.kind]
    return all(consents.permitted(conn, case_id, purpose, recipients) for purpose in ("publication", "sharing"))
