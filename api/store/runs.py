"""Which long pieces of work are under way, and where would they resume after a crash?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Update, insert, select, update

from api.store.errors import RowMissing
from api.store.tables import runs


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a long piece of work.

    Attributes:
        kind: e.g. "crossmatch".
        state: "running", "finished" or "failed".
        upto_seq: the change number that the run began at: everything later is the next run's.
        cursor: where to resume, in the words of the kind; None at the beginning.
        counters: figures for the report.
    """

    id: str
    kind: str
    state: str
    parameters: dict[str, object]
    upto_seq: int
    cursor: str | None
    counters: dict[str, int]
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None


def open_run(
    conn: Connection, *, run_id: str, kind: str, parameters: dict[str, object], upto_seq: int, at: datetime
) -> Run:
    """Begin a run."""
    row = {
        "id": run_id,
        "kind": kind,
        "state": "running",
        "parameters": parameters,
        "upto_seq": upto_seq,
        "counters": {},
        "started_at": at,
        "updated_at": at,
    }
    conn.execute(insert(runs).values(**row))
    return _require(conn, run_id)


def checkpoint(conn: Connection, run_id: str, *, cursor: str, counters: dict[str, int], at: datetime) -> None:
    """Note how far a run has come, in the same transaction as the results up to there.

    Raises:
        RowMissing: there is no such run, or it is over.
    """
    _change(conn, _running(run_id).values(cursor=cursor, counters=counters, updated_at=at))


def finish(
    conn: Connection, run_id: str, *, at: datetime, counters: dict[str, int] | None = None, failed: bool = False
) -> Run:
    """End a run.

    Args:
        counters: the last figures; None keeps those of the last checkpoint.
    Raises:
        RowMissing: there is no such run, or it is over.
    """
    values: dict[str, object] = {"state": "failed" if failed else "finished", "updated_at": at, "finished_at": at}
    if counters is not None:
        values["counters"] = counters
    _change(conn, _running(run_id).values(**values))
    return _require(conn, run_id)


def get_run(conn: Connection, run_id: str) -> Run | None:
    """Return a run, None if there is none of that id."""
    row = conn.execute(select(runs).where(runs.c.id == run_id)).first()
    return None if row is None else Run(**row._asdict())


def latest_unfinished(conn: Connection, kind: str) -> Run | None:
    """Return the newest run of a kind that is still running, or was when its process died."""
    statement = select(runs).where(runs.c.kind == kind, runs.c.state == "running")
    row = conn.execute(statement.order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(1)).first()
    return None if row is None else Run(**row._asdict())


def list_runs(conn: Connection, kind: str, limit: int) -> list[Run]:
    """Return the runs of a kind, newest first."""
    statement = select(runs).where(runs.c.kind == kind).order_by(runs.c.started_at.desc(), runs.c.id.desc())
    return [Run(**row._asdict()) for row in conn.execute(statement.limit(limit))]


def list_finished(conn: Connection, kind: str, limit: int) -> list[Run]:
    """Return the finished runs of a kind, the one that ended last first: a resumed one may have begun long before."""
    statement = select(runs).where(runs.c.kind == kind, runs.c.state == "finished")
    statement = statement.order_by(runs.c.finished_at.desc(), runs.c.id.desc())
    return [Run(**row._asdict()) for row in conn.execute(statement.limit(limit))]


def _running(run_id: str) -> Update:
    return update(runs).where(runs.c.id == run_id, runs.c.state == "running")


def _change(conn: Connection, statement: Update) -> None:
    if conn.execute(statement).rowcount == 0:
        raise RowMissing("runs")


def _require(conn: Connection, run_id: str) -> Run:
    found = get_run(conn, run_id)
    if found is None:
        raise RowMissing("runs")
    return found
