"""What is a comparison? One attribute of two records, mapped to one of a few ordered levels.

    Comparison "sex"
        ├── ComparisonLevel same        m = P(level | one person)     u = P(level | two people)
        ├── ComparisonLevel different   weight in bits = log2(m / u)
        └── null level                  one side unknown: 0 bits

The terms are those of Fellegi and Sunter (1969). A comparison's `question` is what a match's explanation shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.face_calibration import Calibrations, shipped_calibrations
from matcher.names.frequency import NameFrequencies

Pairs = npt.NDArray[np.int64]
NULL = -1


@dataclass(frozen=True, slots=True)
class LevelResult:
    """The level of n pairs, shape (n,), int8, -1 = null; and `rarity` in bits, shape (n,), 0 where it has none."""

    levels: npt.NDArray[np.int8]
    rarity: npt.NDArray[np.float32]

    @classmethod
    def plain(cls, levels: npt.NDArray[np.int8]) -> LevelResult:
        """Return a result without rarity."""
        return cls(levels, np.zeros(len(levels), dtype=np.float32))


@dataclass(frozen=True, slots=True)
class Context:
    """What comparing needs beside the records: how common each name is, by whose name it is; what distances mean."""

    own_names: NameFrequencies
    relative_names: NameFrequencies
    face_calibrations: Calibrations = field(default_factory=shipped_calibrations)


Assign = Callable[[RecordColumns, Pairs, Pairs, Context], LevelResult]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One attribute, one question.

    Attributes:
        name: stable key, used in models and contributions.
        question: what is asked of two records, in plain words.
        labels: the levels, best first; the position is the level's number.
        assign: gives each pair its level.
    """

    name: str
    question: str
    labels: tuple[str, ...]
    assign: Assign


def count_levels(levels: npt.NDArray[np.int8], size: int) -> npt.NDArray[np.float64]:
    """Return how many pairs have each level, null left out, shape (size,)."""
    return np.bincount(levels[levels >= 0], minlength=size)[:size].astype(np.float64)


def distinct_pairs(left: npt.NDArray[np.integer], right: npt.NDArray[np.integer]) -> tuple[Pairs, Pairs, Pairs]:
    """Return every pair of numbers once, whichever way round it stood; a million records' pairs hold far fewer.

    Args:
        left, right: shape (n,), at least 0.
    Returns:
        The lower and the higher number of each of the d pairs, shape (d,), and which of these each pair is, shape (n,).
    """
    low, high = np.minimum(left, right).astype(np.int64), np.maximum(left, right).astype(np.int64)
    size = int(high.max(initial=0)) + 1
    keys, place = np.unique(low * size + high, return_inverse=True)
    return keys // size, keys % size, place
