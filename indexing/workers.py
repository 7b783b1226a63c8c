"""Where do workers come from? A cluster of one's own for one run, or one that is there already, by its address."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import signal
from typing import Any, Protocol

import dask
from distributed import Client, LocalCluster, Security
from distributed.comm import connect

from indexing.errors import ClusterFailed
from indexing.index_files import LAYOUT
from indexing.record_space import RecordSpace
from indexing.record_vectors import PIPELINE

log = logging.getLogger(__name__)

_CONNECT_S = 10

# What matters of a cluster is told by whoever uses it; Dask's own words are about ports and keys.
for _name in ("distributed", "distributed.client"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


class Connect(Protocol):
    """Opens a connection to a cluster, and closes it."""

    def open(self) -> Client:
        """Return a connection.

        Raises:
            ClusterFailed: there is none.
        """
        ...

    def close(self) -> None:
        """End the connection, and what was made for it."""
        ...


class LocalWorkers:
    """Worker processes on this machine, one thread each, reached from this machine alone.

    Args:
        count: how many.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._cluster: LocalCluster | None = None
        self._client: Client | None = None

    def open(self) -> Client:
        """Start the workers and return a connection."""
        # No pages: they show what is being done, and to whoever may log in to this machine.
        closed: dict[str, list[str]] = {"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []}
        with dask.config.set(closed):
            self._cluster = LocalCluster(
                n_workers=self._count, threads_per_worker=1, processes=True, host="127.0.0.1",
                dashboard_address="127.0.0.1:0", scheduler_kwargs={"dashboard": False}, security=_own_keys(),
                memory_limit=0, silence_logs=logging.CRITICAL, env={"NUMBA_NUM_THREADS": "1"},
                preload=[__name__],
            )  # fmt: skip
        self._client = Client(self._cluster, direct_to_workers=True, set_as_default=False)
        return self._client

    def close(self) -> None:
        """End the workers."""
        if self._client is not None:
            self._client.close()
        if self._cluster is not None:
            self._cluster.close()
        self._client = self._cluster = None


class Scheduler:
    """The workers of a cluster that is there already.

    Args:
        address: of its scheduler, e.g. `tls://scheduler.example:8786`; keys and certificates are those of Dask's own
            configuration.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: Client | None = None

    def open(self) -> Client:
        """Return a connection to workers that hold this very version, and records in memory alone."""
        try:
            asyncio.run(_reach(self._address))  # a client that fails to connect is not easily got rid of
            client = Client(self._address, direct_to_workers=True, set_as_default=False, timeout=_CONNECT_S)
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise ClusterFailed("its scheduler does not answer at the address given") from error
        self._client = client
        try:
            versions: dict[str, Any] = client.run(version)
        except Exception as error:
            raise ClusterFailed("its workers do not have this version of sandhan, with the extra `cluster`") from error
        if any(found != version() for found in versions.values()):
            raise ClusterFailed("its workers have another version of sandhan, or other data files")
        if any(client.run(spills).values()):
            raise ClusterFailed("its workers would write records to their disks: start them with --memory-limit 0")
        return client

    def close(self) -> None:
        """Leave the cluster as it is."""
        if self._client is not None:
            self._client.close()
        self._client = None


def dask_setup(_worker: object) -> None:
    """Leave Ctrl-C to the process of the run, which ends its workers; called by Dask in each as it starts."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def version() -> str:
    """Return what must be the same on all machines for their results to be."""
    return "+".join((LAYOUT, PIPELINE, RecordSpace.load().version))


def spills(dask_worker: Any) -> bool:
    """Tell whether a worker puts what it holds on its disk, unsealed, when memory runs short."""
    return not isinstance(dask_worker.data, dict)


async def _reach(address: str) -> None:
    comm = await connect(address, timeout=_CONNECT_S, **Security().get_connection_args("client"))
    await comm.close()


def _own_keys() -> Security:
    """Return keys for one run, so that others who are logged in to this machine cannot speak to its workers."""
    if importlib.util.find_spec("cryptography") is None:
        log.warning("the package cryptography is not installed: other users of this machine could reach the workers")
        return Security()
    return Security.temporary()
