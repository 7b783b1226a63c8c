"""What may a case say? The form at the door: checked field by field, kept as it was entered.

The fields are those of `matcher.fields`, the same as the columns of an imported file. Values stay text: what the family
said is never rewritten, only understood.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from api.cases.agreed import ConsentForm, Given, agreed_at_first
from api.cases.guarding import ELSEWHEN, guarded, is_guarded
from api.store.cases import Case, CaseContent
from api.store.faces import Face
from matcher.errors import InvalidRecord
from matcher.fields import FIELDS, ParsedRecord, read_record
from matcher.person import FaceEmbedding, PersonRecord, Place, Side
from matcher.places import Gazetteer


def _storable(text: str) -> str:
    """Refuse the one character that PostgreSQL cannot keep; on both databases, so that they take the same cases."""
    if "\0" in text:
        raise PydanticCustomError("nul_character", "holds a NUL character, which cannot be stored")
    return text


Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400), AfterValidator(_storable)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000), AfterValidator(_storable)]
Names = Text | Annotated[list[Text], Field(max_length=20)]
Day = date
SOURCED = frozenset(FIELDS) - {"id"} | {"narrative"}
"""Fields of which it may be said where they come from."""
OWNER_ONLY = ("informant", "provenance", "pfif")
"""What no other partner is shown, whatever else he may see: one never learns another's informant."""


class Provenance(BaseModel):
    """Where a value comes from."""

    model_config = ConfigDict(extra="forbid")

    source: Text | None = Field(None, description="e.g. interview, police file, school register")
    date: Day | None = Field(None, description="when it was said or written")
    certainty: Literal["certain", "probable", "doubtful"] | None = None
    said_by: Text | None = Field(None, description="who said it; shown to nobody but you")


def _of_known_fields(value: object) -> object:
    """Refuse names of fields that there are not, before anything could repeat them."""
    if isinstance(value, dict) and not SOURCED.issuperset(value):
        raise PydanticCustomError("unknown_field", "names a field that there is not")
    return value


Sources = Annotated[dict[str, Provenance], BeforeValidator(_of_known_fields)]


class CaseForm(BaseModel):
    """A missing report or a rescued person. Everything but the side may be left out: unknown is not an error."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "side": "rescued",
                    "external_id": "MUM-2026-0117",
                    "name": "सुनिता",
                    "father_name": "रमेश मंडल",
                    "sex": "female",
                    "age": "14",
                    "age_basis": "guess",
                    "country": "India",
                    "state": "West Bengal",
                    "district": "South 24 Parganas",
                    "remembered": ["Gosaba"],
                    "languages": ["bn"],
                    "found": "2026-10-28",
                    "event_country": "India",
                    "event_state": "Maharashtra",
                    "event_district": "Mumbai",
                }
            ]
        },
    )

    side: Literal["missing", "rescued"] = Field(description="missing: a report by the family; rescued: a person found")
    external_id: Text | None = Field(None, description="the id in your own system; unique for you and the side")
    name: Names | None = Field(None, description=FIELDS["name"])
    nickname: Names | None = Field(None, description=FIELDS["nickname"])
    alias: Names | None = Field(None, description=FIELDS["alias"])
    imposed_name: Names | None = Field(None, description=FIELDS["imposed_name"])
    father_name: Names | None = Field(None, description=FIELDS["father_name"])
    mother_name: Names | None = Field(None, description=FIELDS["mother_name"])
    relative_name: Names | None = Field(None, description=FIELDS["relative_name"])
    guardian_name: Names | None = Field(None, description=FIELDS["guardian_name"])
    sex: Text | None = Field(None, description=FIELDS["sex"])
    birth_date: Text | date | None = Field(None, description=FIELDS["birth_date"])
    age: Text | int | None = Field(None, description=FIELDS["age"])
    age_as_of: Text | date | None = Field(None, description=FIELDS["age_as_of"])
    age_basis: Text | None = Field(None, description=FIELDS["age_basis"])
    country: Text | None = Field(None, description=FIELDS["country"])
    state: Text | None = Field(None, description=FIELDS["state"])
    district: Text | None = Field(None, description=FIELDS["district"])
    village: Text | None = Field(None, description=FIELDS["village"])
    address: Text | None = Field(None, description=FIELDS["address"])
    postcode: Text | None = Field(None, description=FIELDS["postcode"])
    remembered: Names | None = Field(None, description=FIELDS["remembered"])
    phone: Names | None = Field(None, description=FIELDS["phone"])
    identifier: Names | None = Field(None, description=FIELDS["identifier"])
    community: Names | None = Field(None, description=FIELDS["community"])
    language: Names | None = Field(None, description=FIELDS["language"])
    languages: Names | None = Field(None, description=FIELDS["languages"])
    height_cm: Text | float | None = Field(None, description=FIELDS["height_cm"])
    height_on: Text | date | None = Field(None, description=FIELDS["height_on"])
    marks: Names | None = Field(None, description=FIELDS["marks"])
    clothing: Names | None = Field(None, description=FIELDS["clothing"])
    belongings: Names | None = Field(None, description=FIELDS["belongings"])
    last_seen: Text | date | None = Field(None, description=FIELDS["last_seen"])
    found: Text | date | None = Field(None, description=FIELDS["found"])
    event_country: Text | None = Field(None, description=FIELDS["event_country"])
    event_state: Text | None = Field(None, description=FIELDS["event_state"])
    event_district: Text | None = Field(None, description=FIELDS["event_district"])
    narrative: Annotated[str, StringConstraints(max_length=20_000), AfterValidator(_storable)] | None = Field(
        None, description="anything else, kept and never compared"
    )
    informant: Text | None = Field(
        None, description="who reported, and how to reach him; kept, never compared, shown to nobody but you"
    )
    provenance: Sources | None = Field(
        None,
        description="field -> where its value comes from; kept, never compared, shown to nobody but you",
        examples=[{"birth_date": {"source": "school register", "date": "2026-10-30", "certainty": "certain"}}],
    )
    protect_location: bool = Field(False, description="never tell where the person is")
    face_consent: bool | None = Field(
        None,
        description="photos may be compared; if left out, yes for a missing report (the family hands the photo over "
        "for the search), no for a rescued person (who must be asked)",
    )

    consents: Annotated[list[ConsentForm], Field(max_length=20)] | None = Field(
        None, description="what was agreed to or refused; what is not spoken of holds as the guide says (cases.md)"
    )

    @property
    def consents_to_faces(self) -> bool:
        """Return the consent given, or the default of the side."""
        said = [one.granted for one in self.consents or () if one.purpose == "faces"]
        if said:
            return said[-1]
        return self.side == "missing" if self.face_consent is None else self.face_consent

    @property
    def agreed(self) -> tuple[Given, ...]:
        """Return what is agreed to when the case comes in."""
        return agreed_at_first(self.side, self.consents_to_faces, self.consents or ())

    def payload(self) -> dict[str, object]:
        """Return the fields that were filled in, as JSON values."""
        value: dict[str, object] = self.model_dump(mode="json", exclude_none=True)
        for field in ("external_id", "side", "consents"):
            value.pop(field, None)
        return value

    def read(self, today: date) -> ParsedRecord:
        """Return the record, refusing the first field that cannot be understood.

        Raises:
            InvalidRecord: names the field and the rule.
        """
        return read_record("query", Side(self.side), as_fields(self.payload()), today=today)

    def content(self, today: date) -> CaseContent:
        """Return what is stored of the case.

        Raises:
            InvalidRecord: a field cannot be understood.
        """
        record = self.read(today).record
        payload = self.payload()
        self._check_sources(today)
        gazetteer = Gazetteer.load()
        event_place = Place(self.event_country, self.event_state, self.event_district)
        return CaseContent(
            payload=payload,
            content_hash=_content_hash(self.side, payload),
            origin_area=gazetteer.resolve(record.origin).path or None,
            event_area=gazetteer.resolve(event_place).path or None,
            protect_location=self.protect_location,
            face_consent=self.consents_to_faces,
        )

    def _check_sources(self, today: date) -> None:
        """Refuse a source of nothing, or of a day that is yet to come.

        Raises:
            InvalidRecord: says which.
        """
        for field, said in (self.provenance or {}).items():
            if getattr(self, field) is None:
                raise InvalidRecord("provenance", f"of {field}, which is not filled in")
            if said.date is not None and said.date > today + timedelta(days=1):
                raise InvalidRecord("provenance", f"of {field}: the date lies in the future")


def _content_hash(side: str, payload: dict[str, object]) -> str:
    # The side is part of what makes two submissions the same one.
    canonical = json.dumps([side, payload], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def handed_on(payload: dict[str, object]) -> dict[str, object]:
    """Return what a new owner learns of the record: not who reported and who said what, but when and how surely."""
    kept = {field: value for field, value in payload.items() if field not in OWNER_ONLY}
    said = payload.get("provenance")
    if isinstance(said, dict):
        known = {
            field: {key: value[key] for key in ("date", "certainty") if key in value} for field, value in said.items()
        }
        if known := {field: value for field, value in known.items() if value}:
            kept["provenance"] = known
    return kept


def without_sources(case: Case) -> CaseContent:
    """Return the content of a case as it is handed on."""
    payload = handed_on(case.payload)
    return CaseContent(
        payload=payload,
        content_hash=_content_hash(case.side, payload),
        origin_area=case.origin_area,
        event_area=case.event_area,
        protect_location=case.protect_location,
        face_consent=case.face_consent,
    )


def as_fields(payload: dict[str, Any]) -> dict[str, str | list[str]]:
    """Return the payload's record fields as the text that `matcher.fields` reads."""
    out: dict[str, str | list[str]] = {}
    for field in FIELDS:
        value = payload.get(field)
        if value is None:
            continue
        out[field] = [str(part) for part in value] if isinstance(value, list) else as_text(value)
    return out


def as_text(value: object) -> str:
    """Return one JSON value as the text that was meant: whole numbers without a decimal point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def to_person(case: Case, faces: list[Face]) -> PersonRecord:
    """Return a stored case as the matching core sees it."""
    fields, entered_on = as_fields(case.payload), case.created_at.date()

    def read(said: dict[str, str | list[str]]) -> PersonRecord:
        # It was checked when it came in; a rule that became stricter since must not make the case unfindable.
        return read_record(case.id, Side(case.side), said, today=entered_on, lenient=True).record

    record = read(fields)
    if is_guarded(case.side, case.protect_location):
        record = guarded(record, read(fields | {"found": ELSEWHEN}), entered_on)
    embeddings = tuple(
        FaceEmbedding(face.vector, face.model, face.quality, face.taken, face.photo_id) for face in faces
    )
    return replace(record, faces=embeddings) if case.face_consent else record
