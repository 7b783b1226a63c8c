"""Where can a process be killed? Before every statement and every commit, and around everything outside the database.

Between two statements nothing else happens, so a kill after the one leaves what a kill before the next one leaves.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event

from api.store import Database

KILLED: Final = 137
LONGEST_LIFE_S: Final = 60


class Fuse:
    """Counts the points that this process passes, and kills it at one of them.

    Args:
        note: file that will hold what the process was about to do.
        at: number of the point, from 1; None for none.
        label: or the first point whose description begins like this.
    """

    def __init__(self, note: Path, at: int | None = None, label: str | None = None) -> None:
        self._note, self._at, self._label = note, at, label
        self._armed = False
        # Messages are sent by another thread.
        self._lock = threading.Lock()
        self.passed = 0

    def arm(self, database: Database) -> None:
        """Count from now on; the only place that looks behind the database's door."""
        engine = database._engine

        def statement(_conn: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
            self.tick("before " + " ".join(sql.split())[:60])

        def commit(_conn: Any) -> None:
            self.tick("before COMMIT")

        event.listen(engine, "before_cursor_execute", statement)
        event.listen(engine, "commit", commit)
        self._armed = True

    def tick(self, what: str) -> None:
        """Pass a point, or die there as by SIGKILL: nothing is flushed, closed or rolled back."""
        with self._lock:
            if not self._armed:
                return
            self.passed += 1
            if self.passed == self._at or (self._label is not None and what.startswith(self._label)):
                self._note.write_text(what)
                os._exit(KILLED)


def start_forked(work: Callable[[], None], longest_s: int = 0) -> int:
    """Begin a piece of work in a forked process; return its process id.

    Args:
        longest_s: an alarm ends the process after this time; 0 for never.
    """
    assert _threads() == 1, "a fork with threads alive may copy a lock that nobody will release"
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.alarm(longest_s)
            work()
            status = 0
        except BaseException:  # noqa: BLE001  printed, and told by the status: the child must not go on as its parent
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    return pid


def wait_for(pid: int) -> int:
    """Return the exit status of a forked process; 128 + signal if one ended it."""
    _, status = os.waitpid(pid, 0)
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def run_forked(work: Callable[[], None]) -> int:
    """Do a piece of work in a forked process; return its exit status.

    One that hangs is ended after a time: a lock left behind by a crash is a finding, not a reason to wait.
    """
    return wait_for(start_forked(work, LONGEST_LIFE_S))


def _threads() -> int:
    """Return the threads of this process, where possible with those that Python does not know of."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else threading.active_count()
