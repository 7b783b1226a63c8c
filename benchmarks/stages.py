"""How long does each part of a piece of work take? By the clock on the wall, and in the processor's time of all cores.

Nothing here needs this project to be installed: the processes of peers use it, too.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Seconds(NamedTuple):
    """Seconds on the wall, and of processor time over all threads, which other programs disturb least."""

    wall: float
    cpu: float


class Stages:
    """Times parts by name.

    Attributes:
        taken: what each part took, in the order of their first run; of a part that runs again, the sum.
    """

    def __init__(self) -> None:
        self.taken: dict[str, Seconds] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time what is done in here, also when it fails."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            so_far = self.taken.get(name, Seconds(0.0, 0.0))
            self.taken[name] = Seconds(so_far.wall + time.perf_counter() - wall, so_far.cpu + time.process_time() - cpu)

    def sum(self, names: Iterable[str]) -> Seconds:
        """Return what several parts took together."""
        chosen = [self.taken[name] for name in names]
        return Seconds(sum(one.wall for one in chosen), sum(one.cpu for one in chosen))
