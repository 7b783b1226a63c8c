"""What has become of the stored pairs since a moment? Counted from what is stored: no crash can falsify it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Subquery, and_, case, exists, func, or_, select

from api.store.matches import ANNOUNCED
from api.store.tables import alerts, changes, match_events, matches

REOPENED = "reopen"
"""Kind of the event by which the engine suggests a rejected pair anew."""
ENDING = ("case_closed", "withdraw")
"""Kinds of the events by which a match ends with its case: closed by its owner, or without consent, or erased."""


def latest_event(conn: Connection) -> int:
    """Return the number of the newest event of any match, 0 when there is none."""
    return conn.scalar(select(func.max(match_events.c.id))) or 0


def news() -> Subquery:
    """Select the events by which the engine found pairs new, risen and fallen.

    A rejected pair that it suggests anew has risen: that is what people are told, whatever its evidence did with it.
    """
    again = match_events.alias()
    of_reopening = exists().where(
        again.c.match_id == match_events.c.match_id, again.c.at == match_events.c.at, again.c.kind == REOPENED
    )
    kind = case((match_events.c.kind == REOPENED, "risen"), else_=match_events.c.kind).label("kind")
    of_evidence = and_(match_events.c.kind.in_(ANNOUNCED), ~of_reopening)
    columns = (match_events.c[name] for name in ("id", "match_id", "at", "detail"))
    return select(*columns, kind).where(or_(match_events.c.kind == REOPENED, of_evidence)).subquery()


def told_of(found: Subquery) -> ColumnElement[bool]:
    """Tell alerts of an event from all others: they are queued in the transaction that records it, with its time."""
    return and_(
        alerts.c.match_id == found.c.match_id, alerts.c.event == found.c.kind, alerts.c.created_at == found.c.at
    )  # fmt: skip


def announced(conn: Connection, after_event: int, upto_seq: int) -> dict[str, int]:
    """Return how many pairs the engine found new, risen and fallen since an event, and how many alerts that made.

    Pairs of cases that came or changed after `upto_seq` are left out: these were compared on arrival, by others.

    Returns:
        "new", "risen", "fallen" and "alerts" -> how many.
    """
    later = select(changes.c.case_id).where(changes.c.seq > upto_seq)
    events = news()
    ours = (events.c.id > after_event, matches.c.missing_id.not_in(later), matches.c.rescued_id.not_in(later))
    of_match = events.c.match_id == matches.c.id
    kinds = select(events.c.kind, func.count()).join(matches, of_match).where(*ours).group_by(events.c.kind)
    found = dict.fromkeys((*ANNOUNCED, "alerts"), 0)
    found.update({str(kind): int(count) for kind, count in conn.execute(kinds)})
    queued = select(func.count()).select_from(events).join(matches, of_match).join(alerts, told_of(events))
    found["alerts"] = conn.scalar(queued.where(*ours)) or 0
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
