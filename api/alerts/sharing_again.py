"""Who may know of a match that it could not be told of, or of which it was told and that was taken from its inbox?

    agreement or consent ends ──> its alert ends as `not_shared` ── either comes back ──> told anew, as if it were new
    match found ──> no agreement or consent, another's area ──────── that changes ─────> told, as if it were new

Comparing does not do it: the evidence is the same as before, and of the same nobody is told twice. A match that lives
no more is told to nobody; nor is one to whoever had acted on its alert, or was told to stop since.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from api.alerts.anew import tell_anew
from api.cases.standing import TOLD_AS_OWNER, may_meet
from api.ids import RandomBytes
from api.matches.states import LIVING, MatchState
from api.store import Connection, alerts, cases, matches, untold
from api.store.alerts import Alert
from api.store.matches import Match


def tell_again(conn: Connection, match_ids: Sequence[str], now: datetime, random_bytes: RandomBytes) -> int:
    """Tell whoever may know of these matches, again or for the first time; return how many alerts that are."""
    told = tell_whose_ended(conn, untold.ended_unshared(conn, match_ids), now, random_bytes)
    its = [matches.require_match(conn, match_id) for match_id in match_ids]
    return told + tell_who_never_heard(conn, its, now, random_bytes)


def tell_whose_ended(conn: Connection, ended: Sequence[Alert], now: datetime, random_bytes: RandomBytes) -> int:
    """Tell the recipients of alerts that ended for want of sharing, each once, as far as they may know again."""
    told = 0
    for alert in ended:
        match = matches.require_match(conn, alert.match_id or "")
        # By the alert that ended: whoever looks at the same moment tells of the same.
        told += _tell(conn, match, ("shared again", alert.id), alert.recipient_id.__eq__, now, random_bytes)
    return told


def tell_who_never_heard(
    conn: Connection, some: Sequence[Match], now: datetime, random_bytes: RandomBytes, *, only: str | None = None
) -> int:  # fmt: skip
    """Tell of matches whom the rules reach by now and who was told nothing of them; return how many alerts that are.

    Args:
        only: tell this partner and nobody else.
    """
    told = 0
    for match in some:
        heard = _heard(conn, match)

        def is_new(partner_id: str, heard: set[str] = heard) -> bool:
            return partner_id not in heard and only in (None, partner_id)

        told += _tell(conn, match, ("may know now",), is_new, now, random_bytes)
    return told


def _heard(conn: Connection, match: Match) -> set[str]:
    """Return the partners who know of a match: who was told, and the owners who have said something of it.

    What somebody was told as the owner that it is no more counts for nothing: it left with the case.
    """
    owners = set(cases.owners_of(conn, [match.missing_id, match.rescued_id]).values())
    told = {
        alert.recipient_id
        for alert in alerts.alerts_of_match(conn, match.id)
        if alert.event != "escalated" and (alert.rule not in TOLD_AS_OWNER or alert.recipient_id in owners)
    }
    spoke = {str(event.detail.get("partner")) for event in matches.events_of(conn, match.id)}
    return told | (spoke & owners)


def _tell(
    conn: Connection, match: Match, occasion: tuple[str, ...], whom: Callable[[str], bool], now: datetime,
    random_bytes: RandomBytes,
) -> int:  # fmt: skip
    if match.state not in LIVING:
        return 0
    both = cases.get_cases(conn, [match.missing_id, match.rescued_id])
    if len(both) < 2 or not may_meet(conn, both[match.missing_id], both[match.rescued_id], now):
        return 0
    owners = {case.owner_id for case in both.values()}

    def hears(partner_id: str) -> bool:
        # Of a dispute only the owners hear until it is settled; then everybody does.
        return whom(partner_id) and (match.state != MatchState.DISPUTED or partner_id in owners)

    return tell_anew(conn, match, both, (match.id, *occasion), hears, now, random_bytes)
