"""What must whoever keeps the key do, so that files hold nothing that can be read without it? No cipher is named here.

A seal covers every byte of a file and where it belongs (`context`): what was changed, cut short, renamed, or put where
another file was does not open. `api.index_seal` is the one that ships.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Readable(Protocol):
    """Gives bytes, from the first on."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Put the next bytes into a place, as many as there are at once, and return how many; 0 at the end."""
        ...


class SealedSink(Protocol):
    """A file that is being sealed."""

    def write(self, data: bytes) -> int:
        """Seal all of `data`, and return how many bytes that was."""
        ...

    def finish(self) -> None:
        """Seal the end: a file without it does not open."""
        ...


class FileSeal(Protocol):
    """Seals files by one key."""

    @property
    def key_id(self) -> str:
        """Return which key it is, saying nothing of the key: lower-case hexadecimal."""
        ...

    def fresh_id(self) -> str:
        """Return a name that nothing was ever called by: lower-case hexadecimal."""
        ...

    def sealing(self, write: Callable[[bytes], object], context: str) -> SealedSink:
        """Return what seals a file.

        Args:
            write: takes the sealed bytes.
            context: where the file belongs; no two files that are sealed have the same.
        """
        ...

    def unsealed(self, file: Readable, size: int, context: str) -> memoryview:
        """Return what was sealed, read only and in memory alone, once every byte of it has been proved.

        Args:
            file: the sealed bytes.
            size: how many.
            context: as it was sealed.
        Raises:
            SealBroken: these are not, byte for byte, the bytes that this key sealed for this context.
            OSError: they cannot be read.
        """
        ...

    def proof(self, content: bytes) -> str:
        """Return what only this key can say of something that anybody may read: lower-case hexadecimal."""
        ...
