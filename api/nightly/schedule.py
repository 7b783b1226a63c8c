"""When is the next night's run due? Every day at a local time, once, whatever happens to the clock or the machine.

A night is named by its local date. It has come when the clock has reached that date's time of day, and it is run once:
- a machine that slept through one or several nights runs the latest of them when it wakes, and only that one;
- a time that a change to summer time leaves out comes an hour later by the clock, one that occurs twice counts once;
- a clock moved back into a night that was run waits for the next one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from api.ids import Clock
from matcher.errors import SandhanError

LONGEST_SLEEP_S = 30.0
"""A sleeping machine stops the sleep as well: the clock is looked at this often, so waking is noticed."""

_DAY = timedelta(days=1)


class BadTimeOfDay(SandhanError):
    """A text is not a time of day."""

    code = "bad_time_of_day"

    def __init__(self) -> None:
        super().__init__("not a time of day; write it as 01:30, from 00:00 to 23:59")


def time_of_day(text: str) -> time:
    """Read HH:MM.

    Raises:
        BadTimeOfDay: it is something else.
    """
    found = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", text, re.ASCII)
    if found is None:
        raise BadTimeOfDay
    return time(int(found[1]), int(found[2]))


class Nights:
    """Counts the nights of one process; the first is the next to come.

    Args:
        at: local time of day.
        zone: whose local time; None for that of the machine.
    """

    def __init__(self, at: time, now: datetime, zone: tzinfo | None = None) -> None:
        self._at, self._zone = at, zone
        self._done = self._latest(now)

    def due(self, now: datetime) -> bool:
        """Tell whether a night has come that was not run; it then counts as run, however the run ends."""
        latest = self._latest(now)
        if latest > self._done:
            self._done = latest
            return True
        if latest < self._done - _DAY:
            # Moved back by more than a day: those dates will come again, and waiting for a later one could take years.
            # Today may have been run, so tomorrow is the next.
            self._done = now.astimezone(self._zone).date()
        return False

    def next_moment(self) -> datetime:
        """Return when the next night comes, in UTC."""
        return self._moment(self._done + _DAY)

    def _latest(self, now: datetime) -> date:
        """Return the latest date whose time of day has come."""
        today = now.astimezone(self._zone).date()
        return today if self._moment(today) <= now else today - _DAY

    def _moment(self, day: date) -> datetime:
        # In UTC: of two local times, Python compares what the clocks on the wall say, also across a change of them.
        # By way of the timestamp: `astimezone` is an hour off for a machine's time that summer time leaves out.
        return datetime.fromtimestamp(datetime.combine(day, self._at, tzinfo=self._zone).timestamp(), UTC)


def every_night(
    nights: Nights, work: Callable[[], object], *, clock: Clock, sleep: Callable[[float], object],
    stopped: Callable[[], bool],
) -> None:  # fmt: skip
    """Do a piece of work every night until stopped.

    Args:
        work: the night's run; what goes wrong in it is its own to report, so that the next night comes all the same.
        sleep: waits that many seconds, or less.
        stopped: true when the process is asked to end.
    """
    while not stopped():
        if nights.due(clock()):
            work()
            continue
        sleep(min(max((nights.next_moment() - clock()).total_seconds(), 0.1), LONGEST_SLEEP_S))
