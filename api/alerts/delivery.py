"""Which messages are due, and did they arrive?

Alerts are written into the outbox in the same transaction as the match. The dispatcher claims what is due, sends
it outside any transaction, and records how it ended in a transaction of its own:

    claim (lease) ──> send ──> record success
                          └──> record failure, next attempt by the schedule … dead letter after the tenth

A crash between sending and recording leaves the claim behind. When its lease runs out, anybody claims the message
again and sends it with the same id: at least once, and recognisable. Within what one dispatcher has claimed, a
recipient gets its messages one at a time and in order; a message that failed comes back later, behind newer ones.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self

from api.alerts.errors import InvalidDeliverySettings, InvalidNotice
from api.alerts.lanes import Lanes
from api.alerts.mail import EmailSender, Encryption, SmtpSender
from api.alerts.messages import email_message, webhook_body
from api.alerts.notice import AlertNotice
from api.alerts.outcomes import SendResult, next_attempt
from api.alerts.webhook import HttpxWebhookSender, WebhookSender
from api.faults import origin
from api.store import Database, outbox, partners
from api.store.outbox import OutboxMessage
from api.store.partners import Partner

log = logging.getLogger("sandhan.delivery")

MOST_CLAIMED: Final = 2_000
"""Messages that one dispatcher holds at most; beyond that a flood to slow receivers could delay others."""

_SHORTEST_PAUSE_S: Final = 0.05


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
        workers: how many receivers are served at the same time.
        batch: how many messages one claim takes.
        lease_s: seconds after which a claim without a result is free again; more than three timeouts.
        poll_s: seconds between looks into the outbox when nobody rings the bell.
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
        self._jitter = jitter
        self._webhook_sender = webhook_sender or HttpxWebhookSender(
            timeout_s=settings.timeout_s, allow_private=settings.allow_private_targets
        )
        self._email_sender = email_sender or _email_sender(settings)
        self._lanes = Lanes(settings.workers)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def run_once(self) -> int:
        """Claim one batch, send it, and return how many messages got a result, good or bad.

        Raises whatever the database raises while claiming; a result that cannot be recorded is logged and not counted.
        """
        handled = 0
        for future in self._claim():
            try:
                handled += future.result()
            except CancelledError:
                # Stopped before its turn: the claim runs out and the message is sent later.
                continue
        return handled

    def start(self) -> None:
        """Send continuously in the background until `stop`."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop, name="sandhan-dispatcher", daemon=True)
            self._thread.start()

    def notify(self) -> None:
        """Ring the bell: something was put into the outbox. Cheap; any thread may call it."""
        self._wake.set()

    def stop(self) -> None:
        """Finish what is on its way and stop for good. What was only claimed is sent after its lease."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._lanes.close()

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
                if self._lanes.wait_below(MOST_CLAIMED, pause):
                    # A full batch means that more may be due already.
                    pause = _SHORTEST_PAUSE_S if len(self._claim()) >= self._settings.batch else self._pause()
            except Exception as error:  # noqa: BLE001  whatever it is, a dispatcher that ended would alert nobody
                log.error("outbox could not be read (%s); trying again in %g s", origin(error), pause)
            self._wake.wait(pause)

    def _pause(self) -> float:
        with self._database.read() as connection:
            due = outbox.next_due(connection)
        if due is None:
            return self._settings.poll_s
        wait = (due - self._clock()).total_seconds()
        return min(max(wait, _SHORTEST_PAUSE_S), self._settings.poll_s)

    def _claim(self) -> list[Future[bool]]:
        lease = timedelta(seconds=self._settings.lease_s)
        now = self._clock()
        with self._database.write(ordered=False) as connection:
            messages = outbox.claim_due(connection, now, self._settings.batch, lease)
        futures = []
        for message in messages:
            futures.append(self._lanes.put(message.recipient_id, self._job(message, now + lease)))
        return futures

    def _job(self, message: OutboxMessage, lease_until: datetime) -> Callable[[], bool]:
        return lambda: self._handle(message, lease_until)

    def _handle(self, message: OutboxMessage, lease_until: datetime) -> bool:
        """Send one claimed message and record the result; return whether a result was recorded."""
        if self._clock() + timedelta(seconds=self._settings.longest_send_s) > lease_until:
            # It waited behind a slow one. Somebody else may claim it while we send, so it is left to them.
            log.info("message %s waited too long for its turn; left to the next claim", message.id)
            return False
        try:
            with self._database.read() as connection:
                partner = partners.get_partner(connection, message.recipient_id)
            self._record(message, self._attempt(message, partner))
        except Exception as error:  # noqa: BLE001  the message is claimed again after its lease; the others go on
            log.error("message %s has no recorded result (%s)", message.id, origin(error))
            return False
        return True

    def _attempt(self, message: OutboxMessage, partner: Partner | None) -> SendResult:
        try:
            return self._send(message, partner)
        except InvalidNotice as error:
            return SendResult("invalid_message", detail=str(error), final=True)
        except Exception as error:  # noqa: BLE001  a fault of ours is a failed attempt, or it would repeat for ever
            log.error("message %s met a fault (%s)", message.id, origin(error))
            return SendResult("internal_error", detail=f"a fault of this program ({type(error).__name__})")

    def _send(self, message: OutboxMessage, partner: Partner | None) -> SendResult:
        if partner is None or not partner.active:
            return SendResult("recipient_inactive", detail="the recipient is not active", final=True)
        notice = AlertNotice.from_payload(message.payload)
        if message.channel == "webhook":
            return self._send_webhook(message, partner, notice)
        if message.channel == "email":
            return self._send_email(message, partner, notice)
        return SendResult("invalid_message", detail="channel: must be webhook or email", final=True)

    def _send_webhook(self, message: OutboxMessage, partner: Partner, notice: AlertNotice) -> SendResult:
        if not partner.webhook_url or not partner.webhook_secret:
            return SendResult("no_address", detail="the recipient has no webhook", final=True)
        body = webhook_body(notice, message.created_at, self._settings.public_url)
        return self._webhook_sender(partner.webhook_url, partner.webhook_secret, message.id, body, self._clock())

    def _send_email(self, message: OutboxMessage, partner: Partner, notice: AlertNotice) -> SendResult:
        if not partner.email:
            return SendResult("no_address", detail="the recipient has no e-mail address", final=True)
        return self._email_sender(
            email_message(
                notice,
                partner.email,
                self._settings.sender,
                message.id,
                written_at=message.created_at,
                public_url=self._settings.public_url,
                language=partner.language,
            )
        )

    def _record(self, message: OutboxMessage, result: SendResult) -> None:
        now = self._clock()
        if result.delivered:
            with self._database.write(ordered=False) as connection:
                outbox.record_success(connection, message.id, now, result.status_code)
            log.info("message %s delivered", message.id)
            return
        again = None
        if not result.final:
            again = next_attempt(message.attempts + 1, now, self._jitter, result.retry_after)
        with self._database.write(ordered=False) as connection:
            outbox.record_failure(connection, message.id, now, result.outcome, result.status_code, result.detail, again)
            if result.gone:
                partners.disable_webhook(connection, message.recipient_id)
        fate = "dead letter" if again is None else "will be tried again"
        log.warning("message %s not delivered (%s): %s", message.id, result.outcome, fate)


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
