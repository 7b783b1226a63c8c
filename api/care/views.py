"""What is asked for and answered about a person after the report? Forms at the door, and what they see who ask."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.care.history import Revision
from api.care.service import Timeline
from api.care.stages import Stage, standing
from api.cases.forms import LongText, Text
from api.store.care import CaseNote, StageEvent
from api.store.follow_ups import FollowUp
from api.store.home_reports import HomeReport

EntryId = Annotated[str, StringConstraints(max_length=80)]
NoteKind = Literal["interview", "contact", "observation", "sighting", "medical", "legal", "other"]
HomeOutcome = Literal["safe", "unsafe", "inconclusive"]
_TEXT = "null for a caller without `names:read`, and where a transfer kept it from you"


def _form(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class StageForm(BaseModel):
    """A stage that a person has entered."""

    model_config = _form(
        {"stage": "rehabilitation", "entered_on": "2026-10-30", "note": "Moved to the long-stay home."}
    )

    stage: Stage
    entered_on: date = Field(description="the day on which the stage began; not in the future")
    note: LongText | None = None
    corrects: EntryId | None = Field(None, description="the entry in whose place this one stands")


class StageView(BaseModel):
    """An entry of the timeline."""

    id: str
    stage: Stage
    entered_on: date
    note: str | None = Field(description=_TEXT)
    corrects: str | None
    stands: bool = Field(description="false when a later entry corrects it")
    at: str
    by: str


class TimelineView(BaseModel):
    """The stages of a case; nothing that was entered is ever deleted."""

    present: Stage | None = Field(description="the stage she is in: the last one by its day that stands")
    entries: list[StageView] = Field(description="in the order of entering")


class NoteForm(BaseModel):
    """A note on a case."""

    model_config = _form(
        {"kind": "interview", "text": "She remembers a jetty and a sweet shop.", "source_date": "2026-10-29"}
    )

    kind: NoteKind
    text: Annotated[LongText, StringConstraints(min_length=1)]
    source_date: date | None = Field(None, description="the day of which it tells")
    corrects: EntryId | None = Field(None, description="the note in whose place this one stands")


class NoteView(BaseModel):
    """A note, never changed; a correction is a later note."""

    id: str
    kind: NoteKind
    text: str | None = Field(description=_TEXT)
    source_date: date | None
    corrects: str | None
    stands: bool
    at: str
    by: str


class NoteList(BaseModel):
    """The notes of a case in the order of entering."""

    items: list[NoteView]


class HomeReportForm(BaseModel):
    """A home investigation report to be asked for, of one unit: a partner, or another one by its name."""

    model_config = _form({"unit": "District Child Protection Unit", "due_on": "2026-12-15"})

    due_on: date
    unit_id: EntryId | None = Field(None, description="a partner")
    unit: Text | None = Field(None, description="a unit that is no partner")
    question: LongText | None = Field(None, description="what is to be found out")


class HomeFindingForm(BaseModel):
    """What was found at the home."""

    model_config = _form(
        {"outcome": "safe", "visited_on": "2026-11-20", "role": "probation officer", "narrative": "Both parents met.",
         "version": 0}
    )  # fmt: skip

    outcome: HomeOutcome
    visited_on: date = Field(description="the day of the investigation; not in the future")
    role: Annotated[Text, StringConstraints(min_length=1)] = Field(description="what the investigator is")
    narrative: LongText | None = None
    version: int = Field(strict=True, ge=0, le=100_000, description="as you read it: 0 for a report not received yet")


class HomeFindingView(BaseModel):
    """A version of what was found."""

    version: int
    outcome: HomeOutcome
    visited_on: date
    role: str | None = Field(description=_TEXT)
    narrative: str | None = Field(description=_TEXT)
    at: str
    by: str


class HomeReportView(BaseModel):
    """A home investigation report with every version of what was found."""

    id: str
    unit_id: str | None
    unit: str | None = Field(description=_TEXT)
    question: str | None = Field(description=_TEXT)
    due_on: date
    version: int = Field(description="of the finding that stands; 0 until it is received")
    outcome: HomeOutcome | None = Field(description="of the finding that stands")
    findings: list[HomeFindingView]
    at: str
    by: str


class HomeReportList(BaseModel):
    """The home investigation reports of a case in the order of asking."""

    items: list[HomeReportView]


class ReturnForm(BaseModel):
    """A person has returned home."""

    model_config = _form({"returned_on": "2026-10-31"})

    returned_on: date = Field(description="not in the future; the months are counted from it")


class SettlingForm(BaseModel):
    """What came of a visit."""

    model_config = _form({"state": "done", "outcome": "well", "note": "Goes to school again."})

    state: Literal["done", "missed", "cancelled"]
    outcome: Literal[
        "well", "concern", "at_risk", "not_found", "refused", "not_possible", "moved_away", "mistake", "died", "other"
    ] = Field(
        description="done: well, concern, at_risk; missed: not_found, refused, not_possible; cancelled: moved_away, "
        "mistake (there was no such return), died, other"
    )
    note: LongText | None = None


class FollowUpView(BaseModel):
    """A visit after a return."""

    id: str
    case_id: str
    returned_on: date
    months: int = Field(description="after the return")
    due_on: date
    state: Literal["due", "done", "missed", "cancelled"]
    overdue: bool
    outcome: str | None
    note: str | None = Field(description=_TEXT)
    settled_at: str | None
    settled_by: str | None


class FollowUpList(BaseModel):
    """The visits of a case, by the day on which they are due."""

    items: list[FollowUpView]


class Agenda(BaseModel):
    """Visits that are due, the longest overdue first; `next` is the value of `after` for the next page."""

    items: list[FollowUpView]
    next: str | None


class RevisionView(BaseModel):
    """A version of a case beside the one before."""

    version: int
    at: str
    by: str
    changed: list[str] = Field(description="fields that this version says otherwise")
    values: dict[str, Any] | None = Field(description=f"these fields as they stand in this version; {_TEXT}")
    provenance: dict[str, Any] | None = Field(description=f"field -> where its value comes from; {_TEXT}")


class HistoryView(BaseModel):
    """Every version of a case, oldest first."""

    items: list[RevisionView]


def timeline_view(timeline: Timeline) -> TimelineView:
    """Return the stages of a case."""
    stands = {entry.id for entry in standing(timeline.entries)}
    return TimelineView(
        present=Stage(timeline.present.stage) if timeline.present else None,
        entries=[_stage_view(entry, entry.id in stands) for entry in timeline.entries],
    )


def _stage_view(entry: StageEvent, stands: bool) -> StageView:
    return StageView(
        id=entry.id, stage=Stage(entry.stage), entered_on=entry.entered_on, note=entry.note, corrects=entry.corrects,
        stands=stands, at=entry.at.isoformat(), by=entry.by,
    )  # fmt: skip


def note_views(notes: list[CaseNote]) -> list[NoteView]:
    """Return notes, each with whether it stands."""
    replaced = {note.corrects for note in notes}
    return [
        NoteView.model_validate(
            {"id": note.id, "kind": note.kind, "text": note.text, "source_date": note.source_date,
             "corrects": note.corrects, "stands": note.id not in replaced, "at": note.at.isoformat(), "by": note.by}
        )
        for note in notes
    ]  # fmt: skip


def home_report_view(report: HomeReport) -> HomeReportView:
    """Return a home report with every version of what was found."""
    findings = [
        {"version": found.version, "outcome": found.outcome, "visited_on": found.visited_on, "role": found.role,
         "narrative": found.narrative, "at": found.at.isoformat(), "by": found.by}
        for found in report.findings
    ]  # fmt: skip
    return HomeReportView.model_validate(
        {"id": report.id, "unit_id": report.unit_id, "unit": report.unit, "question": report.question,
         "due_on": report.due_on, "version": report.version, "findings": findings,
         "outcome": report.finding.outcome if report.finding else None, "at": report.at.isoformat(), "by": report.by}
    )  # fmt: skip


def follow_up_view(item: FollowUp, today: date) -> FollowUpView:
    """Return a visit as it stands on a day."""
    return FollowUpView.model_validate(
        {"id": item.id, "case_id": item.case_id, "returned_on": item.returned_on, "months": item.months,
         "due_on": item.due_on, "state": item.state, "overdue": item.state == "due" and item.due_on < today,
         "outcome": item.outcome, "note": item.note,
         "settled_at": item.settled_at.isoformat() if item.settled_at else None, "settled_by": item.settled_by}
    )  # fmt: skip


def history_view(found: list[Revision]) -> HistoryView:
    """Return the versions of a case."""
    return HistoryView(
        items=[
            RevisionView(
                version=one.version, at=one.at.isoformat(), by=one.by, changed=list(one.changed), values=one.values,
                provenance=one.provenance,
            )
            for one in found
        ]
    )  # fmt: skip
