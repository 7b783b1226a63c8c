"""How is a whole exchange ended in time, when the library only limits each step of it?

A receiver that answers one byte every few seconds never breaks the limit of a single read, and could hold
a sender for hours. The watch shuts the socket down when the time for everything is up.
"""

import socket
import threading
from types import TracebackType
from typing import Self


class Deadline:
    """Ends the watched connection when its time is up; use as a context manager.

    Args:
        seconds: time for everything inside the block, more than 0.
    """

    def __init__(self, seconds: float) -> None:
        self._lock = threading.Lock()
        self._watched: list[socket.socket] = []
        self._passed = False
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    @property
    def passed(self) -> bool:
        """Whether the time ran out inside the block."""
        return self._passed

    def watch(self, connection: socket.socket) -> None:
        """Watch a connected socket."""
        # A duplicate stays valid when TLS takes the original over, and shutting down reaches them both.
        with self._lock:
            duplicate = socket.fromfd(connection.fileno(), connection.family, connection.type)
            self._watched.append(duplicate)
            if self._passed:
                _shut(duplicate)

    def _end(self) -> None:
        with self._lock:
            self._passed = True
            for connection in self._watched:
                _shut(connection)

    def __enter__(self) -> Self:
        """Start the clock."""
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the clock and let go of the sockets."""
        self._timer.cancel()
        self._timer.join()
        with self._lock:
            for connection in self._watched:
                connection.close()
            self._watched.clear()


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The other side was faster in closing; that is what we wanted.
        return
