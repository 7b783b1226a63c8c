"""Does every file that a stranger could send end as a photo or as an `UnusablePhoto`, and cost nobody a worker?"""

from __future__ import annotations

import sys

import hostile_files
import photo_fakes as fakes
import pytest

from matcher.photos.errors import NotAnImage, PhotoDamaged, PhotoTooLarge, UnusablePhoto, WorkerTimedOut
from matcher.photos.faces import PhotoResult
from matcher.photos.pool import PhotoPool
from matcher.photos.reading import PhotoLimits, ReadPhoto, read_photo

SEED = 7
FILES = 150
ONE_OF_EACH = dict(hostile_files.hostile_files(SEED, len(hostile_files.KINDS)))
READ = [
    *(f"{kind}, 30000 {way}" for kind in ("JPEG", "PNG") for way in ("wide", "high")),
    "PNG of 29 megapixels",
    "JPEG and ZIP",
    "EXIF of noise",
    "EXIF that points at itself",
    "EXIF of 4 billion values",
    "EXIF of 60 kB, 40 times",
    "EXIF orientation 9",
    "EXIF orientation in words",
    "palette with transparency",
    "16 bits a channel",
    "CMYK JPEG",
    "one pixel",
    "animated WebP",
    "animated PNG",
    "JPEG of many scans",
]
NO_PICTURES = [
    "nothing",
    "one byte",
    *(kind for kind in ONE_OF_EACH if " called " in kind),
    "GIF header, then JPEG",
    "HTML, then JPEG",
]
TOO_LARGE = [
    "PNG bomb",
    "PNG bomb of one bit",
    "PNG of 100 megapixels",
    "PNG of 2^31 pixels a side",
    "WebP that claims 268 megapixels",
]
# Every picture is made so small that the scripted embedder takes none for one of its cues, which begin at 20 pixels.
LIMITS = PhotoLimits(long_side=16)


@pytest.fixture
def light_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spawning runs the parent's main module again: here that is pytest, which no worker needs."""
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_a_photo_or_a_photo_error_and_nothing_else(kind: str) -> None:
    try:
        photo = read_photo(ONE_OF_EACH[kind])
    except UnusablePhoto:
        return
    assert isinstance(photo, ReadPhoto)
    assert photo.pixels.ndim == 3
    assert 1 <= max(photo.pixels.shape[:2]) <= PhotoLimits().long_side


@pytest.mark.parametrize("kind", READ)
def test_a_strange_picture_is_still_a_picture(kind: str) -> None:
    assert read_photo(ONE_OF_EACH[kind]).jpeg.startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize(
    ("kinds", "error"),
    [
        (NO_PICTURES, NotAnImage),
        (TOO_LARGE, PhotoTooLarge),
        (["JPEG, cut short", "PNG, cut short", "WEBP, cut short", "PNG just under the limit"], PhotoDamaged),
    ],
)
def test_the_error_says_what_is_wrong(kinds: list[str], error: type[UnusablePhoto]) -> None:
    for kind in kinds:
        with pytest.raises(error):
            read_photo(ONE_OF_EACH[kind])


def test_a_file_can_be_made_again() -> None:
    number = 17
    assert hostile_files.hostile_file(SEED, number) == list(hostile_files.hostile_files(SEED, number + 1))[number]


@pytest.mark.usefixtures("light_workers")
def test_no_file_costs_a_worker() -> None:
    with PhotoPool(embedder_factory=fakes.ScriptedEmbedder, limits=LIMITS) as pool:
        before: tuple[int, ...] = ()
        for number, (kind, data) in enumerate(hostile_files.hostile_files(SEED, FILES)):
            limit_hit = False
            try:
                assert isinstance(pool.process(data), PhotoResult)
            except UnusablePhoto as error:
                limit_hit = isinstance(error, WorkerTimedOut) or (
                    isinstance(error, PhotoTooLarge) and error.what == "memory"
                )
            after = pool.worker_pids
            assert not before or limit_hit or after == before, f"{kind} (number {number}) cost a worker"
            before = after
        assert len(before) == 1
