"""By when is an alert to be acknowledged, and by when acted on? Pure computation on a partner's hours.

    critical   4 h to acknowledge, 24 h to act, by the clock, day and night
    standard   24 h and 72 h: from the next opening of the office, by the clock, days on which it does not open left out
    digest     none: it only informs

A partner may have deadlines of its own within `BOUNDS`, in hours: `{"standard": {"acknowledge": 8, "act": 48}}`. Those
of critical alerts are never longer than the usual ones. Why hours count so: docs/decisions/0023-deadlines.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from api.partners.office_hours import add_open_time, next_opening, open_time
from api.store.partners import Partner
from matcher.errors import InvalidRecord

USUAL: Final[Mapping[str, Mapping[str, int]]] = {
    "critical": {"acknowledge": 4, "act": 24},
    "standard": {"acknowledge": 24, "act": 72},
}
"""Class -> hours."""
BOUNDS: Final[Mapping[str, Mapping[str, int]]] = {
    "critical": USUAL["critical"],
    "standard": {"acknowledge": 72, "act": 216},
}
"""Class -> the longest that a partner may have."""
_ALL_DAY: Final = [["00:00", "24:00"]]


@dataclass(frozen=True, slots=True)
class Deadlines:
    """By when an alert is to be acknowledged, and acted on; None where nobody waits for it."""

    due_at: datetime | None
    act_by: datetime | None


def deadlines_of(partner: Partner, priority: str, now: datetime) -> Deadlines:
    """Return the deadlines of an alert that a partner gets now, in UTC."""
    if priority not in USUAL:
        return Deadlines(None, None)
    hours = (partner.deadlines or {}).get(priority, USUAL[priority])
    due, act = (_add(partner, priority, now, timedelta(hours=hours[name])) for name in ("acknowledge", "act"))
    return Deadlines(due, act)


def half_time(partner: Partner, priority: str, start: datetime, end: datetime) -> datetime:
    """Return when half of the time between two moments has passed: of open time; of all time where it is critical.

    So a reminder of a standard alert comes while somebody is there to read it.
    """
    if priority == "critical":
        return (start + (end - start) / 2).astimezone(UTC)
    hours, zone = partner.office_hours, partner.time_zone
    return add_open_time(hours, zone, start, open_time(hours, zone, start, end) / 2)


def check_deadlines(said: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Return a partner's own deadlines as they are kept.

    Raises:
        InvalidRecord: a class that has none, or hours beyond their bounds.
    """
    kept: dict[str, dict[str, int]] = {}
    for priority, hours in said.items():
        if priority not in BOUNDS or set(hours) != {"acknowledge", "act"}:
            raise InvalidRecord("deadlines", "must give hours to acknowledge and to act, for critical or standard")
        for name, most in BOUNDS[priority].items():
            if not 1 <= hours[name] <= most:
                raise InvalidRecord("deadlines", f"of {priority} alerts allow 1 to {most} hours to {name}")
        if hours["act"] < hours["acknowledge"]:
            raise InvalidRecord("deadlines", f"of {priority} alerts end before they are to be acknowledged")
        kept[priority] = dict(hours)
    return kept


def _add(partner: Partner, priority: str, start: datetime, duration: timedelta) -> datetime:
    """Return the end of a duration as time counts for this class."""
    hours, zone = partner.office_hours, partner.time_zone
    opens = None if priority == "critical" or not hours else next_opening(hours, zone, start)
    if not hours or opens is None:  # always open; or never, and it would never be late
        return (start + duration).astimezone(UTC)
    end = add_open_time(dict.fromkeys(hours, _ALL_DAY), zone, opens, duration)
    # A short day may have closed by then; whoever is there next must not find it past already.
    return next_opening(hours, zone, end) or end
