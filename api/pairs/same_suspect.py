"""Does another unit know this suspect? Asked whenever one is registered, changed or opened again.

The suspect is committed first, then compared, then pairs, alerts and the mark that this version was compared are
committed at once: who has no mark is compared at the next start.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from api.ids import Clock, RandomBytes
from api.pairs.suspect_index import SuspectIndex
from api.pairs.telling import Told, settle
from api.store import Database, agreements, pairs, suspects
from indexing.same_side import find_alike
from indexing.search import Permits
from matcher.model import MatchModel
from matcher.suspect_model import SUSPECT_COMPARISONS, SUSPECT_DUPLICATES, suspect_model

AT_ONCE = 50


class SameSuspect:
    """Compares suspects of different units.

    Args:
        model: of the cases; that of suspects is made of it.
    """

    def __init__(self, database: Database, model: MatchModel, clock: Clock, random_bytes: RandomBytes) -> None:
        self._database, self._model = database, suspect_model(model)
        self._clock, self._random = clock, random_bytes
        self._index = SuspectIndex(database)
        self._turn = threading.Lock()

    def follow(self, most: int = AT_ONCE, *, stop: Callable[[], bool] = lambda: False) -> Told:
        """Compare the suspects that wait for it, at most so many."""
        told = Told()
        with self._turn:
            while most > 0 and not stop():
                with self._database.read() as conn:
                    waiting = suspects.uncompared(conn, min(AT_ONCE, most))
                if not waiting:
                    break
                told += self._compare(waiting)
                most -= len(waiting)
        return told

    def begin_again(self) -> None:
        """Have every suspect compared again, e.g. after a change of model."""
        with self._database.write(ordered=False) as conn:
            suspects.await_comparison(conn)

    def _compare(self, suspect_ids: list[str]) -> Told:
        owners = self._index.refresh()
        records, versions = self._index.records(suspect_ids)
        with self._database.read() as conn:
            also = [[pair.other(one.record_id) for pair in pairs.of_records(conn, [one.record_id])] for one in records]
        found = find_alike(
            records, self._index.index, self._model, share=SUSPECT_DUPLICATES, permits=self._permits(owners),
            also=also, comparisons=SUSPECT_COMPARISONS,
        )  # fmt: skip
        told, now = Told(), self._clock()
        for record, some in zip(records, found, strict=True):
            with self._database.write() as conn:
                told += settle(conn, "suspect", record.record_id, some, now, self._random)
                suspects.mark_compared(conn, record.record_id, versions[record.record_id])
        return told

    def _permits(self, owners: dict[str, str]) -> Permits:
        """Return what tells which suspects may be weighed: of another unit, with an agreement between the two."""
        agreed: dict[str, set[str]] = {}

        def permits(first: Sequence[str], second: Sequence[str]) -> npt.NDArray[np.bool_]:
            with self._database.read() as conn:
                for owner in {owners[one] for one in first if one in owners} - agreed.keys():
                    agreed[owner] = agreements.agreed_with(conn, owner, self._clock()) - {owner}
            return np.array(
                [
                    one in owners and owners.get(other) in agreed[owners[one]]
                    for one, other in zip(first, second, strict=True)
                ],
                dtype=np.bool_,
            )

        return permits
