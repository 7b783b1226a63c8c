"""Is the process alive, and can it serve? For supervisors and load balancers; says nothing about any case."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from api.dependencies import Services, admit_stranger

router = APIRouter(tags=["health"], dependencies=[Depends(admit_stranger)])


class Health(BaseModel):
    """The process runs."""

    status: str = "ok"


class ReadinessView(BaseModel):
    """Whether requests can be served, what each part says, and how much waits."""

    ready: bool
    checks: dict[str, str]
    counts: dict[str, int]


@router.get("/health")
def health() -> Health:
    """Tell that the process runs."""
    return Health()


@router.get("/ready", responses={503: {"model": ReadinessView, "description": "Not ready"}})
def ready(response: Response, services: Services) -> ReadinessView:
    """Tell whether the database answers and the index is open; 503 until then."""
    state = services.readiness()
    if not state.ready:
        response.status_code = 503
    return ReadinessView(ready=state.ready, checks=state.checks, counts=state.counts)
