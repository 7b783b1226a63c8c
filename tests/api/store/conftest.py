"""Which database does a store test run on? SQLite always, PostgreSQL whenever SANDHAN_TEST_POSTGRES names one."""

from __future__ import annotations

import base64
import hashlib
import itertools
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from api.store import Connection, Database, alerts, cases, matches, partners, upgrade
from api.store.master_keys import GivenKeys
from tests.databases import DIALECTS, POSTGRES, postgres_copy

MASTER_KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "migrated.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(params=DIALECTS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables; on PostgreSQL a schema of its own."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    assert POSTGRES is not None
    schema = f"store_test_{secrets.token_hex(6)}"
    engine = create_engine(POSTGRES)
    with engine.begin() as conn:
        conn.execute(text(f"CREATE SCHEMA {schema}"))
    url = make_url(POSTGRES).update_query_dict({"options": f"-csearch_path={schema}"})
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        with engine.begin() as conn:
            conn.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        engine.dispose()


@pytest.fixture(params=DIALECTS)
def url(request: pytest.FixtureRequest, tmp_path: Path, migrated_file: Path) -> Iterator[str]:
    """The address of a migrated, empty database."""
    if request.param == "sqlite":
        path = tmp_path / "migrated.db"
        shutil.copy(migrated_file, path)
        yield f"sqlite:///{path}"
        return
    with postgres_copy() as url:
        yield url


@pytest.fixture
def opened() -> Iterator[Callable[[str], Database]]:
    """Open databases that are closed after the test."""
    databases: list[Database] = []

    def open_one(url: str) -> Database:
        databases.append(Database.open(url, GivenKeys(MASTER_KEY)))
        return databases[-1]

    yield open_one
    for database in databases:
        database.dispose()


@pytest.fixture
def database(url: str, opened: Callable[[str], Database]) -> Database:
    return opened(url)


@pytest.fixture
def conn(database: Database) -> Iterator[Connection]:
    """One write transaction around the whole test."""
    with database.write() as connection:
        yield connection


@dataclass
class World:
    """Makes rows that a test needs and does not care about; ids ascend, times stand still."""

    now: datetime = datetime(2024, 3, 1, 9, 30, tzinfo=UTC)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def later(self, **difference: float) -> datetime:
        return self.now + timedelta(**difference)

    def id(self, kind: str) -> str:
        return f"{kind}-{next(self._numbers):05d}"

    def partner(self, conn: Connection, **changed: object) -> partners.Partner:
        values: dict[str, object] = {
            "partner_id": self.id("partner"),
            "name": "Unit",
            "kind": "ahtu",
            "country": "IN",
            "language": "en",
            "at": self.now,
        }
        return partners.add_partner(conn, **(values | changed))  # type: ignore[arg-type]

    def content(self, name: str = "Rina", **changed: object) -> cases.CaseContent:
        digest = hashlib.sha256(name.encode()).hexdigest()
        return replace(cases.CaseContent(payload={"name": name}, content_hash=digest), **changed)  # type: ignore[arg-type]

    def case(self, conn: Connection, side: str = "missing", **changed: object) -> cases.Case:
        values: dict[str, object] = {
            "case_id": self.id("case"),
            "side": side,
            "content": self.content(),
            "at": self.now,
            "by": "somebody",
        }
        if "owner_id" not in changed:
            values["owner_id"] = self.partner(conn).id
        return cases.insert_case(conn, **(values | changed))  # type: ignore[arg-type]

    def evidence(self, **changed: object) -> matches.Evidence:
        plain = matches.Evidence(
            grade="probable",
            weight=8.5,
            weight_without_face=6.25,
            probability=0.75,
            contributions=[{"comparison": "names", "weight": 8.5}],
            routes=["names"],
            model_version="m1",
            evidence_hash="e1",
            missing_version=1,
            rescued_version=1,
        )
        return replace(plain, **changed)  # type: ignore[arg-type]

    def match(self, conn: Connection, **changed: object) -> matches.Match:
        found, _ = matches.upsert_match(
            conn,
            match_id=self.id("match"),
            missing_id=self.case(conn, "missing").id,
            rescued_id=self.case(conn, "rescued").id,
            evidence=self.evidence(**changed),
            at=self.now,
        )
        return found

    def alert(self, conn: Connection, channels: tuple[str, ...] = ("webhook",), **changed: object) -> alerts.Alert:
        alert_id = self.id("alert")
        values: dict[str, object] = {
            "alert_id": alert_id,
            "event": "new",
            "dedupe_key": f"key of {alert_id}",
            "grade": "probable",
            "priority": "critical",
            "due_at": self.later(hours=4),
            "at": self.now,
            "messages": [alerts.NewMessage(f"{alert_id}-{channel}", channel, {"n": 1}) for channel in channels],
        }
        if "match_id" not in changed:
            values["match_id"] = self.match(conn).id
        if "recipient_id" not in changed:
            values["recipient_id"] = self.partner(conn).id
        added = alerts.add_alert(conn, **(values | changed))  # type: ignore[arg-type]
        assert added is not None
        return added


@pytest.fixture
def world() -> World:
    return World()
