"""How are cases written to a file? One after another, so that a million of them take no more memory than one.

A spreadsheet runs what looks like a formula, and a telephone number begins with +. So such a cell begins with an
apostrophe, in CSV and in Excel; an import takes it off again (`api.imports.cells`).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Protocol

from openpyxl import Workbook

from api.exports.tables import COLUMNS, CannotExport, ExportCase, row_of
from api.imports.cells import guard_value
from api.imports.columns import TOLD_COLUMNS
from api.imports.pfif import PfifPerson
from api.imports.pfif_mapping import from_case
from api.imports.pfif_write import PfifWriter
from api.imports.plain import PFIF
from api.imports.workbook import escape_text

_CELL_OF_EXCEL, _ROWS_OF_EXCEL = 32_767, 1_048_576
_CELL_OF_CSV = 131_000  # longer ones are taken for a quotation mark that is never closed


class ExportFormat(StrEnum):
    """The forms in which cases go out."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"
    PFIF = "pfif"


class Sink(Protocol):
    """Takes bytes."""

    def write(self, data: bytes) -> int:
        """Take all of them; return how many."""
        ...


def write_cases(
    form: ExportFormat, cases: Iterable[ExportCase], sink: Sink, *, domain: str, withdrawn: Iterable[PfifPerson] = ()
) -> int:
    """Write cases in a form and return how many.

    Args:
        domain: of this repository, for the ids of PFIF.
        withdrawn: tombstones (`api.imports.pfif_write.tombstone`), for PFIF; no other form has a place for them.
    Raises:
        CannotExport: a case or their number does not fit the form.
    """
    counted = _Counted(cases)
    match form:
        case ExportFormat.CSV:
            write_csv(counted, sink)
        case ExportFormat.XLSX:
            write_workbook(counted, sink)
        case ExportFormat.JSONL:
            write_json_lines(counted, sink)
        case ExportFormat.PFIF:
            write_pfif(counted, sink, domain, withdrawn)
    return counted.count


def write_csv(cases: Iterable[ExportCase], sink: Sink) -> None:
    """Write CSV in UTF-8 with the mark by which a spreadsheet knows it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    text.write("\ufeff")
    writer.writerow(COLUMNS)
    for case in cases:
        writer.writerow(map(guard_value, row_of(case, _kept(case, _CELL_OF_CSV, "CSV"))))
        if text.tell() > 1 << 16:
            _flush(text, sink)
    _flush(text, sink)


def write_workbook(cases: Iterable[ExportCase], sink: Sink) -> None:
    """Write an Excel workbook of one sheet, every cell of it text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("cases")
    sheet.append(COLUMNS)
    try:
        for number, case in enumerate(cases, start=2):
            if number > _ROWS_OF_EXCEL:
                raise CannotExport(f"there are more cases than the {_ROWS_OF_EXCEL:,} rows of a sheet; export csv")
            sheet.append(_cells_of_excel(case))
    except BaseException:
        sheet.close()  # of what is not saved nothing else would take leave
        raise
    book.save(_Flushed(sink))


def _cells_of_excel(case: ExportCase) -> list[str | None]:
    kept = _kept(case, _CELL_OF_EXCEL, "Excel")
    cells = [escape_text(guard_value(cell)) or None for cell in row_of(case, kept)]
    if any(cell is not None and len(cell) > _CELL_OF_EXCEL for cell in cells):
        raise CannotExport(f"a field of case {case.id} is longer than a cell of Excel; export csv, jsonl or pfif")
    return cells


def write_json_lines(cases: Iterable[ExportCase], sink: Sink) -> None:
    """Write one JSON object on each line; values as they are stored, lists as lists."""
    for case in cases:
        value = {
            "id": case.external_id or case.id,
            "side": case.side,
            **{name: said for name, said in case.payload.items() if said is not None},
            **dict(zip(TOLD_COLUMNS, case.told, strict=True)),
        }
        sink.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def write_pfif(
    cases: Iterable[ExportCase], sink: Sink, domain: str, withdrawn: Iterable[PfifPerson] = ()
) -> None:  # fmt: skip
    """Write PFIF 1.4."""
    writer = PfifWriter(sink.write)
    writer.begin()
    for case in cases:
        writer.person(
            from_case(
                case.payload, record_id=case.id, external_id=case.external_id or "", side=case.side,
                at=case.updated_at, domain=domain,
            )
        )  # fmt: skip
    for person in withdrawn:
        writer.person(person)
    writer.end()


class _Counted:
    def __init__(self, cases: Iterable[ExportCase]) -> None:
        self._cases, self.count = cases, 0

    def __iter__(self) -> Iterator[ExportCase]:
        for case in self._cases:
            self.count += 1
            yield case


class _Flushed:
    """A sink as a ZIP file wants it."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write(self, data: bytes) -> int:
        return self._sink.write(data)

    def flush(self) -> None:
        """Do nothing: what is written is the sink's."""


def _kept(case: ExportCase, limit: int, form: str) -> str:
    kept = case.payload.get(PFIF)
    if not kept:
        return ""
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    if len(text) > limit:
        raise CannotExport(
            f"the PFIF notes of case {case.id} are longer than a cell of {form} can hold; export jsonl or pfif"
        )
    return text


def _flush(text: io.StringIO, sink: Sink) -> None:
    sink.write(text.getvalue().encode())
    text.seek(0)
    text.truncate()
