"""Rivals: the probabilities of one group are those of a choice among its members or none, computed the slow way."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_people import known_names, person

from matcher.columns import RecordColumns
from matcher.model import MatchModel
from matcher.rivals import alike_rivals, rival_bits
from matcher.scoring import to_probability

weights = st.lists(st.tuples(st.floats(-60, 60), st.integers(0, 3)), min_size=1, max_size=25)
chances = st.floats(0.01, 1.0)


@given(weights, chances)
def test_it_is_the_slow_sum_over_the_others(pairs: list[tuple[float, int]], none: float) -> None:
    weight, group = (np.array(column) for column in zip(*pairs, strict=True))
    bits = rival_bits(weight, group, none)
    for n, (_, mine) in enumerate(pairs):
        others = math.fsum(2.0**bit for m, (bit, theirs) in enumerate(pairs) if theirs == mine and m != n)
        assert bits[n] == pytest.approx(-math.log2(none + others), abs=1e-5)


@given(weights, chances)
def test_the_probabilities_of_a_group_and_of_none_add_up_to_one(pairs: list[tuple[float, int]], none: float) -> None:
    weight, group = (np.array(column) for column in zip(*pairs, strict=True))
    probability = to_probability(weight + rival_bits(weight, group, none))
    total = np.bincount(group, probability)
    nobody = none / (none + np.bincount(group, np.exp2(weight)))
    present = np.bincount(group) > 0
    assert (total + nobody)[present] == pytest.approx(np.ones(present.sum()), abs=1e-4)


@given(weights, chances)
def test_who_is_ahead_stays_ahead(pairs: list[tuple[float, int]], none: float) -> None:
    weight, group = (np.array(column) for column in zip(*pairs, strict=True))
    after = weight + rival_bits(weight, group, none)
    for number in range(4):
        mine = np.flatnonzero(group == number)
        order = mine[np.argsort(weight[mine], kind="stable")]
        assert (np.diff(after[order]) >= -1e-4).all()


def test_a_lone_pair_gains_no_more_than_the_chance_of_having_none_gives() -> None:
    assert rival_bits(np.array([3.0]), np.array([0]), 1.0).tolist() == [0.0]
    assert rival_bits(np.array([3.0]), np.array([0]), 0.4)[0] == pytest.approx(-math.log2(0.4), abs=1e-5)
    assert len(rival_bits(np.zeros(0), np.zeros(0, dtype=np.int64), 0.4)) == 0


def test_a_report_of_the_same_child_does_not_compete() -> None:
    weight, group = np.array([6.0, 6.0, 2.0]), np.array([0, 0, 0])
    alike = np.array([0]), np.array([1]), np.array([1.0])
    with_likeness, without = rival_bits(weight, group, 0.4, alike), rival_bits(weight, group, 0.4)
    assert with_likeness[0] == with_likeness[1] == pytest.approx(-math.log2(0.4 + 4.0), abs=1e-5)
    assert without[0] == pytest.approx(-math.log2(0.4 + 4.0 + 64.0), abs=1e-5)
    assert with_likeness[2] == without[2]


def test_likeness_is_asked_of_the_plausible_ones_of_one_group_only() -> None:
    model = MatchModel.load()
    her = person(names="Balaiamlang Kharbuli", father="Shanbor Nongrum", birth=date(2011, 5, 30))
    records = [her, her, person(names="Rafiqul Islam", father="Abdul Karim"), her, her]
    columns = RecordColumns.build(records)
    weight = np.array([5.0, 4.0, 3.0, -9.0, 5.0])
    group = np.array([0, 0, 0, 0, 1])
    first, second, probability = alike_rivals(columns, weight, group, np.arange(5), known_names(), model, 1000)
    found = {tuple(sorted(pair)): p for *pair, p in zip(first.tolist(), second.tolist(), probability, strict=True)}
    assert set(found) == {(0, 1), (0, 2), (1, 2)}
    assert found[0, 1] > 0.9
    assert found[0, 2] < 0.01
    assert found[1, 2] < 0.01
