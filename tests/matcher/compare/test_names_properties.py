"""The batch against one pair of names at a time; and no pair has a left and a right."""

from __future__ import annotations

from itertools import zip_longest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import Bare, bare_by_hand, known_names, people

from matcher.columns import RecordColumns
from matcher.compare.names import FATHER, MOTHER, NAME, RELATIVE, level_of
from matcher.comparison import NULL
from matcher.names.alignment import NameFeatures, compare_batch
from matcher.names.table import NameTable
from matcher.person import PersonRecord

CONTEXT = known_names()
batches = st.lists(people(with_faces=False), min_size=2, max_size=4)


def every_pair(n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.repeat(np.arange(n), n), np.tile(np.arange(n), n)


Written = list[tuple[str, str | None]]
"""Names, each with what is left of it without the words that its record says elsewhere, None where none is shared."""


def best_oracle(left: Written, right: Written) -> int:
    """Return the best level of any pair of names, each compared alone; by what is left where both share words."""
    found = []
    for whole_a, bare_a in left:
        for whole_b, bare_b in right:
            a, b = (whole_a, whole_b) if bare_a is None or bare_b is None else (bare_a, bare_b)
            table = NameTable.build((a, b))
            ids = np.array([table.ids[a]]), np.array([table.ids[b]])
            if (table.tokens[ids[0], 0] >= 0).all() and (table.tokens[ids[1], 0] >= 0).all():
                two_scripts = table.scripts[ids[0]] != table.scripts[ids[1]]
                found.append(int(level_of(compare_batch(table, *ids), two_scripts)[0]))
    return min(found, default=NULL)


@settings(max_examples=20, deadline=None)
@given(batches)
def test_the_batch_says_what_each_pair_alone_says(records: list[PersonRecord]) -> None:
    columns = RecordColumns.build(records)
    i, j = every_pair(len(records))
    nothing_shared: list[Bare] = [() for _ in records]
    fathers, mothers, _ = zip(*map(bare_by_hand, records), strict=True)
    own = [one.names[:4] for one in records]
    for comparison, names, bare in (
        (NAME, own, nothing_shared),
        (FATHER, [one.father for one in records], fathers),
        (MOTHER, [one.mother for one in records], mothers),
    ):
        written = [
            [(name.text, left) for name, left in zip_longest(*of_one)] for of_one in zip(names, bare, strict=True)
        ]
        levels = comparison.assign(columns, i, j, CONTEXT).levels
        for a, b, level in zip(i, j, levels, strict=True):
            assert level == best_oracle(written[a], written[b]), (written[a], written[b])


@settings(max_examples=20, deadline=None)
@given(batches)
def test_either_way_round(records: list[PersonRecord]) -> None:
    columns = RecordColumns.build(records)
    i, j = every_pair(len(records))
    for comparison in (NAME, FATHER, MOTHER, RELATIVE):
        there, back = comparison.assign(columns, i, j, CONTEXT), comparison.assign(columns, j, i, CONTEXT)
        assert there.levels.tolist() == back.levels.tolist(), comparison.name
        assert there.rarity == pytest.approx(back.rarity, abs=1e-4), comparison.name


@settings(max_examples=200)
@given(st.floats(0, 2), st.floats(0, 2), st.floats(0, 2), st.floats(0.7, 1))
def test_more_contradiction_is_never_a_better_level(
    agreement: float, omission: float, contradiction: float, weakest: float
) -> None:
    def level(against: float) -> int:
        parts = (agreement, omission, against, weakest, 0.5, 0.0)
        return int(level_of(NameFeatures(*(np.array([part], dtype=np.float32) for part in parts)))[0])

    assert 0 <= level(0.0) <= 5
    if agreement >= 0.75:
        assert level(0.0) <= level(contradiction)
