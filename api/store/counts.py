"""How much is there, and how much is waiting? For readiness checks and the status page."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, func, select

from api.store.tables import alerts, cases, faces, matches, outbox, partners, photos


def counts(conn: Connection) -> dict[str, int]:
    """Return row counts by name; every name is always present."""
    waiting = cases.c.matched_version < cases.c.version
    conditions = {
        "partners": select(func.count()).select_from(partners).where(partners.c.active),
        "cases_missing_open": _cases().where(cases.c.side == "missing", cases.c.status == "open"),
        "cases_rescued_open": _cases().where(cases.c.side == "rescued", cases.c.status == "open"),
        "cases_closed": _cases().where(cases.c.status == "closed"),
        "cases_unmatched": _cases().where(cases.c.status == "open", waiting),
        "photos_pending": select(func.count()).select_from(photos).where(photos.c.state == "pending"),
        "photos_failed": select(func.count()).select_from(photos).where(photos.c.state == "failed"),
        "faces": select(func.count()).select_from(faces),
        "matches": select(func.count()).select_from(matches),
        "alerts_unacknowledged": select(func.count()).select_from(alerts).where(alerts.c.acknowledged_at.is_(None)),
        "outbox_pending": _outbox("queued", "sending", "retrying"),
        "outbox_dead_letters": _outbox("dead_letter"),
    }
    # One statement, one round trip: a readiness check is asked every few seconds.
    row = conn.execute(select(*(query.scalar_subquery().label(name) for name, query in conditions.items()))).one()
    return dict(row._asdict())


def _cases() -> Select[Any]:
    return select(func.count()).select_from(cases)


def _outbox(*states: str) -> Select[Any]:
    return select(func.count()).select_from(outbox).where(outbox.c.state.in_(states))
