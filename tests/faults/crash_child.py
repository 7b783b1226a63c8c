"""Is anything lost or doubled, wherever the process is killed? A program of its own: it forks, pytest must not.

    crash_child.py SCENARIO FOLDER [--database URL] [--step N] [--sabotage HOW]

For n = 1, 2, 3 ... a fresh copy of one prepared home is put to work by a forked child, which dies at its n-th point.
Another child starts on what is left, the client repeats what was not answered, and everything is checked. The walk
ends when a child survives. Prints one JSON object.

Most points leave what the point before has left, because a transaction cut off leaves nothing. Times and ids are the
same in every run, so on SQLite what is left can be compared, and each different remainder is started on three times:
the client comes back after the recovery, before it, or never. On PostgreSQL every point visited is started on, and the
three take turns.
"""

from __future__ import annotations

import os
import random

# Before numpy and faiss come in: a fork copies no threads, so the parent must never have had any.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import argparse
import contextlib
import hashlib
import itertools
import json
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import faiss
import httpx
import numpy as np
from crash_points import KILLED, Fuse, run_forked, start_forked, wait_for
from fault_world import START, SteppingClock, found_home, home_settings, life, rescue_form
from scenarios import PEOPLE, SCENARIOS, AtRestart, Scenario, problems, problems_of_nothing, tally
from sqlalchemy import NullPool, create_engine, make_url, text, update
from sqlalchemy.exc import OperationalError

from api.bootstrap import prepare_database
from api.store import tables
from indexing.record_vectors import encode_records
from matcher.columns import RecordColumns
from matcher.names.prior import NamePrior

WEBHOOK = ("https://unit.example.org/alerts", "whsec_" + "A" * 43 + "=")
CLIENT = ("after", "before", "never")
RESTART = START + timedelta(hours=1)  # the claims of the killed process have run out


@dataclass
class Report:
    """What the walk came to.

    Attributes:
        points: how many a life without a crash passes.
        killed: how many processes were killed.
        restarts: how many were started on what was left, and checked.
        repeated: the points after which a message was rightly sent twice.
        violations: what was lost, doubled or broken, with the point and what came next there.
        tally: how much there is of everything in the end.
    """

    scenario: str
    points: int = 0
    killed: int = 0
    restarts: int = 0
    repeated: list[int] = field(default_factory=list)
    violations: list[dict[str, Any]] = field(default_factory=list)
    tally: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, part: dict[str, Any]) -> None:
        """Take in what another walker over some of the points has found."""
        self.killed += part["killed"]
        self.restarts += part["restarts"]
        self.repeated = sorted({*self.repeated, *part["repeated"]})
        self.violations += part["violations"]


class Homes:
    """Copies of one prepared home, each with a database of its own."""

    def __init__(self, folder: Path, server: str) -> None:
        self._folder, self._server = folder, server
        self._prefix = f"faults_{os.getpid()}"

    def create(self, name: str) -> tuple[Path, str]:
        """Return a new folder and the address of a new database, both empty."""
        return self._new(name, None)

    def copy(self, source: str, name: str) -> tuple[Path, str]:
        """Return a copy of a home in which no process is at work."""
        return self._new(name, source)

    def file(self, name: str) -> Path:
        """Return the place of a file beside the homes."""
        return self._folder / name

    def drop(self, name: str) -> None:
        """Remove a home."""
        shutil.rmtree(self._folder / name)
        if self._server:
            self._ask(f"DROP DATABASE IF EXISTS {self._prefix}_{name} WITH (FORCE)")

    def drop_all(self) -> None:
        """Remove every home."""
        for home in [entry for entry in self._folder.iterdir() if entry.is_dir()]:
            self.drop(home.name)

    def _new(self, name: str, source: str | None) -> tuple[Path, str]:
        home = self._folder / name
        if source is None:
            home.mkdir()
        else:
            shutil.copytree(self._folder / source, home)
        if not self._server:
            return home, ""
        template = f" TEMPLATE {self._prefix}_{source}" if source else ""
        self._ask(f"CREATE DATABASE {self._prefix}_{name}{template}")
        address = make_url(self._server).set(database=f"{self._prefix}_{name}")
        return home, address.render_as_string(hide_password=False)

    def _ask(self, statement: str) -> None:
        # No pool: a connection that a fork copies would be shared by two processes.
        engine = create_engine(self._server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        for last in (False,) * 50 + (True,):
            try:
                with engine.connect() as conn:
                    conn.execute(text(statement))
                return
            except OperationalError:
                # The server may take a moment to see that the killed process is gone from the template.
                if last:
                    raise
                time.sleep(0.1)


class Walk:
    """One walk over the crash points of a scenario."""

    def __init__(self, name: str, homes: Homes, sabotage: str | None) -> None:
        self.scenario: Scenario = SCENARIOS[name]
        self.report = Report(name)
        self._homes, self._sabotage = homes, sabotage
        self._name = "run"
        self._seen: set[str] = set()
        self._start_tally: dict[str, int] = {}

    def prepare(self) -> None:
        """Make the home that every point starts from."""
        home, url = self._homes.create("start")
        self._must(run_forked(lambda: found_home(home, url, PEOPLE, SteppingClock(START - timedelta(days=9)), WEBHOOK)))
        until = self.scenario.prepare_until

        def ready() -> None:
            fuse = Fuse(home / "note", label=until)
            with life(home, url, START - timedelta(days=1), seed=2, tick=fuse.tick) as world:
                fuse.arm(world.sandhan.database)
                self.scenario.prepare(world)

        self._must(run_forked(ready), 0 if until is None else KILLED)

        def count() -> None:
            with life(home, url, START, seed=2) as world, world.sandhan.database.read() as conn:
                self._homes.file("tally").write_text(json.dumps(tally(conn)))

        self._must(run_forked(count))
        self._start_tally = json.loads(self._homes.file("tally").read_text())

    def walk(self, step: int) -> None:
        """Visit every `step`-th point until a process survives; two processes share the way."""
        assert self.point(None), "the life without a crash was killed"
        middle = self.report.points // 2 // step * step
        parts = [range(step, middle + 1, step), itertools.count(middle + step, step)]
        walkers = [start_forked(partial(self._walk_part, number, part)) for number, part in enumerate(parts)]
        for number, pid in enumerate(walkers):
            status = wait_for(pid)
            if status:
                raise SystemExit(f"a walker ended with status {status}")
            self.report.add(json.loads(self._homes.file(f"part{number}").read_text()))

    def _walk_part(self, walker: int, points: Iterable[int]) -> None:
        self.report = Report(self.report.scenario, tally=self.report.tally)
        self._name = f"run{walker}"
        for point in points:
            if self.point(point):
                break
        self._homes.file(f"part{walker}").write_text(json.dumps(asdict(self.report)))

    def point(self, number: int | None) -> bool:
        """Kill at one point, start again and check; return whether the process survived."""
        home, url = self._homes.copy("start", self._name)
        status = run_forked(lambda: self._first_life(home, url, number))
        if status == KILLED:
            self.report.killed += 1
        elif status:
            self._note(number, home, [f"the first life ended with status {status}"])
        else:
            self.report.points = int((home / "points").read_text())
        if url:
            self._restart(number, home, url, CLIENT[(number or 0) % len(CLIENT)])
        elif (left := remainder(home)) not in self._seen:
            self._seen.add(left)
            for client in CLIENT:
                again = f"{self._name}_again"
                self._restart(number, *self._homes.copy(self._name, again), client)
                self._homes.drop(again)
        self._homes.drop(self._name)
        return status != KILLED

    def _restart(self, number: int | None, home: Path, url: str, client: str) -> None:
        status = run_forked(lambda: self._second_life(home, url, client))
        self.report.restarts += 1
        if status:
            self._note(number, home, [f"the second life ended with status {status} (client {client})"])
            return
        result = json.loads((home / "result").read_text())
        if result["problems"]:
            self._note(number, home, [f"{problem} (client {client})" for problem in result["problems"]])
        if number is None:
            self.report.tally = result["tally"]
        elif result["repeated"] and number not in self.report.repeated:
            self.report.repeated.append(number)

    def _first_life(self, home: Path, url: str, number: int | None) -> None:
        fuse = Fuse(home / "note", number)
        # Sealing draws a nonce each time: drawn alike in each life, what is left of two lives can be compared.
        os.urandom = random.Random(3).randbytes
        with life(home, url, START, seed=3, tick=fuse.tick) as world:
            fuse.arm(world.sandhan.database)
            self.scenario.act(world)
            fuse.tick("before the answer")
            (home / "answered").touch()
            fuse.tick("after the answer")
            world.dispatcher.run_once()
            fuse.tick("after the delivery")
            (home / "points").write_text(str(fuse.passed))
            # What closing does to the index is tested with the snapshots.
            os._exit(0)

    def _second_life(self, home: Path, url: str, client: str) -> None:
        with life(home, url, RESTART, seed=4) as world:
            before = AtRestart.look(world, answered=(home / "answered").exists())
            returns = client if not before.answered else "never"
            if returns == "before":
                self.scenario.repeat(world)
            if self._sabotage != "forget":
                world.sandhan.cases.recover()
            if self._sabotage == "resend":
                with world.sandhan.database.write() as conn:
                    conn.execute(update(tables.outbox).values(state="queued", next_attempt_at=world.clock()))
            if returns == "after":
                self.scenario.repeat(world)
            ended = world.deliver_all()
            with world.sandhan.database.read() as conn:
                counted = tally(conn)
            found = [] if ended else ["the outbox never becomes empty"]
            if returns == "never" and self._may_be_nothing(before):
                found += problems_of_nothing(world, before)
            else:
                found += problems(world, self.scenario, before, self.report.tally or counted)
            result = {"problems": found, "tally": counted, "repeated": bool(before.unrecorded)}
            (home / "result").write_text(json.dumps(result))
            os._exit(0)

    def _may_be_nothing(self, before: AtRestart) -> bool:
        """Tell whether the request left no trace and was never answered: then nothing need come of it."""
        return not before.answered and not self.scenario.committed and before.tally == self._start_tally

    def _note(self, number: int | None, home: Path, found: list[str]) -> None:
        note = home / "note"
        where = note.read_text() if note.exists() else "not killed"
        self.report.violations.append({"point": number, "where": where, "problems": found})

    def _must(self, status: int, wanted: int = 0) -> None:
        if status != wanted:
            raise SystemExit(f"the home cannot be prepared (status {status})")


def remainder(home: Path) -> str:
    """Return what a killed process has left, in short; read from a copy, because looking would tidy it up."""
    copy = home.with_name(f"{home.name}_look")
    shutil.copytree(home, copy)
    digest = hashlib.sha256()
    with contextlib.closing(sqlite3.connect(copy / "sandhan.db")) as conn:
        for line in conn.iterdump():
            digest.update(line.encode())
    for name in ("ledger", "answered"):
        file = copy / name
        digest.update(b"\0" + (file.read_bytes() + b"." if file.exists() else b""))
    shutil.rmtree(copy)
    return digest.hexdigest()


def warm_up() -> None:
    """Do once what every child would have to do again; nothing of faiss runs here."""
    faiss.omp_set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        prepare_database(home_settings(Path(folder)))
    rescue_form(dict(PEOPLE.rescues[0].fields)).content(START.date())
    np.unique([1])  # brings in what numpy leaves for later
    # Reading the public certificates takes as long as all the rest of a start, and nothing is posted here.
    context = httpx.create_ssl_context(trust_env=False)
    httpx.create_ssl_context = lambda **_: context
    encode_records(RecordColumns.build([record.to_person(START.date()) for record in PEOPLE.reports]))
    NamePrior.load()


def main() -> None:
    """Walk, and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--database", default="", help="PostgreSQL server on which each point gets a database")
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--sabotage", choices=("forget", "resend"), help="break the restart: the walk must notice")
    given = parser.parse_args()
    started = time.monotonic()
    warm_up()
    homes = Homes(given.folder, given.database)
    walk = Walk(given.scenario, homes, given.sabotage)
    try:
        walk.prepare()
        walk.walk(given.step)
    finally:
        homes.drop_all()
    walk.report.seconds = round(time.monotonic() - started, 1)
    json.dump(asdict(walk.report), sys.stdout)


if __name__ == "__main__":
    main()
