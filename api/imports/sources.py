"""Which kind of file is this? Told by how it begins; whatever it is, it comes out as a header and rows of cells.

CSV             begins with text                     files.py
Excel           a ZIP file with a workbook in it     workbook.py
JSON Lines      begins with {                        json_lines.py
PFIF 1.1-1.4    begins with <                        pfif_source.py
ZIP             holds one of these, and photos       archive.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Protocol

from api.imports.archive import Archive, PhotoArchive
from api.imports.cells import ERROR_TEXTS, unguard_all
from api.imports.columns import ColumnMapping, is_known, takes_several
from api.imports.contents import Content, DiskContent, readable, refuse_larger
from api.imports.errors import FileRefused
from api.imports.files import Row, TextFile, read_rows, sniff_delimiter
from api.imports.folder import PhotoShelf, is_picture
from api.imports.json_lines import JsonLinesFile
from api.imports.pfif import PfifNote
from api.imports.pfif_source import PfifFile, Withdrawn
from api.imports.workbook import OLD, WorkbookFile, errors_in

_HEAD = 4096
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_DATA = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".jsonl", ".ndjson", ".xml", ".xls"})


@dataclass(frozen=True, slots=True)
class Source:
    """A file that has been looked through and can be imported.

    Attributes:
        header: names of the columns.
        rows: gives the rows below, once.
        delimiter: for the rejects.
        total: how many steps reading takes, counted as `Row.line` does; None when unknown.
        photos: that came in the same archive, None when none did.
        withdrawn: records that must go.
        notes: about persons who are not in the file.
    """

    header: Row
    rows: Callable[[], Iterator[Row]]
    delimiter: str = ","
    total: int | None = None
    photos: PhotoShelf | None = None
    withdrawn: tuple[Withdrawn, ...] = ()
    notes: tuple[PfifNote, ...] = field(default=(), repr=False)


class Asked(Protocol):
    """What an import request says of its file."""

    @property
    def file(self) -> Path:
        """Return where it is."""
        ...

    @property
    def side(self) -> str | None:
        """Return the side of rows that do not say; None where they must."""
        ...

    @property
    def mapping(self) -> ColumnMapping:
        """Return which column is which field."""
        ...

    @property
    def sheet(self) -> str | None:
        """Return the sheet of a workbook, by name or number; None for the first."""
        ...


@contextmanager
def open_source(asked: Asked, limit: int, now: datetime) -> Iterator[Source]:
    """Give a file to be imported.

    Args:
        limit: most bytes of the file, and of what an archive or a workbook unpacks to.
    Raises:
        FileRefused: it cannot be read, or is not safe to; says what to do.
    """
    content = DiskContent(asked.file)
    refuse_larger(content.size, limit)
    with ExitStack() as stack:
        head = _head(content)
        if not head.startswith(_ZIP):
            yield _plain_source(content, head, asked, limit, now, stack)
            return
        archive = Archive(content, limit)
        stack.callback(archive.close)
        if archive.is_workbook:
            yield _plain_source(content, head, asked, limit, now, stack)
            return
        yield _packed_source(archive, asked, limit, now, stack)


def _packed_source(archive: Archive, asked: Asked, limit: int, now: datetime, stack: ExitStack) -> Source:
    data = [info for info in archive.members if PurePosixPath(info.filename).suffix.casefold() in _DATA]
    others = [info for info in archive.members if info not in data and not is_picture(PurePosixPath(info.filename))]
    if len(data) != 1:
        raise FileRefused(
            f"the archive holds {len(data)} files of cases; pack one of .csv, .xlsx, .jsonl or .xml, and the photos"
        )
    if others:
        raise FileRefused(
            f"the archive holds {len(others)} files that are neither cases nor photos; pack it without them"
        )
    content = archive.content(data[0])
    head = _head(content)
    if head.startswith(_ZIP):
        content = archive.in_memory(data[0])
    source = _plain_source(content, head, asked, limit, now, stack)
    return replace(source, photos=PhotoArchive(archive))


def _plain_source(
    content: Content, head: bytes, asked: Asked, limit: int, now: datetime, stack: ExitStack
) -> Source:  # fmt: skip
    if head.startswith(_OLE):
        raise FileRefused(OLD)
    suffix = PurePosixPath(content.name).suffix.casefold()
    start = _start(head)
    if head.startswith(_ZIP):
        book = WorkbookFile(content, limit, asked.sheet)
        stack.callback(book.close)
        return Source(book.header, book.rows)
    if asked.sheet is not None:
        raise FileRefused("--sheet is for Excel workbooks, and this file is none")
    if suffix == ".xml" or start.startswith("<"):
        feed = PfifFile(content, asked.side, now)
        return Source(
            feed.header, feed.rows, total=feed.persons, withdrawn=tuple(feed.withdrawn),
            notes=tuple(feed.notes_elsewhere),
        )  # fmt: skip
    if suffix in (".jsonl", ".ndjson") or start.startswith("{"):
        lines = JsonLinesFile(content, lambda key: takes_several(key, asked.mapping))
        return Source(lines.header, lines.rows, total=lines.lines)
    return _csv_source(content, asked)


def _csv_source(content: Content, asked: Asked) -> Source:
    text = TextFile(content)
    # The header may go over several lines; no header is longer than this.
    first = list(islice(text.read(), 100))
    delimiter = sniff_delimiter(first, lambda name: is_known(name, asked.mapping))

    def read() -> Iterator[Row]:
        for row in read_rows(text.read(), delimiter):
            # Looked for before the apostrophe is taken off that says that a text only looks like one.
            problems = () if ERROR_TEXTS.isdisjoint(row.cells) else errors_in(row.cells)
            yield Row(row.number, row.line, unguard_all(row.cells), row.broken, problems)

    return Source(next(read()), lambda: islice(read(), 1, None), delimiter, text.lines)


def _head(content: Content) -> bytes:
    with readable(), content.open() as file:
        return file.read(_HEAD)


def _start(head: bytes) -> str:
    """Return how a text begins, whatever its encoding."""
    for mark in _MARKS:
        head = head.removeprefix(mark)
    return head.replace(b"\0", b"").decode("latin-1").lstrip()
