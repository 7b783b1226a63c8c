"""By when is an alert to be answered, and by when acted on?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from api.store.partners import Partner

TIMES: Final[Mapping[str, tuple[timedelta, timedelta]]] = {
    "critical": (timedelta(hours=4), timedelta(hours=24)),
    "standard": (timedelta(hours=24), timedelta(hours=72)),
}
"""Priority -> the time to acknowledge, and to act; what waits for the digest has neither."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Until when one recipient has time; None for no deadline."""

    due_at: datetime | None
    act_by: datetime | None


def deadlines_of(partner: Partner, priority: str, now: datetime) -> Deadlines:  # noqa: ARG001
    """Return by when a partner has to acknowledge an alert of a priority raised now, and to act on it."""
    if priority not in TIMES:
        return Deadlines(None, None)
    acknowledge, act = TIMES[priority]
    return Deadlines(now + acknowledge, now + act)
