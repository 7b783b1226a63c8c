"""Whose alerts are those of a case that has changed hands? The new owner's; the former one is reminded of nothing more.

    former owner  alerts about the case and its matches are closed, unsent messages stay here
    new owner     is told of every match that people are still finding out about, as if it were new, with its deadlines

A former owner whom another rule reaches, say as the police unit of the place, is told anew as that.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from api.alerts.anew import tell_anew
from api.alerts.answering import close_above
from api.ids import RandomBytes
from api.matches.states import LIVING
from api.store import Connection, alerts, cases, knowing, matches, outbox
from api.store import attention as store
from api.store.alerts import Alert
from api.store.cases import Case

ENGINE: Final = "engine"
WHY: Final = "the case has changed hands"


def hand_over_alerts(conn: Connection, case: Case, former_id: str, now: datetime, random_bytes: RandomBytes) -> None:
    """End the former owner's alerts of a case, and tell the new one of the matches that live."""
    _close(conn, knowing.open_alerts_of_case(conn, case.id, former_id), now)
    concerned = {former_id, case.owner_id}
    for match in sorted(matches.matches_of_case(conn, case.id), key=lambda one: one.id):
        both = cases.get_cases(conn, [match.missing_id, match.rescued_id])
        if match.state in LIVING and all(one.status == "open" for one in both.values()):
            # What it was told as a unit it hears anew as the owner: one deadline for one thing.
            _close(conn, knowing.open_alerts_of_match(conn, match.id, case.owner_id), now)
            same = (match.id, "handed over", now.isoformat())
            tell_anew(conn, match, both, same, concerned.__contains__, now, random_bytes)


def _close(conn: Connection, going: list[Alert], now: datetime) -> None:
    ids = [alert.id for alert in going]
    outbox.hold_back_alerts(conn, ids, now, WHY)
    for alert_id in ids:
        alerts.add_event(conn, alert_id, "closed", at=now, actor=ENGINE, detail={"settled": "handed_over"})
        close_above(conn, alert_id, ENGINE, now)
    store.end(conn, ids, "closed", now)
