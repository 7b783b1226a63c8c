"""How is a whole exchange ended in time, when the library only limits each step of it?

A receiver that answers one byte every few seconds never breaks the limit of a single read, and could hold
a sender for hours. The watch shuts the socket down when the time for everything is up.
"""

import heapq
import itertools
import math
import os
import socket
import threading
import time
from types import TracebackType
from typing import Final, Self

_NEXT_TO_NOTHING_S: Final = 0.001
"""A time limit of 0 would mean something else to a socket."""


class Deadline:
    """Ends the watched connection when its time is up; use as a context manager.

    Args:
        seconds: time for everything inside the block, more than 0.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends = math.inf
        self._lock = threading.Lock()
        self._watched: list[socket.socket] = []
        self._passed = self._over = False

    @property
    def passed(self) -> bool:
        """Whether the time ran out inside the block."""
        return self._passed

    @property
    def left(self) -> float:
        """Seconds left inside the block; a little more than 0 when none are."""
        return max(self._ends - time.monotonic(), _NEXT_TO_NOTHING_S)

    def watch(self, connection: socket.socket) -> None:
        """Watch a connected socket."""
        # A duplicate stays valid when TLS takes the original over, and shutting down reaches them both.
        with self._lock:
            duplicate = socket.fromfd(connection.fileno(), connection.family, connection.type)
            self._watched.append(duplicate)
            if self._passed:
                _shut(duplicate)

    def end(self) -> None:
        """End what is watched, unless the block is left already; called when the time is up."""
        with self._lock:
            if self._over:
                return
            self._passed = True
            for connection in self._watched:
                _shut(connection)

    def __enter__(self) -> Self:
        """Start the clock."""
        self._ends = time.monotonic() + self._seconds
        _WATCH.add(self._ends, self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the clock and let go of the sockets."""
        with self._lock:
            self._over = True
            for connection in self._watched:
                connection.close()
            self._watched.clear()


class _Watch:
    """Ends every deadline of the process in time, from one thread: starting one for each would cost more than sending.

    The thread ends itself when nothing is left to watch.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Deadline]] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        # A forked child has the lock as it was, and no thread.
        os.register_at_fork(after_in_child=self._forget)

    def add(self, at: float, deadline: Deadline) -> None:
        """Watch one more, until `at` of the monotonic clock."""
        with self._changed:
            first = not self._due or at < self._due[0][0]
            heapq.heappush(self._due, (at, next(self._numbers), deadline))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sandhan-deadlines", daemon=True)
                self._thread.start()
            elif first:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._due:
                    self._thread = None
                    return
                wait = self._due[0][0] - time.monotonic()
                if wait > 0:
                    self._changed.wait(wait)
                    continue
                _, _, deadline = heapq.heappop(self._due)
            deadline.end()

    def _forget(self) -> None:
        self._changed, self._due, self._thread = threading.Condition(), [], None


_WATCH = _Watch()


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The other side was faster in closing; that is what we wanted.
        return
