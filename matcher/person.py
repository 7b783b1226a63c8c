"""What do we know of a person? The record that both sides of a comparison are made of.

Everything is optional but the id: a rescued child may have nothing but a nickname. Unknown is `None` or an
empty tuple, and is null evidence (0 bits), never a disagreement.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from matcher.errors import DimensionMismatch, InvalidRecord


class Side(StrEnum):
    """Which side of the search a record stands on."""

    MISSING = "missing"
    RESCUED = "rescued"


class Sex(StrEnum):
    """Sex as recorded; `UNKNOWN` is null evidence."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class NameKind(StrEnum):
    """Whose name it is, or how the person came by it."""

    BIRTH = "birth"
    NICKNAME = "nickname"
    ALIAS = "alias"
    IMPOSED = "imposed"


class AgeBasis(StrEnum):
    """How the birth interval is known; a guess is wider than a document."""

    DOCUMENT = "document"
    STATED = "stated"
    GUESS = "guess"


@dataclass(frozen=True, slots=True)
class PersonName:
    """One name as somebody wrote it, in any script.

    Attributes:
        text: the original text, never altered.
        kind: whose name, or how she came by it.
        lang: BCP 47 language if known (`"as"` and `"bn"` share a script and differ in sound).
    """

    text: str
    kind: NameKind = NameKind.BIRTH
    lang: str | None = None

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise InvalidRecord("name", "is empty")


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date known to lie in an interval, both ends included."""

    earliest: date
    latest: date

    def __post_init__(self) -> None:
        if self.latest < self.earliest:
            raise InvalidRecord("date", "the interval ends before it starts")

    @classmethod
    def exact(cls, day: date) -> PartialDate:
        """Return the interval of one day."""
        return cls(day, day)

    @property
    def is_exact(self) -> bool:
        """Tell whether the date is known to the day."""
        return self.earliest == self.latest

    @property
    def middle(self) -> date:
        """Return the day halfway between the two ends."""
        return date.fromordinal((self.earliest.toordinal() + self.latest.toordinal()) // 2)


@dataclass(frozen=True, slots=True)
class Place:
    """A place as text, from the widest to the narrowest; any part may be unknown.

    `country` is ISO 3166-1 alpha-2 where known (`IN`, `NP`, `BD`, `MM`).
    """

    country: str | None = None
    state: str | None = None
    district: str | None = None
    village: str | None = None

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing at all is known."""
        return not (self.country or self.state or self.district or self.village)


@dataclass(frozen=True, slots=True, eq=False)
class FaceEmbedding:
    """One face of one photo.

    Attributes:
        vector: shape (d,), float32, on the scale of its model (face_recognition: Euclidean, .6 is the retrieval
            threshold); compared only within one `model`.
        model: id and version of the embedder.
        quality: "good", "fair" or "weak" (below that a photo is rejected).
        taken: when the photo was taken, if known.
        photo_id: the photo it comes from.
    """

    vector: npt.NDArray[np.float32]
    model: str
    quality: str = "good"
    taken: date | None = None
    photo_id: str | None = None

    def __post_init__(self) -> None:
        if self.vector.ndim != 1:
            raise DimensionMismatch(1, self.vector.ndim)


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A missing report or a rescued person, as the matching core sees it.

    Attributes:
        record_id: unique among the records compared.
        side: missing or rescued.
        names: the person's own names: birth name, nicknames, aliases, imposed names.
        father, mother: the parents' names.
        relatives: names of relatives whose relation is unknown (guardian, husband, "d/o or w/o").
        sex: `Sex.UNKNOWN` when not recorded.
        birth: interval of the date of birth.
        birth_basis: how that interval is known.
        origin: the place she comes from.
        remembered: places she remembers, free text.
        event: last seen (missing) or found (rescued).
        languages: BCP 47 primary tags, e.g. ("bn", "hi").
        height_cm, height_on: height and the day it was taken.
        marks: distinguishing marks, free text.
        phones: the last ten digits of each number: the prefix is written in many ways.
        identifiers: (type, value) pairs, compared within type.
        postcode, address: where the family lives, free text.
        extras: (column, value) pairs of further columns that a deployment compares.
        faces: embeddings of her photos.
        community: tribe, people, caste group or religion, each as it was said.
        clothing: what she wore when last seen or found, free text.
        belongings: jewellery, bag, papers and whatever else she carried, free text.
    """

    record_id: str
    side: Side
    names: tuple[PersonName, ...] = ()
    father: tuple[PersonName, ...] = ()
    mother: tuple[PersonName, ...] = ()
    relatives: tuple[PersonName, ...] = ()
    sex: Sex = Sex.UNKNOWN
    birth: PartialDate | None = None
    birth_basis: AgeBasis = AgeBasis.STATED
    origin: Place = field(default_factory=Place)
    remembered: tuple[str, ...] = ()
    event: PartialDate | None = None
    languages: tuple[str, ...] = ()
    height_cm: float | None = None
    height_on: date | None = None
    marks: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    identifiers: tuple[tuple[str, str], ...] = ()
    postcode: str | None = None
    address: str | None = None
    extras: tuple[tuple[str, str], ...] = ()
    faces: tuple[FaceEmbedding, ...] = ()
    community: tuple[str, ...] = ()
    clothing: tuple[str, ...] = ()
    belongings: tuple[str, ...] = ()
