"""When do two Latin spellings stand for one sound? Phonetic folding, and a distance that knows the usual confusions.

`fold` removes what romanisers never agree on (doubled letters, aspirates, ee/i, oo/u, ph/f, sh/s). What is left is
compared by a weighted edit distance: an `a` for an `o` costs little (Mandal, Mondal), an `s` for a `g` costs a full
letter (Sita, Gita). Plain string distances have this upside down for names of the region.

`token_similarities` is the batch form over integer-coded tokens; its slow oracle is in the tests. `matcher.names.grid`
computes every word with every word by the same arrays (`spell`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]

MAX_TOKEN = 18
"""Folded tokens are compared over their first 18 letters; longer ones do not occur in names."""

# Order matters: digraphs before the letters they are made of.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.MULTILINE), replacement)
    for pattern, replacement in (
        (r"^x", "s"),  # Lao Xay; Xavier sounds so too
        (r"x", "ks"),
        (r"ksh|kkh|ksy|khy", "ks"),  # Laxmi, Lakshmi; Bengali says and often writes kkh
        (r"tch|chh|ch", "C"),
        (r"c(?=[eiy])", "s"),
        (r"ck|que$|c|q", "k"),  # Rafique, Rafik
        (r"^angel", "anjel"),
        (r"C", "c"),
        (r"p+h", "f"),
        (r"sh|sch", "s"),
        (r"zh", "Z"),  # the Tamil letter ழ, near l (Thamizh, Tamil); the Chinese initial, near j (Zhang, Jang)
        (r"ht|th", "t"),
        (r"([kgjdbtr])h", r"\1"),
        (r"hk", "k"),
        (r"hp", "p"),
        (r"^h([lmns])", r"\1"),  # Burmese Hla, Hmwe, Hnin, Hsu
        (r"one$", "on"),  # Burmese Phone, Hone
        (r"n(?=[pbf])", "m"),  # not before v: Anvar is Anwar
        (r"v", "b"),
        (r"z", "j"),
        (r"ee|ii|ie(?!$)|y(?![aeiou])", "i"),
        (r"oo|uu|ou", "u"),
        (r"aye$|ay$|ey$|ai|ei|ae", "e"),
        (r"oe$|(?:aw|au|ow)(?![aeiou])", "o"),
        (r"iy(?=[aeiou])", "i"),
        (r"(?<=[bcdfgjklmnprst])y", "i"),
        (r"uw(?=[aeiou])", "u"),
        (r"([aeiou])h$", r"\1"),
        (r"([a-z])\1+", r"\1"),
        (r"m(?=[tdkgcj])", "n"),
        (r"ng", "N"),
    )
)


@lru_cache(maxsize=65536)
def fold(token: str) -> str:
    """Return the phonetic form of one romanised token (lower-case ASCII; `N` stands for ng, `Z` for zh).

    A token never folds to nothing: one letter or more stays.
    """
    return fold_many((token.replace("\n", ""),))[0]


def fold_many(tokens: Sequence[str]) -> list[str]:
    """Return the phonetic form of each token; all are folded at once, a line each, for a rule costs per call."""
    lines = "\n".join(tokens)
    for pattern, replacement in _RULES:
        lines = pattern.sub(replacement, lines)
    return [folded or token for folded, token in zip(lines.split("\n"), tokens, strict=True)] if tokens else []


_ALPHABET = "abcdefghijklmnopqrstuvwxyzNZ0123456789"
_CODE = {letter: position + 1 for position, letter in enumerate(_ALPHABET)}
_SIZE = len(_ALPHABET) + 1  # 0 is padding
_CODE_OF_POINT = np.zeros(128, dtype=np.uint8)
_CODE_OF_POINT[[ord(letter) for letter in _ALPHABET]] = np.arange(1, _SIZE)

_INSERT: dict[str, float] = {
    "a": 0.3, "e": 0.45, "i": 0.45, "o": 0.4, "u": 0.45, "h": 0.25, "y": 0.35, "w": 0.4, "r": 0.7, "n": 0.7, "N": 0.7,
}  # fmt: skip
_VOWELS = "aeiou"
# What a letter costs where it stands: (letters before, letters, letters after, cost); ^ and $ are the ends of the word,
# an empty cell is any letter. Later rows overrule earlier ones.
_INSERT_WHERE: tuple[tuple[str, str, str, float], ...] = (
    (_VOWELS, _VOWELS, "", 0.35),  # Mao, Mo; Liou, Liu
    ("", _VOWELS, _VOWELS, 0.25),
    ("", "i", _VOWELS, 0.4),
    (_VOWELS, "y", _VOWELS, 0.1),  # Nayak, Naik
    (_VOWELS, "w", _VOWELS, 0.2),
    ("y", _VOWELS, "", 0.2),
    (_VOWELS, "r", "bcdfgjklmnpstN$", 0.35),  # where r is not spoken: Horm, Kyar
    ("a", "r", "$", 0.2),  # Burmese Thidar, Thida
    ("", "k", "s", 0.6),  # Meenakshi, Minashi
    ("k", "s", "", 0.5),  # Himakshi, Himakhi
    ("", "o", "w", 0.15),  # Anwar is Anowar in Bengal
    ("", "n", "m", 0.4),  # Burmese Ohnmar, Ohmar
    ("o", "h", "nm", 0.1),
    ("N", "g", "", 0.1),  # only where words meet: Min Ga Lar, Mingalar
    ("u", "l", "rndstj", 0.5),  # the Arabic article: Abdul Rahman, Abdurrahman
    ("", "t", "sc", 0.4),  # Tseten, Chheten
    ("n", "td", "$", 0.35),  # Nyunt, Nyun
    ("", "nN", "bcdfgjkpst", 0.6),  # nasal vowels: Chand, Chad
    ("^", "bcdfgjklmnprstzN", "", 1.3),  # Kalam is not Alam
    ("^", _VOWELS, "", 1.2),  # Amandeep is not Mandeep
    ("^", "y", "ei", 0.3),
    ("^", "h", "", 0.6),
    ("", "a", "$", 0.37),  # Karim, Karima; Anant, Ananta
    ("", "o", "$", 0.5),
    ("", "eiu", "$", 0.55),
    (_VOWELS, _VOWELS, "$", 0.4),
)
_CONFUSED: dict[str, float] = {
    "ao": 0.15, "ae": 0.3, "ai": 0.6, "au": 0.45, "ei": 0.3, "eo": 0.5, "eu": 0.6, "io": 0.6, "iu": 0.5, "ou": 0.2,
    "bw": 0.15, "bp": 0.35, "bf": 0.6, "fp": 0.2, "cs": 0.25, "cj": 0.45, "js": 0.8, "jy": 0.4, "ck": 0.6, "dt": 0.3,
    "dr": 0.45, "gk": 0.3, "mn": 0.9, "nN": 0.2, "gN": 0.4, "kN": 0.6, "lr": 0.6, "ln": 0.8, "hs": 0.5, "iy": 0.1,
    "uw": 0.1, "ow": 0.2, "ey": 0.3, "dj": 0.5, "tc": 0.7, "gj": 0.6, "lN": 0.9, "ty": 0.7, "st": 0.7,
    "ry": 0.45, "lZ": 0.3, "jZ": 0.2, "sZ": 0.5, "rZ": 0.6, "cZ": 0.2, "gh": 0.4,
}  # fmt: skip
# The vowel that ends a name is often its gender (Karima, Karim; Thoiba, Thoibi).
_CONFUSED_AT_THE_END: dict[str, float] = {
    "ae": 0.5, "ai": 0.8, "au": 0.8, "iu": 0.8, "eo": 0.8, "eu": 0.8, "io": 0.8,
    "nN": 0.45,
}  # fmt: skip
# What one script begins with and another hears otherwise: যতীন Jatin, Yatin; Imran, Emran; Burmese Yan, Ran.
_CONFUSED_AT_THE_START: dict[str, float] = {"jy": 0.25, "ei": 0.25, "ry": 0.55}
_FULL = 1.15
_INITIAL_EXTRA = 1.5  # names that differ in their first consonant are other names: Sita, Gita, Rita
_INITIAL_FROM = 0.3


# One unit of cost takes so much off: in any word, by the share of the word, and once more in short words, where every
# letter tells names apart.
_EACH, _SHARE, _SHORT = 0.1, 0.7, 0.2


def _tables() -> tuple[FloatArray, FloatArray]:
    """Return (substitution costs (2 s, 2 s), insertion costs (s, s, s) by the letters before, at and after).

    A letter that ends its word has the code of the letter + s.
    """
    insert = np.ones((_SIZE, _SIZE, _SIZE), dtype=np.float32)
    every = list(range(_SIZE))
    for before, letters, after, cost in (*(("", letter, "", cost) for letter, cost in _INSERT.items()), *_INSERT_WHERE):
        rows, middle, columns = (
            [_CODE.get(letter, 0) for letter in cell] or every for cell in (before, letters, after)
        )
        insert[np.ix_(rows, middle, columns)] = cost
    insert[:, 0, :] = 0.0
    plain = np.full((_SIZE, _SIZE), _FULL, dtype=np.float32)
    for first in _VOWELS:
        for second in _VOWELS:
            plain[_CODE[first], _CODE[second]] = 0.6
    _confuse(plain, _CONFUSED)
    np.fill_diagonal(plain, 0.0)
    final = plain.copy()
    _confuse(final, _CONFUSED_AT_THE_END)
    return np.block([[plain, plain], [plain, final]]).astype(np.float32), insert


def _confuse(table: FloatArray, costs: dict[str, float]) -> None:
    for pair, cost in costs.items():
        left, right = _CODE[pair[0]], _CODE[pair[1]]
        table[left, right] = table[right, left] = cost


SUBSTITUTION, INSERTION = _tables()
LETTER_WEIGHT = np.ones(_SIZE, dtype=np.float32)
LETTER_WEIGHT[0] = 0.0
LETTER_WEIGHT[[_CODE[letter] for letter in _INSERT]] = list(_INSERT.values())


def _at_the_start() -> FloatArray:
    """Return what exchanging the first letters of two words costs, shape (2 s, 2 s)."""
    costs = np.where(SUBSTITUTION >= _INITIAL_FROM, SUBSTITUTION * _INITIAL_EXTRA, SUBSTITUTION).astype(np.float32)
    for rows in (slice(0, _SIZE), slice(_SIZE, 2 * _SIZE)):
        for columns in (slice(0, _SIZE), slice(_SIZE, 2 * _SIZE)):
            _confuse(costs[rows, columns], _CONFUSED_AT_THE_START)
    return costs


INITIAL_SUBSTITUTION = _at_the_start()


def _junctions() -> npt.NDArray[np.uint8]:
    """Return shape (s, s): what the last letter becomes before the first of another word; 0 where both are one."""
    table = np.repeat(np.arange(_SIZE, dtype=np.uint8)[:, None], _SIZE, axis=1)
    for last, firsts, becomes in (("m", "tdkgcj", "n"), ("n", "pbf", "m"), ("n", "g", "N")):
        table[_CODE[last], [_CODE[letter] for letter in firsts]] = _CODE[becomes]
    np.fill_diagonal(table, 0)
    return table


JUNCTION = _junctions()
"""As `fold` does within a word: Ram Kumar, Rankumar; Abdur Rahman, Abdurahman."""
UNIT: Final = 0.005
"""Every cost is a multiple of it: whole numbers of 16 bits take a quarter of the time of floats, and add up exactly."""
_NEVER = 20_000  # what stands behind the end of a word is turned into nothing
_SHORT_ENOUGH = 100
"""Two words of no more letters together, and all that can be saved between them, stay within 16 bits."""


def _in_units(costs: FloatArray) -> npt.NDArray[np.int16]:
    units: npt.NDArray[np.int16] = np.rint(costs / UNIT).astype(np.int16)
    return units


def _substitutions(costs: FloatArray) -> npt.NDArray[np.int16]:
    """Return costs of substitution in units, shape (2 s, 2 s); what is no letter is never substituted."""
    units = _in_units(costs)
    units[[0, _SIZE], :] = units[:, [0, _SIZE]] = _NEVER
    return units


SUBSTITUTION_UNITS, INITIAL_UNITS = _substitutions(SUBSTITUTION), _substitutions(INITIAL_SUBSTITUTION)
_INSERTION_UNITS = _in_units(INSERTION)
_WEIGHT_STEP = 0.05
_LETTER_STEPS = np.rint(LETTER_WEIGHT / _WEIGHT_STEP).astype(np.int64)


def _scales() -> FloatArray:
    """Return what a unit of cost takes off, by the steps of weight that both words have together."""
    weight = np.maximum(np.arange(2 * 400 * int(_LETTER_STEPS.max())) * _WEIGHT_STEP / 2, 0.5)
    return (UNIT * (_EACH + _SHARE / weight + _SHORT / weight**2)).astype(np.float32)


_SCALES = _scales()


@dataclass(frozen=True, slots=True)
class Spelled:
    """Words with what their letters cost where they stand; columns are words, rows are as many places as any needs.


    Attributes:
        letters: shape (width, n), by which substitutions are looked up: the last letter of a word has its code + s.
        inserts: shape (width, n), in units; 0 behind the end.
        lengths: shape (n,).
        totals: shape (n,), in units: all letters of the word inserted.
        weights: shape (n,), in steps.
    """

    letters: npt.NDArray[np.intp]
    inserts: npt.NDArray[np.int16]
    lengths: npt.NDArray[np.intp]
    totals: npt.NDArray[np.int32]
    weights: npt.NDArray[np.int64]


def spell(codes: npt.NDArray[np.uint8]) -> Spelled:
    """Return words, shape (n, width) from `encode_tokens`, with what their letters cost where they stand."""
    lengths = (codes > 0).sum(1)
    padded = np.zeros((int(lengths.max(initial=0)) + 2, len(codes)), dtype=np.intp)
    before, here, after = padded[:-2], padded[1:-1], padded[2:]
    here[:] = codes.T[: len(here)]
    inserts = _INSERTION_UNITS.ravel().take((before * _SIZE + here) * _SIZE + after, mode="clip")
    letters = here + _SIZE * ((here > 0) & (after == 0))
    return Spelled(letters, inserts, lengths, inserts.sum(0, dtype=np.int32), weight_steps(codes))


def weight_steps(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return what all letters of words weigh, in steps, shape (n,)."""
    columns = codes.T[: int((codes > 0).sum(1).max(initial=0))]
    steps: npt.NDArray[np.int64] = _LETTER_STEPS.take(columns, mode="clip").sum(0)
    return steps


def similarity_of(cost: npt.NDArray[np.int32], weight: npt.NDArray[np.int64]) -> FloatArray:
    """Return 1 - cost / (mean of both tokens' weight), never below 0, by the steps of weight of both together."""
    similarity: FloatArray = 1 - cost.astype(np.float32) * _SCALES.take(weight, mode="clip")
    return np.maximum(similarity, np.float32(0), out=similarity)


def encode_tokens(tokens: Sequence[str], width: int = MAX_TOKEN) -> npt.NDArray[np.uint8]:
    """Return folded tokens as letter codes, shape (n, width), uint8, 0-padded; unknown letters are passed over."""
    if not _CODE.keys() >= set("".join(tokens)):
        tokens = ["".join(letter for letter in token if letter in _CODE) for token in tokens]
    cut = [token[:width] for token in tokens]
    # Four bytes a letter, as numpy keeps text; the letters behind a word's end are 0.
    points = np.array(cut, dtype=f"<U{width}").view(np.uint32).reshape(len(cut), width)
    return _CODE_OF_POINT.take(points, mode="clip")


def token_similarities(codes: npt.NDArray[np.uint8], left: IntArray, right: IntArray, chunk: int = 4000) -> FloatArray:
    """Return the similarity of token pairs.

    Args:
        codes: shape (t, width), from `encode_tokens`.
        left, right: shape (n,), rows of `codes`.
        chunk: pairs handled at once; small enough that their tables stay in the processor's cache.
    Returns:
        Shape (n,), float32 in [0, 1]: 1 - cost / (mean of both tokens' weight), never below 0; 1.0 only when equal.
    """
    if len(left) == 0:
        return np.zeros(0, dtype=np.float32)
    used = np.zeros(len(codes), dtype=np.bool_)
    used[left] = used[right] = True
    rows = np.flatnonzero(used)
    place = np.empty(len(codes), dtype=np.intp)
    place[rows] = np.arange(len(rows))
    words = spell(codes[rows])
    left, right = place[left], place[right]
    if len(left) <= chunk:
        return _similarity_chunk(words, left, right)
    # Pairs of like lengths together: a chunk takes as many steps as its longest words need.
    size = codes.shape[1] + 1
    order = np.argsort((words.lengths[left] * size + words.lengths[right]).astype(np.uint16), kind="stable")
    out = np.empty(len(left), dtype=np.float32)
    for start in range(0, len(left), chunk):
        part = order[start : start + chunk]
        out[part] = _similarity_chunk(words, left[part], right[part])
    return out


def _similarity_chunk(words: Spelled, left: npt.NDArray[np.intp], right: npt.NDArray[np.intp]) -> FloatArray:
    rows, columns = int(words.lengths[left].max(initial=0)), int(words.lengths[right].max(initial=0))
    letters_a = words.letters[:rows].take(left, axis=1) * (2 * _SIZE)
    letters_b = words.letters[:columns].take(right, axis=1)
    number = np.int16 if rows + columns <= _SHORT_ENOUGH else np.int32
    insert_a = words.inserts[:rows].take(left, axis=1).astype(number, copy=False)
    insert_b = words.inserts[:columns].take(right, axis=1).astype(number, copy=False)
    # saved[j] is the most that substitutions save between the first i letters of a and the first j of b, beside taking
    # out all of a and putting in all of b; the cost is what is left. Behind the ends of words nothing is saved.
    saved = np.zeros((columns + 1, len(left)), dtype=number)
    following = saved.copy()
    for i in range(rows):
        gain = insert_b - SUBSTITUTION_UNITS.ravel().take(letters_a[i] + letters_b, mode="clip")
        if i == 0 and columns:
            gain[0] = insert_b[0] - INITIAL_UNITS.ravel().take(letters_a[0] + letters_b[0], mode="clip")
        gain += insert_a[i]
        gain += saved[:-1]
        np.maximum(gain, saved[1:], out=gain)
        for j in range(columns):
            np.maximum(following[j], gain[j], out=following[j + 1])
        saved, following = following, saved
    cost = words.totals[left] + words.totals[right] - saved[-1]
    return similarity_of(cost, words.weights[left] + words.weights[right])
