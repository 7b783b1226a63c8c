"""Encodings, delimiters, quoting: what is read, and what is said of the rest."""

from __future__ import annotations

import pytest

from api.imports.errors import FileRefused
from api.imports.files import read_lines, read_rows, sniff_delimiter

TEXT = "id,name\r\nM-1,সুনীতা মণ্ডল\r\n"


def rows_of(data: bytes, delimiter: str = ",") -> list[tuple[str, ...]]:
    return [row.cells for row in read_rows(read_lines(data), delimiter)]


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode("utf-8"),
        TEXT.encode("utf-8-sig"),
        b"\xef\xbb\xbf" + TEXT.encode("utf-8-sig"),
        b"\xff\xfe" + TEXT.encode("utf-16-le"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.replace("\r\n", "\n").encode(),
        TEXT.replace("\r\n", "\r").encode(),
        TEXT.rstrip().encode(),
    ],
    ids=["utf-8", "utf-8-bom", "two-boms", "utf-16-le", "utf-16-be", "lf", "cr", "no-last-line-end"],
)
def test_encodings_that_are_read(data: bytes) -> None:
    assert rows_of(data) == [("id", "name"), ("M-1", "সুনীতা মণ্ডল")]


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ("id,name\nM-1,Renée\n".encode("cp1252"), ("byte offset 15 (line 2)", "not UTF-8", "Windows-1252")),
        ("id,name\r\n\r\nM-1,Renée".encode("cp1252"), ("byte offset 18 (line 3)",)),
        ("id,name\rM-1,Renée".encode("cp1252"), ("byte offset 15 (line 2)",)),
        (b"\xef\xbb\xbfid\n\xff", ("byte offset 6 (line 2)",)),
        (TEXT.encode("utf-16-le"), ("byte offset 1 (line 1)", "UTF-16 (little endian)", "byte order mark")),
        (TEXT.encode("utf-16-be"), ("byte offset 0 (line 1)", "UTF-16 (big endian)")),
        (b"\xff\xfe" + TEXT.encode("utf-16-le") + b"\x41", ("(line 3)", "not UTF-16", "cut short")),
        (b"\xff\xfei\x00d\x00\n\x00\x00\xd8A\x00", ("byte offset 8 (line 2)", "not UTF-16")),
        (TEXT.encode("utf-32"), ("UTF-32",)),
        (TEXT.encode("utf-8")[:-4] + b"\xe0", ("not UTF-8",)),
    ],
)
def test_other_encodings_are_refused_with_the_place_and_the_remedy(data: bytes, named: tuple[str, ...]) -> None:
    with pytest.raises(FileRefused) as refused:
        read_lines(data)
    for part in (*named, "CSV UTF-8"):
        assert part in str(refused.value)
    assert "সুন" not in str(refused.value)


@pytest.mark.parametrize(
    ("data", "named"), [(b"PK\x03\x04....", "workbook"), (b"", "empty"), (b"\xef\xbb\xbf", "empty")]
)
def test_files_that_are_no_text(data: bytes, named: str) -> None:
    with pytest.raises(FileRefused, match=named):
        read_lines(data)


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("id,name,sex\n", ","),
        ("id;name;sex\n", ";"),
        ("id\tname\tsex\n", "\t"),
        ('id;"name, as given";sex\n', ";"),
        ('"id","a;b;c;d","name"\n', ","),
        ("id\n", ","),
    ],
)
def test_the_delimiter_is_that_of_the_known_columns(header: str, delimiter: str) -> None:
    assert sniff_delimiter([header], lambda name: name in ("id", "name", "sex")) == delimiter


def test_quoted_cells_hold_delimiters_quotes_and_line_breaks() -> None:
    data = b'id,narrative\nM-1,"went, with ""aunt""\nto the mela"\n\nM-2,x\n'
    rows = list(read_rows(read_lines(data), ","))
    assert rows[1].cells == ("M-1", 'went, with "aunt"\nto the mela')
    # As a spreadsheet counts: the line break within the cell does not, the blank row does.
    assert [(row.number, row.line, row.is_blank) for row in rows] == [
        (1, 1, False), (2, 2, False), (3, 4, True), (4, 5, False),
    ]  # fmt: skip


def test_characters_that_other_programs_take_for_line_ends_stay_in_the_cell() -> None:
    assert rows_of("id,name\nM-1,a\x0bb\x85c\u2028d\n".encode())[1] == ("M-1", "a\x0bb\x85c\u2028d")


@pytest.mark.parametrize("broken", ['M-2,"Rina,female', 'M-2,"Rina" Devi,female', 'M-2,"' + "x" * 200_000])
def test_a_quotation_mark_that_is_not_closed_costs_one_row(broken: str) -> None:
    data = f'id,name,sex\nM-1,"A",f\n{broken}\nM-3,B,f\nM-4,"C\nD",f\n'.encode()
    rows = list(read_rows(read_lines(data), ","))
    assert [row.cells[0] for row in rows] == ["id", "M-1", "M-2", "M-3", "M-4"]
    assert [row.broken for row in rows] == [False, False, True, False, False]
    assert rows[2].cells == tuple(broken.split(","))
    assert rows[4].cells[1] == "C\nD"


def test_a_broken_last_row() -> None:
    rows = list(read_rows(["id,name\n", 'M-1,"A'], ","))
    assert (rows[1].cells, rows[1].broken) == (("M-1", '"A'), True)
