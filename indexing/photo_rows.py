"""Whose photos look most like these? A vector index whose rows belong to records: several rows may be one record's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from indexing.errors import BadVector
from indexing.faiss_index import FaissIndex
from indexing.vectors import NO_ID, checked_vectors
from matcher.errors import DimensionMismatch
from matcher.person import FaceEmbedding, PersonRecord

Vectors = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]


@dataclass(slots=True)
class PhotoRows:
    """Faces and whose they are."""

    index: FaissIndex
    owner: dict[int, str] = field(default_factory=dict)
    rows: dict[str, list[int]] = field(default_factory=dict)
    next_row: int = 1

    def add(self, owners: Sequence[str], vectors: Vectors) -> None:
        """Add one row for each owner given, in order."""
        if not len(owners):
            return
        ids = np.arange(self.next_row, self.next_row + len(owners), dtype=np.int64)
        self.index.add(ids, np.ascontiguousarray(vectors, dtype=np.float32))
        self.next_row += len(owners)
        for row, owner in zip(ids.tolist(), owners, strict=True):
            self.owner[row] = owner
            self.rows.setdefault(owner, []).append(row)

    def remove(self, owners: Iterable[str]) -> None:
        """Remove every row of the owners given; unknown owners are passed over."""
        gone = [row for owner in owners for row in self.rows.pop(owner, ())]
        if gone:
            self.index.remove(np.array(gone, dtype=np.int64))
            for row in gone:
                del self.owner[row]

    def nearest(self, queries: Vectors, k: int, allowed: Ids | None = None) -> list[list[str]]:
        """Return, for each query, the owners of its k nearest rows, best first; zero queries find nobody.

        Args:
            queries: shape (q, d), unit norm or zero.
            k: at least 1.
            allowed: row ids that may be found; None for all.
        """
        found: list[list[str]] = [[] for _ in queries]
        live = np.flatnonzero(np.linalg.norm(queries, axis=1) > 0)
        if len(live) and len(self.index):
            scores, ids = self.index.search(np.ascontiguousarray(queries[live]), k, allowed)
            ids = np.where(scores > 0, ids, NO_ID)  # nothing in common is no reason to compare
            for number, row in zip(live.tolist(), ids.tolist(), strict=True):
                found[number] = [self.owner[i] for i in row if i in self.owner]
        return found

    def rows_of(self, owners: Iterable[str]) -> Ids:
        """Return the row ids of the owners, sorted."""
        return np.array(sorted(row for owner in owners for row in self.rows.get(owner, ())), dtype=np.int64)


def with_usable_faces(records: Sequence[PersonRecord], model: str, width: int) -> tuple[list[PersonRecord], int]:
    """Return the records without faces of a model that cannot be used, and how many faces these are.

    One photo that went wrong must not keep its child, and all who come after, from being searched.
    """
    left_out, kept = 0, []
    for record in records:
        good = tuple(face for face in record.faces if face.model != model or _is_usable(face, width))
        left_out += len(record.faces) - len(good)
        kept.append(record if len(good) == len(record.faces) else replace(record, faces=good))
    return kept, left_out


def _is_usable(face: FaceEmbedding, width: int) -> bool:
    if len(face.vector) != width:
        return False
    try:
        checked_vectors(np.asarray(face.vector, dtype=np.float32).reshape(1, -1), width)
    except BadVector:
        return False
    return True


def faces_of(record: PersonRecord, model: str, width: int) -> Vectors:
    """Return a record's faces of one model, shape (f, width), float32, unit norm or zero.

    Raises:
        BadVector, DimensionMismatch: one is not finite, or not of this width.
    """
    vectors = [face.vector for face in record.faces if face.model == model]
    if not vectors:
        return np.zeros((0, width), dtype=np.float32)
    for vector in vectors:
        if len(vector) != width:
            raise DimensionMismatch(width, len(vector))
    rows = checked_vectors(np.array(vectors, dtype=np.float32).reshape(-1, width), width)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    units: Vectors = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
    return units
