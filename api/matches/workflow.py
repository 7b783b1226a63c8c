"""Which step may a match take, whose step is it, and what must be there first? Pure: no database, no web, no clock.

The table below is all there is. The engine makes suggestions and nothing else; every later step is a person's, with a
time and a reason. docs/reference/matches.md is written from it (`python -m api.workflow_reference`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from api.matches.guards import GUARD_WORDS, GUARDS, WHENS, Guard, Situation, When
from api.matches.states import FOUND, LIVING, Action, MatchState, Who
from matcher.errors import SandhanError


@dataclass(frozen=True, slots=True)
class Transition:
    """One permitted step.

    Attributes:
        target: None for the state before.
        when: which of several rows of the same step counts; the first that fits.
    """

    source: MatchState
    action: Action
    target: MatchState | None
    who: Who = Who.OWNER
    needs: tuple[Guard, ...] = ()
    when: When = When.ALWAYS


S, A, G = MatchState, Action, Guard
_BOTH = (G.OTHER_SIDE, G.TWO_PERSONS, G.TWO_ORGANISATIONS)
_REASONED = (G.REJECTION_REASON, G.UNTIL)
_UNDOING = (G.OWN_STEP, G.UNDO_REASON)
_AT_WORK = (S.TRIAGE, S.CONFIRMED_BY_ONE, S.CONFIRMED_BY_BOTH, S.FIELD_VERIFICATION)
TRANSITIONS: Final = (
    Transition(S.SUGGESTED, A.TAKE_UP, S.TRIAGE),
    Transition(S.TRIAGE, A.CONFIRM, S.CONFIRMED_BY_ONE),
    Transition(S.CONFIRMED_BY_ONE, A.CONFIRM, S.CONFIRMED_BY_BOTH, needs=_BOTH),
    Transition(S.CONFIRMED_BY_BOTH, A.START_VERIFICATION, S.FIELD_VERIFICATION),
    Transition(S.FIELD_VERIFICATION, A.VERIFY, S.VERIFIED, Who.VERIFIER, (*_BOTH, G.FINDING, G.NO_RIVAL)),
    Transition(S.VERIFIED, A.RESTORE, S.RESTORED, needs=(G.HOME_SAFE, G.ORDER)),
    # Also for a home that is safe: the authority may order so, and a person may not want to go there.
    Transition(S.VERIFIED, A.PLACE_SAFELY, S.PLACED_SAFELY, needs=(G.HOME_REPORT, G.ORDER)),
    Transition(S.RESTORED, A.CLOSE, S.CLOSED),
    Transition(S.PLACED_SAFELY, A.CLOSE, S.CLOSED),
    *(Transition(state, A.ASK_INFORMATION, S.NEEDS_INFORMATION) for state in _AT_WORK),
    Transition(S.NEEDS_INFORMATION, A.ANSWER_INFORMATION, S.CONFIRMED_BY_ONE, when=When.ONE_CONFIRMS),
    Transition(S.NEEDS_INFORMATION, A.ANSWER_INFORMATION, S.TRIAGE),
    *(Transition(state, A.REJECT, S.REJECTED, needs=_REASONED)
      for state in (S.SUGGESTED, *_AT_WORK, S.NEEDS_INFORMATION)),
    Transition(S.REJECTED, A.DISPUTE, S.DISPUTED, needs=(G.OTHER_REJECTED, G.NO_RIVAL)),
    Transition(S.DISPUTED, A.SETTLE, S.CONFIRMED_BY_BOTH, needs=(G.DISPOSITION, *_BOTH), when=When.BOTH_CONFIRM),
    Transition(S.DISPUTED, A.SETTLE, S.REJECTED, needs=(G.DISPOSITION, *_REASONED), when=When.BOTH_REJECT),
    Transition(S.DISPUTED, A.SETTLE, S.DISPUTED, needs=(G.DISPOSITION, *_REASONED), when=When.ONE_REJECTS),
    Transition(S.DISPUTED, A.SETTLE, S.CONFIRMED_BY_ONE, needs=(G.DISPOSITION,), when=When.ONE_CONFIRMS),
    Transition(S.DISPUTED, A.SETTLE, S.TRIAGE, needs=(G.DISPOSITION,)),
    *(Transition(state, A.UNDO, None, needs=_UNDOING)
      for state in (*_AT_WORK, S.NEEDS_INFORMATION, S.DISPUTED, *FOUND)),
    # What was rejected may have been decided otherwise meanwhile.
    Transition(S.REJECTED, A.UNDO, None, needs=(*_UNDOING, G.NO_RIVAL)),
    Transition(S.REJECTED, A.REOPEN, S.SUGGESTED, Who.SYSTEM, (G.OVER_OR_RISEN, G.NO_RIVAL)),
    *(Transition(state, A.SUPERSEDE, S.SUPERSEDED, Who.SYSTEM) for state in LIVING),
    Transition(S.SUPERSEDED, A.COME_BACK, None, Who.SYSTEM),
    *(Transition(state, action, target, Who.SYSTEM)
      for action, target in ((A.WITHDRAW, S.WITHDRAWN), (A.CASE_CLOSED, S.WITHDRAWN), (A.EXPIRE, S.EXPIRED))
      for state in (*LIVING, S.REJECTED, S.SUPERSEDED)),
    # The record of one side was a mistake, or a second one of the same person: whoever was found is found in another.
    *(Transition(state, A.ENTERED_WRONGLY, S.WITHDRAWN, Who.SYSTEM) for state in FOUND),
    Transition(S.WITHDRAWN, A.REVIVE, S.REJECTED, Who.SYSTEM, when=When.REJECTION_STANDS),
    # Who was found meanwhile is suggested to nobody; undoing that verification brings this match back.
    Transition(S.WITHDRAWN, A.REVIVE, S.SUPERSEDED, Who.SYSTEM, when=When.RIVAL_FOUND),
    Transition(S.WITHDRAWN, A.REVIVE, S.SUGGESTED, Who.SYSTEM),
)  # fmt: skip
"""Every step that there is."""
PEOPLES: Final = tuple(dict.fromkeys(step.action for step in TRANSITIONS if step.who is not Who.SYSTEM))
"""What people do, the rest the service does by itself."""
_NOT_YET: Final = frozenset({G.OTHER_SIDE, G.TWO_PERSONS, G.TWO_ORGANISATIONS, G.OTHER_REJECTED, G.OWN_STEP})
"""Without one of these a step is not this caller's; what else is missing he can bring."""


class DecisionNotOpen(SandhanError):
    """In this state the match does not take that step; says which steps it takes."""

    code = "decision_not_open"

    def __init__(self, state: MatchState, possible: Collection[Action]) -> None:
        named = ", ".join(possible) or "nothing"
        super().__init__(f"the match is {state}; what people can do with it now: {named}")
        self.state, self.possible = state, tuple(possible)


class DecisionNeeds(SandhanError):
    """Something that the step needs is not there; says what."""

    code = "decision_needs"

    def __init__(self, action: Action, missing: Collection[Guard]) -> None:
        super().__init__(f"to {action} needs: " + "; ".join(GUARD_WORDS[guard] for guard in missing))
        self.action, self.missing = action, tuple(missing)


def actions_in(state: MatchState) -> tuple[Action, ...]:
    """Return what people can do in a state, in the order of the table."""
    return tuple(dict.fromkeys(step.action for step in TRANSITIONS if step.source is state and step.action in PEOPLES))


def row_for(state: MatchState, action: Action, now: Situation) -> Transition | None:
    """Return the row of the table that counts, None where the state does not take the step."""
    rows = (step for step in TRANSITIONS if step.source is state and step.action is action)
    return next((step for step in rows if WHENS[step.when](now)), None)


def lacking(step: Transition, now: Situation) -> tuple[Guard, ...]:
    """Return what a step needs and has not."""
    return tuple(guard for guard in step.needs if not GUARDS[guard](now))


def after(state: MatchState, action: Action, now: Situation) -> MatchState:
    """Return the state that a step leads to.

    Raises:
        DecisionNotOpen: the state does not take it.
        DecisionNeeds: something is missing.
    """
    step = row_for(state, action, now)
    if step is None:
        raise DecisionNotOpen(state, actions_in(state))
    missing = lacking(step, now)
    if missing:
        raise DecisionNeeds(action, missing)
    target = step.target or now.earlier
    assert target is not None  # whoever asks for the state before has looked it up
    return target


def open_to(state: MatchState, action: Action, now: Situation) -> tuple[Guard, ...] | None:
    """Return what somebody still has to bring to take a step, None where it is not his step now."""
    step = row_for(state, action, now)
    missing = () if step is None else lacking(step, now)
    return None if step is None or _NOT_YET.intersection(missing) else missing
