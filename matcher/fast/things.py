"""In which situation are the things that two records name? Which things these are, while she may still have them.

The comparisons `compare.carried.CLOTHING` and `BELONGINGS` look at no more than this; what they say of it they are
asked. Few pairs are close enough in time, and those few name the same things again and again.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.compare.carried import BELONGINGS, BELONGINGS_DAYS, CLOTHING, CLOTHING_DAYS
from matcher.fast.compiled import Number, Rows, compiled
from matcher.fast.tables import numbered

Int32 = npt.NDArray[np.int32]

COMPARISONS = (CLOTHING, BELONGINGS)
_DAYS = (CLOTHING_DAYS, BELONGINGS_DAYS)


class Things:
    """The things of records of two sides.

    Attributes:
        sizes: comparison -> how many situations there are.
    """

    of_all_records = False

    def __init__(self, columns: RecordColumns, left: Rows, right: Rows) -> None:
        """Read the things of the records in rows `left`, shape (l,), and `right`, shape (r,)."""
        self._events = columns.event[left].astype(np.int64), columns.event[right].astype(np.int64)
        self._codes, self.sizes = [], {}
        for comparison, column in zip(COMPARISONS, (columns.clothing, columns.belongings), strict=True):
            (one, high), (other, wide) = (numbered(column[rows] + 1) for rows in (left, right))
            self._codes.append((one, other, wide))
            self.sizes[comparison] = high * wide

    def situations(self, i: Int32, j: Int32) -> Int32:
        """Return the situations of n pairs, shape (2, n), for each of `COMPARISONS`."""
        keys = np.empty((len(COMPARISONS), len(i)), dtype=np.int32)
        for row, ((one, other, wide), days) in enumerate(zip(self._codes, _DAYS, strict=True)):
            _compare(i, j, *self._events, one, other, wide, days, keys[row])
        return keys


@compiled
def _compare(
    i: Rows, j: Rows, events_a: Rows, events_b: Rows, left: Rows, right: Rows, wide: Number, days: Number, keys: Rows
) -> None:
    for number in range(len(i)):
        a, b = i[number], j[number]
        gap = max(events_a[a, 0] - events_b[b, 1], events_b[b, 0] - events_a[a, 1])
        close = (events_a[a, 0] > 0) & (events_b[b, 0] > 0) & (gap <= days) & (left[a] > 0) & (right[b] > 0)
        keys[number] = np.int64(left[a]) * wide + right[b] if close else 0
