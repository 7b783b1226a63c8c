"""How is one value sealed, and which key opens it? AES-256-GCM in three layers.

    master key ── wraps ──> a key for each partner ── wraps ──> a key for each record ── seals ──> what is said of it
              └─ wraps ──> keys of the service (lookups by keyed hash, the index on disk, cursors)

To erase a record for good, its key is destroyed: what is left in a backup opens no more. A sealed value is bound to
the place where it stands (table, column, row): moved elsewhere it does not open.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from api.store.errors import StoreError
from api.store.master_keys import FileKeys, KeySource, KeysUnusable, MasterKeys

KEY_BYTES: Final = 32
_NONCE: Final = 12
_FORMAT: Final = b"\x01"
_OTHER_KEY: Final = "the database is sealed by another master key; give that one too, or restore it"


class SealBroken(StoreError):
    """A sealed value does not open: it was altered, or stands where it was not put."""

    code = "seal_broken"

    def __init__(self, place: str) -> None:
        """Take the table and column, never the row's content."""
        super().__init__(f"{place}: the seal is broken; the row was altered outside the program, restore a backup")


def seal(key: AESGCM, plain: bytes, place: str) -> bytes:
    """Return a value sealed for one place, such as "photos.content:photo_01j9..."."""
    nonce = os.urandom(_NONCE)
    return _FORMAT + nonce + key.encrypt(nonce, plain, place.encode())


def unseal(key: AESGCM, sealed: bytes, place: str) -> bytes:
    """Return what `seal` was given.

    Raises:
        SealBroken: it was altered, sealed by another key, or for another place.
    """
    if sealed[:1] != _FORMAT:
        raise SealBroken(place.partition(":")[0])
    try:
        return key.decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], place.encode())
    except InvalidTag:
        raise SealBroken(place.partition(":")[0]) from None


class KeyRing:
    """The master keys of a process, and the partners' keys that it has opened.

    Args:
        source: asked at the first need, and once more when something was sealed by a key that is not known here.
    """

    def __init__(self, source: KeySource | None) -> None:
        self._source = source
        self._masters: MasterKeys | None = None
        self._opened: dict[str, AESGCM] = {}
        self._lock = threading.Lock()

    @property
    def source(self) -> KeySource | None:
        """Return where the master keys come from."""
        return self._source

    def masters(self, *, again: bool = False) -> MasterKeys:
        """Return the master keys.

        Raises:
            KeysUnusable: there are none; says what to do.
        """
        with self._lock:
            if self._masters is None or again:
                if self._source is None:
                    raise KeysUnusable(
                        "no master key: set SANDHAN_MASTER_KEY, SANDHAN_MASTER_KEY_COMMAND or SANDHAN_MASTER_KEY_FILE"
                    )
                self._masters = self._source.load()
            return self._masters

    def make_first(self) -> None:
        """Make the master key where it is a file that is not there yet: of a database in which nothing is sealed."""
        if isinstance(self._source, FileKeys) and not self._source.path.exists():
            self._source.create()

    def require(self, in_use: Collection[str]) -> None:
        """Have every master key that something is wrapped by, so that nothing new is wrapped by one that is dropped.

        Raises:
            KeysUnusable: one is not known here.
        """
        if all(map(self.masters().by_id, in_use)) or all(map(self.masters(again=True).by_id, in_use)):
            return
        raise KeysUnusable(_OTHER_KEY)

    def wrap(self, key: bytes, place: str) -> tuple[str, bytes]:
        """Return the id of the master key in use, and a key wrapped by it."""
        masters = self.masters()
        return masters.current, seal(AESGCM(masters.keys[0]), key, place)

    def unwrap(self, master_id: str, wrapped: bytes, place: str) -> bytes:
        """Return a key that a master key wrapped.

        Raises:
            KeysUnusable: that master key is not known here.
        """
        found = self.masters().by_id(master_id) or self.masters(again=True).by_id(master_id)
        if found is None:
            raise KeysUnusable(_OTHER_KEY)
        return unseal(AESGCM(found), wrapped, place)

    def opened(self, key_id: str, master_id: str, wrapped: bytes, place: str) -> AESGCM:
        """Return a key for use, opened once in the life of the process."""
        key = self._opened.get(key_id)
        if key is None:
            key = AESGCM(self.unwrap(master_id, wrapped, place))
            self._opened[key_id] = key
        return key

    def known(self, key_id: str) -> AESGCM | None:
        """Return a key that has been opened before."""
        return self._opened.get(key_id)

    def forget(self) -> None:
        """Forget every opened key: after a rotation."""
        with self._lock:
            self._masters = None
            self._opened.clear()
