"""The doors of pairs: list, read, dismiss."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers import IfNoneMatch, shown
from api.dependencies import Caller, Services
from api.paging import After, PageOf
from api.pairs.views import DismissForm, Kind, PairPage, PairView, State, pair_view

router = APIRouter(prefix="/pairs", tags=["pairs"])


@router.get("")
def list_pairs(
    caller: Caller,
    services: Services,
    pages: PageOf,
    kind: Kind | None = None,
    state: State | None = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> PairPage:
    """List your records that another organisation may have as well, oldest first.

    Suspects are among them for those only who may read suspects.
    """
    filters = {"kind": kind, "state": state}
    begin = pages.begins_after("pairs", filters, after)
    page = services.pairs.page(caller, kind=kind, state=state, after=begin, limit=limit)
    return PairPage(items=[pair_view(one) for one in page.items], next=pages.next("pairs", filters, page.next))


@router.get("/{pair_id}")
def read_pair(
    pair_id: str, response: Response, caller: Caller, services: Services, if_none_match: IfNoneMatch = None
) -> PairView:
    """Read one of your pairs: who holds the other record, how to reach it, and which fields agree."""
    return shown(pair_view(services.pairs.read(pair_id, caller)), response, services, if_none_match)


@router.post("/{pair_id}/dismiss")
def dismiss_pair(pair_id: str, form: DismissForm, caller: Caller, services: Services) -> PairView:
    """Say that it is nothing. Neither side hears of it again until the evidence rises; the other side sees that.

    There is no `If-Match`: the first dismissal counts, and a second changes nothing.
    """
    return pair_view(services.pairs.dismiss(pair_id, form.reason, caller))
