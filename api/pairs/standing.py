"""Who holds two records of one side, and may these two learn of each other? Asked before anything is said of a pair.

Both records are open, their owners differ and have an agreement, and sharing is agreed to both ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from api.access import RECIPIENT_CLASS
from api.store import Connection, agreements, cases, consents, partners, suspects
from matcher.person import Side


@dataclass(frozen=True, slots=True)
class Held:
    """A record, as far as it matters who may know that there is one.

    Attributes:
        side: of a case; None of a suspect.
        protected: where the person is may not be told.
    """

    id: str
    owner_id: str
    side: str | None
    protected: bool

    def hides(self, other: Held) -> bool:
        """Tell whether the owner of this record may not learn who holds the other one.

        Two records of rescued persons may be of one: what protects her in one of them protects her in the other.
        """
        return other.protected or (self.side == Side.RESCUED and self.protected)


def both_of(conn: Connection, kind: str, one_id: str, other_id: str, now: datetime) -> tuple[Held, Held] | None:
    """Return two records whose owners may know of each other's; None where they may not, or one is not open."""
    found = _cases(conn, one_id, other_id, now) if kind == "person" else _suspects(conn, one_id, other_id)
    if found is None or found[0].owner_id == found[1].owner_id:
        return None
    one, other = found
    if not agreements.agreed(conn, one.owner_id, other.owner_id, now):
        return None
    if kind == "person" and not (_shared(conn, one, other.owner_id) and _shared(conn, other, one.owner_id)):
        return None
    return one, other


def _cases(conn: Connection, one_id: str, other_id: str, now: datetime) -> tuple[Held, Held] | None:
    found = cases.get_cases(conn, [one_id, other_id])
    one, other = found.get(one_id), found.get(other_id)
    if one is None or other is None or one.side != other.side:
        return None
    if any(case.status != "open" or case.expired(now) for case in (one, other)):
        return None
    first, second = (Held(case.id, case.owner_id, case.side, case.protect_location) for case in (one, other))
    return first, second


def _suspects(conn: Connection, one_id: str, other_id: str) -> tuple[Held, Held] | None:
    found = suspects.standing_of(conn, [one_id, other_id])
    if len(found) < 2 or any(status != "open" for _, status in found.values()):
        return None
    one, other = (Held(one, found[one][0], None, False) for one in (one_id, other_id))
    return one, other


def _shared(conn: Connection, record: Held, with_id: str) -> bool:
    """Tell whether a person agreed that this class of organisations may know of her record."""
    partner = partners.get_partner(conn, with_id)
    return partner is not None and consents.permitted(conn, record.id, "sharing", RECIPIENT_CLASS[partner.kind])
