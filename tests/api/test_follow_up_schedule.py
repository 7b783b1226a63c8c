"""On which days are visits due: at the ends of months, in leap years, for every day there is."""

from __future__ import annotations

import calendar
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.care.schedule import FOLLOW_UP_MONTHS, due_dates, months_after

DAYS = st.dates(date(1900, 1, 1), date(2200, 12, 31))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 1, 31), 3, date(2026, 4, 30)),
        (date(2026, 1, 31), 2, date(2026, 3, 31)),  # from the day itself, not from 28 February
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 24, date(2030, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 29)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2100, 1, 29), 1, date(2100, 2, 28)),  # no leap year
    ],
)
def test_months_after(day: date, months: int, expected: date) -> None:
    assert months_after(day, months) == expected


def test_two_years_after_the_return() -> None:
    assert due_dates(date(2026, 10, 31)) == [
        (1, date(2026, 11, 30)),
        (3, date(2027, 1, 31)),
        (6, date(2027, 4, 30)),
        (12, date(2027, 10, 31)),
        (18, date(2028, 4, 30)),
        (24, date(2028, 10, 31)),
    ]


def test_the_list_may_be_another_one() -> None:
    assert due_dates(date(2026, 3, 1), (6, 2, 6)) == [(2, date(2026, 5, 1)), (6, date(2026, 9, 1))]


@given(day=DAYS, months=st.integers(0, 120))
def test_the_month_is_right_and_the_day_as_near_as_it_can_be(day: date, months: int) -> None:
    due = months_after(day, months)
    assert (due.year * 12 + due.month) - (day.year * 12 + day.month) == months
    assert due.day == min(day.day, calendar.monthrange(due.year, due.month)[1])


@given(one=DAYS, other=DAYS, months=st.integers(0, 120))
def test_who_returns_later_is_never_visited_earlier(one: date, other: date, months: int) -> None:
    first, second = sorted((one, other))
    assert months_after(first, months) <= months_after(second, months)


@given(day=DAYS)
def test_visits_come_one_after_the_other(day: date) -> None:
    due = [when for _, when in due_dates(day)]
    assert due == sorted(set(due))
    assert len(due) == len(FOLLOW_UP_MONTHS)
    assert due[0] > day
