"""What does a partner not want to be sent, or not at once? One answer for every message; pure computation.

A partner's rules: `{"until": "2026-12-24", "grades": ["possible"], "kinds": ["digest"], "outside_hours": true}`. What
is of these grades or kinds is in the inbox and in no message; with `outside_hours` other messages wait until the office
opens. No rule reaches a critical alert, a recall or an escalation, nor a reminder of one: that is asked before any rule
is looked at. A grade is the engine's word: what people say of a match, and a reminder that they wait, is sent whatever
the grade is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from api.alerts.notice import GRADES, KINDS
from api.partners.office_hours import next_opening
from api.store.outbox import RECALLS
from api.store.partners import Partner
from matcher.errors import InvalidRecord

NEVER_QUIET: Final = frozenset({*RECALLS, "escalated"})
"""Events that are told whatever a partner says."""
SPOKEN: Final = frozenset({"updated", "reminder", "act_reminder"})
"""Events of a match behind which people are: no grade silences them."""
QUIET_GRADES: Final = ("possible", "certainly-not")
"""Grades that may be silenced: a better match of a child is critical."""
QUIET_KINDS: Final = tuple(kind for kind in KINDS if kind != "match")
"""Kinds that may be silenced: of matches, by grade only."""


def send_at(
    to: Partner, *, kind: str, event: str, grade: str | None, priority: str, now: datetime,
    reminds_of: str | None = None,
) -> datetime | None:  # fmt: skip
    """Return from when on a message may be sent; None where it is in the inbox only.

    Args:
        kind, event, grade, priority: as in `api.alerts.notice.AlertNotice`.
        reminds_of: of a reminder, the event of its alert.
    """
    rules = to.quiet
    always = priority == "critical" or not NEVER_QUIET.isdisjoint((event, reminds_of))
    if always or not rules or not _in_force(rules, to, now):
        return now
    if kind in rules["kinds"] or (kind == "match" and event not in SPOKEN and grade in rules["grades"]):
        return None
    if rules["outside_hours"]:
        return next_opening(to.office_hours, to.time_zone, now) or now
    return now


def check_quiet(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return a partner's rules as they are kept.

    Raises:
        InvalidRecord: one would silence what must be told, or none silences anything.
    """
    until, kinds, grades = said.get("until"), sorted(set(said.get("kinds", ()))), sorted(set(said.get("grades", ())))
    outside = bool(said.get("outside_hours", False))
    if not set(grades) <= set(GRADES) or not set(kinds) <= set(KINDS):
        raise InvalidRecord("quiet", "names a grade or a kind that there is not")
    if not set(grades) <= set(QUIET_GRADES):
        raise InvalidRecord("quiet", "would silence matches of children: of the grades, only possible may be silenced")
    if not set(kinds) <= set(QUIET_KINDS):
        raise InvalidRecord("quiet", "would silence every match, also critical ones; silence the grade possible")
    if not (kinds or grades or outside):
        raise InvalidRecord("quiet", "silences nothing; null takes the rules away")
    day = until.isoformat() if isinstance(until, date) else until
    return {"until": day, "kinds": kinds, "grades": grades, "outside_hours": outside}


def _in_force(rules: Mapping[str, Any], to: Partner, now: datetime) -> bool:
    until = rules["until"]
    return until is None or now.astimezone(ZoneInfo(to.time_zone or "UTC")).date() <= date.fromisoformat(until)
