"""Where does a run compare? In this process, on workers of its own on this machine, or on a Dask cluster by address."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from api.nightly.errors import BadEngine
from api.nightly.memory import MOST_AT_ONCE
from indexing.meeting import Here, Meeting

MOST_ON_A_CLUSTER: Final = 250
"""Cases compared at once there: each question costs a journey, however many ask it."""


class Kind(StrEnum):
    """What compares."""

    LOCAL = "local"
    DASK = "dask"


@dataclass(frozen=True, slots=True)
class Engine:
    """Where a run compares.

    Attributes:
        kind: in this process, or on a cluster.
        scheduler: the address of a cluster's scheduler; None for workers of its own on this machine.
        workers: how many these are; None for as many as there are cores.
    """

    kind: Kind = Kind.LOCAL
    scheduler: str | None = None
    workers: int | None = None

    @property
    def most_at_once(self) -> int:
        """Return how many cases are compared at once where memory allows."""
        return MOST_AT_ONCE if self.kind is Kind.LOCAL else MOST_ON_A_CLUSTER

    def meeting(self) -> AbstractContextManager[Meeting]:
        """Return what brings cases and candidates together; a cluster is reached, or made, when it is first needed.

        Raises:
            BadEngine: what was asked for does not go together, or is not installed.
        """
        if self.kind is Kind.LOCAL:
            if self.scheduler is not None or self.workers is not None:
                raise BadEngine("--scheduler and --workers go with --engine dask")
            return nullcontext(Here())
        if self.scheduler is not None and self.workers is not None:
            raise BadEngine("--workers is for a cluster of one's own; that of --scheduler has the workers it has")
        try:
            from indexing.cluster import Cluster
            from indexing.workers import LocalWorkers, Scheduler
        except ModuleNotFoundError as error:
            raise BadEngine(
                f"{error.name} is not installed; a cluster needs it: pip install 'sandhan[cluster]'"
            ) from None
        if self.scheduler is not None:
            return Cluster(Scheduler(self.scheduler))
        return Cluster(LocalWorkers(self.workers or os.cpu_count() or 1))
