"""What does a night cost when little has changed? The first run, a full one, and one after some of the cases changed.

python -m benchmarks.scale.nights [--reports 20000] [--rescues 20000] [--share 0.01] [--folder FOLDER] [--json]

As many rescued people as reports, so that a full run, which asks for the rescued people, and a night's, which asks for
whoever changed on either side, ask for comparable numbers. Cases change by being closed and opened again: they are
compared anew and stay what they were, so the last run must find nothing new.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import tempfile
import time
from pathlib import Path
from typing import Any

from api.bootstrap import Sandhan
from api.ids import utc_now
from api.nightly.report import RunReport
from api.nightly.run import CrossMatch
from api.store import cases
from benchmarks.quality.evidence import progress
from benchmarks.scale.service import SEED, fill, settings_at

_AT_ONCE = 500


def measure(folder: Path, reports: int, rescues: int, share: float) -> dict[str, Any]:
    """Return cases, seconds on the wall and of the processor, and what each run found."""
    progress("filling the database")
    fill(folder, reports, rescues)
    figures: dict[str, Any] = {}
    with Sandhan.build(settings_at(folder), clock=utc_now) as sandhan:
        sandhan.keeper.open()
        for name, full in (("first", False), ("full", True)):
            progress(f"{name} run")
            figures[name] = _run(sandhan, full=full)
        progress("changing some")
        _change(sandhan, share)
        progress("run of what changed")
        figures["changed"] = _run(sandhan, full=False)
    figures["of_full"] = figures["changed"]["processor"] / figures["full"]["processor"]
    figures["of_first"] = figures["changed"]["processor"] / figures["first"]["processor"]
    return figures


def _run(sandhan: Sandhan, *, full: bool) -> dict[str, float]:
    job = CrossMatch(
        sandhan.database, sandhan.matching, sandhan.model.version, sandhan.clock, secrets.token_bytes,
        open_index=lambda _beat: sandhan.keeper.refresh(),
    )  # fmt: skip
    began, cpu = time.perf_counter(), time.process_time()
    reports: list[RunReport] = job.run(full=full)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    counted = reports[-1].counters
    return {
        "cases": counted["cases"], "seconds": took, "processor": cpu,
        "new": counted.get("new", 0), "same": counted.get("same", 0),
    }  # fmt: skip


def _change(sandhan: Sandhan, share: float) -> None:
    drawn = random.Random(SEED)
    with sandhan.database.read() as conn:
        ids = [sorted(cases.open_ids(conn, side=side)) for side in ("missing", "rescued")]
    chosen = [case_id for side in ids for case_id in drawn.sample(side, max(round(share * len(side)), 1))]
    for start in range(0, len(chosen), _AT_ONCE):
        with sandhan.database.write() as conn:
            for status in ("closed", "open"):
                for case_id in chosen[start : start + _AT_ONCE]:
                    cases.set_status(conn, case_id, status, utc_now())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=20_000)
    parser.add_argument("--rescues", type=int, default=20_000)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--folder", type=Path, help="folder of your own for the database; each use wants a new one")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        figures = measure(given.folder or Path(temporary), given.reports, given.rescues, given.share)
    if given.json:
        print(json.dumps(figures))
        return
    for name in ("first", "full", "changed"):
        one = figures[name]
        print(
            f"{name:<8}{one['cases']:>9,} cases {one['seconds']:>9.1f} s {one['processor']:>9.1f} s of the processor "
            f"{one['new']:>8,} new {one['same']:>8,} same"
        )
    print(f"what changed costs {figures['of_full']:.2%} of a full run, {figures['of_first']:.2%} of the first")


if __name__ == "__main__":
    main()
