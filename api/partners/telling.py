"""Who is told of matches that were found before it might know of them? Some at a time, until everybody is.

    two may share since, or a unit's area grows ──> noted in the same transaction
        ──> its alerts that had ended for want of sharing: told anew, where it may know again
        ──> matches in its area of which it was never told: told as if they were new
    two owners of matches may share again ──> whoever else may know of these, likewise

Each page is a transaction of its own; the note keeps the place, and begins again when more is noted meanwhile.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Final

from api.access import RECIPIENT_CLASS
from api.alerts.routing import ROUTED_KINDS
from api.alerts.sharing_again import tell_again, tell_who_never_heard, tell_whose_ended
from api.cases.standing import TOLD_AS_OWNER
from api.faults import origin
from api.ids import Clock, RandomBytes
from api.matches.states import LIVING, MatchState
from api.store import Connection, Database, agreements, matches, partners, untold
from api.store.untold import Untold

log = logging.getLogger(__name__)

_PAGE = 25
_ENDED, _NEVER = "ended:", "never:"
_OPEN: Final = tuple(state for state in LIVING if state is not MatchState.DISPUTED)
"""Of a dispute only the owners hear until it is settled; then everybody does."""


class Telling:
    """Tells who is noted as to be told."""

    def __init__(self, database: Database, clock: Clock, random_bytes: RandomBytes) -> None:
        self._database, self._clock, self._random = database, clock, random_bytes

    def follow(self, most: int = sys.maxsize) -> int:
        """Look through about so many matches for those to be told of; return how many alerts were raised.

        What fails is logged, and holds up nobody else.
        """
        with self._database.read() as conn:
            noted = untold.noted(conn)
        told = looked = 0
        for one in noted:
            more = True
            while more and looked < most:
                try:
                    seen, raised, more = self._tell_some(one)
                except Exception as error:  # noqa: BLE001  its note stays, and it has its turn again
                    log.error("who may know of matches by now was not told (%s)", origin(error))
                    break
                looked, told = looked + seen, told + raised
        return told

    def _tell_some(self, whom: Untold) -> tuple[int, int, bool]:
        """Tell of one page; return how many were looked at, how many alerts were raised, and whether there is more."""
        with self._database.read() as conn:  # most find nothing, and hold up no writer
            upto = untold.told_upto(conn, whom)
            if upto is None:
                return 0, 0, False
            seen, tell, after = self._page(conn, whom, upto)
        with self._database.write() as conn:
            if untold.told_upto(conn, whom) != upto:
                return 0, 0, True  # noted anew meanwhile, or told by another process
            raised = tell(conn) if seen else 0
            untold.note_told(conn, whom, after)
        return seen, raised, after is not None

    def _page(self, conn: Connection, whom: Untold, upto: str) -> tuple[int, Callable[[Connection], int], str | None]:
        """Return how much comes next, what tells of it, and where to go on, None at the end."""
        now = self._clock()
        if whom.second is not None:
            some = untold.matches_between(conn, whom.first, whom.second, _OPEN, after=upto, limit=_PAGE)
            ids = [match.id for match in some]
            return len(ids), lambda writer: tell_again(writer, ids, now, self._random), _last(ids)
        if not upto.startswith(_NEVER):
            ended, last = untold.ended_unshared_of(
                conn, whom.first, after=upto.removeprefix(_ENDED), limit=_PAGE
            )  # fmt: skip
            after = _NEVER if last is None else _ENDED + last
            return len(ended), lambda writer: tell_whose_ended(writer, ended, now, self._random), after
        ids = self._never_told(conn, whom.first, upto.removeprefix(_NEVER))
        last = _last(ids)

        def tell(writer: Connection) -> int:
            some = [matches.require_match(writer, match_id) for match_id in ids]
            return tell_who_never_heard(writer, some, now, self._random, only=whom.first)

        return len(ids), tell, None if last is None else _NEVER + last

    def _never_told(self, conn: Connection, partner_id: str, after: str) -> list[str]:
        unit = partners.get_partner(conn, partner_id)
        if unit is None or not unit.active or unit.kind not in ROUTED_KINDS:
            return []
        owners = agreements.agreed_with(conn, partner_id, self._clock())
        some = untold.never_told(
            conn, unit, RECIPIENT_CLASS[unit.kind], owners, _OPEN, as_owner=TOLD_AS_OWNER, after=after, limit=_PAGE
        )
        return [match.id for match in some]


def _last(ids: list[str]) -> str | None:
    """Return after which id there may be more; None after the last page."""
    return ids[-1] if len(ids) == _PAGE else None
