"""`sandhan keys`: a new key, how things stand, and the exchange of keys in a file and in the environment."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import build_app
from api.keeping import rotate_master_key
from api.settings import Settings
from api.store import Database, audit, cases, keys, partners
from api.store.master_keys import FileKeys, KeysUnusable, MasterKeys

from .conftest import MASTER_KEY, START, TickingClock

RUNNER = CliRunner()
NEW_KEY = base64.b64encode(bytes(range(1, 33))).decode()
MAIL = "unit@example.org"
Set = Callable[[str], None]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Set:
    """Put master keys into the environment."""
    return lambda text: monkeypatch.setenv("SANDHAN_MASTER_KEY", text)


def run(*words: str, code: int = 0) -> str:
    result = RUNNER.invoke(build_app(words), ["keys", *words])
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else " ".join(result.output.split())


def status() -> dict[str, Any]:
    return dict(json.loads(run("status", "--json")))


def opened() -> Database:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    return Database.open(settings.database, settings.master_keys)


def fill() -> None:
    database = opened()
    with database.write() as conn:
        add_partner(conn, "unit")
        content = cases.CaseContent(payload={"name": "Rina"}, content_hash="hash")
        cases.insert_case(conn, case_id="case_1", side="missing", owner_id="unit", content=content, at=START, by="test")
        for name in keys.SERVICE_KEYS:
            keys.ensure_service_key(conn, name)
    database.dispose()


def add_partner(conn: Any, name: str) -> None:
    partners.add_partner(
        conn, partner_id=name, name="Unit", kind="ngo", country="IN", language="en", at=START, email=MAIL
    )


def check_readable(database: Database | None = None) -> None:
    """Open what is sealed, by a process that knows nothing but its settings unless one is given."""
    asked = database or opened()
    with asked.read() as conn:
        assert cases.require_case(conn, "case_1").payload == {"name": "Rina"}
        assert [partner.email for partner in partners.list_partners(conn)] == [MAIL] * len(partners.list_partners(conn))
    if database is None:
        asked.dispose()


def test_a_new_key_is_another_one_each_time_and_is_stored_nowhere(command_home: Path) -> None:
    first, second = run("new"), run("new")
    assert first != second
    assert MasterKeys.from_text(first).to_text() == first
    assert not (command_home / "master.key").exists()


def test_status_counts_keys_and_names_none(command_home: Path) -> None:
    fill()
    told, master = status(), FileKeys(command_home / "master.key").load()
    assert told == {"master": master.current, "partners": 1, "records": 1, "erased": 0,
                    "stale": 0}  # fmt: skip
    text = run("status")
    assert "1 keys of partners, 1 of records; 0 records erased" in text
    assert "older" not in text
    assert (command_home / "master.key").read_text().strip() not in text


def test_keys_in_a_file_are_exchanged(command_home: Path) -> None:
    fill()
    before = FileKeys(command_home / "master.key").load()
    done = json.loads(run("rotate", "--json"))
    assert done == {"partner_keys": 1, "service_keys": 3, "record_keys": 0}
    after = FileKeys(command_home / "master.key").load()
    assert len(after.keys) == 1
    assert after.keys != before.keys
    check_readable()
    said = run("rotate", "--partners")
    assert "1 partners' and 3 service keys are wrapped by the new master key" in said
    assert "1 records' keys were wrapped anew" in said
    check_readable()
    database = opened()
    with database.read() as conn:
        noted = [entry.subject for entry in audit.entries(conn, limit=50) if entry.action == "keys.rotated"]
    assert sorted(noted) == ["index", "master", "master", "unit"]
    database.dispose()


def test_keys_in_the_environment_are_exchanged_one_process_after_another(command_home: Path, given: Set) -> None:
    given(MASTER_KEY)
    fill()
    assert "put the new key before the old one first" in run("rotate", code=2)
    old_process = opened()  # serves on with the old key alone
    check_readable(old_process)
    given(f"{MASTER_KEY},{NEW_KEY}")  # the new one is known everywhere before anything is sealed by it
    both, waiting = opened(), status()
    assert (waiting["master"], waiting["stale"]) == (MasterKeys.from_text(MASTER_KEY).current, 0)
    given(f"{NEW_KEY},{MASTER_KEY}")
    assert status()["stale"] == 4
    assert "4 keys are wrapped by an older master key; run: sandhan keys rotate" in run("status")
    run("rotate")
    assert status()["stale"] == 0
    check_readable(both)
    check_readable(old_process)  # what it has opened, it has opened
    with pytest.raises(KeysUnusable), old_process.write() as conn:
        add_partner(conn, "refused")  # and seals nothing more by a key that is about to be taken away
    given(NEW_KEY)
    check_readable()
    given(MASTER_KEY)
    assert "sealed by another master key" in run("status", code=2)
    for database in (old_process, both):
        database.dispose()


def test_a_process_that_serves_seals_no_new_partner_by_the_key_that_was_dropped(command_home: Path) -> None:
    fill()
    serving = opened()
    check_readable(serving)
    with serving.write() as conn:
        add_partner(conn, "before")  # it holds the master key that is in use now
    run("rotate")
    with serving.write() as conn:
        add_partner(conn, "after")
    serving.dispose()
    assert status()["stale"] == 0
    check_readable()


def test_an_interrupted_rotation_is_finished_by_the_next(command_home: Path) -> None:
    fill()
    file = FileKeys(command_home / "master.key")
    (old,) = file.load().keys
    begun = bytes(32)
    file.replace(MasterKeys((begun, old)))  # killed before anything was wrapped by it
    check_readable()
    assert status()["stale"] == 4
    run("rotate")
    assert file.load().keys == (begun,)
    check_readable()
    file.replace(MasterKeys((begun, old)))  # killed before the old one was dropped
    check_readable()
    run("rotate")
    assert len(file.load().keys) == 1
    assert file.load().keys[0] not in (begun, old)
    check_readable()


def test_partners_keys_are_exchanged_where_the_master_key_is_done_already(command_home: Path, given: Set) -> None:
    given(MASTER_KEY)
    fill()
    assert json.loads(run("rotate", "--partners", "--json")) == {
        "partner_keys": 0, "service_keys": 0, "record_keys": 1,
    }  # fmt: skip
    check_readable()
    assert status()["partners"] == 1


def test_a_file_that_is_only_lent_is_left_as_it_is(command_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FileKeys, "is_writable", False)  # root may write everywhere; a mounted secret is not root's
    fill()
    file = FileKeys(command_home / "master.key")
    assert "put the new key before the old one first" in run("rotate", code=2)
    both = MasterKeys.from_text(f"{NEW_KEY} {file.load().to_text()}")
    file.replace(both)
    run("rotate")
    assert file.load() == both
    assert status()["stale"] == 0
    check_readable()


def test_two_who_rotate_at_once_lose_no_key(command_home: Path) -> None:
    fill()
    source, clock = FileKeys(command_home / "master.key"), TickingClock()
    databases = [opened() for _ in range(4)]
    threads = [threading.Thread(target=rotate_master_key, args=(one, source, clock)) for one in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.dispose()
    check_readable()
    assert len(source.load().keys) == 1


def test_a_lost_key_is_told_and_not_replaced(command_home: Path) -> None:
    fill()
    (command_home / "master.key").rename(command_home / "elsewhere")
    assert "there is no master key" in run("status", code=2)
    assert "there is no master key" in run("rotate", code=2)
    assert not (command_home / "master.key").exists()
    (command_home / "elsewhere").rename(command_home / "master.key")
    check_readable()
