"""Whatever is entered as a name gives a defined result: never an exception, never more work than a name is worth."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from name_cases import HOSTILE, anything

from matcher.names import NameEncoder, compare_names, romanize
from matcher.names.frequency import NameFrequencies
from matcher.names.grammar import parse_name
from matcher.names.script import MAX_NAME_CHARS, main_script, normalise, split_by_script
from matcher.names.table import MAX_TOKENS, NameTable

TEXTS = sorted(HOSTILE.values())
WITHOUT_LETTERS = (
    "empty", "spaces", "controls", "surrogates only", "private use", "unassigned", "variation selectors", "digits",
    "null",
)  # fmt: skip


def check(text: str) -> None:
    cleaned = normalise(text)
    assert len(cleaned) <= MAX_NAME_CHARS
    assert cleaned == " ".join(cleaned.split())
    for word in cleaned.split():
        assert "".join(part for part, _ in split_by_script(word)) == word
    roman = romanize(text)
    assert roman.isascii()
    assert roman.replace(" ", "").isalpha() or roman == ""
    for token in parse_name(text):
        assert token.folded
        assert 0.0 < token.weight <= 1.0
    assert len(main_script(text)) == 4


@given(anything)
@settings(deadline=None, max_examples=150)
def test_any_text_is_read(text: str) -> None:
    check(text)


@given(st.text(st.characters(), max_size=40))
@example("\ud800")
@settings(deadline=None, max_examples=150)
def test_any_characters_are_read_surrogates_too(text: str) -> None:
    check(text)


@given(anything, anything)
@settings(deadline=None, max_examples=100)
def test_any_two_texts_are_compared(left: str, right: str) -> None:
    evidence = compare_names(left, right)
    assert 0.0 <= evidence.similarity <= 1.0
    assert all(math.isfinite(v) and v >= 0.0 for v in (evidence.agreement, evidence.omission, evidence.contradiction))
    assert len(evidence.alignment) <= 2 * MAX_TOKENS


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_hostile_texts_against_a_name_and_themselves(kind: str) -> None:
    text = HOSTILE[kind]
    check(text)
    evidence, itself = compare_names(text, "Sunita Mondal"), compare_names(text, text)
    assert 0.0 <= evidence.similarity <= 1.0
    assert itself.similarity == pytest.approx(1.0 if parse_name(text) else 0.0)


@pytest.mark.parametrize("kind", WITHOUT_LETTERS)
def test_what_has_no_letters_is_nobody(kind: str) -> None:
    text = HOSTILE[kind]
    assert normalise(text) == ""
    assert romanize(text) == ""
    assert parse_name(text) == ()
    assert compare_names(text, text).similarity == 0.0
    assert not NameEncoder.load().encode([text]).any()


def test_disguises_do_not_hide_a_name() -> None:
    assert normalise(HOSTILE["unpaired surrogates"]) == "sunita"
    assert compare_names(HOSTILE["homoglyphs"], "Sunita Mandal").similarity == pytest.approx(1.0)
    assert compare_names("Su\u200bni\u200dta\u00ad", "Sunita").similarity == pytest.approx(1.0)
    assert compare_names("\u202eSunita\u202c", "Sunita").similarity == pytest.approx(1.0)


def test_all_of_them_at_once() -> None:
    table = NameTable.build(TEXTS)
    assert len(table) == len(set(TEXTS))
    vectors = NameEncoder.load().encode(TEXTS)
    assert np.isfinite(vectors).all()
    norms = np.linalg.norm(vectors, axis=1)
    assert (np.isclose(norms, 1.0, atol=1e-5) | (norms == 0.0)).all()
    frequencies = NameFrequencies()
    for text in TEXTS:
        frequencies.add(text, text)
    assert np.isfinite(frequencies.bits(TEXTS, TEXTS)).all()


@pytest.mark.parametrize("unit", ["a", "क्", "ကျော်", "\u0301", "s/o ", "a b ", "ষ্ণ", "\ud800"])
def test_cost_does_not_grow_with_length(unit: str) -> None:
    text = unit * 200_000
    started = time.process_time()
    compare_names(text, "Sunita Mondal")
    assert time.process_time() - started < 1.0
