"""`sandhan crossmatch --engine dask`: the same matches and alerts as alone, whoever dies on the way."""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from click.testing import Result
from sqlalchemy import select
from typer.testing import CliRunner

import indexing.match_index
from api.cases.agreed import as_rows
from api.cases.forms import CaseForm
from api.commands.crossmatch import Options, crossmatch
from api.ids import new_id
from api.matches.service import MatchOutcome, MatchService
from api.nightly.engine import MOST_ON_A_CLUSTER, Engine, Kind
from api.nightly.errors import BadEngine
from api.nightly.memory import MOST_AT_ONCE
from api.store import Database, agreements, cases, consents, partners, tables
from data.synthetic import LinkedSample, linked_sample
from indexing.building import IndexBuilder
from indexing.cluster import Cluster

NOW = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    cluster = LocalCluster(
        n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", memory_limit=0
    )
    print(cluster.scheduler_address, flush=True)
    sys.stdin.read()
"""
Stored = tuple[dict[tuple[str, str], tuple[str, float, str]], Counter[tuple[str, ...]]]


@pytest.fixture(scope="module")
def sample() -> LinkedSample:
    return linked_sample(31, 60, 20)


@pytest.fixture
def home(
    template: Path, tmp_path: Path, sample: LinkedSample, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Path]:
    """Return what makes a database of the same cases, uncompared, and lets the commands use it."""
    monkeypatch.setenv("SANDHAN_FACES", "false")
    monkeypatch.delenv("SANDHAN_DATABASE_URL", raising=False)
    # Several segments, of which each worker holds some.
    monkeypatch.setattr(IndexBuilder.__init__, "__defaults__", (20,))
    monkeypatch.setattr("api.index_building.PAGE", 20)
    monkeypatch.setattr(indexing.match_index, "MOST_IN_A_SEGMENT", 20)
    monkeypatch.setattr(indexing.match_index, "_SMALL", 0)
    monkeypatch.setattr("indexing.cluster.MOST_HELD", 50)

    def made(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(template, folder / "sandhan.db")
        monkeypatch.setenv("SANDHAN_HOME", str(folder))
        database = Database.open(f"sqlite:///{folder / 'sandhan.db'}")
        with database.write() as conn:
            for unit in ("north", "south"):
                partners.add_partner(conn, partner_id=unit, name=unit, kind="ahtu", country="IN", language="en", at=NOW)
            agreements.add_agreement(
                conn, agreement_id="all", reference="MoU", parties=("north", "south"), valid_from=NOW, valid_until=None,
                at=NOW, by="test", accepted=("north", "south"),
            )  # fmt: skip
            for number, record in enumerate((*sample.reports, *sample.rescues)):
                form = CaseForm.model_validate({"side": record.side.value, **record.fields})
                case_id = new_id("case", NOW, random.Random(record.record_id).randbytes)
                cases.insert_case(
                    conn, case_id=case_id, side=form.side, owner_id=("north", "south")[number % 2],
                    content=form.content(NOW.date()), at=NOW, by="test",
                )  # fmt: skip
                drawn = random.Random(f"agreed {record.record_id}").randbytes
                consents.add_consents(
                    conn, as_rows(case_id, form.agreed, first_version=1, at=NOW, by="test", random_bytes=drawn)
                )
        database.dispose()
        return folder

    return made


def stored(folder: Path) -> Stored:
    """Return the pairs with their evidence, and who was told of which for what, each as often as it was told."""
    matches, alerts = tables.matches, tables.alerts
    columns = (matches.c.missing_id, matches.c.rescued_id, matches.c.grade, matches.c.weight, matches.c.evidence_hash)
    told = select(matches.c.missing_id, matches.c.rescued_id, alerts.c.recipient_id, alerts.c.event)
    database = Database.open(f"sqlite:///{folder / 'sandhan.db'}")
    try:
        with database.read() as conn:
            rows = conn.execute(select(*columns)).all()
            pairs = {(row[0], row[1]): (row[2], round(row[3], 6), row[4]) for row in rows}
            joined = conn.execute(told.join(alerts, alerts.c.match_id == matches.c.id)).all()
            return pairs, Counter(tuple(row) for row in joined)
    finally:
        database.dispose()


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(crossmatch)
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(scope="module")
def kept() -> list[Stored]:
    return []


@pytest.fixture
def alone(home: Callable[[str], Path], kept: list[Stored]) -> Stored:
    """What an undisturbed run in one process stores."""
    if kept:
        return kept[0]
    folder = home("alone")
    result = run()
    assert result.exit_code == 0, result.output
    pairs, told = stored(folder)
    assert len(pairs) > 8
    assert sum(told.values()) > 8
    kept.append((pairs, told))
    return kept[0]


@pytest.fixture
def at_call(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], object]], list[int]]:
    """Return what does something before cases are compared for the so many-th time."""
    real = MatchService.match_cases
    sizes: list[int] = []

    def at(number: int, act: Callable[[], object]) -> list[int]:
        def matching(service: MatchService, case_ids: Sequence[str]) -> list[MatchOutcome]:
            sizes.append(len(case_ids))
            if len(sizes) == number:
                act()
            return real(service, case_ids)

        monkeypatch.setattr(MatchService, "match_cases", matching)
        return sizes

    return at


def test_a_worker_that_is_killed_changes_nothing(
    home: Callable[[str], Path], alone: Stored, at_call: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = []
    prepare, held = Cluster.prepare, []

    def preparing(cluster: Cluster, *arguments: Any) -> None:
        prepare(cluster, *arguments)
        held.append(Counter(address for _, address in cluster._places))

    monkeypatch.setattr(Cluster, "prepare", preparing)

    def kill() -> None:
        (one, *others) = multiprocessing.active_children()
        assert len(others) == 1
        os.kill(one.pid or 0, signal.SIGKILL)
        killed.append(one.pid)

    folder = home("cluster")
    at_call(3, kill)
    result = run("--engine", "dask", "--workers", "2", "--chunk", "15")
    assert result.exit_code == 0, result.output
    assert killed
    assert [min(count.values()) for count in held] == [2]
    assert sum(held[0].values()) == 4, "each segment lies on one worker"
    assert stored(folder) == alone
    assert not multiprocessing.active_children()
    monkeypatch.setattr("indexing.workers.LocalWorkers.open", lambda _: pytest.fail("nobody is to be asked"))
    assert run("--engine", "dask").exit_code == 0, "without work no worker is started"


def test_a_scheduler_that_is_gone_ends_the_run_and_the_next_one_resumes_it(
    home: Callable[[str], Path], alone: Stored, at_call: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexing.workers._CONNECT_S", 2)
    folder = home("cluster")
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        try:
            at_call(3, lambda: os.killpg(process.pid, signal.SIGKILL))
            result = run("--engine", "dask", "--scheduler", address, "--chunk", "15")
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert result.exit_code == 2, result.output
    said = re.sub(r"\s+", " ", result.stderr)
    assert "scheduler is gone" in said
    assert "stays done" in said
    assert "To resume, run" in said
    assert "Traceback" not in result.output
    assert 0 < len(stored(folder)[0]) < len(alone[0])
    assert run().exit_code == 0
    assert stored(folder) == alone


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--workers", "2"), "go with --engine dask"),
        (("--scheduler", "tcp://127.0.0.1:9"), "go with --engine dask"),
        (("--engine", "dask", "--scheduler", "tcp://127.0.0.1:9", "--workers", "2"), "the workers it has"),
        (("--engine", "spark"), "spark"),
    ],
)
def test_options_that_do_not_go_together(arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in re.sub(r"[\s│]+", " ", result.stderr)


def test_what_is_not_installed_is_told_before_the_night(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("indexing.cluster", "indexing.workers"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(BadEngine, match=r"pip install 'sandhan\[cluster\]'"):
        Engine(Kind.DASK).meeting()
    result = run("--engine", "dask", "--at", "01:30")
    assert result.exit_code == 2
    assert "sandhan[cluster]" in re.sub(r"\s+", " ", result.stderr)


def test_more_are_compared_at_once_on_a_cluster() -> None:
    def at_once(kind: Kind, memory_mb: int | None) -> int:
        asked: Any = SimpleNamespace(settings=SimpleNamespace(candidates=250))
        return Options(memory_mb=memory_mb, engine=Engine(kind)).budget(asked).cases_at_once(1000)

    assert at_once(Kind.DASK, None) == MOST_ON_A_CLUSTER > at_once(Kind.LOCAL, None) == MOST_AT_ONCE
    assert 1 <= at_once(Kind.DASK, 100) == at_once(Kind.LOCAL, 100) < MOST_AT_ONCE
