"""How is one file of a snapshot written and read? Plain, so that it can be mapped, or sealed, and read into memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from indexing.durable import Sink, array_in, replace_file
from indexing.errors import IndexFileUnusable, SealBroken, SnapshotReason, SnapshotUnusable
from indexing.faiss_index import FaissIndex
from indexing.sealing import FileSeal
from indexing.vectors import ExactIndex, VectorIndex

Table: TypeAlias = npt.NDArray[Any]
T = TypeVar("T")

TABLE: Final = "table"
INDEX_KINDS: Final[Mapping[str, type[ExactIndex] | type[FaissIndex]]] = {
    kind.kind: kind for kind in (ExactIndex, FaissIndex)
}


@dataclass(frozen=True, slots=True)
class Sealed:
    """By what the files of one snapshot are sealed: `snapshot` is never the name of another one."""

    seal: FileSeal
    snapshot: str

    def context(self, file: str) -> str:
        """Return where a file belongs."""
        return f"{self.snapshot}/{file}"


def write_file(path: Path, write: Callable[[Sink], T], sealed: Sealed | None) -> T:
    """Write a file; return what `write` does.

    Raises:
        OSError: it could not be written.
    """
    if sealed is None:
        return replace_file(path, write)

    def through(sink: Sink) -> T:
        sealing = sealed.seal.sealing(sink.write, sealed.context(path.name))
        written = write(Sink(sealing))
        sealing.finish()
        return written

    return replace_file(path, through)


def check_bytes(path: Path, size: int, digest: str) -> None:
    """Refuse a file that is not, byte for byte, the one that was written plain.

    Raises:
        SnapshotUnusable: MISSING, TRUNCATED or CHECKSUM.
    """
    with absence_is_a_reason(path.name):
        if path.stat().st_size < size:
            raise SnapshotUnusable(SnapshotReason.TRUNCATED, path.name)
        if sha256(path) != digest:
            raise SnapshotUnusable(SnapshotReason.CHECKSUM, path.name)


def read_table(path: Path, size: int, sealed: Sealed | None, *, mmap: bool) -> Table:
    """Return a table, read only.

    Args:
        path: that of the file.
        size: its bytes.
        sealed: by what; None when it is plain and has been checked.
        mmap: leave a plain one on disk.
    Raises:
        SnapshotUnusable: with the reason.
    """
    table: Table
    with absence_is_a_reason(path.name), _another_format_is_a_reason(path.name):
        if sealed is not None:
            table = array_in(_unsealed(path, size, sealed))
        elif mmap:
            # A plain array on the same bytes: every look into a `memmap` makes another one.
            table = np.asarray(np.lib.format.open_memmap(path, mode="r"))
        else:
            with path.open("rb") as file:
                table = np.lib.format.read_array(file, allow_pickle=False)
    # As when mapped: one snapshot is shared by threads that must not change it under each other.
    table.flags.writeable = False
    return table


def read_index(path: Path, kind: str, size: int, sealed: Sealed | None, *, mmap: bool) -> VectorIndex:
    """Return an index of a kind in `INDEX_KINDS`; the arguments and errors are those of `read_table`."""
    with absence_is_a_reason(path.name), _another_format_is_a_reason(path.name):
        if sealed is not None:
            return INDEX_KINDS[kind].parse(_unsealed(path, size, sealed), path.name)
        return INDEX_KINDS[kind].load(path, mmap=mmap)


def sha256(path: Path) -> str:
    """Return the checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def absence_is_a_reason(file: str) -> Iterator[None]:
    """Turn a missing file into the reason MISSING."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SnapshotUnusable(SnapshotReason.MISSING, file) from error


@contextmanager
def _another_format_is_a_reason(file: str) -> Iterator[None]:
    try:
        yield
    except (IndexFileUnusable, ValueError) as error:
        raise SnapshotUnusable(SnapshotReason.FORMAT, file) from error


def _unsealed(path: Path, size: int, sealed: Sealed) -> memoryview:
    with path.open("rb", buffering=0) as file:
        found = path.stat().st_size
        if found < size:
            raise SnapshotUnusable(SnapshotReason.TRUNCATED, path.name)
        try:
            return sealed.seal.unsealed(file, found, sealed.context(path.name))
        except SealBroken as error:
            raise SnapshotUnusable(SnapshotReason.CHECKSUM, path.name) from error
