"""Who has to hear that something has fallen due of a report, and has not heard it? Is what somebody heard still so?

Told is who has an alert of it that is not closed. A duty that ends and comes back (the child is not found after all,
the report is opened again), or goes to another unit (the place is corrected, an agreement begins), is told like a new
one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from api.agenda.answered import is_told_of, occasion_of
from api.agenda.clocks import Due, due_until, handed_over_on
from api.agenda.duties import Register
from api.store import agenda
from api.store.agenda import OpenReport
from api.store.alerts import Alert
from api.store.partners import Partner


class Untold(NamedTuple):
    """That a partner has not heard of something that is due.

    Attributes:
        acts: it is for this partner to do; otherwise it only has to know.
    """

    due: Due
    to: Partner
    acts: bool


def untold(register: Register, report: OpenReport, told: Mapping[str, bool]) -> list[Untold]:
    """Return who has not heard of what has fallen due of a report; whoever takes part no longer hears nothing.

    Args:
        told: by `Occasion.dedupe_key` what stands that somebody was told, and whether it was for him to do.
    """
    today, found = register.today(report.owner_id), []
    for due in due_until(register.facts_of(report), today, today):
        in_charge = {unit.id: unit for unit in register.in_charge(report)}
        owner = register.partner(report.owner_id)
        informed = {owner.id: owner} if due.clock == "untraced" and owner is not None else {}
        occasion = occasion_of(due.clock, report.case_id, str(due.number))
        for partner in (informed | in_charge).values():
            acts, knows = partner.id in in_charge, told.get(occasion.dedupe_key(partner.id))
            if partner.active and not (knows if acts else knows is not None):
                found.append(Untold(due, partner, acts))
    return found


def concerns(register: Register, report: OpenReport, partner_id: str) -> bool:
    """Tell whether a report is on a partner's agenda: his own, or one that has gone to him."""
    if report.owner_id == partner_id:
        return True
    gone_over = handed_over_on(register.facts_of(report)) <= register.today(report.owner_id)
    return gone_over and any(unit.id == partner_id for unit in register.in_charge(report))


def still_due(register: Register, alert: Alert, report: OpenReport | None) -> bool:
    """Tell whether what an alert told of is due, and on its recipient's agenda.

    Args:
        report: that it is about, as long as that is open and untraced.
    """
    if alert.event == "follow_up":
        case_id = str(alert.subject_id)
        visits = agenda.visits_due(
            register.conn, register.today(alert.recipient_id), owner_id=alert.recipient_id, case_id=case_id
        )
        return any(is_told_of(alert, "follow_up", case_id, visit.id) for visit in visits)
    if report is None or not concerns(register, report, alert.recipient_id):
        return False
    today = register.today(report.owner_id)
    return any(
        due.clock == alert.event and is_told_of(alert, due.clock, report.case_id, str(number))
        for due in due_until(register.facts_of(report), today, today)
        for number in range(due.number - due.missed, due.number + 1)
    )
