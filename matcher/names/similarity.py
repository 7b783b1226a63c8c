"""How alike is each of many names to each of many others, when only that is asked?

Words of a few hundred queries meet the words of all names once, in one grid; each pair of names then only looks up its
words. `compare_batch` gives the same similarity, and the evidence, for a tenth of the pairs in the same time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.names.grid import similarity_grid
from matcher.names.joinable import joinable
from matcher.names.pairs import Chunk, Field
from matcher.names.sides import Bools, FloatArray
from matcher.names.table import NameTable
from matcher.names.weighing import PET_FORM, IntArray

MOST_CELLS: Final = 60_000_000
"""Pairs of words (four bytes each) and of names (one) up to which they are kept; beyond, `compare_batch` it is."""
_AT_ONCE = 2**18


@dataclass(frozen=True, slots=True)
class SimilarityTable:
    """Names of two sides, ready to be compared again and again.

    Attributes:
        field: the two sides and their words.
        values: shape (l, r), the similarity of each left word with each right one; empty where they are too many.
        rows, columns: shape (v,), the row and the column of each word of the field.
        joins: shape (p, q), the names of both sides of which one may have two words, or all, written as one of the
            other's.
    """

    field: Field
    values: FloatArray
    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]
    joins: Bools

    @classmethod
    def build(cls, table: NameTable, left: IntArray, right: IntArray) -> SimilarityTable:
        """Return the table of all comparisons between names of two sides.

        Args:
            table: holds the names of both sides.
            left, right: ids of the names of each side, in any order; queries on the left and many names on the right
                take the least time and memory.
        """
        field = Field.of(table, left, right)
        words = field.words
        used = [np.unique(side.words.tokens[side.words.tokens >= 0]) for side in (field.left, field.right)]
        place = np.full((2, len(words.codes) + 1), -1, dtype=np.intp)  # one more: there may be no word at all
        for number, rows in enumerate(used):
            place[number, rows] = np.arange(len(rows))
        cells = max(len(used[0]) * len(used[1]), len(field.left.names) * len(field.right.names))
        if cells > MOST_CELLS:
            nothing = np.zeros((0, 0), dtype=np.float32)
            return cls(field, nothing, place[0], place[1], nothing.astype(np.bool_))
        values = similarity_grid(words.codes[used[0]], words.codes[used[1]])
        pets = np.stack(np.divmod(words.pets, max(words.size, 1)))
        one, other = np.concatenate([pets, pets[::-1]], axis=1)
        row, column = place[0, one], place[1, other]
        there = (row >= 0) & (column >= 0)
        values[row[there], column[there]] = np.maximum(values[row[there], column[there]], np.float32(PET_FORM))
        return cls(field, values, place[0], place[1], joinable(field))

    def similarities(self, left: IntArray, right: IntArray) -> FloatArray:
        """Return how alike n pairs of names are, shape (n,), float32 in [0, 1]: as `compare_batch` finds them.

        Args:
            left, right: shape (n,), ids of names of the sides the table was built for.
        """
        out = np.empty(len(left), dtype=np.float32)
        for start in range(0, len(left), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            out[part] = self._block(left[part], right[part])
        return out

    def _block(self, left: IntArray, right: IntArray) -> FloatArray:
        if not self.values.size:
            return self.field.explain(left, right, self.field.asked_grids)[0].similarity
        out = self.field.unjoined(left, right, self._grids)
        cells = self.field.left.place.take(left) * len(self.field.right.names) + self.field.right.place.take(right)
        again = np.flatnonzero(self.joins.ravel().take(cells))
        if len(again):
            out[again] = self.field.explain(left[again], right[again], self._grids)[0].similarity
        return out

    def _grids(self, chunks: Sequence[Chunk]) -> Iterator[FloatArray]:
        """Yield the grids of chunks of pairs, looked up."""
        values, width = self.values.ravel(), self.values.shape[1]
        rows, columns = np.maximum(self.rows, 0) * width, np.maximum(self.columns, 0)
        for left, right in chunks:
            # Where there is no word anything may be looked up: who asks marks these places.
            at = rows[left.tokens][:, None] + columns[right.tokens][None]
            yield values.take(at, mode="clip")
