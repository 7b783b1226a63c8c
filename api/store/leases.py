"""Which process may do the thing that only one may do at a time?

A lease runs out by itself, so a dead holder blocks nobody for longer than its `ttl`. The caller's clock counts:
machines sharing a database must roughly agree on the time, by much less than a `ttl`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, update

from api.store.portable import upsert_into
from api.store.tables import leases


def acquire(conn: Connection, name: str, holder: str, now: datetime, ttl: timedelta) -> bool:
    """Take a lease that is free, expired, or already this holder's; tell whether it is held now.

    One that would last longer than two `ttl` counts as expired: nobody could have taken it today, so the clock was
    moved back since, and its dead holder would block everybody until the clock has caught up.
    """
    statement = upsert_into(conn, leases).values(name=name, holder=holder, expires_at=now + ttl)
    # One statement decides, so two processes cannot both find the lease free.
    statement = statement.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": holder, "expires_at": now + ttl},
        where=or_(leases.c.holder == holder, leases.c.expires_at <= now, leases.c.expires_at > now + 2 * ttl),
    )
    return conn.execute(statement.returning(leases.c.name)).first() is not None


def renew(conn: Connection, name: str, holder: str, now: datetime, ttl: timedelta) -> bool:
    """Prolong a lease; False when it has expired or is another's: then the work must stop."""
    statement = update(leases).where(leases.c.name == name, leases.c.holder == holder, leases.c.expires_at > now)
    return conn.execute(statement.values(expires_at=now + ttl)).rowcount == 1


def release(conn: Connection, name: str, holder: str) -> bool:
    """Give a lease back; False when it was not this holder's."""
    return conn.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder)).rowcount == 1
