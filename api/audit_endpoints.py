"""The doors of the audit log: what concerns one's own organisation, and the daily roots that every partner keeps."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.dependencies import Caller, Services
from api.paging import After, PageOf

router = APIRouter(prefix="/audit", tags=["audit"])


class AuditEntryView(BaseModel):
    """Something that somebody did or saw. It carries ids, never personal data."""

    seq: int
    at: str
    actor: str = Field(description="a person's or a key's id, or engine")
    action: str
    subject: str = Field(description="id of what it was done to")
    purpose: str | None
    detail: dict[str, Any]
    hash: str = Field(description="covers this row and the hash of the one before it")


class AuditPageView(BaseModel):
    """A page of the log; `next` is the value of `after` for the next page."""

    items: list[AuditEntryView]
    next: str | None


class RootView(BaseModel):
    """The newest row that the log had at the end of a day; keep it outside this service."""

    day: date
    seq: int
    hash: str


class RootPageView(BaseModel):
    """A page of daily roots; `next` is the value of `after` for the next page."""

    items: list[RootView]
    next: str | None


@router.get("")
def list_audit(
    caller: Caller,
    services: Services,
    pages: PageOf,
    subject: Annotated[str | None, Query(max_length=80, description="only what was done to this id")] = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> AuditPageView:
    """List what your people and keys did, and what anybody did to your cases: auditors only."""
    filters = {"subject": subject}
    begin = int(pages.begins_after("audit", filters, after) or 0)
    page = services.audit.page(caller, subject=subject, after=begin, limit=limit)
    return AuditPageView(
        items=[
            AuditEntryView(
                seq=entry.seq,
                at=entry.at.isoformat(),
                actor=entry.actor,
                action=entry.action,
                subject=entry.subject,
                purpose=entry.purpose,
                detail=entry.detail,
                hash=entry.hash,
            )
            for entry in page.items
        ],
        next=pages.next("audit", filters, None if page.next is None else str(page.next)),
    )


@router.get("/roots")
def list_roots(
    caller: Caller,
    services: Services,
    pages: PageOf,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> RootPageView:
    """List the daily roots of the log. Whoever keeps them can prove later that nothing before was altered."""
    begin = pages.begins_after("audit-roots", {}, after)
    page = services.audit.roots(caller, after=None if begin is None else date.fromisoformat(begin), limit=limit)
    return RootPageView(
        items=[RootView(day=root.day, seq=root.seq, hash=root.hash) for root in page.items],
        next=pages.next("audit-roots", {}, None if page.next is None else page.next.isoformat()),
    )
