"""Transactions, errors without personal data, and migrations, on both databases."""

from __future__ import annotations

import os
import stat
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from api.store import (
    ConstraintViolated,
    Database,
    DatabaseUnavailable,
    NaiveTimestamp,
    SchemaOutdated,
    StatementRefused,
    UnsupportedDatabase,
    cases,
    changes,
    current_revision,
    engine,
    is_current,
    meta,
    partners,
    require_current,
    upgrade,
)
from api.store.tables import metadata
from matcher.errors import InvalidRecord

Open = Callable[[str], Database]


def schema_differences(database: Database) -> list[object]:
    with database.read() as conn:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(conn, opts=options), metadata))


def test_the_migrations_make_the_tables_of_the_code(database: Database) -> None:
    assert schema_differences(database) == []


def test_a_difference_of_schemas_would_be_noticed(database: Database) -> None:
    with database.write() as conn:
        conn.execute(text("ALTER TABLE partners DROP COLUMN language"))
    assert len(schema_differences(database)) == 1


def test_before_the_first_upgrade_the_schema_is_outdated(empty_url: str, opened: Open) -> None:
    database = opened(empty_url)
    assert current_revision(database) is None
    assert not is_current(database)
    with pytest.raises(SchemaOutdated, match="run: sandhan db upgrade"):
        require_current(database)


def test_upgrading_again_does_nothing_and_loses_nothing(url: str, database: Database) -> None:
    with database.write() as conn:
        meta.ensure_database_id(conn, "first")
    upgrade(url)
    require_current(database)
    with database.write() as conn:
        assert meta.ensure_database_id(conn, "second") == "first"
        assert meta.database_id(conn) == "first"


def test_upgrading_does_not_depend_on_the_working_directory(
    empty_url: str, opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    upgrade(empty_url)
    assert is_current(opened(empty_url))


def test_several_processes_may_upgrade_at_once(empty_url: str, opened: Open) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, [empty_url] * 4))
    database = opened(empty_url)
    assert is_current(database)
    assert schema_differences(database) == []


def test_a_block_that_raises_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(KeyError), database.write() as conn:  # noqa: PT012
        meta.ensure_database_id(conn, "lost")
        raise KeyError
    with database.read() as conn:
        assert meta.database_id(conn) is None


def test_reading_refuses_to_write_and_the_next_writer_may(database: Database) -> None:
    with pytest.raises((StatementRefused, DatabaseUnavailable)), database.read() as conn:
        meta.ensure_database_id(conn, "never")
    with database.write() as conn:
        meta.ensure_database_id(conn, "written")
    with database.read() as conn:
        assert meta.database_id(conn) == "written"


def test_a_reader_sees_one_moment(database: Database, world) -> None:
    with database.read() as reader:
        assert changes.latest_seq(reader) == 0
        with database.write() as writer:
            world.case(writer)
        assert changes.latest_seq(reader) == 0
    with database.read() as reader:
        assert changes.latest_seq(reader) == 1


def test_a_violated_constraint_is_named_and_no_value_is(database: Database, world) -> None:
    with database.write() as conn:
        owner = world.partner(conn).id
        world.case(conn, owner_id=owner, external_id="SECRET-77")
    with pytest.raises(ConstraintViolated) as caught, database.write() as conn:
        world.case(conn, owner_id=owner, external_id="SECRET-77", content=world.content("Rina SECRET"))
    assert "external_id" in caught.value.constraint
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("broken", ["side", "owner_id", "case_id"])
def test_check_foreign_key_and_null_are_constraints_too(database: Database, world, broken: str) -> None:
    values = {"side": "SECRET", "owner_id": "SECRET", "case_id": None}
    with pytest.raises(ConstraintViolated) as caught, database.write() as conn:
        world.case(conn, **{broken: values[broken]})
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))


def test_a_wrong_statement_is_not_taken_for_a_busy_database(database: Database) -> None:
    with pytest.raises(StatementRefused), database.read() as conn:
        conn.execute(text("SELECT secret FROM nowhere"))


@pytest.mark.parametrize("value", [float("nan"), "SECRET \ud800", {"SECRET"}])
def test_a_value_that_cannot_be_stored_is_refused_without_showing_it(database: Database, world, value: object) -> None:
    content = world.content(payload={"SECRET": value})
    with pytest.raises(InvalidRecord) as caught, database.write() as conn:
        world.case(conn, content=content)
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))


def test_a_time_without_a_zone_is_refused(database: Database, world) -> None:
    with pytest.raises(NaiveTimestamp), database.write() as conn:
        world.partner(conn, at=datetime(2024, 3, 1))


def test_times_come_back_as_the_same_instant_in_utc(conn, world) -> None:
    kathmandu = datetime(2024, 3, 1, 5, 45, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    stored = world.partner(conn, at=kathmandu).created_at
    assert stored == kathmandu
    assert stored.tzinfo is UTC
    assert stored.microsecond == 123456


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true", "mysql://u:SECRET@h/d", "SECRET"],
)
def test_addresses_that_cannot_work_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(UnsupportedDatabase) as caught:
        Database.open(url)
    assert "SECRET" not in str(caught.value)


def test_a_server_that_is_not_there_is_unavailable(opened: Open) -> None:
    database = opened("postgresql://nobody:SECRET@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnavailable) as caught, database.read():
        pass
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))


def test_a_file_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseUnavailable):
        Database.open(f"sqlite:///{tmp_path}/file/sandhan.db")


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "sandhan.db"
    upgrade(f"sqlite:///{path}")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_a_long_sort_writes_no_rows_into_a_temporary_file(database: Database) -> None:
    if database.dialect != "sqlite":
        pytest.skip("what a server does with its own disk is the server's affair")
    for connection in (database.read, database.write):
        with connection() as conn:
            assert conn.exec_driver_sql("PRAGMA temp_store").scalar() == 2, "in memory"


def test_the_dialect_is_named(database: Database) -> None:
    assert database.dialect in ("sqlite", "postgresql")


def test_writers_queue_and_lose_no_update(url: str, opened: Open, world) -> None:
    """Two processes' worth of connections, each reading a version and replacing the case."""
    databases = [opened(url), opened(url)]
    with databases[0].write() as conn:
        case_id = world.case(conn).id

    def work(number: int) -> None:
        with databases[number % 2].write() as conn:
            before = cases.require_case(conn, case_id)
            content = world.content(f"name {number}")
            cases.replace_case(conn, case_id, content, at=world.now, by="x", expected_version=before.version)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    with databases[0].read() as conn:
        assert cases.require_case(conn, case_id).version == 41
        assert [row.version for row in cases.versions_of(conn, case_id)] == list(range(1, 42))


def test_a_writer_that_never_ends_makes_others_fail_and_not_hang(
    tmp_path: Path, migrated_file: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0.05)
    url = f"sqlite:///{migrated_file}"
    first, second = opened(url), opened(url)
    with first.write():
        for database in (first, second):  # within one process, and from another
            with pytest.raises(DatabaseUnavailable), database.write():
                pass
    with second.write() as conn:
        assert partners.list_partners(conn) == []


def test_unordered_writers_do_not_wait_for_ordered_ones(database: Database, world) -> None:
    if database.dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    entered = threading.Event()
    with database.write():
        thread = threading.Thread(target=lambda: _enter(database, entered))
        thread.start()
        assert entered.wait(30)
    thread.join()


def _enter(database: Database, entered: threading.Event) -> None:
    with database.write(ordered=False):
        entered.set()
