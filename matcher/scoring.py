"""How sure may we be that two records are one person? Weights in bits, their sum, a probability, and every part of it.

The contributions, prior and rivals included, add up to the weight exactly; nothing is divided by the best hit, so a
lone bad candidate stays bad.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.compare.faces import SIBLING_FACTOR, SIBLING_NOTE, face_notes, may_be_siblings
from matcher.compare.names import COMPARISONS as OF_NAMES
from matcher.compare.names import MIXED, name_levels
from matcher.comparison import Comparison, Context, LevelResult, Pairs
from matcher.dependence import count_once
from matcher.household import NAME, SIBLING_FITS, SIBLINGS, bits_of_mixed_names, sibling_bits
from matcher.model import ComparisonWeights, Grade, MatchModel
from matcher.person import PersonRecord

PRIOR = "prior"
RIVALS = "rivals"
BESIDE = (PRIOR, SIBLINGS, RIVALS)
"""Parts of a weight that are no comparison of two records."""
NO_RIVAL, RIVAL = "no other report fits as well", "other reports fit as well"
FACE_NAME = "face"
LEAST_BESIDE_FACES = 3.0
"""Bits that something beside the photos must say before a pair that they lift may raise an alert."""
CHUNK = 200_000


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one comparison added.

    Attributes:
        comparison: its name, or "prior", "siblings" (`matcher.household`), "rivals" (`matcher.rivals`).
        label: the level in words.
        bits: weight, positive for one person.
        level: number of the level (0 best), -1 for what is no comparison.
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
        weight: shape (n,), bits, prior and rivals included.
        contributions: shape (n, 1 + comparisons), bits; column 0 is the prior, then `names` in order.
        levels: shape (n, comparisons), int8, -1 null.
        names: the comparisons' names, by column.
        labels: each comparison's level labels.
        siblings: shape (n,), bits, at most 0 (`matcher.household`); None where nobody has asked.
        rivals: shape (n,), bits; None where nobody has looked for rivals.
    """

    weight: npt.NDArray[np.float64]
    contributions: npt.NDArray[np.float64]
    levels: npt.NDArray[np.int8]
    names: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    siblings: npt.NDArray[np.float64] | None = None
    rivals: npt.NDArray[np.float64] | None = None

    def among(self, rivals: npt.NDArray[np.float64]) -> ScoredPairs:
        """Return the pairs weighed against their rivals, shape (n,), bits from `matcher.rivals.rival_bits`."""
        return replace(self, weight=self.weight + rivals, rivals=rivals)

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
        if self.siblings is not None and self.siblings[row]:
            parts.append(Contribution(SIBLINGS, SIBLING_FITS, float(self.siblings[row]), -1))
        if self.rivals is not None:
            bits = float(self.rivals[row])
            parts.append(Contribution(RIVALS, NO_RIVAL if bits >= 0 else RIVAL, bits, -1))
        return tuple(parts)


def to_probability(weight: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return 1 / (1 + 2^-weight) without overflow."""
    bounded = np.clip(weight, -300.0, 300.0)
    return np.asarray(1.0 / (1.0 + np.exp2(-bounded)), dtype=np.float64)


def _probability_of(weight: float) -> float:
    return float(to_probability(np.array([weight]))[0])


def score_pairs(
    columns: RecordColumns,
    i: Pairs,
    j: Pairs,
    context: Context,
    model: MatchModel,
    reports: int,
    comparisons: Sequence[Comparison] = COMPARISONS,
    assigned: Mapping[str, LevelResult] | None = None,
) -> ScoredPairs:
    """Score n pairs of rows.

    Args:
        columns: records of both sides.
        i, j: shape (n,), row numbers.
        context: name frequencies where the reports come from.
        model: the weights.
        reports: how many reports a rescued person could be; sets the prior.
        comparisons: what is compared; one that the model does not know counts nothing.
        assigned: the levels of these pairs by comparison, where they are known already.
    """
    used = tuple(comparison for comparison in comparisons if comparison.name in model.comparisons)
    names = tuple(comparison.name for comparison in used)
    n = len(i)
    levels = np.full((n, len(used)), -1, dtype=np.int8)
    contributions = np.zeros((n, len(used) + 1), dtype=np.float64)
    contributions[:, 0] = model.prior_bits(reports)
    weight, siblings = contributions[:, 0].copy(), np.zeros(n)
    for start in range(0, n, CHUNK):
        part = slice(start, min(start + CHUNK, n))
        bits = np.zeros((part.stop - start, len(used)), dtype=np.float64)
        if assigned is None:
            results = _assign(used, columns, i[part], j[part], context)
        else:
            known = (assigned[name] for name in names)
            results = [LevelResult(one.levels[part], one.rarity[part]) for one in known]
        for column, (comparison, result) in enumerate(zip(used, results, strict=True)):
            levels[part, column] = result.levels
            bits[:, column] = level_bits(model.comparisons[comparison.name], result)
        if FACE_NAME in names:
            _halve_for_siblings(bits[:, names.index(FACE_NAME)], names, levels[part])
        contributions[part, 1:] = count_once(bits.copy(), names, model.groups)
        for column in range(1, len(used) + 1):
            # Added in the order shown: whoever adds up an explanation gets the weight to the last bit.
            weight[part] += contributions[part, column]
        mixed = _mixed_names(names, levels[part], model)
        siblings[part] = sibling_bits(bits, weight[part], names, model.groups, model.sibling_share, mixed)
        weight[part] += siblings[part]
    return ScoredPairs(
        weight,
        contributions,
        levels,
        names,
        tuple(comparison.labels for comparison in used),
        siblings,
    )


def _assign(
    comparisons: Sequence[Comparison], columns: RecordColumns, i: Pairs, j: Pairs, context: Context
) -> list[LevelResult]:
    """Return what each comparison says of n pairs; those of names are asked together."""
    of_names = [comparison.name for comparison in comparisons if comparison in OF_NAMES]
    known = name_levels(columns, i, j, context, of_names) if of_names else {}
    return [
        known[comparison.name] if comparison in OF_NAMES else comparison.assign(columns, i, j, context)
        for comparison in comparisons
    ]


def level_bits(part: ComparisonWeights, result: LevelResult) -> npt.NDArray[np.float64]:
    """Return what one comparison says of n pairs by itself, rarity included, 0 where it is null; shape (n,)."""
    found = result.levels >= 0
    if not found.any():
        return np.zeros(len(found))
    level = np.where(found, result.levels, 0)
    bits = part.weights()[level]
    if part.rarity_scale:
        shown = bits + part.rarity_scale * (result.rarity - np.array(part.rarity_mean)[level])
        # What everybody has in common says nothing; it does not say that two people are two. Photos have no such floor.
        bits = np.where(bits > 0, np.maximum(shown, 0.0), shown)
    return np.where(found, bits, 0.0)


def _mixed_names(
    names: Sequence[str], levels: npt.NDArray[np.int8], model: MatchModel
) -> tuple[npt.NDArray[np.bool_], float]:
    """Return where the own names agree in one part only, shape (n,), and what that says against two of one house."""
    if NAME not in names:
        return np.zeros(len(levels), dtype=np.bool_), 0.0
    return levels[:, names.index(NAME)] == MIXED, bits_of_mixed_names(model.comparisons[NAME].levels[MIXED].m)


def _halve_for_siblings(bits: npt.NDArray[np.float64], names: Sequence[str], levels: npt.NDArray[np.int8]) -> None:
    """Let alike faces say half of it where two records may be of brothers or sisters, in place."""
    siblings = may_be_siblings({name: levels[:, column] for column, name in enumerate(names)}, len(bits))
    bits[siblings & (bits > 0)] *= SIBLING_FACTOR


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
    weight = float(scored.weight[row])
    probability = _probability_of(weight)
    face = scored.names.index(FACE_NAME) + 1 if FACE_NAME in scored.names else None
    without = weight if face is None else weight - float(scored.contributions[row, face])
    known = {name: scored.levels[row : row + 1, column] for column, name in enumerate(scored.names)}
    if face_note and may_be_siblings(known, 1)[0]:
        face_note = f"{face_note}; {SIBLING_NOTE}"
    contributions = tuple(
        replace(part, note=face_note) if part.comparison == FACE_NAME else part for part in scored.explain(row)
    )
    grade = model.grade(probability)
    if grade.rank > Grade.POSSIBLE.rank:
        alone = model.grade(_probability_of(without))
        # Among a few reports the prior itself is "possible": something beside the photos must speak for the pair.
        other = sum(part.bits for part in contributions if part.comparison not in (*BESIDE, FACE_NAME))
        if alone is Grade.CERTAINLY_NOT or other < LEAST_BESIDE_FACES:
            grade = Grade.POSSIBLE
    return ScoredPair(left_id, right_id, weight, without, probability, grade, contributions, model.version)
