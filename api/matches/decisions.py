"""How do people decide about a match? The owner of a side takes a step; what it needs, `api.matches.workflow` says.

Whoever owns neither side hears that there is no such match. Nothing is deleted: a step that was undone stays in the
timeline, with who undid it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from api.access import AccessScope, NotFound, Permission
from api.care.errors import CaseClosed
from api.care.follow_ups import FollowUpService
from api.cases.standing import is_party
from api.days import end_of, require_past
from api.entity_tags import PreconditionFailed
from api.ids import Clock
from api.matches.moves import MatchMoves, last_step
from api.matches.states import SAYS, Action, Disposition, Finding, MatchState
from api.matches.timeline import Timeline, newest_report, own_sides, side_of_step, situation_of, timeline_of
from api.matches.workflow import after
from api.store import Connection, Database, audit, cases, dispositions, freezes, match_notes, matches, returns
from api.store.dispositions import StoredDisposition
from api.store.match_notes import MatchNote
from api.store.matches import Match, MatchEvent
from matcher.errors import InvalidRecord
from matcher.model import MatchModel
from matcher.person import Side

_LONGEST: Final = timedelta(days=10 * 366)
_SPOKEN: Final = frozenset({Action.DISPUTE, Action.SETTLE})
"""Steps by which a side says one thing or another."""
_AT_HOME: Final = frozenset({Action.RESTORE, Action.PLACE_SAFELY})
"""Steps that rest on what was found at the home."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A step that somebody wants to take, with what it needs.

    Attributes:
        side: for which side; None where the caller owns one only.
        disposition: of a dispute or a settlement.
        reason, until: of a rejection or of undoing.
        order: authority and number, of restoring and placing.
        home_report: id of the report that it rests on; None for the newest, whichever that is.
        returned_on: the day on which the person came home: follow-ups run from it.
        note: the decider's words, for the own organisation.
    """

    action: Action
    side: Side | None = None
    disposition: Disposition | None = None
    reason: str | None = None
    until: date | None = None
    finding: Finding | None = None
    order: tuple[str, str] | None = field(default=None, repr=False)
    home_report: str | None = None
    returned_on: date | None = None
    note: str | None = field(default=None, repr=False)


class DecisionService:
    """Takes decisions about matches and tells what happened.

    Args:
        moves: moves the match and tells whoever has to hear of it.
        visits: lets follow-ups run from a return.
        model: whose thresholds are kept with the evidence that was confirmed.
    """

    def __init__(
        self, database: Database, moves: MatchMoves, visits: FollowUpService, model: MatchModel, clock: Clock
    ) -> None:
        self._database, self._moves, self._visits = database, moves, visits
        self._model, self._clock = model, clock

    def timeline(self, match_id: str, scope: AccessScope) -> Timeline:
        """Return what happened to a match that the caller is a party to; the read is audited.

        Raises:
            NotFound: there is none, or it is not the caller's.
        """
        scope.require(Permission.MATCHES_READ)
        with self._database.write() as conn:
            match = self._party_to(conn, match_id, scope)
            self._note(conn, scope, "match.read", match_id, {"as": "events"})
            return timeline_of(conn, match, scope, self._clock())

    def decide(
        self, match_id: str, decision: Decision, scope: AccessScope, expected_version: int | None = None
    ) -> Timeline:
        """Take a step for a side that the caller owns.

        Args:
            expected_version: of the match as the caller read it.
        Raises:
            NotFound: there is none, or the caller owns neither side, or not the one named.
            PreconditionFailed: it is not in the expected version; nothing was changed.
            DecisionNotOpen, DecisionNeeds: the state does not take the step, or something is missing.
            InvalidRecord: the caller owns both sides and names none, or a day is not one.
            CaseClosed: follow-ups are to run in a case that is closed.
        """
        scope.require(Permission.MATCHES_DECIDE)
        if decision.action is Action.VERIFY:
            scope.require(Permission.MATCHES_VERIFY)
        with self._database.write() as conn:
            match = self._party_to(conn, match_id, scope)
            side = _side(decision.side, own_sides(conn, match, scope))
            match, rivals = matches.locked_with_rivals(conn, match)
            if expected_version not in (None, match.version):
                raise PreconditionFailed
            self._take(conn, match, rivals, side, decision, scope)
            return timeline_of(conn, matches.require_match(conn, match_id), scope, self._clock())

    def _take(
        self, conn: Connection, match: Match, rivals: list[Match], side: Side, decision: Decision, scope: AccessScope
    ) -> None:
        at, action, state = self._clock(), decision.action, MatchState(match.state)
        until = _end_of(decision.until, at)
        if decision.returned_on is not None:
            require_past("returned_on", decision.returned_on, at)
        says = (decision.disposition if action in _SPOKEN else None) or SAYS.get(action)
        undone = last_step(matches.events_of(conn, match.id)) if action is Action.UNDO else None
        situation = replace(
            situation_of(conn, match, rivals, side, says, scope, at), reason=decision.reason, until=until,
            finding=decision.finding, order=decision.order is not None, last_side=side_of_step(undone),
            earlier=None if undone is None else MatchState(str(undone.detail["from"])),
        )  # fmt: skip
        home = newest_report(conn, match) if action in _AT_HOME else None
        if home is not None and decision.home_report in (None, home.report_id):
            situation = replace(situation, home=home.outcome)
        target = after(state, action, situation)
        detail = _detail(decision, side, says, until, scope)
        if undone is not None:
            detail |= {"undoes": undone.id, "undone": undone.kind}
        if home is not None and decision.order is not None:
            detail |= {"authority": decision.order[0], "home_report": [home.report_id, home.version]}
        if action is Action.RESTORE and decision.returned_on is not None:
            detail |= self._begin_visits(conn, match, decision.returned_on, scope)
        stands = [one.disposition for one in dispositions.standing(conn, match.id).values()]
        first = says is Disposition.CONFIRM and Disposition.CONFIRM not in stands

        def record(event: int) -> None:
            order = decision.order[1] if decision.order and "authority" in detail else None
            match_notes.add(conn, event, match.case_of(side), MatchNote(decision.note, order))
            if says is not None:
                self._say(conn, match, event, side, says, scope, at, decision.reason, until)
            if first:
                known = match.model_version == self._model.version
                freezes.freeze(conn, match, event, thresholds=self._thresholds() if known else None, at=at)
            if undone is not None:
                dispositions.end_of_step(conn, undone.id, at)

        now = self._moves.move(
            conn, match, action, target, at=at, actor=scope.actor_id, detail=detail, record=record
        )  # fmt: skip
        if action is Action.VERIFY:
            self._moves.supersede(conn, now, rivals, at)
        if undone is not None:
            self._take_back(conn, now, rivals, undone, scope, at)
            self._moves.end_where_closed(conn, now, at=at)
        self._note(conn, scope, f"match.{action}", match.id, {"from": str(state), "to": str(target)})

    def _take_back(
        self, conn: Connection, match: Match, rivals: list[Match], undone: MatchEvent, scope: AccessScope, at: datetime
    ) -> None:
        """Take back what followed from a step that is undone."""
        if undone.kind == Action.VERIFY:
            self._moves.bring_back(conn, match, rivals, at)
        visits = undone.detail.get("visits")
        if isinstance(visits, str):
            self._visits.stop(conn, visits, "return", "match_undone", scope)

    def _begin_visits(self, conn: Connection, match: Match, returned_on: date, scope: AccessScope) -> dict[str, object]:
        """Let follow-ups run in the caller's own case, that of the rescued person first.

        Returns:
            What the event holds: of which case, from which day, and `visits`, what undoing it cancels: not those of a
            return that was noted before.
        """
        side = Side.RESCUED if Side.RESCUED in own_sides(conn, match, scope) else Side.MISSING
        case_id = match.case_of(side)
        if cases.require_case(conn, case_id).status != "open":
            raise CaseClosed  # nobody would be told when they fall due
        noted = returns.return_counts(conn, case_id, returned_on)
        self._visits.start(conn, case_id, returned_on, "return", scope)
        detail: dict[str, object] = {"return_of": case_id, "returned_on": returned_on.isoformat()}
        return detail if noted else {**detail, "visits": case_id}

    def _say(
        self, conn: Connection, match: Match, event: int, side: Side, says: Disposition, scope: AccessScope,
        at: datetime, reason: str | None, until: datetime | None,
    ) -> None:  # fmt: skip
        rejects = says is Disposition.REJECT
        dispositions.add(
            conn,
            StoredDisposition(
                match.id, event, side, says, scope.actor_id, scope.partner_id, at, match.grade, match.weight,
                reason if rejects else None, until if rejects else None,
            ),
        )  # fmt: skip

    def _party_to(self, conn: Connection, match_id: str, scope: AccessScope) -> Match:
        match = matches.get_match(conn, match_id)
        if match is None or not is_party(conn, match, scope, self._clock()):
            raise NotFound("match")
        return match

    def _thresholds(self) -> dict[str, float]:
        limits = self._model.thresholds
        return {"certain": limits.certain, "probable": limits.probable, "possible": limits.possible}

    def _note(
        self, conn: Connection, scope: AccessScope, action: str, match_id: str, detail: dict[str, object]
    ) -> None:
        audit.append(conn, at=self._clock(), actor=scope.actor_id, action=action, subject=match_id, detail=detail)


def _detail(
    decision: Decision, side: Side, says: Disposition | None, until: datetime | None, scope: AccessScope
) -> dict[str, object]:
    """Return what the event of a step holds: words of lists, ids and moments, nothing that anybody wrote."""
    rejects = says is Disposition.REJECT
    found = {
        "disposition": says,
        "reason": decision.reason if rejects or decision.action is Action.UNDO else None,
        "until": until.isoformat() if rejects and until else None,
        "finding": decision.finding if decision.action is Action.VERIFY else None,
    }
    given: dict[str, object] = {name: str(value) for name, value in found.items() if value is not None}
    return {"side": str(side), "partner": scope.partner_id, **given}


def _side(named: Side | None, own: tuple[Side, ...]) -> Side:
    if not own or (named is not None and named not in own):
        raise NotFound("match")
    if named is None and len(own) > 1:
        raise InvalidRecord("side", "is needed: both sides are your organisation's")
    return named or own[0]


def _end_of(until: date | None, now: datetime) -> datetime | None:
    """Return the moment at which a day is over."""
    if until is None:
        return None
    if until > (now + _LONGEST).date():
        raise InvalidRecord("until", f"lies more than {_LONGEST.days} days ahead")
    return end_of("until", until)
