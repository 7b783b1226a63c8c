"""What has happened to a match, how do things stand, and what can the caller do now?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from api.access import AccessScope, Permission
from api.matches.guards import Guard, Said, Situation
from api.matches.moves import last_step, rejection_of, rival_found
from api.matches.states import SAYS, Action, Disposition, MatchState
from api.matches.workflow import actions_in, open_to
from api.store import Connection, cases, dispositions, freezes, home_reports, match_notes, matches
from api.store.dispositions import StoredDisposition
from api.store.freezes import Freeze
from api.store.home_reports import LatestHir
from api.store.match_notes import MatchNote
from api.store.matches import Match, MatchEvent
from matcher.model import Grade
from matcher.person import Side


@dataclass(frozen=True, slots=True)
class OpenAction:
    """What the caller can do for a side now, and what it still needs."""

    action: Action
    side: Side
    needs: tuple[Guard, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A match with everything that happened to it, as one of its parties may know of it.

    Attributes:
        own: the sides that the caller owns.
        said: what stands, at most one of each side.
        notes: event id -> what was written with it, as far as the caller may read it.
        frozen: the evidence that was confirmed first; None where no confirmation stands.
        actions: empty for a party that owns neither side.
    """

    match: Match
    own: tuple[Side, ...]
    events: tuple[MatchEvent, ...]
    said: tuple[StoredDisposition, ...]
    notes: Mapping[int, MatchNote] = field(repr=False)
    frozen: Freeze | None
    actions: tuple[OpenAction, ...]


def timeline_of(conn: Connection, match: Match, scope: AccessScope, now: datetime) -> Timeline:
    """Return a match with everything that happened to it, as one of its parties may know of it."""
    own = own_sides(conn, match, scope)
    events = matches.events_of(conn, match.id)
    reads = Permission.NAMES_READ in scope.permissions
    notes = match_notes.notes_of(conn, match.id) if own and reads else {}
    by = {event.id: event.detail.get("side") for event in events}
    # The number of an order is both sides'; what somebody wrote is his organisation's.
    mine = {event: note if by[event] in own else replace(note, note=None) for event, note in notes.items()}
    said = dispositions.standing(conn, match.id).values()
    confirmed = any(one.disposition == Disposition.CONFIRM for one in said)
    kept = freezes.freezes_of(conn, match.id) if confirmed else []
    return Timeline(
        match, own, tuple(events), tuple(said), mine, kept[-1] if kept else None,
        tuple(_open_actions(conn, match, own, events, scope, now)),
    )  # fmt: skip


def situation_of(
    conn: Connection, match: Match, rivals: Sequence[Match], side: Side, says: Disposition | None,
    scope: AccessScope, at: datetime,
) -> Situation:  # fmt: skip
    """Return how things stand, with what a side says now counted in."""
    owners = cases.owners_of(conn, [match.missing_id, match.rescued_id])
    said = {
        Side(one.side): Said(Disposition(one.disposition), one.person, one.partner_id)
        for one in dispositions.standing(conn, match.id).values()
    }
    if says is not None:
        said[side] = Said(says, scope.actor_id, scope.partner_id)
    return Situation(
        at, (owners[match.missing_id], owners[match.rescued_id]), said, weight=match.weight,
        rank=Grade(match.grade).rank, side=side, says=says, rejection=rejection_of(conn, match.id),
        rival_found=rival_found(rivals),
    )  # fmt: skip


def own_sides(conn: Connection, match: Match, scope: AccessScope) -> tuple[Side, ...]:
    """Return the sides of a match that the caller's organisation owns."""
    owners = cases.owners_of(conn, [match.missing_id, match.rescued_id])
    return tuple(side for side in Side if owners.get(match.case_of(side)) == scope.partner_id)


def side_of_step(event: MatchEvent | None) -> Side | None:
    """Return whose step an event was, None where there is none."""
    return None if event is None else Side(str(event.detail["side"]))


def newest_report(conn: Connection, match: Match) -> LatestHir | None:
    """Return the newest finding about the home, whichever side had it made; of one day the one that warns."""
    both = [home_reports.latest_hir(conn, case_id) for case_id in (match.missing_id, match.rescued_id)]
    return max(
        (one for one in both if one is not None), key=lambda one: (one.visited_on, one.outcome != "safe"), default=None
    )


def _open_actions(
    conn: Connection, match: Match, own: tuple[Side, ...], events: Sequence[MatchEvent], scope: AccessScope,
    at: datetime,
) -> list[OpenAction]:  # fmt: skip
    """Return what the caller can do now, side by side."""
    if not own or Permission.MATCHES_DECIDE not in scope.permissions:
        return []
    state, last = MatchState(match.state), last_step(events)
    home = newest_report(conn, match) if state is MatchState.VERIFIED else None
    rivals = matches.rivals_of(conn, match)
    found = []
    for side in own:
        for action in actions_in(state):
            if action is Action.VERIFY and Permission.MATCHES_VERIFY not in scope.permissions:
                continue
            now = situation_of(conn, match, rivals, side, SAYS.get(action), scope, at)
            now = replace(now, last_side=side_of_step(last), home=None if home is None else home.outcome)
            needs = open_to(state, action, now)
            if needs is not None:
                found.append(OpenAction(action, side, needs))
    return found
