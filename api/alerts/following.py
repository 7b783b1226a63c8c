"""What do people hear of when a match moves? Part of every step, in its transaction.

a person's step      what its organisation was told of the match is acted on
confirmed, asked, …  the owner of the other side is told, with a deadline where it is waited for
rejected or ended    everybody who was told is told again, and acknowledges it
back again           everybody whom the rules reach is told
verified             the bulletins of the missing child are taken down: she is found
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from api.alerts.answering import acted_on_match
from api.alerts.compiling import MatchNews, compile_view
from api.alerts.raising import raise_alert
from api.alerts.recalling import recall_match
from api.alerts.routing import RULES, Recipient, route
from api.bulletins.taking_down import take_down_for_case
from api.ids import RandomBytes
from api.matches.moves import MatchChange
from api.matches.states import FOUND, LIVING, RECALLED, Action, MatchState
from api.matches.urgency import priority_of
from api.store import Connection, cases
from api.store.matches import Match

AWAITING: Final = (MatchState.CONFIRMED_BY_ONE, MatchState.NEEDS_INFORMATION, MatchState.DISPUTED)
"""States in which the other side is waited for."""
_BACK: Final = (Action.UNDO, Action.COME_BACK, Action.REVIVE)
"""Steps by which a match lives again; where the engine suggests it anew, it raises the alerts itself."""
_OWNERS: Final = tuple(rule for rule in RULES if rule.code.startswith("owner_"))


class MatchFollower:
    """Tells people of every change of a match; for `MatchMoves`."""

    def __init__(self, random_bytes: RandomBytes) -> None:
        self._random = random_bytes

    def __call__(self, conn: Connection, match: Match, change: MatchChange) -> None:
        """Tell whoever has to hear of a change, and note who has acted."""
        if change.partner_id is not None:
            acted_on_match(conn, match.id, change.partner_id, change.actor, change.at)
        if change.to_state in RECALLED and change.from_state not in RECALLED:
            reason = str(change.kind if change.kind is Action.CASE_CLOSED else change.to_state)
            recall_match(conn, match, reason, change.at, self._random)
        elif change.from_state in RECALLED and change.to_state in LIVING and change.kind in _BACK:
            self._tell(conn, match, change, everybody=True)
        elif change.partner_id is not None and change.kind is not Action.TAKE_UP:
            self._tell(conn, match, change, everybody=False)
        if change.to_state in FOUND and change.from_state not in FOUND:
            take_down_for_case(
                conn, match.missing_id, "found", change.at, by=change.actor, random_bytes=self._random
            )  # fmt: skip

    def _tell(self, conn: Connection, match: Match, change: MatchChange, *, everybody: bool) -> None:
        both = cases.get_cases(conn, [match.missing_id, match.rescued_id])
        missing, rescued = both[match.missing_id], both[match.rescued_id]
        rules = RULES if everybody else _OWNERS
        news = MatchNews(
            match_id=match.id,
            event="updated",
            grade=match.grade,
            priority=priority_of(match.grade, missing, rescued, change.at),
            same=(match.id, str(match.version)),
        )
        for recipient in route(conn, missing, rescued, match.grade, change.at, rules=rules).told:
            if recipient.partner.id != change.partner_id:
                self._raise(conn, news, recipient, change, waited_for=everybody or change.to_state in AWAITING)

    def _raise(
        self, conn: Connection, news: MatchNews, recipient: Recipient, change: MatchChange, *, waited_for: bool
    ) -> None:
        occasion = compile_view(news, recipient, change.at)
        if not waited_for:
            occasion = replace(occasion, due_at=None, act_by=None)
        raise_alert(conn, recipient.partner, occasion, change.at, self._random)
