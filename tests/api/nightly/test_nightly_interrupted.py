"""What if the nightly run is killed, stopped, or not alone? It is resumed, repeats nothing and loses nothing."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event
from typing import Any

import pytest
from sqlalchemy import event

from api.nightly.errors import LeaseLost, RunInProgress, RunStopped
from api.nightly.report import RunReport
from api.nightly.run import KIND, LEASE_TTL, RunProgress
from api.store import (
    DatabaseUnavailable,
    StoreError,
    leases,
    runs,
)
from data.synthetic import LinkedSample, SyntheticRecord

from .conftest import START, Killed, Spy, World


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


def test_a_case_closed_while_a_run_lay_dead_is_the_next_runs(
    world: World, sample: LinkedSample, sure: tuple[SyntheticRecord, SyntheticRecord]
) -> None:
    world.enter(*sample.reports[:4], *sure)
    world.run()

    def die(_at: RunProgress) -> None:
        raise Killed

    with pytest.raises(Killed):
        world.job().run(watch=die)
    world.set_status(world.ids["M-late"], "closed")
    resumed, after = world.job().run()
    assert resumed.resumed
    assert (resumed.counters["withdrawn"], after.counters["withdrawn"]) == (0, 1)
    assert world.run().counters["withdrawn"] == 0


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
