"""Are spellings made from spellings such as people write?"""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.names.augment import in_arabic, misspelt, shifted
from matcher.names.brahmic import BLOCK_START
from matcher.names.romanize import romanize
from matcher.names.script import main_script

latin = st.text(alphabet="abcdefghijklmnopqrstuvwxyz ", max_size=20)


@pytest.mark.parametrize(
    ("text", "script", "moved"),
    [
        ("सुनीता", "Beng", "সুনীতা"),
        ("सुनीता", "Gujr", "સુનીતા"),
        ("সুনীতা", "Deva", "सुनीता"),
        ("ৰমেশ", "Deva", "रमेश"),
        ("विजय", "Beng", "বিজয"),
        ("गोविन्द", "Taml", "கோவிந்த"),
        ("मंडल", "Taml", "மன்டல"),
        ("शिव", "Guru", "ਸ਼ਿਵ"),
        ("कृष्ण", "Guru", "ਕ੍ਰਿਸ਼੍ਣ"),
        ("फ़ातिमा", "Telu", "ఫాతిమా"),
    ],
)
def test_a_name_moved_to_another_script(text: str, script: str, moved: str) -> None:
    assert shifted(text, script) == moved
    assert main_script(moved) == script


@pytest.mark.parametrize("script", sorted(set(BLOCK_START) - {"Deva"}))
def test_what_is_moved_still_sounds_alike(script: str) -> None:
    assert romanize(shifted("मोहन", script))[:3] in ("moh", "mok", "mog")


@given(latin, st.integers(0, 99))
def test_a_misspelt_name_keeps_its_words_and_repeats_for_its_seed(name: str, seed: int) -> None:
    once = misspelt(name, random.Random(seed))
    assert once == misspelt(name, random.Random(seed))
    assert len(once.split()) == len(name.split())


def test_misspellings_are_near() -> None:
    found = {misspelt("sunita mandal", random.Random(seed)) for seed in range(40)}
    assert len(found) > 20
    assert all(abs(len(name) - len("sunita mandal")) <= 4 for name in found)


def test_burmese_has_habits_of_its_own() -> None:
    found = {misspelt("hlaing", random.Random(seed), "my") for seed in range(40)}
    assert "hline" in found


@given(latin, st.integers(0, 99))
def test_arabic_spellings_are_arabic(name: str, seed: int) -> None:
    written = in_arabic(name, random.Random(seed))
    assert all("\u0600" <= char <= "\u06ff" or char == " " for char in written)


def test_a_gulf_papers_spelling_is_among_them() -> None:
    assert "فيكرانت" in {in_arabic("Vikrant", random.Random(seed)) for seed in range(60)}
