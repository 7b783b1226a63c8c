"""How is the application served? uvicorn in the foreground for `sandhan serve`, in a thread for the demonstration."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType
from typing import Self

import uvicorn
from fastapi import FastAPI

from matcher.errors import SandhanError


class PortTaken(SandhanError):
    """The address cannot be listened on."""

    code = "port_taken"

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"cannot listen on {host}:{port}; choose another with --port or SANDHAN_PORT")


_BACKLOG = 2048
"""Connections that wait to be taken up; what the server itself would ask for."""


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        PortTaken: somebody else listens there, or it may not be used.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # At once, and not when the server has started: whoever is told the address may come before.
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise PortTaken(host, port) from error
    return listener


def server_for(app: FastAPI, log_level: str = "warning") -> uvicorn.Server:
    """Return a server whose access log is off: addresses hold ids, and ids are enough to ask for."""
    # A live inbox would otherwise keep the server from ending for as long as its client listens.
    ending = 10
    return uvicorn.Server(
        uvicorn.Config(app, log_level=log_level, access_log=False, lifespan="on", timeout_graceful_shutdown=ending)
    )


class BackgroundServer:
    """The application on a socket of this machine, in a thread; a context manager."""

    def __init__(self, app: FastAPI, listener: socket.socket) -> None:
        self._server = server_for(app)
        self._listener = listener
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name="http", daemon=True)

    @property
    def url(self) -> str:
        """Return the address that clients use."""
        host, port = self._listener.getsockname()[:2]
        return f"http://{host}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + 30
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=20)

    def wait(self) -> None:
        """Serve until interrupted."""
        while self._thread.is_alive():
            self._thread.join(timeout=1)
