"""Own names, aliases and relatives: the best pair counts once, and what agrees by habit says nothing."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from made_people import known_names, label, person

from data.synthetic import linked_sample
from indexing.match_index import context_of
from matcher.columns import RecordColumns
from matcher.compare.names import COMPARISONS, FATHER, LABELS, MOTHER, NAME, RELATIVE, name_levels
from matcher.person import NameKind, PersonName, Place, Side


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        ("Sunita Mondal", "Sunita Mondal", "same name"),
        ("Sunita Mondal", "Mondal Sunita", "same name"),
        ("Sunita Mondal", "সুনীতা মণ্ডল", "same name"),
        ("Rafiqul Islam", "Rofiqul Islam", "one name in two spellings"),
        ("Sunita Mondal", "Sunita", "same name, a part left out"),
        ("Sunita Mondal", "Sunita Sarkar", "one part agrees, one contradicts"),
        ("Sita Tamang", "Pemba Sherpa", "different names"),
        ("Sita", "Gita", "different names"),
    ],
)
def test_levels(left: str, right: str, found: str) -> None:
    assert label(NAME, person(names=left), person(names=right)) == found


def test_a_nickname_on_both_sides_is_as_good_as_a_name() -> None:
    left = person(names=(PersonName("Sunita Mondal"), PersonName("Puja", NameKind.NICKNAME)))
    right = person(names=(PersonName("Rani", NameKind.IMPOSED), PersonName("Puja", NameKind.ALIAS)))
    assert label(NAME, left, right) == "same name"


def test_names_that_agree_only_in_common_words_are_different() -> None:
    assert label(NAME, person(names="Rahima Begum"), person(names="Salma Begum")) == "different names"


@pytest.mark.parametrize("nothing", ["😀", "—", "\ud800"])
def test_a_name_without_letters_is_unknown(nothing: str) -> None:
    assert label(NAME, person(names=nothing), person(names="Puja")) == "unknown"
    assert label(NAME, person(), person(names="Puja")) == "unknown"


def test_parents_are_compared_with_parents_of_the_same_kind() -> None:
    left, right = person(father="Gopal Mondal"), person(mother="Gopal Mondal")
    assert label(FATHER, left, right) == "unknown"
    assert label(MOTHER, left, right) == "unknown"
    assert label(FATHER, left, person(father="Gopaal Mandal")) in LABELS[:2]


def test_a_relative_of_unknown_relation_meets_every_relative() -> None:
    guardian = person(relatives="Gopal Mondal")
    for other in (person(father="Gopal Mondal"), person(mother="Gopal Mondal"), person(relatives="Gopal Mondal")):
        assert label(RELATIVE, guardian, other) == "same name"
    assert label(RELATIVE, person(father="Gopal Mondal"), person(father="Gopal Mondal")) == "unknown"


def rarity(left: Place, right: Place, left_side: Side, right_side: Side) -> tuple[float, float]:
    columns = RecordColumns.build(
        [
            person(side=left_side, names="Sunita Mondal", origin=left),
            person(side=right_side, names="Sunita Mondal", origin=right),
        ]
    )
    result = NAME.assign(columns, np.array([0, 1]), np.array([1, 0]), known_names())
    return float(result.rarity[0]), float(result.rarity[1])


def test_a_name_is_as_rare_as_it_is_where_the_report_comes_from() -> None:
    bengal, nepal = Place("IN", "West Bengal"), Place("NP")
    common, also_common = rarity(bengal, nepal, Side.MISSING, Side.RESCUED)
    rare, also_rare = rarity(nepal, bengal, Side.MISSING, Side.RESCUED)
    assert common == pytest.approx(also_common)
    assert rare == pytest.approx(also_rare)
    assert rare > common + 1


def test_two_reports_of_different_regions_are_compared_everywhere() -> None:
    there, back = rarity(Place("IN", "West Bengal"), Place("NP"), Side.MISSING, Side.MISSING)
    everywhere, _ = rarity(Place(), Place(), Side.MISSING, Side.MISSING)
    assert there == pytest.approx(back) == pytest.approx(everywhere)


def test_labels_are_shared() -> None:
    assert {NAME.labels, FATHER.labels, MOTHER.labels, RELATIVE.labels} == {LABELS}


def test_of_two_relatives_that_agree_the_rarer_counts_either_way_round() -> None:
    left = person(relatives="Gopal Mondal", father="Zorinpuii Hmar", origin=Place("IN", "West Bengal"))
    right = person(relatives="Zorinpuii Hmar", father="Gopal Mondal", origin=Place("IN", "West Bengal"))
    columns = RecordColumns.build([left, right])
    result = RELATIVE.assign(columns, np.array([0, 1]), np.array([1, 0]), known_names())
    common = RELATIVE.assign(
        RecordColumns.build([left, person(relatives="Gopal Mondal", origin=left.origin)]),
        np.array([0]),
        np.array([1]),
        known_names(),
    )
    assert result.levels.tolist() == [0, 0]
    assert result.rarity[0] == result.rarity[1] > common.rarity[0]


def test_asked_together_they_say_what_each_says_by_itself_and_of_each_pair_alone() -> None:
    sample, today = linked_sample(80_061, 120, 40), date(2026, 11, 1)
    columns = RecordColumns.build(record.to_person(today) for record in (*sample.reports, *sample.rescues))
    context = context_of(columns, 120)
    i, j = (rows.ravel() for rows in np.meshgrid(np.arange(120), np.arange(110, 160)))
    together = name_levels(columns, i, j, context, [comparison.name for comparison in COMPARISONS])
    assert list(together) == [comparison.name for comparison in COMPARISONS]
    some = np.random.default_rng(2).integers(0, len(i), 40)
    for comparison in COMPARISONS:
        found, alone = together[comparison.name], comparison.assign(columns, i, j, context)
        assert len(np.unique(found.levels)) > 3
        np.testing.assert_array_equal(found.levels, alone.levels)
        np.testing.assert_array_equal(found.rarity, alone.rarity)
        for row in some.tolist():
            one = comparison.assign(columns, i[[row]], j[[row]], context)
            assert (one.levels[0], one.rarity[0]) == (found.levels[row], found.rarity[row])
