"""Excel: what stands in the cells comes in, whatever Excel made of it; a trap or a damaged file is refused."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.cell.cell import WriteOnlyCell

from api.imports.cells import ERROR_TEXTS, guard_value
from api.imports.contents import MEGABYTE, MemoryContent
from api.imports.errors import FileRefused
from api.imports.workbook import WorkbookFile, escape_text

HEADER = ("id", "name", "phone", "birth_date", "age", "protect_location")


def workbook(*rows: Any, sheets: tuple[str, ...] = ("First",)) -> bytes:
    book = Workbook()
    assert book.active is not None
    book.remove(book.active)
    for title in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def changed(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """Return a workbook with each of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return out.getvalue()


def opened(data: bytes, sheet: str | None = None, limit: int = 64 * MEGABYTE) -> WorkbookFile:
    return WorkbookFile(MemoryContent(data), limit, sheet)


def rows_of(data: bytes, sheet: str | None = None) -> list[tuple[str, ...]]:
    book = opened(data, sheet)
    try:
        return [row.cells for row in book.rows()]
    finally:
        book.close()


def test_values_come_in_as_they_are_meant(desk: Any) -> None:
    row = ("M-1", "মায়া", 9830155501.0, datetime(2011, 5, 30), 14.0, True)
    summary = desk.run(desk.raw(workbook(HEADER, row, (), ("M-2", None, 9830155502)), "reports.xlsx"))
    assert (summary.rows, summary.created, summary.rejected) == (2, 2, 0)
    assert desk.case("M-1").payload == {
        "name": "মায়া", "phone": "9830155501", "birth_date": "2011-05-30", "age": "14", "protect_location": True,
    }  # fmt: skip
    assert desk.case("M-2").payload["phone"] == "9830155502"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12, "12"), (12.0, "12"), (12.5, "12.5"), (True, "yes"), (False, "no"), (date(2024, 2, 29), "2024-02-29"),
        (datetime(2024, 2, 29, 18, 30), "2024-02-29T18:30:00"), (timedelta(hours=1), "1:00:00"), ("+91 983", "+91 983"),
        ("'+91 983", "+91 983"), ("'quoted'", "'quoted'"), ("_x0041_", "A"),
    ],
)  # fmt: skip
def test_one_cell(value: object, text: str) -> None:
    assert rows_of(workbook(("id",), (value,))) == [(text,)]


def test_the_sheet_that_is_asked_for() -> None:
    book = Workbook()
    for number, title in enumerate(("First", "Second", "3"), start=1):
        book.create_sheet(title).append(("id",))
        book[title].append((f"M-{number}",))
    del book["Sheet"]
    out = io.BytesIO()
    book.save(out)
    found = [rows_of(out.getvalue(), sheet)[0][0] for sheet in (None, "Second", "2", "3")]
    assert found == ["M-1", "M-2", "M-2", "M-3"]
    with pytest.raises(FileRefused, match="1 to 3"):
        opened(out.getvalue(), "Fourth")


def test_a_sheet_of_a_file_that_has_none(desk: Any) -> None:
    with pytest.raises(FileRefused, match="--sheet"):
        desk.run(desk.file([{"id": "M-1"}]), sheet="First")


def test_rejects_are_csv_of_the_same_columns_and_come_in_again(desk: Any, rejects_of: Any) -> None:
    rows = (("M-1", "=HYPERLINK", "+91 983", None, "about 12"), ("M-2", "Mina", None, None, 12))
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(HEADER)
    for row in rows:
        cells = [WriteOnlyCell(sheet, value="x") if value is not None else None for value in row]
        for cell, value in zip(cells, row, strict=True):
            if cell is not None and value is not None:
                cell.value = value
                cell.data_type = "s" if isinstance(value, str) else "n"
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    summary = desk.run(desk.raw(out.getvalue(), "reports.xlsx"))
    assert (summary.created, summary.rejected) == (1, 1)
    (found,) = rejects_of(summary.rejects)
    assert (found["row"], found["name"], found["phone"]) == ("2", "'=HYPERLINK", "'+91 983")
    summary.rejects.write_bytes(summary.rejects.read_bytes().replace(b"about 12", b"12"))
    assert desk.run(summary.rejects).created == 1
    assert desk.case("M-1").payload["name"] == "=HYPERLINK"


def test_a_dry_run_and_a_mapping(desk: Any) -> None:
    path = desk.raw(workbook(("No", "Given", "Family"), (1, "Rina", "Sheikh")), "reports.xlsx")
    mapping = {"id": ("No",), "name": ("Given", "Family")}
    assert desk.run(path, mapping=mapping, dry_run=True).created == 1
    assert desk.cases() == []
    desk.run(path, mapping=mapping)
    assert desk.case("1").payload["name"] == "Rina Sheikh"
    assert desk.run(path, mapping=mapping).unchanged == 1


def test_a_sheet_that_claims_to_be_huge_costs_nothing() -> None:
    def huge(name: str, part: bytes) -> bytes:
        if not name.startswith("xl/worksheets"):
            return part
        return part.replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"').replace(b'r="2"', b'r="900000"').replace(
            b'"A2"', b'"A900000"').replace(b'"B2"', b'"B900000"')  # fmt: skip

    data = changed(workbook(("id", "name"), ("M-1", "Rina")), huge)
    rows = rows_of(data)
    assert rows[-1] == ("M-1", "Rina")
    assert len(rows) == 899_999


def test_a_cell_far_to_the_right_is_one_bad_row(desk: Any, rejects_of: Any) -> None:
    def far(name: str, part: bytes) -> bytes:
        return part.replace(b'"B2"', b'"XFD2"') if name.startswith("xl/worksheets") else part

    data = changed(workbook(("id", "name"), ("M-1", "Rina"), ("M-2", "Mina")), far)
    summary = desk.run(desk.raw(data, "reports.xlsx"))
    assert (summary.created, [problem.reason[:34] for _, problem in summary.problems]) == (
        1, ["has 3 cells where the header has 2"]
    )  # fmt: skip
    assert summary.rejects.read_text("utf-8-sig").splitlines()[-1].endswith("M-1,,Rina")


def test_more_columns_than_anybody_has() -> None:
    with pytest.raises(FileRefused, match="1,000 columns"):
        opened(workbook(["id"] * 1001))


@pytest.mark.parametrize(("value", "named"), [("#REF!", "error"), (4821773590261234.0, "rounded")])
def test_what_the_spreadsheet_has_spoilt_is_a_problem_of_its_row(desk: Any, value: object, named: str) -> None:
    summary = desk.run(desk.raw(workbook(("id", "identifier"), ("M-1", value)), "reports.xlsx"))
    assert summary.rejected == 1
    assert named in summary.problems[0][1].reason
    assert str(value) not in summary.problems[0][1].reason


def test_formulas_are_read_as_their_values() -> None:
    def valued(name: str, part: bytes) -> bytes:
        return part.replace(b"<v></v>", b"<v>14</v>").replace(b"<v />", b"<v>14</v>").replace(b"<v/>", b"<v>14</v>")

    data = workbook(("id", "age"), ("M-1", "=7+7"))
    assert rows_of(changed(data, valued)) == [("M-1", "14")]
    with pytest.raises(FileRefused, match="formula whose value is not stored") as refused:
        opened(data)
    assert "7+7" not in str(refused.value)


def test_a_formula_whose_value_is_an_empty_text_is_an_empty_cell() -> None:
    def emptied(name: str, part: bytes) -> bytes:
        if not name.startswith("xl/worksheets"):
            return part
        return (
            part.replace(b'<c r="B2">', b'<c r="B2" t="str">')
            .replace(b"<v />", b"<v></v>")
            .replace(b"<v/>", b"<v></v>")
        )

    assert rows_of(changed(workbook(("id", "age"), ("M-1", "=7+7")), emptied)) == [("M-1", "")]


def shared(data: bytes) -> bytes:
    """Return a workbook as Excel writes it: with the texts of its cells in a part of their own."""
    texts: list[bytes] = []
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    media = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    link = b'<Relationship Id="rIdS" Type="' + kind + b'" Target="sharedStrings.xml"/>'
    listed = b'<Override PartName="/xl/sharedStrings.xml" ContentType="' + media + b'"/>'

    def taken(found: re.Match[bytes]) -> bytes:
        texts.append(found[2])
        return b't="s"' + found[1] + b"><v>%d</v></c>" % (len(texts) - 1)

    def moved(name: str, part: bytes) -> bytes:
        if name.startswith("xl/worksheets"):
            return re.sub(rb't="inlineStr"([^>]*)><is>(.*?)</is></c>', taken, part)
        if b"sharedStrings" in part:
            return part
        if name == "xl/_rels/workbook.xml.rels":
            return part.replace(b"</Relationships>", link + b"</Relationships>")
        return part.replace(b"</Types>", listed + b"</Types>") if name == "[Content_Types].xml" else part

    def replaced(name: str, part: bytes) -> bytes:
        space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        items = b"".join(b"<si>" + text + b"</si>" for text in texts)
        table = b'<sst xmlns="' + space + b'">' + items + b"</sst>"
        return table if name == "xl/sharedStrings.xml" else part

    with_cells = io.BytesIO(changed(data, moved))
    with zipfile.ZipFile(with_cells, "a") as book:
        if "xl/sharedStrings.xml" not in book.namelist():
            book.writestr("xl/sharedStrings.xml", b"")
    return changed(with_cells.getvalue(), replaced)


def test_texts_that_cells_share_as_excel_writes_them() -> None:
    data = shared(workbook(("id", "name"), ("M-1", "মায়া"), ("M-2", "'+91"), ("M-3", "a_x000A_b")))
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert "মায়া".encode() in book.read("xl/sharedStrings.xml")
    assert rows_of(data) == [("M-1", "মায়া"), ("M-2", "+91"), ("M-3", "a\nb")]


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml"]
)
def test_entities_are_refused_in_any_part(part: str) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "Sunita">]><x>&a;</x>'
    data = changed(shared(workbook(("id",), ("M-1",))), lambda name, old: bomb if name == part else old)
    with pytest.raises(FileRefused, match="entities") as refused:
        opened(data)
    assert "Sunita" not in str(refused.value)


def test_a_workbook_that_unpacks_to_more_than_allowed() -> None:
    data = changed(workbook(("id",), ("M-1",)), lambda name, old: old + b" " * MEGABYTE if "sheet1" in name else old)
    with pytest.raises(FileRefused, match="SANDHAN_IMPORT_LIMIT_MB"):
        opened(data, limit=MEGABYTE)


def test_a_bomb_is_known_by_how_much_it_is_squeezed() -> None:
    data = changed(
        workbook(("id",), ("M-1",)), lambda name, old: old + b" " * 80 * MEGABYTE if "sheet1" in name else old
    )
    with pytest.raises(FileRefused, match="trap"):
        opened(data, limit=1024 * MEGABYTE)


@pytest.mark.parametrize(
    "damage",
    [
        lambda name, part: part[: len(part) // 2] if "sheet1" in name else part,
        lambda name, part: b"Sunita" if "workbook.xml" in name else part,
        lambda _, part: part.replace(b't="s"', b't="n"').replace(b"<v>0</v>", b"<v>Sunita</v>"),
        lambda name, part: part.replace(b"<v>0</v>", b"<v>99</v>") if "sheet1" in name else part,
    ],
    ids=["cut", "no-xml", "text-as-number", "no-such-text"],
)
def test_damaged_workbooks_are_refused_in_one_line(damage: Any) -> None:
    with pytest.raises(FileRefused) as refused:
        rows_of(changed(shared(workbook(("id",), ("Sunita",))), damage))
    assert "Sunita" not in str(refused.value)


def test_old_workbooks_and_those_with_a_password_are_refused_with_advice(desk: Any) -> None:
    path = desk.raw(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "reports.xls")
    with pytest.raises(FileRefused, match=r"\.xlsx"):
        desk.run(path)


@pytest.mark.parametrize("text", ["a\x0bb", "_x0041_", "\r\n", "\x00", "\ud800", "x_x005F_y", *sorted(ERROR_TEXTS)])
def test_texts_that_xml_cannot_hold(text: str, tmp_path: Path) -> None:
    assert rows_of(workbook(("id",), (escape_text(guard_value(text + ".")),))) == [(text + ".",)]
    assert rows_of(workbook(("id",), ("x",), (escape_text(guard_value(text)),)))[1] == (text,)
