"""What of a case does a caller see? All of it, or a mask: enough to judge a match, nothing to find her by."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.access import AccessScope, Relation, View
from api.cases.forms import OWNER_ONLY, to_person
from api.cases.guarding import five_years, is_guarded
from api.store.cases import Case
from api.store.photos import Photo
from matcher.names.script import normalise
from matcher.person import PartialDate, Side
from matcher.places import Gazetteer


class FacesSeen(BaseModel):
    """The faces of a photo; the boxes belong to the cleaned picture."""

    boxes: list[list[int]] = Field(description="left, top, right, bottom in pixels")
    size: list[int] = Field(description="width and height of the picture")


class FaceChoice(BaseModel):
    """Which face of a photo is the person of the case."""

    model_config = ConfigDict(extra="forbid")

    box: Annotated[list[int], Field(min_length=4, max_length=4)] = Field(
        description="one of the photo's boxes, as it is"
    )


class PhotoView(BaseModel):
    """One photo of a case: its state, and what to do when it cannot be used."""

    id: str
    state: Literal["pending", "embedded", "failed", "withheld"]
    faces_found: int | None = None
    captured_on: date | None = Field(None, description="offered by the camera; to be confirmed by a person")
    error_code: str | None = None
    error_detail: str | None = None
    faces_seen: FacesSeen | None = Field(None, description="where it shows several faces: say which one is meant")
    chosen_box: list[int] | None = Field(None, description="which of them was said to be meant")
    chosen_by: str | None = Field(None, description="the key that said so")


TELLS_WHERE = frozenset({"event_country", "event_state", "event_district", "found", "narrative"})
"""Entered fields of a protected rescued person that no other partner sees: they may tell where she is."""
PAPERS_OF_HER_OWN = frozenset({
    "aadhaar", "birth_certificate", "citizenship", "epic", "nid", "nrc", "pan", "passport", "ration_card", "voter_id",
})  # fmt: skip
"""Types of identifiers that a protected person brought from home. Any other may be a police station's, a court's or a
shelter's, and its number tells which: others see none of these."""


class CaseView(BaseModel):
    """A case as its owner sees it; or, "disclosed", as one sees it to whom it was opened."""

    view: Literal["full", "disclosed"] = "full"
    id: str
    side: Literal["missing", "rescued"]
    status: str
    version: int
    owner_id: str | None = Field(description="null where it would tell where a protected person is")
    external_id: str | None
    fields: dict[str, Any] = Field(description="what was entered, unaltered")
    withheld: list[str] = Field(default_factory=list, description="names of entered fields that are not shown to you")
    origin_area: str | None = Field(description="the place of origin as understood, a path of the gazetteer")
    event_area: str | None
    protect_location: bool
    face_consent: bool
    photos: list[PhotoView]
    created_at: str
    updated_at: str
    compared: bool = Field(description="whether this version has been compared with the other side")
    expires_at: str | None = Field(None, description="it is erased then, unless its owner says why it is kept")
    closed_for: str | None = Field(None, description="why a closed one is closed: owner, or consent (withdrawn)")


class OwnOutline(BaseModel):
    """What software sees of its own organisation's case: enough to keep two systems in step."""

    status: str
    version: int
    external_id: str | None
    created_at: str
    updated_at: str
    compared: bool
    expires_at: str | None
    closed_for: str | None
    photos: list[PhotoView]


class OutlineCaseView(BaseModel):
    """A case as one sees it who may not read names: that there is one."""

    view: Literal["outline"] = "outline"
    id: str
    side: Literal["missing", "rescued"]
    own: OwnOutline | None = Field(description="null unless the case is your organisation's")


class MaskedCaseView(BaseModel):
    """A case as a party to a possible match sees it, before purpose and acceptance are recorded."""

    view: Literal["masked"] = "masked"
    id: str
    side: Literal["missing", "rescued"]
    initials: list[str] = Field(description="first letters of each name given, in its own script")
    sex: str | None
    born_between: str | None = Field(description="years of birth that fit, widened to five")
    origin_state: str | None
    event_year: int | None
    has_photo: bool


def masked_view(case: Case, has_photo: bool) -> MaskedCaseView:
    """Return the masked case."""
    record = to_person(case, [])
    gazetteer = Gazetteer.load()
    state = "/".join((case.origin_area or "").split("/")[:2])
    return MaskedCaseView(
        id=case.id,
        side=Side(case.side).value,
        initials=[" ".join(f"{word[0]}." for word in normalise(name.text).split()) for name in record.names],
        sex=str(record.sex),
        born_between=_five_years(record.birth) if record.birth else None,
        origin_state=gazetteer.label(state) or None if state else None,
        event_year=None if _is_protected(case) or record.event is None else record.event.latest.year,
        has_photo=has_photo,
    )


def withheld_fields(case: Case) -> frozenset[str]:
    """Return the entered fields that no partner but the owner sees."""
    return TELLS_WHERE.union(OWNER_ONLY) if _is_protected(case) else frozenset(OWNER_ONLY)


def disclosed_view(case: Case, photos: tuple[Photo, ...]) -> CaseView:
    """Return the case as another partner sees it to whom it was opened."""
    hidden, protected = withheld_fields(case), _is_protected(case)
    view = full_view(case, photos)
    shown = {name: value for name, value in view.fields.items() if name not in hidden}
    withheld = hidden & view.fields.keys()
    if protected and "identifier" in shown:
        shown["identifier"] = papers = _papers_of_her_own(shown["identifier"])
        if papers != view.fields["identifier"]:
            withheld |= {"identifier"}
        if not papers:
            del shown["identifier"]
    return view.model_copy(
        update={
            "view": "disclosed",
            "fields": shown,
            "withheld": sorted(withheld),
            "external_id": None,
            "owner_id": None if protected else view.owner_id,
            "event_area": None if protected else view.event_area,
            # How the photos came to be read, and which key chose a face, are the owner's.
            "photos": [PhotoView(id=photo.id, state="embedded") for photo in photos if photo.state == "embedded"],
            "closed_for": None,
            "expires_at": None,
        }
    )


def _papers_of_her_own(entered: object) -> list[str] | str:
    """Return the identifiers that tell no place of the rescue, as they were entered."""
    written = entered if isinstance(entered, list) else [entered]
    kept = [text for text in map(str, written) if _kind(text) in PAPERS_OF_HER_OWN]
    return kept if isinstance(entered, list) else "".join(kept)


def _kind(identifier: str) -> str:
    kind, colon, _ = identifier.partition(":")
    return kind.strip().casefold().replace(" ", "_").replace("-", "_") if colon else ""


def outline_view(case: Case, photos: tuple[Photo, ...], *, own: bool) -> OutlineCaseView:
    """Return that there is a case; to its owner, also how it stands."""
    full = full_view(case, photos)
    mine = OwnOutline.model_validate(full.model_dump(include=set(OwnOutline.model_fields))) if own else None
    return OutlineCaseView(id=case.id, side=Side(case.side).value, own=mine)


def _is_protected(case: Case) -> bool:
    return is_guarded(case.side, case.protect_location)


def full_view(case: Case, photos: tuple[Photo, ...]) -> CaseView:
    """Return the full case."""
    return CaseView(
        id=case.id,
        side=Side(case.side).value,
        status=case.status,
        version=case.version,
        owner_id=case.owner_id,
        external_id=case.external_id,
        fields=dict(case.payload),
        origin_area=case.origin_area,
        event_area=case.event_area,
        protect_location=case.protect_location,
        face_consent=case.face_consent,
        photos=[photo_view(photo) for photo in photos],
        created_at=case.created_at.isoformat(),
        updated_at=case.updated_at.isoformat(),
        compared=case.matched_version >= case.version,
        expires_at=case.expires_at.isoformat() if case.expires_at else None,
        closed_for=case.closed_for,
    )


def photo_view(photo: Photo) -> PhotoView:
    """Return a photo's state; a photo withheld says why."""
    code, detail = photo.error_code, photo.error_detail
    if photo.state == "withheld" and code is None:
        code = "face_consent_missing"
        detail = (
            "kept and not compared: face_consent was not given for this case, or faces are switched off here or for "
            "its partner"
        )
    return PhotoView(
        id=photo.id,
        state=photo.state,
        faces_found=photo.faces_found,
        captured_on=photo.captured_on,
        error_code=code,
        error_detail=detail,
        faces_seen=None if photo.faces_seen is None else FacesSeen.model_validate(photo.faces_seen),
        chosen_box=photo.chosen_box,
        chosen_by=photo.chosen_by,
    )


AnyCaseView = CaseView | MaskedCaseView | OutlineCaseView
CaseOut = Annotated[AnyCaseView, Field(discriminator="view")]


def view_case(case: Case, view: View, photos: tuple[Photo, ...], *, own: bool = False) -> AnyCaseView:
    """Return the case as one caller sees it; never called for one who sees nothing.

    Args:
        own: whether it is the caller's organisation's.
    """
    match view:
        case View.FULL:
            return full_view(case, photos)
        case View.DISCLOSED:
            return disclosed_view(case, photos)
        case View.MASKED:
            return masked_view(case, any(photo.state == "embedded" for photo in photos))
        case View.OUTLINE:
            return outline_view(case, photos, own=own)
    raise AssertionError("whoever sees nothing is shown nothing")


OwnCaseOut = Annotated[CaseView | OutlineCaseView, Field(discriminator="view")]


def own_view(case: Case, photos: tuple[Photo, ...], scope: AccessScope) -> CaseView | OutlineCaseView:
    """Return a case as its owner sees it who acts now: without names, if he may not read them."""
    if scope.view_of(Relation.OWNER) is View.FULL:
        return full_view(case, photos)
    return outline_view(case, photos, own=True)


def _five_years(birth: PartialDate) -> str:
    return "{}-{}".format(*five_years(birth))
