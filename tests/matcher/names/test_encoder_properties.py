"""The batch of vectors against sums by hand, and what holds of vectors for every list of names."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from name_cases import names, region_names

from matcher.names import NameEncoder
from matcher.names.encoder import COUNT_WEIGHT, JUNCTION_WEIGHT, NAME_WIDTH, TITLE_WEIGHT
from matcher.names.features import BUCKETS, SOUNDED, WRITTEN, count_features, meeting_features, word_ends, word_features
from matcher.names.grammar import NameToken, parse_with_titles, read_words

Vector = np.ndarray[tuple[int], np.dtype[np.float64]]


@lru_cache(maxsize=1)
def any_encoder() -> NameEncoder:
    """An encoder of random directions: the arithmetic does not depend on what was learned."""
    return NameEncoder(np.random.default_rng(3).standard_normal((BUCKETS, 8), dtype=np.float32), "any")


def word(text: str, space: int) -> Vector:
    buckets, _ = word_features([text], space)
    return any_encoder().table[buckets].astype(np.float64).sum(axis=0)


def by_hand(name: str) -> Vector:
    tokens = parse_with_titles(name)
    out = np.zeros(8)
    before = None
    for place, token in enumerate(tokens):
        weight = np.sqrt(token.weight) * (TITLE_WEIGHT if token.title else 1.0)
        out += weight * word(token.folded, SOUNDED)
        if not token.initial and first_of_word(tokens, place):
            out += weight * word(token.text, WRITTEN)
        if before is not None:
            ends = word_ends([before.folded, token.folded])
            out += JUNCTION_WEIGHT * any_encoder().table[meeting_features(ends[[0]], ends[[1]])[0]].sum(axis=0)
        before = token
    if tokens:
        words = np.array([sum(not token.title for token in tokens)])
        out += COUNT_WEIGHT * any_encoder().table[count_features(words)[0]]
    norm = float(np.linalg.norm(out))
    return out / norm if norm else out


def first_of_word(tokens: tuple[NameToken, ...], place: int) -> bool:
    """A word of k syllables has k tokens; said twice, it has 2k."""
    text = tokens[place].text
    run = place
    while run > 0 and tokens[run - 1].text == text:
        run -= 1
    return (place - run) % len(read_words([text])[0]) == 0


@given(st.lists(names | region_names, min_size=1, max_size=5))
@settings(deadline=None, max_examples=80)
def test_the_batch_meets_the_sums_by_hand(texts: list[str]) -> None:
    expected = np.array([by_hand(text) for text in texts])
    np.testing.assert_allclose(any_encoder().encode(texts), expected, atol=1e-3)


@pytest.mark.parametrize("count", [1, 2047, 2048, 2049, 5000])
def test_more_names_than_are_handled_at_once(count: int) -> None:
    texts = [f"Ram{number % 97} Das{number % 89}" if number % 7 else "" for number in range(count)]
    distinct = sorted(set(texts))
    expected = dict(zip(distinct, any_encoder().encode(distinct), strict=True))
    np.testing.assert_allclose(any_encoder().encode(texts), np.array([expected[text] for text in texts]), atol=1e-5)


@given(st.lists(names, min_size=1, max_size=6), st.randoms())
@settings(deadline=None, max_examples=50)
def test_neighbours_and_order_change_nothing(texts: list[str], random: object) -> None:
    encoder = any_encoder()
    together = encoder.encode(texts)
    order = list(range(len(texts)))
    random.shuffle(order)  # type: ignore[attr-defined]
    np.testing.assert_allclose(encoder.encode([texts[i] for i in order]), together[order], atol=1e-5)


@given(st.lists(names | region_names | st.text(max_size=20), max_size=5))
@settings(deadline=None, max_examples=80)
def test_rows_are_units_or_nothing(texts: list[str]) -> None:
    vectors = NameEncoder.load().encode(texts)
    assert vectors.shape == (len(texts), NAME_WIDTH)
    norms = np.linalg.norm(vectors, axis=1)
    expected = [1.0 if parse_with_titles(text) else 0.0 for text in texts]
    np.testing.assert_allclose(norms, expected, atol=1e-4)


@given(names)
@settings(deadline=None, max_examples=50)
def test_what_is_not_the_name_does_not_move_it(name: str) -> None:
    encoder = any_encoder()
    np.testing.assert_array_equal(encoder.encode([f" {name.upper()}!"]), encoder.encode([name]))
