"""One row: the case it makes, or every reason why it makes none, none of them quoting it."""

from __future__ import annotations

from datetime import date

import pytest

from api.imports.columns import resolve_columns
from api.imports.errors import Problem
from api.imports.files import Row
from api.imports.rows import ReadRow, read_row

TODAY = date(2026, 11, 1)


def read(default_side: str | None = "missing", **cells: str) -> ReadRow | list[Problem]:
    columns = resolve_columns(list(cells), {}, ignore_unknown=False)
    return read_row(Row(2, 2, tuple(cells.values())), columns, default_side, TODAY)


def good(default_side: str | None = "missing", **cells: str) -> ReadRow:
    result = read(default_side, **cells)
    assert isinstance(result, ReadRow), result
    return result


def reasons(default_side: str | None = "missing", **cells: str) -> dict[str, str]:
    result = read(default_side, **cells)
    assert isinstance(result, list)
    for problem in result:
        for value in cells.values():
            assert len(value) < 4 or value not in problem.reason, "a reason quotes the row"
    assert len({problem.column for problem in result}) == len(result)
    return {problem.column: problem.reason for problem in result}


def test_values_are_kept_as_they_stand() -> None:
    row = good(id=" M-1 ", name="সুনীতা মণ্ডল | বুড়ি|", marks="scar, left|mole", address="a | b", sex="", age="12")
    assert row.file_id == row.external_id == "M-1"
    assert row.content.payload == {
        "name": ["সুনীতা মণ্ডল", "বুড়ি"], "marks": ["scar, left", "mole"], "address": "a | b", "age": "12",
        "protect_location": False,
    }  # fmt: skip


def test_a_list_of_nothing_is_unknown() -> None:
    assert "name" not in good(id="M-1", name=" | ").content.payload


def test_photos_are_names_of_files() -> None:
    assert good(id="M-1", photo=" a.jpg| b 2.PNG |").photos == ("a.jpg", "b 2.PNG")
    assert "photo" not in good(id="M-1", photo="a.jpg").content.payload


def test_a_row_without_an_id_is_known_by_its_content() -> None:
    first, again, other = (good(id="", name=name) for name in ("Rina", " Rina ", "Mina"))
    assert first.file_id is None
    assert first.external_id == again.external_id == f"row-{first.content.content_hash[:24]}"
    assert first.external_id != other.external_id
    assert good("rescued", name="Rina").external_id != first.external_id


@pytest.mark.parametrize(
    ("default", "cell", "side"),
    [("missing", "", "missing"), ("missing", "Rescued ", "rescued"), (None, "missing", "missing")],
)
def test_the_column_decides_the_side_and_the_option_fills_it(default: str | None, cell: str, side: str) -> None:
    assert good(default, id="1", side=cell).side == side


def test_a_row_without_a_side() -> None:
    assert "--side" in reasons(None, id="1", side="")["side"]
    assert "neither" in reasons(None, id="1", side="lost")["side"]


@pytest.mark.parametrize(("text", "value"), [("yes", True), ("Y", True), ("TRUE", True), ("1", True), ("No", False)])
def test_yes_and_no(text: str, value: bool) -> None:
    row = good("rescued", id="1", face_consent=text, protect_location=text)
    assert (row.content.face_consent, row.content.protect_location) == (value, value)


def test_consent_that_is_left_out_follows_the_side() -> None:
    assert good("missing", id="1", face_consent="").content.face_consent
    assert not good("rescued", id="1", face_consent="").content.face_consent


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("birth_date", "31/02/2020", "that month has 29 days"),
        ("birth_date", "2031-01-01", "future"),
        ("age", "about 12 years", "age_basis"),
        ("age", "130", "above 120"),
        ("sex", "yuvati", "is not one of"),
        ("last_seen", "last puja", "is not a date"),
        ("face_consent", "perhaps", "neither yes nor no"),
        ("name", "x" * 401, "longer than 400 characters"),
        ("name", "|".join(f"n{n}" for n in range(21)), "more than 20 values"),
        ("marks", "a|" + "x" * 401, "longer than 400 characters"),
        ("narrative", "x" * 20_001, "longer than 20000 characters"),
        ("id", "x" * 401, "longer than 400 characters"),
        ("name", "Ri\0na", "NUL"),
        ("photo", "a\0.jpg", "NUL"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_by_column_and_rule(column: str, value: str, rule: str) -> None:
    cells = {"id": "M-1"} | {column: value}
    found = reasons(**cells)
    assert list(found) == [column]
    assert rule in found[column]


def test_all_problems_of_a_row_are_told() -> None:
    found = reasons(
        id="1", name="x" * 401, sex="yuvati", birth_date="31/02/2020", age_basis="heard", last_seen="puja",
        height_cm="tall", height_on="31/04/2020", protect_location="perhaps",
    )  # fmt: skip
    assert set(found) == {
        "name", "sex", "birth_date", "age_basis", "last_seen", "height_cm", "height_on", "protect_location",
    }  # fmt: skip


def test_a_problem_names_the_column_as_the_file_does() -> None:
    columns = resolve_columns(["No", "DOB"], {"id": ("No",), "birth_date": ("DOB",)}, ignore_unknown=False)
    assert read_row(Row(2, 2, ("1", "31/02/2020")), columns, "missing", TODAY) == [
        Problem("DOB", "that month has 29 days")
    ]


def test_a_row_of_another_shape_is_not_read() -> None:
    columns = resolve_columns(["id", "name"], {}, ignore_unknown=False)
    for cells in (("M-1",), ("M-1", "Rina", "31/02/2020")):
        problems = read_row(Row(2, 2, cells), columns, "missing", TODAY)
        assert isinstance(problems, list)
        assert f"has {len(cells)} cells where the header has 2" in problems[0].reason


def test_a_value_under_a_column_without_a_name() -> None:
    columns = resolve_columns(["id", "", "name"], {}, ignore_unknown=False)
    assert isinstance(read_row(Row(2, 2, ("1", " ", "Rina")), columns, "missing", TODAY), ReadRow)
    problems = read_row(Row(2, 2, ("1", "x", "Rina")), columns, "missing", TODAY)
    assert isinstance(problems, list)
    assert "column 2" in problems[0].reason
