"""What must be there before a step of a match is taken? Pure questions to one small picture of how things stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from api.matches.states import Disposition, Finding, MatchState, RejectionReason, UndoReason
from matcher.person import Side

RISEN_BY: Final = 3.0
"""By how many bits the weight of a rejected pair must rise before anybody hears of it again."""


@dataclass(frozen=True, slots=True)
class Said:
    """What stands of a side: its latest disposition, by whom, and for which organisation."""

    disposition: Disposition
    person: str
    partner: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """A rejection that stands: until when, and how strong the evidence was when it was made."""

    until: datetime
    weight: float
    rank: int


@dataclass(frozen=True, slots=True)
class Situation:
    """How things stand, with what is being decided counted in.

    Attributes:
        owners: of the missing report and of the rescued person's record.
        said: side -> what stands of it.
        weight, rank: how strong the evidence is now; the rank is that of the grade.
        side, says, reason, until, finding, order: whose decision it is, and what was given with it.
        home: outcome of the newest home investigation report, None where there is none.
        rival_found: another match of one of the two persons is verified.
        rejection: the latest that stands.
        last_side: whose the last step was that can be undone.
        earlier: the state that undoing it, or coming back, leads to.
    """

    now: datetime
    owners: tuple[str, str]
    said: Mapping[Side, Said]
    weight: float = 0.0
    rank: int = 0
    side: Side | None = None
    says: Disposition | None = None
    reason: str | None = None
    until: datetime | None = None
    finding: Finding | None = None
    order: bool = False
    home: str | None = None
    rival_found: bool = False
    rejection: Rejection | None = None
    last_side: Side | None = None
    earlier: MatchState | None = None

    def count(self, disposition: Disposition) -> int:
        """Return how many sides say this."""
        return sum(said.disposition is disposition for said in self.said.values())


class Guard(StrEnum):
    """What must be there before a step."""

    OTHER_SIDE = "other_side"
    TWO_PERSONS = "two_persons"
    TWO_ORGANISATIONS = "two_organisations"
    REJECTION_REASON = "rejection_reason"
    UNTIL = "until"
    OTHER_REJECTED = "other_rejected"
    DISPOSITION = "disposition"
    FINDING = "finding"
    NO_RIVAL = "no_rival"
    HOME_SAFE = "home_safe"
    HOME_REPORT = "home_report"
    ORDER = "order"
    OWN_STEP = "own_step"
    UNDO_REASON = "undo_reason"
    OVER_OR_RISEN = "over_or_risen"


GUARD_WORDS: Final[Mapping[Guard, str]] = {
    Guard.OTHER_SIDE: "both sides confirm; yours has, the other one has to",
    Guard.TWO_PERSONS: "the two sides are confirmed by two different persons",
    Guard.TWO_ORGANISATIONS: "where the sides have two owners, two organisations confirm",
    Guard.REJECTION_REASON: "`reason`, one of " + ", ".join(RejectionReason),
    Guard.UNTIL: "`until`, a day to come: how long the pair stays silent",
    Guard.OTHER_REJECTED: "it was the other side that rejected, and yours does not",
    Guard.DISPOSITION: "`disposition`: confirm, reject or unsure",
    Guard.FINDING: "`finding` of the field verification: same_person",
    Guard.NO_RIVAL: "no other match of either person is verified",
    Guard.HOME_SAFE: "the newest home investigation report says safe, and is the one named",
    Guard.HOME_REPORT: "a home investigation report was received, and the newest is the one named",
    Guard.ORDER: "`order`: the authority and the number of its order",
    Guard.OWN_STEP: "the last step was your side's",
    Guard.UNDO_REASON: "`reason`, one of " + ", ".join(UndoReason),
    Guard.OVER_OR_RISEN: f"the day is over, or the weight has risen by {RISEN_BY:g} bits, or the grade has risen",
}
"""Guard -> what is needed, in words."""


def _different(situation: Situation, of: Callable[[Said], str]) -> bool:
    return len({of(said) for said in situation.said.values()}) == 2


def _over_or_risen(situation: Situation) -> bool:
    stands = situation.rejection
    if stands is None or situation.now >= stands.until:
        return True
    return situation.rank > stands.rank or situation.weight >= stands.weight + RISEN_BY


def _other_rejected(situation: Situation) -> bool:
    rejecting = [side for side, said in situation.said.items() if said.disposition is Disposition.REJECT]
    return bool(rejecting) and situation.side not in rejecting


GUARDS: Final[Mapping[Guard, Callable[[Situation], bool]]] = {
    Guard.OTHER_SIDE: lambda now: now.count(Disposition.CONFIRM) == 2,
    Guard.TWO_PERSONS: lambda now: _different(now, lambda said: said.person),
    Guard.TWO_ORGANISATIONS: lambda now: len(set(now.owners)) < 2 or _different(now, lambda said: said.partner),
    # Of a settlement only where it rejects.
    Guard.REJECTION_REASON: lambda now: now.says is not Disposition.REJECT or now.reason in tuple(RejectionReason),
    Guard.UNTIL: lambda now: now.says is not Disposition.REJECT or (now.until is not None and now.until > now.now),
    Guard.OTHER_REJECTED: _other_rejected,
    Guard.DISPOSITION: lambda now: now.says not in (None, Disposition.NEEDS_INFORMATION),
    Guard.FINDING: lambda now: now.finding is Finding.SAME_PERSON,
    Guard.NO_RIVAL: lambda now: not now.rival_found,
    Guard.HOME_SAFE: lambda now: now.home == "safe",
    Guard.HOME_REPORT: lambda now: now.home is not None,
    Guard.ORDER: lambda now: now.order,
    Guard.OWN_STEP: lambda now: now.last_side is not None and now.last_side == now.side,
    Guard.UNDO_REASON: lambda now: now.reason in tuple(UndoReason),
    Guard.OVER_OR_RISEN: _over_or_risen,
}


class When(StrEnum):
    """Which of several rows counts; decided by what the sides say, this decision counted in."""

    ALWAYS = ""
    BOTH_CONFIRM = "both sides confirm"
    BOTH_REJECT = "both sides reject"
    ONE_REJECTS = "one side still rejects"
    ONE_CONFIRMS = "a side confirms"
    REJECTION_STANDS = "a rejection stands"
    RIVAL_FOUND = "another match of either person is verified"


WHENS: Final[Mapping[When, Callable[[Situation], bool]]] = {
    When.ALWAYS: lambda _: True,
    When.BOTH_CONFIRM: lambda now: now.count(Disposition.CONFIRM) == 2,
    When.BOTH_REJECT: lambda now: now.count(Disposition.REJECT) == 2,
    When.ONE_REJECTS: lambda now: now.count(Disposition.REJECT) == 1,
    When.ONE_CONFIRMS: lambda now: now.count(Disposition.CONFIRM) >= 1,
    When.REJECTION_STANDS: lambda now: now.rejection is not None and now.now < now.rejection.until,
    When.RIVAL_FOUND: lambda now: now.rival_found,
}
