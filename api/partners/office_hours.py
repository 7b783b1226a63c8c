"""When is an office open, and when has it been open for so long? Pure computation on local hours and time zones.

Hours are what a partner says: weekday -> periods of local time, `{"mon": [["09:00", "13:00"], ["14:00", "17:30"]]}`; a
day left out is closed, None is open always, `{}` never. A period lies within one day; its end may be "24:00".

Where clocks are set, a local time is the first moment at which the clock shows it or a later one. What the clock leaves
out is thus never open, and an hour that it shows twice counts twice within a period that has begun before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from matcher.errors import InvalidRecord

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PERIODS_A_DAY = 8
Hours = Mapping[str, Sequence[Sequence[str]]]
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_DAY = timedelta(days=1)


def check_zone(name: str) -> str:
    """Return the name of a time zone.

    Raises:
        InvalidRecord: it is none of IANA's, such as `Asia/Kolkata`; names without a region (but UTC) are obsolete, or
            mean whatever this machine is set to.
    """
    if name not in _zones() or ("/" not in name and name != "UTC"):
        raise InvalidRecord("time_zone", "is neither UTC nor a name of the IANA database such as Asia/Kolkata")
    return name


def check_hours(hours: Hours) -> dict[str, list[list[str]]]:
    """Return hours as they are kept: weekdays and periods in order, closed days left out.

    Raises:
        InvalidRecord: no weekday, no time, a period that does not end after it begins, or two that overlap.
    """
    if not hours.keys() <= set(WEEKDAYS):
        raise InvalidRecord("office_hours", "names a day that is none of " + ", ".join(WEEKDAYS))
    kept: dict[str, list[list[str]]] = {}
    for day in WEEKDAYS:
        periods = sorted(list(period) for period in hours.get(day, ()))
        if len(periods) > PERIODS_A_DAY:
            raise InvalidRecord("office_hours", f"has more than {PERIODS_A_DAY} periods on one day")
        if any(len(period) != 2 or not all(map(_TIME.fullmatch, period)) for period in periods):
            raise InvalidRecord("office_hours", "has a period that is not two times such as 09:00 and 17:30")
        if any(begin >= end for begin, end in periods):  # of one length, so that they sort as times do
            raise InvalidRecord("office_hours", "has a period that does not end after it begins, on the same day")
        if any(first[1] > second[0] for first, second in pairwise(periods)):
            raise InvalidRecord("office_hours", "has periods that overlap")
        if periods:
            kept[day] = periods
    return kept


def is_open(hours: Hours | None, zone: str | None, moment: datetime) -> bool:
    """Tell whether an office is open at a moment: from when a period begins, and no longer when it ends.

    Args:
        hours: as `check_hours` returned them; None for always.
        zone: IANA name; None for UTC.
        moment: aware.
    """
    if hours is None:
        return True
    return next_opening(hours, zone, moment) == moment


def next_opening(hours: Hours | None, zone: str | None, moment: datetime) -> datetime | None:
    """Return the first moment from one on at which an office is open, in UTC; None when it never is.

    Args:
        hours, zone, moment: as for `is_open`.
    """
    moment = moment.astimezone(UTC)
    if hours is None:
        return moment
    for begin, end in _periods(hours, zone, moment):
        if end > moment:
            return max(begin, moment)
    return None


def add_open_time(hours: Hours | None, zone: str | None, start: datetime, duration: timedelta) -> datetime:
    """Return the first moment by which an office has been open for a duration since the start, in UTC.

    An office that is never open would never be late: for it, all time counts.

    Args:
        hours, zone, start: as for `is_open`.
        duration: none, or more.
    Raises:
        ValueError: the duration is negative.
    """
    if duration < timedelta():
        raise ValueError("a duration is not negative")
    start = start.astimezone(UTC)
    if hours is None or not duration or next_opening(hours, zone, start) is None:
        return start + duration
    for begin, end in _periods(hours, zone, start):
        left = end - max(begin, start)
        if duration <= left:
            return end - (left - duration)
        duration -= max(left, timedelta())
    raise AssertionError("an office that opens again does so without end")


def open_time(hours: Hours | None, zone: str | None, start: datetime, end: datetime) -> timedelta:
    """Return for how long an office is open between two moments; one that is never open would never be late, so for it
    all time counts.

    Args:
        hours, zone, start: as for `is_open`.
        end: no earlier than the start.
    """
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if hours is None or next_opening(hours, zone, start) is None:
        return end - start
    total = timedelta()
    for begin, finish in _periods(hours, zone, start):
        if begin >= end:
            break
        total += max(min(finish, end) - max(begin, start), timedelta())
    return total


def _periods(hours: Hours, zone: str | None, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Give the periods, in UTC and in order, from a day before a moment on; without end unless there is none.

    Those that fall whole into what the clock leaves out are none; a week later they are.
    """
    there = ZoneInfo(zone or "UTC")
    day = moment.astimezone(there).date() - _DAY
    while any(hours.values()):
        for begin, end in hours.get(WEEKDAYS[day.weekday()], ()):
            opens, closes = _instant(day, begin, there), _instant(day, end, there)
            if opens < closes:
                yield opens, closes
        day += _DAY


def _instant(day: date, text: str, zone: ZoneInfo) -> datetime:
    """Return the first moment, in UTC, at which clocks show this local time or a later one."""
    local = datetime.combine(day, time()) + timedelta(hours=int(text[:2]), minutes=int(text[3:]))
    late = local.replace(tzinfo=zone).astimezone(UTC)
    if _shown(late, zone) == local:
        return late
    # No clock shows it: it lies between the readings by the offset before and the one after the clocks were set.
    early = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while late - early > timedelta(seconds=1):
        middle = (early + (late - early) / 2).replace(microsecond=0)
        early, late = (early, middle) if _shown(middle, zone) >= local else (middle, late)
    return late


def _shown(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
