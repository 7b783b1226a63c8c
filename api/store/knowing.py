"""Who was told of what, what of it stands, and who knows it? The rows behind recalls and ended sharing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, or_, select

from api.store.alerts import ENDED, Alert
from api.store.outbox import HELD_BACK, RECALLS, UNFINISHED
from api.store.pair_tables import pairs
from api.store.people_tables import people
from api.store.portable import chunks
from api.store.tables import alerts, api_keys, audit, delivery_attempts, matches, outbox


@dataclass(frozen=True, slots=True)
class Standing:
    """That a partner was told of a match, and of which cases the match is."""

    recipient_id: str
    match_id: str
    case_ids: tuple[str, str]


def open_alerts_of_match(conn: Connection, match_id: str, recipient_id: str) -> list[Alert]:
    """Return what a partner was told of a match and may still act on."""
    mine = (
        alerts.c.match_id == match_id,
        alerts.c.recipient_id == recipient_id,
        alerts.c.event != "recalled",
        alerts.c.state.not_in(ENDED),
    )
    return _fetch(conn, select(alerts).where(*mine).order_by(alerts.c.id))


def open_alerts_of_case(conn: Connection, case_id: str, recipient_id: str) -> list[Alert]:
    """Return what a partner was told of a case or its matches and may still act on; not that others do not answer."""
    of_case = select(matches.c.id).where(or_(matches.c.missing_id == case_id, matches.c.rescued_id == case_id))
    about = or_(alerts.c.match_id.in_(of_case), alerts.c.subject_id == case_id, alerts.c.own_case_id == case_id)
    mine = (
        alerts.c.recipient_id == recipient_id,
        alerts.c.event.not_in((*RECALLS, "escalated")),
        alerts.c.state.not_in(ENDED),
    )
    return _fetch(conn, select(alerts).where(about, *mine).order_by(alerts.c.id))


def alerts_of_subject(conn: Connection, kind: str, subject_id: str) -> list[Alert]:
    """Return every alert of a kind about something that is no match, in id order."""
    statement = select(alerts).where(alerts.c.subject_id == subject_id, alerts.c.kind == kind)
    return _fetch(conn, statement.order_by(alerts.c.id))


def standing_of_subjects(conn: Connection, kind: str, subject_ids: Sequence[str]) -> dict[str, bool]:
    """Return the dedupe keys of what was told of subjects and is not closed, and whether the recipient has to act."""
    found: dict[str, bool] = {}
    for some in chunks(subject_ids):
        statement = select(alerts.c.dedupe_key, alerts.c.act_by.is_not(None)).where(
            alerts.c.subject_id.in_(some), alerts.c.kind == kind, alerts.c.state != "closed"
        )
        found.update((row[0], bool(row[1])) for row in conn.execute(statement))
    return found


def naming_alerts(conn: Connection, case_id: str) -> list[Alert]:
    """Return the alerts about a case's matches, pairs and duties that name another organisation, in id order."""
    of_matches = select(matches.c.id).where(or_(matches.c.missing_id == case_id, matches.c.rescued_id == case_id))
    of_pairs = select(pairs.c.id).where(or_(pairs.c.first_id == case_id, pairs.c.second_id == case_id))
    of_duties = and_(alerts.c.kind == "clock", alerts.c.subject_id == case_id)
    about = or_(alerts.c.match_id.in_(of_matches), alerts.c.subject_id.in_(of_pairs), of_duties)
    return _fetch(
        conn, select(alerts).where(about, alerts.c.other_organisation.is_not(None)).order_by(alerts.c.id)
    )  # fmt: skip


def standing(conn: Connection, match_ids: Sequence[str] | None = None, *, unsent_only: bool = False) -> list[Standing]:
    """Return what was told of a match and still stands, or has not gone out yet, by recipient and match.

    Args:
        match_ids: of these matches; None for all.
        unsent_only: only what has not gone out yet.
    """
    unsent = exists().where(outbox.c.alert_id == alerts.c.id, outbox.c.state.in_(UNFINISHED))
    wanted = (
        select(alerts.c.recipient_id, alerts.c.match_id, matches.c.missing_id, matches.c.rescued_id)
        .join(matches, matches.c.id == alerts.c.match_id)
        .where(alerts.c.event.not_in(RECALLS), unsent if unsent_only else or_(alerts.c.state.not_in(ENDED), unsent))
        .distinct()
        .order_by(alerts.c.recipient_id, alerts.c.match_id)
    )
    if match_ids is not None:
        wanted = wanted.where(alerts.c.match_id.in_(list(match_ids)))
    return [Standing(row[0], row[1], (row[2], row[3])) for row in conn.execute(wanted)]


def was_sent(conn: Connection, alert_id: str) -> bool:
    """Tell whether a message of an alert, or of the digest that told of it, went out or may have."""
    digest = select(alerts.c.digest_id).where(alerts.c.id == alert_id).scalar_subquery()
    tried = exists().where(delivery_attempts.c.outbox_id == outbox.c.id, delivery_attempts.c.outcome != HELD_BACK)
    gone_out = or_(outbox.c.state.in_(("sending", "delivered")), tried)
    mine = select(outbox.c.id).where(or_(outbox.c.alert_id == alert_id, outbox.c.alert_id == digest), gone_out)
    return conn.execute(mine.limit(1)).first() is not None


def was_seen(conn: Connection, alert: Alert) -> bool:
    """Tell whether the recipient has read an alert or what it is about, or a list on which one of these may have stood.

    Of what it is about, a look before the alert counts as well: who has read a match knows of it.
    """
    lists = ["alerts.listed"]
    seen = [(audit.c.subject == alert.id) & (audit.c.action == "alert.read")]
    if alert.match_id is not None:
        seen.append((audit.c.subject == alert.match_id) & (audit.c.action == "match.read") & _own_people(alert))
        lists.append("matches.listed")
    elif alert.kind in ("same_person", "same_suspect"):
        seen.append((audit.c.subject == alert.subject_id) & (audit.c.action == "pair.read") & _own_people(alert))
        lists.append("pairs.listed")
    of_own = (audit.c.subject == alert.recipient_id) & (audit.c.at >= alert.created_at)
    seen.append(of_own & audit.c.action.in_(lists))
    return any(conn.execute(select(audit.c.seq).where(kind).limit(1)).first() is not None for kind in seen)


def _own_people(alert: Alert) -> ColumnElement[bool]:
    return or_(
        audit.c.actor.in_(select(api_keys.c.id).where(api_keys.c.partner_id == alert.recipient_id)),
        audit.c.actor.in_(select(people.c.id).where(people.c.partner_id == alert.recipient_id)),
        audit.c.actor == f"command-line:{alert.recipient_id}",
    )


def _fetch(conn: Connection, statement: Select[tuple[object, ...]]) -> list[Alert]:
    return [Alert(**row._asdict()) for row in conn.execute(statement)]
