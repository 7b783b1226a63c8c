"""Which words of a written name are the name?"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from name_cases import names, region_names

from matcher.names.grammar import INITIAL_WEIGHT, parse_name, parse_with_titles
from matcher.names.grammar_tables import Grammar, Kind
from matcher.names.romanize import romanize
from matcher.names.script import normalise


def texts(name: str) -> list[str]:
    return [token.text for token in parse_name(name)]


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("Smt Sunita Devi", ["sunita", "devi"]),
        ("Late Shri Ram Das", ["ram", "das"]),
        ("Daw Khin Khin", ["khin", "khin"]),
        ("Maung Win", ["win"]),
        ("Maung Maung", ["maung", "maung"]),
        ("Ma Ma", ["ma", "ma"]),
        ("Daw", ["daw"]),
        ("Ram Das S/o Hari Das", ["ram", "das"]),
        ("Sunita D / O Ram", ["sunita"]),
        ("সুনীতা পিতা রাম", ["সুনীতা"]),
        ("স্বর্গীয় রাম দাস", ["রাম", "দাস"]),
        ("", []),
        ("123", []),
    ],
)
def test_titles_and_relatives_are_left_out(name: str, left: list[str]) -> None:
    assert texts(name) == left


def test_a_closing_particle_is_left_out() -> None:
    kinds = Grammar.load().kinds
    closings = sorted(word for word, kind in kinds.items() if kind == Kind.CLOSING and word.isascii())
    assert closings
    assert texts(f"ramesh kanti {closings[0]}") == ["ramesh", "kanti"]


def test_a_name_of_nothing_but_such_words_is_kept() -> None:
    for word, kind in Grammar.load().kinds.items():
        if not kind & Kind.PLACEHOLDER:
            assert bool(parse_name(word)) == bool(romanize(word)), word


@pytest.mark.parametrize("name", ["Unknown", "not known", "অজ্ঞাত", "नाम अज्ञात", "N/A", "No Name"])
def test_a_name_that_nobody_knows_is_no_name(name: str) -> None:
    assert parse_name(name) == ()


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("Rahim @ Raju", ["rahim", "raju"]),
        ("Rahim alias Raju", ["rahim", "raju"]),
        ("রহিম ওরফে রাজু", ["রহিম", "রাজু"]),
        ("Sunita daughter of Ram", ["sunita"]),
        ("Sunita Devi resident of Gaya", ["sunita", "devi"]),
        ("Narayan Babu Acharya", ["narayan", "babu", "acharya"]),
        ("राम बाबु सिंह", ["राम", "बाबु", "सिंह"]),
        ("MdRahim", ["md", "rahim"]),
        ("N K Singh", ["n", "k", "singh"]),
        ("AKM Nurul Islam", ["a", "k", "m", "nurul", "islam"]),
        ("A. K. M. NURUL ISLAM", ["a", "k", "m", "nurul", "islam"]),
        ("MD RAHIM", ["md", "rahim"]),
        ("Ma Ma", ["ma", "ma"]),
        ("Late Shri Ram Das", ["ram", "das"]),
    ],
)
def test_signs_and_phrases(name: str, left: list[str]) -> None:
    assert texts(name) == left


def test_titles_are_kept_apart_for_retrieval() -> None:
    assert [(token.text, token.title) for token in parse_with_titles("Daw Aye")] == [("daw", True), ("aye", False)]
    glued = parse_with_titles("ဒေါ်အေးအေး")
    assert [token.title for token in glued] == [True, False, False]


def test_a_short_title_is_one_in_its_language_only() -> None:
    assert [token.text for token in parse_name("Ko Naing", "my")] == ["naing"]
    assert [token.text for token in parse_name("Ko Naing", "bn")] == ["ko", "naing"]


def test_a_letter_spelled_out_is_an_initial_at_the_edge_or_beside_another() -> None:
    assert [token.initial for token in parse_name("এ কে এম নুরুল ইসলাম")] == [True, True, True, False, False]
    assert [token.initial for token in parse_name("রহিম কে মণ্ডল")] == [False, False, False]


@pytest.mark.parametrize(
    ("name", "letter"), [("S. Mondal", "s"), ("एस. मंडल", "s"), ("এম. মণ্ডল", "m"), ("J Lepcha", "j"), ("डी. मंडल", "d")]
)
def test_initials_in_every_script(name: str, letter: str) -> None:
    first = parse_name(name)[0]
    assert first.initial
    assert first.roman == letter
    assert first.weight == INITIAL_WEIGHT


@pytest.mark.parametrize("name", ["Md Ali Hossain", "মোঃ আলী", "Mohd. Ali", "Muhammad Ali"])
def test_abbreviations_are_expanded(name: str) -> None:
    assert parse_name(name)[0].folded == parse_name("Mohammad")[0].folded


def test_weak_elements_say_less() -> None:
    sunita, devi = parse_name("Sunita Devi")
    assert sunita.weight == 1.0
    assert devi.weight < 0.5


def test_the_weight_of_a_weak_element_survives_its_equivalent() -> None:
    # Miah sounds like Mya, which the table of equivalents joins to Myat: weak all the same.
    assert parse_name("Rafiqul Miah")[1].weight == pytest.approx(0.2)


def test_where_all_is_weak_the_weak_carry_the_name() -> None:
    assert max(token.weight for token in parse_name("Md Ali")) == pytest.approx(1.0)
    assert [token.weight for token in parse_name("S K")] == [INITIAL_WEIGHT, INITIAL_WEIGHT]


def test_equivalents_meet() -> None:
    for left, right in (("Chatterjee", "Chattopadhyay"), ("মুখার্জী", "Mukhopadhyay"), ("Mandal", "মণ্ডল")):
        assert [token.folded for token in parse_name(left)] == [token.folded for token in parse_name(right)]


def test_a_burmese_word_has_a_token_for_each_syllable() -> None:
    tokens = parse_name("အောင်ကျော်မိုး")
    assert [token.roman for token in tokens] == ["aung", "kyaw", "moe"]
    assert {token.text for token in tokens} == {"အောင်ကျော်မိုး"}


@given(names | region_names)
@settings(deadline=None)
def test_every_token_comes_from_the_name_and_weighs_something(name: str) -> None:
    words = normalise(name).split()
    for token in parse_name(name):
        assert token.text in words
        assert token.folded
        assert 0.0 < token.weight <= 1.0


@given(names)
@settings(deadline=None)
def test_case_punctuation_and_space_do_not_count(name: str) -> None:
    assert parse_name(f"  {name.upper().replace(' ', ' , ')}. ") == parse_name(name)
