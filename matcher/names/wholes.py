"""Which names of several words are one choice? A Burmese girl called Little Daughter was not given three rare names.

Household names that the tables of people list with several words (သမီးလေး, Thami Lay) are as common as they are listed
and counted whole. The bits of their words, added up as if each were chosen by itself, make them a thousand times as
rare: two children called Little Daughter would be one child. The words of given names are chosen more freely, and stay
words.

Measured: docs/decisions/0024.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.names.prior import NamePrior, is_whole
from matcher.names.reading import ReadNames
from matcher.names.table import NameTable
from matcher.names.words import starts_of

Ints = npt.NDArray[np.int64]
MOST_WORDS: Final = 4
"""Names of more words are given names and surnames, each with a frequency of its own."""


@dataclass(frozen=True, slots=True)
class WholeNames:
    """Household names of two words and more.

    Attributes:
        words: of each its folded words, a space between them, in the order of `keys`.
        ranks: folded word -> its digit in the keys, from 1.
        keys: shape (w,), the digits of each name's words as one number, ascending.
    """

    words: tuple[str, ...]
    ranks: dict[str, int]
    keys: Ints

    @classmethod
    def of(cls, names: Iterable[str]) -> WholeNames:
        """Return some names, each as its folded words with a space between them."""
        split = {name: name.split(" ") for name in names}
        split = {name: words for name, words in split.items() if 2 <= len(words) <= MOST_WORDS}
        ranks = {word: n for n, word in enumerate(sorted({word for words in split.values() for word in words}), 1)}
        base = len(ranks) + 1
        keyed = sorted((sum(ranks[w] * base**n for n, w in enumerate(words)), name) for name, words in split.items())
        return cls(tuple(name for _, name in keyed), ranks, np.array([key for key, _ in keyed], dtype=np.int64))

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls) -> WholeNames:
        """Return those of the shipped tables of people."""
        return cls.of({word for region in NamePrior.load().regions.values() for word in region.words if is_whole(word)})

    def find(self, tokens: npt.NDArray[np.integer], vocabulary: Sequence[str]) -> Ints:
        """Return which of these names each of n names is, shape (n,), -1 for none.

        Args:
            tokens: shape (n, k), the words of each name, rows of `vocabulary`, then -1 to the end.
        """
        found = np.full(len(tokens), -1, dtype=np.int64)
        counts = (tokens >= 0).sum(axis=1)
        rows = np.flatnonzero((counts >= 2) & (counts <= MOST_WORDS))
        if not len(rows) or not len(self.keys):
            return found
        used, place = np.unique(tokens[rows, :MOST_WORDS], return_inverse=True)
        ranks = np.array(
            [0 if row < 0 else self.ranks.get(vocabulary[row], -1) for row in used.tolist()], dtype=np.int64
        )
        digits = ranks[place.reshape(len(rows), -1)]
        keys = digits @ (len(self.ranks) + 1) ** np.arange(digits.shape[1])
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        whole = (self.keys[at] == keys) & (digits >= 0).all(axis=1)
        found[rows[whole]] = at[whole]
        return found

    def of_table(self, table: NameTable, names: npt.NDArray[np.integer]) -> Ints:
        """Return which of these names some names of a table are, shape (n,), -1 for none.

        Args:
            names: shape (n,), rows of the table.
        """
        tokens = np.where(table.initials[names].any(axis=1)[:, None], -1, table.tokens[names])
        return self.find(tokens, table.vocabulary)

    def of_read(self, read: ReadNames) -> Ints:
        """Return which of these names the names read are, shape (n,), -1 for none; titles are no part of a name."""
        said = ~read.titles
        counts = np.bincount(read.names[said], minlength=len(read))
        counts[read.names[said & read.initials]] = 0
        rows = np.flatnonzero((counts >= 2) & (counts <= MOST_WORDS))
        begins = starts_of(np.bincount(read.names[said], minlength=len(read)))
        at = begins[rows][:, None] + np.arange(MOST_WORDS)
        flat = np.append(read.tokens[said], np.full(MOST_WORDS, -1, dtype=np.int32))
        tokens = np.where(np.arange(MOST_WORDS) < counts[rows][:, None], flat[at], -1)
        found = np.full(len(read), -1, dtype=np.int64)
        found[rows] = self.find(tokens, read.vocabulary)
        return found
