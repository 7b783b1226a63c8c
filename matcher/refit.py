"""What do decided pairs teach a model? How far evidence of one group counts, and what each level is worth after all.

    fit_dependence   shares of the groups and scales of rarity, least log loss on labelled candidate pairs
    refit            a shift in bits for each level, from matches that people confirmed and rejected

A few hundred decisions must not overturn what the model knows: shifts are drawn towards 0, the shipped model, as by a
normal prior (maximum a posteriori). Confirmed and rejected pairs are no random sample - people look at what the engine
suggests - so a constant is fitted beside the shifts and thrown away: how common matches are is not theirs to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matcher.comparison import LevelResult
from matcher.dependence import DependenceGroup, count_once
from matcher.model import ComparisonWeights, MatchModel
from matcher.scoring import FACE_NAME, level_bits, to_probability

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SHARES = tuple(round(0.05 * n, 2) for n in range(21))
SCALES = tuple(round(0.1 * n, 1) for n in range(1, 13))
_ROUNDS = 3
_BEYOND_DOUBT = -16.0
_LN2 = float(np.log(2.0))
_STEPS, _CLOSE = 50, 1e-8
_FREE, _FIXED = 1e-6, 1e6
"""Precision of the constant: held, or hardly drawn to 0 (so that there is a solution when all decisions are alike)."""


@dataclass(frozen=True, slots=True)
class DecidedPairs:
    """n pairs about which the truth is known.

    Attributes:
        levels: comparison -> levels of the n pairs.
        is_match: shape (n,).
    """

    levels: Mapping[str, LevelResult]
    is_match: Bools

    def bits(self, model: MatchModel, names: Sequence[str]) -> Floats:
        """Return what each comparison says by itself, shape (n, k)."""
        columns = [level_bits(model.comparisons[name], self.levels[name]) for name in names]
        return np.stack(columns, axis=1) if columns else np.zeros((len(self.is_match), 0))

    def in_question(self, model: MatchModel, prior_bits: float) -> DecidedPairs:
        """Return the matches and whatever is not far from any doubt: the rest would only take time."""
        names = tuple(name for name in self.levels if name in model.comparisons)
        weight = prior_bits + count_once(self.bits(model, names), names, model.groups).sum(axis=1)
        rows = np.flatnonzero(self.is_match | (weight > _BEYOND_DOUBT))
        levels = {name: LevelResult(one.levels[rows], one.rarity[rows]) for name, one in self.levels.items()}
        return DecidedPairs(levels, self.is_match[rows])


def log_loss(weight: Floats, is_match: Bools) -> float:
    """Return the sum of -log of the probability given to what is true, in nats."""
    signed = np.where(is_match, weight, -weight) * _LN2
    return float(np.logaddexp(0.0, -signed).sum())


def fit_dependence(
    model: MatchModel,
    pairs: DecidedPairs,
    prior_bits: float,
    scaled: Sequence[str] = ("name", "father", "mother", "relative", "languages"),
) -> MatchModel:
    """Return the model with the shares of its groups, and how far rarity counts, that make its probabilities fit best.

    Args:
        model: its groups say which comparisons depend on each other.
        pairs: labelled candidate pairs as the index proposes them; others are far from any doubt.
        prior_bits: what a pair weighs before anything is compared.
        scaled: comparisons whose `rarity_scale` is fitted; those without rarity are passed over.
    """
    current = model
    pairs = pairs.in_question(model, prior_bits)
    for _ in range(_ROUNDS):
        before = current
        for name in scaled:
            part = current.comparisons.get(name)
            if part is None or not part.rarity_scale or not (pairs.levels[name].levels >= 0).any():
                continue
            # What is there comes first: where the pairs do not tell, it stays.
            tried = [current, *(_with_part(current, name, replace(part, rarity_scale=scale)) for scale in SCALES)]
            current = min(tried, key=lambda one: _loss(one, pairs, prior_bits))
        for name, group in current.groups.items():
            tried = [current, *(_with_group(current, name, replace(group, share=share)) for share in SHARES)]
            current = min(tried, key=lambda one: _loss(one, pairs, prior_bits))
        if current == before:
            break
    return current


def _with_part(model: MatchModel, name: str, part: ComparisonWeights) -> MatchModel:
    return replace(model, comparisons=model.comparisons | {name: part})


def _with_group(model: MatchModel, name: str, group: DependenceGroup) -> MatchModel:
    return replace(model, groups=model.groups | {name: group})


def _loss(model: MatchModel, pairs: DecidedPairs, prior_bits: float) -> float:
    names = tuple(name for name in pairs.levels if name in model.comparisons)
    counted = count_once(pairs.bits(model, names), names, model.groups)
    return log_loss(prior_bits + counted.sum(axis=1), pairs.is_match)


def refit(
    model: MatchModel, pairs: DecidedPairs, prior_bits: float, deviation: float = 1.0, *, constant: bool = True
) -> MatchModel:
    """Return the model with each level's shift moved by decided pairs.

    Args:
        model: where to start from; with no pairs it is what comes back.
        pairs: decided by people.
        prior_bits: what a pair weighs before anything is compared.
        deviation: bits by which a level may well be off; the larger, the more the decisions count.
        constant: fit one beside the shifts, and drop it; False where the pairs are all candidates, as they come.
    """
    names = tuple(name for name in pairs.levels if name in model.comparisons and name != FACE_NAME)
    pairs = pairs.in_question(model, prior_bits)
    if not len(pairs.is_match) or not names:
        return model
    raw = pairs.bits(model, names)
    counted = count_once(raw.copy(), names, model.groups)
    # How much of each piece of evidence counts is taken as it is now.
    factor = np.divide(counted, raw, out=np.ones_like(raw), where=raw != 0)
    columns: list[Floats] = []
    places: list[tuple[str, int]] = []
    for number, name in enumerate(names):
        for level in range(len(model.comparisons[name].levels)):
            at = pairs.levels[name].levels == level
            if at.any():
                columns.append(at * factor[:, number])
                places.append((name, level))
    design = np.stack([*columns, np.ones(len(raw))], axis=1)
    start = prior_bits + counted.sum(axis=1)
    precision = np.full(design.shape[1], 1.0 / deviation**2)
    precision[-1] = _FREE if constant else _FIXED
    shifts = _newton(design, start, pairs.is_match, precision)
    changed = dict(model.comparisons)
    for (name, level), shift in zip(places, shifts[:-1].tolist(), strict=True):
        part = changed[name]
        levels = list(part.levels)
        levels[level] = replace(levels[level], shift=round(levels[level].shift + shift, 6))
        changed[name] = replace(part, levels=tuple(levels))
    return replace(model, comparisons=changed)


def _newton(design: Floats, start: Floats, is_match: Bools, precision: Floats) -> Floats:
    """Return the most probable shifts, shape (k,), each drawn to 0 with its precision."""
    shifts = np.zeros(design.shape[1])

    def objective(at: Floats) -> float:
        return log_loss(start + design @ at, is_match) + 0.5 * float(precision @ at**2)

    value = objective(shifts)
    for _ in range(_STEPS):
        probability = to_probability(start + design @ shifts)
        gradient = _LN2 * (design.T @ (probability - is_match)) + precision * shifts
        spread = probability * (1 - probability) * _LN2**2
        hessian = (design * spread[:, None]).T @ design + np.diag(precision)
        step = np.linalg.solve(hessian, gradient)
        length = 1.0
        while length > 1e-6 and objective(shifts - length * step) > value:
            length /= 2  # far from the solution a full step may overshoot
        shifts = shifts - length * step
        after = objective(shifts)
        if value - after < _CLOSE * max(abs(value), 1.0):
            break
        value = after
    return shifts
