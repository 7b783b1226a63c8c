"""Every state with every step: either it leads where this table says, or it is refused with its code."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from api.matches.decision_views import PersonsAction, Reason
from api.matches.guards import GUARD_WORDS, GUARDS, Guard, Rejection, Said, Situation
from api.matches.states import (
    ENDED,
    FOUND,
    LIVING,
    RECALLED,
    Action,
    Disposition,
    Finding,
    MatchState,
    RejectionReason,
    UndoReason,
)
from api.matches.workflow import (
    PEOPLES,
    TRANSITIONS,
    DecisionNeeds,
    DecisionNotOpen,
    actions_in,
    after,
    lacking,
    open_to,
    row_for,
)
from api.store.match_tables import DISPOSITIONS, REJECTION_REASONS
from api.workflow_reference import PAGE, diagram, page
from matcher.person import Side

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
CONFIRM, REJECT, UNSURE = Disposition.CONFIRM, Disposition.REJECT, Disposition.UNSURE
BOTH = {Side.MISSING: Said(CONFIRM, "p1", "A"), Side.RESCUED: Said(CONFIRM, "p2", "B")}
READY = Situation(
    NOW, ("A", "B"), BOTH, weight=9.0, rank=2, side=Side.MISSING, reason="wrong_age", until=NOW + timedelta(days=1),
    finding=Finding.SAME_PERSON, order=True, home="safe", last_side=Side.MISSING, earlier=MatchState.VERIFIED,
)  # fmt: skip
"""Everything is there."""

# Written out once more, by hand. "before" is the state before.
WORKING = ("triage", "confirmed_by_one", "confirmed_by_both", "field_verification")
OPEN = ("suggested", *WORKING, "needs_information", "disputed")
PERMITTED: dict[tuple[str, str], str] = {
    ("suggested", "take_up"): "triage",
    ("triage", "confirm"): "confirmed_by_one",
    ("confirmed_by_one", "confirm"): "confirmed_by_both",
    ("confirmed_by_both", "start_verification"): "field_verification",
    ("field_verification", "verify"): "verified",
    ("verified", "restore"): "restored",
    ("verified", "place_safely"): "placed_safely",
    ("restored", "close"): "closed",
    ("placed_safely", "close"): "closed",
    ("needs_information", "answer_information"): "confirmed_by_one",  # as both confirm in `READY`
    ("rejected", "dispute"): "disputed",
    ("disputed", "settle"): "confirmed_by_both",
    ("rejected", "reopen"): "suggested",
    ("superseded", "come_back"): "before",
    ("withdrawn", "revive"): "suggested",
}
PERMITTED |= {(state, "ask_information"): "needs_information" for state in WORKING}
PERMITTED |= {(state, "reject"): "rejected" for state in ("suggested", *WORKING, "needs_information")}
PERMITTED |= {(state, "undo"): "before" for state in (*WORKING, "needs_information", "rejected", "disputed")}
PERMITTED |= {(state, "undo"): "before" for state in ("verified", "restored", "placed_safely", "closed")}
PERMITTED |= {(state, "supersede"): "superseded" for state in OPEN}
PERMITTED |= {(state, "withdraw"): "withdrawn" for state in (*OPEN, "rejected", "superseded")}
PERMITTED |= {(state, "case_closed"): "withdrawn" for state in (*OPEN, "rejected", "superseded")}
PERMITTED |= {(state, "expire"): "expired" for state in (*OPEN, "rejected", "superseded")}
PERMITTED |= {(state, "entered_wrongly"): "withdrawn" for state in ("verified", "restored", "placed_safely", "closed")}
SYSTEMS = {"reopen", "come_back", "revive", "supersede", "withdraw", "case_closed", "entered_wrongly", "expire"}


def ready_for(action: str) -> Situation:
    """Return a situation in which nothing is missing for a step."""
    if action == "undo":
        return replace(READY, reason="mistake")
    if action == "dispute":
        return replace(READY, said={Side.MISSING: Said(UNSURE, "p1", "A"), Side.RESCUED: Said(REJECT, "p2", "B")})
    return replace(READY, says={"reject": REJECT, "settle": CONFIRM}.get(action))


@pytest.mark.parametrize(("state", "action"), list(itertools.product(MatchState, Action)), ids=str)
def test_every_state_with_every_step(state: MatchState, action: Action) -> None:
    expected = PERMITTED.get((str(state), str(action)))
    if expected is None:
        with pytest.raises(DecisionNotOpen) as refused:
            after(state, action, ready_for(action))
        assert refused.value.code == "decision_not_open"
        named = [str(one) for one in Action if (str(state), str(one)) in PERMITTED and str(one) not in SYSTEMS]
        assert sorted(refused.value.possible) == sorted(named)
        assert str(refused.value).endswith(", ".join(refused.value.possible) or "nothing")
    else:
        assert after(state, action, ready_for(action)) == (READY.earlier if expected == "before" else expected)
    assert (action in actions_in(state)) == (expected is not None and str(action) not in SYSTEMS)


NOTHING = {
    Guard.OTHER_SIDE: replace(READY, said={Side.MISSING: BOTH[Side.MISSING]}),
    Guard.TWO_PERSONS: replace(READY, said=BOTH | {Side.RESCUED: Said(CONFIRM, "p1", "B")}),
    Guard.TWO_ORGANISATIONS: replace(READY, said=BOTH | {Side.RESCUED: Said(CONFIRM, "p2", "A")}),
    Guard.REJECTION_REASON: replace(READY, says=REJECT, reason="mistake"),
    Guard.UNTIL: replace(READY, says=REJECT, until=NOW),
    Guard.OTHER_REJECTED: READY,
    Guard.DISPOSITION: replace(READY, says=None),
    Guard.FINDING: replace(READY, finding=Finding.INCONCLUSIVE),
    Guard.NO_RIVAL: replace(READY, rival_found=True),
    Guard.HOME_SAFE: replace(READY, home="unsafe"),
    Guard.HOME_REPORT: replace(READY, home=None),
    Guard.ORDER: replace(READY, order=False),
    Guard.OWN_STEP: replace(READY, last_side=Side.RESCUED, reason="mistake"),
    Guard.UNDO_REASON: replace(READY, reason="wrong_age"),
    Guard.OVER_OR_RISEN: replace(READY, rejection=Rejection(NOW + timedelta(seconds=1), 9.0, 2)),
}
"""Guard -> a situation in which it alone does not hold."""


def test_what_a_step_needs_is_asked_for_and_named() -> None:
    assert set(GUARDS) == set(GUARD_WORDS) == set(NOTHING) == set(Guard)
    asked = set()
    for step in TRANSITIONS:
        for guard in step.needs:
            asked.add(guard)
            if row_for(step.source, step.action, NOTHING[guard]) is not step:
                assert guard in lacking(step, NOTHING[guard])
                continue
            with pytest.raises(DecisionNeeds) as refused:
                after(step.source, step.action, NOTHING[guard])
            assert guard in refused.value.missing
            assert (refused.value.code, GUARD_WORDS[guard] in str(refused.value)) == ("decision_needs", True)
    assert asked == set(Guard)


@pytest.mark.parametrize("guard", Guard)
def test_each_guard_holds_when_it_is_there(guard: Guard) -> None:
    there = {
        Guard.OTHER_REJECTED: ready_for("dispute"), Guard.UNDO_REASON: ready_for("undo"),
        Guard.DISPOSITION: replace(READY, says=UNSURE), Guard.REJECTION_REASON: replace(READY, says=REJECT),
        Guard.UNTIL: replace(READY, says=REJECT),
    }  # fmt: skip
    assert GUARDS[guard](there.get(guard, READY))
    assert not GUARDS[guard](NOTHING[guard])


def test_an_owner_of_both_sides_needs_two_persons_only() -> None:
    of_one = replace(NOTHING[Guard.TWO_ORGANISATIONS], owners=("A", "A"))
    assert after(MatchState.CONFIRMED_BY_ONE, Action.CONFIRM, of_one) is MatchState.CONFIRMED_BY_BOTH
    alone = replace(NOTHING[Guard.TWO_PERSONS], owners=("A", "A"))
    with pytest.raises(DecisionNeeds):
        after(MatchState.CONFIRMED_BY_ONE, Action.CONFIRM, alone)


@pytest.mark.parametrize(
    ("weight", "rank", "days", "opens"),
    [
        (11.9, 2, 0, False), (12.0, 2, 0, True), (1.0, 3, 0, True), (20.0, 1, 0, True), (1.0, 1, 9, False),
        (1.0, 1, 10, True),
    ],
)  # fmt: skip
def test_a_rejected_pair_is_silent_until_its_day_or_until_it_has_risen(
    weight: float, rank: int, days: int, opens: bool
) -> None:
    stands = Rejection(NOW + timedelta(days=10), 9.0, 2)
    now = replace(READY, now=NOW + timedelta(days=days), weight=weight, rank=rank, rejection=stands)
    if opens:
        assert after(MatchState.REJECTED, Action.REOPEN, now) is MatchState.SUGGESTED
    else:
        with pytest.raises(DecisionNeeds):
            after(MatchState.REJECTED, Action.REOPEN, now)


@pytest.mark.parametrize(
    ("one", "other", "leads_to"),
    [
        ("confirm", "confirm", "confirmed_by_both"), ("reject", "reject", "rejected"),
        ("confirm", "reject", "disputed"), ("reject", "unsure", "disputed"), ("confirm", "unsure", "confirmed_by_one"),
        ("unsure", "unsure", "triage"), ("unsure", "needs_information", "triage"),
    ],
)  # fmt: skip
def test_a_dispute_ends_where_both_agree(one: str, other: str, leads_to: str) -> None:
    said = {Side.MISSING: Said(Disposition(one), "p1", "A"), Side.RESCUED: Said(Disposition(other), "p2", "B")}
    now = replace(READY, said=said, says=Disposition(one))
    assert after(MatchState.DISPUTED, Action.SETTLE, now) == leads_to


def test_a_revived_match_that_was_rejected_stays_so_until_its_day() -> None:
    for ahead, state in ((1, "rejected"), (0, "suggested")):
        now = replace(READY, rejection=Rejection(NOW + timedelta(days=ahead), 9.0, 2))
        assert after(MatchState.WITHDRAWN, Action.REVIVE, now) == state


def test_a_revived_match_of_somebody_who_was_found_meanwhile_is_superseded() -> None:
    assert after(MatchState.WITHDRAWN, Action.REVIVE, replace(READY, rival_found=True)) is MatchState.SUPERSEDED


def test_what_is_somebody_elses_step_is_not_offered() -> None:
    assert open_to(MatchState.VERIFIED, Action.UNDO, replace(READY, last_side=Side.RESCUED)) is None
    assert open_to(MatchState.VERIFIED, Action.UNDO, READY) == (Guard.UNDO_REASON,)
    assert open_to(MatchState.CONFIRMED_BY_ONE, Action.CONFIRM, NOTHING[Guard.OTHER_SIDE]) is None
    assert open_to(MatchState.VERIFIED, Action.RESTORE, replace(READY, order=False, home=None)) == (
        Guard.HOME_SAFE, Guard.ORDER,
    )  # fmt: skip
    assert open_to(MatchState.VERIFIED, Action.CONFIRM, READY) is None


def test_every_state_is_one_of_a_few_kinds() -> None:
    kinds = [set(LIVING), set(FOUND), set(ENDED), {MatchState.REJECTED}]
    assert set().union(*kinds) == set(MatchState)
    assert sum(map(len, kinds)) == len(MatchState)
    assert set(RECALLED) == set(ENDED) | {MatchState.REJECTED}


def test_the_doors_take_the_words_of_the_code_and_of_the_database() -> None:
    assert set(get_args(PersonsAction)) == set(PEOPLES) == set(Action) - SYSTEMS
    assert set(get_args(Reason)) == set(RejectionReason) | set(UndoReason)
    assert set(REJECTION_REASONS) == set(RejectionReason)
    assert set(DISPOSITIONS) == set(Disposition)


def test_the_page_is_the_one_of_the_code() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m api.workflow_reference`"
    assert diagram() in page()
    guide = Path(PAGE.parents[1] / "guides" / "matches.md").read_text(encoding="utf-8")
    assert "(../reference/matches.md)" in guide
