"""A PFIF feed into cases: persons, notes, records that were withdrawn; and out again as it came."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from api.access import AccessScope
from api.commands.exports import export_service
from api.exports.service import ExportRequest
from api.exports.writers import ExportFormat
from api.imports.errors import FileRefused
from api.imports.pfif import PfifFeed, read_feed
from api.imports.service import ImportService
from api.imports.summary import ImportRequest, ImportSummary

SAMPLES = Path(__file__).parent / "samples"
ONE, SEVERAL = SAMPLES / "one_person_with_notes.xml", SAMPLES / "several_persons.xml"
MAYA = "finder.example.org/person.21009"


class Counter:
    """A desk that remembers what it is told."""

    def __init__(self, known: bool = True) -> None:
        self.known = known
        self.gone: list[tuple[str, str]] = []
        self.notes: list[tuple[str, Mapping[str, str]]] = []

    def withdraw(self, external_id: str, reason: str, _: AccessScope) -> bool:
        self.gone.append((external_id, reason))
        return self.known

    def keep_note(self, external_id: str, note: Mapping[str, str], _: AccessScope) -> bool:
        self.notes.append((external_id, note))
        return self.known


def sample(path: Path) -> PfifFeed:
    return read_feed(io.BytesIO(path.read_bytes()))


def run_with(desk: Any, feed: Counter, file: Path, **request: Any) -> ImportSummary:
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


def test_without_a_desk_withdrawn_records_wait_and_notes_stay_with_the_case(desk: Any, rejects_of: Any) -> None:
    path = desk.raw(SEVERAL.read_bytes(), "feed.xml")
    summary = desk.run(path, side=None)
    assert summary.withdrawn == {"done": 0, "waiting": 1}
    assert (summary.rows, summary.created, summary.rejected, summary.notes_elsewhere) == (3, 2, 1, 1)
    (lost,) = rejects_of(summary.rejects)
    assert "b.example.org/10" in lost["pfif"]
    again = desk.run(summary.rejects, side="missing", rejects=desk.folder / "again.csv")
    assert (again.created, again.rejected) == (0, 1)


def test_with_a_desk_withdrawals_and_notes_are_handed_on(desk: Any) -> None:
    feed = Counter()
    summary = run_with(desk, feed, SEVERAL)
    assert summary.withdrawn == {"done": 1, "waiting": 0}
    assert feed.gone == [("a.example.org/3", "withdrawn_at_source")]
    assert [(about, note["note_record_id"]) for about, note in feed.notes] == [
        ("a.example.org/1", "b.example.org/9"),
        ("a.example.org/2", "a.example.org/2.1"),
        ("elsewhere.example.org/55", "b.example.org/10"),
    ]
    assert summary.rejected == 0
    assert not any("notes" in dict(case.payload["pfif"]) for case in desk.cases())


def test_a_desk_that_does_not_know_the_person_leaves_the_note_in_the_rejects(desk: Any) -> None:
    path = desk.raw(SEVERAL.read_bytes(), "feed.xml")
    summary = run_with(desk, Counter(known=False), path)
    assert (summary.rejected, summary.withdrawn) == (1, {"done": 0, "waiting": 0})


def test_a_dry_run_tells_nobody(desk: Any) -> None:
    feed = Counter()
    summary = run_with(desk, feed, SEVERAL, dry_run=True)
    assert (summary.created, summary.withdrawn["done"], feed.gone, feed.notes) == (2, 1, [], [])
    assert desk.cases() == []


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
