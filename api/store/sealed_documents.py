"""How does a small document of several values stand in one sealed column? As JSON, sealed for its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from api.store.sealing import seal, unseal
from api.store.types import plain_json


def seal_document(key: AESGCM, place: str, document: Mapping[str, Any]) -> bytes | None:
    """Return a document sealed for its place; None when it says nothing, so that the column stays empty.

    Raises:
        InvalidRecord: it has no JSON form.
    """
    said = {name: value for name, value in document.items() if value is not None}
    return seal(key, plain_json(said).encode(), place) if said else None


def open_document(key: AESGCM, place: str, sealed: bytes | None) -> dict[str, Any]:
    """Return what `seal_document` was given; empty where nothing was said.

    Raises:
        SealBroken: it was altered, or stands where it was not put.
    """
    if sealed is None:
        return {}
    document: dict[str, Any] = json.loads(unseal(key, bytes(sealed), place))
    return document
