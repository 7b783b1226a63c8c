"""What has a partner been told, and has it answered? The polling inbox and the acknowledgement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from api.access import AccessScope, NotFound, Permission
from api.alerts import answering
from api.alerts.errors import DutyOpen
from api.ids import Clock
from api.store import Connection, Database, alerts, audit, outbox
from api.store.alerts import Alert
from api.store.outbox import MessageState


@dataclass(frozen=True, slots=True)
class AlertPageRows:
    """A page of alerts, and the last id where there are more."""

    items: list[tuple[Alert, list[MessageState]]]
    next: str | None


class AlertService:
    """Shows a partner its own alerts and takes its acknowledgement."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def page(
        self,
        scope: AccessScope,
        *,
        state: str | None,
        after: str | None,
        limit: int,
        priority: str | None = None,
        created_since: datetime | None = None,
        updated_since: datetime | None = None,
    ) -> AlertPageRows:
        """Return a page of the caller's alerts in id order (oldest first); the read is audited."""
        scope.require(Permission.ALERTS_READ)
        with self._database.write() as conn:
            rows = alerts.list_alerts(
                conn, scope.partner_id, state=state, priority=priority, created_since=created_since,
                updated_since=updated_since, after=after, limit=limit + 1,
            )  # fmt: skip
            items = [(alert, outbox.messages_of(conn, alert.id)) for alert in rows[:limit]]
            audit.append(
                conn, at=self._clock(), actor=scope.actor_id, action="alerts.listed", subject=scope.partner_id,
                detail={"count": len(items)},
            )  # fmt: skip
        return AlertPageRows(items, rows[limit - 1].id if len(rows) > limit else None)

    def read(self, alert_id: str, scope: AccessScope) -> tuple[Alert, list[MessageState]]:
        """Return one of the caller's alerts; the read is audited.

        Raises:
            NotFound: there is none, or it was sent to somebody else.
        """
        scope.require(Permission.ALERTS_READ)
        with self._database.write() as conn:
            alert = _own(conn, alert_id, scope)
            audit.append(conn, at=self._clock(), actor=scope.actor_id, action="alert.read", subject=alert_id)
            return alert, outbox.messages_of(conn, alert_id)

    def acknowledge(self, alert_id: str, scope: AccessScope) -> tuple[Alert, list[MessageState]]:
        """Note that the recipient has seen an alert; the first acknowledgement counts, a second changes nothing.

        Raises:
            NotFound: there is none, or it was sent to somebody else.
        """
        scope.require(Permission.ALERTS_ACKNOWLEDGE)
        now = self._clock()
        with self._database.write() as conn:
            before = _own(conn, alert_id, scope)
            alert = answering.acknowledge(conn, before, scope.actor_id, now)
            if before.acknowledged_at is None:
                audit.append(conn, at=now, actor=scope.actor_id, action="alert.acknowledged", subject=alert_id)
            return alert, outbox.messages_of(conn, alert_id)

    def act(self, alert_id: str, code: str, scope: AccessScope) -> tuple[Alert, list[MessageState]]:
        """Note what the recipient has done about an alert; the first action counts, a second changes nothing.

        Args:
            code: of `api.alerts.answering.ACTIONS`.
        Raises:
            NotFound: there is none, or it was sent to somebody else.
            DutyOpen: it tells of a duty of the recipient's, which is done where the agenda says, and ends the alert.
        """
        scope.require(Permission.ALERTS_ACKNOWLEDGE)
        now = self._clock()
        with self._database.write() as conn:
            before = _own(conn, alert_id, scope)
            if answering.waits_for_duty(before):
                raise DutyOpen
            alert = answering.act(conn, before, code, scope.actor_id, now)
            if alert.actioned_at is not None and before.actioned_at is None:
                audit.append(
                    conn, at=now, actor=scope.actor_id, action="alert.actioned", subject=alert_id, detail={"code": code}
                )
            return alert, outbox.messages_of(conn, alert_id)


def _own(conn: Connection, alert_id: str, scope: AccessScope) -> Alert:
    alert = alerts.get_alert(conn, alert_id)
    if alert is None or alert.recipient_id != scope.partner_id:
        raise NotFound("alert")
    return alert
