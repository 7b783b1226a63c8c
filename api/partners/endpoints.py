"""The doors of partners: register (operators only), change, switch faces, list, read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from api.access import AccessScope, Permission
from api.answers import IdempotencyKey, IfMatch, IfNoneMatch, as_answer, once, shown
from api.bootstrap import Sandhan
from api.dependencies import Caller, Services
from api.entity_tags import expected_tag
from api.idempotency import Answer
from api.paging import After, PageOf
from api.partners.forms import (
    ChangedView,
    FacesForm,
    OnePartnerView,
    PartnerChange,
    PartnerForm,
    PartnerKind,
    PartnerPage,
    PartnerView,
    WelcomeView,
    changed_view,
    one_view,
    shared,
)
from api.partners.profile import manages
from api.partners.service import NewPartner
from api.store.partners import Partner

router = APIRouter(prefix="/partners", tags=["partners"])


def _seen(partner: Partner, caller: AccessScope) -> OnePartnerView:
    return one_view(partner, contacts=manages(partner.id, caller))


def _expectation(if_match: str | None, caller: AccessScope, services: Sandhan) -> Callable[[Partner], bool]:
    """Return what tells whether a partner is still what the caller has read."""
    expected = expected_tag(if_match)

    def is_expected(found: Partner) -> bool:
        tag = services.tags.of(_seen(found, caller).model_dump_json().encode())
        return expected is None or f'"{expected}"' == tag

    return is_expected


@router.post("", status_code=status.HTTP_201_CREATED, response_model=WelcomeView)
def register_partner(
    form: PartnerForm, request: Request, caller: Caller, services: Services, idempotency_key: IdempotencyKey = None
) -> Response:
    """Register a partner and give it its first API key, good for a year. Operators only.

    The key reads no names unless `key_permissions` says so.
    """
    new = NewPartner(
        form.name, form.kind, form.country, form.language, tuple(form.areas), form.email, form.webhook_url,
        residency=form.residency, time_zone=form.time_zone, office_hours=form.hours(), channels=form.channels,
        permissions=None if form.key_permissions is None else tuple(form.key_permissions),
    )  # fmt: skip

    def work(partner_id: str | None) -> Answer:
        welcome = services.partners.register(new, caller, partner_id)
        view = WelcomeView.model_validate(
            shared(welcome.partner) | {"api_key": welcome.api_key, "webhook_secret": welcome.webhook_secret}
        )
        headers = {"Location": f"/v1/partners/{welcome.partner.id}"}
        return as_answer(
            view, status.HTTP_201_CREATED, headers, welcome.partner.id, shown_once=("api_key", "webhook_secret")
        )

    return once(
        request, services, caller, idempotency_key, content=form, kind="partner",
        permission=Permission.PARTNERS_WRITE, work=work,
    )  # fmt: skip


@router.get("")
def list_partners(
    caller: Caller,
    services: Services,
    pages: PageOf,
    kind: PartnerKind | None = None,
    country: Annotated[str | None, Query(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2")] = None,
    area: Annotated[
        str | None, Query(max_length=200, description="responsible for it, or for an area around it: IN/AS, or names")
    ] = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> PartnerPage:
    """List the partners that take part."""
    filters = {"kind": kind, "country": country, "area": area}
    rows, last = services.partners.page(
        caller, kind=kind, country=country, area=area, limit=limit,
        after=pages.begins_after("partners", filters, after),
    )  # fmt: skip
    return PartnerPage(
        items=[PartnerView.model_validate(shared(partner)) for partner in rows],
        next=pages.next("partners", filters, last),
    )


@router.get("/{partner_id}")
def read_partner(
    partner_id: str, response: Response, caller: Caller, services: Services, if_none_match: IfNoneMatch = None
) -> OnePartnerView:
    """Read one of the partners that take part; how it is reached is for operators and its own administrators."""
    return shown(_seen(services.partners.read(partner_id, caller), caller), response, services, if_none_match)


@router.patch("/{partner_id}")
def change_partner(
    partner_id: str,
    form: PartnerChange,
    response: Response,
    caller: Caller,
    services: Services,
    if_match: IfMatch = None,
) -> ChangedView:
    """Change what is known of a partner: operators everything but its kind, its own administrators how it is reached.

    A new webhook secret is shown this once. With `If-Match` and the ETag of the partner, a change that somebody made
    meanwhile is not overwritten.
    """
    changed = services.profiles.change(
        partner_id, form.changes(), caller, rotate_secret=form.rotate_secret,
        is_expected=_expectation(if_match, caller, services),
    )  # fmt: skip
    shown(_seen(changed.partner, caller), response, services, None)  # the tag is that of reading it
    return changed_view(changed)


@router.put("/{partner_id}/faces")
def switch_faces(
    partner_id: str,
    form: FacesForm,
    response: Response,
    caller: Caller,
    services: Services,
    if_match: IfMatch = None,
) -> OnePartnerView:
    """Have faces in photos of a partner's cases compared, or no longer (operators only).

    With `If-Match` and the ETag of the partner, a change that somebody made meanwhile is not overwritten.
    """
    expectation = _expectation(if_match, caller, services)
    partner = services.partners.switch_faces(partner_id, form.compared, caller, expectation)
    return shown(_seen(partner, caller), response, services, None)
