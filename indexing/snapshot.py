"""Is there a saved index that fits this database, and is it whole?

    directory/
      CURRENT               "snapshot-000007 <sha256 of its manifest.json>"
      LOCK                  held by the one process that saves
      snapshot-000007/      manifest.json, missing_photos.faiss, s0_names_tokens.table, ...

A snapshot is written into a folder of its own and forced to disk; then one rename of CURRENT puts it in use, so a crash
at any instruction leaves the old snapshot or the new one. Every byte is covered: CURRENT holds the checksum of the
manifest, the manifest those of the files. A snapshot is a cache of the database: whatever is wrong with it, it is
refused with a reason and rebuilt, never repaired.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from indexing.durable import replace_file, sync_directory, write_array
from indexing.errors import (
    IndexFileUnusable,
    SnapshotBusy,
    SnapshotReason,
    SnapshotRefused,
    SnapshotUnusable,
)
from indexing.faiss_index import FaissIndex
from indexing.vectors import ExactIndex, VectorIndex

FORMAT: Final = 1
"""Version of the layout and of the manifest; a reader refuses every other."""

Table: TypeAlias = npt.NDArray[Any]

_TABLE: Final = "table"
_INDEX_KINDS: Final[Mapping[str, type[ExactIndex] | type[FaissIndex]]] = {
    kind.kind: kind for kind in (ExactIndex, FaissIndex)
}
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_CURRENT: Final = re.compile(rb"(snapshot-[0-9]{6,}) ([0-9a-f]{64})\n")
_FOLDER: Final = re.compile(r"(?:snapshot|writing)-([0-9]{6,})")
_LEFT_OVER: Final = re.compile(r"\.CURRENT\..*\.new")


@dataclass(frozen=True, slots=True)
class Origin:
    """What a snapshot was made from; it is of use only where all three are the same."""

    database_id: str
    encoder_id: str
    pipeline: str


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a snapshot: `kind` is an index's kind or "table"; `rows` by `width` is what it holds."""

    name: str
    kind: str
    bytes: int
    sha256: str
    rows: int
    width: int

    @property
    def file(self) -> str:
        """The file's name in the snapshot's folder."""
        return f"{self.name}.{self.kind}"

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Read one entry of a manifest.

        Raises:
            KeyError, TypeError, ValueError: it is not one.
        """
        name, kind = str(fields["name"]), str(fields["kind"])
        # Both are joined to a path: anything but a plain word could lead out of the folder.
        if not _NAME.fullmatch(name) or kind not in (*_INDEX_KINDS, _TABLE):
            raise ValueError("not a file of a snapshot")
        return cls(name, kind, int(fields["bytes"]), str(fields["sha256"]), int(fields["rows"]), int(fields["width"]))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot holds: every change up to `upto_seq` of the database's change sequence."""

    format: int
    origin: Origin
    upto_seq: int
    created_at: datetime
    files: tuple[FileEntry, ...]

    def to_json(self) -> str:
        """Return the manifest as JSON, `created_at` in UTC."""
        fields = asdict(self) | {"created_at": self.created_at.astimezone(UTC).isoformat()}
        return json.dumps(fields, indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read what `to_json` wrote.

        Raises:
            SnapshotUnusable: FORMAT: another format version, or not a manifest.
        """
        try:
            fields = json.loads(text)
            if fields["format"] != FORMAT:
                raise SnapshotUnusable(SnapshotReason.FORMAT, "another format version")
            manifest = cls(
                format=fields["format"],
                origin=Origin(**{name: str(value) for name, value in fields["origin"].items()}),
                upto_seq=int(fields["upto_seq"]),
                created_at=datetime.fromisoformat(fields["created_at"]),
                files=tuple(FileEntry.from_fields(entry) for entry in fields["files"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SnapshotUnusable(SnapshotReason.FORMAT, "manifest.json") from error
        return manifest


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot that was checked byte by byte; its tables are read only."""

    manifest: Manifest
    indexes: Mapping[str, VectorIndex]
    tables: Mapping[str, Table]


def save_snapshot(
    directory: Path,
    origin: Origin,
    upto_seq: int,
    created_at: datetime,
    indexes: Mapping[str, VectorIndex],
    tables: Mapping[str, Table] | None = None,
) -> Manifest:
    """Save a snapshot and put it in use in the place of the previous one, which is then deleted.

    Args:
        directory: holds the snapshots; made when it is not there, readable by its owner only.
        origin: what the snapshot is made from.
        upto_seq: every change up to this one is in the indexes. Read it before the first index is saved: a change
            that slips in between is then applied twice, and not lost.
        created_at: now, with a time zone.
        indexes: by name (a lower-case word), each of a kind in this package.
        tables: by name, arrays of at least one dimension, of plain numbers or fixed-width text.
    Raises:
        SnapshotRefused: an argument breaks a rule; nothing was written.
        SnapshotBusy: another process is saving here.
        OSError: the snapshot could not be written (disk full): the previous one stays in use; or, with the new one in
            use already, the previous one could not be deleted: the next save tries again.
    """
    tables = tables or {}
    _refuse_arguments(origin, upto_seq, created_at, indexes, tables)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _only_writer(directory):
        # What a crashed save left behind takes the very space that this one needs.
        sync_directory(directory)
        _sweep(directory)
        number = 1 + max((int(found[1]) for found in map(_FOLDER.fullmatch, os.listdir(directory)) if found), default=0)
        writing, ready = directory / f"writing-{number:06d}", directory / f"snapshot-{number:06d}"
        try:
            writing.mkdir(mode=0o700)
            manifest = _write_files(writing, origin, upto_seq, created_at, indexes, tables)
            digest = hashlib.sha256(manifest.to_json().encode()).hexdigest()
            os.rename(writing, ready)
        except BaseException:
            # Gives the space back at once; what cannot be removed now is swept by the next save.
            with suppress(OSError):
                shutil.rmtree(writing)
            raise
        sync_directory(directory)
        current = f"{ready.name} {digest}\n".encode()
        replace_file(directory / "CURRENT", lambda sink: sink.write(current))
        _sweep(directory)
    return manifest


def load_snapshot(directory: Path, expect: Origin, *, mmap: bool = False, mmap_tables: bool = False) -> Snapshot:
    """Load the snapshot in use, after checking every byte of it.

    Args:
        directory: as in `save_snapshot`; a save may run at the same time.
        expect: what the snapshot must have been made from.
        mmap: leave vectors and tables on disk, shared between processes; the indexes are then read only.
        mmap_tables: leave the tables there, in any case.
    Raises:
        SnapshotUnusable: with the reason; the database is the truth, so rebuild.
        OSError: the directory cannot be read, which rebuilding would not mend.
    """
    while True:
        current = _read_current(directory)
        try:
            return _load(directory / current[0], current[1], expect, mmap=mmap, mmap_tables=mmap or mmap_tables)
        except SnapshotUnusable as error:
            # A save may have switched and deleted the one being read; then there is a newer one to load.
            if error.reason is not SnapshotReason.MISSING or _read_current(directory) == current:
                raise


def _refuse_arguments(
    origin: Origin,
    upto_seq: int,
    created_at: datetime,
    indexes: Mapping[str, VectorIndex],
    tables: Mapping[str, Table],
) -> None:
    for field, value in asdict(origin).items():
        if not value:
            raise SnapshotRefused(field, "must not be empty: it tells one database or model from another")
    if upto_seq < 0:
        raise SnapshotRefused("upto_seq", "must not be negative")
    if created_at.tzinfo is None:
        raise SnapshotRefused("created_at", "needs a time zone")
    for name in (*indexes, *tables):
        if not _NAME.fullmatch(name):
            raise SnapshotRefused("name", "must be a lower-case word of a-z, 0-9 and _")
    if indexes.keys() & tables.keys():
        raise SnapshotRefused("name", "an index and a table must not share one")
    for name, index in indexes.items():
        if index.kind not in _INDEX_KINDS:
            raise SnapshotRefused(name, "is of a kind that no reader knows")
    for name, table in tables.items():
        if table.ndim < 1 or table.dtype.hasobject:
            raise SnapshotRefused(name, "must be an array of at least one dimension, without Python objects")


def _write_files(
    folder: Path,
    origin: Origin,
    upto_seq: int,
    created_at: datetime,
    indexes: Mapping[str, VectorIndex],
    tables: Mapping[str, Table],
) -> Manifest:
    entries = []
    for name, index in indexes.items():
        path = folder / f"{name}.{index.kind}"
        # The index says how many rows it wrote: by now it may hold more.
        rows = index.save(path)
        entries.append(FileEntry(name, index.kind, path.stat().st_size, _sha256(path), rows, index.width))
    for name, table in tables.items():
        path = folder / f"{name}.{_TABLE}"
        _write_table(path, table)
        entries.append(FileEntry(name, _TABLE, path.stat().st_size, _sha256(path), len(table), _width(table)))
    manifest = Manifest(FORMAT, origin, upto_seq, created_at.astimezone(UTC), tuple(entries))
    text = manifest.to_json().encode()
    replace_file(folder / "manifest.json", lambda sink: sink.write(text))
    return manifest


def _load(folder: Path, digest: str, expect: Origin, *, mmap: bool, mmap_tables: bool) -> Snapshot:
    with _absence_is_a_reason("manifest.json"):
        text = (folder / "manifest.json").read_bytes()
    if hashlib.sha256(text).hexdigest() != digest:
        raise SnapshotUnusable(SnapshotReason.CHECKSUM, "manifest.json")
    manifest = Manifest.from_json(text)
    if manifest.origin.database_id != expect.database_id:
        raise SnapshotUnusable(SnapshotReason.FOREIGN, "made from another database")
    if manifest.origin != expect:
        raise SnapshotUnusable(SnapshotReason.OTHER_MODEL, "made with another encoder or pipeline version")
    # All files before any is parsed: readers of the formats trust their input.
    for entry in manifest.files:
        _check_bytes(folder / entry.file, entry)
    indexes: dict[str, VectorIndex] = {}
    tables: dict[str, Table] = {}
    for entry in manifest.files:
        with _absence_is_a_reason(entry.file):
            try:
                if entry.kind == _TABLE:
                    table = tables[entry.name] = _read_table(folder / entry.file, mmap=mmap_tables)
                    shape = len(table), _width(table)
                else:
                    index = _INDEX_KINDS[entry.kind].load(folder / entry.file, mmap=mmap)
                    indexes[entry.name] = index
                    shape = len(index), index.width
            except (IndexFileUnusable, ValueError) as error:
                raise SnapshotUnusable(SnapshotReason.FORMAT, entry.file) from error
        if shape != (entry.rows, entry.width):
            raise SnapshotUnusable(SnapshotReason.FORMAT, entry.file)
    return Snapshot(manifest, indexes, tables)


def _check_bytes(path: Path, entry: FileEntry) -> None:
    """Refuse a file that is not, byte for byte, the one that was written."""
    with _absence_is_a_reason(entry.file):
        if path.stat().st_size < entry.bytes:
            raise SnapshotUnusable(SnapshotReason.TRUNCATED, entry.file)
        if _sha256(path) != entry.sha256:
            raise SnapshotUnusable(SnapshotReason.CHECKSUM, entry.file)


def _read_current(directory: Path) -> tuple[str, str]:
    """Return the folder in use and the checksum of its manifest."""
    with _absence_is_a_reason("CURRENT"):
        found = _CURRENT.fullmatch((directory / "CURRENT").read_bytes())
    if not found:
        raise SnapshotUnusable(SnapshotReason.FORMAT, "CURRENT")
    return found[1].decode(), found[2].decode()


def _sweep(directory: Path) -> None:
    """Delete every snapshot but the one in use, and what crashed saves left; the caller holds the lock."""
    try:
        in_use = _read_current(directory)[0]
    except SnapshotUnusable:
        in_use = ""  # nothing here can be loaded, so nothing here is worth its space
    for path in list(directory.iterdir()):
        if _FOLDER.fullmatch(path.name) and path.name != in_use:
            shutil.rmtree(path)
        elif _LEFT_OVER.fullmatch(path.name):
            path.unlink()


@contextmanager
def _only_writer(directory: Path) -> Iterator[None]:
    """Hold the directory's lock, which the system frees when its holder dies."""
    descriptor = os.open(directory / "LOCK", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SnapshotBusy from None
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _absence_is_a_reason(file: str) -> Iterator[None]:
    """Turn a missing file into the reason MISSING."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SnapshotUnusable(SnapshotReason.MISSING, file) from error


def _write_table(path: Path, table: Table) -> None:
    replace_file(path, lambda sink: write_array(sink, table))


def _read_table(path: Path, *, mmap: bool) -> Table:
    table: Table
    if mmap:
        # A plain array on the same bytes: every look into a `memmap` makes another one.
        table = np.asarray(np.lib.format.open_memmap(path, mode="r"))
    else:
        with path.open("rb") as file:
            table = np.lib.format.read_array(file, allow_pickle=False)
        # As when mapped: one snapshot is shared by threads that must not change it under each other.
        table.flags.writeable = False
    return table


def _width(table: Table) -> int:
    return int(table.shape[1]) if table.ndim > 1 else 1


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
