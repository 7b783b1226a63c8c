"""Which files could a stranger send in place of a photo, by mistake or to do harm?

Every kind is small and cheap to make; what is dangerous about a file lies in what it claims. A file depends on the
seed and on its number alone, so that any of them can be made again: `hostile_file(seed, number)`.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from PIL import Image, PngImagePlugin

Maker = Callable[[Random], bytes]

PNG_START = b"\x89PNG\r\n\x1a\n"
JPEG_END = b"\xff\xd9"
_MAGIC_ENDS = 12
ACCEPTED = ("JPEG", "PNG", "WEBP")
MAGIC = {
    "JPEG": b"\xff\xd8\xff\xe0",
    "PNG": PNG_START,
    "WEBP": b"RIFF\x00\x10\x00\x00WEBP",
    "VP8X": b"RIFF\x00\x10\x00\x00WEBPVP8X\x0a\x00\x00\x00",
    "GIF": b"GIF89a",
    "BMP": b"BM",
    "TIFF": b"II*\x00",
    "HEIC": b"\x00\x00\x00\x18ftypheic",
}
_HEIC = (Path(__file__).parent / "heic" / "turned.heic").read_bytes()
_SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd" width="90000" height="90000"/></svg>'
_HTML = b"<!doctype html><title>photo</title><script>alert(1)</script>"
_PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF"


def hostile_files(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield (kind, file); no kind comes again before every kind has come once."""
    return (hostile_file(seed, number) for number in range(count))


def hostile_file(seed: int, number: int) -> tuple[str, bytes]:
    """Return the kind and the bytes of one file."""
    kind = list(KINDS)[number % len(KINDS)]
    return kind, KINDS[kind](Random(f"{seed} {number}"))


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return one chunk of a PNG, with a right checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, rows: bytes, bits: int = 8, colours: int = 2) -> bytes:
    """Return a PNG that claims a size and holds the compressed rows given, whether they are enough or not."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0))
    return PNG_START + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def segment(marker: int, body: bytes) -> bytes:
    """Return one segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _picture(rng: Random, size: tuple[int, int] = (160, 120)) -> Image.Image:
    small = Image.frombytes("RGB", (8, 6), rng.randbytes(8 * 6 * 3))
    return small.resize(size, Image.Resampling.BICUBIC)


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _whole(kind: str) -> Maker:
    return lambda rng: _saved(_picture(rng), kind)


def _sized(kind: str, size: tuple[int, int]) -> Maker:
    return lambda rng: _saved(_picture(rng, size), kind)


def _fixed(data: bytes) -> Maker:
    return lambda _: data


def _truncated(whole: Maker) -> Maker:
    def make(rng: Random) -> bytes:
        data = whole(rng)
        return data[: rng.randrange(1, len(data))]

    return make


def _flipped(whole: Maker) -> Maker:
    def make(rng: Random) -> bytes:
        data = bytearray(whole(rng))
        # The magic number stays, or nothing would be decoded; half of the files have all flips in their headers,
        # which are a small part of the file and lead the decoder astray.
        reach = rng.choice((200, len(data)))
        for _ in range(rng.randint(1, 20)):
            data[rng.randrange(_MAGIC_ENDS, reach)] ^= 1 << rng.randrange(8)
        return bytes(data)

    return make


def _noise(magic: bytes) -> Maker:
    return lambda rng: magic + rng.randbytes(rng.randint(0, 3000))


def _bomb(side: int, bits: int, colours: int) -> Maker:
    return lambda rng: png(side, side, zlib.compress(bytes(rng.randint(0, 50_000))), bits, colours)


def _large_but_allowed(rng: Random) -> bytes:
    """A real picture of 29 million pixels in 4 kB: allowed by its size, and dear to decode."""
    side = 5400
    return png(side, side, zlib.compress(bytes((1 + side // 8) * side)), bits=1, colours=0)


def _with_zip(rng: Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("run.exe", rng.randbytes(2000))
    return _saved(_picture(rng), "JPEG") + out.getvalue()


def _two_headers(first: bytes) -> Maker:
    return lambda rng: first + _saved(_picture(rng), "JPEG")


def _with_exif(make_body: Maker, copies: int = 1) -> Maker:
    def make(rng: Random) -> bytes:
        data = _saved(_picture(rng), "JPEG")
        return data[:2] + b"".join(segment(0xE1, b"Exif\0\0" + make_body(rng)) for _ in range(copies)) + data[2:]

    return make


def _tiff(entries: list[tuple[int, int, int, bytes]], then: int = 0) -> bytes:
    """Return the body of an EXIF block: entries of (tag, type, count, four bytes), and where the next list is."""
    listed = b"".join(struct.pack("<HHI", *entry[:3]) + entry[3] for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + listed + struct.pack("<I", then)


def _with_chunk(kind: bytes, start: bytes) -> Maker:
    """A PNG with text or a colour profile of 30 megabytes in 30 kB."""

    def make(rng: Random) -> bytes:
        data = _saved(_picture(rng), "PNG")
        body = start + zlib.compress(bytes(30_000_000), 1)
        return data[:33] + chunk(kind, body) + data[33:]

    return make


def _many_texts(rng: Random) -> bytes:
    info = PngImagePlugin.PngInfo()
    for number in range(2000):
        info.add_text(f"key {number}", "x" * rng.randint(0, 90))
    return _saved(_picture(rng), "PNG", pnginfo=info)


def _palette(rng: Random) -> bytes:
    image = _picture(rng).quantize(rng.choice((2, 16, 200)))
    return _saved(image, "PNG", transparency=rng.choice((0, 1, rng.randbytes(2))))


def _palette_with_holes(rng: Random) -> bytes:
    """A palette of one colour and pixels that point far behind it."""
    rows = b"".join(b"\0" + rng.randbytes(40) for _ in range(40))
    whole = png(40, 40, zlib.compress(rows), bits=8, colours=3)
    return whole[:33] + chunk(b"PLTE", b"\x10\x20\x30") + chunk(b"tRNS", b"\x80") + whole[33:]


def _deep(rng: Random) -> bytes:
    """Sixteen bits a channel: grey, RGB or RGBA."""
    colours, channels = rng.choice(((0, 1), (2, 3), (6, 4)))
    rows = b"".join(b"\0" + rng.randbytes(40 * 2 * channels) for _ in range(30))
    return png(40, 30, zlib.compress(rows), bits=16, colours=colours)


def _cmyk(rng: Random) -> bytes:
    return _saved(_picture(rng).convert("CMYK"), "JPEG")


def _one_pixel(rng: Random) -> bytes:
    return _saved(_picture(rng, (1, 1)), rng.choice(ACCEPTED))


def _animated(kind: str) -> Maker:
    def make(rng: Random) -> bytes:
        frames = [_picture(rng) for _ in range(rng.randint(2, 9))]
        return _saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=1)

    return make


def _many_scans(rng: Random) -> bytes:
    """A progressive JPEG whose last scan comes hundreds of times: little to send, much to decode."""
    data = _saved(_picture(rng, (320, 240)), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -len(JPEG_END)]
    return data[: -len(JPEG_END)] + last * rng.randint(100, 600) + JPEG_END


def _wide_heic(rng: Random) -> bytes:
    """A HEIC of 77 kilopixels whose header says 900 megapixels, or any other number."""
    place = _HEIC.index(b"ispe") + 8
    side = rng.choice((30_000, 5_000, 64, 0, 2**32 - 1))
    return _HEIC[:place] + struct.pack(">II", side, side) + _HEIC[place + 8 :]


def _wide_webp(rng: Random) -> bytes:
    """Says that it is 16383 by 16383 pixels in each of the three ways in which a WebP may say it."""
    side = 16383
    body = {
        b"VP8X": bytes(4) + (side - 1).to_bytes(3, "little") * 2,
        b"VP8L": b"\x2f" + (side - 1 | (side - 1) << 14).to_bytes(4, "little") + rng.randbytes(200),
        b"VP8 ": b"\x10\x00\x00\x9d\x01\x2a" + struct.pack("<HH", side, side) + rng.randbytes(200),
    }
    kind = rng.choice(list(body))
    inner = b"WEBP" + kind + struct.pack("<I", len(body[kind])) + body[kind]
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


KINDS: dict[str, Maker] = {
    "nothing": _fixed(b""),
    "one byte": lambda rng: rng.randbytes(1),
    **{f"{kind}, cut short": _truncated(_whole(kind)) for kind in ACCEPTED},
    **{f"{kind}, bits flipped": _flipped(_whole(kind)) for kind in ACCEPTED},
    "HEIC, cut short": _truncated(_fixed(_HEIC)),
    "HEIC, bits flipped": _flipped(_fixed(_HEIC)),
    "HEIC that claims another size": _wide_heic,
    **{f"{kind} magic, then noise": _noise(magic) for kind, magic in MAGIC.items()},
    "PNG bomb": _bomb(30_000, 8, 2),
    "PNG bomb of one bit": _bomb(30_000, 1, 0),
    "PNG of 100 megapixels": _bomb(9_999, 8, 6),
    "PNG just under the limit": _bomb(5_470, 8, 6),
    "PNG of 29 megapixels": _large_but_allowed,
    "PNG of no width": _bomb(0, 8, 2),
    "PNG of 2^31 pixels a side": _bomb(2**31 - 1, 16, 6),
    **{f"{kind}, 30000 wide": _sized(kind, (30_000, 10)) for kind in ("JPEG", "PNG")},
    **{f"{kind}, 30000 high": _sized(kind, (10, 30_000)) for kind in ("JPEG", "PNG")},
    **{f"{kind} called photo.jpg": _whole(kind) for kind in ("GIF", "BMP", "TIFF")},
    "SVG called photo.png": _fixed(_SVG),
    "PDF called photo.jpg": _fixed(_PDF),
    "HTML called photo.webp": _fixed(_HTML),
    "text called photo.jpg": _fixed("यह कोई तस्वीर नहीं है".encode()),
    "JPEG and ZIP": _with_zip,
    "GIF header, then JPEG": _two_headers(b"GIF89a\x01\x00\x01\x00\x80\x00\x00"),
    "HTML, then JPEG": _two_headers(_HTML),
    "EXIF of noise": _with_exif(lambda rng: rng.randbytes(rng.randint(0, 4000))),
    "EXIF of noise behind a right start": _with_exif(lambda rng: b"II*\0\x08\0\0\0" + rng.randbytes(500)),
    "EXIF that points at itself": _with_exif(_fixed(_tiff([(0x8769, 4, 1, b"\x08\0\0\0")], then=8))),
    "EXIF of 4 billion values": _with_exif(_fixed(_tiff([(0x9003, 2, 2**32 - 1, b"\x1a\0\0\0")]))),
    "EXIF of 60 kB, 40 times": _with_exif(lambda rng: rng.randbytes(60_000), copies=40),
    "EXIF orientation 9": _with_exif(_fixed(_tiff([(0x0112, 3, 1, b"\x09\0\0\0")]))),
    "EXIF orientation in words": _with_exif(_fixed(_tiff([(0x0112, 2, 4, b"up!\0")]))),
    "PNG with a huge zTXt": _with_chunk(b"zTXt", b"Comment\0\0"),
    "PNG with a huge iCCP": _with_chunk(b"iCCP", b"profile\0\0"),
    "PNG with many texts": _many_texts,
    "palette with transparency": _palette,
    "palette with holes": _palette_with_holes,
    "16 bits a channel": _deep,
    "CMYK JPEG": _cmyk,
    "one pixel": _one_pixel,
    "animated WebP": _animated("WEBP"),
    "animated PNG": _animated("PNG"),
    "JPEG of many scans": _many_scans,
    "WebP that claims 268 megapixels": _wide_webp,
}
