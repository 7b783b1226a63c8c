"""The nightly run misses no pair and tells nobody twice, wherever it is interrupted."""

from __future__ import annotations

import os
import random
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest
from sqlalchemy import create_engine, delete, event, make_url, select, text

from api.bootstrap import Sandhan
from api.cases.agreed import as_rows
from api.cases.forms import CaseForm
from api.ids import new_id
from api.matches.service import MatchOutcome
from api.nightly import worklist
from api.nightly.errors import LeaseLost, MemoryTooSmall, RunInProgress, RunStopped
from api.nightly.memory import MemoryBudget
from api.nightly.report import RunReport
from api.nightly.run import KIND, LEASE_TTL, CrossMatch, RunProgress
from api.settings import Settings
from api.store import (
    DatabaseUnavailable,
    StoreError,
    agreements,
    cases,
    consents,
    leases,
    partners,
    runs,
    tables,
    upgrade,
)
from data.synthetic import LinkedSample, SyntheticRecord, linked_sample
from indexing.candidates import routes_of
from matcher.person import Side

from .conftest import MASTER_KEY

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

    def told(self) -> Counter[tuple[str, str, str, str]]:
        """Return who was told of which pair for what, each as often as it was told."""
        matches, alerts = tables.matches, tables.alerts
        statement = select(matches.c.missing_id, matches.c.rescued_id, alerts.c.recipient_id, alerts.c.event)
        with self.sandhan.database.read() as conn:
            return Counter(
                tuple(row) for row in conn.execute(statement.join(alerts, alerts.c.match_id == matches.c.id))
            )

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
    server = os.environ["SANDHAN_TEST_POSTGRES"]
    schema = f"nightly_test_{secrets.token_hex(6)}"
    engine = create_engine(server)
    with engine.begin() as conn:
        conn.execute(text(f"CREATE SCHEMA {schema}"))
    url = make_url(server).update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(False)
    upgrade(url)
    try:
        yield url
    finally:
        with engine.begin() as conn:
            conn.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        engine.dispose()


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


def test_the_first_run_finds_the_pairs_and_tells_their_owners(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports, *sample.rescues)
    report = world.run()
    found = world.pairs()
    true = {(world.ids[missing], world.ids[rescued]) for rescued, missing in sample.truth.items()}
    assert len(true & found.keys()) >= 0.7 * len(true)
    assert report.counters["compared"] == report.counters["cases"] == 24
    assert report.pairs == {
        g: sum(g == grade for grade, *_ in found.values()) for g in ("certain", "probable", "possible")
    }
    assert report.counters["new"] == len(found)
    assert report.counters["alerts"] == sum(world.told().values()) > 0
    assert sum(report.routes.values()) >= len(found)
    assert report.routes.keys() <= report.candidates.keys()
    assert all(report.routes[route] <= report.candidates[route] for route in report.routes)
    assert world.run_of(report.run_id).state == "finished"


def test_when_nothing_has_changed_nothing_is_done(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports[:8], *sample.rescues[:3])
    world.run()
    before, opened, spy = (world.pairs(), world.told(), world.messages()), world.opened, Spy(world)
    (report,) = world.job(spy).run()
    assert spy.compared == []
    assert world.opened == opened
    assert report.counters["cases"] == report.counters["chunks"] == 0
    assert (world.pairs(), world.told(), world.messages()) == before


@pytest.mark.parametrize("late", ["report", "rescue"])
def test_whoever_comes_late_is_found_for_who_was_there(
    world: World, sample: LinkedSample, sure: tuple[SyntheticRecord, SyntheticRecord], late: str
) -> None:
    report, rescue = sure
    world.enter(*sample.reports[:8], *sample.rescues[:3], rescue if late == "report" else report)
    world.run()
    pair_ids = lambda: (world.ids["M-late"], world.ids["R-late"])  # noqa: E731 - one of the two is not yet there
    world.enter(report if late == "report" else rescue)
    spy = Spy(world)
    (result,) = world.job(spy).run()
    assert spy.compared == [world.ids["M-late" if late == "report" else "R-late"]]
    assert world.pairs()[pair_ids()][0] in ("certain", "probable")
    assert result.pairs["certain"] + result.pairs["probable"] >= 1
    assert {(*pair_ids(), owner, "new") for owner in OWNERS} & world.told().keys()


def test_a_case_that_waits_since_before_the_last_run_is_taken_up(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports[:4], *sample.rescues[:2])
    world.run()
    waiting = world.ids[sample.reports[2].record_id]
    with world.sandhan.database.write() as conn:
        conn.execute(tables.cases.update().where(tables.cases.c.id == waiting).values(matched_version=0))
    spy = Spy(world)
    world.job(spy).run()
    assert spy.compared == [waiting]


def test_a_long_queue_is_read_page_by_page(world: World, sample: LinkedSample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worklist, "_PAGE", 3)
    world.enter(*sample.reports[:7], *sample.rescues[:4])
    spy = Spy(world)
    world.job(spy).run()
    assert sorted(spy.compared) == sorted(world.ids.values())
    world.forget_matches()
    with world.sandhan.database.write() as conn:
        conn.execute(delete(tables.changes))  # only the marks on the cases tell that they wait
    spy = Spy(world)
    world.job(spy).run()
    assert sorted(spy.compared) == sorted(world.ids.values())
    spy = Spy(world)
    world.job(spy).run(full=True)
    assert sorted(spy.compared) == sorted(world.ids[record.record_id] for record in sample.rescues[:4])


@pytest.mark.parametrize("full", [False, True])
def test_killed_after_every_chunk_it_repeats_none_and_loses_none(
    world: World, sample: LinkedSample, full: bool
) -> None:
    world.enter(*sample.reports, *sample.rescues)
    whole = world.run(full=full, chunk=3 if full else 8)
    expected = world.pairs(), world.told(), world.messages()
    assert expected[0]
    assert expected[1]
    world.forget_matches()
    spy, begun = Spy(world), []

    def die_after_one_chunk(at: RunProgress) -> None:
        if at.rate is None:
            begun.append(at.done)
        else:
            raise Killed

    for _ in range(whole.counters["chunks"]):
        with pytest.raises(Killed):
            world.job(spy).run(full=full, chunk=3 if full else 8, watch=die_after_one_chunk)
    (report,) = world.job(spy).run(full=full, chunk=3 if full else 8, watch=die_after_one_chunk)
    assert begun == sorted(set(begun))
    assert len(spy.compared) == len(set(spy.compared)) == whole.counters["cases"]
    assert (world.pairs(), world.told(), world.messages()) == expected
    assert report.resumed
    assert (report.counters, report.pairs, report.routes) == (whole.counters, whole.pairs, whole.routes)


@pytest.mark.parametrize("full", [False, True])
def test_killed_within_every_chunk_it_tells_nobody_twice(world: World, sample: LinkedSample, full: bool) -> None:
    world.enter(*sample.reports, *sample.rescues)
    whole = world.run(full=full, chunk=3 if full else 8)
    expected = world.pairs(), world.told(), world.messages()
    world.forget_matches()
    spy, died = Spy(world), set()

    def die_once(case_ids: Sequence[str]) -> None:
        if tuple(case_ids) not in died:
            died.add(tuple(case_ids))
            raise Killed

    spy.after = die_once
    reports: list[RunReport] = []
    while not reports:
        try:
            reports = world.job(spy).run(full=full, chunk=3 if full else 8)
        except Killed:
            continue
    assert set(Counter(spy.compared).values()) >= {2}
    assert (world.pairs(), world.told(), world.messages()) == expected
    assert max(expected[1].values()) == 1
    assert len(reports) == 1
    figures = reports[0]
    assert (figures.pairs, figures.routes, figures.candidates) == (whole.pairs, whole.routes, whole.candidates)
    # Though what the killed process had stored already was "same" to the one that repeated it.
    for name in ("cases", "compared", "new", "risen", "fallen", "withdrawn", "alerts", "chunks"):
        assert figures.counters[name] == whole.counters[name], name


def test_a_full_run_and_an_incremental_one_find_the_same(open_world: Callable[..., World]) -> None:
    # So many candidates that neither side leaves one out: what is compared is the runs, not the routes.
    world = open_world(candidates=200, matches_kept=200)
    sample = linked_sample(21, 40, 12)
    world.enter(*sample.reports, *sample.rescues)
    full = world.run(full=True)
    by_full, told_by_full = world.pairs(), world.told()
    assert full.counters["cases"] == 12
    world.forget_matches()
    incremental = world.run()
    assert incremental.counters["cases"] == 52
    assert world.pairs() == by_full
    assert world.told() == told_by_full
    # A pair that both sides find is one pair.
    assert incremental.pairs == full.pairs
    assert sum(full.pairs.values()) == len(by_full) >= 6


def test_an_incremental_run_after_a_full_one_takes_up_what_came_since(
    world: World, sample: LinkedSample, sure: tuple[SyntheticRecord, SyntheticRecord]
) -> None:
    report, rescue = sure
    world.enter(rescue, *sample.rescues[:3])
    first = world.run(full=True)
    world.enter(report)
    second = world.run()
    assert (second.from_seq, second.counters["cases"]) == (first.upto_seq, 1)
    assert (world.ids["M-late"], world.ids["R-late"]) in world.pairs()


def test_a_second_run_is_refused_and_told_since_when(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports[:4])
    refused: list[RunInProgress] = []

    def start_another(_at: RunProgress) -> None:
        for full in (False, True):
            with pytest.raises(RunInProgress) as caught:
                world.job().run(full=full)
            refused.append(caught.value)

    (report,) = world.job().run(chunk=2, watch=start_another)
    assert len(refused) == 2 * 3
    assert {error.started_at for error in refused} == {report.started_at}
    assert f"{report.started_at:%Y-%m-%d %H:%M:%S}" in str(refused[0])
    assert report.counters["compared"] == 4
    assert world.run().counters["cases"] == 0  # the lease was given back


def test_a_dead_process_blocks_for_no_longer_than_its_lease(
    world: World, sample: LinkedSample, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.enter(*sample.reports[:4])
    job = world.job()
    monkeypatch.setattr(job, "_release", lambda _holder: None)  # as after kill -9

    def die(at: RunProgress) -> None:
        if at.done:
            raise Killed

    with pytest.raises(Killed):
        job.run(chunk=2, watch=die)
    with pytest.raises(RunInProgress):
        world.run()
    world.clock.now += LEASE_TTL
    report = world.run()
    assert report.resumed
    assert report.counters["cases"] == 4


def test_what_changes_meanwhile_is_the_next_runs(
    world: World, sample: LinkedSample, sure: tuple[SyntheticRecord, SyntheticRecord]
) -> None:
    report, rescue = sure
    world.enter(*sample.reports[:4], report)
    spy = Spy(world)

    def someone_comes(_ids: Sequence[str]) -> None:
        if "R-late" not in world.ids:
            world.enter(rescue)

    spy.after = someone_comes
    (first,) = world.job(spy).run(chunk=2)
    assert first.counters["cases"] == 5
    assert world.ids["R-late"] not in spy.compared
    assert world.run().counters["cases"] == 1
    assert (world.ids["M-late"], world.ids["R-late"]) in world.pairs()


def test_after_a_resumed_run_the_rest_is_done_at_once(
    world: World, sample: LinkedSample, sure: tuple[SyntheticRecord, SyntheticRecord]
) -> None:
    report, rescue = sure
    world.enter(*sample.reports[:4], report)

    def die(at: RunProgress) -> None:
        if at.done:
            raise Killed

    with pytest.raises(Killed):
        world.job().run(chunk=2, watch=die)
    world.enter(rescue)
    first, second = world.job().run(chunk=2)
    assert (first.resumed, second.resumed) == (True, False)
    assert (first.counters["cases"], second.counters["cases"]) == (5, 1)
    assert second.from_seq == first.upto_seq
    assert (world.ids["M-late"], world.ids["R-late"]) in world.pairs()


def test_a_run_is_resumed_only_as_what_it_was(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports[:4], *sample.rescues[:4])

    def die(at: RunProgress) -> None:
        if at.done:
            raise Killed

    for full in (False, True):
        with pytest.raises(Killed):
            world.job().run(full=full, chunk=2, watch=die)
    with world.sandhan.database.read() as conn:
        full_run, incremental_run = runs.list_runs(conn, KIND, 9)
    (other_model,) = world.job(model="m2").run()
    assert not other_model.resumed
    assert other_model.counters["cases"] == 8
    assert world.run_of(incremental_run.id).state == "failed"
    (resumed,) = world.job().run(full=True)
    assert (resumed.run_id, resumed.resumed, resumed.counters["cases"]) == (full_run.id, True, 4)


def test_closed_cases_are_passed_over(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports[:3])
    with world.sandhan.database.write() as conn:
        cases.set_status(conn, world.ids[sample.reports[1].record_id], "closed", world.clock())
    report = world.run()
    assert (report.counters["compared"], report.counters["passed_over"]) == (2, 1)


def test_a_run_that_stood_still_goes_on_if_nobody_has_taken_over(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports[:6])
    spy = Spy(world)

    def sleep(_ids: Sequence[str]) -> None:
        world.clock.now += 2 * LEASE_TTL

    spy.after = sleep
    (report,) = world.job(spy).run(chunk=2)
    assert report.counters["compared"] == 6


def test_a_run_that_stood_still_stops_if_somebody_has_taken_over(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports[:6])
    spy, reports = Spy(world), []

    def sleep(_ids: Sequence[str]) -> None:
        if not reports:
            world.clock.now += 2 * LEASE_TTL
            reports.extend(world.job().run(chunk=3))

    spy.after = sleep
    with pytest.raises(LeaseLost):
        world.job(spy).run(chunk=2)
    assert reports[0].resumed
    assert reports[0].counters["compared"] == 6
    assert world.run_of(reports[0].run_id).counters["cases"] == 6


def test_a_clock_moved_back_does_no_harm(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports[:6])
    spy = Spy(world)

    def move_back(_ids: Sequence[str]) -> None:
        # Another machine may be half a minute behind; that is no reason to take this lease for a dead one's.
        here = world.clock.now
        world.clock.now -= timedelta(seconds=30)
        with pytest.raises(RunInProgress):
            world.run()
        world.clock.now = here - timedelta(hours=5)

    spy.after = move_back
    ticks = iter(range(1000, 0, -1))  # even a stopwatch that runs backwards
    (report,) = world.job(spy, stopwatch=lambda: float(next(ticks))).run(chunk=2)
    assert report.counters["compared"] == 6
    assert report.finished_at >= report.started_at
    assert min(report.seconds.values()) >= 0


def test_a_dead_lease_from_the_future_blocks_nobody(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports[:2])
    with world.sandhan.database.write() as conn:
        leases.acquire(conn, KIND, "dead", START + timedelta(days=365), LEASE_TTL)
    assert world.run().counters["compared"] == 2
    with world.sandhan.database.write() as conn:
        assert leases.acquire(conn, "other", "a", START, LEASE_TTL)
        assert not leases.acquire(conn, "other", "b", START - LEASE_TTL / 2, LEASE_TTL)


def test_the_lease_is_kept_while_the_index_is_built(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports[:2])
    seconds, other = iter(range(0, 100_000, 60)), []

    def build(beat: Callable[[int, int], None]) -> None:
        for step in range(10):
            world.clock.now += LEASE_TTL / 2
            beat(step, 10)
            with pytest.raises(RunInProgress):
                world.run()
            other.append(step)
        world.sandhan.keeper.refresh()

    (report,) = world.job(open_index=build, stopwatch=lambda: float(next(seconds))).run()
    assert len(other) == 10
    assert report.counters["compared"] == 2


def test_a_database_that_fails_leaves_the_run_to_be_resumed(
    world: World, sample: LinkedSample, caplog: pytest.LogCaptureFixture
) -> None:
    world.enter(*sample.reports[:4])
    spy, job = Spy(world), None

    def fail(_ids: Sequence[str]) -> None:
        raise StoreError("gone")

    spy.after = fail
    job = world.job(spy)
    with pytest.raises(StoreError, match="gone"):
        job.run(chunk=2)
    report = world.run(chunk=2)
    assert report.resumed
    assert report.counters["compared"] == 4


def test_a_run_is_in_the_audit_log_without_any_name(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports[:2])
    report = world.run()
    statement = select(tables.audit).where(tables.audit.c.subject == report.run_id).order_by(tables.audit.c.seq)
    with world.sandhan.database.read() as conn:
        rows = conn.execute(statement).all()
    assert [row.action for row in rows] == ["crossmatch.started", "crossmatch.finished"]
    assert rows[1].detail == {"cases": 2, "alerts": 0}


class Fuse:
    """Stops the process before its n-th statement or commit, as far as a process can be stopped and go on."""

    def __init__(self, world: World) -> None:
        self.left = 0
        engine = world.sandhan.database._engine
        self._listeners = ((engine, "before_cursor_execute", self._tick), (engine, "commit", self._tick))

    def __enter__(self) -> Fuse:
        for listener in self._listeners:
            event.listen(*listener)
        return self

    def __exit__(self, *_: object) -> None:
        for listener in self._listeners:
            event.remove(*listener)

    def _tick(self, *_: object) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


@pytest.mark.parametrize(("full", "seed"), [(False, 1), (False, 2), (True, 3)])
def test_killed_at_any_statement_again_and_again_it_repeats_and_loses_nothing(
    world: World, sample: LinkedSample, full: bool, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.enter(*sample.reports[:9], *sample.rescues[:5])
    chunk = 1 if full else 2
    with Fuse(world) as fuse:
        whole = world.run(full=full, chunk=chunk)
        of_a_chunk = -fuse.left // whole.counters["chunks"]
    expected = world.pairs(), world.told(), world.messages()
    assert expected[0]
    assert expected[1]
    world.forget_matches()
    dice, deaths, reports = random.Random(seed), 0, list[RunReport]()
    with Fuse(world) as fuse:
        while not reports:
            # Some lives are shorter than a chunk: the next begins it again. Later ones last longer, so there is an end.
            fuse.left = dice.randint(1, (2 + deaths) * of_a_chunk)
            job = world.job()
            monkeypatch.setattr(job, "_release", lambda _holder: None)  # as after kill -9
            try:
                reports = job.run(full=full, chunk=chunk)
            except Killed:
                deaths += 1
                world.clock.now += LEASE_TTL
    assert deaths >= 2
    assert (world.pairs(), world.told(), world.messages()) == expected
    assert (reports[0].pairs, reports[0].candidates) == (whole.pairs, whole.candidates)
    for name in ("cases", "compared", "new", "risen", "fallen", "alerts"):
        assert reports[0].counters[name] == whole.counters[name], name


def test_of_two_runs_at_once_one_runs(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports[:6])
    both, refused = Barrier(2, timeout=60), Event()

    def one(_number: int) -> list[RunReport]:
        both.wait()
        try:
            # Whoever gets this far goes on only when the other has been refused.
            return world.job().run(chunk=2, watch=lambda _: refused.wait(60) or pytest.fail("nobody was refused"))
        except RunInProgress:
            refused.set()
            return []

    with ThreadPoolExecutor(2) as pool:
        reports = [report for some in pool.map(one, range(2)) for report in some]
    assert [report.counters["compared"] for report in reports] == [6]
    assert refused.is_set()


def test_asked_to_stop_it_ends_between_two_chunks(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports[:6])
    spy = Spy(world)
    with pytest.raises(RunStopped):
        world.job(spy).run(chunk=2, stop=lambda: len(spy.compared) >= 3)
    assert len(spy.compared) == 4
    (report,) = world.job(spy).run(chunk=2)  # at once: the lease was given back
    assert report.resumed
    assert len(spy.compared) == len(set(spy.compared)) == 6


def test_asked_to_stop_it_does_not_finish_the_index_first(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports[:2])
    steps = []

    def build(beat: Callable[[int, int], None]) -> None:
        for step in range(10):
            beat(step, 10)
            steps.append(step)

    with pytest.raises(RunStopped):
        world.job(open_index=build).run(stop=lambda: len(steps) == 3)
    assert len(steps) == 3
    assert world.run().counters["compared"] == 2


def test_no_more_cases_are_compared_at_once_than_the_memory_holds(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports[:8], *sample.rescues[:2])
    with pytest.raises(MemoryTooSmall) as caught:
        MemoryBudget(0, 80).cases_at_once(0)
    spy, sizes = Spy(world), list[int]()
    spy.after = lambda ids: sizes.append(len(ids))
    for megabytes in (caught.value.needed_mb, caught.value.needed_mb + 8, 100_000):
        at_once = MemoryBudget(megabytes, 80).cases_at_once(10)
        sizes.clear()
        world.forget_matches()
        (report,) = world.job(spy).run(chunk=16, memory=MemoryBudget(megabytes, 80))
        assert max(sizes) == min(at_once, 8)
        assert (report.counters["compared"], report.counters["chunks"]) == (10, 1)


def test_too_little_memory_is_refused_before_anything_is_begun(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports[:2])
    with pytest.raises(MemoryTooSmall, match="at least") as caught:
        world.run(memory=MemoryBudget(5, 80))
    assert caught.value.needed_mb > 5
    with world.sandhan.database.read() as conn:
        assert runs.list_runs(conn, KIND, 9) == []
    assert world.run(memory=MemoryBudget(caught.value.needed_mb, 80)).counters["compared"] == 2


def test_candidates_are_counted_by_the_route_that_proposed_them(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports, *sample.rescues)
    report = world.run(full=True, chunk=3)
    keeper = world.sandhan.keeper
    rescued = keeper.source.records([world.ids[record.record_id] for record in sample.rescues])
    _, proposed = keeper.index.candidates(rescued, Side.MISSING, world.sandhan.settings.candidates)
    expected = Counter(route for bits in proposed.routes.tolist() for route in routes_of(bits))
    assert len(expected) >= 3
    assert report.candidates == expected


def test_suggestions_end_with_their_cases_and_are_counted_once(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports, *sample.rescues)
    assert world.run().counters["withdrawn"] == 0
    standing = {pair for pair, (grade, *_) in world.pairs().items() if grade != "certainly-not"}
    busiest, _ = Counter(rescued for _, rescued in standing).most_common(1)[0]
    gone = {missing for missing, rescued in standing if rescued == busiest}
    answered = next(iter(gone))
    with world.sandhan.database.write() as conn:
        conn.execute(
            tables.matches.update()
            .where(tables.matches.c.missing_id == answered, tables.matches.c.rescued_id == busiest)
            .values(state="confirmed")
        )
        cases.set_status(conn, busiest, "closed", world.clock())
    second = world.run()
    assert second.counters["withdrawn"] == len(gone) - 1
    assert second.counters["passed_over"] == 1
    assert world.run().counters["withdrawn"] == 0
    # A report of a suggestion that has ended ends nothing more by being closed itself; its others it does end.
    with world.sandhan.database.write() as conn:
        for missing in gone - {answered}:
            cases.set_status(conn, missing, "closed", world.clock())
    others = {pair for pair in standing if pair[0] in gone - {answered} and pair[1] != busiest}
    assert world.run(full=True).counters["withdrawn"] == len(others)


def test_what_others_find_meanwhile_is_not_counted(
    world: World, sample: LinkedSample, sure: tuple[SyntheticRecord, SyntheticRecord]
) -> None:
    report, rescue = sure
    world.enter(*sample.reports[:4], report)
    spy = Spy(world)

    def someone_comes(_ids: Sequence[str]) -> None:
        if "R-late" not in world.ids:
            world.enter(rescue)
            assert world.sandhan.matching.match_cases([world.ids["R-late"]])[0].alerts > 0

    spy.after = someone_comes
    (first,) = world.job(spy).run(chunk=2)
    assert world.told()
    assert (first.counters["new"], first.counters["alerts"]) == (0, 0)


def test_a_full_disk_stops_it_and_loses_nothing(world: World, sample: LinkedSample, dialect: str) -> None:
    if dialect != "sqlite":
        pytest.skip("the disk is the server's")
    world.enter(*sample.reports, *sample.rescues)
    whole = world.run(chunk=2)
    expected = world.pairs(), world.told(), world.messages()
    world.forget_matches()
    engine = world.sandhan.database._engine

    def leave_few_pages(connection: Any, *_: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    engine.dispose()
    with world.sandhan.database.write() as conn:  # pages that were freed would be used first
        conn.exec_driver_sql("CREATE TABLE filler (data BLOB)")
        free = conn.exec_driver_sql("PRAGMA freelist_count").scalar_one()
        size = conn.exec_driver_sql("PRAGMA page_size").scalar_one()
        conn.exec_driver_sql(f"INSERT INTO filler VALUES (zeroblob({max(free - 6, 0) * size}))")
    engine.dispose()
    event.listen(engine, "connect", leave_few_pages)
    try:
        with pytest.raises(DatabaseUnavailable, match="SQLITE_FULL"):
            world.run(chunk=2)
    finally:
        event.remove(engine, "connect", leave_few_pages)
        engine.dispose()
        with world.sandhan.database.write() as conn:
            conn.exec_driver_sql("DROP TABLE filler")
    (report,) = world.job().run(chunk=2)
    assert report.resumed
    assert (world.pairs(), world.told(), world.messages()) == expected
    assert report.pairs == whole.pairs
