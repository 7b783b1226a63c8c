"""What does a comparison look at, and which records look the same to it? The columns it reads, as one code a record.

Two pairs of records with the same codes are in the same situation, and a comparison that nobody has described here is
asked of every pair. Most need an answer on both sides, a telephone or a mark: the others are never looked up at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.compare import COMPARISONS
from matcher.comparison import NULL, Comparison
from matcher.fast.compiled import Number, Rows, compiled
from matcher.fast.situations import NEVER_ASKED, Sides, Situations
from matcher.model import ComparisonWeights
from matcher.scoring import level_bits

Int32 = npt.NDArray[np.int32]

MOST_SITUATIONS = 2**22
"""Answers kept for one comparison, five bytes each; beyond, each pair is asked about."""
_SHIPPED = frozenset(COMPARISONS)
_EXTRA = "extra:"
_SPREAD = 8
"""Numbers spread over so many times as many as they are themselves are counted, others sorted."""


@dataclass(frozen=True, slots=True)
class Reads:
    """What a comparison looks at.

    Attributes:
        needed: columns of `RecordColumns`; a record in which one of them is empty is null with every other.
        also: further columns.
        whole: whether it looks at the records themselves, so that no two look the same to it.
    """

    needed: tuple[str, ...]
    also: tuple[str, ...] = ()
    whole: bool = False


READS: Mapping[str, Reads] = {
    "sex": Reads(("sex",)),
    "address": Reads(("address",)),
    "postcode": Reads(("postcode",)),
    "languages": Reads(("languages",)),
    "community": Reads(("community",)),
    "height": Reads(("height",), ("height_on", "birth", "birth_guessed", "sex")),
    "marks": Reads(("marks",), ("mark_kind", "mark_site", "mark_side")),
    "clothing": Reads(("clothing", "event")),
    "belongings": Reads(("belongings", "event")),
    "phones": Reads(("phones",)),
    "identifiers": Reads(("identifiers",), ("identifier_types",)),
    "face": Reads(("faces",), whole=True),
}


def reads_of(comparison: Comparison) -> Reads | None:
    """Return what a comparison looks at; None where nobody has said, as of one that only bears a known name."""
    if comparison.name.startswith(_EXTRA):
        return Reads((comparison.name,))
    return READS.get(comparison.name) if comparison in _SHIPPED else None


class Table:
    """One comparison, by what it looks at in both records."""

    def __init__(self, comparison: Comparison, row: int, weights: ComparisonWeights, sides: Sides) -> None:
        """Read what the comparison looks at in the records of both sides; its results stand in a row of their own."""
        self._comparison, self._row, self._weights, self._sides = comparison, row, weights, sides
        reads = reads_of(comparison)
        self._codes: tuple[Int32, Int32, int] | None = None
        self._known: Situations | None = None
        self._silent = False
        if reads is None:
            return
        codes = _codes(sides, reads)
        self._silent = codes is None
        if codes is None:
            return
        left, high = numbered(codes[: len(sides.left)])
        right, wide = numbered(codes[len(sides.left) :])
        self._codes = left, right, wide
        if high * wide <= MOST_SITUATIONS:
            self._known = Situations(comparison, weights, high * wide)
            for values, nothing in ((self._known.levels, NULL), (self._known.bits, 0)):
                square = values.reshape(high, wide)
                square[0], square[:, 0] = nothing, nothing

    def fill(self, i: Int32, j: Int32, levels: Rows, bits: Rows) -> None:
        """See `Part`."""
        levels, bits = levels[self._row], bits[self._row]
        if self._silent:
            levels[:], bits[:] = NULL, 0.0
            return
        if self._codes is None:
            self._ask(i, j, slice(None), levels, bits)
            return
        left, right, wide = self._codes
        if self._known is None:
            levels[:], bits[:] = NULL, 0.0
            rows = np.empty(len(i) + 1, dtype=np.int32)
            rows = rows[: _known_pairs(i, j, left, right, rows)]
            if len(rows):
                self._ask(i[rows], j[rows], rows, levels, bits)
        elif _look_up(i, j, left, right, wide, self._known.levels, self._known.bits, levels, bits):
            rows = np.flatnonzero(levels == NEVER_ASKED).astype(np.int32)
            keys = left[i[rows]] * np.int32(wide) + right[j[rows]]
            self._known.learn(self._sides, i[rows], j[rows], keys)
            levels[rows], bits[rows] = self._known.levels[keys], self._known.bits[keys]

    def _ask(self, i: Int32, j: Int32, rows: Int32 | slice, levels: Rows, bits: Rows) -> None:
        said = self._sides.ask(self._comparison, i, j)
        levels[rows], bits[rows] = said.levels, level_bits(self._weights, said)


def _codes(sides: Sides, reads: Reads) -> Int32 | None:
    """Return a number from 1 for what a comparison sees in each record, 0 where that is null with everything.

    Returns:
        Shape (l + r,), the records of the left side, then those of the right; None where all pairs are null.
    """
    columns, rows, boundary = sides.columns, sides.rows, len(sides.left)
    known = np.ones(len(rows), dtype=np.bool_)
    values = []
    for name in (*reads.needed, *reads.also):
        column = columns.extras.get(name.removeprefix(_EXTRA)) if name.startswith(_EXTRA) else getattr(columns, name)
        if column is None:  # an extra column that no record has
            return None
        column = column[rows] if column.ndim == 2 else column[rows, None]
        if name in reads.needed:
            known &= _filled(column)
            # One record says nothing of most things: where a side says nothing, nobody is ever asked.
            if not (known[:boundary].any() and known[boundary:].any()):
                return None
        values.append(column)
    codes = np.zeros(len(rows), dtype=np.int32)
    there = np.flatnonzero(known)
    if reads.whole:
        codes[there] = np.arange(1, len(there) + 1)
        return codes
    number = np.zeros(len(there), dtype=np.int64)
    for column in values:
        for part in column[there].T:
            place, count = _ranked(part)
            if count > 1:
                # Column by column two records stay together as long as all is the same.
                number = _ranked(number * count + place)[0]
    codes[there] = number + 1
    return codes


def _ranked(values: Rows) -> tuple[npt.NDArray[np.int64], int]:
    """Return (which of the distinct values each is, shape (n,); how many numbers there are), of at least one value."""
    if not np.issubdtype(values.dtype, np.floating):
        least, most = int(values.min()), int(values.max())
        if least == most:
            return np.zeros(len(values), dtype=np.int64), 1
        if most - least < _SPREAD * len(values):
            used = np.zeros(most - least + 1, dtype=np.int64)
            wide = np.uint64 if values.dtype == np.uint64 else np.int64
            at = np.subtract(values, least, dtype=wide).astype(np.intp)
            used[at] = 1
            place = np.cumsum(used) - 1
            return place[at], int(place[-1]) + 1
    distinct, numbers = np.unique(values, return_inverse=True, equal_nan=False)
    return numbers, len(distinct)


def _filled(column: Rows) -> npt.NDArray[np.bool_]:
    """Return which rows of a column, shape (n, k), hold anything: ids are -1 without, hashes, codes and sets 0."""
    if np.issubdtype(column.dtype, np.floating):
        filled = ~np.isnan(column)
    else:
        filled = column >= 0 if column.dtype == np.int32 else column != 0
    return np.asarray(filled.any(axis=1), dtype=np.bool_)


def numbered(codes: Int32) -> tuple[Int32, int]:
    """Return codes from 0 numbered without gaps, 0 staying 0, and how many numbers there are."""
    used = np.zeros(int(codes.max(initial=0)) + 1, dtype=np.int32)
    used[codes] = 1
    used[0] = 1
    place = np.cumsum(used, dtype=np.int32) - np.int32(1)
    return place[codes], int(place[-1]) + 1


def used_rows(size: int, *parts: Int32) -> npt.NDArray[np.intp]:
    """Return the rows of a table of `size` rows that are in any part, sorted, each once; -1 is none."""
    used = np.zeros(size + 1, dtype=np.bool_)
    for part in parts:
        used[part] = True
    return np.flatnonzero(used[:-1])


@compiled
def _look_up(
    i: Rows, j: Rows, left: Rows, right: Rows, wide: Number, known: Rows, weights: Rows, levels: Rows, bits: Rows
) -> Number:
    """Look answers up by the codes of both sides; return whether anything has never been asked."""
    missing = False
    for number in range(len(i)):
        key = np.int64(left[i[number]]) * wide + right[j[number]]
        level, weight = known[key], weights[key]
        unknown = level == -2 or weight != weight
        levels[number], bits[number] = -2 if unknown else level, weight
        missing |= unknown
    return missing


@compiled
def _known_pairs(i: Rows, j: Rows, left: Rows, right: Rows, rows: Rows) -> Number:
    """Write the positions of the pairs in which both sides are known; return how many."""
    count = np.int64(0)
    for number in range(len(i)):
        rows[count] = number
        count += np.int64((left[i[number]] > 0) & (right[j[number]] > 0))
    return count
