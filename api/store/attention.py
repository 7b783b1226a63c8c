"""Which alerts wait for a step, and how are they moved on? The rows behind `api.alerts.attention`.

`next_step_at` is a queue: whoever takes a row holds it until the transaction ends, and sets when it is due again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, exists, or_, select, text, update

from api.store.alerts import Alert
from api.store.matches import Match
from api.store.outbox import HELD_BACK, RECALLS, UNFINISHED
from api.store.pair_tables import pairs
from api.store.partners import get_partner
from api.store.people_tables import people
from api.store.portable import chunks
from api.store.tables import (
    AWAITING_DIGEST,
    alert_events,
    alerts,
    api_keys,
    audit,
    cases,
    delivery_attempts,
    matches,
    outbox,
)

NOT_SHARED = "not_shared"
"""Why an alert was closed whose recipient may know of the match no longer."""
_ENDED = ("actioned", "closed", "recalled")


@dataclass(frozen=True, slots=True)
class Standing:
    """That a partner was told of a match, and of which cases the match is."""

    recipient_id: str
    match_id: str
    case_ids: tuple[str, str]


def claim_due(conn: Connection, now: datetime, limit: int, without: Collection[str] = ()) -> list[Alert]:
    """Take alerts whose next step is due, longest due first, so that nobody else takes them in this transaction.

    Args:
        without: ids that are left alone.
    """
    statement = (
        select(alerts)
        .where(alerts.c.next_step_at <= now, alerts.c.id.not_in(list(without)))
        .order_by(alerts.c.next_step_at, alerts.c.id)
        .limit(limit)
        # PostgreSQL only; on SQLite the transaction is the only writer. Others may go on to refer to these rows.
        .with_for_update(skip_locked=True, key_share=True)
    )
    return _fetch(conn, statement)


def next_due(conn: Connection) -> datetime | None:
    """Return when the next step is due (perhaps in the past), None when none is."""
    soonest = select(alerts.c.next_step_at).where(alerts.c.next_step_at.is_not(None))
    found: datetime | None = conn.scalar(soonest.order_by(alerts.c.next_step_at).limit(1))
    return found


def plan(conn: Connection, alert_id: str, next_step_at: datetime | None, act_by: datetime | None) -> None:
    """Set when the next step is due, and by when the alert is to be acted on."""
    mine = update(alerts).where(alerts.c.id == alert_id)
    conn.execute(mine.values(next_step_at=next_step_at, act_by=act_by))


def note_step(
    conn: Connection, alert_id: str, at: datetime, next_step_at: datetime | None, state: str | None = None
) -> None:
    """Count a reminder or an escalation, and set when the next one is due."""
    values = {"steps": alerts.c.steps + 1, "next_step_at": next_step_at, "updated_at": at}
    conn.execute(update(alerts).where(alerts.c.id == alert_id).values(values | ({"state": state} if state else {})))


def lapse(conn: Connection, alert_id: str, at: datetime, state: str, due_at: datetime | None) -> None:
    """Take an acknowledgement back: nobody has acted. Who had acknowledged stands in the alert's events.

    Args:
        due_at: by when it is to be acknowledged anew.
    """
    values = {"acknowledged_at": None, "acknowledged_by": None, "state": state, "due_at": due_at, "updated_at": at}
    conn.execute(update(alerts).where(alerts.c.id == alert_id).values(values))


def act(conn: Connection, alert_id: str, by: str, at: datetime) -> None:
    """Note that an alert was acted on; nothing further is due."""
    values = {"state": "actioned", "actioned_at": at, "actioned_by": by, "next_step_at": None, "updated_at": at}
    conn.execute(update(alerts).where(alerts.c.id == alert_id).values(values))


def end(conn: Connection, alert_ids: Sequence[str], state: str, at: datetime) -> None:
    """Close alerts, or recall them: nothing further is due."""
    values = {"state": state, "closed_at": at, "next_step_at": None, "updated_at": at}
    for some in chunks(alert_ids):
        conn.execute(update(alerts).where(alerts.c.id.in_(some)).values(values))


def escalations_of(conn: Connection, alert_id: str) -> list[Alert]:
    """Return the alerts, not ended yet, by which somebody above was told that this one is not answered."""
    mine = (alerts.c.about_id == alert_id, alerts.c.event == "escalated", alerts.c.state.not_in(_ENDED))
    return _fetch(conn, select(alerts).where(*mine).order_by(alerts.c.id))


def open_alerts_of_match(conn: Connection, match_id: str, recipient_id: str) -> list[Alert]:
    """Return what a partner was told of a match and may still act on."""
    mine = (
        alerts.c.match_id == match_id,
        alerts.c.recipient_id == recipient_id,
        alerts.c.event != "recalled",
        alerts.c.state.not_in(_ENDED),
    )
    return _fetch(conn, select(alerts).where(*mine).order_by(alerts.c.id))


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
        .where(alerts.c.event.not_in(RECALLS), unsent if unsent_only else or_(alerts.c.state.not_in(_ENDED), unsent))
        .distinct()
        .order_by(alerts.c.recipient_id, alerts.c.match_id)
    )
    if match_ids is not None:
        wanted = wanted.where(alerts.c.match_id.in_(list(match_ids)))
    return [Standing(row[0], row[1], (row[2], row[3])) for row in conn.execute(wanted)]


def ended_unshared(
    conn: Connection, *, match_ids: Sequence[str] | None = None, recipient_id: str | None = None
) -> list[Alert]:
    """Return what ended because its recipient might know of the match no longer; what was followed by more left out.

    Args:
        match_ids: of these matches; None for all.
        recipient_id: of this partner; None for everybody's.
    """
    later = alerts.alias("later")
    followed = exists().where(
        later.c.match_id == alerts.c.match_id, later.c.recipient_id == alerts.c.recipient_id,
        later.c.event != "escalated", later.c.id > alerts.c.id,
    )  # fmt: skip
    wanted = (
        select(alerts, alert_events.c.detail)
        .join(alert_events, alert_events.c.alert_id == alerts.c.id)
        .where(
            alerts.c.match_id.is_not(None), alerts.c.state == "closed",
            alerts.c.event.not_in((*RECALLS, "escalated")), alert_events.c.kind == "closed", ~followed,
        )
        .order_by(alerts.c.id)
    )  # fmt: skip
    if recipient_id is not None:
        wanted = wanted.where(alerts.c.recipient_id == recipient_id)
    if match_ids is not None:
        wanted = wanted.where(alerts.c.match_id.in_(list(match_ids)))
    rows = (row._asdict() for row in conn.execute(wanted))
    # What a closing was for stands in a document, of which the two databases read nothing alike.
    return [Alert(**row) for row in rows if row.pop("detail").get("reason") == NOT_SHARED]


def never_told(
    conn: Connection, partner_id: str, kinds: Collection[str], states: Collection[str], *, after: str, limit: int
) -> list[Match]:
    """Return matches of open cases in a unit's area of which it was never told, in id order: those it may be told of.

    Args:
        kinds: of partners that are told by their area; of any other, nothing is returned.
        states: only matches in these.
        after: the last id of the page before.
    """
    unit = get_partner(conn, partner_id)
    if unit is None or not unit.active or unit.kind not in kinds or not unit.areas:
        return []
    missing, rescued = cases.alias("missing"), cases.alias("rescued")

    def within(place: ColumnElement[str]) -> ColumnElement[bool]:
        return or_(*(or_(place == area, place.startswith(area + "/", autoescape=True)) for area in unit.areas))

    told = exists().where(
        alerts.c.match_id == matches.c.id, alerts.c.recipient_id == partner_id, alerts.c.event != "escalated"
    )
    wanted = (
        select(matches)
        .join(missing, missing.c.id == matches.c.missing_id)
        .join(rescued, rescued.c.id == matches.c.rescued_id)
        .where(
            matches.c.id > after,
            matches.c.state.in_(list(states)),
            # A possible match is its owners' business until one of them has said something.
            or_(matches.c.grade.in_(("probable", "certain")), matches.c.state != "suggested"),
            missing.c.status == "open",
            rescued.c.status == "open",
            or_(within(missing.c.origin_area), within(rescued.c.event_area)),
            ~told,
        )
        .order_by(matches.c.id)
        .limit(limit)
    )
    return [Match(**row._asdict()) for row in conn.execute(wanted)]


def naming_alerts(conn: Connection, case_id: str) -> list[Alert]:
    """Return the alerts about the matches and pairs of a case that name another organisation, in id order."""
    of_matches = select(matches.c.id).where(or_(matches.c.missing_id == case_id, matches.c.rescued_id == case_id))
    of_pairs = select(pairs.c.id).where(or_(pairs.c.first_id == case_id, pairs.c.second_id == case_id))
    about = or_(alerts.c.match_id.in_(of_matches), alerts.c.subject_id.in_(of_pairs))
    return _fetch(
        conn, select(alerts).where(about, alerts.c.other_organisation.is_not(None)).order_by(alerts.c.id)
    )  # fmt: skip


def open_alerts_of_case(conn: Connection, case_id: str, recipient_id: str) -> list[Alert]:
    """Return what a partner was told of a case or its matches and may still act on; not that others do not answer."""
    of_case = select(matches.c.id).where(or_(matches.c.missing_id == case_id, matches.c.rescued_id == case_id))
    about = or_(alerts.c.match_id.in_(of_case), alerts.c.subject_id == case_id, alerts.c.own_case_id == case_id)
    mine = (
        alerts.c.recipient_id == recipient_id,
        alerts.c.event.not_in((*RECALLS, "escalated")),
        alerts.c.state.not_in(_ENDED),
    )
    return _fetch(conn, select(alerts).where(about, *mine).order_by(alerts.c.id))


def alerts_of_subject(conn: Connection, kind: str, subject_id: str) -> list[Alert]:
    """Return every alert of a kind about something that is no match, in id order."""
    statement = select(alerts).where(alerts.c.subject_id == subject_id, alerts.c.kind == kind)
    return _fetch(conn, statement.order_by(alerts.c.id))


def going_of_kind(
    conn: Connection, kind: str, *, after: str | None, limit: int, event: str | None = None
) -> list[Alert]:
    """Return alerts of a kind that have not ended, in id order; those by which one was escalated left out.

    Args:
        event: only those that tell of this.
    """
    mine = (alerts.c.kind == kind, alerts.c.state.not_in(_ENDED), alerts.c.event != "escalated")
    statement = select(alerts).where(*mine).order_by(alerts.c.id).limit(limit)
    if event is not None:
        statement = statement.where(alerts.c.event == event)
    return _fetch(conn, statement if after is None else statement.where(alerts.c.id > after))


def awaiting_digest(conn: Connection) -> list[str]:
    """Return the partners for whom something waits for the digest, in id order."""
    waiting = select(alerts.c.recipient_id).where(*_AWAITING).distinct()
    return sorted(conn.scalars(waiting))


def digest_alerts(conn: Connection, recipient_id: str, before: datetime) -> list[str]:
    """Return the ids of a partner's alerts that wait for the digest and were made before a moment."""
    waiting = select(alerts.c.id).where(alerts.c.recipient_id == recipient_id, alerts.c.created_at < before, *_AWAITING)
    return list(conn.scalars(waiting.order_by(alerts.c.id)))


def tell_by(conn: Connection, alert_ids: Sequence[str], digest_id: str) -> None:
    """Note which digest told of alerts."""
    for some in chunks(alert_ids):
        conn.execute(update(alerts).where(alerts.c.id.in_(some)).values(digest_id=digest_id))


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


_AWAITING = (
    text(AWAITING_DIGEST),
    # Who has seen it in the inbox, or has heard that it is over, need not be told of it.
    alerts.c.state.not_in(("acknowledged", *_ENDED)),
)


def _fetch(conn: Connection, statement: Select[tuple[object, ...]]) -> list[Alert]:
    return [Alert(**row._asdict()) for row in conn.execute(statement)]
