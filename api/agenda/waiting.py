"""Which matches wait for a unit to go on with them? No match that people are finding out about may lie for ever.

suggested, probable or better   both sides: to have answered an alert is not to have decided
confirmed by one                the side that has not confirmed
needs information               the side that was asked
disputed                        the side that did not speak last
in every other living state     both
restored, no day of return      both, until one of them enters it: nobody visits her before
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from api.access import AccessScope
from api.matches.states import LIVING, Disposition, MatchState
from api.store import Connection, agreements, consents, follow_ups
from api.store.match_duties import GoingMatch, going_matches
from matcher.model import Grade
from matcher.person import Side

_SPOKEN: Final[Mapping[str, Disposition]] = {
    MatchState.CONFIRMED_BY_ONE: Disposition.CONFIRM,
    MatchState.NEEDS_INFORMATION: Disposition.NEEDS_INFORMATION,
}
"""State -> what a side says that is not waited for in it."""


def waits_for(match: GoingMatch, side: str) -> bool:
    """Tell whether a match that lives waits for a side."""
    if match.state == MatchState.SUGGESTED:
        return Grade(match.grade).rank >= Grade.PROBABLE.rank
    if match.state == MatchState.DISPUTED:
        return side != next(reversed(match.says), None)
    said = _SPOKEN.get(match.state)
    return said is None or match.says.get(side) != said


def waiting_matches(
    conn: Connection, scope: AccessScope, now: datetime, *, besides_alerts: bool
) -> Iterator[tuple[GoingMatch, str]]:
    """Give the matches that wait for the caller's organisation and that it may read, with its own case."""
    found = going_matches(conn, scope.partner_id, states=LIVING, at=now, besides_alerts=besides_alerts)
    others = {match.id: _across(match, scope.partner_id) for match in found}
    cases_of_others = sorted({case_id for other in others.values() if other for case_id in other[:1]})
    shared = consents.permitted_among(conn, cases_of_others, "sharing", scope.recipient_class)
    owners = {other[1] for other in others.values() if other}
    agreed = {owner for owner in owners if agreements.agreed(conn, owner, scope.partner_id, now)}
    for match in found:
        other = others[match.id]
        mine = [side for side, owner in match.owners.items() if owner == scope.partner_id and waits_for(match, side)]
        if mine and (other is None or (other[0] in shared and other[1] in agreed)):
            yield match, match.case_ids[mine[0]]


def waiting_returns(conn: Connection, scope: AccessScope, now: datetime) -> Iterator[tuple[GoingMatch, str]]:
    """Give the restored matches of the caller's organisation from whose return no visits run, with its own case."""
    found = going_matches(conn, scope.partner_id, states=(MatchState.RESTORED,), at=now, besides_alerts=False)
    begun = follow_ups.begun_among(conn, sorted({case_id for match in found for case_id in match.case_ids.values()}))
    for match in found:
        if begun.isdisjoint(match.case_ids.values()):
            own = [
                match.case_ids[side] for side in (Side.RESCUED, Side.MISSING) if match.owners[side] == scope.partner_id
            ]
            yield match, own[0]


def _across(match: GoingMatch, partner_id: str) -> tuple[str, str] | None:
    """Return the other organisation's case and who that is; None where both cases are the partner's."""
    return next(((match.case_ids[side], owner) for side, owner in match.owners.items() if owner != partner_id), None)
