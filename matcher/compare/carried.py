"""Do clothes and belongings agree? Only while she may still wear or have them: what is worn changes in weeks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.carried import items_similarity, read_items
from matcher.columns import RecordColumns
from matcher.comparison import NULL, Comparison, Context, LevelResult, Pairs

CLOTHING_LABELS = ("same clothing", "clothing alike in part", "clothing differs")
BELONGINGS_LABELS = ("same belongings", "belongings alike in part", "belongings differ")
CLOTHING_DAYS, BELONGINGS_DAYS = 30, 365
"""Days between last seen and found beyond which clothes, or things, say nothing."""
SAME, ALIKE = 0.75, 0.4
"""How alike two sets of things must be, from 0 to 1 (`items_similarity`), to be the same or alike in part."""


def _clothing(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    return _levels(columns, columns.clothing, i, j, CLOTHING_DAYS, looks_needed=True)


def _belongings(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    return _levels(columns, columns.belongings, i, j, BELONGINGS_DAYS, looks_needed=False)


def _levels(
    columns: RecordColumns,
    column: npt.NDArray[np.int32],
    i: Pairs,
    j: Pairs,
    days: int,
    *,
    looks_needed: bool,
) -> LevelResult:
    """Return the levels of n pairs; null unless both sides name things and the two events may be so close."""
    levels = np.full(len(i), NULL, dtype=np.int8)
    rows = np.flatnonzero((column[i] >= 0) & (column[j] >= 0))
    rows = rows[_within(columns, i[rows], j[rows], days)]
    if not len(rows):
        return LevelResult.plain(levels)
    a, b = column[i[rows]].astype(np.int64), column[j[rows]].astype(np.int64)
    size = len(columns.carried)
    things = {key: read_items(columns.carried[key]) for key in np.unique(np.concatenate([a, b])).tolist()}
    # Children in one school wear one uniform: many pairs, few distinct ones.
    keys, inverse = np.unique(np.minimum(a, b) * size + np.maximum(a, b), return_inverse=True)
    alike = np.fromiter(
        (items_similarity(things[key // size], things[key % size], looks_needed=looks_needed) for key in keys.tolist()),
        dtype=np.float64,
        count=len(keys),
    )
    found = np.where(alike >= SAME, 0, np.where(alike >= ALIKE, 1, 2))
    levels[rows] = found[inverse]
    return LevelResult.plain(levels)


def _within(columns: RecordColumns, i: Pairs, j: Pairs, days: int) -> npt.NDArray[np.bool_]:
    """Tell which pairs of events may lie at most so many days apart, in either order; an unknown day never does."""
    a, b = columns.event[i].astype(np.int64), columns.event[j].astype(np.int64)
    gap = np.maximum(a[:, 0] - b[:, 1], b[:, 0] - a[:, 1])
    close: npt.NDArray[np.bool_] = (a[:, 0] > 0) & (b[:, 0] > 0) & (gap <= days)
    return close


CLOTHING = Comparison(
    "clothing", "Do the clothes worn when last seen and when found agree?", CLOTHING_LABELS, _clothing
)
BELONGINGS = Comparison("belongings", "Do the things carried agree?", BELONGINGS_LABELS, _belongings)
