"""`sandhan crossmatch`: compare everyone who has changed, or everyone, with the other side; now, or every night."""

from __future__ import annotations

import os
import secrets
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.progress import Progress, TaskID
from rich.table import Table

from api.bootstrap import Sandhan
from api.commands.console import err, fail, out, plain_errors, print_json, progress
from api.commands.context import services
from api.commands.same_side import compare_within
from api.faults import origin
from api.ids import Clock, utc_now
from api.nightly.engine import Engine, Kind
from api.nightly.errors import LeaseLost, RunInProgress, RunStopped
from api.nightly.memory import MemoryBudget
from api.nightly.partner_page import write_partner_reports
from api.nightly.report import RunReport, write_report
from api.nightly.run import DEFAULT_CHUNK, Beat, CrossMatch, RunProgress
from api.nightly.schedule import BadTimeOfDay, Nights, every_night, time_of_day
from indexing.errors import ClusterFailed, WorkerFault

BUSY_EXIT, UNSAVED_EXIT, INTERRUPTED_EXIT, TERMINATED_EXIT = 3, 4, 130, 143


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is carried out, as `crossmatch` describes it."""

    full: bool = False
    chunk: int | None = None
    memory_mb: int | None = None
    report: Path | None = None
    partners: bool = False
    as_json: bool = False
    engine: Engine = field(default_factory=Engine)

    def budget(self, sandhan: Sandhan) -> MemoryBudget:
        """Return what the run may hold."""
        if self.memory_mb is None:
            return MemoryBudget.unlimited(self.engine.most_at_once)
        return MemoryBudget(self.memory_mb, sandhan.settings.candidates, self.engine.most_at_once)


class _Watch:
    """Shows a run as a progress bar, and remembers how far it came."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task: TaskID = bars.add_task("Looking for work", total=None)
        self.last: RunProgress | None = None

    def __call__(self, at: RunProgress) -> None:
        """Move the bar."""
        rate = "" if at.rate is None else f" · {at.rate:,.1f} cases/s"
        if self.last is None or self.last.run_id != at.run_id:
            # A new bar, so that time remaining is reckoned from this run and not from cases done before.
            self._bars.remove_task(self._task)
            self._task = self._bars.add_task("", total=at.total, completed=at.done)
        self._bars.update(self._task, description=f"Comparing{rate}", completed=at.done)
        self.last = at


def crossmatch(
    full: Annotated[
        bool,
        typer.Option("--full", help="Every open rescued person against every report, e.g. after a change of model."),
    ] = False,
    chunk: Annotated[
        int | None,
        typer.Option(min=1, help=f"Cases between two checkpoints: {DEFAULT_CHUNK}, or as many as pay on a cluster."),
    ] = None,
    memory: Annotated[
        int | None,
        typer.Option(
            metavar="MB",
            min=1,
            help="Bound what the run holds while it compares, by comparing fewer cases at once. The program and the "
            "index are extra: the index depends on how many records there are.",
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="HH:MM", help="Stay, and run every day at this local time until interrupted."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Folder for the report, crossmatch-<run id>.json, .csv and .html.")
    ] = None,
    partners: Annotated[
        bool,
        typer.Option("--partners", help="With --report: one more for each partner, crossmatch-<run id>-<partner id>."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")] = False,
    engine: Annotated[Kind, typer.Option(help="Compare in this process, or on a Dask cluster.")] = Kind.LOCAL,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="With --engine dask: the scheduler of a cluster that is there already, e.g. tls://host:8786. Records "
            "travel to its workers. Otherwise workers are started on this machine for the run.",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="With --engine dask: workers on this machine; as many as cores.")
    ] = None,
) -> None:
    """Compare the cases that changed since the last run with everyone on the other side; meant for every night.

    Afterwards cases and suspects are compared within their own side: is one person, or suspect, known to two units?
    A run that was interrupted is resumed. Exits with 3 when another run is under way, with 4 when the run is finished
    but its report or the index could not be saved, with 143 when SIGTERM ended it between two chunks.
    """
    if report is not None:
        _writable(report)
    elif partners:
        fail("--partners: say where to with --report FOLDER")
    options = Options(full, chunk, memory, report, partners, as_json, Engine(engine, scheduler, workers))
    with plain_errors():
        options.engine.meeting()  # what is not there is told now and not in the night
    with _asked_to_end() as asked:
        if at is None:
            night(options, asked.is_set)
        else:
            nightly(options, _time(at), asked.is_set, utc_now, asked.wait)


def night(options: Options, stop: Callable[[], bool]) -> None:
    """Do one night's work and tell what it came to.

    Raises:
        typer.Exit: it did not end well; why has been told.
    """
    with services() as sandhan:
        kept = True
        try:
            sandhan.beginning.follow()
            sandhan.telling.follow()
            reports = _run(sandhan, options, stop)
            within = compare_within(sandhan, full=options.full, stop=stop)
        except KeyboardInterrupt:  # the run is whole by now, and what was not compared within the sides comes next time
            err.print("[yellow]interrupted[/] while comparing within the sides; the next run goes on from there")
            raise typer.Exit(INTERRUPTED_EXIT) from None
        finally:
            # Also after an interruption: what was opened need not be built again.
            kept = _keep_index(sandhan)
        sandhan.sharing.enforce()
        sandhan.agenda.run_clocks()
        if options.report is not None:
            kept &= _write(sandhan, reports, options.report, options.partners)
        if options.as_json:
            print_json({"runs": [one.to_json() for one in reports], "same_side": within.to_json()})
        else:
            for one in reports:
                out.print(summary_table(one))
            out.print(within.words())
        if not kept:
            raise typer.Exit(UNSAVED_EXIT)


def nightly(
    options: Options, at: time, stopped: Callable[[], bool], clock: Clock, sleep: Callable[[float], object]
) -> None:
    """Do every night's work until stopped; a night that fails is told, and the next one still comes."""
    with services() as sandhan:  # what is set up wrongly is told now and not in the night
        options.budget(sandhan).cases_at_once(0)
    nights = Nights(at, clock())

    def say_next() -> None:
        err.print(f"next run: {nights.next_moment().astimezone():%Y-%m-%d %H:%M %z}")

    def work() -> None:
        try:
            night(options, stopped)
        except typer.Exit as ended:
            if ended.exit_code == INTERRUPTED_EXIT:
                raise
        except Exception as error:  # noqa: BLE001 - a night that fails must not cost the next one
            err.print(f"[bold red]error:[/] tonight's run failed ({origin(error)})")
        if not stopped():
            say_next()

    say_next()
    try:
        every_night(nights, work, clock=clock, sleep=sleep, stopped=stopped)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED_EXIT) from None


def _run(sandhan: Sandhan, options: Options, stop: Callable[[], bool]) -> list[RunReport]:
    budget = options.budget(sandhan)
    chunk = options.chunk or max(DEFAULT_CHUNK, options.engine.most_at_once)
    with options.engine.meeting() as meeting, progress(options.as_json) as bars:

        def open_index(beat: Beat) -> None:
            sandhan.keeper.open(beat)
            sandhan.index_open = True  # so that it is saved at the end, with tonight's changes
            meeting.prepare(sandhan.keeper.index, beat)

        job = CrossMatch(
            sandhan.database, sandhan.matching.using(meeting), sandhan.model.version, sandhan.clock,
            secrets.token_bytes, open_index=open_index,
        )  # fmt: skip
        watch = _Watch(bars)
        try:
            return job.run(full=options.full, chunk=chunk, memory=budget, watch=watch, stop=stop)
        except (RunInProgress, LeaseLost) as error:
            bars.stop()
            fail(str(error), BUSY_EXIT)
        except (ClusterFailed, WorkerFault) as error:
            bars.stop()
            fail(f"{error}. To resume, run the same command again")
        except OSError as error:  # the index's: the database has errors of its own
            bars.stop()
            fail(f"the index could not be saved ({error.strerror}): the old one stays in use and nothing is lost")
        except (KeyboardInterrupt, RunStopped) as ended:
            bars.stop()
            again = "sandhan crossmatch --full" if options.full else "sandhan crossmatch"
            at = watch.last
            done = f" after {at.done:,} of {at.total:,} cases; these stay done" if at else " before the first case"
            err.print(f"[yellow]interrupted[/]{done}. To resume, run: {again}")
            raise typer.Exit(TERMINATED_EXIT if isinstance(ended, RunStopped) else INTERRUPTED_EXIT) from None


def _keep_index(sandhan: Sandhan) -> bool:
    """Save the index if it was opened; tell why when that fails."""
    if not sandhan.index_open:
        return True
    sandhan.index_open = False  # not again when the services are closed
    try:
        sandhan.keeper.save_if_free()
    except OSError as error:
        err.print(
            f"[bold red]error:[/] the index could not be saved ({error.strerror}): the old one stays in use, "
            "nothing is lost, and the next run follows from there"
        )
        return False
    return True


@contextmanager
def _asked_to_end() -> Iterator[threading.Event]:
    """Give an event that SIGTERM sets, instead of ending the process at once."""
    asked = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        asked.set()

    before = signal.signal(signal.SIGTERM, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGTERM, before)


def summary_table(report: RunReport) -> Table:
    """Return the figures of a run as a table for the terminal."""
    resumed = ", resumed" if report.resumed else ""
    table = Table(title=f"Cross-match ({'full' if report.full else 'incremental'}{resumed})", title_justify="left")
    table.add_column("", no_wrap=True)
    table.add_column("", justify="right")
    counters = report.counters
    table.add_row("cases compared", f"{counters['compared']:,}")
    for name, meaning in (
        ("passed_over", "closed meanwhile"),
        ("unsettled", "changed meanwhile, left to the next run"),
    ):
        if counters[name]:
            table.add_row(f"  {meaning}", f"{counters[name]:,}")
    table.add_section()
    for grade, count in report.pairs.items():
        table.add_row(f"pairs {grade}", f"{count:,}")
    for name in ("new", "risen", "fallen", "withdrawn"):
        table.add_row(f"  {name}", f"{counters[name]:,}")
    table.add_row("alerts queued", f"{counters['alerts']:,}")
    if report.routes or report.candidates:
        table.add_section()
    for route in sorted({*report.candidates, *report.routes}):
        found, proposed = report.routes.get(route, 0), report.candidates.get(route, 0)
        table.add_row(f"found by {route}, of candidates", f"{found:,} of {proposed:,}")
    table.add_section()
    for stage, seconds in report.seconds.items():
        table.add_row(f"seconds, {stage}", f"{seconds:,.1f}")
    table.caption = report.run_id
    return table


def _time(text: str) -> time:
    try:
        return time_of_day(text)
    except BadTimeOfDay as error:
        fail(f"--at: {error}")


def _writable(folder: Path) -> None:
    """Stop before the night's work when its report could not be written after it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"--report: the folder cannot be made ({error.strerror})")
    if not os.access(folder, os.W_OK):
        fail("--report: the folder cannot be written to")


def _write(sandhan: Sandhan, reports: list[RunReport], folder: Path, of_partners: bool) -> bool:
    url = sandhan.settings.public_url
    try:
        for one in reports:
            page = write_report(one, folder)[-1]
            err.print(f"report: {page}")
            if of_partners:
                pages = write_partner_reports(sandhan.database, one.run_id, folder, sandhan.clock, url)
                err.print(f"reports of partners: {len(pages)}")
    except OSError as error:
        err.print(
            f"[bold red]error:[/] the run is finished, but its report could not be written ({error.strerror}); "
            "what it found is stored"
        )
        return False
    return True
