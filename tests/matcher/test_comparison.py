"""Levels are counted without the unknown ones; a plain result has no rarity."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matcher.compare import COMPARISONS
from matcher.comparison import NULL, LevelResult, count_levels


@given(st.lists(st.integers(-1, 4), max_size=60))
def test_counts(levels: list[int]) -> None:
    counter = Counter(levels)
    counts = count_levels(np.array(levels, dtype=np.int8), 5)
    assert counts.tolist() == [counter[n] for n in range(5)]


def test_plain_results_have_no_rarity() -> None:
    result = LevelResult.plain(np.array([0, NULL], dtype=np.int8))
    assert result.rarity.tolist() == [0.0, 0.0]
    assert result.rarity.dtype == np.float32


def test_comparisons_have_names_questions_and_distinct_labels() -> None:
    assert len({comparison.name for comparison in COMPARISONS}) == len(COMPARISONS)
    for comparison in COMPARISONS:
        assert comparison.question.endswith("?")
        assert len(set(comparison.labels)) == len(comparison.labels) >= 2
