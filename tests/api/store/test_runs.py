"""Runs resume where their last checkpoint was."""

from __future__ import annotations

import pytest

from api.store import RowMissing, runs


def begin(conn, world, run_id: str = "r1", **changed) -> runs.Run:
    values = {"kind": "crossmatch", "parameters": {"threshold": 3.5}, "upto_seq": 2**40, "at": world.now}
    return runs.open_run(conn, run_id=run_id, **(values | changed))


def test_a_run_begins_without_cursor_or_figures(conn, world) -> None:
    run = begin(conn, world)
    assert (run.state, run.cursor, run.counters, run.finished_at) == ("running", None, {}, None)
    assert (run.parameters, run.upto_seq) == ({"threshold": 3.5}, 2**40)
    assert runs.get_run(conn, "r1") == run
    assert runs.get_run(conn, "nothing") is None


def test_a_run_that_died_is_found_with_its_checkpoint(conn, world) -> None:
    begin(conn, world)
    runs.checkpoint(conn, "r1", cursor="case-7", counters={"pairs": 12}, at=world.later(hours=1))
    run = runs.latest_unfinished(conn, "crossmatch")
    assert run is not None
    assert (run.id, run.cursor, run.counters, run.updated_at) == ("r1", "case-7", {"pairs": 12}, world.later(hours=1))
    assert runs.latest_unfinished(conn, "import") is None


def test_a_finished_run_is_over(conn, world) -> None:
    begin(conn, world)
    runs.checkpoint(conn, "r1", cursor="c", counters={"pairs": 1}, at=world.now)
    assert runs.finish(conn, "r1", at=world.later(hours=2)).counters == {"pairs": 1}
    begin(conn, world, "r2")
    failed = runs.finish(conn, "r2", at=world.later(hours=2), counters={"pairs": 9}, failed=True)
    assert (failed.state, failed.counters, failed.finished_at) == ("failed", {"pairs": 9}, world.later(hours=2))
    assert runs.latest_unfinished(conn, "crossmatch") is None
    with pytest.raises(RowMissing):
        runs.checkpoint(conn, "r1", cursor="d", counters={}, at=world.now)
    with pytest.raises(RowMissing):
        runs.finish(conn, "nothing", at=world.now)


def test_the_newest_run_comes_first(conn, world) -> None:
    begin(conn, world, "old", at=world.now)
    begin(conn, world, "new", at=world.later(hours=1))
    assert [run.id for run in runs.list_runs(conn, "crossmatch", 9)] == ["new", "old"]
    newest = runs.latest_unfinished(conn, "crossmatch")
    assert newest is not None
    assert newest.id == "new"


def test_of_finished_runs_the_one_that_ended_last_comes_first(conn, world) -> None:
    for run_id, began, ended in (("resumed", 0, 50), ("short", 24, 25), ("failed", 26, 27)):
        begin(conn, world, run_id, at=world.later(hours=began))
        runs.finish(conn, run_id, at=world.later(hours=ended), failed=run_id == "failed")
    begin(conn, world, "running", at=world.later(hours=60))
    assert [run.id for run in runs.list_finished(conn, "crossmatch", 9)] == ["resumed", "short"]
    assert [run.id for run in runs.list_finished(conn, "crossmatch", 1)] == ["resumed"]
    assert runs.list_finished(conn, "import", 9) == []
