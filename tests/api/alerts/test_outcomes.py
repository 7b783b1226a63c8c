"""When is the next attempt?"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.alerts.outcomes import JITTER_SHARE, LONGEST_RETRY_AFTER, SCHEDULE, next_attempt, parse_retry_after

NOW = datetime(2030, 5, 4, 12, 0, tzinfo=UTC)


def no_jitter() -> float:
    return 0.0


def test_the_schedule_is_the_one_that_was_promised() -> None:
    seconds, minutes, hours = 1, 60, 3600
    expected = [
        0,
        5 * seconds,
        5 * minutes,
        30 * minutes,
        2 * hours,
        5 * hours,
        10 * hours,
        14 * hours,
        20 * hours,
        24 * hours,
    ]
    assert [step.total_seconds() for step in SCHEDULE] == expected


def test_each_failure_waits_for_its_step_and_the_tenth_is_the_last() -> None:
    waits = [next_attempt(made, NOW, no_jitter) for made in range(1, 10)]
    assert waits == [NOW + step for step in SCHEDULE[1:]]
    assert next_attempt(10, NOW, no_jitter) is None
    assert next_attempt(11, NOW, no_jitter) is None
    assert next_attempt(10, NOW, no_jitter, timedelta(hours=1)) is None


@given(made=st.integers(1, 9), draw=st.floats(0, 1, exclude_max=True), asked=st.none() | st.timedeltas(timedelta(0)))
def test_jitter_and_retry_after_only_ever_lengthen_the_wait(made: int, draw: float, asked: timedelta | None) -> None:
    at = next_attempt(made, NOW, lambda: draw, asked)
    assert at is not None
    wait = at - NOW
    assert SCHEDULE[made] <= wait
    if asked is not None:
        assert wait >= min(asked, LONGEST_RETRY_AFTER)
    assert wait <= max(SCHEDULE[made] * (1 + JITTER_SHARE), min(asked or timedelta(0), LONGEST_RETRY_AFTER))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("120", timedelta(seconds=120)),
        (" 0 ", timedelta(0)),
        ("9" * 40, LONGEST_RETRY_AFTER),
        ("Sat, 04 May 2030 12:10:00 GMT", timedelta(minutes=10)),
        ("Sat, 04 May 2030 11:00:00 GMT", timedelta(0)),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("٣", None),
    ],
)
def test_retry_after_in_its_forms(header: str | None, expected: timedelta | None) -> None:
    assert parse_retry_after(header, NOW) == expected


@given(st.text())
def test_no_header_can_break_it(header: str) -> None:
    wait = parse_retry_after(header, NOW)
    assert wait is None or wait >= timedelta(0)
