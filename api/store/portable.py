"""Which few statements differ between SQLite and PostgreSQL?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Date, Table, cast, func, select, type_coerce
from sqlalchemy.dialects import postgresql, sqlite

# Any constant will do, as long as every process of every version uses the same one.
_COMMIT_ORDER_KEY = 0x53414E4448414E


def hold_commit_order(conn: Connection) -> None:
    """Make this transaction the only one that may append to the ordered tables until it ends.

    SQLite has one writer at a time anyway. On PostgreSQL two transactions may draw 7 and 8 from a sequence and
    commit 8 first, and a follower that has read 8 never sees 7; the lock is released only after the commit is
    visible, so numbers become visible in order. Taking it twice in one transaction is harmless.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(_COMMIT_ORDER_KEY)))


def share_commit_order(conn: Connection) -> None:
    """Let nobody hold the commit order until this transaction ends; others who share it go on beside it.

    For who appends to no ordered table and is about to lock rows that those lock who do: neither waits for the other
    while it has what that one needs.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock_shared(_COMMIT_ORDER_KEY)))


def upsert_into(conn: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that understands ON CONFLICT on the connection's database."""
    return postgresql.insert(table) if conn.dialect.name == "postgresql" else sqlite.insert(table)


def insert_if_absent(conn: Connection, table: Table, values: Mapping[str, Any], unique: Sequence[str]) -> bool:
    """Insert one row unless the columns in `unique` already hold these values; tell whether it was inserted."""
    statement = upsert_into(conn, table).values(**values).on_conflict_do_nothing(index_elements=list(unique))
    return conn.execute(statement.returning(*table.primary_key.columns)).first() is not None


def chunks(values: Sequence[str], size: int = 1000) -> Iterator[Sequence[str]]:
    """Cut a list into pieces that fit one statement: both databases limit how many parameters it takes."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def unindexed(conn: Connection, column: ColumnElement[str]) -> ColumnElement[str]:
    """Return a text column to be compared without an index of its own, where another one serves the statement better.

    SQLite, which does not know how often a value occurs, takes any index for an equality before one for a range;
    PostgreSQL knows, and would be misled.
    """
    return column + "" if conn.dialect.name == "sqlite" else column


def utc_day(conn: Connection, instant: ColumnElement[datetime]) -> ColumnElement[date]:
    """Return the day in UTC of a `UtcDateTime` column."""
    if conn.dialect.name == "postgresql":
        return cast(func.timezone("UTC", instant), Date)
    # The text that is kept begins with it (`types.encode_utc`).
    return type_coerce(func.substr(instant, 1, 10), Date)
