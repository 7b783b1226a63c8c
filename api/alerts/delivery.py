"""When is something sent, and who waits for whom?

Alerts are written into the outbox in the same transaction as the match. The dispatcher claims the lanes that are due
(what goes to one recipient on one channel), sends them outside any transaction, and records how it ended:

    claim a lane (lease) ──> send in order ──> record what arrived
                                           └─> record the failure, next attempt by the schedule … dead letter at last

A crash between sending and recording leaves the claim behind. When its lease runs out, anybody claims the lane again
and sends with the same ids: at least once, and recognisable. Webhooks and e-mail have threads of their own, and so have
receivers that just failed: neither a mail server that hangs nor a receiver that does delays the others. Who is slow and
takes everything has a turn of a few seconds, and then those have theirs who waited.
"""

import itertools
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self

from api.alerts.courier import Courier
from api.alerts.errors import InvalidDeliverySettings
from api.alerts.lanes import LaneRunner, LaneSettings
from api.alerts.mail import EmailSender, Encryption, SmtpSender
from api.alerts.outcomes import SCHEDULE, SendResult
from api.alerts.webhook import HttpxWebhookSender, WebhookSender
from api.faults import origin
from api.store import Database, outbox_lanes
from api.store.outbox_lanes import Claim, Kind, Lane

log = logging.getLogger("sandhan.delivery")

KINDS: Final[tuple[Kind, ...]] = (("webhook", False), ("webhook", True), ("email", False), ("email", True))
"""Each has threads of its own."""

_SHORTEST_PAUSE_S: Final = 0.02
_BUSY_PAUSE_S: Final = 0.5
"""While lanes run; the end of one rings the bell before that."""


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """What the operator decides about delivery.

    Args:
        smtp_host: mail server; None where this installation sends no e-mail.
        smtp_port: its port.
        sender: e-mail address that alerts come from.
        public_url: where partners reach the console, such as `https://sandhan.example.org`.
        allow_private_targets: allow webhooks to private addresses and over plain http.
        timeout_s: seconds for one exchange with a receiver.
        smtp_encryption: see `api.alerts.mail.Encryption`.
        smtp_user, smtp_password: sign in to the mail server.
        workers: how many receivers are served at the same time, of each kind (`KINDS`).
        batch: how many messages of one lane one claim takes.
        lease_s: seconds after which a claim without a result is free again; more than three timeouts.
        poll_s: seconds between looks into the outbox when nobody rings the bell.
        schedule: how long to wait before each attempt; after the last one the message is a dead letter.
    Raises:
        InvalidDeliverySettings: two settings contradict each other.
    """

    smtp_host: str | None
    smtp_port: int
    sender: str
    public_url: str
    allow_private_targets: bool = False
    timeout_s: float = 15.0
    smtp_encryption: Encryption = "auto"
    smtp_user: str | None = None
    smtp_password: str | None = field(default=None, repr=False)
    workers: int = 8
    batch: int = 100
    lease_s: float = 120.0
    poll_s: float = 5.0
    schedule: Sequence[timedelta] = SCHEDULE

    def __post_init__(self) -> None:
        """Refuse settings that cannot work."""
        for name in ("timeout_s", "workers", "batch", "poll_s"):
            if getattr(self, name) <= 0:
                raise InvalidDeliverySettings(name, "must be more than 0")
        if self.lease_s <= self.longest_send_s:
            raise InvalidDeliverySettings("lease_s", "must be more than three times timeout_s")

    @property
    def longest_send_s(self) -> float:
        """Seconds that looking up a name, connecting and one exchange may take together."""
        return 3 * self.timeout_s


class Dispatcher:
    """Sends what is due in the outbox, once by `run_once` or continuously between `start` and `stop`.

    Args:
        database: where the outbox is.
        settings: what the operator decides.
        clock: current time (aware).
        jitter: draws from [0, 1), such as `random.random`.
        webhook_sender: posts webhooks; a real one by the settings when None.
        email_sender: hands over e-mail; a real one by the settings when None.

    Several dispatchers, in one process or in many, may work on the same database.
    """

    def __init__(
        self,
        database: Database,
        settings: DeliverySettings,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
        webhook_sender: WebhookSender | None = None,
        email_sender: EmailSender | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._posting = HttpxWebhookSender(timeout_s=settings.timeout_s, allow_private=settings.allow_private_targets)
        courier = Courier(
            webhook_sender or self._posting,
            email_sender or _email_sender(settings),
            sender=settings.sender,
            public_url=settings.public_url,
            clock=clock,
        )
        lanes = LaneSettings(
            timedelta(seconds=settings.lease_s), timedelta(seconds=settings.longest_send_s), settings.schedule
        )
        self._runner = LaneRunner(database, courier, lanes, clock, jitter, self._stopping)
        self._pools = {
            kind: ThreadPoolExecutor(settings.workers, thread_name_prefix="sandhan-delivery") for kind in KINDS
        }
        self._free = dict.fromkeys(KINDS, settings.workers)
        self._turn, self._turns = itertools.count(1), dict[Lane, int]()
        self._lock = threading.Lock()

    def run_once(self) -> int:
        """Claim every lane that is due, send its front, and return how many messages got a result, good or bad.

        Raises whatever the database raises while claiming; a result that cannot be recorded is logged and not counted.
        """
        return sum(future.result() for future in self._send(self._claim(None)))

    def start(self) -> None:
        """Send continuously in the background until `stop`."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop, name="sandhan-dispatcher", daemon=True)
            self._thread.start()

    def notify(self) -> None:
        """Ring the bell: something was put into the outbox. Cheap; any thread may call it."""
        self._wake.set()

    def stop(self) -> None:
        """Finish what is on its way and stop for good. What was only claimed goes back, for the next to send."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        for pool in self._pools.values():
            pool.shutdown(wait=True)
        self._posting.close()

    def __enter__(self) -> Self:
        """Do not start anything: `start` and `run_once` are the caller's choice."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            pause = self._settings.poll_s
            try:
                with self._lock:
                    room = dict(self._free)
                if self._send(self._claim(room)) or not all(room.values()):
                    pause = min(pause, _BUSY_PAUSE_S)
                else:
                    pause = self._pause()
            except Exception as error:  # noqa: BLE001  whatever it is, a dispatcher that ended would alert nobody
                log.error("outbox could not be read (%s); trying again in %g s", origin(error), pause)
            self._wake.wait(pause)

    def _pause(self) -> float:
        now = self._clock()
        with self._database.read() as connection:
            due = outbox_lanes.next_due(connection, now)
        if due is None:
            return self._settings.poll_s
        return min(max((due - now).total_seconds(), _SHORTEST_PAUSE_S), self._settings.poll_s)

    def _claim(self, room: dict[Kind, int] | None) -> list[Claim]:
        if room is not None and not any(room.values()):
            return []
        lease = timedelta(seconds=self._settings.lease_s)
        with self._database.write(ordered=False) as connection:
            claims = outbox_lanes.claim_lanes(
                connection, self._clock(), lease, batch=self._settings.batch, room=room, turns=self._turns
            )  # fmt: skip
        for claim in claims:
            self._turns[claim.recipient_id, claim.channel] = next(self._turn)
        return claims

    def _send(self, claims: Sequence[Claim]) -> list[Future[int]]:
        futures = []
        for claim in claims:
            with self._lock:
                self._free[claim.kind] -= 1
            futures.append(self._pools[claim.kind].submit(self._run, claim))
        return futures

    def _run(self, claim: Claim) -> int:
        try:
            return self._runner.run(claim)
        finally:
            with self._lock:
                self._free[claim.kind] += 1
            self._wake.set()


def _email_sender(settings: DeliverySettings) -> EmailSender:
    if settings.smtp_host is None:
        return lambda _: SendResult("not_configured", detail="no mail server is configured")
    return SmtpSender(
        settings.smtp_host,
        settings.smtp_port,
        timeout_s=settings.timeout_s,
        encryption=settings.smtp_encryption,
        user=settings.smtp_user,
        password=settings.smtp_password,
    )
