"""How alike is each word of one list to each word of another, when nearly all pairs are wanted?

`token_similarities` looks up the cost of each pair of letters; that is most of its time. Here one word meets thousands
at once: what one of its letters saves against every letter of all of them is looked up once for the whole list, and
what remains is adding and comparing rows of whole numbers. The results are equal, bit by bit.

Source: the edit distance of `matcher.names.phonetics`, row by row (Wagner and Fischer, 1974).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.names.phonetics import (
    INITIAL_UNITS,
    SUBSTITUTION_UNITS,
    FloatArray,
    IntArray,
    Spelled,
    similarity_of,
    spell,
    token_similarities,
)

_BLOCK = 4000  # no power of two: rows whose addresses end alike push each other out of the processor's cache
_DENSE = 4
"""Every word with every word costs less than single pairs up to so many times as many of them."""
_WIDE = 400
"""Where words meet fewer, as those of hundreds of reports meet those of one child, single pairs cost less."""
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: neighbouring keys are hashed far apart
_MOST_LETTERS = 100
"""Two words of no more letters together stay within 16 bits."""


def similarity_grid(left: npt.NDArray[np.uint8], right: npt.NDArray[np.uint8]) -> FloatArray:
    """Return the similarity of every word of one list with every word of another.

    Args:
        left: shape (l, width), letter codes from `encode_tokens`.
        right: shape (r, width).
    Returns:
        Shape (l, r), float32: the `token_similarities` of each pair.
    """
    out = np.zeros((len(left), len(right)), dtype=np.float32)
    a, b = spell(left), spell(right)
    order = np.argsort(b.lengths, kind="stable")  # words of like lengths together: a block is as wide as its longest
    for start in range(0, len(right), _BLOCK):
        part = order[start : start + _BLOCK]
        out[:, part] = _block(a, b, part)
    return out


def _block(a: Spelled, b: Spelled, part: npt.NDArray[np.intp]) -> FloatArray:
    """Return all left words with some right ones, shape (l, p)."""
    columns = int(b.lengths[part].max(initial=0))
    size = len(SUBSTITUTION_UNITS)
    letters = np.ascontiguousarray(b.letters[:columns, part])
    number = np.int16 if columns + len(a.letters) <= _MOST_LETTERS else np.int32
    inserts: npt.NDArray[np.int16 | np.int32] = b.inserts[:columns, part].astype(number)
    totals, weights = b.totals[part], b.weights[part]
    gains: dict[int, npt.NDArray[np.int16 | np.int32]] = {}
    scaled = np.empty((len(a.lengths), len(part)), dtype=np.float32)
    saved, following = (np.zeros((columns + 1, len(part)), dtype=number) for _ in range(2))
    gain = np.empty((columns, len(part)), dtype=number)
    for word, length in enumerate(a.lengths.tolist()):
        saved[:] = 0
        for i in range(length):
            letter, insert = int(a.letters[i, word]), a.inserts[i, word]
            if letter not in gains:
                gains[letter] = inserts - SUBSTITUTION_UNITS.ravel().take(letter * size + letters, mode="clip")
            np.add(gains[letter], insert, out=gain)
            if i == 0 and columns:
                gain[0] = inserts[0] - INITIAL_UNITS.ravel().take(letter * size + letters[0], mode="clip") + insert
            gain += saved[:-1]
            np.maximum(gain, saved[1:], out=gain)
            for j in range(columns):
                np.maximum(following[j], gain[j], out=following[j + 1])
            saved, following = following, saved
        scaled[word] = similarity_of(a.totals[word] + totals - saved[-1], a.weights[word] + weights)
    return scaled


def distinct(keys: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.intp]]:
    """Return (keys, place of each asked key among them), by hashing, several times faster than sorting.

    Nearly every key is there once; the few that meet another one in the same place of the table stay as they are.
    """
    bits = max(int(4 * len(keys) - 1).bit_length(), 1)
    slot = ((keys.view(np.uint64) * _ODD) >> np.uint64(64 - bits)).astype(np.intp)
    table = np.full(1 << bits, -1, dtype=np.int64)
    table[slot] = keys
    lost = np.flatnonzero(table[slot] != keys)
    used = np.flatnonzero(table >= 0)
    place = np.empty(len(table), dtype=np.intp)
    place[used] = np.arange(len(used))
    where = place[slot]
    where[lost] = len(used) + np.arange(len(lost))
    return np.concatenate([table[used], keys[lost]]), where


def pair_similarities(codes: npt.NDArray[np.uint8], left: IntArray, right: IntArray) -> FloatArray:
    """Return the `token_similarities` of m pairs many of which are the same; each is computed once.

    Args:
        codes: shape (t, width), from `encode_tokens`.
        left, right: shape (m,), rows of `codes`.
    """
    count = len(codes)
    keys, where = distinct(left * count + right)
    first, second = np.divmod(keys, count)
    rows, columns = _used(first, count), _used(second, count)
    if len(rows) * len(columns) > _DENSE * len(keys) or len(keys) < _BLOCK or len(columns) < _WIDE:
        return token_similarities(codes, first, second).take(where)
    place = np.zeros((2, count), dtype=np.intp)
    place[0, rows], place[1, columns] = np.arange(len(rows)), np.arange(len(columns))
    grid = similarity_grid(codes[rows], codes[columns])
    found: FloatArray = grid.ravel().take(place[0].take(left) * len(columns) + place[1].take(right))
    return found


def _used(rows: IntArray, count: int) -> npt.NDArray[np.intp]:
    flags = np.zeros(count, dtype=np.bool_)
    flags[rows] = True
    return np.flatnonzero(flags)
