"""The audit log: append-only by trigger, and one changed byte anywhere is found."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from api.store import Connection, ConstraintViolated, Database, audit
from matcher.errors import InvalidRecord

TEXT_COLUMNS = ("at", "actor", "action", "subject", "purpose", "detail", "previous_hash", "hash")
COPIED = "at, actor, action, subject, purpose, detail, hash, hash"


def fill(conn: Connection, world, rows: int = 3) -> list[audit.AuditEntry]:
    return [
        audit.append(
            conn,
            at=world.later(minutes=number),
            actor="key-1",
            action="matches.query",
            subject=f"case-{number}",
            purpose="tracing",
            detail={"hits": number, "grade": "possible", "ratio": 1e22},
        )
        for number in range(1, rows + 1)
    ]


@contextmanager
def tampering(database: Database) -> Iterator[Connection]:
    """Give a connection on which the triggers are gone; everything is undone afterwards."""
    with pytest.raises(KeyboardInterrupt), database.write() as conn:  # noqa: PT012
        if database.dialect == "sqlite":
            conn.execute(text("DROP TRIGGER audit_refuses_update"))
            conn.execute(text("DROP TRIGGER audit_refuses_delete"))
        else:
            conn.execute(text("DROP TRIGGER audit_refuses_change ON audit"))
        yield conn
        raise KeyboardInterrupt


def test_rows_are_chained_and_come_back(conn, world) -> None:
    assert audit.head(conn) == audit.AuditHead(0, audit.GENESIS)
    assert audit.verify(conn) is None
    first, second, third = fill(conn, world)
    assert (first.seq, first.previous_hash, second.previous_hash) == (1, audit.GENESIS, first.hash)
    assert first.detail == {"hits": 1, "grade": "possible", "ratio": 1e22}
    assert audit.verify(conn) is None
    assert audit.head(conn) == audit.AuditHead(3, third.hash)
    assert audit.entries(conn, limit=2) == [first, second]
    assert audit.entries(conn, after=2, limit=2) == [third]
    assert audit.entries(conn, subject="case-2", limit=2) == [second]


def test_a_log_longer_than_one_batch_is_read_to_its_end(database, world, monkeypatch) -> None:
    monkeypatch.setattr(audit, "_BATCH", 2)
    with database.write() as conn:
        fill(conn, world, 5)
        assert audit.verify(conn) is None
    with tampering(database) as conn:
        conn.execute(text("UPDATE audit SET actor = 'x' WHERE seq = 5"))
        assert audit.verify(conn) == audit.AuditProblem(5, "the row was altered")


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit", "UPDATE audit SET seq = 9 WHERE seq = 3"]
)
def test_the_database_itself_refuses_changes(database, world, statement: str) -> None:
    with database.write() as conn:
        fill(conn, world)
    with pytest.raises(ConstraintViolated, match="audit is append-only"), database.write() as conn:
        conn.execute(text(statement))
    with database.read() as conn:
        assert audit.verify(conn) is None


def test_postgresql_refuses_truncation_too(database, world) -> None:
    if database.dialect == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(ConstraintViolated, match="audit is append-only"), database.write() as conn:
        conn.execute(text("TRUNCATE audit"))


@pytest.mark.parametrize("column", TEXT_COLUMNS)
def test_one_changed_byte_anywhere_is_found(database, world, column: str) -> None:
    with database.write() as conn:
        fill(conn, world)
    if column == "at" and database.dialect == "postgresql":
        with tampering(database) as conn:
            conn.execute(text("UPDATE audit SET at = at + interval '1 microsecond' WHERE seq = 2"))
            assert audit.verify(conn) == audit.AuditProblem(2, "the row was altered")
        return
    with tampering(database) as conn:
        stored = str(conn.scalar(text(f"SELECT {column} FROM audit WHERE seq = 2")))
        change = text(f"UPDATE audit SET {column} = :value WHERE seq = 2")
        for position, byte in enumerate(stored):
            other = " " if byte != " " else "\t"  # within JSON and ISO text even white space must count
            conn.execute(change, {"value": stored[:position] + other + stored[position + 1 :]})
            problem = audit.verify(conn)
            assert problem is not None, f"byte {position} of {column}"
            assert problem.seq == 2
        conn.execute(change, {"value": stored})
        assert audit.verify(conn) is None


@pytest.mark.parametrize(
    ("statement", "seq"),
    [
        ("DELETE FROM audit WHERE seq = 2", 2),
        ("DELETE FROM audit WHERE seq = 1", 1),
        ("UPDATE audit SET seq = 7 WHERE seq = 3", 3),
        ("UPDATE audit SET seq = -1 WHERE seq = 3", 0),
        ("UPDATE audit SET purpose = NULL WHERE seq = 3", 3),
        (f"INSERT INTO audit SELECT 4, {COPIED} FROM audit WHERE seq = 3", 4),
        (f"INSERT INTO audit SELECT 0, {COPIED} FROM audit WHERE seq = 3", 0),
    ],
)
def test_removed_moved_and_inserted_rows_are_found(database, world, statement: str, seq: int) -> None:
    with database.write() as conn:
        fill(conn, world)
    with tampering(database) as conn:
        conn.execute(text(statement))
        problem = audit.verify(conn)
        assert problem is not None
        assert problem.seq == seq


def test_raw_bytes_in_place_of_text_are_found(database, world) -> None:
    if database.dialect == "postgresql":
        pytest.skip("PostgreSQL keeps types")
    with database.write() as conn:
        fill(conn, world)
    with tampering(database) as conn:
        conn.execute(text("UPDATE audit SET actor = CAST(actor AS BLOB) WHERE seq = 2"))
        assert audit.verify(conn) == audit.AuditProblem(2, "the row holds something other than text")


def test_a_cut_or_rewritten_log_is_found_against_a_kept_head(database, world) -> None:
    with database.write() as conn:
        fill(conn, world)
        kept = audit.head(conn)
        fill(conn, world)
        assert audit.verify(conn, [kept]) is None
    with tampering(database) as conn:
        conn.execute(text("DELETE FROM audit WHERE seq >= 3"))
        assert audit.verify(conn) is None
        assert audit.verify(conn, [kept]) == audit.AuditProblem(3, "the log ends before the kept head")
        fill(conn, world)
        assert audit.verify(conn) is None
        assert audit.verify(conn, [kept]) == audit.AuditProblem(3, "the row is not the one of the kept head")


def test_rows_of_many_writers_form_one_chain(database, world) -> None:
    def write(_: int) -> None:
        with database.write(ordered=False) as conn:
            fill(conn, world, 2)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(12)))
    with database.read() as conn:
        assert audit.verify(conn) is None
        assert audit.head(conn).seq == 24


def test_an_undone_row_leaves_no_gap(database, world) -> None:
    with pytest.raises(KeyError), database.write() as conn:  # noqa: PT012
        fill(conn, world)
        raise KeyError
    with database.write() as conn:
        assert fill(conn, world, 1)[0].seq == 1


def test_a_detail_that_json_cannot_say_is_refused(conn, world) -> None:
    with pytest.raises(InvalidRecord):
        audit.append(conn, at=world.now, actor="a", action="b", subject="c", detail={"x": float("nan")})
