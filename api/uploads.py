"""How do a form and its photos come in? As JSON, or as a multipart form with the same JSON in one part."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import RequestTooLarge, UnsupportedMedia
from api.settings import Settings
from matcher.errors import InvalidRecord

Form = TypeVar("Form", bound=BaseModel)
_PHOTO_PARTS = ("photos", "photo")
_JSON_LIMIT = 256 * 1024


@dataclass(frozen=True, slots=True)
class Submission(Generic[Form]):
    """A checked form and the bytes of its photos, in the order sent."""

    form: Form
    photos: tuple[bytes, ...]


class _InMemory(MultiPartParser):
    """Keeps files in memory: the framework puts those beyond a megabyte into the system's temporary folder, plain."""

    spool_max_size = 0  # never


class BodyLimit:
    """Ends a request whose body grows beyond a limit: its length need not be announced, nor be what was announced."""

    def __init__(self, app: ASGIApp, limit_of: Callable[[str, str], int]) -> None:
        """Take what tells the limit in bytes of a method and a path."""
        self._app, self._limit_of = app, limit_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting the bytes of its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen, limit = 0, self._limit_of(scope["method"], scope["path"])

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                # The framework turns every other error of reading a body into one of its own.
                raise HTTPException(413)
            return message

        await self._app(scope, counted, send)


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
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            _check_json(len(body))
        return Submission(_parse(kind, bytes(body), "body"), ())
    if media != "multipart/form-data":
        raise UnsupportedMedia
    async with _form(request, settings.photos_per_case + 1) as form:
        text = form.get(part)
        document = await text.read(_JSON_LIMIT + 1) if isinstance(text, UploadFile) else (text or "").encode()
        _check_json(len(document))
        if text is None:
            raise InvalidRecord(part, "this part of the multipart form is missing; it holds the JSON")
        for name, value in form.multi_items():
            if isinstance(value, UploadFile) and name not in (part, *_PHOTO_PARTS):
                # A file nobody looks at would be lost without a word.
                raise InvalidRecord(
                    "photos", "photos go into parts called photos (or photo); there is another file part"
                )
        sent = [value for name in _PHOTO_PARTS for value in form.getlist(name)]
        if any(not isinstance(value, UploadFile) for value in sent):
            raise InvalidRecord("photos", "is text where a file is expected")
        files = [value for value in sent if isinstance(value, UploadFile)]
        if len(files) > settings.photos_per_case:
            raise RequestTooLarge(f"{settings.photos_per_case} photos")
        limit = settings.photo_limit_mb * 1024 * 1024
        photos = []
        for file in files:
            # One byte over the limit is kept: the photo is refused by name, and the case goes in without it.
            photos.append(await file.read(limit + 1))
            await file.close()  # or each would be held twice until the last is read
        return Submission(_parse(kind, document, part), tuple(photos))


@asynccontextmanager
async def _form(request: Request, most_files: int) -> AsyncIterator[FormData]:
    parser = _InMemory(
        request.headers, request.stream(), max_files=most_files, max_fields=10, max_part_size=_JSON_LIMIT
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many files"):
            raise RequestTooLarge(f"{most_files - 1} photos") from None
        if error.message.startswith("Part exceeded"):
            _check_json(_JSON_LIMIT + 1)
        raise InvalidRecord("body", "is not a multipart form that can be read, or has too many parts") from None
    try:
        yield form
    finally:
        await form.close()


def _check_json(size: int) -> None:
    if size > _JSON_LIMIT:
        raise RequestTooLarge(f"{_JSON_LIMIT // 1024} kB of JSON")


def _parse(kind: type[Form], body: bytes, where: str) -> Form:
    try:
        # Decoded here: given bytes, the parser would take other encodings, and halves of surrogate pairs.
        value: Any = json.loads(body.decode())
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
                            "photos": {
                                "type": "array",
                                "items": {"type": "string", "format": "binary"},
                                "description": "10 of 15 MB each, where the operator has not set other limits",
                            },
                        },
                    },
                    "encoding": {part: {"contentType": "application/json"}},
                },
            },
        }
    }
