"""Are names in Tibetan script spelled as in Bhutan and among Tibetans?"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.names.tibetan import romanize_tibetan

TIBETAN = st.text(st.characters(min_codepoint=0x0F40, max_codepoint=0x0FBC) | st.sampled_from("་གསདབངམའིོ"), max_size=14)
WORDS = "[a-z]*( [a-z]+)*"


@pytest.mark.parametrize(
    ("word", "latin"),
    [
        ("བསྟན་འཛིན", "tenzin"),
        ("རྡོ་རྗེ", "dorji"),
        ("པདྨ", "pema"),
        ("སྒྲོལ་མ", "dolma"),
        ("ཚེ་རིང", "tshering"),
        ("ཀརྨ", "karma"),
        ("བསོད་ནམས", "sonam"),
        ("འཇིགས་མེད", "jigme"),
        ("དབང་ཕྱུག", "wangchuk"),
        ("ཕུན་ཚོགས", "phuntsho"),
        ("ཟླ་བ", "dawa"),
        ("ལྷག་པ", "lhakpa"),
        ("དགེ་འདུན", "gendun"),
        ("མཁའ་འགྲོ", "khandro"),
        ("བདེ་ཆེན", "dechen"),
        ("བཟང་མོ", "zangmo"),
        ("བྱམས་པ", "jampa"),
        ("མི་འགྱུར", "mingyur"),
        ("གྲགས་པ", "drakpa"),
        ("རྩེ་མོ", "tsemo"),
    ],
)
def test_names(word: str, latin: str) -> None:
    assert romanize_tibetan(word) == latin


@pytest.mark.parametrize(
    ("syllable", "latin"),
    [
        ("དབང", "wang"),
        ("དབུ", "u"),
        ("མཁན", "khen"),
        ("བཀའ", "ka"),
        ("བཟངས", "zang"),
        ("བསྒྲུབས", "drup"),
        ("ཐབས", "thap"),
        ("བྱང", "jang"),
        ("ཁྲི", "thri"),
        ("ལྷ", "lha"),
        ("ཞྭ", "zha"),
        ("པའི", "pai"),
    ],
)
def test_silent_letters_around_the_root(syllable: str, latin: str) -> None:
    assert romanize_tibetan(syllable) == latin


def test_syllables_are_joined_two_by_two() -> None:
    assert romanize_tibetan("བསོད་ནམས་དབང་ཕྱུག") == "sonam wangchuk"
    assert romanize_tibetan("པདྨ་ལྷ་མོ་") == "pema lhamo"
    assert romanize_tibetan("བསྟན་འཛིན་རྡོ་རྗེ་ལགས") == "tenzin dorji la"


def test_both_tshegs_divide() -> None:
    assert romanize_tibetan("ཚེ༌རིང") == romanize_tibetan("ཚེ་རིང")


@pytest.mark.parametrize(("word", "latin"), [("ལེནཌ", "lend"), ("ཕྲཱནས", "phrans"), ("བྷྲུ", "bru"), ("ཨིན", "in")])
def test_foreign_words_are_read_letter_by_letter(word: str, latin: str) -> None:
    assert romanize_tibetan(word) == latin


@pytest.mark.parametrize("word", ["", "་", "་་༌", "ི", "྄", "ཿ", "ྐ", "abc"])
def test_what_is_no_syllable_is_passed_over(word: str) -> None:
    assert romanize_tibetan(word) == ""


@given(st.lists(TIBETAN, max_size=6))
def test_each_line_is_read_for_itself(words: list[str]) -> None:
    together = romanize_tibetan("\n".join(words)).split("\n")
    assert together == ([romanize_tibetan(word) for word in words] or [""])
    assert all(re.fullmatch(WORDS, latin) for latin in together)


@given(st.text(max_size=20))
def test_any_text_is_survived_with_its_number_of_lines(text: str) -> None:
    assert romanize_tibetan(text).count("\n") == text.count("\n")
