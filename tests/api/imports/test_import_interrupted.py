"""An import that is killed loses nothing committed, and one of two thousand rows takes seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from api.store import Connection, Database, audit
from data.synthetic import linked_sample
from matcher.fields import MULTIPLE


class Killed(BaseException):
    """The process ends here."""


def fail_on(database: Database, number: int) -> Callable[..., AbstractContextManager[Connection]]:
    """Return `database.write` as it is when the process is killed at the end of the n-th transaction."""
    write, lock, calls = database.write, threading.Lock(), 0

    def wrapped(**options: bool) -> Any:
        nonlocal calls
        with lock:
            calls += 1
            last = calls == number
        return _Doomed(write(**options)) if last else write(**options)

    return wrapped


class _Doomed:
    def __init__(self, inner: AbstractContextManager[Connection]) -> None:
        self.inner = inner

    def __enter__(self) -> Connection:
        return self.inner.__enter__()

    def __exit__(self, *_args: object) -> None:
        try:
            raise Killed
        except Killed as error:
            self.inner.__exit__(type(error), error, error.__traceback__)
            raise


@pytest.mark.parametrize(("killed_at", "kept"), [(1, 0), (2, 20), (3, 40), (4, 50)])
def test_killed_between_batches_nothing_committed_is_lost_and_a_second_run_does_the_rest(
    desk: Any, monkeypatch: pytest.MonkeyPatch, killed_at: int, kept: int
) -> None:
    path = desk.file([{"id": f"M-{n:04}", "name": f"Name {n}"} for n in range(50)] + [{"id": "bad", "age": "x"}])
    monkeypatch.setattr("api.imports.service.BATCH", 20)
    with monkeypatch.context() as patch:
        patch.setattr(desk.sandhan.database, "write", fail_on(desk.sandhan.database, killed_at))
        with pytest.raises(Killed):
            desk.run(path)
    stored = desk.cases()
    assert len(stored) == kept
    summary = desk.run(path)
    assert (summary.created, summary.unchanged, summary.rejected) == (50 - kept, kept, 1)
    assert summary.rejects is not None
    assert len(desk.cases()) == 50
    assert desk.cases()[:kept] == stored
    with desk.sandhan.database.read() as conn:
        assert audit.verify(conn) is None


def test_two_thousand_rows_in_less_than_fifteen_seconds(desk: Any) -> None:
    sample = linked_sample(7, 2000, 0)
    rows = [
        {"id": filed.record_id}
        | {name: value if isinstance(value, str) else "|".join(value) for name, value in filed.fields.items()}
        for filed in sample.reports
    ]
    assert any("|" in row.get(field, "") for row in rows for field in MULTIPLE)
    path = desk.file(rows)
    started = time.perf_counter()
    summary = desk.run(path)
    seconds = time.perf_counter() - started
    assert (summary.created, summary.rejected) == (2000, 0)
    assert seconds < 15, f"{2000 / seconds:.0f} rows/s"
    print(f"first {2000 / seconds:.0f} rows/s")
    started = time.perf_counter()
    assert desk.run(path).unchanged == 2000
    print(f"again {2000 / (time.perf_counter() - started):.0f} rows/s")
