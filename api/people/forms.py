"""What comes in at the doors of people and sign-in, and what goes out?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictBool, StringConstraints, model_validator

from api.access import AccessScope, Permission, Role
from api.people.enrolment import Enrolment
from api.people.passwords import MAX_LENGTH, MIN_LENGTH
from api.people.service import Invitation, Person
from api.people.sessions import SignedIn
from api.people.signing_in import Step

Email = Annotated[str, StringConstraints(min_length=3, max_length=200)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=MAX_LENGTH)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Device = Annotated[str, StringConstraints(pattern=r"^dev_[0-9a-f]{64}$")]
Code = Annotated[str, StringConstraints(pattern=r"^ *[0-9]{3} ?[0-9]{3} *$")]
RecoveryCode = Annotated[str, StringConstraints(min_length=16, max_length=40)]
Language = Annotated[str, StringConstraints(max_length=20, pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$")]


def _strict(*examples: JsonValue) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": list(examples)}, hide_input_in_errors=True)


class SecondFactor(BaseModel):
    """A code of the second factor, or one of the recovery codes in its place."""

    code: Code | None = Field(None, description="six digits of the authenticator application; each is good once")
    recovery_code: RecoveryCode | None = Field(None, description="in place of `code`; each is good once")
    cookie: StrictBool = Field(False, description="set the session's token as a cookie and leave it out of the answer")
    device: Device | None = Field(None, description="`device` of an earlier sign-in here; browsers send it as a cookie")


class SignInForm(SecondFactor):
    """Who signs in. Without a code, the answer may ask for it."""

    model_config = _strict(
        {"email": "officer@example.org", "password": "four unrelated quiet words", "code": "123456"},
        {"email": "officer@example.org", "password": "four unrelated quiet words"},
    )

    email: Email
    password: Password


class CodeForm(SecondFactor):
    """The second step of a sign-in."""

    model_config = _strict(
        {"token": "sig_…", "code": "123456"}, {"token": "sig_…", "recovery_code": "k3d9-4mzt-07qe-x1va"}
    )

    token: Token = Field(description="`token` of the first step")

    @model_validator(mode="after")
    def _one_of_both(self) -> CodeForm:
        if (self.code is None) == (self.recovery_code is None):
            raise ValueError("send either code or recovery_code")
        return self


class PasswordForm(BaseModel):
    """The password before and the new one."""

    model_config = _strict({"current": "four unrelated quiet words", "new": "other words that nobody guesses"})

    current: Password
    new: Password = Field(description=f"{MIN_LENGTH} to {MAX_LENGTH} characters, no common ones")


class SessionView(BaseModel):
    """A session just opened."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "token": "ses_…", "csrf_token": "5c1f…", "expires_at": "2026-11-01T21:00:00+00:00", "idle_minutes": 30,
        "person_id": "person_01…", "partner_id": "partner_01…", "roles": ["officer"], "recovery_codes_left": 10,
        "device": "dev_…",
    }]})  # fmt: skip

    token: str | None = Field(description="goes with every request as `Authorization: Bearer`; null if it is a cookie")
    csrf_token: str = Field(description="where the token is a cookie: `X-CSRF-Token` of everything but GET and HEAD")
    expires_at: str = Field(description="the latest moment; earlier when nothing is asked for `idle_minutes`")
    idle_minutes: int
    person_id: str
    partner_id: str
    roles: list[Role]
    recovery_codes_left: int
    device: str | None = Field(
        description="send it with the next sign-in from here, so that others who guess cannot lock you out; null if it "
        "is a cookie"
    )


class StepView(BaseModel):
    """The password was right; something is missing still."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"next": "code", "token": "sig_…", "expires_at": "2026-11-01T09:05:00+00:00"},
    ]})  # fmt: skip

    next: Literal["code", "enrol"] = Field(
        description="`code`: POST /v1/session/code with this token; `enrol`: POST /v1/enrolment with it"
    )
    token: str
    expires_at: str


class CallerView(BaseModel):
    """Who the caller is, and what he, she or it may do."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "partner_id": "partner_01…", "partner_kind": "ahtu", "actor_id": "person_01…", "role": "nodal",
        "permissions": ["cases:read", "names:read"], "areas": ["IN/WB"], "csrf_token": None,
    }]})  # fmt: skip

    partner_id: str
    partner_kind: str
    actor_id: str = Field(description="of the person or the key")
    role: Role
    permissions: list[Permission]
    areas: list[str]
    csrf_token: str | None = Field(description="of the session that came as a cookie")


class TokenForm(BaseModel):
    """The token of an enrolment."""

    model_config = _strict({"token": "enr_…"})

    token: Token


class EnrolmentView(BaseModel):
    """What to set up."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "email": "officer@example.org", "totp_secret": "JBSWY3DPEHPK3PXP…", "otpauth_uri": "otpauth://totp/Sandhan:…",
        "expires_at": "2026-11-03T09:00:00+00:00", "password_needed": True, "second_factor_needed": True,
        "password_min_length": 12,
    }]})  # fmt: skip

    email: str
    totp_secret: str = Field(description="for an authenticator application that reads no pictures")
    otpauth_uri: str = Field(description="shown as a picture, read by an authenticator application")
    expires_at: str
    password_needed: bool
    second_factor_needed: bool
    password_min_length: int


class ConfirmForm(BaseModel):
    """The password that is set, and the first code of the second factor."""

    model_config = _strict({"token": "enr_…", "password": "four unrelated quiet words", "code": "123456"})

    token: Token
    password: Password | None = Field(None, description=f"{MIN_LENGTH} to {MAX_LENGTH} characters, no common ones")
    code: Code | None = Field(None, description="left out: no second factor, where the role allows it")


class EnrolledView(BaseModel):
    """The recovery codes; they are shown this once. Sign in with the next code."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"recovery_codes": ["k3d9-4mzt-07qe-x1va"]}]})

    recovery_codes: list[str]


class PersonForm(BaseModel):
    """A person who shall act for your organisation."""

    model_config = _strict({"name": "Example Person", "email": "officer@example.org", "roles": ["officer"]})

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=120)]
    email: Email
    roles: list[Role] = Field(min_length=1, max_length=len(Role), description="the first is what he or she is mainly")
    language: Language | None = Field(None, description="BCP 47; your organisation's when left out")


class PersonChange(BaseModel):
    """What changes of a person; sessions end."""

    model_config = _strict({"roles": ["nodal", "verifier"]}, {"active": False})

    roles: list[Role] | None = Field(None, min_length=1, max_length=len(Role))
    active: StrictBool | None = None


class PersonView(BaseModel):
    """A person of your organisation."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "id": "person_01…", "name": "Example Person", "email": "officer@example.org", "roles": ["officer"],
        "language": "en", "active": True, "enrolled": True, "second_factor": True,
        "created_at": "2026-11-01T09:00:00+00:00",
    }]})  # fmt: skip

    id: str
    name: str
    email: str
    roles: list[Role]
    language: str
    active: bool
    enrolled: bool = Field(description="has a password, or an account elsewhere that is linked")
    second_factor: bool
    created_at: str


class PeoplePage(BaseModel):
    """A page of the people of your organisation; `next` is the value of `after` for the next page."""

    items: list[PersonView]
    next: str | None


class InvitationView(BaseModel):
    """A person with the token to enrol with; it is shown this once and good once."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "person": {
            "id": "person_01…", "name": "Example Person", "email": "officer@example.org", "roles": ["officer"],
            "language": "en", "active": True, "enrolled": False, "second_factor": False,
            "created_at": "2026-11-01T09:00:00+00:00",
        },
        "enrolment_token": "enr_…", "enrolment_link": "https://sandhan.example.org/enrol#enr_…",
        "expires_at": "2026-11-03T09:00:00+00:00",
    }]})  # fmt: skip

    person: PersonView
    enrolment_token: str | None = Field(description="null in a replayed answer")
    enrolment_link: str | None = Field(
        description="the token stands behind #, so that no server's log has it; null in a replayed answer"
    )
    expires_at: str


def session_view(session: SignedIn, idle_minutes: int, *, cookie: bool) -> SessionView:
    """Return a session as its owner sees it."""
    return SessionView(
        token=None if cookie else session.token,
        csrf_token=session.csrf_token,
        expires_at=session.expires_at.isoformat(),
        idle_minutes=idle_minutes,
        person_id=session.person_id,
        partner_id=session.partner_id,
        roles=[Role(role) for role in session.roles],
        recovery_codes_left=session.recovery_codes_left,
        device=None if cookie else session.device,
    )


def step_view(step: Step) -> StepView:
    """Return what is missing of a sign-in."""
    return StepView(next=step.next.value, token=step.token, expires_at=step.expires_at.isoformat())


def caller_view(scope: AccessScope, csrf_token: str | None) -> CallerView:
    """Return who the caller is."""
    return CallerView(
        partner_id=scope.partner_id,
        partner_kind=scope.kind,
        actor_id=scope.actor_id,
        role=scope.role,
        permissions=[permission for permission in Permission if permission in scope.permissions],
        areas=list(scope.areas),
        csrf_token=csrf_token,
    )


def enrolment_view(enrolment: Enrolment) -> EnrolmentView:
    """Return what to set up."""
    return EnrolmentView(
        email=enrolment.email,
        totp_secret=enrolment.totp_secret,
        otpauth_uri=enrolment.address,
        expires_at=enrolment.expires_at.isoformat(),
        password_needed=enrolment.password_needed,
        second_factor_needed=enrolment.second_factor_needed,
        password_min_length=MIN_LENGTH,
    )


def person_view(person: Person) -> PersonView:
    """Return a person as those see him or her who manage people."""
    return PersonView(
        id=person.id,
        name=person.name,
        email=person.email,
        roles=[Role(role) for role in person.roles],
        language=person.language,
        active=person.active,
        enrolled=person.enrolled,
        second_factor=person.second_factor,
        created_at=person.created_at.isoformat(),
    )


def enrolment_link(public_url: str, token: str) -> str:
    """Return the address under which a person enrols."""
    return f"{public_url}/enrol#{token}"


def invitation_view(invitation: Invitation, public_url: str) -> InvitationView:
    """Return an invitation as the administrator hands it on."""
    return InvitationView(
        person=person_view(invitation.person),
        enrolment_token=invitation.token,
        enrolment_link=enrolment_link(public_url, invitation.token),
        expires_at=invitation.expires_at.isoformat(),
    )
