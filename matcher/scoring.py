"""How sure may we be that two records are one person? Weights in bits, their sum, a probability, and every part of it.

The contributions, prior included, add up to the weight exactly; nothing is divided by the best hit, so a lone bad
candidate stays bad.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.compare.faces import SIBLING_FACTOR, SIBLING_NOTE, face_notes, may_be_siblings
from matcher.comparison import Comparison, Context, Pairs
from matcher.model import Grade, MatchModel
from matcher.person import PersonRecord

PRIOR = "prior"
FACE_NAME = "face"
LEAST_BESIDE_FACES = 3.0
"""Bits that something beside the photos must say before a pair that they lift may raise an alert."""
CHUNK = 200_000


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one comparison added.

    Attributes:
        comparison: its name, or "prior".
        label: the level in words.
        bits: weight, positive for one person.
        level: number of the level (0 best), -1 for the prior.
        note: what else must be known to read it, as how far photos can be trusted over so many years.
    """

    comparison: str
    label: str
    bits: float
    level: int
    note: str = ""

    def to_json(self) -> dict[str, object]:
        """Return it as it is stored with a match and shown."""
        said = {"comparison": self.comparison, "label": self.label, "bits": self.bits, "level": self.level}
        return said | ({"note": self.note} if self.note else {})


@dataclass(frozen=True, slots=True)
class ScoredPairs:
    """n scored pairs.

    Attributes:
        weight: shape (n,), bits, prior included.
        contributions: shape (n, 1 + comparisons), bits; column 0 is the prior, then `names` in order.
        levels: shape (n, comparisons), int8, -1 null.
        names: the comparisons' names, by column.
        labels: each comparison's level labels.
    """

    weight: npt.NDArray[np.float64]
    contributions: npt.NDArray[np.float64]
    levels: npt.NDArray[np.int8]
    names: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]

    @property
    def probability(self) -> npt.NDArray[np.float64]:
        """Return the probability of each pair, shape (n,)."""
        return to_probability(self.weight)

    @property
    def weight_without_face(self) -> npt.NDArray[np.float64]:
        """Return the weights with the photos left out: a face alone never raises an alert."""
        if FACE_NAME not in self.names:
            return self.weight
        without: npt.NDArray[np.float64] = self.weight - self.contributions[:, 1 + self.names.index(FACE_NAME)]
        return without

    def explain(self, row: int) -> tuple[Contribution, ...]:
        """Return what made up one pair's weight; the bits add up to it exactly."""
        parts = [Contribution(PRIOR, "before anything is compared", float(self.contributions[row, 0]), -1)]
        for column, name in enumerate(self.names):
            level = int(self.levels[row, column])
            if level >= 0:
                bits = float(self.contributions[row, column + 1])
                parts.append(Contribution(name, self.labels[column][level], bits, level))
        return tuple(parts)


def to_probability(weight: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return 1 / (1 + 2^-weight) without overflow."""
    bounded = np.clip(weight, -300.0, 300.0)
    return np.asarray(1.0 / (1.0 + np.exp2(-bounded)), dtype=np.float64)


def score_pairs(
    columns: RecordColumns,
    i: Pairs,
    j: Pairs,
    context: Context,
    model: MatchModel,
    reports: int,
    comparisons: Sequence[Comparison] = COMPARISONS,
) -> ScoredPairs:
    """Score n pairs of rows.

    Args:
        columns: records of both sides.
        i, j: shape (n,), row numbers.
        context: name frequencies where the reports come from.
        model: the weights.
        reports: how many reports a rescued person could be; sets the prior.
        comparisons: what is compared; one that the model does not know counts nothing.
    """
    used = tuple(comparison for comparison in comparisons if comparison.name in model.comparisons)
    n = len(i)
    levels = np.full((n, len(used)), -1, dtype=np.int8)
    contributions = np.zeros((n, len(used) + 1), dtype=np.float64)
    contributions[:, 0] = model.prior_bits(reports)
    weight = contributions[:, 0].copy()
    for start in range(0, n, CHUNK):
        part = slice(start, min(start + CHUNK, n))
        for column, comparison in enumerate(used):
            weights = model.comparisons[comparison.name]
            result = comparison.assign(columns, i[part], j[part], context)
            found = result.levels >= 0
            level = np.where(found, result.levels, 0)
            bits = weights.weights()[level]
            if weights.rarity_scale:
                bits = bits + weights.rarity_scale * (result.rarity - np.array(weights.rarity_mean)[level])
            if comparison.name == FACE_NAME:
                known = {other.name: levels[part, place] for place, other in enumerate(used[:column])}
                siblings = may_be_siblings(known, len(bits))
                bits = np.where(siblings & (bits > 0), bits * SIBLING_FACTOR, bits)
            # Direct weights (faces) carry their own caps; the rest is discounted for being correlated.
            factor = 1.0 if comparison.name == FACE_NAME else model.discount
            levels[part, column] = result.levels
            contributions[part, column + 1] = np.where(found, bits * factor, 0.0)
            # Added in the order shown: whoever adds up an explanation gets the weight to the last bit.
            weight[part] += contributions[part, column + 1]
    return ScoredPairs(
        weight,
        contributions,
        levels,
        tuple(comparison.name for comparison in used),
        tuple(comparison.labels for comparison in used),
    )


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """One pair as it is stored and shown."""

    left_id: str
    right_id: str
    weight: float
    weight_without_face: float
    probability: float
    grade: Grade
    contributions: tuple[Contribution, ...]
    model_version: str


def score_pair(
    left: PersonRecord, right: PersonRecord, context: Context, model: MatchModel, reports: int
) -> ScoredPair:
    """Score two records: the batch of one."""
    columns = RecordColumns.build((left, right))
    scored = score_pairs(columns, np.array([0]), np.array([1]), context, model, reports)
    (note,) = face_notes(columns, np.array([0]), np.array([1]), context)
    return scored_pair(scored, 0, left.record_id, right.record_id, model, note)


def scored_pair(
    scored: ScoredPairs, row: int, left_id: str, right_id: str, model: MatchModel, face_note: str = ""
) -> ScoredPair:
    """Return one row of a batch with its grade and explanation; `face_note` is of `compare.faces.face_notes`.

    A pair that only its photos lift above "possible" is no more than possible, however few the reports are.
    """
    probability = float(scored.probability[row])
    without = float(scored.weight_without_face[row])
    known = {name: scored.levels[row : row + 1, column] for column, name in enumerate(scored.names)}
    if face_note and may_be_siblings(known, 1)[0]:
        face_note = f"{face_note}; {SIBLING_NOTE}"
    contributions = tuple(
        replace(part, note=face_note) if part.comparison == FACE_NAME else part for part in scored.explain(row)
    )
    grade = model.grade(probability)
    if grade.rank > Grade.POSSIBLE.rank:
        alone = model.grade(float(to_probability(np.array([without]))[0]))
        # Among a few reports the prior itself is "possible": something beside the photos must speak for the pair.
        other = sum(part.bits for part in contributions if part.comparison not in (PRIOR, FACE_NAME))
        if alone is Grade.CERTAINLY_NOT or other < LEAST_BESIDE_FACES:
            grade = Grade.POSSIBLE
    return ScoredPair(
        left_id, right_id, float(scored.weight[row]), without, probability, grade, contributions, model.version
    )
