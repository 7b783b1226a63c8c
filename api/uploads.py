"""How do a form and its photos come in? As JSON, or as a multipart form with the same JSON in one part."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from api.errors import RequestTooLarge, UnsupportedMedia
from api.settings import Settings
from matcher.errors import InvalidRecord

Form = TypeVar("Form", bound=BaseModel)
_JSON_LIMIT = 256 * 1024


@dataclass(frozen=True, slots=True)
class Submission(Generic[Form]):
    """A checked form and the bytes of its photos, in the order sent."""

    form: Form
    photos: tuple[bytes, ...]


async def read_submission(request: Request, kind: type[Form], part: str, settings: Settings) -> Submission[Form]:
    """Return the submission in a request.

    Args:
        request: with a JSON body, or a multipart form whose field `part` holds the JSON and `photos` the files.
        kind: the form's model.
        part: name of the JSON part.
        settings: limits.
    Raises:
        ValidationError, InvalidRecord: the form breaks a rule.
        RequestTooLarge, UnsupportedMedia: as they say.
    """
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media == "application/json":
        body = await request.body()
        if len(body) > _JSON_LIMIT:
            raise RequestTooLarge(f"{_JSON_LIMIT // 1024} kB of JSON")
        return Submission(_parse(kind, body, "body"), ())
    if media != "multipart/form-data":
        raise UnsupportedMedia
    async with request.form(max_files=settings.photos_per_case + 1, max_fields=10, max_part_size=_JSON_LIMIT) as form:
        text = form.get(part)
        if isinstance(text, UploadFile):
            text = (await text.read(_JSON_LIMIT)).decode("utf-8", errors="replace")
        if text is None:
            raise InvalidRecord(part, "this part of the multipart form is missing; it holds the JSON")
        files = [value for value in form.getlist("photos") if isinstance(value, UploadFile)]
        if len(files) > settings.photos_per_case:
            raise RequestTooLarge(f"{settings.photos_per_case} photos")
        limit = settings.photo_limit_mb * 1024 * 1024
        photos = []
        for file in files:
            # One byte over the limit is kept: the photo is refused by name, and the case goes in without it.
            photos.append(await file.read(limit + 1))
        return Submission(_parse(kind, text.encode(), part), tuple(photos))


def _parse(kind: type[Form], body: bytes, where: str) -> Form:
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidRecord(where, "is not JSON in UTF-8") from None
    try:
        return kind.model_validate(value)
    except ValidationError:
        raise
    except RecursionError:
        raise InvalidRecord(where, "is nested too deeply") from None


def openapi_body(kind: type[BaseModel], part: str) -> dict[str, Any]:
    """Return the OpenAPI description of a body that is JSON or multipart."""
    reference = {"$ref": f"#/components/schemas/{kind.__name__}"}
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": reference},
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": [part],
                        "properties": {
                            part: reference,
                            "photos": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        },
                    },
                    "encoding": {part: {"contentType": "application/json"}},
                },
            },
        }
    }
