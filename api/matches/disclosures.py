"""How does a party to a match come to see the other side's case in full? It says what for, and the owner decides.

requested ──> accepted ──> withdrawn (by the owner, at any time), or over after ninety days
         └──> refused
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from api.access import AccessScope, NotFound, Permission
from api.cases.standing import is_party
from api.ids import Clock, RandomBytes, new_id
from api.store import Connection, Database, audit, cases, disclosures, matches
from api.store.disclosures import Disclosure
from matcher.errors import SandhanError
from matcher.person import Side

DisclosurePurpose = Literal[
    "verify-identity", "home-investigation", "repatriation", "court-proceedings", "medical-care"
]
Decision = Literal["accept", "refuse", "withdraw"]
GRANTED_FOR = timedelta(days=90)
_STEPS: dict[Decision, tuple[str, tuple[str, ...]]] = {
    "accept": ("accepted", ("requested",)),
    "refuse": ("refused", ("requested",)),
    "withdraw": ("withdrawn", ("requested", "accepted")),
}


class DecidedAlready(SandhanError):
    """Somebody has decided about this request already."""

    code = "decided_already"

    def __init__(self) -> None:
        super().__init__("this request is not in a state in which that can be decided; read it again")


@dataclass(frozen=True, slots=True)
class DisclosurePage:
    """Requests and the id of the last one, where further ones follow."""

    items: list[Disclosure]
    next: str | None


class DisclosureService:
    """Takes requests to see a case in full, and their owners' decisions."""

    def __init__(self, database: Database, clock: Clock, random_bytes: RandomBytes) -> None:
        self._database, self._clock, self._random = database, clock, random_bytes

    def request(self, match_id: str, side: Side, purpose: DisclosurePurpose, scope: AccessScope) -> Disclosure:
        """Ask to see one side of a match in full; asked again, the request that stands is returned.

        Raises:
            NotFound: there is no such match, the caller is no party to it, or the side is his own.
        """
        scope.require(Permission.DISCLOSURE_REQUEST)
        now = self._clock()
        with self._database.write() as conn:
            match = matches.get_match(conn, match_id)
            if match is None or not is_party(conn, match, scope, now):
                raise NotFound("match")
            case_id = match.missing_id if side is Side.MISSING else match.rescued_id
            if cases.require_case(conn, case_id).owner_id == scope.partner_id:
                raise NotFound("match")
            found = disclosures.pending_or_accepted(conn, match_id, case_id, scope.partner_id, now)
            if found is not None:
                return found
            new = Disclosure(
                new_id("disclosure", now, self._random), match_id, case_id, scope.partner_id, purpose, "requested",
                now, scope.actor_id,
            )  # fmt: skip
            disclosures.add_disclosure(conn, new)
            audit.append(
                conn, at=now, actor=scope.actor_id, action="disclosure.requested", subject=case_id, purpose=purpose,
                detail={"disclosure": new.id, "match": match_id},
            )  # fmt: skip
        return new

    def page(self, scope: AccessScope, *, state: str | None, after: str | None, limit: int) -> DisclosurePage:
        """Return what the caller has asked for and what it was asked for, oldest first; the read is audited."""
        scope.require(Permission.MATCHES_READ)
        with self._database.write() as conn:
            found = disclosures.list_disclosures(conn, scope.partner_id, state=state, after=after, limit=limit + 1)
            shown = [_as_seen(conn, one, scope) for one in found[:limit]]
            audit.append(
                conn, at=self._clock(), actor=scope.actor_id, action="disclosures.listed", subject=scope.partner_id,
                detail={"count": len(shown)},
            )  # fmt: skip
        return DisclosurePage(shown, found[limit - 1].id if len(found) > limit else None)

    def read(self, disclosure_id: str, scope: AccessScope) -> Disclosure:
        """Return a request that the caller made, or one about his own case; the read is audited.

        Raises:
            NotFound: there is none, or it is of others.
        """
        scope.require(Permission.MATCHES_READ)
        with self._database.write() as conn:
            found = disclosures.get_disclosure(conn, disclosure_id)
            if found is None or found.requester_id != scope.partner_id:
                found = self._own(conn, disclosure_id, scope)
            audit.append(conn, at=self._clock(), actor=scope.actor_id, action="disclosure.read", subject=disclosure_id)
            return _as_seen(conn, found, scope)

    def decide(self, disclosure_id: str, decision: Decision, scope: AccessScope) -> Disclosure:
        """Accept or refuse a request about the caller's own case, or take an acceptance back.

        Raises:
            NotFound: there is none, or it is about another partner's case.
            DecidedAlready: it is in a state in which that cannot be decided.
        """
        scope.require(Permission.DISCLOSURE_DECIDE)
        state, expected = _STEPS[decision]
        now = self._clock()
        with self._database.write() as conn:
            found = self._own(conn, disclosure_id, scope)
            until = now + GRANTED_FOR if state == "accepted" else None
            if not disclosures.decide(
                conn, disclosure_id, state, expected=expected, at=now, by=scope.actor_id, expires_at=until
            ):
                raise DecidedAlready
            audit.append(
                conn, at=now, actor=scope.actor_id, action=f"disclosure.{state}", subject=found.case_id,
                purpose=found.purpose, detail={"disclosure": disclosure_id, "match": found.match_id},
            )  # fmt: skip
            decided = disclosures.get_disclosure(conn, disclosure_id)
            assert decided is not None
            return _as_seen(conn, decided, scope)

    def _own(self, conn: Connection, disclosure_id: str, scope: AccessScope) -> Disclosure:
        found = disclosures.get_disclosure(conn, disclosure_id)
        case = None if found is None else cases.get_case(conn, found.case_id)
        if found is None or case is None or case.owner_id != scope.partner_id or case.expired(self._clock()):
            raise NotFound("request")
        return found


def _as_seen(conn: Connection, one: Disclosure, scope: AccessScope) -> Disclosure:
    """Return a request as the caller may see it: not by whom, where that tells where a protected person is."""
    match = matches.get_match(conn, one.match_id)
    other = None if match is None or match.rescued_id == one.case_id else cases.get_case(conn, match.rescued_id)
    tells = other is not None and other.protect_location and other.owner_id == one.requester_id
    return replace(one, requester_id="") if tells and one.requester_id != scope.partner_id else one
