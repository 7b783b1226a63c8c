"""Which stored records are worth comparing with these, among a million? Lists by place and age, and by words of names.

    rows sorted by state, sex and day of birth       a query scans the span of its state, sex and years "place and age"
    a list of rows for each word of a name           a query scans the lists of words like its own      "name"
    the same for father's and mother's names                                                          "father", "mother"

Whatever is scanned is ranked by the whole record. One inverted list over the whole vector cannot do this: the fields
of a record agree or not one by one, so the nearest list of the sum is the right one too seldom (decision 16).
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from indexing.record_space import Queries, RecordSpace, Small
from indexing.record_vectors import RecordVectors
from indexing.scanning import scan
from indexing.word_lists import KINDS, LOOKED_INTO, AskedWords, WordLists, Words, words_of
from matcher.columns import RecordColumns
from matcher.gathering import gather

Ints = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.uint8]

PLACE_ROUTE: Final = "place and age"
ROUTES: Final = (PLACE_ROUTE, *KINDS)

_SLACK: Final = 4 * 365
"""Days that a guess of an age may be off beyond its own interval: in our sample 99.8 % are not."""
_WIDE: Final = 6 * 365
"""Days: an interval of birth that is wider says little, and its row is looked at whatever the age asked for."""
_NEAR_SLACK: Final = 6 * 365
_SHORT: Final = 300
_LONG_AGO, _NEVER = -(2**29), 2**29  # the days between them are still a number of 32 bits
_SEXES: Final = 3
_THREAD_QUERIES: Final = 64
_MOST_SPANS: Final = 12


@dataclass(frozen=True, slots=True)
class Found:
    """Records found, one row for each (query, record), the same pair once.

    Attributes:
        query: shape (n,), position among the queries.
        record: shape (n,), position among the stored records.
        routes: shape (n,), uint8, bit n for `ROUTES[n]`.
        scanned: products taken in all.
    """

    query: Ints
    record: Ints
    routes: Bits
    scanned: int


@dataclass(frozen=True, slots=True)
class Sifted:
    """The rows of one shelf that are most like each name that asks, in no order.

    Attributes:
        rows: shape (names, k), int32, row * 4, plus the number of the route; -1 where there are fewer.
        scores: shape (names, k), int32; those of one name compare from shelf to shelf, those of two names do not.
        scanned: products taken in all.
    """

    rows: Int32
    scores: Int32
    scanned: int


@dataclass(frozen=True, slots=True)
class Lookups:
    """Where names that ask are looked for on one shelf; the arrays are those of `scanning.scan`.

    Attributes:
        spans: shape (names, s, 2), int32, rows that stand together.
        windows, near: shape (names, 3), int32, days of birth in spans and in lists, and the sex.
        lists: shape (names, p), int32, lists of words, -1 none.
    """

    spans: Int32
    windows: Int32
    near: Int32
    lists: Int32


@dataclass(frozen=True, slots=True)
class Asked:
    """Records that ask: one vector a name, and what is known of each record.

    Attributes:
        columns, rows: the records, which may be some of many.
        owners: shape (names,), the position among these records that each name belongs to.
        queries: shape (names, d), int16.
        words: the words of each name, by `KINDS`.
    """

    columns: RecordColumns
    rows: Ints
    owners: Ints
    queries: Queries
    words: AskedWords

    @classmethod
    def of(cls, columns: RecordColumns, rows: Ints, vectors: RecordVectors, space: RecordSpace) -> Asked:
        """Return the records in some rows of columns as queries.

        Args:
            columns: hold them.
            rows: shape (n,), ascending.
            vectors: theirs, owners counted from 0 to n - 1.
            space: that of the shelves that are asked.
        """
        kinds = _words_of(columns, rows[vectors.owners], vectors.owners)
        words = AskedWords.of(columns.names.vocabulary, kinds)
        return cls(columns, rows, vectors.owners, space.queries(vectors.rows), words)

    def __len__(self) -> int:
        return len(self.rows)

    def between(self, first: int, end: int) -> Asked:
        """Return the records from one position up to another, in columns of their own."""
        names = slice(*np.searchsorted(self.owners, [first, end]).tolist())
        columns = gather([(self.columns, self.rows[first:end])])
        words = self.words.between(names.start, names.stop)
        return Asked(columns, np.arange(end - first), self.owners[names] - first, self.queries[names], words)


class Shelf:
    """The stored records of one side.

    Attributes:
        owners: shape (r,), int32, which record each row belongs to.
        alive: shape (r,), bool; a record that is taken away is found no more from that moment.
        table: shape (r, d), int8.
    """

    def __init__(self, columns: RecordColumns, tables: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take what `tables` gave; the columns hold the records."""
        self._paths = columns.area_paths
        self.owners: Int32 = tables["owners"]
        self.table: Small = tables["table"]
        self.alive: Bools = np.ones(len(self.owners), dtype=np.bool_)
        self._born, self._held = tables["born"], tables["groups"]
        self._members_born, self._members_sexes = tables["members_born"], tables["members_sexes"]
        self._groups: dict[int, tuple[int, int]] = {group: (start, end) for group, start, end in self._held.tolist()}
        self._states: dict[str, int] = {}
        for group in self._groups:
            self._states[self._paths[group // (2 * _SEXES)]] = group // (2 * _SEXES)
        self._words = WordLists.of(tables)

    @classmethod
    def build(cls, columns: RecordColumns, records: Ints, vectors: RecordVectors, space: RecordSpace) -> Shelf:
        """Sort records onto a shelf.

        Args:
            columns: hold the records.
            records: shape (n,), their rows in the columns.
            vectors: of these records, owners counted from 0 to n - 1.
            space: weights and turn.
        """
        return cls.sorted(columns, records, vectors.owners, space.stored(vectors.rows))

    @classmethod
    def sorted(cls, columns: RecordColumns, records: Ints, owners: Ints, table: Small) -> Shelf:
        """Sort rows as they are stored, shape (r, d), onto a shelf; see `build`."""
        of = records[owners]
        state, sex = columns.areas[of, 1], _sexes(columns.sex[of])
        born = _born(columns.birth[of])
        wide = born[:, 1] - born[:, 0] > _WIDE
        group = (state.astype(np.int64) * _SEXES + sex) * 2 + wide
        order = np.lexsort((born[:, 0], group))
        found = np.unique(group[order], return_index=True, return_counts=True)
        groups = np.stack([found[0], found[1], found[1] + found[2]], axis=1)[found[0] >= 0]
        shelved, sorted_born = owners[order].astype(np.int32), np.ascontiguousarray(born[order])
        words = WordLists.build(columns.names.vocabulary, _words_of(columns, of[order], shelved))
        return cls(
            columns,
            {
                "owners": shelved,
                "table": table[order],
                "born": sorted_born,
                "groups": groups,
                "members_born": sorted_born[words.members],
                "members_sexes": sex[order][words.members],
                **words.tables(),
            },
        )

    def tables(self) -> dict[str, npt.NDArray[Any]]:
        """Return the shelf as plain arrays by lower-case names; who has been taken away is still there."""
        return {
            "owners": self.owners,
            "table": self.table,
            "born": self._born,
            "groups": self._held,
            "members_born": self._members_born,
            "members_sexes": self._members_sexes,
            **self._words.tables(),
        }

    def __len__(self) -> int:
        return len(self.owners)

    def search(self, asked: Asked, k: int, *, threads: int = 2) -> Found:
        """Return the records most like each that asks, at most k for each of its names.

        Args:
            asked: the records that ask.
            k: at least 1.
            threads: how many work at once.
        """
        sifted = self.sift(asked, k, threads=threads)
        query, place = np.nonzero(sifted.rows >= 0)
        row, route = np.divmod(sifted.rows[query, place], 4)
        most = int(self.owners.max(initial=0)) + 1
        keys, routes = united(asked.owners[query] * most + self.owners[row], (1 << route).astype(np.uint8))
        return Found(*np.divmod(keys, most), routes, sifted.scanned)

    def sift(self, asked: Asked, k: int, *, alive: Bools | None = None, threads: int = 2) -> Sifted:
        """Return the k rows most like each name that asks.

        Args:
            asked: the records that ask.
            k: at least 1.
            alive: shape (r,), rows that may be found; None for all that have not been taken away.
            threads: how many work at once.
        """
        return self.scanned(asked, self.lookups(asked), k, alive=alive, threads=threads)

    def lookups(self, asked: Asked) -> Lookups:
        """Return where to look for each name that asks."""
        spans, windows, near = (each[asked.owners] for each in self._spans_of(asked))
        return Lookups(spans, windows, near, self._words.lists_for(asked.words, len(asked.owners)))

    def scanned(
        self, asked: Asked, lookups: Lookups, k: int, *, alive: Bools | None = None, threads: int = 2
    ) -> Sifted:
        """Return the k rows most like each name among those where it is looked for; see `sift`."""
        queries, living = asked.queries, self.alive if alive is None else alive
        rows, scores = np.empty((2, len(queries), k), dtype=np.int32)
        scanned = np.zeros(len(queries), dtype=np.int64)
        # Queries of one state and age look at the same rows: one after the other, while these are at hand.
        order = np.lexsort((lookups.windows[:, 0], lookups.spans[:, 0, 0]))

        def part(start: int) -> None:
            some = order[start : start + _THREAD_QUERIES]
            out = np.empty((2, len(some), k), dtype=np.int32)
            counts = np.empty(len(some), dtype=np.int64)
            scan(
                queries[some], lookups.spans[some], lookups.windows[some], lookups.near[some], lookups.lists[some],
                self.table, self._born, living, self._words.bounds, self._words.members, self._members_born,
                self._members_sexes, LOOKED_INTO, _SHORT, k, out[0], out[1], counts,
            )  # fmt: skip
            rows[some], scores[some], scanned[some] = out[0], out[1], counts

        starts = range(0, len(order), _THREAD_QUERIES)
        if threads == 1 or len(starts) == 1:
            for start in starts:
                part(start)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(part, starts))
        return Sifted(rows, scores, int(scanned.sum()))

    def _spans_of(self, asked: Asked) -> tuple[Int32, Int32, Int32]:
        """Return spans, shape (n, s, 2), windows of them and of the lists, shape (n, 3), of records that ask."""
        columns, rows = asked.columns, asked.rows
        born = _born(columns.birth[rows])
        sex = _sexes(columns.sex[rows])
        windows = np.stack([born[:, 0] - _SLACK, born[:, 1] + _SLACK, sex], axis=1).astype(np.int32)
        near = np.stack([born[:, 0] - _NEAR_SLACK, born[:, 1] + _NEAR_SLACK, sex], axis=1).astype(np.int32)
        spans = np.zeros((len(rows), _MOST_SPANS, 2), dtype=np.int32)
        codes = [self._states.get(path, -1) for path in columns.area_paths]
        places = np.concatenate([columns.areas[rows, 1:2], columns.remembered_areas[rows]], axis=1)
        for number, row in enumerate(places.tolist()):
            states = dict.fromkeys(self._state(columns.area_paths[code], code, codes) for code in row if code >= 0)
            found: list[tuple[int, int]] = []
            for state in states:
                if state < 0:
                    continue
                for one in (0, int(sex[number])) if sex[number] else range(_SEXES):
                    found += self._span(state, one, windows[number])
            # A child who remembers places of many states has been to many: the first few.
            for place, (start, end) in enumerate(found[:_MOST_SPANS]):
                spans[number, place] = start, end
        return spans, windows, near

    def _state(self, path: str, code: int, codes: list[int]) -> int:
        """Return the state's code on this shelf of an area that may lie below it."""
        if path.count("/") > 1:
            return self._states.get("/".join(path.split("/")[:2]), -1)
        return codes[code]

    def _span(self, state: int, sex: int, window: Int32) -> list[tuple[int, int]]:
        """Return the rows of a state and sex that may be of an age: sorted by first day, none wider than `_WIDE`."""
        group = (state * _SEXES + sex) * 2
        found = []
        if group in self._groups:
            start, end = self._groups[group]
            first = self._born[start:end, 0]
            low, high = np.searchsorted(first, [int(window[0]) - _WIDE, int(window[1]) + 1])
            if low < high:
                found.append((start + int(low), start + int(high)))
        if group + 1 in self._groups:
            found.append(self._groups[group + 1])
        return found


def _words_of(columns: RecordColumns, records: Ints, owners: Ints | Int32) -> list[Words]:
    """Return the words of rows by kind: of its one own name, and in a record's first row of its relatives.

    Args:
        records: shape (n,), the record of each row, as a row of the columns.
        owners: shape (n,), what tells records apart; the rows of a record stand together.
    """
    rows = np.arange(len(records))
    begins = np.append(True, owners[1:] != owners[:-1])[: len(rows)]
    first = np.maximum.accumulate(np.where(begins, rows, 0))
    own = columns.own[records, np.minimum(rows - first, columns.own.shape[1] - 1)][:, None]
    heads, heard = rows[begins], records[begins]
    unknown = columns.relatives[heard]
    father = np.concatenate([columns.father[heard], unknown], axis=1)
    mother = np.concatenate([columns.mother[heard], unknown], axis=1)
    return [words_of(columns, own, rows), words_of(columns, father, heads), words_of(columns, mother, heads)]


def united(keys: Ints, bits: Bits) -> tuple[Ints, Bits]:
    """Return each key once, sorted, with the bits of all its entries; shapes (n,)."""
    distinct, inverse = np.unique(keys, return_inverse=True)
    found = np.zeros(len(distinct), dtype=np.uint8)
    np.bitwise_or.at(found, inverse, bits)
    return distinct, found


def _sexes(sex: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """Return 1 female, 2 male, 0 for whoever may be written down as either: unknown, and other."""
    return np.where(sex < _SEXES, sex, 0).astype(np.int8)


def _born(birth: Int32) -> Int32:
    """Return first and last day of birth, everything from long ago to never where nothing is known."""
    known = birth[:, 0] > 0
    return np.where(known[:, None], birth, np.array([_LONG_AGO, _NEVER])).astype(np.int32)
