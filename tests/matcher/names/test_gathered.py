"""Are numbers of one table turned into those of another as a plain loop would?"""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matcher.names.gathered import distinct, first_of, gather_names, renumbered
from matcher.names.table import NameTable
from matcher.texts import parse_text

NUMBERS = st.lists(st.integers(-1, 40), max_size=60)


@given(NUMBERS, st.sampled_from([41, 100, 10_000]))
def test_distinct_is_a_set(numbers: list[int], size: int) -> None:
    found = distinct(np.array(numbers, dtype=np.int32), size)
    assert found.dtype == np.int64
    assert found.tolist() == sorted({number for number in numbers if number >= 0})


@given(NUMBERS, st.data())
def test_renumbered_is_a_dictionary(numbers: list[int], data: st.DataObject) -> None:
    used = sorted({number for number in numbers if number >= 0})
    new = data.draw(st.lists(st.integers(0, 99), min_size=len(used), max_size=len(used)))
    of = dict(zip(used, new, strict=True)) | {-1: -1}
    found = renumbered(np.array(numbers, dtype=np.int32), np.array(used, dtype=np.int64), np.array(new, dtype=np.int32))
    assert found.tolist() == [of[number] for number in numbers]


@given(st.lists(st.integers(0, 9), max_size=30))
def test_first_of_is_where_each_was_first_met(values: list[int]) -> None:
    met = list(dict.fromkeys(values))
    ids = np.array([met.index(value) for value in values], dtype=np.int64)
    assert first_of(ids, len(met)).tolist() == [values.index(value) for value in met]


def test_one_text_of_several_tables_is_one() -> None:
    one, other = (NameTable.build(texts, parse_text) for texts in (["Lake Road", "Mill"], ["—", "Mill", "Lake Road"]))
    table, (first, second) = gather_names(
        [(one, np.array([1, 0])), (other, np.array([0, 2, 1]))], texts=True, counted=True
    )
    assert list(table.names) == ["Mill", "Lake Road", "—"]
    assert (first.tolist(), second.tolist()) == ([0, 1], [2, 1, 0])
    assert table.joined[2] == -1
    built = NameTable.build(["Mill", "Lake Road", "—"], parse_text)
    for name in ("keys", "weights", "initials", "written", "scripts"):
        assert np.array_equal(getattr(table, name), getattr(built, name))
    heard, expected = (
        [[held.vocabulary[word] for word in row if word >= 0] for row in held.tokens] for held in (table, built)
    )
    assert heard == expected
    assert len(table.read) == len(built.read) == 3


def test_what_is_not_counted_is_not_read() -> None:
    one = NameTable.build(["Sunita Devi", "Asha"])
    table, _ = gather_names([(one, np.array([0]))], texts=False, counted=False)
    assert (len(table), len(table.names), len(table.read)) == (1, 0, 0)
    assert "asha" not in table.vocabulary
