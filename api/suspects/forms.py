"""What may be said of a suspect? Values in fields, each with where it comes from; and what the unit sees of him."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from api.cases.forms import LongText, Provenance, Text
from api.store.suspects import Suspect, SuspectLink, SuspectVersion

Relation = Literal["recruiter", "transporter", "exploiter", "harbourer", "named"]
Status = Literal["open", "closed", "erased"]
EXAMPLE: dict[str, Any] = {
    "names": [{"value": "রতন", "source": "interview", "date": "2026-10-29", "certainty": "probable"}],
    "aliases": [{"value": "Babu", "certainty": "doubtful"}],
    "sex": [{"value": "male", "source": "interview"}],
    "ages": [{"value": "30-35", "date": "2026-10-29", "certainty": "doubtful"}],
    "languages": [{"value": "Bengali, Hindi"}],
    "homes": [{"district": "Murshidabad", "state": "West Bengal", "country": "India", "source": "interview"}],
    "routes": [{"value": "Canning to Howrah by train", "source": "interview"}],
}


class Said(Provenance):
    """One value, and where it comes from."""

    model_config = ConfigDict(extra="forbid")

    value: Annotated[LongText, StringConstraints(min_length=1)]


class SaidShortly(Said):
    """One value of a few words, and where it comes from."""

    value: Annotated[Text, StringConstraints(min_length=1)]


class Home(Provenance):
    """Where he is said to come from, and where that comes from; at least one part of the place."""

    model_config = ConfigDict(extra="forbid")

    country: Text | None = None
    state: Text | None = Field(None, description="state, province or division")
    district: Text | None = None
    village: Text | None = Field(None, description="village, town or ward")

    @model_validator(mode="after")
    def _somewhere(self) -> Home:
        if not (self.country or self.state or self.district or self.village):
            raise PydanticCustomError("no_place", "name at least a country, a state, a district or a village")
        return self


Values = Annotated[list[Said], Field(max_length=50)]
ShortValues = Annotated[list[SaidShortly], Field(max_length=50)]
Homes = Annotated[list[Home], Field(max_length=50)]


class SuspectForm(BaseModel):
    """A suspect. Every value has its own source: what one person said is not what another one knows."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    names: Values = Field(default_factory=list)
    aliases: Values = Field(default_factory=list)
    phones: Values = Field(default_factory=list)
    sex: ShortValues = Field(
        default_factory=list, description="female, male or other; not compared where sources disagree"
    )
    ages: ShortValues = Field(
        default_factory=list,
        description="35, or 30-35, on the day of its `date`; where that is left out, on the day it is entered",
    )
    languages: ShortValues = Field(default_factory=list, description="languages he speaks: bn, hi, or their names")
    homes: Homes = Field(default_factory=list, description="where he is said to come from; the surest is compared")
    description: Values = Field(default_factory=list, description="how he looks and speaks")
    routes: Values = Field(default_factory=list, description="places, in words, in the order travelled")

    def values(self) -> dict[str, list[dict[str, Any]]]:
        """Return the fields that were filled in, as JSON values."""
        said: dict[str, list[dict[str, Any]]] = self.model_dump(mode="json", exclude_none=True)
        return {field: values for field, values in said.items() if values}


class SuspectChange(SuspectForm):
    """What is said of a suspect from now on; it replaces the version that you read, and the history keeps that one."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE | {"version": 1}]})

    version: int = Field(strict=True, ge=1, le=1_000_000, description="of the suspect as you read him")

    def values(self) -> dict[str, list[dict[str, Any]]]:
        """Return the fields that were filled in, as JSON values."""
        said = super().values()
        said.pop("version", None)
        return said


class LinkForm(BaseModel):
    """A case names a suspect."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"case_id": "case_01j9", "relation": "recruiter"}]}
    )

    case_id: Annotated[str, StringConstraints(max_length=80)]
    relation: Relation


class SuspectView(BaseModel):
    """A suspect as the unit that registered him sees him; once erased, no more than that there was one."""

    id: str
    status: Status
    version: int
    names: list[Said]
    aliases: list[Said]
    phones: list[Said]
    sex: list[Said]
    ages: list[Said]
    languages: list[Said]
    homes: list[Home]
    description: list[Said]
    routes: list[Said]
    created_at: str
    created_by: str
    updated_at: str


class SuspectPage(BaseModel):
    """A page of your own suspects; `next` is the value of `after` for the next page."""

    items: list[SuspectView]
    next: str | None


class SuspectVersionView(BaseModel):
    """One version of what was said."""

    version: int
    at: str
    by: str
    values: dict[str, list[Said | Home]]


class SuspectHistory(BaseModel):
    """Every version of what was said of a suspect, oldest first."""

    items: list[SuspectVersionView]


class LinkView(BaseModel):
    """A case names a suspect."""

    suspect_id: str
    case_id: str
    relation: Relation
    at: str
    by: str


class LinkList(BaseModel):
    """Which cases name which suspects, as far as you may read both."""

    items: list[LinkView]


FIELDS = tuple(SuspectForm.model_fields)


def suspect_view(suspect: Suspect) -> SuspectView:
    """Return a suspect with all that is said of him."""
    said = {field: suspect.values.get(field, []) for field in FIELDS}
    return SuspectView.model_validate(
        {"id": suspect.id, "status": suspect.status, "version": suspect.version, **said,
         "created_at": suspect.created_at.isoformat(), "created_by": suspect.created_by,
         "updated_at": suspect.updated_at.isoformat()}
    )  # fmt: skip


def history_view(versions: list[SuspectVersion]) -> SuspectHistory:
    """Return every version of what was said."""
    return SuspectHistory.model_validate(
        {"items": [{"version": one.version, "at": one.at.isoformat(), "by": one.by, "values": dict(one.values)}
                   for one in versions]}
    )  # fmt: skip


def link_views(links: list[SuspectLink]) -> LinkList:
    """Return links."""
    return LinkList.model_validate(
        {"items": [{"suspect_id": one.suspect_id, "case_id": one.case_id, "relation": one.relation,
                    "at": one.at.isoformat(), "by": one.by} for one in links]}
    )  # fmt: skip
