"""How much is each agreement worth? The model: a prior, and m and u for every level of every comparison.

    MatchModel
        ├── version
        ├── prior           from the sizes of the two sides and the share of rescued people who have a report
        ├── groups          comparisons that depend on each other, counted once (`matcher.dependence`)
        ├── thresholds      probabilities at which a pair is called certain, probable, possible
        └── weights         comparison -> levels (label, m, u, shift)

Stored as JSON with its checksum; `sandhan train evidence` makes it, `data/models/evidence-2.md` is its card.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.compare import COMPARISONS
from matcher.dependence import DependenceGroup
from matcher.errors import ModelCorrupt
from matcher.reference import read_model

SHIPPED = "evidence-2.json"
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
    """One level: P(level | one person), P(level | two people), and the bits between them.

    Attributes:
        shift: bits that decided pairs add to what m and u say (`matcher.refit`); 0 where none were decided.
    """

    label: str
    m: float
    u: float
    shift: float = 0.0

    @property
    def weight(self) -> float:
        """Return log2(m / u) + shift."""
        return math.log2(self.m / self.u) + self.shift


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


def record_key(record_id: str) -> str:
    """Return what a model remembers of a record that taught it: not the id, only whether it is this one."""
    return blake2b(record_id.encode(errors="surrogatepass"), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Probabilities at and above which a pair has a grade."""

    certain: float = 0.98
    probable: float = 0.75
    possible: float = 0.02


@dataclass(frozen=True, slots=True)
class MatchModel:
    """Everything that turns levels into a probability.

    Attributes:
        version: names it in every stored match.
        comparisons: what each level of each comparison weighs.
        groups: comparisons that depend on each other.
        report_share: how many of the right side have their match on the left.
        sibling_share: how many without a match have a brother or sister on the left (`matcher.household`).
        thresholds: of the grades.
        taught_by: keys (`record_key`) of the records decisions about which taught it: it is never measured on these.
    """

    version: str
    comparisons: dict[str, ComparisonWeights]
    groups: dict[str, DependenceGroup] = field(default_factory=dict)
    report_share: float = 0.6
    sibling_share: float = 0.05
    thresholds: Thresholds = Thresholds()
    taught_by: frozenset[str] = frozenset()

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
            levels = tuple(
                ComparisonLevel(item["label"], item["m"], item["u"], item.get("shift", 0.0)) for item in part["levels"]
            )
            if name in known and tuple(level.label for level in levels) != known[name]:
                raise ModelCorrupt(
                    f"model {value['version']}", f"levels of {name} are of another version", TRAIN_COMMAND
                )
            comparisons[name] = ComparisonWeights(levels, tuple(part["rarity_mean"]), part["rarity_scale"])
        thresholds = Thresholds(**value["thresholds"])
        groups = {
            name: DependenceGroup(tuple(part["comparisons"]), part["share"]) for name, part in value["groups"].items()
        }
        taught = frozenset(value.get("taught_by", ()))
        shares = value["report_share"], value["sibling_share"]
        return cls(value["version"], comparisons, groups, *shares, thresholds, taught)

    def _check(self) -> None:
        """Refuse numbers of which no weight can be made."""
        for name, part in self.comparisons.items():
            sound = all(0 < level.m <= 1 and 0 < level.u <= 1 for level in part.levels)
            sound = sound and all(math.isfinite(level.shift) for level in part.levels)
            if not sound or not part.levels or len(part.rarity_mean) != len(part.levels):
                raise ModelCorrupt(f"model {self.version}", f"{name} has impossible levels", TRAIN_COMMAND)
        grouped = [name for group in self.groups.values() for name in group.comparisons]
        if len(grouped) != len(set(grouped)) or not all(0 <= group.share <= 1 for group in self.groups.values()):
            raise ModelCorrupt(f"model {self.version}", "the groups overlap or have impossible shares", TRAIN_COMMAND)
        if not 0 < self.report_share <= 1 or not 0 <= self.sibling_share <= 1:
            raise ModelCorrupt(f"model {self.version}", "a share is not between 0 and 1", TRAIN_COMMAND)

    def to_json(self) -> dict[str, Any]:
        """Return the model as a JSON object."""
        return {
            "version": self.version,
            "groups": {
                name: {"comparisons": list(group.comparisons), "share": group.share}
                for name, group in self.groups.items()
            },
            "report_share": self.report_share,
            "sibling_share": self.sibling_share,
            "thresholds": {
                "certain": self.thresholds.certain,
                "probable": self.thresholds.probable,
                "possible": self.thresholds.possible,
            },
            "comparisons": {
                name: {
                    "levels": [
                        {"label": level.label, "m": level.m, "u": level.u}
                        | ({"shift": level.shift} if level.shift else {})
                        | {"weight": round(level.weight, 3)}
                        for level in part.levels
                    ],
                    "rarity_mean": list(part.rarity_mean),
                    "rarity_scale": part.rarity_scale,
                }
                for name, part in self.comparisons.items()
            },
        } | ({"taught_by": sorted(self.taught_by)} if self.taught_by else {})

    @classmethod
    def read(cls, path: Path) -> MatchModel:
        """Return the model in a file that `sandhan train evidence` wrote.

        Raises:
            ModelCorrupt: it is not one.
        """
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelCorrupt("the evidence model", "the file cannot be read as JSON", TRAIN_COMMAND) from error
        return cls.from_json(value)

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
