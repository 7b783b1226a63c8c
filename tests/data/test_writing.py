"""A clerk of another script: one block for another, one slip at a time, nothing left in the wrong script."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.writing import (
    is_bengali,
    is_devanagari,
    latin_to_devanagari,
    misspell,
    shift_block,
    to_bengali,
    to_devanagari,
)
from matcher.names.script import script_of

HOSTILE = ("", " ", "😀", "\x00", "\ud800", "\u202e", "12-3", "Ѕunіtа", "z" * 10_000)
bengali = st.text(st.sampled_from("সুনীতমণ্ডলকাবিরহৰৱয়ংঙ "), max_size=20)
latin = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz "), max_size=20)
seeds = st.integers(0, 2**32).map(random.Random)


def scripts(text: str) -> set[str]:
    return {script_of(char) for char in text if char.isalpha()}


def test_blocks() -> None:
    assert is_bengali("সুনীতা")
    assert not is_bengali("सुनीता")
    assert is_devanagari("सुनीता")
    assert not is_devanagari("Sunita")
    assert shift_block("সুনীতা", 0x0980, 0x0900) == "सुनीता"
    assert shift_block("ৰমা", 0x0980, 0x0900) == "रमा"
    assert shift_block("abc ।", 0x0980, 0x0900) == "abc ।"


def test_names_in_their_own_script_stay() -> None:
    rng = random.Random(1)
    assert to_devanagari("सुनीता", "Sunita", rng) == "सुनीता"
    assert to_bengali("সুনীতা", "Sunita", rng) == "সুনীতা"
    assert to_bengali("ৰমা", "Rama", rng) == "রমা"


def test_several_ways_to_write_one_name() -> None:
    written = {to_devanagari("মণ্ডল", "Mondal", random.Random(seed)) for seed in range(40)}
    assert written == {"मण्डल", "मंडल"}
    assert "खासी" in {latin_to_devanagari("khasi", random.Random(seed)) for seed in range(60)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("km", "क्म"), ("kk", "क"), ("a", "अ"), ("", ""), ("—", ""), ("u", "उ")],
)
def test_consonants_join_and_double_letters_do_not(text: str, expected: str) -> None:
    found = {latin_to_devanagari(text, random.Random(seed)) for seed in range(20)}
    assert expected in found


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:10]))
def test_any_text_is_written_somehow(text: str) -> None:
    rng = random.Random(2)
    for written in (to_devanagari(text, text, rng), to_bengali(text, text, rng), misspell(text, rng)):
        assert isinstance(written, str)


def test_nothing_to_misspell() -> None:
    rng = random.Random(3)
    assert misspell("", rng) == ""
    assert misspell("X", rng) == "X"
    assert misspell("গগ", rng) == "গগ"


@given(bengali, seeds)
def test_no_bengali_letter_is_left_in_devanagari(text: str, rng: random.Random) -> None:
    if is_bengali(text):
        assert "Beng" not in scripts(to_devanagari(text, "x", rng))


@given(latin, seeds)
def test_latin_letters_become_devanagari_or_bengali(text: str, rng: random.Random) -> None:
    assert scripts(latin_to_devanagari(text, rng)) <= {"Deva"}
    assert scripts(to_bengali(text, text, rng)) <= {"Beng"}


@given(latin | bengali, st.integers(0, 1000))
def test_one_slip_and_the_same_for_the_same_seed(text: str, seed: int) -> None:
    once = misspell(text, random.Random(seed))
    assert once == misspell(text, random.Random(seed))
    assert abs(len(once) - len(text)) <= 2
    assert once[:1] == text[:1] or not text.isascii()


@given(latin, st.integers(0, 1000))
def test_writing_is_the_same_for_the_same_seed(text: str, seed: int) -> None:
    assert to_bengali(text, text, random.Random(seed)) == to_bengali(text, text, random.Random(seed))
