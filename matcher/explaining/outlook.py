"""What would the engine say if one more thing were known, or one thing were otherwise? The same pair, scored again.

Every finding that a comparison could bring is put in its place, evidence that depends on each other is counted once as
the scoring does it, and the grade follows by the scoring's own rule. A name that nobody has told is taken to be as rare
as names that agree are on the mean; one that is known stays as rare as it is; photos keep what they said, and so do
other reports of the same person, though an answer that speaks for this one would mostly speak against them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.compare.carried import BELONGINGS_DAYS, CLOTHING_DAYS
from matcher.compare.names import MIXED
from matcher.dependence import count_once
from matcher.household import NAME, bits_of_mixed_names, sibling_bits
from matcher.model import Grade, MatchModel
from matcher.person import PersonRecord
from matcher.scoring import BESIDE, FACE_NAME, LEAST_BESIDE_FACES, PRIOR, RIVALS, Contribution, to_probability

Floats = npt.NDArray[np.float64]
ALTERNATIVES = {"birth": "age", "age": "birth"}
"""Two comparisons of one question, of which a pair has one: of a date that is known, or of an age that was guessed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One level that a comparison could have for this pair.

    Attributes:
        level, label: of the comparison.
        bits: how far it would move the weight, others that depend on it counted anew.
        chance: that it would be found, by m, u and how sure we are now; the chances of one comparison add up to 1.
        probability, grade: what the pair would come to.
    """

    level: int
    label: str
    bits: float
    chance: float
    probability: float
    grade: Grade


class Outlook:
    """One scored pair, and what each finding would make of it.

    Args:
        contributions: of the pair, prior included, under any version of the model.
        model: the weights of what is not known yet.
        closed: comparisons that would stay silent whatever is answered (`never_comparable`).
    """

    def __init__(
        self, contributions: Iterable[Contribution], model: MatchModel, closed: Set[str] = frozenset()
    ) -> None:
        self.model, self._closed = model, closed
        parts = tuple(contributions)
        self.known = {part.comparison: part for part in parts if part.comparison not in BESIDE}
        self._prior = sum(part.bits for part in parts if part.comparison == PRIOR)
        self._given = sum(part.bits for part in parts if part.comparison in (PRIOR, RIVALS))
        self._alone = _alone({name: part.bits for name, part in self.known.items()}, model)
        self._findings: dict[str, tuple[Finding, ...]] = {}
        weights, faces = self._weights([self._alone])
        self.weight = float(weights[0])
        self.probability, self.grade = self._decided(weights, faces)[0]

    @property
    def unknown(self) -> tuple[str, ...]:
        """Return the comparisons that say nothing yet and could; an alternative of a known one could not."""
        return tuple(
            name
            for name in self.model.comparisons
            if name not in self.known and ALTERNATIVES.get(name) not in self.known and name not in self._closed
        )

    def findings(self, comparison: str) -> tuple[Finding, ...]:
        """Return what each level of a comparison would make of the pair, known or not, best level first.

        Raises:
            KeyError: the model has no such comparison.
        """
        if comparison not in self._findings:
            self._findings[comparison] = self._found(comparison)
        return self._findings[comparison]

    def _found(self, comparison: str) -> tuple[Finding, ...]:
        levels = self.model.comparisons[comparison].levels
        bits = [finding_bits(self.model, comparison, n) + self._rarity(comparison, n) for n in range(len(levels))]
        cases = [self._alone | {comparison: value} for value in bits]
        weights, faces = self._weights(cases)
        chances = np.array([self.probability * level.m + (1 - self.probability) * level.u for level in levels])
        return tuple(
            Finding(n, level.label, float(weights[n]) - self.weight, float(chance), *decided)
            for n, (level, chance, decided) in enumerate(
                zip(levels, chances / chances.sum(), self._decided(weights, faces), strict=True)
            )
        )

    def _rarity(self, comparison: str, level: int) -> float:
        """Return what the rarity of a known agreement would be worth at another level: as much as there agrees."""
        part, known = self.model.comparisons[comparison], self.known.get(comparison)
        labels = [other.label for other in part.levels]
        if known is None or known.label not in labels:
            return 0.0
        current = labels.index(known.label)
        if not part.rarity_scale or part.rarity_mean[current] <= 0:
            return 0.0
        above = self._alone[comparison] - finding_bits(self.model, comparison, current)
        return above * part.rarity_mean[level] / part.rarity_mean[current]

    def _weights(self, cases: list[dict[str, float]]) -> tuple[Floats, Floats]:
        """Return the weight of each case, and what of it the photos say; shapes (cases,)."""
        names = tuple(cases[0])
        bits = np.array([[case[name] for name in names] for case in cases], dtype=np.float64)
        alone = bits.reshape(len(cases), len(names))
        bits = count_once(alone.copy(), names, self.model.groups)
        faces = bits[:, names.index(FACE_NAME)] if FACE_NAME in names else np.zeros(len(cases))
        weight = self._prior + bits.sum(axis=1)
        mixed = self._mixed(alone, names)
        siblings = sibling_bits(alone, weight, names, self.model.groups, self.model.sibling_share, mixed)
        return weight + siblings + (self._given - self._prior), faces

    def _mixed(self, alone: Floats, names: Sequence[str]) -> tuple[npt.NDArray[np.bool_], float]:
        """Return in which cases the own names agree in one part only, and what that says against two of one house.

        A name that is not known yet, or is supposed to be otherwise, is told by what it says.
        """
        if NAME not in names or NAME not in self.model.comparisons:
            return np.zeros(len(alone), dtype=np.bool_), 0.0
        part = self.model.comparisons[NAME].levels[MIXED]
        known = self.known.get(NAME)
        is_mixed = known is not None and known.label == part.label
        bits = self._alone[NAME] if is_mixed else finding_bits(self.model, NAME, MIXED)
        return np.isclose(alone[:, list(names).index(NAME)], bits), bits_of_mixed_names(part.m)

    def _decided(self, weights: Floats, faces: Floats) -> list[tuple[float, Grade]]:
        """Return probability and grade of each case, as `scored_pair` decides: photos alone lift nobody.

        The probability is the one that the grade rests on: where photos alone would lift, the one without them.
        """
        sure, without = to_probability(weights), to_probability(weights - faces)
        decided = []
        for probability, other, beside in zip(sure, without, weights - faces - self._given, strict=True):
            grade = self.model.grade(float(probability))
            if grade.rank > Grade.POSSIBLE.rank and (
                self.model.grade(float(other)) is Grade.CERTAINLY_NOT or beside < LEAST_BESIDE_FACES
            ):
                decided.append((min(float(probability), float(other)), Grade.POSSIBLE))
            else:
                decided.append((float(probability), grade))
        return decided


def never_comparable(left: PersonRecord, right: PersonRecord) -> frozenset[str]:
    """Return the comparisons that say nothing whatever two records hold: what is worn is not worn for years."""
    a, b = left.event, right.event
    days = None if a is None or b is None else max((a.earliest - b.latest).days, (b.earliest - a.latest).days)
    most = {"clothing": CLOTHING_DAYS, "belongings": BELONGINGS_DAYS}
    return frozenset(name for name, limit in most.items() if days is None or days > limit)


def finding_bits(model: MatchModel, comparison: str, level: int) -> float:
    """Return what a level says by itself, before evidence that depends on it is counted once."""
    return model.comparisons[comparison].levels[level].weight


def _alone(counted: dict[str, float], model: MatchModel) -> dict[str, float]:
    """Return what each contribution says by itself: of a group, all but the strongest for and against were reduced.

    Undoes `count_once`; the strongest stay the strongest when the others are reduced, so they can be told. Where
    nothing of the others counts (a share of 0), what they said is lost, and they stay at 0.
    """
    alone = dict(counted)
    for group in model.groups.values():
        members = {name: counted[name] for name in group.comparisons if name in counted}
        if not members or group.share in (0.0, 1.0):
            continue
        strongest, most_against = max(members, key=members.__getitem__), min(members, key=members.__getitem__)
        for name, bits in members.items():
            whole = (name == strongest and bits > 0) or (name == most_against and bits < 0)
            alone[name] = bits if whole else bits / group.share
    return alone
