"""What goes with every step of a match? Its event, messages that are held back, and whoever has to hear of the change.

Whatever moves a match goes through here, in the transaction of whoever moves it: people's decisions, and what the
service does by itself when consent ends, a rival is verified, or the evidence of a rejected pair has risen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.matches.guards import Rejection, Situation
from api.matches.states import FOUND, LIVING, RECALLED, Action, MatchState
from api.matches.workflow import after, lacking, row_for
from api.store import Connection, VersionConflict, cases, dispositions, matches, outbox
from api.store.matches import Match, MatchEvent
from matcher.model import Grade

ENGINE: Final = "engine"


@dataclass(frozen=True, slots=True)
class MatchChange:
    """That a match has moved: what happened, from which state to which, when, and by whom.

    Attributes:
        partner_id: for which organisation a person took the step; None where the service moved it by itself.
    """

    match_id: str
    kind: Action
    from_state: MatchState
    to_state: MatchState
    at: datetime
    actor: str
    partner_id: str | None


OnChange = Callable[[Connection, Match, MatchChange], None]
"""Told of every change in the same transaction, with the match as it is now."""


def nobody(_conn: Connection, _match: Match, _change: MatchChange) -> None:
    """Tell nobody."""


class MatchMoves:
    """Moves matches from state to state.

    Args:
        on_change: told of every change.
    """

    def __init__(self, on_change: OnChange = nobody) -> None:
        self._on_change = on_change

    def move(
        self, conn: Connection, match: Match, action: Action, target: MatchState, *, at: datetime, actor: str,
        detail: dict[str, object] | None = None, record: Callable[[int], None] | None = None,
    ) -> Match:  # fmt: skip
        """Move a match to a state that the table allows, and return it as it is now.

        Args:
            record: stores what belongs to the step, under the id of its event, before anybody hears of it.
        Raises:
            VersionConflict: somebody else moved it meanwhile.
        """
        source = MatchState(match.state)
        event = matches.set_state(
            conn, match.id, target, expected=source, kind=action, actor=actor, at=at, detail=detail
        )
        now = matches.require_match(conn, match.id)
        if event is None:
            raise VersionConflict("matches", match.version, now.version)
        if record is not None:
            record(event)
        if target in RECALLED and target is not source:
            outbox.hold_back(conn, match.id, at)
        partner = (detail or {}).get("partner")
        told = MatchChange(match.id, action, source, target, at, actor, None if partner is None else str(partner))
        self._on_change(conn, now, told)
        return now

    def end(self, conn: Connection, match: Match, action: Action, *, at: datetime, actor: str) -> bool:
        """Withdraw or expire a match, or end it with its case; False where its state does not take that."""
        match = matches.locked(conn, match.id)  # a decision of that moment must not keep a consent from ending
        state, now = MatchState(match.state), _plainly(conn, match, at)
        if row_for(state, action, now) is None:
            return False
        self.move(conn, match, action, after(state, action, now), at=at, actor=actor)
        return True

    def take_back(self, conn: Connection, match: Match, *, at: datetime, actor: str) -> bool:
        """End a match that was verified with a record that should not have been there, and bring its rivals back.

        Returns:
            False where nothing was verified.
        """
        match, rivals = matches.locked_with_rivals(conn, match)
        if not self.end(conn, match, Action.ENTERED_WRONGLY, at=at, actor=actor):
            return False
        self.bring_back(conn, match, rivals, at)
        return True

    def revive(self, conn: Connection, match: Match, *, at: datetime, actor: str) -> bool:
        """Let a match that ended with a consent or with its case be a suggestion again.

        It is silent where it was rejected before, and superseded where one of the two persons was found meanwhile.
        """
        match, rivals = matches.locked_with_rivals(conn, match)
        state, now = MatchState(match.state), _plainly(conn, match, at, rivals)
        if row_for(state, Action.REVIVE, now) is None:
            return False
        target = after(state, Action.REVIVE, now)
        winner = next((rival.id for rival in rivals if rival.state in FOUND), None)
        detail: dict[str, object] = {"winner": winner} if target is MatchState.SUPERSEDED else {}
        self._begin_anew(conn, match, Action.REVIVE, target, at, actor, detail)
        return True

    def end_where_closed(self, conn: Connection, match: Match, *, at: datetime) -> None:
        """End a match that lives again while one of its cases is closed: nobody searches for that person."""
        both = cases.get_cases(conn, [match.missing_id, match.rescued_id]).values()
        if any(case.status != "open" for case in both):
            self.end(conn, match, Action.CASE_CLOSED, at=at, actor=ENGINE)

    def reopen(self, conn: Connection, match: Match, at: datetime) -> Match | None:
        """Suggest a rejected match anew, where its time is over or its evidence has risen; None where it stays silent.

        The rival of somebody who was found stays silent as long as that stands.
        """
        match, rivals = matches.locked_with_rivals(conn, match)
        now = _plainly(conn, match, at, rivals)
        step = row_for(MatchState(match.state), Action.REOPEN, now)
        if step is None or lacking(step, now):
            return None
        over = now.rejection is None or at >= now.rejection.until
        why: dict[str, object] = {"why": "over" if over else "risen", "grade": match.grade, "weight": match.weight}
        return self._begin_anew(conn, match, Action.REOPEN, MatchState.SUGGESTED, at, ENGINE, why)

    def supersede(self, conn: Connection, winner: Match, rivals: Sequence[Match], at: datetime) -> None:
        """End the living rivals of a match that was verified."""
        for rival in rivals:
            if rival.state in LIVING:
                detail: dict[str, object] = {"winner": winner.id}
                self.move(
                    conn, rival, Action.SUPERSEDE, MatchState.SUPERSEDED, at=at, actor=ENGINE, detail=detail
                )  # fmt: skip

    def bring_back(self, conn: Connection, winner: Match, rivals: Sequence[Match], at: datetime) -> None:
        """Give rivals back the state they had, now that the verification which ended them is undone."""
        for rival in rivals:
            # While another match of one of its persons is verified, it stays: undoing that one brings it back.
            if rival.state != MatchState.SUPERSEDED or matches.has_found_rival(conn, rival):
                continue
            ended = [one for one in matches.events_of(conn, rival.id) if one.detail.get("to") == rival.state][-1]
            # One that was revived into this state begins anew, as it would have without the winner.
            anew = ended.kind == Action.REVIVE
            target = MatchState.SUGGESTED if anew else MatchState(str(ended.detail["from"]))
            back = self.move(
                conn, rival, Action.COME_BACK, target, at=at, actor=ENGINE, detail={"winner": winner.id}
            )  # fmt: skip
            self.end_where_closed(conn, back, at=at)

    def _begin_anew(
        self, conn: Connection, match: Match, action: Action, target: MatchState, at: datetime, actor: str,
        detail: dict[str, object],
    ) -> Match:  # fmt: skip
        def forget(_event: int) -> None:
            if target is not MatchState.REJECTED:
                dispositions.end_all(conn, match.id, at)

        return self.move(conn, match, action, target, at=at, actor=actor, detail=detail, record=forget)


def rejection_of(conn: Connection, match_id: str) -> Rejection | None:
    """Return the latest rejection of a match that stands."""
    found = [one for one in dispositions.standing(conn, match_id).values() if one.until is not None]
    if not found:
        return None
    latest = max(found, key=lambda one: one.event_id)
    assert latest.until is not None
    return Rejection(latest.until, latest.weight, Grade(latest.grade).rank)


def rival_found(rivals: Sequence[Match]) -> bool:
    """Tell whether one of the rivals of a match is verified."""
    return any(rival.state in FOUND for rival in rivals)


def last_step(events: Sequence[MatchEvent]) -> MatchEvent | None:
    """Return the last step of a person that is not undone; None also where the match was suggested anew since."""
    taken: list[MatchEvent] = []
    for event in events:
        if event.kind in (Action.REOPEN, Action.REVIVE) and event.detail["to"] != MatchState.REJECTED:
            taken.clear()
        elif event.kind == Action.UNDO:
            taken.pop()
        elif "side" in event.detail:
            taken.append(event)
    return taken[-1] if taken else None


def _plainly(conn: Connection, match: Match, at: datetime, rivals: Sequence[Match] = ()) -> Situation:
    """Return how things stand for a step of the service."""
    both = cases.owners_of(conn, [match.missing_id, match.rescued_id])
    return Situation(
        at,
        (both[match.missing_id], both[match.rescued_id]),
        {},
        weight=match.weight,
        rank=Grade(match.grade).rank,
        rejection=rejection_of(conn, match.id),
        rival_found=rival_found(rivals),
    )
