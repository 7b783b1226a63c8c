"""Which field of a case is which of PFIF, and back? What only one of the two knows is carried along.

person_record_id   external id; as identifier `pfif:...`     home_street, _neighborhood    address
full_name          name (or given_name family_name)          home_city, home_state         village, state
alternate_names    alias, one on each line                   home_postal_code, _country    postcode, country
sex, date_of_birth sex, birth_date                           description                   narrative
age, source_date   age and age_as_of; of 10-14 the middle, as a guess

PFIF into a case: the whole record is kept under `pfif` in the case, so that it goes out as it came.
A case into PFIF: what PFIF has no field for stands at the end of the description, under the line `[sandhan]`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from api.imports.pfif import NOTE_FIELDS, PERSON_FIELDS, PfifNote, PfifPerson, is_found, moment
from api.imports.pfif_write import clean, xml_text
from api.imports.plain import PFIF, Plain, plain
from matcher.errors import InvalidRecord
from matcher.fields import FIELDS, MULTIPLE, parse_age, parse_date, parse_sex
from matcher.person import PartialDate, Sex

BLOCK = "[sandhan]"
CASE_FIELDS = frozenset((*FIELDS, "narrative", "protect_location", "face_consent")) - {"id"}
_LONGEST, _LONGEST_NARRATIVE, _MOST = 400, 20_000, 20
_LINE = re.compile(r"([a-z_]+): (.*)")
_RANGE = re.compile(r"(\d{1,3})\s*-\s*(\d{1,3})")
_LOCAL_NAME = re.compile(r"[^\W\d][\w.-]*")


@dataclass(frozen=True, slots=True, repr=False)
class PfifCase:
    """A person of PFIF as a case.

    Attributes:
        external_id: None where the record has no id.
        side: "missing" or "rescued", None where nothing says it.
        fields: of the case, as texts.
        kept: what is kept under `pfif`, empty where nothing is.
    """

    external_id: str | None
    side: str | None
    fields: Plain
    kept: dict[str, object]


def to_case(person: PfifPerson) -> PfifCase:
    """Return what a person of PFIF says as a case."""
    narrative, block = _take_block(person.description or "")
    notes = [note_values(note) for note in person.notes]
    if block is None:
        record_id = (person.person_record_id or "").strip()
        fields = _derived(person, person.description or "")
        if record_id and len(record_id) <= _LONGEST - 5:
            fields["identifier"] = f"pfif:{record_id}"
        side = "rescued" if is_found(person) else None
        return PfifCase(record_id or None, side, fields, {"person": _said(person, PERSON_FIELDS), "notes": notes})
    fields = _derived(person, narrative)
    for field in block.dropped:
        fields.pop(field, None)
    kept: dict[str, object] = {"person": block.person, "notes": notes} if block.person or notes else {}
    return PfifCase(block.external_id, block.side, plain(fields | block.fields), kept)


def from_case(
    payload: Mapping[str, object], *, record_id: str, external_id: str, side: str, at: datetime, domain: str
) -> PfifPerson:
    """Return a case as a person of PFIF; `to_case` of it is the case again.

    Args:
        payload: of the case; what it keeps under `pfif` goes out as it came unless the case was changed since.
        record_id: id of the case, where it has none of its owner's.
        external_id: "" where it has none.
        at: when the case was last changed.
        domain: of this repository, before the ids of its own records.
    """
    kept = payload.get(PFIF)
    original = kept_person(kept) if isinstance(kept, Mapping) else PfifPerson()
    said = plain(payload)
    if original.person_record_id is not None:
        known = to_case(original)
        if (known.external_id, known.side or "missing", plain(known.fields)) == (external_id, side, said):
            return original
    own_id = external_id or record_id
    person = clean(_dressed(original, said, at, original.person_record_id or f"{domain}/{own_id}"))
    derived = plain(_derived(person, person.description or ""))
    lines = [BLOCK, _line("id", own_id), _line("side", side)]
    for field, value in sorted(said.items()):
        if derived.get(field) != value:
            lines += [_line(field, part) for part in ([value] if isinstance(value, str) else value)]
    if dropped := sorted(derived.keys() - said.keys()):
        lines.append(_line("drop", " ".join(dropped)))
    if original.person_record_id is not None:
        first = json.dumps(_said(original, PERSON_FIELDS), ensure_ascii=True, separators=(",", ":"))
        lines.append(f"pfif: {first}")
    text = person.description
    return replace(person, description="\n".join([*([text] if text else []), *lines]))


def note_values(note: PfifNote) -> dict[str, object]:
    """Return a note as a case keeps it."""
    return _said(note, NOTE_FIELDS)


def kept_person(kept: Mapping[str, Any]) -> PfifPerson:
    """Return the record that a case keeps, with its notes; `check_kept` has passed it."""
    notes = tuple(PfifNote(**_values(note)) for note in kept.get("notes", ()))
    return PfifPerson(**_values(kept.get("person") or {}), notes=notes)


def check_kept(value: object) -> str | None:
    """Return what is wrong with something that is to be kept under `pfif`; None when nothing is."""
    if not isinstance(value, dict) or not value or not value.keys() <= {"person", "notes"}:
        return "is not the part of a case that keeps a PFIF record"
    notes = value.get("notes", [])
    if not isinstance(notes, list) or not _is_record(value.get("person") or {}, PERSON_FIELDS):
        return "is not a PFIF record"
    return None if all(_is_record(note, NOTE_FIELDS) for note in notes) else "holds something that is no PFIF note"


def _is_record(value: object, names: tuple[str, ...]) -> bool:
    if not isinstance(value, dict):
        return False
    foreign = value.get("foreign", [])
    return (
        all(isinstance(text, str) for name, text in value.items() if name != "foreign")
        and value.keys() <= {*names, "foreign"}
        and isinstance(foreign, list)
        # It becomes the name of an element: nothing else may stand there.
        and all(
            isinstance(pair, list)
            and len(pair) == 2
            and all(isinstance(part, str) for part in pair)
            and _LOCAL_NAME.fullmatch(pair[0].rpartition(" ")[2])
            for pair in foreign
        )
    )


def _said(record: PfifPerson | PfifNote, names: tuple[str, ...]) -> dict[str, object]:
    """Return a record's own fields as JSON values."""
    said: dict[str, object] = {name: value for name in names if (value := getattr(record, name)) is not None}
    if record.foreign:
        said["foreign"] = [list(pair) for pair in record.foreign]
    return said


def _values(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(map(tuple, text)) if name == "foreign" else text for name, text in said.items()}


def _derived(person: PfifPerson, narrative: str) -> Plain:
    """Return what PFIF's own fields say of a case. What is too long for a field stays in the record that is kept."""
    full = _one(person.full_name) or " ".join(filter(None, (_one(person.given_name), _one(person.family_name))))
    others = tuple(line.strip() for line in (person.alternate_names or "").splitlines() if line.strip())
    said: dict[str, str | tuple[str, ...]] = {
        "name": full,
        "alias": tuple(name for name in others if len(name) <= _LONGEST)[:_MOST],
        "sex": _one(person.sex),
        "birth_date": _one(person.date_of_birth),
        "address": ", ".join(filter(None, (_one(person.home_street), _one(person.home_neighborhood)))),
        "village": _one(person.home_city),
        "state": _one(person.home_state),
        "postcode": _one(person.home_postal_code),
        "country": _one(person.home_country),
    }
    said |= _age(person)
    fields = {name: text for name, text in said.items() if not isinstance(text, str) or len(text) <= _LONGEST}
    return plain(fields | {"narrative": narrative[:_LONGEST_NARRATIVE]})


def _age(person: PfifPerson) -> dict[str, str]:
    # "This field has no defined meaning when source_date is missing."
    told = moment(person.source_date)
    age = _one(person.age)
    if not age or told is None or _one(person.date_of_birth):
        return {}
    as_of = told.astimezone(UTC).date().isoformat()
    if found := _RANGE.fullmatch(age):
        return {"age": str((int(found[1]) + int(found[2])) // 2), "age_as_of": as_of, "age_basis": "guess"}
    return {"age": age, "age_as_of": as_of}


def _one(text: str | None) -> str:
    return " ".join((text or "").split())


def _dressed(original: PfifPerson, said: Plain, at: datetime, person_record_id: str) -> PfifPerson:
    """Return a person whose fields say of the case what PFIF has fields for."""
    stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    names = _many(said, "name")
    others = [*names[1:], *_many(said, "nickname"), *_many(said, "alias")]
    return replace(
        original,
        person_record_id=person_record_id,
        entry_date=stamp,
        source_date=stamp,
        full_name=names[0] if names else "",
        given_name=None,
        family_name=None,
        alternate_names="\n".join(others) or None,
        description=_text(said, "narrative"),
        sex=_sex(said),
        date_of_birth=_born(said),
        age=_age_at(said, at.astimezone(UTC).date()),
        home_street=_text(said, "address"),
        home_neighborhood=None,
        home_city=_text(said, "village"),
        home_state=_text(said, "state"),
        home_postal_code=_text(said, "postcode"),
        home_country=_text(said, "country"),
    )


def _many(said: Plain, field: str) -> tuple[str, ...]:
    value = said.get(field, ())
    return (value,) if isinstance(value, str) else value


def _text(said: Plain, field: str) -> str | None:
    return " ".join(_many(said, field)) or None


def _sex(said: Plain) -> str | None:
    try:
        sex = parse_sex(_text(said, "sex") or "")
    except InvalidRecord:
        return None
    return None if sex is Sex.UNKNOWN else sex.value


def _date(said: Plain, field: str) -> PartialDate | None:
    text = _text(said, field)
    try:
        return parse_date(field, text) if text else None
    except InvalidRecord:
        return None


def _born(said: Plain) -> str | None:
    born = _date(said, "birth_date")
    if born is None:
        return None
    day = born.earliest.isoformat()
    length = 4 if born.latest.month != born.earliest.month else 7 if born.latest != born.earliest else 10
    return day[:length]


def _age_at(said: Plain, day: date) -> str | None:
    """Return the age on a day, of an age that held on another."""
    text, held = _text(said, "age"), _date(said, "age_as_of") or _date(said, "found") or _date(said, "last_seen")
    if text is None or _text(said, "birth_date"):
        return None
    try:
        age = parse_age(text)
    except InvalidRecord:
        return None
    return str(age + max(0, (day - held.latest).days * 100 // 36525 if held else 0))


@dataclass(slots=True, repr=False)
class _Block:
    external_id: str | None
    side: str | None
    dropped: tuple[str, ...]
    fields: dict[str, str | tuple[str, ...]]
    person: dict[str, object]


def _line(field: str, value: str) -> str:
    bare = xml_text(value) == value
    if not bare or value.startswith('"') or "\n" in value or "\r" in value:
        value = json.dumps(value, ensure_ascii=not bare)
    return f"{field}: {value}"


def _take_block(description: str) -> tuple[str, _Block | None]:
    """Return the description without the lines that this writer added, and what they say; None where there are none."""
    lines = description.split("\n")
    starts = [number for number, line in enumerate(lines) if line.rstrip() == BLOCK]
    if not starts:
        return description, None
    gathered: dict[str, list[str]] = {}
    for line in lines[starts[-1] + 1 :]:
        found = _LINE.fullmatch(line.rstrip("\r "))
        if found is None or (found[1] not in CASE_FIELDS and found[1] not in ("id", "side", "drop", PFIF)):
            if not line.strip():
                continue
            return description, None
        gathered.setdefault(found[1], []).append(_unquoted(found[2]))
    single = {name: gathered.pop(name, [""])[0] for name in ("id", "side", "drop", PFIF)}
    try:
        person = json.loads(single[PFIF] or "{}")
    except ValueError:
        person = None
    several = any(len(values) > 1 for field, values in gathered.items() if field not in MULTIPLE)
    if several or not single["id"] or not _is_record(person, PERSON_FIELDS):
        return description, None  # somebody's own words that look like ours
    fields = {name: values[0] if len(values) == 1 else tuple(values) for name, values in gathered.items()}
    block = _Block(single["id"], single["side"] or None, tuple(single["drop"].split()), fields, person)
    return "\n".join(lines[: starts[-1]]), block


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str) else text
