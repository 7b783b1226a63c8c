"""Synthetic people: equal for equal seeds, of the region they claim, readable as records, and garbled as stated."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from data.synthetic import (
    CORRUPTION,
    DESTINATIONS,
    REGIONS,
    Corruption,
    SyntheticPerson,
    SyntheticWorld,
    _Choice,
    _rough_latin,
    linked_sample,
)
from matcher.names.script import main_script
from matcher.person import AgeBasis, Place, Side
from matcher.places import Gazetteer

TODAY = date(2026, 11, 1)


@pytest.fixture(scope="module")
def world() -> SyntheticWorld:
    return SyntheticWorld(11)


@pytest.fixture(scope="module")
def people(world: SyntheticWorld) -> list[SyntheticPerson]:
    return list(world.people(1000))


def test_equal_seeds_give_equal_people_and_records() -> None:
    one, same, other = (linked_sample(seed, 60, 30) for seed in (5, 5, 6))
    assert one == same
    assert one != other


def test_exactly_as_many_as_asked_for(people: list[SyntheticPerson]) -> None:
    assert len(people) == 1000
    assert len({person.person_id for person in people}) == 1000
    assert list(SyntheticWorld(1).people(0)) == []


def test_a_thousand_people_resolve_to_their_region(people: list[SyntheticPerson]) -> None:
    gazetteer = Gazetteer.load()
    for person in people:
        home = person.home
        place = Place(home.country, home.state.latin, home.district.latin, home.village.latin)
        assert gazetteer.resolve(place).path == home.path
        assert home.path.startswith(REGIONS[person.region][0] + "/")


def test_a_thousand_reports_resolve_to_their_region(world: SyntheticWorld, people: list[SyntheticPerson]) -> None:
    gazetteer = Gazetteer.load()
    lost = []
    for person in people:
        report = world.report(person, "m").to_person(TODAY)
        if not (gazetteer.resolve(report.origin).path + "/").startswith(REGIONS[person.region][0] + "/"):
            lost.append(report.origin)
    assert len(lost) <= 5, lost[:5]


def test_regions_come_in_their_shares(people: list[SyntheticPerson]) -> None:
    counts = Counter(person.region for person in people)
    for code, (_, share, _) in REGIONS.items():
        assert counts[code] / 1000 == pytest.approx(share, abs=0.05)
    assert sum(share for _, share, _ in REGIONS.values()) == pytest.approx(1.0)
    assert sum(row[4] for row in DESTINATIONS) == pytest.approx(1.0)


def test_people_are_possible(people: list[SyntheticPerson]) -> None:
    for person in people:
        years = (person.lost - person.born).days / 365.25
        assert 2.9 < years < 24.1
        assert person.lost < TODAY
        assert 70 < person.height_at_loss < 200
        assert person.sex in "FM"
        assert person.phone is None or (len(person.phone) == 10 and person.phone.isdigit())


def test_some_households_have_lost_two(people: list[SyntheticPerson]) -> None:
    pairs = [(a, b) for a, b in itertools.pairwise(people) if a.father == b.father and a.home == b.home]
    assert 20 < len(pairs) < 120
    for first, second in pairs:
        assert first.mother == second.mother
        assert first.lost == second.lost
        assert first.person_id != second.person_id


def test_records_are_read_without_problems(world: SyntheticWorld, people: list[SyntheticPerson]) -> None:
    for person in people[:300]:
        report, rescue = (
            made.to_person(TODAY) for made in (world.report(person, f"m{person.person_id}"), world.rescue(person, "r"))
        )
        assert (report.side, rescue.side) == (Side.MISSING, Side.RESCUED)
        assert report.record_id == f"m{person.person_id}"
        assert report.names
        assert report.birth is not None
        assert report.birth.earliest.year - 2 <= person.born.year <= report.birth.latest.year + 2
        assert rescue.names
        assert rescue.birth_basis is AgeBasis.GUESS
        assert rescue.event is not None
        assert report.event is not None
        assert report.event.latest == person.lost < rescue.event.earliest


def test_without_corruption_the_rescue_says_what_is_true(people: list[SyntheticPerson]) -> None:
    clean = Corruption(
        latin_clerk=1.0, nickname_only=0.0, also_nickname=0.0, imposed_name=0.0, no_surname=0.0, other_spelling=0.0,
        slip=0.0, father_known=1.0, mother_known=1.0, parent_first_name_only=0.0, age_error_years=0.0, even_age=0.0,
        place=(1.0, 0.0, 0.0, 0.0), height_known=0.0, phone_remembered=1.0, wrong_sex=0.0,
    )  # fmt: skip
    world = SyntheticWorld(3, corruption=clean)
    for person in people[:200]:
        fields = world.rescue(person, "r").fields
        expected = f"{person.given.latin} {person.surname.latin}" if person.surname else person.given.latin
        assert fields["name"] == expected
        assert fields["sex"] == {"F": "female", "M": "male"}[person.sex]
        assert fields["village"] == person.home.village.latin
        assert "father_name" in fields
        assert "mother_name" in fields
        assert ("phone" in fields) == (person.phone is not None)


def test_full_corruption_hides_as_stated(people: list[SyntheticPerson]) -> None:
    hidden = replace(
        CORRUPTION, imposed_name=1.0, father_known=0.0, mother_known=0.0, place=(0.0, 0.0, 0.0, 1.0), wrong_sex=1.0,
        height_known=1.0,
    )  # fmt: skip
    world = SyntheticWorld(4, corruption=hidden)
    for person in people[:200]:
        fields = world.rescue(person, "r").fields
        assert "name" not in fields
        assert "imposed_name" in fields
        assert not {"father_name", "mother_name", "village", "district", "state", "country"} & set(fields)
        assert fields["sex"] == {"F": "male", "M": "female"}[person.sex]
        assert float(str(fields["height_cm"])) >= person.height_at_loss - 12


def test_a_child_grows_until_grown(world: SyntheticWorld, people: list[SyntheticPerson]) -> None:
    for person in people[:100]:
        later = date(person.lost.year + 5, person.lost.month, 1)
        assert 0 <= world._growth(person, later) <= 5.6 * 5.1
        assert world._growth(person, person.lost) == 0


def test_a_clerks_script_can_be_asked_for(people: list[SyntheticPerson]) -> None:
    world = SyntheticWorld(8, corruption=replace(CORRUPTION, imposed_name=0.0, nickname_only=0.0))
    for script in ("Deva", "Beng", "Latn"):
        written = [str(world.rescue(person, "r", script).fields["name"]) for person in people[:80]]
        assert {main_script(text) for text in written} == {script}


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


def test_details() -> None:
    assert _Choice().draw(SyntheticWorld(1).rng) is None
    assert _rough_latin("পুতুল", "Putul") == "Putul"
    assert _rough_latin("—", "Puja") == "Puja"
