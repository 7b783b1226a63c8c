"""Which stored records share a number with these: a telephone, an identifier, a date of birth known to the day?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns

Ints = npt.NDArray[np.int64]

KEY_BUCKET_CAP: Final = 200
"""A key that more records share says too little to compare them all: everybody is born on 1 January."""


_KINDS: Final = ("phone", "identifier", "birthday")


class KeyLists:
    """The keys of stored records, sorted."""

    def __init__(self, kinds: Sequence[tuple[Ints, Ints]]) -> None:
        """Take the keys of each kind and who holds each."""
        self._kinds = kinds

    @classmethod
    def build(cls, columns: RecordColumns, rows: Ints) -> KeyLists:
        """List the records in some rows of the columns; they are called by their position among these."""
        kinds = []
        for keys in _keys(columns, rows):
            record, place = np.nonzero(keys)
            values = keys[record, place]
            order = np.lexsort((record, values))
            values, record = values[order], record[order].astype(np.int64)
            # A number that one record gives twice is held by one.
            first = np.ones(len(values), dtype=np.bool_)
            first[1:] = (values[1:] != values[:-1]) | (record[1:] != record[:-1])
            kinds.append((values[first], record[first]))
        return cls(kinds)

    def tables(self) -> dict[str, npt.NDArray[Any]]:
        """Return the lists as plain arrays by lower-case names."""
        out = {}
        for name, (values, records) in zip(_KINDS, self._kinds, strict=True):
            out[f"{name}_keys"], out[f"{name}_holders"] = values, records
        return out

    @classmethod
    def of(cls, tables: Mapping[str, npt.NDArray[Any]]) -> KeyLists:
        """Return the lists that `tables` gave."""
        return cls([(tables[f"{name}_keys"], tables[f"{name}_holders"]) for name in _KINDS])

    def sharing(self, columns: RecordColumns, rows: Ints) -> tuple[Ints, Ints]:
        """Return (asking, record): positions among `rows` and among the stored ones, of pairs that share a key.

        A pair may be there twice; keys that too many hold are passed over.
        """
        return sharing([self], columns, rows)[0]


def sharing(lists: Sequence[KeyLists], columns: RecordColumns, rows: Ints) -> list[tuple[Ints, Ints]]:
    """Return `KeyLists.sharing` of each of several lists; what too many hold in all of them together is passed over."""
    asking: list[list[Ints]] = [[] for _ in lists]
    found: list[list[Ints]] = [[] for _ in lists]
    for kind, keys in enumerate(_keys(columns, rows)):
        query, place = np.nonzero(keys)
        wanted = keys[query, place]
        spans = [_span(each._kinds[kind][0], wanted) for each in lists]
        common = np.sum([held for _, held in spans], axis=0) > KEY_BUCKET_CAP
        for number, (first, held) in enumerate(spans):
            held[common] = 0
            within = np.arange(int(held.sum())) - np.repeat(np.cumsum(held) - held, held)
            asking[number].append(np.repeat(query, held).astype(np.int64))
            found[number].append(lists[number]._kinds[kind][1][np.repeat(first, held) + within])
    return [(np.concatenate(a), np.concatenate(b)) for a, b in zip(asking, found, strict=True)]


def _span(values: Ints, wanted: Ints) -> tuple[Ints, Ints]:
    """Return where each wanted key begins among sorted ones, and how often it stands there."""
    first = np.searchsorted(values, wanted, side="left")
    return first, np.searchsorted(values, wanted, side="right") - first


def _keys(columns: RecordColumns, rows: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the keys of each kind, shapes (n, m), 0 none."""
    # A guess that a form turned into 1 January is no date of birth.
    dated = columns.exact_birth[rows] & ~columns.birth_guessed[rows]
    births = np.where(dated, columns.birth[rows, 0], 0).astype(np.int64)[:, None]
    return columns.phones[rows], columns.identifiers[rows], births
