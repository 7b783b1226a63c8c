"""When need nobody be reminded of a duty any more? It was done, or it is none any more: found, closed, handed over.

An acknowledgement alone ends nothing: who was told of a duty has it until it is done (`api.alerts.attention`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from api.agenda.clocks import Clock
from api.alerts.answering import act, close
from api.alerts.raising import Occasion
from api.store import Connection, alerts, knowing
from api.store.alerts import ENDED, Alert

DONE: Final = "duty_done"
"""Noted by the engine where somebody has done what an alert asked for."""
RULES: Final[dict[Clock, str]] = {
    "untraced": "a missing report has been untraced for four months",
    "quarterly": "a quarterly report on an untraced missing report is due",
    "follow_up": "a follow-up visit is due",
}


def occasion_of(
    clock: Clock, case_id: str, which: str, *, own: bool = False, due_at: datetime | None = None,
    act_by: datetime | None = None,
) -> Occasion:  # fmt: skip
    """Return what somebody is told of a duty.

    Args:
        which: the number of a report, or the id of a visit.
        own: the recipient owns the case.
        act_by: by when it is to be done; None for whoever only has to know.
    """
    return Occasion(
        kind="clock", event=clock, priority="standard", same=(case_id, which), rule=RULES[clock], subject_id=case_id,
        own_case_id=case_id if own else None, due_at=due_at, act_by=act_by,
    )  # fmt: skip


def is_told_of(alert: Alert, clock: Clock, case_id: str, which: str) -> bool:
    """Tell whether an alert told its recipient of this very duty."""
    return alert.event == clock and alert.dedupe_key == occasion_of(clock, case_id, which).dedupe_key(
        alert.recipient_id
    )


def stands(alert: Alert, *, acts: bool) -> bool:
    """Tell whether what somebody was told of a duty stands.

    Args:
        acts: it is his to do now: that he only had to know of it is not enough.
    """
    return alert.state != "closed" and (alert.act_by is not None or not acts)


def duty_done(
    conn: Connection, clock: Clock, case_id: str, which: Iterable[str], actor: str, now: datetime
) -> int:  # fmt: skip
    """Note that duties were done, for everybody who was told of them; return how many alerts that ends."""
    wanted, ended = list(which), 0
    for alert in knowing.alerts_of_subject(conn, "clock", case_id):
        if alert.state not in ENDED and any(is_told_of(alert, clock, case_id, one) for one in wanted):
            act(conn, alert, DONE, actor, now)
            ended += 1
    return ended


def duty_over(conn: Connection, alert: Alert, now: datetime) -> None:
    """Close an alert whose duty is none any more, unless it has ended meanwhile."""
    as_it_is = alerts.get_alert(conn, alert.id)
    if as_it_is is not None:
        close(conn, as_it_is, {"why": "no longer due"}, now)
