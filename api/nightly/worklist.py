"""Who is compared in a run? The same list, however often it is interrupted and whatever changes meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from api.matches.silence import silent_no_more
from api.store import Connection, cases, changes
from api.store.runs import Run
from matcher.person import Side

_PAGE = 5000


def work_list(conn: Connection, run: Run) -> list[str]:
    """Return the ids of the cases of a run, in order."""
    return sorted(_everybody(conn, run) if run.parameters["full"] else _changed(conn, run))


def _everybody(conn: Connection, run: Run) -> set[str]:
    """Return the open rescued persons, without those who came after the run began: they were compared on arrival."""
    newer = {change.case_id for change in _changes(conn, run.upto_seq) if change.kind == "created"}
    return cases.open_ids(conn, side=Side.RESCUED) - newer


def _changed(conn: Connection, run: Run) -> set[str]:
    """Return the cases that changed before the run began, those that have waited since before, and those of rejected
    pairs that were silent until then.
    """
    changed: set[str] = set()
    newer: set[str] = set()
    for change in _changes(conn, int(str(run.parameters["from_seq"]))):
        (changed if change.seq <= run.upto_seq else newer).add(change.case_id)
    # The list must be the same after an interruption, so what changed since is left to the next run.
    return changed | ((cases.open_ids(conn, waiting=True) | silent_no_more(conn, run.started_at)) - newer)


def _changes(conn: Connection, seq: int) -> Iterator[changes.Change]:
    while page := changes.since(conn, seq, _PAGE):
        yield from page
        seq = page[-1].seq
