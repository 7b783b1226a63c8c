"""Whatever is guarded or joined for a cell comes back as it was, and no cell is left that a spreadsheet would run."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.imports.cells import ERROR_TEXTS, guard, guard_value, join_values, split_values, unguard, unguard_all

RISKY = "=+-@＝＋－＠\t\r\n' \"|\\;,a१"
TEXTS = (
    st.sampled_from([mark + text for text in sorted(ERROR_TEXTS) for mark in ("", "'", "''")])
    | st.text()
    | st.text(alphabet=RISKY, max_size=8)
)


@given(TEXTS)
@example("+91 98301 55501")
@example("'=1")
@example("''＋1")
def test_a_guarded_text_comes_back(text: str) -> None:
    assert unguard(guard(text)) == text
    assert unguard(guard_value(text)) == text
    assert guard_value(text) not in ERROR_TEXTS


@given(TEXTS)
def test_no_guarded_text_begins_like_a_formula(text: str) -> None:
    guarded = guard(text)
    assert not guarded.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n"))
    assert not guarded.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


@given(st.text(alphabet="abc 'ñ१", max_size=8))
def test_an_apostrophe_before_anything_else_is_the_writers(text: str) -> None:
    assert unguard("'" + text) == "'" + text


@given(st.lists(TEXTS, max_size=5))
def test_cells_are_guarded_one_by_one(cells: list[str]) -> None:
    assert unguard_all(map(guard, cells)) == tuple(cells)


@given(st.lists(TEXTS.map(str.strip).filter(bool), max_size=5))
def test_joined_values_come_back(values: list[str]) -> None:
    assert split_values(join_values(values)) == tuple(values)


@given(TEXTS)
def test_without_a_backslash_a_cell_is_cut_at_every_bar(text: str) -> None:
    bare = text.replace("\\", "")
    assert split_values(bare) == tuple(part.strip() for part in bare.split("|") if part.strip())


@pytest.mark.parametrize(
    ("cell", "values"),
    [(r"a\|b|c", ("a|b", "c")), (r"a\\|b", ("a\\", "b")), (r"C:\new|x", (r"C:\new", "x")), ("a\\", ("a\\",))],
)
def test_bars_and_backslashes_within_a_value(cell: str, values: tuple[str, ...]) -> None:
    assert split_values(cell) == values
