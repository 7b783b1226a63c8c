"""How is what identifies a person kept? Sealed, and found again by a keyed hash."""

from __future__ import annotations

import hashlib
import hmac
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from api.ids import RandomBytes
from matcher.errors import SandhanError

_NONCE = 12


class SealBroken(SandhanError):
    """Sealed bytes cannot be opened: they were altered, moved, or sealed with another key."""

    code = "seal_broken"

    def __init__(self) -> None:
        super().__init__("what was sealed cannot be opened with the keys of this deployment")


class SealerMissing(SandhanError):
    """The deployment has no keys to seal with."""

    code = "keys_missing"

    def __init__(self) -> None:
        super().__init__("people cannot sign in here yet: this deployment has no keys to keep them with")


class Sealer(Protocol):
    """Seals and opens bytes, each for one partner and one context."""

    def seal(self, partner_id: str, context: str, data: bytes, /) -> bytes:
        """Return the sealed bytes."""

    def unseal(self, partner_id: str, context: str, data: bytes, /) -> bytes:
        """Return what was sealed for this partner and context.

        Raises:
            SealBroken: it was sealed for another one, with another key, or altered.
        """

    def fingerprint(self, context: str, text: str, /) -> str:
        """Return a keyed hash of a text: the same for equal texts of one context."""


class NoSealer:
    """Stands where a deployment has no keys; whatever needs them says so."""

    def seal(self, _partner_id: str, _context: str, _data: bytes, /) -> bytes:
        """Raise SealerMissing."""
        raise SealerMissing

    def unseal(self, _partner_id: str, _context: str, _data: bytes, /) -> bytes:
        """Raise SealerMissing."""
        raise SealerMissing

    def fingerprint(self, _context: str, _text: str, /) -> str:
        """Raise SealerMissing."""
        raise SealerMissing


class OneKeySealer:
    """AES-256-GCM under one key for all partners; partner and context are authenticated with the bytes.

    Args:
        key: 32 bytes; sealing and hashing keys are derived from it.
    """

    def __init__(self, key: bytes, random_bytes: RandomBytes) -> None:
        self._cipher = AESGCM(_derived(key, b"seal"))
        self._hashing = _derived(key, b"fingerprint")
        self._random = random_bytes

    def seal(self, partner_id: str, context: str, data: bytes) -> bytes:
        """Return nonce and ciphertext."""
        nonce = self._random(_NONCE)
        return nonce + self._cipher.encrypt(nonce, data, _bound(partner_id, context))

    def unseal(self, partner_id: str, context: str, data: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            SealBroken: it was sealed for another partner or context, with another key, or altered.
        """
        try:
            return self._cipher.decrypt(data[:_NONCE], data[_NONCE:], _bound(partner_id, context))
        except (InvalidTag, ValueError):
            raise SealBroken from None

    def fingerprint(self, context: str, text: str) -> str:
        """Return HMAC-SHA256 in hexadecimal."""
        return hmac.new(self._hashing, _bound(context, text), hashlib.sha256).hexdigest()


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"sandhan people " + purpose).derive(key)


def _bound(first: str, second: str) -> bytes:
    # The length keeps apart what joining would make equal.
    head = first.encode()
    return len(head).to_bytes(4) + head + second.encode()
