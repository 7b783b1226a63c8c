"""What happens inside a worker process? It confines itself, builds an embedder, and examines photo after photo.

Only the standard library is imported at the top: the limits have to stand before Pillow, numpy and dlib are loaded.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matcher.photos.embedder import Embedder
    from matcher.photos.faces import PhotoResult
    from matcher.photos.reading import PhotoLimits

READY = "ready"
"""What a worker says once it can take photos."""
GRACE_S = 10.0
"""Seconds after which a worker ends itself if its parent did not."""


def serve(connection: Connection, setup: bytes, memory_mb: int, start_s: float, photo_s: float) -> None:
    """Examine photos until the other end of the connection closes.

    Sends `READY` or a `MatchingUnavailable`, then for each `bytes` received one `PhotoResult` or `PhotoError`.

    Args:
        setup: pickled (embedder factory, PhotoLimits).
        memory_mb: address space that the process may use, megabytes.
        start_s, photo_s: seconds allowed for starting and for one photo; the parent enforces them, this process
            only makes sure that it ends if there is no parent left to do so.
    """
    confine(memory_mb)
    _alarm(start_s + GRACE_S)
    from matcher.photos.errors import MatchingUnavailable, PhotoTooLarge, UnusablePhoto

    try:
        factory, limits = pickle.loads(setup)
        embedder = factory()
    except MatchingUnavailable as error:
        connection.send(error)
        return
    connection.send(READY)
    while True:
        _alarm(0)
        try:
            data = connection.recv_bytes()
        except EOFError:  # the parent closed its end, or is no more
            return
        _alarm(photo_s + GRACE_S)
        try:
            answer: PhotoResult | UnusablePhoto = examine(data, embedder, limits)
        except UnusablePhoto as error:
            answer = error
        except MemoryError:
            # Whatever was being built is in an unknown state: answer, then make room for a fresh process.
            connection.send(PhotoTooLarge("memory", memory_mb))
            return
        connection.send(answer)


def examine(data: bytes, embedder: Embedder, limits: PhotoLimits) -> PhotoResult:
    """Return what one photo shows, with every likely face.

    Raises:
        UnusablePhoto: the photo cannot be read or shows no likely face.
    """
    from matcher.photos.faces import PhotoResult
    from matcher.photos.reading import read_photo

    photo = read_photo(data, limits)
    faces = tuple(embedder.embed(photo.pixels))
    size = (photo.pixels.shape[1], photo.pixels.shape[0])
    return PhotoResult(photo.jpeg, photo.media_type, photo.captured_on, faces, size, embedder.model_id)


def confine(memory_mb: int) -> None:
    """Limit this process: one thread for arithmetic, no more memory than given, no core file with a photo in it."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ[name] = "1"
    if sys.platform == "win32":  # no such limits there; time limits still hold
        return
    import resource

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the connection
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    limit = memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _alarm(seconds: float) -> None:
    """Have the kernel end this process after that time; 0 calls it off.

    A signal without a handler works even while native code holds the interpreter, where no thread would. The
    parent-death signal of Linux is no substitute: it fires when the *thread* that started the worker ends.
    """
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)
