"""What has a person agreed to, or which law stands in for it? For each purpose and class of recipients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from api.store.errors import RowMissing
from api.store.portable import chunks
from api.store.sharing_tables import consents


@dataclass(frozen=True, slots=True)
class Consent:
    """One thing agreed to.

    Attributes:
        version: 1 for the first of a case, one more for each later one.
        purpose: "matching", "sharing", "faces", "referral" or "publication".
        recipients: the class of organisations it is for; "any" for all.
        basis: "consent", or what stands in for it, e.g. "legal_duty".
        given_by: "person", "guardian", "reporter" or "authority".
    """

    id: str
    case_id: str
    version: int
    purpose: str
    recipients: str
    basis: str
    given_by: str
    given_at: datetime
    recorded_by: str
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None

    @property
    def in_force(self) -> bool:
        """Tell whether it has not been withdrawn."""
        return self.withdrawn_at is None


def add_consents(conn: Connection, new: Sequence[Consent]) -> None:
    """Store what was agreed to."""
    if new:
        conn.execute(insert(consents), [{name: getattr(one, name) for name in Consent.__slots__} for one in new])


def next_version(conn: Connection, case_id: str) -> int:
    """Return the version that the next consent of a case gets."""
    return int(conn.scalar(select(func.max(consents.c.version)).where(consents.c.case_id == case_id)) or 0) + 1


def consents_of(conn: Connection, case_id: str) -> list[Consent]:
    """Return everything a person has ever agreed to, first to last."""
    statement = select(consents).where(consents.c.case_id == case_id).order_by(consents.c.version)
    return [_consent(row) for row in conn.execute(statement)]


def get_consent(conn: Connection, consent_id: str) -> Consent | None:
    """Return a consent, None if there is none of that id."""
    row = conn.execute(select(consents).where(consents.c.id == consent_id)).first()
    return None if row is None else _consent(row)


def withdraw(conn: Connection, consent_id: str, *, at: datetime, by: str) -> Consent:
    """Withdraw a consent; the first time counts.

    Raises:
        RowMissing: there is none of that id.
    """
    mine = update(consents).where(consents.c.id == consent_id, consents.c.withdrawn_at.is_(None))
    conn.execute(mine.values(withdrawn_at=at, withdrawn_by=by))
    found = get_consent(conn, consent_id)
    if found is None:
        raise RowMissing("consents")
    return found


def permitted(conn: Connection, case_id: str, purpose: str, recipients: str | None = None) -> bool:
    """Tell whether something is agreed to now.

    Args:
        recipients: for this class of organisations; None where nobody receives anything.
    """
    return case_id in permitted_among(conn, [case_id], purpose, recipients)


def permitted_among(conn: Connection, case_ids: Sequence[str], purpose: str, recipients: str | None = None) -> set[str]:
    """Return the cases, among these, in which something is agreed to now."""
    found: set[str] = set()
    for some in chunks(case_ids):
        statement = select(consents.c.case_id).where(
            consents.c.case_id.in_(some), consents.c.purpose == purpose, consents.c.withdrawn_at.is_(None)
        )
        if recipients is not None:
            statement = statement.where(or_(consents.c.recipients == "any", consents.c.recipients == recipients))
        found.update(conn.scalars(statement))
    return found


def _consent(row: Any) -> Consent:
    return Consent(**row._asdict())
