"""What does a worker do that holds some segments? It looks into them, and weighs whom it holds beside who asks.

    Question   who asks, whom for            ─┐
    Shard      a segment, as plain arrays     ├─▶ look_into ─▶ Shortlist     the k best of these segments
    Scales     model, how common names are   ─┘   weigh     ─▶ Share         pairs weighed, with the records they are of

Nothing here knows how it comes to another machine. What travels shows nothing of itself where it is printed, and what
goes wrong is told by its kind and place alone: logs and pages of a cluster are read by others than records are.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt

from indexing.candidates import Filter, Looked, Proposed, Shortlist, look
from indexing.errors import WorkerFault
from indexing.meeting import Met, beside_each_other
from indexing.segment import Segment, Tables
from indexing.shelf import Asked
from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.comparison import Comparison, Context
from matcher.gathering import gather
from matcher.model import MatchModel
from matcher.names.frequency import NameFrequencies
from matcher.person import Side

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
P = ParamSpec("P")
R = TypeVar("R")


class Shard:
    """A segment that can travel: as plain arrays, put together again where it is first needed."""

    def __init__(self, tables: Tables, gone: Ints) -> None:
        """Take the arrays of a segment and which of its rows are no longer alive."""
        self._tables, self._gone = tables, gone

    def __reduce__(self) -> tuple[Any, ...]:
        return Shard, (self._tables, self._gone)

    @classmethod
    def of(cls, segment: Segment) -> Shard:
        """Return a segment as it is now."""
        # Arrays that are mapped from a file travel as what is in them.
        tables = {name: np.asarray(table) for name, table in segment.tables().items()}
        return cls(tables, np.flatnonzero(~segment.alive))

    @cached_property
    def _segment(self) -> Segment:
        segment = Segment.of(self._tables)
        segment.remove(self._gone)
        return segment

    def without(self, gone: Ints) -> Segment:
        """Return the segment, in which some more rows are found no more, now and later."""
        if len(gone):
            self._segment.remove(gone)
        return self._segment


class Scales:
    """By what pairs are weighed, in a form that can travel."""

    def __init__(self, context: Context, model: MatchModel, comparisons: Sequence[str]) -> None:
        """Take comparisons by the names of those that are shipped."""
        self.context, self.model = context, model
        self._names = tuple(comparisons)

    def __reduce__(self) -> tuple[Any, ...]:
        counted = (self.context.own_names.regions, self.context.relative_names.regions)
        return _scales, (*counted, self.context.face_calibrations, self.model, self._names)

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Return what is compared."""
        return tuple(comparison for comparison in COMPARISONS if comparison.name in self._names)


def _scales(own: Any, relatives: Any, calibrations: Any, model: MatchModel, names: tuple[str, ...]) -> Scales:
    context = Context(NameFrequencies(own), NameFrequencies(relatives), calibrations)
    return Scales(context, model, names)


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """Who asks, and whom for: the arguments of `candidates.look`."""

    asked: Asked
    side: Side
    k: int
    only: Filter | None


@dataclass(frozen=True, slots=True, repr=False)
class Share:
    """Some pairs, weighed.

    Attributes:
        columns: the candidates.
        second: shape (n,), the row of each pair's candidate.
        weight: shape (n,), bits.
    """

    columns: RecordColumns
    second: Ints
    weight: Floats

    @classmethod
    def of(
        cls, columns: RecordColumns, pairs: Proposed, parts: Sequence[RecordColumns], scales: Scales, reports: int,
        threads: int,
    ) -> Share:  # fmt: skip
        """Return pairs of queries and of candidates in `parts`, weighed; see `beside_each_other` and `Met.weighed`."""
        met = beside_each_other(columns, pairs, parts)
        met = met.weighed(scales.context, scales.model, reports, scales.comparisons, threads=threads)
        candidates = gather([(met.columns, np.arange(met.queries, len(met.columns)))])
        return cls(candidates, met.second - met.queries, met.weight)


def look_into(
    shards: Sequence[Shard], numbers: Sequence[int], gone: Sequence[Ints], question: Question, threads: int
) -> Shortlist:
    """Return the k best of some segments for each name that asks.

    Args:
        shards: at least one.
        numbers: what each is called.
        gone: rows of each that must not be found any more.
        question: who asks.
        threads: how many work at once.
    """
    parts = []
    for shard, number, rows in zip(shards, numbers, gone, strict=True):
        looked: Looked = look(
            shard.without(rows), question.asked, question.side, question.k, only=question.only, threads=threads
        )
        parts.append(Shortlist.of(number, looked))
    return Shortlist.united(parts, question.k)


def weigh(
    shards: Sequence[Shard], pairs: Proposed, question: Question, scales: Scales, reports: int, threads: int
) -> Share:
    """Return pairs of those who ask and of candidates in some segments, weighed.

    Args:
        shards: where the candidates are, by the numbers of `pairs`.
        pairs: who meets whom.
        question: who asks.
        scales, reports: by what pairs are weighed, as `PairScorer` takes it.
        threads: how many work at once.
    """
    parts = [shard.without(np.zeros(0, dtype=np.int64)).columns for shard in shards]
    return Share.of(question.asked.columns, pairs, parts, scales, reports, threads)


def joined(columns: RecordColumns, pairs: Proposed, shares: Sequence[tuple[Ints, Share]]) -> Met:
    """Return all pairs, put together from shares.

    Args:
        columns: those who ask.
        pairs: all of them, in the order in which they stand in the result.
        shares: which pairs each share is of, shape (n,), and these.
    """
    second, weight = np.zeros(len(pairs), dtype=np.int64), np.zeros(len(pairs))
    gathered, begin = [(columns, np.arange(len(columns)))], len(columns)
    for which, share in shares:
        second[which], weight[which] = begin + share.second, share.weight
        gathered.append((share.columns, np.arange(len(share.columns))))
        begin += len(share.columns)
    return Met(gather(gathered), len(columns), pairs.asking, second, pairs.routes, weight)


def guarded(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Do some work; of what goes wrong tell no more than its kind and place: its text may quote a record.

    Raises:
        WorkerFault: in place of any other exception.
    """
    try:
        return work(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - told by its kind, and raised where the work was asked for
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{'/'.join(last.filename.split('/')[-2:])}:{last.lineno}"
        raise WorkerFault(type(error).__name__, where) from None
