"""What can keep somebody from doing something after the report?

SandhanError
└── CareConflict              the request is sound, and things stand otherwise
    ├── AlreadyCorrected      the entry named is not the one that stands
    ├── NotDue                the visit was settled before
    ├── NoAgreement           no sharing agreement between the two partners is in force
    ├── ReferralOpen          the same is open already
    ├── StepRefused           the step is not one of this party in this state (`referral_states`)
    ├── CaseClosed            the case is closed
    └── TransferClash         the receiver has another case of this side and number
"""

from __future__ import annotations

from matcher.errors import SandhanError


class CareConflict(SandhanError):
    """Base: the request is sound, and things stand otherwise."""

    code = "care_conflict"


class AlreadyCorrected(CareConflict):
    """The entry named is not the one that stands."""

    code = "already_corrected"

    def __init__(self) -> None:
        super().__init__("another entry corrects this one already; read them again and name the one that stands")


class NotDue(CareConflict):
    """The visit was settled before."""

    code = "not_due"

    def __init__(self, state: str) -> None:
        super().__init__(f"this follow-up is {state}; only one that is due can be settled")


class NoConsent(CareConflict):
    """The person has not agreed to be handed to this class of organisations."""

    code = "no_consent"

    def __init__(self) -> None:
        super().__init__("there is no consent, and no other ground, for handing this case to such an organisation")


class NoAgreement(CareConflict):
    """No sharing agreement between the two partners is in force."""

    code = "no_agreement"

    def __init__(self) -> None:
        super().__init__("there is no sharing agreement in force between you and this partner; make one first")


class ReferralOpen(CareConflict):
    """The same is open already."""

    code = "referral_open"

    def __init__(self, kind: str) -> None:
        super().__init__(f"a {kind} of this case is open already; end it first")


class CaseClosed(CareConflict):
    """The case is closed."""

    code = "case_closed"

    def __init__(self) -> None:
        super().__init__("the case is closed; open it again first")


class TransferClash(CareConflict):
    """The receiver has another case of this side and number."""

    code = "transfer_clash"

    def __init__(self) -> None:
        super().__init__(
            "the receiver has a case of this side with the same external_id; one of the two needs another number first"
        )
