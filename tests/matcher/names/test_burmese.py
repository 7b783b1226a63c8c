"""Are Burmese syllables read as names on passports are written?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from name_cases import ALPHABETS

from matcher.names.burmese import romanize_burmese


@pytest.mark.parametrize(
    ("word", "latin"),
    [
        ("အောင်ကျော်မိုး", "aung kyaw mo"),
        ("မြင့်", "myint"),
        ("ညွန့်", "nyunt"),
        ("ဥမ္မာ", "um ma"),
        ("ဦး", "u"),
        ("ဧ", "ay"),
        ("ရွှေ", "shwe"),
        ("လှ", "hla"),
        ("ထွန်း", "htun"),
        ("ဝင်း", "win"),
        ("မောင်", "maung"),
        ("ခင်", "khin"),
        ("ဖြူ", "phyu"),
        ("ချို", "cho"),
        ("ရှိန်", "shein"),
        ("ရီရီ", "yi yi"),
        ("ဝွန်", "wun"),
    ],
)
def test_names(word: str, latin: str) -> None:
    assert romanize_burmese(word) == latin


def test_tall_and_round_aa_are_one_letter() -> None:
    assert romanize_burmese("ဒါ") == romanize_burmese("ဒာ") == "da"


def test_the_vowel_u_typed_for_nya_is_understood() -> None:
    assert romanize_burmese("စဥ်") == romanize_burmese("စဉ်")


@pytest.mark.parametrize("word", ["", "်", "္", "ၸၢႆး", "abc", "ေ", "့း"])
def test_what_is_no_burmese_syllable_is_passed_over(word: str) -> None:
    assert romanize_burmese(word) == ""


@given(st.text(ALPHABETS["Mymr"], max_size=20))
def test_any_order_of_signs_gives_ascii_words(word: str) -> None:
    latin = romanize_burmese(word)
    assert latin.isascii()
    assert latin == " ".join(latin.split())


@given(st.lists(st.sampled_from(["ကို", "မောင်", "ခင်", "စု", "လှ", "အေး"]), min_size=1, max_size=5))
def test_syllables_are_read_one_by_one(syllables: list[str]) -> None:
    assert romanize_burmese("".join(syllables)) == " ".join(map(romanize_burmese, syllables))
