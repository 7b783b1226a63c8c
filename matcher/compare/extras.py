"""How are a deployment's own columns compared? As exact keys, as text, or as numbers."""

from __future__ import annotations

import math
from enum import StrEnum

import numpy as np

from matcher.columns import RecordColumns
from matcher.compare.attributes import text_levels
from matcher.comparison import NULL, Comparison, Context, LevelResult, Pairs


class ExtraKind(StrEnum):
    """How an extra column is compared."""

    EXACT = "exact"
    TEXT = "text"
    NUMBER = "number"


def extra_comparison(name: str, kind: ExtraKind) -> Comparison:
    """Return the comparison of the extra column `name` (a column that no record has is null everywhere)."""

    def assign(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
        column = columns.extras.get(name)
        if column is None:
            return LevelResult.plain(np.full(len(i), NULL, dtype=np.int8))
        if kind is ExtraKind.TEXT:
            return LevelResult.plain(text_levels(columns, column, i, j, (0.95, 0.75)))
        a, b = column[i], column[j]
        known = (a >= 0) & (b >= 0)
        if kind is ExtraKind.EXACT:
            return LevelResult.plain(np.where(known, np.where(a == b, 0, 2), NULL).astype(np.int8))
        numbers = np.array([_number(text) for text in columns.texts.names], dtype=np.float64)
        x, y = numbers[np.maximum(a, 0)], numbers[np.maximum(b, 0)]
        known &= ~np.isnan(x) & ~np.isnan(y)
        scale = np.maximum(np.maximum(np.abs(x), np.abs(y)), 1e-9)
        # Scaled before subtracting, so that the difference of two huge numbers does not overflow.
        levels = np.where(x == y, 0, np.where(np.abs(x / scale - y / scale) <= 0.1, 1, 2))
        return LevelResult.plain(np.where(known, levels, NULL).astype(np.int8))

    question = f"Does the column {name} agree?"
    return Comparison(f"extra:{name}", question, ("equal", "close", "different"), assign)


def _number(text: str) -> float:
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return math.nan  # not a number: null evidence
    return value if math.isfinite(value) else math.nan
