"""Who has to be visited, and what came of it? Timers that a return starts, and the agenda of an organisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final, NamedTuple

from api.access import AccessScope, NotFound, Permission
from api.agenda.answered import duty_done
from api.care.errors import CaseClosed, NotDue
from api.care.owning import Texts, reads_texts
from api.care.schedule import FOLLOW_UP_MONTHS, due_dates
from api.care.stages import return_of
from api.cases.standing import own_case
from api.days import require_past
from api.ids import Clock, RandomBytes, new_id
from api.store import Connection, Database, audit, care, follow_ups, matches
from api.store.follow_ups import FollowUp, Timer
from matcher.errors import InvalidRecord

NO_RETURN: Final = "mistake"
OUTCOMES: Final[Mapping[str, tuple[str, ...]]] = {
    "done": ("well", "concern", "at_risk"),
    "missed": ("not_found", "refused", "not_possible"),
    "cancelled": ("moved_away", NO_RETURN, "died", "other"),
}
"""What a person may note of a visit, by the state it leads to."""
_FARTHEST: Final = timedelta(days=3 * 366)
_AGENDA_DAYS: Final = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Settling:
    """What came of a visit."""

    state: str
    outcome: str
    note: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AgendaPage:
    """Visits that are due, the longest overdue first.

    Attributes:
        today: the day by which it was judged what is overdue.
        next: id of the last one, where further ones follow.
    """

    items: tuple[FollowUp, ...]
    today: date
    next: str | None


class _Return(NamedTuple):
    """A return: on which day, and what says so."""

    day: date
    source: str


class FollowUpService:
    """Lets follow-ups run after a return and keeps what came of them.

    Args:
        months: after how many months somebody is visited.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        random_bytes: RandomBytes,
        months: Sequence[int] = FOLLOW_UP_MONTHS,
    ) -> None:
        self._database, self._clock, self._random, self._months = database, clock, random_bytes, tuple(months)

    def start(self, conn: Connection, case_id: str, returned_on: date, source: str, scope: AccessScope) -> None:
        """Let the timers of a case run from a return; those that ran from another day end."""
        now = self._clock()
        timers = [
            Timer(new_id("visit", now, self._random), months, day)
            for months, day in due_dates(returned_on, self._months)
        ]
        follow_ups.schedule(
            conn, case_id, source=source, returned_on=returned_on, timers=timers, at=now, by=scope.actor_id
        )
        audit.append(conn, at=now, actor=scope.actor_id, action="care.follow_ups_started", subject=case_id)

    def stop(self, conn: Connection, case_id: str, source: str, outcome: str, scope: AccessScope) -> None:
        """Cancel the timers that run from what was undone or wrong; they run from whatever else says she returned."""
        stands = _standing_return(conn, case_id)
        if stands is not None:
            follow_ups.hand_over(conn, case_id, stands.day, stands.source)
        cancelled = follow_ups.cancel_due(
            conn, case_id, at=self._clock(), by=scope.actor_id, outcome=outcome, source=source
        )  # fmt: skip
        if cancelled and stands is not None:
            self.start(conn, case_id, stands.day, stands.source, scope)

    def record_return(self, case_id: str, returned_on: date, scope: AccessScope) -> list[FollowUp]:
        """Note that the person of the caller's own case returned home; return the timers.

        Raises:
            NotFound: there is no such case, or it is another partner's.
            InvalidRecord: the day lies in the future.
            CaseClosed: nobody would be told when they fall due.
        """
        scope.require(Permission.CASES_WRITE)
        require_past("returned_on", returned_on, self._clock())
        with self._database.write() as conn:
            if own_case(conn, case_id, scope, self._clock()).status != "open":
                raise CaseClosed
            self.start(conn, case_id, returned_on, "return", scope)
            return Texts(conn, case_id, scope).follow_ups(follow_ups.follow_ups_of(conn, case_id))

    def of_case(self, case_id: str, scope: AccessScope) -> list[FollowUp]:
        """Return every timer of the caller's own case.

        Raises:
            NotFound: there is no such case, or it is another partner's.
        """
        scope.require(Permission.CASES_READ)
        with self._database.write() as conn:
            own_case(conn, case_id, scope, self._clock())
            audit.append(conn, at=self._clock(), actor=scope.actor_id, action="care.follow_ups_read", subject=case_id)
            return Texts(conn, case_id, scope).follow_ups(follow_ups.follow_ups_of(conn, case_id))

    def agenda(self, scope: AccessScope, *, upto: date | None, after: str | None, limit: int) -> AgendaPage:
        """Return what the caller's organisation has to do up to and with a day (a month ahead when none is given).

        Args:
            after: id of the last one of the page before.
        Raises:
            InvalidRecord: the day lies too far ahead, or `after` is gone.
        """
        scope.require(Permission.CASES_READ)
        today = self._clock().date()
        last = upto or today + _AGENDA_DAYS
        if last > today + _FARTHEST:
            raise InvalidRecord("upto", f"lies more than {_FARTHEST.days} days ahead")
        with self._database.write() as conn:
            # Found again by its id: the day of a visit tells of a return and belongs into no address.
            end = None if after is None else follow_ups.get(conn, after)
            if after is not None and end is None:
                raise InvalidRecord("after", "names a visit that is gone; begin again without it")
            start = None if end is None else (end.due_on, end.id)
            rows = follow_ups.due(conn, scope.partner_id, last, after=start, limit=limit + 1)
            audit.append(
                conn, at=self._clock(), actor=scope.actor_id, action="care.agenda_read", subject=scope.partner_id,
                detail={"count": min(len(rows), limit)},
            )  # fmt: skip
        items = _shown(rows[:limit], scope)
        return AgendaPage(tuple(items), today, items[-1].id if len(rows) > limit else None)

    def settle(self, case_id: str, follow_up_id: str, settling: Settling, scope: AccessScope) -> FollowUp:
        """Note what came of a visit; that there was no such return (`mistake`) cancels all of that return.

        Raises:
            NotFound: there is no such timer of the caller's own case.
            InvalidRecord: the outcome does not fit the state.
            NotDue: it was settled before.
        """
        scope.require(Permission.CASES_WRITE)
        allowed = OUTCOMES.get(settling.state, ())
        if settling.outcome not in allowed:
            raise InvalidRecord("outcome", f"is not one of {', '.join(allowed)}")
        now = self._clock()
        with self._database.write() as conn:
            own_case(conn, case_id, scope, self._clock())
            found = follow_ups.get(conn, follow_up_id)
            if found is None or found.case_id != case_id:
                raise NotFound("follow-up")
            settled = follow_ups.settle(
                conn, follow_up_id, state=settling.state, outcome=settling.outcome, note=settling.note, at=now,
                by=scope.actor_id,
            )  # fmt: skip
            if not settled:
                raise NotDue(found.state)
            duty_done(conn, "follow_up", case_id, [follow_up_id], scope.actor_id, now)
            if settling.outcome == NO_RETURN and found.source == "return":
                follow_ups.cancel_due(
                    conn, case_id, at=now, by=scope.actor_id, outcome=NO_RETURN, returned_on=found.returned_on
                )
            audit.append(
                conn, at=now, actor=scope.actor_id, action="care.follow_up_settled", subject=case_id,
                detail={"follow_up": follow_up_id, "state": settling.state},
            )  # fmt: skip
            again = follow_ups.get(conn, follow_up_id)
        assert again is not None
        return _shown([again], scope)[0]


def _standing_return(conn: Connection, case_id: str) -> _Return | None:
    """Return what says that she returned: the timeline, else a match that is restored; None where neither does."""
    entry = return_of(care.stages_of(conn, case_id))
    if entry is not None:
        return _Return(entry.entered_on, "stage")
    day = matches.restored_on(conn, case_id)
    return None if day is None else _Return(day, "return")


def _shown(found: Sequence[FollowUp], scope: AccessScope) -> list[FollowUp]:
    return list(found) if reads_texts(scope) else [replace(item, note=None) for item in found]
