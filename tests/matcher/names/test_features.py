"""Are the packed n-grams those that one would cut by hand?"""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.names.features import BUCKETS, LONGEST_WORD, SOUNDED, WRITTEN, meeting_features, word_ends, word_features

WRAP, MULTIPLIER = 2**64, 0x9E3779B97F4A7C15
words = st.lists(st.text(st.characters(categories=["L", "M"]), max_size=30), max_size=6)


def bucket(codes: list[int], space: int) -> int:
    packed = 8 * len(codes) + space
    for code in codes:
        packed = (packed * MULTIPLIER + code) % WRAP
        packed ^= packed >> 29
    return (packed * MULTIPLIER % WRAP) >> (64 - BUCKETS.bit_length() + 1)


def by_hand(word: str, space: int) -> list[int]:
    letters = [ord(char) for char in word[:LONGEST_WORD]]
    bounded = [2, *letters, 2] if letters else []
    found = [bucket([letter], space) for letter in letters]
    for size in (2, 3, 4):
        found += [bucket(bounded[at : at + size], space) for at in range(len(bounded) - size + 1)]
    return found


@given(words, st.sampled_from([WRITTEN, SOUNDED]))
@settings(deadline=None)
def test_n_grams_meet_those_cut_by_hand(texts: list[str], space: int) -> None:
    buckets, starts = word_features(texts, space)
    assert starts.shape == (len(texts) + 1,)
    for row, text in enumerate(texts):
        assert sorted(buckets[starts[row] : starts[row + 1]].tolist()) == sorted(by_hand(text, space))
    assert ((buckets >= 0) & (buckets < BUCKETS)).all()


def test_spaces_share_nothing() -> None:
    written, _ = word_features(["sunita"], WRITTEN)
    sounded, _ = word_features(["sunita"], SOUNDED)
    assert len(set(written.tolist()) & set(sounded.tolist())) <= 1


def test_a_junction_knows_its_order() -> None:
    ends = word_ends(["than", "htay"])
    one, other = meeting_features(ends[[0]], ends[[1]]), meeting_features(ends[[1]], ends[[0]])
    assert not set(one.ravel().tolist()) & set(other.ravel().tolist())
    np.testing.assert_array_equal(one, meeting_features(ends[[0]], ends[[1]]))
