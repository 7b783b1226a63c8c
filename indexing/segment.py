"""How are many records of both sides held ready to be asked about? In parts that are made once and never change.

    Segment   columns of some records
      ├── Stored missing   shelf, exact keys
      ├── Stored rescued   the same
      └── alive            a record that is erased or has a newer version elsewhere is found no more, at once

What changes goes into small new segments; small ones are merged into larger ones, without those that are no longer
alive. A segment is plain arrays, so that it can lie in a file that several processes share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from indexing.key_lists import KeyLists
from indexing.record_space import RecordSpace, Small
from indexing.record_vectors import RecordVectors, encode_records
from indexing.shelf import Shelf
from matcher.column_tables import from_tables, to_tables
from matcher.columns import RecordColumns
from matcher.gathering import gather
from matcher.names.text_keys import text_keys
from matcher.person import Side

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Tables = Mapping[str, npt.NDArray[Any]]


class Stored:
    """The records of one side of a segment, ready to be asked about.

    Attributes:
        rows: shape (n,), ascending, their rows in the columns.
    """

    def __init__(self, rows: Ints, shelf: Shelf, keys: KeyLists) -> None:
        """Put together what stands for the records in some rows, called by their position among these."""
        self.rows, self.shelf, self.keys = rows, shelf, keys

    @classmethod
    def build(cls, columns: RecordColumns, rows: Ints, owners: Ints, table: Small) -> Stored:
        """Return the records in some rows of columns, and what each name's row is, with the row's owner among them."""
        return cls(rows, Shelf.sorted(columns, rows, owners, table), KeyLists.build(columns, rows))

    def remove(self, rows: Ints) -> None:
        """Find the records in some rows of the columns no more."""
        gone = np.isin(self.rows, rows)
        self.shelf.alive[gone[self.shelf.owners]] = False
        self.keys.remove(gone)


class Segment:
    """Some records of both sides.

    Attributes:
        columns: the records.
        alive: shape (n,), bool.
        sides: what finds those of each side.
        called: shape (n,), int64, the keys of their ids.
    """

    def __init__(self, columns: RecordColumns, sides: Mapping[Side, Stored], called: Ints) -> None:
        """Put together what stands for the records of some columns; `called` are the keys of their ids."""
        self.columns, self.sides = columns, sides
        self.alive: Bools = np.ones(len(columns), dtype=np.bool_)
        self.called = called
        self._order = np.argsort(called, kind="stable")
        self._sorted = called[self._order]

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def repeated(self) -> int:
        """Return how many records have the id of another that is in here: of those only one could be found by it."""
        return int((self._sorted[1:] == self._sorted[:-1]).sum())

    @classmethod
    def build(cls, columns: RecordColumns, vectors: RecordVectors | None = None) -> Segment:
        """Return the records of columns; `vectors` are those of `encode_records` where they are known already."""
        encoded = vectors or encode_records(columns)
        return cls.of_rows(columns, encoded.owners, RecordSpace.load().stored(encoded.rows))

    @classmethod
    def of_rows(cls, columns: RecordColumns, owners: Ints, table: Small) -> Segment:
        """Return the records of columns, given what each name's row is and whose, ascending.

        Args:
            columns: whose names can be counted.
            owners: shape (r,).
            table: shape (r, d).
        """
        sides = {}
        for side in Side:
            rows = np.flatnonzero(columns.rescued == (side is Side.RESCUED))
            mine = columns.rescued[owners] == (side is Side.RESCUED)
            sides[side] = Stored.build(columns, rows, np.searchsorted(rows, owners[mine]), table[mine])
        return cls(columns, sides, keys_of_ids(columns.ids))

    @classmethod
    def merged(cls, segments: Sequence[Segment]) -> Segment:
        """Return what is alive in some segments, at least one, as one segment; of the others nothing is left in it."""
        parts, owners, tables, begin = [], [], [], 0
        for segment in segments:
            rows = np.flatnonzero(segment.alive)
            parts.append((segment.columns, rows))
            place = np.full(len(segment), -1, dtype=np.int64)
            place[rows] = begin + np.arange(len(rows))
            for stored in segment.sides.values():
                owner = place[stored.rows[stored.shelf.owners]]
                owners.append(owner[owner >= 0])
                tables.append(stored.shelf.table[owner >= 0])
            begin += len(rows)
        owner, table = np.concatenate(owners), np.concatenate(tables)
        # A record's rows stand in the order of its names on every shelf.
        order = np.argsort(owner, kind="stable")
        return cls.of_rows(gather(parts, counted=True), owner[order], table[order])

    def rows_of(self, called: Ints) -> Ints:
        """Return the rows of records by the keys of their ids, shape (n,), -1 for those that are not alive here."""
        if not len(self):
            return np.full(len(called), -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(self._sorted, called), len(self) - 1)
        row = self._order[place]
        return np.where((self._sorted[place] == called) & self.alive[row], row, -1)

    def remove(self, rows: Ints) -> None:
        """Find the records in some rows no more."""
        self.alive[rows] = False
        for stored in self.sides.values():
            stored.remove(rows)

    def tables(self) -> dict[str, npt.NDArray[Any]]:
        """Return the segment as plain arrays by lower-case names; those who are not alive any more are still in it."""
        out = to_tables(self.columns) | {"called": self.called}
        for side, stored in self.sides.items():
            held = {"rows": stored.rows, **stored.shelf.tables(), **stored.keys.tables()}
            out |= {f"{side}_{name}": table for name, table in held.items()}
        return out

    @classmethod
    def of(cls, tables: Tables) -> Self:
        """Return the segment that `tables` gave, all of it alive.

        Raises:
            KeyError: a table is missing.
        """
        columns = from_tables(tables)
        sides = {}
        for side in Side:
            held = {name.removeprefix(f"{side}_"): of for name, of in tables.items() if name.startswith(f"{side}_")}
            sides[side] = Stored(held["rows"], Shelf(columns, held), KeyLists.of(held))
        return cls(columns, sides, tables["called"])


def keys_of_ids(ids: Iterable[str]) -> Ints:
    """Return what records are looked up by, shape (n,), int64."""
    return text_keys(list(ids))
