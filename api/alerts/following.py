"""What do people hear of when a match moves? Part of every step, in its transaction.

a person's step      what its organisation was told of the match is acted on; taken up, it is acknowledged
confirmed, asked, …  the owner of the other side is told, with a deadline where it is waited for
rejected or ended    everybody who was told is told again, and acknowledges it
back again           everybody whom the rules reach is told
verified             nobody is waited for any more, and who was told hears it; the child's bulletins are taken down
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from api.alerts.answering import acted_on_match, taken_up
from api.alerts.compiling import MatchNews, compile_view
from api.alerts.raising import raise_alert
from api.alerts.recalling import recall_match
from api.alerts.routing import OWNER_RULES, RULES, Recipient, route
from api.alerts.settling import close_alerts_of
from api.bulletins.taking_down import take_down_for_case
from api.ids import RandomBytes
from api.matches.moves import MatchChange
from api.matches.states import FOUND, LIVING, RECALLED, Action, MatchState
from api.matches.urgency import spoken_priority, spoken_reach, urgency_of
from api.store import Connection, cases
from api.store.matches import Match
from matcher.model import Grade

AWAITING: Final = (MatchState.CONFIRMED_BY_ONE, MatchState.NEEDS_INFORMATION, MatchState.DISPUTED)
"""States in which the other side is waited for."""
_STOPPED: Final = RECALLED | {*FOUND, MatchState.DISPUTED}
"""States of which people heard that there is nothing to do, or nothing any more.

Of a dispute only the owners hear (`api.alerts.routing.rules_in`).
"""


class MatchFollower:
    """Tells people of every change of a match; for `MatchMoves`."""

    def __init__(self, random_bytes: RandomBytes) -> None:
        self._random = random_bytes

    def __call__(self, conn: Connection, match: Match, change: MatchChange) -> None:
        """Tell whoever has to hear of a change, and note who has acted."""
        if change.partner_id is not None:
            answered = taken_up if change.kind is Action.TAKE_UP else acted_on_match
            answered(conn, match.id, change.partner_id, change.actor, change.at)
        if change.to_state in RECALLED and change.from_state not in RECALLED:
            reason = str(change.kind if change.kind is Action.CASE_CLOSED else change.to_state)
            recall_match(conn, match, reason, change.at, self._random)
        elif change.to_state in FOUND and change.from_state not in FOUND:
            self._settle(conn, match, change)
        elif _lives_again(change):
            self._tell(conn, match, change, everybody=True)
        elif _owners_hear(change):
            self._tell(conn, match, change, everybody=False)

    def _settle(self, conn: Connection, match: Match, change: MatchChange) -> None:
        told = close_alerts_of(conn, match.id, str(change.to_state), change.actor, change.at)
        self._tell(conn, match, change, everybody=True, only=told)
        take_down_for_case(
            conn, match.missing_id, "found", change.at, by=change.actor, random_bytes=self._random
        )  # fmt: skip

    def _tell(
        self, conn: Connection, match: Match, change: MatchChange, *, everybody: bool,
        only: Collection[str] | None = None,
    ) -> None:  # fmt: skip
        """Tell the owners, or everybody whom the rules reach.

        Args:
            only: of everybody, beside the owners, only these, whatever the grade is now; nobody is waited for.
        """
        both = cases.get_cases(conn, [match.missing_id, match.rescued_id])
        missing, rescued = both[match.missing_id], both[match.rescued_id]
        spoken = change.partner_id is not None or change.to_state in AWAITING
        news = MatchNews(
            match_id=match.id,
            event="updated",
            grade=match.grade,
            priority="standard"
            if only is not None
            else spoken_priority(urgency_of(conn, match, missing, rescued, change.at), spoken),
            same=(match.id, str(match.version)),
        )
        reach = str(Grade.CERTAIN) if only is not None else spoken_reach(match.grade, spoken)
        waited_for = only is None and (everybody or change.to_state in AWAITING or _answers(change))
        rules = RULES if everybody else OWNER_RULES
        for recipient in route(conn, missing, rescued, reach, change.at, rules=rules).told:
            concerned = only is None or recipient.partner.id in only or recipient.rule in _OWNER_CODES
            if concerned and recipient.partner.id != change.partner_id:
                self._raise(conn, news, recipient, change, waited_for=waited_for)

    def _raise(
        self, conn: Connection, news: MatchNews, recipient: Recipient, change: MatchChange, *, waited_for: bool
    ) -> None:
        occasion = compile_view(news, recipient, change.at)
        if not waited_for:
            occasion = replace(occasion, due_at=None, act_by=None)
        raise_alert(conn, recipient.partner, occasion, change.at, self._random)


_OWNER_CODES: Final = frozenset(rule.code for rule in OWNER_RULES)


def _lives_again(change: MatchChange) -> bool:
    """Tell whether everybody is to go on; where the engine suggests it anew, it raises the alerts itself."""
    living = change.to_state in LIVING and change.to_state is not MatchState.DISPUTED
    return living and change.from_state in _STOPPED and change.kind is not Action.REOPEN


def _owners_hear(change: MatchChange) -> bool:
    """Tell whether the owners hear of a step: of all that a person takes but looking, and of a dispute."""
    if change.kind is Action.TAKE_UP:
        return False
    return change.partner_id is not None or (
        change.to_state is MatchState.DISPUTED and change.from_state is not MatchState.DISPUTED
    )


def _answers(change: MatchChange) -> bool:
    """Tell whether whoever has asked can go on now."""
    return change.kind is Action.ANSWER_INFORMATION
