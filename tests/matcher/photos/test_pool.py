"""Does the pool outlive whatever its workers do?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import NoReturn

import numpy as np
import photo_fakes as fakes
import pytest
from PIL import ExifTags, Image

from matcher.photos.errors import (
    MatchingUnavailable,
    NoFace,
    PhotoDamaged,
    PhotoTooBlurred,
    PhotoTooLarge,
    PoolBusy,
    SeveralFaces,
    UnusablePhoto,
    WorkerDied,
    WorkerTimedOut,
)
from matcher.photos.faces import Box, PhotoResult
from matcher.photos.pool import PhotoPool
from matcher.photos.reading import PhotoLimits

Encode = Callable[..., bytes]


@pytest.fixture(autouse=True)
def light_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spawning runs the parent's main module again: here that is pytest, which no worker needs."""
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)


@pytest.fixture
def photo(encoded: Encode) -> Callable[[int], bytes]:
    return lambda width: encoded(Image.new("RGB", (width, 30), "white"), "PNG")


@pytest.fixture(scope="module")
def shared() -> Iterator[PhotoPool]:
    """One pool for the tests that leave its worker alive."""
    with PhotoPool(embedder_factory=fakes.ScriptedEmbedder, limits=PhotoLimits(max_bytes=100_000)) as pool:
        yield pool


def gone(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True
    return "State:\tZ" in status


def wait_until(condition: Callable[[], bool], seconds: float = 8.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_a_photo_becomes_a_clean_picture_and_a_face(shared: PhotoPool, encoded: Encode) -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2021:05:06 07:08:09"
    result = shared.process(encoded(Image.new("RGB", (fakes.NORMAL, 30)), exif=exif))
    assert result.jpeg.startswith(b"\xff\xd8\xff")
    assert result.media_type == "image/jpeg"
    assert result.captured_on == date(2021, 5, 6)
    assert result.size == (fakes.NORMAL, 30)
    assert result.model_id == "scripted/1"
    assert [face.box for face in result.faces] == [fakes.LEFT]


def test_the_work_is_done_elsewhere_by_one_warm_worker(shared: PhotoPool, photo: Callable[[int], bytes]) -> None:
    pids = {int(shared.process(photo(fakes.NORMAL)).faces[0].vector[0]) for _ in range(3)}
    assert len(pids) == 1
    assert pids == set(shared.worker_pids)
    assert os.getpid() not in pids


def test_arithmetic_has_one_thread(shared: PhotoPool, photo: Callable[[int], bytes]) -> None:
    assert shared.process(photo(fakes.THREADS)).faces[0].score == 1.0


def test_errors_of_the_photo_come_back_as_they_are(shared: PhotoPool, photo: Callable[[int], bytes]) -> None:
    with pytest.raises(NoFace) as caught:
        shared.process(photo(fakes.EMPTY))
    assert caught.value.size == (27, 27)
    with pytest.raises(PhotoDamaged):
        shared.process(photo(fakes.NORMAL)[:-30])
    with pytest.raises(PhotoTooBlurred):
        shared.process(photo(fakes.POOR))
    with pytest.raises(PhotoTooLarge):
        shared.process(bytes(100_001))


def test_never_chooses_between_two_faces(shared: PhotoPool, photo: Callable[[int], bytes]) -> None:
    crowd = photo(fakes.CROWD)
    with pytest.raises(SeveralFaces) as caught:
        shared.process(crowd)
    assert caught.value.boxes == (fakes.LEFT, fakes.RIGHT)
    assert caught.value.size == (fakes.CROWD, 30)
    assert [face.box for face in shared.process(crowd, pick=fakes.RIGHT).faces] == [fakes.RIGHT]
    assert len(shared.process(crowd, all_faces=True).faces) == 2
    with pytest.raises(SeveralFaces):
        shared.process(crowd, pick=Box(5, 0, 14, 9))


def test_lazy_until_the_first_photo(photo: Callable[[int], bytes]) -> None:
    with PhotoPool(embedder_factory=fakes.ScriptedEmbedder) as pool:
        assert pool.worker_pids == ()


def test_death_and_reuse(photo: Callable[[int], bytes]) -> None:
    with PhotoPool(embedder_factory=fakes.ScriptedEmbedder) as pool:
        first = pool.process(photo(fakes.NORMAL)).faces[0].vector[0]
        with pytest.raises(WorkerDied) as caught:
            pool.process(photo(fakes.DIE))
        assert caught.value.exit_code == -signal.SIGKILL
        second = pool.process(photo(fakes.NORMAL)).faces[0].vector[0]
        assert first != second
        # A worker killed between two photos costs none of them.
        (pid,) = pool.worker_pids
        os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: pool.worker_pids == ())
        assert pool.process(photo(fakes.NORMAL)).faces[0].vector[0] != second


def test_a_bug_in_the_embedder_is_a_death(photo: Callable[[int], bytes], capfd: pytest.CaptureFixture[str]) -> None:
    with PhotoPool(embedder_factory=fakes.ScriptedEmbedder) as pool:
        with pytest.raises(WorkerDied) as caught:
            pool.process(photo(fakes.BUG))
        assert caught.value.exit_code == 1
    assert "ValueError: a bug" in capfd.readouterr().err


def test_hang(photo: Callable[[int], bytes]) -> None:
    with PhotoPool(embedder_factory=fakes.ScriptedEmbedder, timeout_s=1.0) as pool:
        pool.process(photo(fakes.NORMAL))
        (pid,) = pool.worker_pids
        before = time.monotonic()
        with pytest.raises(WorkerTimedOut):
            pool.process(photo(fakes.HANG))
        assert time.monotonic() - before < 5
        assert gone(pid)
        assert pool.process(photo(fakes.NORMAL)).faces


def test_a_worker_that_does_not_read_its_pipe(encoded: Encode) -> None:
    """More than a pipe holds is sent to a stopped worker: sending must not wait for ever either."""
    noise = np.random.default_rng(1).integers(0, 256, (1000, 1000, 3), dtype=np.uint8)
    with PhotoPool(embedder_factory=fakes.ScriptedEmbedder, timeout_s=1.0) as pool:
        pool.process(encoded(Image.new("RGB", (fakes.NORMAL, 30))))
        os.kill(pool.worker_pids[0], signal.SIGSTOP)
        with pytest.raises(WorkerTimedOut):
            pool.process(encoded(Image.fromarray(noise), "PNG"))


def test_memory_limit(photo: Callable[[int], bytes]) -> None:
    with PhotoPool(embedder_factory=fakes.ScriptedEmbedder, memory_mb=800) as pool:
        with pytest.raises(PhotoTooLarge) as caught:
            pool.process(photo(fakes.DEVOUR))
        assert (caught.value.what, caught.value.allowed) == ("memory", 800)
        assert pool.process(photo(fakes.NORMAL)).faces


def test_queue_full(photo: Callable[[int], bytes]) -> None:
    nap = photo(fakes.NAP)
    with PhotoPool(embedder_factory=fakes.ScriptedEmbedder, queue_limit=2) as pool:
        pool.process(photo(fakes.NORMAL))
        together = threading.Barrier(6)

        def attempt(_: int) -> PhotoResult | UnusablePhoto:
            together.wait()
            try:
                return pool.process(nap)
            except UnusablePhoto as error:
                return error

        with ThreadPoolExecutor(6) as threads:
            outcomes = list(threads.map(attempt, range(6)))
        busy = [outcome for outcome in outcomes if isinstance(outcome, PoolBusy)]
        assert len(busy) == 3  # one is being examined, two wait
        assert all(error.waiting == 2 for error in busy)
        assert sum(isinstance(outcome, PhotoResult) for outcome in outcomes) == 3


def test_two_workers_share_the_photos(photo: Callable[[int], bytes]) -> None:
    with PhotoPool(workers=2, embedder_factory=fakes.ScriptedEmbedder) as pool:
        with ThreadPoolExecutor(4) as threads:
            results = list(threads.map(pool.process, [photo(fakes.NAP)] * 4))
        assert len({float(result.faces[0].vector[0]) for result in results}) == 2
        assert len(pool.worker_pids) == 2


@pytest.mark.parametrize(
    ("factory", "patience_s", "words"),
    [
        (fakes.not_installed, 60.0, "nothing is installed"),
        (fakes.dies_at_once, 60.0, "worker_died"),
        (fakes.never_starts, 1.0, "worker_timed_out"),
    ],
)
def test_a_worker_that_cannot_start(
    factory: Callable[[], NoReturn], patience_s: float, words: str, photo: Callable[[int], bytes]
) -> None:
    with (
        PhotoPool(embedder_factory=factory, start_timeout_s=patience_s) as pool,
        pytest.raises(MatchingUnavailable, match=words),
    ):
        pool.process(photo(fakes.NORMAL))


def test_closing_ends_workers_and_wakes_callers(photo: Callable[[int], bytes]) -> None:
    pool = PhotoPool(embedder_factory=fakes.ScriptedEmbedder)
    pool.process(photo(fakes.NORMAL))
    (pid,) = pool.worker_pids
    errors: list[UnusablePhoto] = []

    def call() -> None:
        try:
            pool.process(photo(fakes.HANG))
        except UnusablePhoto as error:
            errors.append(error)

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    time.sleep(0.2)
    pool.close()
    pool.close()
    for caller in callers:
        caller.join(5)
    assert [error.code for error in errors] == ["matching_unavailable"] * 3
    assert gone(pid)
    with pytest.raises(MatchingUnavailable, match="closed"):
        pool.process(photo(fakes.NORMAL))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="watches processes through /proc")
def test_a_worker_does_not_outlive_its_parent() -> None:
    script = """
import os, io, photo_fakes
from PIL import Image
from matcher.photos.pool import PhotoPool
if __name__ == "__main__":
    out = io.BytesIO()
    Image.new("RGB", (photo_fakes.NORMAL, 30)).save(out, "PNG")
    pool = PhotoPool(embedder_factory=photo_fakes.ScriptedEmbedder)
    pool.process(out.getvalue())
    print(pool.worker_pids[0], flush=True)
    os.kill(os.getpid(), 9)
"""
    paths = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[3])])
    parent = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE, check=False
    )
    assert parent.returncode == -signal.SIGKILL
    assert wait_until(lambda: gone(int(parent.stdout)))


@pytest.mark.parametrize("arguments", [{"workers": 0}, {"queue_limit": -1}])
def test_senseless_sizes(arguments: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least"):
        PhotoPool(**arguments)  # type: ignore[arg-type]


def test_the_real_thing(hopper: Image.Image, encoded: Encode) -> None:
    with PhotoPool() as pool:
        result = pool.process(encoded(hopper))
    (face,) = result.faces
    assert face.vector.shape == (128,)
    assert face.quality == "good"
    assert result.size == (512, 600)
