"""The numbers of texts, letter by letter in plain Python; equal for equal texts alone."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matcher.names.text_keys import letter_keys, text_keys

TEXTS = st.lists(st.text(st.characters(), max_size=12), max_size=8)
WORD = (1 << 64) - 1


def mixed(place: int, letter: int) -> int:
    """Return the number of a letter at a place, counted from 0."""
    value = ((place + 1) << 21 | letter) * 0x9E3779B97F4A7C15 & WORD
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & WORD
    value = (value ^ value >> 27) * 0x94D049BB133111EB & WORD
    return value ^ value >> 31


def key_by_hand(text: str) -> int:
    return (sum(mixed(place, ord(letter)) for place, letter in enumerate(text)) & WORD) >> 2 | 1


@given(TEXTS)
def test_the_numbers_are_those_worked_out_one_by_one(texts: list[str]) -> None:
    assert text_keys(texts).tolist() == list(map(key_by_hand, texts))


@given(TEXTS, TEXTS)
def test_a_text_has_one_number_wherever_it_stands(some: list[str], others: list[str]) -> None:
    assert text_keys([*others, *some]).tolist() == [*text_keys(others).tolist(), *text_keys(some).tolist()]


@given(TEXTS)
def test_only_equal_texts_share_a_number(texts: list[str]) -> None:
    assert len(set(text_keys(texts).tolist())) == len(set(texts))


def test_texts_that_are_nearly_the_same_are_told_apart() -> None:
    """Zeros, surrogates, a letter moved or doubled, and enough texts for more than one chunk."""
    near = ["", "\0", "\0\0", "ab", "ba", "aab", "abb", "a b", "ab ", " ab", "\ud800", "\udfff", "\U0010ffff"]
    near += [sha256(str(number).encode()).hexdigest()[:12] for number in range(5000)]
    keys = text_keys(near)
    assert len(set(keys.tolist())) == len(near)
    assert keys.min() > 0
    assert keys.max() < 2**62
    assert keys.tolist() == list(map(key_by_hand, near))


def test_of_letters_that_lie_in_an_array() -> None:
    letters = np.frombuffer("SitaGita".encode("utf-32-le"), dtype=np.uint32)
    assert letter_keys(letters, np.array([4, 0, 4])).tolist() == text_keys(["Sita", "", "Gita"]).tolist()


def test_the_numbers_never_change_for_they_lie_in_files() -> None:
    assert text_keys(["Sunita Mondal", "সুনীতা"]).tolist() == [KEPT_LATIN, KEPT_BENGALI]


KEPT_LATIN, KEPT_BENGALI = 4132664045623076629, 1447932540413620493
