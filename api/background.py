"""How is done, again and again, what nobody asks for? One thread does the duties; none keeps another from running.

A duty that fails is told of in the log by where it failed, never by what it held, and has its turn again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from api.faults import origin
from api.ids import Clock

log = logging.getLogger(__name__)

EVERY_S: Final = 30.0
_LONGEST_END_S: Final = 60.0
Duty = Callable[[], object]


class Background:
    """A thread that does duties in order, waits, and begins again.

    Args:
        duties: called one after the other; each finds for itself whether there is something to do.
        every_s: seconds between the end of a round and the next one.
    """

    def __init__(self, duties: Sequence[Duty], every_s: float = EVERY_S) -> None:
        self._duties, self._every_s = duties, every_s
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin the first round at once."""
        self._thread = threading.Thread(target=self._work, name="sandhan-background", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin no further duty, and wait for the one that is being done."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=_LONGEST_END_S)

    def round(self) -> None:
        """Do every duty once."""
        for duty in self._duties:
            if self._stopping.is_set():
                return
            try:
                duty()
            except Exception as error:  # noqa: BLE001 - one that fails must not stop the others, or the thread
                log.error("%s failed (%s), trying again in %g s", duty.__qualname__, origin(error), self._every_s)

    def _work(self) -> None:
        while not self._stopping.is_set():
            self.round()
            self._stopping.wait(self._every_s)


def now_and_then(duty: Duty, every: timedelta, clock: Clock) -> Duty:
    """Return a duty that is done the first time it is called, and then only once in a while."""
    due: datetime | None = None

    def paced() -> None:
        nonlocal due
        now = clock()
        if due is None or now >= due:
            duty()
            due = now + every

    paced.__qualname__ = duty.__qualname__
    return paced
