"""Is this person in the records of another unit, on the same side? Asked whenever a case is new or has changed.

    changes of cases ──> who changed ──> compared with their own side ──> pairs, alerts ──> "followed up to here"

The mark moves only when all before it is stored: after a crash the same changes are followed again, and come to the
same. Several processes may follow at once; what one has stored is nothing new to the other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from api.ids import Clock, RandomBytes
from api.index_keeper import IndexKeeper
from api.matches.exchange import Exchange
from api.pairs.telling import Told, settle
from api.store import Database, cases, changes, pairs
from indexing.same_side import Alike, find_alike
from matcher.model import MatchModel
from matcher.person import Side
from matcher.rivals import DUPLICATES

AT_ENTRY, PAGE = 20, 100
"""Changes followed before somebody who entered a case gets an answer; changes followed at once."""


class SamePerson:
    """Compares cases within their side.

    Args:
        switched_on: whether this deployment wants it.
    """

    def __init__(
        self,
        database: Database,
        keeper: IndexKeeper,
        model: MatchModel,
        clock: Clock,
        random_bytes: RandomBytes,
        *,
        switched_on: bool = True,
    ) -> None:
        self._database, self._keeper, self._model = database, keeper, model
        self._clock, self._random, self._on = clock, random_bytes, switched_on
        self._turn = threading.Lock()

    def follow(self, most: int = AT_ENTRY, *, wait: bool = False, stop: Callable[[], bool] = lambda: False) -> Told:
        """Compare the cases that have changed since they were last followed.

        Args:
            most: changes that are followed.
            wait: for whoever follows already; otherwise it is left to him.
            stop: asked between pages.
        """
        told = Told()
        if not self._on or self._keeper.opening or not self._turn.acquire(blocking=wait):
            return told
        try:
            while most > 0 and not stop():
                with self._database.read() as conn:
                    page = changes.since(conn, pairs.upto_seq(conn), min(PAGE, most))
                if not page:
                    break
                told += self.compare(list(dict.fromkeys(change.case_id for change in page)))
                with self._database.write(ordered=False) as conn:
                    pairs.move_on(conn, page[-1].seq)
                most -= len(page)
        finally:
            self._turn.release()
        return told

    def begin_again(self) -> None:
        """Have every case followed again, e.g. after a change of model."""
        with self._database.write(ordered=False) as conn:
            pairs.move_on(conn, 0, back=True)

    def compare(self, case_ids: Sequence[str]) -> Told:
        """Compare cases within their side, store pairs and tell; pairs of those that are not open end."""
        self._keeper.refresh()
        with self._database.read() as conn:
            owners = cases.owners_of(conn, case_ids)
            known = {case_id: pairs.of_records(conn, [case_id]) for case_id in case_ids}
        records = self._keeper.source.records(case_ids)
        permits = Exchange(self._database, owners, self._clock).permits()
        found: dict[str, list[Alike]] = {case_id: [] for case_id in case_ids if known[case_id]}
        for side in Side:
            queries = [record for record in records if record.side is side]
            also = [[pair.other(record.record_id) for pair in known[record.record_id]] for record in queries]
            alike = find_alike(
                queries, self._keeper.index, self._model, share=DUPLICATES, permits=permits, also=also
            )  # fmt: skip
            found |= {record.record_id: some for record, some in zip(queries, alike, strict=True) if some}
        told = Told(len(records))
        now = self._clock()
        for case_id, some in found.items():
            # Most cases are alike nobody: for these nothing is written.
            with self._database.write() as conn:
                one = settle(conn, "person", case_id, some, now, self._random)
            told += Told(pairs=one.pairs, alerts=one.alerts)
        return told
