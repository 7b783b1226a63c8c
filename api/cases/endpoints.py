"""The doors of cases: register (JSON, or multipart with photos), read, change, list one's own."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from api.access import AccessScope, Permission
from api.answers import IdempotencyKey, IfMatch, IfNoneMatch, as_answer, once, shown
from api.bootstrap import Sandhan
from api.cases.forms import CaseForm
from api.cases.outcomes import Registered
from api.cases.views import CaseOut, FaceChoice, OwnCaseOut, PhotoView, own_view, photo_view, view_case
from api.dependencies import Caller, Services
from api.entity_tags import PreconditionFailed, expected_version
from api.errors import BODY_RESPONSES, CONFLICT_RESPONSES
from api.idempotency import Answer
from api.paging import After, PageOf, Since
from api.store import VersionConflict
from api.uploads import Submission, openapi_body, read_submission
from matcher.photos.faces import Box

router = APIRouter(prefix="/cases", tags=["cases"])
ExternalId = Annotated[str | None, Query(max_length=400, description="the id in your own system, whole")]


class MatchSummary(BaseModel):
    """A possible match found when the case came in; read it under /v1/matches."""

    id: str
    grade: Literal["certain", "probable", "possible", "certainly-not"]
    probability: float


class RegisteredView(BaseModel):
    """A case after registration."""

    case: OwnCaseOut
    created: bool = Field(description="false when the same submission was stored before")
    matches: list[MatchSummary] = Field(description="possible matches, best first; people decide")
    alerts: int = Field(description="alerts queued to partners")


class CasePage(BaseModel):
    """A page of your own cases; `next` is the value of `after` for the next page."""

    items: list[OwnCaseOut]
    next: str | None


def _registered(result: Registered, caller: AccessScope) -> RegisteredView:
    return RegisteredView(
        case=own_view(result.case, result.photos, caller),
        created=result.created,
        matches=[
            MatchSummary.model_validate({"id": match.id, "grade": match.grade, "probability": match.probability})
            for match in result.matches
        ],
        alerts=result.alerts,
    )


@router.post(
    "",
    status_code=201,
    response_model=RegisteredView,
    openapi_extra=openapi_body(CaseForm, "case"),
    responses={200: {"model": RegisteredView, "description": "The same submission was stored before"}}
    | BODY_RESPONSES
    | CONFLICT_RESPONSES,
)
async def register_case(
    request: Request, caller: Caller, services: Services, idempotency_key: IdempotencyKey = None
) -> Response:
    """Register a missing report or a rescued person; it is compared with the other side and partners are alerted.

    Sending the same submission again with an `external_id`, or with the same `Idempotency-Key`, stores nothing twice.
    """
    submission = await read_submission(request, CaseForm, "case", services.settings)
    return await run_in_threadpool(_register, request, submission, caller, services, idempotency_key)


def _register(
    request: Request, submission: Submission[CaseForm], caller: AccessScope, services: Sandhan, key: str | None
) -> Response:
    def work(case_id: str | None) -> Answer:
        result = services.cases.register(submission.form, caller, submission.photos, case_id=case_id)
        headers = {"Location": f"/v1/cases/{result.case.id}", "ETag": _tag(services, result, caller)}
        return as_answer(_registered(result, caller), 201 if result.created else 200, headers, result.case.id)

    return once(
        request, services, caller, key, content=submission.form, photos=submission.photos, kind="case",
        permission=Permission.CASES_WRITE, work=work,
    )  # fmt: skip


def _tag(services: Sandhan, result: Registered, caller: AccessScope) -> str:
    """Return the ETag that reading the case gives."""
    content = own_view(result.case, result.photos, caller).model_dump_json().encode()
    return services.tags.of(content, result.case.version)


@router.get("")
def list_cases(
    caller: Caller,
    services: Services,
    pages: PageOf,
    side: Literal["missing", "rescued"] | None = None,
    status: Literal["open", "closed"] | None = None,
    updated_since: Annotated[Since, Query(description="stored or changed at this moment or later")] = None,
    external_id: ExternalId = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> CasePage:
    """List the cases that you own, oldest first."""
    filters = {"side": side, "status": status, "updated_since": updated_since, "external_id": external_id}
    rows, last = services.cases.own_page(
        caller, side=side, status=status, updated_since=updated_since, external_id=external_id, limit=limit,
        after=pages.begins_after("cases", filters, after),
    )  # fmt: skip
    items = [own_view(case, photos, caller) for case, photos in rows]
    return CasePage(items=items, next=pages.next("cases", filters, last))


@router.get("/{case_id}")
def read_case(
    case_id: str, response: Response, caller: Caller, services: Services, if_none_match: IfNoneMatch = None
) -> CaseOut:
    """Read a case: in full if it is yours, masked if a possible match makes you a party to it."""
    found = services.cases.read(case_id, caller)
    # Nobody but the owner is told which version it is: it would tell that its owner is at work on it.
    version = found.case.version if found.own else None
    view = view_case(found.case, found.view, found.photos, own=found.own)
    return shown(view, response, services, if_none_match, version)


@router.put("/{case_id}", openapi_extra=openapi_body(CaseForm, "case"), responses=BODY_RESPONSES | CONFLICT_RESPONSES)
async def change_case(
    case_id: str, request: Request, response: Response, caller: Caller, services: Services, if_match: IfMatch = None
) -> RegisteredView:
    """Replace the content of your own case; the history is kept and it is compared again. Photos sent are added.

    With `If-Match` and the ETag that you read, a change that somebody made meanwhile is not overwritten.
    """
    submission = await read_submission(request, CaseForm, "case", services.settings)
    expected = expected_version(if_match)
    try:
        result = await run_in_threadpool(
            services.cases.change, case_id, submission.form, caller, expected, submission.photos
        )
    except VersionConflict:
        raise PreconditionFailed from None
    response.headers["ETag"] = _tag(services, result, caller)
    return _registered(result, caller)


@router.post("/{case_id}/close", responses=CONFLICT_RESPONSES)
def close_case(
    case_id: str, response: Response, caller: Caller, services: Services, if_match: IfMatch = None
) -> OwnCaseOut:
    """Close your own case: it is no longer searched or matched. It can be opened again."""
    return _with_status(case_id, "closed", response, caller, services, if_match)


@router.post("/{case_id}/reopen", responses=CONFLICT_RESPONSES)
def reopen_case(
    case_id: str, response: Response, caller: Caller, services: Services, if_match: IfMatch = None
) -> OwnCaseOut:
    """Open your own case again; it is compared anew."""
    return _with_status(case_id, "open", response, caller, services, if_match)


def _with_status(
    case_id: str, status: str, response: Response, caller: AccessScope, services: Sandhan, if_match: str | None
) -> OwnCaseOut:
    expected = expected_version(if_match)
    try:
        case, photos = services.cases.set_status(case_id, status, caller, expected)
    except VersionConflict:
        raise PreconditionFailed from None
    return shown(own_view(case, photos, caller), response, services, None, case.version)


@router.get("/{case_id}/photos")
def list_photos(case_id: str, caller: Caller, services: Services) -> list[PhotoView]:
    """List the photos of your own case with their states, and what to do about those that could not be used."""
    return [photo_view(photo) for photo in services.cases.photos(case_id, caller)]


@router.post("/{case_id}/photos/{photo_id}/face")
def choose_face(case_id: str, photo_id: str, choice: FaceChoice, caller: Caller, services: Services) -> PhotoView:
    """Say which face of a photo is the person of your own case; who said so is kept, and the photo is read again."""
    return photo_view(services.cases.choose_face(case_id, photo_id, Box(*choice.box), caller))


@router.get("/{case_id}/photos/{photo_id}", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
def read_photo(case_id: str, photo_id: str, caller: Caller, services: Services) -> Response:
    """Fetch a photo of a case that is yours or was opened to you, cleaned of metadata."""
    content = services.cases.photo(case_id, photo_id, caller)
    return Response(
        content.content,
        media_type=content.media_type,
        headers={"Cache-Control": "no-store", "Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"},
    )
