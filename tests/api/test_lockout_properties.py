"""The schedule of locks, against a slow one that remembers everything; and what holds for every sequence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from api.people.lockout import ACCOUNT, ADDRESS, PAIR, Lockout
from api.store.people import StrikeRow

START = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
# Seconds between two attempts: bursts, minutes, and waits about as long as a lock or the window.
gaps = st.lists(
    st.one_of(st.integers(1, 5), st.integers(60, 400), st.integers(800, 2000), st.integers(3000, 200_000)), max_size=60
)


def moments(found: list[int]) -> list[datetime]:
    now, made = START, []
    for gap in found:
        now += timedelta(seconds=gap)
        made.append(now)
    return made


def slow_locks(attempts: list[datetime], rules: Lockout) -> list[tuple[datetime, datetime]]:
    """Every lock as (from, until), found by looking at all counted attempts again each time."""
    locks: list[tuple[datetime, datetime]] = []
    counted: list[datetime] = []
    numbers: list[int] = []
    for now in attempts:
        if locks and locks[-1][0] <= now < locks[-1][1]:
            continue
        counted.append(now)
        since = [m for m in counted if now - rules.window < m <= now and (not locks or m > locks[-1][0])]
        if len(since) >= rules.failures:
            peace = not locks or now - locks[-1][1] >= rules.longest
            # Peace counts from the first attempt that ended it, not only from the one that locks.
            if locks and not peace:
                first = next(m for m in counted if m >= locks[-1][1])
                peace = first - locks[-1][1] >= rules.longest
            numbers.append(1 if peace else numbers[-1] + 1)
            minutes = rules.first
            for _ in range(numbers[-1] - 1):
                minutes = min(minutes * 2, rules.longest)
            locks.append((now, now + minutes))
    return locks


@given(gaps)
def test_the_schedule_is_that_of_the_slow_one(found: list[int]) -> None:
    strikes, locks = StrikeRow(), []
    for now in moments(found):
        before = strikes
        strikes = PAIR.charged(strikes, now)
        if strikes.locked_at == now:
            assert strikes.locked_until is not None
            locks.append((now, strikes.locked_until))
        if PAIR.locked(before, now):
            assert strikes == before
    assert locks == slow_locks(moments(found), PAIR)


@given(gaps)
def test_locks_grow_to_a_day_and_no_further_and_never_overlap(found: list[int]) -> None:
    locks = slow_locks(moments(found), PAIR)
    for (_, end), (begin, _) in pairwise(locks):
        assert begin >= end
    for begin, end in locks:
        assert timedelta(minutes=15) <= end - begin <= timedelta(hours=24)


@given(gaps, st.integers(1, 100))
def test_an_attempt_that_is_taken_back_was_never_made(found: list[int], later: int) -> None:
    strikes = StrikeRow()
    for now in moments(found):
        strikes = PAIR.charged(strikes, now)
    now = (moments(found) or [START])[-1] + timedelta(seconds=later)
    charged = PAIR.charged(strikes, now)
    if PAIR.locked(strikes, now):
        assert PAIR.refunded(charged, now) == strikes
        return
    back = PAIR.refunded(charged, now)
    assert not PAIR.locked(back, now)
    for ahead in (timedelta(seconds=1), timedelta(minutes=20)):
        again, never = PAIR.charged(back, now + ahead), PAIR.charged(strikes, now + ahead)
        assert PAIR.locked(again, now + ahead) == PAIR.locked(never, now + ahead)
        assert len(again.recent) == len(never.recent)


def test_the_numbers() -> None:
    assert [PAIR.duration(n) for n in (1, 2, 3, 7, 8, 1000)] == [
        timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1), timedelta(hours=16), timedelta(hours=24),
        timedelta(hours=24),
    ]  # fmt: skip
    assert (PAIR.failures, ACCOUNT.failures, ADDRESS.failures) == (5, 20, 30)
    assert (PAIR.window, ACCOUNT.window) == (timedelta(minutes=15), timedelta(hours=1))


@given(gaps)
def test_an_account_is_guessed_at_no_faster_than_its_own_limit(found: list[int]) -> None:
    # From one address for each attempt: no pair ever locks, and the account still does.
    strikes, counted = StrikeRow(), []
    for now in moments(found):
        if not ACCOUNT.locked(strikes, now):
            counted.append(now)
        strikes = ACCOUNT.charged(strikes, now)
    for first, later in zip(counted, counted[ACCOUNT.failures :], strict=False):
        assert later - first >= min(ACCOUNT.first, ACCOUNT.window)


def test_five_within_a_quarter_of_an_hour_lock_and_five_within_more_do_not() -> None:
    for apart, locked in ((timedelta(minutes=3), True), (timedelta(minutes=4), False)):
        strikes, now = StrikeRow(), START
        for _ in range(5):
            now += apart
            strikes = PAIR.charged(strikes, now)
        assert PAIR.locked(strikes, now) == locked
