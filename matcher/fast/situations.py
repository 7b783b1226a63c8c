"""What does a comparison say where it has said so before? Its answers by situation, asked of it once.

What a comparison looks at is written down here, in whole numbers: two codes, days between two dates, which areas are
the same. What it says of that is nobody's guess: the first pair in a situation is given to the comparison's own
`assign`, and the answer holds for all others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from threading import Lock
from typing import Protocol

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.comparison import Comparison, Context, LevelResult
from matcher.fast.compiled import Number, Rows, compiled
from matcher.model import ComparisonWeights
from matcher.scoring import level_bits

Int32 = npt.NDArray[np.int32]
NEVER_ASKED = -2
_BLOCK = 8192  # pairs whose situations stay in the processor's cache
_SHARED = 20
"""Comparisons, each by the weights of one model, whose answers are kept for all that score: at most 1.2 MB each."""


class Reader(Protocol):
    """Knows in which situations pairs of records are, for one comparison or several.

    Attributes:
        of_all_records: whether a situation is the same whatever the records are: days, areas in common. Codes that
            these records were given are not.
    """

    of_all_records: bool

    def situations(self, i: Int32, j: Int32) -> Int32:
        """Return the situations of n pairs, shape (comparisons, n): positions among the left and the right records."""
        ...


class Part(Protocol):
    """Tells what some of the comparisons say."""

    def fill(self, i: Int32, j: Int32, levels: Rows, bits: Rows) -> None:
        """Write the levels and bits of n pairs to its rows of `levels` and `bits`, shape (comparisons, n)."""
        ...


class Sides:
    """The records of two sides, and what any comparison needs to be asked about two of them."""

    def __init__(self, columns: RecordColumns, left: Rows, right: Rows, context: Context) -> None:
        """Hold the records in rows `left`, shape (l,), and `right`, shape (r,)."""
        self.columns, self.context = columns, context
        self.left, self.right = (np.asarray(rows, dtype=np.int64) for rows in (left, right))
        self.rows = np.concatenate([self.left, self.right])

    def ask(self, comparison: Comparison, i: Rows, j: Rows) -> LevelResult:
        """Return what a comparison says of pairs, shape (n,): positions among the left and the right records."""
        return comparison.assign(self.columns, self.left[i], self.right[j], self.context)


class Situations:
    """The answers of one comparison by situation, numbered from 0.

    Attributes:
        levels: shape (s,), int8, `NEVER_ASKED` where nobody knows yet.
        bits: shape (s,), float32, what each weighs, NaN where nobody knows yet: a thread that looks while another
            writes finds both there, or takes neither.
    """

    def __init__(self, comparison: Comparison, weights: ComparisonWeights, size: int) -> None:
        """Know nothing of `size` situations."""
        self._comparison, self._weights, self._lock = comparison, weights, Lock()
        self.levels = np.full(size, NEVER_ASKED, dtype=np.int8)
        self.bits = np.full(size, np.nan, dtype=np.float32)

    def answer(self, sides: Sides, i: Rows, j: Rows, keys: Int32, levels: Rows, bits: Rows) -> None:
        """Write what is said of n pairs to `levels` and `bits`, shape (n,), by their situations `keys`, shape (n,)."""
        if _look_up(self.levels, self.bits, keys, levels, bits):
            rows = np.flatnonzero(levels == NEVER_ASKED)
            self.learn(sides, i[rows], j[rows], keys[rows])
            levels[rows], bits[rows] = self.levels[keys[rows]], self.bits[keys[rows]]

    def learn(self, sides: Sides, i: Rows, j: Rows, keys: Int32) -> None:
        """Ask about the situations `keys` of n pairs, shape (n,), each once, whatever threads there are."""
        with self._lock:
            unknown = np.flatnonzero((self.levels[keys] == NEVER_ASKED) | np.isnan(self.bits[keys]))
            distinct, first = np.unique(keys[unknown], return_index=True)
            if len(distinct):
                rows = unknown[first]
                said = sides.ask(self._comparison, i[rows], j[rows])
                self.bits[distinct] = level_bits(self._weights, said)
                self.levels[distinct] = said.levels


@lru_cache(maxsize=_SHARED)
def shared_situations(comparison: Comparison, weights: ComparisonWeights, size: int) -> Situations:
    """Return the answers of one comparison by situations that are the same for all records: asked once and for all."""
    return Situations(comparison, weights, size)


class Situated:
    """Several comparisons whose situations are read at once."""

    def __init__(
        self,
        reader: Reader,
        sizes: Mapping[Comparison, int],
        wanted: Sequence[Comparison],
        weights: Mapping[str, ComparisonWeights],
        sides: Sides,
    ) -> None:
        """Know nothing yet.

        Args:
            reader: gives a row of situations for each of `sizes`.
            sizes: comparison -> how many situations there are, in the order of the reader.
            wanted: all comparisons that count, by row of the results.
            weights: of the comparisons by name.
            sides: the records.
        """
        self._reader, self._sides = reader, sides
        known = shared_situations if reader.of_all_records else Situations
        self._rows = [
            (number, wanted.index(comparison), known(comparison, weights[comparison.name], size))
            for number, (comparison, size) in enumerate(sizes.items())
            if comparison in wanted
        ]

    def fill(self, i: Int32, j: Int32, levels: Rows, bits: Rows) -> None:
        """See `Part`."""
        for start in range(0, len(i), _BLOCK):
            part = slice(start, start + _BLOCK)
            keys = self._reader.situations(i[part], j[part])
            for number, row, situations in self._rows:
                situations.answer(self._sides, i[part], j[part], keys[number], levels[row, part], bits[row, part])


@compiled
def _look_up(known: Rows, weights: Rows, keys: Rows, levels: Rows, bits: Rows) -> Number:
    """Look answers up; return whether there is any pair in a situation that nobody has been asked about."""
    missing = False
    for number in range(len(keys)):
        level, weight = known[keys[number]], weights[keys[number]]
        unknown = level == -2 or weight != weight
        levels[number], bits[number] = -2 if unknown else level, weight
        missing |= unknown
    return missing
