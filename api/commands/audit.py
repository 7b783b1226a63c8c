"""`sandhan audit`: has anybody altered the record of who did what?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api.commands.console import fail, out, print_json
from api.commands.context import services
from api.store.audit import AuditEntry, AuditHead
from indexing.durable import Sink, replace_file

app = typer.Typer(help="The log of who did or saw what.", no_args_is_help=True)


@app.command()
def verify(
    roots: Annotated[
        Path | None, typer.Option(help="Roots kept elsewhere: the JSON that /v1/audit/roots or `audit roots` gave.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read the whole log and tell whether it is as it was written; exits with 1 when it is not."""
    kept = _read_roots(roots) if roots else []
    with services() as sandhan:
        verdict = sandhan.audit.verify(kept)
    problem = verdict.problem
    if as_json:
        print_json(
            {
                "whole": problem is None, "rows": verdict.head.seq, "hash": verdict.head.hash,
                "anchors": verdict.anchors, "problem": None if problem is None else asdict(problem),
            }
        )  # fmt: skip
    elif problem is None:
        out.print(f"The log is whole: {verdict.head.seq:,} rows, held against {verdict.anchors} roots.")
        out.print(f"newest row {verdict.head.seq}: {verdict.head.hash}")
    else:
        out.print(f"[bold red]The log was altered[/] at row {problem.seq}: {problem.reason}")
    if problem is not None:
        raise typer.Exit(1)


@app.command()
def export(
    output: Annotated[Path, typer.Option(help="File to write: JSON Lines, a row of the log to each.")],
    after: Annotated[int, typer.Option(help="Only rows after this number.")] = 0,
) -> None:
    """Write the log to a file. It carries ids and no personal data; that it was exported is noted in it."""
    if output.exists():
        fail(f"{output} is there already; name another file")
    with services() as sandhan:
        count = 0

        def write(sink: Sink) -> None:
            nonlocal count
            for line in _lines(sandhan.audit.entries(after)):
                sink.write(line)
                count += 1

        replace_file(output, write)
        sandhan.audit.note_export(count)
    out.print(f"{count:,} rows written")


@app.command()
def roots(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, as `verify --roots` reads it.")] = False,
) -> None:
    """Close the days that are over, and list the roots of all: give them to the partners to keep."""
    with services() as sandhan:
        sandhan.audit.close_days()
        found = sandhan.audit.all_roots()
    if as_json:
        print_json({"items": [{"day": root.day.isoformat(), "seq": root.seq, "hash": root.hash} for root in found]})
        return
    for root in found:
        out.print(f"{root.day}  {root.seq:>10}  {root.hash}")


def _lines(entries: Iterator[AuditEntry]) -> Iterator[bytes]:
    for entry in entries:
        document = asdict(entry) | {"at": entry.at.isoformat()}
        yield (json.dumps(document, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _read_roots(path: Path) -> list[AuditHead]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return [AuditHead(int(item["seq"]), str(item["hash"])) for item in document["items"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        fail(f"--roots: the file holds no roots ({type(error).__name__})")
