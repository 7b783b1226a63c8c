"""What does the owner of a case enter and read after the report? Stages, notes, home reports; each read is audited.

Nothing is overwritten: an entry is corrected by a later one that names it, a home report by a later version.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar

from api.access import AccessScope, NotFound, Permission
from api.care.errors import AlreadyCorrected
from api.care.follow_ups import FollowUpService
from api.care.owning import Texts
from api.care.stages import present, return_of
from api.cases.standing import own_case
from api.days import require_coming, require_past
from api.ids import Clock, RandomBytes, new_id
from api.store import Connection, Database, audit, care, home_reports, partners
from api.store.care import CaseNote, StageEvent
from api.store.home_reports import HomeReport, LatestHir
from matcher.errors import InvalidRecord

_LONGEST_WAIT = timedelta(days=366)
_Entry = TypeVar("_Entry", StageEvent, CaseNote)
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Timeline:
    """The stages of a case.

    Attributes:
        entries: all of them, in the order of entering, also those that were corrected.
        present: the one that says where she is now.
    """

    entries: tuple[StageEvent, ...]
    present: StageEvent | None


@dataclass(frozen=True, slots=True)
class NewStage:
    """An entry to be made; `corrects` names the one in whose place it stands."""

    stage: str
    entered_on: date
    note: str | None = field(default=None, repr=False)
    corrects: str | None = None


@dataclass(frozen=True, slots=True)
class NewNote:
    """A note to be made; `corrects` names the one in whose place it stands."""

    kind: str
    text: str = field(repr=False)
    source_date: date | None = None
    corrects: str | None = None


@dataclass(frozen=True, slots=True)
class HomeQuestion:
    """A home report to be asked for: of a partner by id, or of another unit by its name."""

    due_on: date
    unit_id: str | None = None
    unit: str | None = field(default=None, repr=False)
    question: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HomeFinding:
    """What was found at a home.

    Attributes:
        role: what the investigator is.
        version: the version known to whoever writes; 0 for a report not received yet.
    """

    outcome: str
    visited_on: date
    role: str = field(repr=False)
    narrative: str | None = field(repr=False)
    version: int


class CareService:
    """Keeps what happens to a person after the report.

    Args:
        follow_ups: told of every return.
    """

    def __init__(
        self, database: Database, follow_ups: FollowUpService, clock: Clock, random_bytes: RandomBytes
    ) -> None:
        self._database, self._follow_ups = database, follow_ups
        self._clock, self._random = clock, random_bytes

    def timeline(self, case_id: str, scope: AccessScope) -> Timeline:
        """Return the stages of the caller's own case.

        Raises:
            NotFound: there is no such case, or it is another partner's.
        """
        return self._read(case_id, scope, "care.stages_read", lambda conn: _timeline(conn, case_id, scope))

    def enter_stage(self, case_id: str, new: NewStage, scope: AccessScope, stage_id: str | None = None) -> Timeline:
        """Add an entry to the timeline; once it says that she is home again, follow-ups run.

        Args:
            stage_id: reserved for this request (`api.idempotency`); what stands under it is not added again.
        Raises:
            NotFound: there is no such case, it is another partner's, or it has no such entry to correct.
            InvalidRecord: the day lies in the future.
            AlreadyCorrected: the entry to correct does not stand any more.
        """
        scope.require(Permission.CASES_WRITE)
        now = self._clock()
        require_past("entered_on", new.entered_on, now)
        with self._database.write() as conn:
            case = own_case(conn, case_id, scope, self._clock())
            before = care.stages_of(conn, case_id)
            if stage_id in {entry.id for entry in before}:
                return _timeline(conn, case_id, scope)
            _require_standing(before, new.corrects, "stage")
            entry = care.add_stage(
                conn, event_id=stage_id or new_id("stage", now, self._random), case_id=case_id,
                stage=new.stage, entered_on=new.entered_on, note=new.note, corrects=new.corrects, at=now,
                by=scope.actor_id,
            )  # fmt: skip
            audit.append(
                conn, at=now, actor=scope.actor_id, action="care.stage_entered", subject=case_id,
                detail={"entry": entry.id},
            )  # fmt: skip
            entries = [*before, entry]
            # Of a closed case nobody would be told when they fall due.
            if case.status == "open":
                self._follow_return(conn, case_id, return_of(before), return_of(entries), scope)
            return _timeline(conn, case_id, scope)

    def notes(self, case_id: str, scope: AccessScope) -> list[CaseNote]:
        """Return the notes of the caller's own case, also those that were corrected.

        Raises:
            NotFound: there is no such case, or it is another partner's.
        """

        def found(conn: Connection) -> list[CaseNote]:
            return Texts(conn, case_id, scope).notes(care.notes_of(conn, case_id))

        return self._read(case_id, scope, "care.notes_read", found)

    def add_note(self, case_id: str, new: NewNote, scope: AccessScope, note_id: str | None = None) -> CaseNote:
        """Add a note to the caller's own case.

        Args:
            note_id: reserved for this request (`api.idempotency`); what stands under it is returned.
        Raises:
            NotFound: there is no such case, it is another partner's, or it has no such note to correct.
            InvalidRecord: the day lies in the future.
            AlreadyCorrected: the note to correct does not stand any more.
        """
        scope.require(Permission.CASES_WRITE)
        now = self._clock()
        if new.source_date is not None:
            require_past("source_date", new.source_date, now)
        with self._database.write() as conn:
            own_case(conn, case_id, scope, self._clock())
            before = care.notes_of(conn, case_id)
            for note in before:
                if note.id == note_id:
                    return note
            _require_standing(before, new.corrects, "note")
            note = care.add_note(
                conn, note_id=note_id or new_id("note", now, self._random), case_id=case_id, kind=new.kind,
                text=new.text, source_date=new.source_date, corrects=new.corrects, at=now, by=scope.actor_id,
            )  # fmt: skip
            audit.append(
                conn, at=now, actor=scope.actor_id, action="care.note_added", subject=case_id, detail={"note": note.id}
            )
        return note

    def home_reports(self, case_id: str, scope: AccessScope) -> list[HomeReport]:
        """Return the home reports of the caller's own case with every version of each.

        Raises:
            NotFound: there is no such case, or it is another partner's.
        """

        def found(conn: Connection) -> list[HomeReport]:
            texts = Texts(conn, case_id, scope)
            return [texts.home_report(report) for report in home_reports.reports_of(conn, case_id)]

        return self._read(case_id, scope, "care.home_reports_read", found)

    def latest_hir(self, case_id: str, scope: AccessScope) -> LatestHir | None:
        """Return what the newest investigation came to, None while there is none.

        Raises:
            NotFound: there is no such case, or it is another partner's.
        """
        return self._read(case_id, scope, "care.home_reports_read", lambda conn: home_reports.latest_hir(conn, case_id))

    def ask_home_report(
        self, case_id: str, asked: HomeQuestion, scope: AccessScope, report_id: str | None = None
    ) -> HomeReport:
        """Note that a home report was asked for.

        Args:
            report_id: reserved for this request (`api.idempotency`); what stands under it is returned.
        Raises:
            NotFound: there is no such case, it is another partner's, or there is no such partner to ask.
            InvalidRecord: no unit is named, or two are; the day lies in the past.
        """
        scope.require(Permission.CASES_WRITE)
        now = self._clock()
        if (asked.unit_id is None) == (asked.unit is None):
            raise InvalidRecord("unit", "name one unit: a partner by unit_id, or another one by unit")
        require_coming("due_on", asked.due_on, now, within=_LONGEST_WAIT)
        with self._database.write() as conn:
            own_case(conn, case_id, scope, self._clock())
            begun = home_reports.get(conn, report_id) if report_id else None
            if begun is not None:
                return begun
            if asked.unit_id is not None and not _takes_part(conn, asked.unit_id):
                raise NotFound("partner")
            report = home_reports.request(
                conn, report_id=report_id or new_id("hir", now, self._random), case_id=case_id,
                due_on=asked.due_on, unit_id=asked.unit_id, unit=asked.unit, question=asked.question, at=now,
                by=scope.actor_id,
            )  # fmt: skip
            audit.append(
                conn, at=now, actor=scope.actor_id, action="care.home_report_asked", subject=case_id,
                detail={"report": report.id},
            )  # fmt: skip
        return report

    def receive_home_report(self, case_id: str, report_id: str, found: HomeFinding, scope: AccessScope) -> HomeReport:
        """Store what was found at the home, or correct what was stored.

        Raises:
            NotFound: there is no such report of the caller's own case.
            InvalidRecord: the day lies in the future.
            VersionConflict: somebody else stored a version meanwhile.
        """
        scope.require(Permission.CASES_WRITE)
        now = self._clock()
        require_past("visited_on", found.visited_on, now)
        with self._database.write() as conn:
            own_case(conn, case_id, scope, self._clock())
            report = home_reports.get(conn, report_id)
            if report is None or report.case_id != case_id:
                raise NotFound("home report")
            report = home_reports.receive(
                conn, report_id, outcome=found.outcome, visited_on=found.visited_on, role=found.role,
                narrative=found.narrative, expected_version=found.version, at=now, by=scope.actor_id,
            )  # fmt: skip
            audit.append(
                conn, at=now, actor=scope.actor_id, action="care.home_report_received", subject=case_id,
                detail={"report": report.id, "version": report.version},
            )  # fmt: skip
            return Texts(conn, case_id, scope).home_report(report)

    def _follow_return(
        self,
        conn: Connection,
        case_id: str,
        before: StageEvent | None,
        now: StageEvent | None,
        scope: AccessScope,
    ) -> None:
        if now is None:
            if before is not None:
                self._follow_ups.stop(conn, case_id, "stage", "return_corrected", scope)
        elif before is None or (before.id, before.entered_on) != (now.id, now.entered_on):
            self._follow_ups.start(conn, case_id, now.entered_on, "stage", scope)

    def _read(self, case_id: str, scope: AccessScope, action: str, found: Callable[[Connection], _Found]) -> _Found:
        scope.require(Permission.CASES_READ)
        with self._database.write() as conn:
            own_case(conn, case_id, scope, self._clock())
            audit.append(conn, at=self._clock(), actor=scope.actor_id, action=action, subject=case_id)
            return found(conn)


def _timeline(conn: Connection, case_id: str, scope: AccessScope) -> Timeline:
    entries = Texts(conn, case_id, scope).stages(care.stages_of(conn, case_id))
    return Timeline(tuple(entries), present(entries))


def _require_standing(entries: list[_Entry], corrects: str | None, what: str) -> None:
    """Refuse a correction of what does not stand (any more).

    Raises:
        NotFound: the case has no such entry.
        AlreadyCorrected: another entry stands in its place.
    """
    if corrects is None:
        return
    if corrects not in {entry.id for entry in entries}:
        raise NotFound(what)
    if corrects in {entry.corrects for entry in entries}:
        raise AlreadyCorrected


def _takes_part(conn: Connection, partner_id: str) -> bool:
    partner = partners.get_partner(conn, partner_id)
    return partner is not None and partner.active and partner.kind != "operator"


__all__ = ["CareService", "HomeFinding", "HomeQuestion", "NewNote", "NewStage", "Timeline"]
