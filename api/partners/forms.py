"""What comes in at the doors of partners, and what goes out: to all partners, and to those who manage one."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.access import CASE_WORK, Permission
from api.partners.office_hours import PERIODS_A_DAY, WEEKDAYS, Hours
from api.partners.profile import ChangedPartner
from api.partners.rules import CHANNELS, Changes
from api.store.partners import Partner

# As strict as delivery is: an address that it refuses would be a dead letter each time.
_EMAIL = r"^[^@\s\x00-\x1f]+@([^@\s\x00-\x1f]+\.[^@\s\x00-\x1f]+|localhost)$"
_NEVER_NULL = ("name", "country", "language", "areas", "active")

EnteredKind = Literal["shelter", "ahtu", "ngo", "police", "nodal", "coordination", "focal_point", "cwc"]
PartnerKind = Literal[EnteredKind, "operator"]
Channel = Literal["webhook", "email", "inbox"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=120)]
Country = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]
Language = Annotated[str, StringConstraints(max_length=20, pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$")]
Areas = Annotated[list[Annotated[str, StringConstraints(max_length=200)]], Field(max_length=50)]
Email = Annotated[str, StringConstraints(max_length=200, pattern=_EMAIL)]
Url = Annotated[str, StringConstraints(max_length=500)]
Zone = Annotated[str, StringConstraints(max_length=64)]
Time = Annotated[str, StringConstraints(pattern="^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Periods = Annotated[list[Annotated[list[Time], Field(min_length=2, max_length=2)]], Field(max_length=PERIODS_A_DAY)]
Channels = Annotated[list[Channel], Field(min_length=1, max_length=len(CHANNELS))]
AlertKind = Literal["match", "bulletin", "same_person", "same_suspect", "clock", "digest"]
AlertGrade = Literal["certain", "probable", "possible", "certainly-not"]
AlertClass = Literal["critical", "standard"]
_RESIDENCY = "ISO 3166-1 alpha-2: the country in which its records must be kept; null: it makes no demand"
_ZONE = "IANA name, such as Asia/Kolkata; needed where there are office hours"
_HOURS = "weekday -> periods [from, to] of local time; a day left out is closed; null: always open"
_CHANNELS = "how it wants to be told, the way it likes best first; null: by every contact there is"
_DEADLINES = "class of alerts -> its own hours to acknowledge and to act; null: the usual ones. Set by operators"
_QUIET = (
    "what it does not want to be sent, or not at once; null: nothing. Never a critical alert, a recall, an escalation"
)


class HoursAllowed(BaseModel):
    """Hours within which alerts of a class are to be answered."""

    model_config = ConfigDict(extra="forbid")

    acknowledge: int = Field(ge=1, le=72)
    act: int = Field(ge=1, le=216)


class QuietRules(BaseModel):
    """What is in the inbox and in no message, and whether other messages wait for the opening of the office."""

    model_config = ConfigDict(extra="forbid")

    until: date | None = Field(None, description="last day in its time zone; null: until it is taken away")
    kinds: list[AlertKind] = Field(default_factory=list, max_length=6, description="any but match")
    grades: list[AlertGrade] = Field(default_factory=list, max_length=4, description="of matches: possible")
    outside_hours: bool = Field(False, description="messages wait until the office opens")


class PartnerForm(BaseModel):
    """A new partner."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "AHTU South 24 Parganas",
                    "kind": "ahtu",
                    "country": "IN",
                    "areas": ["IN/WB/south-24-parganas"],
                    "email": "ahtu@example.org",
                    "webhook_url": "https://ahtu.example.org/sandhan",
                }
            ]
        },
    )

    name: Name
    kind: EnteredKind
    country: Country = Field(description="ISO 3166-1 alpha-2")
    language: Language = Field("en", description="BCP 47, of its messages")
    areas: Areas = Field(default_factory=list, description="areas it is responsible for: IN/AS, or India, Assam")
    email: Email | None = None
    webhook_url: Url | None = None
    residency: Country | None = Field(None, description=_RESIDENCY)
    time_zone: Zone | None = Field(None, description=_ZONE)
    office_hours: dict[Weekday, Periods] | None = Field(None, description=_HOURS)
    channels: Channels | None = Field(None, description=_CHANNELS)
    key_permissions: Annotated[list[Permission], Field(min_length=1, max_length=len(CASE_WORK))] | None = Field(
        None, description="what its first key may do with cases; null: what software usually needs, never names"
    )

    def hours(self) -> Hours | None:
        """Return the office hours, by day."""
        return None if self.office_hours is None else {str(day): said for day, said in self.office_hours.items()}


class PartnerChange(BaseModel):
    """What changes of a partner; what is left out stays. Its kind never changes: that would be another partner.

    Its own administrators change language, time_zone, office_hours, channels, email, webhook_url and its secret, and
    quiet.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"time_zone": "Asia/Kolkata", "office_hours": {"mon": [["10:00", "17:30"]]}},
                {"active": False},
            ]
        },
    )

    name: Name | None = Field(None, description="null is as good as left out, here and to `active`")
    country: Country | None = Field(None, description="ISO 3166-1 alpha-2")
    language: Language | None = Field(None, description="BCP 47, of its messages")
    areas: Areas | None = Field(None, description="all areas it is responsible for from now on")
    active: bool | None = Field(
        None, description="false: its keys and sessions open nothing, and its cases are neither searched nor shown"
    )
    residency: Country | None = Field(None, description=_RESIDENCY)
    time_zone: Zone | None = Field(None, description=_ZONE)
    office_hours: dict[Weekday, Periods] | None = Field(None, description=_HOURS)
    channels: Channels | None = Field(None, description=_CHANNELS)
    email: Email | None = Field(None, description="null: none any more")
    webhook_url: Url | None = Field(None, description="null: none any more; another address gets another secret")
    deadlines: dict[AlertClass, HoursAllowed] | None = Field(None, description=_DEADLINES)
    quiet: QuietRules | None = Field(None, description=_QUIET)
    rotate_secret: bool = Field(
        False, description="make a new webhook secret; messages are signed by it and the one before until the next one"
    )

    def changes(self) -> Changes:
        """Return what is said of the partner."""
        said = self.model_dump(exclude_unset=True, exclude={"rotate_secret"})
        kept = {name: value for name, value in said.items() if value is not None or name not in _NEVER_NULL}
        return cast(Changes, kept)


class FacesForm(BaseModel):
    """Whether faces in photos of a partner's cases are compared."""

    model_config = ConfigDict(extra="forbid")

    compared: bool = Field(description="false also forgets every face that was found in its photos")


class PartnerView(BaseModel):
    """A partner as all partners see it."""

    id: str
    name: str
    kind: str
    country: str
    areas: list[str]
    language: str
    time_zone: str | None = Field(description="IANA name")
    office_hours: dict[Weekday, Periods] | None = Field(description=_HOURS)
    residency: str | None = Field(description=_RESIDENCY)


class ContactsView(BaseModel):
    """How a partner is reached."""

    email: str | None
    webhook_url: str | None
    channels: list[Channel] | None = Field(description=_CHANNELS)
    quiet: QuietRules | None = Field(description=_QUIET)


class OnePartnerView(PartnerView):
    """A partner by itself."""

    active: bool = Field(description="takes part; only operators see one that no longer does")
    faces: bool = Field(description="whether faces in photos of its cases are compared")
    deadlines: dict[AlertClass, HoursAllowed] | None = Field(description=_DEADLINES)
    contacts: ContactsView | None = Field(description="for operators and its own administrators; null to others")


class ChangedView(OnePartnerView):
    """A partner after a change; a new webhook secret is shown this once."""

    webhook_secret: str | None = Field(description="verifies webhook signatures; null where the one before still does")


class WelcomeView(PartnerView):
    """A partner just registered; the secrets are shown this once."""

    api_key: str | None = Field(description="expires in a year; null in a replayed answer")
    webhook_secret: str | None = Field(
        description="verifies webhook signatures (Standard Webhooks); null in a replayed answer"
    )


class PartnerPage(BaseModel):
    """A page of the partners that take part; `next` is the value of `after` for the next page."""

    items: list[PartnerView]
    next: str | None


def shared(partner: Partner) -> dict[str, object]:
    """Return what all partners see of one."""
    hours = partner.office_hours
    return {
        "id": partner.id,
        "name": partner.name,
        "kind": partner.kind,
        "country": partner.country,
        "areas": list(partner.areas),
        "language": partner.language,
        "time_zone": partner.time_zone,
        "office_hours": None if hours is None else {day: hours[day] for day in WEEKDAYS if day in hours},
        "residency": partner.residency,
    }


def one_view(partner: Partner, *, contacts: bool) -> OnePartnerView:
    """Return a partner by itself.

    Args:
        contacts: the caller may see how it is reached.
    """
    reached = {
        "email": partner.email, "webhook_url": partner.webhook_url, "channels": partner.channels, "quiet": partner.quiet
    }  # fmt: skip
    alone = {
        "active": partner.active, "faces": partner.faces, "deadlines": partner.deadlines,
        "contacts": reached if contacts else None,
    }  # fmt: skip
    return OnePartnerView.model_validate(shared(partner) | alone)


def changed_view(changed: ChangedPartner) -> ChangedView:
    """Return a partner after a change, to whoever could make it."""
    view = one_view(changed.partner, contacts=True)
    return ChangedView.model_validate(view.model_dump() | {"webhook_secret": changed.webhook_secret})
