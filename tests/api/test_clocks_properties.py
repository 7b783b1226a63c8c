"""Legal clocks on every day of the calendar: months clamp at short ends, and nothing is skipped or asked for twice."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.agenda.clocks import Due, Facts, due_until, handed_over_on, quarter_on

DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize(
    ("reported", "untraced", "quarters"),
    [
        ("2026-01-31", "2026-05-31", ["2026-08-31", "2026-11-30", "2027-02-28", "2027-05-31"]),
        ("2023-10-31", "2024-02-29", ["2024-05-31", "2024-08-31"]),  # a leap year, and nothing lost after it
        ("2022-10-31", "2023-02-28", ["2023-05-31", "2023-08-31"]),
        ("2024-02-29", "2024-06-29", ["2024-09-29", "2024-12-29", "2025-03-29"]),
        ("2023-11-30", "2024-03-30", ["2024-06-30", "2024-09-30"]),
        ("2026-08-31", "2026-12-31", ["2027-03-31", "2027-06-30", "2027-09-30"]),
    ],
)
def test_the_days_of_the_calendar(reported: str, untraced: str, quarters: list[str]) -> None:
    facts = Facts(date.fromisoformat(reported), date.fromisoformat(reported))
    assert handed_over_on(facts).isoformat() == untraced
    assert [quarter_on(facts, number).isoformat() for number in range(1, len(quarters) + 1)] == quarters


def test_an_old_report_goes_over_on_the_day_on_which_it_comes_in() -> None:
    facts = Facts(date(2023, 8, 15), date(2026, 11, 30))
    assert handed_over_on(facts) == date(2026, 11, 30)
    assert [quarter_on(facts, number) for number in (1, 2)] == [date(2027, 2, 28), date(2027, 5, 30)]


def plus_months(day: date, months: int) -> date:
    """Count month by month, as a person does with a calendar: the slow way."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


@given(DAYS, st.integers(0, 4000), st.integers(1, 40))
@example(date(2023, 10, 31), 0, 1)
def test_the_quarters_are_those_of_a_person_with_a_calendar(reported: date, later: int, number: int) -> None:
    facts = Facts(reported, reported + timedelta(days=later))
    untraced = plus_months(reported, 4)
    if facts.entered_on <= untraced:
        assert handed_over_on(facts) == untraced
        assert quarter_on(facts, number) == plus_months(reported, 4 + 3 * number)
    else:
        assert handed_over_on(facts) == facts.entered_on
        assert quarter_on(facts, number) == plus_months(facts.entered_on, 3 * number)


@given(DAYS, st.integers(0, 300), st.integers(0, 2000), st.integers(0, 400), st.booleans(), st.integers(0, 8))
def test_everything_unfiled_is_asked_for_once(
    reported: date, later: int, passed: int, ahead: int, taken: bool, filed: int
) -> None:
    facts = Facts(reported, reported + timedelta(days=later), taken, filed)
    today = reported + timedelta(days=passed)
    until = today + timedelta(days=ahead)
    found = due_until(facts, today, until)
    expected: list[Due] = [] if taken or handed_over_on(facts) > until else [Due("untraced", 1, handed_over_on(facts))]
    days = {number: quarter_on(facts, number) for number in range(filed + 1, filed + 40)}
    over = [number for number, day in days.items() if day <= min(today, until)]
    if over:
        expected.append(Due("quarterly", over[-1], days[over[-1]], len(over) - 1))
    expected += [Due("quarterly", number, day) for number, day in days.items() if today < day <= until]
    assert found == expected


@given(DAYS, st.integers(0, 2000))
def test_filing_what_is_due_leaves_only_what_is_coming(reported: date, passed: int) -> None:
    today = reported + timedelta(days=passed)
    due = due_until(Facts(reported, reported), today, today)
    filed = max((one.number for one in due if one.clock == "quarterly"), default=0)
    assert due_until(Facts(reported, reported, taken_over=True, filed=filed), today, today) == []
