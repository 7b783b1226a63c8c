"""How is an alert handed to the mail server?"""

import contextlib
import smtplib
import socket
import ssl
from email.message import EmailMessage
from typing import Final, Literal, Protocol, get_args

from api.alerts.deadline import Deadline
from api.alerts.errors import InvalidDeliverySettings
from api.alerts.outcomes import SendResult

Encryption = Literal["auto", "required", "implicit", "none"]
"""auto: STARTTLS when the server offers it; required: STARTTLS or no mail; implicit: TLS from the first byte."""

ENCRYPTIONS: Final[tuple[str, ...]] = get_args(Encryption)


_OF_THE_SERVER: Final = (smtplib.SMTPConnectError, smtplib.SMTPHeloError, smtplib.SMTPAuthenticationError)
"""Answers to greeting and sign-in, before the server has seen the message."""


class EmailSender(Protocol):
    """Hands one message to a mail server. Failures of the server are results, never exceptions."""

    def __call__(self, message: EmailMessage) -> SendResult:
        """Send to the one address of the To header."""
        ...


class SmtpSender:
    """Sends each message over its own connection, with the standard library.

    Args:
        host: mail server.
        port: 25, 465 (implicit) or 587 as a rule.
        timeout_s: seconds for one step, and for the whole exchange after connecting.
        encryption: see `Encryption`.
        user, password: only ever sent over an encrypted connection.
        ssl_context: whom to trust; the authorities of this machine when None.
    Raises:
        InvalidDeliverySettings: the encryption is unknown, or a password would travel in the open.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        timeout_s: float,
        encryption: Encryption = "auto",
        user: str | None = None,
        password: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        if encryption not in ENCRYPTIONS:
            raise InvalidDeliverySettings("smtp_encryption", f"must be one of {', '.join(ENCRYPTIONS)}")
        if user is not None and encryption in ("auto", "none"):
            raise InvalidDeliverySettings("smtp_encryption", "must be required or implicit when a user signs in")
        self._host, self._port, self._timeout_s = host, port, timeout_s
        self._encryption, self._user, self._password = encryption, user, password
        self._ssl_context = ssl_context or ssl.create_default_context()

    def __call__(self, message: EmailMessage) -> SendResult:
        """Send one message; see `EmailSender`."""
        with Deadline(self._timeout_s) as deadline:
            try:
                return self._send(message, deadline)
            except smtplib.SMTPRecipientsRefused as error:
                # One message has one recipient. The server's own words are left out: they quote the address.
                status = next(iter(error.recipients.values()))[0]
                detail = f"the mail server refused the recipient ({status})"
                return SendResult("recipient_refused", status, detail, refused=status >= 500)
            except smtplib.SMTPResponseException as error:
                detail = f"the mail server answered {error.smtp_code}"
                refused = error.smtp_code >= 500 and not isinstance(error, _OF_THE_SERVER)
                return SendResult("smtp_status", error.smtp_code, detail, refused=refused)
            except smtplib.SMTPNotSupportedError:
                return SendResult("smtp_unsupported", detail="the mail server lacks what this message needs")
            except (smtplib.SMTPException, OSError) as error:
                if deadline.passed or _timed_out(error):
                    return SendResult("timeout", detail=f"no answer within {self._timeout_s:g} s")
                return SendResult("connection_failed", detail=_reason(error))

    def _send(self, message: EmailMessage, deadline: Deadline) -> SendResult:
        server = self._connected()
        try:
            if isinstance(server.sock, socket.socket):
                deadline.watch(server.sock)
            server.ehlo_or_helo_if_needed()
            if self._encryption == "required" or (self._encryption == "auto" and server.has_extn("starttls")):
                server.starttls(context=self._ssl_context)
            if self._user is not None:
                server.login(self._user, self._password or "")
            server.send_message(message)
            # From here on the mail server answers for the message; a rude goodbye must not send it twice.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            server.close()
        return SendResult("delivered", 250)

    def _connected(self) -> smtplib.SMTP:
        if self._encryption == "implicit":
            return smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout_s, context=self._ssl_context)
        return smtplib.SMTP(self._host, self._port, timeout=self._timeout_s)


def _timed_out(error: Exception) -> bool:
    # A step that took too long reaches us as a closed connection: smtplib keeps the reason only as the context.
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return "the mail server's certificate was not accepted"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "the mail server closed the connection"
    return "no connection to the mail server"
