"""Who would be told of a stored match, what, why, and what would be withheld? Asked without sending anything.

the operator of the deployment  everybody whom a rule reaches, with the whole message; no case
owner of both cases             the same, of others without the message
owner of one case               the same; not why the other owner's consents or agreements shut somebody out;
                                of a protected person's side nothing, not even whether it makes a difference
whoever else is told            itself
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.access import AccessScope, NotFound, Permission
from api.alerts.compiling import MatchNews, compile_view
from api.alerts.raising import notice_of
from api.alerts.routing import RULES, NotTold, Recipient, Routing, route, rules_in
from api.cases.standing import is_party, may_meet
from api.ids import Clock
from api.matches.routing_views import NotToldView, RoutingView, ToldView
from api.matches.urgency import QUIET, among_strongest, urgency_of
from api.store import Connection, Database, alerts, audit, cases, matches
from api.store.cases import Case
from api.store.matches import Match
from matcher.model import Grade
from matcher.person import Side

COMMAND_LINE: Final = "command-line"
_BECAUSE: Final = {rule.code: rule.because for rule in RULES}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A stored match with its two cases."""

    match: Match
    missing: Case
    rescued: Case

    def case_of(self, side: Side) -> Case:
        return self.missing if side is Side.MISSING else self.rescued


class RoutingService:
    """Answers who would be told; writes an audit row and nothing else."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def explain(self, match_id: str, scope: AccessScope) -> RoutingView:
        """Return who would be told of a match, as far as a party to it may know.

        Raises:
            NotFound: there is no such match, or the caller is no party to it.
        """
        scope.require(Permission.MATCHES_READ)
        now = self._clock()
        with self._database.write() as conn:
            asked = _asked(conn, match_id)
            if asked is None or not is_party(conn, asked.match, scope, now):
                raise NotFound("match")
            _note(conn, scope.actor_id, match_id, now)
            return _seen_by_party(conn, asked, scope.partner_id, now)

    def explain_all(self, match_id: str) -> RoutingView:
        """Return everybody who would be told, to the operator of the deployment: no personal data is in it.

        Raises:
            NotFound: there is no such match.
        """
        now = self._clock()
        with self._database.write() as conn:
            asked = _asked(conn, match_id)
            if asked is None:
                raise NotFound("match")
            _note(conn, COMMAND_LINE, match_id, now)
            return _view(conn, asked, _routing(conn, asked, now), now, caller=None)


def _asked(conn: Connection, match_id: str) -> _Asked | None:
    match = matches.get_match(conn, match_id)
    both = {} if match is None else cases.get_cases(conn, [match.missing_id, match.rescued_id])
    return None if match is None or len(both) < 2 else _Asked(match, both[match.missing_id], both[match.rescued_id])


def _note(conn: Connection, actor: str, match_id: str, now: datetime) -> None:
    audit.append(conn, at=now, actor=actor, action="match.read", subject=match_id, detail={"as": "routing"})


def _quiet(conn: Connection, asked: _Asked, now: datetime) -> str | None:
    """Return why nobody at all is told."""
    if asked.match.grade == Grade.CERTAINLY_NOT:
        return "grade"
    over = asked.match.state in QUIET or not may_meet(conn, asked.missing, asked.rescued, now)
    return "over" if over else None


def _routing(conn: Connection, asked: _Asked, now: datetime, only: Side | None = None) -> Routing:
    """Return who is told; with `only`, as far as the rules and the case of that side go."""
    if _quiet(conn, asked, now):
        return Routing([], [])
    match, strongest = asked.match, frozenset(Side)
    if match.grade == Grade.POSSIBLE:
        strongest = among_strongest(conn, {match.id: (match.missing_id, match.rescued_id)})[match.id]
    return route(
        conn, asked.missing, asked.rescued, match.grade, now, strongest=strongest,
        rules=[rule for rule in rules_in(match.state) if only in (None, rule.side)],
        judged=frozenset(Side) if only is None else frozenset({only}),
    )  # fmt: skip


def _seen_by_party(conn: Connection, asked: _Asked, caller: str, now: datetime) -> RoutingView:
    """Return what a party may know of who would be told."""
    routing = _routing(conn, asked, now)
    mine = [one for one in routing.told if one.partner.id == caller]
    own = [side for side in Side if asked.case_of(side).owner_id == caller]
    if len(own) == 2:
        return _view(conn, asked, routing, now, caller=caller)
    if not own:
        # That another rule reaches it too could tell it where a protected person is.
        return _view(conn, asked, Routing(mine, []), now, caller=caller, withheld={"others": "not_owner"})
    (side,) = own
    across = Side.RESCUED if side is Side.MISSING else Side.MISSING
    if asked.match.grade == Grade.POSSIBLE:
        # Whether the other owner hears of it depends on what else its case resembles.
        unsaid = [one for one in routing.not_told if one.partner.id == caller and one.of == side]
        return _view(conn, asked, Routing(mine, unsaid), now, caller=caller, withheld={"others": "not_owner"})
    if not asked.case_of(across).protect_location:
        unsaid = [one for one in routing.not_told if _may_know(one, side)]
        return _view(conn, asked, Routing(routing.told, unsaid), now, caller=caller)
    # Asked as if there were no other side: whom its rules reach too, or its agreements shut out, could tell who it is.
    near = _routing(conn, asked, now, only=side)
    return _view(conn, asked, near, now, caller=caller, withheld={across.value: "protect_location"})


def _may_know(one: NotTold, side: Side) -> bool:
    """Tell whether the owner of a side may know why somebody is not told: not by the other owner's case."""
    return one.of == side or (one.of is None and (one.side is side or one.reason != "inactive"))


def _view(
    conn: Connection,
    asked: _Asked,
    routing: Routing,
    now: datetime,
    *,
    caller: str | None,
    withheld: dict[str, str] | None = None,
) -> RoutingView:
    """Return the answer.

    Args:
        caller: the partner who asks; None for the operator.
    """
    match, quiet = asked.match, _quiet(conn, asked, now)
    news = MatchNews(
        match_id=match.id,
        event="risen" if alerts.alerts_of_match(conn, match.id) else "new",
        grade=match.grade,
        priority=urgency_of(conn, match, asked.missing, asked.rescued, now),
        same=(),
    )
    hidden = withheld or {}
    return RoutingView.model_validate(
        {
            "match_id": match.id,
            "grade": match.grade,
            "priority": None if quiet else news.priority,
            "quiet": quiet,
            "told": [_told(news, one, now, caller, by_place="protect_location" in hidden.values())
                     for one in routing.told],
            "not_told": [_not_told(one) for one in routing.not_told],
            "withheld": hidden,
        }
    )  # fmt: skip


def _told(news: MatchNews, one: Recipient, now: datetime, caller: str | None, *, by_place: bool) -> ToldView:
    """Return one recipient; what is withheld from another may itself tell who keeps a protected person."""
    own = one.partner.id == caller
    whole = own or caller is None
    return ToldView(
        partner_id=one.partner.id,
        organisation=one.partner.name,
        rule=one.rule,
        because=_BECAUSE[one.rule],
        side=one.side.value,
        you=own,
        withheld=one.withheld if whole or not by_place else None,
        channels=_channels(news, one) if whole else None,
        message=_message(news, one, now) if whole else None,
    )


def _channels(news: MatchNews, one: Recipient) -> list[str]:
    return [] if news.priority == "digest" else one.partner.messages_go_by()


def _message(news: MatchNews, one: Recipient, now: datetime) -> dict[str, object] | None:
    """Return what would go into the outbox, without the ids that only a real alert has; None for the digest's part."""
    if news.priority == "digest":
        return None
    payload = notice_of("alert", compile_view(news, one, now)).to_payload()
    return payload | {"alert_id": None, "link": None}


def _not_told(one: NotTold) -> NotToldView:
    return NotToldView(
        partner_id=one.partner.id,
        organisation=one.partner.name,
        rule=one.rule,
        side=one.side.value,
        reason=one.reason,
        of=None if one.of is None else one.of.value,
    )
