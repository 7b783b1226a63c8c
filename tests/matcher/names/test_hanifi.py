import re

from hypothesis import given
from hypothesis import strategies as st

from matcher.names.hanifi import romanize_hanifi

LETTERS = st.sampled_from([chr(point) for point in range(0x10D00, 0x10D28)])


def test_the_name_of_the_people() -> None:
    assert romanize_hanifi("𐴌𐴟𐴇𐴥𐴝𐴚𐴒𐴙𐴝") == "ruhanggya"


def test_vowels_are_letters_and_sit_on_a_when_they_come_first() -> None:
    nur, ismail, ali = "\U00010d15\U00010d1f\U00010d0c", "𐴀𐴞𐴏𐴔𐴝𐴀𐴞𐴓", "𐴀𐴝𐴓𐴞"
    assert romanize_hanifi(f"{nur}\n{ismail}\n{ali}") == "nur\nismail\nali"


def test_signs_of_tone_and_silence_are_not_heard() -> None:
    assert romanize_hanifi("𐴕𐴟𐴥𐴌𐴢") == "nur"
    assert romanize_hanifi("𐴢𐴤") == ""


@given(st.lists(st.text(LETTERS), min_size=1, max_size=8))
def test_many_lines_read_as_each_alone(words: list[str]) -> None:
    assert romanize_hanifi("\n".join(words)).split("\n") == [romanize_hanifi(word) for word in words]


@given(st.text())
def test_any_text_gives_as_many_lines_of_latin_letters(text: str) -> None:
    lines = romanize_hanifi(text)
    assert lines.count("\n") == text.count("\n")
    assert re.fullmatch(r"[a-z\n]*", lines)


@given(st.text(LETTERS, min_size=1))
def test_vowels_are_told_apart(stem: str) -> None:
    assert romanize_hanifi(stem + "𐴔𐴞") != romanize_hanifi(stem + "𐴔𐴟")
