"""Which values does a column hold? Each distinct one is worked on once; what comes of it is put at every row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import chain, count
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Value = TypeVar("Value", bound=Hashable)
Number = TypeVar("Number", bound=np.generic)


def numbered(values: Iterable[Value]) -> tuple[list[Value], Ints]:
    """Return (the distinct values in the order in which they are met, of each value which one it is, shape (n,))."""
    numbers: defaultdict[Value, int] = defaultdict(count().__next__)
    which = np.fromiter(map(numbers.__getitem__, values), dtype=np.int64)
    return list(numbers), which


def numbered_keys(keys: npt.NDArray[Number]) -> tuple[npt.NDArray[Number], Ints]:
    """Return what `numbered` does of numbers, both as arrays: by sorting, several times faster for many."""
    found, first, which = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return found[order], place[which]


def in_columns(flat: npt.NDArray[Number], starts: Ints, counts: Ints, width: int, empty: int) -> npt.NDArray[Number]:
    """Return the first members of n groups side by side, shape (n, width), `empty` where there is none.

    Args:
        flat: shape (t,), the members of all groups.
        starts: shape (n,), where each group begins.
        counts: shape (n,), how many members each has.
        width: members kept.
        empty: what stands for none.
    """
    out = np.full((len(counts), width), empty, dtype=flat.dtype)
    columns = np.arange(width)
    held = columns < counts[:, None]
    out[held] = flat[(starts[:, None] + columns)[held]]
    return out


def padded(rows: Sequence[Sequence[int]], width: int, empty: int, dtype: type[Number]) -> npt.NDArray[Number]:
    """Return the first `width` numbers of each row, shape (n, width), `empty` where it has fewer."""
    counts = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    flat = np.fromiter(chain.from_iterable(rows), dtype=dtype, count=int(counts.sum()))
    return in_columns(flat, np.cumsum(counts) - counts, counts, width, empty)


def each_padded(
    rows: Iterable[Value], of: Callable[[Value], Sequence[int]], width: int, empty: int, dtype: type[Number]
) -> npt.NDArray[Number]:
    """Return `padded` of what is found for each row; equal rows are looked at once."""
    distinct, which = numbered(rows)
    return padded(list(map(of, distinct)), width, empty, dtype)[which]
