"""What does a stored record say? The same as `matcher.fields.read_record` says of it leniently, for millions of them.

An index is built from every open case, and most of the words in them are the same: a day, a district, a language is
understood once and remembered, and nothing is kept of what cannot be understood. `read_record` is the meaning; a test
holds the two equal for whatever is written in a field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache, partial
from itertools import chain
from typing import Any, TypeVar

from matcher.errors import InvalidRecord
from matcher.fields import (
    birth_from_age,
    language_tags,
    normalise_phone,
    parse_age,
    parse_age_basis,
    parse_date,
    parse_height,
    parse_identifiers,
    parse_sex,
)
from matcher.person import AgeBasis, FaceEmbedding, NameKind, PartialDate, PersonName, PersonRecord, Place, Sex, Side

# Hashable, so that what it means can be looked up.
StoredValue = str | tuple[str, ...]
Value = TypeVar("Value")


class _RecordDraft:
    # A frozen object is made attribute by attribute through a call each, which took as long as reading the fields. Of
    # this one, whose slots are the same, the attributes are set as of any other before it becomes a record.
    __slots__ = PersonRecord.__slots__


class _NameDraft:
    __slots__ = PersonName.__slots__


_FURTHER_NAMES = (
    ("nickname", NameKind.NICKNAME),
    ("alias", NameKind.ALIAS),
    ("imposed_name", NameKind.IMPOSED),
)


def read_stored(
    record_id: str,
    side: Side,
    fields: Mapping[str, StoredValue],
    today: date,
    faces: tuple[FaceEmbedding, ...] = (),
) -> PersonRecord:
    """Return the record of `read_record(record_id, side, fields, today=today, lenient=True)`, with its faces.

    Args:
        record_id: unique id.
        side: missing or rescued.
        fields: `matcher.fields.FIELDS` names to text or texts; other names are passed over.
        today: the day on which it was written down.
        faces: embeddings of her photos.
    """
    get = fields.get
    event_said = get("found" if side is Side.RESCUED else "last_seen")
    event = None if event_said is None else _day(event_said)
    height, height_on = None, None
    if (said := get("height_cm")) is not None and (height := _height(said)) is not None:
        height_on = _middle(get("height_on")) or _middle(event_said)
    languages = () if (said := get("languages")) is None else _languages(said)
    if (said := get("language")) is not None:
        languages = _languages(said) + languages
    own = () if (said := get("name")) is None else _names(said, NameKind.BIRTH)
    for field, kind in _FURTHER_NAMES:
        if (said := get(field)) is not None:
            own += _names(said, kind)
    relatives = () if (said := get("relative_name")) is None else _names(said)
    if (said := get("guardian_name")) is not None:
        relatives += _names(said)
    # No call for what is not there: most records lack most of the fields.
    draft: Any = _RecordDraft()
    draft.record_id = record_id
    draft.side = side
    draft.names = own
    draft.father = () if (said := get("father_name")) is None else _names(said)
    draft.mother = () if (said := get("mother_name")) is None else _names(said)
    draft.relatives = relatives
    draft.sex = Sex.UNKNOWN if (said := get("sex")) is None else _sex(said)
    draft.birth, draft.birth_basis = _birth(fields, event, today)
    draft.origin = _place(get("country"), get("state"), get("district"), get("village"))
    draft.remembered = () if (said := get("remembered")) is None else _many(said)
    draft.event = event
    draft.languages = languages
    draft.height_cm = height
    draft.height_on = height_on
    draft.marks = () if (said := get("marks")) is None else _many(said)
    draft.phones = () if (said := get("phone")) is None else tuple(filter(None, map(normalise_phone, _many(said))))
    draft.identifiers = () if (said := get("identifier")) is None else parse_identifiers(_many(said))
    draft.postcode = None if (said := get("postcode")) is None else _one(said)
    draft.address = None if (said := get("address")) is None else _one(said)
    draft.extras = ()
    draft.faces = faces
    draft.community = () if (said := get("community")) is None else _many(said)
    draft.clothing = () if (said := get("clothing")) is None else _many(said)
    draft.belongings = () if (said := get("belongings")) is None else _many(said)
    draft.__class__ = PersonRecord
    record: PersonRecord = draft
    return record


def _birth(
    fields: Mapping[str, StoredValue], event: PartialDate | None, today: date
) -> tuple[PartialDate | None, AgeBasis]:
    said = fields.get("age_basis")
    basis = AgeBasis.STATED if said is None else _basis(said)
    born = None if (text := fields.get("birth_date")) is None else _day(text)
    if born is not None and born.earliest <= today:
        return born, AgeBasis.DOCUMENT if said is None or _one(said) is None else basis
    age = None if (text := fields.get("age")) is None else _age(text)
    if age is None:
        return None, basis
    as_of = None if (text := fields.get("age_as_of")) is None else _day(text)
    return birth_from_age(age, as_of or event or PartialDate.exact(today)), basis


def _many(value: StoredValue) -> tuple[str, ...]:
    if isinstance(value, str):
        return (text,) if (text := value.strip()) else ()
    return tuple([text for part in value if (text := part.strip())])


def _one(value: StoredValue) -> str | None:
    return (value.strip() if isinstance(value, str) else " ".join(_many(value))) or None


def _names(value: StoredValue, kind: NameKind = NameKind.BIRTH) -> tuple[PersonName, ...]:
    return tuple([_name(text, kind) for text in _many(value)])


def _name(text: str, kind: NameKind) -> PersonName:
    draft: Any = _NameDraft()
    draft.text = text
    draft.kind = kind
    draft.lang = None
    draft.__class__ = PersonName
    name: PersonName = draft
    return name


def _understood(parse: Callable[[str], Value], value: StoredValue) -> Value | None:
    """Return what a value means, None where it is empty or cannot be understood."""
    text = _one(value)
    if text is None:
        return None
    try:
        return parse(text)
    except InvalidRecord:
        return None


@lru_cache(maxsize=32_768)
def _day(value: StoredValue) -> PartialDate | None:
    # What a date means does not depend on the field that it stands in.
    return _understood(partial(parse_date, "date"), value)


@lru_cache(maxsize=32_768)
def _middle(value: StoredValue | None) -> date | None:
    day = None if value is None else _day(value)
    return None if day is None else day.middle


@lru_cache(maxsize=4096)
def _sex(value: StoredValue) -> Sex:
    return _understood(parse_sex, value) or Sex.UNKNOWN


@lru_cache(maxsize=4096)
def _basis(value: StoredValue) -> AgeBasis:
    return _understood(parse_age_basis, value) or AgeBasis.STATED


@lru_cache(maxsize=4096)
def _age(value: StoredValue) -> int | None:
    return _understood(parse_age, value)


@lru_cache(maxsize=4096)
def _height(value: StoredValue) -> float | None:
    return _understood(parse_height, value)


# One place is one object, then, and whoever counts places need not compare what they are called.
@lru_cache(maxsize=16_384)
def _place(*parts: StoredValue | None) -> Place:
    return Place(*[None if part is None else _one(part) for part in parts])


@lru_cache(maxsize=4096)
def _languages(value: StoredValue) -> tuple[str, ...]:
    return tuple(chain.from_iterable(map(language_tags, _many(value))))
