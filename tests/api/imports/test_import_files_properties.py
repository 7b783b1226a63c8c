"""Whatever is written as CSV comes back; whatever comes in, nothing but a refusal comes out."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from api.imports.errors import FileRefused
from api.imports.files import DELIMITERS, read_lines, read_rows

# Leading blanks of a cell are not kept, so that `a, "b, c"` is two cells.
CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(lambda text: not text.startswith(" "))
TABLES = st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1))
ENCODINGS = st.sampled_from([("", "utf-8-sig"), ("\ufeff", "utf-8"), ("\ufeff", "utf-16-le"), ("\ufeff", "utf-16-be")])


@given(TABLES, st.sampled_from(DELIMITERS), ENCODINGS, st.sampled_from(["\r\n", "\n"]))
def test_what_is_written_is_read(
    table: list[list[str]], delimiter: str, encoding: tuple[str, str], line_end: str
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(table)
    mark, name = encoding
    rows = list(read_rows(read_lines((mark + text.getvalue()).encode(name)), delimiter))
    assert [list(row.cells) for row in rows] == table
    assert [row.number for row in rows] == list(range(1, len(table) + 1))


@given(st.binary(max_size=300) | st.text(alphabet='a,;"\n\r\t\0 ', max_size=60).map(str.encode))
def test_any_bytes_give_rows_that_cover_every_line_or_a_refusal(data: bytes) -> None:
    try:
        lines = read_lines(data)
    except FileRefused:
        return
    rows = list(read_rows(lines, ","))
    starts = [row.line for row in rows]
    assert starts == sorted(set(starts))
    assert starts[0] == 1
    assert starts[-1] <= len(lines)
    for row, following in zip(rows, [*starts[1:], len(lines) + 1], strict=False):
        assert not row.broken or following == row.line + 1  # a broken row never swallows the next one
