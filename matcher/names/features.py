"""Which pieces of a word does the encoder look at? Character n-grams, hashed into a table of fixed size.

A word is seen twice: as it is written (marks and all, so that रमा and रामा differ) and as it sounds (folded, so that
सुनीता and Suneeta share their pieces). Pieces of 1 to 4 characters, the ends of the word marked. No list of n-grams is
kept: a piece's hash is its row in the encoder's table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

BUCKETS: Final = 1 << 17
WRITTEN, SOUNDED, _MEETING, _COUNTED = 0, 1, 2, 3
MOST_COUNTED: Final = 5
"""Names of so many words and more are told apart by their letters only."""
LONGEST_WORD: Final = 24
"""Characters of a word that are looked at; a longer one does not occur in names."""

_LONGEST_GRAM: Final = 4
MOST_PIECES: Final = sum(LONGEST_WORD + 3 - size for size in range(1, _LONGEST_GRAM + 1))
"""No word has more pieces."""
_EDGE: Final = 2  # a control character, which no normalised word holds
_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
_SHIFT: Final = np.uint64(64 - 17)
_CHUNK: Final = 8192


def word_features(words: Sequence[str], space: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Return the hashed n-grams of words.

    Args:
        words: n words without spaces.
        space: WRITTEN or SOUNDED; the two never share a piece.
    Returns:
        (buckets, starts): buckets of all words one after the other, int32, in [0, BUCKETS); those of word k are
        `buckets[starts[k]:starts[k + 1]]`, starts having shape (n + 1,).
    """
    parts: list[npt.NDArray[np.int32]] = []
    counts: list[npt.NDArray[np.int64]] = []
    for start in range(0, len(words), _CHUNK):
        buckets, present = _grams(words[start : start + _CHUNK], space)
        parts.append(buckets[present])
        counts.append(present.sum(axis=1))
    starts = np.zeros(len(words) + 1, dtype=np.int64)
    if counts:
        np.cumsum(np.concatenate(counts), out=starts[1:])
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32), starts


def _grams(words: Sequence[str], space: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Return (buckets, which of them exist), both of shape (n, windows of all sizes)."""
    n = len(words)
    letters = np.array(words, dtype=f"<U{LONGEST_WORD}").view(np.uint32).reshape(n, LONGEST_WORD)
    length = (letters > 0).sum(axis=1)
    width = int(length.max(initial=0)) + 2
    bounded = np.zeros((n, width), dtype=np.uint64)
    bounded[:, 1:-1] = letters[:, : width - 2]
    bounded[:, 0] = _EDGE
    bounded[np.arange(n), length + 1] = _EDGE
    buckets, present = [], []
    for size in range(1, _LONGEST_GRAM + 1):
        windows = width - size + 1
        if windows <= 0:
            break
        packed = np.full((n, windows), 8 * size + space, dtype=np.uint64)
        for offset in range(size):
            packed = packed * _MULTIPLIER + bounded[:, offset : offset + windows]
            packed ^= packed >> np.uint64(29)
        buckets.append(((packed * _MULTIPLIER) >> _SHIFT).astype(np.int32))
        exists = np.arange(windows)[None, :] + size <= (length + 2)[:, None]
        if size == 1:  # the ends alone say nothing
            exists &= (bounded != _EDGE) & (bounded > 0)
        present.append(exists & (length > 0)[:, None])
    return np.concatenate(buckets, axis=1), np.concatenate(present, axis=1)


def word_ends(words: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Return the beginnings and ends of words, shape (n, 4): first one, first two, last one, last two letters."""
    n = len(words)
    letters = np.array(words, dtype=f"<U{LONGEST_WORD}").view(np.uint32).reshape(n, LONGEST_WORD).astype(np.uint64)
    length = (letters > 0).sum(axis=1)
    rows = np.arange(n)
    last = letters[rows, np.maximum(length - 1, 0)]
    before_last = letters[rows, np.maximum(length - 2, 0)]
    first, second = letters[:, 0], letters[:, 1]
    thousand = np.uint64(1 << 21)
    return np.stack([first, first * thousand + second, last, before_last * thousand + last], axis=1)


def meeting_features(left: npt.NDArray[np.uint64], right: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
    """Return the hashed junctions of words that follow each other: what tells Than Htay from Htay Than.

    Args:
        left, right: shape (m, 4), rows of `word_ends`: a word, and the word after it.
    Returns:
        Shape (m, 4), int32, in [0, BUCKETS).
    """
    ends = left[:, [2, 3, 2, 3]]
    begins = right[:, [0, 0, 1, 1]]
    packed = (ends * _MULTIPLIER) ^ (ends >> np.uint64(17))
    packed = (packed + begins) * _MULTIPLIER + np.uint64(_MEETING)
    packed ^= packed >> np.uint64(29)
    return ((packed * _MULTIPLIER) >> _SHIFT).astype(np.int32)


def count_features(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Return the piece that says of how many words a name consists: Yin Yin and Yin share all their others.

    Args:
        counts: shape (n,), the words of each name, titles left out.
    Returns:
        Shape (n,), int32, in [0, BUCKETS).
    """
    packed = (np.minimum(counts, MOST_COUNTED).astype(np.uint64) + np.uint64(1)) * _MULTIPLIER + np.uint64(_COUNTED)
    packed ^= packed >> np.uint64(29)
    return ((packed * _MULTIPLIER) >> _SHIFT).astype(np.int32)
