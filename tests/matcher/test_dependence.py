"""Of a group the strongest counts in full, either way; everything outside of groups stays as it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from matcher.dependence import DependenceGroup, count_once

NAMES = ("a", "b", "c", "d", "e")
bits = arrays(np.float64, (4, 5), elements=st.floats(-20, 20))
shares = st.floats(0, 1)


def slowly(row: list[float], groups: dict[str, DependenceGroup]) -> list[float]:
    out = list(row)
    for group in groups.values():
        members = [n for n, name in enumerate(NAMES) if name in group.comparisons]
        if len(members) < 2:
            continue
        best, worst = max(members, key=lambda n: row[n]), min(members, key=lambda n: row[n])
        for n in members:
            full = (n == best and row[n] > 0) or (n == worst and row[n] < 0)
            out[n] = row[n] if full else row[n] * group.share
    return out


@given(bits, shares, shares)
def test_it_is_the_slow_rule_row_by_row(found: np.ndarray, one: float, other: float) -> None:
    groups = {"x": DependenceGroup(("a", "c", "gone"), one), "y": DependenceGroup(("b", "d"), other)}
    expected = [sum(slowly(row, groups)) for row in found.tolist()]
    assert count_once(found.copy(), NAMES, groups).sum(axis=1) == pytest.approx(expected)


@given(bits, shares)
def test_it_never_says_more_than_all_of_it_nor_the_opposite(found: np.ndarray, share: float) -> None:
    counted = count_once(found.copy(), NAMES, {"x": DependenceGroup(NAMES, share)})
    assert (np.abs(counted) <= np.abs(found)).all()
    assert (counted * found >= 0).all()


def test_independent_evidence_and_lone_members_count_in_full() -> None:
    found = np.array([[3.0, 2.0, 1.0, -1.0, -2.0]])
    for group in (DependenceGroup(NAMES, 1.0), DependenceGroup(("a",), 0.0), DependenceGroup(("x", "y"), 0.0)):
        assert np.array_equal(count_once(found.copy(), NAMES, {"g": group}), found)
    once = count_once(found.copy(), NAMES, {"g": DependenceGroup(NAMES, 0.0)})
    assert once.tolist() == [[3.0, 0.0, 0.0, 0.0, -2.0]]
