"""What has become of the stored pairs since a moment? Counted from what is stored: no crash can falsify it."""

from __future__ import annotations

from sqlalchemy import Connection, and_, func, or_, select

from api.store.matches import ANNOUNCED
from api.store.tables import alerts, cases, changes, match_events, matches


def latest_event(conn: Connection) -> int:
    """Return the number of the newest event of any match, 0 when there is none."""
    return conn.scalar(select(func.max(match_events.c.id))) or 0


def announced(conn: Connection, after_event: int, upto_seq: int) -> dict[str, int]:
    """Return how many pairs the engine found new, risen and fallen since an event, and how many alerts that made.

    Pairs of cases that came or changed after `upto_seq` are left out: these were compared on arrival, by others.

    Returns:
        "new", "risen", "fallen" and "alerts" -> how many.
    """
    later = select(changes.c.case_id).where(changes.c.seq > upto_seq)
    ours = (
        match_events.c.id > after_event,
        match_events.c.kind.in_(ANNOUNCED),
        matches.c.missing_id.not_in(later),
        matches.c.rescued_id.not_in(later),
    )
    of_match = match_events.c.match_id == matches.c.id
    kinds = select(match_events.c.kind, func.count()).join(matches, of_match).where(*ours).group_by(match_events.c.kind)
    found = dict.fromkeys((*ANNOUNCED, "alerts"), 0)
    found.update({str(kind): int(count) for kind, count in conn.execute(kinds)})
    # An alert is queued in the transaction that records the event, with the same time.
    same = and_(
        alerts.c.match_id == match_events.c.match_id,
        alerts.c.event == match_events.c.kind,
        alerts.c.created_at == match_events.c.at,
    )
    queued = select(func.count()).select_from(match_events).join(matches, of_match).join(alerts, same).where(*ours)
    found["alerts"] = conn.scalar(queued) or 0
    return found


def withdrawn(conn: Connection, from_seq: int, upto_seq: int) -> int:
    """Return how many suggestions ended because a case was closed between two changes, the first one left out.

    A suggestion that a person has answered, or whose other case was closed before, had ended already.
    """
    between = select(changes.c.case_id).where(
        changes.c.kind == "status", changes.c.seq > from_seq, changes.c.seq <= upto_seq
    )
    closed = select(cases.c.id).where(cases.c.status == "closed", cases.c.id.in_(between))
    open_ones = select(cases.c.id).where(cases.c.status == "open")
    sides = (matches.c.missing_id, matches.c.rescued_id)
    statement = select(func.count()).select_from(matches)
    statement = statement.where(matches.c.state == "suggested", matches.c.grade != "certainly-not")
    statement = statement.where(or_(*(side.in_(closed) for side in sides)))
    return conn.scalar(statement.where(*(or_(side.in_(open_ones), side.in_(closed)) for side in sides))) or 0
