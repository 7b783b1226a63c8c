"""Is the similarity alone the one that comes with the evidence?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from name_cases import HOSTILE, VARIANTS, names, region_names

from matcher.names import similarity as module
from matcher.names.alignment import compare_batch
from matcher.names.similarity import SimilarityTable
from matcher.names.table import NameTable

any_names = st.lists(names | region_names | st.sampled_from(sorted(HOSTILE.values())), min_size=1, max_size=5)


def every_pair(left: list[str], right: list[str]) -> tuple[NameTable, list[np.ndarray], list[np.ndarray]]:
    table = NameTable.build([*left, *right])
    sides = [np.array([table.ids[name] for name in side], dtype=np.int64) for side in (left, right)]
    return table, sides, [np.repeat(sides[0], len(right)), np.tile(sides[1], len(left))]


@given(any_names, any_names)
@settings(deadline=None, max_examples=30)
def test_similarity_is_that_of_the_comparison(left: list[str], right: list[str]) -> None:
    table, sides, pairs = every_pair(left, right)
    expected = compare_batch(table, *pairs).similarity
    np.testing.assert_allclose(SimilarityTable.build(table, *sides).similarities(*pairs), expected, atol=1e-6)


def test_every_variant_with_every_other() -> None:
    left, right = (["", *(pair.split("|")[side] for pair in VARIANTS)] for side in (0, 1))
    table, sides, pairs = every_pair(left, right)
    found = SimilarityTable.build(table, *sides).similarities(*pairs)
    np.testing.assert_array_equal(found, compare_batch(table, *pairs).similarity)
    assert (found > 0.8).sum() > len(VARIANTS) // 2


def test_more_pairs_than_are_handled_at_once() -> None:
    left, right = (["Purnima", *(pair.split("|")[side] for pair in VARIANTS)] for side in (0, 1))
    table, sides, pairs = every_pair(left, right)
    once = compare_batch(table, *pairs).similarity
    order = np.random.default_rng(3).integers(0, len(once), 300_000)
    many = [side[order] for side in pairs]
    np.testing.assert_array_equal(SimilarityTable.build(table, *sides).similarities(*many), once[order])
    many = [side[order[:150_000]] for side in pairs]
    np.testing.assert_allclose(compare_batch(table, *many).similarity, once[order[:150_000]], atol=1e-6)


def test_too_many_words_for_a_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    table, sides, pairs = every_pair(["Sunita Das", "Abdul Rahman"], ["Abdurrahman", "Sunita Dass", ""])
    expected = SimilarityTable.build(table, *sides).similarities(*pairs)
    monkeypatch.setattr(module, "MOST_CELLS", 3)
    np.testing.assert_array_equal(SimilarityTable.build(table, *sides).similarities(*pairs), expected)


def test_no_names() -> None:
    none = np.zeros(0, dtype=np.int64)
    table = NameTable.build([])
    assert SimilarityTable.build(table, none, none).similarities(none, none).shape == (0,)
    table = NameTable.build(["", "123"])
    nobody = np.array([0, 1])
    assert SimilarityTable.build(table, nobody, nobody).similarities(nobody, nobody).tolist() == [0, 0]
