"""Has everyone been compared with everyone? The nightly cross-match: one run at a time, in chunks, resumable.

    lease ── one run at a time on all machines ── work list, in id order
       └─ chunk: match_cases (matches and alerts of one case in one transaction) ── checkpoint ── lease renewed

A run that was killed is taken up by the next start: finished chunks are not repeated, and repeating the chunk it died
in changes nothing. What changed while a run was under way belongs to the next one, so no pair falls between two runs.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from api.ids import Clock, RandomBytes, new_id
from api.matches.service import ENGINE, MatchOutcome
from api.nightly.errors import LeaseLost, RunInProgress, RunStopped
from api.nightly.memory import MemoryBudget
from api.nightly.report import CANDIDATES, ROUTE, RunReport, report_of
from api.nightly.worklist import work_list
from api.store import Connection, Database, StoreError, audit, cases, changes, leases, outcomes, runs
from api.store.runs import Run
from matcher.person import Side

log = logging.getLogger(__name__)

KIND = "crossmatch"
LEASE_TTL = timedelta(minutes=3)
DEFAULT_CHUNK = 100
_PAST_RUNS = 1000

Beat = Callable[[int, int], None]
Watch = Callable[["RunProgress"], None]


class Matching(Protocol):
    """Compares cases and stores what follows: `MatchService`."""

    def match_cases(self, case_ids: Sequence[str]) -> list[MatchOutcome]:
        """Compare cases of one side."""
        ...


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is.

    Attributes:
        done, total: cases, those before an interruption included.
        rate: cases per second since this process began comparing; None before the first.
        remaining_s: seconds left at that rate.
    """

    run_id: str
    resumed: bool
    done: int
    total: int
    rate: float | None
    remaining_s: float | None


@dataclass(slots=True)
class _Work:
    """A run in this process: what is left, what has been counted, and the lease it runs under."""

    run: Run
    holder: str
    resumed: bool
    tally: Counter[str]
    cursor: str
    listed: frozenset[str] = frozenset()
    left: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)

    @property
    def full(self) -> bool:
        return bool(self.run.parameters["full"])


class CrossMatch:
    """Compares all cases, or those that have changed, with everyone on the other side.

    Args:
        matching: compares and stores.
        model_version: a run is resumed only with the model it began with.
        open_index: opens the index when there is work; calls its argument now and then while that takes long.
        stopwatch: seconds that never go back; the clock may.
    """

    def __init__(
        self,
        database: Database,
        matching: Matching,
        model_version: str,
        clock: Clock,
        random_bytes: RandomBytes,
        *,
        open_index: Callable[[Beat], object],
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database, self._matching, self._model_version = database, matching, model_version
        self._clock, self._random = clock, random_bytes
        self._open_index, self._stopwatch = open_index, stopwatch

    def run(
        self,
        *,
        full: bool = False,
        chunk: int = DEFAULT_CHUNK,
        memory: MemoryBudget | None = None,
        watch: Watch = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> list[RunReport]:
        """Run to the end; an unfinished run of the same kind is resumed first, then what has changed since is done.

        Args:
            full: every open rescued person against every report, which is every report against every rescued person
                as well; otherwise the cases of both sides that changed since the last finished run, or still wait.
            chunk: cases between two checkpoints, at least 1.
            memory: bounds how many cases are compared at once; None for as many as pays.
            watch: told at the beginning and after each checkpoint.
            stop: asked before each chunk, and now and then while the index is opened; true ends the run there.
        Returns:
            One report, or two after a resumed incremental run.
        Raises:
            RunInProgress: another one is under way.
            LeaseLost: another process has taken over.
            RunStopped: `stop` said so.
            MemoryTooSmall: not one case fits into `memory`.
            StoreError: the database failed. As after any interruption, the next start resumes.
        """
        budget = memory or MemoryBudget.unlimited()
        budget.cases_at_once(0)  # refused before anything is begun
        once = partial(self._one, full, chunk, budget, watch, stop)
        reports = [once()]
        if reports[0].resumed and not full:
            with self._database.read() as conn:
                behind = changes.latest_seq(conn) > reports[0].upto_seq
            if behind:
                reports.append(once())
        return reports

    def _one(self, full: bool, chunk: int, budget: MemoryBudget, watch: Watch, stop: Callable[[], bool]) -> RunReport:
        work = self._begin(full)
        try:
            return self._carry_out(work, chunk, budget, watch, stop)
        finally:
            self._release(work.holder)

    def _begin(self, full: bool) -> _Work:
        """Take the lease and find the run to resume, or open one: in one transaction, so nobody sees half of it."""
        now = self._clock()
        holder = new_id("lease", now, self._random)
        with self._database.write() as conn:
            past = runs.list_runs(conn, KIND, _PAST_RUNS)
            unfinished = [run for run in past if run.state == "running"]
            if not leases.acquire(conn, KIND, holder, now, LEASE_TTL):
                raise RunInProgress(max(unfinished, key=lambda run: run.updated_at, default=None), LEASE_TTL)
            same_mode = [run for run in unfinished if run.parameters.get("full") == full]
            same = [run for run in same_mode if run.parameters.get("model") == self._model_version]
            same = [run for run in same if "since_event" in run.parameters]  # not one of an older version
            if same:
                run = same[0]
                # Said again without moving: the run with the latest sign of life is the one under way.
                runs.checkpoint(conn, run.id, cursor=run.cursor or "", counters=run.counters, at=self._at(run))
            else:
                for run in same_mode:  # begun with another model: half of its pairs would be weighed differently
                    runs.finish(conn, run.id, at=self._at(run), failed=True)
                finished = [run for run in past if run.state == "finished"]
                run = runs.open_run(
                    conn,
                    run_id=new_id("run", now, self._random),
                    kind=KIND,
                    parameters={
                        "full": full,
                        "model": self._model_version,
                        "from_seq": max((run.upto_seq for run in finished), default=0),
                        "since_event": max((_begun_at(run) for run in finished), default=0),
                        "from_event": outcomes.latest_event(conn),
                    },
                    upto_seq=changes.latest_seq(conn),
                    at=now,
                )
            action = "crossmatch.resumed" if same else "crossmatch.started"
            audit.append(conn, at=now, actor=ENGINE, action=action, subject=run.id, detail={"full": full})
        return _Work(run, holder, bool(same), Counter(run.counters), run.cursor or "")

    def _carry_out(
        self, work: _Work, chunk: int, budget: MemoryBudget, watch: Watch, stop: Callable[[], bool]
    ) -> RunReport:
        with self._timed(work, "list"), self._database.read() as conn:
            listed = work_list(conn, work.run)
        at_once = budget.cases_at_once(len(listed))
        work.listed = frozenset(listed)
        work.left = [case_id for case_id in listed if case_id > work.cursor]
        work.done = set(listed) - set(work.left)
        total = work.tally["cases"] + len(work.left)
        watch(RunProgress(work.run.id, work.resumed, work.tally["cases"], total, None, None))
        if work.left:
            with self._timed(work, "index"):
                self._open_index(self._heartbeat(work, stop))
        began, before = self._stopwatch(), work.tally["cases"]
        for start in range(0, len(work.left), chunk):
            if stop():
                raise RunStopped
            part = work.left[start : start + chunk]
            self._compare(work, part, at_once)
            work.tally.update(cases=len(part), chunks=1)
            with self._timed(work, "checkpoint"):
                self._checkpoint(work, part[-1])
            seconds = max(self._stopwatch() - began, 1e-9)
            rate = (work.tally["cases"] - before) / seconds
            left = (total - work.tally["cases"]) / rate
            watch(RunProgress(work.run.id, work.resumed, work.tally["cases"], total, rate, left))
        return self._finish(work)

    def _compare(self, work: _Work, part: Sequence[str], at_once: int) -> None:
        """Compare one chunk, one side after the other; the lease is renewed after each few, however large it is."""
        with self._database.read() as conn:
            sides = cases.sides_of(conn, part)
        for side in Side:
            ids = [case_id for case_id in part if sides.get(case_id) == side]
            for start in range(0, len(ids), at_once):
                some = ids[start : start + at_once]
                with self._timed(work, "compare"):
                    compared = self._matching.match_cases(some)
                work.tally["passed_over"] += len(some) - len(compared)
                for outcome in compared:
                    _count(work, outcome)
                work.done.update(some)
                with self._database.write(ordered=False) as conn:
                    self._hold(conn, work)

    def _checkpoint(self, work: _Work, cursor: str) -> None:
        with self._database.write(ordered=False) as conn:
            self._hold(conn, work)
            runs.checkpoint(conn, work.run.id, cursor=cursor, counters=dict(work.tally), at=self._at(work.run))
        work.cursor = cursor

    def _finish(self, work: _Work) -> RunReport:
        now = self._clock()
        with self._database.write() as conn:
            self._hold(conn, work)
            # From what is stored: of a chunk that it died in, a run knows not what became of it the first time.
            work.tally.update(outcomes.announced(conn, int(str(work.run.parameters["from_event"])), work.run.upto_seq))
            # What ended before this run began, since the one before did: resumed or not, no end is counted twice.
            window = (int(str(work.run.parameters[name])) for name in ("since_event", "from_event"))
            work.tally["withdrawn"] = outcomes.withdrawn(conn, *window)
            ended = runs.finish(conn, work.run.id, at=self._at(work.run), counters=dict(work.tally))
            audit.append(
                conn, at=now, actor=ENGINE, action="crossmatch.finished", subject=ended.id,
                detail={"cases": work.tally["cases"], "alerts": work.tally["alerts"]},
            )  # fmt: skip
            leases.release(conn, KIND, work.holder)
        return report_of(ended, work.resumed)

    def _hold(self, conn: Connection, work: _Work) -> None:
        """Renew the lease. One that has expired is taken again if nobody has touched this run meanwhile."""
        now = self._clock()
        if leases.renew(conn, KIND, work.holder, now, LEASE_TTL):
            return
        current = runs.get_run(conn, work.run.id)
        untouched = current is not None and current.state == "running" and (current.cursor or "") == work.cursor
        if not untouched or not leases.acquire(conn, KIND, work.holder, now, LEASE_TTL):
            raise LeaseLost

    def _heartbeat(self, work: _Work, stop: Callable[[], bool]) -> Beat:
        """Return what keeps the lease alive while the index is built, which may take longer than it lasts."""
        last = self._stopwatch()

        def beat(_done: int, _total: int) -> None:
            nonlocal last
            if stop():
                raise RunStopped
            if self._stopwatch() - last >= LEASE_TTL.total_seconds() / 6:
                with self._database.write(ordered=False) as conn:
                    self._hold(conn, work)
                last = self._stopwatch()

        return beat

    def _release(self, holder: str) -> None:
        try:
            with self._database.write(ordered=False) as conn:
                leases.release(conn, KIND, holder)
        except StoreError as error:
            # Raising here would hide why the run ended; the lease runs out by itself.
            log.warning("the lease of the cross-match could not be given back (%s)", error.code)

    def _at(self, run: Run) -> datetime:
        """Return the time, never before the run began: the clock may have been moved back."""
        return max(self._clock(), run.started_at)

    @contextmanager
    def _timed(self, work: _Work, stage: str) -> Iterator[None]:
        began = self._stopwatch()
        yield
        work.tally[f"ms_{stage}"] += max(round((self._stopwatch() - began) * 1000), 0)


def _begun_at(run: Run) -> int:
    """Return the number of the newest event when a run began; 0 for one of an older version, which did not note it."""
    return int(str(run.parameters.get("from_event", 0)))


def _count(work: _Work, outcome: MatchOutcome) -> None:
    """Add up what comparing one case came to; a pair whose other case has its turn later is counted then."""
    work.tally["compared" if outcome.settled else "unsettled"] += 1
    work.tally["same"] += outcome.counts.get("same", 0)
    work.tally.update({f"{CANDIDATES}{route}": count for route, count in outcome.proposed.items()})
    for _, found in outcome.found:
        other = found.pair.left_id if found.pair.right_id == outcome.case_id else found.pair.right_id
        # The later one surely finds the pair too: a match that is stored is compared again in any case.
        if other in work.listed and other not in work.done:
            continue
        work.tally[f"pairs_{found.pair.grade}"] += 1
        work.tally.update(f"{ROUTE}{route}" for route in found.routes)
