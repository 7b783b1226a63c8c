"""What does a caller see when something is wrong? RFC 9457 problems with a stable code, never a value sent.

code                   status   when
unauthenticated        401      no valid key or session
sign_in_failed         401      address, password, code or account; which of them is not told
enrolment_refused      401      the token is unknown, used or expired
not_permitted          403      the key or the person lacks a permission
csrf_refused           403      a session's cookie without its header
not_found              404      there is none, or it is not shared with the caller: the answer is the same
duplicate_case         409      the external id is taken by other content
version_conflict       409      the case was changed meanwhile
suppressed             409      the record was erased and is not taken again
consent_missing        409      consent to matching was withdrawn
decided_already        409      the request is in a state in which that cannot be decided
person_exists          409      the e-mail address signs in already
last_administrator     409      nobody would be left to manage the partner's people
key_over               409      the key is revoked or has expired
already_corrected      409      another entry corrects the one that was named
not_due                409      the follow-up was settled before
no_agreement           409      no sharing agreement between the two partners is in force
referral_open          409      the same is open already
referral_state         409      the step is not one that the caller may take in this state
case_closed            409      the case is closed
transfer_clash         409      the receiver has a case of this side with the same external id
too_large              413      the request is larger than allowed
unsupported_media      415      neither JSON nor multipart/form-data
invalid_request        422      a field breaks its rule; `errors` names each
too_many_attempts      429      this client failed to sign in too often; `Retry-After` says for how long
provider_failed        502      the other issuer did not answer as it should
index_opening          503      the index is being opened; try again
sign_in_busy           503      too many passwords are being checked; try again
keys_unusable          503      the master key is missing, or is another than the database was sealed by
database_unavailable   503      the database did not answer; try again
internal               500      a fault of ours, by its incident number only
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException

from api.access import NotFound, NotPermitted
from api.alerts.errors import TargetRefused
from api.care.errors import CareConflict
from api.cases.service import ConsentMissing, DuplicateCase, Suppressed
from api.faults import origin
from api.matches.disclosures import DecidedAlready
from api.partners.keys import KeyOver
from api.partners.service import Unauthenticated
from api.people.errors import (
    CsrfRefused,
    EnrolmentRefused,
    LastAdministrator,
    PersonExists,
    ProviderFailed,
    SignInBusy,
    SignInFailed,
    TooManyAttempts,
)
from api.store import RowMissing, VersionConflict
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
    (NotFound, 404, "Not found"),
    (RowMissing, 404, "Not found"),
    (DuplicateCase, 409, "This case exists with other content"),
    (Suppressed, 409, "This record was erased"),
    (ConsentMissing, 409, "Consent is missing"),
    (DecidedAlready, 409, "Decided already"),
    (VersionConflict, 409, "Changed meanwhile"),
    (PersonExists, 409, "In use"),
    (LastAdministrator, 409, "The last administrator"),
    (KeyOver, 409, "Not in use"),
    (CareConflict, 409, "Things stand otherwise"),
    (RequestTooLarge, 413, "Too large"),
    (UnsupportedMedia, 415, "Unsupported media type"),
    (InvalidRecord, 422, "A field breaks its rule"),
    (TargetRefused, 422, "A field breaks its rule"),
    (TooManyAttempts, 429, "Too many attempts"),
    (ProviderFailed, 502, "The other service did not answer"),
    (IndexOpening, 503, "Not ready yet"),
    (SignInBusy, 503, "Busy"),
    (KeysUnusable, 503, "Keys are missing"),
    (DatabaseUnavailable, 503, "The database did not answer"),
    (ModelMissing, 503, "A model is missing"),
    (ModelCorrupt, 503, "A model cannot be used"),
)
_CODES = {InvalidRecord: "invalid_request", TargetRefused: "invalid_request", RowMissing: "not_found"}


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
    def on_known(_request: Request, error: SandhanError) -> JSONResponse:
        for kind, status, title in _STATUS:
            if isinstance(error, kind):
                code = _CODES.get(kind, error.code)
                errors = (
                    [FieldProblem(field=error.field, reason=error.reason)] if isinstance(error, InvalidRecord) else []
                )
                more: Mapping[str, object] = {"case_id": error.case_id} if isinstance(error, DuplicateCase) else {}
                detail = str(NotFound("record")) if isinstance(error, RowMissing) else str(error)
                answer = problem(status, code, title, detail, errors, **more)
                if isinstance(error, TooManyAttempts):
                    answer.headers["Retry-After"] = str(error.retry_after_s)
                return answer
        return fault(error)

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
        titles = {
            404: ("not_found", "Not found"),
            405: ("method_not_allowed", "Method not allowed"),
            413: (RequestTooLarge.code, "Too large"),
        }
        code, title = titles.get(error.status_code, ("http_error", "The request could not be served"))
        answer = problem(error.status_code, code, title, title)
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    def on_fault(_request: Request, error: Exception) -> JSONResponse:
        return fault(error)


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
CONFLICT_RESPONSES = _described((409, "Taken by other content, or changed meanwhile"))
SIGN_IN_RESPONSES = _described(
    (401, "Sign-in failed"), (422, "A field breaks its rule"), (429, "Too many attempts"), (503, "Busy, or not set up")
)
ENROLMENT_RESPONSES = _described(
    (401, "The token is not valid, or no longer"), (422, "A field breaks its rule"), (503, "Busy, or not set up")
)
PROVIDER_RESPONSES = _described(
    (401, "Sign-in failed"), (404, "Not set up"), (502, "The other service did not answer"), (503, "Not set up")
)
PEOPLE_RESPONSES = _described((409, "In use, or the last administrator"), (503, "Not set up"))
KEY_RESPONSES = _described((409, "The key is revoked or has expired"))
OPENING_RESPONSES = _described((503, "The index is being opened"))
