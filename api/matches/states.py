"""How far can a match be, what can happen to it, and in which words?"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class MatchState(StrEnum):
    """How far a match is."""

    SUGGESTED = "suggested"
    TRIAGE = "triage"
    CONFIRMED_BY_ONE = "confirmed_by_one"
    CONFIRMED_BY_BOTH = "confirmed_by_both"
    FIELD_VERIFICATION = "field_verification"
    VERIFIED = "verified"
    RESTORED = "restored"
    PLACED_SAFELY = "placed_safely"
    CLOSED = "closed"
    NEEDS_INFORMATION = "needs_information"
    REJECTED = "rejected"
    DISPUTED = "disputed"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


S = MatchState
LIVING: Final = (
    S.SUGGESTED, S.TRIAGE, S.CONFIRMED_BY_ONE, S.CONFIRMED_BY_BOTH, S.FIELD_VERIFICATION, S.NEEDS_INFORMATION,
    S.DISPUTED,
)  # fmt: skip
"""States in which people are still finding out; in all others nobody is alerted to new evidence."""
ENDED: Final = frozenset({S.WITHDRAWN, S.SUPERSEDED, S.EXPIRED})
"""States in which a match makes nobody a party any more."""
FOUND: Final = (S.VERIFIED, S.RESTORED, S.PLACED_SAFELY, S.CLOSED)
"""States in which it is settled who the person is."""
RECALLED: Final = ENDED | {S.REJECTED}
"""States of which whoever was alerted has to hear: what has not gone out is held back."""


class Action(StrEnum):
    """What happens to a match."""

    TAKE_UP = "take_up"
    CONFIRM = "confirm"
    ASK_INFORMATION = "ask_information"
    ANSWER_INFORMATION = "answer_information"
    REJECT = "reject"
    DISPUTE = "dispute"
    SETTLE = "settle"
    START_VERIFICATION = "start_verification"
    VERIFY = "verify"
    RESTORE = "restore"
    PLACE_SAFELY = "place_safely"
    CLOSE = "close"
    UNDO = "undo"
    REOPEN = "reopen"
    WITHDRAW = "withdraw"
    CASE_CLOSED = "case_closed"
    ENTERED_WRONGLY = "entered_wrongly"
    REVIVE = "revive"
    EXPIRE = "expire"
    SUPERSEDE = "supersede"
    COME_BACK = "come_back"


class Who(StrEnum):
    """Whose step it is."""

    OWNER = "owner of a side"
    VERIFIER = "owner of a side, with `matches:verify`"
    SYSTEM = "the service"


class Disposition(StrEnum):
    """What a side says of a match."""

    CONFIRM = "confirm"
    REJECT = "reject"
    NEEDS_INFORMATION = "needs_information"
    UNSURE = "unsure"


class RejectionReason(StrEnum):
    """Why somebody rejects: a word, never a text that could say whom it is about."""

    DIFFERENT_PERSON = "different_person"
    WRONG_SEX = "wrong_sex"
    WRONG_AGE = "wrong_age"
    ALREADY_FOUND = "already_found"
    DUPLICATE = "duplicate"
    OTHER = "other"


class UndoReason(StrEnum):
    """Why somebody takes a step back."""

    MISTAKE = "mistake"
    NEW_INFORMATION = "new_information"
    ORDER_LIFTED = "order_lifted"
    OTHER = "other"


class Finding(StrEnum):
    """What the field verification came to."""

    SAME_PERSON = "same_person"
    OTHER_PERSON = "other_person"
    INCONCLUSIVE = "inconclusive"


SAYS: Final[Mapping[Action, Disposition]] = {
    Action.TAKE_UP: Disposition.UNSURE, Action.CONFIRM: Disposition.CONFIRM, Action.REJECT: Disposition.REJECT,
    Action.ASK_INFORMATION: Disposition.NEEDS_INFORMATION, Action.DISPUTE: Disposition.UNSURE,
}  # fmt: skip
"""What a side says by a step; of a dispute and of a settlement it may say it otherwise."""
