"""Which partners may exchange anything at all? Those who take part and are parties in force of one agreement.

Of a partner that no longer takes part nothing is matched or shown, not even one of its cases with another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, insert, or_, select, update

from api.store.errors import RowMissing
from api.store.sharing_tables import agreement_parties, agreements
from api.store.tables import cases, partners
from api.store.types import Id


@dataclass(frozen=True, slots=True)
class Party:
    """A partner in an agreement; in force from `accepted_at` until `left_at`."""

    partner_id: str
    accepted_at: datetime | None
    left_at: datetime | None

    @property
    def in_force(self) -> bool:
        """Tell whether the partner has accepted and not left."""
        return self.accepted_at is not None and self.left_at is None


@dataclass(frozen=True, slots=True)
class Agreement:
    """An agreement to exchange.

    Attributes:
        reference: of the paper that was signed.
        valid_until: None for no end.
    """

    id: str
    reference: str
    valid_from: datetime
    valid_until: datetime | None
    created_at: datetime
    created_by: str
    parties: tuple[Party, ...]

    def valid(self, now: datetime) -> bool:
        """Tell whether it holds at a moment."""
        return self.valid_from <= now and (self.valid_until is None or now < self.valid_until)


def add_agreement(
    conn: Connection,
    *,
    agreement_id: str,
    reference: str,
    parties: Sequence[str],
    valid_from: datetime,
    valid_until: datetime | None,
    at: datetime,
    by: str,
    accepted: Sequence[str] = (),
) -> Agreement:
    """Add an agreement between partners.

    Args:
        parties: ids of partners, each once.
        accepted: those of them for whom it is in force at once.
    """
    row = {"id": agreement_id, "reference": reference, "valid_from": valid_from, "valid_until": valid_until}
    conn.execute(insert(agreements).values(**row, created_at=at, created_by=by))
    rows = [
        {
            "agreement_id": agreement_id,
            "partner_id": partner,
            "accepted_at": at if partner in accepted else None,
            "accepted_by": by if partner in accepted else None,
        }
        for partner in parties
    ]
    conn.execute(insert(agreement_parties), rows)
    return require_agreement(conn, agreement_id)


def add_party(conn: Connection, agreement_id: str, partner_id: str) -> None:
    """Let a further partner in, who has yet to accept."""
    conn.execute(insert(agreement_parties).values(agreement_id=agreement_id, partner_id=partner_id))


def accept(conn: Connection, agreement_id: str, partner_id: str, *, at: datetime, by: str) -> Agreement:
    """Put an agreement in force for one party, also for one who had left.

    Raises:
        RowMissing: the partner is no party of it.
    """
    values = {"accepted_at": at, "accepted_by": by, "left_at": None, "left_by": None}
    return _change(conn, agreement_id, partner_id, values)


def leave(conn: Connection, agreement_id: str, partner_id: str, *, at: datetime, by: str) -> Agreement:
    """End an agreement for one party, at once.

    Raises:
        RowMissing: the partner is no party of it.
    """
    return _change(conn, agreement_id, partner_id, {"left_at": at, "left_by": by})


def get_agreement(conn: Connection, agreement_id: str) -> Agreement | None:
    """Return an agreement, None if there is none of that id."""
    return next(iter(_fetch(conn, select(agreements).where(agreements.c.id == agreement_id))), None)


def require_agreement(conn: Connection, agreement_id: str) -> Agreement:
    """Return an agreement.

    Raises:
        RowMissing: there is none of that id.
    """
    found = get_agreement(conn, agreement_id)
    if found is None:
        raise RowMissing("agreements")
    return found


def list_agreements(
    conn: Connection, *, partner_id: str | None = None, after: str | None = None, limit: int = 200
) -> list[Agreement]:
    """Return agreements in id order; with `partner_id`, those of which it is a party."""
    statement = select(agreements).order_by(agreements.c.id).limit(limit)
    if partner_id is not None:
        mine = select(agreement_parties.c.agreement_id).where(agreement_parties.c.partner_id == partner_id)
        statement = statement.where(agreements.c.id.in_(mine))
    if after is not None:
        statement = statement.where(agreements.c.id > after)
    return _fetch(conn, statement)


def agreed_with(conn: Connection, partner_id: str, now: datetime) -> set[str]:
    """Return the partners with whom one may exchange, and itself; nobody when it takes part no longer."""
    if not _active(conn, partner_id):
        return set()
    mine = agreement_parties.alias("mine")
    theirs = agreement_parties.alias("theirs")
    both = (
        select(theirs.c.partner_id)
        .join(mine, mine.c.agreement_id == theirs.c.agreement_id)
        .join(agreements, agreements.c.id == theirs.c.agreement_id)
        .join(partners, partners.c.id == theirs.c.partner_id)
        .where(mine.c.partner_id == partner_id, *_in_force(mine), *_in_force(theirs), _valid(now), partners.c.active)
    )
    return {partner_id, *conn.scalars(both)}


def agreed(conn: Connection, one: str, other: str, now: datetime, *, as_if_active: str | None = None) -> bool:
    """Tell whether two partners may exchange; with itself, everybody may who takes part.

    Args:
        as_if_active: asked as if this partner took part.
    """
    if one == other:
        return one == as_if_active or _active(conn, one)
    asked = {"one": one, "other": other, "now": now}
    return conn.execute(_AGREED[one == as_if_active, other == as_if_active], asked).first() is not None


def any_lapsed(conn: Connection, since: datetime, now: datetime) -> bool:
    """Tell whether an agreement ran out in (since, now]."""
    over = select(agreements.c.id).where(agreements.c.valid_until > since, agreements.c.valid_until <= now)
    return conn.execute(over.limit(1)).first() is not None


def begun_parties(conn: Connection, since: datetime, now: datetime) -> set[str]:
    """Return the partners for whom an agreement began by time alone, in (since, now]: one that was to begin later."""
    parties = select(agreement_parties.c.partner_id).join(
        agreements, agreements.c.id == agreement_parties.c.agreement_id
    )
    began = parties.where(
        agreements.c.valid_from > since,
        agreements.c.valid_from > agreements.c.created_at,
        agreements.c.valid_from <= now,
        _valid(now),
    )
    return set(conn.scalars(began.where(*_in_force(agreement_parties)).distinct()))


def all_agreed(conn: Connection, now: datetime) -> bool:
    """Tell whether one agreement holds between all whose cases are searched: the usual case, which is quick to see."""
    gone = conn.scalars(select(partners.c.id).where(~partners.c.active)).all()  # few; read first, it keeps this quick
    if gone and conn.execute(select(cases.c.id).where(cases.c.owner_id.in_(gone)).limit(1)).first() is not None:
        return False
    taking_part = (partners.c.active, partners.c.kind != "operator")
    count = conn.scalar(select(func.count()).select_from(partners).where(*taking_part)) or 0
    widest = (
        select(func.count())
        .select_from(agreement_parties)
        .join(agreements, agreements.c.id == agreement_parties.c.agreement_id)
        .join(partners, partners.c.id == agreement_parties.c.partner_id)
        .where(*_in_force(agreement_parties), _valid(now), *taking_part)
        .group_by(agreements.c.id)
    )
    return count < 2 or count in conn.scalars(widest).all()


def _active(conn: Connection, partner_id: str) -> bool:
    return bool(conn.scalar(_TAKES_PART, {"one": partner_id}))


def _takes_part(partner_id: Any) -> Any:
    return select(partners.c.id).where(partners.c.id == partner_id, partners.c.active).exists()


def _valid(now: Any) -> Any:
    return and_(agreements.c.valid_from <= now, or_(agreements.c.valid_until.is_(None), agreements.c.valid_until > now))


def _in_force(party: Any) -> tuple[Any, Any]:
    return party.c.accepted_at.is_not(None), party.c.left_at.is_(None)


def _agreed(one_as_if_active: bool, other_as_if_active: bool) -> Select[Any]:
    """Return what finds an agreement of two partners, `one` and `other`, in force `now`."""
    first, second = agreement_parties.alias("first"), agreement_parties.alias("second")
    one, other = bindparam("one", type_=Id), bindparam("other", type_=Id)
    asked = [party for party, as_if in ((one, one_as_if_active), (other, other_as_if_active)) if not as_if]
    return (
        select(agreements.c.id)
        .join(first, first.c.agreement_id == agreements.c.id)
        .join(second, second.c.agreement_id == agreements.c.id)
        .where(first.c.partner_id == one, second.c.partner_id == other)
        .where(*_in_force(first), *_in_force(second), _valid(bindparam("now", type_=agreements.c.valid_from.type)))
        .where(*map(_takes_part, asked))
        .limit(1)
    )


# Asked for every recipient of every match: to write a statement takes longer than to run it.
_AGREED: Final = {(one, other): _agreed(one, other) for one in (False, True) for other in (False, True)}
_TAKES_PART: Final = select(_takes_part(bindparam("one", type_=Id)))


def _change(conn: Connection, agreement_id: str, partner_id: str, values: dict[str, object]) -> Agreement:
    mine = (agreement_parties.c.agreement_id == agreement_id, agreement_parties.c.partner_id == partner_id)
    if conn.execute(update(agreement_parties).where(*mine).values(**values)).rowcount == 0:
        raise RowMissing("agreement_parties")
    return require_agreement(conn, agreement_id)


def _fetch(conn: Connection, statement: Select[Any]) -> list[Agreement]:
    rows = conn.execute(statement).all()
    wanted = select(agreement_parties).where(agreement_parties.c.agreement_id.in_([row.id for row in rows]))
    parties: dict[str, list[Party]] = {}
    for party in conn.execute(wanted.order_by(agreement_parties.c.partner_id)):
        parties.setdefault(party.agreement_id, []).append(_party(party))
    return [Agreement(**row._asdict(), parties=tuple(parties.get(row.id, ()))) for row in rows]


def _party(row: Row[Any]) -> Party:
    return Party(row.partner_id, row.accepted_at, row.left_at)
