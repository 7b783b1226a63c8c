"""`sandhan import`: a file of missing reports or rescued persons, with their photos."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Table

from api.bootstrap import Sandhan
from api.commands.console import err, out, print_json, progress
from api.commands.context import act_as, services
from api.imports.columns import read_mapping
from api.imports.service import ImportService
from api.imports.summary import ImportRequest, ImportSummary

_SHOWN = 10


class SideChoice(StrEnum):
    """The two sides, as typer wants them."""

    MISSING = "missing"
    RESCUED = "rescued"


class _Bars:
    """Shows the parts of an import as progress bars."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def stage(self, text: str, total: int | None) -> None:
        """Begin a new bar in place of the last."""
        if self._task is not None:
            self._bars.remove_task(self._task)
        self._task = self._bars.add_task(text, total=total)

    def step(self, done: int) -> None:
        """Move the bar."""
        if self._task is not None:
            self._bars.update(self._task, completed=done)


def import_service(sandhan: Sandhan) -> ImportService:
    """Return the import service of this process."""
    return ImportService(
        sandhan.database,
        sandhan.cases,
        sandhan.photos,
        sandhan.matching,
        sandhan.clock,
        photo_limit=sandhan.settings.photo_limit_mb * 1024 * 1024,
        file_limit=sandhan.settings.import_limit_mb * 1024 * 1024,
        prepare_matching=sandhan.open_index,
        feed=sandhan.lifecycle,
    )


def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV, Excel (.xlsx), JSON Lines, PFIF (.xml), or a ZIP file with one of these and photos.",
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ],
    photos: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the photos: named in the column photo, or like the id (ID.jpg, ID_1.jpg, ID-2.jpg).",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    side: Annotated[
        SideChoice | None, typer.Option(help="Side of rows without a value in the column side; of PFIF, of all.")
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Sheet of an Excel workbook: its name or number; default: the first.")
    ] = None,
    partner: Annotated[str | None, typer.Option(help="Id or name of the partner who owns the cases.")] = None,
    columns: Annotated[
        Path | None,
        typer.Option(help='TOML file whose table \\[columns] says: field = "column".', exists=True, dir_okay=False),
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Where rows go that cannot be used; default: rejects.csv beside FILE.")
    ] = None,
    ignore_unknown: Annotated[
        bool, typer.Option("--ignore-unknown", help="Leave out columns that are no field.")
    ] = False,
    no_match: Annotated[
        bool, typer.Option("--no-match", help="Do not compare now; the service does it later.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, store nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON summary.")] = False,
) -> None:
    """Import a file of missing reports or rescued persons, then compare them.

    The same file again changes nothing; a corrected row makes a new version of its case.

    Rows that cannot be used go to a rejects file with the reason, to be corrected and imported in turn.

    It may be stopped at any time: run it again and it does the rest.
    """
    with services() as sandhan:
        request = ImportRequest(
            file=file,
            side=side.value if side else None,
            sheet=sheet,
            photos=photos,
            mapping=read_mapping(columns) if columns else {},
            rejects=rejects,
            ignore_unknown=ignore_unknown,
            match=not no_match,
            dry_run=dry_run,
        )
        scope = act_as(sandhan, partner)
        with progress(quiet=as_json) as bars:
            summary = import_service(sandhan).run(request, scope, _Bars(bars))
    if as_json:
        print_json(as_document(summary))
    else:
        _show(summary)


def as_document(summary: ImportSummary) -> dict[str, object]:
    """Return the summary as JSON values."""
    return {
        "dry_run": summary.dry_run,
        "rows": summary.rows,
        "created": summary.created,
        "changed": summary.changed,
        "unchanged": summary.unchanged,
        "rejected": summary.rejected,
        "rejects_file": str(summary.rejects) if summary.rejects else None,
        "problems": [
            {"row": number, "column": problem.column, "reason": problem.reason} for number, problem in summary.problems
        ],
        "ignored_columns": list(summary.ignored_columns),
        "withdrawn": summary.withdrawn,
        "notes_elsewhere": summary.notes_elsewhere,
        "photos": summary.photos,
        "photo_problems": [
            {"row": item.row, "case": item.case_id, "code": item.code, "detail": item.detail}
            for item in summary.photo_troubles
        ],
        "compared": summary.compared,
        "matches": summary.matches if summary.compared is not None else None,
        "alerts": summary.alerts,
        "rows_per_second": round(summary.rows / summary.row_seconds, 1) if summary.row_seconds else None,
    }


def _show(summary: ImportSummary) -> None:
    verb = "would be " if summary.dry_run else ""
    table = Table(title="Nothing was stored (--dry-run)" if summary.dry_run else "Imported", title_justify="left")
    table.add_column()
    table.add_column(justify="right")
    for name in ("rows", "created", "changed", "unchanged", "rejected"):
        table.add_row(name if name == "rows" else verb + name, f"{getattr(summary, name):,}")
    for name, count in summary.photos.items():
        if count:
            table.add_row(f"photos {name}", f"{count:,}")
    for name, count in summary.withdrawn.items():
        if count:
            table.add_row(f"records withdrawn at their source, {name}", f"{count:,}")
    if summary.notes_elsewhere:
        table.add_row("notes about persons not in the file", f"{summary.notes_elsewhere:,}")
    if summary.compared is not None:
        table.add_row("cases compared", f"{summary.compared:,}")
        for grade, count in summary.matches.items():
            table.add_row(f"matches {grade}", f"{count:,}")
        table.add_row("alerts queued", f"{summary.alerts:,}")
    out.print(table)
    _show_problems(summary)
    if summary.ignored_columns:
        out.print(f"columns left out: {escape(', '.join(summary.ignored_columns))}")
    if summary.alerts:
        out.print("Alerts go out while `sandhan serve` runs.")
    elif summary.compared is None and not summary.dry_run:
        out.print("Not compared yet: `sandhan serve` does it, or the same import without --no-match.")


def _show_problems(summary: ImportSummary) -> None:
    for number, problem in summary.problems[:_SHOWN]:
        where = f"row {number}" + (f", {problem.column}" if problem.column else "")
        err.print(f"[yellow]rejected[/] {escape(where)}: {escape(problem.reason)}")
    if len(summary.problems) > _SHOWN:
        err.print(f"... and {len(summary.problems) - _SHOWN:,} more reasons")
    if summary.rejects:
        err.print(f"Correct them in {escape(str(summary.rejects))} and import that file.")
    for trouble in summary.photo_troubles[:_SHOWN]:
        err.print(f"[yellow]photo[/] row {trouble.row}, {trouble.code}: {escape(trouble.detail)}")
    if len(summary.photo_troubles) > _SHOWN:
        err.print(f"... and {len(summary.photo_troubles) - _SHOWN:,} more photos")
