"""Where do the rows go that could not be used? Into a file beside theirs, to be corrected and imported again.

One row for each row refused, with a line in its cell for each reason, so that what is corrected goes in once. It is
CSV whatever came in, of the same columns, with the byte order mark and the delimiter with which a spreadsheet of the
sender's language opens it; what a spreadsheet would run as a formula has an apostrophe before it.
"""

from __future__ import annotations

import csv
import filecmp
import io
import shutil
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from api.imports.cells import guard
from api.imports.columns import REJECT_COLUMNS, Columns
from api.imports.errors import FileRefused, Problem
from api.imports.files import Row
from indexing.durable import Sink, replace_file

DEFAULT_NAME = "rejects.csv"
_IN_MEMORY = 1 << 24


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


class Rejects:
    """Gathers the rows that were not imported, beside memory when they are many, until they are written.

    Attributes:
        count: how many rows.
    """

    def __init__(self, columns: Columns, delimiter: str, in_memory: int = _IN_MEMORY) -> None:
        self._columns, self.count = columns, 0
        # Without a name: whoever looks into the folder sees nothing, and nothing is left when the process ends.
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(in_memory)  # noqa: SIM115 - closed by `__exit__`
        self._text = io.StringIO(newline="")
        # A spreadsheet expects its own separator in a .csv file, and a tab is nobody's.
        self._writer = csv.writer(self._text, delimiter="," if delimiter == "\t" else delimiter)
        self._put([*REJECT_COLUMNS, *columns.header[columns.lead :]], "utf-8-sig")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, row: Row, problems: Sequence[Problem]) -> None:
        """Gather a row with its reasons."""
        width = len(self._columns.header)
        cells = [*row.cells, *[""] * (width - len(row.cells))][self._columns.lead :]
        names = "\n".join(problem.column for problem in problems)
        reasons = "\n".join(problem.reason for problem in problems)
        self._put([str(row.number), names, reasons, *cells])
        self.count += 1

    def write(self, wanted: Path | None, source: Path) -> Path:
        """Write the file and return where.

        A file asked for by name is replaced. By default nothing that exists is: somebody may be correcting it; the
        next free of rejects.csv, rejects-2.csv, ... is taken, or the one that holds exactly this already.

        Raises:
            FileRefused: it cannot be written.
        """
        try:
            with tempfile.NamedTemporaryFile() as whole:
                self._file.seek(0)
                shutil.copyfileobj(self._file, whole)
                whole.flush()
                target = wanted or _free(source, Path(whole.name))
                whole.seek(0)
                replace_file(target, lambda sink: _copy(whole, sink))
        except OSError as error:
            raise FileRefused(
                f"{self.count} rows were rejected, and the rejects could not be written ({type(error).__name__}); the "
                "other rows are in: import the file again with another --rejects"
            ) from error
        return target

    def _put(self, cells: Sequence[str], encoding: str = "utf-8") -> None:
        self._writer.writerow(map(guard, cells))
        self._file.write(self._text.getvalue().encode(encoding))
        self._text.seek(0)
        self._text.truncate()


def _copy(file: IO[bytes], sink: Sink) -> None:
    while chunk := file.read(1 << 20):
        sink.write(chunk)


def _free(source: Path, whole: Path) -> Path:
    first = source.parent / DEFAULT_NAME
    for number in count(1):
        target = first if number == 1 else first.with_stem(f"{first.stem}-{number}")
        if target.resolve() == source.resolve():
            continue
        if not target.exists() or (target.is_file() and filecmp.cmp(target, whole, shallow=False)):
            return target
    raise AssertionError("numbers do not end")
