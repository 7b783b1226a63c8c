"""Which stored records share a number with these: a telephone, an identifier, a date of birth known to the day?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

KEY_BUCKET_CAP: Final = 200
"""A key that more records share says too little to compare them all: everybody is born on 1 January."""


_KINDS: Final = ("phone", "identifier", "birthday")


@dataclass(frozen=True, slots=True)
class Shared:
    """Who holds the keys of some records that ask, key by key.

    Attributes:
        asking: shape (m,), position among those who ask.
        which: shape (m,), which of all their keys it is.
        record: shape (m,), who holds it.
        counts: shape (keys,), how many hold each.
    """

    asking: Ints
    which: Ints
    record: Ints
    counts: Ints


class KeyLists:
    """The keys of stored records, sorted."""

    def __init__(self, kinds: Sequence[tuple[Ints, Ints]]) -> None:
        """Take the keys of each kind and who holds each."""
        self._kinds = kinds
        self._alive = [np.ones(len(holders), dtype=np.bool_) for _, holders in kinds]
        self._gone = False

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

    def remove(self, gone: Bools) -> None:
        """Let the stored records that are gone, shape (n,), hold no key any more."""
        self._gone = True
        for (_, holders), alive in zip(self._kinds, self._alive, strict=True):
            alive[gone[holders]] = False

    def tables(self) -> dict[str, npt.NDArray[Any]]:
        """Return the lists as plain arrays by lower-case names; who has been taken away is still there."""
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
        shared = self.holding(columns, rows)
        return shared.asking, shared.record

    def holding(self, columns: RecordColumns, rows: Ints) -> Shared:
        """Return who holds each key of some records; of keys that too many hold only how many they are."""
        asking, which, found, counts = [], [], [], []
        begin = 0
        for keys, (values, records), alive in zip(_keys(columns, rows), self._kinds, self._alive, strict=True):
            query, place = np.nonzero(keys)
            wanted = keys[query, place]
            first = np.searchsorted(values, wanted, side="left")
            held = np.searchsorted(values, wanted, side="right") - first
            count = held.copy()
            # Those who were taken away do not count.
            for key in np.flatnonzero(held).tolist() if self._gone else ():
                count[key] = np.count_nonzero(alive[first[key] : first[key] + held[key]])
            counts.append(count)
            held[count > KEY_BUCKET_CAP] = 0
            within = np.arange(int(held.sum())) - np.repeat(np.cumsum(held) - held, held)
            entry = np.repeat(first, held) + within
            living = alive[entry]
            asking.append(np.repeat(query, held)[living].astype(np.int64))
            which.append(np.repeat(begin + np.arange(len(query)), held)[living])
            found.append(records[entry[living]])
            begin += len(query)
        return Shared(np.concatenate(asking), np.concatenate(which), np.concatenate(found), np.concatenate(counts))


def common_keys(parts: Sequence[Shared]) -> tuple[Shared, Ints]:
    """Return (what several lists hold of the same records' keys, which entry it was of all parts' one after the other).

    Keys that too many hold in all together are left out. There is at least one part.
    """
    counts = np.sum([part.counts for part in parts], axis=0)
    asking, which, record = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("asking", "which", "record")
    )
    few = np.flatnonzero(counts[which] <= KEY_BUCKET_CAP)
    return Shared(asking[few], which[few], record[few], counts), few


def _keys(columns: RecordColumns, rows: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the keys of each kind, shapes (n, m), 0 none."""
    # A guess that a form turned into 1 January is no date of birth.
    dated = columns.exact_birth[rows] & ~columns.birth_guessed[rows]
    births = np.where(dated, columns.birth[rows, 0], 0).astype(np.int64)[:, None]
    return columns.phones[rows], columns.identifiers[rows], births
