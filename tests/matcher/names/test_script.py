"""Does normalising keep what is pronounced and drop what is not?"""

from __future__ import annotations

import pytest

from matcher.names.script import MAX_NAME_CHARS, main_script, normalise, script_of, split_by_script


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Sunita   MONDAL ", "sunita mondal"),
        ("सुनीता मंडल", "सुनीता मंडल"),
        ("D'Souza", "dsouza"),
        ("D’Souza", "dsouza"),
        ("D\u02bcSouza", "dsouza"),
        ("D`Souza", "dsouza"),
        ("Sen-Gupta", "sen gupta"),
        ("Md. Ali, s/o", "md ali s o"),
        ("Sunita2", "sunita"),
        ("राम\u200dकुमार", "रामकुमार"),
        ("Su\x00nita", "sunita"),
        ("Su\tni\x0bta\x85x", "su ni ta x"),
        ("Sunita \u2764\ufe0f", "sunita"),
        ("Jose\u0301", "josé"),
        ("Ѕunіtа", "sunita"),
        ("Сунита", "сунита"),
        ("১২৩", ""),
        ("", ""),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_composed_and_decomposed_letters_are_one() -> None:
    assert normalise("ক\u09c7\u09be") == normalise("ক\u09cb")
    assert normalise("\u095bाहिद") == normalise("\u091c\u093cाहिद")


def test_long_input_is_cut() -> None:
    assert normalise("a" * 10_000) == "a" * MAX_NAME_CHARS
    assert normalise("a" * (MAX_NAME_CHARS - 1) + " b") == "a" * (MAX_NAME_CHARS - 1)


@pytest.mark.parametrize(
    ("char", "script"),
    [
        ("a", "Latn"),
        ("é", "Latn"),
        ("क", "Deva"),
        ("ক", "Beng"),
        ("ၸ", "Mymr"),
        ("ꯃ", "Mtei"),
        ("م", "Arab"),
        ("!", "Zyyy"),
    ],
)
def test_script_of(char: str, script: str) -> None:
    assert script_of(char) == script


def test_main_script_is_that_of_most_letters() -> None:
    assert main_script("Ram रामकुमार") == "Deva"
    assert main_script("Ramkumar राम") == "Latn"
    assert main_script("123 !") == "Zyyy"
    assert main_script("") == "Zyyy"


def test_a_tie_of_scripts_is_settled_free_of_order() -> None:
    assert main_script("abकख") == main_script("कखab")


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("ramराम", [("ram", "Latn"), ("राम", "Deva")]),
        ("e\u0301a", [("e\u0301a", "Latn")]),
        ("\u0301a", [("\u0301a", "Latn")]),
        ("राम12", [("राम", "Deva"), ("12", "Zyyy")]),
        ("\u0301", [("\u0301", "Zyyy")]),
        ("", []),
    ],
)
def test_split_by_script(word: str, parts: list[tuple[str, str]]) -> None:
    assert split_by_script(word) == parts
