"""The doors of suspects: register, list, read, change, close, erase, and which cases name them. Police only."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from api.access import Permission
from api.answers import IdempotencyKey, IfMatch, IfNoneMatch, as_answer, once, shown
from api.dependencies import Caller, Services
from api.entity_tags import expected_version
from api.errors import CONFLICT_RESPONSES
from api.idempotency import Answer
from api.paging import After, PageOf
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


@router.post("/suspects", status_code=201, response_model=SuspectView)
def register_suspect(
    form: SuspectForm, request: Request, caller: Caller, services: Services, idempotency_key: IdempotencyKey = None
) -> Response:
    """Register a suspect. Only your own unit sees him; he stands in no case, and is compared with suspects only.

    Where another unit seems to know him as well, both are told of each other: see `/v1/pairs`.
    """

    def work(suspect_id: str | None) -> Answer:
        view = suspect_view(services.suspects.register(form, caller, suspect_id))
        tag = services.tags.of(view.model_dump_json().encode(), view.version)
        return as_answer(view, 201, {"Location": f"/v1/suspects/{view.id}", "ETag": tag}, view.id)

    return once(
        request, services, caller, idempotency_key, content=form, kind="suspect",
        permission=Permission.SUSPECTS_WRITE, work=work,
    )  # fmt: skip


@router.get("/suspects")
def list_suspects(
    caller: Caller,
    services: Services,
    pages: PageOf,
    status: Literal["open", "closed", "erased"] | None = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> SuspectPage:
    """List the suspects of your own unit, oldest first; of those erased no more than the id."""
    filters = {"status": status}
    begin = pages.begins_after("suspects", filters, after)
    found, last = services.suspects.page(caller, status=status, after=begin, limit=limit)
    return SuspectPage(items=[suspect_view(suspect) for suspect in found], next=pages.next("suspects", filters, last))


@router.get("/suspects/{suspect_id}")
def read_suspect(
    suspect_id: str, response: Response, caller: Caller, services: Services, if_none_match: IfNoneMatch = None
) -> SuspectView:
    """Read a suspect of your own unit."""
    view = suspect_view(services.suspects.read(suspect_id, caller))
    return shown(view, response, services, if_none_match, view.version)


@router.put("/suspects/{suspect_id}", responses=CONFLICT_RESPONSES)
def change_suspect(
    suspect_id: str,
    form: SuspectChange,
    response: Response,
    caller: Caller,
    services: Services,
    if_match: IfMatch = None,
) -> SuspectView:
    """Replace what is said of a suspect of your own unit; what was said before stays in the history.

    `version` and, where it is sent, `If-Match` say what you read: nothing that somebody said meanwhile is overwritten.
    """
    changed = services.suspects.change(suspect_id, form, form.version, caller, expected_version(if_match))
    view = suspect_view(changed)
    return shown(view, response, services, None, view.version)


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
    """Note that a case names a suspect, e.g. as its recruiter. The case holds no word of it.

    Noted again, nothing is added.
    """
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
