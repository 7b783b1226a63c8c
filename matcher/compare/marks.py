"""Do distinguishing marks agree? By kind, site and side; by the words themselves where these are not understood."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.comparison import NULL, Comparison, Context, LevelResult, Pairs
from matcher.marks import mark_tables
from matcher.names.alignment import compare_batch

MARK_LABELS = (
    "same mark in the same place",
    "same kind of mark in the same place, side not said",
    "same kind of mark, other side or a place close by",
    "marks alike in part",
    "marks differ",
)
_SAME, _SIDE_NOT_SAID, _CLOSE_BY, _IN_PART, _DIFFER = range(5)
TEXT_SAME, TEXT_ALIKE = 0.75, 0.35
"""How alike the words must be, from 0 to 1, to count as one mark or as alike where the tables do not know them."""

Codes = npt.NDArray[np.int8]


def _marks(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    """The best pair of marks counts: one that only one side lists may not have been seen by the other."""
    levels = np.full(len(i), NULL, dtype=np.int8)
    # The first slot is filled first, and most records have no mark at all.
    rows = np.flatnonzero((columns.marks[i, 0] >= 0) & (columns.marks[j, 0] >= 0))
    if not len(rows):
        return LevelResult.plain(levels)
    left, right = i[rows], j[rows]
    pair, x, y = np.nonzero((columns.marks[left][:, :, None] >= 0) & (columns.marks[right][:, None, :] >= 0))
    first, second = (left[pair], x), (right[pair], y)
    graded, unclear = grade_marks(
        (columns.mark_kind[first], columns.mark_kind[second]),
        (columns.mark_site[first], columns.mark_site[second]),
        (columns.mark_side[first], columns.mark_side[second]),
    )
    asked = np.flatnonzero(unclear)
    if len(asked):
        first_read = (columns.mark_kind[first][asked] > 0) | (columns.mark_site[first][asked] > 0)
        second_read = (columns.mark_kind[second][asked] > 0) | (columns.mark_site[second][asked] > 0)
        alike = _text_similarities(columns, columns.marks[first][asked], columns.marks[second][asked])
        by_text = np.where(alike >= TEXT_ALIKE, _IN_PART, _DIFFER)
        by_text[(alike >= TEXT_SAME) & ~first_read & ~second_read] = _SAME
        graded[asked] = np.minimum(graded[asked], by_text)
    best = np.full(len(rows), _DIFFER, dtype=np.int8)
    np.minimum.at(best, pair, graded)
    levels[rows] = best
    return LevelResult.plain(levels)


def grade_marks(
    kinds: tuple[Codes, Codes], sites: tuple[Codes, Codes], sides: tuple[Codes, Codes]
) -> tuple[Codes, npt.NDArray[np.bool_]]:
    """Return the levels of n pairs of marks by their codes alone, and which of them the words may still raise.

    Args:
        kinds, sites, sides: the codes of both marks, shape (n,), 0 unknown.
    Returns:
        (levels, shape (n,), int8; unclear, shape (n,), bool: a kind or site is unknown and nothing said contradicts).
    """
    tables = mark_tables()
    kind_said, site_said = (kinds[0] > 0) & (kinds[1] > 0), (sites[0] > 0) & (sites[1] > 0)
    kind_fits = tables.alike_kinds[kinds[0], kinds[1]]
    near, same_site = tables.near_sites[sites[0], sites[1]], site_said & (sites[0] == sites[1])
    side_fits = (sides[0] & sides[1]) > 0
    side_against = (sides[0] > 0) & (sides[1] > 0) & ~side_fits
    # Nobody says on which side of a chin a mark is.
    no_side = (sides[0] == 0) & (sides[1] == 0) & ~tables.paired_sites[sites[0]]
    against = (kind_said & ~kind_fits) | (site_said & ~near)
    conditions = (
        kind_fits & same_site & (side_fits | no_side),
        kind_fits & same_site & ~side_against,
        kind_fits & (same_site | (near & ~side_against)),
        (kind_fits & near) | (kind_fits & ~site_said) | (~kind_said & same_site & ~side_against),
    )
    levels = np.select(conditions, (_SAME, _SIDE_NOT_SAID, _CLOSE_BY, _IN_PART), _DIFFER).astype(np.int8)
    return levels, ~against & ~(kind_said & site_said)


def _text_similarities(
    columns: RecordColumns, a: npt.NDArray[np.int32], b: npt.NDArray[np.int32]
) -> npt.NDArray[np.float32]:
    """Return how alike the words of n pairs of texts are, shape (n,); each unordered pair is compared once."""
    size = len(columns.texts)
    keys, inverse = np.unique(np.minimum(a, b).astype(np.int64) * size + np.maximum(a, b), return_inverse=True)
    return compare_batch(columns.texts, keys // size, keys % size).similarity[inverse]


MARKS = Comparison("marks", "Do distinguishing marks agree?", MARK_LABELS, _marks)
