"""A PFIF feed into cases: persons, notes, records that were withdrawn; and out again as it came."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.access import AccessScope, NotPermitted, Permission
from api.cases.lifecycle import SourceReason
from api.commands.exports import export_service
from api.commands.imports import import_service
from api.exports.service import ExportRequest
from api.exports.writers import ExportFormat
from api.imports.errors import FileRefused
from api.imports.pfif import PfifFeed, read_feed
from api.imports.service import ImportService
from api.imports.summary import ImportRequest, ImportSummary
from api.store import audit
from matcher.person import Side

SAMPLES = Path(__file__).parent / "samples"
ONE, SEVERAL = SAMPLES / "one_person_with_notes.xml", SAMPLES / "several_persons.xml"
MAYA = "finder.example.org/person.21009"


class Counter:
    """A desk that remembers what it is told."""

    def __init__(self, known: bool = True) -> None:
        self.known = known
        self.gone: list[tuple[str, str]] = []

    def withdraw_at_source(self, external_id: str, reason: SourceReason, _: AccessScope) -> bool:
        self.gone.append((external_id, reason))
        return self.known


def sample(path: Path) -> PfifFeed:
    return read_feed(io.BytesIO(path.read_bytes()))


def run_with(desk: Any, feed: Counter | None, file: Path, **request: Any) -> ImportSummary:
    house = desk.sandhan
    service = ImportService(
        house.database, house.cases, house.photos, house.matching, house.clock, photo_limit=1,
        prepare_matching=house.open_index, feed=feed,
    )  # fmt: skip
    return service.run(ImportRequest(file, match=False, **request), desk.scope)


def exported(desk: Any, name: str = "out.xml") -> PfifFeed:
    output = desk.folder / name
    export_service(desk.sandhan).run(ExportRequest(ExportFormat.PFIF, output), desk.scope)
    return read_feed(io.BytesIO(output.read_bytes()))


def test_a_person_becomes_a_case(desk: Any) -> None:
    summary = desk.run(ONE, side=None)
    assert (summary.rows, summary.created) == (1, 1)
    payload = dict(desk.case(MAYA).payload)
    kept = payload.pop("pfif")
    assert payload == {
        "name": "माया तामाङ", "alias": ["Maya Tamang", "Kanchi"], "sex": "female", "birth_date": "2011-05",
        "address": "Ward 4, Tallo Tol", "village": "Melamchi", "state": "Bagmati", "postcode": "45300", "country": "NP",
        "identifier": f"pfif:{MAYA}", "protect_location": False,
        "narrative": "Red kurta, left for <work> & did not come back.\nShe has a mole on her chin.",
    }  # fmt: skip
    assert isinstance(kept, dict)
    assert kept["person"]["photo_url"].startswith("http://finder.example.org/")
    assert [note["status"] for note in kept["notes"]] == ["believed_missing", "information_sought"]


def test_ages_hold_on_the_day_of_the_source(desk: Any) -> None:
    desk.run(SEVERAL, side=None)
    first, second = desk.case("a.example.org/1").payload, desk.case("a.example.org/2", "rescued").payload
    assert (first["age"], first["age_as_of"], first.get("age_basis")) == ("12", "2026-09-01", None)
    assert (second["age"], second["age_as_of"], second["age_basis"]) == ("12", "2026-09-02", "guess")


def test_notes_decide_the_side_unless_it_is_given(desk: Any) -> None:
    desk.run(SEVERAL, side=None)
    assert {case.external_id: case.side for case in desk.cases()} == {
        "a.example.org/1": "missing", "a.example.org/2": "rescued",
    }  # fmt: skip
    other = desk.other()
    other.run(SEVERAL, side="rescued")
    assert {case.side for case in other.cases()} == {"rescued"}


def test_it_goes_out_as_it_came_in_and_comes_in_again_unchanged(desk: Any) -> None:
    desk.run(ONE, side=None)
    desk.run(SEVERAL, side=None)
    feed = exported(desk)
    expected = [*sample(ONE).persons, *sample(SEVERAL).persons]
    by_id = {person.person_record_id: person for person in feed.records}
    assert by_id[MAYA] == expected[0]
    # The note outside of any person is now with the one whom it is about.
    assert [note.note_record_id for note in by_id["a.example.org/1"].notes] == ["b.example.org/9"]
    assert by_id["a.example.org/2"] == expected[2]
    before = desk.cases()
    assert desk.run(desk.folder / "out.xml", side=None).unchanged == 3
    assert desk.cases() == before


def test_the_same_feed_twice_changes_nothing_and_a_new_note_is_a_version(desk: Any) -> None:
    desk.run(ONE, side=None)
    assert desk.run(ONE, side=None).unchanged == 1
    more = ONE.read_text("utf-8").replace("Any news?", "She has called.")
    assert desk.run(desk.raw(more, "more.xml"), side=None).changed == 1
    assert desk.case(MAYA).version == 2


def test_without_a_desk_withdrawn_records_wait(desk: Any) -> None:
    summary = run_with(desk, None, desk.raw(SEVERAL.read_bytes(), "feed.xml"))
    assert summary.withdrawn == {"done": 0, "waiting": 1}


def test_a_note_about_nobody_known_is_a_reject(desk: Any, rejects_of: Any) -> None:
    summary = desk.run(desk.raw(SEVERAL.read_bytes(), "feed.xml"), side=None)
    assert summary.withdrawn == {"done": 0, "waiting": 0}
    assert (summary.rows, summary.created, summary.rejected, summary.notes_elsewhere) == (3, 2, 1, 1)
    (lost,) = rejects_of(summary.rejects)
    assert "b.example.org/10" in lost["pfif"]
    again = desk.run(summary.rejects, side="missing", rejects=desk.folder / "again.csv")
    assert (again.created, again.rejected) == (0, 1)


def test_what_the_desk_knows_is_counted(desk: Any) -> None:
    known, unknown = Counter(), Counter(known=False)
    path = desk.raw(SEVERAL.read_bytes(), "feed.xml")
    assert run_with(desk, known, path).withdrawn == {"done": 1, "waiting": 0}
    assert known.gone == [("a.example.org/3", "withdrawn_at_source")]
    assert run_with(desk, unknown, path).withdrawn == {"done": 0, "waiting": 0}


def test_a_dry_run_tells_nobody_and_counts_what_there_is(desk: Any) -> None:
    feed = Counter()
    summary = run_with(desk, feed, SEVERAL, dry_run=True)
    assert (summary.created, summary.withdrawn["done"], feed.gone) == (2, 0, [])
    assert desk.cases() == []
    desk.run(ONE, side=None)
    assert run_with(desk, feed, SAMPLES / "withdrawn.xml", dry_run=True).withdrawn["done"] == 1
    assert (len(desk.cases()), feed.gone) == (1, [])


def test_who_may_not_erase_imports_no_feed_that_withdraws(desk: Any) -> None:
    desk.run(ONE, side=None)
    less = replace(desk.scope, permissions=desk.scope.permissions - {Permission.CASES_ERASE})
    service = import_service(desk.sandhan)
    with pytest.raises(NotPermitted):
        service.run(ImportRequest(SEVERAL, match=False), less)
    assert [case.external_id for case in desk.cases()] == [MAYA], "nothing of it came in"
    assert service.run(ImportRequest(ONE, match=False), less).unchanged == 1


def note(about: str, number: str, text: str = "Seen at the station.") -> str:
    return (
        f"<note><note_record_id>{number}</note_record_id><person_record_id>{about}</person_record_id>"
        f"<text>{text}</text></note>"
    )


def texts(desk: Any, about: str = MAYA) -> list[str]:
    return [one["text"] for one in desk.case(about).payload["pfif"]["notes"]]


def test_a_note_about_a_case_of_ones_own_goes_to_it_once(desk: Any) -> None:
    desk.run(ONE, side=None)
    before = texts(desk)
    more = desk.raw(feed_of(note(MAYA, "b/1"), note(MAYA, "b/2", "Twice.")), "notes.xml")
    assert desk.run(more, side=None, dry_run=True).rejected == 0
    assert (texts(desk), desk.case(MAYA).version) == (before, 1)
    summary = desk.run(more, side=None)
    assert (summary.rows, summary.rejected, summary.notes_elsewhere) == (0, 0, 2)
    assert texts(desk) == [*before, "Seen at the station.", "Twice."]
    assert desk.case(MAYA).version == 2
    assert (desk.run(more, side=None).rejected, desk.case(MAYA).version) == (0, 2)
    desk.run(desk.raw(feed_of(note(MAYA, "b/1", "Not she.")), "notes.xml"), side=None)
    assert texts(desk) == [*before, "Not she.", "Twice."]
    assert desk.run(ONE, side=None).unchanged == 1, "a feed without the notes takes none away"
    exported(desk)
    assert desk.run(desk.folder / "out.xml", side=None).unchanged == 1


def test_a_note_goes_to_a_case_that_did_not_come_as_pfif_and_to_both_sides(desk: Any) -> None:
    desk.run(desk.file([{"id": "F-1", "name": "Maya"}]))
    desk.run(desk.file([{"id": "F-1", "name": "Maya"}]), side="rescued")
    other = desk.other()
    assert desk.run(desk.raw(feed_of(note("F-1", "b/1")), "notes.xml"), side=None).rejected == 0
    for side in ("missing", "rescued"):
        assert [one["note_record_id"] for one in desk.case("F-1", side).payload["pfif"]["notes"]] == ["b/1"]
    assert other.run(desk.folder / "notes.xml", side=None).rejected == 1, "nobody adds to another's case"


def test_a_note_for_which_there_is_no_room_is_a_reject(desk: Any) -> None:
    desk.run(ONE, side=None)
    more = desk.raw(feed_of(note(MAYA, "b/1", "x" * 999_999), note(MAYA, "b/2")), "notes.xml")
    summary = desk.run(more, side=None)
    assert "characters" in summary.problems[0][1].reason
    assert (summary.rejected, texts(desk)[-1]) == (1, "Seen at the station.")


def test_a_record_that_was_withdrawn_is_erased_and_not_taken_again(desk: Any) -> None:
    house = desk.sandhan
    house.open_index()
    desk.run(ONE, side=None, match=True)
    case_id = desk.case(MAYA).id
    assert case_id in house.keeper.index.ids(Side.MISSING)
    summary = desk.run(SAMPLES / "withdrawn.xml", side=None)
    assert summary.withdrawn == {"done": 1, "waiting": 0}
    assert desk.cases() == []
    assert case_id not in house.keeper.index.ids(Side.MISSING)
    with house.database.read() as conn:
        (entry,) = [one for one in audit.entries(conn, subject=case_id, limit=100) if one.action == "case.erased"]
    assert (entry.detail, entry.actor) == ({"reason": "withdrawn_at_source"}, desk.scope.actor_id)
    assert desk.run(SAMPLES / "withdrawn.xml", side=None).withdrawn["done"] == 0
    feed = desk.raw(ONE.read_bytes(), "feed.xml")
    for dry_run in (True, False):
        again = desk.run(feed, side=None, dry_run=dry_run)
        assert (again.rows, again.created, again.rejected) == (1, 0, 1)
        assert "sandhan cases readmit" in again.problems[0][1].reason
    assert MAYA in (desk.folder / "rejects.csv").read_text("utf-8-sig")
    assert house.lifecycle.readmit(desk.scope.partner_id, "missing", MAYA, "command-line")
    assert desk.run(feed, side=None).created == 1


def test_a_record_that_has_expired_is_erased(desk: Any) -> None:
    desk.run(ONE, side=None)
    old = desk.raw(ONE.read_text("utf-8").replace("2027-10-16T02:07:57Z", "2026-10-31T02:07:57Z"), "old.xml")
    assert desk.run(old, side=None).withdrawn["done"] == 1
    assert desk.cases() == []


def test_a_withdrawal_is_of_ones_own_cases_only(desk: Any) -> None:
    other = desk.other()
    other.run(ONE, side=None)
    assert desk.run(SAMPLES / "withdrawn.xml", side=None).withdrawn["done"] == 0
    assert len(other.cases()) == 1


def test_what_was_erased_is_withdrawn_wherever_the_export_went(desk: Any) -> None:
    other = desk.other()
    desk.run(ONE, side=None)
    desk.run(desk.file([{"id": "F-1", "name": "Maya", "father_name": "Hari"}, {"id": "F-2", "name": "Rina"}]))
    exported(desk)
    assert other.run(desk.folder / "out.xml", side=None).created == 3
    for number in (MAYA, "F-1"):
        desk.sandhan.lifecycle.erase(desk.case(number).id, "wish", desk.scope)
    feed = exported(desk, "later.xml")
    assert [person.person_record_id for person in feed.tombstones] == [MAYA, "127.0.0.1/F-1"]
    assert [len(person.notes) for person in feed.tombstones] == [0, 0]
    assert b"Hari" not in (desk.folder / "later.xml").read_bytes()
    summary = other.run(desk.folder / "later.xml", side=None)
    assert (summary.unchanged, summary.withdrawn["done"]) == (1, 2)
    assert [case.external_id for case in other.cases()] == ["F-2"]
    quiet = ExportRequest(ExportFormat.PFIF, desk.folder / "quiet.xml", tombstones=False)
    export_service(desk.sandhan).run(quiet, desk.scope)
    assert read_feed(io.BytesIO((desk.folder / "quiet.xml").read_bytes())).tombstones == ()


def test_no_tombstone_stands_beside_the_case_that_came_in_again(desk: Any) -> None:
    path = desk.file([{"id": "F-1", "name": "Maya"}, {"id": "F-2", "name": "Rina"}])
    desk.run(path)
    for number, reason in (("F-1", "duplicate"), ("F-2", "wish")):
        desk.sandhan.lifecycle.erase(desk.case(number).id, reason, desk.scope)
    assert (desk.run(path).created, len(desk.cases())) == (1, 1)
    feed = exported(desk)
    assert [person.person_record_id for person in feed.tombstones] == ["127.0.0.1/F-2"]
    for side, expected in (("rescued", 0), ("missing", 1)):
        request = ExportRequest(ExportFormat.PFIF, desk.folder / f"{side}.xml", side=side)
        export_service(desk.sandhan).run(request, desk.scope)
        assert len(read_feed(io.BytesIO(request.output.read_bytes())).tombstones) == expected


def test_a_record_that_has_expired_is_not_read(desk: Any) -> None:
    text = ONE.read_text("utf-8").replace("2027-10-16T02:07:57Z", "2026-10-31T02:07:57Z")
    feed = Counter()
    assert run_with(desk, feed, desk.raw(text, "old.xml")).created == 0
    assert feed.gone == [(MAYA, "expired_at_source")]


def test_the_tombstone_of_a_case_that_came_in_before(desk: Any) -> None:
    desk.run(ONE, side=None)
    feed = Counter()
    run_with(desk, feed, SAMPLES / "withdrawn.xml")
    assert feed.gone == [(MAYA, "withdrawn_at_source")]


def person(**fields: str) -> str:
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in fields.items())
    return f"<person>{inner}</person>"


def feed_of(*persons: str) -> str:
    return f'<pfif xmlns="http://zesty.ca/pfif/1.4">{"".join(persons)}</pfif>'


@pytest.mark.parametrize(
    ("fields", "column", "reason"),
    [
        ({"full_name": "Rina"}, "id", "no person_record_id"),
        ({"person_record_id": "a/1", "source_date": "2026-11-03T00:00:00Z"}, "pfif", "future"),
        ({"person_record_id": "a/1", "source_date": "last week"}, "pfif", "not a date"),
        ({"person_record_id": "a/1", "date_of_birth": "30th May"}, "birth_date", "not a date"),
        ({"person_record_id": "a/1", "sex": "Rina"}, "sex", "female"),
    ],
)
def test_records_that_cannot_be_used(desk: Any, fields: dict[str, str], column: str, reason: str) -> None:
    path = desk.raw(feed_of(person(**fields), person(person_record_id="a/2")), "feed.xml")
    summary = desk.run(path, side=None)
    assert (summary.created, summary.rejected) == (1, 1)
    ((number, problem),) = summary.problems
    assert (number, problem.column) == (1, column)
    assert reason in problem.reason
    again = desk.run(summary.rejects, side="missing", rejects=desk.folder / "again.csv")
    assert (again.created, again.rejected) == (0, 1), "what is not corrected stays out"


def test_a_corrected_reject_is_the_record(desk: Any) -> None:
    text = ONE.read_text("utf-8").replace(">2011-05<", ">30th of May 2011<")
    summary = desk.run(desk.raw(text, "feed.xml"), side=None)
    data = summary.rejects.read_text("utf-8-sig")
    head, _, rest = data.partition("30th of May 2011")
    summary.rejects.write_text(head + "2011-05" + rest, encoding="utf-8-sig")
    assert desk.run(summary.rejects, side=None).created == 1
    assert exported(desk).records[0].notes == sample(ONE).records[0].notes


def test_what_is_too_long_for_a_field_stays_in_the_record(desk: Any) -> None:
    others = "\n".join(f"Name {number}" for number in range(30))
    text = feed_of(
        person(person_record_id="a/1", home_city="x" * 500, alternate_names=others, description="y" * 30_000)
    )
    assert desk.run(desk.raw(text, "feed.xml"), side=None).created == 1
    payload = desk.case("a/1").payload
    assert len(payload["alias"]) == 20
    assert "village" not in payload
    assert len(payload["narrative"]) == 20_000
    out = exported(desk).records[0]
    assert (out.home_city, out.alternate_names, out.description) == ("x" * 500, others, "y" * 30_000)


def test_a_changed_case_goes_out_with_the_change_and_with_all_that_came(desk: Any) -> None:
    desk.run(ONE, side=None)
    table = desk.folder / "out.csv"
    export_service(desk.sandhan).run(ExportRequest(ExportFormat.CSV, table), desk.scope)
    text = table.read_text("utf-8-sig").replace("Ward 4, Tallo Tol", "Ward 5", 1)
    table.write_text(text, encoding="utf-8-sig")
    assert desk.run(table, side=None).changed == 1
    out = exported(desk).records[0]
    original = sample(ONE).records[0]
    assert out.home_street == "Ward 5"
    assert (out.photo_url, out.author_name, out.notes) == (original.photo_url, original.author_name, original.notes)
    assert desk.run(desk.folder / "out.xml", side=None).unchanged == 1


def test_a_record_of_a_million_characters_is_a_reject(desk: Any) -> None:
    text = feed_of(person(person_record_id="a/1", description="y" * 1_000_001), person(person_record_id="a/2"))
    summary = desk.run(desk.raw(text, "feed.xml"), side=None)
    assert (summary.created, [problem.column for _, problem in summary.problems]) == (1, ["pfif"])


def test_a_long_record_in_another_script_comes_back_after_a_change(desk: Any) -> None:
    text = feed_of(person(person_record_id="a/1", full_name="Rina", description="মায়া " * 60_000))
    desk.run(desk.raw(text, "feed.xml"), side=None)
    line = json.dumps({"id": "a/1", "name": "Mina", "pfif": desk.case("a/1").payload["pfif"]})
    assert desk.run(desk.raw(line + "\n", "change.jsonl")).changed == 1
    exported(desk)
    assert desk.run(desk.folder / "out.xml", side=None).unchanged == 1


def test_a_file_that_breaks_off_changes_nothing(desk: Any) -> None:
    text = feed_of(*(person(person_record_id=f"a/{n}") for n in range(500)))
    with pytest.raises(FileRefused, match="well-formed"):
        desk.run(desk.raw(text[:-30], "feed.xml"), side=None)
    assert desk.cases() == []


@pytest.mark.parametrize(
    "kept",
    [
        "x", "[]", "{}", '{"person": 1}', '{"person": {"age": 1}}', '{"person": {"nickname": "x"}}', '{"more": {}}',
        '{"notes": [1]}', '{"notes": {}}', '{"notes": [{"sex": "x"}]}', '{"person": {"foreign": [["u a><b", "x"]]}}',
        '{"person": {"foreign": ["x"]}}', '{"person": {"full_name": "\\u0000"}}', "[" * 5000,
    ],
)  # fmt: skip
def test_a_kept_part_that_is_none_is_refused(desk: Any, kept: str) -> None:
    summary = desk.run(desk.file([{"id": "1", "pfif": kept}]))
    assert [problem.column for _, problem in summary.problems] == ["pfif"]
    assert kept not in summary.problems[0][1].reason or len(kept) < 3
