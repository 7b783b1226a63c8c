"""Which stored vectors are nearest, among hundreds of thousands?

`FaissIndex` is `IndexIDMap2` over `IndexFlatIP`: every vector is scanned, so nothing is missed. Not HNSW: a graph
cannot remove a vector, and erasing a child's data is a duty; nor does it recall well among duplicate names.

faiss sums in float32 in an order of its own, so two equal vectors may score a bit apart, and which of several ties it
returns depends on their place. A search therefore asks faiss for a few rows more than wanted, scores those as the
oracle does, and, where a row left out could still tie, collects every row within the rounding error of the k-th.
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import faiss as _faiss
import numpy as np

from indexing.durable import Sink, replace_file
from indexing.errors import BadVector, IndexFileUnusable, ReadOnlyIndex
from indexing.vectors import (
    Ids,
    Vectors,
    among,
    checked_ids,
    checked_rows,
    checked_vectors,
    inner_products,
    no_results,
    norms,
    place_best,
    refuse_held,
    refuse_unknown,
)

faiss: Any = _faiss  # its stubs lack PyCallbackIOWriter and the arguments of SearchParameters

_SPARE: Final = 16  # rows asked for beyond k; most ties at the cut are settled by them without a second scan
_BLOCK_ROWS: Final = 65536
_END: Final = struct.Struct("<8sqqq")  # mark, bytes before it, rows, width
_END_MARK: Final = b"sandhan1"


class FaissIndex:
    """Exact search over many vectors, with the answers of `ExactIndex` to the last bit.

    Safe to share between threads: searches, `reconstruct` and `save` run side by side; `add` and `remove` wait for
    them and run alone (faiss itself leaves that to the caller).
    """

    kind: ClassVar[str] = "faiss"

    def __init__(self, width: int) -> None:
        """Make an empty index for vectors of this width, at least 1."""
        if width < 1:
            raise BadVector(f"width must be at least 1, found {width}")
        self._width = width
        self._read_only = False
        self._lock = _ReadWriteLock()
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(width))
        # faiss keeps its ids in a hash table that Python cannot ask; this copy answers `ids` and membership.
        self._held: Ids = np.empty(0, np.int64)
        self._largest_norm = 0.0

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
        return len(self._held)

    def ids(self) -> Ids:
        """Return all ids, shape (n,), int64, ascending."""
        return self._held.copy()

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add rows, all or none; see `VectorIndex.add`."""
        ids, vectors = checked_rows(ids, vectors, self._width)
        with self._lock.writing():
            self._refuse_read_only()
            refuse_held(ids, self._held)
            self._index.add_with_ids(vectors, ids)
            ids = np.sort(ids)
            self._held = np.insert(self._held, np.searchsorted(self._held, ids), ids)
            self._largest_norm = max(self._largest_norm, float(norms(vectors).max(initial=0.0)))

    def remove(self, ids: Ids) -> int:
        """Remove rows and return how many were there; see `VectorIndex.remove`. One pass over the index per call."""
        ids = np.unique(checked_ids(ids))
        with self._lock.writing():
            self._refuse_read_only()
            ids = ids[among(ids, self._held)]
            if len(ids):
                self._index.remove_ids(faiss.IDSelectorBatch(ids))
                self._held = np.delete(self._held, np.searchsorted(self._held, ids))
            return len(ids)

    def search(self, queries: Vectors, k: int, allowed: Ids | None = None) -> tuple[Vectors, Ids]:
        """Return the k rows with the largest inner product for each query; see `VectorIndex.search`."""
        queries = checked_vectors(queries, self._width)
        scores, found = no_results(len(queries), k)
        if allowed is not None:
            allowed = checked_ids(allowed)
        with self._lock.reading():
            if not len(self._held) or not len(queries) or (allowed is not None and not len(allowed)):
                return scores, found
            take = min(len(self._held), k + _SPARE)
            near_scores, near_ids = self._index.search(queries, take, params=_only(allowed))
            for row, query in enumerate(queries):
                ids, exact = self._candidates(query, k, near_scores[row], near_ids[row], allowed)
                place_best(scores[row], found[row], exact, ids)
        return scores, found

    def reconstruct(self, ids: Ids) -> Vectors:
        """Return the stored vectors in the order of `ids`; see `VectorIndex.reconstruct`."""
        ids = checked_ids(ids)
        with self._lock.reading():
            refuse_unknown(ids, self._held)
            return self._vectors_of(ids)

    def save(self, path: Path) -> int:
        """Write the index in faiss's own format, with an end mark behind it; see `VectorIndex.save`."""
        return replace_file(path, self.write)

    def write(self, sink: Sink) -> int:
        """Write what `save` writes; see `VectorIndex.write`."""
        with self._lock.reading():
            faiss.write_index(self._index, faiss.PyCallbackIOWriter(sink.write))
            sink.write(_END.pack(_END_MARK, sink.written, len(self._held), self._width))
            return len(self._held)

    @classmethod
    def load(cls, path: Path, *, mmap: bool = False) -> Self:
        """Read a saved index; see `VectorIndex.load`.

        A file cut short is noticed, changed bytes are not: where that matters, load through `indexing.snapshot`.
        """
        rows, width = _read_end(path)
        try:
            outer: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC if mmap else 0)
        except RuntimeError as error:
            raise IndexFileUnusable(path.name, "not a whole faiss index") from error
        return cls._of(outer, rows, width, path.name, read_only=mmap)

    @classmethod
    def parse(cls, data: memoryview, name: str) -> Self:
        """Return what `write` wrote; see `VectorIndex.parse`."""
        rows, width = _end_in(bytes(data[-_END.size :]), len(data), name)
        at = 0

        def read(size: int) -> bytes:
            nonlocal at
            some = bytes(data[at : min(at + size, len(data) - _END.size)])
            at += len(some)
            return some

        try:
            outer: Any = faiss.read_index(faiss.PyCallbackIOReader(read))
        except RuntimeError as error:
            raise IndexFileUnusable(name, "not a whole faiss index") from error
        return cls._of(outer, rows, width, name, read_only=False)

    @classmethod
    def _of(cls, outer: Any, rows: int, width: int, name: str, *, read_only: bool) -> Self:
        inner: Any = faiss.downcast_index(outer.index) if isinstance(outer, faiss.IndexIDMap2) else None
        if not isinstance(inner, faiss.IndexFlatIP) or (inner.ntotal, inner.d) != (rows, width):
            raise IndexFileUnusable(name, "not the IndexIDMap2 over IndexFlatIP that its end mark describes")
        index = cls(width)
        index._held = np.sort(faiss.vector_to_array(outer.id_map))
        if (index._held[:1] < 0).any() or (np.diff(index._held) == 0).any():
            raise IndexFileUnusable(name, "ids must be unique and not negative")
        index._largest_norm = _largest_norm(inner)
        if not np.isfinite(index._largest_norm):
            raise IndexFileUnusable(name, "it holds NaN or infinity")
        index._index = outer
        index._read_only = read_only
        return index

    def _candidates(
        self, query: Vectors, k: int, near_scores: Vectors, near_ids: Ids, allowed: Ids | None
    ) -> tuple[Ids, Vectors]:
        """Return a superset of the best k rows for one query, shape (n,), with the oracle's scores.

        Args:
            query: shape (d,).
            k: results wanted.
            near_scores: shape (take,), what faiss found, best first, by its own sums.
            near_ids: shape (take,); -1 where it found nothing.
            allowed: as in `search`.
        """
        ids = near_ids[near_ids >= 0]
        exact = inner_products(query, self._vectors_of(ids))
        if len(ids) < len(near_ids) or len(near_ids) == len(self._held):
            return ids, exact  # faiss returned every row there is
        # |float32 sum - true sum| <= d u |q||x| in whatever order it was summed; doubled, plus what underflow may eat.
        norm = float(np.linalg.norm(query.astype(np.float64)))
        slack = (self._width + 8) * (2.0**-23 * norm * self._largest_norm + float(np.finfo(np.float32).tiny))
        kth = float(np.partition(exact, len(exact) - k)[len(exact) - k])
        if float(near_scores[-1]) + slack < kth:
            return ids, exact
        radius = float(np.nextafter(np.float32(kth - 2 * slack), np.float32(-np.inf)))
        _, _, ids = self._index.range_search(query[None], radius, params=_only(allowed))
        return ids, inner_products(query, self._vectors_of(ids))

    def _vectors_of(self, ids: Ids) -> Vectors:
        if not len(ids):
            return np.empty((0, self._width), np.float32)
        vectors: Vectors = self._index.reconstruct_batch(ids)
        return vectors

    def _refuse_read_only(self) -> None:
        # faiss itself does not raise here: changing a mapped index aborts the whole process.
        if self._read_only:
            raise ReadOnlyIndex


def _only(allowed: Ids | None) -> Any:
    """Return faiss search parameters that admit only these ids; made anew per call, since faiss rewrites them."""
    return None if allowed is None else faiss.SearchParameters(sel=faiss.IDSelectorBatch(allowed))


def _read_end(path: Path) -> tuple[int, int]:
    """Return the rows and the width that a file's end mark states, when the file reaches as far as it should.

    faiss cannot be asked: from a mapped file that is cut short it reads garbage ids, or crashes the process.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _END.size))
        end = file.read()
    return _end_in(end, size, path.name)


def _end_in(end: bytes, size: int, name: str) -> tuple[int, int]:
    if len(end) == _END.size:
        mark, length, rows, width = _END.unpack(end)
        if mark == _END_MARK and length + _END.size == size and rows >= 0 and width >= 1:
            return rows, width
    raise IndexFileUnusable(name, "cut short, or not a saved index")


def _largest_norm(flat: Any) -> float:
    """Return the length of the longest stored vector, block by block, so that a mapped file is not held in memory."""
    if not flat.ntotal:
        return 0.0
    rows: Vectors = faiss.rev_swig_ptr(flat.get_xb(), flat.ntotal * flat.d).reshape(flat.ntotal, flat.d)
    return max(float(norms(rows[at : at + _BLOCK_ROWS]).max()) for at in range(0, len(rows), _BLOCK_ROWS))


class _ReadWriteLock:
    """Many readers or one writer; a waiting writer goes before new readers, so an erasure is never starved."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._readers = 0
        self._writer = False
        self._waiting = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._writer and not self._waiting)
            self._readers += 1
        try:
            yield
        finally:
            with self._changed:
                self._readers -= 1
                self._changed.notify_all()

    @contextmanager
    def writing(self) -> Iterator[None]:
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: not self._writer and not self._readers)
                self._writer = True
            finally:
                self._waiting -= 1
                # Readers held back by this writer must look again, also when its wait was interrupted.
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._writer = False
                self._changed.notify_all()


def nearest_rows(queries: Vectors, gallery: Vectors, k: int, sure: int, least: float) -> tuple[Ids, Ids]:
    """Return (query, row) of the rows of a gallery nearest to each query by inner product, two arrays of one length.

    For rows that are met once and never kept. Rows without anything in common with a query are left out.

    Args:
        queries: shape (q, d), float32.
        gallery: shape (n, d), float32.
        k: most rows for each query, at least 1.
        sure: so many of them are returned however far they are behind the nearest.
        least: in [0, 1], share of the nearest row's inner product that the others must reach.
    """
    live = np.flatnonzero(queries.any(axis=1))
    if not len(live) or not len(gallery):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    # Blocks that nobody fills, or that a route leaves out, add nothing to any product.
    filled = np.flatnonzero(queries.any(axis=0) & gallery.any(axis=0))
    if not len(filled):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    scores, rows = faiss.knn(
        np.ascontiguousarray(queries[live][:, filled]), np.ascontiguousarray(gallery[:, filled]),
        min(k, len(gallery)), faiss.METRIC_INNER_PRODUCT,
    )  # fmt: skip
    good = (scores > 0) & (rows >= 0)
    good[:, sure:] &= scores[:, sure:] >= least * scores[:, :1]
    return np.repeat(live, good.sum(axis=1)).astype(np.int64), rows[good].astype(np.int64)
