"""The doors of care: stages, notes, home reports, follow-ups and the history of one's own case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from api.access import AccessScope, Permission
from api.answers import IdempotencyKey, as_answer, once
from api.bootstrap import Sandhan
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
from api.days import IsoDay
from api.dependencies import Caller, Services
from api.errors import CONFLICT_RESPONSES
from api.idempotency import Answer
from api.paging import After, PageOf

router = APIRouter(tags=["care"])


def _added(
    request: Request,
    services: Sandhan,
    caller: AccessScope,
    key: str | None,
    form: BaseModel,
    *,
    kind: str,
    case_id: str,
    add: Callable[[str | None], BaseModel],
) -> Response:
    """Return the answer to a request that adds something to a case, done once for each idempotency key.

    Args:
        kind: prefix of the id of what is added.
        add: adds it, under an id reserved for it. The answer is kept under the key of the case.
    """

    def work(reserved: str | None) -> Answer:
        # Read where it was added: the address of the request.
        return as_answer(add(reserved), 201, {"Location": request.url.path}, case_id)

    return once(request, services, caller, key, content=form, kind=kind, permission=Permission.CASES_WRITE, work=work)


@router.get("/cases/{case_id}/stages")
def read_stages(case_id: str, caller: Caller, services: Services) -> TimelineView:
    """Read through which of the six R's the person of your own case has gone, and where she is now."""
    return timeline_view(services.care.timeline(case_id, caller))


@router.post("/cases/{case_id}/stages", status_code=201, response_model=TimelineView, responses=CONFLICT_RESPONSES)
def enter_stage(
    case_id: str,
    form: StageForm,
    request: Request,
    caller: Caller,
    services: Services,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Enter a stage of your own case. An error is corrected by an entry that names the wrong one in `corrects`.

    Entering `re_integration` starts the follow-ups of two years; with another day later on, they run from that one.
    """
    new = NewStage(form.stage, form.entered_on, form.note, form.corrects)

    def add(stage_id: str | None) -> TimelineView:
        return timeline_view(services.care.enter_stage(case_id, new, caller, stage_id))

    return _added(request, services, caller, idempotency_key, form, kind="stage", case_id=case_id, add=add)


@router.get("/cases/{case_id}/notes")
def list_notes(case_id: str, caller: Caller, services: Services) -> NoteList:
    """List the notes of your own case in the order of entering, also those that were corrected."""
    return NoteList(items=note_views(services.care.notes(case_id, caller)))


@router.post("/cases/{case_id}/notes", status_code=201, response_model=NoteView, responses=CONFLICT_RESPONSES)
def add_note(
    case_id: str,
    form: NoteForm,
    request: Request,
    caller: Caller,
    services: Services,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Add a note to your own case. A note is never changed: a later one names it in `corrects`."""
    new = NewNote(form.kind, form.text, form.source_date, form.corrects)

    def add(note_id: str | None) -> NoteView:
        return note_views([services.care.add_note(case_id, new, caller, note_id)])[0]

    return _added(request, services, caller, idempotency_key, form, kind="note", case_id=case_id, add=add)


@router.get("/cases/{case_id}/home-reports")
def list_home_reports(case_id: str, caller: Caller, services: Services) -> HomeReportList:
    """List the home investigation reports of your own case, asked for and received, with every version of each."""
    return HomeReportList(items=[home_report_view(report) for report in services.care.home_reports(case_id, caller)])


@router.post("/cases/{case_id}/home-reports", status_code=201, response_model=HomeReportView)
def ask_home_report(
    case_id: str,
    form: HomeReportForm,
    request: Request,
    caller: Caller,
    services: Services,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Note that you asked a unit to investigate the home of the person of your own case, and until when."""
    asked = HomeQuestion(form.due_on, form.unit_id, form.unit, form.question)

    def add(report_id: str | None) -> HomeReportView:
        return home_report_view(services.care.ask_home_report(case_id, asked, caller, report_id))

    return _added(request, services, caller, idempotency_key, form, kind="hir", case_id=case_id, add=add)


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
    """Note that the person of your own case has returned home; the follow-ups of two years run from that day.

    Noted again for the same day, nothing is added.
    """
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
    pages: PageOf,
    upto: Annotated[IsoDay | None, Query(description="the last day; a month ahead when left out")] = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Agenda:
    """List the visits that your organisation has to make, the longest overdue first."""
    filters = {"upto": upto}
    begin = pages.begins_after("follow-ups", filters, after)
    page = services.follow_ups.agenda(caller, upto=upto, after=begin, limit=limit)
    return Agenda(
        items=[follow_up_view(item, page.today) for item in page.items],
        next=pages.next("follow-ups", filters, page.next),
    )


@router.get("/cases/{case_id}/history")
def read_history(case_id: str, caller: Caller, services: Services) -> HistoryView:
    """Read every version of your own case: who changed what when, and where each value comes from."""
    return history_view(services.history.of_case(case_id, caller))
