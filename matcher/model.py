"""How much is each agreement worth? The model: a prior, and m and u for every level of every comparison.

    MatchModel
        ├── version
        ├── prior           from the sizes of the two sides and the share of rescued people who have a report
        ├── discount        one factor on all weights: evidence is correlated, so the plain sum would be too sure
        ├── thresholds      probabilities at which a pair is called certain, probable, possible
        └── weights         comparison -> levels (label, m, u)

Stored as JSON with its checksum; `sandhan train evidence` makes it, `data/models/evidence.md` is its card.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.compare import COMPARISONS
from matcher.errors import ModelCorrupt
from matcher.reference import read_model

SHIPPED = "evidence-1.json"
TRAIN_COMMAND = "sandhan train evidence"


class Grade(StrEnum):
    """How sure the engine is, in the words of FHIR's `$match`; people decide, whatever the grade."""

    CERTAIN = "certain"
    PROBABLE = "probable"
    POSSIBLE = "possible"
    CERTAINLY_NOT = "certainly-not"

    @property
    def rank(self) -> int:
        """Return 3 for certain down to 0 for certainly-not."""
        return [Grade.CERTAINLY_NOT, Grade.POSSIBLE, Grade.PROBABLE, Grade.CERTAIN].index(self)


@dataclass(frozen=True, slots=True)
class ComparisonLevel:
    """One level: P(level | one person), P(level | two people), and the bits between them."""

    label: str
    m: float
    u: float

    @property
    def weight(self) -> float:
        """Return log2(m / u)."""
        return math.log2(self.m / self.u)


@dataclass(frozen=True, slots=True)
class ComparisonWeights:
    """The levels of one comparison.

    Attributes:
        levels: best first.
        rarity_mean: per level, the mean rarity (bits) among agreeing pairs of two people; agreeing on a rarer value
            is worth the difference.
        rarity_scale: how much of that difference counts; 1.0 for a direct weight in bits (faces).
    """

    levels: tuple[ComparisonLevel, ...]
    rarity_mean: tuple[float, ...]
    rarity_scale: float = 0.0

    def weights(self) -> npt.NDArray[np.float64]:
        """Return the weight of each level in bits, shape (levels,)."""
        return np.array([level.weight for level in self.levels])


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Probabilities at and above which a pair has a grade."""

    certain: float = 0.98
    probable: float = 0.75
    possible: float = 0.02


@dataclass(frozen=True, slots=True)
class MatchModel:
    """Everything that turns levels into a probability."""

    version: str
    comparisons: dict[str, ComparisonWeights]
    discount: float = 1.0
    report_share: float = 0.6
    thresholds: Thresholds = Thresholds()

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls) -> MatchModel:
        """Return the shipped model.

        Raises:
            ModelMissing, ModelCorrupt: say which command makes it.
        """
        return cls.from_json(read_model(SHIPPED, TRAIN_COMMAND))

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> MatchModel:
        """Return the model that a JSON object describes.

        Raises:
            ModelCorrupt: it is not a model, or a comparison has other levels than this version of the program knows.
        """
        try:
            model = cls._read(value)
            model._check()
        except (KeyError, TypeError, AttributeError) as error:
            raise ModelCorrupt("the evidence model", "a part is missing or of another kind", TRAIN_COMMAND) from error
        return model

    @classmethod
    def _read(cls, value: dict[str, Any]) -> MatchModel:
        known = {comparison.name: comparison.labels for comparison in COMPARISONS}
        comparisons = {}
        for name, part in value["comparisons"].items():
            levels = tuple(ComparisonLevel(item["label"], item["m"], item["u"]) for item in part["levels"])
            if name in known and tuple(level.label for level in levels) != known[name]:
                raise ModelCorrupt(
                    f"model {value['version']}", f"levels of {name} are of another version", TRAIN_COMMAND
                )
            comparisons[name] = ComparisonWeights(levels, tuple(part["rarity_mean"]), part["rarity_scale"])
        thresholds = Thresholds(**value["thresholds"])
        return cls(value["version"], comparisons, value["discount"], value["report_share"], thresholds)

    def _check(self) -> None:
        """Refuse numbers of which no weight can be made."""
        for name, part in self.comparisons.items():
            sound = all(0 < level.m <= 1 and 0 < level.u <= 1 for level in part.levels)
            if not sound or not part.levels or len(part.rarity_mean) != len(part.levels):
                raise ModelCorrupt(f"model {self.version}", f"{name} has impossible levels", TRAIN_COMMAND)
        if not 0 < self.report_share <= 1:
            raise ModelCorrupt(f"model {self.version}", "report_share is not between 0 and 1", TRAIN_COMMAND)

    def to_json(self) -> dict[str, Any]:
        """Return the model as a JSON object."""
        return {
            "version": self.version,
            "discount": self.discount,
            "report_share": self.report_share,
            "thresholds": {
                "certain": self.thresholds.certain,
                "probable": self.thresholds.probable,
                "possible": self.thresholds.possible,
            },
            "comparisons": {
                name: {
                    "levels": [
                        {"label": level.label, "m": level.m, "u": level.u, "weight": round(level.weight, 3)}
                        for level in part.levels
                    ],
                    "rarity_mean": list(part.rarity_mean),
                    "rarity_scale": part.rarity_scale,
                }
                for name, part in self.comparisons.items()
            },
        }

    def prior_bits(self, reports: int) -> float:
        """Return log2 of the prior odds that one rescued person is one given report among `reports`."""
        probability = self.report_share / max(reports, 1)
        return math.log2(probability / max(1.0 - probability, 1e-9))

    def grade(self, probability: float) -> Grade:
        """Return the grade of a probability."""
        limits = self.thresholds
        if probability >= limits.certain:
            return Grade.CERTAIN
        if probability >= limits.probable:
            return Grade.PROBABLE
        return Grade.POSSIBLE if probability >= limits.possible else Grade.CERTAINLY_NOT
