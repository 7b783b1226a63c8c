"""How long is a case kept? From its last change on, so many years for each side; then it is erased.

Retention is a duty and not an option: a record without an end is one that nobody has thought about.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from matcher.person import Side

_YEAR_DAYS = 365.25


@dataclass(frozen=True, slots=True)
class Retention:
    """Years for which cases are kept."""

    missing_years: float = 10.0
    rescued_years: float = 5.0

    def until(self, side: str, now: datetime) -> datetime:
        """Return the end of the time of a case that is new or was changed now."""
        years = self.missing_years if side == Side.MISSING else self.rescued_years
        return now + timedelta(days=round(years * _YEAR_DAYS))

    def latest(self, now: datetime) -> datetime:
        """Return beyond which nobody may keep a case without looking at it again."""
        return now + timedelta(days=round(2 * max(self.missing_years, self.rescued_years) * _YEAR_DAYS))
