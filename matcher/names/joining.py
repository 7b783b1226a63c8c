"""Which two words of one name are one word of the other (Abdul Rahman, Abdurrahman), and which names one long word?

Most pairs of names need no look: a word that is another begins with the same sound, is about as long, and has no letter
for which the other has nothing near. Only what is left is compared letter by letter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.names.phonetics import (
    INITIAL_SUBSTITUTION,
    INSERTION,
    JUNCTION,
    SUBSTITUTION,
    UNIT,
    encode_tokens,
    similarity_of,
    token_similarities,
    weight_steps,
)
from matcher.names.sides import Bools, FloatArray, Rows, Side, Weighed
from matcher.names.weighing import ONE_SOUND, Codes

Bits = npt.NDArray[np.uint64]
Picked = Rows | slice | int

JOINED_SAME: Final = 0.84
"""Words written together are the words written apart if they are at least this similar."""
JOINED_LENGTHS: Final = 3
"""No more letters may differ in number."""
_APART = (0.5, 1.0)
"""A letter that costs so much to leave out, and as much to exchange for any there is, is missed by half or whole."""
_SIZE = len(INITIAL_SUBSTITUTION) // 2
_MEETING = encode_tokens(["mn"])[0, :2].astype(np.intp)
_MARGIN = 1e-3
_JUNCTION_STEPS = 8  # n weighs less than the m that it may become
_UNITS_APART = round(_APART[0] / UNIT)
_MEETINGS_IN_TEXT = tuple(
    (re.compile(pattern), becomes)
    for pattern, becomes in (
        (r"(.) (?=\1)", ""),
        (r"m (?=[tdkgcj])", "n"),
        (r"n (?=[pbf])", "m"),
        (r"n (?=g)", "N"),
        (" ", ""),
    )
)


def _bits(rows: npt.NDArray[np.bool_]) -> Bits:
    """Return each row of s flags as the bits of one number, shape (s,)."""
    found: Bits = (rows.astype(np.uint64) << np.arange(_SIZE, dtype=np.uint64)).sum(1, dtype=np.uint64)
    return found


def _cheapest() -> FloatArray:
    """Return the least that one letter may cost for another anywhere in a word, shape (s, s)."""
    costs = np.minimum(SUBSTITUTION, INITIAL_SUBSTITUTION)
    cheapest: FloatArray = costs.reshape(2, _SIZE, 2, _SIZE).min(axis=(0, 2))
    return cheapest


def _twice(once: npt.NDArray[np.bool_], again: npt.NDArray[np.bool_]) -> Bits:
    """Return two rows of flags of a to Z as the two halves of one number; digits, which no name has, stay outside."""
    return (_bits(once) & _HALF) | ((_bits(again) & _HALF) << np.uint64(32))


_HALF = np.uint64(2**29 - 2)
_LETTER = (np.arange(_SIZE) > 0) & (np.arange(_SIZE)[:, None] > 0)
_OWN = np.eye(_SIZE, dtype=np.bool_) & _LETTER
_OWN_BITS = _bits(_OWN)
_ONE_SOUND_BITS = _bits((INITIAL_SUBSTITUTION[:_SIZE, :_SIZE] < ONE_SOUND) & _LETTER)
_LEFT_OUT = INSERTION.min(axis=(0, 2))[:, None]
_NEAR_BITS = _twice(*((_cheapest() < apart - UNIT / 2) & _LETTER for apart in _APART))
_STRONG_BITS = _twice(*((apart - UNIT / 2 < _LEFT_OUT) & _OWN for apart in _APART))
_JUNCTION_BITS = np.bitwise_or.reduce(_twice(_OWN, _OWN)[_MEETING])
_JUNCTION_NEAR = np.bitwise_or.reduce(_NEAR_BITS[_MEETING])


@dataclass(frozen=True, slots=True)
class Letters:
    """What can be said of v words without comparing them; every array has shape (v,).

    Attributes:
        lengths: int8.
        begins: the bit of the first letter.
        sounds: the bits of the letters that are one sound with it there.
        strong: the bits of the letters that are missed, by half and whole.
        near: the bits of the letters that have one here that is near, likewise.
        steps: weight of all letters, in steps.
    """

    lengths: npt.NDArray[np.int8]
    begins: Bits
    sounds: Bits
    strong: Bits
    near: Bits
    steps: npt.NDArray[np.int64]

    @classmethod
    def of(cls, codes: Codes) -> Letters:
        """Return what can be said of words, shape (v, width), from `encode_tokens`."""
        lengths = (codes > 0).sum(1, dtype=np.int8)
        columns = codes.T[: int(lengths.max(initial=1))].astype(np.intp)
        strong, near = (np.bitwise_or.reduce(bits.take(columns), axis=0) for bits in (_STRONG_BITS, _NEAR_BITS))
        first = columns[0]
        return cls(lengths, _OWN_BITS.take(first), _ONE_SOUND_BITS.take(first), strong, near, weight_steps(codes))

    def only(self, rows: Rows) -> Letters:
        """Return what can be said of some of these words."""
        return Letters(
            self.lengths[rows],
            self.begins[rows],
            self.sounds[rows],
            self.strong[rows],
            self.near[rows],
            self.steps[rows],
        )

    def together(self, one: Rows, two: Rows) -> Letters:
        """Return what can be said of words written together, shape (m,); nothing that the junction may undo."""
        return Letters(
            self.lengths[one] + self.lengths[two],
            self.begins[one],
            self.sounds[one],
            (self.strong[one] | self.strong[two]) & ~_JUNCTION_BITS,
            self.near[one] | self.near[two] | _JUNCTION_NEAR,
            self.steps[one] + self.steps[two] + _JUNCTION_STEPS,
        )

    def may_be(self, other: Letters, mine: Picked, theirs: Picked) -> Bools:
        """Return which pairs of one of these words and one of others may be at least `JOINED_SAME` alike."""
        missed = np.maximum(
            np.bitwise_count(self.strong[mine] & ~other.near[theirs]),
            np.bitwise_count(other.strong[theirs] & ~self.near[mine]),
        )
        cost = missed.astype(np.int32) * np.int32(_UNITS_APART)
        most = similarity_of(cost, self.steps[mine] + other.steps[theirs])
        alike: Bools = most >= JOINED_SAME - _MARGIN
        return alike

    def may_be_joined(self, other: Letters, mine: Picked, theirs: Picked) -> Bools:
        """Return which of these words, each two written together, and which of others may be joined for one."""
        fits: Bools = (self.begins[mine] & other.sounds[theirs]) > 0
        fits &= np.abs(self.lengths[mine] - other.lengths[theirs]) <= JOINED_LENGTHS
        return fits


@dataclass(frozen=True, slots=True)
class Joins:
    """Two words of a name that may be one of the other; every array has shape (m,).

    Attributes:
        pair: the pair of names.
        side: 0 where the two words are on the left.
        first: the place of the first of the two.
        one, two, other: rows of the words: the two, and that of the other name.
    """

    pair: Rows
    side: Rows
    first: Rows
    one: Rows
    two: Rows
    other: Rows

    def __len__(self) -> int:
        return len(self.pair)

    def __getitem__(self, rows: npt.NDArray[np.intp] | Bools) -> Joins:
        arrays = (self.pair, self.side, self.first, self.one, self.two, self.other)
        return Joins(*(values[rows] for values in arrays))

    @classmethod
    def all_of(cls, parts: list[Joins]) -> Joins:
        """Return the joins of several lists."""
        if not parts:
            return cls(*(np.zeros(0, dtype=np.intp) for _ in range(6)))
        arrays = zip(*((p.pair, p.side, p.first, p.one, p.two, p.other) for p in parts), strict=True)
        return cls(*(np.concatenate(values) for values in arrays))


def possible_joins(letters: Letters, left: Side, right: Side, found: Weighed, asked: Bools) -> list[Joins]:
    """Return what may be joined in n pairs of names, by lengths and first letters.

    Args:
        letters: of the words of both sides.
        left, right: the names.
        found: what their alignment says.
        asked: shape (n,), the pairs for which to look.
    """
    high, wide = len(left.tokens), len(right.tokens)
    partners, agrees = found.partners, found.agrees
    agrees_right = np.stack([((partners == j) & agrees).any(axis=0) for j in range(wide)])
    begins = letters.begins.take(left.tokens, mode="clip")
    sounds = letters.sounds.take(right.tokens, mode="clip")
    alike = (begins[:, None] & sounds[None]) > 0
    lengths = [letters.lengths.take(side.tokens, mode="clip") for side in (left, right)]
    full = [~side.initials & (side.tokens >= 0) for side in (left, right)]
    agreeing = [agrees, agrees_right]
    found_joins = []
    for side, (many, one) in enumerate(((left, right), (right, left))):
        alone = full[1 - side] & ~agreeing[1 - side]
        for i in range(len(many.tokens) - 1):
            two = asked & full[side][i] & full[side][i + 1] & ~(agreeing[side][i] & agreeing[side][i + 1])
            length = lengths[side][i] + lengths[side][i + 1]
            for j in range((wide, high)[side]):
                fits = two & alone[j] & (alike[i, j] if side == 0 else alike[j, i])
                fits &= np.abs(length - lengths[1 - side][j]) <= JOINED_LENGTHS
                at = np.flatnonzero(fits)
                if len(at):
                    sides, firsts = np.full(len(at), side), np.full(len(at), i)
                    tokens = many.tokens[i, at], many.tokens[i + 1, at], one.tokens[j, at]
                    found_joins.append(Joins(at, sides, firsts, *tokens))
    return found_joins


def best_joins(codes: Codes, letters: Letters, joins: Joins) -> tuple[Joins, Codes]:
    """Return the best join of each pair that has one, and the letters of its words written together."""
    together = letters.together(joins.one, joins.two)
    joins = joins[together.may_be(letters, slice(None), joins.other)]
    if not len(joins):
        return joins, codes[:0]
    value, written = joined_similarities(codes, joins.one, joins.two, joins.other)
    order = np.lexsort((-value, joins.pair))
    order = order[value[order] >= JOINED_SAME]
    order = order[np.diff(joins.pair[order], prepend=-1) > 0]  # the best of each pair
    return joins[order], written[order]


def joined_similarities(codes: Codes, one: Rows, two: Rows, other: Rows) -> tuple[FloatArray, Codes]:
    """Return how alike m times two words written together are to another, and how they are written, shape (m, w)."""
    written = _written_together(codes[one], codes[two])
    rows = np.concatenate([np.arange(len(one)), len(one) + other])
    every = np.zeros((len(one) + len(codes), max(written.shape[1], codes.shape[1])), dtype=np.uint8)
    every[: len(one), : written.shape[1]], every[len(one) :, : codes.shape[1]] = written, codes
    return token_similarities(every, rows[: len(one)], rows[len(one) :]), written


def _written_together(first: Codes, second: Codes) -> Codes:
    """Return words, shape (n, width) each, written together, shape (n, w), as wide as the longest need."""
    length = (first > 0).sum(1)
    longest = [int((part > 0).sum(1).max(initial=1)) for part in (first, second)]
    first, second = first[:, : longest[0]], second[:, : longest[1]]
    codes = np.zeros((len(first), sum(longest)), dtype=np.uint8)
    codes[:, : longest[0]] = first
    row = np.arange(len(first))
    meeting = JUNCTION[first[row, length - 1], second[:, 0]]
    codes[row, length - 1] = meeting
    begin = length - (meeting == 0)
    for letter in range(longest[1]):
        codes[row, begin + letter] = second[:, letter]
    return codes


def written_together(words: Sequence[str]) -> str:
    """Return folded words as one word; where two meet, as `JUNCTION` says."""
    text = " ".join(words)
    for pattern, becomes in _MEETINGS_IN_TEXT:
        text = pattern.sub(becomes, text)
    return text


@dataclass(frozen=True, slots=True)
class Wholes:
    """n names, each as one word.

    Attributes:
        codes: shape (n, MAX_TOKEN), the first letters of all words together.
        letters: what can be said of them.
        cut: shape (n,), whether there may be more letters.
    """

    codes: Codes
    letters: Letters
    cut: Bools

    @classmethod
    def of(cls, codes: Codes, tokens: Rows) -> Wholes:
        """Return the names whose words are the rows of `codes` in `tokens`, shape (k, n), -1 where there is none."""
        n, width = tokens.shape[1], codes.shape[1]
        lengths = (codes > 0).sum(1)
        longest = int(lengths.max(initial=1))
        out = np.zeros((n, width + longest), dtype=np.uint8)
        begin = np.arange(n) * out.shape[1]
        end = np.zeros(n, dtype=np.intp)
        cut = np.zeros(n, dtype=np.bool_)
        for place in tokens:
            rows = np.flatnonzero(place >= 0)
            if not len(rows):
                continue
            word = place[rows]
            meet = (end[rows] > 0) & (end[rows] <= width)
            last = begin[rows[meet]] + end[rows[meet]] - 1
            becomes = JUNCTION[out.ravel()[last], codes[word[meet], 0]]
            out.ravel()[last] = becomes
            end[rows[meet]] -= becomes == 0  # one letter where both are: သတ္တဝါ that ta war, Thattawar
            # What begins behind the last letter that is kept is written there, and not kept.
            at = begin[rows] + np.minimum(end[rows], width)
            out.ravel()[at[:, None] + np.arange(longest)] = codes[:, :longest].take(word, axis=0)
            cut[rows] |= lengths[word] == width
            end[rows] += lengths[word]
        out = np.ascontiguousarray(out[:, :width])
        return cls(out, Letters.of(out), cut | (end > width))

    def may_be(self, other: Wholes, mine: Picked, theirs: Picked) -> Bools:
        """Return which pairs of one of these names and one of others may be one word."""
        return self.letters.may_be(other.letters, mine, theirs)


def whole_similarities(left: Wholes, right: Wholes, a: Rows, b: Rows) -> FloatArray:
    """Return how alike the first letters of pairs of names are, each name written as one word, shape (m,)."""
    return token_similarities(np.concatenate([left.codes, right.codes]), a, b + len(left.codes))
