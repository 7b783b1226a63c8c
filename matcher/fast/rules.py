"""What does comparing words and names need to know? All tables and thresholds of `matcher.names` in one row of memory.

They are handed to compiled loops, and stand where they are looked up: costs of letters beside each other, and what the
cost of two words may be for them to be close, by what their letters weigh together.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.fast.compiled import Rows
from matcher.names.joining import JOINED_LENGTHS, JOINED_SAME, Letters
from matcher.names.pairs import NATIVE_DIFFERS, NATIVE_STRICTER
from matcher.names.phonetics import (
    _SCALES,
    INITIAL_UNITS,
    INSERTION,
    JUNCTION,
    MAX_TOKEN,
    SUBSTITUTION_UNITS,
    UNIT,
    encode_tokens,
    weight_steps,
)
from matcher.names.sides import Side
from matcher.names.table import MAX_TOKENS
from matcher.names.weighing import (
    _CONTRADICTION_EXPONENT,
    _OMISSION_COST,
    _SPREAD,
    CLOSE_LOSS,
    CLOSE_WORD,
    LEAST_CONTRADICTION,
    NO_INFORMATION,
    PET_FORM,
    SAME_WORD,
    TWIN,
    Words,
    ends_apart,
    with_initials,
)

Codes = npt.NDArray[np.uint8]

_S = len(JUNCTION)
_TOLD_APART = "aeioubcdfghjklmnprstN"
_STEP = 60
"""A letter missed costs so many units, or twice, or three times as many; three times 21 letters fill 63 bits."""
_LAYERS = 3
LOW = 2.0
"""Stands for a similarity of which only this is known: it is below what was asked."""
NOTHING_ALIKE = 1e-30
"""Stands for a similarity of 0, which is no more than it in any sum."""

WORD = np.dtype(
    [
        ("strong", "u8"),  # letters that cost one step to leave out, two, three
        ("near", "u8"),  # letters that may be exchanged for one that is here for less than that
        ("token", "i4"),  # row of the vocabulary
        ("start", "i2"),  # cost of leaving the first letter out
        ("steps", "u2"),
        ("pet", "i2"),  # row of the table of pet forms, -1 outside
        ("length", "u1"),
        ("first", "u1"),
        ("initial", "u1"),
        ("listed", "u1"),  # whether what it is like is not what its letters say: a pet form, or one who has one
    ],
    align=True,
)


def _spelled(width: int) -> np.dtype[Any]:
    fields: list[Any] = [("steps", "u4"), ("length", "u4"), ("inserts", "i2", width), ("letters", "u1", width)]
    return np.dtype(fields, align=True)


SPELLED, JOINED, WHOLE = _spelled(MAX_TOKEN), _spelled(2 * MAX_TOKEN), _spelled(MAX_TOKENS * MAX_TOKEN)
_STEPS = 2 * MAX_TOKENS * MAX_TOKEN * int(weight_steps(np.arange(_S, dtype=np.uint8)[:, None]).max())

RULES = np.dtype(
    [
        ("substitution", "i2", (2 * _S, 2 * _S)),
        ("turned", "i2", (2 * _S, 2 * _S)),  # substitution of the first letters
        ("insertion", "i2", (_S, _S, _S)),
        ("junction", "u1", (_S, _S)),
        ("letter_steps", "i4", _S),
        ("scales", "f4", _STEPS),
        ("closest", "i2", _STEPS),  # the most that two close words may cost, by their steps
        ("joinable", "i2", _STEPS),  # the same of words that may be joined
        ("bit", "i1", _S),  # of the letter in the first layer, -1 where it is told apart from nothing
        ("near", "u8", _S),  # letters exchanged for it for less than the cost of their layer
        ("step", "i4"),
        ("initials", "f4", (3, _S, _S)),  # what two initials say, and an initial on the left, on the right
        ("one_sound", "u1", (_S, _S)),
        ("sounds", "u4", _S),  # letters that are one sound with it, as bits
        ("vowel", "u1", _S),
        ("joined_lengths", "i4"),
        ("same", "f4"),
        ("close", "f4"),
        ("twin", "f4"),
        ("pet", "f4"),
        ("close_loss", "f4"),
        ("no_information", "f4"),
        ("least_contradiction", "f4"),
        ("joined_same", "f4"),
        ("native_differs", "f4"),
        ("native_stricter", "f4"),
        ("omission_cost", "f4"),
        ("spread", "f4"),
        ("contradiction_exponent", "f4"),
    ],
    align=True,
)


@lru_cache(maxsize=1)
def word_rules() -> Rows:
    """Return all that comparing words and names needs to know, shape (1,), of `RULES`."""
    rules = np.zeros(1, dtype=RULES)
    letters = np.arange(_S, dtype=np.uint8)[:, None]
    scales = _SCALES[:_STEPS]
    cheapest = np.minimum(SUBSTITUTION_UNITS, INITIAL_UNITS).reshape(2, _S, 2, _S).min(axis=(0, 2))
    kept = encode_tokens([_TOLD_APART], len(_TOLD_APART))[0]
    bit = np.full(_S, -1)
    bit[kept] = np.arange(len(kept))
    near = np.zeros(_S, dtype=np.uint64)
    for layer in range(_LAYERS):
        bits = np.uint64(1) << np.arange(len(kept) * layer, len(kept) * (layer + 1), dtype=np.uint64)
        near |= ((cheapest[:, kept] < _STEP * (layer + 1)) * bits).sum(axis=1, dtype=np.uint64)
    single = Letters.of(letters)
    one_sound = (single.begins[:, None] & single.sounds) > 0
    letter_bits = np.uint32(1) << np.minimum(np.arange(_S, dtype=np.uint32), np.uint32(31))
    follows = np.concatenate([np.ones_like(letters), letters], axis=1)
    for field, value in {
        "substitution": SUBSTITUTION_UNITS,
        "turned": INITIAL_UNITS,
        "insertion": np.rint(INSERTION / UNIT),
        "junction": JUNCTION,
        "letter_steps": weight_steps(letters),
        "scales": scales,
        "closest": most_cost(scales, CLOSE_WORD),
        "joinable": most_cost(scales, JOINED_SAME),
        "initials": np.maximum(_initials(letters), np.float32(NOTHING_ALIKE)),
        "one_sound": one_sound,
        "sounds": np.bitwise_or.reduce(one_sound * letter_bits, axis=1),
        "vowel": ends_apart(follows, np.where([True, False], follows, 0).astype(np.uint8)),
        "bit": bit,
        "near": near,
        "step": _STEP,
        "joined_lengths": JOINED_LENGTHS,
        "same": SAME_WORD,
        "close": CLOSE_WORD,
        "twin": TWIN,
        "pet": PET_FORM,
        "close_loss": CLOSE_LOSS,
        "no_information": NO_INFORMATION,
        "least_contradiction": LEAST_CONTRADICTION,
        "joined_same": JOINED_SAME,
        "native_differs": NATIVE_DIFFERS,
        "native_stricter": NATIVE_STRICTER,
        "omission_cost": _OMISSION_COST,
        "spread": _SPREAD,
        "contradiction_exponent": _CONTRADICTION_EXPONENT,
    }.items():
        rules[field] = value
    return rules


def most_cost(scales: npt.NDArray[np.float32], similarity: float) -> npt.NDArray[np.int16]:
    """Return the most units that leave two words so alike, by their steps, in the very numbers they are compared in."""
    most = np.floor((1 - similarity) / scales.astype(np.float64)).astype(np.int64) + 2
    for _ in range(4):
        most -= np.float32(1) - most.astype(np.float32) * scales < np.float32(similarity)
    return most.astype(np.int16)


def _initials(letters: Codes) -> npt.NDArray[np.float32]:
    """Return what initials say to words by the first letters of both, shape (3, s, s)."""
    words = Words(letters, np.zeros(len(letters) + 1, dtype=np.bool_), np.zeros(0, dtype=np.int64), len(letters))
    found = np.zeros((3, len(letters), len(letters)), dtype=np.float32)
    a, b = np.divmod(np.arange(found[0].size), len(letters))
    weights = np.ones((1, len(a)), dtype=np.float32)
    for number, flags in enumerate(((1, 1), (1, 0), (0, 1))):
        left, right = (
            Side(tokens[None].astype(np.intp), weights, np.full((1, len(a)), flag, dtype=np.uint8))
            for tokens, flag in zip((a, b), flags, strict=True)
        )
        grid = np.zeros((1, 1, len(a)), dtype=np.float32)
        with_initials(words, left, right, grid)
        found[number] = grid.reshape(found[0].shape)
    return found
