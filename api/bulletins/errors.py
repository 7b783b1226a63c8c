"""Why may something not be published?

SandhanError
└── PublicationRefused         base
    ├── PublicationForbidden   the law forbids it: of who was rescued or found, and where a protected person is
    ├── PersonNeeded           software authorises nothing
    ├── AuthorisationOver      it was withdrawn, has expired, or the case has another owner
    └── NotAgreedTo            no consent to publication for this class of organisations
"""

from __future__ import annotations

from typing import Final, Literal

from matcher.errors import SandhanError

Ground = Literal["rescued", "found", "protected"]
_LAW: Final = "Juvenile Justice Act 2015, s. 74; POCSO Act 2012, s. 23"
_WHY: Final[dict[Ground, str]] = {
    "rescued": f"the identity of a rescued child is never published ({_LAW})",
    "found": f"the child is known to be found, and who was found is not published ({_LAW})",
    "protected": f"where a protected person was or is must not be published ({_LAW})",
}


class PublicationRefused(SandhanError):
    """Base: this may not be published."""

    code = "publication_refused"


class PublicationForbidden(PublicationRefused):
    """The law forbids to publish it: of who was rescued or found, and where a protected person is."""

    code = "publication_forbidden"

    def __init__(self, ground: Ground) -> None:
        super().__init__(_WHY[ground])
        self.ground = ground


class PersonNeeded(PublicationRefused):
    """It takes a person who has signed in; software does not authorise."""

    code = "person_needed"

    def __init__(self) -> None:
        super().__init__("a publication is authorised by a person who has signed in, not by a key")


class AuthorisationOver(PublicationRefused):
    """The authorisation permits nothing any more."""

    code = "authorisation_over"

    def __init__(self) -> None:
        super().__init__("the authorisation was withdrawn, has expired, or was given to a former owner of the case")


class NotAgreedTo(PublicationRefused):
    """There is no consent to publication, and no other ground, for this class of organisations."""

    code = "publication_not_agreed"

    def __init__(self) -> None:
        super().__init__("there is no consent, and no other ground, for publishing this case to such an organisation")
