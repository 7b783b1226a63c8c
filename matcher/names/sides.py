"""How do the words of many names stand in arrays, and what an alignment finds? A name, or a pair, in each column.

Columns, so that what is done with the first words of thousands of names runs over one row of memory.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.names.table import MAX_TOKENS, NameTable

FloatArray = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]

IS_INITIAL: Final = np.uint8(1)
IS_COURTESY: Final = np.uint8(2)


@dataclass(frozen=True, slots=True)
class Side:
    """The words of n names, a name in each column.

    Attributes:
        tokens: shape (k, n), intp, rows of `Words` (see `matcher.names.weighing`), -1 where there is none.
        weights: shape (k, n), float32, 0 where there is none.
        flags: shape (k, n), uint8: whether the word is an initial (1) or a courtesy (2).
    """

    tokens: Rows
    weights: FloatArray
    flags: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, table: NameTable, courtesy: Bools, names: Rows) -> Side:
        """Return the words of names of a table, k = MAX_TOKENS; `courtesy` is that of `Words`."""
        tokens = np.ascontiguousarray(table.tokens[names].T)
        initials = np.ascontiguousarray(table.initials[names].T).view(np.uint8)
        flags = initials * IS_INITIAL | courtesy[tokens].view(np.uint8) * IS_COURTESY
        return cls(tokens.astype(np.intp), np.ascontiguousarray(table.weights[names].T), flags)

    @property
    def counts(self) -> npt.NDArray[np.uint8]:
        """Return how many words each name has, shape (n,)."""
        counts: npt.NDArray[np.uint8] = (self.tokens >= 0).sum(0, dtype=np.uint8)
        return counts

    @property
    def initials(self) -> Bools:
        """Return which words are initials, shape (k, n)."""
        return (self.flags & IS_INITIAL).view(np.bool_)

    def take(self, rows: Rows, words: int = MAX_TOKENS) -> Side:
        """Return some of the names, with no more than their first words."""
        return Side(
            self.tokens[:words].take(rows, axis=1),
            self.weights[:words].take(rows, axis=1),
            self.flags[:words].take(rows, axis=1),
        )

    def joined(self, names: Rows, first: Rows, token: Rows) -> None:
        """Replace word `first` of each of `names`, and the word behind it, by one `token`, in place."""
        self.weights[first, names] += self.weights[first + 1, names]
        self.tokens[first, names], self.tokens[first + 1, names] = token, -1
        self.weights[first + 1, names] = 0.0
        self.flags[first, names] = self.flags[first + 1, names] = 0


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the alignment of n pairs of names says.

    Attributes:
        partners: shape (k, n), int8: for each left word the place of its right word, -1 without one.
        similarities: shape (k, n), of each left word and its partner, -1 without one.
        agrees: shape (k, n), whether the two are one word (initials never).
        agreement, omission, contradiction, weakest, similarity: shape (n,), as in `NameFeatures`.
        joined: shape (n,), int8: 0, or 1 + the place of the word that was joined with the next; negative on the right.
    """

    partners: npt.NDArray[np.int8]
    similarities: FloatArray
    agrees: Bools
    agreement: FloatArray
    omission: FloatArray
    contradiction: FloatArray
    weakest: FloatArray
    similarity: FloatArray
    joined: npt.NDArray[np.int8]

    @classmethod
    def nothing(cls, n: int) -> Weighed:
        """Return what is known of n pairs before they are weighed; k = MAX_TOKENS."""
        zeros = np.zeros((5, n), dtype=np.float32)
        return cls(
            np.full((MAX_TOKENS, n), -1, dtype=np.int8),
            np.full((MAX_TOKENS, n), -1, dtype=np.float32),
            np.zeros((MAX_TOKENS, n), dtype=np.bool_),
            zeros[0],
            zeros[1],
            zeros[2],
            zeros[3],
            zeros[4],
            np.zeros(n, dtype=np.int8),
        )

    def put(self, rows: Rows | slice, other: Weighed) -> None:
        """Replace what is known of some pairs by what another weighing of these found, in place."""
        high = len(other.partners)
        for mine, new, nothing in (
            (self.partners, other.partners, -1),
            (self.similarities, other.similarities, -1),
            (self.agrees, other.agrees, 0),
        ):
            mine[high:, rows] = nothing
            for place in range(high):
                mine[place, rows] = new[place]
        self.agreement[rows], self.omission[rows] = other.agreement, other.omission
        self.contradiction[rows], self.weakest[rows] = other.contradiction, other.weakest
        self.similarity[rows], self.joined[rows] = other.similarity, other.joined

    def __getitem__(self, rows: Rows | Bools) -> Weighed:
        every = [getattr(self, field.name) for field in fields(self)]
        return Weighed(*(values[..., rows] for values in every))
