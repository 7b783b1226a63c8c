"""Which stored records have a word in their names that sounds like one of these? A list of rows for each word.

Words and not names, for the far side knows a child by one of them: "Rustam" for Rustam Kabir Khalifa. Own, father's and
mother's words stand apart. A query looks into the lists of its words and of those that sound alike, nearest first,
until it has looked at as many rows as it may: what half the country is called finds nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from indexing.faiss_index import nearest_rows
from matcher.columns import RecordColumns
from matcher.names.encoder import NameEncoder

Ints = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Vectors = npt.NDArray[np.float32]

KINDS: Final = ("name", "father", "mother")
LOOKED_INTO: Final = 16
"""Lists that one query looks into at most, of each kind."""
_LEAST_SAID: Final = 0.5
"""Words that say less (Kumari, Devi, Md) have no list."""
_NEAR, _SURE, _ALIKE = 12, 3, 0.75
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
    pairs = np.unique(np.stack([rows[which[entry]], table.tokens[held][entry, place].astype(np.int64)], axis=1), axis=0)
    return Words(pairs[:, 0], pairs[:, 1])


class WordLists:
    """The lists of all words of all kinds.

    Attributes:
        bounds: shape (l + 1,), int32, where each list begins in `members`.
        members: shape (m,), int32, rows, ascending within a list.
    """

    def __init__(self, vocabulary: Sequence[str], kinds: Sequence[Words]) -> None:
        """Make the lists of `KINDS`, in their order; words are numbers of the vocabulary."""
        # By their letters, so that which of two words comes first does not hang on the order of the records.
        used = sorted(np.unique(np.concatenate([kind.words for kind in kinds])).tolist(), key=vocabulary.__getitem__)
        self._vectors = _sounds([vocabulary[word] for word in used])
        self._size = len(used)
        numbers = np.zeros(len(vocabulary), dtype=np.int64)
        numbers[used] = np.arange(self._size)
        members, bounds = [], [0]
        for kind in kinds:
            number = numbers[kind.words]
            order = np.lexsort((kind.rows, number))
            members.append(kind.rows[order])
            ends = np.searchsorted(number[order], np.arange(self._size), side="right")
            bounds.extend((bounds[-1] + ends).tolist())
        self.members = np.concatenate(members).astype(np.int32)
        self.bounds = np.array(bounds, dtype=np.int32)

    def lists_for(self, vocabulary: Sequence[str], kinds: Sequence[Words], count: int) -> Int32:
        """Return the lists that `count` queries look into, shape (count, kinds * LOOKED_INTO), -1 none.

        Args:
            vocabulary: of the queries' words.
            kinds: their words, rows counted from 0.
        """
        out = np.full((count, len(kinds) * LOOKED_INTO), -1, dtype=np.int32)
        if not self._size:
            return out
        asked = np.unique(np.concatenate([kind.words for kind in kinds]))
        vectors = _sounds([vocabulary[word] for word in asked.tolist()])
        word, near = nearest_rows(vectors, self._vectors, _NEAR, _SURE, _ALIKE)
        first = np.searchsorted(word, np.arange(len(asked) + 1))
        lengths = np.diff(self.bounds)
        for number, kind in enumerate(kinds):
            at = np.searchsorted(asked, kind.words)
            held = first[at + 1] - first[at]
            query = np.repeat(kind.rows, held)
            rank = np.arange(int(held.sum())) - np.repeat(np.cumsum(held) - held, held)
            lists = number * self._size + near[np.repeat(first[at], held) + rank]
            size = lengths[lists]
            # Nearest first; of words equally near the rarest. A word that only other kinds know takes no place.
            order = np.lexsort((lists, size, rank, query))
            order = order[size[order] > 0]
            query, rank, lists, size = query[order], rank[order], lists[order], size[order]
            begins = np.searchsorted(query, query)
            total = np.cumsum(size)
            before = total - size - (total[begins] - size[begins])
            fits = before + size <= np.where(before == 0, 2 * _MOST_ROWS, _MOST_ROWS)
            query, lists = query[fits], lists[fits]
            place = np.arange(len(query)) - np.searchsorted(query, query)
            some = place < LOOKED_INTO
            out[query[some], number * LOOKED_INTO + place[some]] = lists[some]
        return out


def _sounds(words: Sequence[str]) -> Vectors:
    """Return vectors of folded words, shape (n, REDUCED_WIDTH): short ones, for every word meets every other."""
    encoder = NameEncoder.load()
    return encoder.reduced(encoder.encode(words))
