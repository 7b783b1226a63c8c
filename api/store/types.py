"""How are identifiers, times and documents kept, so that SQLite and PostgreSQL give back the same values?"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

from api.store.errors import NaiveTimestamp
from matcher.errors import InvalidRecord

# Byte order on both databases: a cursor over ids means the same everywhere, and no system library's idea of an
# alphabet can change under an index.
Id = Text().with_variant(Text(collation="C"), "postgresql")
# Only INTEGER may auto-increment on SQLite, where it holds 64 bits anyway.
Sequence = BigInteger().with_variant(Integer(), "sqlite")


def plain_json(value: object) -> str:
    """Return a JSON text of a value, readable in every script.

    Raises:
        InvalidRecord: it holds NaN, a lone surrogate or an object; what it is, is not repeated.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError):
        raise InvalidRecord("document", "holds something that JSON cannot") from None
    return text


def canonical_json(value: object) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces.

    Raises:
        InvalidRecord: as `plain_json`.
    """
    # Through JSON once first: a dict with numbers as keys sorts differently before and after.
    return json.dumps(json.loads(plain_json(value)), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def encode_utc(value: datetime) -> str:
    """Return an aware time as fixed-width ISO text in UTC, so that text order is time order.

    Raises:
        NaiveTimestamp: the time has no zone.
    """
    if value.utcoffset() is None:
        raise NaiveTimestamp
    return value.astimezone(UTC).isoformat(timespec="microseconds")


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: refuses naive times, always returns aware UTC; microseconds are kept."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Keep fixed-width text on SQLite, which has no type for instants."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | datetime | None:
        """Refuse a naive time; convert to UTC."""
        if value is None:
            return None
        text = encode_utc(value)
        return text if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any | None, _dialect: Dialect) -> datetime | None:
        """Return aware UTC."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC)


class Document(TypeDecorator[Any]):
    """A JSON document: refuses what has no JSON form on either database, without quoting it."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use PostgreSQL's binary form there."""
        native = JSONB(none_as_null=True) if dialect.name == "postgresql" else JSON(none_as_null=True)
        return dialect.type_descriptor(native)

    def process_bind_param(self, value: Any | None, _dialect: Dialect) -> Any | None:
        """Refuse it here: the drivers differ in what they refuse, and in how much of it they quote."""
        plain_json(value)
        return value


class CanonicalJson(TypeDecorator[dict[str, object]]):
    """A document kept as its canonical JSON text, byte for byte, because a hash is taken over those bytes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dict[str, object] | None, _dialect: Dialect) -> str | None:
        """Write the canonical text."""
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: Any | None, _dialect: Dialect) -> dict[str, object] | None:
        """Read the text back."""
        if value is None:
            return None
        document: dict[str, object] = json.loads(value)
        return document
