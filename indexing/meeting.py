"""Queries and their candidates beside each other: how much does every pair weigh?

Candidates lie in the large tables of their segments; they are gathered into one table with the queries, each once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from indexing.candidates import KNOWN_ROUTE, ROUTES, Filter, Proposed, combined, located, propose
from indexing.match_index import MatchIndex, Proposing
from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.comparison import Comparison, Context
from matcher.fast.scorer import PairScorer
from matcher.gathering import gather
from matcher.model import MatchModel
from matcher.person import PersonRecord, Side

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


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question: who of one side may each of these be?

    Attributes:
        queries: any records.
        side: whom they may be.
        k: rows taken for each name and for each photo, at least 1.
        also: ids for each query that are weighed in any case.
        model, reports, comparisons: by what pairs are weighed, as `PairScorer` takes them.
        only: who may be found; None for all.
        held: its queries are taken as they are there, whether the index knows them or not; `also` are of these.
    """

    queries: Sequence[PersonRecord]
    side: Side
    k: int
    also: Sequence[Sequence[str]]
    model: MatchModel
    reports: int
    comparisons: Sequence[Comparison] = COMPARISONS
    only: Filter | None = None
    held: Met | None = None


class Meeting(Protocol):
    """Brings queries and candidates together: in this process (`Here`), or on others."""

    def prepare(self, index: MatchIndex, told: Callable[[int, int], object]) -> None:
        """Make ready for questions.

        Args:
            index: that will be asked.
            told: called now and then while this takes long, with how much is done and how much there is.
        """
        ...

    def meet(self, index: MatchIndex, wanted: Wanted) -> Met:
        """Return the candidates of each query, and those wanted in any case, beside it and weighed."""
        ...


class Here:
    """Weighs in this process, which is always ready."""

    def prepare(self, index: MatchIndex, told: Callable[[int, int], object]) -> None:
        """Do nothing."""

    def meet(self, index: MatchIndex, wanted: Wanted) -> Met:
        """Return the candidates of each query, and those wanted in any case, beside it and weighed."""
        with index.steady():
            columns, pairs = pairs_of(index, wanted)
            beside = beside_each_other(columns, pairs, parts_of(index, wanted))
        return beside.weighed(index.context, wanted.model, wanted.reports, wanted.comparisons)


def parts_of(index: MatchIndex, wanted: Wanted) -> list[RecordColumns]:
    """Return where those whom queries meet may be: the columns of all segments, then those of who asked first."""
    parts = [segment.columns for segment in index.segments]
    return parts if wanted.held is None else [*parts, wanted.held.columns]


def pairs_of(index: MatchIndex, wanted: Wanted, proposing: Proposing = propose) -> tuple[RecordColumns, Proposed]:
    """Return (the columns of the queries, all pairs by the numbers of `parts_of`).

    Args:
        index: held steady.
        wanted: the question.
        proposing: as in `MatchIndex.candidates`.
    """
    parts = parts_of(index, wanted)
    columns, found = index.candidates(wanted.queries, wanted.side, wanted.k, only=wanted.only, proposing=proposing)
    if wanted.held is None:
        known = _known(index, wanted.also, wanted.side)
    else:
        found = _as_held(index, found, wanted.held, len(parts) - 1)
        known = _known_there(wanted.also, wanted.held, len(parts) - 1)
    return columns, combined([found, known], parts, found.scanned)


def _known(index: MatchIndex, also: Sequence[Sequence[str]], side: Side) -> Proposed:
    """Return the pairs that are weighed in any case, as far as they are on the side that is searched."""
    asking = np.repeat(np.arange(len(also)), [len(ids) for ids in also])
    there = index.locate([record_id for ids in also for record_id in ids])
    pairs = located(asking, there.segment, there.row, KNOWN_ROUTE)
    places = zip(pairs.segment, pairs.row, strict=True)
    rescued = [index.segments[segment].columns.rescued[row] for segment, row in places]
    return pairs.some(np.array(rescued, dtype=np.bool_) == (side is Side.RESCUED))


def _known_there(also: Sequence[Sequence[str]], held: Met, part: int) -> Proposed:
    """Return the pairs of those who ask with queries of `held`, which stand in one part."""
    place = {record_id: row for row, record_id in enumerate(held.columns.ids[: held.queries])}
    asking = np.repeat(np.arange(len(also)), [len(ids) for ids in also])
    rows = np.array([place[record_id] for ids in also for record_id in ids], dtype=np.int64)
    return located(asking, np.full(len(rows), part), rows, KNOWN_ROUTE)


def _as_held(index: MatchIndex, pairs: Proposed, held: Met, part: int) -> Proposed:
    """Return pairs in which those who asked first are taken from among these, whatever the index says of them."""
    there = index.locate(held.columns.ids[: held.queries])
    place = {at: number for number, at in enumerate(zip(there.segment.tolist(), there.row.tolist(), strict=True))}
    at = zip(pairs.segment.tolist(), pairs.row.tolist(), strict=True)
    mine = np.array([place.get(one, -1) for one in at], dtype=np.int64)
    segment, row = np.where(mine >= 0, part, pairs.segment), np.where(mine >= 0, mine, pairs.row)
    return Proposed(pairs.asking, segment, row, pairs.routes, pairs.scanned)
