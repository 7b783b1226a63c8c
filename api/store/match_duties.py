"""Which matches that people are still finding out about are a partner's to go on with? No seal is opened."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, and_, func, or_, select

from api.store.match_tables import match_dispositions
from api.store.matches import ANNOUNCED
from api.store.portable import chunks
from api.store.tables import alerts, cases, match_events, matches


@dataclass(frozen=True, slots=True)
class GoingMatch:
    """A match of two open cases, of which a partner owns one or both.

    Attributes:
        owners: side -> who owns its case.
        since: when it was found, or the last step was taken.
        says: side -> what stands of it; the one that spoke last is the last.
    """

    id: str
    state: str
    grade: str
    case_ids: dict[str, str]
    owners: dict[str, str]
    since: datetime
    says: dict[str, str] = field(default_factory=dict)


def going_matches(
    conn: Connection, partner_id: str, *, states: Collection[str], at: datetime, besides_alerts: bool
) -> list[GoingMatch]:
    """Return the matches in some states in which a partner owns a side, in id order.

    Args:
        at: none of a case whose time is over then.
        besides_alerts: none of which an alert of the partner waits to be acknowledged or acted on.
    """
    missing, rescued = cases.alias("missing"), cases.alias("rescued")
    # New evidence is nobody's step: what lies longest is what nobody has touched.
    last = select(func.max(match_events.c.at)).where(
        match_events.c.match_id == matches.c.id, match_events.c.kind.not_in(ANNOUNCED[1:])
    )
    wanted = (
        select(
            matches.c.id, matches.c.state, matches.c.grade, matches.c.missing_id, matches.c.rescued_id,
            missing.c.owner_id.label("missing_owner"), rescued.c.owner_id.label("rescued_owner"),
            func.coalesce(last.scalar_subquery(), matches.c.created_at).label("since"),
        )
        .join(missing, missing.c.id == matches.c.missing_id)
        .join(rescued, rescued.c.id == matches.c.rescued_id)
        .where(
            matches.c.state.in_(list(states)),
            or_(missing.c.owner_id == partner_id, rescued.c.owner_id == partner_id),
            *(case.c.status == "open" for case in (missing, rescued)),
            *(or_(case.c.expires_at.is_(None), case.c.expires_at > at) for case in (missing, rescued)),
        )
    )  # fmt: skip
    if besides_alerts:
        unseen = and_(alerts.c.acknowledged_at.is_(None), alerts.c.due_at.is_not(None))
        undone = and_(alerts.c.acknowledged_at.is_not(None), alerts.c.act_by.is_not(None))
        waits = select(alerts.c.id).where(
            alerts.c.match_id == matches.c.id, alerts.c.recipient_id == partner_id, alerts.c.event != "recalled",
            alerts.c.state.not_in(("recalled", "closed", "actioned")), or_(unseen, undone),
        )  # fmt: skip
        wanted = wanted.where(~waits.exists())
    found = [
        GoingMatch(
            row.id, row.state, row.grade, {"missing": row.missing_id, "rescued": row.rescued_id},
            {"missing": row.missing_owner, "rescued": row.rescued_owner}, row.since,
        )
        for row in conn.execute(wanted.order_by(matches.c.id))
    ]  # fmt: skip
    by_id = {match.id: match for match in found}
    for some in chunks(list(by_id)):
        spoken = select(match_dispositions.c.match_id, match_dispositions.c.side, match_dispositions.c.disposition)
        stands = match_dispositions.c.match_id.in_(some), match_dispositions.c.ended_at.is_(None)
        for row in conn.execute(spoken.where(*stands).order_by(match_dispositions.c.id)):
            says = by_id[row.match_id].says
            says.pop(row.side, None)
            says[row.side] = row.disposition
    return found
