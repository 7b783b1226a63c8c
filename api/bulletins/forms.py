"""What is asked for and answered about bulletins? Forms at the door, and what they see who ask."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.bulletins.authorising import NewAuthorisation
from api.bulletins.content import FIELDS
from api.bulletins.scope import PublicationScope
from api.bulletins.service import BulletinSeen, Publication
from api.care.views import EntryId
from api.cases.forms import Text
from api.partners.rules import resolve_area
from api.store.authorisations import Authorisation

Authority = Literal["cwc", "court", "magistrate", "police", "guardian"]
Shown = Literal["name", "age", "sex", "last_seen", "place", "marks"]
Kind = Literal["shelter", "ahtu", "ngo", "police", "nodal", "coordination", "focal_point", "cwc"]
DownReason = Literal["found", "wish", "error", "no_longer_needed", "other"]
Filled = Annotated[Text, StringConstraints(min_length=1)]


def _form(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class ScopeForm(BaseModel):
    """To whom something may be published: partners by id, and kinds of partners in areas."""

    model_config = ConfigDict(extra="forbid")

    partners: Annotated[list[EntryId], Field(max_length=500)] = Field(default_factory=list)
    kinds: Annotated[list[Kind], Field(max_length=8)] = Field(
        default_factory=list, description="with areas, only those of these kinds that are responsible there"
    )
    areas: Annotated[list[Text], Field(max_length=100)] = Field(
        default_factory=list, description="paths or names, such as IN/WB or India, West Bengal"
    )

    def scope(self) -> PublicationScope:
        """Return the scope.

        Raises:
            InvalidRecord: there is no such area.
        """
        areas = sorted({resolve_area(area, "areas") for area in self.areas})
        return PublicationScope(tuple(dict.fromkeys(self.partners)), tuple(dict.fromkeys(self.kinds)), tuple(areas))


class AuthorisationForm(BaseModel):
    """An authority's leave to publish a missing child."""

    model_config = _form(
        {"authority": "cwc", "authority_name": "CWC South 24 Parganas", "order_number": "CWC/114/26",
         "scope": {"kinds": ["ahtu", "police"], "areas": ["IN/WB", "IN/MH"]}, "fields": ["name", "age", "sex", "marks"],
         "with_photo": True, "until": "2027-01-31"}
    )  # fmt: skip

    authority: Authority
    authority_name: Filled = Field(description="kept sealed; shown to your own organisation only")
    order_number: Filled = Field(description="of the order, likewise")
    scope: ScopeForm
    fields: Annotated[list[Shown], Field(max_length=len(FIELDS))] = Field(description="what of the case may be shown")
    with_photo: bool = Field(False, strict=True)
    until: date = Field(description="the last day, at most 183 days ahead")

    def new(self) -> NewAuthorisation:
        """Return what is to be recorded.

        Raises:
            InvalidRecord: there is no such area.
        """
        return NewAuthorisation(
            authority=self.authority, name=self.authority_name, order_number=self.order_number,
            scope=self.scope.scope(), fields=tuple(dict.fromkeys(self.fields)), with_photo=self.with_photo,
            until=self.until,
        )  # fmt: skip


class AuthorisationView(BaseModel):
    """An authorisation of your own case."""

    id: str
    case_id: str
    authority: Authority
    authority_name: str | None = Field(
        description="left out for whoever may not read names, and once the case is erased"
    )
    order_number: str | None
    scope: ScopeForm
    fields: list[Shown]
    with_photo: bool
    expires_at: str
    created_at: str
    created_by: str
    withdrawn_at: str | None


class AuthorisationList(BaseModel):
    """The authorisations of a case, oldest first."""

    items: list[AuthorisationView]


class BulletinForm(BaseModel):
    """What is to be published, to whom, and under which authorisation."""

    model_config = _form(
        {"authorisation_id": "authorisation_01m6", "recipients": ["partner_01m6"], "photo_id": "photo_01m6"}
    )

    authorisation_id: EntryId
    recipients: Annotated[list[EntryId], Field(min_length=1, max_length=500)] = Field(description="ids of partners")
    fields: Annotated[list[Shown], Field(max_length=len(FIELDS))] | None = Field(
        None, description="fewer than the authorisation covers; all of them when left out"
    )
    photo_id: EntryId | None = Field(None, description="a photo of the case that was read and shows nobody else")
    shows_only_the_child: bool = Field(
        False,
        strict=True,
        description="somebody has looked at the photo, and it shows nobody else; needed where no face was looked for "
        "(faces are off, or nobody consented to comparing them) or none was found. It stands in the log",
    )

    def new(self) -> Publication:
        """Return what is to be published."""
        fields = None if self.fields is None else tuple(dict.fromkeys(self.fields))
        return Publication(
            authorisation_id=self.authorisation_id, recipients=tuple(self.recipients), fields=fields,
            photo_id=self.photo_id, shows_only_the_child=self.shows_only_the_child,
        )  # fmt: skip


class TakeDownForm(BaseModel):
    """Why a bulletin is taken down; the recipients are not told why."""

    model_config = _form({"reason": "found"})

    reason: DownReason


class BulletinContent(BaseModel):
    """What is shown of the child, as it was when it was published."""

    name: list[str] | None = None
    age: list[int] | None = Field(None, description="youngest and oldest in whole years, on the day of publication")
    sex: str | None = None
    last_seen: list[date] | None = Field(None, description="first and last day that it may have been")
    place: str | None = Field(None, description="where she was last seen: the district, no closer")
    marks: list[str] | None = None


class ReceiptView(BaseModel):
    """One recipient of your bulletin."""

    partner_id: str
    told: bool
    acknowledged_at: str | None
    first_read_at: str | None
    ended_at: str | None = Field(description="since when it is published to it no longer")
    reason: str | None
    taken_down_acknowledged_at: str | None = Field(description="when it confirmed that its copies are taken down")


class BulletinView(BaseModel):
    """A bulletin as you, who published it or to whom it was published, see it."""

    id: str
    issuer_id: str
    issuer: str
    state: Literal["published", "taken_down"]
    published_at: str
    until: str | None = Field(description="it ends then at the latest")
    has_photo: bool
    content: BulletinContent | None = Field(
        description="null in lists, once it is taken down, and for whoever may not read names"
    )
    case_id: str | None = Field(description="of your own bulletin; null for recipients")
    authorisation_id: str | None = Field(description="likewise")
    reason: str | None = Field(description="why it was taken down; likewise")
    recipients: list[ReceiptView] | None = Field(description="likewise")


class BulletinPage(BaseModel):
    """A page of bulletins; `next` is the value of `after` for the next page."""

    items: list[BulletinView]
    next: str | None


def authorisation_view(given: Authorisation, *, names: bool) -> AuthorisationView:
    """Return an authorisation as the owner of the case sees it.

    Args:
        names: whether the caller may read what people wrote.
    """
    return AuthorisationView.model_validate(
        {"id": given.id, "case_id": given.case_id, "authority": given.authority,
         "authority_name": given.name if names else None, "order_number": given.order_number if names else None,
         "scope": given.scope, "fields": given.fields, "with_photo": given.with_photo,
         "expires_at": given.expires_at.isoformat(), "created_at": given.created_at.isoformat(),
         "created_by": given.created_by,
         "withdrawn_at": given.withdrawn_at.isoformat() if given.withdrawn_at else None}
    )  # fmt: skip


def bulletin_view(seen: BulletinSeen) -> BulletinView:
    """Return a bulletin as one sees it who published it, or to whom it was published."""
    bulletin = seen.bulletin
    return BulletinView(
        id=bulletin.id,
        issuer_id=bulletin.issuer_id,
        issuer=seen.issuer,
        state="taken_down" if seen.over else "published",
        published_at=bulletin.published_at.isoformat(),
        until=seen.until.isoformat() if seen.until else None,
        has_photo=bulletin.photo_id is not None and not seen.over,
        content=None if seen.content is None else BulletinContent.model_validate(seen.content),
        case_id=bulletin.case_id if seen.own else None,
        authorisation_id=bulletin.authorisation_id if seen.own else None,
        reason=bulletin.reason if seen.own else None,
        recipients=_receipts(seen) if seen.own else None,
    )


def _receipts(seen: BulletinSeen) -> list[ReceiptView]:
    acknowledged = {(one.recipient_id, one.event): one.acknowledged_at for one in seen.told}

    def when(partner_id: str, event: str) -> str | None:
        moment = acknowledged.get((partner_id, event))
        return moment.isoformat() if moment else None

    return [
        ReceiptView(
            partner_id=one.partner_id,
            told=(one.partner_id, "published") in acknowledged,
            acknowledged_at=when(one.partner_id, "published"),
            first_read_at=one.first_read_at.isoformat() if one.first_read_at else None,
            ended_at=one.ended_at.isoformat() if one.ended_at else None,
            reason=one.reason,
            taken_down_acknowledged_at=when(one.partner_id, "taken_down"),
        )
        for one in seen.bulletin.receipts
    ]
