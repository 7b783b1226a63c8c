"""The doors of partners: register (operators only), list."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, status
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.dependencies import Caller, Services
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
    """A partner as the operator sees it after a change."""

    faces: bool = Field(description="whether faces in photos of its cases are compared")


class WelcomeView(PartnerView):
    """A partner just registered; the secrets are shown this once."""

    api_key: str
    webhook_secret: str | None = Field(description="verifies webhook signatures (Standard Webhooks)")


class PartnerList(BaseModel):
    """All partners that take part."""

    items: list[PartnerView]


def _view(partner: Partner) -> dict[str, object]:
    return {
        "id": partner.id,
        "name": partner.name,
        "kind": partner.kind,
        "country": partner.country,
        "areas": list(partner.areas),
    }


@router.post("", status_code=status.HTTP_201_CREATED)
def register_partner(form: PartnerForm, caller: Caller, services: Services) -> WelcomeView:
    """Register a partner and give it its first API key. Operators only."""
    new = NewPartner(form.name, form.kind, form.country, form.language, tuple(form.areas), form.email, form.webhook_url)
    welcome = services.partners.register(new, caller)
    return WelcomeView.model_validate(
        _view(welcome.partner) | {"api_key": welcome.api_key, "webhook_secret": welcome.webhook_secret}
    )


@router.get("")
def list_partners(caller: Caller, services: Services) -> PartnerList:
    """List the partners that take part."""
    return PartnerList(items=[PartnerView.model_validate(_view(partner)) for partner in services.partners.list(caller)])


@router.put("/{partner_id}/faces")
def switch_faces(partner_id: str, form: FacesForm, caller: Caller, services: Services) -> SwitchedView:
    """Have faces in photos of a partner's cases compared, or no longer (operators only)."""
    partner = services.partners.switch_faces(partner_id, form.compared, caller)
    return SwitchedView.model_validate(_view(partner) | {"faces": partner.faces})
