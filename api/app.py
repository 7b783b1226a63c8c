"""What is served? The application: routers under /v1, problem details, limits; OpenAPI at /openapi.json."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.middleware.base import RequestResponseEndpoint

from api import audit_endpoints, health
from api.alerts import endpoints as alert_endpoints
from api.bootstrap import Sandhan
from api.care import endpoints as care_endpoints
from api.care import referral_endpoints
from api.cases import endpoints as case_endpoints
from api.cases import lifecycle_endpoints
from api.cases.forms import CaseForm
from api.errors import RESPONSES, Problem, RequestTooLarge, fault, install, problem
from api.matches import disclosure_endpoints
from api.matches import endpoints as match_endpoints
from api.matches.views import MatchQuery
from api.partners import agreement_endpoints, key_endpoints
from api.partners import endpoints as partner_endpoints
from api.people import endpoints as people_endpoints
from api.people import session_endpoints
from api.suspects import endpoints as suspect_endpoints
from api.uploads import BodyLimit

VERSION = "0.1.0"
DESCRIPTION = """Finds the missing report of a rescued person across scripts, states and years, says why, and tells the
right people. The engine suggests; people decide. People sign in, software comes with an API key; what you see is what
concerns you."""


def create_app(sandhan: Sandhan, *, start: bool = True) -> FastAPI:
    """Return the application.

    Args:
        sandhan: the services; closed by whoever built them.
        start: open the index and deliver in the background (tests may do it by hand).
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if start:
            sandhan.start()
        yield

    app = FastAPI(
        title="Sandhan", version=VERSION, description=DESCRIPTION, lifespan=lifespan, docs_url="/docs", redoc_url=None
    )
    app.state.sandhan = sandhan
    install(app)
    for router in (
        session_endpoints.router,
        people_endpoints.enrolment_router,
        people_endpoints.router,
        key_endpoints.router,
        partner_endpoints.router,
        agreement_endpoints.router,
        case_endpoints.router,
        lifecycle_endpoints.router,
        care_endpoints.router,
        referral_endpoints.router,
        suspect_endpoints.router,
        match_endpoints.router,
        disclosure_endpoints.router,
        alert_endpoints.router,
        audit_endpoints.router,
    ):
        app.include_router(router, prefix="/v1", responses=RESPONSES)
    app.include_router(health.router, prefix="/v1")
    limit = (sandhan.settings.photos_per_case * sandhan.settings.photo_limit_mb + 1) * 1024 * 1024

    app.add_middleware(BodyLimit, limit=limit)

    @app.middleware("http")
    async def guard(request: Request, call_next: RequestResponseEndpoint) -> Response:
        length = request.headers.get("content-length", "0")
        # Seven hundred digits are no number to Python, and ² is a digit.
        if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > limit):
            error = RequestTooLarge(f"{limit // 1024 // 1024} MB")
            return problem(413, error.code, "Too large", str(error))
        if "\0" in request.url.path or "%00" in request.url.query:
            return problem(404, "not_found", "Not found", "Not found")  # PostgreSQL could not even be asked for it
        try:
            response = await call_next(request)
        except Exception as error:  # noqa: BLE001 - the server would log its text, and that may quote a record
            response = fault(error)
        # What one person may see must not be found in a shared computer's cache by the next.
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    _describe_bodies(app)
    return app


def _describe_bodies(app: FastAPI) -> None:
    """Add the forms that are read by hand (JSON or multipart) to the schemas of the OpenAPI document."""
    original = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        document = original()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for form in (CaseForm, MatchQuery, Problem):
            schema = form.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas[form.__name__] = schema
        app.openapi_schema = document
        return document

    app.openapi = openapi  # type: ignore[method-assign]
