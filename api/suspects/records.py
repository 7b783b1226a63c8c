"""What is compared of a suspect? Names, telephones, sex, age, languages, home, places along the routes, marks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from matcher.compare.routes import places_of
from matcher.errors import InvalidRecord
from matcher.fields import birth_from_age, language_tags, normalise_phone, parse_age, parse_sex
from matcher.person import AgeBasis, NameKind, PartialDate, PersonName, PersonRecord, Place, Sex, Side
from matcher.places import Gazetteer

_SUREST: Final = ("certain", "probable", None, "doubtful")
_GUESSED: Final = 7
"""Years that a guess is good for at least: whoever says thirty-five of a grown man means about that."""
_VAGUE: Final = 15
"""Years from which on an age says nothing, be it one guess or several that disagree."""
_PARTS: Final = ("country", "state", "district", "village")
_SPAN = re.compile(r"(\d+)\s*(?:-|–|to)\s*(\d.*)")


def as_record(suspect_id: str, values: Mapping[str, Any]) -> PersonRecord:
    """Return a suspect as the matching core sees him: all of them stand on one side, in an index of their own.

    Args:
        values: field -> what was said, as `api.store.suspects.Suspect.values`; checked when it was entered.
    Raises:
        InvalidRecord: a sex or an age cannot be understood.
    """
    said = {field: [str(one["value"]) for one in some] for field, some in values.items() if field != "homes"}
    return PersonRecord(
        suspect_id,
        Side.MISSING,
        names=(*_names(said.get("names", ()), NameKind.BIRTH), *_names(said.get("aliases", ()), NameKind.ALIAS)),
        sex=_sex(said.get("sex", ())),
        birth=_birth(values.get("ages", ())),
        birth_basis=AgeBasis.GUESS,
        origin=_home(values.get("homes", ())),
        languages=tuple(dict.fromkeys(tag for text in said.get("languages", ()) for tag in language_tags(text))),
        phones=tuple(filter(None, map(normalise_phone, said.get("phones", ())))),
        remembered=tuple(dict.fromkeys(place for route in said.get("routes", ()) for place in places_of(route))),
        marks=tuple(said.get("description", ())),
    )


def ages_of(text: str) -> tuple[int, int]:
    """Return the youngest and the oldest age that "35" or "30-35" means, in years.

    Raises:
        InvalidRecord: it is neither.
    """
    span = _SPAN.fullmatch(text.strip())
    try:
        young, old = (parse_age(span[1]), parse_age(span[2])) if span else (parse_age(text),) * 2
    except InvalidRecord:
        raise InvalidRecord(
            "ages", "is not a number of years between 0 and 120, or two of them; write 35 or 30-35"
        ) from None
    if young > old:
        raise InvalidRecord("ages", "begins with the higher age; write 30-35")
    return young, old


def _names(texts: Iterable[str], kind: NameKind) -> list[PersonName]:
    return [PersonName(text, kind) for text in texts if text.strip()]


def _sex(texts: Iterable[str]) -> Sex:
    """Return the sex that all who know it agree on."""
    told = {parse_sex(text) for text in texts} - {Sex.UNKNOWN}
    return told.pop() if len(told) == 1 else Sex.UNKNOWN


def _birth(ages: Iterable[Mapping[str, Any]]) -> PartialDate | None:
    """Return the interval that holds whatever anybody guessed; None where that is anything."""
    spans = []
    for one in ages:
        (young, old), day = ages_of(str(one["value"])), PartialDate.exact(date.fromisoformat(one["date"]))
        spare = max(_GUESSED - (old - young + 1), 0)
        young, old = max(young - spare // 2, 0), old + (spare + 1) // 2
        spans.append((birth_from_age(old, day).earliest, birth_from_age(young, day).latest))
    if not spans:
        return None
    first, last = min(first for first, _ in spans), max(last for _, last in spans)
    return PartialDate(first, last) if last - first < timedelta(days=_VAGUE * 366) else None


def _home(homes: Iterable[Mapping[str, Any]]) -> Place:
    """Return the surest home, the first of several; one in which another lies says less than that one."""
    told = [(one.get("certainty"), Place(*(one.get(part) for part in _PARTS))) for one in homes]
    paths = [Gazetteer.load().resolve(place).path for _, place in told]

    def is_wide(number: int) -> bool:
        own, (_, place) = paths[number], told[number]
        return place.village is None and any(path.startswith(f"{own}/") for path in paths)

    narrow = [one for number, one in enumerate(told) if not (paths[number] and is_wide(number))]
    return min(narrow, key=lambda one: _SUREST.index(one[0]), default=("", Place()))[1]
