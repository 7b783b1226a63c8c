"""The blocks of Unicode are parallel: does one word read alike in all of them, and do many words read as each alone?"""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from matcher.names.brahmic import romanize_brahmic

STARTS = {"Deva": 0x0900, "Guru": 0x0A00, "Gujr": 0x0A80}
BLOCKS = {
    "hi": ("Deva", 0x0900),
    "mr": ("Deva", 0x0900),
    "ne": ("Deva", 0x0900),
    "bn": ("Beng", 0x0980),
    "as": ("Beng", 0x0980),
    "pa": ("Guru", 0x0A00),
    "gu": ("Gujr", 0x0A80),
    "or": ("Orya", 0x0B00),
    "ta": ("Taml", 0x0B80),
    "te": ("Telu", 0x0C00),
    "kn": ("Knda", 0x0C80),
    "ml": ("Mlym", 0x0D00),
}
# Offsets that stand for one sound in all three blocks.
CONSONANTS = [0x15, 0x16, 0x17, 0x1A, 0x1C, 0x24, 0x26, 0x28, 0x2A, 0x2C, 0x2E, 0x30, 0x32, 0x38, 0x39]
SIGNS = [0x3E, 0x3F, 0x40, 0x41, 0x42, 0x47, 0x48, 0x4B, 0x4C]
syllables = st.tuples(st.sampled_from(CONSONANTS), st.one_of(st.none(), st.sampled_from(SIGNS)))
offset_words = st.lists(syllables, min_size=1, max_size=6)
languages = st.sampled_from(sorted(BLOCKS))
any_offsets = st.lists(st.lists(st.integers(0, 0x7F), max_size=10), min_size=1, max_size=6)


def written(word: list[tuple[int, int | None]], script: str) -> str:
    return "".join(chr(STARTS[script] + offset) for syllable in word for offset in syllable if offset is not None)


@given(offset_words)
def test_parallel_blocks_sound_alike(word: list[tuple[int, int | None]]) -> None:
    assert len({romanize_brahmic(written(word, script), script) for script in STARTS}) == 1


@given(offset_words)
def test_a_word_is_lower_case_ascii_and_keeps_its_consonants(word: list[tuple[int, int | None]]) -> None:
    latin = romanize_brahmic(written(word, "Deva"), "Deva")
    assert latin.isascii()
    assert latin.islower()
    assert sum(letter not in "aeiou" for letter in latin) >= len(word)


@given(offset_words, offset_words)
def test_words_of_different_consonants_are_different(
    left: list[tuple[int, int | None]], right: list[tuple[int, int | None]]
) -> None:
    if romanize_brahmic(written(left, "Deva"), "Deva") == romanize_brahmic(written(right, "Deva"), "Deva"):
        assert [consonant for consonant, _ in left] == [consonant for consonant, _ in right]


@given(st.text(max_size=20), languages)
def test_any_text_gives_as_many_lines_of_small_letters(lines: str, lang: str) -> None:
    latin = romanize_brahmic(lines, BLOCKS[lang][0], lang)
    assert re.fullmatch("[a-z\n]*", latin)
    assert latin.count("\n") == lines.count("\n")


@given(any_offsets, languages)
def test_many_words_read_as_each_alone(offsets: list[list[int]], lang: str) -> None:
    script, start = BLOCKS[lang]
    words = ["".join(chr(start + offset) for offset in word) for word in offsets]
    assert romanize_brahmic("\n".join(words), script, lang).split("\n") == [
        romanize_brahmic(word, script, lang) for word in words
    ]
