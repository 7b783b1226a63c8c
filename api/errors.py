"""What does a caller see when something is wrong? RFC 9457 problems with a stable code, never a value sent.

Every code with its meaning and what to do stands in `docs/reference/errors.md`, written by `api.error_reference`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException

from api.access import NotFound, NotPermitted
from api.agenda.errors import FiledAlready
from api.alerts.errors import DutyOpen, TargetRefused
from api.alerts.stream import TooManyStreams
from api.answers import NotModified
from api.bulletins.errors import AuthorisationOver, NotAgreedTo, PersonNeeded, PublicationForbidden
from api.care.errors import AlreadyCorrected, CaseClosed, NoAgreement, NoConsent, NotDue, ReferralOpen, TransferClash
from api.care.referral_states import StepRefused
from api.cases.outcomes import ConsentMissing, DuplicateCase, Suppressed
from api.entity_tags import PreconditionFailed
from api.faults import origin
from api.idempotency import IdempotencyKeyReused, RequestInProgress
from api.limits import RateLimited
from api.matches.disclosures import DecidedAlready
from api.matches.guards import GUARD_WORDS
from api.matches.workflow import DecisionNeeds, DecisionNotOpen
from api.partners.keys import KeyOver
from api.partners.service import Unauthenticated
from api.people.errors import (
    CsrfRefused,
    EnrolmentRefused,
    LastAdministrator,
    OwnRoles,
    PersonExists,
    ProviderFailed,
    SignInBusy,
    SignInFailed,
    TooManyAttempts,
)
from api.store import ConstraintViolated, RowMissing, VersionConflict
from api.store.errors import DatabaseUnavailable
from api.store.master_keys import KeysUnusable
from matcher.errors import InvalidRecord, ModelCorrupt, ModelMissing, SandhanError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_UNION_MEMBERS = ("function-", "constrained-", "list[", "str", "date", "int", "float")


class FieldProblem(BaseModel):
    """One field and the rule it breaks."""

    field: str
    reason: str


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = Field(examples=["urn:sandhan:problem:invalid_request"])
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem] = Field(default_factory=list)


class RequestTooLarge(SandhanError):
    """The request is larger than allowed."""

    code = "too_large"

    def __init__(self, allowed: str) -> None:
        super().__init__(f"the request is larger than allowed ({allowed})")


class UnsupportedMedia(SandhanError):
    """The body is neither JSON nor a multipart form."""

    code = "unsupported_media"

    def __init__(self) -> None:
        super().__init__("send application/json, or multipart/form-data when there are photos")


class AddressTooLong(SandhanError):
    """The address with its parameters is longer than allowed."""

    code = "address_too_long"

    def __init__(self, allowed: int) -> None:
        super().__init__(f"the address with its parameters is longer than {allowed} bytes")


class HeadersTooLarge(SandhanError):
    """The headers together are larger than allowed."""

    code = "headers_too_large"

    def __init__(self, allowed: int) -> None:
        super().__init__(f"the headers together are larger than {allowed} bytes")


class IndexOpening(SandhanError):
    """The index is not open yet."""

    code = "index_opening"

    def __init__(self) -> None:
        super().__init__("the index is being opened; the case is safe, try the search again in a moment")


_STATUS: tuple[tuple[type[SandhanError], int, str], ...] = (
    (Unauthenticated, 401, "Who are you?"),
    (SignInFailed, 401, "Sign-in failed"),
    (EnrolmentRefused, 401, "Not valid"),
    (NotPermitted, 403, "Not permitted"),
    (CsrfRefused, 403, "Not permitted"),
    (PublicationForbidden, 403, "The law forbids it"),
    (PersonNeeded, 403, "Not permitted"),
    (NotFound, 404, "Not found"),
    (RowMissing, 404, "Not found"),
    (DuplicateCase, 409, "This case exists with other content"),
    (Suppressed, 409, "This record was erased"),
    (ConsentMissing, 409, "Consent is missing"),
    (DecidedAlready, 409, "Decided already"),
    (DecisionNotOpen, 409, "Not a step of this state"),
    (DecisionNeeds, 409, "Something is missing"),
    (VersionConflict, 409, "Changed meanwhile"),
    (PersonExists, 409, "In use"),
    (LastAdministrator, 409, "The last administrator"),
    (OwnRoles, 409, "Your own roles"),
    (KeyOver, 409, "Not in use"),
    (AlreadyCorrected, 409, "Corrected already"),
    (NotDue, 409, "Settled already"),
    (FiledAlready, 409, "Filed already"),
    (DutyOpen, 409, "The duty is not done"),
    (NoAgreement, 409, "No agreement is in force"),
    (NoConsent, 409, "No consent"),
    (ReferralOpen, 409, "Open already"),
    (StepRefused, 409, "Not a step that you can take now"),
    (CaseClosed, 409, "The case is closed"),
    (AuthorisationOver, 409, "The authorisation is over"),
    (NotAgreedTo, 409, "No consent"),
    (TransferClash, 409, "The receiver has this number"),
    (RequestInProgress, 409, "Being worked on"),
    (ConstraintViolated, 409, "Stored by another request meanwhile"),
    (PreconditionFailed, 412, "Changed since it was read"),
    (RequestTooLarge, 413, "Too large"),
    (AddressTooLong, 414, "Address too long"),
    (UnsupportedMedia, 415, "Unsupported media type"),
    (InvalidRecord, 422, "A field breaks its rule"),
    (TargetRefused, 422, "A field breaks its rule"),
    (TooManyAttempts, 429, "Too many attempts"),
    (ProviderFailed, 502, "The other service did not answer"),
    (IdempotencyKeyReused, 422, "This key belongs to another request"),
    (RateLimited, 429, "Too many requests"),
    (TooManyStreams, 429, "Too many live inboxes"),
    (HeadersTooLarge, 431, "Headers too large"),
    (IndexOpening, 503, "Not ready yet"),
    (SignInBusy, 503, "Busy"),
    (KeysUnusable, 503, "Keys are missing"),
    (DatabaseUnavailable, 503, "The database did not answer"),
    (ModelMissing, 503, "A model is missing"),
    (ModelCorrupt, 503, "A model cannot be used"),
)
_CODES: Mapping[type[SandhanError], str] = {
    InvalidRecord: "invalid_request",
    TargetRefused: "invalid_request",
    RowMissing: "not_found",
    ConstraintViolated: "concurrent_change",
}
_DETAILS: Mapping[type[SandhanError], str] = {
    RowMissing: str(NotFound("record")),
    # Its own text names a constraint of the database.
    ConstraintViolated: "another request stored the same meanwhile; send yours again",
}
_HTTP = {
    404: ("not_found", "Not found"),
    405: ("method_not_allowed", "Method not allowed"),
    413: (RequestTooLarge.code, "Too large"),
}
_MEANINGS = {
    "invalid_request": "A field, a parameter or a header breaks its rule.",
    "version_conflict": "It was changed by somebody else meanwhile.",
    "duplicate_case": "You have a case of this `external_id` with other content.",
    "not_permitted": "You lack a permission.",
    "concurrent_change": "Another request stored the same at the same moment.",
    "not_found": "There is none, or it is not shared with you: the answer is the same.",
    "method_not_allowed": "The address does not take this method.",
    "internal": "A fault on our side, known by its incident number only.",
}
_RETRY_S = 5


def problem(
    status: int, code: str, title: str, detail: str, errors: list[FieldProblem] | None = None, **more: object
) -> JSONResponse:
    """Return a problem as a response."""
    body = Problem(
        type=f"urn:sandhan:problem:{code}", title=title, status=status, detail=detail, code=code, errors=errors or []
    )
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse(body.model_dump() | more, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def field_problems(errors: list[Any]) -> list[FieldProblem]:
    """Return pydantic's findings without the input that they quote."""
    found = []
    for error in errors:
        location = [str(part) for part in error.get("loc", ()) if part not in ("body", "query", "path", "header")]
        reason = str(error.get("msg", "is not valid"))
        if error.get("type") == "extra_forbidden":
            reason = "there is no such field"
        elif error.get("type") == "json_invalid":
            location, reason = [], "is not JSON in UTF-8"
        else:
            # Unions name the alternatives they tried; people know the field only.
            location = [part for part in location if not part.startswith(_UNION_MEMBERS)]
        found.append(FieldProblem(field=".".join(location) or "body", reason=reason))
    unique = {(item.field, item.reason): item for item in found}
    return list(unique.values())


def install(app: FastAPI) -> None:
    """Give an application the handlers of this table."""

    @app.exception_handler(SandhanError)
    def on_known(request: Request, error: SandhanError) -> JSONResponse:
        if isinstance(error, RateLimited | TooManyAttempts):
            request.state.quotas = [*getattr(request.state, "quotas", ()), *error.quotas]
        return problem_of(error)

    @app.exception_handler(NotModified)
    def on_not_modified(_request: Request, answer: NotModified) -> Response:
        return Response(status_code=304, headers=answer.headers)

    @app.exception_handler(RequestValidationError)
    def on_invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        return _invalid(list(error.errors()))

    @app.exception_handler(ValidationError)
    def on_invalid_part(_request: Request, error: ValidationError) -> JSONResponse:
        return _invalid(list(error.errors(include_input=False, include_context=False)))

    @app.exception_handler(HTTPException)
    def on_http(_request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 400:  # the framework's word for a body whose bytes are no text
            return _invalid([{"type": "json_invalid"}])
        code, title = _HTTP.get(error.status_code, ("http_error", "The request could not be served"))
        answer = problem(error.status_code, code, title, title)
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    def on_fault(_request: Request, error: Exception) -> JSONResponse:
        return fault(error)


def problem_of(error: SandhanError) -> JSONResponse:
    """Return what a caller sees of an error; one that is not in the table is a fault of ours."""
    for kind, status, title in _STATUS:
        if isinstance(error, kind):
            errors = [FieldProblem(field=error.field, reason=error.reason)] if isinstance(error, InvalidRecord) else []
            if isinstance(error, DecisionNeeds):
                errors = [FieldProblem(field=guard, reason=GUARD_WORDS[guard]) for guard in error.missing]
            more: Mapping[str, object] = {"case_id": error.case_id} if isinstance(error, DuplicateCase) else {}
            detail = _DETAILS.get(kind, str(error))
            answer = problem(status, _CODES.get(kind, error.code), title, detail, errors, **more)
            wait = getattr(error, "retry_after", _RETRY_S if status == 503 else None)
            if wait is not None:
                answer.headers["Retry-After"] = str(wait)
            return answer
    return fault(error)


class Known(NamedTuple):
    """A problem that can leave the API."""

    status: int
    code: str
    title: str
    meaning: str


def known_problems() -> list[Known]:
    """Return every problem that can leave the API, once each, by status and code."""
    found = {
        _CODES.get(kind, kind.code): (status, title, (kind.__doc__ or "").partition("\n")[0])
        for kind, status, title in reversed(_STATUS)
    }
    found |= {code: (status, title, "") for status, (code, title) in _HTTP.items() if code not in found}
    found["internal"] = (500, "A fault on our side", "")
    known = [
        Known(status, code, title, _MEANINGS.get(code, meaning)) for code, (status, title, meaning) in found.items()
    ]
    return sorted(known)


def fault(error: Exception) -> JSONResponse:
    """Return the answer to a fault of ours; its number and where it arose are logged, its text is not."""
    incident = uuid4().hex[:12]
    log.error("incident %s: %s", incident, origin(error))
    return problem(500, "internal", "A fault on our side", f"it has been noted as incident {incident}")


def _invalid(errors: list[Any]) -> JSONResponse:
    found = field_problems(errors)
    named = "; ".join(f"{item.field}: {item.reason}" for item in found[:5])
    return problem(422, "invalid_request", "A field breaks its rule", named, found)


def _described(*rows: tuple[int, str]) -> dict[int | str, dict[str, Any]]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {status: {"description": title, "content": {MEDIA_TYPE: {"schema": schema}}} for status, title in rows}


RESPONSES = _described(
    (401, "No valid key"), (403, "Not permitted"), (404, "Not found"), (422, "A field breaks its rule")
)
BODY_RESPONSES = _described((413, "Too large"), (415, "Neither JSON nor multipart/form-data"))
DUTY_RESPONSES = _described((409, "It tells of a duty that is not done"))
CONFLICT_RESPONSES = _described((409, "Taken by other content, or changed meanwhile"))
SIGN_IN_RESPONSES = _described(
    (401, "Sign-in failed"), (422, "A field breaks its rule"), (429, "Too many attempts"), (503, "Busy, or not set up")
)
ENROLMENT_RESPONSES = _described(
    (401, "The token is not valid, or no longer"), (422, "A field breaks its rule"), (429, "Too many attempts"),
    (503, "Busy, or not set up"),
)  # fmt: skip
PROVIDER_RESPONSES = _described(
    (401, "Sign-in failed"), (404, "Not set up"), (502, "The other service did not answer"), (503, "Not set up")
)
PEOPLE_RESPONSES = _described((409, "In use, the last administrator, or one's own roles"), (503, "Not set up"))
KEY_RESPONSES = _described((409, "The key is revoked or has expired"))
OPENING_RESPONSES = _described((503, "The index is being opened"))
