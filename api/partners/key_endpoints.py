"""The doors of API keys: make, list, rotate, revoke those of one's own organisation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.access import Permission
from api.answers import IdempotencyKey, as_answer, once
from api.dependencies import Caller, Services
from api.errors import KEY_RESPONSES
from api.idempotency import Answer
from api.paging import After, PageOf
from api.partners.keys import LONGEST_GRACE_DAYS, NewKey
from api.store.partners import ApiKey

router = APIRouter(prefix="/keys", tags=["keys"])


class KeyForm(BaseModel):
    """A new key."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"label": "case system of the unit"},
                {
                    "label": "nightly statistics",
                    "permissions": ["cases:read", "matches:read"],
                    "expires_at": "2027-03-31T00:00:00Z",
                },
            ]
        },
    )

    label: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=80)] = Field(
        description="which software uses it; no name of a person"
    )
    permissions: list[Permission] | None = Field(
        None,
        min_length=1,
        max_length=len(Permission),
        description="when left out, what software usually needs; `names:read` only when it stands here",
    )
    expires_at: datetime | None = Field(None, description="with time zone; in a year when left out, two at most")


class RotationForm(BaseModel):
    """How long the secret before is still taken."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"grace_days": 2}]})

    grace_days: Annotated[int, Field(strict=True, ge=0, le=LONGEST_GRACE_DAYS)] = 1


class KeyView(BaseModel):
    """A key; its secret is shown only when it is made."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "id": "key_01…", "label": "case system of the unit", "permissions": ["cases:read"],
        "created_at": "2026-11-01T09:00:00+00:00", "created_by": "person_01…",
        "expires_at": "2027-11-01T09:00:00+00:00", "revoked_at": None, "last_used_on": "2026-11-03",
        "previous_until": None,
    }]})  # fmt: skip

    id: str
    label: str
    permissions: list[Permission]
    created_at: str
    created_by: str | None = Field(description="person or key; null of the first key")
    expires_at: str | None
    revoked_at: str | None
    last_used_on: str | None = Field(description="day in UTC; null when it never came")
    previous_until: str | None = Field(description="until when the secret before the last rotation is taken")


class NewKeyView(KeyView):
    """A key with its secret, which is shown this once."""

    api_key: str | None = Field(description="null in a replayed answer")


class KeyPage(BaseModel):
    """A page of the keys of your organisation; `next` is the value of `after` for the next page."""

    items: list[KeyView]
    next: str | None


def _view(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "label": key.label,
        "permissions": list(key.permissions),
        "created_at": key.created_at.isoformat(),
        "created_by": key.created_by,
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
        "last_used_on": key.last_used_on.isoformat() if key.last_used_on else None,
        "previous_until": key.previous_until.isoformat() if key.previous_until else None,
    }


def _new(made: NewKey) -> NewKeyView:
    return NewKeyView.model_validate(_view(made.key) | {"api_key": made.secret})


@router.get("", summary="List the keys of your organisation")
def list_keys(
    caller: Caller,
    services: Services,
    pages: PageOf,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> KeyPage:
    """List the keys of your organisation, oldest first, revoked ones too; never a secret."""
    rows, last = services.keys.page(caller, after=pages.begins_after("keys", {}, after), limit=limit)
    return KeyPage(items=[KeyView.model_validate(_view(key)) for key in rows], next=pages.next("keys", {}, last))


@router.post("", status_code=status.HTTP_201_CREATED, response_model=NewKeyView, summary="Make a key")
def create_key(
    form: KeyForm, request: Request, caller: Caller, services: Services, idempotency_key: IdempotencyKey = None
) -> Response:
    """Make a key for software of your organisation."""

    def work(key_id: str | None) -> Answer:
        made = services.keys.create(
            form.label, caller, permissions=form.permissions, expires_at=form.expires_at, key_id=key_id
        )
        headers = {"Location": "/v1/keys"}
        return as_answer(_new(made), status.HTTP_201_CREATED, headers, made.key.id, shown_once=("api_key",))

    return once(
        request, services, caller, idempotency_key, content=form, kind="key", permission=Permission.KEYS_MANAGE,
        work=work,
    )  # fmt: skip


@router.post("/{key_id}/rotate", responses=KEY_RESPONSES, summary="Give a key another secret")
def rotate_key(key_id: str, form: RotationForm, caller: Caller, services: Services) -> NewKeyView:
    """Give a key another secret; the one before is taken for `grace_days` more, and no earlier one any longer."""
    return _new(services.keys.rotate(key_id, caller, grace_days=form.grace_days))


@router.delete("/{key_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Revoke a key")
def revoke_key(key_id: str, caller: Caller, services: Services) -> None:
    """Take a key out of use at once, the secret before a rotation too."""
    services.keys.revoke(key_id, caller)
