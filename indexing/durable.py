"""Is a file on disk whole, whenever the power fails? Written aside, forced to disk, then put in place by one rename."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, Protocol, TypeVar, cast

import numpy as np
import numpy.typing as npt

T = TypeVar("T")

_MOST_HEADER: Final = 2**16 + 10
"""Bytes of a .npy file that its header never goes beyond."""


class Writable(Protocol):
    """Takes bytes, all of them or with an error."""

    def write(self, data: bytes, /) -> object:
        """Take some more."""
        ...


class Sink:
    """The file being written, and nothing but its `write`, so that every byte passes through it.

    numpy and faiss, given a real file or its name, write through the C library and drop the error of its last flush:
    on a full disk the end of the data is lost and nobody is told.
    """

    def __init__(self, file: Writable) -> None:
        """Write to this, from its start."""
        self._file = file
        self.written = 0

    def write(self, data: bytes) -> int:
        """Write all of `data`, count it in `written`, and return how much that was."""
        self._file.write(data)
        self.written += len(data)
        return len(data)


def replace_file(path: Path, write: Callable[[Sink], T]) -> T:
    """Write a file aside, force it to disk, then put it in the place of `path`; return what `write` does.

    After a crash at any instruction `path` is the old file or the new one, whole. The file is readable by its owner
    only: vectors of names and faces are personal data.

    Raises:
        OSError: it could not be written; unless only the last step failed (forcing the new name to disk), what was at
            `path` is untouched.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    aside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            written = write(Sink(file))
            file.flush()
            os.fsync(file.fileno())
        os.rename(aside, path)
    except BaseException:
        # The first error is the one to report; a left-over is harmless and has a name that says what it is.
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)
    return written


def write_array(sink: Sink, array: npt.NDArray[Any]) -> None:
    """Write an array without Python objects in the .npy format."""
    # numpy's types ask for a whole file; at run time it calls nothing but `write`.
    np.lib.format.write_array(cast(IO[bytes], sink), array, allow_pickle=False)


def array_in(data: memoryview) -> npt.NDArray[Any]:
    """Return the array that `write_array` wrote, on the very bytes that are given.

    Raises:
        ValueError: there is none in them.
    """
    head = io.BytesIO(data[:_MOST_HEADER])
    version = np.lib.format.read_magic(head)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(head)
    elif version == (2, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(head)
    else:
        raise ValueError("an array of another version")
    if dtype.hasobject:
        raise ValueError("an array of Python objects")
    try:
        return np.ndarray(shape, dtype, data, head.tell(), order="F" if fortran else "C")
    except TypeError:
        raise ValueError("an array that is cut short") from None


def sync_directory(directory: Path) -> None:
    """Force the names in a directory to disk; without it a rename may be lost with the power."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
