"""Where do tests get a migrated PostgreSQL database of their own? Each process migrates one, and copies it.

Migrating takes seconds, and making and dropping databases waits for the disk: a copy that a test has left is emptied
and given to the next, as long as it has the tables that it had.
"""

from __future__ import annotations

import atexit
import functools
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from api.store import upgrade

POSTGRES = os.environ.get("SANDHAN_TEST_POSTGRES") or None
"""The server, if there is one."""
DIALECTS = (
    "sqlite",
    pytest.param(
        "postgresql",
        marks=[
            pytest.mark.postgres,
            pytest.mark.skipif(POSTGRES is None, reason="SANDHAN_TEST_POSTGRES is not set"),
        ],
    ),
)
"""What a fixture of databases is parametrised by."""
_MOST_USES = 40
"""What was deleted lies on in the files until somebody cleans up: by then a new copy is quicker."""
_PRESENT = """
    SELECT md5(string_agg(concat_ws(' ', c.relname, c.relkind, a.attname, format_type(a.atttypid, a.atttypmod)), ';'
        ORDER BY c.relname, a.attnum))
    FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relnamespace = 'public'::regnamespace
"""
_TABLES = """
    SELECT quote_ident(relname) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
"""
_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_REWIND = "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"

_free: list[tuple[str, int]] = []
"""Copies that are empty, and how often each was used."""


@contextmanager
def postgres_copy() -> Iterator[str]:
    """Give the address of a migrated, empty database that nobody else uses."""
    name, used = _free.pop() if _free else (_copied(), 0)
    try:
        yield _address(name)
    finally:
        if used < _MOST_USES and _emptied(name):
            _free.append((name, used + 1))
        else:
            _drop(name)


def _copied() -> str:
    name = f"sandhan_test_{secrets.token_hex(6)}"
    _on_server(f"CREATE DATABASE {name} TEMPLATE {_template()[0]}")
    atexit.register(_drop, name)
    return name


@functools.cache
def _template() -> tuple[str, str]:
    """Return the name of a migrated database and what its tables are."""
    name = f"sandhan_template_{secrets.token_hex(6)}"
    _on_server(f"CREATE DATABASE {name}")
    atexit.register(_drop, name)
    upgrade(_address(name))
    with _connected(_address(name)) as conn:
        return name, str(conn.scalar(text(_PRESENT)))


def _emptied(name: str) -> bool:
    """Empty a copy; False where it is no longer what it was, e.g. since a test took a table away."""
    with _connected(_address(name)) as conn:
        conn.execute(text(_OTHERS))
        if conn.scalar(text(_PRESENT)) != _template()[1]:
            return False
        conn.execute(text("SET session_replication_role = replica"))  # neither references nor triggers are asked
        conn.execute(text(";".join(f"DELETE FROM {table}" for table in conn.scalars(text(_TABLES)))))
        conn.execute(text(_REWIND))
    return True


def _drop(name: str) -> None:
    _on_server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _address(name: str) -> str:
    assert POSTGRES is not None
    return make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)


def _on_server(command: str) -> None:
    assert POSTGRES is not None
    with _connected(POSTGRES) as conn:
        conn.execute(text(command))


@contextmanager
def _connected(address: str) -> Iterator[Connection]:
    server = create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with server.connect() as conn:
        yield conn
