"""How does one receiver get its messages in order, while all the others get theirs?

The front of a lane is sent one after another, outside any transaction. The first that fails ends it: what stands
behind goes back, unsent, to wait with it. So does what is left when the lane has had its turn, or receivers that are
slow and take everything would keep every thread until nothing waits for them. What arrived is recorded about once a
second, so a crash repeats at most the messages of that second, under the ids that they had.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from api.alerts.courier import Courier
from api.alerts.outcomes import MOST_REFUSALS, SCHEDULE, WORKS_WITHIN, SendResult, next_attempt
from api.alerts.unshared import ENGINE
from api.faults import origin
from api.store import Connection, Database, audit, outbox, outbox_lanes, partners
from api.store.outbox import OutboxMessage, Receipt
from api.store.outbox_lanes import Claim
from api.store.partners import Partner

log = logging.getLogger("sandhan.delivery")

RECORD_EVERY: Final = timedelta(seconds=1)
"""How often what arrived is recorded, or four times within the time of a claim where that is short."""

TURN: Final = timedelta(seconds=5)
"""How long a lane is sent from before others have their turn; what is under way then is finished."""


@dataclass(frozen=True, slots=True)
class LaneSettings:
    """How lanes are worked off.

    Args:
        lease: a claim without a result is free again after this.
        longest_send: what one message may take.
        schedule: how long to wait before each attempt.
    """

    lease: timedelta
    longest_send: timedelta
    schedule: Sequence[timedelta] = SCHEDULE

    @property
    def record_every(self) -> timedelta:
        """Return how often what arrived is recorded; that prolongs the claim, too."""
        return min(RECORD_EVERY, (self.lease - self.longest_send) / 4)


@dataclass(slots=True)
class _Progress:
    """What has become of one claim so far."""

    until: datetime
    rest: list[OutboxMessage]
    partner: Partner | None
    recorded_at: datetime
    turn_ends: datetime
    receipts: list[Receipt] = field(default_factory=list)
    handled: int = 0


class LaneRunner:
    """Sends what was claimed of a lane and records what came of it; safe to share between threads.

    Args:
        stopping: set when the process is to end; what is not sent by then goes back.
    """

    def __init__(
        self,
        database: Database,
        courier: Courier,
        settings: LaneSettings,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
        stopping: threading.Event,
    ) -> None:
        self._database, self._courier, self._settings = database, courier, settings
        self._clock, self._jitter, self._stopping = clock, jitter, stopping

    def run(self, claim: Claim) -> int:
        """Send the front of a lane; return how many messages have a recorded result, good or bad."""
        handled = 0
        try:
            with self._database.read() as conn:
                partner = partners.get_partner(conn, claim.recipient_id)
            now = self._clock()
            progress = _Progress(claim.until, list(claim.messages), partner, now, now + TURN)
            while progress.rest and self._has_time(progress):
                self._send_next(progress)
                handled = progress.handled
            self._put_back(progress)
            handled = progress.handled
        except Exception as error:  # noqa: BLE001  the lane is claimed again after its lease; the others go on
            log.error("lane of message %s has no recorded result (%s)", claim.messages[0].id, origin(error))
        return handled

    def _has_time(self, progress: _Progress) -> bool:
        now = self._clock()
        in_turn = now < progress.turn_ends and now + self._settings.longest_send <= progress.until
        return in_turn and not self._stopping.is_set()

    def _send_next(self, progress: _Progress) -> None:
        message = progress.rest.pop(0)
        result = self._courier.attempt(message, progress.partner)
        now = self._clock()
        if result.delivered:
            progress.receipts.append(Receipt(message.id, now, result.status_code))
            log.info("message %s delivered", message.id)
            # Also when the last one is sent: whoever waits for the lane need not wait for its lease.
            if now - progress.recorded_at >= self._settings.record_every or not progress.rest:
                self._record(progress, now)
        else:
            self._record(progress, now, (message, result))

    def _record(
        self, progress: _Progress, now: datetime, failed: tuple[OutboxMessage, SendResult] | None = None
    ) -> None:
        until, again = now + self._settings.lease, None
        waiting = [message.id for message in progress.rest]
        sent = [receipt.message_id for receipt in progress.receipts]
        audited = failed is not None and failed[1].gone
        with self._database.write(ordered=audited) as conn:
            outbox.lock(conn, [*sent, *waiting, *([failed[0].id] if failed else [])])
            outbox.record_receipts(conn, progress.receipts)
            if failed is not None:
                again = self._record_failure(conn, *failed, now, progress)
            if again is not None:
                outbox_lanes.release(conn, waiting, progress.until)
                left = {}
            else:
                # Something may have been held back meanwhile, name nobody any more, or the partner have moved.
                left = outbox.payloads_of(conn, outbox_lanes.keep(conn, waiting, progress.until, until))
                if waiting:
                    progress.partner = partners.get_partner(conn, progress.rest[0].recipient_id)
        progress.handled += len(progress.receipts) + (failed is not None)
        progress.receipts, progress.recorded_at, progress.until = [], now, until
        progress.rest = [replace(message, payload=left[message.id]) for message in progress.rest if message.id in left]
        if failed is not None:
            fate = "dead letter" if again is None else "will be tried again"
            log.warning("message %s not delivered (%s): %s", failed[0].id, failed[1].outcome, fate)

    def _record_failure(
        self, conn: Connection, message: OutboxMessage, result: SendResult, now: datetime, progress: _Progress
    ) -> datetime | None:
        """Record a failure; return when the message is tried again, None when it is given up."""
        moved = result.gone and not _switch_off(conn, message, progress.partner, now)
        again = now if moved else self._next_attempt(conn, message, result, now)
        outbox.record_failure(
            conn, message.id, now, result.outcome, result.status_code, result.detail, again,
            claimed=progress.until, early=message.early_for is not None, refused=result.refused,
        )  # fmt: skip
        return again

    def _next_attempt(
        self, conn: Connection, message: OutboxMessage, result: SendResult, now: datetime
    ) -> datetime | None:
        if result.final:
            return None
        if result.refused and message.refusals + 1 >= MOST_REFUSALS:
            lane = (message.recipient_id, message.channel)
            if outbox_lanes.has_delivered_since(conn, *lane, now - WORKS_WITHIN):
                return None  # it is this message, not the receiver: the lane must not wait for it for days
        if message.early_for is None:
            return next_attempt(message.counted + 1, now, self._jitter, result.retry_after, self._settings.schedule)
        # Tried ahead of its time: its time stays, unless the receiver asked for more.
        asked = next_attempt(0, now, self._jitter, result.retry_after, (timedelta(0),))
        return message.early_for if asked is None else max(message.early_for, asked)

    def _put_back(self, progress: _Progress) -> None:
        """Record what arrived, and give back what has to wait for the next claim."""
        if not progress.receipts and not progress.rest:
            return
        waiting = [message.id for message in progress.rest]
        sent = [receipt.message_id for receipt in progress.receipts]
        with self._database.write(ordered=False) as conn:
            outbox.lock(conn, [*sent, *waiting])
            outbox.record_receipts(conn, progress.receipts)
            outbox_lanes.release(conn, waiting, progress.until)
        progress.handled += len(progress.receipts)
        progress.receipts, progress.rest = [], []


def _switch_off(conn: Connection, message: OutboxMessage, called: Partner | None, now: datetime) -> bool:
    """Switch off the webhook that has answered 410; False where the partner has another one by now."""
    url = None if called is None else called.webhook_url
    if url is None or not partners.disable_webhook(conn, message.recipient_id, url):
        return False
    detail: dict[str, object] = {"message": message.id}
    audit.append(
        conn, at=now, actor=ENGINE, action="partner.webhook_off", subject=message.recipient_id, detail=detail
    )  # fmt: skip
    return True
