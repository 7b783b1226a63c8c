"""Which stored records have a word in their names that sounds like one of these? A list of rows for each word.

Words and not names, for the far side knows a child by one of them: "Rustam" for Rustam Kabir Khalifa. Own, father's and
mother's words stand apart. A query looks into the lists of its words and of those that sound alike, nearest first,
until it has looked at as many rows as it may: what half the country is called finds nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from indexing.word_finder import WordFinder
from matcher.columns import RecordColumns
from matcher.names.encoder import NameEncoder
from matcher.names.gathered import distinct
from matcher.strings import pick

Ints = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Vectors = npt.NDArray[np.float32]

KINDS: Final = ("name", "father", "mother")
LOOKED_INTO: Final = 16
"""Lists that one query looks into at most, of each kind."""
_LEAST_SAID: Final = 0.5
"""Words that say less (Kumari, Devi, Md) have no list."""
_MOST_ROWS: Final = 12_000
"""Rows that the lists of one kind hold together at most for one query; a first list may hold twice as many."""


@dataclass(frozen=True, slots=True)
class Words:
    """Which words stand in which rows: shape (n,) each, one entry for each word of each row."""

    rows: Ints
    words: Ints


def words_of(columns: RecordColumns, names: Int32, rows: Ints) -> Words:
    """Return the words that say something in some names.

    Args:
        names: shape (n, m), name ids of each row, -1 none.
        rows: shape (n,), what the rows are called.
    """
    table = columns.names
    which, column = np.nonzero(names >= 0)
    held = names[which, column]
    said = (table.tokens[held] >= 0) & (table.weights[held] >= _LEAST_SAID) & ~table.initials[held]
    entry, place = np.nonzero(said)
    size = max(len(table.vocabulary), 1)
    keys = np.sort(rows[which[entry]] * size + table.tokens[held][entry, place])
    return Words(*np.divmod(keys[np.diff(keys, prepend=-1) > 0], size))


@dataclass(frozen=True, slots=True)
class AskedWords:
    """The words of names that ask.

    Attributes:
        kinds: by `KINDS`, words as rows of `sounds`.
        sounds: shape (w, REDUCED_WIDTH), float32, of the distinct words.
    """

    kinds: tuple[Words, ...]
    sounds: Vectors

    @classmethod
    def of(cls, vocabulary: Sequence[str], kinds: Sequence[Words]) -> AskedWords:
        """Return words, numbers of a vocabulary, as they are looked up."""
        used = np.unique(np.concatenate([kind.words for kind in kinds]))
        numbered = tuple(Words(kind.rows, np.searchsorted(used, kind.words)) for kind in kinds)
        return cls(numbered, _sounds([vocabulary[word] for word in used.tolist()]))

    def between(self, first: int, end: int) -> AskedWords:
        """Return the words of the names from one position up to another."""
        inside = [(kind.rows >= first) & (kind.rows < end) for kind in self.kinds]
        kinds = [Words(kind.rows[some], kind.words[some]) for kind, some in zip(self.kinds, inside, strict=True)]
        used = np.unique(np.concatenate([kind.words for kind in kinds]))
        numbered = tuple(Words(kind.rows - first, np.searchsorted(used, kind.words)) for kind in kinds)
        return AskedWords(numbered, self.sounds[used])


class WordLists:
    """The lists of all words of all kinds.

    Attributes:
        bounds: shape (l + 1,), int32, where each list begins in `members`.
        members: shape (m,), int32, rows, ascending within a list.
    """

    def __init__(self, finder: WordFinder, bounds: Int32, members: Int32) -> None:
        """Take lists: `bounds` are those of every word for the first kind, then for the next."""
        self._finder, self.bounds, self.members = finder, bounds, members

    @classmethod
    def build(cls, vocabulary: Sequence[str], kinds: Sequence[Words]) -> WordLists:
        """Make the lists of `KINDS`, in their order; words are numbers of the vocabulary."""
        used = distinct(np.concatenate([kind.words for kind in kinds]), len(vocabulary))
        called = pick(vocabulary, used)
        # By their letters, so that which of two words comes first does not hang on the order of the records.
        order = np.array(sorted(range(len(called)), key=called.__getitem__), dtype=np.int64)
        numbers = np.zeros(len(vocabulary), dtype=np.int64)
        numbers[used[order]] = np.arange(len(used))
        members, bounds, end = [], [np.zeros(1, dtype=np.int64)], 0
        for kind in kinds:
            number = numbers[kind.words]
            size = int(kind.rows.max(initial=0)) + 1
            members.append(np.sort(number * size + kind.rows) % size)
            bounds.append(end + np.cumsum(np.bincount(number, minlength=len(used))))
            end += len(number)
        finder = WordFinder.build(_sounds([called[place] for place in order.tolist()]))
        return cls(finder, np.concatenate(bounds).astype(np.int32), np.concatenate(members).astype(np.int32))

    def tables(self) -> dict[str, npt.NDArray[Any]]:
        """Return the lists as plain arrays."""
        return {"words": self._finder.packed, "bounds": self.bounds, "members": self.members}

    @classmethod
    def of(cls, tables: Mapping[str, npt.NDArray[Any]]) -> WordLists:
        """Return the lists that `tables` gave."""
        return cls(WordFinder(tables["words"]), tables["bounds"], tables["members"])

    def lists_for(self, asked: AskedWords, count: int) -> Int32:
        """Return the lists that `count` queries look into, shape (count, kinds * LOOKED_INTO), -1 none.

        Args:
            asked: their words, rows counted from 0.
        """
        size = (len(self.bounds) - 1) // len(KINDS)
        out = np.full((count, len(asked.kinds) * LOOKED_INTO), -1, dtype=np.int32)
        if not size:
            return out
        word, near = self._finder.nearest(asked.sounds)
        first = np.searchsorted(word, np.arange(len(asked.sounds) + 1))
        for number, kind in enumerate(asked.kinds):
            held = first[kind.words + 1] - first[kind.words]
            query = np.repeat(kind.rows, held)
            rank = np.arange(int(held.sum())) - np.repeat(np.cumsum(held) - held, held)
            lists = number * size + near[np.repeat(first[kind.words], held) + rank]
            held_rows = self.bounds[lists + 1] - self.bounds[lists]
            # Nearest first; of words equally near the rarest. A word that only other kinds know takes no place.
            order = np.lexsort((lists, held_rows, rank, query))
            order = order[held_rows[order] > 0]
            query, rank, lists, held_rows = query[order], rank[order], lists[order], held_rows[order]
            begins = np.searchsorted(query, query)
            total = np.cumsum(held_rows)
            before = total - held_rows - (total[begins] - held_rows[begins])
            fits = before + held_rows <= np.where(before == 0, 2 * _MOST_ROWS, _MOST_ROWS)
            query, lists = query[fits], lists[fits]
            place = np.arange(len(query)) - np.searchsorted(query, query)
            some = place < LOOKED_INTO
            out[query[some], number * LOOKED_INTO + place[some]] = lists[some]
        return out


def _sounds(words: Sequence[str]) -> Vectors:
    """Return vectors of folded words, shape (n, REDUCED_WIDTH): short ones, for every word meets every other."""
    encoder = NameEncoder.load()
    return encoder.reduced(encoder.encode(words))
