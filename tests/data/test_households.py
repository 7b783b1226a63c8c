"""Who is lost with whom: possible people, brothers and sisters alike, twins of one day, neighbours of one village."""

from __future__ import annotations

import random
from datetime import date

import numpy as np
import pytest

from data.bodies import height
from data.corruption import HOUSEHOLDS
from data.households import People, SyntheticPerson, Tie

TODAY = date(2026, 11, 1)


@pytest.fixture(scope="module")
def people() -> list[SyntheticPerson]:
    return list(People(random.Random(21), TODAY).people(12_000))


@pytest.fixture(scope="module")
def pairs(people: list[SyntheticPerson]) -> dict[Tie, list[tuple[SyntheticPerson, SyntheticPerson]]]:
    by_id = {person.person_id: person for person in people}
    found: dict[Tie, list[tuple[SyntheticPerson, SyntheticPerson]]] = {tie: [] for tie in Tie}
    for person in people:
        if person.tie is not Tie.NONE:
            found[person.tie].append((by_id[person.tied_to], person))
    return found


def test_people_are_possible(people: list[SyntheticPerson]) -> None:
    for person in people:
        years = (person.lost - person.born).days / 365.25
        assert 2.9 < years < 24.1
        assert person.born < person.photographed <= person.lost < TODAY
        assert 70 < person.height_at_loss < 200
        assert person.sex in "FM"
        assert person.clothes
        assert person.belongings
        assert person.phone is None or (len(person.phone) == 10 and person.phone.isdigit())
        assert person.age_on(person.born) == 0


def test_households_come_as_often_as_the_table_says(
    people: list[SyntheticPerson], pairs: dict[Tie, list[tuple[SyntheticPerson, SyntheticPerson]]]
) -> None:
    first = sum(person.tie is Tie.NONE for person in people)
    assert len(pairs[Tie.SIBLING]) / first == pytest.approx(HOUSEHOLDS.siblings, abs=0.01)
    assert len(pairs[Tie.TWIN]) / first == pytest.approx(HOUSEHOLDS.twins, abs=0.004)
    villages = len({elder.person_id for elder, _ in pairs[Tie.NEIGHBOUR]})
    assert villages / first == pytest.approx(HOUSEHOLDS.neighbours, abs=0.007)
    assert sum(person.sex == "F" for person in people) / len(people) == pytest.approx(HOUSEHOLDS.girls, abs=0.02)


def test_brothers_and_sisters_share_parents_and_home(
    pairs: dict[Tie, list[tuple[SyntheticPerson, SyntheticPerson]]],
) -> None:
    for tie in (Tie.SIBLING, Tie.TWIN):
        for elder, other in pairs[tie]:
            assert (elder.father, elder.mother, elder.home) == (other.father, other.mother, other.home)
            assert (elder.region, elder.community) == (other.region, other.community)
            assert other.face.kin == elder.face.own
            if elder.sex == other.sex:
                assert elder.surname == other.surname
    same_day = [elder.lost == other.lost for elder, other in pairs[Tie.SIBLING]]
    assert np.mean(same_day) == pytest.approx(HOUSEHOLDS.same_day, abs=0.08)
    assert np.mean([elder.given.latin == other.given.latin for elder, other in pairs[Tie.SIBLING]]) < 0.02


def test_twins_are_of_one_day_and_alike(pairs: dict[Tie, list[tuple[SyntheticPerson, SyntheticPerson]]]) -> None:
    twins = pairs[Tie.TWIN]
    for elder, other in twins:
        assert (elder.born, elder.lost) == (other.born, other.lost)
        if elder.sex == other.sex:
            assert abs(elder.height_at_loss - other.height_at_loss) <= 6
    assert not any(elder.given.latin == other.given.latin for elder, other in twins)
    paired = {
        ("Ganga", "Jamuna"),
        ("Ram", "Lakshman"),
        ("Hasan", "Hossain"),
        ("Rita", "Mita"),
        ("Aye Aye", "Shwe Shwe"),
    }
    assert paired & {(elder.given.latin, other.given.latin) for elder, other in twins}


def test_neighbours_share_only_village_and_day(
    pairs: dict[Tie, list[tuple[SyntheticPerson, SyntheticPerson]]],
) -> None:
    for first, other in pairs[Tie.NEIGHBOUR]:
        assert (first.home, first.lost) == (other.home, other.lost)
        assert first.face.own != other.face.own
        assert other.face.kin is None
    assert np.mean([first.father == other.father for first, other in pairs[Tie.NEIGHBOUR]]) < 0.01


def test_statures_run_in_families(pairs: dict[Tie, list[tuple[SyntheticPerson, SyntheticPerson]]]) -> None:
    siblings = np.array([(elder.stature, other.stature) for elder, other in pairs[Tie.SIBLING]])
    assert 0.3 < np.corrcoef(siblings.T)[0, 1] < 0.65
    assert siblings.std() == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("sex", ["F", "M"])
def test_a_child_grows_until_grown(sex: str) -> None:
    ages = np.linspace(2, 30, 200)
    grown = np.array([height(sex, age, 0.7) for age in ages])
    assert (np.diff(grown) >= 0).all()
    assert height(sex, 18, 0) == height(sex, 25, 0)
    # No more in a year than a growth spurt gives.
    assert max(height(sex, age + 1, 0) - height(sex, age, 0) for age in ages) <= 7.5
    assert height(sex, 10, 1) > height(sex, 10, 0) > height(sex, 10, -1)
