"""What do many pairs of names say? Sorted into like pairs, weighed by thousands, looked at again where words may join.

Every step is a function of the two sides and the similarities of their words; who calls decides where these come from:
computed for the pairs that are asked (`compare_batch`), or looked up in a grid made once (`SimilarityTable`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from matcher.names.joining import (
    JOINED_SAME,
    Joins,
    Letters,
    Wholes,
    best_joins,
    possible_joins,
    whole_similarities,
    written_together,
)
from matcher.names.phonetics import MAX_TOKEN, encode_tokens, token_similarities
from matcher.names.sides import Bools, FloatArray, Rows, Side, Weighed
from matcher.names.table import MAX_TOKENS, NameTable
from matcher.names.weighing import SAME_WORD, IntArray, Words, weigh, with_initials

Chunk = tuple[Side, Side]
WordGrids = Callable[[Sequence[Chunk]], Iterator[FloatArray]]
"""Gives for each chunk of pairs the similarity of every left word with every right one, shape (k, l, n)."""

_CHUNK = 8000  # what is known of so many pairs stays in the processor's cache
_FEW = 1000  # so many pairs cost less in one chunk, gaps and all, than in a dozen small ones
INHERENT = ("Knda", "Telu", "Mlym", "Sinh", "Orya")
NATIVE_DIFFERS, NATIVE_STRICTER = 0.97, 1.5
_ORDERS = 2**16 // (MAX_TOKENS + 1) ** 2


@dataclass(frozen=True, slots=True)
class Party:
    """The distinct names of one side of many comparisons.

    Attributes:
        names: shape (u,), their ids in the table.
        place: shape (t,), the place of each name of the table among them.
        words: shape (MAX_TOKENS, u) each, their words; tokens are rows of `Field.words`.
        counts: shape (u,), how many words each name has.
        wholes: each name as one word.
    """

    names: Rows
    place: Rows
    words: Side
    counts: npt.NDArray[np.uint8]
    wholes: Wholes


@dataclass(frozen=True, slots=True)
class Field:
    """Two sides and the words that are in either.

    Attributes:
        table: holds the names of both sides.
        words: those of both sides.
        letters: what can be said of the words without comparing them.
        left, right: the two sides.
    """

    table: NameTable
    words: Words
    letters: Letters
    left: Party
    right: Party

    @classmethod
    def of(cls, table: NameTable, left: IntArray, right: IntArray) -> Field:
        """Return the field of comparisons between names, given by their ids; any order, repeated or not."""
        names = [_used(ids, len(table)) for ids in (left, right)]
        every = Words.of(table)
        sides = [Side.of(table, every.courtesy, rows) for rows in names]
        tokens = np.zeros(len(table.codes) + 1, dtype=np.bool_)
        for side in sides:
            tokens[side.tokens] = True
        words, place = every.only(np.flatnonzero(tokens[:-1]))
        parties = []
        for rows, side in zip(names, sides, strict=True):
            where = np.zeros(len(table), dtype=np.intp)
            where[rows] = np.arange(len(rows))
            own = Side(place[side.tokens], side.weights, side.flags)
            parties.append(Party(rows, where, own, own.counts, Wholes.of(words.codes, own.tokens)))
        return cls(table, words, Letters.of(words.codes), parties[0], parties[1])

    def asked_grids(self, chunks: Sequence[Chunk]) -> Iterator[FloatArray]:
        """Yield the grids of chunks of pairs; each distinct pair of words in any of them is compared once."""
        if not chunks:
            return
        sides = [
            np.concatenate([np.broadcast_to(tokens, shape).ravel() for tokens, shape in parts])
            for parts in (
                [(a.tokens[:, None], _shape(a, b)) for a, b in chunks],
                [(b.tokens[None], _shape(a, b)) for a, b in chunks],
            )
        ]
        present = (sides[0] >= 0) & (sides[1] >= 0)
        if present.all():
            values = self.words.similarities(sides[0], sides[1])
        else:
            values = np.full(len(present), -1, dtype=np.float32)
            values[present] = self.words.similarities(sides[0][present], sides[1][present])
        start = 0
        for a, b in chunks:
            shape = _shape(a, b)
            size = shape[0] * shape[1] * shape[2]
            yield values[start : start + size].reshape(shape)
            start += size

    def explain(self, left: IntArray, right: IntArray, grids: WordGrids) -> tuple[Weighed, Bools]:
        """Return what n pairs of names say, and which names are alike only as one long word.

        Args:
            left, right: shape (n,), name ids.
            grids: gives the similarities of words.
        """
        a, b, order, starts = self._order(left, right)
        left, right = left[order], right[order]
        strict = self._final_vowel_counts(left, right)
        count_a, count_b = self.left.counts[a], self.right.counts[b]
        found, open_, joins = self._weighed(a, b, strict, starts, grids)
        open_ &= (count_a > 0) & (count_b > 0)
        self._join(a, b, strict, found, Joins.all_of(joins))
        whole = self._whole(a, b, found, np.flatnonzero(open_ & (count_a != count_b)))
        rows = self._hold_apart(left, right, strict, found.similarity)
        found.weakest[rows] = np.minimum(found.weakest[rows], NATIVE_DIFFERS)
        found.similarity[:] = self._bounded(a, b, found.similarity)
        back = np.empty(len(order), dtype=np.intp)
        back[order] = np.arange(len(order))
        return found[back], whole[back]

    def unjoined(self, left: IntArray, right: IntArray, grids: WordGrids) -> FloatArray:
        """Return the similarity of n pairs of names none of which may have words that join, shape (n,)."""
        a, b, order, starts = self._order(left, right)
        left, right = left[order], right[order]
        strict = self._final_vowel_counts(left, right)
        similarity = np.empty(len(a), dtype=np.float32)
        parts, chunks = self._chunks(a, b, starts)
        for part, (names_a, names_b), grid in zip(parts, chunks, grids(chunks), strict=True):
            with_initials(self.words, names_a, names_b, grid)
            similarity[part] = weigh(self.words, names_a, names_b, grid, strict[part]).similarity
        self._hold_apart(left, right, strict, similarity)
        out = np.empty_like(similarity)
        out[order] = self._bounded(a, b, similarity)
        return out

    def _bounded(self, a: Rows, b: Rows, similarity: FloatArray) -> FloatArray:
        """Return similarities within [0, 1], and 0 for a name without words."""
        nobody = (self.left.counts[a] == 0) | (self.right.counts[b] == 0)
        return np.where(nobody, np.float32(0), np.clip(similarity, 0.0, 1.0))

    def _order(self, left: IntArray, right: IntArray) -> tuple[Rows, Rows, Rows, list[int]]:
        """Return (left names, right names, order, where a new chunk begins).

        Pairs are ordered by the number of words on both sides, then by the left name.
        """
        a, b = self.left.place.take(left), self.right.place.take(right)
        if len(a) <= _FEW:
            return a, b, np.arange(len(a)), [0, len(a)] if len(a) else [0]
        group = self.left.counts[a].astype(np.intp) * (MAX_TOKENS + 1) + self.right.counts[b]
        key = group * _ORDERS + a * _ORDERS // max(len(self.left.names), 1)
        order = np.argsort(key.astype(np.uint16), kind="stable")
        group = group[order]
        starts: list[int] = []
        for first, last in _runs(group):
            starts += range(first, last, _CHUNK)
        return a[order], b[order], order, [*starts, len(a)]

    def _chunks(self, a: Rows, b: Rows, starts: list[int]) -> tuple[list[slice], list[Chunk]]:
        parts = [slice(start, end) for start, end in pairwise(starts)]
        chunks = [
            (
                self.left.words.take(a[part], max(int(self.left.counts[a[part]].max()), 1)),
                self.right.words.take(b[part], max(int(self.right.counts[b[part]].max()), 1)),
            )
            for part in parts
        ]
        return parts, chunks

    def _weighed(
        self, a: Rows, b: Rows, strict: Bools, starts: list[int], grids: WordGrids
    ) -> tuple[Weighed, Bools, list[Joins]]:
        """Return (what is found word by word, where joining words may explain more, which words may join)."""
        found, open_ = Weighed.nothing(len(a)), np.zeros(len(a), dtype=np.bool_)
        joins = []
        parts, chunks = self._chunks(a, b, starts)
        for part, (left, right), grid in zip(parts, chunks, grids(chunks), strict=True):
            with_initials(self.words, left, right, grid)
            now = weigh(self.words, left, right, grid, strict[part])
            found.put(part, now)
            open_[part] = (now.contradiction > 0) | (now.omission > 0) | (now.weakest < SAME_WORD)
            if max(len(left.tokens), len(right.tokens)) > 1:
                # Words written together on one side only: Abdul Rahman, Abdurrahman; syllables of a Burmese name.
                for join in possible_joins(self.letters, left, right, now, open_[part]):
                    join.pair[:] += part.start
                    joins.append(join)
        return found, open_, joins

    def _join(self, a: Rows, b: Rows, strict: Bools, found: Weighed, joins: Joins) -> None:
        """Where two words of one name are one word of the other, weigh anew; keep what explains more, in place."""
        if not len(joins):
            return
        best, codes = best_joins(self.words.codes, self.letters, joins)
        if not len(best):
            return
        words = self.words.with_more(codes)
        token = len(self.words.codes) + np.arange(len(best))
        left, right = self.left.words.take(a[best.pair]), self.right.words.take(b[best.pair])
        for number, side in enumerate((left, right)):
            mine = np.flatnonzero(best.side == number)
            side.joined(mine, best.first[mine], token[mine])
        field = Field(self.table, words, self.letters, self.left, self.right)
        grid = next(field.asked_grids([(left, right)]))
        with_initials(words, left, right, grid)
        other = weigh(words, left, right, grid, strict[best.pair])
        other.joined[:] = np.where(best.side == 0, best.first + 1, -best.first - 1)
        better = np.flatnonzero(other.similarity > found.similarity[best.pair])
        found.put(best.pair[better], other[better])

    def _whole(self, a: Rows, b: Rows, found: Weighed, asked: Rows) -> Bools:
        """Take for one word the names that are more alike so, in place; return where that is, shape (n,)."""
        asked = asked[self.left.wholes.may_be(self.right.wholes, a[asked], b[asked])]
        whole = np.zeros(len(a), dtype=np.bool_)
        if not len(asked):
            return whole
        together = whole_similarities(self.left.wholes, self.right.wholes, a[asked], b[asked])
        cut = (self.left.wholes.cut[a[asked]] | self.right.wholes.cut[b[asked]]) & (together >= JOINED_SAME)
        again = np.flatnonzero(cut)
        if len(again):
            # Over the letters that most names have, and to the end where a contradiction may stand further on.
            together[again] = self._to_the_end(a[asked[again]], b[asked[again]])
        joins = (together >= JOINED_SAME) & (together > found.similarity[asked])
        asked, together = asked[joins], together[joins]
        weights = (party.words.weights for party in (self.left, self.right))
        totals = [weight[:, rows].sum(0) for weight, rows in zip(weights, (a[asked], b[asked]), strict=True)]
        found.agreement[asked] = np.maximum(*totals) * together
        found.contradiction[asked] = found.omission[asked] = 0.0
        found.weakest[asked] = found.similarity[asked] = together
        whole[asked] = True
        return whole

    def _to_the_end(self, a: Rows, b: Rows) -> FloatArray:
        rows = np.concatenate([self.left.names[a], self.right.names[b]])
        vocabulary = self.table.vocabulary
        words = [
            written_together([vocabulary[token] for token in name if token >= 0])
            for name in self.table.tokens[rows].tolist()
        ]
        codes = encode_tokens(words, MAX_TOKENS * MAX_TOKEN)
        return token_similarities(codes, np.arange(len(a)), np.arange(len(a)) + len(a))

    def _final_vowel_counts(self, left: IntArray, right: IntArray) -> Bools:
        """Return the pairs of one script that write a vowel at the end on purpose, shape (n,).

        Between two scripts, and where the last consonant has its vowel unwritten, it is a matter of spelling.
        """
        unwritten = np.array([name in INHERENT for name in self.table.script_names])
        scripts = self.table.scripts[left]
        counts: Bools = (scripts == self.table.scripts[right]) & ~unwritten[scripts]
        return counts

    def _hold_apart(self, left: IntArray, right: IntArray, strict: Bools, similarity: FloatArray) -> Rows:
        """Make two native spellings that differ less alike, in place; return where they do.

        However alike they sound in Latin letters they are never quite one name; and writers of one script have fewer
        ways to write one name than writers of two.
        """
        table = self.table
        scripts = table.scripts[left]
        rows: Rows = np.flatnonzero((scripts > 0) & (scripts == table.scripts[right]))
        rows = rows[table.written[left[rows]] != table.written[right[rows]]]
        stricter = np.maximum(similarity[rows], 0) ** np.where(strict[rows], np.float32(NATIVE_STRICTER), 1)
        similarity[rows] = np.minimum(stricter, NATIVE_DIFFERS)
        return rows


def _used(ids: IntArray, size: int) -> Rows:
    flags = np.zeros(size, dtype=np.bool_)
    flags[ids] = True
    return np.flatnonzero(flags)


def _shape(left: Side, right: Side) -> tuple[int, int, int]:
    return len(left.tokens), len(right.tokens), left.tokens.shape[1]


def _runs(group: Rows) -> Iterator[tuple[int, int]]:
    """Yield (first, last + 1) of each run of equal numbers."""
    ends = [*np.flatnonzero(np.diff(group) != 0).tolist(), len(group) - 1]
    first = 0
    for last in ends:
        if last >= first:
            yield first, last + 1
        first = last + 1
