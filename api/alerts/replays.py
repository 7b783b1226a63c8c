"""What could not be delivered, and who has it sent once more? The recipient its own, the operator everybody's.

Whose recipient may not know of its match any more is held back in the same transaction, before anybody can send it.
"""

from __future__ import annotations

from api.access import AccessScope, NotFound, Permission
from api.ids import Clock
from api.matches.withholding import hold_back_unsent
from api.store import Database, alerts, audit, dead_letters
from api.store.dead_letters import DeadLetter, LaneState


class ReplayService:
    """Shows dead letters and sends them again; a receiver recognises them by their webhook-id."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def of_alert(self, alert_id: str, scope: AccessScope) -> list[str]:
        """Send once more what was given up of one of the caller's alerts; return the ids of the messages.

        Raises:
            NotFound: there is no such alert, or it was sent to somebody else.
        """
        scope.require(Permission.ALERTS_REPLAY)
        now = self._clock()
        with self._database.write() as conn:
            alert = alerts.get_alert(conn, alert_id)
            if alert is None or alert.recipient_id != scope.partner_id:
                raise NotFound("alert")
            found = dead_letters.replay(conn, now, alert_id=alert_id)
            if found and alert.match_id is not None and hold_back_unsent(conn, now, [alert.match_id]):
                found = dead_letters.still_queued(conn, found)
            if found:
                detail: dict[str, object] = {"messages": len(found)}
                audit.append(
                    conn, at=now, actor=scope.actor_id, action="alert.replayed", subject=alert_id, detail=detail
                )
        return found

    def by_operator(self, actor: str, *, message_id: str | None = None, partner_id: str | None = None) -> list[str]:
        """Send once more one message, those of a partner, or all; for whoever runs the machine. Audited."""
        now = self._clock()
        with self._database.write() as conn:
            found = dead_letters.replay(conn, now, message_id=message_id, recipient_id=partner_id)
            if found and hold_back_unsent(conn, now):
                found = dead_letters.still_queued(conn, found)
            if found:
                detail: dict[str, object] = {"messages": len(found)}
                subject = partner_id or message_id or "outbox"
                audit.append(conn, at=now, actor=actor, action="alerts.replayed", subject=subject, detail=detail)
        return found

    def dead_letters(self, partner_id: str | None = None) -> list[DeadLetter]:
        """Return what was given up and can be sent again, all or a partner's; for whoever runs the machine."""
        found: list[DeadLetter] = []
        with self._database.read() as conn:
            while True:
                page = dead_letters.dead_letters(
                    conn, recipient_id=partner_id, after=found[-1].message_id if found else None
                )
                found += page
                if not page:
                    return found

    def lanes(self) -> list[LaneState]:
        """Return how it stands with each recipient and channel; for whoever runs the machine."""
        with self._database.read() as conn:
            return dead_letters.lanes(conn)
