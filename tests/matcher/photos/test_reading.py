"""Is a photo read upright, refused when it is dangerous, and stripped of everything but its pixels?"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from datetime import date

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageFile, ImageOps

from matcher.photos.errors import NotAnImage, PhotoDamaged, PhotoTooLarge
from matcher.photos.reading import PhotoLimits, read_photo, sniff

Encode = Callable[..., bytes]


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def webp_header(width: int, height: int) -> bytes:
    body = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + body


def exif_with(**tags: object) -> Image.Exif:
    exif = Image.Exif()
    if "orientation" in tags:
        exif[ExifTags.Base.Orientation] = tags["orientation"]
    exif[ExifTags.Base.Make] = "SecretCameraMaker"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    if "taken" in tags:
        details[ExifTags.Base.DateTimeOriginal] = tags["taken"]
    details[ExifTags.Base.UserComment] = "SecretComment"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (23.0, 48.0, 37.5)
    return exif


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_reads_every_accepted_type(kind: str, hopper: Image.Image, encoded: Encode) -> None:
    photo = read_photo(encoded(hopper, kind))
    assert photo.pixels.shape == (600, 512, 3)
    assert photo.pixels.dtype == np.uint8
    assert photo.pixels.flags.c_contiguous
    assert photo.original_size == (512, 600)
    assert photo.source_type == f"image/{kind.lower()}"
    assert photo.media_type == "image/jpeg"
    assert sniff(photo.jpeg) == "JPEG"
    difference = np.abs(photo.pixels.astype(int) - np.asarray(hopper).astype(int))
    assert difference.mean() < 4


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"], ids=lambda mode: mode.replace(";", "_"))
def test_modes_become_rgb_of_the_same_brightness(mode: str, hopper: Image.Image, encoded: Encode) -> None:
    if mode.startswith("I"):
        deep = np.asarray(hopper.convert("L")).astype(np.uint16) * 257
        image = Image.fromarray(deep if mode == "I;16" else deep.astype(np.int32))
    else:
        image = hopper.convert(mode)
    photo = read_photo(encoded(image, "JPEG" if mode == "CMYK" else "PNG"))
    assert photo.pixels.shape == (600, 512, 3)
    assert abs(photo.pixels.mean() - np.asarray(hopper.convert("L")).mean()) < 4


def test_what_was_erased_stays_erased(encoded: Encode) -> None:
    image = Image.new("RGBA", (40, 40), (200, 0, 0, 0))
    assert read_photo(encoded(image, "PNG")).pixels.min() > 250


@pytest.mark.parametrize("orientation", [1, 2, 3, 4, 5, 6, 7, 8])
def test_exif_orientation_is_applied(orientation: int, encoded: Encode) -> None:
    """The same as Pillow's own transposition, on a picture with four different corners."""
    image = Image.new("RGB", (60, 40))
    image.paste((255, 0, 0), (0, 0, 30, 20))
    image.paste((0, 255, 0), (30, 0, 60, 20))
    image.paste((0, 0, 255), (0, 20, 30, 40))
    data = encoded(image, quality=100, subsampling=0, exif=exif_with(orientation=orientation))
    with Image.open(io.BytesIO(data)) as raw:
        expected = np.asarray(ImageOps.exif_transpose(raw)).astype(int)
    pixels = read_photo(data).pixels
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).max() < 8


def test_unreadable_exif_costs_nothing(encoded: Encode, hopper: Image.Image) -> None:
    data = encoded(hopper, exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff\x01\x12\x00\x03\xff\xff\xff\xff")
    photo = read_photo(data)
    assert photo.pixels.shape == (600, 512, 3)
    assert photo.captured_on is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_long_side_is_reduced(kind: str, encoded: Encode) -> None:
    photo = read_photo(encoded(Image.linear_gradient("L").resize((1500, 2000)), kind))
    assert photo.pixels.shape == (1600, 1200, 3)
    assert photo.original_size == (1500, 2000)
    assert abs(photo.pixels.mean() - 127.5) < 2
    with Image.open(io.BytesIO(photo.jpeg)) as again:
        assert again.size == (1200, 1600)


def test_a_large_jpeg_is_decoded_small(encoded: Encode) -> None:
    """5000 pixels become 1600 by way of the decoder's own half size; the result looks the same."""
    photo = read_photo(encoded(Image.linear_gradient("L").resize((5000, 200))))
    assert photo.pixels.shape == (64, 1600, 3)
    assert photo.original_size == (5000, 200)
    assert abs(photo.pixels.mean() - 127.5) < 2


def test_tiny_and_thin_pictures(encoded: Encode) -> None:
    assert read_photo(encoded(Image.new("RGB", (1, 1)), "PNG")).pixels.shape == (1, 1, 3)
    assert read_photo(encoded(Image.new("RGB", (1, 9000)), "PNG")).pixels.shape == (1600, 1, 3)


def test_metadata_is_gone_but_the_date_is_offered(encoded: Encode, hopper: Image.Image) -> None:
    data = encoded(hopper, exif=exif_with(taken="2019:03:08 10:11:12"), comment=b"SecretRemark")
    assert b"SecretCameraMaker" in data
    photo = read_photo(data)
    assert photo.captured_on == date(2019, 3, 8)
    assert b"Secret" not in photo.jpeg
    with Image.open(io.BytesIO(photo.jpeg)) as again:
        assert not again.getexif()
        assert set(again.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize("taken", ["0000:00:00 00:00:00", "1970:01:01 00:00:00", "2000:01:01 00:00:03", "soon", ""])
def test_dates_of_unset_clocks_are_not_offered(taken: str, encoded: Encode, hopper: Image.Image) -> None:
    assert read_photo(encoded(hopper, exif=exif_with(taken=taken))).captured_on is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_is_refused(kind: str, share: float, encoded: Encode, hopper: Image.Image) -> None:
    data = encoded(hopper, kind)
    with pytest.raises(PhotoDamaged):
        read_photo(data[: int(len(data) * share)])


def test_truncated_is_refused_whatever_others_set(
    monkeypatch: pytest.MonkeyPatch, encoded: Encode, hopper: Image.Image
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = encoded(hopper)
    with pytest.raises(PhotoDamaged, match="cut short"):
        read_photo(data[: len(data) // 2])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


@pytest.mark.parametrize("data", [b"", b"\xff", b"GIF89a" + bytes(50), b"%PDF-1.7", b"<svg/>", b"RIFF1234WAVE"])
def test_other_files_are_no_images(data: bytes) -> None:
    with pytest.raises(NotAnImage):
        read_photo(data)


def test_the_bytes_decide_not_the_name(encoded: Encode, hopper: Image.Image) -> None:
    """A GIF is refused though Pillow could read it; only the sniffed decoder is ever asked."""
    with pytest.raises(NotAnImage):
        read_photo(encoded(hopper, "GIF"))
    with pytest.raises(PhotoDamaged):
        read_photo(b"\xff\xd8\xff" + encoded(hopper, "PNG"))


def test_too_many_bytes() -> None:
    with pytest.raises(PhotoTooLarge) as caught:
        read_photo(bytes(101), PhotoLimits(max_bytes=100))
    assert (caught.value.what, caught.value.found, caught.value.allowed) == ("bytes", 101, 100)


@pytest.mark.parametrize("data", [png_header(30_000, 30_000), webp_header(12_000, 12_000)], ids=["png", "webp"])
def test_a_bomb_is_refused_by_its_header(data: bytes) -> None:
    with pytest.raises(PhotoTooLarge, match="pixels"):
        read_photo(data)


def test_pixels_between_our_limit_and_pillows(encoded: Encode) -> None:
    with pytest.raises(PhotoTooLarge) as caught:
        read_photo(png_header(11_000, 10_000))
    assert caught.value.found == 110_000_000
    with pytest.raises(PhotoTooLarge):
        read_photo(encoded(Image.new("L", (101, 100)), "WEBP"), PhotoLimits(max_pixels=10_000))


def test_a_polyglot_is_neutralised(encoded: Encode, hopper: Image.Image) -> None:
    payload = b"PK\x03\x04<script>alert(1)</script>"
    photo = read_photo(encoded(hopper) + payload)
    assert photo.pixels.shape == (600, 512, 3)
    assert b"<script>" not in photo.jpeg
    assert b"PK\x03\x04" not in photo.jpeg


def test_of_an_animation_the_first_picture_is_taken(encoded: Encode) -> None:
    red, blue = Image.new("RGB", (30, 30), "red"), Image.new("RGB", (30, 30), "blue")
    for kind in ("PNG", "WEBP"):
        pixels = read_photo(encoded(red, kind, save_all=True, append_images=[blue])).pixels
        assert pixels[..., 0].min() > 240
        assert pixels[..., 2].max() < 15
