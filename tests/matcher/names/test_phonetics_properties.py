"""The batched distance against the plain dynamic programme, and what holds of folding and distance for every word."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from name_cases import folded_words, latin_words

from matcher.names.alignment import CLOSE_WORD
from matcher.names.phonetics import (
    INITIAL_SUBSTITUTION,
    INSERTION,
    LETTER_WEIGHT,
    MAX_TOKEN,
    SUBSTITUTION,
    encode_tokens,
    fold,
    token_similarities,
)


def plain_similarity(left: list[int], right: list[int]) -> float:
    """The textbook edit distance, cell by cell, over letter codes."""
    size = len(SUBSTITUTION) // 2

    def insertion(word: list[int], i: int) -> float:
        return float(INSERTION[([0, *word])[i], word[i], ([*word, 0])[i + 1]])

    def substitution(i: int, j: int) -> float:
        costs = INITIAL_SUBSTITUTION if i == j == 0 else SUBSTITUTION
        return float(costs[left[i] + size * (i == len(left) - 1), right[j] + size * (j == len(right) - 1)])

    table = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in range(len(left) + 1):
        for j in range(len(right) + 1):
            ways = []
            if i:
                ways.append(table[i - 1][j] + insertion(left, i - 1))
            if j:
                ways.append(table[i][j - 1] + insertion(right, j - 1))
            if i and j:
                ways.append(table[i - 1][j - 1] + substitution(i - 1, j - 1))
            table[i][j] = min(ways, default=0.0)
    weight = max(sum(float(LETTER_WEIGHT[code]) for code in left + right) / 2, 0.5)
    return max(0.0, 1.0 - table[-1][-1] * (0.1 + 0.7 / weight + 0.2 / weight**2))


def all_pairs(tokens: list[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    left, right = np.divmod(np.arange(len(tokens) ** 2), len(tokens))
    return token_similarities(encode_tokens(tokens), left, right).reshape(len(tokens), len(tokens))


@given(st.lists(folded_words, min_size=1, max_size=6))
@settings(deadline=None, max_examples=60)
def test_batch_meets_the_plain_dynamic_programme(tokens: list[str]) -> None:
    codes = [[int(code) for code in row if code] for row in encode_tokens(tokens)]
    expected = [[plain_similarity(a, b) for b in codes] for a in codes]
    np.testing.assert_allclose(all_pairs(tokens), expected, atol=1e-5)


@given(st.lists(folded_words, min_size=1, max_size=6, unique=True))
@settings(deadline=None)
def test_similarity_is_symmetric_in_range_and_one_only_for_the_same_word(tokens: list[str]) -> None:
    found = all_pairs(tokens)
    np.testing.assert_array_equal(found, found.T)
    assert ((found >= 0) & (found <= 1)).all()
    np.testing.assert_array_equal(found == 1.0, np.eye(len(tokens), dtype=bool))


@given(st.lists(folded_words, min_size=2, max_size=4), st.integers(1, 5))
@settings(deadline=None, max_examples=40)
def test_chunks_and_neighbours_change_nothing(tokens: list[str], chunk: int) -> None:
    codes = encode_tokens(tokens)
    left, right = np.divmod(np.arange(len(tokens) ** 2), len(tokens))
    together = token_similarities(codes, left, right)
    np.testing.assert_array_equal(token_similarities(codes, left, right, chunk), together)
    alone = [token_similarities(codes, left[[i]], right[[i]])[0] for i in range(len(left))]
    np.testing.assert_array_equal(np.array(alone), together)


@given(folded_words, folded_words, st.integers(0, 20))
def test_wider_codes_give_the_same_answer(left: str, right: str, extra: int) -> None:
    rows = np.array([0]), np.array([1])
    narrow = token_similarities(encode_tokens([left, right]), *rows)
    wide = token_similarities(encode_tokens([left, right], MAX_TOKEN + extra), *rows)
    np.testing.assert_allclose(wide, narrow, atol=1e-6)


@given(folded_words, st.sampled_from("bdgkmprst"), st.sampled_from("bdgkmprst"))
def test_more_letters_added_never_bring_words_nearer(word: str, first: str, second: str) -> None:
    word = word[:16]
    found = all_pairs([word, word + first, word + first + second])
    # What a letter costs depends on its neighbours; that matters to nobody among words that are unlike anyway.
    assert found[0, 0] >= found[0, 1]
    assert found[0, 1] >= found[0, 2] or found[0, 2] < CLOSE_WORD


@given(latin_words)
def test_folding_leaves_letters_and_never_nothing(word: str) -> None:
    folded = fold(word)
    assert folded
    assert set(folded) <= set("abcdefghijklmnopqrstuvwxyzNZ")


@given(latin_words)
def test_doubled_letters_fold_into_one(word: str) -> None:
    folded = fold(word)
    # Not m and n, which may become alike before another letter.
    assert not any(a == b for a, b in pairwise(folded) if a in "bdfgjklprst")


@given(st.text(max_size=30))
def test_any_text_folds_and_encodes(text: str) -> None:
    assert encode_tokens([fold(text)]).shape == (1, MAX_TOKEN)
