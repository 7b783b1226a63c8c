"""How far does plain string matching go? One string a record, every pair compared, no model at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz
from rapidfuzz.process import cdist

from benchmarks.peers.pairs import Floats, Ints, ScoredIds, read_table
from benchmarks.stages import Stages

_BLOCK = 250  # right records at once: all pairs of 100,000 would not fit
_LEAST = 60.0  # of 100: far below any threshold that could be best
_EACH = 50


def febrl4(left: Path, right: Path) -> ScoredIds:
    """Link FEBRL 4 by the sorted words of all columns; what scores below 60 of 100 is left out."""
    tables = [read_table(path) for path in (left, right)]
    texts = [[" ".join(value for name, value in row.items() if name != "rec_id") for row in rows] for rows in tables]
    first, second, score = _alike(texts[0], texts[1], limit=None)
    ids = [[row["rec_id"] for row in rows] for rows in tables]
    return ScoredIds([ids[0][n] for n in first], [ids[1][n] for n in second], score)


def rescues(left: Path, right: Path) -> ScoredIds:
    """Rank reports (left) for each rescued person (right) by the sorted words of all names; the best 50."""
    stages = Stages()
    with stages("read"):
        tables = [read_table(path) for path in (left, right)]
        texts = [[row["all_names"] for row in rows] for rows in tables]
    with stages("compare"):
        first, second, score = _alike(texts[0], texts[1], limit=_EACH)
    return ScoredIds([tables[0][n]["id"] for n in first], [tables[1][n]["id"] for n in second], score, stages.taken)


def _alike(left: Sequence[str], right: Sequence[str], limit: int | None) -> tuple[Ints, Ints, Floats]:
    """Return (left, right, score in 0..1) of the pairs that reach the least score, or of the best of each right."""
    found: list[tuple[Ints, Ints, Floats]] = []
    for start in range(0, len(right), _BLOCK):
        part = right[start : start + _BLOCK]
        scores = cdist(part, left, scorer=fuzz.token_sort_ratio, dtype=np.float32, workers=-1)
        if limit is None or limit >= len(left):
            rows, columns = np.nonzero(scores >= (_LEAST if limit is None else 0.0))
        else:
            best = np.argpartition(-scores, limit - 1, axis=1)[:, :limit]
            rows, columns = np.repeat(np.arange(len(part)), limit), best.ravel()
        found.append((columns, rows + start, scores[rows, columns].astype(np.float64) / 100))
    first, second, score = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return first, second, score
