"""What is served? The application: routers under /v1, problem details, limits; OpenAPI at /openapi.json."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import Lifespan

from api import audit_endpoints, door, health
from api.agenda import endpoints as agenda_endpoints
from api.alerts import attention_endpoints, stream_endpoints
from api.alerts import endpoints as alert_endpoints
from api.bootstrap import Sandhan
from api.bulletins import endpoints as bulletin_endpoints
from api.care import endpoints as care_endpoints
from api.care import referral_endpoints
from api.cases import endpoints as case_endpoints
from api.cases import lifecycle_endpoints
from api.errors import RESPONSES, install
from api.matches import decision_endpoints, disclosure_endpoints, routing_endpoints
from api.matches import endpoints as match_endpoints
from api.nightly import endpoints as report_endpoints
from api.openapi_document import TAGS, describe
from api.pairs import endpoints as pair_endpoints
from api.partners import agreement_endpoints, key_endpoints
from api.partners import endpoints as partner_endpoints
from api.people import endpoints as people_endpoints
from api.people import session_endpoints
from api.suspects import endpoints as suspect_endpoints

VERSION = "0.1.0"
DESCRIPTION = """Finds the missing report of a rescued person across scripts, states and years, says why, and tells the
right people. The engine suggests; people decide. Every request needs an API key; what you see is what concerns you."""


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

    app = bare_app(lifespan)
    app.state.sandhan = sandhan
    door.install(app, sandhan)
    describe(app)
    return app


def bare_app(lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """Return the application with its routes and no services: enough to be described."""
    app = FastAPI(
        title="Sandhan",
        version=VERSION,
        description=DESCRIPTION,
        license_info={"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        docs_url="/docs",
        redoc_url=None,
        openapi_tags=TAGS,
        # The names that generated clients call.
        generate_unique_id_function=lambda route: route.name,
    )
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
        bulletin_endpoints.router,
        agenda_endpoints.router,
        match_endpoints.router,
        decision_endpoints.router,
        routing_endpoints.router,
        disclosure_endpoints.router,
        stream_endpoints.router,  # before the one that takes "stream" for the id of an alert
        pair_endpoints.router,
        attention_endpoints.router,  # before the next one: "missed" is no alert's id
        alert_endpoints.router,
        report_endpoints.router,
        audit_endpoints.router,
    ):
        app.include_router(router, prefix="/v1", responses=RESPONSES)
    app.include_router(health.router, prefix="/v1")
    return app
