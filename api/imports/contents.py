"""Where do the bytes of an import stand? A file on disk or a member of an archive, opened as often as it is read."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol
from zipfile import BadZipFile

from api.imports.errors import FileRefused

MEGABYTE = 1024 * 1024


class Content(Protocol):
    """Bytes that can be read from the start again and again."""

    @property
    def name(self) -> str:
        """Return the name of the file, for its ending only."""
        ...

    @property
    def size(self) -> int:
        """Return how many bytes there are."""
        ...

    def open(self) -> IO[bytes]:
        """Open it at its start; the caller closes it."""
        ...


class DiskContent:
    """A file on disk."""

    def __init__(self, path: Path) -> None:
        """Look at the file.

        Raises:
            FileRefused: it cannot be read.
        """
        self._path = path
        self.name = path.name
        with readable(), path.open("rb") as file:
            self.size = file.seek(0, io.SEEK_END)

    def open(self) -> IO[bytes]:
        """Open it at its start."""
        with readable():
            return self._path.open("rb")


class MemoryContent:
    """Bytes in memory."""

    def __init__(self, data: bytes, name: str = "") -> None:
        self._data, self.name, self.size = data, name, len(data)

    def open(self) -> IO[bytes]:
        """Open them at their start."""
        return io.BytesIO(self._data)


@contextmanager
def readable() -> Iterator[None]:
    """Say in one line why a file cannot be read; nothing of its name is repeated."""
    try:
        yield
    except (BadZipFile, zlib.error, EOFError):
        raise FileRefused("the archive is damaged: what is in it is not what was packed; pack it again") from None
    except OSError as error:
        raise FileRefused(f"the file cannot be read ({type(error).__name__})") from None


def refuse_larger(size: int, limit: int, what: str = "the file") -> None:
    """Refuse what is larger than allowed.

    Args:
        size, limit: bytes.
    Raises:
        FileRefused: names both and the setting.
    """
    if size > limit:
        raise FileRefused(
            f"{what} has {size / MEGABYTE:,.0f} MB, more than the {limit / MEGABYTE:,.0f} MB allowed; divide it, or "
            "raise SANDHAN_IMPORT_LIMIT_MB"
        )
