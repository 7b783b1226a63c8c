"""Where do the rows go that could not be used? Into a file beside theirs, to be corrected and imported again.

One row for each row refused, with a line in its cell for each reason, so that what is corrected goes in once. The file
has the byte order mark and the delimiter with which a spreadsheet of the sender's language opens it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from api.imports.columns import REJECT_COLUMNS, Columns
from api.imports.errors import FileRefused, Problem
from api.imports.files import Row
from indexing.durable import replace_file

DEFAULT_NAME = "rejects.csv"


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not imported, and why."""

    row: Row = field(repr=False)
    problems: tuple[Problem, ...]


def check_target(wanted: Path | None, source: Path) -> None:
    """Refuse, before anything is imported, a place where rejects must not or cannot be written.

    Args:
        wanted: what the importer asked for, None for the default beside the file.
        source: the file imported.
    Raises:
        FileRefused: says which place to choose.
    """
    target = wanted or source.parent / DEFAULT_NAME
    if wanted is not None and wanted.resolve() == source.resolve():
        raise FileRefused("the rejects would overwrite the file that is imported; name another one with --rejects")
    if target.is_dir() or not target.parent.is_dir():
        raise FileRefused(f"rejects cannot be written to {target}; name a file in a folder that exists with --rejects")


def write_rejects(
    wanted: Path | None, source: Path, columns: Columns, delimiter: str, rejects: Sequence[Reject]
) -> Path:
    """Write the rejects and return where.

    A file asked for by name is replaced. By default nothing that exists is: somebody may be correcting it; the next
    free of rejects.csv, rejects-2.csv, ... is taken, or the one that holds exactly this already.

    Raises:
        FileRefused: they cannot be written.
    """
    data = _encode(columns, delimiter, rejects)
    try:
        target = wanted or _free(source, data)
        replace_file(target, lambda sink: sink.write(data))
    except OSError as error:
        raise FileRefused(
            f"{len(rejects)} rows were rejected, and the rejects could not be written ({type(error).__name__}); the "
            "other rows are in: import the file again with another --rejects"
        ) from error
    return target


def _free(source: Path, data: bytes) -> Path:
    first = source.parent / DEFAULT_NAME
    for number in count(1):
        target = first if number == 1 else first.with_stem(f"{first.stem}-{number}")
        if target.resolve() == source.resolve():
            continue
        if not target.exists() or (target.is_file() and target.read_bytes() == data):
            return target
    raise AssertionError("numbers do not end")


def _encode(columns: Columns, delimiter: str, rejects: Sequence[Reject]) -> bytes:
    text = io.StringIO(newline="")
    # A spreadsheet expects its own separator in a .csv file, and a tab is nobody's.
    writer = csv.writer(text, delimiter="," if delimiter == "\t" else delimiter)
    width = len(columns.header)
    writer.writerow([*REJECT_COLUMNS, *columns.header[columns.lead :]])
    for reject in rejects:
        cells = [*reject.row.cells, *[""] * (width - len(reject.row.cells))][columns.lead :]
        names = "\n".join(problem.column for problem in reject.problems)
        reasons = "\n".join(problem.reason for problem in reject.problems)
        writer.writerow([reject.row.number, names, reasons, *cells])
    return text.getvalue().encode("utf-8-sig")
