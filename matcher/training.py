"""What is each agreement worth? m from pairs known to be one person, u from random pairs, both pulled towards a prior.

u is estimated by random sampling: two records drawn at random are two people but for one in a hundred thousand. m is
estimated from labelled pairs, or by expectation-maximisation when there are none (`em_weights`, for two files that
nobody has labelled). Counts are smoothed towards a prior, so that a level never seen is unlikely and not impossible.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.comparison import Comparison, Context, LevelResult, Pairs, count_levels
from matcher.dependence import DependenceGroup
from matcher.model import ComparisonLevel, ComparisonWeights, MatchModel, Thresholds
from matcher.scoring import FACE_NAME, level_bits

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
    "origin": (
        (0.20, 6e-4), (0.06, 4e-4), (0.02, 8e-4), (0.37, 0.005), (0.05, 0.01), (0.20, 0.03), (0.04, 0.06), (0.03, 0.05),
        (0.02, 0.20), (0.01, 0.6432),
    ),
    "remembered": ((0.55, 0.015), (0.25, 0.10), (0.20, 0.885)),
    "address": ((0.45, 1e-4), (0.30, 4e-4), (0.18, 0.05), (0.07, 0.9495)),
    "postcode": ((0.80, 5e-4), (0.12, 2e-3), (0.08, 0.9975)),
    "languages": ((0.96, 0.30), (0.04, 0.70)),
    "community": ((0.88, 0.25), (0.12, 0.75)),
    "clothing": ((0.35, 0.012), (0.30, 0.11), (0.35, 0.878)),
    "belongings": ((0.45, 0.08), (0.25, 0.09), (0.30, 0.83)),
    "age": ((0.44, 0.14), (0.32, 0.11), (0.14, 0.12), (0.09, 0.20), (0.01, 0.43)),
    "height": ((0.85, 0.50), (0.11, 0.25), (0.04, 0.25)),
    "marks": ((0.38, 0.015), (0.18, 0.012), (0.12, 0.06), (0.17, 0.12), (0.15, 0.793)),
    "phones": ((0.70, 1e-5), (0.30, 0.99999)),
    "identifiers": ((0.90, 1e-6), (0.10, 0.999999)),
    "events": ((0.96, 0.62), (0.025, 0.03), (0.015, 0.35)),
    "face": ((0.5, 0.5), (0.3, 0.3), (0.2, 0.2)),
}  # fmt: skip
EXTRA_PRIOR = ((0.85, 0.02), (0.08, 0.03), (0.07, 0.95))
RARITY_SCALE: Mapping[str, float] = {
    "name": 0.75, "father": 0.6, "mother": 0.6, "relative": 0.6, "languages": 0.5, FACE_NAME: 1.0,
}  # fmt: skip
PLACES = frozenset({"origin", "remembered", "address", "postcode"})
KEPT = ("address", "postcode", "phones", "identifiers", "relative", "events")
GROUPS: Mapping[str, DependenceGroup] = {
    "family": DependenceGroup(("name", "father", "mother", "relative"), 0.8),  # peoples have their own names
    "home": DependenceGroup(("origin", "remembered", "languages", "community"), 0.5),
    "house": DependenceGroup(("address", "postcode"), 0.7),
    "growth": DependenceGroup(("birth", "age", "height"), 0.7),
    "looks": DependenceGroup(("marks", "clothing", "belongings"), 0.8),
}
STRANGERS_ALERTED = 0.003
"""Share of rescued people without a report for whom an alert may go out: less than the promised .005, since the
next thousand people are others."""
_PRIOR_RARITY_BITS = 9.0
_SETTLED = 1e-5  # a share of matches that moves by less than this part of itself has been found
_U_FLOOR, _M_FLOOR = 1e-6, 2e-3


@dataclass(frozen=True, slots=True)
class TrainingPairs:
    """Pairs of rows of one table: `true` are one person, the others two; shapes (n, 2), int64.

    Attributes:
        random: drawn from all pairs.
        neighbours: drawn from pairs of one region, for what goes by region (names, languages, communities).
    """

    columns: RecordColumns
    context: Context
    true: npt.NDArray[np.int64]
    random: npt.NDArray[np.int64]
    neighbours: npt.NDArray[np.int64]


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
    return MatchModel(version, weights, dict(GROUPS))


def _agreement_of(levels: int) -> tuple[float, ...]:
    """Return how much of a name agrees at each name level; only name comparisons have rarity."""
    return (1.0, 0.95, 0.75, 0.3, 0.6, 0.0) if levels == 6 else (0.0,) * levels


def random_pairs(
    left: npt.NDArray[np.int64],
    right: npt.NDArray[np.int64],
    count: int,
    seed: int,
    region: npt.NDArray[np.int32] | None = None,
) -> npt.NDArray[np.int64]:
    """Return `count` seeded random pairs of rows, one from each side, shape (count, 2).

    Args:
        left, right: rows of the two sides.
        region: shape (rows,), -1 unknown. With it a right row is paired with a left one of its own region, wherever
            there are any: rivals of a true match come from where she comes from, and bear the names of that region.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.choice(right, count)
    if region is None:
        return np.stack([rng.choice(left, count), chosen], axis=1)
    order = left[np.argsort(region[left], kind="stable")]
    first = np.searchsorted(region[order], region[chosen], side="left")
    last = np.searchsorted(region[order], region[chosen], side="right")
    anywhere = (region[chosen] < 0) | (first == last)
    first, last = np.where(anywhere, 0, first), np.where(anywhere, len(order), last)
    return np.stack([order[rng.integers(first, last)], chosen], axis=1)


def train_supervised(
    pairs: TrainingPairs,
    version: str,
    comparisons: Sequence[Comparison] = COMPARISONS,
    prior_strength: float = 40.0,
    keep: Sequence[str] = KEPT,
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
        # Where she comes from is itself compared, so what is common there must not count as evidence once more.
        two = pairs.random if comparison.name in PLACES else pairs.neighbours
        other = comparison.assign(pairs.columns, two[:, 0], two[:, 1], pairs.context)
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


def em_weights(
    model: MatchModel,
    levels: Mapping[str, LevelResult],
    *,
    iterations: int = 25,
    prior_strength: float = 60.0,
    total_pairs: int | None = None,
    least: float = 1e-9,
    pairs: npt.NDArray[np.int64] | None = None,
) -> tuple[MatchModel, float]:
    """Return the model with m re-estimated from unlabelled candidate pairs, and the share of all pairs that match.

    Args:
        model: start; its u should come from random pairs of the same files, and stays as it is.
        levels: comparison name -> levels of the same n candidate pairs.
        iterations: rounds of expectation and maximisation.
        prior_strength: how many pairs the starting m is worth.
        total_pairs: how many pairs the candidates were chosen from (u holds for those); None: the candidates are all.
        least: share of all pairs below which matches are never taken to be: from few matches EM would slide to none.
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
        before = share
        bits = np.full(n, np.log2(share / (1 - share)))
        for name, result in levels.items():
            bits += level_bits(current.comparisons[name], result)
        odds = np.exp2(np.clip(bits, -200, 200))
        responsibility = odds / (1.0 + (odds if pairs is None else _rivals(odds, pairs)))
        share = float(np.clip(responsibility.sum() / total, least, 0.9))
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
        if abs(share - before) <= _SETTLED * before:
            break
    return current, share


def _rivals(odds: npt.NDArray[np.float64], pairs: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return for each pair the larger sum of the odds of all pairs that share one of its records, its own included."""
    left, right = pairs[:, 0], pairs[:, 1]
    return np.maximum(np.bincount(left, odds)[left], np.bincount(right, odds)[right])


def unshifted(model: MatchModel) -> MatchModel:
    """Return the model of m and u alone: what moved its levels was learned among other people than these files hold."""
    changed = {
        name: replace(part, levels=tuple(replace(level, shift=0.0) for level in part.levels))
        for name, part in model.comparisons.items()
    }
    return replace(model, comparisons=changed)


def best_reached(
    columns: RecordColumns, rows: npt.NDArray[np.int64], context: Context, comparison: Comparison
) -> int | None:
    """Return the best level that a record of these and itself would have, but for one in a hundred; None: always null.

    Of people of whom only the state is known nobody can be found to come from the same village.
    """
    levels = comparison.assign(columns, rows, rows, context).levels
    known = np.sort(levels[levels >= 0])
    return int(known[len(known) // 100]) if len(known) else None


def within_reach(model: MatchModel, best: Mapping[str, int]) -> MatchModel:
    """Return the model with the m of levels that cannot be reached added to the best one that can.

    Args:
        best: comparison -> the best level within reach; others stay as they are.
    """
    changed = dict(model.comparisons)
    for name, level in best.items():
        part = changed[name]
        moved = sum(one.m for one in part.levels[:level])
        if moved:
            levels = [replace(one, m=_M_FLOOR) if n < level else one for n, one in enumerate(part.levels)]
            levels[level] = replace(levels[level], m=min(levels[level].m + moved, 1.0))
            changed[name] = replace(part, levels=tuple(levels))
    return replace(model, comparisons=changed)


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


def choose_thresholds(
    probability: npt.NDArray[np.float64],
    is_match: npt.NDArray[np.bool_],
    rescued: npt.NDArray[np.int64] | None = None,
) -> Thresholds:
    """Return the lowest thresholds that keep a stated precision on labelled candidate pairs: certain .99, probable .95.

    Probable raises alerts, so it has a second condition: of the rescued people without any match, no more than
    `STRANGERS_ALERTED` reach it. Possible is a fixed 2 %: one in fifty is worth a look by a person who can know more.

    Args:
        probability, is_match: shape (n,).
        rescued: shape (n,), whose candidate each pair is; None leaves the second condition out.
    """
    order = np.argsort(-probability)
    precision = np.cumsum(is_match[order]) / np.arange(1, len(order) + 1)

    # Pairs of one probability are accepted or refused together: only the last of each tie is a possible cut.
    last = np.diff(probability[order], append=-1.0) != 0

    def lowest(target: float, default: float) -> float:
        good = np.flatnonzero((precision >= target) & last)
        return float(probability[order][good[-1]]) if len(good) else default

    quiet = 0.0 if rescued is None else _quiet_for_strangers(probability, is_match, rescued)
    probable = min(max(lowest(0.95, 0.75), 0.5, quiet), 0.95)
    # Certain leaves a quarter of the doubt at most, and is the rarer word whatever the sample.
    certain = min(max(lowest(0.99, 0.98), 1 - (1 - probable) / 4), 0.995)
    return Thresholds(certain=round(certain, 3), probable=math.ceil(probable * 1000) / 1000)


def _quiet_for_strangers(
    probability: npt.NDArray[np.float64], is_match: npt.NDArray[np.bool_], rescued: npt.NDArray[np.int64]
) -> float:
    """Return the probability that no more than the stated share of those without a match reach with any pair."""
    found = np.zeros(int(rescued.max(initial=-1)) + 1, dtype=np.bool_)
    np.logical_or.at(found, rescued, is_match)
    best = np.zeros(len(found))
    np.maximum.at(best, rescued, probability)
    strangers = np.sort(best[~found & (np.bincount(rescued, minlength=len(found)) > 0)])
    if not len(strangers):
        return 0.0
    allowed = int(STRANGERS_ALERTED * len(strangers))
    return float(np.nextafter(strangers[len(strangers) - 1 - allowed], 1.0))
