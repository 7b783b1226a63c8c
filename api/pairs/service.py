"""Which pairs concern the caller, and what does it say to them? Of the other side it sees who holds it, and no more.

A pair of cases asks for the permission to read matches, a pair of suspects for that to read suspects as well. One that
has ended, or whose owners may no longer know of each other, is as if there were none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from api.access import POLICE_KINDS, AccessScope, NotFound, Permission
from api.ids import Clock
from api.pairs.standing import Held, both_of
from api.store import Connection, Database, audit, pairs, partners
from api.store.pairs import Pair
from api.store.partners import Partner

Reason = Literal["not_the_same", "known_already", "entered_in_error", "other"]
"""Words only: whoever explains more says it to the other unit, not here."""


@dataclass(frozen=True, slots=True)
class PairSeen:
    """A pair as one of its two parties sees it.

    Attributes:
        own: the caller's record.
        holder: who holds the other one; None where the caller may not be told.
    """

    pair: Pair
    own: Held
    holder: Partner | None

    @property
    def dismissed_by_caller(self) -> bool:
        """Tell whether it was the caller's side that dismissed it."""
        return self.pair.dismissed_by == self.own.owner_id


@dataclass(frozen=True, slots=True)
class PairRows:
    """A page of pairs, and the last id where there are more."""

    items: list[PairSeen]
    next: str | None


class PairService:
    """Shows pairs to their two parties and takes what they say."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def page(
        self, scope: AccessScope, *, kind: str | None, state: str | None, after: str | None, limit: int
    ) -> PairRows:
        """Return a page of the caller's pairs, oldest first; the read is audited.

        Raises:
            NotPermitted: the caller may not read matches, or asks for suspects and may not read these.
        """
        scope.require(Permission.MATCHES_READ)
        if kind == "suspect":
            scope.require(Permission.SUSPECTS_READ)
        kinds = [one for one in ("person", "suspect") if kind in (None, one) and _reads(one, scope)]
        with self._database.write() as conn:
            rows = pairs.page(conn, scope.partner_id, kinds=kinds, state=state, after=after, limit=limit + 1)
            seen = [one for one in (self._seen(conn, pair, scope) for pair in rows[:limit]) if one is not None]
            audit.append(
                conn, at=self._clock(), actor=scope.actor_id, action="pairs.listed", subject=scope.partner_id,
                detail={"count": len(seen)},
            )  # fmt: skip
        return PairRows(seen, rows[limit - 1].id if len(rows) > limit else None)

    def read(self, pair_id: str, scope: AccessScope) -> PairSeen:
        """Return one of the caller's pairs; the read is audited.

        Raises:
            NotFound: there is none, or the caller is no party to it: the answer is the same.
        """
        scope.require(Permission.MATCHES_READ)
        with self._database.write() as conn:
            seen = self._own(conn, pair_id, scope)
            audit.append(conn, at=self._clock(), actor=scope.actor_id, action="pair.read", subject=pair_id)
        return seen

    def dismiss(self, pair_id: str, reason: Reason, scope: AccessScope) -> PairSeen:
        """Say that it is nothing; it stays silent until the evidence rises. The first dismissal counts.

        Raises:
            NotPermitted: the caller may not change cases; or, of suspects, not these.
            NotFound: there is none, or the caller is no party to it.
        """
        scope.require(Permission.CASES_WRITE)
        with self._database.write() as conn:
            seen = self._own(conn, pair_id, scope)
            if seen.pair.kind == "suspect":
                scope.require(Permission.SUSPECTS_WRITE)
            if seen.pair.state == "open":
                pairs.dismiss(conn, pair_id, by=scope.partner_id, reason=reason, at=self._clock())
                audit.append(
                    conn, at=self._clock(), actor=scope.actor_id, action="pair.dismissed", subject=pair_id,
                    detail={"reason": reason},
                )  # fmt: skip
            return self._own(conn, pair_id, scope)

    def _own(self, conn: Connection, pair_id: str, scope: AccessScope) -> PairSeen:
        pair = pairs.get(conn, pair_id)
        seen = None if pair is None else self._seen(conn, pair, scope)
        if seen is None:
            raise NotFound("pair")
        return seen

    def _seen(self, conn: Connection, pair: Pair, scope: AccessScope) -> PairSeen | None:
        if pair.state == "ended" or not _reads(pair.kind, scope):
            return None
        both = both_of(conn, pair.kind, pair.first_id, pair.second_id, self._clock())
        if both is None:
            return None
        for own, other in (both, both[::-1]):
            if own.owner_id == scope.partner_id:
                holder = None if own.hides(other) else partners.get_partner(conn, other.owner_id)
                return PairSeen(pair, own, holder)
        return None


def _reads(kind: str, scope: AccessScope) -> bool:
    return kind == "person" or (Permission.SUSPECTS_READ in scope.permissions and scope.kind in POLICE_KINDS)
