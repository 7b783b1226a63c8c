"""`sandhan export`: a partner's own cases as a file that can be imported again."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from api.bootstrap import Sandhan
from api.commands.console import fail, out, print_json, progress
from api.commands.context import act_as, services
from api.commands.imports import SideChoice
from api.exports.service import ExportRequest, ExportService
from api.exports.writers import ExportFormat

_ENDINGS = {".csv": ExportFormat.CSV, ".xlsx": ExportFormat.XLSX, ".jsonl": ExportFormat.JSONL,
            ".ndjson": ExportFormat.JSONL, ".xml": ExportFormat.PFIF}  # fmt: skip


class StatusChoice(StrEnum):
    """The states of a case, as typer wants them."""

    OPEN = "open"
    CLOSED = "closed"


def export_service(sandhan: Sandhan) -> ExportService:
    """Return the export service of this process."""
    return ExportService(sandhan.database, sandhan.clock, sandhan.settings.public_url)


def export_file(
    output: Annotated[Path, typer.Option(help="File to write, readable by you only.", dir_okay=False)],
    form: Annotated[ExportFormat | None, typer.Option("--format", help="Default: by the ending of the file.")] = None,
    partner: Annotated[str | None, typer.Option(help="Id or name of the partner who owns the cases.")] = None,
    side: Annotated[SideChoice | None, typer.Option(help="Only these; default: both sides.")] = None,
    status: Annotated[StatusChoice | None, typer.Option(help="Only these; default: open and closed ones.")] = None,
    no_tombstones: Annotated[
        bool, typer.Option("--no-tombstones", help="PFIF: leave out the ids of cases that were erased.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write a partner's own cases to a file: CSV, Excel, JSON Lines or PFIF 1.4.

    Importing the file changes nothing; photos are not in it. Who exported how many cases is audited.
    """
    chosen = form or _ENDINGS.get(output.suffix.casefold())
    if chosen is None:
        fail("--format: the ending of the file does not tell; say csv, xlsx, jsonl or pfif")
    with services() as sandhan:
        request = ExportRequest(
            chosen,
            output,
            side.value if side else None,
            status.value if status else None,
            replace=force,
            tombstones=not no_tombstones,
        )
        scope = act_as(sandhan, partner)
        with progress(quiet=as_json) as bars:
            task = bars.add_task("Writing cases", total=None)
            count = export_service(sandhan).run(request, scope, lambda done: bars.update(task, completed=done))
    if as_json:
        print_json({"cases": count, "format": chosen.value, "file": str(output)})
    else:
        out.print(f"{count:,} cases written to {escape(str(output))}")
