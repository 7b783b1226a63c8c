"""How many photos a second does one core examine, which faces are found, and what do hostile files do?

Beside it runs what most would write: `face_recognition.load_image_file` and `face_recognition.face_encodings`, in a
process of its own. The photos are two public-domain portraits in frames of 12 megapixels (some lie on their side and
say so in their EXIF), and the same at 640 pixels. Both are given the same photos in turn. Ours also turns and checks
them, writes a clean JPEG, looks at other rotations when there is no face, and averages each face with its mirror image.
Rates are photos per second of processor time of all processes that take part, the best of the repeats; machines
differ and are busy, so the ratio counts. Needs Linux: the processor time and the memory of others are read from /proc.

python -m benchmarks.speed.photos [--repeats 3] [--hostile 1000] [--json]
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
from PIL import ExifTags, Image

from matcher.photos.errors import PhotoTooLarge, UnusablePhoto, WorkerDied, WorkerTimedOut
from matcher.photos.pool import PhotoPool

SEED = 12_000_001
REPEATS = 3
HOSTILE = 1000
TWELVE, SMALL, TURNED = "12 megapixels", "640 pixels", "EXIF orientations"
PORTRAITS = ("astronaut", "grace_hopper")
_ROOT = Path(__file__).parents[2]
_FRAME, _SMALL = (4000, 3000), (640, 480)
_JPEG_QUALITY = 90
_AS_THE_CAMERA_STORES_IT = {
    1: None,
    3: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}
# (portrait, its height in the frame, EXIF orientation)
_SHOTS = (
    ("astronaut", 2800, 1),
    ("astronaut", 1800, 1),
    ("astronaut", 1400, 6),
    ("grace_hopper", 2800, 8),
    ("grace_hopper", 1800, 1),
    ("grace_hopper", 1000, 1),
)


@dataclass(frozen=True, slots=True)
class Photo:
    """One file, which shows one face."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Pass:
    """What came of giving some photos once to one side.

    Attributes:
        cpu_s: seconds of processor time, of all processes.
        wall_s: seconds.
        faces: how many were found in each photo.
    """

    cpu_s: float
    wall_s: float
    faces: tuple[int, ...]


class Side(Protocol):
    """Whoever examines photos."""

    def examine(self, photos: Sequence[Photo]) -> Pass:
        """Examine photos once."""

    def peak_mb(self) -> float:
        """Return the most memory that its process ever held, megabytes."""


class PlainLoop:
    """The loop most would write, in a process of its own."""

    def __init__(self) -> None:
        spawning = multiprocessing.get_context("spawn")
        self._connection, theirs = spawning.Pipe()
        self._process = spawning.Process(target=_plain_loop, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def examine(self, photos: Sequence[Photo]) -> Pass:
        """Examine photos once."""
        self._connection.send([photo.data for photo in photos])
        found: Pass = self._connection.recv()
        return found

    def peak_mb(self) -> float:
        """Return the most memory that its process ever held, megabytes."""
        return _peak_mb(self._process.pid or 0)

    def __enter__(self) -> Self:
        """Return the loop."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End its process, which leaves when the pipe closes."""
        self._connection.close()
        self._process.join()


def _plain_loop(connection: Connection) -> None:
    """Examine lists of photos until the other end closes."""
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import face_recognition

    while True:
        try:
            photos: list[bytes] = connection.recv()
        except EOFError:
            return
        cpu, wall = time.process_time(), time.perf_counter()
        faces = tuple(
            len(face_recognition.face_encodings(face_recognition.load_image_file(io.BytesIO(data)))) for data in photos
        )
        connection.send(Pass(time.process_time() - cpu, time.perf_counter() - wall, faces))


class OneWorker:
    """A `PhotoPool` of one worker; the time of this process, which passes the photos on, is counted too."""

    def __init__(self, pool: PhotoPool) -> None:
        self._pool = pool

    def examine(self, photos: Sequence[Photo]) -> Pass:
        """Examine photos once."""
        cpu, wall = self._cpu_s(), time.perf_counter()
        faces = tuple(self._faces(photo.data) for photo in photos)
        return Pass(self._cpu_s() - cpu, time.perf_counter() - wall, faces)

    def peak_mb(self) -> float:
        """Return the most memory that its process ever held, megabytes."""
        return max(_peak_mb(pid) for pid in self._pool.worker_pids)

    def _faces(self, data: bytes) -> int:
        try:
            return len(self._pool.process(data, all_faces=True).faces)
        except UnusablePhoto:
            return 0

    def _cpu_s(self) -> float:
        return time.process_time() + sum(_cpu_s(pid) for pid in self._pool.worker_pids)


def _cpu_s(pid: int) -> float:
    """Return the processor time that a process has used, all its threads included."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def portrait(name: str) -> Image.Image:
    """Return one of the two public-domain portraits."""
    with Image.open(_ROOT / "data" / "photos" / f"{name}.jpg") as image:
        return image.convert("RGB")


def encoded(image: Image.Image, orientation: int) -> bytes:
    """Return a picture as the camera stores it: turned, with the EXIF orientation that says how."""
    turn = _AS_THE_CAMERA_STORES_IT[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    out = io.BytesIO()
    (image if turn is None else image.transpose(turn)).save(out, "JPEG", quality=_JPEG_QUALITY, exif=exif)
    return out.getvalue()


def frame(name: str, height: int, rng: np.random.Generator) -> Image.Image:
    """Return a picture of 12 megapixels with a portrait before a background of smooth noise."""
    person = portrait(name)
    person = person.resize((round(person.width * height / person.height), height), Image.Resampling.LANCZOS)
    patches = Image.fromarray(rng.integers(60, 200, (15, 20, 3), dtype=np.uint8))
    picture = patches.resize(_FRAME, Image.Resampling.BICUBIC)
    picture.paste(person, (int(rng.integers(0, _FRAME[0] - person.width)), _FRAME[1] - height))
    return picture


def photo_sets(seed: int = SEED) -> dict[str, list[Photo]]:
    """Return the photos to examine."""
    rng = np.random.default_rng(seed)
    sets: dict[str, list[Photo]] = {TWELVE: [], SMALL: []}
    for name, height, orientation in _SHOTS:
        picture = frame(name, height, rng)
        title = f"{name}, {height} of {_FRAME[1]} high, orientation {orientation}"
        sets[TWELVE].append(Photo(title, encoded(picture, orientation)))
        sets[SMALL].append(Photo(title, encoded(picture.resize(_SMALL, Image.Resampling.LANCZOS), orientation)))
    return sets


def turned_photos() -> list[Photo]:
    """Return both portraits in each way in which a camera is held."""
    return [
        Photo(f"{name}, orientation {orientation}", encoded(portrait(name), orientation))
        for name in PORTRAITS
        for orientation in _AS_THE_CAMERA_STORES_IT
    ]


def speeds(sides: dict[str, Side], repeats: int) -> dict[str, Any]:
    """Return photos per second of both sides and the faces they find, for each set of photos."""
    found = {}
    for title, photos in photo_sets().items():
        for side in sides.values():
            side.examine(photos[:1])  # starts the worker and reads the models, which is not counted
        passes: dict[str, list[Pass]] = {name: [] for name in sides}
        for _ in range(repeats):  # in turn, so that a busy minute hits both
            for name, side in sides.items():
                passes[name].append(side.examine(photos))
        found[title] = {
            "photos": [photo.name for photo in photos],
            **{
                name: {
                    "per core second": len(photos) / min(one.cpu_s for one in several),
                    "per second": len(photos) / min(one.wall_s for one in several),
                    "faces": list(several[-1].faces),
                }
                for name, several in passes.items()
            },
        }
    return found


@dataclass(frozen=True, slots=True)
class Ordeal:
    """What became of hostile files and of the worker that met them.

    Attributes:
        outcomes: error code, or "read", and how many files had it.
        limits_hit: files that ended a worker by the limit of time or memory.
        workers_lost: workers that ended without having hit a limit.
        failures: what was raised that is no `UnusablePhoto`, or cost a worker, with the number of the file.
    """

    outcomes: dict[str, int]
    limits_hit: int
    workers_lost: int
    failures: list[str]


def ordeal(pool: PhotoPool, count: int, seed: int = SEED) -> Ordeal:
    """Give hostile files to a pool of one worker."""
    outcomes: Counter[str] = Counter()
    failures: list[str] = []
    limits_hit = workers_lost = 0
    before = pool.worker_pids
    for number, (kind, data) in enumerate(_hostile_files(seed, count)):
        error: UnusablePhoto | None = None
        try:
            pool.process(data)
        except UnusablePhoto as caught:
            error = caught
        except Exception as caught:  # noqa: BLE001 - that nothing else is raised is what is measured
            failures.append(f"{kind} (number {number}): {caught!r}")
            continue
        outcomes["read" if error is None else error.code] += 1
        after = pool.worker_pids
        if _is_limit(error):
            limits_hit += 1
        elif isinstance(error, WorkerDied) or (before and after != before):
            workers_lost += 1
            failures.append(f"{kind} (number {number}): the worker was lost")
        before = after
    return Ordeal(dict(outcomes.most_common()), limits_hit, workers_lost, failures)


def _is_limit(error: UnusablePhoto | None) -> bool:
    return isinstance(error, WorkerTimedOut) or (isinstance(error, PhotoTooLarge) and error.what == "memory")


def _hostile_files(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Return the files of the tests' own generator, which lies where the tests' workers can import from."""
    place = str(_ROOT / "tests" / "matcher" / "photos")
    if place not in sys.path:
        sys.path.append(place)
    files: Iterator[tuple[str, bytes]] = import_module("hostile_files").hostile_files(seed, count)
    return files


def run(repeats: int, hostile: int) -> dict[str, Any]:
    """Return all figures."""
    with PhotoPool(workers=1) as pool, PlainLoop() as plain:
        ours = OneWorker(pool)
        sides: dict[str, Side] = {"plain loop": plain, "ours": ours}
        sets = speeds(sides, repeats)
        turned = turned_photos()
        found = {name: side.examine(turned).faces for name, side in sides.items()}
        peaks = {name: side.peak_mb() for name, side in sides.items()}
        return {
            "speed": sets,
            "ratio": {
                title: figures["ours"]["per core second"] / figures["plain loop"]["per core second"]
                for title, figures in sets.items()
            },
            TURNED: {
                photo.name: {name: bool(faces[place]) for name, faces in found.items()}
                for place, photo in enumerate(turned)
            },
            "peak megabytes": peaks,
            "hostile files": asdict(ordeal(pool, hostile)),
        }


def _print(result: dict[str, Any]) -> None:
    print("photos per second of one core (by the clock); photos with a face found; faces found")
    for title, figures in result["speed"].items():
        count = len(figures["photos"])
        for name in ("plain loop", "ours"):
            side = figures[name]
            seen = sum(faces > 0 for faces in side["faces"])
            print(
                f"  {title:<16}{name:<12}{side['per core second']:>8.2f} ({side['per second']:.2f})"
                f"{seen:>8} of {count}{sum(side['faces']):>6}"
            )
        print(f"  {title:<16}{'ratio':<12}{result['ratio'][title]:>8.2f}")
    print(f"\n{'face found':<32}{'plain loop':>12}{'ours':>8}")
    for photo, found in result[TURNED].items():
        print(f"  {photo:<30}{'yes' if found['plain loop'] else 'no':>12}{'yes' if found['ours'] else 'no':>8}")
    print("\nmost memory held, before the hostile files")
    for name, peak in result["peak megabytes"].items():
        print(f"  {name:<16}{peak:>8.0f} MB")
    hostile = result["hostile files"]
    print("\nhostile files")
    for code, count in hostile["outcomes"].items():
        print(f"  {code:<24}{count:>6}")
    print(f"  limits hit: {hostile['limits_hit']}; workers lost otherwise: {hostile['workers_lost']}")
    print(f"  failures: {len(hostile['failures'])}")
    for failure in hostile["failures"]:
        print(f"    {failure}")


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--hostile", type=int, default=HOSTILE)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    result = run(chosen.repeats, chosen.hostile)
    if chosen.json:
        print(json.dumps(result, indent=1))
    else:
        _print(result)


if __name__ == "__main__":
    main()
