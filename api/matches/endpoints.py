"""The doors of matches: query without storing, list, read."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool

from api.dependencies import Caller, Services
from api.errors import BODY_RESPONSES, OPENING_RESPONSES, IndexOpening
from api.matches.views import MatchPage, MatchQuery, MatchView, QueryAnswer
from api.uploads import openapi_body, read_submission

router = APIRouter(prefix="/matches", tags=["matches"])


@router.post("/query", openapi_extra=openapi_body(MatchQuery, "query"), responses=BODY_RESPONSES | OPENING_RESPONSES)
async def query_matches(request: Request, caller: Caller, services: Services) -> QueryAnswer:
    """Ask who a person might be. Nothing is stored but an audit row with your purpose.

    Cases of other partners come back masked. There is no search by place or age alone.
    """
    submission = await read_submission(request, MatchQuery, "query", services.settings)
    if not services.index_open:
        raise IndexOpening
    return await run_in_threadpool(services.reader.query, submission.form, caller, submission.photos)


@router.get("")
def list_matches(
    caller: Caller,
    services: Services,
    grade: Annotated[
        list[Literal["certain", "probable", "possible", "certainly-not"]] | None, Query(description="only these grades")
    ] = None,
    case_id: Annotated[str | None, Query(max_length=80)] = None,
    after: Annotated[str | None, Query(max_length=80)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> MatchPage:
    """List the possible matches that you are a party to: owner of a side, or alerted."""
    page = services.reader.page(caller, grades=grade, after=after, limit=limit, case_id=case_id)
    return MatchPage(items=page.items, next=page.next)


@router.get("/{match_id}")
def read_match(match_id: str, caller: Caller, services: Services) -> MatchView:
    """Read a possible match with its reasons; the two cases as far as you may see them."""
    return services.reader.read(match_id, caller)
