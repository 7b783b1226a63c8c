"""How do bytes from a stranger become pixels, without harm and without their metadata?

The order matters: bytes are counted, then the first of them must name an accepted format, then the header must
claim few enough pixels, and only then is anything decoded. What is kept is a new JPEG made from the pixels, so
trailing archives, GPS positions, thumbnails and camera serial numbers are left behind.

HEIC, as iPhones store photos, needs the package pi-heif (extra `heic`), imported when the first such file comes. It
brings libheif and libde265, which are under the LGPL: reason enough to leave it to whoever installs it.
"""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from importlib import import_module
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageFile

from matcher.photos.errors import NotAnImage, PhotoDamaged, PhotoTooLarge, UnusablePhoto
from matcher.photos.faces import Pixels

_PROGRESSIVE = "progressive JPEG"
_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "HEIC": "image/heic"}
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis"})
_UPRIGHT = {  # EXIF orientation -> what makes the picture stand upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# In the words of Pillow and of libheif.
_CUT_SHORT = ("truncated", "end of file", "cannot read full", "insufficient input")
# Cameras whose clock was never set record the first day of their epoch.
_FIRST_YEAR = 1990  # no camera wrote dates into files before
_UNSET_CLOCKS = frozenset({date(1970, 1, 1), date(1980, 1, 1), date(2000, 1, 1)})
_pillow_settings = threading.Lock()


@dataclass(frozen=True, slots=True)
class PhotoLimits:
    """What a photo may cost.

    Attributes:
        max_bytes: size of the file.
        max_pixels: width times height that the header of a JPEG may claim; those are decoded at a fraction of it.
        max_progressive_pixels: the same for a progressive JPEG, whose coefficients are all held at once.
        max_undrafted_pixels: the same for PNG and HEIC, which can only be decoded whole.
        max_webp_pixels: the same for WebP, of which Pillow holds four copies. At each of these limits a worker stays
            below 400 MB (measured by `benchmarks.speed.photos` and by hand at the limits).
        long_side: the longer side of the pixels kept.
        jpeg_quality: of the picture encoded anew, 1 to 95.
    """

    max_bytes: int = 15 * 1024 * 1024
    max_pixels: int = 100_000_000
    max_progressive_pixels: int = 32_000_000
    max_undrafted_pixels: int = 30_000_000
    max_webp_pixels: int = 16_000_000
    long_side: int = 1600
    jpeg_quality: int = 90

    def pixels_of(self, kind: str) -> int:
        """Return how many pixels a picture of that format may have."""
        own = {"JPEG": self.max_pixels, _PROGRESSIVE: self.max_progressive_pixels, "WEBP": self.max_webp_pixels}
        return min(self.max_pixels, own.get(kind, self.max_undrafted_pixels))


@dataclass(frozen=True, slots=True, eq=False)
class ReadPhoto:
    """A photo that was read.

    Attributes:
        pixels: shape (h, w, 3), uint8, RGB, contiguous, upright, at most `PhotoLimits.long_side` long.
        jpeg: the same picture, encoded anew without metadata.
        media_type: of `jpeg`, hence always "image/jpeg".
        captured_on: the date the camera recorded, if it is believable.
        original_size: width and height that the file claims, before turning (a HEIC: after it) and reducing.
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
        data: a whole JPEG, PNG, WebP or HEIC file; of several pictures the first (a HEIC: the main one) is taken.
        limits: what it may cost.
    Raises:
        PhotoTooLarge: more bytes, pixels or memory than allowed.
        NotAnImage: another format, whatever the name of the file said, or HEIC without the extra `heic`.
        PhotoDamaged: cut short or not decodable.
    """
    if len(data) > limits.max_bytes:
        raise PhotoTooLarge("bytes", limits.max_bytes, len(data))
    kind = sniff(data)
    if kind is None:
        raise NotAnImage
    if kind == "WEBP":
        _check_pixels(_webp_size(data), kind, limits)
    with _strict_pillow():
        try:
            return _read(data, kind, limits)
        except UnusablePhoto:
            raise
        except Image.DecompressionBombError as error:
            raise PhotoTooLarge("pixels", limits.pixels_of(kind)) from error
        except MemoryError:
            raise
        except Exception as error:  # decoders raise almost anything on hostile bytes, from struct.error to TypeError
            raise PhotoDamaged("cut short" if _is_cut_short(error) else "cannot be decoded") from error


def sniff(data: bytes) -> str | None:
    """Return "JPEG", "PNG", "WEBP" or "HEIC" by the first bytes, None for anything else."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return "HEIC"
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
    image, original_size = _decode_heic(data, limits) if kind == "HEIC" else _decode(data, kind, limits)
    turn, captured_on = _exif(image)
    # Names are used again, so that no picture outlives the next: each may take 120 MB.
    image = _plain_mode(image)
    image = _flat(_reduce(image, _reduced_size(original_size, limits.long_side)))
    if turn is not None and kind != "HEIC":
        image = image.transpose(turn)
    pixels = np.ascontiguousarray(np.asarray(image, dtype=np.uint8))
    encoded = io.BytesIO()
    Image.fromarray(pixels).save(encoded, "JPEG", quality=limits.jpeg_quality)
    return ReadPhoto(pixels, encoded.getvalue(), "image/jpeg", captured_on, original_size, _TYPES[kind])


def _decode(data: bytes, kind: str, limits: PhotoLimits) -> tuple[Image.Image, tuple[int, int]]:
    """Return the picture as stored and the size that its header claims; the picture may be smaller already."""
    image = Image.open(io.BytesIO(data), formats=(kind,))
    claimed = image.size
    _check_pixels(claimed, _PROGRESSIVE if image.info.get("progressive") else kind, limits)
    # A JPEG is decoded at 1/2, 1/4 or 1/8 where that is still large enough.
    image.draft("RGB", _reduced_size(claimed, limits.long_side))
    image.load()
    return image, claimed


def _decode_heic(data: bytes, limits: PhotoLimits) -> tuple[Image.Image, tuple[int, int]]:
    """Return the main picture of a HEIC and its size, both upright: libheif turns it, whatever the EXIF says.

    Raises:
        NotAnImage: pi-heif is not installed.
    """
    try:
        library: Any = import_module("pi_heif")
    except ImportError as error:
        raise NotAnImage("HEIC") from error
    if not _heic_names_are_text(data):
        raise PhotoDamaged
    threads = library.options.DECODE_THREADS
    library.options.DECODE_THREADS = 1  # as for all arithmetic of a worker; the caller holds the lock
    try:
        heif = library.open_heif(data)  # reads the headers alone
        _check_pixels(heif.size, "HEIC", limits)
        image: Image.Image = heif.to_pillow()
    except OSError as error:  # no file is involved: this is how it says that it got no memory
        raise MemoryError from error
    finally:
        library.options.DECODE_THREADS = threads
    return image, image.size


def _heic_names_are_text(data: bytes) -> bool:
    """Tell whether what the items of a HEIC are called is text; pi-heif 1.4 crashes when it is not.

    Goes by the usual layout and does not hunt for others: what crashes all the same costs a worker, no more.
    """
    start = 0
    while data[start + 4 : start + 8] not in (b"meta", b""):
        length = int.from_bytes(data[start : start + 4])
        if length < 8:  # a length of 64 bits or up to the end: no phone puts that before the list of items
            return True
        start += length
    meta = data[start : start + int.from_bytes(data[start : start + 4])]
    for found in re.finditer(b"infe", meta):
        box = meta[found.start() - 4 :]
        box = box[: int.from_bytes(box[:4])]
        name = 18 if box[8:9] == b"\x03" else 16  # behind version, flags, number and protection
        try:
            box[name : name + 4].decode("ascii")
            box[name + 4 :].decode()
        except UnicodeDecodeError:
            return False
    return True


def _check_pixels(size: tuple[int, int], kind: str, limits: PhotoLimits) -> None:
    allowed = limits.pixels_of(kind)
    if size[0] * size[1] > allowed:
        raise PhotoTooLarge("pixels", allowed, size[0] * size[1])


def _is_cut_short(error: Exception) -> bool:
    return any(words in str(error).lower() for words in _CUT_SHORT)


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
    # Pillow clips 16-bit grey to white; the high byte is what a screen would show.
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
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
    return None if day in _UNSET_CLOCKS or day.year < _FIRST_YEAR else day
