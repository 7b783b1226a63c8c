"""Which pairs does the nightly run compare, and whom does it tell? It misses none and tells nobody twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import delete, select

from api.nightly import worklist
from api.nightly.errors import MemoryTooSmall
from api.nightly.memory import MemoryBudget
from api.nightly.run import KIND
from api.store import (
    cases,
    runs,
    tables,
)
from data.synthetic import LinkedSample, SyntheticRecord, linked_sample
from indexing.candidates import routes_of
from matcher.person import Side

from .conftest import OWNERS, Spy, World


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


def test_closed_cases_are_passed_over(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports[:3])
    with world.sandhan.database.write() as conn:
        cases.set_status(conn, world.ids[sample.reports[1].record_id], "closed", world.clock())
    report = world.run()
    assert (report.counters["compared"], report.counters["passed_over"]) == (2, 1)


def test_a_run_is_in_the_audit_log_without_any_name(world: World, sample: LinkedSample) -> None:
    world.enter(*sample.reports[:2])
    report = world.run()
    statement = select(tables.audit).where(tables.audit.c.subject == report.run_id).order_by(tables.audit.c.seq)
    with world.sandhan.database.read() as conn:
        rows = conn.execute(statement).all()
    assert [row.action for row in rows] == ["crossmatch.started", "crossmatch.finished"]
    assert rows[1].detail == {"cases": 2, "alerts": 0}


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
    (missing, rescued), *others = sorted(world.suggested())
    answered = next(pair for pair in others if pair[1] != rescued)
    world.move(*answered, "triage", kind="take_up")
    before = world.suggested()
    world.set_status(rescued, "closed")
    world.set_status(answered[1], "closed")
    ended = before - world.suggested()
    second = world.run()
    assert (missing, rescued) in ended
    assert answered not in ended
    assert (second.counters["withdrawn"], second.counters["passed_over"]) == (len(ended), 2)
    assert world.run().counters["withdrawn"] == 0
    # A report of a suggestion that has ended ends nothing more by being closed itself; its others it does end.
    before = world.suggested()
    world.set_status(missing, "closed")
    assert world.run(full=True).counters["withdrawn"] == len(before - world.suggested())


def test_a_suggestion_that_lives_again_is_not_counted_as_withdrawn(
    world: World, sure: tuple[SyntheticRecord, SyntheticRecord]
) -> None:
    world.enter(*sure)
    world.run()
    for status in ("closed", "open", "closed", "open"):
        world.set_status(world.ids["M-late"], status)
    assert world.run().counters["withdrawn"] == 0
    for status in ("closed", "open", "closed"):
        world.set_status(world.ids["M-late"], status)
    assert world.run().counters["withdrawn"] == 1


def test_the_first_run_counts_what_was_withdrawn_before_it(
    world: World, sure: tuple[SyntheticRecord, SyntheticRecord]
) -> None:
    world.enter(*sure)
    world.sandhan.matching.match_cases([world.ids["M-late"]])
    world.set_status(world.ids["R-late"], "closed")
    assert world.run().counters["withdrawn"] == 1
    assert world.run().counters["withdrawn"] == 0


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
