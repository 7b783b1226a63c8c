"""Who among a million reports may each of these people be? Whole nights of questions at once, on the records in memory.

    records that ask -> routes of the shelf, exact keys -> pairs, each once -> weights in batch -> the best of each

The service asks for one person and explains; this asks for ten thousand and keeps what is worth explaining.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from indexing.key_lists import KeyLists
from indexing.record_space import RecordSpace
from indexing.record_vectors import RecordVectors, encode_records
from indexing.shelf import ROUTES as SHELF_ROUTES
from indexing.shelf import Asked, Shelf, united
from matcher.columns import RecordColumns
from matcher.comparison import Context
from matcher.fast.scorer import PairScorer
from matcher.model import MatchModel

CANDIDATES: Final = 250
"""Rows for each name that asks: decision 16 says what fewer lose."""
LIMIT: Final = 20
KEY_ROUTE: Final = "exact key"
ROUTES: Final = (*SHELF_ROUTES, KEY_ROUTE)

Ints = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Ranked:
    """The best pairs of each record that asks, best first, ties by the lower stored record.

    Attributes:
        asking, record: shape (n,), positions among those that ask and among the stored ones.
        weight: shape (n,), float32, bits.
        routes: shape (n,), uint8, bit m for `ROUTES[m]`.
        compared: how many pairs were weighed.
    """

    asking: Ints
    record: Ints
    weight: npt.NDArray[np.float32]
    routes: Bits
    compared: int


class Stored:
    """The records of one side, ready to be asked about."""

    def __init__(self, columns: RecordColumns, rows: Ints, vectors: RecordVectors, space: RecordSpace) -> None:
        """Take the records in `rows` of the columns; `vectors` are theirs, owners counted from 0."""
        self.columns, self.rows = columns, rows
        self.shelf = Shelf(columns, rows, vectors, space)
        self.keys = KeyLists(columns, rows)

    @classmethod
    def build(cls, columns: RecordColumns, rows: Ints) -> Stored:
        """Return the records in some rows of the columns, by the space that ships."""
        return cls(columns, rows, vectors_of(columns, rows), RecordSpace.load())

    def candidates(self, asked: Asked, k: int = CANDIDATES, threads: int = 2) -> tuple[Ints, Ints, Bits]:
        """Return (asking, record, routes) of the pairs worth weighing, each once, sorted."""
        found = self.shelf.search(asked, k, threads=threads)
        asking, record = self.keys.sharing(asked.columns, asked.rows)
        n = max(len(self.rows), 1)
        keys = np.concatenate([found.query * n + found.record, asking * n + record])
        bits = np.concatenate([found.routes, np.full(len(asking), 1 << ROUTES.index(KEY_ROUTE), dtype=np.uint8)])
        pairs, routes = united(keys, bits)
        return pairs // n, pairs % n, routes


def vectors_of(columns: RecordColumns, rows: Ints) -> RecordVectors:
    """Return the vectors of the records in some ascending rows of the columns, owners counted from 0."""
    every = encode_records(columns)
    kept = np.isin(every.owners, rows)
    return RecordVectors(every.rows[kept], np.searchsorted(rows, every.owners[kept]))


def cross_match(
    stored: Stored, asked: Asked, context: Context, model: MatchModel, *, k: int = CANDIDATES, limit: int = LIMIT,
    threads: int = 2,
) -> Ranked:  # fmt: skip
    """Return the best stored records for each that asks.

    Args:
        stored, asked: of one table of columns.
        context: name frequencies where the reports come from.
        model: the weights.
        k: rows taken from the shelf for each name that asks.
        limit: most pairs kept for each that asks.
        threads: how many work at once.
    """
    asking, record, routes = stored.candidates(asked, k, threads)
    scorer = PairScorer(
        stored.columns, stored.rows, asked.rows, context, model, max(len(stored.rows), 1), threads=threads
    )
    weight = scorer.weights(record, asking)
    order = np.lexsort((record, -weight, asking))
    place = np.arange(len(order)) - np.searchsorted(asking[order], asking[order])
    kept = order[place < limit]
    return Ranked(asking[kept], record[kept], weight[kept], routes[kept], len(order))
