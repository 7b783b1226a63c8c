"""Where do alerts go when nobody outside should receive them?

Two receivers on this machine only, for the demonstration and the tests: an inbox that speaks SMTP, and a webhook
receiver that checks signatures as a partner's system would. Nothing here is part of a real installation.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, cast

from aiosmtpd.controller import Controller
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from api.alerts.messages import LONGEST_BODY

LOOPBACK = "127.0.0.1"


class MailSink:
    """An inbox on this machine; a context manager that listens on a port of the system's choice.

    Args:
        on_message: called with each message after it was taken, in the server's thread.
        refuse: status line to answer RCPT with for an address, such as `550 no such mailbox`; None takes it.
    """

    host = LOOPBACK

    def __init__(
        self,
        on_message: Callable[[EmailMessage], None] | None = None,
        refuse: Callable[[str], str | None] | None = None,
    ) -> None:
        self._on_message = on_message
        self._refuse = refuse
        self._arrived = threading.Condition()
        self._messages: list[EmailMessage] = []
        self._controller = _EphemeralController(self, hostname=LOOPBACK, port=0)

    @property
    def port(self) -> int:
        """Port to send to, once entered."""
        return int(self._controller.port)

    @property
    def messages(self) -> list[EmailMessage]:
        """What has arrived so far, oldest first; a copy."""
        with self._arrived:
            return list(self._messages)

    def wait_for(self, count: int, timeout_s: float = 5.0) -> list[EmailMessage]:
        """Wait until `count` messages are there, or the time is up, and return what there is."""
        with self._arrived:
            self._arrived.wait_for(lambda: len(self._messages) >= count, timeout_s)
            return list(self._messages)

    # aiosmtpd finds the two handlers by these names, and passes their arguments by position.
    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        """Take or refuse a recipient."""
        refusal = self._refuse(address) if self._refuse is not None else None
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Take a message."""
        message = message_from_bytes(envelope.content, policy=policy.default)
        with self._arrived:
            self._messages.append(message)
            self._arrived.notify_all()
        if self._on_message is not None:
            self._on_message(message)
        return "250 OK"

    def __enter__(self) -> Self:
        """Start to listen."""
        # The server logs every address that it is given; alerts are to be found by their ids.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop to listen."""
        self._controller.stop()


class _EphemeralController(Controller):
    """A controller that may listen on port 0: it learns its port before its first connection."""

    def _trigger_server(self) -> None:
        listener = cast(asyncio.Server, self.server)
        self.port = listener.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Response:
    """How the webhook receiver answers one request.

    Args:
        status: HTTP status.
        headers: further headers.
        body: what to write after them.
        hang_s: seconds to wait before answering; ends early when the receiver is closed.
        drip_s: seconds between single bytes of an answer that never ends its headers; 0 answers normally.
        close: close the connection without an answer.
    """

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    hang_s: float = 0.0
    drip_s: float = 0.0
    close: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """One request with a good signature, as it came in."""

    webhook_id: str
    payload: dict[str, Any]
    body: bytes
    status: int
    at: float
    """Seconds of a monotonic clock."""


class WebhookReceiver:
    """A partner's system on this machine; a context manager that listens on a port of the system's choice.

    Args:
        secret: the signing secret, `whsec_…`.
        on_alert: called once per webhook-id with its payload, after the answer 204, in a thread of its own.
        script: from the number of the request (0, 1, …) to its answer; 204 each time when None.
    """

    def __init__(
        self,
        secret: str,
        on_alert: Callable[[dict[str, Any]], None] | None = None,
        script: Callable[[int], Response] | None = None,
    ) -> None:
        self._webhook = Webhook(secret)
        self._on_alert = on_alert
        self._script = script or (lambda _: Response())
        self._arrived = threading.Condition()
        self._requests = 0
        self._rejected = 0
        self._log: list[Received] = []
        self._told: set[str] = set()
        self._reactions: list[threading.Thread] = []
        self._closing = threading.Event()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Address to post to, once entered."""
        return f"http://{LOOPBACK}:{self.port}/alerts"

    @property
    def port(self) -> int:
        """Port to post to, once entered."""
        if self._server is None:
            raise RuntimeError("the receiver is not listening")
        return self._server.server_address[1]

    @property
    def requests(self) -> int:
        """How many requests came, good signature or not; one that broke off before its end did not come."""
        return self._requests

    @property
    def rejected(self) -> int:
        """How many requests had no good signature."""
        return self._rejected

    @property
    def log(self) -> list[Received]:
        """Every request with a good signature, in the order of arrival, whatever was answered; a copy."""
        with self._arrived:
            return list(self._log)

    @property
    def received(self) -> list[tuple[str, dict[str, Any]]]:
        """The same as pairs of webhook-id and payload."""
        return [(entry.webhook_id, entry.payload) for entry in self.log]

    @property
    def unique(self) -> dict[str, dict[str, Any]]:
        """The payloads by webhook-id: a repeated send counts once."""
        return dict(self.received)

    def wait_for(self, count: int, timeout_s: float = 5.0) -> list[tuple[str, dict[str, Any]]]:
        """Wait until `count` different alerts are there, or the time is up, and return `received`."""
        with self._arrived:
            self._arrived.wait_for(lambda: len({entry.webhook_id for entry in self._log}) >= count, timeout_s)
        return self.received

    def __enter__(self) -> Self:
        """Start to listen."""
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="webhook-receiver")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop to listen, end what hangs, and wait for the reactions."""
        self._closing.set()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
        for reaction in self._reactions:
            reaction.join()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request; called by the server."""
        length = handler.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > LONGEST_BODY:
            self._reply(handler, Response(413 if length.isdigit() else 400))
            return
        body = handler.rfile.read(int(length))
        if len(body) < int(length):
            # The sender was gone before its request was whole, as one that is killed is: there is nothing to judge.
            handler.close_connection = True
            return
        with self._arrived:
            number, self._requests = self._requests, self._requests + 1
        try:
            payload: dict[str, Any] = self._webhook.verify(body, dict(handler.headers.items()))
        except (WebhookVerificationError, ValueError):
            # ValueError: the library does not catch a signature that is not base64.
            with self._arrived:
                self._rejected += 1
            self._reply(handler, Response(401))
            return
        response = self._script(number)
        webhook_id = str(handler.headers["webhook-id"])
        with self._arrived:
            self._log.append(Received(webhook_id, payload, body, response.status, time.monotonic()))
            self._arrived.notify_all()
        self._closing.wait(response.hang_s)
        with contextlib.suppress(OSError):
            # The sender may have given up by now; that is its right.
            self._reply(handler, response)
        self._react(webhook_id, payload, response)

    def _reply(self, handler: BaseHTTPRequestHandler, response: Response) -> None:
        handler.close_connection = True
        if response.close:
            return
        if response.drip_s:
            handler.wfile.write(b"HTTP/1.1 204 No Content\r\nx-slow: ")
            while not self._closing.wait(response.drip_s):
                handler.wfile.write(b".")
            return
        handler.send_response(response.status)
        for name, value in response.headers.items():
            handler.send_header(name, value)
        handler.send_header("connection", "close")
        if response.status != 204 and "content-length" not in response.headers:
            handler.send_header("content-length", str(len(response.body)))
        handler.end_headers()
        handler.wfile.write(response.body)
        handler.wfile.flush()

    def _react(self, webhook_id: str, payload: dict[str, Any], response: Response) -> None:
        accepted = not response.close and not response.drip_s and 200 <= response.status < 300
        with self._arrived:
            if self._on_alert is None or not accepted or webhook_id in self._told:
                return
            self._told.add(webhook_id)
            # In a thread of its own: whoever reacts calls our API, and must not hold the sender up.
            reaction = threading.Thread(target=self._on_alert, args=(payload,), name="webhook-reaction")
            self._reactions.append(reaction)
        reaction.start()


class _Server(ThreadingHTTPServer):
    # Closing waits for the handlers, so that no request outlives the receiver.
    daemon_threads = False
    block_on_close = True

    def __init__(self, receiver: WebhookReceiver) -> None:
        self.receiver = receiver
        super().__init__((LOOPBACK, 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without it, a client that connects and says nothing would keep `server_close` waiting forever.
    timeout = 10

    def do_POST(self) -> None:
        """Hand a request to the receiver."""
        cast(_Server, self.server).receiver.answer(self)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the demonstration's terminal belongs to the demonstration."""
