"""Office hours against a clock that is read minute by minute, also where clocks are set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.partners.office_hours import (
    WEEKDAYS,
    Hours,
    add_open_time,
    check_hours,
    check_zone,
    is_open,
    next_opening,
)
from matcher.errors import InvalidRecord

MINUTE = timedelta(minutes=1)
ZONES = (
    "Asia/Kolkata", "Asia/Kathmandu", "Asia/Yangon", "Europe/London", "America/New_York", "Australia/Lord_Howe",
    "America/Havana",  # at midnight
)  # fmt: skip
# Around the nights at which clocks of these zones are set.
AROUND = [
    datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 8), (3, 29), (4, 5), (10, 4), (10, 25), (11, 1))
]
NINE_TO_FIVE = {day: [["09:00", "17:00"]] for day in WEEKDAYS[:5]}


@st.composite
def weeks(draw: st.DrawFn) -> Hours:
    """Draw hours of a week, from closed to full."""
    found = {}
    for day in draw(st.sets(st.sampled_from(WEEKDAYS))):
        edges = sorted(draw(st.sets(st.integers(0, 48), min_size=2, max_size=6)))
        times = [f"{edge // 2:02}:{30 * (edge % 2):02}" for edge in edges]
        found[day] = [list(pair) for pair in zip(times[::2], times[1::2], strict=False)]
    return check_hours(found)


zones = st.sampled_from(ZONES)
moments = st.builds(lambda night, minutes: night + minutes * MINUTE, st.sampled_from(AROUND), st.integers(-2880, 2880))


def slowly_open(hours: Hours, zone: str, moment: datetime) -> bool:
    """Read the clock at every minute from two days before: a period begins and ends when it first shows its times."""
    there = ZoneInfo(zone)
    latest = None
    opened = False
    at = moment - timedelta(days=2)
    while at <= moment:
        shown = at.astimezone(there).replace(tzinfo=None)
        if latest is None or shown > latest:  # an hour shown again begins and ends nothing
            latest = shown
            text = f"{shown:%H:%M}"
            opened = any(begin <= text < end for begin, end in hours.get(WEEKDAYS[shown.weekday()], ()))
        at += MINUTE
    return opened


@settings(deadline=None, max_examples=60)
@given(weeks(), zones, moments)
def test_open_is_what_the_clock_says_minute_by_minute(hours: Hours, zone: str, moment: datetime) -> None:
    assert is_open(hours, zone, moment) == slowly_open(hours, zone, moment)


@settings(deadline=None, max_examples=60)
@given(weeks(), zones, moments, st.integers(0, 600))
def test_open_time_is_what_counting_open_minutes_gives(hours: Hours, zone: str, start: datetime, minutes: int) -> None:
    end = add_open_time(hours, zone, start, minutes * MINUTE)
    if not hours:
        assert end == start + minutes * MINUTE
        return
    counted, at = 0, start
    while at < end:
        counted += is_open(hours, zone, at)
        at += MINUTE
    assert counted == minutes
    assert minutes == 0 or is_open(hours, zone, end - MINUTE)


@given(weeks(), zones, moments, st.integers(0, 10_000), st.integers(0, 10_000))
def test_time_adds_up_and_never_runs_back(hours: Hours, zone: str, start: datetime, first: int, second: int) -> None:
    whole = add_open_time(hours, zone, start, (first + second) * MINUTE)
    parts = add_open_time(hours, zone, add_open_time(hours, zone, start, first * MINUTE), second * MINUTE)
    assert start <= whole == parts
    assert whole >= start + (first + second) * MINUTE
    assert add_open_time(hours, zone, start + MINUTE, first * MINUTE) >= add_open_time(
        hours, zone, start, first * MINUTE
    )


@given(weeks(), zones, moments)
def test_it_is_open_at_the_next_opening_and_not_before(hours: Hours, zone: str, moment: datetime) -> None:
    opening = next_opening(hours, zone, moment)
    if opening is None:
        assert hours == {}
        return
    assert opening >= moment
    assert is_open(hours, zone, opening)
    assert (opening == moment) == is_open(hours, zone, moment)
    if opening > moment:
        assert not is_open(hours, zone, opening - MINUTE)


@given(weeks())
def test_what_was_checked_stays_as_it_is(hours: Hours) -> None:
    assert check_hours(hours) == hours


@given(zones, moments, st.integers(0, 10_000))
def test_without_hours_all_time_counts(zone: str, moment: datetime, minutes: int) -> None:
    assert is_open(None, zone, moment)
    assert next_opening(None, zone, moment) == moment
    for hours in (None, {}):
        assert add_open_time(hours, zone, moment, minutes * MINUTE) == moment + minutes * MINUTE


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("2026-11-06T09:00+05:30", 4, "2026-11-06T13:00+05:30"),  # a Friday
        ("2026-11-06T16:00+05:30", 4, "2026-11-09T12:00+05:30"),
        ("2026-11-07T12:00+05:30", 8, "2026-11-09T17:00+05:30"),  # the end of a day, not the next morning
        ("2026-11-06T16:00+05:30", 24, "2026-11-11T16:00+05:30"),
    ],
)
def test_four_hours_on_a_friday_afternoon_end_on_monday(start: str, hours: int, expected: str) -> None:
    found = add_open_time(NINE_TO_FIVE, "Asia/Kolkata", datetime.fromisoformat(start), timedelta(hours=hours))
    assert found == datetime.fromisoformat(expected)


def test_a_night_in_which_clocks_are_set_is_an_hour_shorter_or_longer() -> None:
    night = {"sun": [["00:00", "06:00"]]}
    for day, hours in (("2026-03-29", 5), ("2026-10-25", 7)):
        midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/London"))
        end = add_open_time(night, "Europe/London", midnight, timedelta(hours=hours))
        assert end.astimezone(ZoneInfo("Europe/London")).isoformat()[:16] == f"{day}T06:00"


def test_a_period_that_no_clock_shows_is_not_open_and_the_next_week_is() -> None:
    hours = {"sun": [["01:00", "01:30"]]}  # clocks go from 01:00 to 02:00 on 29 March
    opening = next_opening(hours, "Europe/London", datetime(2026, 3, 28, tzinfo=UTC))
    assert opening == datetime(2026, 4, 5, 0, 0, tzinfo=UTC)
    fridays = {"fri": [["09:00", "10:00"]]}  # Samoa had no 30 December 2011
    opening = next_opening(fridays, "Pacific/Apia", datetime(2011, 12, 28, tzinfo=UTC))
    assert opening == datetime(2012, 1, 6, 9, tzinfo=ZoneInfo("Pacific/Apia"))


def test_days_and_periods_come_in_order_and_closed_days_fall_away() -> None:
    said = {"tue": [["14:00", "24:00"], ["09:00", "14:00"]], "mon": [], "sun": [("00:00", "00:01")]}
    kept = check_hours(said)
    assert list(kept.items()) == [("tue", [["09:00", "14:00"], ["14:00", "24:00"]]), ("sun", [["00:00", "00:01"]])]


@pytest.mark.parametrize(
    "hours",
    [
        {"monday": [["09:00", "17:00"]]},
        {"mon": [["09:00"]]},
        {"mon": [["9:00", "17:00"]]},
        {"mon": [["09:00", "24:01"]]},
        {"mon": [["09:00", "17:60"]]},
        {"mon": [["17:00", "09:00"]]},
        {"mon": [["09:00", "09:00"]]},
        {"mon": [["09:00", "13:00"], ["12:59", "17:00"]]},
        {"mon": [["09:00", "17:00\n"]]},
        {"mon": [[f"{hour:02}:00", f"{hour:02}:30"] for hour in range(9)]},
    ],
)
def test_hours_that_cannot_be_kept_are_refused(hours: Hours) -> None:
    with pytest.raises(InvalidRecord, match="office_hours"):
        check_hours(hours)


@pytest.mark.parametrize(
    "name", ["", "India", "asia/kolkata", "../etc/passwd", "Asia/Kolkata\n", "+05:30", "localtime", "EST"]
)
def test_only_names_of_zones_are_taken(name: str) -> None:
    with pytest.raises(InvalidRecord, match="time_zone"):
        check_zone(name)
    assert check_zone("Asia/Kolkata") == "Asia/Kolkata"


def test_a_negative_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        add_open_time(None, None, AROUND[0], -MINUTE)
