"""How much do millions of pairs weigh? Weights only, in batch; who wants to see why asks `score_pairs` of the few.

rows of two sides -> names, dates, places, tables of answers, read once -> pairs, a chunk a thread -> bits -> weights
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.comparison import Comparison, Context, Pairs
from matcher.fast import dates, names, places, things
from matcher.fast.combining import Combiner
from matcher.fast.compiled import Rows, compiled
from matcher.fast.situations import Part, Sides, Situated
from matcher.fast.tables import MOST_SITUATIONS, Table
from matcher.model import MatchModel

Int32 = npt.NDArray[np.int32]
Weights = npt.NDArray[np.float32]

THREADS: Final = 2
_CHUNK, _LEAST = 2**16, 2**14


class PairScorer:
    """Weighs pairs of records of two sides, again and again.

    Attributes:
        names: the comparisons that count, in order.
    """

    def __init__(
        self,
        columns: RecordColumns,
        left: Pairs,
        right: Pairs,
        context: Context,
        model: MatchModel,
        reports: int,
        comparisons: Sequence[Comparison] = COMPARISONS,
        *,
        threads: int = THREADS,
    ) -> None:
        """Read the records of both sides.

        Args:
            columns: holds the records.
            left, right: shape (l,), (r,), row numbers of each side.
            context: name frequencies where the reports come from.
            model: the weights.
            reports: how many reports a rescued person could be; sets the prior.
            comparisons: what is compared; one that the model does not know counts nothing.
            threads: how many work at once.
        """
        used = [comparison for comparison in comparisons if comparison.name in model.comparisons]
        self.names = tuple(comparison.name for comparison in used)
        self._threads = threads
        self._sizes = len(left), len(right)
        self._spaces: SimpleQueue[_Space] = SimpleQueue()
        for _ in range(threads):
            self._spaces.put(_Space(len(used)))
        sides = Sides(columns, left, right, context)
        self._combiner = Combiner(self.names, model, reports)
        weights = model.comparisons
        self._parts: list[Part] = []
        if any(comparison in names.COMPARISONS for comparison in used):
            self._parts.append(names.NamePart(used, weights, sides))
        read = {*names.COMPARISONS}
        for reader in (dates.Times, places.Places, things.Things):
            situated = reader(columns, sides.left, sides.right)
            sizes = {comparison: size for comparison, size in situated.sizes.items() if comparison in used}
            if sizes and max(sizes.values()) <= MOST_SITUATIONS:
                self._parts.append(Situated(situated, situated.sizes, used, weights, sides))
                read |= sizes.keys()
        self._parts += [
            Table(comparison, row, weights[comparison.name], sides)
            for row, comparison in enumerate(used)
            if comparison not in read
        ]

    def weights(self, i: Pairs, j: Pairs) -> Weights:
        """Return the weights of n pairs in bits, shape (n,), float32: the weight that `score_pairs` gives.

        Args:
            i, j: shape (n,), positions among the left and the right records.
        Raises:
            IndexError: a position is not among them.
        """
        return self._scored(i, j)[0]

    def levels(self, i: Pairs, j: Pairs) -> npt.NDArray[np.int8]:
        """Return the levels of n pairs by `names`, shape (n, k), -1 null."""
        return self._scored(i, j, levels=True)[1].T

    def _scored(self, i: Pairs, j: Pairs, levels: bool = False) -> tuple[Weights, npt.NDArray[np.int8]]:
        first, second = _checked(i, self._sizes[0]), _checked(j, self._sizes[1])
        # What is read of a record of the larger side is read once, for all its pairs; the smaller side stays at hand.
        by = first if self._sizes[0] > self._sizes[1] else second
        order = np.empty(len(by), dtype=np.int64)
        _sort(by, np.zeros(max(self._sizes) + 1, dtype=np.int64), order)
        weights = np.empty(len(order), dtype=np.float32)
        found = np.empty((len(self.names), len(order) if levels else 0), dtype=np.int8)
        size = min(max(-(-len(order) // (2 * self._threads)), _LEAST), _CHUNK)

        def score(start: int) -> None:
            rows = order[start : start + size]
            space = self._spaces.get()
            try:
                chunk = space.filled(self._parts, first[rows], second[rows])
                weights[rows] = self._combiner.weights(*chunk)
                if levels:
                    found[:, rows] = chunk[0]
            finally:
                self._spaces.put(space)

        starts = range(0, len(order), size)
        if self._threads == 1 or len(starts) <= 1:
            for start in starts:
                score(start)
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                list(pool.map(score, starts))
        return weights, found


class _Space:
    """Room for levels and bits of a chunk of pairs, which is used again: fresh memory costs more than what is in it."""

    def __init__(self, comparisons: int) -> None:
        self._comparisons = comparisons
        self._levels, self._bits = np.empty(0, dtype=np.int8), np.empty(0, dtype=np.float32)

    def filled(self, parts: Sequence[Part], i: Int32, j: Int32) -> tuple[npt.NDArray[np.int8], Weights]:
        """Return levels and bits of pairs, shape (k, n), until the next call."""
        shape = self._comparisons, len(i)
        if len(self._levels) < shape[0] * shape[1]:
            self._levels = np.empty(shape[0] * shape[1], dtype=np.int8)
            self._bits = np.empty(shape[0] * shape[1], dtype=np.float32)
        levels = self._levels[: shape[0] * shape[1]].reshape(shape)
        bits = self._bits[: shape[0] * shape[1]].reshape(shape)
        for part in parts:
            part.fill(i, j, levels, bits)
        return levels, bits


def _checked(positions: Pairs, size: int) -> Int32:
    """Return positions as compiled code takes them, which looks no further than where it is told to."""
    if len(positions) and not 0 <= int(np.min(positions)) <= int(np.max(positions)) < size:
        raise IndexError(f"a position is outside the {size} records of its side")
    return np.ascontiguousarray(positions, dtype=np.int32)


@compiled
def _sort(rows: Rows, ends: Rows, order: Rows) -> None:
    """Write an order in which equal rows stand together; `ends` is zeros, one more than there are rows."""
    for number in range(len(rows)):
        ends[rows[number] + 1] += 1
    for row in range(1, len(ends)):
        ends[row] += ends[row - 1]
    for number in range(len(rows)):
        order[ends[rows[number]]] = number
        ends[rows[number]] += 1
