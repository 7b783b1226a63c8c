"""What do other tools take for the same records? Each a process of its own, where it is installed.

Splink and sparse_dot_topn are asked about everybody. rapidfuzz compares every pair and is asked about a few, from which
its time for everybody is reckoned: each person costs as much as the next.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.peers.pairs import Ints, Placed, Row, read_pairs, write_table
from benchmarks.peers.rescue_tables import table_of
from benchmarks.peers.running import Run, ToolFailed, peer_command, run
from benchmarks.quality.evidence import Question, progress
from benchmarks.scale.engine import NOWHERE, recall
from benchmarks.stages import Seconds
from indexing.crossmatch import LIMIT
from matcher.evaluation import ranks_within
from matcher.person import PersonRecord

SPLINK, RAPIDFUZZ, SPARSE = "Splink", "rapidfuzz cdist", "sparse_dot_topn"
PEERS: Final = {SPLINK: "splink-rescues", RAPIDFUZZ: "rapidfuzz-rescues", SPARSE: "sparse-rescues"}
ASKED_OF_RAPIDFUZZ: Final = 500
_AT_ONCE = 10_000


def measure(question: Question, rank: Ints, sample: Ints, python: str) -> dict[str, Any]:
    """Return the figures of each tool that is installed.

    Args:
        rank: shape (rescued,), what the engine made of everybody, to stand beside.
        sample: people with a report in a random order; rapidfuzz is asked about the first.
        python: of an environment that holds the peers.
    """
    found: dict[str, Any] = {}
    few = sample[:ASKED_OF_RAPIDFUZZ]
    everybody = np.arange(len(question.rescued))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        progress("romanising the records for the peers")
        paths = folder / "reports.csv", folder / "rescued.csv", folder / "few.csv"
        write_table(paths[0], _rows(question.reports))
        write_table(paths[1], _rows(question.rescued))
        write_table(paths[2], _rows([question.rescued[row] for row in few.tolist()]))
        ids = [record.record_id for record in question.reports]
        for name, method in PEERS.items():
            progress(name)
            people, right = (few, paths[2]) if name == RAPIDFUZZ else (everybody, paths[1])
            out = folder / "pairs.csv"
            try:
                took = run(peer_command(method, (paths[0], right), out, python))
            except ToolFailed as error:  # Splink cannot learn from every small table; the other figures stand
                progress(f"{name} failed: {str(error).strip().splitlines()[-1]}")
                continue
            if took is None:
                progress(f"{name}: not installed")
                continue
            pairs = read_pairs(out, ids, [question.rescued[row].record_id for row in people.tolist()])
            truth = question.truth[people]
            theirs = ranks(pairs, truth)
            known = truth >= 0
            found[name] = {
                "people": int(known.sum()),
                **recall(theirs[known]),
                "engine": recall(rank[people][known]),
                **times(took, len(everybody) / len(people) if name == RAPIDFUZZ else None),
            }
    return found


def times(took: Run, factor: float | None) -> dict[str, Any]:
    """Return what a run took, without starting up: "extrapolated" is the comparison for everybody.

    Args:
        factor: how many times as many there are as were asked about; None: everybody was.
    """
    parts = list(took.stages.values())
    said: dict[str, Any] = {
        "seconds": Seconds(sum(part.wall for part in parts), sum(part.cpu for part in parts)),
        "stages": dict(took.stages),
        "peak_mb": took.peak_mb,
    }
    if factor is not None:
        said["extrapolated"] = Seconds(*(factor * part for part in took.stages["compare"]))
    return said


def ranks(pairs: Placed, truth: Ints) -> Ints:
    """Return the place of each true report among the best 20, shape (people,); of equal scores it counts as last."""
    hit = truth[pairs.right] == pairs.left
    place = ranks_within(pairs.right, pairs.score, hit)
    out = np.full(len(truth), NOWHERE, dtype=np.int64)
    out[pairs.right[hit]] = place[hit]
    out[out >= LIMIT] = NOWHERE
    return out


def _rows(records: Sequence[PersonRecord]) -> Iterator[Row]:
    for start in range(0, len(records), _AT_ONCE):
        yield from table_of(records[start : start + _AT_ONCE])
