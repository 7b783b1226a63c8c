"""The doors of referrals: propose, list, read, accept, reject, revoke, complete."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access import AccessScope, Permission
from api.answers import IdempotencyKey, IfNoneMatch, as_answer, once, shown
from api.bootstrap import Sandhan
from api.care.referral_states import Event, State, StepReason
from api.care.referrals import Proposal, ReferralSeen
from api.care.views import EntryId
from api.cases.forms import LongText
from api.cases.views import MaskedCaseView, masked_view
from api.dependencies import Caller, Services
from api.errors import CONFLICT_RESPONSES
from api.idempotency import Answer
from api.paging import After, PageOf

router = APIRouter(tags=["referrals"])
Kind = Literal["referral", "transfer"]
Reason = Literal[
    "shelter", "medical", "psychosocial", "legal_aid", "home_investigation", "repatriation", "reintegration_support",
    "jurisdiction", "other",
]  # fmt: skip


class ProposalForm(BaseModel):
    """What you ask of another partner: help with a case (`referral`), or to take it over (`transfer`)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"kind": "referral", "receiver_id": "partner_01j9", "reason": "home_investigation"}]
        },
    )

    kind: Kind
    receiver_id: EntryId
    reason: Reason = Field(description="the receiver learns it before he accepts; nothing else but a mask of the case")
    note: LongText | None = Field(None, description="the receiver of a referral reads it once he has accepted")
    with_sources: bool = Field(
        False,
        strict=True,
        description="a transfer hands over who reported and who said what, and every text that was written after the "
        "report; otherwise only you ever knew, and of the texts he reads medical notes only",
    )


class StepForm(BaseModel):
    """A step with a referral."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"version": 1}]})

    version: int = Field(strict=True, ge=1, le=1_000_000, description="of the referral as you read it")


class EndingForm(StepForm):
    """A step that needs a reason."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"version": 1, "reason": "no_capacity"}]})

    reason: StepReason


class ReferralEventView(BaseModel):
    """A step that was taken, by which partner, through whom."""

    event: str
    state: State
    reason: str | None
    partner_id: str
    at: str
    by: str | None = Field(description="of your own organisation; None for the other one's people")


class ReferralView(BaseModel):
    """A referral or a transfer as you, one of its parties, see it."""

    id: str
    kind: Kind
    reason: Reason
    case_id: str
    proposer_id: str
    receiver_id: str
    state: State
    version: int
    with_sources: bool
    note: str | None
    case: MaskedCaseView | None = Field(description="for the receiver while it is open: enough to decide, no more")
    possible: list[Event] = Field(description="what you can do with it now")
    events: list[ReferralEventView]
    created_at: str
    updated_at: str


class ReferralPage(BaseModel):
    """A page of referrals; `next` is the value of `after` for the next page."""

    items: list[ReferralView]
    next: str | None


class ReferralList(BaseModel):
    """The referrals of a case, oldest first."""

    items: list[ReferralView]


def referral_view(seen: ReferralSeen, caller: AccessScope) -> ReferralView:
    """Return a referral as the caller, one of its parties, sees it."""
    referral = seen.referral
    events = [
        {"event": event.event, "state": event.state, "reason": event.reason, "partner_id": event.partner_id,
         "at": event.at.isoformat(), "by": event.by if event.partner_id == caller.partner_id else None}
        for event in seen.events
    ]  # fmt: skip
    return ReferralView.model_validate(
        {"id": referral.id, "kind": referral.kind, "reason": referral.reason, "case_id": referral.case_id,
         "proposer_id": referral.proposer_id, "receiver_id": referral.receiver_id, "state": referral.state,
         "version": referral.version, "with_sources": referral.with_sources, "note": referral.note,
         "case": None if seen.case is None else masked_view(seen.case, seen.has_photo), "possible": seen.possible,
         "events": events, "created_at": referral.created_at.isoformat(),
         "updated_at": referral.updated_at.isoformat()}
    )  # fmt: skip


@router.post("/cases/{case_id}/referrals", status_code=201, response_model=ReferralView, responses=CONFLICT_RESPONSES)
def propose_referral(
    case_id: str,
    form: ProposalForm,
    request: Request,
    caller: Caller,
    services: Services,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Ask another partner to help with your own case, or to take it over. A sharing agreement must be in force."""
    proposal = Proposal(form.kind, form.receiver_id, form.reason, form.note, form.with_sources)

    def work(referral_id: str | None) -> Answer:
        view = referral_view(services.referrals.propose(case_id, proposal, caller, referral_id), caller)
        return as_answer(view, 201, {"Location": f"/v1/referrals/{view.id}"}, case_id)

    return once(
        request, services, caller, idempotency_key, content=form, kind="ref", permission=Permission.REFERRALS_MANAGE,
        work=work,
    )  # fmt: skip


@router.get("/cases/{case_id}/referrals")
def list_case_referrals(case_id: str, caller: Caller, services: Services) -> ReferralList:
    """List what you proposed for your own case."""
    return ReferralList(items=[referral_view(seen, caller) for seen in services.referrals.of_case(case_id, caller)])


@router.get("/referrals")
def list_referrals(
    caller: Caller,
    services: Services,
    pages: PageOf,
    direction: Literal["incoming", "outgoing"] = "incoming",
    open_only: Annotated[bool, Query(description="only those that are not over")] = True,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ReferralPage:
    """List referrals and transfers to or from your organisation, oldest first."""
    filters = {"direction": direction, "open_only": open_only}
    begin = pages.begins_after("referrals", filters, after)
    found, last = services.referrals.page(caller, direction=direction, open_only=open_only, after=begin, limit=limit)
    return ReferralPage(
        items=[referral_view(seen, caller) for seen in found], next=pages.next("referrals", filters, last)
    )


@router.get("/referrals/{referral_id}")
def read_referral(
    referral_id: str, response: Response, caller: Caller, services: Services, if_none_match: IfNoneMatch = None
) -> ReferralView:
    """Read a referral that you proposed or received."""
    view = referral_view(services.referrals.read(referral_id, caller), caller)
    return shown(view, response, services, if_none_match, view.version)


def _take(
    services: Sandhan, referral_id: str, event: Event, form: StepForm, reason: str | None, caller: AccessScope
) -> ReferralView:
    seen = services.referrals.take(referral_id, event, reason=reason, version=form.version, scope=caller)
    return referral_view(seen, caller)


@router.post("/referrals/{referral_id}/accept", responses=CONFLICT_RESPONSES)
def accept_referral(referral_id: str, form: StepForm, caller: Caller, services: Services) -> ReferralView:
    """Accept what was proposed to you. A case referred to you can then be read until the referral is over."""
    return _take(services, referral_id, Event.ACCEPT, form, None, caller)


@router.post("/referrals/{referral_id}/reject", responses=CONFLICT_RESPONSES)
def reject_referral(referral_id: str, form: EndingForm, caller: Caller, services: Services) -> ReferralView:
    """Reject what was proposed to you, with a reason."""
    return _take(services, referral_id, Event.REJECT, form, form.reason, caller)


@router.post("/referrals/{referral_id}/revoke", responses=CONFLICT_RESPONSES)
def revoke_referral(referral_id: str, form: EndingForm, caller: Caller, services: Services) -> ReferralView:
    """Take back what you proposed, or end what you accepted, with a reason."""
    return _take(services, referral_id, Event.REVOKE, form, form.reason, caller)


@router.post("/referrals/{referral_id}/complete", responses=CONFLICT_RESPONSES)
def complete_referral(referral_id: str, form: StepForm, caller: Caller, services: Services) -> ReferralView:
    """Say that what you accepted is done. A transfer then makes the case yours; the old owner keeps nothing of it."""
    return _take(services, referral_id, Event.COMPLETE, form, None, caller)
