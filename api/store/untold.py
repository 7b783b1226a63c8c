"""Of which matches may somebody be told by now that it was not told of, or that were taken from its inbox?

A note for each such partner, or two owners who share again, holds how far was told: whoever is stopped in between goes
on from there, and whoever may know of still more meanwhile begins from the first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from api.store.alerts import Alert
from api.store.matches import Match
from api.store.meta import set_note
from api.store.outbox import RECALLS
from api.store.partners import Partner
from api.store.sharing_tables import consents
from api.store.tables import alert_events, alerts, cases, jurisdictions, matches, meta

NOT_SHARED = "not_shared"
"""Why an alert was closed whose recipient may know of the match no longer."""
_AGAIN, _BETWEEN = "sharing_again:", "sharing_between:"


@dataclass(frozen=True, slots=True)
class Untold:
    """A note that somebody has still to be told of matches.

    Attributes:
        first: this partner, of whatever it may know by now.
        second: None; or else anybody is meant, of the matches whose owners are these two.
    """

    first: str
    second: str | None = None

    @property
    def key(self) -> str:
        """Return under what it is kept."""
        return _AGAIN + self.first if self.second is None else f"{_BETWEEN}{self.first}:{self.second}"


def note(conn: Connection, partner_ids: Collection[str]) -> None:
    """Note that these partners may know of matches that they could not be told of, or could no longer."""
    for partner_id in sorted(partner_ids):
        set_note(conn, Untold(partner_id).key, "")


def note_between(conn: Connection, owners: Collection[tuple[str, str]]) -> None:
    """Note that the two owners of matches may share again: others may have to be told of these."""
    for key in sorted({Untold(min(both), max(both)).key for both in owners}):
        set_note(conn, key, "")


def noted(conn: Connection) -> list[Untold]:
    """Return who may know of more matches than before, and has not been told of all of them yet."""
    notes = or_(*(meta.c.key.startswith(kind, autoescape=True) for kind in (_AGAIN, _BETWEEN)))
    found = []
    for key in conn.scalars(select(meta.c.key).where(notes).order_by(meta.c.key)):
        first, _, second = key.partition(":")[2].partition(":")
        found.append(Untold(first, second or None))
    return found


def told_upto(conn: Connection, whom: Untold) -> str | None:
    """Return how far somebody was told, "" at the beginning; None where nothing is noted."""
    found: str | None = conn.scalar(select(meta.c.value).where(meta.c.key == whom.key))
    return found


def note_told(conn: Connection, whom: Untold, upto: str | None) -> None:
    """Note how far somebody is told; None takes the note away: it is told of all."""
    same = meta.c.key == whom.key
    conn.execute(delete(meta).where(same) if upto is None else update(meta).where(same).values(value=upto))


def ended_unshared(conn: Connection, match_ids: Sequence[str]) -> list[Alert]:
    """Return the alerts of matches that ended because their recipients might know no longer, in id order.

    What was followed by more of the same match is left out.
    """
    return _unshared(conn.execute(_ended_of_matches().where(alerts.c.match_id.in_(list(match_ids)))).all())


def ended_unshared_of(
    conn: Connection, recipient_id: str, *, after: str, limit: int
) -> tuple[list[Alert], str | None]:  # fmt: skip
    """Return some of what ended for a partner, as `ended_unshared`, and after which id there may be more.

    Args:
        after: the id that was returned the time before, "" at first.
        limit: of alerts that are looked at.
    """
    mine = _ended_of_matches().where(alerts.c.recipient_id == recipient_id, alerts.c.id > after).limit(limit)
    rows = conn.execute(mine).all()
    return _unshared(rows), rows[-1].id if len(rows) == limit else None


def _ended_of_matches() -> Select[tuple[object, ...]]:
    later = alerts.alias("later")
    followed = exists().where(
        later.c.match_id == alerts.c.match_id, later.c.recipient_id == alerts.c.recipient_id,
        later.c.event != "escalated", later.c.id > alerts.c.id,
    )  # fmt: skip
    return (
        select(alerts, alert_events.c.detail)
        .join(alert_events, alert_events.c.alert_id == alerts.c.id)
        .where(
            alerts.c.match_id.is_not(None), alerts.c.state == "closed",
            alerts.c.event.not_in((*RECALLS, "escalated")), alert_events.c.kind == "closed", ~followed,
        )
        .order_by(alerts.c.id)
    )  # fmt: skip


def _unshared(rows: Sequence[Row[tuple[object, ...]]]) -> list[Alert]:
    named = (row._asdict() for row in rows)
    # What a closing was for stands in a document, of which the two databases read nothing alike.
    return [Alert(**row) for row in named if row.pop("detail").get("reason") == NOT_SHARED]


def never_told(
    conn: Connection, unit: Partner, recipients: str, owners: Collection[str], states: Collection[str],
    *, as_owner: Collection[str], after: str, limit: int,
) -> list[Match]:  # fmt: skip
    """Return matches in a unit's area of which it may be told as a unit and never was, in id order.

    Args:
        recipients: its class, which the consents in both cases have to name.
        owners: whose cases it may know.
        states: only matches in these.
        as_owner: rules by which it may have been told as the owner that it is no more.
        after: the last id of the page before, "" at first.
    """
    missing, rescued = cases.alias("missing"), cases.alias("rescued")
    told = exists().where(
        alerts.c.match_id == matches.c.id, alerts.c.recipient_id == unit.id, alerts.c.event != "escalated",
        alerts.c.rule.not_in(list(as_owner)),
    )  # fmt: skip
    others = [one for one in owners if one != unit.id]
    wanted = _of_open_cases(missing, rescued).where(
        matches.c.id > after,
        matches.c.state.in_(list(states)),
        matches.c.grade.in_(("probable", "certain")),
        missing.c.owner_id.in_(others),
        rescued.c.owner_id.in_(others),
        or_(_lies_in_area(missing.c.origin_area, unit.id), _lies_in_area(rescued.c.event_area, unit.id)),
        _names(missing.c.id, recipients),
        _names(rescued.c.id, recipients),
        ~told,
    )
    return [Match(**row._asdict()) for row in conn.execute(wanted.order_by(matches.c.id).limit(limit))]


def matches_between(
    conn: Connection, one: str, other: str, states: Collection[str], *, after: str, limit: int
) -> list[Match]:
    """Return matches of open cases of which these two are the owners, in id order."""
    missing, rescued = cases.alias("missing"), cases.alias("rescued")
    owners = or_(
        and_(missing.c.owner_id == one, rescued.c.owner_id == other),
        and_(missing.c.owner_id == other, rescued.c.owner_id == one),
    )
    wanted = _of_open_cases(missing, rescued).where(matches.c.id > after, matches.c.state.in_(list(states)), owners)
    return [Match(**row._asdict()) for row in conn.execute(wanted.order_by(matches.c.id).limit(limit))]


def matched_with(conn: Connection, owner_id: str, states: Collection[str]) -> set[str]:
    """Return the owners with whose open cases those of a partner have matches, itself perhaps among them."""
    missing, rescued = cases.alias("missing"), cases.alias("rescued")
    found: set[str] = set()
    for own, other in ((missing, rescued), (rescued, missing)):
        living = _of_open_cases(missing, rescued).where(
            own.c.owner_id == owner_id, matches.c.state.in_(list(states))
        )  # fmt: skip
        found.update(conn.scalars(living.with_only_columns(other.c.owner_id).distinct()))
    return found


def _of_open_cases(missing: FromClause, rescued: FromClause) -> Select[tuple[object, ...]]:
    return (
        select(matches)
        .join(missing, missing.c.id == matches.c.missing_id)
        .join(rescued, rescued.c.id == matches.c.rescued_id)
        .where(missing.c.status == "open", rescued.c.status == "open")
    )


def _lies_in_area(place: ColumnElement[str], partner_id: str) -> ColumnElement[bool]:
    own = jurisdictions.c.area
    below = func.substr(place, 1, func.length(own) + 1) == own + "/"
    return exists().where(jurisdictions.c.partner_id == partner_id, or_(place == own, below))


def _names(case_id: ColumnElement[str], recipients: str) -> ColumnElement[bool]:
    """Tell whether something stands in a case by which a class of organisations may be told of it."""
    named = consents.c.recipients.in_(("any", recipients))
    return exists().where(
        consents.c.case_id == case_id, consents.c.purpose == "sharing", consents.c.withdrawn_at.is_(None), named
    )
