"""After how many failures must one wait, and for how long? Pure rules over what `store.people` keeps.

An attempt is counted before the password is looked at and taken back when it was right: a hundred guesses sent at
once are a hundred guesses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from api.store.people import StrikeRow


@dataclass(frozen=True, slots=True)
class Lockout:
    """When to lock, and for how long.

    Attributes:
        failures: so many within `window` lock.
        first: how long the first time; each further time twice as long.
        longest: never longer than this; after as long in peace the count of locks begins anew.
    """

    failures: int = 5
    window: timedelta = timedelta(minutes=15)
    first: timedelta = timedelta(minutes=15)
    longest: timedelta = timedelta(hours=24)

    def locked(self, strikes: StrikeRow, now: datetime) -> bool:
        """Tell whether it is locked now."""
        return strikes.locked_until is not None and now < strikes.locked_until

    def charged(self, strikes: StrikeRow, now: datetime) -> StrikeRow:
        """Return the strikes after one more attempt; one that is locked is not prolonged by trying."""
        if self.locked(strikes, now):
            return strikes
        lockouts = strikes.lockouts
        if strikes.locked_until is not None and now - strikes.locked_until >= self.longest:
            lockouts = 0
        # What led to the last lock has been paid for.
        since = max(now - self.window, strikes.locked_at or now - self.window)
        recent = (*(moment for moment in strikes.recent if moment > since), now)
        if len(recent) < self.failures:
            return replace(strikes, recent=recent, lockouts=lockouts)
        return StrikeRow(recent, lockouts + 1, now, now + self.duration(lockouts + 1))

    def refunded(self, strikes: StrikeRow, charged_at: datetime) -> StrikeRow:
        """Return the strikes without the attempt of a moment, and without the lock that it led to."""
        recent = tuple(moment for moment in strikes.recent if moment != charged_at)
        if strikes.locked_at != charged_at:
            return replace(strikes, recent=recent)
        return StrikeRow(recent, max(0, strikes.lockouts - 1))

    def duration(self, lockouts: int) -> timedelta:
        """Return how long the lock of this number lasts, counted from one."""
        return min(self.first * (1 << min(lockouts - 1, 30)), self.longest)


PAIR = Lockout()
"""Of one client against one account, or of a device that is known to be the person's."""
ACCOUNT = Lockout(failures=20, window=timedelta(hours=1))
"""Of one account, by whomever: guessing from many addresses. No known device of the person is concerned."""
ADDRESS = Lockout(failures=30)
"""Of one client address: a whole office may stand behind one."""
