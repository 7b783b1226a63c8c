"""How is an index kept that only this deployment can read? Sealed by AES-256-GCM, each file by a key of its own.

    "SNDSEAL1"  salt (32 bytes)  chunk 0  chunk 1  ...  last chunk        1 MiB each, and a tag of 16 bytes

    key of the file = HKDF-SHA256(key, salt, context)        nonce of a chunk = its number, and whether it is the last

A fresh salt makes the key of a file its own, so that counting nonces never repeats one. A chunk that was changed,
moved, left out, or is of another file does not open, and a file without its last chunk is not whole.
Source: docs/decisions/0019-sealed-snapshots.md
"""

from __future__ import annotations

import mmap
import secrets
from collections.abc import Callable
from typing import Final, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from api.ids import RandomBytes
from indexing.errors import SealBroken
from indexing.sealing import Readable

KEY_BYTES: Final = 32
CHUNK: Final = 2**20
"""Bytes sealed at once: small enough to stay in a processor's cache."""

_MARK: Final = b"SNDSEAL1"
_SALT_BYTES: Final = 32
_TAG_BYTES: Final = 16
_ID_BYTES: Final = 8
_FRESH_BYTES: Final = 16


class IndexSeal:
    """A `FileSeal` by one key; safe to share between threads."""

    def __init__(self, key: bytes, random_bytes: RandomBytes = secrets.token_bytes) -> None:
        """Take a key of `KEY_BYTES` bytes.

        Raises:
            ValueError: it has another length.
        """
        if len(key) != KEY_BYTES:
            raise ValueError(f"the key of an index has {KEY_BYTES} bytes")
        self._key, self._random = key, random_bytes
        self._proving = _derived(key, None, b"proof")
        self._key_id = _derived(key, None, b"id")[:_ID_BYTES].hex()

    def __repr__(self) -> str:
        return f"IndexSeal({self._key_id})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key does not travel")

    @property
    def key_id(self) -> str:
        """Return which key it is; see `FileSeal.key_id`."""
        return self._key_id

    def fresh_id(self) -> str:
        """Return a new name; see `FileSeal.fresh_id`."""
        return self._random(_FRESH_BYTES).hex()

    def sealing(self, write: Callable[[bytes], object], context: str) -> _Sealing:
        """Return what seals a file; see `FileSeal.sealing`."""
        salt = self._random(_SALT_BYTES)
        write(_MARK + salt)
        return _Sealing(self._cipher(salt, context), write)

    def unsealed(self, file: Readable, size: int, context: str) -> memoryview:
        """Return what was sealed; see `FileSeal.unsealed`. The memory is the system's again once nobody holds it."""
        head = memoryview(bytearray(len(_MARK) + _SALT_BYTES))
        if not _filled(file, head) or bytes(head[: len(_MARK)]) != _MARK:
            raise SealBroken
        left = size - len(head)
        chunks = -(-left // (CHUNK + _TAG_BYTES))
        plain = left - chunks * _TAG_BYTES
        if chunks < 1 or plain < 0:
            raise SealBroken
        cipher = self._cipher(bytes(head[len(_MARK) :]), context)
        # Not of the heap, which would keep the place, and not shared with a child process, as Python's default is.
        place = mmap.mmap(-1, max(plain, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if hasattr(mmap, "MADV_DONTDUMP"):
            place.madvise(mmap.MADV_DONTDUMP)
        sealed = memoryview(bytearray(min(left, CHUNK + _TAG_BYTES)))
        for number in range(chunks):
            some = sealed[: min(left, len(sealed))]
            if not _filled(file, some):
                raise SealBroken
            left -= len(some)
            try:
                place.write(cipher.decrypt(_nonce(number, last=not left), some, None))
            except InvalidTag:
                raise SealBroken from None
        return memoryview(place)[:plain].toreadonly()

    def proof(self, content: bytes) -> str:
        """Return what only this key can say of something; see `FileSeal.proof`."""
        proving = HMAC(self._proving, SHA256())
        proving.update(content)
        return proving.finalize().hex()

    def _cipher(self, salt: bytes, context: str) -> AESGCM:
        return AESGCM(_derived(self._key, salt, b"file\0" + context.encode()))


class _Sealing:
    """A file that is being sealed; holds one chunk back until it is known whether it is the last."""

    def __init__(self, cipher: AESGCM, write: Callable[[bytes], object]) -> None:
        self._cipher, self._write = cipher, write
        self._held = bytearray()
        self._number = 0

    def write(self, data: bytes) -> int:
        """Seal some more; see `SealedSink.write`."""
        left = memoryview(data)
        while len(left):
            if len(self._held) == CHUNK:
                self._seal(last=False)
            some = left[: CHUNK - len(self._held)]
            self._held += some
            left = left[len(some) :]
        return len(data)

    def finish(self) -> None:
        """Seal the last chunk, which may be empty; see `SealedSink.finish`."""
        self._seal(last=True)

    def _seal(self, *, last: bool) -> None:
        self._write(self._cipher.encrypt(_nonce(self._number, last=last), self._held, None))
        self._held.clear()
        self._number += 1


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _derived(key: bytes, salt: bytes | None, purpose: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt, b"sandhan index 1\0" + purpose).derive(key)


def _filled(file: Readable, place: memoryview) -> bool:
    """Read until a place is full; tell whether there was enough."""
    done = 0
    while done < len(place):
        some = file.readinto(place[done:])
        if not some:
            return False
        done += some
    return True
