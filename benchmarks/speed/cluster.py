"""What does a cluster save a nightly run, and what does it cost?

python -m benchmarks.speed.cluster [--reports 20000] [--rescues 1500] [--workers 1 2] [--at-once 50 250] [--json]

The same rescued people are compared alone and on workers of this machine. Where all share a few cores the time that
passes says little: told are milliseconds of *processor* time for each case, of the process that runs the night (its
own thread, which no worker can take off it, and the rest: Dask's scheduler, connections) and of all workers. Finding
and weighing alone (`meet`), and all of it, with explaining and storing (`all`).
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from api.bootstrap import Sandhan, prepare_database
from api.ids import utc_now
from api.settings import Settings
from benchmarks.speed.nightly import _fill
from indexing.cluster import Cluster
from indexing.meeting import Here, Meeting, Wanted
from indexing.search import FEWEST_REPORTS
from indexing.shards import Scales, Shard
from indexing.workers import LocalWorkers
from matcher.compare import COMPARISONS
from matcher.person import Side

Row = dict[str, float | int | str]


class Processor:
    """Milliseconds of this thread, of the rest of this process, of the workers, and of waiting, since it was made."""

    def __init__(self, cluster: Cluster | None) -> None:
        self._cluster = cluster
        self._began = self._now()

    def _now(self) -> tuple[float, float, float, float]:
        workers = 0.0
        if self._cluster is not None:
            workers = sum(self._cluster._client.run(time.process_time).values())
        return time.thread_time(), time.process_time(), workers, time.perf_counter()

    def each(self, cases: int) -> Row:
        """Return the milliseconds for each case."""
        own, process, workers, passed = (
            1000 * (now - then) / cases for now, then in zip(self._now(), self._began, strict=True)
        )
        told = {"own_ms": own, "rest_ms": process - own, "workers_ms": workers, "passed_ms": passed}
        return {name: round(value, 2) for name, value in told.items()}


def run(reports: int, rescues: int, workers: list[int], at_once: list[int]) -> list[Row]:
    """Return a row for each engine, number of cases at once, and part of the work."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, home=Path(folder), faces=False)
        prepare_database(settings)
        with Sandhan.build(settings, clock=utc_now) as sandhan:
            ids = _fill(sandhan, reports, rescues)[Side.RESCUED]
            sandhan.keeper.open()
            sandhan.matching.match_cases(ids)  # so that every engine finds the same stored
            rows.append(_sizes(sandhan))
            for count in (0, *workers):
                cluster = Cluster(LocalWorkers(count)) if count else None
                meeting: AbstractContextManager[Meeting] = cluster or nullcontext(Here())
                with meeting as met:
                    began = time.perf_counter()
                    met.prepare(sandhan.keeper.index, lambda _done, _all: None)
                    rows.append({"workers": count, "what": "prepare", "seconds": round(time.perf_counter() - began, 1)})
                    for size in at_once:
                        _measure(sandhan, met, ids[: 2 * size])  # what is read once is read before
                        for what, row in _measure(sandhan, met, ids, size, cluster).items():
                            rows.append({"workers": count, "at_once": size, "what": what, **row})
    return rows


def _measure(
    sandhan: Sandhan, meeting: Meeting, ids: list[str], size: int = 250, cluster: Cluster | None = None
) -> dict[str, Row]:
    parts = [ids[start : start + size] for start in range(0, len(ids), size)]
    records = [sandhan.keeper.source.records(part) for part in parts]
    index, model = sandhan.keeper.index, sandhan.model
    reports = max(index.count(Side.MISSING), FEWEST_REPORTS)

    def meet() -> None:
        for some in records:
            wanted = Wanted(some, Side.MISSING, sandhan.settings.candidates, [()] * len(some), model, reports)
            meeting.meet(index, wanted)

    def everything() -> None:
        service = sandhan.matching.using(meeting)
        for part in parts:
            service.match_cases(part)

    work: dict[str, Callable[[], None]] = {"meet": meet, "all": everything}
    out = {}
    for what, do in work.items():
        spent = Processor(cluster)
        do()
        out[what] = spent.each(len(ids))
    return out


def _sizes(sandhan: Sandhan) -> Row:
    """Return what travels: MB of all segments for each 1,000 records, and of what pairs are weighed by."""
    index = sandhan.keeper.index
    shards = sum(_bytes(Shard.of(segment)) for segment in index.segments)
    scales = _bytes(Scales(index.context, sandhan.model, tuple(one.name for one in COMPARISONS)))
    return {
        "records": len(index),
        "segments": len(index.segments),
        "mb_per_1000": round(shards / 2**20 / len(index) * 1000, 2),
        "scales_mb": round(scales / 2**20, 2),
    }


def _bytes(value: Any) -> int:
    return len(pickle.dumps(value, protocol=5))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=20_000)
    parser.add_argument("--rescues", type=int, default=1500)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--at-once", type=int, nargs="+", default=[50, 250])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = run(given.reports, given.rescues, given.workers, given.at_once)
    if given.json:
        print(json.dumps({"cores": os.cpu_count(), "rows": rows}))
        return
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row.items()))


if __name__ == "__main__":
    main()
