"""What is in this Excel workbook? The rows of one sheet, as the texts that a person sees in its cells.

The workbook is looked through before it is opened: how much it unpacks to, whether it declares entities, and whether a
formula has no value. Then its rows are read one after another.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import IO, Any
from zipfile import BadZipFile

import openpyxl
from openpyxl.workbook.workbook import Workbook

from api.imports.archive import Archive
from api.imports.cells import ERROR_TEXTS, unguard
from api.imports.contents import MEGABYTE, Content, refuse_larger
from api.imports.errors import FileRefused, Problem
from api.imports.files import Row
from api.imports.plain import yes_no

OLD = (
    "the file is an old Excel workbook (.xls), or one with a password; open it in Excel, take the password off and "
    'save it as "Excel Workbook (.xlsx)"'
)
_DAMAGED = "the file is no Excel workbook that can be read; open it in Excel and save it again as .xlsx"
_WIDEST = 1000
_AT_ONCE = 200
_IN_MEMORY = 256 * MEGABYTE  # of a part that is read whole: the texts that several cells share
_EXACT = 10**15  # beyond it a spreadsheet has rounded the number
_CHUNK = 1 << 20
_OVERLAP = 1 << 16  # more than a cell with a formula and no value takes, but for its formula
_NO_VALUE = re.compile(
    rb"<c\b([^>]*)>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?:(<v\s*/>|<v>\s*</v>)\s*)?</c>"
)  # fmt: skip
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class WorkbookFile:
    """One sheet of a workbook that has been looked through."""

    def __init__(self, content: Content, limit: int, sheet: str | None) -> None:
        """Look through the workbook and open it.

        Args:
            limit: most bytes that it may unpack to.
            sheet: name of the sheet, or its number from 1; None for the first.
        Raises:
            FileRefused: it cannot be read, or is not safe to; no name and no value is repeated.
        """
        _look_through(content, limit)
        self._file = content.open()
        try:
            self._book = _opened(self._file)
            self._sheet: Any = _chosen(self._book, sheet)
            # What the file says of its size may be wrong by millions of rows.
            self._sheet.reset_dimensions()
            self.header = next(self._read(), Row(1, 1, ()))
        except BaseException:
            self._file.close()
            raise
        if len(self.header.cells) > _WIDEST:
            self.close()
            raise FileRefused(f"the first row of the sheet has more than {_WIDEST:,} columns; delete the empty ones")

    def rows(self) -> Iterator[Row]:
        """Give the rows below the header, blank ones included."""
        width = len(self.header.cells)
        for row in islice(self._read(), 1, None):
            # What stands behind the last column is no part of the row, and is shown for what it is.
            extra = [cell for cell in row.cells[width:] if cell]
            cells = (*row.cells[:width], *[""] * (width - len(row.cells)), *extra)
            yield Row(row.number, row.line, cells, problems=row.problems)

    def close(self) -> None:
        """Give the file back."""
        self._book.close()
        self._file.close()

    def _read(self) -> Iterator[Row]:
        with _understood():
            values = self._sheet.iter_rows(values_only=True)
            number = 0
            while True:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of styles and days that it does not know
                    some = list(islice(values, _AT_ONCE))
                if not some:
                    return
                for value in some:
                    number += 1
                    yield _row(number, value)


def _row(number: int, values: tuple[Any, ...]) -> Row:
    cells: list[str] = []
    problems = list(errors_in(values))
    for position, value in enumerate(values, start=1):
        if value is None:
            cells.append("")
        elif type(value) is str:
            text = value if "_x" not in value else _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
            cells.append(unguard(text))
        else:
            if isinstance(value, (int, float)) and abs(value) >= _EXACT:
                problems.append(
                    Problem("", f"column {position} holds a number so long that the spreadsheet has rounded it; make "
                            "the column text and enter it again")
                )  # fmt: skip
            cells.append(_text(value))
    while cells and not cells[-1]:
        cells.pop()
    return Row(number, number, tuple(cells), problems=tuple(problems))


def errors_in(cells: Iterable[object]) -> tuple[Problem, ...]:
    """Return a problem for each cell in which a spreadsheet shows an error in place of a value."""
    return tuple(
        Problem("", f"column {position} holds an error of the spreadsheet instead of a value")
        for position, cell in enumerate(cells, start=1)
        if cell in ERROR_TEXTS
    )


def _text(value: Any) -> str:
    """Return a value of a cell as it is meant: 9830155501.0 is a telephone number, midnight belongs to a day."""
    match value:
        case bool():
            return yes_no(value)
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(timespec="seconds")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case _:
            return str(value)


def escape_text(text: str) -> str:
    """Return a text as a workbook can hold it: characters that XML cannot write as _x000B_, as Excel does."""
    text = _ESCAPED.sub(lambda found: f"_x005F{found[0]}", text)
    return re.sub("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]", lambda found: f"_x{ord(found[0]):04X}_", text)


def _look_through(content: Content, limit: int) -> None:
    archive = Archive(content, limit)
    try:
        left = limit
        for info in archive.members:
            name = info.filename.casefold()
            is_sheet = name.startswith("xl/worksheets/")
            if not is_sheet and name.endswith((".xml", ".rels")):
                refuse_larger(info.file_size, _IN_MEMORY, "a part of the workbook")
            with archive.open(info) as part, _understood():
                # What is announced may be less than what comes.
                left -= _scan(part, name.endswith((".xml", ".rels")), is_sheet)
            refuse_larger(limit - left, limit, "the workbook, unpacked,")
    finally:
        archive.close()


def _scan(part: IO[bytes], is_xml: bool, is_sheet: bool) -> int:
    """Return the size of a part; refuse one that declares entities or has formulas without values."""
    size, kept = 0, b""
    while chunk := part.read(_CHUNK):
        size += len(chunk)
        if not is_xml:
            continue
        text = kept + chunk
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"<\x00!\x00" in text:
            raise FileRefused("the workbook declares entities, which no spreadsheet program writes; it is not read")
        if is_sheet and b"<f" in text:
            for found in _NO_VALUE.finditer(text):
                if not (found[2] and b't="str"' in found[1]):
                    raise FileRefused(
                        "a cell holds a formula whose value is not stored; open the workbook in Excel, save it, and "
                        "import that (or paste the values)"
                    )
        kept = text[-_OVERLAP:]
    return size


def _opened(file: IO[bytes]) -> Workbook:
    with _understood(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)


def _chosen(book: Workbook, wanted: str | None) -> Any:
    sheets = book.worksheets
    if not sheets:
        raise FileRefused("the workbook has no sheet with cells")
    if wanted is None:
        return sheets[0]
    named = [sheet for sheet in sheets if sheet.title == wanted]
    if not named and wanted.isdecimal() and 1 <= int(wanted) <= len(sheets):
        named = [sheets[int(wanted) - 1]]
    if not named:
        raise FileRefused(f"--sheet: the workbook has no sheet of that name; give its number, 1 to {len(sheets)}")
    return named[0]


@contextmanager
def _understood() -> Iterator[None]:
    """Turn whatever the library says of a damaged workbook into one line; its messages may quote cells."""
    try:
        yield
    except (BadZipFile, KeyError, ValueError, TypeError, IndexError, AttributeError, EOFError, SyntaxError, OSError):
        # ParseError of XML is a SyntaxError, what defusedxml forbids a ValueError.
        raise FileRefused(_DAMAGED) from None
