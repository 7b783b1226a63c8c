"""Which connection to a receiver can be used again?

Opening one costs more than a message, the more so with TLS. A connection is kept under the name and the network address
that were checked for it: two names behind one address never share one, and a name that changes its answer is called
at the new address. Whoever has taken a connection has it alone.
"""

import socket
import ssl
import threading
from collections import OrderedDict
from typing import Any, Final

import httpx

from api.alerts.deadline import Deadline

MOST_IDLE: Final = 32
IDLE_S: Final = 30.0
_LONGEST_DRAINED: Final = 4096
"""Bytes of an answer that are read, and dropped, to keep the connection; of a longer one the connection is closed."""

Key = tuple[str, str, int | None, str]
"""Scheme, host and port of the checked address of a partner, and the network address."""


class Connection:
    """One connection to one receiver, opened when it is first used."""

    def __init__(self, ssl_context: ssl.SSLContext) -> None:
        # The transport instead of a client: a client logs the address, and partners' addresses can hold a token.
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=IDLE_S)
        self._transport = httpx.HTTPTransport(verify=ssl_context, trust_env=False, limits=limits)
        self._socket: socket.socket | None = None
        self._opened = False

    def exchange(self, request: httpx.Request, deadline: Deadline) -> tuple[httpx.Response, bool]:
        """Send a request; return the answer's head and whether the connection can be used again.

        The answer's body is never kept, and not even read unless it is short.

        Raises:
            httpx.HTTPError: as the transport does.
        """
        self._opened = False
        if self._socket is not None and self._socket.fileno() >= 0:
            deadline.watch(self._socket)

        def note(event: str, info: dict[str, Any]) -> None:
            if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
                self._opened = True
                self._socket = info["return_value"].get_extra_info("socket")
                if event == "connection.connect_tcp.complete" and self._socket is not None:
                    deadline.watch(self._socket)

        request.extensions["trace"] = note
        response = self._transport.handle_request(request)
        try:
            usable = _is_short(response) and response.headers.get("connection", "").lower() != "close"
            if usable:
                for _ in response.iter_raw():
                    continue
        except httpx.HTTPError:
            # The receiver has answered; that it broke off in what nobody reads changes nothing.
            usable = False
        finally:
            response.close()
        return response, usable

    @property
    def was_reused(self) -> bool:
        """Whether the last exchange went, or was to go, over a connection that had been open before."""
        return not self._opened

    def close(self) -> None:
        """Close it."""
        self._transport.close()


class IdleConnections:
    """Keeps what is open and not in use; the one unused for longest goes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: OrderedDict[int, tuple[Key, Connection]] = OrderedDict()

    def holds(self, key: Key) -> bool:
        """Tell whether a connection is kept under a key."""
        with self._lock:
            return any(kept_under == key for kept_under, _ in self._idle.values())

    def take(self, key: Key) -> Connection | None:
        """Return a connection kept under a key, for the caller alone."""
        with self._lock:
            for number, (kept_under, connection) in reversed(self._idle.items()):
                if kept_under == key:
                    del self._idle[number]
                    return connection
        return None

    def give_back(self, key: Key, connection: Connection) -> None:
        """Keep a connection for the next message."""
        with self._lock:
            self._idle[id(connection)] = (key, connection)
            over = self._idle.popitem(last=False)[1][1] if len(self._idle) > MOST_IDLE else None
        if over is not None:
            over.close()

    def close(self) -> None:
        """Close what is kept."""
        with self._lock:
            kept = [connection for _, connection in self._idle.values()]
            self._idle.clear()
        for connection in kept:
            connection.close()


def _is_short(response: httpx.Response) -> bool:
    if response.status_code in (204, 304):
        return True
    length = response.headers.get("content-length", "")
    return length.isascii() and length.isdigit() and len(length) < 9 and int(length) <= _LONGEST_DRAINED
