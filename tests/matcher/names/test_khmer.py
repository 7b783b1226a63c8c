"""Are Khmer names spelled as passports spell them?"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.names.khmer import romanize_khmer
from matcher.reference import read_table

KHMER = st.text(st.characters(min_codepoint=0x1780, max_codepoint=0x17DD), max_size=14)


@pytest.mark.parametrize(
    ("word", "latin"),
    [
        ("សុខ", "sok"),
        ("ចាន់", "chan"),
        ("វណ្ណា", "vanna"),
        ("សុភា", "sophea"),
        ("ដារា", "dara"),
        ("រតនា", "ratana"),
        ("បុប្ផា", "bopha"),
        ("ស្រីមុំ", "sreymom"),
        ("គឹម", "kim"),
        ("លី", "ly"),
        ("ហ៊ុន", "hun"),
        ("ម៉ៅ", "mao"),
        ("ឈុន", "chhun"),
        ("ពៅ", "pov"),
        ("សុវណ្ណ", "sovann"),
        ("ពិសិដ្ឋ", "piseth"),
        ("វិជ្ជា", "vichea"),
        ("ណារិន", "narin"),
        ("ជ័យ", "chey"),
        ("កែវ", "keo"),
        ("សំណាង", "samnang"),
        ("ឥន្ទ", "in"),
        ("វណ្ណៈ", "vannak"),
        ("វីរៈ", "vireak"),
        ("បញ្ញា", "panha"),
    ],
)
def test_names(word: str, latin: str) -> None:
    assert romanize_khmer(word) == latin


def test_the_series_of_the_consonant_decides_the_vowel() -> None:
    assert romanize_khmer("តា\nទា") == "ta\ntea"
    assert romanize_khmer("ចៅ\nជៅ") == "chao\nchov"


def test_a_shifter_moves_a_consonant_to_the_other_series() -> None:
    assert romanize_khmer("មាស\nម៉ាស") == "meas\nmas"
    assert romanize_khmer("ហាង\nហ៊ាង") == "hang\nheang"
    assert romanize_khmer("ប៉ុន\nប៊ុន") == "pon\nbun"


@pytest.mark.parametrize(("word", "latin"), [("បុរី", "borey"), ("សិរី", "serey"), ("កុមារ", "komar"), ("ចរិយា", "chariya")])
def test_the_first_series_runs_on_through_a_sonorant(word: str, latin: str) -> None:
    assert romanize_khmer(word) == latin


def test_a_closed_syllable_stops_the_series() -> None:
    assert romanize_khmer("សុខមាន") == "sokmean"


@pytest.mark.parametrize(
    ("word", "latin"),
    [("ពេជ្រ", "pich"), ("វង្ស", "vong"), ("រិទ្ធ", "rith"), ("សម្បត្តិ", "sambath"), ("ជាតិ", "cheat"), ("ពោធិ៍", "pou")],
)
def test_the_end_of_an_indic_word_is_silent(word: str, latin: str) -> None:
    assert romanize_khmer(word) == latin


def test_runs_of_bare_letters_are_cut_into_syllables() -> None:
    assert romanize_khmer("សុផល\nពិភពលោក\nសភា\nមិនស្គាល់") == "sophal\npiphoplok\nsaphea\nminskeal"


def test_two_ways_to_type_a_vowel_are_one() -> None:
    assert romanize_khmer("ជេីង") == romanize_khmer("ជើង")


@pytest.mark.parametrize("word", ["", "្", "ា", "់៍៌", "abc123", "្្្", "ៗ"])
def test_what_is_no_syllable_adds_nothing_strange(word: str) -> None:
    assert re.fullmatch("[a-z]*", romanize_khmer(word))


def test_every_element_of_the_table_is_read_from_it() -> None:
    for row in read_table("names/khmer_elements.tsv"):
        assert romanize_khmer(row["form"]) == row["latin"]


@given(st.lists(KHMER, max_size=6))
def test_each_line_is_read_for_itself(words: list[str]) -> None:
    together = romanize_khmer("\n".join(words)).split("\n")
    assert together == ([romanize_khmer(word) for word in words] or [""])
    assert all(re.fullmatch("[a-z]*", latin) for latin in together)


@given(st.text(max_size=20))
def test_any_text_is_survived_with_its_number_of_lines(text: str) -> None:
    assert romanize_khmer(text).count("\n") == text.count("\n")
