"""The packed n-grams against n-grams cut from strings, and what holds of vectors for every list of names."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from name_cases import names, region_names

from matcher.names import NameEncoder
from matcher.names.encoder import NAME_WIDTH
from matcher.names.grammar import parse_name
from matcher.names.phonetics import MAX_TOKEN, encode_tokens
from matcher.names.table import strongest_words

EDGE, GRAM_WEIGHTS, JOINED = 63, (0.6, 1.0, 1.0, 0.8), 0.7
Vector = np.ndarray[tuple[int], np.dtype[np.float64]]


def bucket(codes: list[int]) -> int:
    packed = len(codes)
    for code in codes:
        packed = (packed * 64 + code) % 2**64
    return (packed * 0x9E3779B97F4A7C15 % 2**64) >> 49


def unit(vector: Vector) -> Vector:
    norm = float(np.linalg.norm(vector))
    return vector / norm if norm else vector


def plain_word(word: str, directions: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> Vector:
    letters = [int(code) for code in encode_tokens([word])[0] if code][:MAX_TOKEN]
    bounded = [EDGE, *letters, EDGE]
    out = np.zeros(directions.shape[1])
    for size, weight in enumerate(GRAM_WEIGHTS, start=1):
        source = letters if size == 1 else bounded
        for start in range(len(source) - size + 1):
            out += weight * directions[bucket(source[start : start + size])]
    return unit(out)


def plain_name(name: str, encoder: NameEncoder) -> Vector:
    tokens = strongest_words(parse_name(name))
    out = np.zeros(encoder.width)
    for token in tokens:
        out += token.weight * plain_word(token.folded, encoder._directions)
    if len(tokens) > 1:
        out += JOINED * plain_word("".join(token.folded for token in tokens), encoder._directions)
    return unit(out)


@given(st.lists(names | region_names, min_size=1, max_size=5))
@settings(deadline=None, max_examples=60)
def test_packed_ngrams_meet_the_plain_ones(texts: list[str]) -> None:
    encoder = NameEncoder.load()
    expected = np.array([plain_name(text, encoder) for text in texts])
    np.testing.assert_allclose(encoder.encode(texts), expected, atol=1e-4)


@given(st.lists(names, min_size=1, max_size=6), st.randoms())
@settings(deadline=None, max_examples=50)
def test_neighbours_and_order_change_nothing(texts: list[str], random: object) -> None:
    encoder = NameEncoder.load()
    together = encoder.encode(texts)
    order = list(range(len(texts)))
    random.shuffle(order)  # type: ignore[attr-defined]
    np.testing.assert_allclose(encoder.encode([texts[i] for i in order]), together[order], atol=1e-5)


@given(st.lists(names | region_names, max_size=5))
@settings(deadline=None, max_examples=50)
def test_rows_are_units_or_nothing(texts: list[str]) -> None:
    vectors = NameEncoder.load().encode(texts)
    assert vectors.shape == (len(texts), NAME_WIDTH)
    norms = np.linalg.norm(vectors, axis=1)
    expected = [1.0 if parse_name(text) else 0.0 for text in texts]
    np.testing.assert_allclose(norms, expected, atol=1e-4)


@given(names)
@settings(deadline=None, max_examples=50)
def test_what_is_not_the_name_does_not_move_it(name: str) -> None:
    encoder = NameEncoder.load()
    np.testing.assert_array_equal(encoder.encode([f" {name.upper()}!"]), encoder.encode([name]))
