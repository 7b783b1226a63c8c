"""Which records of two files are one person? The engine as a tool: no server, no database, no labels.

    fields -> records -> candidates from the index -> u from random pairs, m by EM -> probabilities

The shipped model is the prior; the files at hand teach it how often their own values agree by chance and how often they
are garbled. Dates and places keep the meaning they have in the service.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from indexing.match_index import MatchIndex, context_of
from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.comparison import Comparison
from matcher.errors import InvalidRecord
from matcher.model import MatchModel
from matcher.person import PersonRecord, Side
from matcher.scoring import ScoredPairs, score_pairs
from matcher.training import em_weights, prior_model, random_pairs, u_from_random

Stage = Callable[[str, int, int], None]
CANDIDATES = 40
_QUERY_BATCH = 500
_FEW, _LEAST_SHARE = 3000, 0.02
_RANDOM_PAIRS = 300_000
_SEED = 20261101


@dataclass(frozen=True, slots=True)
class Linked:
    """The outcome: pairs of record numbers, scored.

    Attributes:
        left, right: shape (n,), positions in the two inputs.
        scored: weights and contributions of the n candidate pairs.
        model: the model after learning from the files.
    """

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    scored: ScoredPairs
    model: MatchModel


def link_records(
    left: Sequence[PersonRecord],
    right: Sequence[PersonRecord],
    model: MatchModel,
    *,
    extra: Sequence[Comparison] = (),
    candidates: int = CANDIDATES,
    stage: Stage = lambda _name, _done, _total: None,
) -> Linked:
    """Compare two sets of records.

    Args:
        left, right: one set each; every record of a set on one side, ids unique within a set.
        model: the prior.
        extra: comparisons of further columns.
        candidates: rows taken from each search route.
        stage: told (what, done, total) as the work goes on.
    Raises:
        InvalidRecord: one of the two sets is empty.
    """
    if not left or not right:
        raise InvalidRecord("records", "there are none on one side")
    stage("reading names and places", 0, 1)
    columns = RecordColumns.build([*left, *right])
    context = context_of(left)
    pairs = _candidates(left, right, candidates, stage)
    comparisons = _useful(columns, (*COMPARISONS, *extra), len(left))
    stage("learning from the files", 0, 2)
    known = prior_model(model.version, comparisons)
    start = replace(model, comparisons=known.comparisons | model.comparisons, discount=1.0)
    sides = np.arange(len(left)), np.arange(len(left), len(left) + len(right))
    random = random_pairs(*sides, min(_RANDOM_PAIRS, len(left) * len(right)), _SEED)
    if max(len(left), len(right)) < _FEW:
        # Of few records, a random pair is too often one person: what looks like a match teaches nothing about chance.
        guess = replace(start, report_share=0.5, discount=model.discount)
        looks = score_pairs(columns, random[:, 0], random[:, 1], context, guess, len(left), comparisons)
        random = random[looks.probability < 0.5]
    learned = u_from_random(start, columns, random, context, comparisons)
    stage("learning from the files", 1, 2)
    levels = {c.name: c.assign(columns, pairs[:, 0], pairs[:, 1], context) for c in comparisons}
    total = len(left) * len(right)
    learned, share = em_weights(learned, levels, total_pairs=total, pairs=pairs)
    # Even of files with nothing in common one would not say so for certain before looking.
    learned = replace(learned, report_share=float(np.clip(share * len(left), _LEAST_SHARE, 0.999)))
    stage("scoring", 0, 1)
    scored = score_pairs(columns, pairs[:, 0], pairs[:, 1], context, learned, len(left), comparisons)
    return Linked(pairs[:, 0], pairs[:, 1] - len(left), scored, learned)


def _candidates(
    left: Sequence[PersonRecord], right: Sequence[PersonRecord], k: int, stage: Stage
) -> npt.NDArray[np.int64]:
    """Return candidate pairs of rows of the joint table, shape (n, 2)."""
    index = MatchIndex("none")
    # Ids of the two files may be equal; inside the index only positions count, and all of the left on one side.
    index.upsert([replace(record, record_id=f"{n}", side=Side.MISSING) for n, record in enumerate(left)])
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(right), _QUERY_BATCH):
        part = [
            replace(record, record_id=f"right {n}", side=Side.RESCUED)
            for n, record in enumerate(right[start : start + _QUERY_BATCH])
        ]
        found = index.candidates(RecordColumns.build(part), Side.MISSING, k)
        for offset, one in enumerate(found):
            pairs += [(int(record_id), len(left) + start + offset) for record_id in one.routes]
        stage("finding candidates", min(start + _QUERY_BATCH, len(right)), len(right))
    return np.array(pairs, dtype=np.int64).reshape(len(pairs), 2)


def _useful(columns: RecordColumns, comparisons: Sequence[Comparison], boundary: int) -> tuple[Comparison, ...]:
    """Return the comparisons that say anything about these files: never null for all of a sample of pairs."""
    rng = np.random.default_rng(_SEED)
    i = rng.integers(0, boundary, 2000)
    j = rng.integers(boundary, len(columns), 2000)
    context = context_of(columns.records[:boundary][:1])
    return tuple(c for c in comparisons if (c.assign(columns, i, j, context).levels >= 0).any())


def one_to_one(
    left: npt.NDArray[np.int64], right: npt.NDArray[np.int64], weight: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Return the positions of the pairs kept when each record may be in one pair only: best weight first."""
    taken_left: set[int] = set()
    taken_right: set[int] = set()
    kept = []
    for position in np.argsort(-weight, kind="stable").tolist():
        a, b = int(left[position]), int(right[position])
        if a not in taken_left and b not in taken_right:
            taken_left.add(a)
            taken_right.add(b)
            kept.append(position)
    return np.array(sorted(kept), dtype=np.int64)
