"""Is a word the same to another whether they are compared in a grid, in a batch or alone?"""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from name_cases import folded_words

from matcher.names.grid import distinct, pair_similarities, similarity_grid
from matcher.names.phonetics import (
    INITIAL_SUBSTITUTION,
    INSERTION,
    SUBSTITUTION,
    UNIT,
    encode_tokens,
    token_similarities,
)

word_lists = st.lists(folded_words | st.just(""), min_size=1, max_size=8)


def test_every_cost_is_a_whole_number_of_units() -> None:
    for costs in (INSERTION, SUBSTITUTION, INITIAL_SUBSTITUTION):
        np.testing.assert_allclose(costs / UNIT, np.rint(costs / UNIT), atol=1e-3)


@given(word_lists, word_lists, st.sampled_from([18, 90]))
@settings(deadline=None, max_examples=60)
def test_a_grid_holds_what_single_pairs_give(left: list[str], right: list[str], width: int) -> None:
    codes = encode_tokens([*left, *right], width)
    rows, columns = np.divmod(np.arange(len(left) * len(right)), len(right))
    alone = token_similarities(codes, rows, columns + len(left))
    grid = similarity_grid(codes[: len(left)], codes[len(left) :])
    np.testing.assert_array_equal(grid, alone.reshape(len(left), len(right)))


def test_words_too_long_for_small_numbers() -> None:
    codes = encode_tokens(["k" * 90, "k" * 89 + "t", "g" * 90], 90)
    grid = similarity_grid(codes, codes)
    left, right = np.divmod(np.arange(9), 3)
    np.testing.assert_array_equal(grid.ravel(), token_similarities(codes, left, right))
    np.testing.assert_array_equal(np.diag(grid), 1)


@given(st.lists(st.integers(0, 2**40) | st.integers(0, 20), max_size=200))
def test_distinct_keys_stand_for_the_asked_ones(keys: list[int]) -> None:
    asked = np.array(keys, dtype=np.int64)
    found, where = distinct(asked)
    np.testing.assert_array_equal(found[where], asked)
    assert set(found.tolist()) == set(keys)


def test_many_repeated_pairs_are_what_each_is_alone() -> None:
    rng = np.random.default_rng(7)
    letters = np.array(list("abdeghikmnoprstu"))
    words = ["".join(rng.choice(letters, rng.integers(2, 9))) for _ in range(450)]
    codes = encode_tokens(words)
    # Pairs of many of all words, so that a grid pays but where a word meets few.
    for left_most, right_most in ((450, 450), (40, 450), (450, 40)):
        left, right = rng.integers(0, left_most, 80_000), rng.integers(0, right_most, 80_000)
        np.testing.assert_array_equal(pair_similarities(codes, left, right), token_similarities(codes, left, right))
