"""Marks compared: each level by example, across scripts; what the tables do not know by its words; unknown is null."""

from __future__ import annotations

import numpy as np
import pytest
from made_people import known_names, label, person

from matcher.columns import RecordColumns
from matcher.compare.marks import MARKS

SAME, SIDE_NOT_SAID, CLOSE_BY, IN_PART, DIFFER = MARKS.labels


def found(left: str, right: str) -> str:
    return label(MARKS, person(marks=(left,)), person(marks=(right,)))


def test_the_labels_are_those_that_other_languages_translate() -> None:
    assert MARKS.labels == (
        "same mark in the same place",
        "same kind of mark in the same place, side not said",
        "same kind of mark, other side or a place close by",
        "marks alike in part",
        "marks differ",
    )
    assert MARKS.question == "Do distinguishing marks agree?"


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("mole on left cheek", "mole on left cheek", SAME),
        ("mole on lt. cheek", "बाएं गाल पर तिल", SAME),
        ("বাম গালে তিল", "ဘယ်ဘက်ပါးတွင်မှဲ့", SAME),
        ("black mark on left cheek", "mole on left cheek", SAME),  # people call one mark by either
        ("burn scar on left forearm", "cut on left forearm", SAME),
        ("scar on chin", "ठोड़ी पर चोट का निशान", SAME),  # a chin has no side
        ("missing tooth in front", "দাঁত নেই", SAME),
        ("burns on both hands", "burn on left hand", SAME),
        ("mole on left cheek", "mole on cheek", SIDE_NOT_SAID),
        ("mole on cheek", "mole on cheek", SIDE_NOT_SAID),
        ("scar on chin", "scar on right side of chin", SIDE_NOT_SAID),
        ("mole on left cheek", "mole on right cheek", CLOSE_BY),
        ("cut on forehead", "cut on left eyebrow", CLOSE_BY),
        ("scar on right hand", "scar on right wrist", CLOSE_BY),
        ("burn on left foot", "burn mark on ankle", CLOSE_BY),
        ("scar on right hand", "scar on left wrist", IN_PART),
        ("mole on left cheek", "mole", IN_PART),
        ("mole", "mole", IN_PART),
        ("mole on left cheek", "left cheek", IN_PART),
        ("mole on left cheek", "mole on right hand", DIFFER),
        ("mole on left cheek", "tattoo of bird", DIFFER),
        ("mole on left cheek", "scar on left cheek", DIFFER),
        ("tattoo on left wrist", "squint in left eye", DIFFER),
    ],
)
def test_levels(left: str, right: str, level: str) -> None:
    assert found(left, right) == level


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("gait peculiar", "peculiar gait", SAME),
        ("lakshan vishesh", "लक्षण विशेष", SAME),
        ("stammers while speaking", "stammers", IN_PART),
        ("stammers while speaking", "always smiling broadly", DIFFER),
        ("tattoo", "stammers", DIFFER),
        # The words are many, but what the tables know of them contradicts.
        ("mole with long hair growing", "tattoo with long hair growing", DIFFER),
    ],
)
def test_words_decide_what_the_tables_do_not_know(left: str, right: str, level: str) -> None:
    assert found(left, right) == level


def test_the_best_pair_of_marks_counts() -> None:
    many = person(marks=("tattoo on left wrist", "scar on chin, mole on left cheek"))
    assert label(MARKS, many, person(marks=("mole on left cheek",))) == SAME
    assert label(MARKS, many, person(marks=("wart on nose", "scar on chin"))) == SAME


@pytest.mark.parametrize("nothing", [(), ("—",), ("nil",), ("कोई निशान नहीं",), ("N/A", "")])
def test_unknown_and_none_are_null(nothing: tuple[str, ...]) -> None:
    assert label(MARKS, person(marks=nothing), person(marks=("mole on left cheek",))) == "unknown"
    assert label(MARKS, person(marks=nothing), person(marks=nothing)) == "unknown"


def test_no_pairs() -> None:
    columns = RecordColumns.build([person(marks=("mole",))])
    none = np.zeros(0, dtype=np.int64)
    assert len(MARKS.assign(columns, none, none, known_names()).levels) == 0
