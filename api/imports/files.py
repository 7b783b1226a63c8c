"""What is in this CSV file? From bytes to numbered rows of cells, or a message that says what to save differently.

A row that is broken (a quotation mark that is never closed) costs that row only: reading goes on with the next line.
The file is looked through once before anything of it is used, and never held in memory.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from api.imports.contents import Content, MemoryContent, readable
from api.imports.errors import FileRefused, Problem

DELIMITERS = ",;\t"
SAVE_AS = 'save it again as "CSV UTF-8"'
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_UTF32_BOMS = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")
_WORKBOOKS = {b"PK\x03\x04": "an Excel or LibreOffice workbook", b"\xd0\xcf\x11\xe0": "an old Excel workbook"}
_HEAD = 400  # bytes looked at to tell UTF-16 without a byte order mark
_CHUNK = 1 << 20
_LONGEST = 1 << 24  # characters of one line; a file without line ends would else be held whole


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the file.

    Attributes:
        number: as a spreadsheet counts: the header is 1, blank rows count, a cell with line breaks does not. Of JSON
            Lines the line, of PFIF the person.
        line: where it starts in the text, from 1.
        cells: as they stand in the file, without the quotation marks around them.
        broken: its quotation marks do not pair up; the cells are then cut at every delimiter.
        problems: what its format found wrong with it.
    """

    number: int
    line: int
    cells: tuple[str, ...] = field(repr=False)
    broken: bool = False
    problems: tuple[Problem, ...] = ()

    @property
    def is_blank(self) -> bool:
        """Tell whether nothing is written in it."""
        return not self.problems and not any(map(str.strip, self.cells))


class TextFile:
    """Text that has been looked through: UTF-8 with or without, and UTF-16 with, a byte order mark.

    Attributes:
        lines: how many lines it has.
    """

    def __init__(self, content: Content) -> None:
        """Look it through.

        Raises:
            FileRefused: another encoding, or no text at all; names the first byte that does not fit.
        """
        self._content = content
        with readable(), content.open() as file:
            head = file.read(_HEAD)
            self._mark, self._encoding = _encoding(head)
            self.lines = _count_lines(chain([head[self._mark :]], iter(lambda: file.read(_CHUNK), b"")), self)
        if not self.lines:
            raise FileRefused("the file is empty; the first line must name the columns")

    @property
    def encoding(self) -> str:
        """Return the encoding that its beginning tells."""
        return self._encoding

    @property
    def mark(self) -> int:
        """Return how many bytes its byte order mark takes."""
        return self._mark

    def read(self) -> Iterator[str]:
        """Give its lines with the line ends."""
        with readable(), self._content.open() as file:
            file.read(self._mark)
            # Not str.splitlines, which also cuts at characters that are ordinary text in a cell.
            with io.TextIOWrapper(file, self._encoding, newline="") as text:
                first = next(text, "").removeprefix("\ufeff")  # some programs write the mark twice
                if first:
                    yield first
                yield from text


def read_lines(data: bytes) -> list[str]:
    """Return the text of a file, line by line with the line ends.

    Raises:
        FileRefused: another encoding, or no text at all; names the first byte that does not fit.
    """
    return list(TextFile(MemoryContent(data)).read())


def _encoding(head: bytes) -> tuple[int, str]:
    for start, what in _WORKBOOKS.items():
        if head.startswith(start):
            raise FileRefused(f'the file is {what}, not CSV; open it there and choose "Save as", type "CSV UTF-8"')
    if head.startswith(_UTF32_BOMS):
        raise FileRefused(f"byte offset 0 (line 1): the file is in UTF-32, which is not read; {SAVE_AS}")
    mark, encoding = next(((mark, name) for mark, name in _BOMS if head.startswith(mark)), (b"", "utf-8"))
    if not mark and (order := _unmarked_utf16(head)):
        raise FileRefused(
            f"byte offset {head.index(0)} (line 1) is a NUL byte: the file looks like UTF-16 ({order}) without a byte "
            f"order mark; {SAVE_AS}"
        )
    return len(mark), encoding


def _count_lines(chunks: Iterable[bytes], file: TextFile) -> int:
    """Return how many lines there are; refuse what cannot be decoded, and a line without an end."""
    decoder = codecs.getincrementaldecoder(file.encoding)()
    read, breaks, rest, last = file.mark, 0, 0, ""
    for chunk in chain(chunks, [b""]):
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            valid = error.object[: error.start].decode(file.encoding, errors="ignore")
            line = breaks + _breaks(last, valid) + 1
            raise FileRefused(_undecodable(file.encoding, read - pending + error.start, line)) from None
        read += len(chunk)
        if not breaks and not rest:
            text = text.removeprefix("\ufeff")
        if not text:
            continue
        breaks += _breaks(last, text)
        end = max(text.rfind("\n"), text.rfind("\r"))
        rest = rest + len(text) if end < 0 else len(text) - end - 1
        last = text[-1]
        if rest > _LONGEST:
            raise FileRefused(f"line {breaks + 1} has no end within {_LONGEST:,} characters; is this a table?")
    return breaks + bool(rest)


def _breaks(before: str, text: str) -> int:
    """Return how many lines end in a text; `before` is the character before it."""
    found = text.count("\n") + text.count("\r") - text.count("\r\n")
    return found - (before == "\r" and text.startswith("\n"))


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


def read_rows(lines: Iterable[str], delimiter: str) -> Iterator[Row]:
    """Give the rows of the file, the header first, blank ones included."""
    feed = _Feed(lines)
    # Without `strict` a quotation mark that is never closed would swallow the rest of the file.
    reader = csv.reader(feed, delimiter=delimiter, skipinitialspace=True, strict=True)
    number = 0
    while feed.has_more():
        start = feed.begin_row()
        number += 1
        try:
            yield Row(number, start + 1, tuple(next(reader)))
        except csv.Error:
            # The reader begins anew at each row, so it can be set back to the line after the broken one.
            first = feed.give_back()
            yield Row(number, start + 1, tuple(first.rstrip("\r\n").split(delimiter)), broken=True)


class _Feed:
    """Lines for the reader; those of the present row can be given back but for the first."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines, self._again = iter(lines), deque[str]()
        self._taken: list[str] = []
        self._position = 0

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._position += 1
        self._taken.append(line)
        return line

    def has_more(self) -> bool:
        """Tell whether there is another line."""
        if not self._again:
            self._again.extend([line for line in [next(self._lines, None)] if line is not None])
        return bool(self._again)

    def begin_row(self) -> int:
        """Note that a row begins here; return how many lines are before it."""
        self._taken = []
        return self._position

    def give_back(self) -> str:
        """Give back all lines of the row but the first, and return that."""
        first, *others = self._taken
        self._again.extendleft(reversed(others))
        self._position -= len(others)
        self._taken = [first]
        return first
