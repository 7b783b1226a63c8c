"""Which column is which field, and what is said when one is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.imports.columns import KNOWN, is_known, read_mapping, resolve_columns
from api.imports.errors import FileRefused
from matcher.fields import FIELDS


def test_every_field_is_a_column_in_any_case_and_order() -> None:
    header = [f" {name.upper()} " for name in reversed(KNOWN)]
    columns = resolve_columns(header, {}, ignore_unknown=False)
    assert set(columns.sources) == set(FIELDS) | {
        "side",
        "photo",
        "narrative",
        "protect_location",
        "face_consent",
        "pfif",
    }
    cells = [f"{name} value" for name in reversed(KNOWN)]
    assert all(columns.text(name, cells) == f"{name} value" for name in KNOWN)
    assert columns.label("name") == "NAME"


def test_unknown_columns_are_listed_with_the_nearest_field() -> None:
    with pytest.raises(FileRefused) as refused:
        resolve_columns(["id", "fathers name", "distict", "blood group"], {}, ignore_unknown=False)
    message = str(refused.value)
    assert '"fathers name" (nearest: father_name)' in message
    assert '"distict" (nearest: district)' in message
    assert '"blood group" (like no field)' in message
    assert "--ignore-unknown" in message
    columns = resolve_columns(["id", "fathers name", "distict"], {}, ignore_unknown=True)
    assert columns.unused == ("fathers name", "distict")
    assert set(columns.sources) == {"id"}


def test_without_a_header_nothing_of_the_first_line_is_repeated() -> None:
    with pytest.raises(FileRefused) as refused:
        resolve_columns(["M-1", "Rina Mondal", "Rina Mondal"], {}, ignore_unknown=True)
    assert "header" in str(refused.value)
    assert "Rina" not in str(refused.value)


@pytest.mark.parametrize("header", [["id", "name", "Name "], ["id", "id"], ["id", "x", "X"]])
def test_a_name_that_stands_twice_is_refused(header: list[str]) -> None:
    with pytest.raises(FileRefused, match="more than once"):
        resolve_columns(header, {}, ignore_unknown=True)


def test_mapped_columns_are_joined_in_the_order_of_the_mapping() -> None:
    mapping = {"name": ("First", "Last"), "id": ("Case No",)}
    columns = resolve_columns(["Last", "case no", "First", "sex"], mapping, ignore_unknown=False)
    assert columns.text("name", ["Mondal", "7", " Rina ", "f"]) == "Rina Mondal"
    assert columns.text("name", ["", "7", "Rina", "f"]) == "Rina"
    assert columns.text("id", ["Mondal", "7", "Rina", "f"]) == "7"
    assert columns.label("name") == "First + Last"
    assert is_known("FIRST", mapping)
    assert not is_known("Middle", mapping)


def test_one_column_may_give_two_fields() -> None:
    columns = resolve_columns(["found", "id"], {"age_as_of": ("found",), "found": ("found",)}, ignore_unknown=False)
    assert columns.text("age_as_of", ["2026", "1"]) == columns.text("found", ["2026", "1"]) == "2026"


def test_a_column_that_the_mapping_replaces_is_not_left_out_in_silence() -> None:
    with pytest.raises(FileRefused, match="the mapping takes name from elsewhere"):
        resolve_columns(["id", "name", "Full name"], {"name": ("Full name",)}, ignore_unknown=False)


def test_a_mapping_of_a_column_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(FileRefused, match=r'"Ful name" \(nearest: Full name\)'):
        resolve_columns(["id", "Full name"], {"name": ("Ful name",)}, ignore_unknown=True)


def test_the_columns_of_a_rejects_file_are_passed_over() -> None:
    columns = resolve_columns(["row", "column", "reason", "id", "name", ""], {}, ignore_unknown=False)
    assert (columns.lead, columns.unused, columns.unnamed) == (3, (), (5,))
    with pytest.raises(FileRefused, match="unknown"):
        resolve_columns(["id", "row", "column", "reason"], {}, ignore_unknown=False)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_mapping_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, '\ufeff[columns]\nid = "Case No"\nname = ["First", "Last"]\nstate = "राज्य"\n')
    assert read_mapping(path) == {"id": ("Case No",), "name": ("First", "Last"), "state": ("राज्य",)}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[columns\n", "not TOML"),
        ('id = "x"\n', r"\[columns\]"),
        ('columns = "x"\n', r"\[columns\]"),
        ('[columns]\nid = "x"\n[other]\n', r"\[columns\]"),
        ('[columns]\nfathername = "x"\n', r'"fathername" \(nearest: father_name\)'),
        ("[columns]\nid = 7\n", "mapping of id"),
        ("[columns]\nname = []\n", "mapping of name"),
        ('[columns]\nname = ["a", ["b"]]\n', "mapping of name"),
        ('[columns]\nname = " "\n', "mapping of name"),
    ],
)
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(FileRefused, match=named):
        read_mapping(written(tmp_path, text))


def test_a_mapping_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_bytes(b'[columns]\nid = "N\xb0"\n')
    with pytest.raises(FileRefused, match="byte offset 17"):
        read_mapping(path)
