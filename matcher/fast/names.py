"""How well do the names agree? The four comparisons of names at once, for thousands of pairs of records.

    pairs of records -> pairs of names -> those with words that may be alike -> aligned and weighed -> levels

The levels are those of `matcher.compare.names.level_of`, from what `compare_batch` would find; where a word is longer
than the table of names keeps, it is asked itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from queue import Empty, SimpleQueue
from threading import Lock

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.compare.names import DIFFERENT, FATHER, MOTHER, NAME, RELATIVE, level_of
from matcher.comparison import NULL, Comparison
from matcher.fast.compiled import Rows, aligned
from matcher.fast.memo import SLOT, Memo
from matcher.fast.name_joins import UNCLEAR, find_joins, weigh_joined
from matcher.fast.name_pairs import ASKED, HOLDER, MOST, PAIR, keep_best, list_pairs, survey, weigh_levels
from matcher.fast.name_weighing import SCRATCH, find_rarity, weigh_pairs
from matcher.fast.namebook import NameBook, pet_table
from matcher.fast.rules import word_rules
from matcher.fast.situations import Sides
from matcher.model import ComparisonWeights
from matcher.names.alignment import NameFeatures, compare_batch
from matcher.names.prior import EVERYWHERE
from matcher.names.wholes import WholeNames

Int32 = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

COMPARISONS = (NAME, FATHER, MOTHER, RELATIVE)
_OWN, _FATHER, _MOTHER, _RELATIVE = range(4)
# Which comparison two names are asked by: a relative of unknown relation may be any relative of the other side.
_ROLES = (
    (_OWN, -1, -1, -1),
    (-1, _FATHER, -1, _RELATIVE),
    (-1, -1, _MOTHER, _RELATIVE),
    (-1, _RELATIVE, _RELATIVE, _RELATIVE),
)
_BLOCK = 4096  # pairs of records whose names stay in the processor's cache
_ASKED = 1 << 15
_NO_RARITY = np.zeros(0, dtype=SLOT)


class _Room:
    """Room for the names of a chunk of pairs, which is used again: fresh memory costs more than what is in it."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.levels = np.empty(len(COMPARISONS) * size, dtype=np.int8)
        self.rarity = np.empty(len(COMPARISONS) * size, dtype=np.float32)
        self.listed = np.empty(MOST * min(size, _BLOCK), dtype=ASKED)
        self.pairs = np.empty(MOST * min(size, _BLOCK), dtype=PAIR)
        self.scratch = np.zeros(1, dtype=SCRATCH)


class NamePart:
    """Compares the names of records of two sides; a `Part`."""

    def __init__(self, wanted: Sequence[Comparison], weights: Mapping[str, ComparisonWeights], sides: Sides) -> None:
        """Read the names of both sides.

        Args:
            wanted: all comparisons that count, by row of the results.
            weights: of the comparisons by name.
            sides: the records.
        """
        columns, context, rows = sides.columns, sides.context, sides.rows
        self._rows = [
            (role, wanted.index(comparison), _by_level(weights[comparison.name]))
            for role, comparison in enumerate(COMPARISONS)
            if comparison in wanted
        ]
        asked = [role for role, _, _ in self._rows]
        self._columns, self._context = columns, context
        self._roles = np.array([[role if role in asked else -1 for role in row] for row in _ROLES], dtype=np.int8)
        self._rules = word_rules()
        self._pets = pet_table(columns.names)
        names, bare = _lists(columns)
        self._book = NameBook.of(columns.names, np.concatenate([names[rows], bare[rows]], axis=1).ravel(), self._rules)
        regions, homes = np.unique(np.append(columns.region[rows], np.int32(-1)), return_inverse=True)
        self._areas = [columns.area_paths[code] if code >= 0 else EVERYWHERE for code in regions.tolist()]
        holders = _holders(columns, rows, names, bare, self._book, homes)
        self._left, self._right = holders[: len(sides.left)], holders[len(sides.left) :]
        self._wholes = WholeNames.load().of_table(columns.names, self._book.ids)
        self._rare, self._rare_wholes, self._lock, self._rooms = Memo(), Memo(), Lock(), SimpleQueue[_Room]()
        self._nothing = _nothing_alike()

    def fill(self, i: Int32, j: Int32, levels: Rows, bits: Rows) -> None:
        """See `Part`."""
        room = self._room(len(i))
        shape = len(COMPARISONS), len(i)
        found = room.levels[: shape[0] * shape[1]].reshape(shape)
        rarity = room.rarity[: shape[0] * shape[1]].reshape(shape)
        found[:], rarity[:] = NULL, 0
        self._compare(i, j, found, rarity, room)
        for role, row, (weights, means, scale) in self._rows:
            levels[row] = found[role]
            weigh_levels(found[role], rarity[role], weights, means, scale, bits[row])
        self._rooms.put(room)

    def _room(self, size: int) -> _Room:
        """Return room for so many pairs that no other thread uses."""
        try:
            room = self._rooms.get_nowait()
        except Empty:
            return _Room(size)
        return room if room.size >= size else _Room(size)

    def _compare(
        self, i: Int32, j: Int32, levels: npt.NDArray[np.int8], rarity: npt.NDArray[np.float32], room: _Room
    ) -> None:
        """Write levels and rarity of n pairs by `COMPARISONS`, shape (4, n)."""
        listed, buffer, scratch, book = room.listed, room.pairs, room.scratch, self._book
        kept = []
        for start in range(0, len(i), _BLOCK):
            end = min(start + _BLOCK, len(i))
            count = list_pairs(
                i, j, start, end, self._left, self._right, self._roles, len(self._areas), self._nothing, levels,
                listed,
            )  # fmt: skip
            count = survey(listed, count, book.names, book.more, book.words, self._rules, buffer)
            pairs = buffer[:count]
            weigh_pairs(pairs, book.names, book.words, book.spelled, self._rules, self._pets, scratch)
            telling = find_joins(
                pairs, book.names, book.more, book.together, book.words, book.spelled, self._rules, scratch
            )
            # As bytes: numpy copies records field by field.
            kept.append(pairs[:telling].view(np.uint8).copy())
        if kept:
            self._judge(np.concatenate(kept).view(PAIR), levels, rarity)

    def _judge(self, pairs: Rows, levels: npt.NDArray[np.int8], rarity: npt.NDArray[np.float32]) -> None:
        """Give the pairs of names their levels, and each pair of records that of the best, in place."""
        joined = np.flatnonzero(pairs["joined"])
        self._weigh_joined(pairs, joined, _NO_RARITY)
        pairs["rarity"] = 0
        # No level depends on how alike whole names are, or how rare.
        told = [pairs[field] for field in ("agreement", "omission", "contradiction", "weakest")]
        features = NameFeatures(*map(np.ascontiguousarray, told), *2 * [np.full(len(pairs), np.nan, np.float32)])
        scripts = self._book.names["script"]
        pairs["level"] = level_of(features, scripts[pairs["a"]] != scripts[pairs["b"]])
        # How rare a name is says something only where names agree.
        agreeing = pairs["level"] < DIFFERENT
        self._find_rarity(pairs, np.flatnonzero(agreeing & (pairs["joined"] == 0)))
        while len(keys := self._weigh_joined(pairs, joined[agreeing[joined]], self._rare.slots)):
            self._learn(keys)
        unclear = np.flatnonzero(pairs["joined"] & UNCLEAR)
        if len(unclear):
            self._compare_slowly(pairs, unclear)
        self._bound_by_wholes(pairs)
        keep_best(pairs, levels, rarity)

    def _weigh_joined(self, pairs: Rows, rows: npt.NDArray[np.intp], rare: Rows) -> npt.NDArray[np.int64]:
        """Weigh pairs of names that may be joined, in place; return which keys of `rare` miss, if any are wanted."""
        book, asked = self._book, np.empty(_ASKED, dtype=np.int64)
        count = weigh_joined(
            pairs, rows, book.names, book.together, book.words, book.spelled, self._rules, self._pets, rare,
            2 * len(self._areas), np.zeros(1, dtype=SCRATCH), asked,
        )  # fmt: skip
        return asked[:count]

    def _find_rarity(self, pairs: Rows, rows: npt.NDArray[np.intp]) -> None:
        """Fill in how rare pairs of names are that agree."""
        asked = np.empty(_ASKED, dtype=np.int64)
        while count := find_rarity(
            pairs, rows, self._book.names, self._book.words, self._rare.slots, 2 * len(self._areas), asked
        ):
            self._learn(asked[:count])

    def _bound_by_wholes(self, pairs: Rows) -> None:
        """Take no household name of several words for rarer than the whole of it, in place."""
        for side in ("a", "b"):
            whole = self._wholes[pairs[side]]
            rows = np.flatnonzero((whole >= 0) & (pairs["level"] < DIFFERENT))
            if len(rows):
                keys = whole[rows] * 2 * len(self._areas) + pairs["area"][rows]
                self._remember(keys, self._rare_wholes, self._wholes_called)
                pairs["rarity"][rows] = np.minimum(pairs["rarity"][rows], self._rare_wholes.values(keys))

    def _compare_slowly(self, pairs: Rows, rows: npt.NDArray[np.intp]) -> None:
        """Compare some pairs of names by `compare_batch`, in place."""
        book, table, areas = self._book, self._columns.names, 2 * len(self._areas)
        words = book.names["words"].astype(np.int64)
        there = np.arange(words.shape[1]) < book.names["count"][:, None]
        area = pairs["area"][rows].astype(np.int64)
        used, region = np.unique(area, return_inverse=True)
        bits = np.zeros((len(used), len(table.vocabulary)), dtype=np.float32)
        for side in ("a", "b"):
            name = pairs[side][rows]
            at, place = np.nonzero(there[name])
            word = words[name][at, place]
            keys = word * areas + area[at]
            self._learn(keys)
            bits[region[at], book.words["token"][word]] = self._rare.values(keys)
        left, right = (book.ids[pairs[side][rows]] for side in ("a", "b"))
        features = compare_batch(
            table, left, right, lambda tokens, regions: bits[regions, tokens], region.astype(np.int64)
        )
        levels = level_of(features, table.scripts[left] != table.scripts[right])
        pairs["level"][rows] = levels
        pairs["rarity"][rows] = np.where(levels < DIFFERENT, features.rarity, np.float32(0))

    def _learn(self, keys: npt.NDArray[np.int64]) -> None:
        """Remember how rare words are, by keys of word and area."""
        self._remember(keys, self._rare, self._called)

    def _called(self, words: npt.NDArray[np.int64]) -> list[str]:
        vocabulary = self._columns.names.vocabulary
        return [vocabulary[token] for token in self._book.words["token"][words].tolist()]

    def _wholes_called(self, wholes: npt.NDArray[np.int64]) -> list[str]:
        words = WholeNames.load().words
        return [words[number] for number in wholes.tolist()]

    def _remember(
        self, keys: npt.NDArray[np.int64], rare: Memo, called: Callable[[npt.NDArray[np.int64]], list[str]]
    ) -> None:
        """Remember how rare names are by keys, each a name and an area, that are not known yet.

        Args:
            called: returns what the frequencies are asked about.
        """
        with self._lock:
            keys = rare.missing(keys)
            if not len(keys):
                return
            names, areas = np.divmod(keys, 2 * len(self._areas))
            values = np.empty(len(keys), dtype=np.float32)
            for number, frequencies in enumerate((self._context.own_names, self._context.relative_names)):
                rows = np.flatnonzero(areas // len(self._areas) == number)
                values[rows] = frequencies.bits(
                    called(names[rows]), [self._areas[area] for area in (areas[rows] % len(self._areas)).tolist()]
                )
            rare.add(keys, values)


def _by_level(weights: ComparisonWeights) -> tuple[Floats, Floats, float]:
    """Return the weight and the mean rarity of each level, those of null first, and how much of rarity counts."""
    means = np.zeros(1 + len(weights.levels))
    means[1 : 1 + len(weights.rarity_mean)] = weights.rarity_mean
    return np.append(0.0, weights.weights()), means, weights.rarity_scale


def _lists(columns: RecordColumns) -> tuple[Int32, Int32]:
    """Return all names of each record, shape (n, k), and the same without the words that stand elsewhere in it."""
    own = np.full_like(columns.own, -1)
    names = np.concatenate([columns.own, columns.father, columns.mother, columns.relatives], axis=1)
    bare = np.concatenate([own, columns.bare_father, columns.bare_mother, columns.bare_relatives], axis=1)
    return names, bare


def _holders(
    columns: RecordColumns, rows: Rows, names: Int32, bare: Int32, book: NameBook, homes: npt.NDArray[np.intp]
) -> Rows:
    """Return the names of records as `HOLDER`, shape (rows,)."""
    kinds = np.repeat(
        np.arange(4, dtype=np.uint8),
        [part.shape[1] for part in (columns.own, columns.father, columns.mother, columns.relatives)],
    )
    place = book.place.copy()
    place[:-1][columns.names.tokens[:, 0] < 0] = -2
    holders = aligned(len(rows), HOLDER)
    missing = names[rows] < 0
    order = np.argsort(missing, axis=1, kind="stable")
    holders["names"], holders["bare"] = (place[ids[rows[:, None], order]] for ids in (names, bare))
    holders["kinds"], holders["count"] = kinds[order], missing.shape[1] - missing.sum(axis=1)
    holders["rescued"] = columns.rescued[rows]
    holders["home"] = homes[: len(rows)]
    return holders


@lru_cache(maxsize=1)
def _nothing_alike() -> int:
    """Return the level of two names no word of which is like any of the other.

    Raises:
        ValueError: it depends on how much the names say, which nobody here has counted.
    """
    omission, contradiction = (
        values.ravel() for values in np.meshgrid(*2 * [np.array([0, 0.1, 1, 5], dtype=np.float32)])
    )
    none = np.zeros_like(omission)
    features = NameFeatures(none, omission, contradiction, np.ones_like(none), none, none)
    found = {int(level) for scripts in (False, True) for level in level_of(features, np.full(len(none), scripts))}
    if len(found) > 1:
        raise ValueError("names of which no word agrees have more than one level")
    return found.pop()
