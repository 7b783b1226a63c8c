"""How is one step of an alert taken? A reminder to its recipient, or an alert to whoever stands above.

An escalation is an alert of its own, with deadlines by the hours of whom it goes to. Where nobody answers that one
either, it is escalated in turn. The chain ends with the national focal point, and in the report of missed alerts.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from api.alerts import attention
from api.alerts.attention import Attention, Step
from api.alerts.attention_chain import is_only_gone, next_above, tells_where, why_not
from api.alerts.deadlines import deadlines_of
from api.alerts.naming import SILENT_ONE, hide_name
from api.alerts.notice import AlertNotice
from api.alerts.raising import Occasion, link_of, messages_to, raise_alert
from api.alerts.unshared import ENGINE, close_unshared, takes_back
from api.ids import RandomBytes
from api.store import Connection, agenda, alerts, audit, inbox, outbox, partners, untold
from api.store import attention as store
from api.store.alerts import Alert
from api.store.errors import RowMissing
from api.store.partners import Partner

NOT_ACKNOWLEDGED, NOT_ACTED = "not acknowledged in time", "not acted on in time"
GONE: Final = "takes part no longer"
_LATER = (Step.ESCALATE, Step.LAPSE)


def take_step(conn: Connection, alert: Alert, now: datetime, random_bytes: RandomBytes) -> Step | None:
    """Take the step of an alert that is due now, and set when the next one is.

    An alert of a match or a duty of which its recipient may no longer know ends instead. Where the recipient has only
    ceased to take part, whoever stands above is told of a match first; a duty becomes another's.

    Returns:
        The step; None where the office's hours have moved it meanwhile, or the alert has ended.
    """
    recipient = partners.get_partner(conn, alert.recipient_id)
    if recipient is None:
        raise RowMissing("partners")
    about_case = alert.match_id is not None or alert.kind == "clock"
    if about_case and not takes_back(conn, alert) and why_not(conn, alert, recipient, now):
        if alert.match_id is not None and is_only_gone(conn, alert, recipient, now):
            return _pass_on(conn, alert, recipient, now, random_bytes)
        close_unshared(conn, alert, now)
        if alert.kind == "clock":  # whose it is by then is told at the next pass, or whoever takes part again
            agenda.tell_anew(conn, str(alert.subject_id))
        return None
    waits = Attention.of(alert)
    step = attention.due_step(waits, recipient, now)
    if step is None:
        store.plan(conn, alert.id, attention.next_step_at(waits, recipient, now), alert.act_by)
    elif step in _LATER:
        _escalate(conn, alert, recipient, step, now, random_bytes)
    else:
        _remind(conn, alert, recipient, step, now, random_bytes)
        store.note_step(conn, alert.id, now, attention.next_step_at(waits, recipient, now))
    return step


def _remind(
    conn: Connection, alert: Alert, recipient: Partner, step: Step, now: datetime, random_bytes: RandomBytes
) -> None:
    due_at = alert.due_at if step is Step.REMIND else None
    _speak_again(conn, alert, recipient, step, due_at, now, random_bytes)
    alerts.add_event(conn, alert.id, "reminded", at=now, actor=ENGINE, detail={"of": str(step)})


def _lapse(
    conn: Connection, alert: Alert, recipient: Partner, now: datetime, random_bytes: RandomBytes
) -> datetime | None:
    """Take an acknowledgement back and ask for another one; return by when."""
    due_at = deadlines_of(recipient, alert.priority, now).due_at
    was_due = None if alert.due_at is None else alert.due_at.isoformat()
    detail = {"acknowledged_by": alert.acknowledged_by, "due_at": was_due}
    alerts.add_event(conn, alert.id, "lapsed", at=now, actor=ENGINE, detail=detail)
    store.lapse(conn, alert.id, now, _state_before(conn, alert), due_at)
    _speak_again(conn, alert, recipient, Step.REMIND, due_at, now, random_bytes)
    return due_at


def _speak_again(
    conn: Connection, alert: Alert, recipient: Partner, event: str, due_at: datetime | None, now: datetime,
    random_bytes: RandomBytes,
) -> None:  # fmt: skip
    """Send an alert's recipient one more message of it; in the live inbox the alert comes again."""
    hidden = hide_name(conn, alert)  # what was lawful to name when it was raised may not be any more
    notice = AlertNotice(
        kind=alert.kind,
        alert_id=alert.id,
        match_id=alert.match_id,
        subject_id=alert.subject_id,
        event=event,
        grade=alert.grade,
        priority=alert.priority,
        your_record_id=alert.own_case_id,
        other_organisation=None if hidden else alert.other_organisation,
        due_at=due_at,
        link=link_of(alert.id),
    )
    messages = messages_to(recipient, notice, now, random_bytes, reminds_of=alert.event)
    alerts.add_messages(conn, alert.id, recipient.id, now, messages)
    inbox.come_again(conn, alert.id)


def _escalate(
    conn: Connection, alert: Alert, recipient: Partner, step: Step, now: datetime, random_bytes: RandomBytes
) -> None:
    """Tell whoever stands above, once while that is open; after an acknowledgement without action it is reopened."""
    again = _lapse(conn, alert, recipient, now, random_bytes) if step is Step.LAPSE else None
    if already := store.escalations_of(conn, alert.id):
        store.note_step(conn, alert.id, now, again, "escalated")
        alerts.add_event(conn, alert.id, "still_escalated", at=now, actor=ENGINE, detail={"by": already[-1].id})
        return
    above = next_above(conn, alert, recipient, now)
    if above.partner is None:
        store.note_step(conn, alert.id, now, again)
        gaps = {"passed_over": list(above.passed_over)}
        alerts.add_event(conn, alert.id, "missed", at=now, actor=ENGINE, detail=gaps)
        return
    why = NOT_ACTED if step is Step.LAPSE else NOT_ACKNOWLEDGED
    _note_told(conn, alert, recipient, above.partner, why, {"passed_over": list(above.passed_over)}, now, random_bytes)
    store.note_step(conn, alert.id, now, again, "escalated")


def _pass_on(
    conn: Connection, alert: Alert, recipient: Partner, now: datetime, random_bytes: RandomBytes
) -> Step | None:  # fmt: skip
    """Tell whoever stands above one that takes part no longer, and end its alert; what was escalated before stands."""
    told = None if store.escalations_of(conn, alert.id) else Step.ESCALATE
    if told is not None:
        above = next_above(conn, alert, recipient, now)
        gaps: dict[str, object] = {"passed_over": list(above.passed_over)}
        if above.partner is None:
            alerts.add_event(conn, alert.id, "missed", at=now, actor=ENGINE, detail=gaps)
        else:
            _note_told(conn, alert, recipient, above.partner, GONE, gaps, now, random_bytes)
    outbox.hold_back_alerts(conn, [alert.id], now, GONE)
    alerts.add_event(conn, alert.id, "closed", at=now, actor=ENGINE, detail={"reason": untold.NOT_SHARED})
    store.end(conn, [alert.id], "closed", now)
    return told


def _note_told(
    conn: Connection, alert: Alert, recipient: Partner, to: Partner, why: str, gaps: dict[str, object], now: datetime,
    random_bytes: RandomBytes,
) -> None:  # fmt: skip
    """Tell somebody above, and note whom and why."""
    raised = _tell_above(conn, alert, recipient, to, why, now, random_bytes)
    told: dict[str, object] = {"to": to.id, "by": raised.id}
    alerts.add_event(conn, alert.id, "escalated", at=now, actor=ENGINE, detail=told | {"why": why} | gaps)
    audit.append(conn, at=now, actor=ENGINE, action="alert.escalated", subject=alert.id, detail=told)


def _tell_above(
    conn: Connection, alert: Alert, silent: Partner, to: Partner, why: str, now: datetime, random_bytes: RandomBytes
) -> Alert:
    hidden = tells_where(conn, alert)
    ends = deadlines_of(to, alert.priority, now)
    before = sum(event.kind == "escalated" for event in alerts.events_of(conn, alert.id))
    occasion = Occasion(
        kind=alert.kind,
        event=Step.ESCALATE,
        priority=alert.priority,
        same=(alert.id, str(before)),
        rule=f"stands above a unit: {why}",
        match_id=alert.match_id,
        subject_id=alert.subject_id,
        about_id=alert.id,
        grade=alert.grade,
        other_organisation=None if hidden else silent.name,
        withheld={"other_organisation": SILENT_ONE} if hidden else {},
        due_at=ends.due_at,
        act_by=ends.act_by,
    )
    raised = raise_alert(conn, to, occasion, now, random_bytes)
    assert raised is not None  # each escalation of an alert has its own number
    return raised


def _state_before(conn: Connection, alert: Alert) -> str:
    """Return the state that an alert was in when it was acknowledged."""
    told = [event.detail.get("from") for event in alerts.events_of(conn, alert.id) if event.kind == "acknowledged"]
    return str(told[-1]) if told and told[-1] else "delivered"
