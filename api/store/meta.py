"""Which database is this? A random name that copies and caches can be checked against."""

from __future__ import annotations

from sqlalchemy import Connection, select

from api.store.portable import insert_if_absent
from api.store.tables import meta

_DATABASE_ID = "database_id"


def ensure_database_id(conn: Connection, new_id: str) -> str:
    """Return the database's own id, which becomes `new_id` if it has none yet; the first one stays for ever."""
    insert_if_absent(conn, meta, {"key": _DATABASE_ID, "value": new_id}, ["key"])
    return str(conn.scalar(select(meta.c.value).where(meta.c.key == _DATABASE_ID)))


def database_id(conn: Connection) -> str | None:
    """Return the database's own id, None before the first `ensure_database_id`."""
    found: str | None = conn.scalar(select(meta.c.value).where(meta.c.key == _DATABASE_ID))
    return found
