"""What is told once a day? Whatever waits for the digest, in one alert, at the first opening of the partner's office.

What was made after that moment waits for the next day on which the office opens. A digest that runs late tells of the
same as one that runs in time.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from api.alerts.raising import Occasion, raise_alert
from api.ids import RandomBytes
from api.partners.office_hours import next_opening
from api.store import Connection
from api.store import attention as store
from api.store.alerts import Alert
from api.store.partners import Partner

WITHOUT_HOURS: Final = time(9)
"""Local time of the digest where an office is always open, or never."""


def digest_at(to: Partner, now: datetime) -> tuple[date, datetime] | None:
    """Return a partner's day and the moment of its digest; None where the office does not open on it."""
    zone = ZoneInfo(to.time_zone or "UTC")
    day = now.astimezone(zone).date()
    midnight = datetime.combine(day, time(), zone).astimezone(UTC)
    opening = next_opening(to.office_hours, to.time_zone, midnight) if to.office_hours else None
    if opening is None:
        return day, datetime.combine(day, WITHOUT_HOURS, zone).astimezone(UTC)
    return (day, opening) if opening.astimezone(zone).date() == day else None


def due_daily(conn: Connection, to: Partner, now: datetime) -> list[str]:
    """Return the alerts of which a partner is to be told today, by now."""
    today = digest_at(to, now)
    return store.digest_alerts(conn, to.id, today[1]) if today is not None and now >= today[1] else []


def tell_daily(conn: Connection, to: Partner, now: datetime, random_bytes: RandomBytes) -> Alert | None:
    """Raise a partner's digest of the day when its time has come; None where it has been told, or nothing waits."""
    today = digest_at(to, now)
    waiting = due_daily(conn, to, now)
    if today is None or not waiting:
        return None
    occasion = Occasion(
        kind="digest",
        event="daily",
        priority="digest",
        same=(today[0].isoformat(),),
        rule="daily digest",
        count=len(waiting),
    )
    raised = raise_alert(conn, to, occasion, now, random_bytes)
    if raised is not None:
        store.tell_by(conn, waiting, raised.id)
    return raised
