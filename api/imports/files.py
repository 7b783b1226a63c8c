"""What is in this file? From bytes to numbered rows of cells, or a message that says what to save differently.

A row that is broken (a quotation mark that is never closed) costs that row only: reading goes on with the next line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from api.imports.errors import FileRefused

DELIMITERS = ",;\t"
SAVE_AS = 'save it again as "CSV UTF-8"'
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_UTF32_BOMS = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")
_WORKBOOKS = {b"PK\x03\x04": "an Excel or LibreOffice workbook", b"\xd0\xcf\x11\xe0": "an old Excel workbook"}
_HEAD = 400  # bytes looked at to tell UTF-16 without a byte order mark


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the file.

    Attributes:
        number: as a spreadsheet counts: the header is 1, blank rows count, a cell with line breaks does not.
        line: where it starts in the text, from 1.
        cells: as they stand in the file, without the quotation marks around them.
        broken: its quotation marks do not pair up; the cells are then cut at every delimiter.
    """

    number: int
    line: int
    cells: tuple[str, ...] = field(repr=False)
    broken: bool = False

    @property
    def is_blank(self) -> bool:
        """Tell whether nothing is written in it."""
        return not any(cell.strip() for cell in self.cells)


def read_lines(data: bytes) -> list[str]:
    """Return the text of a file, line by line with the line ends.

    Reads UTF-8 with or without, and UTF-16 with, a byte order mark.

    Raises:
        FileRefused: another encoding, or no text at all; names the first byte that does not fit.
    """
    for start, what in _WORKBOOKS.items():
        if data.startswith(start):
            raise FileRefused(f'the file is {what}, not CSV; open it there and choose "Save as", type "CSV UTF-8"')
    if data.startswith(_UTF32_BOMS):
        raise FileRefused(f"byte offset 0 (line 1): the file is in UTF-32, which is not read; {SAVE_AS}")
    mark, encoding = next(((mark, name) for mark, name in _BOMS if data.startswith(mark)), (b"", "utf-8"))
    if not mark and (order := _unmarked_utf16(data)):
        raise FileRefused(
            f"byte offset {data.index(0)} (line 1) is a NUL byte: the file looks like UTF-16 ({order}) without a byte "
            f"order mark; {SAVE_AS}"
        )
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        offset = len(mark) + error.start
        before = data[len(mark) : offset].decode(encoding, errors="ignore")
        raise FileRefused(_undecodable(encoding, offset, len(_split(before + "x")))) from None
    lines = _split(text.removeprefix("\ufeff"))  # some programs write the mark twice
    if not lines:
        raise FileRefused("the file is empty; the first line must name the columns")
    return lines


def _split(text: str) -> list[str]:
    # Not str.splitlines, which also cuts at characters that are ordinary text in a cell.
    return list(io.StringIO(text, newline=""))


def _unmarked_utf16(data: bytes) -> str:
    """Return the byte order in which every second byte at the beginning is mostly NUL, "" when in none."""
    head = data[:_HEAD]
    for order, offset in (("little endian", 1), ("big endian", 0)):
        half = head[offset::2]
        if half and half.count(0) * 2 > len(half):
            return order
    return ""


def _undecodable(encoding: str, offset: int, line: int) -> str:
    where = f"byte offset {offset} (line {line})"
    if encoding == "utf-8":
        return (
            f"{where} is not UTF-8; the file was probably saved in an older encoding such as Windows-1252, in which "
            f"names of the region's scripts are lost: {SAVE_AS} from the original"
        )
    return f"{where} is not UTF-16, although the file begins with its mark; it may be cut short; {SAVE_AS}"


def sniff_delimiter(lines: Sequence[str], known: Callable[[str], bool]) -> str:
    """Return the delimiter with which the header gives the most known columns, then the most columns at all."""

    def score(delimiter: str) -> tuple[int, int]:
        header = next(read_rows(lines, delimiter)).cells
        return sum(map(known, header)), len(header)

    return max(DELIMITERS, key=score)


def read_rows(lines: Sequence[str], delimiter: str) -> Iterator[Row]:
    """Give the rows of the file, the header first, blank ones included."""
    feed = _Feed(lines)
    # Without `strict` a quotation mark that is never closed would swallow the rest of the file.
    reader = csv.reader(feed, delimiter=delimiter, skipinitialspace=True, strict=True)
    number = 0
    while feed.position < len(lines):
        start = feed.position
        number += 1
        try:
            yield Row(number, start + 1, tuple(next(reader)))
        except csv.Error:
            # The reader begins anew at each row, so it can be set back to the line after the broken one.
            feed.position = start + 1
            yield Row(number, start + 1, tuple(lines[start].rstrip("\r\n").split(delimiter)), broken=True)


class _Feed:
    """Lines for the reader, with a position that can be set back."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines, self.position = lines, 0

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if self.position >= len(self.lines):
            raise StopIteration
        self.position += 1
        return self.lines[self.position - 1]
