"""Who may know again of a match that was taken from its inbox? It is told anew, with deadlines, if the match lives.

    agreement or consent ends ──> its alert ends as `not_shared` ── either comes back ──> told anew, as if it were new

Comparing does not do it: the evidence is the same as before, and of the same nobody is told twice. Whoever had acted on
its alert, or was told to stop since, is told nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from api.alerts.anew import tell_anew
from api.ids import RandomBytes
from api.matches.states import LIVING
from api.store import Connection, attention, cases, matches
from api.store.alerts import Alert


def tell_again(conn: Connection, match_ids: Sequence[str], now: datetime, random_bytes: RandomBytes) -> int:
    """Tell whoever may know of these matches again; return how many alerts that are."""
    return tell_whose_ended(conn, attention.ended_unshared(conn, match_ids=match_ids), now, random_bytes)


def tell_whose_ended(conn: Connection, ended: Sequence[Alert], now: datetime, random_bytes: RandomBytes) -> int:
    """Tell the recipients of alerts that ended for want of sharing, each once, as far as they may know again."""
    return sum(_tell(conn, alert, now, random_bytes) for alert in ended)


def _tell(conn: Connection, alert: Alert, now: datetime, random_bytes: RandomBytes) -> int:
    match = matches.require_match(conn, alert.match_id or "")
    if match.state not in LIVING:
        return 0
    both = cases.get_cases(conn, [match.missing_id, match.rescued_id])
    if len(both) < 2 or any(case.status != "open" or case.expired(now) for case in both.values()):
        return 0
    # By the alert that ended: whoever looks at the same moment tells of the same.
    same = (match.id, "shared again", alert.id)
    return tell_anew(conn, match, both, same, {alert.recipient_id}, now, random_bytes)
