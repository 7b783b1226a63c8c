"""Cases out and in again, in every form: nothing changes. And nobody takes out what is not theirs."""

from __future__ import annotations

import csv
import io
import json
import logging
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from api.access import AccessScope, NotPermitted, Permission
from api.cases.forms import CaseForm
from api.commands.context import scope_for
from api.commands.exports import export_service
from api.commands.imports import import_service
from api.exports.service import ExportRequest
from api.exports.tables import COLUMNS, CannotExport
from api.exports.writers import ExportFormat
from api.imports.plain import says_same
from api.imports.summary import ImportRequest, ImportSummary
from api.store import audit, cases, partners
from data.synthetic import linked_sample

FORMS = list(ExportFormat)
ODD: list[dict[str, Any]] = [
    {
        "external_id": "plus",
        "name": ["+91", "A|B", "c\\d"],
        "phone": ["+91 98301 55501"],
        "address": "=1+1",
        "marks": ["-"],
    },
    {"external_id": "wide", "name": "＝cmd", "village": "@home", "nickname": "'quoted'", "alias": "'=x", "sex": "-"},
    {
        "external_id": "typed",
        "name": "Maya",
        "age": 14,
        "height_cm": 150.0,
        "birth_date": None,
        "protect_location": True,
    },
    {
        "external_id": "lists",
        "name": ["One"],
        "languages": ["bn", "hi"],
        "remembered": [],
        "marks": [""],
        "address": "",
    },
    {
        "external_id": "text",
        "name": "a,b;c\td",
        "narrative": ' line one\r\n"two"\n\n[sandhan]\nid: x\n',
        "clothing": "#N/A",
    },
    {"external_id": "strange", "name": "a\x0bb\u2028c\ufffe", "narrative": "_x0041_ \x01 &amp; <b>]]>", "alias": '"q"'},
    {"external_id": "a.example.org/5", "name": "সুনীতা মণ্ডল", "face_consent": False, "identifier": ["pfif:x/1"]},
    {"external_id": None, "name": "Nobody's id", "last_seen": "2024-03"},
    {"external_id": "empty"},
    {"external_id": "-1", "name": "sign"},
]


def scope_of(house: Any, who: str) -> AccessScope:
    with house.sandhan.database.read() as conn:
        partner = partners.get_partner(conn, house[who].id)
    assert partner is not None
    return scope_for(partner)


def enter(house: Any, who: str, form: dict[str, Any]) -> str:
    """Enter a case as the API takes it, without comparing it."""
    return str(house.sandhan.cases.register(CaseForm(**form), scope_of(house, who), match=False).case.id)


@pytest.fixture
def filled(fresh_house: Any, report: dict[str, Any], rescue: dict[str, Any]) -> Any:
    """A house in which a partner has odd cases, common ones and those of another partner beside."""
    for number, form in enumerate(ODD):
        enter(fresh_house, "family", {"side": "missing" if number % 3 else "rescued", **form})
    people = linked_sample(7, 25, 10)
    for record in (*people.reports, *people.rescues):
        enter(fresh_house, "family", {"side": record.side.value, "external_id": record.record_id, **record.fields})
    enter(fresh_house, "family", report)
    enter(fresh_house, "shelter", rescue)
    closed = enter(fresh_house, "family", {"side": "missing", "external_id": "closed", "name": "Found"})
    with fresh_house.sandhan.database.write() as conn:
        cases.set_status(conn, closed, "closed", fresh_house.clock())
    return fresh_house


def all_cases(house: Any, who: str = "family") -> list[Any]:
    with house.sandhan.database.read() as conn:
        return cases.list_cases(conn, owner_id=house[who].id, limit=1000)


def export(house: Any, output: Path, form: ExportFormat, who: str = "family", **asked: Any) -> int:
    return export_service(house.sandhan).run(ExportRequest(form, output, **asked), scope_of(house, who))


def load(house: Any, file: Path, who: str = "family", **asked: Any) -> ImportSummary:
    return import_service(house.sandhan).run(ImportRequest(file, match=False, **asked), scope_of(house, who))


@pytest.mark.parametrize("form", FORMS)
def test_an_import_of_an_export_changes_nothing(filled: Any, tmp_path: Path, form: ExportFormat) -> None:
    before = all_cases(filled)
    output = tmp_path / "out"
    assert export(filled, output, form) == len(before)
    summary = load(filled, output, rejects=tmp_path / "rejects.csv")
    assert (summary.rejected, summary.changed, summary.created, summary.unchanged) == (0, 0, 0, len(before))
    assert all_cases(filled) == before
    assert stat.S_IMODE(output.stat().st_mode) == 0o600


@pytest.mark.parametrize("form", FORMS)
def test_an_export_makes_the_same_cases_for_another_partner(filled: Any, tmp_path: Path, form: ExportFormat) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    export(filled, first, form)
    assert load(filled, first, "mumbai").rejected == 0
    export(filled, second, ExportFormat.JSONL, "mumbai")
    mine = {(case.external_id or case.id, case.side): case for case in all_cases(filled)}
    theirs = {(case.external_id, case.side): case for case in all_cases(filled, "mumbai")}
    assert mine.keys() == theirs.keys()
    for key, case in mine.items():
        assert says_same(case.payload, theirs[key].payload), key
        assert case.face_consent == theirs[key].face_consent


@pytest.mark.parametrize("form", FORMS)
def test_a_corrected_export_changes_that_case_only(filled: Any, tmp_path: Path, form: ExportFormat) -> None:
    enter(filled, "family", {"side": "missing", "external_id": "wrong", "name": "Zzyzx"})
    output = tmp_path / "out"
    export(filled, output, form)
    if form is ExportFormat.XLSX:
        with zipfile.ZipFile(output) as old:
            parts = {name: old.read(name).replace(b"Zzyzx", b"Right") for name in old.namelist()}
        with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as new:
            for name, data in parts.items():
                new.writestr(name, data)
    else:
        output.write_bytes(output.read_bytes().replace(b"Zzyzx", b"Right"))
    summary = load(filled, output)
    assert (summary.changed, summary.created, summary.rejected) == (1, 0, 0)


def test_a_changed_row_of_a_case_without_an_id_is_refused_with_the_reason(filled: Any, tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    export(filled, output, ExportFormat.CSV)
    output.write_bytes(output.read_bytes().replace(b"Nobody's id", b"Somebody"))
    summary = load(filled, output)
    assert (summary.changed, summary.created, summary.rejected) == (0, 0, 1)
    assert "Sandhan's own id" in summary.problems[0][1].reason


def test_another_partners_own_ids_are_ids_like_any_other(filled: Any, tmp_path: Path) -> None:
    nameless = next(case for case in all_cases(filled) if case.external_id is None)
    path = tmp_path / "in.csv"
    path.write_text(f"id,name\n{nameless.id},Nobody's id\n")
    assert load(filled, path, "mumbai", side=nameless.side).created == 1


def test_no_cell_of_a_table_begins_like_a_formula(filled: Any, tmp_path: Path) -> None:
    export(filled, tmp_path / "out.csv", ExportFormat.CSV)
    rows = list(csv.reader(io.StringIO((tmp_path / "out.csv").read_text("utf-8-sig"), newline="")))
    assert tuple(rows[0]) == COLUMNS
    export(filled, tmp_path / "out.xlsx", ExportFormat.XLSX)
    book = load_workbook(tmp_path / "out.xlsx", read_only=True)
    cells = [str(cell) for row in rows for cell in row]
    for row in book.worksheets[0].iter_rows():
        for cell in row:
            assert cell.data_type in ("s", "n"), "a formula"
            assert cell.value is None or isinstance(cell.value, str)
            cells.append(cell.value or "")
    book.close()
    assert not [
        cell for cell in cells if cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
    ]
    assert any(cell.startswith("'+91") for cell in cells)


def test_only_what_was_asked_for_goes_out(filled: Any, tmp_path: Path) -> None:
    cases_of = [(case.side, case.status) for case in all_cases(filled)]
    for name, asked in (
        ("1", {"side": "missing"}),
        ("2", {"status": "closed"}),
        ("3", {"side": "rescued", "status": "open"}),
    ):
        count = export(filled, tmp_path / name, ExportFormat.JSONL, **asked)
        lines = [json.loads(line) for line in (tmp_path / name).read_bytes().splitlines()]
        assert (
            count
            == len(lines)
            == sum(
                asked.get("side", side) == side and asked.get("status", status) == status for side, status in cases_of
            )
        )
        assert all(line["side"] == asked.get("side", line["side"]) for line in lines)


def test_json_lines_hold_the_values_as_they_are_stored(filled: Any, tmp_path: Path) -> None:
    export(filled, tmp_path / "out", ExportFormat.JSONL)
    lines = {line["id"]: line for line in map(json.loads, (tmp_path / "out").read_bytes().splitlines())}
    assert (lines["typed"]["age"], lines["typed"]["height_cm"], lines["lists"]["name"]) == (14, 150.0, ["One"])
    assert lines["closed"]["sandhan_status"] == "closed"
    assert lines["typed"]["sandhan_version"] == "1"


def test_one_partner_never_takes_anothers_cases(filled: Any, tmp_path: Path) -> None:
    assert export(filled, tmp_path / "out", ExportFormat.JSONL, "shelter") == 1
    assert export(filled, tmp_path / "none", ExportFormat.CSV, "stranger") == 0


@pytest.mark.parametrize("missing", [Permission.CASES_EXPORT, Permission.NAMES_READ])
def test_it_takes_a_permission_to_export_and_one_to_read_names(
    filled: Any, tmp_path: Path, missing: Permission
) -> None:
    scope = scope_of(filled, "family")
    less = AccessScope(scope.partner_id, "k", scope.kind, (), scope.permissions - {missing})
    with pytest.raises(NotPermitted):
        export_service(filled.sandhan).run(ExportRequest(ExportFormat.CSV, tmp_path / "out"), less)
    assert not (tmp_path / "out").exists()


def test_every_export_is_audited_with_a_count(filled: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        count = export(filled, tmp_path / "সুনীতা", ExportFormat.CSV, side="missing", status="open")
    with filled.sandhan.database.read() as conn:
        (entry,) = [entry for entry in audit.entries(conn, limit=10_000) if entry.action == "cases.exported"]
        assert audit.verify(conn) is None
    assert entry.detail == {"count": count, "form": "csv", "side": "missing", "status": "open"}
    assert entry.subject == filled["family"].id
    assert "সুনীতা" not in caplog.text


def test_a_file_that_is_there_is_not_replaced_unasked(filled: Any, tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.write_text("mine")
    with pytest.raises(CannotExport, match="--force"):
        export(filled, output, ExportFormat.CSV)
    assert output.read_text() == "mine"
    export(filled, output, ExportFormat.CSV, replace=True)
    assert output.read_text("utf-8-sig").startswith("id,name")


def test_a_folder_that_is_not_there(filled: Any, tmp_path: Path) -> None:
    with pytest.raises(CannotExport, match="cannot be written"):
        export(filled, tmp_path / "absent" / "out", ExportFormat.CSV)


def test_what_no_cell_can_hold_is_refused_and_leaves_no_file(fresh_house: Any, tmp_path: Path) -> None:
    notes = "".join(f"<note><text>{'x' * 900}</text></note>" for _ in range(200))
    feed = f'<pfif xmlns="http://zesty.ca/pfif/1.4"><person><person_record_id>a/1</person_record_id>{notes}</person></pfif>'
    (tmp_path / "in.xml").write_text(feed)
    assert load(fresh_house, tmp_path / "in.xml").created == 1
    for form in (ExportFormat.CSV, ExportFormat.XLSX):
        with pytest.raises(CannotExport, match="jsonl or pfif"):
            export(fresh_house, tmp_path / "out", form)
        assert not (tmp_path / "out").exists()
    for form in (ExportFormat.JSONL, ExportFormat.PFIF):
        export(fresh_house, tmp_path / form.value, form)
        assert load(fresh_house, tmp_path / form.value).unchanged == 1
