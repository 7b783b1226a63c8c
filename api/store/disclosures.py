"""Who has asked to see whose case in full, for which purpose, and what did its owner say?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, or_, select, update

from api.store.errors import RowMissing
from api.store.sharing_tables import disclosures
from api.store.tables import cases


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A request of one party of a match to see the other side's case in full.

    Attributes:
        state: "requested", "accepted", "refused" or "withdrawn".
        expires_at: of one that was accepted.
    """

    id: str
    match_id: str
    case_id: str
    requester_id: str
    purpose: str
    state: str
    requested_at: datetime
    requested_by: str
    decided_at: datetime | None = None
    decided_by: str | None = None
    expires_at: datetime | None = None


def add_disclosure(conn: Connection, new: Disclosure) -> None:
    """Store a request."""
    conn.execute(insert(disclosures).values(**{name: getattr(new, name) for name in Disclosure.__slots__}))


def get_disclosure(conn: Connection, disclosure_id: str) -> Disclosure | None:
    """Return a request, None if there is none of that id."""
    return next(iter(_fetch(conn, select(disclosures).where(disclosures.c.id == disclosure_id))), None)


def pending_or_accepted(
    conn: Connection, match_id: str, case_id: str, requester_id: str, now: datetime
) -> Disclosure | None:
    """Return a request of the same kind that is open or granted, None if there is none."""
    statement = _of(case_id, requester_id).where(
        disclosures.c.match_id == match_id, disclosures.c.state.in_(("requested", "accepted"))
    )
    found = _fetch(conn, statement)
    return next((one for one in found if one.expires_at is None or now < one.expires_at), None)


def granted(conn: Connection, case_id: str, requester_id: str, now: datetime) -> list[Disclosure]:
    """Return the requests of a partner to see a case that are granted now."""
    statement = _of(case_id, requester_id).where(disclosures.c.state == "accepted", disclosures.c.expires_at > now)
    return _fetch(conn, statement)


def list_disclosures(
    conn: Connection, partner_id: str, *, after: str | None = None, limit: int, state: str | None = None
) -> list[Disclosure]:
    """Return, in id order, what a partner has asked for and what it was asked for."""
    own = select(cases.c.id).where(cases.c.owner_id == partner_id)
    statement = select(disclosures).where(or_(disclosures.c.requester_id == partner_id, disclosures.c.case_id.in_(own)))
    if state is not None:
        statement = statement.where(disclosures.c.state == state)
    if after is not None:
        statement = statement.where(disclosures.c.id > after)
    return _fetch(conn, statement.order_by(disclosures.c.id).limit(limit))


def decide(
    conn: Connection,
    disclosure_id: str,
    state: str,
    *,
    expected: tuple[str, ...],
    at: datetime,
    by: str,
    expires_at: datetime | None = None,
) -> bool:
    """Move a request on; False when it is in none of the states expected.

    Raises:
        RowMissing: there is none of that id.
    """
    values = {"state": state, "decided_at": at, "decided_by": by, "expires_at": expires_at}
    mine = update(disclosures).where(disclosures.c.id == disclosure_id, disclosures.c.state.in_(expected))
    if conn.execute(mine.values(**values)).rowcount:
        return True
    if get_disclosure(conn, disclosure_id) is None:
        raise RowMissing("disclosures")
    return False


def withdraw_all(conn: Connection, case_id: str, *, at: datetime, by: str) -> int:
    """Take back whatever was granted or asked for of a case; return how many."""
    live = update(disclosures).where(
        disclosures.c.case_id == case_id, disclosures.c.state.in_(("requested", "accepted"))
    )
    return conn.execute(live.values(state="withdrawn", decided_at=at, decided_by=by)).rowcount


def _of(case_id: str, requester_id: str) -> Select[Any]:
    return select(disclosures).where(disclosures.c.case_id == case_id, disclosures.c.requester_id == requester_id)


def _fetch(conn: Connection, statement: Select[Any]) -> list[Disclosure]:
    return [Disclosure(**row._asdict()) for row in conn.execute(statement)]
