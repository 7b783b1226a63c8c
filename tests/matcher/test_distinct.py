"""Numbers for values and rows of groups, against loops that say what is meant."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matcher.distinct import in_columns, numbered, numbered_keys
from matcher.growing import Column
from matcher.names.gathered import renumbered


@given(st.lists(st.integers(-3, 2**62)))
def test_keys_are_numbered_as_any_values_are(values: list[int]) -> None:
    found, which = numbered_keys(np.array(values, dtype=np.int64))
    expected, places = numbered(values)
    assert found.tolist() == expected
    assert which.tolist() == places.tolist()


@given(st.lists(st.lists(st.integers(0, 9), max_size=6)), st.integers(1, 4))
def test_groups_stand_side_by_side(groups: list[list[int]], width: int) -> None:
    counts = np.array(list(map(len, groups)), dtype=np.int64)
    flat = np.array([member for group in groups for member in group], dtype=np.int32)
    found = in_columns(flat, np.cumsum(counts) - counts, counts, width, -1)
    assert found.shape == (len(groups), width)
    assert found.dtype == np.int32
    assert found.tolist() == [(group + [-1] * width)[:width] for group in groups]


@given(st.sets(st.integers(0, 400), min_size=1), st.data())
def test_other_numbers_stand_for_those_that_are_used(members: set[int], data: st.DataObject) -> None:
    used = np.array(sorted(members), dtype=np.int64)
    new = np.arange(len(used), dtype=np.int32)[::-1]
    numbers = data.draw(st.lists(st.sampled_from([-1, *sorted(members)]), max_size=60))
    place = dict(zip(used.tolist(), new.tolist(), strict=True)) | {-1: -1}
    assert renumbered(np.array(numbers, dtype=np.int32), used, new).tolist() == [place[number] for number in numbers]


def test_what_was_handed_out_of_a_column_stays() -> None:
    column, wide = Column(np.int64, 7), Column(np.uint8, width=2)
    before = column.values
    for number in range(3000):
        column.add([number])
        wide.add(np.full((1, 2), number % 256))
    assert before.tolist() == [7]
    assert column.values.tolist() == [7, *range(3000)]
    assert wide.values.tolist() == [[number % 256] * 2 for number in range(3000)]
