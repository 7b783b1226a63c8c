"""By whose order may a missing child be shown, to whom, what of it, and until when?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select, update

from api.store import keys
from api.store.duty_tables import bulletins, publication_authorisations
from api.store.sealed_documents import open_document, seal_document


@dataclass(frozen=True, slots=True)
class Authorisation:
    """An authority's leave to publish.

    Attributes:
        owner_id: whose the case was when it was given; with another owner it ends.
        authority: one of `duty_tables.AUTHORITIES`.
        scope: to whom, as `api.bulletins.scope` keeps it.
        fields: what of the case.
        name, order_number: who gave it, under which number; None once it was withdrawn or the case erased.
    """

    id: str
    case_id: str
    owner_id: str
    authority: str
    scope: dict[str, list[str]]
    fields: tuple[str, ...]
    with_photo: bool
    name: str | None = field(repr=False)
    order_number: str | None = field(repr=False)
    expires_at: datetime
    created_at: datetime
    created_by: str
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None

    def in_force(self, now: datetime) -> bool:
        """Tell whether it permits anything now."""
        return self.withdrawn_at is None and now < self.expires_at


class Term(NamedTuple):
    """An authorisation as far as its end matters; no seal is opened."""

    id: str
    case_id: str
    owner_id: str
    expires_at: datetime


def ending(conn: Connection, after: datetime, upto: datetime, *, owner_id: str | None = None) -> list[Term]:
    """Return authorisations in force that end in (after, upto] and under which bulletins stand, soonest first.

    Args:
        owner_id: of this owner; None for everybody's.
    """
    rows = publication_authorisations.c
    stand = select(bulletins.c.id).where(bulletins.c.authorisation_id == rows.id, bulletins.c.taken_down_at.is_(None))
    statement = select(rows.id, rows.case_id, rows.owner_id, rows.expires_at).where(
        rows.withdrawn_at.is_(None), rows.expires_at > after, rows.expires_at <= upto, stand.exists()
    )
    if owner_id is not None:
        statement = statement.where(rows.owner_id == owner_id)
    return [Term(*row) for row in conn.execute(statement.order_by(rows.expires_at, rows.id))]


def ends_of(conn: Connection, authorisation_ids: Sequence[str]) -> dict[str, datetime]:
    """Return when authorisations end, by id."""
    rows = publication_authorisations.c
    wanted = select(rows.id, rows.expires_at).where(rows.id.in_(list(authorisation_ids)))
    return {row.id: row.expires_at for row in conn.execute(wanted)}


def add(conn: Connection, new: Authorisation) -> None:
    """Store an authorisation.

    Raises:
        SealBroken: the case was erased.
    """
    said = {"name": new.name, "order_number": new.order_number}
    row = {
        "id": new.id,
        "case_id": new.case_id,
        "owner_id": new.owner_id,
        "authority": new.authority,
        "scope": new.scope,
        "fields": list(new.fields),
        "with_photo": new.with_photo,
        "sealed": seal_document(keys.record_key(conn, new.case_id), _place(new.id), said),
        "expires_at": new.expires_at,
        "created_at": new.created_at,
        "created_by": new.created_by,
    }
    conn.execute(insert(publication_authorisations).values(**row))


def get(conn: Connection, authorisation_id: str) -> Authorisation | None:
    """Return an authorisation, None if there is none of that id."""
    found = _fetch(conn, publication_authorisations.c.id == authorisation_id)
    return found[0] if found else None


def of_case(conn: Connection, case_id: str) -> list[Authorisation]:
    """Return the authorisations of a case, oldest first."""
    return _fetch(conn, publication_authorisations.c.case_id == case_id)


def withdraw(conn: Connection, authorisation_id: str, *, at: datetime, by: str) -> bool:
    """End an authorisation before its time; False when it was ended before."""
    mine = (
        publication_authorisations.c.id == authorisation_id,
        publication_authorisations.c.withdrawn_at.is_(None),
    )
    values = {"withdrawn_at": at, "withdrawn_by": by}
    return conn.execute(update(publication_authorisations).where(*mine).values(**values)).rowcount == 1


def forget(conn: Connection, case_id: str, *, at: datetime, by: str) -> None:
    """End every authorisation of a case and keep nothing that was said with it: the case is being erased."""
    for one in of_case(conn, case_id):
        withdraw(conn, one.id, at=at, by=by)
    of_case_rows = publication_authorisations.c.case_id == case_id
    conn.execute(update(publication_authorisations).where(of_case_rows).values(sealed=None))


def _fetch(conn: Connection, wanted: Any) -> list[Authorisation]:
    statement = select(publication_authorisations).where(wanted).order_by(publication_authorisations.c.id)
    found = []
    for row in conn.execute(statement).all():
        values = dict(row._mapping)
        sealed = values.pop("sealed")
        key = keys.record_keys_of(conn, [row.case_id]).get(row.case_id)
        said = {} if key is None else open_document(key, _place(row.id), sealed)
        values["fields"] = tuple(values["fields"])
        found.append(Authorisation(**values, name=said.get("name"), order_number=said.get("order_number")))
    return found


def _place(authorisation_id: str) -> str:
    return f"publication_authorisations.sealed:{authorisation_id}"
