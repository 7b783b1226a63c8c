"""Rejects of CSV: nothing in them runs in a spreadsheet, and what is not touched is refused again as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.imports.columns import resolve_columns
from api.imports.errors import FileRefused, Problem
from api.imports.files import Row
from api.imports.rejects import Rejects
from api.imports.summary import MOST_PROBLEMS

HEADER = "id,name,phone,age"


def test_what_looks_like_a_formula_is_guarded_and_comes_in_as_it_was(desk: Any, rejects_of: Any) -> None:
    text = f"{HEADER}\n=1,@Rina,+91 98301 55501,x\n2,'=SUM(A1),-5,x\n3,''＝x,\t9,x\n"
    summary = desk.run(desk.raw(text))
    rows = rejects_of(summary.rejects)
    assert [row["id"] for row in rows] == ["'=1", "2", "3"]
    assert [row["name"] for row in rows] == ["'@Rina", "'=SUM(A1)", "''＝x"]
    assert [row["phone"] for row in rows] == ["'+91 98301 55501", "'-5", "'\t9"]
    again = desk.run(summary.rejects, rejects=desk.folder / "again.csv")
    assert rejects_of(again.rejects) == [row | {"row": str(int(row["row"]))} for row in rows]
    summary.rejects.write_bytes(summary.rejects.read_bytes().replace(b",x\r\n", b",12\r\n"))
    assert desk.run(summary.rejects).created == 3
    assert desk.case("=1").payload["phone"] == "+91 98301 55501"
    assert desk.case("2").payload["name"] == "=SUM(A1)"
    assert desk.case("3").payload["name"] == "'＝x"


def test_the_columns_names_are_guarded_too(desk: Any, rejects_of: Any) -> None:
    mapping = {"id": ("=No",), "age": ("+age",)}
    summary = desk.run(desk.raw("=No,+age\n1,x\n"), mapping=mapping)
    (row,) = rejects_of(summary.rejects)
    assert row == {"row": "2", "column": "'+age", "reason": row["reason"], "'=No": "1", "'+age": "x"}
    assert desk.run(summary.rejects, mapping=mapping, rejects=desk.folder / "again.csv").rejected == 1


def test_errors_of_a_spreadsheet_stay_refused_until_they_are_corrected(desk: Any) -> None:
    summary = desk.run(desk.raw("id,name\n1,#N/A\n2,'#N/A\n"))
    assert (summary.created, summary.rejected) == (1, 1)
    assert desk.case("2").payload["name"] == "#N/A"
    assert desk.run(summary.rejects, rejects=desk.folder / "again.csv").rejected == 1


def test_many_rejects_go_beside_memory(tmp_path: Path, rejects_of: Any) -> None:
    columns = resolve_columns(["id", "age"], {}, ignore_unknown=False)
    with Rejects(columns, ";", in_memory=100) as rejects:
        for number in range(500):
            rejects.add(Row(number + 2, number + 2, (str(number), "x")), [Problem("age", "is no age")])
        target = rejects.write(None, tmp_path / "reports.csv")
    assert [row["id"] for row in rejects_of(target, ";")] == [str(number) for number in range(500)]
    assert sorted(tmp_path.iterdir()) == [target]


def test_the_first_problems_are_listed_and_all_are_in_the_rejects(desk: Any, rejects_of: Any) -> None:
    summary = desk.run(desk.file([{"id": str(n), "age": "x"} for n in range(MOST_PROBLEMS + 5)]))
    assert (summary.rejected, len(summary.problems)) == (MOST_PROBLEMS + 5, MOST_PROBLEMS)
    assert len(rejects_of(summary.rejects)) == MOST_PROBLEMS + 5


def test_a_line_of_a_rejects_file_that_was_no_row_is_not_a_case(desk: Any) -> None:
    text = "row,column,reason,id,name,unread\n5,,the line is not JSON,,,{x\n6,,corrected,6,Rina,\n"
    summary = desk.run(desk.raw(text))
    assert (summary.created, summary.rejected) == (1, 1)


def test_a_column_of_that_name_in_another_file_is_left_alone(desk: Any) -> None:
    with pytest.raises(FileRefused, match="sandhan_casee"):
        desk.run(desk.raw("id,sandhan_casee\n1,x\n"))
    assert desk.run(desk.raw("id,sandhan_case,sandhan_status\n1,case_1,closed\n")).created == 1
