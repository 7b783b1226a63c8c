"""How is an index kept on disk? As one snapshot: the vectors of photos, and the arrays of every segment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from indexing.errors import DuplicateId, SnapshotReason, SnapshotUnusable
from indexing.faiss_index import FaissIndex
from indexing.match_index import MatchIndex
from indexing.photo_rows import PhotoRows
from indexing.sealing import FileSeal
from indexing.segment import Segment
from indexing.snapshot import load_snapshot, save_snapshot
from indexing.snapshot_files import Table
from indexing.snapshot_manifest import Origin
from indexing.vectors import VectorIndex
from matcher.person import Side

LAYOUT: Final = "segments-2"
"""Goes into an origin's `pipeline`: a snapshot of another layout is not read."""
_SEGMENT_TABLE: Final = re.compile(r"s(\d+)_(.+)")


def save_index(
    directory: Path, origin: Origin, index: MatchIndex, created_at: datetime, *, seal: FileSeal | None = None
) -> None:
    """Make the index compact and save it; see `save_snapshot`, whose errors these are."""
    with index.steady():
        index.compact()
        indexes: dict[str, FaissIndex] = {}
        tables: dict[str, Table] = {}
        for side, photos in index.photos.items():
            indexes[f"{side}_photos"] = photos.index
            tables[f"{side}_photo_owners"] = _pack([[row, owner] for row, owner in photos.owner.items()])
        for number, segment in enumerate(index.segments):
            tables |= {f"s{number}_{name}": table for name, table in segment.tables().items()}
        save_snapshot(directory, origin, index.upto_seq, created_at, indexes, tables, seal=seal)


def load_index(directory: Path, expect: Origin, empty: MatchIndex, *, seal: FileSeal | None = None) -> MatchIndex:
    """Fill an empty index with the snapshot in use.

    Its segments stay on disk, shared between processes; of a sealed one they are in the memory of this process alone.

    Raises:
        SnapshotUnusable, OSError: as `load_snapshot`.
    """
    snapshot = load_snapshot(directory, expect, mmap_tables=True, seal=seal)
    try:
        for side in Side:
            empty.photos[side] = _photos(snapshot.indexes[f"{side}_photos"], snapshot.tables[f"{side}_photo_owners"])
        for part in _segments(snapshot.tables):
            empty.add(Segment.of(part))
    except KeyError as error:
        raise SnapshotUnusable(SnapshotReason.FORMAT, "a table is missing") from error
    except DuplicateId as error:
        raise SnapshotUnusable(SnapshotReason.FORMAT, "a record is there twice") from error
    empty.upto_seq = snapshot.manifest.upto_seq
    return empty


def _segments(tables: Mapping[str, Table]) -> list[dict[str, Table]]:
    parts: dict[int, dict[str, Table]] = {}
    for name, table in tables.items():
        if found := _SEGMENT_TABLE.fullmatch(name):
            parts.setdefault(int(found[1]), {})[found[2]] = table
    return [parts[number] for number in sorted(parts)]


def _photos(index: VectorIndex, owners: Table) -> PhotoRows:
    if not isinstance(index, FaissIndex):
        raise SnapshotUnusable(SnapshotReason.FORMAT, "another kind of index")
    photos = PhotoRows(index)
    for row, owner in _unpack(owners):
        photos.owner[row] = owner
        photos.rows.setdefault(owner, []).append(row)
        photos.next_row = max(photos.next_row, row + 1)
    return photos


def _pack(rows: list[list[Any]]) -> Table:
    return np.frombuffer(json.dumps(rows, ensure_ascii=False).encode(), dtype=np.uint8)


def _unpack(table: Table) -> list[list[Any]]:
    rows: list[list[Any]] = json.loads(np.asarray(table).tobytes())
    return rows
