"""One entry for every script."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from name_cases import region_names

from matcher.names import romanize
from matcher.names.script import normalise


@pytest.mark.parametrize(
    ("text", "latin"),
    [
        ("Sunita  MONDAL", "sunita mondal"),
        ("सुनीता मंडल", "sunita mandal"),
        ("অৰুণ", "arun"),
        ("ခင်ခင်", "khin khin"),
        ("José Łukasz", "jose lukasz"),
        ("ꯇꯣꯝꯕ", "tomba"),
        ("ᱨᱟᱡᱩ", "raju"),
        ("ramराम", "ramram"),
        ("Рам", "ram"),
        ("১২৩", ""),
        ("", ""),
    ],
)
def test_names(text: str, latin: str) -> None:
    assert romanize(text) == latin


@pytest.mark.parametrize("text", ["محمد", "罗摩", "ราม", "རཱམ", "រាម", "රාම", "ລາມ", "한글"])
def test_scripts_without_a_table_of_their_own_still_give_letters(text: str) -> None:
    assert romanize(text).replace(" ", "").isalpha()


@given(region_names)
@settings(deadline=None)
def test_words_are_romanised_one_by_one(name: str) -> None:
    # In which encoding malformed Burmese is meant is told from the whole text: a word alone may be mended otherwise.
    assume(all(normalise(word) == word for word in normalise(name).split()))
    parts = (romanize(word) for word in normalise(name).split())
    assert romanize(name) == " ".join(filter(None, parts))


@given(region_names)
@settings(deadline=None)
def test_what_is_latin_stays(name: str) -> None:
    once = romanize(name)
    assert romanize(once) == normalise(once)
