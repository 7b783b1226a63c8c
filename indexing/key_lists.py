"""Which stored records share a number with these: a telephone, an identifier, a date of birth known to the day?"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns

Ints = npt.NDArray[np.int64]

KEY_BUCKET_CAP: Final = 200
"""A key that more records share says too little to compare them all: everybody is born on 1 January."""


class KeyLists:
    """The keys of stored records, sorted."""

    def __init__(self, columns: RecordColumns, rows: Ints) -> None:
        """List the records in some rows of the columns; they are called by their position among these."""
        self._kinds: list[tuple[Ints, Ints]] = []
        for keys in _keys(columns, rows):
            record, place = np.nonzero(keys)
            values = keys[record, place]
            order = np.lexsort((record, values))
            values, record = values[order], record[order].astype(np.int64)
            # A number that one record gives twice is held by one.
            first = np.ones(len(values), dtype=np.bool_)
            first[1:] = (values[1:] != values[:-1]) | (record[1:] != record[:-1])
            self._kinds.append((values[first], record[first]))

    def sharing(self, columns: RecordColumns, rows: Ints) -> tuple[Ints, Ints]:
        """Return (asking, record): positions among `rows` and among the stored ones, of pairs that share a key.

        A pair may be there twice; keys that too many hold are passed over.
        """
        asking, found = [], []
        for keys, (values, records) in zip(_keys(columns, rows), self._kinds, strict=True):
            query, place = np.nonzero(keys)
            wanted = keys[query, place]
            first = np.searchsorted(values, wanted, side="left")
            held = np.searchsorted(values, wanted, side="right") - first
            held[held > KEY_BUCKET_CAP] = 0
            within = np.arange(int(held.sum())) - np.repeat(np.cumsum(held) - held, held)
            asking.append(np.repeat(query, held))
            found.append(records[np.repeat(first, held) + within])
        return np.concatenate(asking).astype(np.int64), np.concatenate(found)


def _keys(columns: RecordColumns, rows: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the keys of each kind, shapes (n, m), 0 none."""
    # A guess that a form turned into 1 January is no date of birth.
    dated = columns.exact_birth[rows] & ~columns.birth_guessed[rows]
    births = np.where(dated, columns.birth[rows, 0], 0).astype(np.int64)[:, None]
    return columns.phones[rows], columns.identifiers[rows], births
