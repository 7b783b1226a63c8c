"""How does a piece of work get its transaction, and are the tables those of this version?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from api.store import keys
from api.store.errors import DatabaseUnavailable, SchemaOutdated, UnsupportedDatabase, translated
from api.store.master_keys import FileKeys, KeySource
from api.store.portable import hold_commit_order
from api.store.sealing import KeyRing
from api.store.types import plain_json

__all__ = [
    "Database",
    "SchemaOutdated",
    "current_revision",
    "expected_revision",
    "is_current",
    "note_queued",
    "require_current",
    "upgrade",
]

BUSY_TIMEOUT_S = 10.0
_MIGRATIONS = Path(__file__).parent / "migrations"
MASTER_KEY_FILE = "master.key"
_WRITES = "sandhan_writes"
_REBUILDS = "sandhan_rebuilds"
_QUEUED = "sandhan_queued"
_NOT_SEALED = ("0001", "0002")
_SEALED_BY_0003 = ("partners", "cases", "photos", "faces")
# Alembic keeps its current environment in module globals: one upgrade at a time per process.
_upgrading = threading.Lock()


def note_queued(conn: Connection) -> None:
    """Have `Database.on_queued` called once this transaction is committed: something was put into the outbox."""
    conn.info[_QUEUED] = True


class Database:
    """One database, SQLite or PostgreSQL, and the only way to a connection.

    Inside `read()` and `write()` everything is one transaction. Errors of the driver leave as `StoreError`.
    Safe to share between threads; a forked child must open its own.

    Attributes:
        on_queued: called after every commit that put something into the outbox; whoever delivers sets it.
    """

    def __init__(self, engine: Engine, ring: KeyRing) -> None:
        """Take an engine prepared by `open`, which is the way to make one."""
        self._engine, self.ring = engine, ring
        self.on_queued: Callable[[], None] = lambda: None
        reading: dict[str, Any] = {_WRITES: False}
        writing: dict[str, Any] = {_WRITES: True}
        if engine.dialect.name == "postgresql":
            # One snapshot for the whole block, as SQLite gives it.
            reading = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            writing = {"isolation_level": "READ COMMITTED"}
        self._reader = engine.execution_options(**reading, **keys.execution_option(ring))
        self._writer = engine.execution_options(**writing, **keys.execution_option(ring))
        # SQLite's own waiting polls and is unfair: with many threads one of them may starve until its timeout.
        self._turn = threading.Lock() if engine.dialect.name == "sqlite" else None

    @classmethod
    def open(cls, url: str, master_keys: KeySource | None = None) -> Database:
        """Prepare access to the database at an address; connects at the first use.

        Args:
            url: `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql+psycopg://user@host/name`.
            master_keys: what seals and opens; by default, for SQLite, the file master.key beside the database.
        Raises:
            UnsupportedDatabase: another kind of database, or an in-memory one.
        """
        parsed = _supported(url)
        common: dict[str, Any] = {"hide_parameters": True, "json_serializer": plain_json}
        if parsed.get_backend_name() == "postgresql":
            return cls(create_engine(parsed, pool_pre_ping=True, **common), KeyRing(master_keys))
        path = Path(str(parsed.database))
        _create_private(path)
        # Connections to a file are cheap; forty is the size of the web framework's thread pool.
        engine = create_engine(parsed, pool_size=40, connect_args={"timeout": BUSY_TIMEOUT_S}, **common)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return cls(engine, KeyRing(master_keys or FileKeys(path.parent / MASTER_KEY_FILE)))

    @property
    def address(self) -> str:
        """Return what `open` takes, password included: for a child process, and nobody's eyes."""
        return self._engine.url.render_as_string(hide_password=False)

    @property
    def dialect(self) -> str:
        """Return "sqlite" or "postgresql"."""
        return self._engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one moment of the database and refuses to write."""
        with translated(), self._reader.connect() as conn, conn.begin():
            yield conn

    @contextmanager
    def write(self, *, ordered: bool = True) -> Iterator[Connection]:
        """Give a connection that writes: committed at the end, undone by any exception.

        Do not nest two in one thread: the inner one would wait for the outer one.

        Args:
            ordered: take the commit-order lock at once, before any row is locked, so that two transactions that
                append changes or audit rows cannot deadlock. Pass False only for work that appends neither
                (leases, the outbox) and should not queue behind others of its kind on PostgreSQL. Who then locks
                rows that ordered ones lock shares the lock before (`share_commit_order`).
        """
        with self._my_turn(), translated(), self._writer.connect() as conn, conn.begin():
            if ordered:
                hold_commit_order(conn)
            conn.info.pop(_QUEUED, None)  # of a transaction before, on the same connection, that was undone
            yield conn
            queued = conn.info.pop(_QUEUED, False)
        if queued:
            self.on_queued()

    @contextmanager
    def rebuild(self) -> Iterator[Connection]:
        """Give a connection that writes and may put another table in a table's place, as migrations of SQLite must.

        SQLite would take the old one's rows for deleted while others refer to them; references are checked at the end.

        Raises:
            DatabaseUnavailable: a row would refer to nothing; nothing was changed.
        """
        with self._my_turn(), translated(), self._writer.execution_options(**{_REBUILDS: True}).connect() as conn:
            try:
                with conn.begin():
                    hold_commit_order(conn)
                    yield conn
                    if self.dialect == "sqlite" and conn.exec_driver_sql("PRAGMA foreign_key_check").first():
                        raise DatabaseUnavailable("after the change of tables a row would refer to nothing")
            finally:
                if self.dialect == "sqlite":
                    conn.invalidate()  # it no longer watches over references

    def wipe_free_space(self, tables: Sequence[str]) -> None:
        """Let nothing that was deleted, replaced or dropped lie on in the files of tables: each is written anew.

        PostgreSQL keeps old versions of rows, and the values of a dropped column, until then; it writes the tables that
        are named, and needs room for them twice. SQLite writes the whole file.
        """
        if self.dialect == "postgresql":
            with translated(), self._engine.execution_options(isolation_level="AUTOCOMMIT").connect() as conn:
                for table in tables:
                    conn.exec_driver_sql(f"VACUUM (FULL) {table}")
            return
        with self._my_turn(), translated():
            connection = self._engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA query_only = OFF")
                connection.cursor().execute("VACUUM")
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.close()

    def dispose(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    close = dispose  # as `contextlib.closing` has it

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=BUSY_TIMEOUT_S):
            raise DatabaseUnavailable("another writer of this process did not finish")
        try:
            yield
        finally:
            self._turn.release()


def upgrade(url: str, master_keys: KeySource | None = None) -> None:
    """Bring the tables at an address to this version; does nothing when they already are.

    All in one transaction: it either reaches the newest version or leaves the database as it was. Two processes
    may call it at once; the second waits and finds nothing to do.

    Args:
        url, master_keys: as in `Database.open`; the keys are needed where rows are there that are not sealed yet.
    """
    database = Database.open(url, master_keys)
    try:
        with _upgrading, database.rebuild() as conn:
            before = MigrationContext.configure(conn).get_current_revision()
            config = _config()
            config.attributes["connection"] = conn
            command.upgrade(config, "head")
        if before in _NOT_SEALED:
            database.wipe_free_space(_SEALED_BY_0003)
    finally:
        database.dispose()


def current_revision(database: Database) -> str | None:
    """Return the version of the tables, None before the first upgrade."""
    with database.read() as conn:
        return MigrationContext.configure(conn).get_current_revision()


def expected_revision() -> str:
    """Return the version that this program needs."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def is_current(database: Database) -> bool:
    """Tell whether the tables are those of this version."""
    return current_revision(database) == expected_revision()


def require_current(database: Database) -> None:
    """Raise SchemaOutdated unless the tables are those of this version."""
    found, expected = current_revision(database), expected_revision()
    if found != expected:
        raise SchemaOutdated(found, expected)


def _config() -> Config:
    config = Config()
    # The value passes through configparser, where a percent sign in a folder's name would be an instruction.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def _supported(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        # The text may hold a password, so it is not repeated.
        raise UnsupportedDatabase("cannot be read as an address") from None
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise UnsupportedDatabase("only SQLite and PostgreSQL (psycopg) are supported")
    if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
        raise UnsupportedDatabase("SQLite needs the path of a file; each connection to a memory database sees its own")
    return parsed


def _create_private(path: Path) -> None:
    """Create the file for its owner only: whoever can read it can read every case."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise DatabaseUnavailable(f"the file cannot be created: {type(error).__name__}") from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver would otherwise open transactions by itself, always deferred; `_begin_sqlite` does it instead.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA temp_store = MEMORY")  # a long sort would write rows into a file elsewhere
    connection.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten, not only unlinked
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode = WAL")


def _begin_sqlite(conn: Connection) -> None:
    writes = bool(conn.get_execution_options().get(_WRITES))
    conn.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
    if conn.get_execution_options().get(_REBUILDS):
        conn.exec_driver_sql("PRAGMA foreign_keys = OFF")
    # A deferred transaction that starts by reading cannot wait for another writer; it fails. IMMEDIATE waits.
    conn.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
