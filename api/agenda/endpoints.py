"""The doors of the agenda: read it, and say that something was done."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response, status
from pydantic import BaseModel, ConfigDict, Field

from api.agenda.service import Item, Kind
from api.days import IsoDay
from api.dependencies import Caller, Services
from api.errors import CONFLICT_RESPONSES
from api.paging import After, PageOf

router = APIRouter(prefix="/agenda", tags=["agenda"])


class ItemView(BaseModel):
    """Something that your unit has to do. It names nobody: read the thing itself."""

    id: str
    kind: Kind
    due_on: date | None = Field(description="null for what waits without a day")
    overdue: bool
    case_id: str | None
    link: str = Field(description="where it is read and done")
    missed: int = Field(description="of a quarterly report: how many before it were not filed either")
    since: date | None = Field(description="of what waits without a day: the day on which it began to wait")


class AgendaPage(BaseModel):
    """A page of the agenda; `next` is the value of `after` for the next page."""

    items: list[ItemView]
    next: str | None


class DoneForm(BaseModel):
    """That something was done, and when."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"done_on": "2026-11-28"}]})

    done_on: date = Field(description="not in the future")


def item_view(item: Item) -> ItemView:
    """Return an item as the unit sees it."""
    return ItemView(
        id=item.id, kind=item.kind, due_on=item.due_on, overdue=item.overdue, case_id=item.case_id, link=item.link,
        missed=item.missed, since=item.since,
    )  # fmt: skip


@router.get("")
def read_agenda(
    caller: Caller,
    services: Services,
    pages: PageOf,
    until: Annotated[IsoDay | None, Query(description="the last day; a month ahead when left out")] = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AgendaPage:
    """Read what your unit has to do: the longest overdue first, then what is coming, then what waits without a day.

    A match stands here while it waits for your side and no alert of yours reminds of it; a restored one (`return`)
    until somebody has entered the day of the return, from which visits run.
    An Anti-Human Trafficking Unit sees here also the reports of its area that were untraced for four months.
    """
    filters = {"until": until}
    found, last = services.agenda.page(
        caller, until=until, limit=limit, after=pages.begins_after("agenda", filters, after)
    )
    return AgendaPage(items=[item_view(item) for item in found], next=pages.next("agenda", filters, last))


@router.post("/{item_id}/done", status_code=status.HTTP_204_NO_CONTENT, responses=CONFLICT_RESPONSES)
def settle_agenda_item(
    item_id: Annotated[str, Path(max_length=80)], form: DoneForm, caller: Caller, services: Services
) -> Response:
    """Note that you took over an untraced report, or filed a quarterly one; it settles those that were due before.

    Visits, home reports, alerts and requests are settled where `link` leads.
    """
    services.agenda.done(item_id, form.done_on, caller)
    return Response(status_code=status.HTTP_204_NO_CONTENT)
