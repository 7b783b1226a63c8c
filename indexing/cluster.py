"""How are queries met on many machines? Each worker of a Dask cluster holds segments, and is asked about these alone.

    here                                        a team of workers, which hold all segments between them
    queries, as many parts as teams ──────────▶ look into one's own segments
    the k best of all, known pairs  ◀────────── the k best of these
    all pairs                       ──────────▶ weigh those whose candidate one holds
    one `Met`                       ◀────────── weights, and the records they are of

The segments, and what each is asked, are those of `meeting.Here`, so the result is the same, pair by pair. A worker
that dies takes nothing with it that is not here: its segments go to others, and the question is asked again.
Source: docs/decisions/0018-segments-on-a-cluster.md
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from uuid import uuid4

import numpy as np
import numpy.typing as npt
from distributed import Client, Future, KilledWorker, wait

from indexing.candidates import Filter, Proposed, Shortlist, assembled, combined
from indexing.errors import ClusterFailed
from indexing.match_index import MatchIndex
from indexing.meeting import Met, Wanted, pairs_of
from indexing.segment import Segment
from indexing.shards import Question, Scales, Shard, Share, guarded, joined, look_into, weigh
from indexing.shelf import Asked
from indexing.workers import Connect
from matcher.compare import COMPARISONS
from matcher.person import Side

log = logging.getLogger(__name__)

MOST_HELD: Final = 2**18
"""Records up to which a worker holds copies of what others hold as well, so that all have work: about 1.3 GB."""
ATTEMPTS: Final = 5
"""How often a question is asked before it is given up."""
_LOOK_S, _ANSWER_S, _JOIN_S = 1.0, 120.0, 30.0
"""Seconds after which it is seen whether a worker still lives, an answer may take to arrive, a worker to come."""

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Told = Callable[[int, int], object]
R = TypeVar("R")


class WorkerGone(Exception):
    """A worker that was asked is no longer there."""


_LOST: Final = (WorkerGone, CancelledError, asyncio.CancelledError, KilledWorker, OSError)
"""What Dask raises when a worker is gone, or what lay on it; its timeouts and broken connections are `OSError`s."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A segment on a worker: `alive` is what it was told of who may be found."""

    segment: Segment
    shard: Future
    alive: Bools


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of the queries, `first` up to `end`, and which segments, by number, each worker looks into for them."""

    first: int
    end: int
    owners: Ints
    team: dict[str, list[int]]
    question: Future


class Cluster:
    """A `Meeting` on the workers of a Dask cluster.

    Args:
        connect: opens a connection when the first question is asked; the cluster that it makes, if any, ends with it.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._connection: Client | None = None
        self._places: dict[tuple[int, str], _Place] = {}
        self._order: list[str] = []
        self._threads: dict[str, int] = {}
        self._scales: tuple[tuple[object, ...], Scales, Future] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Forget everything that lies on the workers, and leave them."""
        self._places.clear()
        self._scales = None
        self._connect.close()
        self._connection = None

    def prepare(self, index: MatchIndex, told: Told = lambda _done, _all: None) -> None:
        """Bring all segments to the workers; the first question does so otherwise.

        Args:
            index: whose segments.
            told: called as (segments brought, of how many) before each.
        Raises:
            ClusterFailed: there is no cluster, or it loses its workers again and again.
        """
        with index.steady():
            self._attempted(lambda: self._teams(index, told))

    def meet(self, index: MatchIndex, wanted: Wanted) -> Met:
        """Return the candidates of each query, and those wanted in any case, beside it and weighed.

        Raises:
            ClusterFailed: as in `prepare`.
            WorkerFault: the work itself went wrong on a worker.
        """
        if any(comparison not in COMPARISONS for comparison in wanted.comparisons):
            raise ValueError("only the comparisons that are shipped are known on all workers")
        with index.steady():
            return self._attempted(lambda: self._met(index, wanted))

    @property
    def _client(self) -> Client:
        if self._connection is None:
            self._connection = self._connect.open()
        return self._connection

    def _attempted(self, work: Callable[[], R]) -> R:
        for _ in range(ATTEMPTS):
            try:
                with self._client.as_current():
                    return work()
            except _LOST as error:
                log.warning("the cluster has lost a worker (%s): its segments go to others", type(error).__name__)
                self._scales = None
                self._await_a_worker()
        raise ClusterFailed(f"{ATTEMPTS} times in a row a worker was lost while it was asked")

    def _await_a_worker(self) -> None:
        """Wait until there is a worker.

        Raises:
            ClusterFailed: none comes.
        """
        try:
            self._client.wait_for_workers(1, timeout=_JOIN_S)
        except (OSError, CancelledError) as error:
            raise ClusterFailed("its scheduler is gone, or it has no worker left") from error

    def _met(self, index: MatchIndex, wanted: Wanted) -> Met:
        teams = self._teams(index)
        parts: list[_Part] = []

        def propose(
            segments: Sequence[Segment], asked: Asked, side: Side, k: int, *, only: Filter | None, threads: int
        ) -> Proposed:
            del threads  # each worker has its own
            parts.extend(self._parts(asked, side, k, only, teams))
            return self._proposed(segments, parts, k)

        columns, pairs = pairs_of(index, wanted, propose)
        scales, shared = self._scales_of(index, wanted)
        asked = [
            (which, self._ask(address, weigh, shards, some, part.question, shared, wanted.reports), address)
            for part in parts
            for address, which, some, shards in self._told_apart(index.segments, pairs, part)
        ]
        shares: list[tuple[Ints, Share]] = []
        if wanted.held is not None:
            # Who asked first is here and nowhere else.
            which = np.flatnonzero(pairs.segment == len(index.segments))
            held = replace(_some(pairs, which), segment=np.zeros(len(which), dtype=np.int64))
            shares.append((which, Share.of(columns, held, [wanted.held.columns], scales, wanted.reports, 1)))
        shares += [(which, self._answer(future, address)) for which, future, address in asked]
        return joined(columns, pairs, shares)

    def _told_apart(
        self, segments: Sequence[Segment], pairs: Proposed, part: _Part
    ) -> Iterator[tuple[str, Ints, Proposed, list[Future]]]:
        """Yield (worker, which pairs of a part are its, these as it calls them, its segments)."""
        inside = (pairs.asking >= part.first) & (pairs.asking < part.end)
        for address, numbers in part.team.items():
            place = np.full(len(segments) + 1, -1, dtype=np.int64)
            place[numbers] = np.arange(len(numbers))
            which = np.flatnonzero(inside & (place[pairs.segment] >= 0))
            if len(which):
                some = _some(pairs, which)
                some = replace(some, asking=some.asking - part.first, segment=place[some.segment])
                yield address, which, some, [self._places[id(segments[number]), address].shard for number in numbers]

    def _parts(
        self, asked: Asked, side: Side, k: int, only: Filter | None, teams: Sequence[dict[str, list[int]]]
    ) -> list[_Part]:
        bounds = np.linspace(0, len(asked), min(len(teams), len(asked)) + 1).astype(np.int64).tolist()
        parts = []
        for first, end, team in zip(bounds[:-1], bounds[1:], teams, strict=False):
            some = asked.between(first, end)
            question = self._bring(Question(some, side, k, only), list(team))
            parts.append(_Part(first, end, some.owners, team, question))
        return parts

    def _proposed(self, segments: Sequence[Segment], parts: Sequence[_Part], k: int) -> Proposed:
        asked = []
        for part in parts:
            for address, numbers in part.team.items():
                places = [self._places[id(segments[number]), address] for number in numbers]
                gone = [np.flatnonzero(place.alive & ~place.segment.alive) for place in places]
                shards = [place.shard for place in places]
                asked.append(self._ask(address, look_into, shards, numbers, gone, part.question))
        answers = iter(asked)
        found = []
        for part in parts:
            lists: list[Shortlist] = [self._answer(next(answers), address) for address in part.team]
            pairs = assembled(segments, part.owners, k, lists)
            found.append(Proposed(pairs.asking + part.first, pairs.segment, pairs.row, pairs.routes, pairs.scanned))
        return combined(found, segments, sum(one.scanned for one in found))

    def _teams(self, index: MatchIndex, told: Told = lambda _done, _all: None) -> list[dict[str, list[int]]]:
        """Return teams of workers, the numbers of the segments of each worker, after bringing what is not there yet."""
        self._threads = self._living()
        self._order = [one for one in self._order if one in self._threads]
        self._order += sorted(self._threads.keys() - set(self._order))
        held = sum(map(len, index.segments))
        count = min(max(len(self._order) * MOST_HELD // max(held, 1), 1), len(self._order))
        teams = [self._team(index.segments, self._order[number::count]) for number in range(count)]
        wanted = {
            (id(index.segments[number]), address): index.segments[number]
            for team in teams
            for address, numbers in team.items()
            for number in numbers
        }
        self._places = {
            key: place for key, place in self._places.items() if key in wanted and place.shard.status == "finished"
        }
        missing = [key for key in wanted if key not in self._places]
        for done, key in enumerate(missing):
            told(done, len(missing))
            alive = wanted[key].alive.copy()
            self._places[key] = _Place(wanted[key], self._bring(Shard.of(wanted[key]), [key[1]]), alive)
        busy = [{address: numbers for address, numbers in team.items() if numbers} for team in teams]
        return [team for team in busy if team]

    def _team(self, segments: Sequence[Segment], members: Sequence[str]) -> dict[str, list[int]]:
        """Return which segments each member of a team looks into: what it has, and of the others the fewest records."""
        team: dict[str, list[int]] = {address: [] for address in members}
        load = dict.fromkeys(members, 0)
        for there in (True, False):
            for number, segment in sorted(enumerate(segments), key=lambda each: -len(each[1])):
                having = [address for address in members if self._has(segment, address)]
                if bool(having) is there:
                    chosen = having[0] if having else min(members, key=load.__getitem__)
                    team[chosen].append(number)
                    load[chosen] += len(segment)
        return team

    def _has(self, segment: Segment, address: str) -> bool:
        place = self._places.get((id(segment), address))
        return place is not None and place.shard.status == "finished"

    def _scales_of(self, index: MatchIndex, wanted: Wanted) -> tuple[Scales, Future]:
        """Return by what pairs are weighed, here and on all workers; brought again when anything of it has changed."""
        names = tuple(comparison.name for comparison in wanted.comparisons)
        state = (id(index.context), index.counted, id(wanted.model), names)
        if self._scales is None or self._scales[0] != state:
            scales = Scales(index.context, wanted.model, names)
            self._scales = state, scales, self._bring(scales, list(self._threads))
        return self._scales[1], self._scales[2]

    def _bring(self, value: object, addresses: list[str]) -> Future:
        """Return something that lies on one of some workers now; from there the others of them fetch it."""
        return self._client.scatter(value, workers=addresses, hash=False, direct=True, timeout=_JOIN_S)

    def _ask(self, address: str, work: Callable[..., Any], *arguments: object) -> Future:
        return self._client.submit(
            guarded, work, *arguments, self._threads[address], key=f"sandhan-{uuid4().hex}", workers=[address],
            allow_other_workers=False, pure=False,
        )  # fmt: skip

    def _answer(self, future: Future, address: str) -> Any:
        """Return what a worker answers.

        Raises:
            WorkerGone: it is not there any more; Dask would wait for it.
        """
        while True:
            try:
                wait([future], timeout=_LOOK_S)
            except TimeoutError:
                if address not in self._living():
                    raise WorkerGone from None
            else:
                return future.result(timeout=_ANSWER_S)

    def _living(self) -> dict[str, int]:
        """Return the threads of each worker that lives."""
        if not (threads := dict(self._client.nthreads())):
            raise WorkerGone
        return threads


def _some(pairs: Proposed, which: Ints) -> Proposed:
    return Proposed(pairs.asking[which], pairs.segment[which], pairs.row[which], pairs.routes[which])
