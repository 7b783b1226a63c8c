"""What follows when two organisations may share that could not before? What each holds is compared with the other's.

    an agreement is accepted, signed or begins, a partner takes part again
      ──> noted in the same transaction ──> cases marked, some at a time ──> compared by the service, or by the night

Of two partners it is enough to compare the cases of one, so those are marked that are fewer. In matches that were found
before, comparing finds nothing new: who is told of these, `api.partners.telling` finds out.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from api.ids import Clock
from api.matches.states import LIVING
from api.store import Connection, Database, agreements, begun, untold

_PAGE = 500


@contextmanager
def sharing_begins(conn: Connection, partner_ids: Collection[str], now: datetime) -> Iterator[None]:
    """Note whose cases are to be compared, where partners may share with more organisations after this than before.

    Args:
        partner_ids: those for whom it may be so; with whom, is found out.
    """
    before = {one: agreements.agreed_with(conn, one, now) for one in partner_ids}
    yield
    _note(conn, {one: agreements.agreed_with(conn, one, now) - before[one] for one in partner_ids})


class Beginning:
    """Lets cases wait for comparison because of agreements in force since."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def follow(self, most: int = sys.maxsize) -> int:
        """Look for agreements that began by time alone, and mark at most so many cases; return how many.

        Each page is a transaction of its own: nobody waits for a large stock, and a stop in between costs nothing.
        """
        self._look()
        with self._database.read() as conn:
            noted = begun.noted(conn)
        marked = 0
        for partner_id in noted:
            while marked < most:
                limit = min(_PAGE, most - marked)
                with self._database.write() as conn:
                    some = begun.mark(conn, partner_id, limit, self._clock())
                marked += some
                if some < limit:
                    break
        return marked

    def _look(self) -> None:
        now = self._clock()
        with self._database.read() as conn:
            since = begun.looked_at(conn)
            begins = since is None or bool(agreements.begun_parties(conn, since, now))
        if not begins:
            return  # the mark stays behind: what lies between was looked at, and began nothing
        with self._database.write() as conn:
            since = begun.looked_at(conn)
            if since is not None:
                parties = agreements.begun_parties(conn, since, now)
                before = {one: agreements.agreed_with(conn, one, since) for one in parties}
                _note(conn, {one: agreements.agreed_with(conn, one, now) - before[one] for one in parties})
            begun.look(conn, now)


def _note(conn: Connection, new: Mapping[str, set[str]]) -> None:
    """Note whose cases have to be compared, of partners and those with whom each may share since."""
    if any(new.values()):
        again = {(one, other) for one in new if new[one] for other in new[one] & untold.matched_with(conn, one, LIVING)}
        both = {*new, *(other for some in new.values() for other in some)}
        stock = begun.stock_of(conn, both)
        # Who has nothing yet needs no second look: what it enters from now on is compared with everything.
        begun.note(conn, [one for one in _fewest(new, stock) if stock[one]])
        untold.note(conn, both)
        untold.note_between(conn, again)


def _fewest(new: Mapping[str, set[str]], stock: Mapping[str, int]) -> list[str]:
    """Return partners such that of every new pair one is among them; those with few cases before those with many.

    One that is new to itself took no part: its own cases are compared with each other, too.
    """
    left: dict[str, set[str]] = {one: set() for one in stock}
    for one, others in new.items():
        for other in others:
            left[one].add(other)
            left[other].add(one)
    chosen = sorted(one for one, others in left.items() if one in others)
    while True:
        for one in chosen:
            for other in left.pop(one, set()) - {one}:
                left.get(other, set()).discard(one)
        if not any(left.values()):
            return chosen
        chosen.append(max(sorted(left), key=lambda one: len(left[one]) / (1 + stock[one])))
