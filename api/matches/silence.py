"""Which rejected pairs have been silent as long as was said? They are compared anew, though nothing has changed.

Comparing is what suggests a pair again (`api.matches.moves`); this finds for the night, and for the service between two
nights, whom to compare. Left out is what would come to nothing: a rival that was found, an agreement that has ended.
"""

from __future__ import annotations

from datetime import datetime

from api.ids import Clock
from api.matches.moves import rejection_of
from api.matches.states import FOUND
from api.store import Connection, Database, agreements, cases, dispositions


def silent_no_more(conn: Connection, now: datetime) -> set[str]:
    """Return the rescued persons of rejected pairs whose day is over; comparing one side of a pair is enough."""
    agreed: dict[str, set[str]] = {}
    found: set[str] = set()
    for pair in dispositions.over(conn, now, found=FOUND):
        if pair.one_owner not in agreed:
            agreed[pair.one_owner] = agreements.agreed_with(conn, pair.one_owner, now)
        # What was said last counts, and may last longer than what was said first.
        stands = rejection_of(conn, pair.match_id)
        if pair.other_owner in agreed[pair.one_owner] and (stands is None or stands.until <= now):
            found.add(pair.rescued_id)
    return found


class SilenceWatch:
    """Lets cases wait for comparison, of pairs that are silent no more."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def follow(self) -> int:
        """Let them wait; return how many cases."""
        now = self._clock()
        with self._database.read() as conn:
            found = sorted(silent_no_more(conn, now))
        if found:
            with self._database.write() as conn:
                cases.await_comparison(conn, found)
        return len(found)
