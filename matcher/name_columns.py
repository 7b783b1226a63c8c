"""What are people and their relatives called, as arrays? The names of each record as ids of one table of names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from operator import attrgetter
from typing import Any

import numpy as np

from matcher.distinct import in_columns
from matcher.family_words import PLACES, bare_names
from matcher.names.reading import MetNames
from matcher.names.table import NameTable
from matcher.names.words import Numbered, cut_texts
from matcher.person import PersonName, PersonRecord

NAMES_KEPT, RELATIVES_KEPT = 4, 3


def name_columns(rows: Sequence[PersonRecord]) -> tuple[NameTable, dict[str, Any]]:
    """Return (the table of all names, the columns of `RecordColumns` that hold ids of it, by name)."""
    counts = np.fromiter(map(len, _places(rows)), dtype=np.int64, count=PLACES * len(rows)).reshape(-1, PLACES)
    numbers = Numbered()
    said = map(attrgetter("text"), chain.from_iterable(_places(rows)))
    ids = np.fromiter(map(numbers.__getitem__, said), dtype=np.int32, count=int(counts.sum()))
    texts = list(numbers)
    cut = cut_texts(texts)
    shared, left = bare_names(texts, cut, ids.astype(np.int64), counts)
    # Behind the names stand what is left of fathers', then of mothers', then of other relatives' names.
    place = np.repeat(np.tile(np.arange(PLACES), len(rows)), counts.ravel())[shared]
    order = np.argsort(place, kind="stable")
    bare = np.full(len(ids), -1, dtype=np.int32)
    bare[shared[order]] = [numbers[left[number]] for number in order.tolist()]
    more = list(islice(numbers, len(texts), None))
    table = NameTable.of_met(MetNames.of(texts + more, cut.followed_by(more)))
    starts = (np.cumsum(counts) - counts.ravel()).reshape(counts.shape)
    columns = {"own": in_columns(ids, starts[:, 0], counts[:, 0], NAMES_KEPT, -1)}
    for number, whose in enumerate(("father", "mother", "relatives"), start=1):
        for column, flat in ((whose, ids), (f"bare_{whose}", bare)):
            columns[column] = in_columns(flat, starts[:, number], counts[:, number], RELATIVES_KEPT, -1)
    return table, columns


def _places(rows: Sequence[PersonRecord]) -> Iterator[tuple[PersonName, ...]]:
    """Return the names of each place of each record, in the order of `family_words`."""
    return chain.from_iterable(map(attrgetter("names", "father", "mother", "relatives"), rows))
