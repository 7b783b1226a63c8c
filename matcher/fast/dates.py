"""In which situation are the dates of two records? Days between their births, and between being lost and found.

The comparisons `compare.dates.BIRTH`, `AGE` and `EVENTS` look at no more than this; what they say of it they are asked.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.compare.dates import AGE, BIRTH, EVENTS
from matcher.fast.compiled import Number, Record, Rows, aligned, compiled

Int32 = npt.NDArray[np.int32]

_DAYS = 366 * 130
"""Intervals further apart than anybody lives are as far apart as these."""
_MONTH = 64
"""Who was found so many days too early was found too early, however many days more."""
_UNKNOWN, _GUESSED, _KNOWN, _EXACT, _SLIP = range(5)
_SITUATIONS = {BIRTH: 5 * _DAYS, AGE: 5 * _DAYS, EVENTS: _MONTH + 3}
"""How many there are for each comparison."""

TIMES = np.dtype(
    [
        ("birth", "i4", 2),
        ("event", "i4", 2),
        ("year", "i2"),  # of an exact birth
        ("month", "u1"),
        ("day", "u1"),
        ("exact", "u1"),
        ("guessed", "u1"),
        ("rescued", "u1"),
    ],
    align=True,
)


class Times:
    """The dates of records of two sides.

    Attributes:
        sizes: comparison -> how many situations there are.
    """

    sizes, of_all_records = _SITUATIONS, True

    def __init__(self, columns: RecordColumns, left: Rows, right: Rows) -> None:
        """Read the dates of the records in rows `left`, shape (l,), and `right`, shape (r,)."""
        self._left, self._right = _times(columns, left), _times(columns, right)

    def situations(self, i: Int32, j: Int32) -> Int32:
        """Return the situations of n pairs, shape (3, n), for each of `sizes`."""
        keys = np.empty((len(self.sizes), len(i)), dtype=np.int32)
        _compare(i, j, self._left, self._right, _DAYS, _MONTH, keys)
        return keys


def _times(columns: RecordColumns, rows: Rows) -> Rows:
    out = aligned(len(rows), TIMES)
    for field, values in {
        "birth": columns.birth,
        "event": columns.event,
        "exact": columns.exact_birth,
        "guessed": columns.birth_guessed,
        "rescued": columns.rescued,
    }.items():
        out[field] = values[rows]
    days = np.where(out["exact"] == 1, out["birth"][:, 0], 1).astype(np.int64) - 719163  # numpy counts from 1970
    dates = days.astype("datetime64[D]")
    months, years = dates.astype("datetime64[M]"), dates.astype("datetime64[Y]")
    out["year"] = years.astype(np.int64) + 1970
    out["month"] = (months - years.astype("datetime64[M]")).astype(np.int64) + 1
    out["day"] = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    return out


@compiled
def _compare(i: Rows, j: Rows, left: Rows, right: Rows, most_days: Number, month: Number, keys: Rows) -> None:
    for number in range(len(i)):
        one, other = left[i[number]], right[j[number]]
        kind, days = 0, 0
        if one.birth[0] > 0 and other.birth[0] > 0:
            gap: Number = max(one.birth[0] - other.birth[1], other.birth[0] - one.birth[1])
            days = min(max(gap, 0), most_days - 1)
            if one.guessed | other.guessed == 1:
                kind = 1
            elif one.exact & other.exact == 0:
                kind = 2
            else:
                kind = 4 if _slip(one, other) else 3
        keys[0, number] = keys[1, number] = kind * most_days + days
        situation: Number = 0
        if one.rescued != other.rescued and one.event[0] > 0 and other.event[0] > 0:
            # Days by which the rescue precedes the loss even in the best reading.
            early = other.event[0] - one.event[1] if one.rescued == 1 else one.event[0] - other.event[1]
            situation = 1 + min(max(np.int64(early), 0), month + 1)
        keys[2, number] = situation


@compiled
def _slip(one: Record, other: Record) -> Number:
    """Tell whether two days differ in one digit of the year, in month or day only, or have these two exchanged."""
    digits = np.int64(0)
    a, b = np.int64(one.year), np.int64(other.year)
    for _ in range(4):
        digits += np.int64(a % 10 != b % 10)
        a, b = a // 10, b // 10
    # One digit of the year mistyped, not another generation.
    differing: Number = 3 if digits > 1 else digits
    differing += np.int64(one.month != other.month) + np.int64(one.day != other.day)
    exchanged = one.year == other.year and one.month == other.day and one.day == other.month
    return differing == 1 or (differing > 0 and exchanged)
