"""How are ids made? What it is, the time (so that ids sort by age), and randomness that nobody guesses."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no letters that are read as digits
RandomBytes = Callable[[int], bytes]
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present moment, aware."""
    return datetime.now(UTC)


def new_id(prefix: str, now: datetime, random_bytes: RandomBytes = secrets.token_bytes) -> str:
    """Return e.g. `case_01j9...`: 48 bits of milliseconds, 80 bits of randomness."""
    value = (int(now.timestamp() * 1000) << 80) | int.from_bytes(random_bytes(10))
    letters = []
    for _ in range(26):
        letters.append(_ALPHABET[value & 31])
        value >>= 5
    return f"{prefix}_{''.join(reversed(letters))}"


def new_secret(random_bytes: RandomBytes = secrets.token_bytes) -> str:
    """Return an API key: shown once, never stored."""
    return f"sk_{random_bytes(24).hex()}"


def secret_hash(secret: str) -> str:
    """Return what is stored of an API key. Plain SHA-256 will do: the key has 192 random bits, nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()
