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

CANDIDATES: Final = 250
"""Rows for each name that asks: decision 16 says what fewer lose."""
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
    return assembled(segments, asked.owners, k, [Shortlist.of(number, each) for number, each in enumerate(looked)])


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


@dataclass(frozen=True, slots=True)
class Shortlist:
    """What some segments hold for some queries; that of all segments is the same in whatever order they are united.

    Attributes:
        segments, rows: shape (names, m), int32, where the most alike are; row -1 where there are fewer.
        routes, scores: shape (names, m), as in `Looked`.
        scanned: products taken in all.
        shared: who shares a number, as rows of their segment's columns.
        places: shape (shared,), int64, the segment of each of these.
    """

    segments: Int32
    rows: Int32
    routes: Bits
    scores: Int32
    scanned: int
    shared: Shared
    places: Ints

    @classmethod
    def of(cls, segment: int, looked: Looked) -> Shortlist:
        """Return what one segment holds, called by its number."""
        segments = np.full(looked.rows.shape, segment, dtype=np.int32)
        places = np.full(len(looked.shared.record), segment, dtype=np.int64)
        return cls(segments, looked.rows, looked.routes, looked.scores, looked.scanned, looked.shared, places)

    @classmethod
    def united(cls, parts: Sequence[Shortlist], k: int) -> Shortlist:
        """Return the k best of each name in several parts, at least one; no segment is in two of them."""
        if len(parts) == 1:
            return parts[0]
        segments, rows, routes, scores = (
            np.concatenate([getattr(part, name) for part in parts], axis=1)
            for name in ("segments", "rows", "routes", "scores")
        )
        chosen = _best(segments, np.where(rows >= 0, scores, _NOWHERE), k)
        segments, rows, routes, scores = (
            np.take_along_axis(each, chosen, axis=1) for each in (segments, rows, routes, scores)
        )
        shared, part = common_keys([part.shared for part in parts])
        places = np.concatenate([part.places for part in parts])[part]
        return cls(segments, rows, routes, scores, sum(part.scanned for part in parts), shared, places)


def assembled(segments: Sequence[Sized], owners: Ints, k: int, parts: Sequence[Shortlist]) -> Proposed:
    """Return the pairs of what all segments hold for some queries.

    Args:
        segments: how many records each has.
        owners: shape (names,), the query of each name.
        k: rows kept for each name.
        parts: of all segments, each in one of them.
    """
    if not parts:
        return combined([], segments)
    best = Shortlist.united(parts, k)
    name, place = np.nonzero(best.rows >= 0)
    found = Proposed(
        owners[name], best.segments[name, place].astype(np.int64), best.rows[name, place].astype(np.int64),
        (1 << best.routes[name, place]).astype(np.uint8),
    )  # fmt: skip
    by_key = located(best.shared.asking, best.places, best.shared.record, KEY_ROUTE)
    return combined([found, by_key], segments, best.scanned)


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


def _best(segments: Int32, scores: Int32, k: int) -> Ints:
    """Return the columns of the k best of each row, shape (n, k), ascending; of equals those of earlier segments."""
    width = scores.shape[1]
    if width <= k:
        return np.tile(np.arange(width), (len(scores), 1))
    last = np.partition(scores, width - k, axis=1)[:, width - k, None]
    kept = scores > last
    # Which of equals is taken must not hang on who held which segment: theirs is an order of their own.
    row, column = np.nonzero(scores == last)
    order = np.lexsort((column, segments[row, column], row))
    row, column = row[order], column[order]
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    taken = rank < (k - kept.sum(axis=1))[row]
    kept[row[taken], column[taken]] = True
    return np.nonzero(kept)[1].reshape(len(scores), k)
