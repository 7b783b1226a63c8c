"""What does a service hold and take at a size, database included? Built, saved, opened, asked, followed.

python -m benchmarks.scale.service [--reports 1000000] [--rescues 10000] [--folder FOLDER] [--queries 200] [--json]

The database (SQLite) is filled from a seed, or found in --folder from an earlier run. Then, each in a process of its
own: the index is built from the database and saved; opened from its snapshot, and asked by people whose records come
in as a desk sends them; and a report that one process enters is looked for by another, whose index is open already.
Seconds are on the wall beside the processor's of all processes, megabytes are resident ones and those that no file has.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import secrets
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.synchronize import Event as Signal
from pathlib import Path
from typing import Any

import numpy as np

from api.bootstrap import Sandhan, prepare_database
from api.cases.forms import CaseForm
from api.ids import new_id, utc_now
from api.settings import Settings
from api.store import Database, cases, partners
from benchmarks.memory import anonymous_mb, peak_mb, resident_mb
from benchmarks.quality.evidence import progress
from data.corruption import LIVES
from data.synthetic import TODAY, linked_pairs
from indexing.search import find_matches
from matcher.person import PersonRecord

SEED = 82_001  # never one that trains or tunes
NOW = datetime(2026, 11, 1, tzinfo=UTC)
_AT_ONCE = 5000
_PLACE = {"country": "IN", "state": "West Bengal", "district": "Nadia"}
_PATIENCE_S = 60.0


def settings_at(folder: Path) -> Settings:
    """Return the settings of the deployment in a folder."""
    return Settings(_env_file=None, home=folder, faces=False)


def fill(folder: Path, reports: int, rescues: int) -> None:
    """Make the database of a folder, unless it is there."""
    done = folder / f"{reports}x{rescues}.filled"
    if done.exists():
        return
    prepare_database(settings_at(folder))
    database = Database.open(settings_at(folder).database)
    with database.write() as conn:
        partners.add_partner(conn, partner_id="unit", name="Unit", kind="ahtu", country="IN", language="en", at=NOW)
    waiting: list[cases.NewCase] = []
    stored = 0
    for pair in linked_pairs(SEED, reports, rescues, TODAY, corruption=LIVES["usual"]):
        for record in (pair.report, pair.rescue):
            if record is None:
                continue
            form = CaseForm.model_validate({"side": record.side.value, **record.fields})
            case_id = new_id("case", NOW + timedelta(milliseconds=stored + len(waiting)), secrets.token_bytes)
            waiting.append(cases.NewCase(case_id, form.side, "unit", form.content(NOW.date())))
        if len(waiting) >= _AT_ONCE:
            stored += _store(database, waiting)
            if stored % 100_000 < _AT_ONCE:
                progress(f"stored {stored:,} cases")
            waiting = []
    _store(database, waiting)
    database.dispose()
    done.touch()


def _store(database: Database, new: list[cases.NewCase]) -> int:
    with database.write() as conn:
        cases.insert_cases(conn, new, at=NOW, by="benchmark")
    return len(new)


def built(folder: Path) -> dict[str, Any]:
    """Return what building and saving the index takes."""
    with Sandhan.build(settings_at(folder), clock=utc_now) as sandhan:
        began, cpu = time.perf_counter(), _processor()
        # Saved within: what is left of a run is the snapshot.
        status = sandhan.keeper.rebuild()
        return {
            "records": status.records,
            "seconds": time.perf_counter() - began,
            "processor": _processor() - cpu,
            "peak_mb": peak_mb(),
        }


def _processor() -> float:
    """Return the processor's seconds of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def asked(folder: Path, queries: int) -> dict[str, Any]:
    """Return what opening the index and asking it takes, with the records of some rescued people."""
    with Sandhan.build(settings_at(folder), clock=utc_now) as sandhan:
        began = time.perf_counter()
        sandhan.keeper.open()
        opened = time.perf_counter() - began
        people = _some_rescued(sandhan, 2 * queries)
        for person in people[:queries]:  # what a service has met before is met before the clock runs
            _ask(sandhan, person)
        took, cpu = [], time.process_time()
        for person in people[queries:]:
            began = time.perf_counter()
            sandhan.keeper.refresh()
            _ask(sandhan, person)
            took.append(1000 * (time.perf_counter() - began))
        return {
            "open_seconds": opened,
            "p50_ms": float(np.percentile(took, 50)),
            "p99_ms": float(np.percentile(took, 99)),
            "cpu_ms": 1000 * (time.process_time() - cpu) / len(took),
            "resident_mb": resident_mb(),
            "own_mb": anonymous_mb(),
        }


def _some_rescued(sandhan: Sandhan, count: int) -> list[PersonRecord]:
    with sandhan.database.read() as conn:
        ids = sorted(cases.open_ids(conn, side="rescued"))
    chosen = np.random.default_rng(SEED).permutation(len(ids))[:count]
    return sandhan.keeper.source.records([ids[row] for row in chosen.tolist()])


def _ask(sandhan: Sandhan, person: PersonRecord) -> None:
    find_matches(
        person, sandhan.keeper.index, sandhan.keeper.source, sandhan.model,
        limit=20, candidates=sandhan.settings.candidates,
    )  # fmt: skip


def followed(folder: Path) -> float:
    """Return the seconds from the commit of a new report until another process, whose index is open, finds it."""
    context = get_context("spawn")
    ready = context.Event()
    answers = context.Queue()
    # Of a name that nobody has, and that no earlier run has left in this database.
    she = _PLACE | {"name": "".join(random.SystemRandom().choices("abdegiklmnoprstuvz", k=18)).title()}
    watcher = context.Process(target=_watch, args=(folder, she, ready, answers))
    watcher.start()
    try:
        if not ready.wait(600):
            raise TimeoutError("the other process did not open its index")
        database = Database.open(settings_at(folder).database)
        form = CaseForm.model_validate({"side": "missing", **she})
        new = cases.NewCase(new_id("case", utc_now(), secrets.token_bytes), form.side, "unit", form.content(NOW.date()))
        _store(database, [new])
        committed = time.time()
        database.dispose()
        found: float = answers.get(timeout=_PATIENCE_S)
        return max(found - committed, 0.0)
    finally:
        watcher.join(_PATIENCE_S)
        watcher.kill()


def _watch(folder: Path, she: dict[str, str], ready: Signal, answers: Any) -> None:
    with Sandhan.build(settings_at(folder), clock=utc_now) as sandhan:
        sandhan.keeper.open()
        person = CaseForm.model_validate({"side": "rescued", **she}).read(NOW.date()).record
        before = set(_names(sandhan, person))
        ready.set()
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            sandhan.keeper.refresh()
            if set(_names(sandhan, person)) - before:
                answers.put(time.time())
                return


def _names(sandhan: Sandhan, person: PersonRecord) -> list[str]:
    found = find_matches(person, sandhan.keeper.index, sandhan.keeper.source, sandhan.model, limit=5)
    return [match.pair.left_id for match in found]


def measure(folder: Path, reports: int, rescues: int, queries: int) -> dict[str, Any]:
    """Return the figures of a size."""
    progress("filling the database")
    fill(folder, reports, rescues)
    figures: dict[str, Any] = {"reports": reports, "rescues": rescues}
    for name, work, arguments in (("build", built, (folder,)), ("serve", asked, (folder, queries))):
        progress(name)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            figures[name] = pool.submit(work, *arguments).result()
    progress("follow")
    figures["findable_s"] = followed(folder)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=1_000_000)
    parser.add_argument("--rescues", type=int, default=10_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="folder of your own that keeps the database between runs")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        figures = measure(given.folder or Path(temporary), given.reports, given.rescues, given.queries)
    if given.json:
        print(json.dumps(figures))
        return
    build, serve = figures["build"], figures["serve"]
    print(
        f"{given.reports:,} reports, {given.rescues:,} rescued people\n"
        f"  built and saved in {build['seconds']:.1f} s ({build['processor']:.1f} s of processors), "
        f"at most {build['peak_mb']:,.0f} MB\n"
        f"  opened in {serve['open_seconds']:.1f} s; one query p50 {serve['p50_ms']:.1f} ms, "
        f"p99 {serve['p99_ms']:.1f} ms, {serve['cpu_ms']:.1f} ms of the processor\n"
        f"  held while serving: {serve['resident_mb'] or 0:,.0f} MB, of which its own {serve['own_mb'] or 0:,.0f} MB\n"
        f"  a new report is findable in another process after {figures['findable_s']:.2f} s"
    )


if __name__ == "__main__":
    main()
