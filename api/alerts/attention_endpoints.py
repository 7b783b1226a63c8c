"""The doors of what follows an alert: say what was done, and see what was missed."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.alerts.endpoints import AlertView, Kind, Priority, alert_view
from api.alerts.missed import Figures, Missed
from api.answers import shown
from api.dependencies import Caller, Services
from api.errors import DUTY_RESPONSES
from api.paging import After, PageOf, Since

router = APIRouter(prefix="/alerts", tags=["alerts"])
ActionCode = Literal[
    "match_reviewed",
    "family_contacted",
    "forwarded",
    "other_unit_informed",
    "field_visit_arranged",
    "copies_taken_down",
    "nothing_to_do",
]


class ActionForm(BaseModel):
    """What was done about an alert."""

    model_config = ConfigDict(extra="forbid")

    code: ActionCode = Field(description="what was done; never free text")


class MissedView(BaseModel):
    """An alert that was not answered in time: who was told, and how late, and nothing of what it is about."""

    id: str
    kind: Kind
    recipient_id: str | None = Field(description="null where naming it would tell where a protected person is")
    recipient: str | None = Field(description="name of the organisation, likewise")
    priority: Priority
    state: str
    verdict: Literal["late", "missed"] = Field(description="late: answered since; missed: not answered yet")
    deadline: Literal["acknowledge", "act"] = Field(description="the first deadline that was not kept")
    due_at: str
    act_by: str | None
    hours_late: float = Field(description="until it was answered or taken back, or now")
    steps: int = Field(description="reminders and escalations")


class FiguresView(BaseModel):
    """How an organisation has answered its alerts; what names nobody is added up in one row without a name."""

    partner_id: str | None = Field(description="null in the row of those whom naming would tell where a person is")
    partner: str | None = Field(description="name of the organisation, likewise")
    met: int
    late: int
    missed: int
    open: int
    hours_to_acknowledge: float | None = Field(description="median; null where none was acknowledged")


class MissedPage(BaseModel):
    """A page of what was missed; `next` is the value of `after` for the next page."""

    items: list[MissedView]
    next: str | None
    partners: list[FiguresView] = Field(description="of all pages")


def missed_view(missed: Missed) -> MissedView:
    """Return a missed alert as it is shown."""
    return MissedView.model_validate(
        {name: getattr(missed, name) for name in Missed.__slots__}
        | {"due_at": missed.due_at.isoformat(), "act_by": missed.act_by.isoformat() if missed.act_by else None}
    )


def figures_view(figures: Figures) -> FiguresView:
    """Return the figures of a partner as they are shown."""
    return FiguresView.model_validate({name: getattr(figures, name) for name in Figures.__slots__})


@router.get("/missed")
def list_missed_alerts(
    caller: Caller,
    services: Services,
    pages: PageOf,
    created_since: Annotated[Since, Query(description="of alerts of this moment or later; the last 30 days")] = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> MissedPage:
    """List the alerts that were not answered in time: your own, and those of the units below you in your area.

    Below a nodal officer, a coordinating centre and a national focal point stand the units of its area.
    """
    filters = {"created_since": created_since}
    report = services.missed.report(
        caller, since=created_since, limit=limit, after=pages.begins_after("missed", filters, after)
    )
    return MissedPage(
        items=[missed_view(missed) for missed in report.items],
        next=pages.next("missed", filters, report.next),
        partners=[figures_view(figures) for figures in report.partners],
    )


@router.post("/{alert_id}/action", responses=DUTY_RESPONSES)
def act_on_alert(alert_id: str, form: ActionForm, response: Response, caller: Caller, services: Services) -> AlertView:
    """Say what was done about an alert, which ends its reminders and whatever was escalated. The first action counts.

    To act is to acknowledge. What tells of a duty ends when that is noted as done (`/v1/agenda`), not here. There is
    no `If-Match`: a second action changes nothing, so that there is nothing to overwrite.
    """
    return shown(alert_view(*services.alerts.act(alert_id, form.code, caller)), response, services, None)
