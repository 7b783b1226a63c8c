"""Are names in Ol Chiki spelled as Santals spell them?"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.names.olchiki import romanize_olchiki

NAMES = """
ᱨᱟᱡᱩ raju ᱢᱩᱨᱢᱩ murmu ᱥᱚᱨᱮᱱ soren ᱦᱟᱸᱥᱫᱟ hansda ᱦᱮᱢᱵᱨᱚᱢ hembrom ᱴᱩᱰᱩ tudu ᱢᱟᱨᱟᱱᱰᱤ marandi ᱵᱟᱥᱠᱮ baske ᱠᱤᱥᱠᱩ kisku
ᱵᱮᱥᱨᱟ besra ᱪᱟᱸᱯᱟ champa ᱨᱟᱜᱷᱩᱱᱟᱛᱷ raghunath ᱯᱟᱹᱨᱵᱟᱹᱛᱤ parbati ᱵᱟᱝᱞᱟ bangla ᱪᱟᱸᱫᱚ chando ᱠᱟᱱᱦᱩ kanhu ᱯᱷᱩᱞᱚ phulo
ᱡᱷᱟᱱᱚ jhano ᱢᱟᱧᱡᱷᱤ manjhi ᱧᱩᱛᱩᱢ nyutum ᱪᱟᱸ cha
"""
CELLS = NAMES.split()


@pytest.mark.parametrize(("word", "latin"), list(zip(CELLS[::2], CELLS[1::2], strict=True)))
def test_names(word: str, latin: str) -> None:
    assert romanize_olchiki(word) == latin


@pytest.mark.parametrize("word", ["", "ᱸ", "ᱹᱺᱻ", "᱾", "ᱷ"])
def test_stray_signs_do_no_harm(word: str) -> None:
    assert re.fullmatch("[a-z]*", romanize_olchiki(word))


@given(st.lists(st.text(st.characters(min_codepoint=0x1C5A, max_codepoint=0x1C7F), max_size=8), min_size=1))
def test_many_words_read_as_each_alone(words: list[str]) -> None:
    assert romanize_olchiki("\n".join(words)).split("\n") == [romanize_olchiki(word) for word in words]


@given(st.text(max_size=20))
def test_any_text_gives_as_many_lines_of_small_letters(lines: str) -> None:
    latin = romanize_olchiki(lines)
    assert re.fullmatch("[a-z\n]*", latin)
    assert latin.count("\n") == lines.count("\n")
