"""A simulated week: everything that should happen happens, at its hour, the same for the same seed; and the oracle sees
what does not.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from api.alerts import attention
from api.store import Database, upgrade
from benchmarks.attention_month import Outcome, run


@pytest.fixture
def week(tmp_path: Path) -> Callable[[int], Outcome]:
    upgrade(f"sqlite:///{tmp_path / 'empty.db'}")

    def live(seed: int, days: int = 7) -> Outcome:
        shutil.copy(tmp_path / "empty.db", tmp_path / "week.db")
        with closing(Database.open(f"sqlite:///{tmp_path / 'week.db'}")) as database:
            return run(6, days, seed, database)

    return live


def test_a_week_is_as_the_oracle_reckons_and_the_same_twice(week: Callable[[int], Outcome]) -> None:
    first = week(1)
    assert (first.mismatches, first.examples) == (0, [])
    assert set(first.happened) == {
        "acknowledged", "actioned", "closed", "escalated", "lapsed", "missed", "raised", "recalled", "reminded",
        "still_escalated", "told",
    }  # fmt: skip
    assert week(1).trace_sha256 == first.trace_sha256


def test_another_process_lives_the_same_month() -> None:
    """Python walks through a set of texts in another order in each process, unless it is told a seed."""
    command = [sys.executable, "-m", "benchmarks.attention_month", "--partners", "40", "--days", "1", "--json"]
    traces = set()
    for seed in ("1", "2", "3"):
        done = subprocess.run(
            command, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True, timeout=120
        )
        traces.add(json.loads(done.stdout)["trace_sha256"])
    assert len(traces) == 1


def test_the_oracle_sees_a_reminder_that_comes_too_early(
    week: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    half = attention.half_time
    monkeypatch.setattr(attention, "half_time", lambda *given: half(*given) - timedelta(minutes=1))
    assert week(1, days=2).mismatches > 0
