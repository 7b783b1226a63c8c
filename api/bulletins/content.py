"""What of a missing report is shown in a bulletin? Frozen when it is published: what is known of the child, no family.

Only what helps to recognise her: no address, no phone, no parents, no narrative, nothing of who reported. The place is
no closer than the district.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from api.cases.forms import to_person
from api.store.cases import Case
from matcher.person import PartialDate
from matcher.places import Gazetteer

FIELDS: Final = ("name", "age", "sex", "last_seen", "place", "marks")
_DISTRICT: Final = 3


def content_of(case: Case, fields: tuple[str, ...], today: date) -> dict[str, Any]:
    """Return what a bulletin of a case shows; what the case does not say is left out.

    Args:
        fields: of `FIELDS`.
        today: on which the age is told.
    """
    record = to_person(case, [])
    said: dict[str, Any] = {
        "name": _texts(case.payload.get("name")),
        "age": _age(record.birth, today),
        "sex": None if record.sex == "unknown" else str(record.sex),
        "last_seen": _days(record.event),
        "place": _district(case),
        "marks": list(record.marks) or None,
    }
    return {name: said[name] for name in FIELDS if name in fields and said[name] is not None}


def _texts(value: object) -> list[str] | None:
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str) and text.strip()] or None


def _age(birth: PartialDate | None, today: date) -> list[int] | None:
    """Return the youngest and the oldest that she may be, in whole years."""
    if birth is None:
        return None
    return [_years(birth.latest, today), _years(birth.earliest, today)]


def _years(born: date, today: date) -> int:
    return max(today.year - born.year - ((today.month, today.day) < (born.month, born.day)), 0)


def _days(event: PartialDate | None) -> list[str] | None:
    return None if event is None else [event.earliest.isoformat(), event.latest.isoformat()]


def _district(case: Case) -> str | None:
    """Return the district in which she was last seen, in words; the state or country where no more is known."""
    path = "/".join((case.event_area or "").split("/")[:_DISTRICT])
    return (Gazetteer.load().label(path) or None) if path else None
