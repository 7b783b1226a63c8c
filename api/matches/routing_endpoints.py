"""The door of routing: who would be told of a match?"""

from __future__ import annotations

from fastapi import APIRouter

from api.dependencies import Caller, Services
from api.matches.routing_views import RoutingView

router = APIRouter(prefix="/matches", tags=["matches"])


@router.get("/{match_id}/routing")
def explain_routing(match_id: str, caller: Caller, services: Services) -> RoutingView:
    """Ask who would be told of a possible match if its evidence rose now: what, why, and what would be withheld.

    Nothing is sent. Who owns a case sees the organisations; everybody else sees itself. What would tell where a
    protected person is, is withheld here as well.
    """
    return services.routing.explain(match_id, caller)
