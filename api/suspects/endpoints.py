"""The doors of suspects: register, list, read, change, close, erase, and which cases name them. Police only."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from api.dependencies import Caller, Services
from api.errors import CONFLICT_RESPONSES
from api.suspects.forms import (
    LinkForm,
    LinkList,
    LinkView,
    Relation,
    SuspectChange,
    SuspectForm,
    SuspectHistory,
    SuspectPage,
    SuspectView,
    history_view,
    link_views,
    suspect_view,
)

router = APIRouter(tags=["suspects"])


@router.post("/suspects", status_code=201)
def register_suspect(form: SuspectForm, caller: Caller, services: Services) -> SuspectView:
    """Register a suspect. Only your own unit sees him; he is never compared with anybody and stands in no case."""
    return suspect_view(services.suspects.register(form, caller))


@router.get("/suspects")
def list_suspects(
    caller: Caller,
    services: Services,
    status: Literal["open", "closed", "erased"] | None = None,
    after: Annotated[str | None, Query(max_length=80)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> SuspectPage:
    """List the suspects of your own unit, oldest first; of those erased no more than the id."""
    found, following = services.suspects.page(caller, status=status, after=after, limit=limit)
    return SuspectPage(items=[suspect_view(suspect) for suspect in found], next=following)


@router.get("/suspects/{suspect_id}")
def read_suspect(suspect_id: str, caller: Caller, services: Services) -> SuspectView:
    """Read a suspect of your own unit."""
    return suspect_view(services.suspects.read(suspect_id, caller))


@router.put("/suspects/{suspect_id}", responses=CONFLICT_RESPONSES)
def change_suspect(suspect_id: str, form: SuspectChange, caller: Caller, services: Services) -> SuspectView:
    """Replace what is said of a suspect of your own unit; what was said before stays in the history."""
    return suspect_view(services.suspects.change(suspect_id, form, form.version, caller))


@router.get("/suspects/{suspect_id}/history")
def read_suspect_history(suspect_id: str, caller: Caller, services: Services) -> SuspectHistory:
    """Read every version of what was said of a suspect of your own unit, with who said it."""
    return history_view(services.suspects.history(suspect_id, caller))


@router.post("/suspects/{suspect_id}/close")
def close_suspect(suspect_id: str, caller: Caller, services: Services) -> SuspectView:
    """Close a suspect of your own unit; he can be opened again."""
    return suspect_view(services.suspects.set_status(suspect_id, "closed", caller))


@router.post("/suspects/{suspect_id}/reopen")
def reopen_suspect(suspect_id: str, caller: Caller, services: Services) -> SuspectView:
    """Open a suspect of your own unit again."""
    return suspect_view(services.suspects.set_status(suspect_id, "open", caller))


@router.delete("/suspects/{suspect_id}")
def erase_suspect(suspect_id: str, caller: Caller, services: Services) -> SuspectView:
    """Erase a suspect of your own unit: his key is destroyed, and nothing opens what was said of him."""
    return suspect_view(services.suspects.erase(suspect_id, caller))


@router.get("/suspects/{suspect_id}/cases")
def list_suspect_cases(suspect_id: str, caller: Caller, services: Services) -> LinkList:
    """List the cases that name a suspect of your own unit, of those that you may read."""
    return link_views(services.suspects.cases_of(suspect_id, caller))


@router.post("/suspects/{suspect_id}/cases", status_code=201)
def link_suspect(suspect_id: str, form: LinkForm, caller: Caller, services: Services) -> LinkView:
    """Note that a case names a suspect, e.g. as its recruiter. The case holds no word of it."""
    link = services.suspects.link(suspect_id, form.case_id, form.relation, caller)
    return link_views([link]).items[0]


@router.delete("/suspects/{suspect_id}/cases/{case_id}/{relation}", status_code=204)
def unlink_suspect(suspect_id: str, case_id: str, relation: Relation, caller: Caller, services: Services) -> None:
    """Take back that a case names a suspect."""
    services.suspects.unlink(suspect_id, case_id, relation, caller)


@router.get("/cases/{case_id}/suspects")
def list_case_suspects(case_id: str, caller: Caller, services: Services) -> LinkList:
    """List which suspects of your own unit a case names that you may read."""
    return link_views(services.suspects.of_case(case_id, caller))
