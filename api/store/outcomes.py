"""What has become of the stored pairs since a moment? Counted from what is stored: no crash can falsify it."""

from __future__ import annotations

from sqlalchemy import Connection, and_, func, select

from api.store.matches import ANNOUNCED
from api.store.tables import alerts, changes, match_events, matches

ENDING = ("case_closed", "withdraw")
"""Kinds of the events by which a match ends with its case: closed by its owner, or without consent, or erased."""


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


def withdrawn(conn: Connection, after_event: int, upto_event: int) -> int:
    """Return how many suggestions ended with a case of theirs between two events, the first one left out.

    What a person had answered was no suggestion any more; one that lives again, with its case, has not ended.
    """
    of_match = match_events.c.match_id == matches.c.id
    statement = select(match_events.c.match_id, match_events.c.detail).join(matches, of_match)
    between = match_events.c.id > after_event, match_events.c.id <= upto_event, match_events.c.kind.in_(ENDING)
    ended = statement.where(*between, matches.c.state == "withdrawn", matches.c.grade != "certainly-not")
    return len({row.match_id for row in conn.execute(ended) if row.detail["from"] == "suggested"})
