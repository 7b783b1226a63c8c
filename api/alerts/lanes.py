"""How does a slow receiver delay nobody but itself?

Each receiver has a lane. Jobs of one lane run one at a time, in the order in which they came; lanes run side by
side on a small pool. After each job the lane goes to the back of the pool's queue, so a long lane takes turns.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

Job = Callable[[], bool]


class Lanes:
    """Runs jobs in lanes.

    Args:
        workers: how many lanes may run at the same time, at least 1.
    """

    def __init__(self, workers: int) -> None:
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._waiting: dict[str, deque[tuple[Job, Future[bool]]]] = {}
        self._count = 0
        self._closed = False
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="sandhan-delivery")

    def __len__(self) -> int:
        """Return how many jobs wait or run."""
        with self._lock:
            return self._count

    def put(self, lane: str, job: Job) -> Future[bool]:
        """Queue a job; its future is cancelled when the lanes are closed before its turn."""
        future: Future[bool] = Future()
        with self._lock:
            if self._closed:
                future.cancel()
                return future
            self._count += 1
            queue = self._waiting.get(lane)
            if queue is not None:
                queue.append((job, future))
                return future
            # The lane's entry stays for as long as one of its jobs waits or runs: at most one in flight.
            self._waiting[lane] = deque([(job, future)])
            self._pool.submit(self._turn, lane)
        return future

    def wait_below(self, count: int, timeout_s: float) -> bool:
        """Wait until fewer than `count` jobs wait or run; return whether that came true in time."""
        with self._lock:
            return self._idle.wait_for(lambda: self._count < count, timeout_s)

    def close(self) -> None:
        """Drop what waits, wait for what runs."""
        with self._lock:
            self._closed = True
            for queue in self._waiting.values():
                for _, future in queue:
                    if future.cancel():
                        self._count -= 1
                queue.clear()
            self._idle.notify_all()
        self._pool.shutdown(wait=True)

    def _turn(self, lane: str) -> None:
        with self._lock:
            queue = self._waiting[lane]
            if not queue:
                del self._waiting[lane]
                return
            job, future = queue.popleft()
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(job())
            except BaseException as error:  # noqa: BLE001  whoever waits for the future gets it
                future.set_exception(error)
        with self._lock:
            self._count -= 1
            self._idle.notify_all()
            if queue and not self._closed:
                self._pool.submit(self._turn, lane)
            else:
                del self._waiting[lane]
