"""Every state with every event by every party; nothing is possible that the table does not say."""

from __future__ import annotations

import itertools

import pytest

from api.care.referral_states import (
    TRANSITIONS,
    Event,
    Party,
    ReasonMissing,
    State,
    StepRefused,
    after,
    diagram,
    possible,
)

# Written out once more, by hand: (state, event, party) -> where it leads, and whether it needs a reason.
PERMITTED = {
    ("proposed", "accept", "receiver"): ("accepted", False),
    ("proposed", "reject", "receiver"): ("rejected", True),
    ("proposed", "revoke", "proposer"): ("revoked", True),
    ("accepted", "complete", "receiver"): ("done", False),
    ("accepted", "revoke", "proposer"): ("revoked", True),
    ("accepted", "revoke", "receiver"): ("revoked", True),
}
EVERYTHING = list(itertools.product(State, Event, Party))


@pytest.mark.parametrize(("state", "event", "party"), EVERYTHING, ids=" ".join)
def test_every_state_and_event(state: State, event: Event, party: Party) -> None:
    permitted = PERMITTED.get((str(state), str(event), str(party)))
    if permitted is None:
        for has_reason in (False, True):
            with pytest.raises(StepRefused) as refused:
                after(state, event, party, has_reason=has_reason)
            assert set(refused.value.possible) == set(possible(state, party))
            assert event not in possible(state, party)
        return
    target, needs_reason = permitted
    assert event in possible(state, party)
    assert after(state, event, party, has_reason=True) == target
    if needs_reason:
        with pytest.raises(ReasonMissing, match="reason"):
            after(state, event, party, has_reason=False)
    else:
        assert after(state, event, party, has_reason=False) == target


def test_every_combination_was_looked_at() -> None:
    assert len(EVERYTHING) == 5 * 4 * 2
    assert len(PERMITTED) == sum(len(step.parties) for step in TRANSITIONS)


def test_no_step_stands_in_the_table_twice() -> None:
    seen = [(step.source, step.event, party) for step in TRANSITIONS for party in step.parties]
    assert len(seen) == len(set(seen))


def test_from_every_state_an_end_is_reached_and_ends_are_final() -> None:
    ends = {State.REJECTED, State.REVOKED, State.DONE}
    for state in State:
        leads_on = any(possible(state, party) for party in Party)
        assert leads_on == (state not in ends)


def test_the_diagram_draws_every_step_once() -> None:
    arrows = [line for line in diagram().splitlines() if "-->" in line]
    assert len(arrows) == len(TRANSITIONS) + 1 + 3
    for step in TRANSITIONS:
        assert sum(line.strip().startswith(f"{step.source} --> {step.target}: {step.event} (") for line in arrows) == 1
