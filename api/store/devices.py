"""From which devices did a person sign in before? Of the token that a device keeps, only a hash is here."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from api.store.people_tables import known_devices, people

KNOWN_FOR = timedelta(days=180)
"""After the last sign-in."""
_MOST = 10
"""Devices of one person; the one that was used longest ago is forgotten for another."""


def is_known(conn: Connection, token_hash: str, email_fingerprint: str, at: datetime) -> bool:
    """Tell whether a device is one of the person who signs in with this address."""
    found = (
        select(known_devices.c.token_hash)
        .join(people, people.c.id == known_devices.c.person_id)
        .where(
            known_devices.c.token_hash == token_hash,
            known_devices.c.expires_at > at,
            people.c.email_fingerprint == email_fingerprint,
        )
    )
    return conn.execute(found).first() is not None


def keep(conn: Connection, token_hash: str, person_id: str, *, at: datetime, expires_at: datetime) -> None:
    """Keep a device of a person, or keep it longer; forget what is over, and the oldest of too many."""
    mine = known_devices.c.person_id == person_id
    conn.execute(delete(known_devices).where(known_devices.c.expires_at <= at))
    renewed = update(known_devices).where(known_devices.c.token_hash == token_hash, mine)
    if conn.execute(renewed.values(expires_at=expires_at)).rowcount:
        return
    row = {"token_hash": token_hash, "person_id": person_id, "expires_at": expires_at}
    conn.execute(insert(known_devices).values(**row))
    newest_first = select(known_devices.c.token_hash).where(mine).order_by(known_devices.c.expires_at.desc())
    surplus = list(conn.scalars(newest_first))[_MOST:]
    conn.execute(delete(known_devices).where(known_devices.c.token_hash.in_(surplus)))


def forget(conn: Connection, person_id: str) -> None:
    """Forget every device of a person."""
    conn.execute(delete(known_devices).where(known_devices.c.person_id == person_id))
