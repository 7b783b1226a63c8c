"""What happens to an alert that nobody answers, and when? Pure computation; `attention_loop` applies it.

    raised ── half-time ──> reminder ── due ──> escalated to the next above
       │
    acknowledged ── half-time ──> act reminder ── act by ──> lapsed: as if never acknowledged, and escalated
       │
    acted on, closed, recalled: nothing any more

What only asks for an acknowledgement (a recall) is done with it. Whoever comes late takes the step that is due now, not
those that were missed: nobody is reminded of what has been escalated.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from api.alerts.deadlines import half_time
from api.store.alerts import ENDED, Alert
from api.store.partners import Partner


class Step(StrEnum):
    """What is to be done; also the event of the notice that tells of it, but for what has lapsed."""

    REMIND = "reminder"
    ESCALATE = "escalated"
    REMIND_TO_ACT = "act_reminder"
    LAPSE = "lapsed"  # the acknowledgement; and escalate


@dataclass(frozen=True, slots=True)
class Attention:
    """What of an alert decides the next step; fields as in `api.store.alerts.Alert`."""

    priority: str
    created_at: datetime
    due_at: datetime | None
    act_by: datetime | None
    acknowledged_at: datetime | None = None
    ended: bool = False

    @classmethod
    def of(cls, alert: Alert) -> Attention:
        """Return it of a stored alert."""
        return cls(
            alert.priority,
            alert.created_at,
            alert.due_at,
            alert.act_by,
            alert.acknowledged_at,
            alert.state in ENDED,
        )


def timeline(attention: Attention, recipient: Partner) -> list[tuple[datetime, Step]]:
    """Return what happens from here on, and when, if nobody does anything."""
    if attention.ended:
        return []
    if attention.acknowledged_at is None:
        start, end, steps = attention.created_at, attention.due_at, (Step.REMIND, Step.ESCALATE)
    else:
        start, end, steps = attention.acknowledged_at, attention.act_by, (Step.REMIND_TO_ACT, Step.LAPSE)
    if end is None:
        return []
    half = half_time(recipient, attention.priority, start, end) if start < end else end
    return [(half, steps[0]), (end, steps[1])]


def due_step(attention: Attention, recipient: Partner, now: datetime) -> Step | None:
    """Return the step that is due: the last one whose moment has come."""
    return next((step for moment, step in reversed(timeline(attention, recipient)) if moment <= now), None)


def next_step_at(attention: Attention, recipient: Partner, now: datetime) -> datetime | None:
    """Return when the next step after now is due; None when there is none."""
    return next((moment for moment, _ in timeline(attention, recipient) if moment > now), None)
