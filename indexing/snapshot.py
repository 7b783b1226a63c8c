"""Is there a saved index that fits this database, and is it whole?

    directory/
      CURRENT               "snapshot-000007 <sha256 of its manifest.json>", sealed: " <key id> <proof>"
      LOCK                  held by the one process that saves
      snapshot-000007/      manifest.json, missing_photos.faiss, s0_names_tokens.table, ...

A snapshot is written into a folder of its own and forced to disk; then one rename of CURRENT puts it in use, so a crash
at any instruction leaves the old snapshot or the new one. Every byte is covered: CURRENT holds the checksum of the
manifest, the manifest those of the files. A snapshot is a cache of the database: whatever is wrong with it, it is
refused with a reason and rebuilt, never repaired.

With a seal nothing of a record can be read: every file but the manifest and CURRENT is sealed under a name of this one
snapshot, which the manifest holds, and CURRENT ends with the key's id and the key's proof of the line.
Source: docs/decisions/0019-sealed-snapshots.md
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from indexing.durable import Sink, replace_file, sync_directory, write_array
from indexing.errors import SnapshotBusy, SnapshotReason, SnapshotRefused, SnapshotUnusable
from indexing.sealing import FileSeal
from indexing.snapshot_files import (
    INDEX_KINDS,
    TABLE,
    Sealed,
    Table,
    absence_is_a_reason,
    check_bytes,
    read_index,
    read_table,
    sha256,
    write_file,
)
from indexing.snapshot_manifest import CURRENT, FORMAT, NAME, Current, FileEntry, Manifest, Origin
from indexing.vectors import VectorIndex

_FOLDER: Final = re.compile(r"(?:snapshot|writing)-([0-9]{6,})")
_LEFT_OVER: Final = re.compile(r"\.CURRENT\..*\.new")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot that was checked byte by byte; its tables are read only."""

    manifest: Manifest
    indexes: dict[str, VectorIndex]
    tables: dict[str, Table]


def save_snapshot(
    directory: Path,
    origin: Origin,
    upto_seq: int,
    created_at: datetime,
    indexes: Mapping[str, VectorIndex],
    tables: Mapping[str, Table] | None = None,
    *,
    seal: FileSeal | None = None,
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
        seal: what files are sealed by; None writes what anybody may read who may read the directory.
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
            sealed = None if seal is None else Sealed(seal, seal.fresh_id())
            manifest = _write_files(writing, origin, upto_seq, created_at, indexes, tables, sealed)
            digest = hashlib.sha256(manifest.to_json().encode()).hexdigest()
            os.rename(writing, ready)
        except BaseException:
            # Gives the space back at once; what cannot be removed now is swept by the next save.
            with suppress(OSError):
                shutil.rmtree(writing)
            raise
        sync_directory(directory)
        current = Current.of(ready.name, digest, seal).to_bytes()
        replace_file(directory / CURRENT, lambda sink: sink.write(current))
        _sweep(directory)
    return manifest


def load_snapshot(
    directory: Path, expect: Origin, *, mmap: bool = False, mmap_tables: bool = False, seal: FileSeal | None = None
) -> Snapshot:
    """Load the snapshot in use, after checking every byte of it.

    Args:
        directory: as in `save_snapshot`; a save may run at the same time.
        expect: what the snapshot must have been made from.
        mmap: leave vectors and tables on disk, shared between processes; the indexes are then read only.
        mmap_tables: leave the tables there, in any case.
        seal: what the files were sealed by; they are then held in memory, whatever `mmap` and `mmap_tables` say.
    Raises:
        SnapshotUnusable: with the reason; the database is the truth, so rebuild.
        OSError: the directory cannot be read, which rebuilding would not mend.
    """
    while True:
        current = Current.read(directory)
        try:
            current.check(seal)
            return _load(
                directory / current.folder, current.digest, expect, seal, mmap=mmap, tables=mmap or mmap_tables
            )
        except SnapshotUnusable as error:
            # A save may have switched and deleted the one being read; then there is a newer one to load.
            if error.reason is not SnapshotReason.MISSING or Current.read(directory) == current:
                raise


def discard_unsealed(directory: Path) -> bool:
    """Delete the snapshots of a directory unless they are sealed; tell whether there were any.

    Whoever has mapped one goes on with it.

    Raises:
        SnapshotBusy: another process is saving here.
        OSError: they could not be deleted.
    """

    def readable() -> bool:
        with suppress(SnapshotUnusable):
            return Current.read(directory).key_id is None
        return directory.is_dir() and any(map(_FOLDER.fullmatch, os.listdir(directory)))

    # Looked at before the lock is taken: who saves meanwhile would find it held, and not save.
    if not readable():
        return False
    with _only_writer(directory):
        if found := readable():
            (directory / CURRENT).unlink(missing_ok=True)
            sync_directory(directory)
            _sweep(directory)
        return found


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
        if not NAME.fullmatch(name):
            raise SnapshotRefused("name", "must be a lower-case word of a-z, 0-9 and _")
    if indexes.keys() & tables.keys():
        raise SnapshotRefused("name", "an index and a table must not share one")
    for name, index in indexes.items():
        if index.kind not in INDEX_KINDS:
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
    sealed: Sealed | None,
) -> Manifest:
    entries = []

    def written(name: str, kind: str, width: int, write: Callable[[Sink], int]) -> FileEntry:
        path = folder / f"{name}.{kind}"
        rows = write_file(path, write, sealed)
        # A checksum of what is sealed would let a guess of it be tried.
        return FileEntry(name, kind, path.stat().st_size, "" if sealed else sha256(path), rows, width)

    for name, index in indexes.items():
        # The index says how many rows it wrote: by now it may hold more.
        entries.append(written(name, index.kind, index.width, index.write))
    for name, table in tables.items():
        entries.append(written(name, TABLE, _width(table), partial(_write_table, table)))
    sealed_as = sealed.snapshot if sealed else ""
    manifest = Manifest(FORMAT, origin, upto_seq, created_at.astimezone(UTC), tuple(entries), sealed_as)
    text = manifest.to_json().encode()
    replace_file(folder / "manifest.json", lambda sink: sink.write(text))
    return manifest


def _load(folder: Path, digest: str, expect: Origin, seal: FileSeal | None, *, mmap: bool, tables: bool) -> Snapshot:
    with absence_is_a_reason("manifest.json"):
        text = (folder / "manifest.json").read_bytes()
    if hashlib.sha256(text).hexdigest() != digest:
        raise SnapshotUnusable(SnapshotReason.CHECKSUM, "manifest.json")
    manifest = Manifest.from_json(text)
    if manifest.origin.database_id != expect.database_id:
        raise SnapshotUnusable(SnapshotReason.FOREIGN, "made from another database")
    if manifest.origin != expect:
        raise SnapshotUnusable(SnapshotReason.OTHER_MODEL, "made with another encoder or pipeline version")
    sealed = None if seal is None else Sealed(seal, manifest.sealed_as)
    if sealed is None:
        # All files before any is parsed: readers of the formats trust their input. A seal is proved as it is opened.
        for entry in manifest.files:
            check_bytes(folder / entry.file, entry.bytes, entry.sha256)
    loaded = Snapshot(manifest, {}, {})
    for entry in manifest.files:
        path = folder / entry.file
        if entry.kind == TABLE:
            table = loaded.tables[entry.name] = read_table(path, entry.bytes, sealed, mmap=tables)
            shape = len(table), _width(table)
        else:
            index = loaded.indexes[entry.name] = read_index(path, entry.kind, entry.bytes, sealed, mmap=mmap)
            shape = len(index), index.width
        if shape != (entry.rows, entry.width):
            raise SnapshotUnusable(SnapshotReason.FORMAT, entry.file)
    return loaded


def _sweep(directory: Path) -> None:
    """Delete every snapshot but the one in use, and what crashed saves left; the caller holds the lock."""
    try:
        in_use = Current.read(directory).folder
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


def _write_table(table: Table, sink: Sink) -> int:
    write_array(sink, table)
    return len(table)


def _width(table: Table) -> int:
    return int(table.shape[1]) if table.ndim > 1 else 1
