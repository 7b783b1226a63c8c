"""The doors of deciding: take a step with a match, read what happened to it and what you can do now."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.answers import IfMatch, IfNoneMatch, shown
from api.dependencies import Caller, Services
from api.entity_tags import expected_version
from api.errors import CONFLICT_RESPONSES
from api.matches.decision_views import DecisionForm, TimelineView, timeline_view

router = APIRouter(prefix="/matches", tags=["matches"])


@router.post("/{match_id}/decisions", responses=CONFLICT_RESPONSES)
def decide_match(
    match_id: str,
    form: DecisionForm,
    response: Response,
    caller: Caller,
    services: Services,
    if_match: IfMatch = None,
) -> TimelineView:
    """Take a step with a match of which you own a side. `events` tells which are open to you and what each needs.

    Send `If-Match` with the ETag of the match or of its events: what changed meanwhile is not decided about unseen.
    """
    seen = services.decisions.decide(match_id, form.read(), caller, expected_version(if_match))
    return shown(timeline_view(seen, caller), response, services, None, seen.match.version)


@router.get("/{match_id}/events")
def read_match_events(
    match_id: str, response: Response, caller: Caller, services: Services, if_none_match: IfNoneMatch = None
) -> TimelineView:
    """Read what happened to a match that you are a party to, first to last, and what you can do with it now."""
    seen = services.decisions.timeline(match_id, caller)
    return shown(timeline_view(seen, caller), response, services, if_none_match, seen.match.version)
