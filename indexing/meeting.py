"""Queries and their candidates beside each other: how much does every pair weigh?

Candidates lie in the large tables of their segments; they are gathered into one table with the queries, each once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from indexing.candidates import KNOWN_ROUTE, ROUTES, Proposed
from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.comparison import Comparison, Context
from matcher.fast.scorer import PairScorer
from matcher.gathering import gather
from matcher.model import MatchModel

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bits = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Met:
    """Queries and their candidates.

    Attributes:
        columns: the queries, then their candidates.
        queries: how many of these are queries.
        first, second: shape (n,), rows of each pair's query and candidate.
        routes: shape (n,), uint8, bit m for `candidates.ROUTES[m]`.
        weight: shape (n,), bits.
    """

    columns: RecordColumns
    queries: int
    first: Ints
    second: Ints
    routes: Bits
    weight: Floats

    def __len__(self) -> int:
        return len(self.first)

    @property
    def known(self) -> Bools:
        """Return which pairs were wanted in any case, shape (n,)."""
        return (self.routes >> ROUTES.index(KNOWN_ROUTE) & 1).astype(np.bool_)

    def some(self, which: Bools) -> Met:
        """Return some of the pairs."""
        return replace(
            self,
            first=self.first[which],
            second=self.second[which],
            routes=self.routes[which],
            weight=self.weight[which],
        )

    def weighed(
        self,
        context: Context,
        model: MatchModel,
        reports: int,
        comparisons: Sequence[Comparison] = COMPARISONS,
        *,
        threads: int = 1,
    ) -> Met:
        """Return the pairs with their weights; the arguments are those of `PairScorer`."""
        if not len(self):
            return self
        others = np.arange(self.queries, len(self.columns))
        scorer = PairScorer(
            self.columns, others, np.arange(self.queries), context, model, reports, comparisons, threads=threads
        )
        return replace(self, weight=scorer.weights(self.second - self.queries, self.first).astype(np.float64))


def beside_each_other(queries: RecordColumns, pairs: Proposed, parts: Sequence[RecordColumns]) -> Met:
    """Return queries and candidates in one table, not weighed yet.

    Args:
        queries: those who ask.
        pairs: who meets whom.
        parts: where the candidates are, by the numbers of `pairs`.
    """
    gathered, second = [(queries, np.arange(len(queries)))], np.zeros(len(pairs), dtype=np.int64)
    begin = len(queries)
    for number, columns in enumerate(parts):
        mine = np.flatnonzero(pairs.segment == number)
        if len(mine):
            rows, place = np.unique(pairs.row[mine], return_inverse=True)
            gathered.append((columns, rows))
            second[mine] = begin + place
            begin += len(rows)
    return Met(gather(gathered), len(queries), pairs.asking, second, pairs.routes, np.zeros(len(pairs)))
