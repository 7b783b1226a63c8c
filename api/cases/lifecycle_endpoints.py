"""The doors of consent, retention and erasure."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response, status
from pydantic import BaseModel, ConfigDict, Field

from api.access import Permission
from api.answers import IdempotencyKey, IfMatch, as_answer, once
from api.cases.agreed import ConsentForm
from api.cases.lifecycle import ErasureReason
from api.dependencies import Caller, Services
from api.entity_tags import expected_version
from api.idempotency import Answer
from api.paging import After, PageOf
from api.store.consents import Consent

router = APIRouter(tags=["cases"])


class ConsentView(BaseModel):
    """Something that was agreed to, or a law that stands in for it."""

    id: str
    version: int
    purpose: str
    recipients: str
    basis: str
    given_by: str
    given_at: str
    withdrawn_at: str | None


class KeepForm(BaseModel):
    """Until when a case is kept."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"until": "2031-12-31"}]})

    until: date = Field(description="the last day on which it is kept")


class KeptView(BaseModel):
    """Until when a case is kept."""

    id: str
    expires_at: str


class TombstoneView(BaseModel):
    """There was a record, and it was erased: forget what you have of it."""

    id: str
    side: Literal["missing", "rescued"]
    own: bool = Field(description="whether it was your organisation's")
    erased_at: str


class TombstonePage(BaseModel):
    """A page of tombstones; `next` is the value of `after` for the next page."""

    items: list[TombstoneView]
    next: str | None


def _consent(consent: Consent) -> ConsentView:
    return ConsentView(
        id=consent.id,
        version=consent.version,
        purpose=consent.purpose,
        recipients=consent.recipients,
        basis=consent.basis,
        given_by=consent.given_by,
        given_at=consent.given_at.isoformat(),
        withdrawn_at=consent.withdrawn_at.isoformat() if consent.withdrawn_at else None,
    )


@router.get("/cases/{case_id}/consents")
def list_consents(case_id: str, caller: Caller, services: Services) -> list[ConsentView]:
    """List everything that was ever agreed to in your own case, first to last."""
    return [_consent(one) for one in services.lifecycle.consents(case_id, caller)]


@router.post("/cases/{case_id}/consents", status_code=status.HTTP_201_CREATED, response_model=ConsentView)
def give_consent(
    case_id: str,
    form: ConsentForm,
    request: Request,
    caller: Caller,
    services: Services,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Record something that was agreed to in your own case, or a law that stands in for it."""

    def work(consent_id: str | None) -> Answer:
        view = _consent(services.lifecycle.give(case_id, form, caller, consent_id))
        return as_answer(view, status.HTTP_201_CREATED, {"Location": f"/v1/cases/{case_id}/consents"}, case_id)

    return once(
        request, services, caller, idempotency_key, content=form, kind="consent",
        permission=Permission.CONSENTS_MANAGE, work=work,
    )  # fmt: skip


@router.post("/cases/{case_id}/consents/{consent_id}/withdraw")
def withdraw_consent(case_id: str, consent_id: str, caller: Caller, services: Services) -> ConsentView:
    """Withdraw a consent: what it permitted ends with this call. Without consent to matching nobody finds the case."""
    return _consent(services.lifecycle.withdraw(case_id, consent_id, caller))


@router.put("/cases/{case_id}/expiry")
def keep_case(case_id: str, form: KeepForm, caller: Caller, services: Services, if_match: IfMatch = None) -> KeptView:
    """Say until when your own case is kept; it is erased then.

    With `If-Match` and the ETag of the case, one that somebody changed meanwhile is left as it is.
    """
    case = services.lifecycle.keep_until(case_id, form.until, caller, expected_version(if_match))
    return KeptView(id=case.id, expires_at=case.expires_at.isoformat() if case.expires_at else "")


@router.delete("/cases/{case_id}", status_code=status.HTTP_204_NO_CONTENT)
def erase_case(
    case_id: str,
    caller: Caller,
    services: Services,
    reason: Annotated[ErasureReason, Query(description="why; what was entered in error may be entered again")],
) -> Response:
    """Erase your own case for good: its key is destroyed, and a tombstone is left."""
    services.lifecycle.erase(case_id, reason, caller)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.get("/tombstones")
def list_tombstones(
    caller: Caller,
    services: Services,
    pages: PageOf,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> TombstonePage:
    """List what was erased of your own cases and of those that you were ever told of, oldest first."""
    begin = _place(pages.begins_after("tombstones", {}, after))
    page = services.lifecycle.tombstones(caller, after=begin, limit=limit)
    last = None if page.next is None else f"{page.next[0].isoformat()}~{page.next[1]}"
    return TombstonePage(
        items=[
            TombstoneView.model_validate(
                {
                    "id": one.case_id,
                    "side": one.side,
                    "own": one.owner_id == caller.partner_id,
                    "erased_at": one.erased_at.isoformat(),
                }
            )
            for one in page.items
        ],
        next=pages.next("tombstones", {}, last),
    )


def _place(last: str | None) -> tuple[datetime, str] | None:
    if last is None:
        return None
    moment, _, case_id = last.partition("~")
    return datetime.fromisoformat(moment), case_id
