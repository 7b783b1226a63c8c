"""The doors of partners: register and switch (operators only), list, read."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response, status
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.access import Permission
from api.answers import IdempotencyKey, IfMatch, IfNoneMatch, as_answer, once, shown
from api.dependencies import Caller, Services
from api.entity_tags import expected_tag
from api.idempotency import Answer
from api.paging import After, PageOf
from api.partners.service import NewPartner
from api.store.partners import Partner

router = APIRouter(prefix="/partners", tags=["partners"])
# As strict as delivery is: an address that it refuses would be a dead letter each time.
_EMAIL = r"^[^@\s\x00-\x1f]+@([^@\s\x00-\x1f]+\.[^@\s\x00-\x1f]+|localhost)$"


class PartnerForm(BaseModel):
    """A new partner."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "AHTU South 24 Parganas",
                    "kind": "ahtu",
                    "country": "IN",
                    "areas": ["IN/WB/south-24-parganas"],
                    "email": "ahtu@example.org",
                    "webhook_url": "https://ahtu.example.org/sandhan",
                }
            ]
        },
    )

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=120)]
    kind: Literal["shelter", "ahtu", "ngo", "police", "coordination"]
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] = Field(description="ISO 3166-1 alpha-2")
    language: Annotated[str, StringConstraints(max_length=20, pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$")] = Field(
        "en", description="BCP 47, of its messages"
    )
    areas: list[Annotated[str, StringConstraints(max_length=200)]] = Field(
        default_factory=list, max_length=50, description="areas it is responsible for: IN/AS, or India, Assam"
    )
    email: Annotated[str, StringConstraints(max_length=200, pattern=_EMAIL)] | None = None
    webhook_url: Annotated[str, StringConstraints(max_length=500)] | None = None


class FacesForm(BaseModel):
    """Whether faces in photos of a partner's cases are compared."""

    model_config = ConfigDict(extra="forbid")

    compared: bool = Field(description="false also forgets every face that was found in its photos")


class PartnerView(BaseModel):
    """A partner as all partners see it."""

    id: str
    name: str
    kind: str
    country: str
    areas: list[str]


class SwitchedView(PartnerView):
    """A partner by itself."""

    faces: bool = Field(description="whether faces in photos of its cases are compared")


class WelcomeView(PartnerView):
    """A partner just registered; the secrets are shown this once."""

    api_key: str
    webhook_secret: str | None = Field(description="verifies webhook signatures (Standard Webhooks)")


class PartnerPage(BaseModel):
    """A page of the partners that take part; `next` is the value of `after` for the next page."""

    items: list[PartnerView]
    next: str | None


PartnerKind = Literal["shelter", "ahtu", "ngo", "police", "coordination", "operator"]


def _view(partner: Partner) -> dict[str, object]:
    return {
        "id": partner.id,
        "name": partner.name,
        "kind": partner.kind,
        "country": partner.country,
        "areas": list(partner.areas),
    }


def _switched(partner: Partner) -> SwitchedView:
    return SwitchedView.model_validate(_view(partner) | {"faces": partner.faces})


@router.post("", status_code=status.HTTP_201_CREATED, response_model=WelcomeView)
def register_partner(
    form: PartnerForm, request: Request, caller: Caller, services: Services, idempotency_key: IdempotencyKey = None
) -> Response:
    """Register a partner and give it its first API key. Operators only."""
    new = NewPartner(form.name, form.kind, form.country, form.language, tuple(form.areas), form.email, form.webhook_url)

    def work(partner_id: str | None) -> Answer:
        welcome = services.partners.register(new, caller, partner_id)
        view = WelcomeView.model_validate(
            _view(welcome.partner) | {"api_key": welcome.api_key, "webhook_secret": welcome.webhook_secret}
        )
        headers = {"Location": f"/v1/partners/{welcome.partner.id}"}
        return as_answer(view, status.HTTP_201_CREATED, headers, welcome.partner.id)

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
        items=[PartnerView.model_validate(_view(partner)) for partner in rows],
        next=pages.next("partners", filters, last),
    )


@router.get("/{partner_id}")
def read_partner(
    partner_id: str, response: Response, caller: Caller, services: Services, if_none_match: IfNoneMatch = None
) -> SwitchedView:
    """Read one of the partners that take part."""
    return shown(_switched(services.partners.read(partner_id, caller)), response, services, if_none_match)


@router.put("/{partner_id}/faces")
def switch_faces(
    partner_id: str,
    form: FacesForm,
    response: Response,
    caller: Caller,
    services: Services,
    if_match: IfMatch = None,
) -> SwitchedView:
    """Have faces in photos of a partner's cases compared, or no longer (operators only).

    With `If-Match` and the ETag of the partner, a change that somebody made meanwhile is not overwritten.
    """
    expected = expected_tag(if_match)

    def is_expected(found: Partner) -> bool:
        tag = services.tags.of(_switched(found).model_dump_json().encode())
        return expected is None or f'"{expected}"' == tag

    partner = services.partners.switch_faces(partner_id, form.compared, caller, is_expected)
    return shown(_switched(partner), response, services, None)
