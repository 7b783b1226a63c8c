"""What has a person agreed to when the case comes in, and what else can be said later? Purposes, recipients, bases.

matching     to be compared with the other side; withdrawn, the case is closed to every search at once
sharing      to be shown, as far as a match requires it, to a class of organisations
faces        photos may be compared
referral     to be handed to another organisation
publication  a missing child's photo may be published

A consent is not always what is needed: a guardian may be the trafficker, and the law asks police and shelters to trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.ids import RandomBytes, new_id
from api.store import Connection, cases, consents
from api.store.cases import Case
from api.store.consents import Consent

Purpose = Literal["matching", "sharing", "faces", "referral", "publication"]
Recipients = Literal["any", "police", "shelter", "ngo", "coordination"]
Basis = Literal["consent", "guardian_consent", "report", "legal_duty", "vital_interest", "best_interest", "court_order"]
GivenBy = Literal["person", "guardian", "reporter", "authority"]


class ConsentForm(BaseModel):
    """Something that was agreed to, or refused."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"purpose": "sharing", "recipients": "police", "basis": "consent", "given_by": "person"}]
        },
    )

    purpose: Purpose = Field(description="what for")
    recipients: Recipients = Field("any", description="for which class of organisations")
    basis: Basis = Field("consent", description="consent, or what stands in for it")
    given_by: GivenBy = Field("person", description="who said so")

    @model_validator(mode="after")
    def _one_engine(self) -> Self:
        if self.purpose in ("matching", "faces") and self.recipients != "any":
            raise ValueError("matching and faces are for no class of recipients: nobody receives anything by them")
        return self

    granted: bool = Field(True, description="false when it was refused: the default for this purpose then falls away")


class Given(NamedTuple):
    """Something agreed to, before it is stored."""

    purpose: str
    recipients: str
    basis: str
    given_by: str


def agreed_at_first(side: str, faces: bool, said: Iterable[ConsentForm] = ()) -> tuple[Given, ...]:
    """Return what holds when a case comes in.

    A family that reports its child asks for the search; of a rescued person the law asks that her family be traced.
    Whatever was said of a purpose takes the place of that.

    Args:
        side: "missing" or "rescued".
        faces: whether photos may be compared.
        said: what was asked and answered.
    """
    said = list(said)
    basis, by = ("report", "reporter") if side == "missing" else ("legal_duty", "authority")
    spoken_of = {one.purpose for one in said}
    found = [
        Given(purpose, "any", basis, by) for purpose in ("matching", "sharing", "referral") if purpose not in spoken_of
    ]
    found += [Given(one.purpose, one.recipients, one.basis, one.given_by) for one in said if one.granted]
    if faces and "faces" not in spoken_of:
        found.append(Given("faces", "any", "consent", "reporter" if side == "missing" else "person"))
    return tuple(dict.fromkeys(found))


def as_rows(
    case_id: str, given: Sequence[Given], *, first_version: int, at: datetime, by: str, random_bytes: RandomBytes
) -> list[Consent]:
    """Return what was agreed to as it is stored, in versions from `first_version`."""
    return [
        Consent(
            new_id("consent", at, random_bytes), case_id, version, one.purpose, one.recipients, one.basis, one.given_by,
            at, by,
        )
        for version, one in enumerate(given, first_version)
    ]  # fmt: skip


_BY_CHANGE = "change:"
"""Before the actor of a withdrawal that a changed case brought: it may be given again by a change, too."""


def note_face_consent(conn: Connection, case: Case, *, at: datetime, by: str, random_bytes: RandomBytes) -> None:
    """Record that photos may be compared, or no longer, where a changed case says other than before."""
    known = [one for one in consents.consents_of(conn, case.id) if one.purpose == "faces"]
    standing_ones = [one for one in known if one.in_force]
    said_no = any(one.withdrawn_by and not one.withdrawn_by.startswith(_BY_CHANGE) for one in known)
    if case.face_consent and said_no and not standing_ones:
        # Withdrawn where consent is recorded, it is given again there, never by a file that says what it did before.
        cases.set_face_consent(conn, case.id, False, at)
    elif case.face_consent and not standing_ones:
        given = [one for one in agreed_at_first(case.side, True) if one.purpose == "faces"]
        version = consents.next_version(conn, case.id)
        new = as_rows(case.id, given, first_version=version, at=at, by=by, random_bytes=random_bytes)
        consents.add_consents(conn, new)
    elif not case.face_consent:
        for one in standing_ones:
            consents.withdraw(conn, one.id, at=at, by=f"{_BY_CHANGE}{by}")
