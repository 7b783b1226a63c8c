"""May an alert that was made before still name the other organisation? Asked when a person becomes protected.

A reminder goes out hours after the alert, a failed message days after, and the inbox keeps both: what was lawful to
name then may tell by now where a protected person is. What is on the wire at that moment cannot be called back.
"""

from __future__ import annotations

from typing import Final

from api.alerts.attention_chain import tells_where
from api.alerts.routing import SIDE_OF_RULE, WITHHELD
from api.pairs.standing import Held
from api.store import Connection, alerts, cases, knowing, matches, outbox, pairs
from api.store.alerts import Alert
from matcher.person import Side

SILENT_ONE: Final = "protected_location"
"""Why an escalation does not say who has not answered."""
_OTHER = "other_organisation"
_FOUND: Final = ("found_place", "found_date")


def hide_names_of(conn: Connection, case_id: str) -> int:
    """Take the other organisation out of every alert about a case whose recipient may be told it no longer.

    Its messages that are not delivered lose it, too, also those that are given up: they may be sent again by hand.

    Returns:
        How many alerts that were.
    """
    return sum(hide_name(conn, alert) for alert in knowing.naming_alerts(conn, case_id))


def hide_name(conn: Connection, alert: Alert) -> bool:
    """Do so for one alert; False where it names nobody, or may."""
    if alert.other_organisation is None:
        return False
    withheld = _withheld(conn, alert)
    if _OTHER not in withheld:
        return False
    alerts.withhold_other(conn, alert.id, (alert.withheld or {}) | withheld)
    outbox.withhold_other(conn, alert.id)
    return True


def _withheld(conn: Connection, alert: Alert) -> dict[str, str]:
    """Return what is to be withheld from an alert's recipient by now, because of a protected person, and why."""
    if alert.event == "escalated":
        below = alerts.get_alert(conn, alert.about_id or "")
        return {_OTHER: SILENT_ONE} if below is None or tells_where(conn, below) else {}
    if alert.match_id is not None:
        return _of_match(conn, alert, alert.match_id)
    if alert.kind == "same_person" and alert.subject_id is not None:
        return _of_pair(conn, alert, alert.subject_id)
    return {}


def _of_match(conn: Connection, alert: Alert, match_id: str) -> dict[str, str]:
    match = matches.require_match(conn, match_id)
    both = cases.get_cases(conn, [match.missing_id, match.rescued_id])
    why = "protect_location"
    hidden = {case.side for case in both.values() if case.protect_location and case.owner_id != alert.recipient_id}
    own = SIDE_OF_RULE.get(alert.rule or "")  # of an unknown rule, any of the two may be the other one
    withheld = {_OTHER: why} if hidden - {own} else {}
    return withheld | dict.fromkeys(_FOUND, why) if Side.RESCUED in hidden else withheld


def _of_pair(conn: Connection, alert: Alert, pair_id: str) -> dict[str, str]:
    pair = pairs.require(conn, pair_id)
    both = cases.get_cases(conn, [pair.first_id, pair.second_id])
    held = {one.id: Held(one.id, one.owner_id, one.side, one.protect_location) for one in both.values()}
    own = held.pop(alert.own_case_id or "", None)
    hidden = any(other.protected if own is None else own.hides(other) for other in held.values())
    return {_OTHER: WITHHELD["protect_location"]} if hidden else {}
