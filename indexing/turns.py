"""How do threads take turns so that none waits for ever? First come, first served.

Python's own lock goes to whoever is there when it is free: under searches without a pause a change waited a minute.
"""

from __future__ import annotations

import threading
from collections import deque
from types import TracebackType


class Turns:
    """A lock that is held by one thread at a time, in the order in which they came; it may take it again inside."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._holder: int | None = None
        self._depth = 0
        self._waiting: deque[threading.Lock] = deque()

    def __enter__(self) -> Turns:
        me = threading.get_ident()
        with self._guard:
            if self._holder == me or (self._holder is None and not self._waiting):
                self._holder = me
                self._depth += 1
                return self
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        # Opened by whoever leaves; nobody else can have come in before.
        try:
            turn.acquire()
        except BaseException:
            # Interrupted while waiting: a turn that nobody takes up would be the last one given.
            with self._guard:
                if turn in self._waiting:
                    self._waiting.remove(turn)
                else:
                    self._pass_on()
            raise
        with self._guard:
            self._holder, self._depth = me, 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._guard:
            self._depth -= 1
            if not self._depth:
                self._pass_on()

    def _pass_on(self) -> None:
        self._holder = None
        if self._waiting:
            # Taken at once for the next, or one who comes in between would be before him.
            self._holder = _NEXT
            self._waiting.popleft().release()


_NEXT = -1
"""No thread is called so: the turn is given, and not taken up yet."""
