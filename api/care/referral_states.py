"""Which step may a referral or a transfer take, and whose step is it? Pure: no database, no web, no clock.

The table below is all there is; the diagram in docs/guides/care.md is printed from it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from api.care.errors import CareConflict
from matcher.errors import InvalidRecord


class State(StrEnum):
    """How far a referral is."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    REVOKED = "revoked"
    DONE = "done"


class Event(StrEnum):
    """What somebody does with a referral after it was proposed."""

    ACCEPT = "accept"
    REJECT = "reject"
    REVOKE = "revoke"
    COMPLETE = "complete"


class Party(StrEnum):
    """Whose step it is."""

    PROPOSER = "proposer"
    RECEIVER = "receiver"


class StepReason(StrEnum):
    """Why somebody rejects or revokes: a word, never a text that could say whom it is about."""

    NO_CAPACITY = "no_capacity"
    NOT_COMPETENT = "not_competent"
    NEEDS_INFORMATION = "needs_information"
    SERVED_ELSEWHERE = "served_elsewhere"
    PERSON_DECLINED = "person_declined"
    MISTAKE = "mistake"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Transition:
    """One permitted step.

    Attributes:
        parties: who may take it.
        needs_reason: it is refused without a reason.
    """

    source: State
    event: Event
    target: State
    parties: frozenset[Party]
    needs_reason: bool


_PROPOSER, _RECEIVER = frozenset({Party.PROPOSER}), frozenset({Party.RECEIVER})
TRANSITIONS: Final = (
    Transition(State.PROPOSED, Event.ACCEPT, State.ACCEPTED, _RECEIVER, needs_reason=False),
    Transition(State.PROPOSED, Event.REJECT, State.REJECTED, _RECEIVER, needs_reason=True),
    Transition(State.PROPOSED, Event.REVOKE, State.REVOKED, _PROPOSER, needs_reason=True),
    # The receiver has the person, or has done what was asked: nobody else can say so.
    Transition(State.ACCEPTED, Event.COMPLETE, State.DONE, _RECEIVER, needs_reason=False),
    # Who accepted and cannot go on must be able to end it, too.
    Transition(State.ACCEPTED, Event.REVOKE, State.REVOKED, _PROPOSER | _RECEIVER, needs_reason=True),
)
"""Every step that there is; from a state without one nothing leads away."""


class StepRefused(CareConflict):
    """The step is not one that this party may take in this state; says which are."""

    code = "referral_state"

    def __init__(self, state: State, possible: Collection[Event]) -> None:
        named = ", ".join(sorted(possible)) or "nothing"
        super().__init__(f"the referral is {state}; what you can do with it now: {named}")
        self.state, self.possible = state, tuple(sorted(possible))


class ReasonMissing(InvalidRecord):
    """Whoever rejects or revokes says why."""

    def __init__(self, event: Event) -> None:
        super().__init__("reason", f"is needed to {event}: one of {', '.join(StepReason)}")


def possible(state: State, party: Party) -> tuple[Event, ...]:
    """Return what a party may do in a state, in the order of the table."""
    return tuple(step.event for step in TRANSITIONS if step.source == state and party in step.parties)


def after(state: State, event: Event, party: Party, *, has_reason: bool) -> State:
    """Return the state that a step leads to.

    Raises:
        StepRefused: the party may not take it, or nobody may, in this state.
        ReasonMissing: it needs a reason.
    """
    for step in TRANSITIONS:
        if (step.source, step.event) == (state, event) and party in step.parties:
            if step.needs_reason and not has_reason:
                raise ReasonMissing(event)
            return step.target
    raise StepRefused(state, possible(state, party))


def diagram() -> str:
    """Return the table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.PROPOSED}: propose (owner)"]
    for step in TRANSITIONS:
        who = " or ".join(party for party in Party if party in step.parties)
        why = ", with a reason" if step.needs_reason else ""
        lines.append(f"    {step.source} --> {step.target}: {step.event} ({who}{why})")
    ends = [state for state in State if not any(step.source == state for step in TRANSITIONS)]
    return "\n".join([*lines, *(f"    {state} --> [*]" for state in ends)])
