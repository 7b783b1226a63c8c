"""JSON Lines: each object a case, lists as lists, and a line that is none costs that line only."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api.cases.forms import CaseForm
from api.imports.errors import FileRefused


def lines(*values: object) -> bytes:
    return "".join((v if isinstance(v, str) else json.dumps(v, ensure_ascii=False)) + "\n" for v in values).encode()


def test_every_field_of_the_form_is_a_key(desk: Any, report: dict[str, Any]) -> None:
    form = CaseForm(**report)
    value = {"id": form.external_id, **{key: said for key, said in report.items() if key != "external_id"}}
    assert desk.run(desk.raw(lines(value), "reports.jsonl")).created == 1
    assert desk.run(desk.raw(lines(value), "reports.ndjson")).unchanged == 1
    stored = desk.case(form.external_id).payload
    assert stored["phone"] == "+91 98301 55501"
    assert stored["narrative"] == form.narrative


def test_lists_numbers_and_truth_values(desk: Any) -> None:
    value = {
        "id": 7,
        "name": ["Maya", "a|b", "c\\d"],
        "age": 14,
        "height_cm": 150.5,
        "face_consent": False,
        "sex": None,
    }
    desk.run(desk.raw(lines(value), "reports.jsonl"))
    payload = desk.case("7").payload
    assert payload == {
        "name": ["Maya", "a|b", "c\\d"], "age": "14", "height_cm": "150.5", "face_consent": False,
        "protect_location": False,
    }  # fmt: skip


def test_a_bar_in_a_single_text_is_no_list(desk: Any) -> None:
    desk.run(desk.raw(lines({"id": "1", "name": "a|b", "address": "c|d"}), "reports.jsonl"))
    assert (desk.case("1").payload["name"], desk.case("1").payload["address"]) == ("a|b", "c|d")


def test_bad_lines_are_rejected_and_the_rest_comes_in(desk: Any, rejects_of: Any) -> None:
    data = lines(
        {"id": "1", "name": "Rina"}, "{not json}", "", "[1, 2]", '{"id": "2", "id": "3"}',
        {"id": "4", "name": {"a": 1}},
        {"id": "5", "sex": ["f"]}, {"id": "6", "name": ["x", ["y"]]}, '{"id": "7", "age": NaN}',
        '{"id": "8", "name": "\\ud800"}', {"id": "9", "age": "about 9"}, {"id": "10", "name": "+91"},
    ) + b'{"id": "11", "name": "Ren\xe9e"}\n'  # fmt: skip
    summary = desk.run(desk.raw(data, "reports.jsonl"))
    assert (summary.rows, summary.created, summary.rejected) == (12, 2, 10)
    assert [number for number, _ in summary.problems] == [2, 4, 5, 6, 7, 8, 9, 10, 11, 13]
    found = rejects_of(summary.rejects)
    assert list(found[0]) == ["row", "column", "reason", "id", "name", "sex", "age", "unread"]
    assert found[0]["unread"] == "{not json}"
    told = " ".join(problem.reason for _, problem in summary.problems)
    assert not any(value in told for value in ("Rina", "about 9", "not json", "Ren"))
    again = desk.run(summary.rejects, rejects=desk.folder / "again.csv")
    assert (again.created, again.rejected) == (0, 10)


def test_corrected_rejects_come_in(desk: Any) -> None:
    summary = desk.run(desk.raw(lines({"id": "1", "name": ["+91", "a|b"], "age": "about 9"}), "reports.jsonl"))
    summary.rejects.write_bytes(summary.rejects.read_bytes().replace(b"about 9", b"9"))
    assert desk.run(summary.rejects).created == 1
    assert desk.case("1").payload["name"] == ["+91", "a|b"]


def test_unknown_keys_are_refused_like_unknown_columns(desk: Any) -> None:
    path = desk.raw(lines({"id": "1"}, {"id": "2", "fathers_name": "x"}), "reports.jsonl")
    with pytest.raises(FileRefused, match="father_name"):
        desk.run(path)
    assert desk.cases() == []
    assert desk.run(path, ignore_unknown=True).created == 2


def test_mapped_keys_and_a_dry_run(desk: Any) -> None:
    path = desk.raw(lines({"No": 1, "names": ["Rina", "Tina"]}), "reports.jsonl")
    mapping = {"id": ("No",), "name": ("names",)}
    assert desk.run(path, mapping=mapping, dry_run=True).created == 1
    assert desk.cases() == []
    desk.run(path, mapping=mapping)
    assert desk.case("1").payload["name"] == ["Rina", "Tina"]


def test_it_is_known_by_its_beginning_whatever_its_name(desk: Any) -> None:
    assert desk.run(desk.raw(b"\xef\xbb\xbf" + lines({"id": "1"}), "reports.txt")).created == 1


@pytest.mark.parametrize("data", [b"", b"\n\n", b"[]\n", b'"x"\n', b"{}\n"])
def test_a_file_without_any_object(desk: Any, data: bytes) -> None:
    with pytest.raises(FileRefused, match="no line of the file is a JSON object"):
        desk.run(desk.raw(data, "reports.jsonl"))


def test_a_line_without_end_is_refused(desk: Any) -> None:
    with pytest.raises(FileRefused, match="line 2 is longer"):
        desk.run(desk.raw(lines({"id": "1"}) + b"{" + b" " * (9 * 1024 * 1024), "reports.jsonl"))


def test_deep_nesting_is_one_bad_line(desk: Any) -> None:
    summary = desk.run(desk.raw(lines({"id": "1"}, "[" * 100_000), "reports.jsonl"))
    assert (summary.created, summary.rejected) == (1, 1)


def test_an_id_that_stands_twice(desk: Any) -> None:
    summary = desk.run(desk.raw(lines({"id": "1", "name": "A"}, {"id": "1", "name": "B"}), "reports.jsonl"))
    assert (summary.created, summary.rejected) == (1, 1)
    assert "row 1" in summary.problems[0][1].reason


@pytest.mark.parametrize("field", ["last_seen", "found", "age_as_of", "height_on"])
def test_days_that_have_not_come_yet(desk: Any, field: str) -> None:
    rows = [{"id": "1", field: "2027-01-01"}, {"id": "2", field: "2026-11-02"}, {"id": "3", field: "2026"}]
    summary = desk.run(desk.raw(lines(*rows), "reports.jsonl"), side="missing")
    assert (summary.created, [problem.reason for _, problem in summary.problems]) == (2, ["lies in the future"])
