"""What does this engine take at a size, stage by stage, and whom does it find? Beside an oracle that weighs all.

    reports read -> index -> snapshot -> load          once; a service keeps the snapshot, and opens it each time
    rescued people read -> cross-match                 candidates -> weights -> the best 20 of each

"kept" is the second line, on the index as it was loaded; "cold" is reading, index and the second line. What a process
holds that serves the index is asked of another process, which has nothing else.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.memory import anonymous_mb, forget_peak, peak_mb, resident_mb
from benchmarks.peers.pairs import Ints
from benchmarks.quality.evidence import Question, progress
from benchmarks.quality.rescues import Memory
from benchmarks.scale.population import Setting, drawn
from benchmarks.stages import Seconds, Stages
from indexing.building import IndexBuilder, read_page
from indexing.candidates import CANDIDATES, propose
from indexing.crossmatch import LIMIT, Ranked, cross_match
from indexing.index_files import load_index, save_index
from indexing.match_index import MatchIndex
from indexing.record_space import RecordSpace
from indexing.record_vectors import encode_records
from indexing.search import FoundMatch, find_matches
from indexing.shelf import Asked
from indexing.snapshot_manifest import Origin
from matcher.columns import RecordColumns
from matcher.fast.scorer import PairScorer
from matcher.gathering import gather
from matcher.model import MatchModel
from matcher.person import PersonRecord, Side

ONCE = ("reports read", "index")
OPENED = ("snapshot", "load")
ASKING = ("rescued people read", "cross-match")
NOWHERE = np.iinfo(np.int64).max
"""The rank of a report that was not returned."""
QUERIES = 200
_WARM = Setting("usual", 300, 40, 82_900)
_PAIRS_AT_ONCE = 2_000_000
_PAGE = 8192
_ORIGIN = Origin("benchmark", "benchmark", "benchmark")
_NO_PHOTOS = "none"


@dataclass(frozen=True, slots=True)
class Prepared:
    """Reports in an index, and those who ask.

    Attributes:
        index: of all reports.
        asked: the rescued people.
        position: of each segment, the place of the report in each row among all reports.
        model: the evidence.
    """

    index: MatchIndex
    asked: Asked
    position: tuple[Ints, ...]
    model: MatchModel

    def __len__(self) -> int:
        return len(self.index)

    def matched(self, threads: int = 2) -> Ranked:
        """Return the best 20 of each who asks."""
        return cross_match(
            self.index.segments, self.asked, Side.MISSING, self.index.context, self.model, max(len(self), 1),
            threads=threads,
        )  # fmt: skip

    def report(self, segment: Ints, row: Ints) -> Ints:
        """Return the place among all reports of those in some rows of segments, shape (n,)."""
        out = np.empty(len(segment), dtype=np.int64)
        for number, place in enumerate(self.position):
            mine = segment == number
            out[mine] = place[row[mine]]
        return out


def prepare(question: Question, stages: Stages, folder: Path) -> Prepared:
    """Return the index of all reports, as it is opened from a snapshot in the folder, and those who ask."""
    built = MatchIndex(_NO_PHOTOS)
    builder = IndexBuilder(built)
    for start in range(0, len(question.reports), _PAGE):
        with stages("reports read"):
            page = read_page(question.reports[start : start + _PAGE], _NO_PHOTOS, built.face_width)
        with stages("index"):
            builder.add(page)
    with stages("index"):
        builder.finish()
    with stages("snapshot"):
        save_index(folder, _ORIGIN, built, datetime(2026, 11, 1, tzinfo=UTC))
    del built, builder
    gc.collect()
    with stages("load"):
        index = opened(folder)
    with stages("rescued people read"):
        columns = RecordColumns.build(question.rescued)
        everybody = np.arange(len(columns))
        asked = Asked.of(columns, everybody, encode_records(columns), RecordSpace.load())
    there = index.locate([record.record_id for record in question.reports])
    position = tuple(np.zeros(len(segment), dtype=np.int64) for segment in index.segments)
    for number, place in enumerate(position):
        mine = np.flatnonzero(there.segment == number)
        place[there.row[mine]] = mine
    return Prepared(index, asked, position, MatchModel.load())


def opened(folder: Path) -> MatchIndex:
    """Return the index that was saved in a folder."""
    return load_index(folder, _ORIGIN, MatchIndex(_NO_PHOTOS))


def ranks(asking: Ints, report: Ints, truth: Ints) -> Ints:
    """Return the place of each true report among what was returned, 0 first, shape (rescued,); `NOWHERE` if it is not.

    Args:
        asking, report: shape (n,), who asked and what was returned, best first.
        truth: shape (rescued,), the true report, -1 none.
    """
    out = np.full(len(truth), NOWHERE, dtype=np.int64)
    place = np.arange(len(asking)) - np.searchsorted(asking, asking)
    hit = report == truth[asking]
    out[asking[hit]] = place[hit]
    return out


def exhaustive_ranks(ready: Prepared, people: Ints, truth: Ints, threads: int = 2) -> Ints:
    """Return the place of the true report of some people when every report is weighed, shape (people,).

    Equal weights are ordered as `cross_match` does, by where the report is.

    Args:
        people: positions among those who ask, all with a report.
        truth: shape (rescued,), of everybody.
    """
    segments = ready.index.segments
    n = sum(map(len, segments))
    columns = gather([(ready.asked.columns, people), *((each.columns, np.arange(len(each))) for each in segments)])
    row_of = np.empty(n, dtype=np.int64)
    row_of[np.concatenate(ready.position)] = np.arange(n)
    scorer = PairScorer(
        columns, np.arange(len(people), len(columns)), np.arange(len(people)), ready.index.context, ready.model,
        max(n, 1), threads=threads,
    )  # fmt: skip
    out = np.empty(len(people), dtype=np.int64)
    size = max(_PAIRS_AT_ONCE // n, 1)
    for start in range(0, len(people), size):
        some = np.arange(start, min(start + size, len(people)))
        weight = scorer.weights(np.tile(np.arange(n), len(some)), np.repeat(some, n)).reshape(len(some), n)
        true = row_of[truth[people[some]]]
        own = weight[np.arange(len(some)), true][:, None]
        before = np.arange(n)[None, :] < true[:, None]
        out[some] = ((weight > own) | ((weight == own) & before)).sum(axis=1)
    return out


def ask_one(ready: Prepared, person: PersonRecord) -> list[FoundMatch]:
    """Return the best 20 for a record, explained, as a desk gets them."""
    return find_matches(person, ready.index, Memory(()), ready.model, limit=LIMIT, candidates=CANDIDATES)


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


def serving(folder: Path, people: Sequence[PersonRecord]) -> dict[str, float | None]:
    """Return what another process holds that has opened an index and answered some people, in megabytes."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_served, folder, people).result()


def _served(folder: Path, people: Sequence[PersonRecord]) -> dict[str, float | None]:
    index, model = opened(folder), MatchModel.load()
    for person in people:
        find_matches(person, index, Memory(()), model, limit=LIMIT, candidates=CANDIDATES)
    return {"resident_mb": resident_mb(), "own_mb": anonymous_mb()}


def recall(rank: Ints) -> dict[str, float]:
    """Return the share of people whose true report is first, and among the first 20."""
    return {f"recall@{k}": float((rank < k).mean()) if len(rank) else 0.0 for k in (1, LIMIT)}


def measure(
    question: Question, sample: Ints, oracle: int, threads: int = 2, folder: Path | None = None
) -> tuple[dict[str, Any], Ints]:
    """Return the figures of a population, and the rank of each rescued person's true report.

    Args:
        sample: people with a report in a random order; the first are asked one by one, and of the oracle.
        oracle: for how many people every report is weighed.
        threads: how many work at once.
        folder: where the snapshot may be kept meanwhile; None for where temporary files are.
    """
    progress("compiling")
    _warm(threads)
    gc.collect()
    gc.freeze()  # the records are the caller's: they are not looked through again and again
    forget_peak()  # drawing the people is no part of it
    with TemporaryDirectory(dir=folder) as place:
        return _measured(question, sample, oracle, threads, Path(place))


def _measured(question: Question, sample: Ints, oracle: int, threads: int, folder: Path) -> tuple[dict[str, Any], Ints]:
    stages = Stages()
    progress("reading, indexing")
    ready = prepare(question, stages, folder)
    gc.collect()
    progress("matching")
    with stages("cross-match"):
        found = ready.matched(threads)
    figures: dict[str, Any] = {"peak_mb": peak_mb()}
    rank = ranks(found.asking, ready.report(found.segment, found.record), question.truth)
    known = question.truth >= 0
    with stages("candidates alone"):
        proposed = propose(ready.index.segments, ready.asked, Side.MISSING, CANDIDATES, threads=threads)
    report = ready.report(proposed.segment, proposed.row)
    rows = sum(len(segment.sides[Side.MISSING].shelf) for segment in ready.index.segments)
    figures |= {
        "stages": stages.taken,
        "kept": stages.sum(ASKING),
        "cold": stages.sum((*ONCE, *ASKING)),
        "pairs": found.compared,
        "looked_at": proposed.scanned / (len(ready.asked.queries) * max(rows, 1)),
        "people": int(known.sum()),
        "candidates": float((question.truth[proposed.asking] == report).sum() / max(known.sum(), 1)),
        "disk_mb": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6,
        **recall(rank[known]),
    }
    progress("one by one")
    desk = [question.rescued[row] for row in sample[:QUERIES].tolist()]
    figures["query"] = query_times(ready, desk)
    figures |= serving(folder, desk[: QUERIES // 4])
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
    with TemporaryDirectory() as folder:
        ready = prepare(few, Stages(), Path(folder))
        ready.matched(threads)
        ask_one(ready, few.rescued[0])
