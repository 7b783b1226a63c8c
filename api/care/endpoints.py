"""The doors of care: stages, notes, home reports, follow-ups and the history of one's own case."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from api.care.follow_ups import Settling
from api.care.service import HomeFinding, HomeQuestion, NewNote, NewStage
from api.care.views import (
    Agenda,
    FollowUpList,
    FollowUpView,
    HistoryView,
    HomeFindingForm,
    HomeReportForm,
    HomeReportList,
    HomeReportView,
    NoteForm,
    NoteList,
    NoteView,
    ReturnForm,
    SettlingForm,
    StageForm,
    TimelineView,
    follow_up_view,
    history_view,
    home_report_view,
    note_views,
    timeline_view,
)
from api.dependencies import Caller, Services
from api.errors import CONFLICT_RESPONSES

router = APIRouter(tags=["care"])


@router.get("/cases/{case_id}/stages")
def read_stages(case_id: str, caller: Caller, services: Services) -> TimelineView:
    """Read through which of the six R's the person of your own case has gone, and where she is now."""
    return timeline_view(services.care.timeline(case_id, caller))


@router.post("/cases/{case_id}/stages", status_code=201, responses=CONFLICT_RESPONSES)
def enter_stage(case_id: str, form: StageForm, caller: Caller, services: Services) -> TimelineView:
    """Enter a stage of your own case. An error is corrected by an entry that names the wrong one in `corrects`.

    Entering `re_integration` starts the follow-ups of two years; with another day later on, they run from that one.
    """
    new = NewStage(form.stage, form.entered_on, form.note, form.corrects)
    return timeline_view(services.care.enter_stage(case_id, new, caller))


@router.get("/cases/{case_id}/notes")
def list_notes(case_id: str, caller: Caller, services: Services) -> NoteList:
    """List the notes of your own case in the order of entering, also those that were corrected."""
    return NoteList(items=note_views(services.care.notes(case_id, caller)))


@router.post("/cases/{case_id}/notes", status_code=201, responses=CONFLICT_RESPONSES)
def add_note(case_id: str, form: NoteForm, caller: Caller, services: Services) -> NoteView:
    """Add a note to your own case. A note is never changed: a later one names it in `corrects`."""
    note = services.care.add_note(case_id, NewNote(form.kind, form.text, form.source_date, form.corrects), caller)
    return note_views([note])[0]


@router.get("/cases/{case_id}/home-reports")
def list_home_reports(case_id: str, caller: Caller, services: Services) -> HomeReportList:
    """List the home investigation reports of your own case, asked for and received, with every version of each."""
    return HomeReportList(items=[home_report_view(report) for report in services.care.home_reports(case_id, caller)])


@router.post("/cases/{case_id}/home-reports", status_code=201)
def ask_home_report(case_id: str, form: HomeReportForm, caller: Caller, services: Services) -> HomeReportView:
    """Note that you asked a unit to investigate the home of the person of your own case, and until when."""
    asked = HomeQuestion(form.due_on, form.unit_id, form.unit, form.question)
    return home_report_view(services.care.ask_home_report(case_id, asked, caller))


@router.post("/cases/{case_id}/home-reports/{report_id}/findings", status_code=201, responses=CONFLICT_RESPONSES)
def receive_home_report(
    case_id: str, report_id: str, form: HomeFindingForm, caller: Caller, services: Services
) -> HomeReportView:
    """Enter what was found at the home, or correct what was entered; send the version that you read."""
    found = HomeFinding(form.outcome, form.visited_on, form.role, form.narrative, form.version)
    return home_report_view(services.care.receive_home_report(case_id, report_id, found, caller))


@router.get("/cases/{case_id}/follow-ups")
def list_follow_ups(case_id: str, caller: Caller, services: Services) -> FollowUpList:
    """List the visits after the return of the person of your own case, due and settled."""
    today = services.clock().date()
    items = services.follow_ups.of_case(case_id, caller)
    return FollowUpList(items=[follow_up_view(item, today) for item in items])


@router.post("/cases/{case_id}/return", status_code=201, responses=CONFLICT_RESPONSES)
def record_return(case_id: str, form: ReturnForm, caller: Caller, services: Services) -> FollowUpList:
    """Note that the person of your own case has returned home; the follow-ups of two years run from that day."""
    today = services.clock().date()
    items = services.follow_ups.record_return(case_id, form.returned_on, caller)
    return FollowUpList(items=[follow_up_view(item, today) for item in items])


@router.post("/cases/{case_id}/follow-ups/{follow_up_id}", responses=CONFLICT_RESPONSES)
def settle_follow_up(
    case_id: str, follow_up_id: str, form: SettlingForm, caller: Caller, services: Services
) -> FollowUpView:
    """Enter what came of a visit: done, missed, or cancelled. Only a visit that is due can be settled."""
    settling = Settling(form.state, form.outcome, form.note)
    settled = services.follow_ups.settle(case_id, follow_up_id, settling, caller)
    return follow_up_view(settled, services.clock().date())


@router.get("/follow-ups")
def list_due_follow_ups(
    caller: Caller,
    services: Services,
    upto: Annotated[date | None, Query(description="the last day; a month ahead when left out")] = None,
    after: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Agenda:
    """List the visits that your organisation has to make, the longest overdue first."""
    page = services.follow_ups.agenda(caller, upto=upto, after=after, limit=limit)
    return Agenda(items=[follow_up_view(item, page.today) for item in page.items], next=page.next)


@router.get("/cases/{case_id}/history")
def read_history(case_id: str, caller: Caller, services: Services) -> HistoryView:
    """Read every version of your own case: who changed what when, and where each value comes from."""
    return history_view(services.history.of_case(case_id, caller))
