import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.names.arabic import romanize_arabic
from matcher.names.phonetics import fold
from matcher.names.script import normalise
from matcher.reference import alternatives, read_table

ROWS = list(read_table("names/arabic_lexicon.tsv"))
LETTERS = "ابپتٹثجچحخدڈذرڑزژسشصضطظعغفقکگلمنںوہھءیےئؤآأإكيةهىٰ\u064e\u064f\u0650\u0651ڪٻٿ"
WORDS = st.text(st.sampled_from(LETTERS), max_size=12)


@pytest.mark.parametrize(
    ("native", "latin"),
    [
        ("محمد", "mohammad"),
        ("فاطمہ", "fatima"),
        ("فاطمة", "fatima"),
        ("عائشہ", "ayesha"),
        ("خاتون", "khatun"),
        ("علي", "ali"),
        ("أحمد", "ahmad"),
        ("ابراھیم", "ibrahim"),
        ("سنگھ", "singh"),
        ("رشيده", "rashida"),
    ],
)
def test_common_names_are_written_by_custom(native: str, latin: str) -> None:
    assert romanize_arabic(native) == latin


@pytest.mark.parametrize(
    ("native", "latin"),
    [
        ("عبدالرحمن", "abdul rahman"),
        ("عبداللہ", "abdullah"),
        ("نورالاسلام", "nurul islam"),
        ("شمسالدین", "shamsuddin"),
        ("نجیباللہ", "najibullah"),
        ("ابوالکلام", "abul kalam"),
        ("محمدعلی", "mohammad ali"),
        ("زیبالنسا", "zebunnisa"),
        ("جمشیدپور", "jamshidpur"),
        ("الرحمن", "rahman"),
        ("مجیبالرحمن", "mujibur rahman"),
        ("حافظہ", "hafiza"),
        ("عمرانی", "imrani"),
        ("حياة", "hayat"),
    ],
)
def test_joined_words_are_cut_into_known_parts(native: str, latin: str) -> None:
    assert romanize_arabic(native) == latin


@pytest.mark.parametrize(
    ("native", "latin"),
    [
        ("کانپور", "kanpur"),
        ("پشاور", "peshawar"),
        ("گوالیار", "gwaliyar"),
        ("بھیوانی", "bhiwani"),
        ("کرنال", "karnal"),
        ("تیرانا", "tirana"),
        ("برازيل", "brazil"),
        ("فيكرانت", "vikrant"),
        ("دهاوان", "dhawan"),
        ("تشارو", "charu"),
        ("مجتہد", "mujtahid"),
        ("ناطقہ", "natiqa"),
        ("سیف", "saif"),
        ("بَدرِینا", "badrina"),
        ("ٿر", "thar"),
        ("کٽ", "khat"),
    ],
)
def test_other_words_are_read_by_rule(native: str, latin: str) -> None:
    def unvoiced(word: str) -> str:
        return re.sub("[ae]", "", fold(word))

    assert unvoiced(romanize_arabic(native)) == unvoiced(latin)


@pytest.mark.parametrize(
    ("native", "latin"),
    [
        ("مخلص", "mukhlis"),
        ("محارب", "muharib"),
        ("مشتاق", "mushtaq"),
        ("ابتسام", "ibtisam"),
        ("عاتکہ", "atika"),
        ("سحرش", "sahrish"),
        ("مصباح", "misbah"),
    ],
)
def test_patterns_of_arabic_words_give_the_vowels(native: str, latin: str) -> None:
    assert romanize_arabic(native) == latin


@pytest.mark.parametrize(
    "spellings", ["رحیم|رحيم|رَحِیم|رحـیم|ﺭﺣﻴﻢ", "رحمن|رحمٰن|رحمان", "موسی|موسى|موسیٰ", "کریم|كريم|ڪريم"]
)
def test_spellings_of_one_name_are_one(spellings: str) -> None:
    assert len({romanize_arabic(normalise(form)) for form in spellings.split("|")}) == 1


@pytest.mark.parametrize(
    "pair", ["رمیز|رموز", "بشیر|بشار", "کبیر|کبار", "سیتا|گیتا", "صابر|صابرہ", "حسن|حسین", "نصیر|نذیر"]
)
def test_distinct_names_stay_distinct(pair: str) -> None:
    first, second = (fold(romanize_arabic(name)) for name in pair.split("|"))
    assert first != second


def test_the_table_gives_each_form_one_spelling_in_plain_letters() -> None:
    forms = [form for row in ROWS for form in alternatives(row["form"])]
    assert len(forms) == len(set(forms)) > 1500
    assert all(re.fullmatch("[a-z]+", row["latin"]) for row in ROWS)
    read = romanize_arabic("\n".join(normalise(form) for form in forms)).split("\n")
    expected = [row["latin"] for row in ROWS for _ in alternatives(row["form"])]
    wrong = [(form, was, be) for form, was, be in zip(forms, read, expected, strict=True) if was != be]
    assert not wrong


def test_no_word_no_sound() -> None:
    assert romanize_arabic("") == ""
    assert romanize_arabic("\n\u0651\n") == "\n\n"


@given(st.lists(WORDS, min_size=1, max_size=8))
def test_many_lines_read_as_each_alone(words: list[str]) -> None:
    assert romanize_arabic("\n".join(words)).split("\n") == [romanize_arabic(word) for word in words]


@given(st.text() | WORDS)
def test_any_text_gives_as_many_lines_of_latin_words(text: str) -> None:
    lines = romanize_arabic(text)
    assert lines.count("\n") == text.count("\n")
    assert all(re.fullmatch("(?:[a-z]+(?: [a-z]+)*)?", line) for line in lines.split("\n"))


@given(st.text(st.sampled_from("بتجدرزسقکلم"), min_size=1, max_size=9))
def test_every_consonant_is_heard_and_vowels_stand_between(word: str) -> None:
    roman = romanize_arabic(word)
    assert re.search("[aeiou]", roman)
    assert not re.search("[^aeiouh ]{4}", roman)
