"""Which pairs of two files are worth comparing? Each right record with its nearest left ones, by several routes.

The routes are those of the index: by name, by place and age, by the whole record, by exact keys; and for files of
households the address, too. Nothing is kept for later, so the rows of both sides are simply met, a block at a time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from indexing.faiss_index import nearest_rows
from indexing.key_lists import KeyLists
from indexing.record_vectors import ROUTES, encode_addresses, encode_records, weighted
from matcher.columns import RecordColumns

Ints = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]
Stage = Callable[[str, int, int], None]
_ENOUGH = 2000  # queries at once
_SURE, _LEAST = 5, 0.7
"""A row that is so far behind the nearest is only worth comparing when it is among the first few."""


def candidate_pairs(
    columns: RecordColumns, boundary: int, k: int, stage: Stage = lambda _name, _done, _total: None
) -> Ints:
    """Return candidate pairs of rows, shape (n, 2), int64: a left one and a right one, each pair once, sorted.

    Args:
        columns: the left records, then the right ones.
        boundary: how many are left ones.
        k: most left records taken for each name of a right one from each route.
        stage: told (what, done, total) as the work goes on.
    """
    records = encode_records(columns)
    split = int(np.searchsorted(records.owners, boundary))
    gallery, queries = records.rows[:split], records.rows[split:]
    left_of, right_of = records.owners[:split], records.owners[split:]
    n = len(columns)
    found = [_sharing_a_key(columns, boundary)]
    for start in range(0, len(queries), _ENOUGH):
        part = slice(start, start + _ENOUGH)
        for route in ROUTES:
            query, row = nearest_rows(weighted(queries[part], route), gallery, k, _SURE, _LEAST)
            found.append(left_of[row] * n + right_of[part][query])
        stage("finding candidates", int(right_of[part][-1]) + 1 - boundary, n - boundary)
    addresses = encode_addresses(columns)
    query, row = nearest_rows(addresses[boundary:], addresses[:boundary], k, _SURE, _LEAST)
    found.append(row * n + query + boundary)
    keys = np.unique(np.concatenate(found))
    return np.stack(np.divmod(keys, n), axis=1)


def _sharing_a_key(columns: RecordColumns, boundary: int) -> Ints:
    """Return left * n + right of the pairs that share a key."""
    n = len(columns)
    right, left = KeyLists.build(columns, np.arange(boundary)).sharing(columns, np.arange(boundary, n))
    return left * n + right + boundary
