"""What can become of a case that is sent or asked for: how it came in, how far it is shown, and why it was refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from api.access import View
from api.cases.agreed import Given, agreed_at_first
from api.matches.service import MatchOutcome
from api.store.cases import Case, CaseContent
from api.store.matches import Match
from api.store.photos import Photo
from matcher.errors import SandhanError


class DuplicateCase(SandhanError):
    """The owner has a case of this external id with other content."""

    code = "duplicate_case"

    def __init__(self, case_id: str) -> None:
        super().__init__("you have a case with this external_id and other content; send a PUT to the case to change it")
        self.case_id = case_id


class Suppressed(SandhanError):
    """This record was erased or handed over: it is not taken again."""

    code = "suppressed"

    def __init__(self) -> None:
        super().__init__(
            "this record was erased or handed over, and is not taken again; an operator may: sandhan cases readmit"
        )


class ConsentMissing(SandhanError):
    """The person has withdrawn consent to being searched for."""

    code = "consent_missing"

    def __init__(self) -> None:
        super().__init__("consent to matching was withdrawn; record a new one first, then the case is opened by itself")


@dataclass(frozen=True, slots=True)
class Registered:
    """A case after registration.

    Attributes:
        created: whether it is new.
        photos: with what became of each.
        matches: every stored match of grade possible or better that the owner may know of, strongest first; also when
            it was compared before.
        outcome: what comparing it just now came to; None when it was not.
        alerts: alerts that were queued, as far as the owner may know of the matches.
    """

    case: Case
    created: bool
    photos: tuple[Photo, ...]
    matches: tuple[Match, ...]
    outcome: MatchOutcome | None
    alerts: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """A case as far as a caller may see it; `own` tells whether it is his organisation's."""

    case: Case
    view: View
    photos: tuple[Photo, ...]
    own: bool = True


class PutOutcome(StrEnum):
    """What storing a case under its owner's id came to."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    SUPPRESSED = "suppressed"
    """It was erased, and is not taken again."""


@dataclass(frozen=True, slots=True)
class CaseToPut:
    """A case as its owner's system knows it; found again by owner, side and external id, never without one.

    Attributes:
        agreed: what is agreed to when it comes in; None for what holds of itself.
    """

    side: str
    external_id: str | None = field(repr=False)
    content: CaseContent = field(repr=False)
    agreed: tuple[Given, ...] | None = None

    @property
    def given(self) -> tuple[Given, ...]:
        """Return what is agreed to."""
        return agreed_at_first(self.side, self.content.face_consent) if self.agreed is None else self.agreed
