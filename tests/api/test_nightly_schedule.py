"""Every night comes once: whatever the machine, the clock or the season does."""

from __future__ import annotations

import time as system_time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.nightly.schedule import LONGEST_SLEEP_S, BadTimeOfDay, Nights, every_night, time_of_day

KOLKATA, BERLIN = ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/Berlin")
HALF_PAST_ONE = time(1, 30)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Machine:
    """A clock that moves when the process sleeps, and that a test moves besides."""

    def __init__(self, now: datetime, at: time = HALF_PAST_ONE, zone: tzinfo | None = KOLKATA) -> None:
        self.now, self.zone = now.astimezone(UTC), zone
        self.nights = Nights(at, self.now, zone)
        self.passed = timedelta()
        self.runs: list[datetime] = []
        self.takes = timedelta()
        self.then: Callable[[], None] = lambda: None

    def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= LONGEST_SLEEP_S
        self._pass(timedelta(seconds=seconds))

    def work(self) -> None:
        self.runs.append(self.now.astimezone(self.zone))
        self._pass(self.takes)
        then, self.then = self.then, lambda: None
        then()

    def live(self, span: timedelta) -> list[datetime]:
        """Let the process run for so long by the true time; return when it has run, in local time."""
        end = self.passed + span
        every_night(
            self.nights, self.work, clock=lambda: self.now, sleep=self.sleep, stopped=lambda: self.passed >= end
        )
        return self.runs

    def move(self, by: timedelta) -> None:
        self.now += by

    def _pass(self, span: timedelta) -> None:
        self.now += span
        self.passed += span


def local(day: int, hour: int, minute: int = 0, zone: tzinfo = KOLKATA, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=zone)


def test_it_runs_every_day_at_that_local_time() -> None:
    assert Machine(local(5, 12)).live(3 * DAY) == [local(day, 1, 30) for day in (6, 7, 8)]


@pytest.mark.parametrize(("start", "first"), [(local(5, 1, 29), 5), (local(5, 1, 30), 6), (local(5, 1, 31), 6)])
def test_the_first_night_is_the_next_to_come(start: datetime, first: int) -> None:
    machine = Machine(start)
    assert machine.nights.next_moment() == local(first, 1, 30)
    assert machine.live(DAY + HOUR)[0] == local(first, 1, 30)


def test_nights_that_the_machine_slept_through_are_made_up_for_once_at_waking() -> None:
    machine = Machine(local(5, 12))
    machine.live(HOUR)
    machine.move(3 * DAY + 7 * HOUR)  # asleep: the clock went on, the process did not
    assert machine.live(DAY) == [local(8, 20), local(9, 1, 30)]


def test_a_run_that_takes_longer_than_a_day_is_followed_by_one_run() -> None:
    machine = Machine(local(5, 12))
    machine.takes = 2 * DAY + 3 * HOUR
    assert machine.live(3 * DAY)[:2] == [local(6, 1, 30), local(8, 4, 30)]


@pytest.mark.parametrize("back", [timedelta(seconds=1), 2 * HOUR, 13 * HOUR, DAY])
def test_a_clock_moved_back_after_a_run_does_not_bring_the_night_again(back: timedelta) -> None:
    machine = Machine(local(5, 12))
    machine.then = lambda: machine.move(-back)
    first, second = machine.live(3 * DAY)[:2]
    assert (first, second) == (local(6, 1, 30), local(7, 1, 30))


@pytest.mark.parametrize("back", [25 * HOUR, 3 * DAY + HOUR, 400 * DAY])
def test_a_clock_moved_far_back_is_not_waited_for_and_today_has_had_its_run(back: timedelta) -> None:
    machine = Machine(local(5, 12))
    machine.then = lambda: machine.move(-back)
    first, second, third = machine.live(3 * DAY)[:3]
    corrected = local(6, 1, 30) - back
    assert first == local(6, 1, 30)
    assert second.date() == corrected.date() + DAY
    assert third.date() == corrected.date() + 2 * DAY


def test_a_clock_moved_back_and_forth_before_the_night_changes_nothing() -> None:
    machine = Machine(local(5, 12))
    machine.live(HOUR)
    machine.move(-9 * HOUR)
    machine.live(HOUR)
    machine.move(9 * HOUR)
    assert machine.live(DAY) == [local(6, 1, 30)]


def test_a_clock_far_ahead_costs_one_run_and_no_night_after_it_is_put_right() -> None:
    machine = Machine(local(5, 12))
    machine.live(HOUR)
    machine.move(365 * DAY)
    machine.live(HOUR)
    machine.move(-365 * DAY)
    runs = machine.live(2 * DAY)
    assert [run.date() for run in runs] == [date(2027, 11, 5), date(2026, 11, 6), date(2026, 11, 7)]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        # 02:30 does not exist on 29 March, and comes twice on 25 October.
        (local(28, 12, zone=BERLIN, month=3), ["03-29 03:30 +0200", "03-30 02:30 +0200"]),
        (local(24, 12, zone=BERLIN, month=10), ["10-25 02:30 +0200", "10-26 02:30 +0100"]),
    ],
)
def test_a_change_of_summer_time_neither_drops_nor_doubles_a_night(start: datetime, expected: list[str]) -> None:
    runs = Machine(start, time(2, 30), BERLIN).live(2 * DAY)
    assert [f"{run:%m-%d %H:%M %z}" for run in runs] == expected


@given(
    zone=st.sampled_from(["Europe/Berlin", "Asia/Beirut", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu"]),
    at=st.times(),
    start=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1)),
)
def test_in_every_zone_each_date_has_one_night(zone: str, at: time, start: datetime) -> None:
    at, here, now = at.replace(second=0, microsecond=0, fold=0), ZoneInfo(zone), start.replace(tzinfo=UTC)
    nights, moments = Nights(at, now, here), []
    for _ in range(200):
        moments.append(nights.next_moment())
        assert not nights.due(moments[-1] - timedelta(microseconds=1))
        assert nights.due(moments[-1])
        assert not nights.due(moments[-1])
    dates = [moment.astimezone(here).date() for moment in moments]
    assert dates == [dates[0] + number * DAY for number in range(200)]
    assert now < moments[0] <= now + 26 * HOUR


@pytest.fixture
def machine_in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    system_time.tzset()
    yield
    monkeypatch.undo()
    system_time.tzset()


@pytest.mark.usefixtures("machine_in_berlin")
def test_without_a_zone_it_is_the_machines() -> None:
    for start in (local(28, 12, zone=BERLIN, month=3), local(24, 12, zone=BERLIN, month=10)):
        here, there = (Machine(start, time(2, 30), zone).live(2 * DAY) for zone in (None, BERLIN))
        assert [run.astimezone(UTC) for run in here] == [run.astimezone(UTC) for run in there]


def test_it_stops_at_once() -> None:
    asked: list[float] = []
    nights = Nights(HALF_PAST_ONE, local(5, 12), KOLKATA)
    every_night(
        nights, lambda: pytest.fail("not due"), clock=lambda: local(5, 12), sleep=asked.append,
        stopped=lambda: len(asked) == 2,
    )  # fmt: skip
    assert asked == [LONGEST_SLEEP_S] * 2


def test_a_time_of_day_is_read() -> None:
    assert [time_of_day(text) for text in ("01:30", "1:30", "23:59", "00:00")] == [
        time(1, 30), time(1, 30), time(23, 59), time(0, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "24:00", "1", "01:60", "01:30:00", "1.30", " 01:30", "01:30\n", "०१:३०", "-1:30"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(BadTimeOfDay, match="01:30"):
        time_of_day(text)
