"""What does the API say of itself? The OpenAPI document: what FastAPI knows, and what holds for every operation.

What can be told from an operation is told here for all of them, so that none is forgotten: an operation with a path
parameter may answer 404, one with `If-Match` 412, one with a body 413. Examples stand in `api.openapi_examples`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI

from api.cases.forms import CaseForm
from api.errors import MEDIA_TYPE, Known, Problem, known_problems
from api.matches.views import MatchQuery
from api.openapi_examples import EXAMPLES

Object = dict[str, Any]

TAGS: Final[list[Object]] = [
    {"name": "cases", "description": "Missing reports and rescued persons: yours in full, others' masked."},
    {"name": "matches", "description": "Who may be whom, and why. The engine suggests; people decide."},
    {"name": "alerts", "description": "What you were told, and your acknowledgement. An alert names nobody."},
    {"name": "disclosures", "description": "Asking to see the other side's case in full, and what its owner says."},
    {
        "name": "pairs",
        "description": "Records of yours that another unit may have as well: the same person, or suspect.",
    },
    {"name": "care", "description": "What happens after the report: stages, notes, home reports, follow-ups."},
    {"name": "referrals", "description": "Asking another partner to help with a case, or to take it over."},
    {"name": "bulletins", "description": "Missing children shown to chosen partners, by an authority's leave."},
    {"name": "agenda", "description": "What your unit has to do, and by when: clocks, visits, alerts, requests."},
    {"name": "reports", "description": "What the nights came to for your organisation: figures, and no names."},
    {"name": "suspects", "description": "Whom a police unit suspects; apart from all cases, seen by that unit only."},
    {"name": "partners", "description": "Who takes part, and for which areas."},
    {"name": "agreements", "description": "Who may exchange with whom. No agreement, no exchange."},
    {"name": "people", "description": "Who acts for your organisation, in which roles."},
    {"name": "keys", "description": "With which keys your organisation's software comes."},
    {"name": "session", "description": "Signing in and out, the second factor, enrolment."},
    {"name": "audit", "description": "Who did and saw what, and the daily roots by which a partner can prove it."},
    {"name": "health", "description": "Whether the process runs and can serve; needs no key."},
]
HEADERS: Final[dict[str, Object]] = {
    "ETag": {"description": "strong; for If-None-Match and If-Match", "schema": {"type": "string"}},
    "Link": {"description": 'the next page, rel="next" (RFC 8288); absent on the last', "schema": {"type": "string"}},
    "Location": {"description": "where what was created is read", "schema": {"type": "string"}},
    "Idempotent-Replayed": {
        "description": "true when this answer was given before to the same Idempotency-Key",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {"description": "seconds to wait", "schema": {"type": "integer", "minimum": 1}},
    "RateLimit-Policy": {
        "description": 'the limits that you count against: "name";q=requests;w=seconds '
        "(draft-ietf-httpapi-ratelimit-headers-10); absent where none is set",
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": 'what is left: "name";r=requests;t=seconds until there is more',
        "schema": {"type": "string"},
    },
    "WWW-Authenticate": {"description": "how to say who you are", "schema": {"type": "string"}},
    "Content-Language": {"description": "of the sentences (BCP 47)", "schema": {"type": "string"}},
}
_RATES = ("RateLimit-Policy", "RateLimit")
_WAIT = ("Retry-After",)
_MORE_HEADERS = {401: ("WWW-Authenticate",), 409: _WAIT, 429: (*_WAIT, *_RATES), 503: _WAIT}
_ALWAYS = (414, 429, 431, 500, 503)
_NOT_YET = ("read_nightly_report", "read_nightly_report_as_table")
"""Operations that have nothing to tell before something has happened first: 404, though no id is in their address."""
_NOT_SET_UP = ("change_password", "sign_out", "sign_out_everywhere", "depart", "arrive")
"""Operations without an id in their path that may yet find nothing: no session, no sign-in service elsewhere."""
_TAGGED_WHEN_MADE = ("register_case", "register_suspect")
_METHODS = ("get", "put", "post", "delete", "patch")
_EVENT: Final[Object] = {
    "type": "object",
    "description": "one event of the stream; `id` goes back as Last-Event-ID",
    "properties": {
        "id": {"type": "string"},
        "event": {"type": "string"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/AlertView"},
        },
    },
    "required": ["id", "data"],
}


def describe(app: FastAPI) -> None:
    """Have an application give this document at /openapi.json."""
    original = app.openapi

    def openapi() -> Object:
        if not app.openapi_schema:
            app.openapi_schema = completed(original())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def as_text(document: Object) -> str:
    """Return a document as it is written to a file: the same text for the same API."""
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def operations_of(document: Object) -> Iterator[tuple[str, str, Object]]:
    """Give path, method and description of every operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in _METHODS:
                yield path, method, operation


def completed(document: Object) -> Object:
    """Return a document of FastAPI's with everything that holds for every operation."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for form in (CaseForm, MatchQuery, Problem):  # the first two are read by hand (JSON or multipart)
        schema = form.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[form.__name__] = schema
    components["headers"] = HEADERS
    components["responses"] = _problems()
    for path, _, operation in operations_of(document):
        _complete(path, operation, schemas)
    for unused in ("HTTPValidationError", "ValidationError"):  # the framework's own, which nobody is sent
        schemas.pop(unused, None)
    return document


def _problems() -> dict[str, Object]:
    """Return one described answer for each status of the table of errors."""
    by_status: dict[int, list[Known]] = {}
    for problem in known_problems():
        by_status.setdefault(problem.status, []).append(problem)
    return {
        _name(status): {
            "description": "; ".join(f"`{one.code}`: {one.meaning}" for one in problems),
            "headers": _references(_MORE_HEADERS.get(status, ())),
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {one.code: {"value": _example(one)} for one in problems},
                }
            },
        }
        for status, problems in by_status.items()
    }


def _example(problem: Known) -> Object:
    found = {
        "type": f"urn:sandhan:problem:{problem.code}", "title": problem.title, "status": problem.status,
        "detail": problem.meaning, "code": problem.code, "errors": [],
    }  # fmt: skip
    if problem.code == "invalid_request":
        reason = "lies in the future"
        found |= {"detail": f"found: {reason}", "errors": [{"field": "found", "reason": reason}]}
    return found


def _name(status: int) -> str:
    return f"Problem{status}"


def _complete(path: str, operation: Object, schemas: Object) -> None:
    name = operation["operationId"]
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _never_null(parameter["schema"])
    if operation["summary"] == name.replace("_", " ").title():  # nobody gave it one
        operation["summary"] = name.replace("_", " ").capitalize()
    headers = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "header"}
    queries = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"}
    example = EXAMPLES.get(name, {})
    responses: Object = {}
    for status, response in operation["responses"].items():
        if int(status) < 400 or ("application/json" in response.get("content", {}) and status != "422"):
            responses[status] = response
    for status, response in responses.items():
        response["description"] = _described(response["description"], status)
        wanted = [*_RATES]
        wanted += ["ETag"] if headers & {"If-None-Match", "If-Match"} or name in _TAGGED_WHEN_MADE else []
        wanted += ["Link"] if "after" in queries else []
        wanted += ["Idempotent-Replayed", "Location"] if "Idempotency-Key" in headers else []
        wanted += ["Content-Language"] if name == "read_match" else []
        response["headers"] = _references(wanted)
        for media, content in response.get("content", {}).items():
            if media.startswith("image/"):
                content["schema"] = {"type": "string", "format": "binary"}
            if media == "text/event-stream":
                content["schema"] = _EVENT
        _add_example(response, example.get("response"), schemas)
    if "If-None-Match" in headers:
        responses["304"] = {"description": "You have it already", "headers": _references(["ETag", *_RATES])}
    for status in _expected(path, operation, headers):
        reference = {"$ref": f"#/components/responses/{_name(status)}"}
        declared = responses.get(str(status))
        if declared is None:
            responses[str(status)] = reference
        else:  # an answer of another kind under the same status
            declared["content"][MEDIA_TYPE] = {"schema": {"$ref": "#/components/schemas/Problem"}}
    operation["responses"] = dict(sorted(responses.items()))
    body = operation.get("requestBody")
    if body:
        _add_example({"content": body["content"]}, example.get("request"), schemas)


def _expected(path: str, operation: Object, headers: set[str]) -> list[int]:
    """Return with which problems an operation may answer: what it declares, and what its kind entails."""
    expected = [*_ALWAYS, *(int(status) for status in operation["responses"] if int(status) >= 400)]
    expected = [status for status in expected if status != 404]  # every router declares it
    if operation.get("security"):
        expected += [401, 403]
    if "{" in path or operation["operationId"] in (*_NOT_SET_UP, *_NOT_YET):
        expected += [404]
    if operation.get("parameters") or "requestBody" in operation:
        expected += [422]
    media = operation.get("requestBody", {}).get("content", {})
    if media:
        expected += [413]
    if "Idempotency-Key" in headers:
        expected += [409]
    if len(media) > 1:
        expected += [415]
    if "If-Match" in headers:
        expected += [409, 412]
    return sorted(set(expected))


def _never_null(schema: Object) -> Object:
    """Return the schema of a parameter, which may be left out and cannot be null: an address knows no null."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    kept: Object = {name: value for name, value in schema.items() if name != "anyOf"}
    kept.update(kinds[0])
    return kept


def _add_example(holder: Object, example: Any, schemas: Object) -> None:
    content = holder.get("content", {}).get("application/json")
    if content is None:
        return
    if example is None:
        schema = content.get("schema", {})
        name = schema.get("$ref", "").rpartition("/")[2]
        example = next(iter(schemas.get(name, schema).get("examples", ())), None)
    if example is not None:
        content["example"] = example


def _references(names: Any) -> Object:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _described(text: str, status: str) -> str:
    return HTTPStatus(int(status)).phrase if text == "Successful Response" else text
