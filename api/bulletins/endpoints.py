"""The doors of bulletins: authorise, publish, list, read, take down."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.access import Permission
from api.answers import IdempotencyKey, as_answer, once
from api.bulletins.forms import (
    AuthorisationForm,
    AuthorisationList,
    AuthorisationView,
    BulletinForm,
    BulletinPage,
    BulletinView,
    TakeDownForm,
    authorisation_view,
    bulletin_view,
)
from api.bulletins.service import Direction
from api.care.owning import reads_texts
from api.dependencies import Caller, Services
from api.errors import CONFLICT_RESPONSES
from api.idempotency import Answer
from api.paging import After, PageOf

router = APIRouter(tags=["bulletins"])
_UNSEEN = {"Cache-Control": "no-store", "Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}


@router.post(
    "/cases/{case_id}/publication-authorisations", status_code=201, response_model=AuthorisationView,
    responses=CONFLICT_RESPONSES,
)  # fmt: skip
def authorise_publication(
    case_id: str,
    form: AuthorisationForm,
    request: Request,
    caller: Caller,
    services: Services,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Record an authority's leave to publish your own missing report; it takes a person who has signed in.

    Of a rescued child nothing is ever published: the answer is 403 `publication_forbidden` with the law that says so.
    """

    def work(authorisation_id: str | None) -> Answer:
        given = services.authorisations.authorise(case_id, form.new(), caller, authorisation_id)
        return as_answer(authorisation_view(given, names=True), 201, {"Location": request.url.path}, case_id)

    return once(
        request, services, caller, idempotency_key, content=form, kind="authorisation",
        permission=Permission.PUBLICATION_AUTHORISE, work=work,
    )  # fmt: skip


@router.get("/cases/{case_id}/publication-authorisations")
def list_publication_authorisations(case_id: str, caller: Caller, services: Services) -> AuthorisationList:
    """List the authorisations of your own case, also those that are over."""
    found = services.authorisations.of_case(case_id, caller)
    return AuthorisationList(items=[authorisation_view(given, names=reads_texts(caller)) for given in found])


@router.post("/cases/{case_id}/publication-authorisations/{authorisation_id}/withdraw")
def withdraw_publication_authorisation(
    case_id: str, authorisation_id: str, caller: Caller, services: Services
) -> AuthorisationView:
    """Withdraw an authorisation; everything that was published under it is taken down with this call."""
    given = services.authorisations.withdraw(case_id, authorisation_id, caller)
    return authorisation_view(given, names=reads_texts(caller))


@router.post("/cases/{case_id}/bulletins", status_code=201, response_model=BulletinView, responses=CONFLICT_RESPONSES)
def publish_bulletin(
    case_id: str,
    form: BulletinForm,
    request: Request,
    caller: Caller,
    services: Services,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Publish your own missing report to partners, under an authorisation; what it shows is frozen.

    It is taken down by itself when the child is found, the case closed or erased, consent withdrawn, the authorisation
    over, or an agreement ended.
    """

    def work(bulletin_id: str | None) -> Answer:
        view = bulletin_view(services.bulletins.publish(case_id, form.new(), caller, bulletin_id))
        # Repeated, the answer may come after the bulletin was taken down.
        return as_answer(view, 201, {"Location": f"/v1/bulletins/{view.id}"}, case_id, shown_once=("content",))

    return once(
        request, services, caller, idempotency_key, content=form, kind="bulletin", permission=Permission.CASES_WRITE,
        work=work,
    )  # fmt: skip


@router.get("/bulletins")
def list_bulletins(
    caller: Caller,
    services: Services,
    pages: PageOf,
    direction: Direction = "incoming",
    live_only: Annotated[bool, Query(description="none that was taken down")] = True,
    case_id: Annotated[str | None, Query(max_length=80, description="only those of this case of yours")] = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> BulletinPage:
    """List the bulletins that were published to you, or by you, oldest first, without what they show."""
    filters = {"direction": direction, "live_only": live_only, "case_id": case_id}
    found, last = services.bulletins.page(
        caller, direction=direction, live_only=live_only, case_id=case_id, limit=limit,
        after=pages.begins_after("bulletins", filters, after),
    )  # fmt: skip
    return BulletinPage(items=[bulletin_view(seen) for seen in found], next=pages.next("bulletins", filters, last))


@router.get("/bulletins/{bulletin_id}")
def read_bulletin(bulletin_id: str, response: Response, caller: Caller, services: Services) -> BulletinView:
    """Read a bulletin that was published to you, or by you; that you read it stands in its owner's log."""
    response.headers["Cache-Control"] = "no-store"
    return bulletin_view(services.bulletins.read(bulletin_id, caller))


@router.get("/bulletins/{bulletin_id}/photo", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
def read_bulletin_photo(bulletin_id: str, caller: Caller, services: Services) -> Response:
    """Fetch the photo of a bulletin, as long as it is published to you."""
    content = services.bulletins.photo(bulletin_id, caller)
    return Response(content.content, media_type=content.media_type, headers=_UNSEEN)


@router.post("/bulletins/{bulletin_id}/take-down")
def take_down_bulletin(bulletin_id: str, form: TakeDownForm, caller: Caller, services: Services) -> BulletinView:
    """Take down what you published: nobody reads it any more, and every recipient is told and confirms."""
    return bulletin_view(services.bulletins.take_down(bulletin_id, form.reason, caller))
