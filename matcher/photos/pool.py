"""How are photos examined without risk to the process that serves requests?

Each worker is a spawned process of its own: dlib crashes when threads share it, a hostile file may crash or hang
any decoder, and memory that a process may not have cannot be taken from the others. A worker that dies or
hangs is replaced for the next photo; the photo that did it gets an error and is not tried again.

    caller ── process(data) ──> seat (one of `workers`) ──pipe──> worker: read, detect, embed
                 │ all taken: wait, at most `queue_limit` at a time, then PoolBusy
"""

from __future__ import annotations

import multiprocessing
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Self

from matcher.photos.embedder import Embedder, FaceRecognitionEmbedder
from matcher.photos.errors import (
    MatchingUnavailable,
    PhotoTooLarge,
    PoolBusy,
    SeveralFaces,
    UnusablePhoto,
    WorkerDied,
    WorkerTimedOut,
)
from matcher.photos.faces import Box, DetectedFace, PhotoResult
from matcher.photos.quality import require_usable
from matcher.photos.reading import PhotoLimits
from matcher.photos.worker import READY, serve

_SPAWN = multiprocessing.get_context("spawn")
_MATCHING_BOXES = 0.5
_CLOSE_S = 5.0


class PhotoPool:
    """A few worker processes that turn photos into faces; safe to share between threads.

    No process exists until the first photo. Make the pool after forking, never before. Spawning runs the main
    module again in the worker, so a script that makes a pool needs `if __name__ == "__main__":`.

    Args:
        workers: how many photos are examined at a time.
        timeout_s: seconds for one photo, reading included.
        memory_mb: address space of each worker, megabytes (not enforced on Windows).
        queue_limit: how many callers may wait for a worker.
        embedder_factory: builds the embedder inside the worker; importable there, so no lambda.
        limits: what a photo may cost.
        start_timeout_s: seconds for a worker to start and load its models.
    """

    def __init__(
        self,
        workers: int = 1,
        timeout_s: float = 60.0,
        memory_mb: int = 1500,
        queue_limit: int = 64,
        embedder_factory: Callable[[], Embedder] = FaceRecognitionEmbedder,
        limits: PhotoLimits = PhotoLimits(),
        start_timeout_s: float = 60.0,
    ) -> None:
        if workers < 1 or queue_limit < 0:
            raise ValueError("a pool needs at least one worker and a queue limit of at least 0")
        setup = pickle.dumps((embedder_factory, limits))
        self._limits = limits
        self._queue_limit = queue_limit
        self._seats = [_Seat(setup, memory_mb, start_timeout_s, timeout_s) for _ in range(workers)]
        # The last seat given back is the first taken: one warm worker serves a quiet hour, the others never start.
        self._idle = list(self._seats)
        self._waiting = 0
        self._closed = False
        self._change = threading.Condition()

    def process(self, data: bytes, *, pick: Box | None = None, all_faces: bool = False) -> PhotoResult:
        """Return the clean picture and its face; wait for a worker if all are taken.

        Args:
            data: a whole JPEG, PNG, WebP or HEIC file.
            pick: which face is meant, one of the boxes of an earlier `SeveralFaces`.
            all_faces: return every likely face, unusable ones included, instead of insisting on one; for a
                caller that has the boxes picked from, and stores nothing of the others.
        Raises:
            SeveralFaces: more than one, and none was picked.
            UnusablePhoto: any other error of `matcher.photos.errors`.
        """
        if len(data) > self._limits.max_bytes:  # not worth a worker's time
            raise PhotoTooLarge("bytes", self._limits.max_bytes, len(data))
        with self._seat() as seat:
            try:
                result = seat.ask(data)
            except (WorkerDied, WorkerTimedOut) as error:
                if self._closed:
                    raise _closed_error() from error
                raise
        return result if all_faces else replace(result, faces=(_the_face(result, pick),))

    @property
    def limits(self) -> PhotoLimits:
        """Return what a photo may cost."""
        return self._limits

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """Return the process ids of the workers that run now."""
        return tuple(pid for seat in self._seats if (pid := seat.pid) is not None)

    def close(self) -> None:
        """End all workers; photos being examined and callers waiting get `MatchingUnavailable`."""
        with self._change:
            if self._closed:
                return
            self._closed = True
            self._change.notify_all()
            idle = set(self._idle)
        for seat in self._seats:
            if seat not in idle:
                seat.condemn()
        with self._change:
            self._change.wait_for(lambda: len(self._idle) == len(self._seats), _CLOSE_S)
        for seat in self._seats:
            seat.retire()

    def __enter__(self) -> Self:
        """Return the pool."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the pool."""
        self.close()

    @contextmanager
    def _seat(self) -> Iterator[_Seat]:
        with self._change:
            if not self._idle and self._waiting >= self._queue_limit and not self._closed:
                raise PoolBusy(self._waiting)
            self._waiting += 1
            try:
                self._change.wait_for(lambda: self._idle or self._closed)
            finally:
                self._waiting -= 1
            if self._closed:
                raise _closed_error()
            seat = self._idle.pop()
        try:
            yield seat
        finally:
            with self._change:
                self._idle.append(seat)
                self._change.notify_all() if self._closed else self._change.notify()


def _closed_error() -> MatchingUnavailable:
    return MatchingUnavailable("the photo pool is closed", "send the photo again after the restart")


def _the_face(result: PhotoResult, pick: Box | None) -> DetectedFace:
    """Return the face that is meant; never choose between two.

    Raises:
        SeveralFaces: it is not clear which.
        FaceTooSmall, PhotoTooBlurred, UnlikelyFace: it is too poor to compare.
    """
    faces = result.faces
    if pick is not None:
        faces = tuple(face for face in faces if face.box.overlap(pick) >= _MATCHING_BOXES)
    if len(faces) != 1:
        several = SeveralFaces(tuple(face.box for face in result.faces), result.size)
        several.picture, several.captured_on = result.jpeg, result.captured_on
        raise several
    require_usable(faces[0].measures)
    return faces[0]


class _Seat:
    """One worker process, started when needed and replaced when gone; used by one caller at a time."""

    def __init__(self, setup: bytes, memory_mb: int, start_s: float, photo_s: float) -> None:
        self._setup = setup
        self._memory_mb = memory_mb
        self._start_s = start_s
        self._photo_s = photo_s
        self._lock = threading.Lock()  # between the caller who uses the seat and the one who closes the pool
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._condemned = False

    @property
    def pid(self) -> int | None:
        """Return the process id of the worker, None if none runs."""
        with self._lock:
            return self._process.pid if self._process and self._process.is_alive() else None

    def ask(self, data: bytes) -> PhotoResult:
        """Have one photo examined.

        Raises:
            UnusablePhoto: what the worker answered, or what became of the worker.
        """
        if self.pid is None:
            self._start()
        answer = self._exchange(data, self._photo_s)
        if isinstance(answer, PhotoResult):
            return answer
        if isinstance(answer, PhotoTooLarge) and answer.what == "memory":
            self.retire()  # it leaves after such an answer; the next photo must not meet it at the door
        raise answer if isinstance(answer, UnusablePhoto) else TypeError("a worker answered out of turn")

    def condemn(self) -> None:
        """Kill the worker from another thread than the one that waits for it, and let no other start."""
        with self._lock:
            self._condemned = True
            if self._process is not None:
                self._process.kill()

    def retire(self, patience_s: float = 1.0) -> int | None:
        """End the worker and return its exit status; it leaves by itself when its pipe closes."""
        with self._lock:
            process, connection = self._process, self._connection
            self._process = self._connection = None
        if connection is not None:
            connection.close()
        if process is None:
            return None
        process.join(patience_s)
        if process.is_alive():
            process.kill()
            process.join(_CLOSE_S)
        return process.exitcode

    def _start(self) -> None:
        self.retire()
        ours, theirs = _SPAWN.Pipe()
        arguments = (theirs, self._setup, self._memory_mb, self._start_s, self._photo_s)
        process = _SPAWN.Process(target=serve, args=arguments, name="photo-worker", daemon=True)
        try:
            with self._lock:
                if self._condemned:
                    raise _closed_error()
                process.start()
                self._process, self._connection = process, ours
        finally:
            theirs.close()  # or the end of the worker would not close the pipe
        try:
            greeting = self._exchange(None, self._start_s)
        except (WorkerDied, WorkerTimedOut) as error:
            reason = f"a worker did not start ({error.code})"
            raise MatchingUnavailable(reason, "see the worker's last words in the log") from error
        if greeting != READY:
            self.retire()
            raise greeting if isinstance(greeting, UnusablePhoto) else TypeError("a worker answered out of turn")

    def _exchange(self, data: bytes | None, seconds: float) -> object:
        """Send, if there is anything to send, and return the answer; a worker that fails to give one is ended."""
        process, connection = self._process, self._connection
        if process is None or connection is None:
            raise WorkerDied
        deadline = _Deadline(process, seconds)
        try:
            with deadline:
                if data is not None:
                    connection.send_bytes(data)
                return connection.recv()
        except (EOFError, OSError) as error:
            exit_code = self.retire()
            raise (WorkerTimedOut(seconds) if deadline.passed else WorkerDied(exit_code)) from error


class _Deadline:
    """Kills a process that takes too long, whether it fails to read, to compute or to answer.

    A killed process closes its pipe, which wakes whoever waits on it in sending as in receiving.
    """

    def __init__(self, process: SpawnProcess, seconds: float) -> None:
        self.passed = False
        self._process = process
        self._over = False
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True

    def _pass(self) -> None:
        with self._lock:
            if not self._over:
                self.passed = True
                self._process.kill()

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._over = True
        self._timer.cancel()
