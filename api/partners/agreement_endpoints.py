"""The doors of agreements: propose, accept, leave, list. No agreement, no exchange."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.access import Permission
from api.answers import IdempotencyKey, IfNoneMatch, as_answer, once, shown
from api.days import end_of
from api.dependencies import Caller, Services
from api.idempotency import Answer
from api.paging import After, PageOf
from api.store.agreements import Agreement

router = APIRouter(prefix="/agreements", tags=["agreements"])


class AgreementForm(BaseModel):
    """An agreement to exchange."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "parties": ["partner_01j9zq3v7x2m4n6p8r0s2t4v6w", "partner_01j9zq3v7x2m4n6p8r0s2t4v7x"],
                    "reference": "MoU 14/2026",
                    "valid_until": "2029-12-31",
                }
            ]
        },
    )

    parties: list[Annotated[str, StringConstraints(max_length=80)]] = Field(
        min_length=2, max_length=2000, description="ids of the partners between whom it holds"
    )
    reference: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] = Field(
        description="number of the paper that was signed"
    )
    valid_until: date | None = Field(None, description="the last day on which it holds; left out: no end")
    signed: bool = Field(
        False, strict=True, description="operators: the paper carries every signature, so it holds for all at once"
    )


class PartyView(BaseModel):
    """A partner in an agreement."""

    partner_id: str
    in_force: bool


class AgreementView(BaseModel):
    """An agreement; two partners exchange while it is in force for both."""

    id: str
    reference: str
    valid_from: str
    valid_until: str | None
    parties: list[PartyView]


class AgreementPage(BaseModel):
    """A page of agreements; `next` is the value of `after` for the next page."""

    items: list[AgreementView]
    next: str | None


def _view(agreement: Agreement) -> AgreementView:
    return AgreementView(
        id=agreement.id,
        reference=agreement.reference,
        valid_from=agreement.valid_from.isoformat(),
        valid_until=agreement.valid_until.isoformat() if agreement.valid_until else None,
        parties=[PartyView(partner_id=party.partner_id, in_force=party.in_force) for party in agreement.parties],
    )


@router.post("", status_code=status.HTTP_201_CREATED, response_model=AgreementView)
def propose_agreement(
    form: AgreementForm, request: Request, caller: Caller, services: Services, idempotency_key: IdempotencyKey = None
) -> Response:
    """Record an agreement: in force for your organisation at once, for the others when they accept."""
    until = None if form.valid_until is None else end_of("valid_until", form.valid_until)

    def work(agreement_id: str | None) -> Answer:
        made = services.agreements.propose(
            form.parties, form.reference, until, caller, signed=form.signed, agreement_id=agreement_id
        )
        headers = {"Location": f"/v1/agreements/{made.id}"}
        return as_answer(_view(made), status.HTTP_201_CREATED, headers, made.id)

    return once(
        request, services, caller, idempotency_key, content=form, kind="agreement",
        permission=Permission.AGREEMENTS_MANAGE, work=work,
    )  # fmt: skip


@router.get("")
def list_agreements(
    caller: Caller,
    services: Services,
    pages: PageOf,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AgreementPage:
    """List the agreements to which your organisation is party; operators see all."""
    page = services.agreements.page(caller, after=pages.begins_after("agreements", {}, after), limit=limit)
    return AgreementPage(items=[_view(one) for one in page.items], next=pages.next("agreements", {}, page.next))


@router.get("/{agreement_id}")
def read_agreement(
    agreement_id: str, response: Response, caller: Caller, services: Services, if_none_match: IfNoneMatch = None
) -> AgreementView:
    """Read an agreement to which your organisation is party; operators read all."""
    return shown(_view(services.agreements.read(agreement_id, caller)), response, services, if_none_match)


class PartyForm(BaseModel):
    """A partner that joins an agreement."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"partner_id": "partner_01j9zq3v7x2m4n6p8r0s2t4v6w"}]}
    )

    partner_id: Annotated[str, StringConstraints(max_length=80)] = Field(description="id of the partner")
    signed: bool = Field(False, strict=True, description="the paper carries its signature, so it holds at once")


@router.post("/{agreement_id}/parties")
def admit_party(agreement_id: str, form: PartyForm, caller: Caller, services: Services) -> AgreementView:
    """Let a further partner into an agreement (operators only). One who is in it already stays."""
    return _view(services.agreements.admit(agreement_id, form.partner_id, caller, signed=form.signed))


@router.post("/{agreement_id}/accept")
def accept_agreement(agreement_id: str, caller: Caller, services: Services) -> AgreementView:
    """Put an agreement in force for your organisation. Accepted again, it is as before."""
    return _view(services.agreements.accept(agreement_id, caller))


@router.post("/{agreement_id}/leave")
def leave_agreement(agreement_id: str, caller: Caller, services: Services) -> AgreementView:
    """End an agreement for your organisation: nothing is exchanged under it from this call on."""
    return _view(services.agreements.leave(agreement_id, caller))
