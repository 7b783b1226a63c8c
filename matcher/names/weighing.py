"""Which word of one name is which word of the other, and what does that say? Arrays in, arrays out.

Words are aligned best pair first, whatever their order. A pair of words agrees, is close, contradicts, or says nothing
(Begum beside Khatun: writers exchange them). Pairs of names with as many words as each other are weighed together, and
names stand in columns: every step is then one operation on a row of thousands of pairs, with no gaps to skip.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matcher.names.grammar_tables import Grammar
from matcher.names.grid import pair_similarities
from matcher.names.nicknames import pet_keys
from matcher.names.phonetics import INITIAL_SUBSTITUTION, encode_tokens, fold
from matcher.names.romanize import romanize
from matcher.names.sides import IS_COURTESY, IS_INITIAL, Bools, FloatArray, Side, Weighed
from matcher.names.table import NameTable
from matcher.reference import read_table

IntArray = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]

SAME_WORD: Final = 0.86
"""Two words at least this similar are taken for one word in two spellings."""
CLOSE_WORD: Final = 0.70
"""Below this, two words are two words; between, nobody can say from the spelling."""
PET_FORM: Final = 0.85
INITIAL: Final = 0.88
TWIN: Final = 0.75
"""How alike two names are of which one has a vowel more at its end, where that is written on purpose."""
CLOSE_LOSS: Final = 0.25
NO_INFORMATION: Final = 0.15
"""A word of no more weight (Md, Devi, Kumar) is left out by one writer rather than contradicted."""
LEAST_CONTRADICTION: Final = 0.4
"""A common family name beside another one says little where it agrees, but more where it does not."""
_OMISSION_COST = 0.2
_CONTRADICTION_EXPONENT = math.log(0.6)
_SPREAD = 0.8
ONE_SOUND: Final = 0.3
"""Letters that cost less to exchange at the beginning of a word are one sound there."""
_COURTESY_WEIGHT = 0.25
_COURTESY = re.compile(r"women|girl|widow|article|set before")
# Folding hides what an initial may stand for: C. (which folds to k) for Chandra, P. for Phulmoni, Y. (i) for Yasmin, A.
# for Aye (e).
_STANDS_ALSO_FOR = np.zeros(256, dtype=np.uint8)
_STANDS_ALSO_FOR[encode_tokens(["kpia"])[0, :4]] = encode_tokens(["cfye"])[0, :4]

_VOWELS = encode_tokens(["aeiou"])[0, :5]


@dataclass(frozen=True, slots=True)
class Words:
    """The distinct words that are compared.

    Attributes:
        codes: shape (v, width), their letters.
        courtesy: shape (v + 1,), whether writers exchange the word for another or leave it out; row -1 is no word.
        pets: keys of pet forms with their formal names, from `pet_keys`; rows count up to `size`.
        size: how many words `pets` is about.
    """

    codes: Codes
    courtesy: Bools
    pets: IntArray
    size: int

    @classmethod
    def of(cls, table: NameTable) -> Words:
        """Return the words of a table of names."""
        vocabulary = table.vocabulary
        return cls(table.codes, _courtesy(vocabulary), pet_keys(vocabulary), len(vocabulary))

    def only(self, rows: npt.NDArray[np.intp]) -> tuple[Words, npt.NDArray[np.intp]]:
        """Return some of these words, and the new row of each word, shape (v + 1,); row -1 stays without a word."""
        place = np.full(len(self.codes) + 1, -1, dtype=np.intp)
        place[rows] = np.arange(len(rows))
        pets = np.stack([place[part] for part in np.divmod(self.pets, max(self.size, 1))])
        pets = pets[:, (pets >= 0).all(axis=0)]
        courtesy = np.append(self.courtesy[rows], False)
        return Words(self.codes[rows], courtesy, np.sort(pets[0] * len(rows) + pets[1]), len(rows)), place

    def similarities(self, left: IntArray, right: IntArray) -> FloatArray:
        """Return the similarity of m pairs of words, shape (m,)."""
        values = pair_similarities(self.codes, left, right)
        self.raise_pets(values, left, right)
        return values

    def raise_pets(self, values: FloatArray, left: IntArray, right: IntArray) -> None:
        """Raise the similarity of pet forms with their formal names, in place."""
        if not len(self.pets):
            return
        formal = np.zeros(len(self.codes), dtype=np.bool_)
        formal[np.concatenate(np.divmod(self.pets, self.size))] = True
        rows = np.flatnonzero(formal[left] & formal[right])
        one, other = left[rows], right[rows]
        keys = np.minimum(one, other) * self.size + np.maximum(one, other)
        rows = rows[self.pets[np.minimum(np.searchsorted(self.pets, keys), len(self.pets) - 1)] == keys]
        values[rows] = np.maximum(values[rows], np.float32(PET_FORM))

    def with_more(self, codes: Codes) -> Words:
        """Return these words and, behind them, others of which nothing but the letters is known, shape (m, width)."""
        every = np.zeros((len(self.codes) + len(codes), max(self.codes.shape[1], codes.shape[1])), dtype=np.uint8)
        every[: len(self.codes), : self.codes.shape[1]] = self.codes
        every[len(self.codes) :, : codes.shape[1]] = codes
        nothing = np.zeros(len(codes) + 1, dtype=np.bool_)
        return Words(every, np.concatenate([self.courtesy[:-1], nothing]), self.pets, self.size)


@lru_cache(maxsize=1)
def courtesy_words() -> frozenset[str]:
    """Return the folded words that writers exchange for one another or leave out: Begum, Khatun, Devi, Abdul."""
    canonical = Grammar.load().canonical
    plain = {
        fold(romanize(row["latin"]).replace(" ", ""))
        for row in read_table("names/weak_tokens.tsv")
        if not row["expands"] and float(row["weight"]) <= _COURTESY_WEIGHT and _COURTESY.search(row["meaning"])
    }
    words = plain | {canonical[word] for word in plain if word in canonical}
    return frozenset(word for word in words if len(word) > 2)  # by two letters Dei (courtesy) would be Dey (a family)


@lru_cache(maxsize=2)
def _courtesy(vocabulary: Sequence[str]) -> Bools:
    return np.fromiter(map(courtesy_words().__contains__, (*vocabulary, "")), dtype=np.bool_, count=len(vocabulary) + 1)


def with_initials(words: Words, left: Side, right: Side, grid: FloatArray) -> None:
    """Put into a grid of similarities, shape (k, l, n), what an initial says to each word, in place; -1 without one."""
    if min(left.tokens.min(initial=0), right.tokens.min(initial=0)) < 0:
        grid[(left.tokens[:, None] < 0) | (right.tokens[None] < 0)] = -1
    some = np.flatnonzero(left.initials.any(axis=0) | right.initials.any(axis=0))
    if not len(some):
        return
    left, right = left.take(some), right.take(some)
    initial = left.initials[:, None] | right.initials[None]
    i, j, pair = np.nonzero(initial & (left.tokens[:, None] >= 0) & (right.tokens[None] >= 0))
    letter_a, letter_b = words.codes[left.tokens[i, pair], 0], words.codes[right.tokens[j, pair], 0]
    only_a, only_b = ~right.initials[j, pair], ~left.initials[i, pair]
    same = (letter_a == letter_b) | (only_a & (_STANDS_ALSO_FOR[letter_a] == letter_b))
    same |= only_b & (_STANDS_ALSO_FOR[letter_b] == letter_a)
    # A. for Ojit, who is Ajit as well.
    same |= (only_a | only_b) & (INITIAL_SUBSTITUTION[letter_a, letter_b] < ONE_SOUND)
    grid[i, j, some[pair]] = np.where(same, np.where(only_a | only_b, INITIAL, 1.0), 0.0)


def settle(grid: FloatArray) -> tuple[FloatArray, npt.NDArray[np.int8]]:
    """Return (similarities, partners) of the greedy best alignment, both of shape (k, n), -1 without one.

    Args:
        grid: shape (k, l, n): every word with every word, -1 where one is missing; it is used up.
    """
    high, wide, n = grid.shape
    similarities = np.full((high, n), -1.0, dtype=np.float32)
    partners = np.full((high, n), -1, dtype=np.int8)
    cells, rows, columns = (np.arange(size, dtype=np.uint8)[:, None] for size in (high * wide, high, wide))
    flat = grid.reshape(high * wide, n)
    steps = min(high, wide)
    # Pairs are settled best first, of equals the one that stands first; what is aligned sinks below zero.
    for step in range(1, steps + 1):
        best = flat.max(axis=0)
        place = ((flat == best).view(np.uint8) * (high * wide - cells)).max(axis=0)
        row, column = np.divmod(high * wide - place, np.uint8(wide))
        here = (rows == row) & (best >= 0)
        np.copyto(similarities, best, where=here)
        np.copyto(partners, column.view(np.int8), where=here)
        if step < steps:
            grid -= (here * np.float32(4))[:, None]
            grid -= ((columns == column) * np.float32(4))[None]
    return similarities, partners


def weigh(words: Words, left: Side, right: Side, grid: FloatArray, strict: Bools) -> Weighed:
    """Align the words of n pairs of names and weigh what is found.

    Args:
        words: those of both sides.
        left, right: the names; of k and l words.
        grid: shape (k, l, n), how alike every left word is to every right one, from `with_initials`; it is used up.
        strict: shape (n,), where a vowel more at the end makes another word (Karim, Karima).
    """
    similarities, partners = settle(grid)
    _part_twins(words, left, right, similarities, partners, strict)
    # A last row of the right side stands for no partner.
    n = grid.shape[2]
    at = np.where(partners < 0, np.int8(len(right.tokens)), partners).astype(np.intp)
    at *= n
    at += np.arange(n)
    weight_right = _with_none(right.weights).take(at, mode="clip")
    flags = _with_none(right.flags).take(at, mode="clip")
    flags |= left.flags
    weight = np.minimum(left.weights, weight_right)
    agrees = similarities >= SAME_WORD
    related = similarities >= CLOSE_WORD
    initials = (flags & IS_INITIAL).view(np.bool_)
    speaks = initials | ~((flags & IS_COURTESY).astype(np.bool_) | (weight <= NO_INFORMATION))
    contradicts = (partners >= 0) & ~related & speaks

    settled = (related | contradicts).astype(np.float32)
    certain = similarities - (related & ~agrees) * np.float32(CLOSE_LOSS)
    related_weight = weight * related
    agreement = (related_weight * certain).sum(0)
    against = np.maximum(weight, ~initials * np.float32(LEAST_CONTRADICTION)) * contradicts
    contradiction = against.sum(0)
    omission = (left.weights * (1 - settled)).sum(0)
    omission += np.maximum(right.weights.sum(0) - (weight_right * settled).sum(0), 0)
    total = agreement + contradiction + np.float32(_OMISSION_COST) * omission
    # What the spellings of related words leave open counts as well, in long names somewhat less.
    weights = related_weight.sum(0)
    doubt = (weights - agreement) / np.sqrt(np.maximum(weights, 1))
    # Contradiction counts geometrically, and the more the less alike the two words are.
    exponent = (against * (np.float32(1.3) - similarities)).sum(0) * np.float32(_CONTRADICTION_EXPONENT)
    factor = np.exp(exponent - np.float32(_SPREAD) * doubt)
    return Weighed(
        partners,
        similarities,
        agrees & ~initials,
        agreement,
        omission,
        contradiction,
        np.where(related, similarities, np.float32(1)).min(axis=0),
        agreement / np.maximum(total, np.float32(1e-6)) * factor,
        np.zeros(n, dtype=np.int8),
    )


def ends_apart(a: Codes, b: Codes) -> Bools:
    """Return where two words, shape (n, width) each, are one but for a vowel more at the end of one, shape (n,)."""
    extra = a != b
    where = extra.argmax(axis=1)
    rows = np.arange(len(a))
    one, other = a[rows, where], b[rows, where]
    apart: Bools = (extra.sum(1) == 1) & ((one == 0) | (other == 0)) & np.isin(np.maximum(one, other), _VOWELS)
    return apart


def _part_twins(
    words: Words,
    left: Side,
    right: Side,
    similarities: FloatArray,
    partners: npt.NDArray[np.int8],
    strict: Bools,
) -> None:
    """Make words that are one but for a vowel more at the end of one less alike where that counts, in place.

    M. is no Mee without a vowel: it stands for her.
    """
    place, pair = np.nonzero(strict & (similarities >= SAME_WORD) & (similarities < 1))
    if len(pair):
        column = partners[place, pair].astype(np.intp)
        one, other = left.tokens[place, pair], right.tokens[column, pair]
        twins = ends_apart(words.codes[one], words.codes[other]) & (similarities[place, pair] > TWIN)
        twins &= ~(left.initials[place, pair] | right.initials[column, pair])
        similarities[place[twins], pair[twins]] = TWIN


def _with_none(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.concatenate([rows, np.zeros_like(rows[:1])]).ravel()
