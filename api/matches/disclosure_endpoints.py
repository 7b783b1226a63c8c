"""The doors of disclosure: ask to see the other side's case in full, decide about what was asked."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response, status
from pydantic import BaseModel, ConfigDict, Field

from api.answers import IfNoneMatch, shown
from api.dependencies import Caller, Services
from api.errors import CONFLICT_RESPONSES
from api.matches.disclosures import DisclosurePurpose
from api.paging import After, PageOf
from api.store.disclosures import Disclosure
from matcher.person import Side

router = APIRouter(tags=["disclosures"])
State = Literal["requested", "accepted", "refused", "withdrawn"]


class DisclosureForm(BaseModel):
    """What you want to see of a match, and what for."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"side": "rescued", "purpose": "verify-identity"}]}
    )

    side: Literal["missing", "rescued"] = Field(description="whose record you ask to see: the other organisation's")
    purpose: DisclosurePurpose = Field(description="what for; its owner reads it, and the audit log keeps it")


class DisclosureView(BaseModel):
    """A request to see a case in full."""

    id: str
    match_id: str
    case_id: str
    requester_id: str | None = Field(description="who asks; null where it would tell where a protected person is")
    purpose: str
    state: State
    requested_at: str
    decided_at: str | None
    expires_at: str | None = Field(description="until when it holds, once accepted")


class DisclosurePage(BaseModel):
    """A page of requests, yours and those about your cases; `next` is the value of `after` for the next page."""

    items: list[DisclosureView]
    next: str | None


def _view(disclosure: Disclosure) -> DisclosureView:
    return DisclosureView.model_validate(
        {
            "id": disclosure.id,
            "match_id": disclosure.match_id,
            "case_id": disclosure.case_id,
            "requester_id": disclosure.requester_id or None,
            "purpose": disclosure.purpose,
            "state": disclosure.state,
            "requested_at": disclosure.requested_at.isoformat(),
            "decided_at": disclosure.decided_at.isoformat() if disclosure.decided_at else None,
            "expires_at": disclosure.expires_at.isoformat() if disclosure.expires_at else None,
        }
    )


@router.post("/matches/{match_id}/disclosures", status_code=status.HTTP_201_CREATED)
def request_disclosure(match_id: str, form: DisclosureForm, caller: Caller, services: Services) -> DisclosureView:
    """Ask to see the other side's case of a match in full. Asked again, the request that stands is returned."""
    return _view(services.disclosures.request(match_id, Side(form.side), form.purpose, caller))


@router.get("/disclosures")
def list_disclosures(
    caller: Caller,
    services: Services,
    pages: PageOf,
    state: State | None = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DisclosurePage:
    """List the requests that you made and those about your own cases, oldest first."""
    filters = {"state": state}
    begin = pages.begins_after("disclosures", filters, after)
    page = services.disclosures.page(caller, state=state, after=begin, limit=limit)
    return DisclosurePage(items=[_view(one) for one in page.items], next=pages.next("disclosures", filters, page.next))


@router.get("/disclosures/{disclosure_id}")
def read_disclosure(
    disclosure_id: str, response: Response, caller: Caller, services: Services, if_none_match: IfNoneMatch = None
) -> DisclosureView:
    """Read a request that you made, or one about your own case."""
    return shown(_view(services.disclosures.read(disclosure_id, caller)), response, services, if_none_match)


@router.post("/disclosures/{disclosure_id}/{decision}", responses=CONFLICT_RESPONSES)
def decide_disclosure(
    disclosure_id: str, decision: Literal["accept", "refuse", "withdraw"], caller: Caller, services: Services
) -> DisclosureView:
    """Accept or refuse a request about your own case, or take an acceptance back at any time."""
    return _view(services.disclosures.decide(disclosure_id, decision, caller))
