"""The doors of cases: register (JSON, or multipart with photos), read, change, list one's own."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from api.access import AccessScope
from api.cases.forms import CaseForm
from api.cases.service import Registered
from api.cases.views import CaseOut, FaceChoice, OwnCaseOut, PhotoView, own_view, photo_view, view_case
from api.dependencies import Caller, Services
from api.errors import BODY_RESPONSES, CONFLICT_RESPONSES
from api.uploads import openapi_body, read_submission
from matcher.errors import InvalidRecord
from matcher.photos.faces import Box

router = APIRouter(prefix="/cases", tags=["cases"])


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
    outcome = result.outcome
    return RegisteredView(
        case=own_view(result.case, result.photos, caller),
        created=result.created,
        matches=[
            MatchSummary.model_validate({"id": match.id, "grade": match.grade, "probability": match.probability})
            for match in result.matches
        ],
        alerts=outcome.alerts if outcome else 0,
    )


@router.post(
    "",
    status_code=201,
    openapi_extra=openapi_body(CaseForm, "case"),
    responses=BODY_RESPONSES | CONFLICT_RESPONSES,
)
async def register_case(request: Request, response: Response, caller: Caller, services: Services) -> RegisteredView:
    """Register a missing report or a rescued person; it is compared with the other side and partners are alerted.

    Sending the same submission again (with an `external_id`) stores nothing twice and answers 200.
    """
    submission = await read_submission(request, CaseForm, "case", services.settings)
    result = await run_in_threadpool(services.cases.register, submission.form, caller, submission.photos)
    if not result.created:
        response.status_code = 200
    response.headers["Location"] = f"/v1/cases/{result.case.id}"
    response.headers["ETag"] = f'"{result.case.version}"'
    return _registered(result, caller)


@router.get("")
def list_own_cases(
    caller: Caller,
    services: Services,
    side: Literal["missing", "rescued"] | None = None,
    status: Literal["open", "closed"] | None = None,
    after: Annotated[str | None, Query(max_length=80)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> CasePage:
    """List the cases that you own, oldest first."""
    rows, following = services.cases.own_page(caller, side=side, status=status, after=after, limit=limit)
    return CasePage(items=[own_view(case, photos, caller) for case, photos in rows], next=following)


@router.get("/{case_id}")
def read_case(case_id: str, response: Response, caller: Caller, services: Services) -> CaseOut:
    """Read a case: in full if it is yours, masked if a possible match makes you a party to it."""
    shown = services.cases.read(case_id, caller)
    if shown.own:
        response.headers["ETag"] = f'"{shown.case.version}"'
    return view_case(shown.case, shown.view, shown.photos, own=shown.own)


@router.put("/{case_id}", openapi_extra=openapi_body(CaseForm, "case"), responses=BODY_RESPONSES | CONFLICT_RESPONSES)
async def change_case(
    case_id: str,
    request: Request,
    response: Response,
    caller: Caller,
    services: Services,
    if_match: Annotated[str | None, Header()] = None,
) -> RegisteredView:
    """Replace the content of your own case; the history is kept and it is compared again. Photos sent are added.

    With `If-Match` and the ETag that you read, a change that somebody made meanwhile is not overwritten.
    """
    submission = await read_submission(request, CaseForm, "case", services.settings)
    result = await run_in_threadpool(
        services.cases.change, case_id, submission.form, caller, _version(if_match), submission.photos
    )
    response.headers["ETag"] = f'"{result.case.version}"'
    return _registered(result, caller)


def _version(if_match: str | None) -> int | None:
    """Return the version that the caller has read; None when it asks for no check.

    Raises:
        InvalidRecord: it is no ETag of ours. To pass it over would overwrite what the caller wanted to keep.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    found = re.fullmatch(r'(?:W/)?"?([0-9]{1,9})"?', if_match.strip())
    if found is None:
        raise InvalidRecord("If-Match", "is not the ETag of a case; send it back as you read it")
    return int(found[1])


@router.post("/{case_id}/close")
def close_case(case_id: str, caller: Caller, services: Services) -> OwnCaseOut:
    """Close your own case: it is no longer searched or matched. It can be opened again."""
    return own_view(*services.cases.set_status(case_id, "closed", caller), caller)


@router.post("/{case_id}/reopen")
def reopen_case(case_id: str, caller: Caller, services: Services) -> OwnCaseOut:
    """Open your own case again; it is compared anew."""
    return own_view(*services.cases.set_status(case_id, "open", caller), caller)


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
