"""Are names in Meetei Mayek spelled as Manipur spells them?"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.names.meetei import romanize_meetei
from matcher.names.phonetics import fold

NAMES = """
ꯇꯣꯝꯕ Tomba ꯇꯣꯝꯕꯤ Tombi ꯇꯣꯝ Tom ꯀꯨꯃꯥꯔ Kumar ꯆꯅꯨ Chanu ꯁꯤꯡꯍ Singha ꯂꯥꯏꯁ꯭ꯔꯝ Laishram ꯊꯣꯛꯆꯣꯝ Thokchom ꯏꯕꯣꯃꯆꯥ Ibomacha
ꯃꯩꯇꯩ Meitei ꯌꯨꯝꯅꯥꯝ Yumnam ꯑꯣꯏꯅꯥꯝ Oinam ꯅꯤꯡꯊꯧꯖꯝ Ningthoujam ꯁꯅꯥꯍꯟꯕꯤ Sanahanbi ꯈꯨꯔꯥꯏꯖꯝ Khuraijam ꯑꯔꯨꯟ Arun
ꯕꯤꯔꯦꯟ Biren ꯀꯩꯁꯝ Keisham ꯃꯣꯏꯔꯥꯡꯊꯦꯝ Moirangthem ꯂꯧꯔꯦꯝꯕꯝ Lourembam ꯁꯔ꯭ꯃꯤꯂꯥ Sharmila ꯑꯦꯅ Ena ꯗꯥꯁ Das ꯏꯝꯐꯥꯜ Imphal
ꯋꯥꯢꯈꯣꯝ Waikhom ꯁꯪ Sang ꫠꯅꯥ Ena ꯀ꫶ꫩꯥ Ksha
"""
CELLS = NAMES.split()


@pytest.mark.parametrize(("word", "latin"), list(zip(CELLS[::2], CELLS[1::2], strict=True)))
def test_names(word: str, latin: str) -> None:
    assert fold(romanize_meetei(word)) == fold(latin.lower())


@pytest.mark.parametrize("word", ["", "꯭", "ꯥ", "ꯪ꯭ꯥ", "꯫꯬", "ꯑ꯭"])
def test_stray_signs_do_no_harm(word: str) -> None:
    assert re.fullmatch("[a-z]*", romanize_meetei(word))


@given(st.lists(st.text(st.characters(min_codepoint=0xABC0, max_codepoint=0xABFF), max_size=8), min_size=1))
def test_many_words_read_as_each_alone(words: list[str]) -> None:
    assert romanize_meetei("\n".join(words)).split("\n") == [romanize_meetei(word) for word in words]


@given(st.text(max_size=20))
def test_any_text_gives_as_many_lines_of_small_letters(lines: str) -> None:
    latin = romanize_meetei(lines)
    assert re.fullmatch("[a-z\n]*", latin)
    assert latin.count("\n") == lines.count("\n")
