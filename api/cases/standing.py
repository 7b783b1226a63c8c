"""What is the caller to this case, now? Decided from ownership, agreement, consent, matches and what was granted.

erased, or its time is over ── nobody
owner ── OWNER
no agreement between both organisations, or no consent to sharing with this class of them ── STRANGER
    the case was referred to it, and it accepted ── DISCLOSED
    asked with a purpose about a living match, and the owner accepted ── DISCLOSED
    a police unit where the family of a missing report lives ── POLICE
    party to a living match ── PARTY
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from api.access import POLICE_KINDS, RECIPIENT_CLASS, AccessScope, NotFound, Relation
from api.matches.states import ENDED
from api.store import Connection, agreements, alerts, cases, consents, disclosures, matches, referrals
from api.store.cases import Case
from api.store.matches import Match
from matcher.person import Side


def standing(conn: Connection, case: Case, scope: AccessScope, now: datetime) -> Relation:
    """Return what the caller is to a case."""
    if case.expired(now):
        return Relation.STRANGER
    if case.owner_id == scope.partner_id:
        return Relation.OWNER
    if not may_share(conn, case, scope, now):
        return Relation.STRANGER
    if referrals.active_referral(conn, case.id, scope.partner_id):
        return Relation.DISCLOSED
    party_to = {match.id for match in matches.matches_of_case(conn, case.id) if is_party(conn, match, scope, now)}
    if any(grant.match_id in party_to for grant in disclosures.granted(conn, case.id, scope.partner_id, now)):
        return Relation.DISCLOSED
    if _is_police_of(case, scope):
        return Relation.POLICE
    return Relation.PARTY if party_to else Relation.STRANGER


def own_case(conn: Connection, case_id: str, scope: AccessScope, now: datetime) -> Case:
    """Return the caller's own case.

    Raises:
        NotFound: there is none, it is another partner's, or its time is over: the answer is the same.
    """
    case = cases.get_case(conn, case_id)
    if case is None or case.owner_id != scope.partner_id or case.expired(now):
        raise NotFound("case")
    return case


def may_share(conn: Connection, case: Case, scope: AccessScope, now: datetime) -> bool:
    """Tell whether anything of another partner's case may go to the caller: by agreement and by consent."""
    return may_go_to(conn, case, scope.partner_id, scope.kind, now)


def may_go_to(conn: Connection, case: Case, partner_id: str, kind: str, now: datetime) -> bool:
    """Tell whether anything of another partner's case may go to a partner of a kind."""
    return agreements.agreed(conn, case.owner_id, partner_id, now) and consents.permitted(
        conn, case.id, "sharing", RECIPIENT_CLASS[kind]
    )


def may_meet(conn: Connection, missing: Case, rescued: Case, now: datetime) -> bool:
    """Tell whether a match of two cases may be stored: both are open and in time, and the owners agreed."""
    if "closed" in (missing.status, rescued.status) or missing.expired(now) or rescued.expired(now):
        return False
    return agreements.agreed(conn, missing.owner_id, rescued.owner_id, now)


TOLD_AS_OWNER: Final = frozenset({"owner_missing", "owner_rescued", "was_told"})
"""Rules of `api.alerts.routing` and `api.alerts.recalling` by which nobody is a party who is not one anyway."""


def is_party(conn: Connection, match: Match, scope: AccessScope, now: datetime) -> bool:
    """Tell whether the caller is a party to a match: owner of a side that may know of the other, or told of it."""
    if match.state in ENDED:
        return False
    both = list(cases.get_cases(conn, [match.missing_id, match.rescued_id]).values())
    if len(both) < 2 or any(case.expired(now) for case in both):
        return False
    others = [case for case in both if case.owner_id != scope.partner_id]
    if any(not may_share(conn, case, scope, now) for case in others):
        return False
    # Who was told as an owner is a party as long as it is one: a transfer leaves nothing with the former one.
    return len(others) < 2 or any(
        alert.recipient_id == scope.partner_id and alert.rule not in TOLD_AS_OWNER
        for alert in alerts.alerts_of_match(conn, match.id)
    )


def sees_for_its_work(conn: Connection, case: Case, scope: AccessScope) -> bool:
    """Tell whether a case is before the caller without any match: as its police unit, or since it was referred there.

    Agreement and consent are asked for apart.
    """
    return _is_police_of(case, scope) or referrals.active_referral(conn, case.id, scope.partner_id)


def standing_in(conn: Connection, match: Match, case: Case, scope: AccessScope, now: datetime) -> Relation:
    """Return what a party to a match is to one of its two cases: what `standing` returns, without looking further."""
    if case.owner_id == scope.partner_id:
        return Relation.OWNER
    granted = disclosures.granted(conn, case.id, scope.partner_id, now)
    if referrals.active_referral(conn, case.id, scope.partner_id) or any(one.match_id == match.id for one in granted):
        return Relation.DISCLOSED
    return Relation.POLICE if _is_police_of(case, scope) else Relation.PARTY


def _is_police_of(case: Case, scope: AccessScope) -> bool:
    return case.side == Side.MISSING and scope.kind in POLICE_KINDS and scope.covers(case.origin_area)
