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
        ("tamizh", "tamil"),
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


def test_cost_tables_are_symmetric_and_free_only_on_the_diagonal() -> None:
    for table in (SUBSTITUTION, INITIAL_SUBSTITUTION):
        np.testing.assert_array_equal(table, table.T)
        assert not np.diag(table).any()
        assert (table[~np.eye(len(table), dtype=bool)] > 0).all()
    assert (INITIAL_SUBSTITUTION >= SUBSTITUTION).all()
    assert INSERTION[0] == 0.0
    assert (INSERTION[1:] > 0).all()


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
