"""How is one message handed over, and how did that end?"""

import logging
from collections.abc import Callable
from datetime import datetime

from api.alerts.errors import InvalidNotice
from api.alerts.mail import EmailSender
from api.alerts.messages import email_message, webhook_body
from api.alerts.notice import AlertNotice
from api.alerts.outcomes import SendResult
from api.alerts.webhook import WebhookSender
from api.faults import origin
from api.store.outbox import OutboxMessage
from api.store.partners import Partner

log = logging.getLogger("sandhan.delivery")


class Courier:
    """Hands messages over by webhook or e-mail. Whatever goes wrong is a result, never an exception.

    Args:
        sender: e-mail address that alerts come from.
        public_url: completes links.
    """

    def __init__(
        self,
        webhook_sender: WebhookSender,
        email_sender: EmailSender,
        *,
        sender: str,
        public_url: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._webhook_sender, self._email_sender = webhook_sender, email_sender
        self._sender, self._public_url, self._clock = sender, public_url, clock

    def attempt(self, message: OutboxMessage, partner: Partner | None) -> SendResult:
        """Hand one message over."""
        try:
            return self._send(message, partner)
        except InvalidNotice as error:
            return SendResult("invalid_message", detail=str(error), final=True)
        except Exception as error:  # noqa: BLE001  a fault of ours is a failed attempt, or it would repeat for ever
            log.error("message %s met a fault (%s)", message.id, origin(error))
            detail = f"a fault of this program ({type(error).__name__})"
            return SendResult("internal_error", detail=detail, refused=True)

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
        body = webhook_body(notice, message.created_at, self._public_url)
        return self._webhook_sender(partner.webhook_url, partner.webhook_secret, message.id, body, self._clock())

    def _send_email(self, message: OutboxMessage, partner: Partner, notice: AlertNotice) -> SendResult:
        if not partner.email:
            return SendResult("no_address", detail="the recipient has no e-mail address", final=True)
        return self._email_sender(
            email_message(
                notice,
                partner.email,
                self._sender,
                message.id,
                written_at=message.created_at,
                public_url=self._public_url,
                language=partner.language,
                time_zone=partner.time_zone,
            )
        )
