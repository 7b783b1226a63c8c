"""What stands in the sealed column of a case? A hash of its content, the owner's number, and the record as JSON."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from api.store.types import plain_json

_END_OF_HASH: Final = b"\n"
_DECODER: Final = json.JSONDecoder()


class Contents(NamedTuple):
    """What a case says.

    Attributes:
        content_hash: SHA-256 in hex; equal exactly when the content is.
        external_id: the number in the owner's own system.
        payload: the record; personal data.
    """

    content_hash: str
    external_id: str | None
    payload: dict[str, Any]

    def __repr__(self) -> str:
        return "Contents(...)"


def pack(contents: Contents) -> bytes:
    """Return contents as they are sealed.

    Raises:
        InvalidRecord: the payload has no JSON form.
    """
    document = plain_json({"external_id": contents.external_id, "payload": contents.payload})
    return contents.content_hash.encode() + _END_OF_HASH + document.encode()


def document_of(packed: bytes) -> str:
    """Return the JSON text: {"external_id": ..., "payload": {...}}."""
    return packed.partition(_END_OF_HASH)[2].decode()


def payload_of(document: str) -> dict[str, Any]:
    """Return the record in such a text, read anew at each call."""
    # What is sealed is nothing but JSON: no blanks about it need to be looked for.
    value: dict[str, Any] = _DECODER.raw_decode(document)[0]["payload"]
    return value


def unpack(packed: bytes) -> Contents:
    """Return what was packed."""
    content_hash, _, text = packed.partition(_END_OF_HASH)
    document = json.loads(text)
    return Contents(content_hash.decode(), document["external_id"], document["payload"])
