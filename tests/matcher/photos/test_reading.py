"""Is a photo read upright, refused when it is dangerous, and stripped of everything but its pixels?"""

from __future__ import annotations

import io
import struct
import sys
import zlib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageFile, ImageOps

from matcher.photos.errors import NotAnImage, PhotoDamaged, PhotoTooLarge
from matcher.photos.reading import PhotoLimits, read_photo, sniff

Encode = Callable[..., bytes]
HEIC = Path(__file__).parent / "heic"


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def webp_header(width: int, height: int) -> bytes:
    body = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + body


@pytest.fixture
def heic() -> Callable[[str], bytes]:
    pytest.importorskip("pi_heif", reason="needs the extra heic")
    return lambda name: (HEIC / f"{name}.heic").read_bytes()


def heic_header(data: bytes, width: int, height: int) -> bytes:
    place = data.index(b"ispe") + 8
    return data[:place] + struct.pack(">II", width, height) + data[place + 8 :]


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


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_cannot_be_decoded_small_has_a_limit_of_its_own(kind: str, encoded: Encode) -> None:
    limits = PhotoLimits(max_pixels=20_000, max_undrafted_pixels=10_000, max_webp_pixels=10_000)
    image = Image.new("L", (101, 100))
    with pytest.raises(PhotoTooLarge, match="10000 pixels") as caught:
        read_photo(encoded(image, kind), limits)
    assert (caught.value.allowed, caught.value.found) == (10_000, 10_100)
    assert read_photo(encoded(image, "JPEG"), limits).original_size == (101, 100)
    assert read_photo(encoded(image, "JPEG", progressive=True), limits).original_size == (101, 100)
    assert read_photo(encoded(image.crop((0, 0, 100, 100)), kind), limits).original_size == (100, 100)


def test_a_phone_photo_is_no_matter_of_its_format() -> None:
    limits = PhotoLimits()
    assert all(limits.pixels_of(kind) > 4000 * 3000 * 2 for kind in ("JPEG", "PNG", "HEIC"))
    assert limits.pixels_of("WEBP") > 4000 * 3000


def test_all_sixteen_bits_of_grey_are_read(encoded: Encode) -> None:
    levels = np.arange(0, 65536, 16, dtype=np.uint16).reshape(64, 64)
    pixels = read_photo(encoded(Image.fromarray(levels), "PNG"), PhotoLimits(jpeg_quality=95)).pixels
    np.testing.assert_array_equal(pixels, np.repeat((levels >> 8).astype(np.uint8)[..., None], 3, axis=2))


def test_a_heic_is_turned_by_its_container_once(heic: Callable[[str], bytes], hopper: Image.Image) -> None:
    """It says twice how it lies: in the container, which counts, and in the EXIF."""
    photo = read_photo(heic("turned"))
    assert photo.original_size == (256, 300)
    assert photo.pixels.flags.c_contiguous
    assert (photo.source_type, photo.media_type) == ("image/heic", "image/jpeg")
    expected = np.asarray(hopper.resize((256, 300), Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(photo.pixels.astype(int) - expected).mean() < 6


def test_a_heic_leaves_all_but_its_date_behind(heic: Callable[[str], bytes]) -> None:
    assert b"SecretCameraMaker" in heic("turned")
    photo = read_photo(heic("turned"))
    assert photo.captured_on == date(2019, 3, 8)
    assert b"Secret" not in photo.jpeg


def test_a_heic_is_reduced_and_flattened(heic: Callable[[str], bytes]) -> None:
    assert read_photo(heic("turned"), PhotoLimits(long_side=100)).pixels.shape == (100, 85, 3)
    assert read_photo(heic("erased")).pixels.min() > 250


def test_of_a_heic_with_several_pictures_the_main_one_is_taken(heic: Callable[[str], bytes]) -> None:
    pixels = read_photo(heic("two")).pixels
    assert pixels[..., 2].min() > 240
    assert pixels[..., 0].max() < 15


@pytest.mark.parametrize("share", [0.05, 0.5, 0.99])
def test_a_truncated_heic_is_refused(share: float, heic: Callable[[str], bytes]) -> None:
    data = heic("turned")
    with pytest.raises(PhotoDamaged, match="cut short"):
        read_photo(data[: int(len(data) * share)])


def test_a_heic_bomb_is_refused_by_its_header(heic: Callable[[str], bytes]) -> None:
    with pytest.raises(PhotoTooLarge, match="30000000 pixels") as caught:
        read_photo(heic_header(heic("turned"), 30_000, 30_000))
    assert caught.value.found == 900_000_000
    with pytest.raises(PhotoDamaged):
        read_photo(heic_header(heic("turned"), 64, 64))


@pytest.mark.parametrize("byte", [0x80, 0xFF])
@pytest.mark.parametrize("place", range(4))
def test_a_heic_whose_items_are_called_nothing_is_refused(place: int, byte: int, heic: Callable[[str], bytes]) -> None:
    """pi-heif ends the process over it."""
    data = bytearray(heic("turned"))
    data[data.index(b"Exif") + place] = byte
    with pytest.raises(PhotoDamaged):
        read_photo(bytes(data))


def test_a_heic_has_one_thread_and_the_setting_is_put_back(
    heic: Callable[[str], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    import pi_heif

    seen = []
    original = pi_heif.open_heif

    def watched(data: bytes) -> object:
        seen.append(pi_heif.options.DECODE_THREADS)
        return original(data)

    monkeypatch.setattr(pi_heif, "open_heif", watched)
    monkeypatch.setattr(pi_heif.options, "DECODE_THREADS", 3)
    read_photo(heic("two"))
    assert seen == [1]
    assert pi_heif.options.DECODE_THREADS == 3
    assert "HEIF" not in Image.OPEN


def test_a_heic_that_gets_no_memory_is_not_called_damaged(
    heic: Callable[[str], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    import pi_heif

    def fail(data: bytes) -> object:
        raise OSError("Out of Memory")

    monkeypatch.setattr(pi_heif, "open_heif", fail)
    with pytest.raises(MemoryError):
        read_photo(heic("two"))


def test_a_heic_says_what_it_needs_where_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(NotAnImage, match=r"extra `heic`.*convert"):
        read_photo((HEIC / "turned.heic").read_bytes())


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis"])
def test_a_heic_is_known_by_its_brand(brand: bytes) -> None:
    assert sniff(b"\0\0\0\x18ftyp" + brand + bytes(12)) == "HEIC"


@pytest.mark.parametrize("brand", [b"avif", b"isom", b"mp42", b"hei", b""])
def test_other_containers_are_no_heic(brand: bytes) -> None:
    assert sniff(b"\0\0\0\x18ftyp" + brand) is None


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


@pytest.mark.parametrize(
    ("kind", "options", "allowed"),
    [("JPEG", {"progressive": True}, 32_000_000), ("WEBP", {}, 16_000_000), ("PNG", {}, 30_000_000)],
)
def test_formats_that_take_much_memory_have_limits_of_their_own(
    kind: str, options: dict[str, Any], allowed: int
) -> None:
    small = PhotoLimits(max_progressive_pixels=6000, max_webp_pixels=6000, max_undrafted_pixels=6000)
    picture = io.BytesIO()
    Image.new("RGB", (100, 61)).save(picture, kind, **options)
    assert read_photo(picture.getvalue()).pixels.shape == (61, 100, 3)
    with pytest.raises(PhotoTooLarge, match="at most 6000 pixels, found 6100"):
        read_photo(picture.getvalue(), small)
    plain = io.BytesIO()
    Image.new("RGB", (100, 61)).save(plain, "JPEG")
    assert read_photo(plain.getvalue(), small).pixels.shape == (61, 100, 3)
    defaults = PhotoLimits()
    assert allowed in (defaults.max_progressive_pixels, defaults.max_webp_pixels, defaults.max_undrafted_pixels)
