"""Which database is this, of which face model are the embeddings that are searched, and what else is noted once?"""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from api.store.portable import insert_if_absent
from api.store.tables import meta

_DATABASE_ID, _FACE_MODEL = "database_id", "face_model"


def set_note(conn: Connection, key: str, value: str) -> None:
    """Write a note, over what stood there."""
    if not insert_if_absent(conn, meta, {"key": key, "value": value}, ["key"]):
        conn.execute(update(meta).where(meta.c.key == key).values(value=value))


def ensure_database_id(conn: Connection, new_id: str) -> str:
    """Return the database's own id, which becomes `new_id` if it has none yet; the first one stays for ever."""
    insert_if_absent(conn, meta, {"key": _DATABASE_ID, "value": new_id}, ["key"])
    return str(conn.scalar(select(meta.c.value).where(meta.c.key == _DATABASE_ID)))


def ensure_face_model(conn: Connection, model: str) -> str:
    """Return the face model whose embeddings are searched, which becomes `model` if there is none yet."""
    insert_if_absent(conn, meta, {"key": _FACE_MODEL, "value": model}, ["key"])
    return str(face_model(conn))


def face_model(conn: Connection) -> str | None:
    """Return the face model whose embeddings are searched, None before the first `ensure_face_model`."""
    found: str | None = conn.scalar(select(meta.c.value).where(meta.c.key == _FACE_MODEL))
    return found


def switch_face_model(conn: Connection, model: str) -> None:
    """Have the embeddings of another face model searched from now on."""
    set_note(conn, _FACE_MODEL, model)


def database_id(conn: Connection) -> str | None:
    """Return the database's own id, None before the first `ensure_database_id`."""
    found: str | None = conn.scalar(select(meta.c.value).where(meta.c.key == _DATABASE_ID))
    return found
