"""What has been worked out before? Numbers by key, for compiled loops to look up and for Python to add to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.fast.compiled import Number, Rows, compiled

Keys = npt.NDArray[np.int64]

SLOT = np.dtype([("key", "i8"), ("value", "f4")], align=True)
UNKNOWN = -1.0
_FIRST = 1024


class Memo:
    """Values from 0 by keys from 0.

    Attributes:
        slots: of `SLOT`, a power of two of them, at most half full; what is added is added to a copy, so that whoever
            reads them finds a value with every key.
    """

    def __init__(self) -> None:
        self.slots = _empty(_FIRST)
        self._count = 0

    def add(self, keys: Keys, values: npt.NDArray[np.float32]) -> None:
        """Add values, shape (n,), of keys that are not here yet, each once."""
        self._count += len(keys)
        if 2 * self._count > len(self.slots):
            slots = _empty(1 << (4 * self._count).bit_length())
            known = self.slots[self.slots["key"] >= 0]
            _insert(slots, known["key"].copy(), known["value"].copy())
        else:
            slots = self.slots.copy()
        _insert(slots, keys, values)
        self.slots = slots

    def missing(self, keys: Keys) -> Keys:
        """Return the keys that are not here, each once, sorted."""
        distinct = np.unique(keys)
        found = np.empty(len(distinct), dtype=np.float32)
        _look_up(self.slots, distinct, found)
        return distinct[found < 0]

    def values(self, keys: Keys) -> npt.NDArray[np.float32]:
        """Return the value of each key, `UNKNOWN` without one."""
        found = np.empty(len(keys), dtype=np.float32)
        _look_up(self.slots, keys, found)
        return found


def _empty(size: int) -> Rows:
    slots = np.zeros(size, dtype=SLOT)
    slots["key"] = -1
    return slots


@compiled
def remembered(slots: Rows, key: Number) -> Number:
    """Return the value of a key, -1 without one."""
    at = (key * 40503 >> 7) & (len(slots) - 1)
    while slots[at].key != key:
        if slots[at].key < 0:
            return np.float32(-1)
        at = (at + 1) & (len(slots) - 1)
    return slots[at].value


@compiled
def _insert(slots: Rows, keys: Keys, values: Rows) -> None:
    for number in range(len(keys)):
        at = (keys[number] * 40503 >> 7) & (len(slots) - 1)
        while slots[at].key >= 0:
            at = (at + 1) & (len(slots) - 1)
        slots[at].key, slots[at].value = keys[number], values[number]


@compiled
def _look_up(slots: Rows, keys: Keys, out: Rows) -> None:
    for number in range(len(keys)):
        out[number] = remembered(slots, keys[number])
