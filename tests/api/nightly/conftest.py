"""A world for nightly runs: reports and rescues of three owners, a clock that is moved, a spy on what is compared."""

from __future__ import annotations

import random
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from api.access import CASE_WORK, AccessScope
from api.bootstrap import Sandhan
from api.cases.agreed import as_rows
from api.cases.forms import CaseForm
from api.ids import new_id
from api.matches.service import MatchOutcome
from api.nightly.report import RunReport
from api.nightly.run import CrossMatch
from api.settings import Settings
from api.store import (
    agreements,
    cases,
    consents,
    matches,
    partners,
    runs,
    tables,
)
from data.synthetic import LinkedSample, SyntheticRecord, linked_sample
from tests.api.conftest import MASTER_KEY
from tests.databases import postgres_copy

START = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
OWNERS = ("north", "south", "east")
# Everything but the audit log, which refuses to forget, and the identity of the database.
WIPED = [
    table for table in reversed(tables.metadata.sorted_tables) if table.name not in ("audit", "meta", "service_keys")
]


class Killed(BaseException):
    """What a test stops a run with; nothing in the run may catch it."""


class Clock:
    """A clock that a test can move, in both directions."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


class Spy:
    """Passes on to the real matching, notes who was compared, and fails where a test wants it to."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.compared: list[str] = []
        self.after: Callable[[Sequence[str]], None] = lambda _: None

    def match_cases(self, case_ids: Sequence[str]) -> list[MatchOutcome]:
        outcomes = self._world.sandhan.matching.match_cases(case_ids)
        self.compared += case_ids
        self.after(case_ids)
        return outcomes


@dataclass
class World:
    """Services on an empty database with three partners."""

    sandhan: Sandhan
    clock: Clock
    ids: dict[str, str] = field(default_factory=dict)
    """External id of each record entered -> id of its case."""
    opened: int = 0

    def enter(self, *records: SyntheticRecord) -> None:
        """Store cases without comparing them."""
        with self.sandhan.database.write() as conn:
            for record in records:
                form = CaseForm(side=record.side.value, external_id=record.record_id, **record.fields)  # type: ignore[arg-type]
                now = self.clock()
                case = cases.insert_case(
                    conn,
                    case_id=new_id("case", now, random.Random(record.record_id).randbytes),
                    side=form.side,
                    owner_id=OWNERS[len(self.ids) % 3],
                    content=form.content(now.date()),
                    at=now,
                    by="test",
                    external_id=form.external_id,
                )
                agreed = as_rows(
                    case.id, form.agreed, first_version=1, at=now, by="test",
                    random_bytes=random.Random(f"agreed {record.record_id}").randbytes,
                )  # fmt: skip
                consents.add_consents(conn, agreed)
                self.ids[record.record_id] = case.id

    def job(self, spy: Spy | None = None, model: str = "m1", **more: object) -> CrossMatch:
        def open_index(_beat: object) -> None:
            self.opened += 1
            self.sandhan.keeper.refresh()

        values: dict[str, object] = {"open_index": open_index} | more
        return CrossMatch(
            self.sandhan.database, spy or self.sandhan.matching, model, self.clock, secrets.token_bytes,
            **values,  # type: ignore[arg-type]
        )  # fmt: skip

    def run(self, **options: object) -> RunReport:
        (report,) = self.job().run(**options)  # type: ignore[arg-type]
        return report

    def pairs(self) -> dict[tuple[str, str], tuple[str, float, str]]:
        columns = tables.matches.c
        with self.sandhan.database.read() as conn:
            rows = conn.execute(
                select(columns.missing_id, columns.rescued_id, columns.grade, columns.weight, columns.evidence_hash)
            ).all()
        return {(row[0], row[1]): (row[2], round(row[3], 6), row[4]) for row in rows}

    def suggested(self) -> set[tuple[str, str]]:
        """Return the pairs that are suggestions: nobody has answered them, and both cases are open."""
        columns = tables.matches.c
        statement = select(columns.missing_id, columns.rescued_id)
        statement = statement.where(columns.state == "suggested", columns.grade != "certainly-not")
        with self.sandhan.database.read() as conn:
            return {(row[0], row[1]) for row in conn.execute(statement)}

    def move(self, missing_id: str, rescued_id: str, state: str, *, kind: str) -> None:
        """Move a suggestion as a person would."""
        with self.sandhan.database.write() as conn:
            (match,) = [one for one in matches.matches_of_case(conn, missing_id) if one.rescued_id == rescued_id]
            assert matches.set_state(
                conn, match.id, state, expected="suggested", kind=kind, actor="key", at=self.clock()
            )

    def set_status(self, case_id: str, status: str) -> None:
        """Close or open a case as its owner does over the API."""
        with self.sandhan.database.read() as conn:
            owner = cases.require_case(conn, case_id).owner_id
        scope = AccessScope(owner, "key", "ahtu", (), frozenset(CASE_WORK))
        self.sandhan.cases.set_status(case_id, status, scope)

    def told(self) -> Counter[tuple[str, str, str, str]]:
        """Return who was told of which pair for what, each as often as it was told."""
        pairs, alerts = tables.matches, tables.alerts
        statement = select(pairs.c.missing_id, pairs.c.rescued_id, alerts.c.recipient_id, alerts.c.event)
        with self.sandhan.database.read() as conn:
            return Counter(tuple(row) for row in conn.execute(statement.join(alerts, alerts.c.match_id == pairs.c.id)))

    def messages(self) -> int:
        with self.sandhan.database.read() as conn:
            return len(conn.execute(select(tables.outbox.c.id)).all())

    def run_of(self, run_id: str) -> runs.Run:
        with self.sandhan.database.read() as conn:
            found = runs.get_run(conn, run_id)
        assert found is not None
        return found

    def forget_matches(self) -> None:
        """Put everything back to before the first comparison."""
        kept = {
            "partners", "agreements", "agreement_parties", "consents", "partner_keys", "record_keys", "service_keys",
            "jurisdictions", "api_keys", "cases", "case_versions", "changes", "photos", "faces",
        }  # fmt: skip
        with self.sandhan.database.write() as conn:
            for table in WIPED:
                if table.name not in kept:
                    conn.execute(delete(table))
            conn.execute(tables.cases.update().values(matched_version=0))


@pytest.fixture(scope="module")
def shared_url(dialect: str, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a migrated database that the tests of this module use one after the other."""
    if dialect == "sqlite":
        path = tmp_path_factory.mktemp("nightly") / "sandhan.db"
        shutil.copy(template, path)
        yield f"sqlite:///{path}"
        return
    with postgres_copy() as url:
        yield url


@pytest.fixture
def open_world(shared_url: str, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Make a world on the emptied database, with further settings."""
    made: list[Sandhan] = []

    def build(**settings: object) -> World:
        home = tmp_path / f"home{len(made)}"
        clock = Clock()
        sandhan = Sandhan.build(
            Settings(
                _env_file=None, home=home, database_url=shared_url, master_key=MASTER_KEY, faces=False, **settings
            ),  # type: ignore[call-arg, arg-type]
            clock=clock,
            random_bytes=random.Random(7).randbytes,
            jitter=lambda: 0.0,
        )
        made.append(sandhan)
        with sandhan.database.write() as conn:
            for table in WIPED:
                conn.execute(delete(table))
            for name in OWNERS:
                partners.add_partner(
                    conn, partner_id=name, name=name, kind="ahtu", country="IN", language="en", at=START,
                    email=f"{name}@example.org",
                )  # fmt: skip
            agreements.add_agreement(
                conn, agreement_id="all", reference="MoU", parties=OWNERS, valid_from=START, valid_until=None, at=START,
                by="test", accepted=OWNERS,
            )  # fmt: skip
        return World(sandhan, clock)

    yield build
    for sandhan in made:
        sandhan.close()


@pytest.fixture
def world(open_world: Callable[..., World]) -> World:
    return open_world()


@pytest.fixture(scope="session")
def sample() -> LinkedSample:
    return linked_sample(3, 16, 8)


@pytest.fixture(scope="session")
def sure() -> tuple[SyntheticRecord, SyntheticRecord]:
    """A report and a rescued person who is surely hers: the same words on both sides."""
    report = linked_sample(11, 5, 1).reports[0]
    fields = {name: value for name, value in report.fields.items() if name not in ("last_seen", "age_as_of")}
    rescue = SyntheticRecord("P", "R-late", type(report.side)("rescued"), report.region, fields)
    return SyntheticRecord("P", "M-late", report.side, report.region, report.fields), rescue
