"""Which stored vectors point most nearly the same way as this one?

`VectorIndex` is what every index promises; `ExactIndex` keeps the promise in plain numpy and is the oracle that the
others are tested against. All of them answer alike to the last bit: a score is the float64 sum of the products,
rounded once to float32, and equal scores are ordered by the lower id. Matrix multiplication (BLAS) cannot promise
that, because the last bits of its result depend on where in the matrix a row stands.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import ClassVar, Final, Protocol, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from indexing.durable import Sink, array_in, replace_file, write_array
from indexing.errors import BadId, BadSearch, BadVector, DuplicateId, IndexFileUnusable, ReadOnlyIndex, UnknownId
from matcher.errors import DimensionMismatch

Vectors: TypeAlias = npt.NDArray[np.float32]
Ids: TypeAlias = npt.NDArray[np.int64]

NO_ID: Final = -1
"""Stands in `ids` where a search found fewer than k rows; its score is -inf."""

LARGEST_NORM: Final = 1e15
"""Longest vector that is accepted; the product of two stays far inside float32."""

_BLOCK_ROWS: Final = 4096  # 4 MB of float64 at width 128: stays in the cache of one core


class VectorIndex(Protocol):
    """A set of (id, vector) rows that finds the largest inner products.

    Safe to share between threads: searches run side by side, changes run alone.
    """

    kind: ClassVar[str]
    """Names the file format in a snapshot's manifest."""

    @property
    def width(self) -> int:
        """Length d of every vector."""

    @property
    def read_only(self) -> bool:
        """True when mapped from a file: `add` and `remove` raise `ReadOnlyIndex`."""

    def __len__(self) -> int:
        """Return the number of rows."""

    def ids(self) -> Ids:
        """Return all ids, shape (n,), int64, ascending."""

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add rows, all or none.

        Args:
            ids: shape (n,), int64, not negative, unique.
            vectors: shape (n, d), float32, finite, norm at most `LARGEST_NORM`.
        Raises:
            BadId, BadVector, DimensionMismatch, DuplicateId, ReadOnlyIndex.
        """

    def remove(self, ids: Ids) -> int:
        """Remove rows and return how many were there; unknown ids are ignored.

        Raises:
            BadId, ReadOnlyIndex.
        """

    def search(self, queries: Vectors, k: int, allowed: Ids | None = None) -> tuple[Vectors, Ids]:
        """Return the k rows with the largest inner product for each query.

        Args:
            queries: shape (q, d), float32, finite, norm at most `LARGEST_NORM`.
            k: results per query, at least 1.
            allowed: shape (m,), int64: only these ids may be found; None is all, empty is none.
        Returns:
            Scores, shape (q, k), float32, best first, and ids, shape (q, k), int64. Equal scores are ordered by
            the lower id; missing results are -inf and `NO_ID`.
        Raises:
            BadId, BadSearch, BadVector, DimensionMismatch.
        """

    def reconstruct(self, ids: Ids) -> Vectors:
        """Return the stored vectors, shape (n, d), float32, in the order of `ids`.

        Raises:
            BadId, UnknownId.
        """

    def save(self, path: Path) -> int:
        """Write all rows to a file that replaces `path` at once or not at all; return how many rows.

        Raises:
            OSError: it could not be written; what was at `path` is untouched.
        """

    def write(self, sink: Sink) -> int:
        """Write what `save` writes into a file that is open; return how many rows."""

    @classmethod
    def load(cls, path: Path, *, mmap: bool = False) -> Self:
        """Read a saved index; `mmap` leaves the vectors on disk, shared between processes and read only.

        Raises:
            OSError: the file cannot be read.
            IndexFileUnusable: the file is not a whole index of this kind.
        """

    @classmethod
    def parse(cls, data: memoryview, name: str) -> Self:
        """Return the index whose `write` gave these bytes; nothing of them is kept.

        Args:
            data: all that was written.
            name: what the error calls them.
        Raises:
            IndexFileUnusable: they are not a whole index of this kind.
        """


class ExactIndex:
    """The oracle: every row is scored, in numpy, with nothing to tune.

    A reader works on the rows as they were when it began (each change makes new arrays), so only writers lock.
    """

    kind: ClassVar[str] = "exact"

    def __init__(self, width: int) -> None:
        """Make an empty index for vectors of this width, at least 1."""
        if width < 1:
            raise BadVector(f"width must be at least 1, found {width}")
        self._width = width
        self._read_only = False
        self._writing = threading.Lock()
        self._rows: tuple[Ids, Vectors] = (np.empty(0, np.int64), np.empty((0, width), np.float32))

    @property
    def width(self) -> int:
        """Length d of every vector."""
        return self._width

    @property
    def read_only(self) -> bool:
        """True when mapped from a file."""
        return self._read_only

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows[0])

    def ids(self) -> Ids:
        """Return all ids, shape (n,), int64, ascending."""
        return self._rows[0].copy()

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add rows, all or none; see `VectorIndex.add`."""
        ids, vectors = checked_rows(ids, vectors, self._width)
        with self._writing:
            if self._read_only:
                raise ReadOnlyIndex
            held, rows = self._rows
            refuse_held(ids, held)
            merged = np.concatenate([held, ids])
            order = np.argsort(merged)
            self._rows = merged[order], np.concatenate([rows, vectors])[order]

    def remove(self, ids: Ids) -> int:
        """Remove rows and return how many were there; see `VectorIndex.remove`."""
        ids = checked_ids(ids)
        with self._writing:
            if self._read_only:
                raise ReadOnlyIndex
            held, rows = self._rows
            keep = ~np.isin(held, ids)
            self._rows = held[keep], rows[keep]
            return int(len(held) - np.count_nonzero(keep))

    def search(self, queries: Vectors, k: int, allowed: Ids | None = None) -> tuple[Vectors, Ids]:
        """Return the k rows with the largest inner product for each query; see `VectorIndex.search`."""
        queries = checked_vectors(queries, self._width)
        scores, found = no_results(len(queries), k)
        held, rows = self._rows
        if allowed is not None:
            keep = np.isin(held, checked_ids(allowed))
            held, rows = held[keep], rows[keep]
        for row, query in enumerate(queries):
            place_best(scores[row], found[row], inner_products(query, rows), held)
        return scores, found

    def reconstruct(self, ids: Ids) -> Vectors:
        """Return the stored vectors in the order of `ids`; see `VectorIndex.reconstruct`."""
        ids = checked_ids(ids)
        held, rows = self._rows
        refuse_unknown(ids, held)
        return np.array(rows[np.searchsorted(held, ids)])

    def save(self, path: Path) -> int:
        """Write one .npy table of (id, vector) rows, ascending by id; see `VectorIndex.save`."""
        return replace_file(path, self.write)

    def write(self, sink: Sink) -> int:
        """Write what `save` writes; see `VectorIndex.write`."""
        held, rows = self._rows
        table = np.empty(len(held), dtype=_row_type(self._width))
        table["id"], table["vector"] = held, rows
        write_array(sink, table)
        return len(held)

    @classmethod
    def load(cls, path: Path, *, mmap: bool = False) -> Self:
        """Read a saved index; see `VectorIndex.load`."""
        try:
            if mmap:
                table: npt.NDArray[np.void] = np.lib.format.open_memmap(path, mode="r")
            else:
                with path.open("rb") as file:
                    table = np.lib.format.read_array(file, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise IndexFileUnusable(path.name, "not a whole .npy table") from error
        return cls._of(table, path.name, mmap=mmap)

    @classmethod
    def parse(cls, data: memoryview, name: str) -> Self:
        """Return what `write` wrote; see `VectorIndex.parse`."""
        try:
            table = array_in(data)
        except ValueError as error:
            raise IndexFileUnusable(name, "not a whole .npy table") from error
        return cls._of(table, name, mmap=False)

    @classmethod
    def _of(cls, table: npt.NDArray[np.void], name: str, *, mmap: bool) -> Self:
        if table.ndim != 1 or not table.dtype.names or "vector" not in table.dtype.names:
            raise IndexFileUnusable(name, "not a table of (id, vector) rows")
        shape = table.dtype["vector"].shape
        if len(shape) != 1 or shape[0] < 1 or table.dtype != _row_type(shape[0]):
            raise IndexFileUnusable(name, "not a table of (id, vector) rows")
        index = cls(shape[0])
        # The ids are needed in memory by every search; only the vectors may stay on disk.
        held = np.array(table["id"], dtype=np.int64)
        if (held[:1] < 0).any() or (np.diff(held) <= 0).any():
            raise IndexFileUnusable(name, "ids must be ascending and unique")
        index._rows = held, (table["vector"] if mmap else np.array(table["vector"], dtype=np.float32))
        index._read_only = mmap
        return index


def _row_type(width: int) -> np.dtype[np.void]:
    return np.dtype([("id", "<i8"), ("vector", "<f4", (width,))])


def inner_products(query: Vectors, rows: Vectors) -> Vectors:
    """Return the inner product of one query with each row, the same wherever the row stands.

    Args:
        query: shape (d,), float32.
        rows: shape (n, d), float32.
    Returns:
        Shape (n,), float32: the float64 sum of the (exact) products, rounded once.
    """
    scores = np.empty(len(rows), np.float32)
    wide = query.astype(np.float64)
    for start in range(0, len(rows), _BLOCK_ROWS):
        block = rows[start : start + _BLOCK_ROWS]
        # A contiguous float64 block: numpy then adds up each row by itself, in one fixed order.
        products = np.multiply(block, wide, order="C", dtype=np.float64)
        scores[start : start + len(block)] = products.sum(axis=1)
    return scores


def place_best(scores: Vectors, found: Ids, candidate_scores: Vectors, candidate_ids: Ids) -> None:
    """Fill one query's results, shapes (k,), with the best of its candidates, shapes (n,).

    Best first, equal scores by the lower id; places beyond the candidates keep what they hold.
    """
    k, count = len(scores), len(candidate_ids)
    if count > k:
        # Only rows at or above the k-th score can be results; sorting the rest would be most of the work.
        keep = candidate_scores >= np.partition(candidate_scores, count - k)[count - k]
        candidate_scores, candidate_ids = candidate_scores[keep], candidate_ids[keep]
    order = np.lexsort((candidate_ids, -candidate_scores))[:k]
    scores[: len(order)] = candidate_scores[order]
    found[: len(order)] = candidate_ids[order]


def no_results(queries: int, k: int) -> tuple[Vectors, Ids]:
    """Return result arrays of shape (queries, k), filled with -inf and `NO_ID`.

    Raises:
        BadSearch: k is below 1.
    """
    if k < 1:
        raise BadSearch(f"k must be at least 1, found {k}")
    return np.full((queries, k), -np.inf, np.float32), np.full((queries, k), NO_ID, np.int64)


def checked_ids(ids: Ids) -> Ids:
    """Return ids, shape (n,), contiguous.

    Raises:
        BadId: not one-dimensional int64, or negative (`NO_ID` is taken).
    """
    if not isinstance(ids, np.ndarray) or ids.dtype != np.int64 or ids.ndim != 1:
        raise BadId("ids must be a one-dimensional int64 array")
    if (ids < 0).any():
        raise BadId("ids must not be negative")
    return np.ascontiguousarray(ids)


def checked_vectors(vectors: Vectors, width: int) -> Vectors:
    """Return vectors, shape (n, width), contiguous.

    Raises:
        BadVector: not two-dimensional float32, not finite, or longer than `LARGEST_NORM`.
        DimensionMismatch: not of this width.
    """
    if not isinstance(vectors, np.ndarray) or vectors.ndim != 2:
        raise BadVector("vectors must be a two-dimensional array, one row each")
    if vectors.dtype != np.float32:
        # A silent cast would hide that a caller computes and stores twice what the index keeps.
        raise BadVector(f"vectors must be float32, found {vectors.dtype}; cast them where they are made")
    if vectors.shape[1] != width:
        raise DimensionMismatch(width, vectors.shape[1])
    lengths = norms(vectors)
    # In float64 no sum of float32 squares overflows, so a norm is finite exactly when its vector is.
    bad = np.count_nonzero(~np.isfinite(lengths))
    if bad:
        raise BadVector(f"{bad} vector(s) hold NaN or infinity")
    if (lengths > LARGEST_NORM).any():
        raise BadVector(f"vectors must not be longer than {LARGEST_NORM:g}")
    return np.ascontiguousarray(vectors)


def checked_rows(ids: Ids, vectors: Vectors, width: int) -> tuple[Ids, Vectors]:
    """Return ids, shape (n,), unique, and vectors, shape (n, width), fit to be added."""
    ids, vectors = checked_ids(ids), checked_vectors(vectors, width)
    if len(ids) != len(vectors):
        raise BadId(f"{len(ids)} id(s) for {len(vectors)} vector(s)")
    repeated = len(ids) - len(np.unique(ids))
    if repeated:
        raise DuplicateId(repeated, "in one call")
    return ids, vectors


def norms(vectors: Vectors) -> npt.NDArray[np.float64]:
    """Return the Euclidean length of each row of (n, d), shape (n,), without a float64 copy of the rows."""
    squares: npt.NDArray[np.float64] = np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64)
    return np.sqrt(squares)


def refuse_held(ids: Ids, held: Ids) -> None:
    """Raise `DuplicateId` when any id is among `held` (ascending)."""
    count = int(np.count_nonzero(among(ids, held)))
    if count:
        raise DuplicateId(count, "already in the index")


def refuse_unknown(ids: Ids, held: Ids) -> None:
    """Raise `UnknownId` when any id is not among `held` (ascending)."""
    count = int(np.count_nonzero(~among(ids, held)))
    if count:
        raise UnknownId(count)


def among(ids: Ids, held: Ids) -> npt.NDArray[np.bool_]:
    """Return for each id, shape (n,), whether it is in `held`, shape (m,), ascending; O(n log m)."""
    if not len(held):
        return np.zeros(len(ids), np.bool_)
    places = np.minimum(np.searchsorted(held, ids), len(held) - 1)
    found: npt.NDArray[np.bool_] = held[places] == ids
    return found
