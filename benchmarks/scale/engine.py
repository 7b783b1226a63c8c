"""What does this engine take at a size, stage by stage, and whom does it find? Beside an oracle that weighs all.

    reports read -> vectors -> shelf                 once; a service keeps them
    rescued people read -> vectors -> candidates -> weights -> the best 20 of each

"kept" is the second line, "cold" is both. Both sides must stand in one table of columns to be weighed; the two sides
are read, and timed, apart, as they would come, and the table of both is made of them outside the clock.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.memory import forget_peak, peak_mb, resident_mb
from benchmarks.peers.pairs import Ints
from benchmarks.quality.evidence import Question, progress
from benchmarks.scale.population import Setting, drawn
from benchmarks.stages import Seconds, Stages
from indexing.crossmatch import CANDIDATES, LIMIT, Ranked, Stored, cross_match
from indexing.match_index import context_of
from indexing.record_space import RecordSpace
from indexing.record_vectors import RecordVectors, encode_records
from indexing.shelf import Asked
from matcher.columns import RecordColumns
from matcher.comparison import Context
from matcher.fast.scorer import PairScorer
from matcher.model import MatchModel
from matcher.person import PersonRecord

ONCE = ("reports read", "vectors of reports", "name frequencies", "shelf")
ASKING = ("rescued people read", "vectors of rescued people", "cross-match")
NOWHERE = np.iinfo(np.int64).max
"""The rank of a report that was not returned."""
QUERIES = 200
_WARM = Setting("usual", 300, 40, 82_900)
_PAIRS_AT_ONCE = 2_000_000
_AT_ONCE = 100_000  # reports: making the vectors of a million at once needs several times the room that they need


@dataclass(frozen=True, slots=True)
class Prepared:
    """Both sides, ready to be asked and weighed; the stored ones are the first rows of the columns."""

    stored: Stored
    asked: Asked
    context: Context
    model: MatchModel


def prepare(question: Question, stages: Stages) -> Prepared:
    """Return both sides, each stage timed."""
    n, m = len(question.reports), len(question.rescued)
    parts: list[RecordVectors] = []
    for start in range(0, n, _AT_ONCE):
        with stages("reports read"):
            alone = RecordColumns.build(question.reports[start : start + _AT_ONCE])
        with stages("vectors of reports"):
            part = encode_records(alone)
            parts.append(RecordVectors(part.rows, part.owners + start))
    with stages("vectors of reports"):
        vectors = RecordVectors(
            np.concatenate([part.rows for part in parts]), np.concatenate([part.owners for part in parts])
        )
    del alone, part, parts
    with stages("rescued people read"):
        asking = RecordColumns.build(question.rescued)
    with stages("vectors of rescued people"):
        asked = encode_records(asking)
    columns = RecordColumns.build((*question.reports, *question.rescued))
    with stages("name frequencies"):
        context = context_of(columns, n)
    with stages("shelf"):
        stored = Stored(columns, np.arange(n), vectors, RecordSpace.load())
    return Prepared(stored, Asked(asked, columns, np.arange(n, n + m)), context, MatchModel.load())


def ranks(found: Ranked, truth: Ints) -> Ints:
    """Return the place of each true report among what was returned, 0 first, shape (rescued,); `NOWHERE` if it is not.

    Args:
        truth: shape (rescued,), the true report, -1 none.
    """
    out = np.full(len(truth), NOWHERE, dtype=np.int64)
    place = np.arange(len(found.asking)) - np.searchsorted(found.asking, found.asking)
    hit = found.record == truth[found.asking]
    out[found.asking[hit]] = place[hit]
    return out


def exhaustive_ranks(ready: Prepared, people: Ints, truth: Ints, threads: int = 2) -> Ints:
    """Return the place of the true report of some people when every report is weighed, shape (people,).

    Equal weights are ordered as `cross_match` does, by the lower report.

    Args:
        people: positions among those who ask, all with a report.
        truth: shape (rescued,), of everybody.
    """
    n = len(ready.stored.rows)
    rows = ready.asked.rows[people]
    scorer = PairScorer(
        ready.stored.columns, ready.stored.rows, rows, ready.context, ready.model, max(n, 1), threads=threads
    )
    out = np.empty(len(people), dtype=np.int64)
    size = max(_PAIRS_AT_ONCE // n, 1)
    for start in range(0, len(people), size):
        some = np.arange(start, min(start + size, len(people)))
        weight = scorer.weights(np.tile(np.arange(n), len(some)), np.repeat(some, n)).reshape(len(some), n)
        true = truth[people[some]]
        own = weight[np.arange(len(some)), true][:, None]
        before = np.arange(n)[None, :] < true[:, None]
        out[some] = ((weight > own) | ((weight == own) & before)).sum(axis=1)
    return out


def ask_one(ready: Prepared, person: PersonRecord) -> tuple[Ints, npt.NDArray[np.float32]]:
    """Return (report, weight) of the best 20 for a record that is in no table: what a desk waits for."""
    stored = ready.stored
    mine = RecordColumns.build([person])
    _, record, _ = stored.candidates(Asked(encode_records(mine), mine, np.arange(1)), threads=1)
    others = stored.columns.records
    columns = RecordColumns.build([person, *(others[row] for row in stored.rows[record].tolist())])
    left = np.arange(1, len(columns))
    scorer = PairScorer(
        columns, left, np.zeros(1, dtype=np.int64), ready.context, ready.model, max(len(stored.rows), 1), threads=1
    )
    weight = scorer.weights(left - 1, np.zeros(len(left), dtype=np.int64))
    best = np.lexsort((record, -weight))[:LIMIT]
    return record[best], weight[best]


def query_times(ready: Prepared, people: Sequence[PersonRecord]) -> dict[str, float]:
    """Return median and 99th percentile of the milliseconds on the wall, and the mean processor time, of one query."""
    took = []
    cpu = time.process_time()
    for person in people:
        started = time.perf_counter()
        ask_one(ready, person)
        took.append(1000 * (time.perf_counter() - started))
    cpu = 1000 * (time.process_time() - cpu) / max(len(people), 1)
    return {"p50_ms": float(np.percentile(took, 50)), "p99_ms": float(np.percentile(took, 99)), "cpu_ms": cpu}


def recall(rank: Ints) -> dict[str, float]:
    """Return the share of people whose true report is first, and among the first 20."""
    return {f"recall@{k}": float((rank < k).mean()) if len(rank) else 0.0 for k in (1, LIMIT)}


def measure(question: Question, sample: Ints, oracle: int, threads: int = 2) -> tuple[dict[str, Any], Ints]:
    """Return the figures of a population, and the rank of each rescued person's true report.

    Args:
        sample: people with a report in a random order; the first are asked one by one, and of the oracle.
        oracle: for how many people every report is weighed.
        threads: how many work at once.
    """
    progress("compiling")
    _warm(threads)
    gc.collect()
    gc.freeze()  # the records are the caller's: they are not looked through again and again
    forget_peak()  # drawing the people is no part of it
    stages = Stages()
    progress("reading, encoding, shelving")
    ready = prepare(question, stages)
    gc.collect()
    figures: dict[str, Any] = {"resident_mb": resident_mb()}
    progress("matching")
    n = len(ready.stored.rows)
    with stages("candidates"):
        asking, record, _ = ready.stored.candidates(ready.asked, threads=threads)
    with stages("scorer"):
        scorer = PairScorer(
            ready.stored.columns, ready.stored.rows, ready.asked.rows, ready.context, ready.model, max(n, 1),
            threads=threads,
        )  # fmt: skip
    with stages("weights, first"):
        scorer.weights(record, asking)
    with stages("weights, again"):
        scorer.weights(record, asking)
    del scorer
    with stages("cross-match"):
        found = cross_match(ready.stored, ready.asked, ready.context, ready.model, threads=threads)
    figures["peak_mb"] = peak_mb()
    rank = ranks(found, question.truth)
    known = question.truth >= 0
    scanned = ready.stored.shelf.search(ready.asked, CANDIDATES, threads=threads).scanned
    figures |= {
        "stages": stages.taken,
        "kept": stages.sum(ASKING),
        "cold": stages.sum((*ONCE, *ASKING)),
        "pairs": found.compared,
        "looked_at": scanned / (len(ready.asked.vectors.rows) * max(len(ready.stored.shelf), 1)),
        "people": int(known.sum()),
        "candidates": float((question.truth[asking] == record).sum() / max(known.sum(), 1)),
        **recall(rank[known]),
    }
    progress("one by one")
    figures["query"] = query_times(ready, [question.rescued[row] for row in sample[:QUERIES].tolist()])
    some = sample[:oracle]
    if len(some):
        progress("weighing every pair")
        clock = Stages()
        with clock("oracle"):
            exact = exhaustive_ranks(ready, some, question.truth, threads)
        took = clock.taken["oracle"]
        figures["oracle"] = {
            "people": len(some), "seconds": took, **recall(exact), "engine": recall(rank[some]),
            "extrapolated": Seconds(*(part * len(question.rescued) / len(some) for part in took)),
        }  # fmt: skip
    return figures, rank


def _warm(threads: int) -> None:
    """Compile what is compiled, and load what is loaded once, on a few people of another seed."""
    few = drawn(_WARM)
    ready = prepare(few, Stages())
    cross_match(ready.stored, ready.asked, ready.context, ready.model, threads=threads)
    ask_one(ready, few.rescued[0])
