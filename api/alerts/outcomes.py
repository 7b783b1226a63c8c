"""How did one attempt end, and when is the next one?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

SCHEDULE: Final[tuple[timedelta, ...]] = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""How long to wait before the first, second, … tenth attempt. After the last one the message is a dead letter."""

JITTER_SHARE: Final = 0.1
"""Largest part of a wait that is added by chance, so that a receiver coming back is not met by all at once."""

LONGEST_RETRY_AFTER: Final = timedelta(hours=24)

MOST_REFUSALS: Final = 4
"""After so many refusals of one message, about 35 minutes, it is given up where the receiver takes others."""

WORKS_WITHIN: Final = timedelta(hours=24)
"""A receiver that has taken something within this time is one that takes others."""


@dataclass(frozen=True, slots=True)
class SendResult:
    """How one attempt ended.

    Args:
        outcome: `delivered`, or a short word for what went wrong (`http_status`, `timeout`, `connection_failed`, …).
        status_code: HTTP or SMTP status; None where none was given.
        detail: one sentence in our words. Never anything that the other side wrote.
        retry_after: the receiver asked to wait this long.
        gone: the receiver wants no more messages, ever (HTTP 410).
        final: another attempt cannot succeed.
        refused: it is this message that is not wanted, or cannot be sent; others may be.
    """

    outcome: str
    status_code: int | None = None
    detail: str = ""
    retry_after: timedelta | None = None
    gone: bool = False
    final: bool = False
    refused: bool = False

    @property
    def delivered(self) -> bool:
        """Whether the other side has taken the message."""
        return self.outcome == "delivered"


def next_attempt(
    attempts_made: int,
    now: datetime,
    jitter: Callable[[], float],
    retry_after: timedelta | None = None,
    schedule: Sequence[timedelta] = SCHEDULE,
) -> datetime | None:
    """Return when to try again, or None when the message is a dead letter.

    Args:
        attempts_made: attempts so far, the one that just failed included; at least 1.
        now: time of the failure (aware).
        jitter: draws from [0, 1).
        retry_after: what the receiver asked for; it can lengthen the wait up to 24 h, never shorten it.
        schedule: how long to wait before each attempt.
    """
    if attempts_made >= len(schedule):
        return None
    wait = schedule[attempts_made] * (1.0 + JITTER_SHARE * jitter())
    if retry_after is not None:
        wait = max(wait, min(retry_after, LONGEST_RETRY_AFTER))
    return now + wait


def parse_retry_after(header: str | None, now: datetime) -> timedelta | None:
    """Return how long a receiver asks us to wait, or None if it does not say so understandably.

    Args:
        header: value of Retry-After: seconds, or an HTTP date.
        now: current time (aware).
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        # A number too long for a timedelta is no reason to fail; the cap applies anyway.
        return timedelta(seconds=int(text)) if len(text) < 9 else LONGEST_RETRY_AFTER
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max(at - now, timedelta(0))
