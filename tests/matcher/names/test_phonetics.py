"""Which spellings fold into one, and which letters cost how much?"""

from __future__ import annotations

import numpy as np
import pytest

from matcher.names.phonetics import (
    INITIAL_SUBSTITUTION,
    INSERTION,
    MAX_TOKEN,
    SUBSTITUTION,
    encode_tokens,
    fold,
    token_similarities,
)
from matcher.names.weighing import ends_apart


def similarity(left: str, right: str) -> float:
    codes = encode_tokens([fold(left), fold(right)])
    return float(token_similarities(codes, np.array([0]), np.array([1]))[0])


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("lakshmi", "laxmi"),
        ("seeta", "sita"),
        ("farida", "pharida"),
        ("fatema", "fathema"),
        ("pooja", "puja"),
        ("vijay", "bijay"),
        ("zahid", "jahid"),
        ("hla", "la"),
        ("bhattacharya", "battacharya"),
        ("ashish", "asis"),
        ("qasim", "kasim"),
        ("mamta", "manta"),
    ],
)
def test_spellings_that_fold_into_one(left: str, right: str) -> None:
    assert fold(left) == fold(right)


@pytest.mark.parametrize(
    ("left", "right"), [("sita", "gita"), ("raju", "raj"), ("ruma", "rama"), ("chanda", "kanda"), ("anil", "sunil")]
)
def test_names_that_do_not(left: str, right: str) -> None:
    assert fold(left) != fold(right)


def test_ng_is_one_sound() -> None:
    assert fold("ganga") == "gaNa"


def test_variants_are_nearer_than_different_people() -> None:
    variants = [("mandal", "mondal"), ("rafiqul", "rofiqul"), ("khatun", "khatoon"), ("rahman", "rohman")]
    people = [("sita", "gita"), ("rafiqul", "shafiqul"), ("karim", "rahim"), ("sunil", "anil")]
    assert min(similarity(*pair) for pair in variants) > max(similarity(*pair) for pair in people)


def test_cost_tables_are_symmetric_and_free_only_for_the_same_letter() -> None:
    size = len(SUBSTITUTION) // 2
    same = np.tile(np.eye(size, dtype=bool), (2, 2))
    for table in (SUBSTITUTION, INITIAL_SUBSTITUTION):
        np.testing.assert_array_equal(table, table.T)
        assert not table[same].any()
        assert (table[~same] > 0).all()
    cheaper = np.argwhere(INITIAL_SUBSTITUTION < SUBSTITUTION) % size
    letters = encode_tokens(["jyei"])[0, :4].tolist()
    assert {frozenset(pair) for pair in cheaper.tolist()} == {frozenset(letters[:2]), frozenset(letters[2:])}
    assert not INSERTION[:, 0].any()
    assert (INSERTION[:, 1:] > 0).all()


@pytest.mark.parametrize(
    ("near", "far"),
    [
        (("tamizh", "tamil"), ("tamizh", "tamis")),  # one Tamil letter
        (("nayak", "naik"), ("nayak", "namak")),  # a glide
        (("rafiqul", "rofiqul"), ("rafiqul", "rafiqal")),
        (("chou", "zhou"), ("chou", "lou")),  # Wade-Giles and pinyin
        (("tseten", "chheten"), ("tseten", "meten")),
        (("nyunt", "nyun"), ("nyunt", "nyu")),  # a final that is not spoken
        (("mandip", "mandeep"), ("mandip", "amandip")),
        (("mohan", "mogan"), ("mohan", "mosan")),
        (("chandana", "chandona"), ("chandana", "chandani")),  # the last vowel says more
    ],
)
def test_usual_confusions_cost_less_than_other_letters(near: tuple[str, str], far: tuple[str, str]) -> None:
    assert similarity(*near) > similarity(*far) + 0.03


def test_a_letter_more_counts_less_in_a_longer_word() -> None:
    assert similarity("ram", "ramt") < similarity("balaram", "balaramt") < similarity("balaramkumar", "balaramkumart")


@pytest.mark.parametrize(
    ("left", "right", "apart"),
    [
        ("karim", "karima", True),
        ("rama", "ram", True),
        ("ram", "ramu", True),
        ("ram", "rams", False),
        ("rami", "rama", False),
        ("ram", "ram", False),
        ("ram", "ramau", False),
        ("zzz", "wxy", False),
    ],
)
def test_words_that_end_apart(left: str, right: str, apart: bool) -> None:
    codes = encode_tokens([left, right])
    assert ends_apart(codes[:1], codes[1:]).tolist() == [apart]
    assert ends_apart(codes[1:], codes[:1]).tolist() == [apart]


def test_codes_are_padded_cut_and_without_holes() -> None:
    codes = encode_tokens(["ab", "a-b", "", "é", "a" * 40])
    assert codes.shape == (5, MAX_TOKEN)
    assert codes.dtype == np.uint8
    np.testing.assert_array_equal(codes[0], codes[1])
    assert not codes[2:4].any()
    assert (codes[4] == codes[0, 0]).all()
    assert encode_tokens(["a" * 40], 50).astype(bool).sum() == 40


def test_no_pairs_no_similarities() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert token_similarities(encode_tokens(["a"]), none, none).shape == (0,)


def test_an_empty_word_is_like_no_other() -> None:
    codes = encode_tokens(["", "sita"])
    got = token_similarities(codes, np.array([0, 1, 0]), np.array([1, 0, 0]))
    assert got.tolist() == [0.0, 0.0, 1.0]
