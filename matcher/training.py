"""What is each agreement worth? m from pairs known to be one person, u from random pairs, both pulled towards a prior.

u is estimated by random sampling: two records drawn at random are two people but for one in a hundred thousand. m is
estimated from labelled pairs, or by expectation-maximisation when there are none (`em_weights`, for two files that
nobody has labelled). Counts are smoothed towards a prior, so that a level never seen is unlikely and not impossible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.comparison import Comparison, Context, LevelResult, Pairs, count_levels
from matcher.model import ComparisonLevel, ComparisonWeights, MatchModel, Thresholds
from matcher.scoring import FACE_NAME, score_pairs, to_probability

# (m, u) where the training sample cannot know: judgement, to be replaced by decisions.
PRIOR_LEVELS: Mapping[str, tuple[tuple[float, float], ...]] = {
    "name": ((0.30, 4e-4), (0.16, 1e-3), (0.22, 4e-3), (0.08, 0.01), (0.09, 0.035), (0.15, 0.9496)),
    "father": ((0.30, 4e-4), (0.18, 1e-3), (0.30, 4e-3), (0.07, 0.01), (0.10, 0.035), (0.05, 0.9496)),
    "mother": ((0.30, 4e-4), (0.18, 1e-3), (0.30, 4e-3), (0.07, 0.01), (0.10, 0.035), (0.05, 0.9496)),
    "relative": ((0.28, 6e-4), (0.18, 1.5e-3), (0.26, 5e-3), (0.08, 0.012), (0.12, 0.04), (0.08, 0.9409)),
    "sex": ((0.995, 0.58), (0.005, 0.42)),
    "birth": (
        (0.30, 2e-4), (0.05, 4e-3), (0.30, 0.10), (0.20, 0.12), (0.08, 0.13), (0.05, 0.22), (0.015, 0.27),
        (0.005, 0.1558),
    ),
    "origin": ((0.22, 6e-4), (0.06, 4e-4), (0.02, 8e-4), (0.42, 0.015), (0.22, 0.09), (0.05, 0.25), (0.01, 0.6432)),
    "remembered": ((0.55, 0.015), (0.25, 0.10), (0.20, 0.885)),
    "address": ((0.45, 1e-4), (0.30, 4e-4), (0.18, 0.05), (0.07, 0.9495)),
    "postcode": ((0.80, 5e-4), (0.12, 2e-3), (0.08, 0.9975)),
    "languages": ((0.96, 0.30), (0.04, 0.70)),
    "height": ((0.85, 0.50), (0.11, 0.25), (0.04, 0.25)),
    "marks": ((0.55, 0.03), (0.25, 0.12), (0.20, 0.85)),
    "phones": ((0.70, 1e-5), (0.30, 0.99999)),
    "identifiers": ((0.90, 1e-6), (0.10, 0.999999)),
    "events": ((0.96, 0.62), (0.025, 0.03), (0.015, 0.35)),
    "face": ((0.5, 0.5), (0.3, 0.3), (0.2, 0.2)),
}  # fmt: skip
EXTRA_PRIOR = ((0.85, 0.02), (0.08, 0.03), (0.07, 0.95))
RARITY_SCALE: Mapping[str, float] = {"name": 0.75, "father": 0.6, "mother": 0.6, "relative": 0.6, FACE_NAME: 1.0}
_PRIOR_RARITY_BITS = 9.0
_U_FLOOR, _M_FLOOR = 1e-6, 2e-3


@dataclass(frozen=True, slots=True)
class TrainingPairs:
    """Pairs of rows of one table: `true` are one person, `random` are two; shapes (n, 2), int64."""

    columns: RecordColumns
    context: Context
    true: npt.NDArray[np.int64]
    random: npt.NDArray[np.int64]


def prior_model(version: str, comparisons: Sequence[Comparison] = COMPARISONS) -> MatchModel:
    """Return the model of judgement alone, before any data."""
    weights = {}
    for comparison in comparisons:
        levels = PRIOR_LEVELS.get(comparison.name, EXTRA_PRIOR)
        weights[comparison.name] = ComparisonWeights(
            tuple(ComparisonLevel(label, m, u) for label, (m, u) in zip(comparison.labels, levels, strict=True)),
            tuple(
                0.0 if comparison.name == FACE_NAME else _PRIOR_RARITY_BITS * agreeing
                for agreeing in _agreement_of(len(comparison.labels))
            ),
            RARITY_SCALE.get(comparison.name, 0.0),
        )
    return MatchModel(version, weights)


def _agreement_of(levels: int) -> tuple[float, ...]:
    """Return how much of a name agrees at each name level; only name comparisons have rarity."""
    return (1.0, 0.95, 0.75, 0.3, 0.6, 0.0) if levels == 6 else (0.0,) * levels


def random_pairs(
    left: npt.NDArray[np.int64], right: npt.NDArray[np.int64], count: int, seed: int
) -> npt.NDArray[np.int64]:
    """Return `count` seeded random pairs of rows, one from each side, shape (count, 2)."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.choice(left, count), rng.choice(right, count)], axis=1)


def train_supervised(
    pairs: TrainingPairs,
    version: str,
    comparisons: Sequence[Comparison] = COMPARISONS,
    prior_strength: float = 40.0,
    keep: Sequence[str] = ("address", "postcode", "phones", "identifiers", "relative", "events"),
) -> MatchModel:
    """Return the model whose m comes from the true pairs and u from the random ones.

    Args:
        pairs: labelled rows.
        version: of the model.
        comparisons: what is compared.
        prior_strength: how many pairs the prior is worth.
        keep: comparisons that the sample cannot teach (it never leaves an address, or dates are made to fit).
    """
    prior = prior_model(version, comparisons)
    weights = dict(prior.comparisons)
    for comparison in comparisons:
        if comparison.name in keep or comparison.name == FACE_NAME:
            continue
        same = comparison.assign(pairs.columns, pairs.true[:, 0], pairs.true[:, 1], pairs.context)
        other = comparison.assign(pairs.columns, pairs.random[:, 0], pairs.random[:, 1], pairs.context)
        weights[comparison.name] = _estimate(prior.comparisons[comparison.name], same, other, prior_strength)
    return replace(prior, comparisons=weights)


def _estimate(prior: ComparisonWeights, same: LevelResult, other: LevelResult, strength: float) -> ComparisonWeights:
    size = len(prior.levels)
    m_counts = count_levels(same.levels, size) + strength * np.array([level.m for level in prior.levels])
    u_counts = count_levels(other.levels, size) + strength * np.array([level.u for level in prior.levels])
    m, u = m_counts / m_counts.sum(), u_counts / u_counts.sum()
    rarity = []
    for level in range(size):
        seen = other.rarity[other.levels == level]
        expected = prior.rarity_mean[level]
        rarity.append(float((seen.sum() + 5 * expected) / (len(seen) + 5)))
    levels = tuple(
        ComparisonLevel(level.label, float(max(m[n], _M_FLOOR)), float(max(u[n], _U_FLOOR)))
        for n, level in enumerate(prior.levels)
    )
    return ComparisonWeights(levels, tuple(rarity), prior.rarity_scale)


def fit_discount(
    model: MatchModel,
    columns: RecordColumns,
    pairs: npt.NDArray[np.int64],
    is_match: npt.NDArray[np.bool_],
    context: Context,
    reports: int,
    comparisons: Sequence[Comparison] = COMPARISONS,
) -> MatchModel:
    """Return the model with the discount under which its probabilities fit candidate pairs best (least log loss).

    Evidence is correlated (a father's surname is the child's, a village has its names), so the plain sum is too sure.
    """
    plain = replace(model, discount=1.0)
    scored = score_pairs(columns, pairs[:, 0], pairs[:, 1], context, plain, reports, comparisons)
    fixed = scored.contributions[:, 0].copy()
    if FACE_NAME in scored.names:
        fixed += scored.contributions[:, 1 + scored.names.index(FACE_NAME)]
    evidence = scored.weight - fixed
    grid = np.arange(0.4, 1.21, 0.025)
    losses = []
    for discount in grid:
        probability = np.clip(to_probability(fixed + discount * evidence), 1e-9, 1 - 1e-9)
        losses.append(-np.log(np.where(is_match, probability, 1 - probability)).sum())
    return replace(model, discount=round(float(grid[int(np.argmin(losses))]), 3))


def em_weights(
    model: MatchModel,
    levels: Mapping[str, LevelResult],
    *,
    iterations: int = 25,
    prior_strength: float = 60.0,
    total_pairs: int | None = None,
    pairs: npt.NDArray[np.int64] | None = None,
) -> tuple[MatchModel, float]:
    """Return the model with m re-estimated from unlabelled candidate pairs, and the share of all pairs that match.

    Args:
        model: start; its u should come from random pairs of the same files, and stays as it is.
        levels: comparison name -> levels of the same n candidate pairs.
        iterations: rounds of expectation and maximisation.
        prior_strength: how many pairs the starting m is worth.
        total_pairs: how many pairs the candidates were chosen from (u holds for those); None: the candidates are all.
        pairs: shape (n, 2), the two records of each pair. With it, the candidates of one record compete: it has one
            match at most, so a surname that a whole village shares is no evidence that everybody matches everybody.
    """
    n = max((len(result.levels) for result in levels.values()), default=0)
    if n == 0:
        return model, 0.0  # no pairs, nothing to learn
    total = max(total_pairs or n, n, 1)
    share = min(0.05 * n / total, 0.5)
    current = model
    for _ in range(iterations):
        bits = np.full(n, np.log2(share / (1 - share)))
        for name, result in levels.items():
            bits += _bits(current.comparisons[name], result)
        odds = np.exp2(np.clip(bits, -200, 200))
        responsibility = odds / (1.0 + (odds if pairs is None else _rivals(odds, pairs)))
        share = float(np.clip(responsibility.sum() / total, 1e-9, 0.9))
        updated = dict(current.comparisons)
        for name, result in levels.items():
            part = updated[name]
            found = result.levels >= 0
            counts = np.bincount(result.levels[found], responsibility[found], minlength=len(part.levels))
            prior = np.array([level.m for level in model.comparisons[name].levels])
            m = counts + prior_strength * prior / prior.sum()
            m = np.maximum(m / m.sum(), 1e-4)
            updated[name] = replace(
                part, levels=tuple(replace(level, m=float(m[number])) for number, level in enumerate(part.levels))
            )
        current = replace(current, comparisons=updated)
    return current, share


def _rivals(odds: npt.NDArray[np.float64], pairs: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return for each pair the larger sum of the odds of all pairs that share one of its records, its own included."""
    left, right = pairs[:, 0], pairs[:, 1]
    return np.maximum(np.bincount(left, odds)[left], np.bincount(right, odds)[right])


def _bits(part: ComparisonWeights, result: LevelResult) -> npt.NDArray[np.float64]:
    """Return the bits of one comparison, rarity included, 0 where null."""
    found = result.levels >= 0
    level = np.where(found, result.levels, 0)
    bits = part.weights()[level] + part.rarity_scale * (result.rarity - np.array(part.rarity_mean)[level])
    return np.where(found, bits, 0.0)


def u_from_random(
    model: MatchModel,
    columns: RecordColumns,
    pairs: Pairs,
    context: Context,
    comparisons: Sequence[Comparison],
    strength: float = 200.0,
) -> MatchModel:
    """Return the model with u and mean rarity re-estimated from random pairs of the files at hand; m stays."""
    weights = dict(model.comparisons)
    for comparison in comparisons:
        if comparison.name == FACE_NAME or comparison.name not in weights:
            continue
        part = weights[comparison.name]
        result = comparison.assign(columns, pairs[:, 0], pairs[:, 1], context)
        if not (result.levels >= 0).any():
            continue
        estimated = _estimate(part, result, result, strength)
        levels = tuple(replace(old, u=new.u) for old, new in zip(part.levels, estimated.levels, strict=True))
        weights[comparison.name] = replace(part, levels=levels, rarity_mean=estimated.rarity_mean)
    return replace(model, comparisons=weights)


def choose_thresholds(probability: npt.NDArray[np.float64], is_match: npt.NDArray[np.bool_]) -> Thresholds:
    """Return the lowest thresholds that keep a stated precision on labelled candidate pairs: certain .99, probable .95.

    Possible is a fixed 2 %: one in fifty is worth a look by a person who can know more.
    """
    order = np.argsort(-probability)
    precision = np.cumsum(is_match[order]) / np.arange(1, len(order) + 1)

    # Pairs of one probability are accepted or refused together: only the last of each tie is a possible cut.
    last = np.diff(probability[order], append=-1.0) != 0

    def lowest(target: float, default: float) -> float:
        good = np.flatnonzero((precision >= target) & last)
        return float(probability[order][good[-1]]) if len(good) else default

    probable = min(max(lowest(0.95, 0.75), 0.5), 0.95)
    certain = min(max(lowest(0.99, 0.98), probable + 0.02), 0.995)
    return Thresholds(certain=round(certain, 3), probable=round(probable, 3))
