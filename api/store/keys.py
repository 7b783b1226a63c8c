"""Which key opens which record? Every partner has one, every record has one below it, the service has a few.

The key of a record is wrapped by its owner's: a record that is handed on is wrapped anew, not sealed anew. To destroy
the key of a record is to erase the record, wherever copies of it may lie.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import Any, Final, TypeAlias

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Column, Connection, Select, delete, func, insert, select, update

from api.store.care_tables import suspect_keys
from api.store.errors import ConstraintViolated
from api.store.portable import chunks, hold_commit_order, insert_if_absent
from api.store.sealing import KEY_BYTES, KeyRing, SealBroken, seal, unseal
from api.store.tables import cases, partner_keys, record_keys, service_keys

SealedValue: TypeAlias = tuple[Column[Any], Column[Any], str]
"""(column that names the row, sealed column, what its places begin with)"""
KEY_COLUMNS: Final = (record_keys.c.partner_key_id, record_keys.c.wrapped)
"""What a query that reads sealed values selects, joined by `record_keys.c.case_id`."""
_RING: Final = "sandhan_keys"
FINGERPRINT, INDEX, CURSOR = "fingerprint", "index", "cursor"
SERVICE_KEYS: Final = (FINGERPRINT, INDEX, CURSOR)
"""What the service seals or signs by itself: numbers that are looked up, the index on disk, cursors."""
_PAGE: Final = 1000
_WRAPPED: Final = ((record_keys, record_keys.c.case_id), (suspect_keys, suspect_keys.c.suspect_id))
"""Tables of keys that a partner's key wraps, and whose key each row is: the place is "table.wrapped:id"."""


def execution_option(ring: KeyRing) -> dict[str, KeyRing]:
    """Return what makes a connection know its keys (see `engine.Database`)."""
    return {_RING: ring}


def ring_of(conn: Connection) -> KeyRing:
    """Return the keys that a connection goes with."""
    ring: KeyRing = conn.get_execution_options()[_RING]
    return ring


def add_partner_key(conn: Connection, partner_id: str, at: datetime) -> str:
    """Give a partner its (next) key; from now on it wraps what is new. Return its id."""
    ring = ring_of(conn)
    _prepare(conn, ring)
    key_id = f"pk_{os.urandom(16).hex()}"
    master_id, wrapped = ring.wrap(os.urandom(KEY_BYTES), _place(key_id))
    conn.execute(update(partner_keys).where(partner_keys.c.partner_id == partner_id).values(current=False))
    row = {"id": key_id, "partner_id": partner_id, "master_id": master_id, "wrapped": wrapped, "current": True}
    conn.execute(insert(partner_keys).values(**row, created_at=at))
    return key_id


def partner_key(conn: Connection, key_id: str) -> AESGCM:
    """Return a partner's key by its id.

    Raises:
        KeysUnusable: the master key that wraps it is not known here.
        SealBroken: there is no such key.
    """
    ring = ring_of(conn)
    known = ring.known(key_id)
    if known is not None:
        return known
    row = conn.execute(select(partner_keys).where(partner_keys.c.id == key_id)).first()
    if row is None:
        raise SealBroken("partner_keys.wrapped")
    return ring.opened(key_id, row.master_id, row.wrapped, _place(key_id))


def seal_for_partner(conn: Connection, partner_id: str, place: str, plain: bytes) -> bytes:
    """Return a value sealed by a partner's present key, whose id it carries.

    Args:
        place: where it will stand: "table.column:row".
    """
    key_id = _current(conn, partner_id)
    return key_id.encode() + b"." + seal(partner_key(conn, key_id), plain, place)


def unseal_for_partner(conn: Connection, place: str, sealed: bytes) -> bytes:
    """Return what `seal_for_partner` was given.

    Raises:
        SealBroken: it was altered, or sealed for another place.
    """
    key_id, dot, value = bytes(sealed).partition(b".")
    if not dot or not key_id.isascii():
        raise SealBroken(place.partition(":")[0])
    return unseal(partner_key(conn, key_id.decode()), value, place)


@dataclass(frozen=True, slots=True)
class NewKeys:
    """Keys just made, by case id, and the rows to store once the records are there."""

    by_case: Mapping[str, AESGCM] = field(repr=False)
    rows: Sequence[Mapping[str, Any]] = field(repr=False)


def make_record_keys(conn: Connection, owners: Mapping[str, str]) -> NewKeys:
    """Make a key for each new record.

    Args:
        owners: case id -> id of its owner.
    """
    wrapping = {owner: _current(conn, owner) for owner in set(owners.values())}
    made: dict[str, AESGCM] = {}
    rows = []
    for case_id, owner in owners.items():
        key = os.urandom(KEY_BYTES)
        made[case_id] = AESGCM(key)
        wrapped = seal(partner_key(conn, wrapping[owner]), key, _of(case_id))
        rows.append({"case_id": case_id, "partner_key_id": wrapping[owner], "wrapped": wrapped})
    return NewKeys(made, rows)


def store_record_keys(conn: Connection, made: NewKeys) -> None:
    """Store keys, in the transaction that stores their records."""
    if made.rows:
        conn.execute(insert(record_keys), list(made.rows))


def record_keys_of(conn: Connection, case_ids: Sequence[str]) -> dict[str, AESGCM]:
    """Return the keys of records by case id; an erased record has none."""
    found: dict[str, AESGCM] = {}
    for some in chunks(case_ids):
        rows = conn.execute(select(record_keys).where(record_keys.c.case_id.in_(some)))
        found.update((row.case_id, opened(conn, row.case_id, row.partner_key_id, row.wrapped)) for row in rows)
    return found


def record_key(conn: Connection, case_id: str) -> AESGCM:
    """Return the key of a record.

    Raises:
        SealBroken: it has none: the record was erased, or never was.
    """
    found = record_keys_of(conn, [case_id]).get(case_id)
    if found is None:
        raise SealBroken("record_keys.wrapped")
    return found


def opened(conn: Connection, case_id: str, partner_key_id: str, wrapped: bytes) -> AESGCM:
    """Return the key of a record from the columns `KEY_COLUMNS`."""
    return AESGCM(unseal(partner_key(conn, partner_key_id), wrapped, _of(case_id)))


def seal_for_case(conn: Connection, case_id: str, place: str, plain: bytes) -> bytes:
    """Return a value sealed by a record's key.

    Args:
        place: where it will stand: "table.column:row".
    Raises:
        SealBroken: the record has no key (any more).
    """
    return seal(record_key(conn, case_id), plain, place)


def unseal_for_case(conn: Connection, case_id: str, place: str, sealed: bytes) -> bytes:
    """Return what `seal_for_case` was given.

    Raises:
        SealBroken: it was altered, or the record has no key (any more).
    """
    return unseal(record_key(conn, case_id), bytes(sealed), place)


def wrap_for_partner(conn: Connection, partner_id: str, place: str, key: bytes) -> tuple[str, bytes]:
    """Return the id of a partner's present key, and another key wrapped by it."""
    key_id = _current(conn, partner_id)
    return key_id, seal(partner_key(conn, key_id), key, place)


def destroy_record_key(conn: Connection, case_id: str) -> None:
    """Make everything that was ever sealed for a record unreadable, for good."""
    conn.execute(delete(record_keys).where(record_keys.c.case_id == case_id))


def hand_over(conn: Connection, case_id: str, owner_id: str) -> None:
    """Wrap the key of a record for another owner."""
    row = conn.execute(select(record_keys).where(record_keys.c.case_id == case_id)).one()
    key = unseal(partner_key(conn, row.partner_key_id), row.wrapped, _of(case_id))
    wrapped_by = _current(conn, owner_id)
    values = {"partner_key_id": wrapped_by, "wrapped": seal(partner_key(conn, wrapped_by), key, _of(case_id))}
    conn.execute(update(record_keys).where(record_keys.c.case_id == case_id).values(**values))


def service_key(conn: Connection, name: str) -> bytes | None:
    """Return a key of the service itself, None when it has not been made yet."""
    row = conn.execute(select(service_keys).where(service_keys.c.name == name)).first()
    return None if row is None else ring_of(conn).unwrap(row.master_id, row.wrapped, _service(name))


def ensure_service_key(conn: Connection, name: str) -> bytes:
    """Return a key of the service itself; made, in this writing transaction, when there is none."""
    found = service_key(conn, name)
    if found is not None:
        return found
    ring = ring_of(conn)
    _prepare(conn, ring)
    master_id, wrapped = ring.wrap(os.urandom(KEY_BYTES), _service(name))
    insert_if_absent(conn, service_keys, {"name": name, "master_id": master_id, "wrapped": wrapped}, ["name"])
    made = service_key(conn, name)
    assert made is not None
    return made


def replace_service_key(conn: Connection, name: str) -> None:
    """Put another key in the place of one whose work can be done anew, as the index can: never of `FINGERPRINT`."""
    conn.execute(delete(service_keys).where(service_keys.c.name == name))
    ensure_service_key(conn, name)


def fingerprint(conn: Connection, what: str, text: str) -> str:
    """Return a keyed hash: equal texts have equal ones, and nobody without the keys can try texts out.

    Args:
        what: hashes of different things never meet, e.g. "cases.external_id".
    """
    return fingerprints(conn, what, [text])[text]


def fingerprints(conn: Connection, what: str, texts: Sequence[str]) -> dict[str, str]:
    """Return the keyed hash of each text."""
    key = service_key(conn, FINGERPRINT)
    if key is None:
        key = ensure_service_key(conn, FINGERPRINT)
    inner = hmac.digest(key, what.encode(), "sha256")
    return {text: hmac.new(inner, text.encode(), hashlib.sha256).hexdigest() for text in texts}


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many keys were wrapped anew."""

    partner_keys: int
    service_keys: int
    record_keys: int


def masters_in_use(conn: Connection) -> set[str]:
    """Return the ids of the master keys by which something is wrapped."""
    return {
        str(one) for table in (partner_keys, service_keys) for one in conn.scalars(select(table.c.master_id).distinct())
    }


def rotate_master(conn: Connection) -> Rotated:
    """Wrap every partner's and every service key by the master key in use; afterwards no other one is needed."""
    hold_commit_order(conn)
    ring = ring_of(conn)
    current = ring.masters(again=True).current
    counts = []
    for table, name, place in ((partner_keys, "id", _place), (service_keys, "name", _service)):
        column = table.c[name]
        stale = conn.execute(select(table).where(table.c.master_id != current)).all()
        for row in stale:
            own = row._mapping[name]
            master_id, wrapped = ring.wrap(ring.unwrap(row.master_id, row.wrapped, place(own)), place(own))
            conn.execute(update(table).where(column == own).values(master_id=master_id, wrapped=wrapped))
        counts.append(len(stale))
    return Rotated(counts[0], counts[1], 0)


def rotate_partner(conn: Connection, partner_id: str, at: datetime, sealed: Sequence[SealedValue]) -> Rotated:
    """Give a partner another key: its records' keys are wrapped by it, and the old one is destroyed.

    Args:
        sealed: where values stand that `seal_for_partner` sealed.
    """
    hold_commit_order(conn)
    old = list(conn.scalars(select(partner_keys.c.id).where(partner_keys.c.partner_id == partner_id)))
    new = add_partner_key(conn, partner_id, at)
    key = partner_key(conn, new)
    done = 0
    for old_id, (table, owner) in product(old, _WRAPPED):
        while True:
            some = select(owner, table.c.wrapped).where(table.c.partner_key_id == old_id).limit(_PAGE)
            rows = conn.execute(some).all()
            if not rows:
                break
            for row_id, wrapped in rows:
                place = f"{table.name}.wrapped:{row_id}"
                plain = unseal(partner_key(conn, old_id), wrapped, place)
                values = {"partner_key_id": new, "wrapped": seal(key, plain, place)}
                conn.execute(update(table).where(owner == row_id).values(**values))
            done += len(rows)
    prefixes = tuple(f"{old_id}.".encode() for old_id in old)
    for id_column, column, at_place in sealed:
        sealed_in = column.table
        for row_id, value in conn.execute(select(id_column, column).where(column.is_not(None))).all():
            if bytes(value).startswith(prefixes):
                place = f"{at_place}:{row_id}"
                again = seal_for_partner(conn, partner_id, place, unseal_for_partner(conn, place, value))
                conn.execute(update(sealed_in).where(id_column == row_id).values({column.name: again}))
    conn.execute(delete(partner_keys).where(partner_keys.c.id.in_(old)))
    return Rotated(len(old), 0, done)


def counts(conn: Connection) -> Mapping[str, int]:
    """Return how many keys there are of each kind, and how many wait to be wrapped by the master key in use."""
    current = ring_of(conn).masters().current

    def count(statement: Select[Any]) -> int:
        return int(conn.scalar(statement) or 0)

    stale = [
        count(select(func.count()).select_from(table).where(table.c.master_id != current))
        for table in (partner_keys, service_keys)
    ]
    return {
        "partners": count(select(func.count()).select_from(partner_keys)),
        "records": count(select(func.count()).select_from(record_keys)),
        "erased": count(select(func.count()).select_from(cases).where(cases.c.sealed.is_(None))),
        "stale": sum(stale),
    }


def _prepare(conn: Connection, ring: KeyRing) -> None:
    """Have a master key made where nothing has been sealed yet; a lost one is never replaced by another.

    After a rotation elsewhere this process may still hold the old master key alone: it must not seal by that one.
    """
    if in_use := masters_in_use(conn):
        ring.require(in_use)
    else:
        ring.make_first()


def _current(conn: Connection, partner_id: str) -> str:
    wanted = select(partner_keys.c.id).where(partner_keys.c.partner_id == partner_id, partner_keys.c.current)
    found = conn.scalar(wanted)
    if found is None:
        raise ConstraintViolated("partner_keys.partner_id")
    return str(found)


def _place(key_id: str) -> str:
    return f"partner_keys.wrapped:{key_id}"


def _service(name: str) -> str:
    return f"service_keys.wrapped:{name}"


def _of(case_id: str) -> str:
    return f"record_keys.wrapped:{case_id}"
