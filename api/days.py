"""Which days can have happened? A clerk in Kathmandu is in tomorrow while it is still today in UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated, Final

from pydantic import BeforeValidator

from matcher.errors import InvalidRecord

_ISO_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
FIRST_DAY: Final = date(1900, 1, 1)
_FARTHEST_EAST: Final = timedelta(hours=14)
_FARTHEST_WEST: Final = timedelta(hours=12)


def require_past(field: str, day: date, now: datetime) -> None:
    """Refuse a day that has begun nowhere on earth, or lies before 1900.

    Args:
        field: named in the refusal; the day is not.
        now: the present moment, aware.
    Raises:
        InvalidRecord: it did not happen.
    """
    if day > (now + _FARTHEST_EAST).date():
        raise InvalidRecord(field, "lies in the future")
    if day < FIRST_DAY:
        raise InvalidRecord(field, "lies before 1900")


def require_coming(field: str, day: date, now: datetime, *, within: timedelta) -> None:
    """Refuse a day that is over everywhere on earth, or farther away than anybody plans.

    Raises:
        InvalidRecord: it is no day on which something may fall due.
    """
    if day < (now - _FARTHEST_WEST).date():
        raise InvalidRecord(field, "lies in the past")
    if day > now.date() + within:
        raise InvalidRecord(field, f"lies more than {within.days} days ahead")


def end_of(field: str, day: date, zone: tzinfo = UTC) -> datetime:
    """Return the moment at which a day is over.

    Raises:
        InvalidRecord: it is the last day that there is, 31 December 9999.
    """
    if day == date.max:
        raise InvalidRecord(field, "lies too far ahead")
    return datetime.combine(day + timedelta(days=1), time.min, zone)


def _iso_day(value: object) -> object:
    if isinstance(value, str) and not _ISO_DAY.fullmatch(value):
        raise ValueError("is not a day such as 2026-11-30")  # else a bare number would be seconds since 1970
    return value


IsoDay = Annotated[date, BeforeValidator(_iso_day)]
"""A day in a query string."""
