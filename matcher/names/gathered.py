"""How do some names of several tables become one table? For records that are kept apart and met in one comparison."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.distinct import numbered, numbered_keys
from matcher.names.reading import ReadNames
from matcher.names.table import NameTable
from matcher.strings import pick

Ints = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Part = tuple[NameTable, Ints]
"""A table and the ids of some of its names."""

_NOBODY = np.zeros(0, dtype=np.int64)


def gather_names(parts: Sequence[Part], *, texts: bool, counted: bool) -> tuple[NameTable, list[Int32]]:
    """Return (one table of all these names, each text once; of each part its names' new ids, shape (n,)).

    Args:
        parts: at least one.
        texts: whether the texts themselves are wanted.
        counted: whether the names can be counted in the new table: all tokens of each are kept for it.
    """
    keys, ids = numbered_keys(np.concatenate([table.keys[used] for table, used in parts]))
    ends = [0, *accumulate(len(used) for _, used in parts)]
    first = first_of(ids, len(keys))
    cuts = np.searchsorted(first, ends).tolist()
    # Of a text that several parts hold the first is taken.
    kept = [
        (table, used[first[start:end] - begin])
        for (table, used), (start, end), begin in zip(parts, pairwise(cuts), ends, strict=False)
    ]
    read = [table.read.heard(used if counted else _NOBODY) for table, used in kept]
    words = _Words(kept, read)
    scripts, script_of = numbered(chain(["Latn"], *(table.script_names for table, _ in kept)))
    begins = accumulate((len(table.script_names) for table, _ in kept), initial=1)
    table = NameTable(
        names=tuple(chain.from_iterable(pick(table.names, used) for table, used in kept)) if texts else (),
        keys=keys,
        tokens=words.rows([table.tokens[used] for table, used in kept]),
        weights=together([table.weights[used] for table, used in kept]),
        initials=together([table.initials[used] for table, used in kept]),
        joined=words.rows([_written_together(table, used) for table, used in kept]),
        vocabulary=words.vocabulary,
        codes=words.codes,
        written=together([table.written[used] for table, used in kept]),
        scripts=together(
            [script_of[begin + table.scripts[used]] for (table, used), begin in zip(kept, begins, strict=False)]
        ).astype(np.int32),
        script_names=tuple(scripts),
        read=_one_after_the_other(words, read),
    )
    return table, [ids[start:end].astype(np.int32) for start, end in pairwise(ends)]


class _Words:
    """The words that some names of several tables have, each once.

    Attributes:
        vocabulary: the words.
        codes: their letters, shape (v, MAX_TOKEN).
    """

    def __init__(self, parts: Sequence[Part], read: Sequence[ReadNames]) -> None:
        self._used = []
        for (table, names), heard in zip(parts, read, strict=True):
            rows = (table.tokens[names].ravel(), _written_together(table, names), heard.tokens)
            used = distinct(np.concatenate(rows), len(table.vocabulary))
            self._used.append(used)
        held = zip(parts, self._used, strict=True)
        words, ids = numbered(chain.from_iterable(pick(table.vocabulary, used) for (table, _), used in held))
        codes = together([table.codes[used] for (table, _), used in zip(parts, self._used, strict=True)])
        self.vocabulary, self.codes = tuple(words), codes[first_of(ids, len(words))]
        ends = [0, *accumulate(map(len, self._used))]
        self._ids = [ids[start:end].astype(np.int32) for start, end in pairwise(ends)]

    def rows(self, parts: Sequence[Int32]) -> Int32:
        """Return the words of all parts, one part after the other, as rows of the common vocabulary, -1 for none."""
        return together([renumbered(*part) for part in zip(parts, self._used, self._ids, strict=True)])


def distinct(numbers: npt.NDArray[np.integer[Any]], size: int) -> Ints:
    """Return the distinct numbers from 0 to below `size` among some, ascending; what is below 0 is left out."""
    if len(numbers) < size // 16:
        found = np.unique(numbers).astype(np.int64)
        return found[np.searchsorted(found, 0) :]
    met = np.zeros(size + 1, dtype=np.bool_)
    met[numbers] = True  # -1 is the last one
    return np.flatnonzero(met[:-1])


def renumbered(numbers: Int32, used: Ints, new: Int32) -> Int32:
    """Return other numbers for some: `new` in place of `used` (ascending), -1 where there was none."""
    if not len(used):
        return np.full(numbers.shape, -1, dtype=np.int32)
    if numbers.size >= used[-1] // 16:
        table = np.full(int(used[-1]) + 2, -1, dtype=np.int32)
        table[used] = new
        found: Int32 = table[numbers]  # -1 is the last one
        return found
    place = np.searchsorted(used, numbers)
    # -1 comes before all that is used.
    return np.where(numbers >= 0, new[np.minimum(place, len(used) - 1)], np.int32(-1))


def first_of(ids: Ints, size: int) -> Ints:
    """Return where each number below `size` stands first, shape (size,), numbers counted as they were first met."""
    first = np.zeros(size, dtype=np.int64)
    first[ids[::-1]] = np.arange(len(ids) - 1, -1, -1)
    return first


def together(parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Return arrays one after the other; a single one is not copied."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _written_together(table: NameTable, names: Ints) -> Int32:
    """Return the words that whole texts make, which tables of names do not have."""
    return table.joined[names] if len(table.joined) else table.joined


def _one_after_the_other(words: _Words, read: Sequence[ReadNames]) -> ReadNames:
    lengths = np.concatenate([np.diff(part.starts) for part in read])
    starts = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=starts[1:])
    nothing = np.zeros(0, dtype=np.int32)
    return ReadNames(
        starts,
        words.rows([part.tokens for part in read]),
        together([part.weights for part in read]),
        together([part.initials for part in read]),
        together([part.titles for part in read]),
        nothing,
        nothing,
        nothing,
        np.zeros(0, dtype=np.bool_),
        words.vocabulary,
        (),
    )
