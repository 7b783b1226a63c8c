"""Which records of two files are one person? The engine as a tool: no server, no database, no labels.

    fields -> records -> candidates from the index -> u from random pairs, m by EM -> probabilities

The shipped model is the prior; the files at hand teach it how often their own values agree by chance and how often they
are garbled. Dates and places keep the meaning they have in the service.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from indexing.match_index import context_of
from indexing.pairing import Stage, candidate_pairs
from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.comparison import Comparison, Context
from matcher.errors import InvalidRecord
from matcher.model import MatchModel
from matcher.names.encoder import NameEncoder
from matcher.person import PersonRecord
from matcher.rivals import alike_rivals, rival_bits
from matcher.scoring import FACE_NAME, ScoredPairs, score_pairs
from matcher.training import best_reached, em_weights, prior_model, random_pairs, u_from_random, unshifted, within_reach

CANDIDATES = 40
_FEW, _LEAST_SHARE, _MOST_SHARE = 3000, 0.02, 0.95
_RANDOM_PAIRS = 50_000
_SEED = 20261101
_SAMPLE = 1000

Ints = npt.NDArray[np.int64]


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
        candidates: most rows taken from each search route.
        stage: told (what, done, total) as the work goes on.
    Raises:
        InvalidRecord: one of the two sets is empty.
    """
    if not left or not right:
        raise InvalidRecord("records", "there are none on one side")
    sides = np.arange(len(left)), np.arange(len(left), len(left) + len(right))
    # The search is mostly products of matrices, which leave the other core to what the files teach.
    with ThreadPoolExecutor(1) as other:
        other.submit(NameEncoder.load)
        stage("reading names and places", 0, 1)
        columns = RecordColumns.build([*left, *right])
        searching = other.submit(candidate_pairs, columns, len(left), candidates, stage)
        context = context_of(columns, len(left))
        comparisons = _useful(columns, (*COMPARISONS, *extra), len(left), context)
        learned = _learned_from_chance(columns, sides, model, comparisons, context)
        pairs = searching.result()
    stage("learning from the files", 1, 2)
    levels = {c.name: c.assign(columns, pairs[:, 0], pairs[:, 1], context) for c in comparisons}
    total = len(left) * len(right)
    # Even of files with nothing in common one would not say so for certain before looking; and each record of the
    # smaller file has one match at most.
    fewer = min(len(left), len(right))
    least = _LEAST_SHARE * fewer / total
    learned, share = em_weights(learned, levels, total_pairs=total, least=least, pairs=pairs)
    share = min(max(share, least), _MOST_SHARE * fewer / total)
    learned = replace(learned, report_share=share * len(left))
    stage("scoring", 0, 1)
    scored = score_pairs(columns, pairs[:, 0], pairs[:, 1], context, learned, len(left), comparisons, levels)
    shares = share * np.array([len(right), len(left)])
    rivals = [
        rival_bits(
            scored.weight,
            pairs[:, side],
            float(1 - shares[side]),
            alike_rivals(columns, scored.weight, pairs[:, side], pairs[:, 1 - side], context, learned, len(left)),
        )
        for side in (0, 1)
    ]
    return Linked(pairs[:, 0], pairs[:, 1] - len(left), scored.among(np.minimum(*rivals)), learned)


def _learned_from_chance(
    columns: RecordColumns,
    sides: tuple[Ints, Ints],
    model: MatchModel,
    comparisons: Sequence[Comparison],
    context: Context,
) -> MatchModel:
    """Return the prior for these comparisons, with what random pairs of the files say of two people."""
    count_left, count_right = map(len, sides)
    known = prior_model(model.version, comparisons)
    start = replace(model, comparisons=known.comparisons | (model if model.taught_by else unshifted(model)).comparisons)
    random = random_pairs(*sides, min(_RANDOM_PAIRS, count_left * count_right), _SEED)
    if max(count_left, count_right) < _FEW:
        # Of few records, a random pair is too often one person: what looks like a match teaches nothing about chance.
        guess = replace(start, report_share=0.5)
        looks = score_pairs(columns, random[:, 0], random[:, 1], context, guess, count_left, comparisons)
        random = random[looks.probability < 0.5]
    learned = u_from_random(start, columns, random, context, comparisons)
    return within_reach(learned, _reached(columns, sides, context, comparisons))


def _useful(
    columns: RecordColumns, comparisons: Sequence[Comparison], boundary: int, context: Context
) -> tuple[Comparison, ...]:
    """Return the comparisons that say anything about these files: never null for all of a sample of pairs."""
    rng = np.random.default_rng(_SEED)
    i = rng.integers(0, boundary, 2000)
    j = rng.integers(boundary, len(columns), 2000)
    return tuple(c for c in comparisons if (c.assign(columns, i, j, context).levels >= 0).any())


def _reached(
    columns: RecordColumns, sides: tuple[Ints, Ints], context: Context, comparisons: Sequence[Comparison]
) -> dict[str, int]:
    """Return the best level of each comparison that both files can reach."""
    rng = np.random.default_rng(_SEED)
    samples = [rng.choice(rows, min(len(rows), _SAMPLE), replace=False) for rows in sides]
    found = {}
    for comparison in comparisons:
        reached = [best_reached(columns, rows, context, comparison) for rows in samples]
        if comparison.name != FACE_NAME and None not in reached:
            found[comparison.name] = max(level for level in reached if level is not None)
    return found


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
