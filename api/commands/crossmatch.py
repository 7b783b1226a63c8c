"""`sandhan crossmatch`: compare everyone who has changed, or everyone, with the other side."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, TaskID
from rich.table import Table

from api.bootstrap import Sandhan
from api.commands.console import err, fail, out, print_json, progress
from api.commands.context import services
from api.nightly import DEFAULT_CHUNK, Beat, CrossMatch, LeaseLost, RunInProgress, RunProgress
from api.nightly_report import RunReport, write_report

BUSY_EXIT, INTERRUPTED_EXIT = 3, 130


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
    chunk: Annotated[int, typer.Option(min=1, help="Cases between two checkpoints.")] = DEFAULT_CHUNK,
    report: Annotated[
        Path | None, typer.Option(help="Folder for the report, crossmatch-<run id>.json and .html.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")] = False,
) -> None:
    """Compare the cases that changed since the last run with everyone on the other side; meant for every night.

    A run that was interrupted is resumed. Exits with 3 when another run is under way.
    """
    if report is not None:
        _writable(report)
    with services() as sandhan:
        reports = _run(sandhan, full, chunk, as_json)
        if report is not None:
            _write(reports, report)
        if as_json:
            print_json({"runs": [one.to_json() for one in reports]})
        else:
            for one in reports:
                out.print(summary_table(one))


def _run(sandhan: Sandhan, full: bool, chunk: int, quiet: bool) -> list[RunReport]:
    def open_index(beat: Beat) -> None:
        sandhan.keeper.open(beat)
        sandhan.index_open = True  # so that it is saved at the end, with tonight's changes

    job = CrossMatch(
        sandhan.database, sandhan.matching, sandhan.model.version, sandhan.clock, secrets.token_bytes,
        open_index=open_index,
    )  # fmt: skip
    with progress(quiet) as bars:
        watch = _Watch(bars)
        try:
            return job.run(full=full, chunk=chunk, watch=watch)
        except (RunInProgress, LeaseLost) as error:
            bars.stop()
            fail(str(error), BUSY_EXIT)
        except KeyboardInterrupt:
            bars.stop()
            again = "sandhan crossmatch --full" if full else "sandhan crossmatch"
            at = watch.last
            done = f" after {at.done:,} of {at.total:,} cases; these stay done" if at else " before the first case"
            err.print(f"[yellow]interrupted[/]{done}. To resume, run: {again}")
            raise typer.Exit(INTERRUPTED_EXIT) from None


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
    for name in ("new", "risen", "fallen"):
        table.add_row(f"  {name}", f"{counters[name]:,}")
    table.add_row("alerts queued", f"{counters['alerts']:,}")
    if report.routes:
        table.add_section()
    for route, count in report.routes.items():
        table.add_row(f"found by {route}", f"{count:,}")
    table.add_section()
    for stage, seconds in report.seconds.items():
        table.add_row(f"seconds, {stage}", f"{seconds:,.1f}")
    table.caption = report.run_id
    return table


def _writable(folder: Path) -> None:
    """Stop before the night's work when its report could not be written after it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"--report: the folder cannot be made ({error.strerror})")
    if not os.access(folder, os.W_OK):
        fail("--report: the folder cannot be written to")


def _write(reports: list[RunReport], folder: Path) -> None:
    try:
        for one in reports:
            page = write_report(one, folder)[1]
            err.print(f"report: {page}")
    except OSError as error:
        fail(f"the run is finished, but its report could not be written ({error.strerror})")
