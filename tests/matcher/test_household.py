"""Siblings: what a family has in common lifts a pair so far and no further; what is the child's own still tells."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_people import known_names, person

from matcher.dependence import DependenceGroup
from matcher.household import HOUSEHOLD, SIBLINGS, bits_of_mixed_names, sibling_bits
from matcher.model import Grade, MatchModel
from matcher.person import Place, Sex, Side
from matcher.scoring import score_pair

NAMES = ("name", "father", "mother", "origin", "sex", "age")
GROUPS = {"family": DependenceGroup(("name", "father", "mother"), 0.5)}
NOT_MIXED = (np.array([False]), 0.0)
evidence = st.lists(st.floats(-15, 15), min_size=6, max_size=6)


def after(bits: list[float], prior: float, share: float = 0.05) -> float:
    """Return the weight of independent evidence with siblings allowed for."""
    raw = np.array([bits])
    weight = prior + raw.sum(axis=1)
    return float((weight + sibling_bits(raw, weight, NAMES, {}, share, NOT_MIXED))[0])


@given(evidence, st.floats(-20, 0), st.floats(0.001, 1.0))
def test_it_is_the_harmonic_sum_of_two_odds(bits: list[float], prior: float, share: float) -> None:
    own = sum(bit for name, bit in zip(NAMES, bits, strict=True) if name not in HOUSEHOLD)
    odds = 1 / (1 / 2 ** (prior + sum(bits)) + share / 2**own)
    assert after(bits, prior, share) == pytest.approx(math.log2(odds), abs=0.051)


@given(evidence, st.floats(-20, 0), st.integers(0, 5), st.floats(0, 10))
def test_more_evidence_never_lowers_a_pair(bits: list[float], prior: float, place: int, more: float) -> None:
    better = [bit + more * (number == place) for number, bit in enumerate(bits)]
    assert after(better, prior) >= after(bits, prior) - 1e-9


def test_a_household_lifts_no_further_than_the_chance_of_siblings() -> None:
    assert after([0.0, 12.0, 12.0, 12.0, 0.0, 0.0], -13.0) == pytest.approx(0.05 - math.log2(0.05), abs=1e-3)
    assert after([8.0, 12.0, 12.0, 12.0, 0.0, 0.0], -13.0) == pytest.approx(8.05 - math.log2(0.05), abs=1e-3)
    assert after([0.0, 12.0, 12.0, 12.0, 0.0, 0.0], -13.0, 0.0) == pytest.approx(23.0)


def test_the_surname_in_common_tells_nothing_against_a_sister() -> None:
    raw = np.array([[1.0, 12.0, 12.0, 12.0, 0.0, 0.0]])
    weight = -13.0 + raw.sum(axis=1)
    bits = sibling_bits(raw, weight, NAMES, {}, 0.05, (np.array([True]), bits_of_mixed_names(0.02)))
    assert weight[0] + bits[0] == pytest.approx(0.05 + math.log2(0.02 / 0.8) - math.log2(0.05), abs=1e-3)


def test_within_a_group_what_is_her_own_counts_in_full_against_a_sister() -> None:
    raw = np.array([[6.0, 9.0, 9.0, 9.0, 0.0, 0.0]])
    weight = np.array([-13.0 + 9.0 + 0.5 * 15.0 + 9.0])
    bits = sibling_bits(raw, weight, NAMES, GROUPS, 0.05, NOT_MIXED)
    assert bits[0] == pytest.approx(0.05 - math.log2(1 + 0.05 * 2 ** (weight[0] - 6.0)))


def test_a_brother_is_not_the_missing_girl_and_she_is_still_herself() -> None:
    home = Place("India", "West Bengal", "South 24 Parganas", "Gosaba")
    family = {"father": "Gopal Mondal", "mother": "Rekha Mondal", "origin": home}
    report = person(names="Sunita Mondal", sex=Sex.FEMALE, **family)
    model = MatchModel.load()

    def scored(name: str, sex: Sex) -> tuple[Grade, dict[str, float]]:
        rescued = person(side=Side.RESCUED, names=name, sex=sex, **family)
        found = score_pair(report, rescued, known_names(), model, 5000)
        assert sum(part.bits for part in found.contributions) == pytest.approx(found.weight)
        return found.grade, {part.comparison: part.bits for part in found.contributions}

    herself, parts = scored("Sunita Mondal", Sex.FEMALE)
    assert herself is Grade.CERTAIN
    assert parts[SIBLINGS] < -0.5
    assert scored("Malati Mondal", Sex.FEMALE)[0].rank < Grade.PROBABLE.rank
    assert scored("Biswajit Mondal", Sex.MALE)[0].rank < Grade.PROBABLE.rank
