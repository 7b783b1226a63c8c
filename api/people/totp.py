"""Does the person hold the second factor? Codes of thirty seconds (RFC 6238), each good once; recovery codes."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b32encode
from datetime import datetime

import pyotp

from api.ids import RandomBytes

STEP_S = 30
RECOVERY_CODES = 10
_ISSUER = "Sandhan"
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_READ_AS = str.maketrans("oil", "011")


def new_totp_secret(random_bytes: RandomBytes) -> str:
    """Return 160 random bits in base 32, as authenticator applications take them."""
    return b32encode(random_bytes(20)).decode()


def totp_address(secret: str, login: str) -> str:
    """Return the `otpauth://` address that an authenticator application reads from a picture."""
    return pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=login, issuer_name=_ISSUER)


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the step of thirty seconds that a code belongs to: this one, the one before or the one after.

    Every step is looked at, whichever fits: the time it takes tells nothing.
    """
    totp, current, found = pyotp.TOTP(secret, interval=STEP_S), int(now.timestamp()) // STEP_S, None
    typed = "".join(code.split()).encode()
    for step in (current - 1, current, current + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), typed):
            found = step
    return found


def new_recovery_codes(random_bytes: RandomBytes) -> list[str]:
    """Return codes of 80 random bits each, e.g. `k3d9-...`: shown once, each good once."""
    codes = []
    for _ in range(RECOVERY_CODES):
        signs = "".join(_ALPHABET[byte & 31] for byte in random_bytes(16))
        codes.append("-".join(signs[at : at + 4] for at in range(0, 16, 4)))
    return codes


def recovery_hash(person_id: str, code: str) -> str:
    """Return what is kept of a recovery code; spaces, dashes, case and signs read for one another do not matter."""
    signs = "".join(sign for sign in code.casefold() if sign.isalnum()).translate(_READ_AS)
    return hashlib.sha256(f"{person_id}:{signs}".encode()).hexdigest()
