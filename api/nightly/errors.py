"""Why did a cross-match not run to its end? In each case what it had done stays done, and the next start resumes it."""

from __future__ import annotations

from datetime import timedelta

from api.store.runs import Run
from matcher.errors import SandhanError


class RunInProgress(SandhanError):
    """Another cross-match is under way, on this machine or another."""

    code = "run_in_progress"

    def __init__(self, run: Run | None, ttl: timedelta) -> None:
        """Take the run under way, None when it cannot be told which, and how long a dead one's lease lasts."""
        since = f"since {run.started_at:%Y-%m-%d %H:%M:%S} UTC ({run.id})" if run else "since a moment ago"
        minutes = int(ttl.total_seconds() // 60)
        super().__init__(
            f"a cross-match has been running {since}; if it was killed, it can be resumed {minutes} minutes after that"
        )
        self.started_at = run.started_at if run else None


class LeaseLost(SandhanError):
    """This run stood still for so long that another process has taken its place; what it had done stays done."""

    code = "lease_lost"

    def __init__(self) -> None:
        super().__init__("this run stood still too long and another process has taken over; nothing is lost")


class RunStopped(SandhanError):
    """Somebody asked this run to stop, and it did so between two chunks."""

    code = "run_stopped"

    def __init__(self) -> None:
        super().__init__("the cross-match was asked to stop; the next one resumes it")


class BadEngine(SandhanError):
    """What a run was to be carried out with does not go together, or is not installed."""

    code = "bad_engine"


class MemoryTooSmall(SandhanError):
    """The memory allowed does not suffice to compare a single case."""

    code = "memory_too_small"

    def __init__(self, needed_mb: int) -> None:
        """Take the least that would do."""
        super().__init__(f"memory: too small to compare even one case at a time; give at least {needed_mb} MB")
        self.needed_mb = needed_mb
