"""How is somebody told of a match that others know already? By the rules that reach it today, as if it were new."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from api.alerts.compiling import MatchNews, compile_view
from api.alerts.raising import raise_alert
from api.alerts.routing import BOTH_SIDES, route
from api.ids import RandomBytes
from api.matches.states import MatchState
from api.matches.urgency import among_strongest, spoken_priority, spoken_reach, urgency_of
from api.store import Connection
from api.store.cases import Case
from api.store.matches import Match
from matcher.model import Grade


def tell_anew(
    conn: Connection, match: Match, both: Mapping[str, Case], same: tuple[str, ...], whom: Callable[[str], bool],
    now: datetime, random_bytes: RandomBytes,
) -> int:  # fmt: skip
    """Tell those of whom the rules reach of a match as it stands; return how many were told.

    Args:
        both: its two cases, by their ids.
        same: what makes it the same occasion when it comes up again.
        whom: tells of a partner, by its id, whether it is to be told if the rules reach it.
    """
    missing, rescued = both[match.missing_id], both[match.rescued_id]
    spoken = match.state != MatchState.SUGGESTED
    news = MatchNews(
        match_id=match.id,
        event="new",
        grade=match.grade,
        priority=spoken_priority(urgency_of(conn, match, missing, rescued, now), spoken),
        same=same,
    )
    strongest = BOTH_SIDES
    if match.grade == Grade.POSSIBLE and not spoken:
        strongest = among_strongest(conn, {match.id: (missing.id, rescued.id)})[match.id]
    told = 0
    for recipient in route(conn, missing, rescued, spoken_reach(match.grade, spoken), now, strongest=strongest).told:
        if whom(recipient.partner.id):
            occasion = compile_view(news, recipient, now)
            told += raise_alert(conn, recipient.partner, occasion, now, random_bytes) is not None
    return told
