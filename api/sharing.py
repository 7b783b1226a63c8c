"""What ends when two organisations may no longer share? Everything that stands between them, at once.

    an agreement is left or runs out, a partner takes part no longer, a case changes hands
      ──> messages that have not gone out are held back · pairs end · bulletins are taken down · who was told is told

What anybody reads is asked of the rules at that moment (`api.access`), whether or not this has run yet.
"""

from __future__ import annotations

from datetime import datetime

from api.alerts.handing_over import hand_over_alerts
from api.alerts.naming import hide_names_of
from api.alerts.sharing_again import tell_again
from api.bulletins.service import BulletinService
from api.bulletins.taking_down import enforce_case
from api.ids import Clock, RandomBytes
from api.matches.withholding import end_all_unshared, hold_back_unshared
from api.pairs.ending import end_unshared
from api.pairs.telling import tell_new_owner
from api.store import Connection, Database, agenda, agreements, matches, pairs
from api.store.cases import Case

_PAGE = 200


class SharingWatch:
    """Ends what may no longer be shared."""

    def __init__(self, database: Database, bulletins: BulletinService, clock: Clock, random_bytes: RandomBytes) -> None:
        self._database, self._bulletins = database, bulletins
        self._clock, self._random = clock, random_bytes
        self._seen: datetime | None = None

    def enforce(self) -> int:
        """End whatever no longer may be, of everybody; return how many partners are told."""
        now = self._clock()
        end_all_unshared(self._database, now)
        told = self._end_pairs(now) + self._bulletins.sweep()
        self._seen = now
        return told

    def enforce_due(self) -> int:
        """Do so where time alone has ended an agreement; bulletins end for more reasons and are always looked at."""
        now = self._clock()
        with self._database.read() as conn:
            lapsed = self._seen is None or agreements.any_lapsed(conn, self._seen, now)
        if lapsed:
            return self.enforce()
        self._seen = now
        return self._bulletins.sweep()

    def follow_owner(self, conn: Connection, case: Case, former_id: str) -> None:
        """End what no longer may be of a case that has changed hands: its new owner's agreements count now.

        The new owner hears of its matches, of the records like it and of what is due, in the place of the former one.
        """
        now = self._clock()
        hand_over_alerts(conn, case, former_id, now, self._random)
        its_matches = [match.id for match in matches.matches_of_case(conn, case.id)]
        hold_back_unshared(conn, now, its_matches)
        tell_again(conn, its_matches, now, self._random)  # whom its former owner had no agreement with
        enforce_case(conn, case.id, now, random_bytes=self._random)
        end_unshared(conn, pairs.of_records(conn, [case.id]), now, random_bytes=self._random)
        tell_new_owner(conn, case.id, now, self._random)
        agenda.tell_anew(conn, case.id)  # the new owner hears at the next pass what is due
        if case.protect_location:
            hide_names_of(conn, case.id)

    def _end_pairs(self, now: datetime) -> int:
        told, after = 0, None
        while True:
            with self._database.write() as conn:
                some = pairs.going(conn, after=after, limit=_PAGE)
                told += end_unshared(conn, some, now, random_bytes=self._random)
            if len(some) < _PAGE:
                break
            after = some[-1].id
        return told
