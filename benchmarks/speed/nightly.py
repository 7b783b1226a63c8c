"""How much memory, and how much time, does one case of the nightly run take?

python -m benchmarks.speed.nightly [--reports 4000] [--rescues 1000] [--candidates 250] [--json]

Batches of several sizes are compared as a run compares them, once for the seconds and others once for the memory: how
much was allocated at most beyond what was held before (`tracemalloc`, which slows it down). What a batch of one needs
is what `api.nightly.memory` reckons with. The last line is the growth of the whole process meanwhile.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import secrets
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from api.bootstrap import Sandhan, prepare_database
from api.cases.forms import CaseForm
from api.ids import new_id, utc_now
from api.settings import Settings
from api.store import cases, partners
from data.synthetic import linked_sample
from matcher.person import Side

SEED = 80_002  # never one that trains or tunes
BATCHES = (1, 10, 50)
REPEATS = 3
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def run(reports: int, rescues: int, candidates: int) -> list[dict[str, float | str]]:
    """Return, for each side and batch size, the largest growth in MB, that per case, and the seconds per case."""
    rows: list[dict[str, float | str]] = []
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, home=Path(folder), faces=False, candidates=candidates)
        prepare_database(settings)
        with Sandhan.build(settings, clock=utc_now) as sandhan:
            ids = _fill(sandhan, reports, rescues)
            sandhan.keeper.open()
            held = _high_water()
            for side in Side:  # what is built once is built before anything is measured
                sandhan.matching.match_cases(ids[side][-20:])
            for side in Side:
                position = 0
                for size in BATCHES:
                    growth, seconds = [], []
                    for repeat in range(2 * REPEATS):
                        part = ids[side][position : position + size]
                        position += size
                        gc.collect()
                        if repeat % 2:
                            growth.append(_allocated(lambda part=part: sandhan.matching.match_cases(part)))
                            continue
                        began = time.perf_counter()
                        sandhan.matching.match_cases(part)
                        seconds.append(time.perf_counter() - began)
                    rows.append(
                        {
                            "side": side.value,
                            "cases": size,
                            "growth_mb": round(max(growth), 1),
                            "mb_per_case": round(max(growth) / size, 2),
                            "seconds_per_case": round(min(seconds) / size, 3),
                        }
                    )
            rows.append({"process_growth_mb": round(_high_water() - held, 1)})
    return rows


def _fill(sandhan: Sandhan, reports: int, rescues: int) -> dict[Side, list[str]]:
    sample = linked_sample(SEED, reports, rescues)
    ids: dict[Side, list[str]] = {side: [] for side in Side}
    with sandhan.database.write() as conn:
        partners.add_partner(conn, partner_id="unit", name="Unit", kind="ahtu", country="IN", language="en", at=NOW)
        for records in (sample.reports, sample.rescues):
            new = []
            for record in records:
                form = CaseForm.model_validate({"side": record.side.value, **record.fields})
                case_id = new_id("case", NOW, secrets.token_bytes)
                new.append(cases.NewCase(case_id, form.side, "unit", form.content(NOW.date())))
                ids[record.side].append(case_id)
            cases.insert_cases(conn, new, at=NOW, by="benchmark")
    for side in Side:
        random.Random(SEED).shuffle(ids[side])
    return ids


def _high_water() -> float:
    """Return the most that this process has held so far, in MB (Linux counts in KB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _allocated(work: Callable[[], object]) -> float:
    """Return how many MB a piece of work held at most beyond what was held before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=4000)
    parser.add_argument("--rescues", type=int, default=1000)
    parser.add_argument("--candidates", type=int, default=250)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = run(given.reports, given.rescues, given.candidates)
    if given.json:
        print(json.dumps(rows))
        return
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row.items()))


if __name__ == "__main__":
    main()
