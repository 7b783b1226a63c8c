"""The doors of matches: query without storing, list, read, and the picture of how the evidence adds up."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.answers import IfNoneMatch, shown
from api.dependencies import AskingCaller, Caller, Services
from api.errors import BODY_RESPONSES, OPENING_RESPONSES, IndexOpening
from api.matches.states import MatchState
from api.matches.views import MatchPage, MatchQuery, MatchView, QueryAnswer
from api.paging import After, PageOf, Since
from api.uploads import openapi_body, read_submission
from matcher.explaining.waterfall_svg import MEDIA_TYPE

router = APIRouter(prefix="/matches", tags=["matches"])


def get_wishes(
    language: Annotated[
        str | None,
        Query(max_length=35, description="of the sentences: en, hi, bn, as, ne or my; else as Accept-Language says"),
    ] = None,
    accept_language: Annotated[str | None, Header(max_length=500)] = None,
) -> tuple[str | None, str | None]:
    """Return in which languages the caller wishes to read, the most binding first."""
    return language, accept_language


Wishes = Annotated[tuple[str | None, str | None], Depends(get_wishes)]


@router.post("/query", openapi_extra=openapi_body(MatchQuery, "query"), responses=BODY_RESPONSES | OPENING_RESPONSES)
async def query_matches(request: Request, caller: AskingCaller, services: Services, wishes: Wishes) -> QueryAnswer:
    """Ask who a person might be. Nothing is stored but an audit row with your purpose.

    Cases of other partners come back masked. There is no search by place or age alone.
    """
    submission = await read_submission(request, MatchQuery, "query", services.settings)
    if not services.index_open or services.keeper.opening:
        raise IndexOpening
    return await run_in_threadpool(services.reader.query, submission.form, caller, submission.photos, wishes)


@router.get("")
def list_matches(
    caller: Caller,
    services: Services,
    wishes: Wishes,
    pages: PageOf,
    grade: Annotated[
        list[Literal["certain", "probable", "possible", "certainly-not"]] | None,
        Query(max_length=4, description="only these grades"),
    ] = None,
    state: MatchState | None = None,
    case_id: Annotated[str | None, Query(max_length=80)] = None,
    updated_since: Annotated[Since, Query(description="found, or weighed anew, at this moment or later")] = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> MatchPage:
    """List the possible matches that you are a party to: owner of a side, or alerted."""
    grades = None if grade is None else sorted(set(grade))
    filters = {"grade": grades, "state": state, "case_id": case_id, "updated_since": updated_since}
    page = services.reader.page(
        caller, grades=grades, states=None if state is None else [state], case_id=case_id, updated_since=updated_since,
        after=pages.begins_after("matches", filters, after), limit=limit, wishes=wishes,
    )  # fmt: skip
    return MatchPage(items=page.items, next=pages.next("matches", filters, page.next))


@router.get("/{match_id}")
def read_match(
    match_id: str,
    response: Response,
    caller: Caller,
    services: Services,
    wishes: Wishes,
    if_none_match: IfNoneMatch = None,
) -> MatchView:
    """Read a possible match: reasons, what would change the grade, what to ask next; the cases as far as you may see.

    Sentences come in the language of `language`, else of `Accept-Language`, else of your organisation.
    """
    view = services.reader.read(match_id, caller, wishes)
    response.headers["Vary"] = "Accept-Language"
    response.headers["Content-Language"] = view.language
    return shown(view, response, services, if_none_match, view.version)


@router.get("/{match_id}/waterfall.svg", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}}}})
def read_waterfall(match_id: str, caller: Caller, services: Services, wishes: Wishes) -> Response:
    """Fetch how the evidence of a possible match adds up, as a picture without scripts or values of a record."""
    picture = services.reader.waterfall(match_id, caller, wishes)
    # Opened by itself it is a document of this site: it may load and run nothing.
    guard = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return Response(picture, media_type=MEDIA_TYPE, headers={"Content-Security-Policy": guard})
