"""Which suspects does a unit know, what was said of each by whom, and which cases name them?

Suspects are no cases: they stand in tables of their own, are sealed by keys of their own, and the index of cases knows
none of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Row, delete, insert, select, update

from api.store import keys
from api.store.care_tables import suspect_keys, suspect_links, suspect_versions, suspects
from api.store.errors import RowMissing, VersionConflict
from api.store.portable import chunks, insert_if_absent
from api.store.sealing import KEY_BYTES, SealBroken, seal, unseal
from api.store.types import plain_json

_OPEN = suspects.c.status == "open"


@dataclass(frozen=True, slots=True)
class Suspect:
    """A suspect, as the unit that registered him knows him.

    Attributes:
        status: "open", "closed" or "erased".
        version: 1 at first, one more at every change.
        values: field -> what was said, each with its source; personal data. Empty once he is erased.
        compared_version: the version last compared with the suspects of other units.
    """

    id: str
    owner_id: str
    status: str
    version: int
    values: Mapping[str, Any] = field(repr=False)
    created_at: datetime
    created_by: str
    updated_at: datetime
    compared_version: int


@dataclass(frozen=True, slots=True)
class SuspectVersion:
    """One version of what was said of a suspect."""

    version: int
    values: Mapping[str, Any] = field(repr=False)
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class SuspectLink:
    """A case names a suspect: as its recruiter, or as something else of `care_tables.LINK_RELATIONS`."""

    suspect_id: str
    case_id: str
    relation: str
    at: datetime
    by: str


def add(
    conn: Connection, *, suspect_id: str, owner_id: str, values: Mapping[str, Any], at: datetime, by: str
) -> Suspect:
    """Add a suspect, open, in version 1, with a key of his own."""
    row = {"id": suspect_id, "owner_id": owner_id, "status": "open", "version": 1}
    conn.execute(insert(suspects).values(**row, created_at=at, created_by=by, updated_at=at))
    key = os.urandom(KEY_BYTES)
    wrapped_by, wrapped = keys.wrap_for_partner(conn, owner_id, _wrapped(suspect_id), key)
    conn.execute(insert(suspect_keys).values(suspect_id=suspect_id, partner_key_id=wrapped_by, wrapped=wrapped))
    _add_version(conn, AESGCM(key), suspect_id, 1, values, at, by)
    return require(conn, suspect_id)


def replace(
    conn: Connection, suspect_id: str, values: Mapping[str, Any], *, at: datetime, by: str, expected_version: int
) -> Suspect:
    """Replace what is said of a suspect; what was said before stays in the history.

    Raises:
        RowMissing: there is no such suspect, or he was erased.
        VersionConflict: somebody else changed it meanwhile.
    """
    key = _key(conn, suspect_id)
    statement = update(suspects).where(suspects.c.id == suspect_id, suspects.c.version == expected_version)
    if not conn.execute(statement.values(version=expected_version + 1, updated_at=at)).rowcount:
        raise VersionConflict("suspects", expected_version, require(conn, suspect_id).version)
    _add_version(conn, key, suspect_id, expected_version + 1, values, at, by)
    return require(conn, suspect_id)


def set_status(conn: Connection, suspect_id: str, status: str, at: datetime) -> Suspect:
    """Close a suspect or open him again; who is opened again is compared anew.

    Raises:
        RowMissing: there is no such suspect, or he was erased.
    """
    statement = update(suspects).where(suspects.c.id == suspect_id, suspects.c.status != "erased")
    if not conn.execute(statement.values(status=status, updated_at=at, compared_version=0)).rowcount:
        raise RowMissing("suspects")
    return require(conn, suspect_id)


def erase(conn: Connection, suspect_id: str, at: datetime) -> Suspect:
    """Destroy a suspect's key and all that was said; what stays is the id, and that there was one.

    Raises:
        RowMissing: there is no such suspect.
    """
    for table in (suspect_keys, suspect_versions, suspect_links):
        conn.execute(delete(table).where(table.c.suspect_id == suspect_id))
    conn.execute(update(suspects).where(suspects.c.id == suspect_id).values(status="erased", updated_at=at))
    return require(conn, suspect_id)


def get(conn: Connection, suspect_id: str) -> Suspect | None:
    """Return a suspect, None if there is none of that id; an erased one without values."""
    row = conn.execute(select(suspects).where(suspects.c.id == suspect_id)).first()
    return None if row is None else _suspect(conn, row)


def require(conn: Connection, suspect_id: str) -> Suspect:
    """Return a suspect.

    Raises:
        RowMissing: there is none of that id.
    """
    found = get(conn, suspect_id)
    if found is None:
        raise RowMissing("suspects")
    return found


def page(
    conn: Connection, owner_id: str, *, status: str | None = None, after: str | None = None, limit: int
) -> list[Suspect]:
    """Return the suspects of a unit in id order, those erased as ids without values."""
    wanted = select(suspects).where(suspects.c.owner_id == owner_id).order_by(suspects.c.id).limit(limit)
    if status is not None:
        wanted = wanted.where(suspects.c.status == status)
    if after is not None:
        wanted = wanted.where(suspects.c.id > after)
    return [_suspect(conn, row) for row in conn.execute(wanted).all()]


def open_versions(conn: Connection) -> dict[str, tuple[int, str]]:
    """Return (version, owner) of every open suspect by id, without opening what was said of him."""
    columns = (suspects.c.id, suspects.c.version, suspects.c.owner_id)
    return {row.id: (row.version, row.owner_id) for row in conn.execute(select(*columns).where(_OPEN))}


def standing_of(conn: Connection, suspect_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return (owner, status) of the suspects that there are among these ids, without opening what was said of them."""
    found: dict[str, tuple[str, str]] = {}
    for some in chunks(suspect_ids):
        wanted = select(suspects.c.id, suspects.c.owner_id, suspects.c.status).where(suspects.c.id.in_(some))
        found |= {row.id: (row.owner_id, row.status) for row in conn.execute(wanted)}
    return found


def open_among(conn: Connection, suspect_ids: Sequence[str]) -> list[Suspect]:
    """Return the open suspects among these ids; any number of ids."""
    found: list[Suspect] = []
    for some in chunks(suspect_ids):
        found += [
            _suspect(conn, row) for row in conn.execute(select(suspects).where(_OPEN, suspects.c.id.in_(some))).all()
        ]
    return found


def uncompared(conn: Connection, limit: int) -> list[str]:
    """Return the ids of open suspects whose present version has not been compared yet, longest waiting first."""
    waiting = select(suspects.c.id).where(_OPEN, suspects.c.compared_version < suspects.c.version)
    return list(conn.scalars(waiting.order_by(suspects.c.updated_at, suspects.c.id).limit(limit)))


def mark_compared(conn: Connection, suspect_id: str, version: int) -> None:
    """Note that a version has been compared; nothing is noted when he has been changed meanwhile."""
    statement = update(suspects).where(suspects.c.id == suspect_id, suspects.c.version == version)
    conn.execute(statement.values(compared_version=version))


def await_comparison(conn: Connection, owner_id: str | None = None) -> None:
    """Let every open suspect be compared again, or those of one owner."""
    whose = () if owner_id is None else (suspects.c.owner_id == owner_id,)
    conn.execute(update(suspects).where(_OPEN, *whose).values(compared_version=0))


def versions_of(conn: Connection, suspect_id: str) -> list[SuspectVersion]:
    """Return every version of what was said of a suspect, oldest first; none of an erased one."""
    wanted = select(suspect_versions).where(suspect_versions.c.suspect_id == suspect_id)
    rows = conn.execute(wanted.order_by(suspect_versions.c.version)).all()
    if not rows:
        return []
    key = _key(conn, suspect_id)
    return [SuspectVersion(row.version, _opened(key, row), row.at, row.by) for row in rows]


def link(conn: Connection, suspect_id: str, case_id: str, relation: str, *, at: datetime, by: str) -> bool:
    """Note that a case names a suspect; False when that was noted before."""
    row = {"suspect_id": suspect_id, "case_id": case_id, "relation": relation, "at": at, "by": by}
    return insert_if_absent(conn, suspect_links, row, ["suspect_id", "case_id", "relation"])


def unlink(conn: Connection, suspect_id: str, case_id: str, relation: str) -> bool:
    """Take such a note back; False when there was none."""
    statement = delete(suspect_links).where(
        suspect_links.c.suspect_id == suspect_id, suspect_links.c.case_id == case_id,
        suspect_links.c.relation == relation,
    )  # fmt: skip
    return conn.execute(statement).rowcount == 1


def forget_case(conn: Connection, case_id: str) -> int:
    """Take back every note that a case names a suspect: the case is being erased. Return how many there were."""
    return conn.execute(delete(suspect_links).where(suspect_links.c.case_id == case_id)).rowcount


def links_of(conn: Connection, suspect_id: str) -> list[SuspectLink]:
    """Return which cases name a suspect."""
    return _links(conn, select(suspect_links).where(suspect_links.c.suspect_id == suspect_id))


def links_of_case(conn: Connection, case_id: str, owner_id: str) -> list[SuspectLink]:
    """Return which of a unit's suspects a case names; those of other units are not told."""
    wanted = select(suspect_links).join(suspects, suspects.c.id == suspect_links.c.suspect_id)
    return _links(conn, wanted.where(suspect_links.c.case_id == case_id, suspects.c.owner_id == owner_id))


def seal_for_suspect(conn: Connection, suspect_id: str, place: str, plain: bytes) -> bytes:
    """Return a value sealed by a suspect's key.

    Args:
        place: where it will stand: "table.column:row".
    Raises:
        RowMissing: there is no such suspect, or he was erased.
    """
    return seal(_key(conn, suspect_id), plain, place)


def unseal_for_suspect(conn: Connection, suspect_id: str, place: str, sealed: bytes) -> bytes:
    """Return what `seal_for_suspect` was given.

    Raises:
        SealBroken: it was altered, or the suspect was erased.
    """
    try:
        key = _key(conn, suspect_id)
    except RowMissing:
        raise SealBroken(place) from None
    return unseal(key, bytes(sealed), place)


def _links(conn: Connection, wanted: Any) -> list[SuspectLink]:
    columns = (suspect_links.c.suspect_id, suspect_links.c.case_id, suspect_links.c.relation)
    return [SuspectLink(**row._asdict()) for row in conn.execute(wanted.order_by(*columns)).all()]


def _suspect(conn: Connection, row: Row[Any]) -> Suspect:
    values: Mapping[str, Any] = {}
    if row.status != "erased":
        wanted = select(suspect_versions).where(
            suspect_versions.c.suspect_id == row.id, suspect_versions.c.version == row.version
        )
        values = _opened(_key(conn, row.id), conn.execute(wanted).one())
    return Suspect(**row._asdict(), values=values)


def _key(conn: Connection, suspect_id: str) -> AESGCM:
    row = conn.execute(select(suspect_keys).where(suspect_keys.c.suspect_id == suspect_id)).first()
    if row is None:
        raise RowMissing("suspects")
    return AESGCM(unseal(keys.partner_key(conn, row.partner_key_id), row.wrapped, _wrapped(suspect_id)))


def _add_version(
    conn: Connection, key: AESGCM, suspect_id: str, version: int, values: Mapping[str, Any], at: datetime, by: str
) -> None:
    sealed = seal(key, plain_json(dict(values)).encode(), _place(suspect_id, version))
    row = {"suspect_id": suspect_id, "version": version, "sealed": sealed, "at": at, "by": by}
    conn.execute(insert(suspect_versions).values(**row))


def _opened(key: AESGCM, row: Row[Any]) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(unseal(key, bytes(row.sealed), _place(row.suspect_id, row.version)))
    return values


def _wrapped(suspect_id: str) -> str:
    return f"suspect_keys.wrapped:{suspect_id}"


def _place(suspect_id: str, version: int) -> str:
    return f"suspect_versions.sealed:{suspect_id}:{version}"
