"""Do birth and events fit in time? Dates and ages that somebody knows, ages that somebody guessed; lost before found.

What is known of a birth and what is guessed are two comparisons that exclude each other: guesses are off by years and
documents are not, so that one scale for both would say too much of the one and too little of the other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.comparison import NULL, Comparison, Context, LevelResult, Pairs

BIRTH_LABELS = (
    "same date of birth",
    "date of birth differs in one part",
    "ages overlap",
    "ages within one year",
    "ages within two years",
    "ages within four years",
    "ages within eight years",
    "ages more than eight years apart",
)
AGE_LABELS = (
    "guessed age fits",
    "guessed age off by up to one year",
    "guessed age off by up to two years",
    "guessed age off by up to four years",
    "guessed age off by more than four years",
)
_YEAR = 365.25
# The first step parts intervals that meet from those a day apart.
_BIRTH_STEPS, _AGE_STEPS = (1e-9, 1.0, 2.0, 4.0, 8.0), (1e-9, 1.0, 2.0, 4.0)


def _births(
    columns: RecordColumns, i: Pairs, j: Pairs
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return both intervals, shape (n, 2) each, and where both are known and where one is a guess, shape (n,) each."""
    a, b = columns.birth[i].astype(np.int64), columns.birth[j].astype(np.int64)
    return a, b, (a[:, 0] > 0) & (b[:, 0] > 0), columns.birth_guessed[i] | columns.birth_guessed[j]


def _gap(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the years between two intervals, shape (n,), 0 where they meet."""
    gap: npt.NDArray[np.float64] = np.maximum(np.maximum(a[:, 0] - b[:, 1], b[:, 0] - a[:, 1]), 0) / _YEAR
    return gap


def _age(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    """Level by the gap between the two birth intervals; a guess to the day is a guess all the same."""
    a, b, known, guessed = _births(columns, i, j)
    levels = np.searchsorted(np.array(_AGE_STEPS), _gap(a, b))
    return LevelResult.plain(np.where(known & guessed, levels, NULL).astype(np.int8))


def _birth(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    """Level by the gap between the two birth intervals; two exact dates are read as dates, typing errors included."""
    a, b, known, guessed = _births(columns, i, j)
    known &= ~guessed
    levels = (2 + np.searchsorted(np.array(_BIRTH_STEPS), _gap(a, b))).astype(np.int8)
    both_exact = known & columns.exact_birth[i] & columns.exact_birth[j]
    rows = np.flatnonzero(both_exact)
    levels[rows] = np.where(a[rows, 0] == b[rows, 0], 0, np.maximum(levels[rows], 3))
    slip = rows[_one_part_differs(a[rows, 0], b[rows, 0])]
    levels[slip] = 1
    return LevelResult.plain(np.where(known, levels, NULL).astype(np.int8))


def _one_part_differs(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Tell which pairs of days differ in one digit of the year, in month or day only, or have these two exchanged."""
    days_a = (a - 719163).astype("datetime64[D]")  # numpy counts from 1970, Python's ordinals from year 1
    days_b = (b - 719163).astype("datetime64[D]")
    year_a, month_a, day_a = _parts(days_a)
    year_b, month_b, day_b = _parts(days_b)
    # One digit of the year mistyped, not another generation.
    digits = sum(((year_a // ten) % 10 != (year_b // ten) % 10).astype(int) for ten in (1, 10, 100, 1000))
    differing = np.where(digits > 1, 3, digits) + (month_a != month_b) + (day_a != day_b)
    exchanged = (year_a == year_b) & (month_a == day_b) & (day_a == month_b)
    result: npt.NDArray[np.bool_] = (differing == 1) | ((differing > 0) & exchanged)
    return result


def _parts(
    days: npt.NDArray[np.datetime64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    months = days.astype("datetime64[M]")
    years = days.astype("datetime64[Y]")
    return (
        years.astype(np.int64) + 1970,
        (months - years).astype(np.int64) + 1,
        (days - months).astype(np.int64) + 1,
    )


EVENT_LABELS = ("found after last seen", "found up to a month before last seen", "found before last seen")


def _events(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    """Null when both records are on one side: then no order is expected."""
    turned = columns.rescued[i]
    lost = columns.event[np.where(turned, j, i)].astype(np.int64)
    found = columns.event[np.where(turned, i, j)].astype(np.int64)
    known = (lost[:, 0] > 0) & (found[:, 0] > 0) & (columns.rescued[i] != columns.rescued[j])
    early = lost[:, 0] - found[:, 1]  # days by which the rescue precedes the loss even in the best reading
    levels = np.where(early <= 0, 0, np.where(early <= 31, 1, 2))
    return LevelResult.plain(np.where(known, levels, NULL).astype(np.int8))


BIRTH = Comparison("birth", "Do the ages or dates of birth fit, moved to a common date?", BIRTH_LABELS, _birth)
AGE = Comparison("age", "Does the guessed age fit, moved to a common date?", AGE_LABELS, _age)
EVENTS = Comparison("events", "Was she found after she was last seen?", EVENT_LABELS, _events)
