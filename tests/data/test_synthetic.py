"""Synthetic people: equal for equal seeds, of the region they claim, readable as records, and garbled as stated."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from data.synthetic import (
    CORRUPTION,
    DESTINATIONS,
    HARD_CORRUPTION,
    NATIVE_SCRIPTS,
    OTHER_CORRUPTION,
    REGIONS,
    Corruption,
    LinkedSample,
    SyntheticPerson,
    SyntheticRecord,
    SyntheticWorld,
    Tie,
    linked_pairs,
    linked_sample,
)
from matcher.fields import FIELDS, MULTIPLE
from matcher.names.script import main_script
from matcher.person import AgeBasis, Place, Side
from matcher.places import Gazetteer

TODAY = date(2026, 11, 1)


@pytest.fixture(scope="module")
def world() -> SyntheticWorld:
    return SyntheticWorld(11)


@pytest.fixture(scope="module")
def people(world: SyntheticWorld) -> list[SyntheticPerson]:
    return list(world.people(4000))


@pytest.fixture(scope="module")
def sample() -> LinkedSample:
    return linked_sample(12, 4000, 3000)


def year_of(record: SyntheticRecord, field: str) -> date:
    return date.fromisoformat(str(record.fields[field]))


def test_equal_seeds_give_equal_people_records_and_faces() -> None:
    one, same, other = (linked_sample(seed, 60, 30) for seed in (5, 5, 6))
    assert one == same
    assert one != other
    for a, b in zip((*one.reports, *one.rescues), (*same.reports, *same.rescues), strict=True):
        assert len(a.faces) == len(b.faces)
        for face, again in zip(a.faces, b.faces, strict=True):
            np.testing.assert_array_equal(face.vector, again.vector)
            assert (face.model, face.quality, face.taken) == (again.model, again.quality, again.taken)


def test_streaming_equals_holding_all() -> None:
    held = linked_sample(7, 300, 150)
    streamed = list(linked_pairs(7, 300, 150))
    assert tuple(pair.report for pair in streamed if pair.report) == held.reports
    rescues = {pair.rescue.record_id: pair.rescue for pair in streamed if pair.rescue}
    assert rescues == {record.record_id: record for record in held.rescues}
    assert tuple(SyntheticWorld(7).reports(300)) == held.reports


def test_a_larger_population_begins_with_the_smaller() -> None:
    assert list(SyntheticWorld(3).people(40)) == list(itertools.islice(SyntheticWorld(3).people(90), 40))


def test_a_record_does_not_depend_on_others_written_before(people: list[SyntheticPerson]) -> None:
    fresh, used = SyntheticWorld(2), SyntheticWorld(2)
    for person in people[:20]:
        used.report(person, "before")
        used.rescue(person, "before")
    assert fresh.rescue(people[20], "r") == used.rescue(people[20], "r")
    assert fresh.report(people[20], "m") == used.report(people[20], "m")
    assert fresh.rescue(people[20], "r") != fresh.rescue(people[20], "another")


def test_exactly_as_many_as_asked_for(people: list[SyntheticPerson]) -> None:
    assert len(people) == 4000
    assert len({person.person_id for person in people}) == 4000
    assert list(SyntheticWorld(1).people(0)) == []


def test_homes_resolve_to_their_region(people: list[SyntheticPerson]) -> None:
    gazetteer = Gazetteer.load()
    for person in people[:1000]:
        home = person.home
        place = Place(home.country, home.state.latin, home.district.latin, home.village.latin)
        assert gazetteer.resolve(place).path == home.path
        assert home.path.startswith(REGIONS[person.region][0] + "/")


def test_a_thousand_reports_resolve_to_their_region(world: SyntheticWorld, people: list[SyntheticPerson]) -> None:
    gazetteer = Gazetteer.load()
    lost = []
    for person in people[:1000]:
        report = world.report(person, "m").to_person(TODAY)
        if not (gazetteer.resolve(report.origin).path + "/").startswith(REGIONS[person.region][0] + "/"):
            lost.append(report.origin)
    assert len(lost) <= 5, lost[:5]


def test_regions_come_in_their_shares(people: list[SyntheticPerson]) -> None:
    counts = Counter(person.region for person in people)
    for code, (_, share, _) in REGIONS.items():
        assert counts[code] / 4000 == pytest.approx(share, abs=0.03)
    assert sum(share for _, share, _ in REGIONS.values()) == pytest.approx(1.0)
    assert sum(row[4] for row in DESTINATIONS) == pytest.approx(1.0)
    assert set(NATIVE_SCRIPTS) == set(REGIONS)


def test_records_are_read_without_problems(world: SyntheticWorld, people: list[SyntheticPerson]) -> None:
    for person in people[:400]:
        report, rescue = world.report(person, f"m{person.person_id}"), world.rescue(person, "r")
        for record in (report, rescue):
            assert set(record.fields) <= set(FIELDS)
            assert all(isinstance(value, str) or name in MULTIPLE for name, value in record.fields.items())
        read, found = report.to_person(TODAY), rescue.to_person(TODAY)
        assert (read.side, found.side) == (Side.MISSING, Side.RESCUED)
        assert read.record_id == f"m{person.person_id}"
        assert read.names
        assert read.birth is not None
        assert read.birth.earliest.year - 2 <= person.born.year <= read.birth.latest.year + 2
        assert found.birth is not None
        assert found.event is not None
        assert read.event is not None
        assert read.event.latest in (person.lost, person.lost - timedelta(days=365))
        assert person.lost < found.event.earliest <= TODAY


def test_without_corruption_the_rescue_says_what_is_true(people: list[SyntheticPerson]) -> None:
    clean = Corruption(
        latin_clerk=1.0, nickname_only=0.0, also_nickname=0.0, imposed_name=0.0, no_name=0.0, no_surname=0.0,
        part_of_name=0.0, other_spelling=0.0, slip=0.0, father_known=1.0, mother_known=1.0, parent_first_name_only=0.0,
        age_error_years=0.0, age_badly_off=0.0, age_document=0.0, age_stated=0.0, even_age=0.0,
        place=(1.0, 0.0, 0.0, 0.0), place_spelling=0.0, wrong_district=0.0, phone_remembered=1.0, wrong_sex=0.0,
        guardian_known=1.0, belongings_known=1.0, kept_belongings=1.0, same_clothes=1.0, phone_slip=0.0,
    )  # fmt: skip
    world = SyntheticWorld(3, corruption=clean)
    for person in people[:300]:
        fields = world.rescue(person, "r").fields
        expected = f"{person.given.latin} {person.surname.latin}" if person.surname else person.given.latin
        assert fields["name"] == expected
        assert fields["sex"] == {"F": "female", "M": "male"}[person.sex]
        assert fields["village"] == person.home.village.latin
        assert fields["district"] == person.home.district.latin
        assert int(str(fields["age"])) == person.age_on(date.fromisoformat(str(fields["found"])))
        assert "father_name" in fields
        assert "mother_name" in fields
        assert ("guardian_name" in fields) == (person.guardian is not None)
        assert len(fields["belongings"]) == len(person.belongings)
        assert fields.get("phone") == ([person.phone] if person.phone else None)


def test_small_errors_of_dates_languages_and_numbers(people: list[SyntheticPerson]) -> None:
    life = replace(
        CORRUPTION, lost_date_off=1.0, only_hindi=1.0, languages_known=1.0, phone_slip=1.0, phone_remembered=1.0
    )
    world = SyntheticWorld(5, corruption=life)
    for person in people[:200]:
        report, rescue = world.report(person, "m").fields, world.rescue(person, "r").fields
        assert report["last_seen"] == (person.lost - timedelta(days=365)).isoformat()
        assert rescue["languages"] == ["hi"]
        if person.phone is not None:
            assert sorted(rescue["phone"][0]) == sorted(person.phone)
            assert sum(a != b for a, b in zip(rescue["phone"][0], person.phone, strict=True)) in (0, 2)


def test_full_corruption_hides_as_stated(people: list[SyntheticPerson]) -> None:
    hidden = replace(
        CORRUPTION, imposed_name=1.0, father_known=0.0, mother_known=0.0, place=(0.0, 0.0, 0.0, 1.0), wrong_sex=1.0,
        height_known=1.0, photo_rescued=0.0,
    )  # fmt: skip
    world = SyntheticWorld(4, corruption=hidden)
    for person in people[:200]:
        record = world.rescue(person, "r")
        assert "name" not in record.fields
        assert "imposed_name" in record.fields
        assert not {"father_name", "mother_name", "village", "district", "state", "country"} & set(record.fields)
        assert record.fields["sex"] == {"F": "male", "M": "female"}[person.sex]
        assert float(str(record.fields["height_cm"])) >= person.height_at_loss - 12
        assert record.faces == ()


def test_a_hard_case_is_unlucky_three_times_over(people: list[SyntheticPerson]) -> None:
    world = SyntheticWorld(6, corruption=HARD_CORRUPTION)
    for person in people[:500]:
        report, rescue = world.report(person, "m"), world.rescue(person, "r")
        written = str(rescue.fields.get("name", ""))
        assert written != report.fields["name"] or (len(written.split()) == 1 and person.surname is None)
        if person.surname is not None and "name" in rescue.fields:
            assert person.surname.latin not in written
        assert rescue.fields["age_basis"] == "guess"
        found = date.fromisoformat(str(rescue.fields["found"]))
        truth = person.age_on(found)
        assert 2 <= abs(int(str(rescue.fields["age"])) - truth) <= 4 or truth < 6


def test_another_script_than_the_report_in_most_hard_cases(people: list[SyntheticPerson]) -> None:
    world, usual = SyntheticWorld(6, corruption=HARD_CORRUPTION), SyntheticWorld(6)
    crossed = [
        [w.report(person, "m").script != w.rescue(person, "r").script for person in people[:1000]]
        for w in (world, usual)
    ]
    assert np.mean(crossed[0]) > 0.85
    assert 0.5 < np.mean(crossed[1]) < 0.8


def test_a_clerks_script_is_what_the_record_says(sample: LinkedSample, people: list[SyntheticPerson]) -> None:
    world = SyntheticWorld(8, corruption=replace(CORRUPTION, imposed_name=0.0, nickname_only=0.0, no_name=0.0))
    for script in ("Deva", "Beng", "Latn"):
        records = [world.rescue(person, "r", script) for person in people[:80]]
        assert {main_script(str(record.fields["name"])) for record in records} == {script}
        assert {record.script for record in records} == {script}
    for record in sample.reports[:1000]:
        assert main_script(str(record.fields["name"])) == record.script
        assert record.script in ("Latn", NATIVE_SCRIPTS[record.region])
    assert {record.script for record in sample.rescues} == {"Latn", "Deva", "Beng"}


def test_a_linked_sample_tells_the_truth() -> None:
    sample = linked_sample(9, 50, 40, share=0.5)
    assert (len(sample.reports), len(sample.rescues), len(sample.truth)) == (50, 40, 20)
    reports = {record.record_id: record for record in sample.reports}
    rescues = {record.record_id: record for record in sample.rescues}
    assert len(reports) == 50
    assert len(rescues) == 40
    for rescue_id, report_id in sample.truth.items():
        assert rescues[rescue_id].person_id == reports[report_id].person_id
    strangers = {record.person_id for key, record in rescues.items() if key not in sample.truth}
    assert not strangers & {record.person_id for record in sample.reports}


def test_four_in_ten_rescued_have_no_report_in_the_usual_life(sample: LinkedSample) -> None:
    assert len(sample.truth) / len(sample.rescues) == pytest.approx(1 - CORRUPTION.without_report, abs=0.001)
    other = linked_sample(12, 200, 100, corruption=OTHER_CORRUPTION)
    assert len(other.truth) / len(other.rescues) == pytest.approx(1 - OTHER_CORRUPTION.without_report, abs=0.01)


def test_guesses_heap_on_even_ages_and_end_at_four_years(sample: LinkedSample) -> None:
    born = {record.person_id: record for record in sample.reports}
    guesses = [record for record in sample.rescues if record.fields["age_basis"] == "guess"]
    even = sum(int(str(record.fields["age"])) % 2 == 0 for record in guesses) / len(guesses)
    # Half are even by chance, and of the odd ones so many are moved.
    assert even == pytest.approx(0.5 + CORRUPTION.even_age / 2, abs=0.04)
    documents = sum(record.fields["age_basis"] == "document" for record in sample.rescues)
    assert documents / len(sample.rescues) == pytest.approx(CORRUPTION.age_document, abs=0.015)
    for record in guesses:
        report = born.get(record.person_id)
        if report is not None and "birth_date" in report.fields:
            truth = year_of(record, "found").year - year_of(report, "birth_date").year
            assert abs(int(str(record.fields["age"])) - truth) <= CORRUPTION.age_error_most + 1


def test_years_away_are_many_for_some_and_few_for_most(sample: LinkedSample) -> None:
    lost = {record.record_id: year_of(record, "last_seen") for record in sample.reports}
    away = np.array(
        [
            (year_of(record, "found") - lost[sample.truth[record.record_id]]).days / 365.25
            for record in sample.rescues
            if record.record_id in sample.truth
        ]
    )
    assert away.min() > 0
    assert away.max() <= 11.01  # a year more where the report's date is a year too early
    assert 0.2 < (away < 0.09).mean() < 0.35
    # Two to ten years are as frequent as stated among those lost so long ago that they can be.
    assert 0.17 < (away >= 2).mean() <= 0.31


def test_clothes_are_the_same_within_days_and_others_later(people: list[SyntheticPerson]) -> None:
    life = replace(CORRUPTION, clothing_known=1.0, same_clothes=1.0, latin_clerk=1.0)
    soon = SyntheticWorld(1, corruption=replace(life, years_away=((1.0, 0.01, 0.05),)))
    later = SyntheticWorld(1, corruption=replace(life, years_away=((1.0, 1.0, 2.0),)))
    old = [person for person in people if (TODAY - person.lost).days > 800][:200]
    alike = []
    for world in (soon, later):
        same = 0
        for person in old:
            written = world.rescue(person, "r", "Latn").fields["clothing"]
            same += len(written) == len(person.clothes) and any(
                thing.name.split()[0] in str(written) or thing.colour in str(written) for thing in person.clothes
            )
        alike.append(same / len(old))
    assert alike[0] > 0.85
    assert alike[1] < 0.6


def test_siblings_and_twins_are_marked_in_the_truth(people: list[SyntheticPerson]) -> None:
    ties = Counter(person.tie for person in people)
    assert set(ties) == set(Tie)
    by_id = {person.person_id: person for person in people}
    assert all(person.tied_to in by_id for person in people if person.tie is not Tie.NONE)


def test_basis_of_age_is_read(sample: LinkedSample) -> None:
    bases = Counter(record.to_person(TODAY).birth_basis for record in sample.rescues[:500])
    assert bases[AgeBasis.GUESS] > bases[AgeBasis.STATED] > bases[AgeBasis.DOCUMENT] > 0
