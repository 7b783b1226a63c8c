"""When is somebody visited after a return? So many months after the day, for two years."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date
from typing import Final

FOLLOW_UP_MONTHS: Final = (1, 3, 6, 12, 18, 24)
"""Months after the return; more often at first, when most goes wrong, and for the two years that the law asks for."""


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later; the month's last day where that month is too short.

    The months are counted from the day itself, never from one that was cut: 31 January gives 28 February, and 31 March.
    """
    whole = day.year * 12 + day.month - 1 + months
    year, month = divmod(whole, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def due_dates(returned_on: date, months: Sequence[int] = FOLLOW_UP_MONTHS) -> list[tuple[int, date]]:
    """Return (months, day) of each visit, in order; each number of months counts once."""
    return [(count, months_after(returned_on, count)) for count in sorted(set(months))]
