"""How does an answer leave? With its ETag, as 304 when the caller has it, or once and for all under its key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, TypeVar

from fastapi import Header, Request, Response
from pydantic import BaseModel

from api.access import AccessScope, Permission
from api.bootstrap import Sandhan
from api.entity_tags import is_known
from api.idempotency import Answer
from api.idempotency import Request as OnceRequest

Shown = TypeVar("Shown", bound=BaseModel)

IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", max_length=1000, description="ETags that you have; 304 when one is still right"),
]
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=1000, description="the ETag that you read; 412 when it was changed since"),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=257,
        description="a UUID of your own for this request: sent again with the same key, it is done once",
    ),
]


class NotModified(Exception):
    """The caller has this answer already."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__("not modified")
        self.headers = dict(headers)


def shown(view: Shown, response: Response, services: Sandhan, known: str | None, version: int | None = None) -> Shown:
    """Return a view with its ETag.

    Args:
        known: `If-None-Match`.
        version: of what a change would replace.
    Raises:
        NotModified: the caller has it.
    """
    tag = services.tags.of(view.model_dump_json().encode(), version)
    response.headers["ETag"] = tag
    if is_known(known, tag):
        kept = ("etag", "vary", "content-language")
        raise NotModified({name: value for name, value in response.headers.items() if name.lower() in kept})
    return view


def once(
    request: Request,
    services: Sandhan,
    caller: AccessScope,
    key: str | None,
    *,
    content: BaseModel,
    photos: tuple[bytes, ...] = (),
    kind: str,
    permission: Permission,
    work: Callable[[str | None], Answer],
) -> Response:
    """Return the answer to a request that creates something, done once for each idempotency key.

    Args:
        key: `Idempotency-Key`.
        content, photos: what was asked for, as understood: two multipart forms differ in every byte of their borders.
        kind: prefix of the ids of what is created.
        work: makes it, under an id reserved for it.
    """
    asked = OnceRequest(key, f"{request.method} {request.url.path}", what_is_asked(content, photos), kind, permission)
    answer = services.idempotency.once(asked, caller, work)
    headers = answer.headers | ({"Idempotent-Replayed": "true"} if answer.replayed else {})
    return Response(answer.body, status_code=answer.status, headers=headers, media_type="application/json")


def what_is_asked(content: BaseModel, photos: tuple[bytes, ...] = ()) -> str:
    """Return what makes two requests the same.

    A field that says no more than its absence is left out: a request that is sent again after an upgrade, by a client
    that knows nothing of a new field, is the same.
    """
    said = content.model_dump(mode="json", exclude_defaults=True)
    return json.dumps(
        [said, [hashlib.sha256(photo).hexdigest() for photo in photos]], sort_keys=True, ensure_ascii=False
    )


def as_answer(
    view: BaseModel, status: int, headers: Mapping[str, str], about: str, *, shown_once: Sequence[str] = ()
) -> Answer:
    """Return a view as it is sent and kept.

    Args:
        about: id of what it tells of.
        shown_once: fields with a secret: null in what is kept, and so in every later answer.
    """
    kept = view.model_copy(update=dict.fromkeys(shown_once)).model_dump_json().encode() if shown_once else None
    return Answer(status, dict(headers), view.model_dump_json().encode(), about, kept=kept)
