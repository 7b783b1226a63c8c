"""What holds of normalising for every text?"""

from __future__ import annotations

import unicodedata
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from name_cases import region_names, region_words

from matcher.names.script import MAX_NAME_CHARS, main_script, normalise, split_by_script

INVISIBLE = ["\u200b", "\u200c", "\u200d", "\u200e", "\u202e", "\u2066", "\ufeff", "\u00ad", "\x00", "\ud800", "\ufe0f"]


@given(region_names)
def test_normalising_twice_changes_nothing(name: str) -> None:
    once = normalise(name)
    assert normalise(once) == once


@given(st.text(max_size=80))
def test_only_letters_marks_and_single_spaces_are_left(text: str) -> None:
    cleaned = normalise(text)
    assert len(cleaned) <= MAX_NAME_CHARS
    assert all(char in " \u0f0b\u0f0c" or unicodedata.category(char)[0] in "LM" for char in cleaned)
    assert cleaned == " ".join(cleaned.split())


@given(region_words, region_words)
def test_words_that_differ_stay_different(left: str, right: str) -> None:
    same = unicodedata.normalize("NFC", left) == unicodedata.normalize("NFC", right)
    assert (normalise(left) == normalise(right)) == same


@given(region_names, st.sampled_from(INVISIBLE), st.integers(0, 60))
def test_what_nobody_sees_changes_nothing(name: str, char: str, position: int) -> None:
    assert normalise(name[:position] + char + name[position:]).replace(" ", "") == normalise(name).replace(" ", "")


@given(region_names)
def test_case_does_not_count(name: str) -> None:
    assert normalise(name.upper()) == normalise(name)


@given(st.text(max_size=40))
@settings(deadline=None)
def test_the_parts_of_a_word_make_the_word(word: str) -> None:
    parts = split_by_script(word)
    assert "".join(part for part, _ in parts) == word
    assert all(first[1] != second[1] for first, second in pairwise(parts))


@given(st.text(max_size=30), st.randoms())
def test_main_script_is_free_of_order(text: str, random: object) -> None:
    letters = list(text)
    random.shuffle(letters)  # type: ignore[attr-defined]
    assert main_script("".join(letters)) == main_script(text)
