"""How many pairs are weighed in a second? Weights only, compiled, beside `score_pairs` with all its contributions.

python -m benchmarks.speed.scoring [--reports 20000] [--rescues 2000] [--pairs 1000000] [--peers-python PYTHON] [--json]
python -m benchmarks.speed.scoring --one-query [--reports 3000] [--rescues 60] [--json]

Candidate pairs as the search proposes them, repeated up to --pairs: tables that a batch builds once are then known, as
in a night's run. "first" is the first time, when they are built, and includes reading the records. Machines differ:
with --peers-python, of an environment that holds Splink, its rate of scoring blocked pairs of the same two tables is
printed beside, and how many times as fast both are. What one thread does, and Splink, is measured in processor time,
which other programs on the machine disturb least; two threads by the clock on the wall.

With --one-query, what weighing one rescued person against 250 candidates takes, and explaining 25 of them, on one
thread: the median over rescued people, each with columns of its own as a search builds them, in milliseconds of
processor time. The first queries only warm up. "after a change" is what the 25 take when a name has just been counted,
as it is before every other query.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.peers.pairs import write_table
from benchmarks.peers.rescue_tables import table_of
from data.synthetic import linked_sample
from indexing.match_index import context_of
from indexing.pairing import candidate_pairs
from matcher.columns import RecordColumns
from matcher.fast import PairScorer
from matcher.model import MatchModel
from matcher.scoring import score_pairs

Result = TypeVar("Result")

SEED = 80_001  # never one that trains or tunes
TODAY = date(2026, 11, 1)
REPEATS, WARM = 5, 5000
CANDIDATES, EXPLAINED, FIRST_QUERIES = 250, 25, 10
_SPLINK = """
import sys
from pathlib import Path
from benchmarks.peers.with_splink import predict_rescues
print(*predict_rescues(*map(Path, sys.argv[1:])))
"""


def run(reports: int, rescues: int, count: int) -> dict[str, float]:
    """Return pairs a second, and how far the two ways are apart in bits."""
    sample = linked_sample(SEED, reports, rescues)
    columns = RecordColumns.build(record.to_person(TODAY) for record in (*sample.reports, *sample.rescues))
    context, model = context_of(columns, reports), MatchModel.load()
    pairs = candidate_pairs(columns, reports, 80)
    i, j = pairs[:, 0], pairs[:, 1] - reports
    left, right = np.arange(reports), np.arange(reports, reports + rescues)
    PairScorer(columns, left, right, context, model, reports).weights(i[:WARM], j[:WARM])  # compiled by now
    found = {"candidate_pairs": float(len(pairs))}
    times = max(round(count / len(pairs)), 1)
    many_i, many_j = np.tile(i, times), np.tile(j, times)
    weights = np.zeros(0, dtype=np.float32)
    for threads, clock in ((1, time.process_time), (2, time.perf_counter)):
        started = clock()
        scorer = PairScorer(columns, left, right, context, model, reports, threads=threads)
        weights = scorer.weights(i, j)
        found[f"first_{threads}_threads"] = len(i) / (clock() - started)
        took = []
        for _ in range(REPEATS):
            started = clock()
            scorer.weights(many_i, many_j)
            took.append(clock() - started)
        found[f"weights_{threads}_threads"] = len(many_i) / min(took)
    took = []
    for _ in range(2):
        started = time.process_time()
        scored = score_pairs(columns, pairs[:, 0], pairs[:, 1], context, model, reports)
        took.append(time.process_time() - started)
    found["with_contributions_1_thread"] = len(pairs) / min(took)
    found["largest_difference_bits"] = float(np.abs(weights - scored.weight).max())
    return found


def one_query(reports: int, rescues: int) -> dict[str, float]:
    """Return the milliseconds that each step of one query takes, and how far the two ways are apart in bits."""
    sample = linked_sample(SEED, reports, rescues)
    records = [record.to_person(TODAY) for record in (*sample.reports, *sample.rescues)]
    every, model = RecordColumns.build(records), MatchModel.load()
    context = context_of(every, reports)
    pairs = candidate_pairs(every, reports, CANDIDATES)
    rng = np.random.default_rng(SEED)
    took: dict[str, list[float]] = {}
    apart = 0.0

    def timed(step: str, work: Callable[[], Result]) -> Result:
        started = time.process_time()
        result = work()
        took.setdefault(step, []).append(1e3 * (time.process_time() - started))
        return result

    for query in range(reports, reports + rescues):
        # Those that a search proposes, and of a small index' others as many as a large one would add.
        proposed = pairs[pairs[:, 1] == query, 0]
        others = rng.permutation(np.setdiff1d(np.arange(reports), proposed))
        found = np.concatenate([rng.permutation(proposed), others])[:CANDIDATES]
        count = min(len(proposed), EXPLAINED)
        columns = RecordColumns.build([records[query], *(records[row] for row in found.tolist())])
        i, j = np.arange(1, len(found) + 1), np.zeros(len(found), dtype=np.int64)
        make = partial(PairScorer, columns, i, j[:1], context, model, reports, threads=1)
        explain = partial(score_pairs, columns, context=context, model=model, reports=reports)
        scorer = timed("scorer_ms", make)
        weights = timed("weights_of_250_ms", partial(scorer.weights, i - 1, j))
        timed("explained_25_ms", partial(explain, i[:count], j[:count]))
        scored = timed("explained_250_ms", partial(explain, i, j))
        if query % 2:
            context.own_names.add("Sunita")
            context.relative_names.add("Sunita")
            timed("explained_25_after_a_change_ms", partial(explain, i[:count], j[:count]))
        apart = max(apart, float(np.abs(weights - scored.weight).max(initial=0.0)))
    medians = {step: float(np.median(times[FIRST_QUERIES:])) for step, times in took.items()}
    return medians | {"largest_difference_bits": apart}


def splink(reports: int, rescues: int, python: str) -> dict[str, float]:
    """Return pairs a second of processor time of Splink's step that blocks and scores, on the same records.

    Raises:
        subprocess.CalledProcessError: it ended with an error, or is not installed.
    """
    sample = linked_sample(SEED, reports, rescues)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.csv" for name in ("reports", "rescues")]
        for path, side in zip(paths, (sample.reports, sample.rescues), strict=True):
            write_table(path, table_of([record.to_person(TODAY) for record in side]))
        said = subprocess.run([python, "-c", _SPLINK, *map(str, paths)], check=True, stdout=subprocess.PIPE, text=True)
    pairs, seconds = map(float, said.stdout.split()[-2:])
    return {"splink_pairs": pairs, "splink": pairs / seconds}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int)
    parser.add_argument("--rescues", type=int)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--peers-python", help="Python of an environment that holds Splink")
    parser.add_argument("--one-query", action="store_true", help="the milliseconds of one query")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    sizes = (3000, 60) if chosen.one_query else (20_000, 2000)
    reports, rescues = chosen.reports or sizes[0], chosen.rescues or sizes[1]
    found = one_query(reports, rescues) if chosen.one_query else run(reports, rescues, chosen.pairs)
    if chosen.peers_python and not chosen.one_query:
        found |= splink(reports, rescues, chosen.peers_python)
        for name in ("first", "weights"):
            found[f"{name}_to_splink"] = found[f"{name}_1_threads"] / found["splink"]
    if chosen.json:
        print(json.dumps(found, indent=1))
        return
    for name, value in found.items():
        print(f"{name:<28} {value:>14,.0f}" if value > 100 else f"{name:<28} {value:>14.6f}")


if __name__ == "__main__":
    main()
