"""What do the open cases say, all of them, as fast as the database gives them?

For whoever builds an index: page after page in the order of ids, only the columns that a record is made of. One who
reads alone begins at the first id; several who share the work each take a range of ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from api.store import keys
from api.store.contents import document_of, payload_of
from api.store.portable import chunks, unindexed, utc_day
from api.store.sealing import unseal
from api.store.tables import cases, record_keys


class OpenCase(NamedTuple):
    """What a record is made of.

    Attributes:
        side: "missing" or "rescued".
        document: the record as JSON text (see `api.store.contents`); personal data.
        created_on: the day in UTC on which it came in.
        face_consent: photos may be compared.
        protect_location: of a rescued person, when and where she was found is withheld.
    """

    id: str
    side: str
    document: str
    created_on: date
    face_consent: bool
    protect_location: bool

    def payload(self) -> dict[str, Any]:
        """Return the document, read anew at each call."""
        return payload_of(self.document)

    def __repr__(self) -> str:
        return f"OpenCase(id={self.id!r}, side={self.side!r})"


class IdRange(NamedTuple):
    """The ids behind `after` up to and with `upto`; None where there is no end."""

    after: str | None = None
    upto: str | None = None


def count(conn: Connection) -> int:
    """Return how many open cases there are."""
    return int(conn.scalar(select(func.count()).select_from(cases).where(cases.c.status == "open")) or 0)


def open_page(conn: Connection, within: IdRange, limit: int) -> list[OpenCase]:
    """Return the first open cases of a range in the order of ids, at most `limit` (a positive number) of them."""
    statement = _open(conn)
    if within.after is not None:
        statement = statement.where(cases.c.id > within.after)
    if within.upto is not None:
        statement = statement.where(cases.c.id <= within.upto)
    return _fetch(conn, statement.order_by(cases.c.id).limit(limit))


def open_of(conn: Connection, case_ids: Sequence[str]) -> list[OpenCase]:
    """Return the open cases among these ids, each once, in no order; any number of ids."""
    found: list[OpenCase] = []
    for some in chunks(list(dict.fromkeys(case_ids))):
        found += _fetch(conn, _open(conn).where(cases.c.id.in_(some)))
    return found


def equal_ranges(conn: Connection, count: int) -> list[IdRange]:
    """Return ranges that hold each case once, and about as many cases each, so that several can read at once.

    Args:
        count: how many ranges; fewer are returned where there are fewer cases. The last has no end: what comes in
            meanwhile is in it.
    """
    size = -(-int(conn.scalar(select(func.count()).select_from(cases)) or 0) // count)
    ends: list[str | None] = [None]
    while size and len(ends) < count:
        later = select(cases.c.id).order_by(cases.c.id).offset(size - 1).limit(1)
        end = conn.scalar(later if ends[-1] is None else later.where(cases.c.id > ends[-1]))
        if end is None:
            break
        ends.append(end)
    return [IdRange(after, upto) for after, upto in pairwise([*ends, None])]


def _open(conn: Connection) -> Select[Any]:
    columns = (
        cases.c.id, cases.c.side, cases.c.sealed, utc_day(conn, cases.c.created_at), cases.c.face_consent,
        cases.c.protect_location,
    )  # fmt: skip
    joined = select(*columns, *keys.KEY_COLUMNS).join(record_keys, record_keys.c.case_id == cases.c.id)
    # By the index of statuses, every page would gather and sort all open cases to give the first few.
    return joined.where(unindexed(conn, cases.c.status) == "open")


def _fetch(conn: Connection, statement: Select[Any]) -> list[OpenCase]:
    found = []
    for case_id, side, sealed, created_on, faces, protect, partner_key_id, wrapped in conn.execute(statement).all():
        key = keys.opened(conn, case_id, partner_key_id, wrapped)
        document = document_of(unseal(key, sealed, f"cases.sealed:{case_id}"))
        found.append(OpenCase(case_id, side, document, created_on, faces, protect))
    return found
