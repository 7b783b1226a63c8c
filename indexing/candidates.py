"""Who is worth comparing with whom? What every segment finds for every query, cut to the best, each pair once.

names      -> shelves of all segments -> the k rows most like each name, wherever they are   place, name, father, mother
numbers    -> key lists of all segments                                                        exact key
photos     -> the nearest photos                                                               photo
"""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from indexing.errors import BadSearch
from indexing.key_lists import Shared, common_keys
from indexing.segment import Segment
from indexing.shelf import ROUTES as SHELF_ROUTES
from indexing.shelf import Asked, united
from matcher.columns import RecordColumns
from matcher.person import Side

KEY_ROUTE: Final = "exact key"
PHOTO_ROUTE: Final = "photo"
KNOWN_ROUTE: Final = "known match"
ROUTES: Final = (*SHELF_ROUTES, KEY_ROUTE, PHOTO_ROUTE, KNOWN_ROUTE)

Ints = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bits = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

_NOWHERE: Final = np.iinfo(np.int32).min


@dataclass(frozen=True, slots=True)
class Filter:
    """Who may be found. What a record leaves open excludes it from nothing: a missed match is a child not found.

    Attributes:
        areas: gazetteer paths; she comes from one of them, from inside, or may. None for anywhere.
        sexes: codes as in `RecordColumns.sex`; None for any.
        born: first and last day (proleptic ordinals) between which she may be born; None for any.
        event: the same for the day she went missing or was found.
    """

    areas: tuple[str, ...] | None = None
    sexes: tuple[int, ...] | None = None
    born: tuple[int, int] | None = None
    event: tuple[int, int] | None = None

    def passes(self, columns: RecordColumns) -> Bools:
        """Return which records may be found, shape (n,)."""
        passed = np.ones(len(columns), dtype=np.bool_)
        if self.areas is not None:
            # Inside one of them, or so little known that she may be: "India" is compatible with every state of it.
            fits = [
                any(_within(path, area) or _within(area, path) for area in self.areas) for path in columns.area_paths
            ]
            level = (columns.areas >= 0).sum(axis=1)
            deepest = columns.areas[np.arange(len(columns)), np.maximum(level - 1, 0)]
            passed &= np.array([*fits, True], dtype=np.bool_)[deepest]  # -1, nowhere, is the last one
        if self.sexes is not None:
            passed &= np.isin(columns.sex, self.sexes) | (columns.sex == 0)
        for window, interval in ((self.born, columns.birth), (self.event, columns.event)):
            if window is not None:
                passed &= (interval[:, 0] < 0) | ((interval[:, 0] <= window[1]) & (interval[:, 1] >= window[0]))
        return passed


def _within(path: str, area: str) -> bool:
    return f"{path}/".startswith(f"{area}/")


@dataclass(frozen=True, slots=True)
class Proposed:
    """Pairs worth comparing, each once, sorted by the first three.

    Attributes:
        asking: shape (n,), position among the queries.
        segment, row: shape (n,), where the candidate is.
        routes: shape (n,), uint8, bit m for `ROUTES[m]`.
        scanned: products taken in all.
    """

    asking: Ints
    segment: Ints
    row: Ints
    routes: Bits
    scanned: int = 0

    def __len__(self) -> int:
        return len(self.asking)

    def some(self, which: Bools) -> Proposed:
        """Return some of the pairs, shape (n,)."""
        return Proposed(self.asking[which], self.segment[which], self.row[which], self.routes[which], self.scanned)


def propose(
    segments: Sequence[Segment], asked: Asked, side: Side, k: int, *, only: Filter | None = None, threads: int = 1
) -> Proposed:
    """Return who is found by names, place and age, and by numbers.

    Args:
        segments: what is searched.
        asked: the queries.
        side: which records may be found.
        k: rows taken for each name, in all segments together.
        only: who may be found; None for all who are alive.
        threads: how many work at once.
    Raises:
        BadSearch: `k` is below 1.
    """
    if k < 1:
        raise BadSearch("at least one row must be taken for each name")
    looked = [look(segment, asked, side, k, only=only, threads=threads) for segment in segments]
    return assembled(segments, asked.owners, k, looked)


@dataclass(frozen=True, slots=True)
class Looked:
    """What one segment holds for some queries.

    Attributes:
        rows: shape (names, k), int32, rows of its columns, -1 where there are fewer.
        routes: shape (names, k), uint8, the number of the route by which each was found.
        scores: shape (names, k), int32, that compare from segment to segment.
        scanned: products taken in all.
        shared: who shares a number, as rows of its columns.
    """

    rows: Int32
    routes: Bits
    scores: Int32
    scanned: int
    shared: Shared


def look(segment: Segment, asked: Asked, side: Side, k: int, *, only: Filter | None = None, threads: int = 1) -> Looked:
    """Return what one segment holds for some queries; the arguments are those of `propose`."""
    stored = segment.sides[side]
    passing = segment.alive if only is None else segment.alive & only.passes(segment.columns)
    alive = None if only is None else passing[stored.rows[stored.shelf.owners]]
    sifted = stored.shelf.sift(asked, k, alive=alive, threads=threads)
    row, route = np.divmod(sifted.rows, 4)
    if len(stored.shelf):
        row = np.where(sifted.rows >= 0, stored.rows[stored.shelf.owners[row]], -1).astype(np.int32)
    held = stored.keys.holding(asked.columns, asked.rows)
    record = stored.rows[held.record]
    allowed = passing[record]
    shared = Shared(held.asking[allowed], held.which[allowed], record[allowed], held.counts)
    return Looked(row, route.astype(np.uint8), sifted.scores, sifted.scanned, shared)


def assembled(segments: Sequence[Sized], owners: Ints, k: int, looked: Sequence[Looked]) -> Proposed:
    """Return the pairs of what all segments hold for some queries.

    Args:
        segments: how many records each has.
        owners: shape (names,), the query of each name.
        k: rows kept for each name.
        looked: of each segment.
    """
    parts = [
        Proposed(owners[name], np.full(len(name), number, dtype=np.int64), row, (1 << route).astype(np.uint8))
        for number, (name, row, route) in enumerate(_best(looked, k))
    ]
    for number, shared in enumerate(common_keys([part.shared for part in looked]) if looked else ()):
        there = np.full(len(shared.record), number, dtype=np.int64)
        parts.append(located(shared.asking, there, shared.record, KEY_ROUTE))
    return combined(parts, segments, sum(part.scanned for part in looked))


def combined(parts: Sequence[Proposed], segments: Sequence[Sized], scanned: int = 0) -> Proposed:
    """Return the pairs of several proposals, each once, with all the routes that found it."""
    begins = np.concatenate([[0], np.cumsum([len(segment) for segment in segments])]).astype(np.int64)
    size = max(int(begins[-1]), 1)
    if not parts:
        nothing = np.zeros(0, dtype=np.int64)
        return Proposed(nothing, nothing, nothing, np.zeros(0, dtype=np.uint8))
    keys = np.concatenate([part.asking * size + begins[part.segment] + part.row for part in parts])
    pairs, routes = united(keys, np.concatenate([part.routes for part in parts]))
    asking, place = np.divmod(pairs, size)
    segment = np.searchsorted(begins, place, side="right") - 1
    return Proposed(asking, segment, place - begins[segment], routes, scanned)


def located(asking: Ints, segment: Ints, row: Ints, route: str) -> Proposed:
    """Return pairs that one route found, shape (n,) each; who is nowhere (-1) is left out."""
    there = segment >= 0
    bits = np.full(int(there.sum()), 1 << ROUTES.index(route), dtype=np.uint8)
    return Proposed(asking[there], segment[there], row[there], bits)


def routes_of(bits: int) -> tuple[str, ...]:
    """Return the names of routes, the best known first; what is found anyway needs no being known."""
    named = tuple(route for bit, route in enumerate(ROUTES) if bits >> bit & 1)
    return named if len(named) == 1 else tuple(route for route in named if route != KNOWN_ROUTE)


def _best(looked: Sequence[Looked], k: int) -> list[tuple[Ints, Ints, Bits]]:
    """Return of each segment (name, row, route) of what is among the k best of all segments together."""
    if len(looked) > 1:
        rows = np.concatenate([part.rows for part in looked], axis=1)
        scores = np.where(rows >= 0, np.concatenate([part.scores for part in looked], axis=1), _NOWHERE)
        kept = np.zeros(rows.shape, dtype=np.bool_)
        best = np.argpartition(scores, rows.shape[1] - k, axis=1)[:, rows.shape[1] - k :]
        np.put_along_axis(kept, best, True, axis=1)
        kept &= rows >= 0
        chosen = [kept[:, number * k : (number + 1) * k] for number in range(len(looked))]
    else:
        chosen = [part.rows >= 0 for part in looked]
    return [
        (np.nonzero(some)[0], part.rows[some].astype(np.int64), part.routes[some])
        for some, part in zip(chosen, looked, strict=True)
    ]
