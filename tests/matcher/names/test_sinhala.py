"""Are Sinhala names spelled as Sri Lankans spell them?"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.names.phonetics import fold
from matcher.names.sinhala import romanize_sinhala

NAMES = """
සුනිල් Sunil සිරිසේන Sirisena විජේසිංහ Wijesinghe වික්රමසිංහ Wickramasinghe පෙරේරා Perera සිල්වා Silva රාජපක්ෂ Rajapaksha
බණ්ඩාරනායක Bandaranayaka ජයවර්ධන Jayawardhana සෙනෙවිරත්න Seneviratna කුමාර Kumara නිමල් Nimal චන්ද්රිකා Chandrika
කැලණිය Kelaniya මැණිකේ Menike ඇන්ඩෘ Andru ප්රඥා Pragna කෘෂ්ණ Krishna හේරත් Herath තිලිනි Thilini සඳුනි Sanduni
අඹේපිටිය Ambepitiya ෆාතිමා Fathima සිංහල Singhala හංසිකා Hansika කොළඹ Kolamba සිංහ Singha ඤාණසාර Gnanasara සංජීව Sanjiwa
"""
CELLS = NAMES.split()


@pytest.mark.parametrize(("word", "latin"), list(zip(CELLS[::2], CELLS[1::2], strict=True)))
def test_names(word: str, latin: str) -> None:
    assert fold(romanize_sinhala(word)) == fold(latin.lower())


@pytest.mark.parametrize("word", ["", "්", "ා", "ං", "ෝෝ", "්්ක"])
def test_stray_signs_do_no_harm(word: str) -> None:
    assert re.fullmatch("[a-z]*", romanize_sinhala(word))


@given(st.lists(st.text(st.characters(min_codepoint=0x0D80, max_codepoint=0x0DFF), max_size=8), min_size=1))
def test_many_words_read_as_each_alone(words: list[str]) -> None:
    assert romanize_sinhala("\n".join(words)).split("\n") == [romanize_sinhala(word) for word in words]


@given(st.text(max_size=20))
def test_any_text_gives_as_many_lines_of_small_letters(lines: str) -> None:
    latin = romanize_sinhala(lines)
    assert re.fullmatch("[a-z\n]*", latin)
    assert latin.count("\n") == lines.count("\n")
