"""Two names that differ in a vowel sign are two names: no step of the way may make them one."""

from __future__ import annotations

import unicodedata

import pytest
from name_cases import COLLAPSED, DISTINCT, NEAR, VARIANTS, pairs_of

from matcher.names import NAME_MATCH_THRESHOLD, NameEncoder, compare_names, name_similarity
from matcher.names.grammar import parse_name
from matcher.names.grammar_tables import Grammar, Kind
from matcher.names.script import main_script, normalise

SAME = 0.999


def folded(name: str) -> tuple[str, ...]:
    return tuple(token.folded for token in parse_name(name))


def test_there_are_enough_pairs_and_each_is_of_one_script() -> None:
    assert len(DISTINCT) >= 33
    assert len({main_script(left) for left, _ in pairs_of(DISTINCT)}) >= 12
    assert all(main_script(left) == main_script(right) for left, right in pairs_of(DISTINCT + NEAR + COLLAPSED))


@pytest.mark.parametrize(("left", "right"), pairs_of(DISTINCT + NEAR + COLLAPSED))
def test_normalising_keeps_every_sign(left: str, right: str) -> None:
    assert normalise(left) == unicodedata.normalize("NFC", left)
    assert normalise(left) != normalise(right)


@pytest.mark.parametrize(("left", "right"), pairs_of(DISTINCT + NEAR))
def test_folding_and_encoding_keep_them_apart(left: str, right: str) -> None:
    assert folded(left) != folded(right)
    a, b = NameEncoder.load().encode([left, right])
    assert float(a @ b) < SAME
    assert name_similarity(left, right) < SAME


@pytest.mark.parametrize(("left", "right"), pairs_of(DISTINCT))
def test_different_names_are_no_match(left: str, right: str) -> None:
    assert name_similarity(left, right) < NAME_MATCH_THRESHOLD
    assert name_similarity(right, left) < NAME_MATCH_THRESHOLD


@pytest.mark.parametrize("surname", ["मंडल", "দাস", "Khatun"])
def test_a_shared_surname_does_not_make_them_one(surname: str) -> None:
    kinds = Grammar.load().kinds  # Babu and Baba before another name are no part of it
    titles = {word for word, kind in kinds.items() if kind & Kind.TITLE}
    pairs = [pair for pair in pairs_of(DISTINCT) if not titles & set(pair)]
    assert len(pairs) > 33
    assert all(name_similarity(f"{left} {surname}", f"{right} {surname}") < SAME for left, right in pairs)


@pytest.mark.parametrize(("left", "right"), pairs_of(COLLAPSED))
def test_names_that_sound_alike_to_us_stay_two_names(left: str, right: str) -> None:
    assert name_similarity(left, right) < SAME
    assert name_similarity(left, left) > SAME


@pytest.mark.parametrize(("left", "right"), pairs_of(VARIANTS))
def test_spellings_of_one_name_agree(left: str, right: str) -> None:
    evidence = compare_names(left, right)
    assert evidence.similarity >= NAME_MATCH_THRESHOLD
    assert evidence.contradiction == 0.0


@pytest.mark.parametrize(("left", "right"), pairs_of(VARIANTS))
def test_spellings_of_one_name_are_near_in_space(left: str, right: str) -> None:
    near, variant, far = NameEncoder.load().encode([left, right, "Balaiamlang Kharbuli"])
    assert float(near @ variant) > 0.4
    assert float(near @ variant) > float(near @ far) + 0.2


def test_variants_in_four_scripts_are_one_name() -> None:
    spellings = ["Sunita Mondal", "सुनीता मंडल", "সুনীতা মণ্ডল", "સુનીતા મંડલ", "ਸੁਨੀਤਾ ਮੰਡਲ", "Suneeta Mandol"]
    assert all(name_similarity(a, b) > 0.9 for a in spellings for b in spellings)
