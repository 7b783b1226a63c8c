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
from indexing.key_lists import sharing
from indexing.segment import Segment
from indexing.shelf import ROUTES as SHELF_ROUTES
from indexing.shelf import Asked, Sifted, united
from matcher.columns import RecordColumns
from matcher.person import Side

KEY_ROUTE: Final = "exact key"
PHOTO_ROUTE: Final = "photo"
KNOWN_ROUTE: Final = "known match"
ROUTES: Final = (*SHELF_ROUTES, KEY_ROUTE, PHOTO_ROUTE, KNOWN_ROUTE)

Ints = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

_NOWHERE: Final = np.iinfo(np.int32).min


@dataclass(frozen=True, slots=True)
class Filter:
    """Who may be found. What a record leaves open excludes it from nothing: a missed match is a child not found.

    Attributes:
        areas: gazetteer paths; she comes from one of them or from inside. None for anywhere.
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
            inside = np.array(
                [any(f"{path}/".startswith(f"{area}/") for area in self.areas) for path in columns.area_paths]
                + [False],  # -1 is the last one
                dtype=np.bool_,
            )
            passed &= inside[columns.areas].any(axis=1) | (columns.areas < 0).all(axis=1)
        if self.sexes is not None:
            passed &= np.isin(columns.sex, self.sexes) | (columns.sex == 0)
        for window, interval in ((self.born, columns.birth), (self.event, columns.event)):
            if window is not None:
                passed &= (interval[:, 0] < 0) | ((interval[:, 0] <= window[1]) & (interval[:, 1] >= window[0]))
        return passed


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
    passing = [segment.alive if only is None else segment.alive & only.passes(segment.columns) for segment in segments]
    sifted = [
        sift(segment, asked, side, k, None if only is None else passed, threads)
        for segment, passed in zip(segments, passing, strict=True)
    ]
    return assembled(segments, asked, side, k, sifted, passing)


def sift(segment: Segment, asked: Asked, side: Side, k: int, passing: Bools | None, threads: int) -> Sifted:
    """Return the rows of one segment that are most like each name; `passing`, shape (n,), are who may be found."""
    stored = segment.sides[side]
    alive = None if passing is None else passing[stored.rows[stored.shelf.owners]]
    return stored.shelf.sift(asked, k, alive=alive, threads=threads)


def assembled(
    segments: Sequence[Segment], asked: Asked, side: Side, k: int, sifted: Sequence[Sifted], passing: Sequence[Bools]
) -> Proposed:
    """Return the pairs of what was sifted from each segment, and of those that share a number."""
    stored = [segment.sides[side] for segment in segments]
    parts: list[Proposed] = []
    for number, (name, coded) in enumerate(_best(sifted, k)):
        row, route = np.divmod(coded, 4)
        found = stored[number].rows[stored[number].shelf.owners[row]]
        parts.append(_pairs(asked.owners[name], number, found, (1 << route).astype(np.uint8)))
    shared = sharing([each.keys for each in stored], asked.columns, asked.rows)
    for number, (asking, record) in enumerate(shared):
        row = stored[number].rows[record]
        allowed = passing[number][row]
        bits = np.full(int(allowed.sum()), 1 << ROUTES.index(KEY_ROUTE), dtype=np.uint8)
        parts.append(_pairs(asking[allowed], number, row[allowed], bits))
    return combined(parts, segments, sum(part.scanned for part in sifted))


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


def _pairs(asking: Ints, segment: int, row: Ints, routes: Bits) -> Proposed:
    return Proposed(asking.astype(np.int64), np.full(len(asking), segment, dtype=np.int64), row, routes)


def _best(sifted: Sequence[Sifted], k: int) -> list[tuple[Ints, Ints]]:
    """Return of each segment (name, row as it is coded) of what is among the k best of all segments together."""
    if len(sifted) > 1:
        rows = np.concatenate([part.rows for part in sifted], axis=1)
        scores = np.where(rows >= 0, np.concatenate([part.scores for part in sifted], axis=1), _NOWHERE)
        kept = np.zeros(rows.shape, dtype=np.bool_)
        best = np.argpartition(scores, rows.shape[1] - k, axis=1)[:, rows.shape[1] - k :]
        np.put_along_axis(kept, best, True, axis=1)
        chosen = [(kept & (rows >= 0))[:, n * k : (n + 1) * k] for n in range(len(sifted))]
    else:
        chosen = [part.rows >= 0 for part in sifted]
    return [(np.nonzero(some)[0], part.rows[some].astype(np.int64)) for some, part in zip(chosen, sifted, strict=True)]
