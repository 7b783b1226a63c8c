"""Who stands above a recipient that does not answer, and may be told? Nodal officer, coordinating centre, focal point.

Of each level the one nearest to the recipient's area is asked first. Nobody is told of what it may not know: agreement
and consent are asked for every case that the alert is about. Whoever is passed over is named with the reason, so that a
chain with a gap is seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.access import RECIPIENT_CLASS
from api.alerts.routing import SIDE_OF_RULE
from api.store import Connection, agreements, alerts, cases, consents, knowing, matches, pairs, partners
from api.store.alerts import Alert
from api.store.cases import Case
from api.store.outbox import RECALLS
from api.store.partners import Partner, area_prefixes
from matcher.person import Side

LEVELS: Final = ("nodal", "coordination", "focal_point")
"""Kinds to whom is escalated, in order."""


@dataclass(frozen=True, slots=True)
class Above:
    """Who is told next; nobody where the chain ends.

    Attributes:
        passed_over: why not somebody before: level, partner where there is one, and a word.
    """

    partner: Partner | None
    passed_over: tuple[dict[str, object], ...]


def next_above(conn: Connection, alert: Alert, recipient: Partner, now: datetime) -> Above:
    """Return who is told that a recipient has not answered an alert."""
    passed: list[dict[str, object]] = []
    for level in levels_above(recipient.kind):
        candidates = _nearest(conn, recipient, level)
        if not candidates:
            passed.append({"level": level, "why": "there is none"})
        for candidate in candidates:
            obstacle = why_not(conn, alert, candidate, now)
            if obstacle is None:
                return Above(candidate, tuple(passed))
            passed.append({"level": level, "partner": candidate.id, "why": obstacle})
    return Above(None, tuple(passed))


def levels_above(kind: str) -> tuple[str, ...]:
    """Return the levels above a kind of partner, nearest first."""
    return LEVELS[LEVELS.index(kind) + 1 :] if kind in LEVELS else LEVELS


def tells_where(conn: Connection, alert: Alert) -> bool:
    """Tell whether naming an alert's recipient would tell where a protected person is.

    It does when the recipient holds her record, is told as a unit of where she was found, or is asked about such a one:
    what stands above an alert, or takes it back, goes to a place that tells the same.
    """
    told: Alert | None = alert
    while told is not None:
        if (told.event == "escalated" and _names_nobody(told)) or _tells_where(conn, told):
            return True
        told = alerts.get_alert(conn, told.about_id) if told.about_id else None
    return False


def is_only_gone(conn: Connection, alert: Alert, recipient: Partner, now: datetime) -> bool:
    """Tell whether an alert's recipient takes part no longer, and nothing else keeps it from knowing.

    Then whoever stands above may know all the same. Of an owner's own case nobody may, once it takes part no longer.
    """
    if recipient.active or any(case.owner_id == recipient.id for case in _cases_of(conn, alert).values()):
        return False
    return why_not(conn, alert, recipient, now, as_if_active=True) is None


def why_not(
    conn: Connection, alert: Alert, partner: Partner, now: datetime, *, as_if_active: bool = False
) -> str | None:
    """Return why a partner may not be told of an alert; None when it may.

    Args:
        as_if_active: asked as if the partner took part.
    """
    if alert.event in RECALLS and _was_told(conn, alert, partner):
        return None  # what is taken back it knows already, also where it might no longer be told today
    concerned = _cases_of(conn, alert)
    wanted = _case_ids(conn, alert)
    if len(concerned) < len(wanted):
        return "the record is gone"
    owners = {case.owner_id for case in concerned.values()} or {alert.recipient_id}
    regardless = partner.id if as_if_active else None
    if not all(agreements.agreed(conn, owner, partner.id, now, as_if_active=regardless) for owner in owners):
        return "no agreement"
    others = [case.id for case in concerned.values() if case.owner_id != partner.id]
    shared = consents.permitted_among(conn, others, "sharing", RECIPIENT_CLASS[partner.kind])
    return None if shared.issuperset(others) else "no consent"


def _names_nobody(alert: Alert) -> bool:
    return bool(alert.withheld and "other_organisation" in alert.withheld)


def _tells_where(conn: Connection, alert: Alert) -> bool:
    concerned = _cases_of(conn, alert)
    if len(concerned) < len(_case_ids(conn, alert)):
        return True  # erased: nobody can say any more whether she was protected
    side = SIDE_OF_RULE.get(alert.rule or "")
    protected = [case for case in (concerned | _alike(conn, alert)).values() if case.protect_location]
    return any(
        case.owner_id == alert.recipient_id
        or case.id == alert.own_case_id
        or case.side == side
        # Two records of rescued persons may be of one: what protects her in one of them protects her in the other.
        or (alert.kind == "same_person" and case.side == Side.RESCUED)
        for case in protected
    )


def _nearest(conn: Connection, recipient: Partner, level: str) -> list[Partner]:
    """Return the partners of a level that are responsible for the recipient's area, the smallest area first.

    A coordinating centre or focal point without areas is responsible for its country.
    """
    depth: dict[str, int] = {}
    found: dict[str, Partner] = {}
    for area in recipient.areas or (recipient.country,):
        around = set(area_prefixes(area))
        for partner in partners.partners_covering(conn, area, [level]):
            found[partner.id] = partner
            deepest = max(own.count("/") + 1 for own in partner.areas if own in around)
            depth[partner.id] = max(deepest, depth.get(partner.id, 0))
    if level != "nodal":
        for partner in partners.list_partners(conn, active_only=True, kind=level, country=recipient.country):
            if not partner.areas:
                found[partner.id] = partner
    found.pop(recipient.id, None)
    return sorted(found.values(), key=lambda partner: (-depth.get(partner.id, 0), partner.id))


def _was_told(conn: Connection, alert: Alert, partner: Partner) -> bool:
    told = _of_the_same(conn, alert)
    return any(other.recipient_id == partner.id and other.event != alert.event for other in told)


def _of_the_same(conn: Connection, alert: Alert) -> list[Alert]:
    if alert.match_id is not None:
        return alerts.alerts_of_match(conn, alert.match_id)
    return knowing.alerts_of_subject(conn, alert.kind, alert.subject_id) if alert.subject_id else []


def _case_ids(conn: Connection, alert: Alert) -> set[str]:
    """Return the ids of the cases that an alert is about."""
    wanted = {alert.own_case_id} if alert.own_case_id else set()
    if alert.match_id is not None:
        match = matches.require_match(conn, alert.match_id)
        wanted |= {match.missing_id, match.rescued_id}
    elif alert.kind == "clock" and alert.subject_id is not None:
        wanted.add(alert.subject_id)
    return wanted


def _alike(conn: Connection, alert: Alert) -> dict[str, Case]:
    """Return the two cases of the pair that an alert is about, as far as they are there."""
    pair = pairs.get(conn, alert.subject_id) if alert.kind == "same_person" and alert.subject_id else None
    return {} if pair is None else cases.get_cases(conn, [pair.first_id, pair.second_id])


def _cases_of(conn: Connection, alert: Alert) -> dict[str, Case]:
    return cases.get_cases(conn, sorted(_case_ids(conn, alert)))
