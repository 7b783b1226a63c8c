"""Which number stands for a text, the same in every table and process? For many texts at once, letter by letter.

Every letter at every place has a number of its own, as if drawn at random (a mix of both, as SplitMix64 has it); that
of a text is their sum. Two texts share one by chance as seldom as two random numbers of 62 bits do.

Source: tabulation hashing (Zobrist, 1970; Patrascu and Thorup, 2012); SplitMix64 (Steele, Lea and Flood, 2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

_CHUNK: Final = 2048  # texts whose letters stay in the processor's cache
_LETTER_BITS: Final = np.uint64(21)  # there are fewer letters than that
_MIXING: Final = (
    (np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)),
    (np.uint64(27), np.uint64(0x94D049BB133111EB)),
)
_STEP, _LAST_SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(31)


def text_keys(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return a number for each text, shape (n,), positive, below 2**62; equal for equal texts."""
    letters = "".join(texts).encode("utf-32-le", "surrogatepass")
    counts = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    return letter_keys(np.frombuffer(letters, dtype=np.uint32), counts)


def letter_keys(letters: npt.NDArray[np.uint32], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the `text_keys` of n texts, shape (n,).

    Args:
        letters: shape (l,), the code points of all texts, one after the other.
        counts: shape (n,), how many each text has.
    """
    out = np.zeros(len(counts), dtype=np.int64)
    begin = 0
    for start in range(0, len(counts), _CHUNK):
        part = counts[start : start + _CHUNK]
        end = begin + int(part.sum())
        out[start : start + _CHUNK] = _keys(letters[begin:end].astype(np.uint64), part)
        begin = end
    return out


def _keys(letters: npt.NDArray[np.uint64], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the numbers of some texts; `letters` are written over."""
    ends = np.cumsum(counts)
    # Counted from 1, for else the first letter "\0" of all would be 0 and remain it however it is mixed.
    places = np.arange(1, len(letters) + 1, dtype=np.uint64)
    places -= np.repeat((ends - counts).astype(np.uint64), counts)
    places <<= _LETTER_BITS
    letters |= places
    letters *= _STEP
    for shift, factor in _MIXING:
        letters ^= letters >> shift
        letters *= factor
    letters ^= letters >> _LAST_SHIFT
    sums = np.zeros(len(letters) + 1, dtype=np.uint64)
    np.cumsum(letters, out=sums[1:])
    found: npt.NDArray[np.uint64] = (sums[ends] - sums[ends - counts]) >> np.uint64(2) | np.uint64(1)
    return found.astype(np.int64)
