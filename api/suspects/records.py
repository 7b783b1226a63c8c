"""What is compared of a suspect? Names and aliases, telephones, places along the routes, marks in the description."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from matcher.compare.routes import places_of
from matcher.fields import normalise_phone
from matcher.person import NameKind, PersonName, PersonRecord, Side


def as_record(suspect_id: str, values: Mapping[str, Any]) -> PersonRecord:
    """Return a suspect as the matching core sees him: all of them stand on one side, in an index of their own.

    Args:
        values: field -> what was said, as `api.store.suspects.Suspect.values`.
    """
    said = {field: [str(one["value"]) for one in some] for field, some in values.items()}
    return PersonRecord(
        suspect_id,
        Side.MISSING,
        names=(*_names(said.get("names", ()), NameKind.BIRTH), *_names(said.get("aliases", ()), NameKind.ALIAS)),
        phones=tuple(filter(None, map(normalise_phone, said.get("phones", ())))),
        remembered=tuple(dict.fromkeys(place for route in said.get("routes", ()) for place in places_of(route))),
        marks=tuple(said.get("description", ())),
    )


def _names(texts: Iterable[str], kind: NameKind) -> list[PersonName]:
    return [PersonName(text, kind) for text in texts if text.strip()]
