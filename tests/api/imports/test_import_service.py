"""Files into cases: once, again, corrected, interrupted."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from api.access import AccessScope, NotPermitted
from api.commands.imports import import_service
from api.imports.errors import FileRefused
from api.imports.summary import ImportRequest, ImportSummary
from api.store import audit, cases

ROWS = [
    {"id": "M-1", "name": "সুনীতা মণ্ডল|বুড়ি", "father_name": "রমেশ মণ্ডল", "sex": "female", "birth_date": "30/05/2011"},
    {"id": "M-2", "name": "Rina Sheikh", "age": "12", "last_seen": "2024-03"},
    {"id": "", "name": "Maya Tamang", "country": "Nepal"},
]


def figures(summary: ImportSummary) -> tuple[int, int, int, int, int]:
    return summary.rows, summary.created, summary.changed, summary.unchanged, summary.rejected


def test_rows_become_cases(desk: Any) -> None:
    summary = desk.run(desk.file(ROWS))
    assert figures(summary) == (3, 3, 0, 0, 0)
    assert summary.rejects is None
    assert [path.name for path in desk.folder.iterdir()] == ["reports.csv"]
    case = desk.case("M-1")
    assert case.payload["name"] == ["সুনীতা মণ্ডল", "বুড়ি"]
    assert (case.side, case.version, case.matched_version) == ("missing", 1, 0)
    with desk.sandhan.database.read() as conn:
        entries = audit.entries(conn, limit=1000)
        assert audit.verify(conn) is None
    assert [entry.action for entry in entries if entry.subject == case.id] == ["case.registered"]
    assert entries[-1].action == "file.imported"
    assert entries[-1].detail == {"rows": 3, "created": 3, "changed": 0, "unchanged": 0, "rejected": 0}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters_give_the_same_cases(desk: Any, encoding: str, delimiter: str) -> None:
    text = 'id;name;narrative\nM-9;মায়া;"left\nat ""dusk"""\n'.replace(";", delimiter)
    desk.run(desk.raw(text.encode(encoding)))
    assert desk.case("M-9").payload == {"name": "মায়া", "narrative": 'left\nat "dusk"', "protect_location": False}


def test_the_same_file_twice_changes_nothing(desk: Any) -> None:
    path = desk.file(ROWS)
    desk.run(path)
    before, cases_before = desk.row_counts(), desk.cases()
    assert figures(desk.run(path)) == (3, 0, 0, 3, 0)
    after = desk.row_counts()
    assert after.pop("audit") == before.pop("audit") + 1  # that the file came again
    assert after == before
    assert desk.cases() == cases_before


def test_the_same_rows_in_another_order_and_encoding_change_nothing(desk: Any) -> None:
    desk.run(desk.file(ROWS))
    shuffled = [dict(reversed(row.items())) for row in reversed(ROWS)]
    assert figures(desk.run(desk.file(shuffled, "other.csv", "utf-16"))) == (3, 0, 0, 3, 0)


def test_a_changed_row_is_a_new_version(desk: Any) -> None:
    desk.run(desk.file(ROWS))
    old = desk.case("M-2")
    with desk.sandhan.database.write() as conn:
        cases.mark_matched(conn, old.id, 1)
    assert figures(desk.run(desk.file([ROWS[0], ROWS[1] | {"age": "13"}, ROWS[2]]))) == (3, 0, 1, 2, 0)
    case = desk.case("M-2")
    assert (case.id, case.version, case.payload["age"]) == (old.id, 2, "13")
    assert case.matched_version < case.version, "it must be compared again"
    with desk.sandhan.database.read() as conn:
        versions = cases.versions_of(conn, case.id)
        actions = [entry.action for entry in audit.entries(conn, subject=case.id, limit=10)]
    assert [version.payload["age"] for version in versions] == ["12", "13"]
    assert actions == ["case.registered", "case.changed"]


def test_one_id_on_both_sides_is_two_cases(desk: Any) -> None:
    rows = [{"id": "7", "side": "missing", "name": "A"}, {"id": "7", "side": "rescued", "name": "A"}]
    assert figures(desk.run(desk.file(rows), side=None)) == (2, 2, 0, 0, 0)
    assert desk.case("7", "rescued").id != desk.case("7").id


def test_another_partners_id_is_another_case(desk: Any) -> None:
    path = desk.file(ROWS)
    desk.run(path)
    assert desk.other().run(path).created == 3
    assert len(desk.cases()) == 3


def test_rows_that_cannot_be_used_are_rejected_and_the_rest_comes_in(desk: Any, rejects_of: Any) -> None:
    rows = [
        {"id": "M-1", "name": "Rina", "birth_date": "31/02/2020", "age": ""},
        {"id": "M-2", "name": "Mina", "birth_date": "", "age": "about 12 years"},
        {"id": "M-3", "name": "Tina", "birth_date": "30/02/2020", "sex": "yuvati", "age": ""},
        {"id": "M-4", "name": " Good ", "birth_date": "", "age": "12"},
    ]
    summary = desk.run(desk.file(rows))
    assert figures(summary) == (4, 1, 0, 0, 3)
    assert summary.rejects == desk.folder / "rejects.csv"
    assert summary.rejects.stat().st_mode & 0o077 == 0, "rejects are personal data"
    found = rejects_of(summary.rejects)
    assert [row["row"] for row in found] == ["2", "3", "4"]
    assert found[0]["column"] == "birth_date"
    assert found[0]["reason"] == "that month has 29 days"
    assert found[1]["column"] == "age"
    assert found[2]["column"].splitlines() == ["birth_date", "sex"]
    assert len(found[2]["reason"].splitlines()) == 2
    assert [{key: row[key] for key in rows[2]} for row in found] == [{"sex": ""} | row for row in rows[:3]]
    assert len(summary.problems) == 4
    told = " ".join(problem.reason for _, problem in summary.problems)
    assert not any(value in told for value in ("31/02", "about 12", "yuvati", "Rina"))


def test_corrected_rejects_are_imported_in_turn(desk: Any, rejects_of: Any) -> None:
    rows = [{"id": "M-1", "name": "Rina", "age": "about 12"}, {"id": "M-2", "name": "Mina", "age": "x"}]
    rejects = desk.run(desk.file(rows)).rejects
    rejects.write_text(rejects.read_text("utf-8-sig").replace("about 12", "12"), encoding="utf-8")
    corrected = rejects.read_bytes()
    summary = desk.run(rejects)
    assert figures(summary) == (2, 1, 0, 0, 1)
    assert desk.case("M-1").payload["age"] == "12"
    assert rejects.read_bytes() == corrected, "the input is never overwritten"
    assert summary.rejects == desk.folder / "rejects-2.csv"
    assert list(rejects_of(summary.rejects)[0]) == ["row", "column", "reason", "id", "name", "age"]
    assert [row["id"] for row in rejects_of(summary.rejects)] == ["M-2"]


def test_an_id_that_stands_twice_in_the_file(desk: Any) -> None:
    rows = [{"id": "M-1", "name": "A"}, {"id": "M-1", "name": "B"}, {"id": "", "name": "C"}, {"id": "", "name": "C"}]
    summary = desk.run(desk.file(rows))
    assert figures(summary) == (4, 2, 0, 0, 2)
    assert desk.case("M-1").payload["name"] == "A"
    assert [(number, problem.column) for number, problem in summary.problems] == [(3, "id"), (5, "")]
    assert "row 2" in summary.problems[0][1].reason
    assert "row 4" in summary.problems[1][1].reason


def test_odd_rows_are_kept_as_they_are_in_the_rejects(desk: Any, rejects_of: Any) -> None:
    text = (
        'id;name;sex\nM-1;"Rina;female\n\nM-2;Mina;female;extra\nM-3;Ti\0na;female\nM-4\n;;\nM-5;"Multi\nline";yuvati\n'
    )
    summary = desk.run(desk.raw(text))
    assert figures(summary) == (5, 0, 0, 0, 5)
    data = summary.rejects.read_text("utf-8-sig")
    assert "M-2;Mina;female;extra" in data
    rows = rejects_of(summary.rejects, ";")
    assert [row["row"] for row in rows] == ["2", "4", "5", "6", "8"]
    assert rows[0]["name"] == '"Rina'
    assert rows[2]["name"] == "Ti\0na"
    assert rows[4]["name"] == "Multi\nline"


def test_an_unknown_column_refuses_the_file_unless_told_otherwise(desk: Any) -> None:
    path = desk.file([{"id": "M-1", "fathers_name": "Ramesh"}])
    with pytest.raises(FileRefused, match="father_name"):
        desk.run(path)
    assert desk.cases() == []
    summary = desk.run(path, ignore_unknown=True)
    assert (summary.created, summary.ignored_columns) == (1, ("fathers_name",))


def test_mapped_columns(desk: Any) -> None:
    path = desk.raw("Case No,First,Last,DOB\n7,Rina,Sheikh,2011-05-30\n")
    mapping = {"id": ("Case No",), "name": ("First", "Last"), "birth_date": ("DOB",)}
    desk.run(path, mapping=mapping)
    payload = desk.case("7").payload
    assert (payload["name"], payload["birth_date"]) == ("Rina Sheikh", "2011-05-30")


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ("id,name\nM-1,Renée\n".encode("cp1252"), "byte offset"),
        (b"", "empty"),
        (b"\nid,name\n", "line 1 is empty"),
        (b'id,"name\nM-1,Rina\n', "the header"),
        (b"id,na\0me\n", "NUL"),
        (b"id,name,name\n", "more than once"),
        (b"M-1,Rina\n", "names no known column"),
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing(desk: Any, data: bytes, named: str) -> None:
    with pytest.raises(FileRefused, match=named):
        desk.run(desk.raw(data))
    assert desk.cases() == []


def test_the_side_must_be_known(desk: Any) -> None:
    with pytest.raises(FileRefused, match="--side"):
        desk.run(desk.file(ROWS), side=None)


def test_rejects_never_replace_the_input(desk: Any) -> None:
    path = desk.file([{"id": "M-1", "age": "x"}])
    with pytest.raises(FileRefused, match="overwrite"):
        desk.run(path, rejects=desk.folder / "." / "reports.csv")
    with pytest.raises(FileRefused, match="--rejects"):
        desk.run(path, rejects=desk.folder / "absent" / "r.csv")
    assert desk.cases() == []


def test_rejects_of_another_file_are_not_lost(desk: Any) -> None:
    first = desk.run(desk.file([{"id": "M-1", "age": "x"}]))
    kept = first.rejects.read_bytes()
    again = desk.run(desk.file([{"id": "M-1", "age": "x"}]))
    other = desk.run(desk.file([{"id": "M-2", "age": "y"}], "other.csv"))
    assert again.rejects == first.rejects
    assert other.rejects == desk.folder / "rejects-2.csv"
    assert first.rejects.read_bytes() == kept
    named = desk.run(desk.file([{"id": "M-3", "age": "z"}], "third.csv"), rejects=first.rejects)
    assert named.rejects.read_bytes() != kept


def test_rejects_that_cannot_be_written_do_not_stop_the_rest(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr("api.imports.rejects.replace_file", full)
    with pytest.raises(FileRefused, match="1 rows were rejected"):
        desk.run(desk.file([{"id": "M-1", "age": "x"}, {"id": "M-2", "age": "12"}]), match=True)
    assert desk.case("M-2").matched_version == 1


def test_a_dry_run_stores_nothing(desk: Any) -> None:
    desk.run(desk.file(ROWS[:2]))
    before = desk.row_counts()
    rows = [ROWS[0], ROWS[1] | {"age": "13"}, ROWS[2], {"id": "M-9", "age": "x"}]
    path = desk.file(rows)
    summary = desk.run(path, dry_run=True, match=True)
    assert figures(summary) == (4, 1, 1, 1, 1)
    assert summary.compared is None
    assert desk.row_counts() == before
    assert not (desk.folder / "rejects.csv").exists()
    wanted = desk.run(path, dry_run=True, rejects=desk.folder / "wanted.csv")
    assert wanted.rejects == desk.folder / "wanted.csv"
    assert wanted.rejects.exists()


def test_permission_is_needed(desk: Any) -> None:
    scope = AccessScope(desk.scope.partner_id, "k", "ngo", (), frozenset())
    with pytest.raises(NotPermitted):
        import_service(desk.sandhan).run(ImportRequest(desk.file(ROWS), side="missing"), scope)


def test_cases_are_compared_with_the_other_side(desk: Any, report: Any, rescue: Any) -> None:
    shelter = desk.other()
    shelter.run(shelter.file([{"id": "MUM-1"} | text_of(rescue)], "rescues.csv"), side=None)
    path = desk.file([{"id": "FIR-1"} | text_of(report), {"id": "FIR-2", "name": "Somebody Else", "sex": "male"}])
    waiting = desk.run(path)
    assert waiting.compared is None
    summary = desk.run(path, match=True)
    assert (summary.unchanged, summary.compared) == (2, 3)
    assert sum(summary.matches.values()) >= 1
    assert summary.matches["certain"] + summary.matches["probable"] >= 1
    assert summary.alerts == desk.row_counts()["alerts"] > 0
    again = desk.run(path, match=True)
    assert (again.compared, again.alerts, sum(again.matches.values())) == (0, 0, 0)


def test_both_sides_of_a_pair_in_one_file_are_one_match(desk: Any, report: Any, rescue: Any) -> None:
    path = desk.file([{"id": "1"} | text_of(report), {"id": "2"} | text_of(rescue)])
    summary = desk.run(path, side=None, match=True)
    assert summary.compared == 2
    assert sum(summary.matches.values()) == desk.row_counts()["matches"] == 1


def test_no_names_in_the_logs(desk: Any, caplog: pytest.LogCaptureFixture, report: Any) -> None:
    with caplog.at_level(logging.DEBUG):
        desk.run(desk.file([{"id": "F-1"} | text_of(report), {"id": "F-2", "name": "Rina", "age": "x"}]), match=True)
    told = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith(("api", "matcher")))
    assert "2 rows" in told
    for secret in ("সুনীতা", "Rina", "F-1", "F-2", "reports.csv", "গোসাবা"):
        assert secret not in told


def text_of(form: dict[str, Any]) -> dict[str, str]:
    return {
        key: "|".join(value) if isinstance(value, list) else str(value)
        for key, value in form.items()
        if key != "external_id"
    }


def test_the_folder_of_the_file_is_not_needed_for_named_rejects(desk: Any, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.csv"
    assert desk.run(desk.file([{"id": "M-1", "age": "x"}]), rejects=target).rejects == target
