"""Partners' systems for the delivery benchmarks: they verify every signature with the `standardwebhooks` library.

Connections are kept alive. What comes in is noted whatever is answered: a receiver that took a message and then says
500, or hangs up, has it all the same.
"""

import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, cast

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request with a good signature."""

    partner: str
    webhook_id: str
    alert_id: str
    body: bytes
    behaviour: str
    at: float


@dataclass(slots=True)
class Behaviour:
    """What a receiver does with one request.

    Args:
        name: for the report.
        status: what it answers; 0: it does not answer properly.
        headers: of the answer.
        wait_s: before the answer.
        raw: bytes written instead of an answer, before the connection is closed.
    """

    name: str
    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    raw: bytes = b""

    @property
    def accepts(self) -> bool:
        """Whether the sender is told in time that the message was taken."""
        return 200 <= self.status < 300 and not self.wait_s


class Receivers:
    """One server for all partners, each at a path of its own; a context manager.

    Args:
        secrets: from partner to signing secret.
        behave: from partner to what its system does with this request.
        on_accepted: called with partner and alert after a message was accepted for the first time.
    """

    def __init__(
        self,
        secrets: Mapping[str, str],
        behave: Callable[[str], Behaviour] = lambda _: Behaviour("accepts"),
        on_accepted: Callable[[str, str], None] = lambda _partner, _alert: None,
    ) -> None:
        self._webhooks = {partner: Webhook(secret) for partner, secret in secrets.items()}
        self._behave, self._on_accepted = behave, on_accepted
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.arrivals: list[Arrival] = []
        self.accepted: dict[str, int] = {}
        self.bad_signatures = 0
        self.broken_off = 0
        self.astray = 0
        """Requests to where a redirect had pointed: nobody may follow one."""

    def url(self, partner: str) -> str:
        """Return the webhook address of a partner."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}/{partner}"

    def __enter__(self) -> Self:
        """Start to listen."""
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop to listen."""
        assert self._server is not None
        assert self._thread is not None
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request; called by the server."""
        length = int(handler.headers["content-length"])
        body = handler.rfile.read(length)
        if len(body) < length:
            # The sender was killed in the middle of it.
            self.broken_off += 1
            handler.close_connection = True
            return
        partner = handler.path.strip("/")
        if partner not in self._webhooks:
            self.astray += 1
            self._reply(handler, Behaviour("astray", 404))
            return
        try:
            payload: dict[str, Any] = self._webhooks[partner].verify(body, dict(handler.headers.items()))
        except (WebhookVerificationError, ValueError):
            self.bad_signatures += 1
            self._reply(handler, Behaviour("bad signature", 401))
            return
        behaviour = self._behave(partner)
        webhook_id, alert_id = str(handler.headers["webhook-id"]), str(payload["data"]["alert_id"])
        with self._lock:
            self.arrivals.append(Arrival(partner, webhook_id, alert_id, body, behaviour.name, time.monotonic()))
            first = behaviour.accepts and webhook_id not in self.accepted
            if behaviour.accepts:
                self.accepted[webhook_id] = self.accepted.get(webhook_id, 0) + 1
        self._reply(handler, behaviour)
        if first:
            self._on_accepted(partner, alert_id)

    def _reply(self, handler: BaseHTTPRequestHandler, behaviour: Behaviour) -> None:
        if behaviour.wait_s:
            time.sleep(behaviour.wait_s)
        try:
            if not behaviour.status:
                handler.close_connection = True
                handler.wfile.write(behaviour.raw)
                handler.connection.shutdown(socket.SHUT_RDWR)
                return
            handler.send_response(behaviour.status)
            for name, value in behaviour.headers.items():
                handler.send_header(name, value)
            if behaviour.status != 204:
                handler.send_header("content-length", "0")
            handler.end_headers()
        except OSError:
            # The sender has given up, or was killed.
            handler.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, receivers: Receivers) -> None:
        self.receivers = receivers
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, _request: Any, _client: Any) -> None:
        """Say nothing: a sender that is killed breaks off in the middle."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        """Hand a request over."""
        cast(_Server, self.server).receivers.answer(self)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
