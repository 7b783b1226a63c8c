"""Do arbitrary bytes give a photo or a photo error, and nothing else?"""

from __future__ import annotations

import io
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from matcher.photos.errors import UnusablePhoto
from matcher.photos.reading import PhotoLimits, ReadPhoto, read_photo

LIMITS = PhotoLimits(max_pixels=1_000_000, long_side=64)
MAGIC = [
    b"\xff\xd8\xff\xe0",
    b"\xff\xd8\xff\xe1",
    b"\x89PNG\r\n\x1a\n",
    b"RIFF\x00\x01\x00\x00WEBPVP8X",
    b"\0\0\0\x18ftypheic",
    b"",
]


def whole_files() -> list[bytes]:
    image = Image.linear_gradient("L").resize((40, 30)).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    files = []
    for kind in ("JPEG", "PNG", "WEBP"):
        out = io.BytesIO()
        image.save(out, kind, exif=exif)
        files.append(out.getvalue())
    return [*files, (Path(__file__).parent / "heic" / "two.heic").read_bytes()]


FILES = whole_files()


def check(data: bytes) -> None:
    try:
        photo = read_photo(data, LIMITS)
    except UnusablePhoto:
        return
    assert isinstance(photo, ReadPhoto)
    height, width, channels = photo.pixels.shape
    assert channels == 3
    assert max(height, width) <= LIMITS.long_side
    assert photo.pixels.flags.c_contiguous


@given(st.sampled_from(MAGIC), st.binary(max_size=400))
@example(b"\x89PNG\r\n\x1a\n", b"\x00\x00\x00\x0dIHDR")
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes(magic: bytes, rest: bytes) -> None:
    check(magic + rest)


@given(st.sampled_from(FILES), st.data())
@settings(max_examples=400, deadline=None)
def test_damaged_files(file: bytes, data: st.DataObject) -> None:
    """Whole files with a few bytes changed get much deeper into the decoders than noise does."""
    damaged = bytearray(file)
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    check(bytes(damaged[: data.draw(st.integers(1, len(file)))] if data.draw(st.booleans()) else damaged))
