"""What fits into a run's memory: never more than is allowed, and more memory never means fewer cases at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.nightly.errors import MemoryTooSmall
from api.nightly.memory import MOST_AT_ONCE, MemoryBudget

megabytes = st.floats(1, 10_000)
candidates = st.integers(10, 1000)
listed = st.integers(0, 3_000_000)


def at_once(budget: MemoryBudget, cases: int) -> int:
    """Return what fits, 0 where nothing does."""
    try:
        return budget.cases_at_once(cases)
    except MemoryTooSmall:
        return 0


@given(megabytes, st.floats(0, 1000), candidates, st.integers(0, 100), listed)
def test_more_memory_fewer_candidates_and_fewer_cases_fit_no_less(
    mb: float, more: float, found: int, further: int, cases: int
) -> None:
    fits = at_once(MemoryBudget(mb, found), cases)
    assert 0 <= fits <= MOST_AT_ONCE
    assert at_once(MemoryBudget(mb + more, found), cases) >= fits
    assert at_once(MemoryBudget(mb, found + further), cases) <= fits
    assert at_once(MemoryBudget(mb, found), cases // 2) >= fits


@given(st.floats(0, 60), candidates, listed)
def test_the_least_that_is_named_suffices_and_not_much_less(mb: float, found: int, cases: int) -> None:
    with pytest.raises(MemoryTooSmall) as caught:
        MemoryBudget(mb, found).cases_at_once(cases)
    assert caught.value.needed_mb > mb
    assert at_once(MemoryBudget(caught.value.needed_mb, found), cases) >= 1
    assert at_once(MemoryBudget(caught.value.needed_mb - 1, found), cases) == 0


def test_nothing_bounds_a_run_unless_asked_to() -> None:
    assert MemoryBudget.unlimited().cases_at_once(10_000_000) == MOST_AT_ONCE
