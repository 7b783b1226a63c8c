"""A surname that three names of a family share is one piece of evidence, wherever one side leaves it out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_people import known_names, label, level, person

from matcher.columns import RecordColumns
from matcher.compare.names import DIFFERENT, FATHER, MOTHER, NAME, RELATIVE, SAME
from matcher.family_words import bare_names
from matcher.person import PersonName, PersonRecord, Side


def bare(**names: str) -> tuple[object, object]:
    (father,), (mother,), _ = bare_names([person(**names)])
    return (father[0] if father else None), (mother[0] if mother else None)


@pytest.mark.parametrize(
    ("own", "father", "mother", "expected"),
    [
        ("Sunita Mondal", "Gopal Mondal", "Rekha Mondal", ("Gopal", "Rekha")),
        ("Sunita Mondal", "Gopal Mandal", "Rekha Mondol", ("Gopal", "Rekha")),
        ("সুনীতা মণ্ডল", "গোপাল মণ্ডল", "রেখা মণ্ডল", ("গোপাল", "রেখা")),
        ("Sunita", "Gopal Mondal", "Rekha Mondal", (None, "Rekha")),  # the mother's is the father's
        ("Sunita Das", "Gopal Mondal", "Rekha Roy", (None, None)),
        ("Sunita Mondal", "Mondal", "", ("", None)),
        ("Sita Gurung", "Gita Tamang", "", (None, None)),
        ("😀 -", "😀 -", "😀 -", (None, None)),
    ],
)
def test_what_is_left_of_the_parents(own: str, father: str, mother: str, expected: tuple[object, object]) -> None:
    names = {key: text for key, text in (("names", own), ("father", father), ("mother", mother)) if text}
    assert bare(**names) == expected


def test_records_without_names_have_nothing_to_share() -> None:
    assert bare_names([]) == ([], [], [])
    assert bare_names([person(), person(father="Gopal Mondal")]) == ([(), ()], [(), ()], [(), ()])


def test_of_a_relative_of_unknown_relation_too_the_surname_counts_once() -> None:
    _, _, (bare,) = bare_names([person(names="Sunita Mondal", relatives="Gopal Mondal")])
    assert bare == ("Gopal",)
    left = person(names="Sunita Mondal", relatives="Gopal Mondal")
    right = person(side=Side.RESCUED, names="Sunita Mondal", father="Tarun Mondal")
    assert label(RELATIVE, left, right) == "different names"
    assert label(RELATIVE, left, replace(right, father=(PersonName("Gopal Mandal"),))) == "same name"


def family(own: str, father: str, mother: str, side: Side = Side.MISSING) -> PersonRecord:
    return person(side=side, names=own, father=father, mother=mother)


def test_a_father_of_the_childs_surname_and_another_name_is_another_father() -> None:
    left = family("Sunita Mondal", "Gopal Mondal", "Rekha Mondal")
    right = family("Sunita Mondal", "Tarun Mondal", "Malati Mondal", Side.RESCUED)
    assert label(FATHER, left, right) == label(MOTHER, left, right) == "different names"


def test_the_surname_counts_with_the_father_where_the_child_gives_none() -> None:
    left = family("Sunita Mondal", "Gopal Mondal", "Rekha")
    right = family("Sunita", "Gopal Mondal", "Rekha", Side.RESCUED)
    assert level(FATHER, left, right) == SAME
    other = family("Sunita", "Tarun Mondal", "Rekha", Side.RESCUED)
    assert label(FATHER, left, other) == "one part agrees, one contradicts"


def test_a_father_who_is_only_the_surname_says_nothing_more() -> None:
    left = family("Sunita Mondal", "Mondal", "Rekha")
    assert label(FATHER, left, family("Sunita Mondal", "Gopal Mondal", "Rekha", Side.RESCUED)) == "unknown"
    assert known_names().own_names.names


def test_names_that_differ_are_not_spoken_for_by_what_little_they_share() -> None:
    columns = RecordColumns.build([person(names="Fatema Begum"), person(side=Side.RESCUED, names="Amina Begum")])
    found = NAME.assign(columns, np.array([0]), np.array([1]), known_names())
    assert found.levels[0] == DIFFERENT
    assert found.rarity[0] == 0
