"""Is this the password, and is that one good enough? Argon2id, bounded in how much runs at once."""

from __future__ import annotations

import threading
import unicodedata
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from api.ids import RandomBytes
from api.people.errors import SignInBusy
from matcher.errors import InvalidRecord

MIN_LENGTH, MAX_LENGTH = 12, 200
_DISTINCT = 5
# Lists of stolen passwords of twelve signs and more are these words, one after another, with digits around.
_COMMON_WORDS = frozenset((
    "abc", "abcd", "abcdef", "abcdefghijkl", "access", "admin", "administrator", "alpha", "apple", "april",
    "asdf", "asdfgh", "asdfghjkl", "august", "autumn", "baby", "bangladesh", "bharat", "changeme", "charlie",
    "chocolate", "computer", "cookie", "cricket", "daniel", "december", "default", "delhi", "demo", "dhaka",
    "dragon", "family", "february", "flower", "football", "freedom", "george", "god", "guest", "hello",
    "hunter", "iloveyou", "india", "indian", "internet", "is", "january", "jennifer", "jesus", "jordan", "july",
    "june", "killer", "krishna", "kumar", "letmein", "login", "love", "lovely", "lover", "march", "master",
    "matrix", "me", "michael", "monday", "monkey", "mother", "mumbai", "mustang", "my", "nepal", "ninja",
    "november", "october", "office", "pass", "password", "passwort", "pepper", "pokemon", "police", "princess",
    "purple", "qazwsx", "qwer", "qwert", "qwerty", "qwertyu", "qwertyui", "qwertyuiop", "ranger", "rescue",
    "robert", "root", "samsung", "sandhan", "secret", "secure", "september", "service", "shadow", "shelter",
    "soccer", "spring", "star", "starwars", "summer", "sunshine", "super", "superman", "system", "temp",
    "temporary", "test", "testing", "the", "this", "thomas", "tigger", "trust", "trustno", "user", "welcome",
    "whatever", "winter", "you", "your", "zxcv", "zxcvbn", "zxcvbnm",
))  # fmt: skip
_LONGEST_WORD = max(map(len, _COMMON_WORDS))
_LOOKALIKES = str.maketrans("@431!05$7", "aaeiiosst")


class Passwords:
    """Hashes and checks passwords; never while a transaction is open.

    Args:
        random_bytes: for the decoy that an unknown login is checked against.
        hasher: with the parameters that new hashes get.
        at_once: how many may be hashed at the same time: each takes the hasher's memory and a processor core.
        wait_s: how long one may wait for its turn.
    """

    def __init__(
        self,
        random_bytes: RandomBytes,
        hasher: PasswordHasher | None = None,
        *,
        at_once: int = 2,
        wait_s: float = 10.0,
    ) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4, type=Type.ID)
        self._slots, self._wait_s = threading.BoundedSemaphore(at_once), wait_s
        self._decoy = self._made_up(random_bytes)

    def hash(self, password: str) -> str:
        """Return what is kept of a password.

        Raises:
            SignInBusy: no turn came.
        """
        with self._turn():
            return self._hasher.hash(normalised(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether a password is the one that was hashed.

        Without a stored hash the same work is done in vain, so that nobody can tell by the time it takes whether
        there is an account.

        Raises:
            SignInBusy: no turn came.
        """
        with self._turn():
            try:
                self._hasher.verify(stored or self._decoy, normalised(password))
            except (VerificationError, InvalidHashError):
                return False
            return stored is not None

    def outdated(self, stored: str) -> bool:
        """Tell whether a hash was made with other parameters than new ones are."""
        return self._hasher.check_needs_rehash(stored)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=self._wait_s):
            raise SignInBusy
        try:
            yield
        finally:
            self._slots.release()

    def _made_up(self, random_bytes: RandomBytes) -> str:
        """Return a hash of no password, as costly to check as a real one."""
        made = self._hasher
        salt, digest = (b64encode(random_bytes(size)).decode().rstrip("=") for size in (made.salt_len, made.hash_len))
        return f"$argon2id$v=19$m={made.memory_cost},t={made.time_cost},p={made.parallelism}${salt}${digest}"


def normalised(password: str) -> bytes:
    """Return the bytes that are hashed: the same on every keyboard that types the same signs."""
    return unicodedata.normalize("NFKC", password).encode()


def check_password(password: str, login: str) -> None:
    """Refuse a password that is too short, too long, too common or made of the login.

    Args:
        login: the e-mail address that it is used with.
    Raises:
        InvalidRecord: says which; the password is not repeated.
    """
    text = unicodedata.normalize("NFKC", password).casefold()
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise InvalidRecord("password", f"must have {MIN_LENGTH} to {MAX_LENGTH} characters")
    if len(set(text)) < _DISTINCT or _is_common(text) or _is_common(_trimmed(text).translate(_LOOKALIKES)):
        raise InvalidRecord("password", "is one of the first that are tried; take several unrelated words")
    name = login.strip().casefold().partition("@")[0]
    if len(name) > 3 and name in text:
        raise InvalidRecord("password", "contains your e-mail address")


def _trimmed(text: str) -> str:
    """Return a text without what stands before its first letter and after its last: a year, an exclamation mark."""
    letters = [at for at, sign in enumerate(text) if sign.isalpha()]
    return text[letters[0] : letters[-1] + 1] if letters else ""


def _is_common(text: str) -> bool:
    """Tell whether nothing is left of a text once digits, signs and the words that everybody takes are gone."""
    letters = "".join(sign for sign in text if sign.isalpha())
    # One mark for each place that words reach: an expression would try every way to cut the text.
    reached = [True, *[False] * len(letters)]
    for end in range(1, len(letters) + 1):
        reached[end] = any(
            reached[start] and letters[start:end] in _COMMON_WORDS for start in range(max(0, end - _LONGEST_WORD), end)
        )
    return reached[-1]
