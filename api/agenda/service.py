"""What has a unit to do, and by when? Its agenda; and the pass that tells everybody once of what has fallen due.

clocks of its reports ─┐
visits, home reports   │
ends of orders         ├─> one list, by day: what is overdue, what is coming, what waits without a day
alerts, requests       │   ids and kinds only: whoever wants to know more reads the thing itself
matches that wait      ┘
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from api.access import AccessScope, NotFound, Permission
from api.agenda.answered import duty_done, duty_over, occasion_of, stands
from api.agenda.clocks import Clock, due_until
from api.agenda.duties import Register, item_id, mark_of, read_item_id
from api.agenda.errors import FiledAlready
from api.agenda.telling import concerns, still_due, untold
from api.agenda.waiting import waiting_matches, waiting_returns
from api.alerts.deadlines import deadlines_of
from api.alerts.raising import raise_alert
from api.bulletins.ending import AHEAD as BULLETINS_AHEAD
from api.bulletins.ending import ending, is_told_of_ending, tell_of_ending, warnings_over
from api.days import FIRST_DAY, require_past
from api.ids import Clock as Now
from api.ids import RandomBytes
from api.store import Connection, Database, agenda, alerts, attention, audit, knowing
from api.store.agenda import OpenReport, Waiting
from api.store.alerts import Alert
from api.store.partners import Partner
from matcher.errors import InvalidRecord

Kind = Literal[
    "untraced",
    "quarterly",
    "follow_up",
    "home_report",
    "authorisation",
    "alert",
    "disclosure",
    "referral",
    "match",
    "return",
]
AHEAD: Final = timedelta(days=31)
FARTHEST: Final = timedelta(days=3 * 366)
_SHORTEST: Final = timedelta(days=118)
"""No four months are shorter, by days in any time zone: reports younger than that are not looked at."""
_FILING_AHEAD: Final = timedelta(days=93)
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Item:
    """Something to be done.

    Attributes:
        due_on: by when, where the caller is; None for what waits without a day.
        link: where it is read and done.
        missed: of a quarterly report, how many before it were not filed either.
        since: of what has no day, the day on which it began to wait, where the caller is.
    """

    id: str
    kind: Kind
    due_on: date | None
    overdue: bool
    case_id: str | None
    link: str
    missed: int = 0
    since: date | None = None

    @property
    def order(self) -> tuple[bool, date, str, date, str]:
        """Return by what items are sorted: the longest overdue first, what has no day last, the oldest of it first."""
        return self.due_on is None, self.due_on or date.max, self.kind, self.since or date.min, self.id


class AgendaService:
    """Shows the agenda of a unit, takes note of what was done, and tells what has fallen due."""

    def __init__(self, database: Database, now: Now, random_bytes: RandomBytes) -> None:
        self._database, self._now, self._random = database, now, random_bytes

    def page(
        self, scope: AccessScope, *, until: date | None, after: str | None, limit: int
    ) -> tuple[list[Item], str | None]:
        """Return what the caller's unit has to do up to and with a day (a month ahead when none is given), and the id
        of the last item where there are more; the read is audited.

        Args:
            after: id of the last item of the page before.
        Raises:
            InvalidRecord: the day lies too far ahead, or the item of `after` was done meanwhile.
        """
        scope.require(Permission.CASES_READ)
        with self._database.write() as conn:
            register = Register(conn, self._now())
            today = register.today(scope.partner_id)
            last = max(until or today + AHEAD, FIRST_DAY)  # nothing was due before
            if last > today + FARTHEST:
                raise InvalidRecord("until", f"lies more than {FARTHEST.days} days ahead")
            items = sorted(self._items(register, scope, today, last), key=lambda item: item.order)
            start = 0
            if after is not None:
                places = [place for place, item in enumerate(items, 1) if item.id == after]
                if not places:
                    raise InvalidRecord("after", "names an item that is done; begin again without it")
                start = places[0]
            shown = items[start : start + limit]
            audit.append(
                conn, at=self._now(), actor=scope.actor_id, action="agenda.read", subject=scope.partner_id,
                detail={"count": len(shown)},
            )  # fmt: skip
        return shown, shown[-1].id if len(items) > start + limit else None

    def done(self, item: str, done_on: date, scope: AccessScope) -> None:
        """Note that a unit took a report over, or filed a quarterly report; one settles those before it.

        Raises:
            NotFound: there is no such item on the caller's agenda.
            InvalidRecord: the day lies in the future.
            FiledAlready: it was filed before.
        """
        scope.require(Permission.CASES_WRITE)
        now = self._now()
        require_past("done_on", done_on, now)
        named = read_item_id(item)
        with self._database.write() as conn:
            register = Register(conn, now)
            report = None if named is None else _report(conn, named[0], register)
            if report is None or named is None or not concerns(register, report, scope.partner_id):
                raise NotFound("item")
            case_id, clock, number = named
            facts, today = register.facts_of(report), register.today(report.owner_id)
            if (clock == "quarterly" and 0 < number <= facts.filed) or (clock == "untraced" and facts.taken_over):
                raise FiledAlready
            due = [
                one
                for one in due_until(facts, today, today + _FILING_AHEAD)
                if item_id(case_id, one.clock, one.number) == item
            ]
            if not due:
                raise NotFound("item")
            mark = mark_of(
                case_id, due[0].clock, number, due[0].due_on, done_on=done_on, done_at=now, done_by=scope.actor_id
            )
            if not agenda.note_done(conn, mark):
                raise FiledAlready
            duty_done(conn, due[0].clock, case_id, map(str, range(1, number + 1)), scope.actor_id, now)
            audit.append(
                conn, at=now, actor=scope.actor_id, action="agenda.done", subject=case_id,
                detail={"clock": clock, "number": number, "on": done_on.isoformat()},
            )  # fmt: skip

    def run_clocks(self) -> int:
        """Tell everybody once of what has fallen due; return how many alerts were raised.

        Whoever was told of what is due no longer is not reminded of it any more.
        """
        self._end_what_is_over()
        told = 0
        for case_id in self._untold_reports():
            told += self._tell_of(case_id)
        told += self._tell_of_visits()
        return told + self._tell_of_bulletins()

    def _untold_reports(self) -> Iterator[str]:
        """Give the reports of which something has fallen due that somebody has not heard of."""
        after: str | None = None
        while True:
            with self._database.read() as conn:
                register = Register(conn, self._now())
                some, after = agenda.open_reports(
                    conn, at=register.now, entered_before=register.now - _SHORTEST, after=after, limit=_PAGE
                )
                register.look_up(some)
                told = knowing.standing_of_subjects(conn, "clock", [report.case_id for report in some])
                waiting = [report.case_id for report in some if untold(register, report, told)]
            yield from waiting
            if after is None:
                return

    def _tell_of(self, case_id: str) -> int:
        """Tell of what has fallen due of one report, in a transaction of its own."""
        with self._database.write() as conn:
            register = Register(conn, self._now())
            report = _report(conn, case_id, register)  # it may be closed, or found, or told of by another process
            if report is None:
                return 0
            told = knowing.standing_of_subjects(conn, "clock", [case_id])
            waiting = untold(register, report, told)
            for due, to, acts in waiting:
                self._raise(conn, to, due.clock, case_id, report.owner_id, str(due.number), register, acts=acts)
            return len(waiting)

    def _tell_of_visits(self) -> int:
        told = 0
        with self._database.read() as conn:
            # Whose day is not yet there waits for the next pass.
            due = agenda.visits_due(conn, (self._now() + timedelta(hours=14)).date(), untold=True)
        for visit in due:
            with self._database.write() as conn:
                register = Register(conn, self._now())
                owner = register.partner(visit.owner_id)
                if owner is None or register.today(owner.id) < visit.due_on:
                    continue
                if not owner.active:
                    continue  # it is told when it takes part again
                told += self._raise(
                    conn, owner, "follow_up", visit.case_id, visit.owner_id, visit.id, register, acts=True
                )
                mark = mark_of(
                    visit.case_id, "follow_up", visit.months, visit.due_on, name=visit.id, told_at=register.now
                )
                agenda.note_told(conn, mark)
        return told

    def _tell_of_bulletins(self) -> int:
        """Tell owners of authorisations that end soon while bulletins stand under them, until they are renewed."""
        now = self._now()
        with self._database.read() as conn:
            over = warnings_over(conn, now, now + BULLETINS_AHEAD)
            due = [one for one in ending(conn, now, now + BULLETINS_AHEAD) if not is_told_of_ending(conn, one)]
        for alert in over:
            with self._database.write() as conn:
                duty_over(conn, alert, now)
        told = 0
        for term in due:
            with self._database.write() as conn:
                told += tell_of_ending(conn, term, now, self._random)
        return told

    def _raise(
        self, conn: Connection, to: Partner, clock: Clock, case_id: str, owner_id: str, which: str, register: Register,
        *, acts: bool,
    ) -> bool:  # fmt: skip
        """Tell one partner, also where it was told before and that stands no longer; return whether it was told now.

        Args:
            acts: it is for this partner to do; otherwise it only has to know.
        """
        until = deadlines_of(to, "standard", register.now)
        occasion = occasion_of(
            clock, case_id, which, own=to.id == owner_id, due_at=until.due_at, act_by=until.act_by if acts else None
        )  # fmt: skip
        for alert in knowing.alerts_of_subject(conn, "clock", case_id):
            if alert.dedupe_key == occasion.dedupe_key(to.id) and not stands(alert, acts=acts):
                duty_over(conn, alert, register.now)
                alerts.free_occasions(conn, [alert.id])
        return raise_alert(conn, to, occasion, register.now, self._random) is not None

    def _end_what_is_over(self) -> None:
        """Close what somebody was told of a duty that is his no longer, e.g. because the child was found."""
        after: str | None = None
        while True:
            with self._database.read() as conn:
                some = attention.going_of_kind(conn, "clock", after=after, limit=_PAGE)
                register = Register(conn, self._now())
                over = [alert for alert in some if not self._still_due(register, alert)]
            for alert in over:
                with self._database.write() as conn:
                    if self._still_due(Register(conn, self._now()), alert):
                        continue  # opened again meanwhile
                    duty_over(conn, alert, self._now())
                    agenda.tell_anew(conn, str(alert.subject_id))  # where it falls due again
            if len(some) < _PAGE:
                return
            after = some[-1].id

    @staticmethod
    def _still_due(register: Register, alert: Alert) -> bool:
        report = None if alert.event == "follow_up" else _report(register.conn, str(alert.subject_id), register)
        return still_due(register, alert, report)

    def _items(self, register: Register, scope: AccessScope, today: date, until: date) -> Iterator[Item]:
        conn, mine = register.conn, scope.partner_id

        def waiting(kind: Kind, found: list[Waiting], *, dated: bool) -> Iterator[Item]:
            for one in found:
                day = None if one.moment is None else register.day_of(one.moment, mine)
                late = dated and one.moment is not None and one.moment < register.now
                due, since = (day, None) if dated else (None, day)
                yield Item(one.id, kind, due, late, one.case_id, f"/v1/{kind}s/{one.id}", since=since)

        yield from self._clock_items(register, scope, today, until)
        for visit in agenda.visits_due(conn, until, owner_id=mine):
            link = f"/v1/cases/{visit.case_id}/follow-ups"
            yield Item(visit.id, "follow_up", visit.due_on, visit.due_on < today, visit.case_id, link)
        for report in agenda.home_reports_due(conn, until, mine):
            link = f"/v1/cases/{report.case_id}/home-reports"
            yield Item(report.id, "home_report", report.due_on, report.due_on < today, report.case_id, link)
        for term in ending(conn, register.now, register.now + BULLETINS_AHEAD, mine):
            link = f"/v1/cases/{term.case_id}/publication-authorisations"
            last = register.day_of(term.expires_at - timedelta(microseconds=1), mine)
            if last <= until:
                yield Item(term.id, "authorisation", last, False, term.case_id, link)
        if Permission.ALERTS_READ in scope.permissions:
            yield from waiting("alert", agenda.waiting_alerts(conn, mine), dated=True)
        if Permission.MATCHES_READ in scope.permissions:
            yield from waiting("disclosure", agenda.waiting_disclosures(conn, mine), dated=False)
            # What an alert reminds of already stands there with its day.
            reminded = Permission.ALERTS_READ in scope.permissions
            for match, case_id in waiting_matches(conn, scope, register.now, besides_alerts=reminded):
                day = register.day_of(match.since, mine)
                yield Item(match.id, "match", None, False, case_id, f"/v1/matches/{match.id}", since=day)
            for match, case_id in waiting_returns(conn, scope, register.now):
                day = register.day_of(match.since, mine)
                yield Item(match.id, "return", None, False, case_id, f"/v1/cases/{case_id}/return", since=day)
        if Permission.REFERRALS_MANAGE in scope.permissions:
            yield from waiting("referral", agenda.waiting_referrals(conn, mine), dated=False)

    def _clock_items(self, register: Register, scope: AccessScope, today: date, until: date) -> Iterator[Item]:
        """Give what is due of the unit's own reports, and of those that went to it."""
        after: str | None = None
        while True:
            reports, after = agenda.open_reports(
                register.conn, at=register.now, entered_before=register.now + (until - today) - _SHORTEST,
                owner_id=scope.partner_id, areas=scope.areas if scope.kind == "ahtu" else None, after=after,
                limit=_PAGE,
            )  # fmt: skip
            for report in reports:
                if not concerns(register, report, scope.partner_id):
                    continue
                there = register.today(report.owner_id)
                for due in due_until(register.facts_of(report), there, until):
                    name = item_id(report.case_id, due.clock, due.number)
                    link = f"/v1/cases/{report.case_id}"
                    yield Item(name, due.clock, due.due_on, due.due_on < there, report.case_id, link, due.missed)
            if after is None:
                return


def _report(conn: Connection, case_id: str, register: Register) -> OpenReport | None:
    """Return a report that is still open and untraced, None otherwise."""
    found, _ = agenda.open_reports(
        conn, at=register.now, entered_before=register.now + FARTHEST, case_id=case_id, limit=1
    )
    return found[0] if found else None
