"""The night's second half: everybody who has changed, beside her own side; and suspects beside those of other units."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from api.bootstrap import Sandhan
from api.pairs.telling import Told


@dataclass(frozen=True, slots=True)
class Within:
    """What it came to, and how long it took."""

    cases: Told
    suspects: Told
    seconds: float

    def to_json(self) -> dict[str, object]:
        """Return it as it is printed."""
        return {
            "cases": self.cases.compared,
            "suspects": self.suspects.compared,
            "pairs": self.cases.pairs + self.suspects.pairs,
            "alerts": self.cases.alerts + self.suspects.alerts,
            "seconds": round(self.seconds, 1),
        }

    def words(self) -> str:
        """Return it in one line."""
        said = self.to_json()
        return (
            f"within their own side: {said['cases']:,} cases and {said['suspects']:,} suspects compared, "
            f"{said['pairs']:,} pairs told of, {said['alerts']:,} alerts, {said['seconds']} s"
        )


def compare_within(sandhan: Sandhan, *, full: bool, stop: Callable[[], bool]) -> Within:
    """Compare who has changed, or everybody; where `stop` says so, the rest is left to the next time."""
    began = time.monotonic()
    if full:
        sandhan.same_person.begin_again()
        sandhan.same_suspect.begin_again()
    found = sandhan.same_person.follow(sys.maxsize, wait=True, stop=stop)
    if found.compared:
        sandhan.index_open = True  # the index was opened for it, and is worth saving
    suspects = sandhan.same_suspect.follow(sys.maxsize, stop=stop)
    return Within(found, suspects, time.monotonic() - began)
