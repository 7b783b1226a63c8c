"""A surname that three names of a family share is one piece of evidence, wherever one side leaves it out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import Bare, bare_by_hand, known_names, label, level, person

from matcher.columns import RecordColumns
from matcher.compare.names import DIFFERENT, FATHER, MOTHER, NAME, RELATIVE, SAME
from matcher.family_words import _KnownWords
from matcher.person import PersonName, PersonRecord, Side

WORDS = ("Sunita", "Gopal", "Mondal", "Mandal", "মণ্ডল", "Md", "M.", "Khin-Khin", "ခင်ခင်", "Mondol", "😀", "-", "Das")


@st.composite
def families(draw: st.DrawFn) -> PersonRecord:
    """Draw a record of names made of few words, so that names share them."""
    text = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
    names = st.lists(text.map(PersonName), max_size=4).map(tuple)
    return person(names=draw(names), father=draw(names), mother=draw(names), relatives=draw(names))


def bare(**names: str) -> tuple[object, object]:
    (father,), (mother,), _ = bare_in(RecordColumns.build([person(**names)]))
    return father[0], mother[0]


def bare_in(columns: RecordColumns) -> list[list[Bare]]:
    """Return what the columns hold of each record's fathers, mothers, other relatives; None where nothing is shared."""
    texts = (*columns.names.names, None)
    tables = (columns.bare_father, columns.bare_mother, columns.bare_relatives)
    return [[tuple(map(texts.__getitem__, row)) for row in table.tolist()] for table in tables]


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


def test_words_are_found_in_names_that_are_read_whole() -> None:
    long = " ".join(["Gopal", *("Kumar" for _ in range(15)), "Mondal"])
    assert bare(names="Sunita Mondal", father=long) == (long.removesuffix(" Mondal"), None)
    assert bare(names="ခင် မွန်", father="အောင် မွန်") == ("အောင်", None)


def test_what_is_known_of_words_may_be_forgotten_at_any_time() -> None:
    few, many = _KnownWords(limit=3), _KnownWords()
    for words in (["Sunita", "Das"], ["Sunita", "Mondal", "Md"], ["Das", "Dass", "-", "Khin-Khin", "M."]):
        for _ in range(2):
            lettered, sounds, codes = few.looked_up(words)
            expected = many.looked_up(words)
            assert lettered.tolist() == expected[0].tolist()
            assert (sounds < 0).tolist() == (expected[1] < 0).tolist()
            heard = sounds >= 0
            assert codes[sounds[heard]].tolist() == expected[2][expected[1][heard]].tolist()


def test_records_without_names_have_nothing_to_share() -> None:
    assert bare_in(RecordColumns.build([])) == [[], [], []]
    nobody = [(None, None, None)] * 2
    assert bare_in(RecordColumns.build([person(), person(father="Gopal Mondal")])) == [nobody, nobody, nobody]


@settings(max_examples=50, deadline=None)
@given(st.lists(families(), max_size=3))
def test_the_batch_leaves_what_each_record_alone_leaves(records: list[PersonRecord]) -> None:
    found = bare_in(RecordColumns.build(records))
    for record, *left in zip(records, *found, strict=True):
        for names, kept in zip(bare_by_hand(record), left, strict=True):
            assert kept == (*names[:3], *[None] * (3 - len(names)))


def test_more_records_than_are_compared_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    mothers = ("Rekha Mondal", "Gopal", "Malati Das")
    records = [person(names="Sunita Mondal", father="Gopal Mondal", mother=mother) for mother in mothers]
    whole = bare_in(RecordColumns.build(records))
    monkeypatch.setattr("matcher.family_words._BLOCK", 2)
    assert bare_in(RecordColumns.build(records)) == whole
    assert whole[1] == [("Rekha", None, None), ("", None, None), (None, None, None)]


def test_of_a_relative_of_unknown_relation_too_the_surname_counts_once() -> None:
    _, _, (bare,) = bare_in(RecordColumns.build([person(names="Sunita Mondal", relatives="Gopal Mondal")]))
    assert bare == ("Gopal", None, None)
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
