"""How do bytes from a stranger become pixels, without harm and without their metadata?

The order matters: bytes are counted, then the first of them must name an accepted format, then the header must
claim few enough pixels, and only then is anything decoded. What is kept is a new JPEG made from the pixels, so
trailing archives, GPS positions, thumbnails and camera serial numbers are left behind.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from PIL import ExifTags, Image, ImageFile

from matcher.photos.errors import NotAnImage, PhotoDamaged, PhotoTooLarge, UnusablePhoto
from matcher.photos.faces import Pixels

_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_UPRIGHT = {  # EXIF orientation -> what makes the picture stand upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Cameras whose clock was never set record the first day of their epoch.
_UNSET_CLOCKS = frozenset({date(1970, 1, 1), date(1980, 1, 1), date(2000, 1, 1)})
_pillow_settings = threading.Lock()


@dataclass(frozen=True, slots=True)
class PhotoLimits:
    """What a photo may cost.

    Attributes:
        max_bytes: size of the file.
        max_pixels: width times height that the header may claim.
        long_side: the longer side of the pixels kept.
        jpeg_quality: of the picture encoded anew, 1 to 95.
    """

    max_bytes: int = 15 * 1024 * 1024
    max_pixels: int = 100_000_000
    long_side: int = 1600
    jpeg_quality: int = 90


@dataclass(frozen=True, slots=True, eq=False)
class ReadPhoto:
    """A photo that was read.

    Attributes:
        pixels: shape (h, w, 3), uint8, RGB, contiguous, upright, at most `PhotoLimits.long_side` long.
        jpeg: the same picture, encoded anew without metadata.
        media_type: of `jpeg`, hence always "image/jpeg".
        captured_on: the date the camera recorded, if it is believable.
        original_size: width and height that the file claims, before turning and reducing.
        source_type: media type of the bytes that came in.
    """

    pixels: Pixels
    jpeg: bytes
    media_type: str
    captured_on: date | None
    original_size: tuple[int, int]
    source_type: str


def read_photo(data: bytes, limits: PhotoLimits = PhotoLimits()) -> ReadPhoto:
    """Return the pixels of a photo, upright and reduced, with a clean JPEG of them.

    Args:
        data: a whole JPEG, PNG or WebP file; of an animation the first picture is taken.
        limits: what it may cost.
    Raises:
        PhotoTooLarge: more bytes, pixels or memory than allowed.
        NotAnImage: another format, whatever the name of the file said.
        PhotoDamaged: cut short or not decodable.
    """
    if len(data) > limits.max_bytes:
        raise PhotoTooLarge("bytes", limits.max_bytes, len(data))
    kind = sniff(data)
    if kind is None:
        raise NotAnImage
    if kind == "WEBP":
        _check_pixels(_webp_size(data), limits)
    with _strict_pillow():
        try:
            return _read(data, kind, limits)
        except UnusablePhoto:
            raise
        except Image.DecompressionBombError as error:
            raise PhotoTooLarge("pixels", limits.max_pixels) from error
        except MemoryError:
            raise
        except Exception as error:  # decoders raise almost anything on hostile bytes, from struct.error to TypeError
            raise PhotoDamaged("cut short" if "truncated" in str(error) else "cannot be decoded") from error


def sniff(data: bytes) -> str | None:
    """Return "JPEG", "PNG" or "WEBP" by the first bytes, None for anything else."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return None


@contextmanager
def _strict_pillow() -> Iterator[None]:
    """Let Pillow refuse truncated pictures, and keep its warnings out of the logs.

    The switch is global to Pillow and importing face_recognition turns it the other way, so it is held for as
    long as one photo is read; the lock keeps two readers from restoring it under each other.
    """
    with _pillow_settings, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = False
        try:
            yield
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before


def _read(data: bytes, kind: str, limits: PhotoLimits) -> ReadPhoto:
    with Image.open(io.BytesIO(data), formats=(kind,)) as image:
        original_size = image.size
        _check_pixels(original_size, limits)
        target = _reduced_size(original_size, limits.long_side)
        image.draft("RGB", target)  # a JPEG is decoded at 1/2, 1/4 or 1/8 where that is still large enough
        image.load()
        turn, captured_on = _exif(image)
        picture = _flat(_reduce(_plain_mode(image), target))
    if turn is not None:
        picture = picture.transpose(turn)
    pixels = np.ascontiguousarray(np.asarray(picture, dtype=np.uint8))
    encoded = io.BytesIO()
    Image.fromarray(pixels).save(encoded, "JPEG", quality=limits.jpeg_quality)
    return ReadPhoto(pixels, encoded.getvalue(), "image/jpeg", captured_on, original_size, _TYPES[kind])


def _check_pixels(size: tuple[int, int], limits: PhotoLimits) -> None:
    if size[0] * size[1] > limits.max_pixels:
        raise PhotoTooLarge("pixels", limits.max_pixels, size[0] * size[1])


def _webp_size(data: bytes) -> tuple[int, int]:
    """Return the canvas that a WebP header claims, (0, 0) if it is no known header.

    Pillow allocates the canvas when it opens the file, before it can be asked for its size.
    """
    chunk, body = data[12:16], data[20:30]
    if len(body) < 10:
        return 0, 0
    if chunk == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if chunk == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    return 0, 0


def _reduced_size(size: tuple[int, int], long_side: int) -> tuple[int, int]:
    scale = min(1.0, long_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _plain_mode(image: Image.Image) -> Image.Image:
    """Return the picture in a mode that can be resampled: L, RGB or RGBA."""
    if image.mode.startswith(("I", "F")):
        # Pillow clips 16-bit grey to white; the high byte is what a screen would show.
        return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    if image.mode in ("L", "RGB", "RGBA"):
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _reduce(image: Image.Image, target: tuple[int, int]) -> Image.Image:
    if image.width <= target[0] and image.height <= target[1]:
        return image
    return image.resize(target, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _flat(image: Image.Image) -> Image.Image:
    """Return the picture as RGB on white; dropping the alpha channel would bring back what somebody erased."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def _exif(image: Image.Image) -> tuple[Image.Transpose | None, date | None]:
    """Return what makes the picture upright and the date it was taken; (None, None) if the EXIF is broken."""
    try:
        exif = image.getexif()
        orientation = exif.get(ExifTags.Base.Orientation)
        details = exif.get_ifd(ExifTags.IFD.Exif)
    except Exception:  # noqa: BLE001 - the parser raises anything; broken metadata must not cost a child her photo
        return None, None
    turn = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    dates = (_believable_date(details.get(tag)) for tag in (ExifTags.Base.DateTimeOriginal, _DIGITIZED))
    return turn, next((day for day in dates if day), None)


_DIGITIZED = ExifTags.Base.DateTimeDigitized


def _believable_date(text: object) -> date | None:
    if not isinstance(text, str):
        return None
    try:
        day = datetime.strptime(text.strip("\0 ")[:10], "%Y:%m:%d").date()
    except ValueError:
        return None
    return None if day in _UNSET_CLOCKS else day
