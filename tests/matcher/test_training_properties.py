"""Each round of expectation and maximisation raises the likelihood; thresholds meet a slow search over every cut."""

from __future__ import annotations

import itertools
import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.comparison import LevelResult
from matcher.model import ComparisonLevel, ComparisonWeights, MatchModel
from matcher.training import choose_thresholds, em_weights

LABELS = ("equal", "close", "different")
START_M, START_U = (0.6, 0.25, 0.15), (0.1, 0.2, 0.7)
STRENGTH = 20.0


def start() -> MatchModel:
    levels = tuple(ComparisonLevel(*row) for row in zip(LABELS, START_M, START_U, strict=True))
    return MatchModel("v", {name: ComparisonWeights(levels, (0.0,) * 3) for name in "abc"})


def log_likelihood(model: MatchModel, share: float, columns: dict[str, list[int]]) -> float:
    """Return the log of how likely the levels are, the prior's imagined pairs included, pair by pair."""
    total = 0.0
    for pair in zip(*columns.values(), strict=True):
        same, other = share, 1 - share
        for name, level in zip(columns, pair, strict=True):
            if level >= 0:
                same *= model.comparisons[name].levels[level].m
                other *= model.comparisons[name].levels[level].u
        total += math.log(same + other)
    for name in columns:
        total += sum(STRENGTH * m * math.log(model.comparisons[name].levels[n].m) for n, m in enumerate(START_M))
    return total


three = st.tuples(*[st.integers(-1, 2)] * 3)


@settings(max_examples=40, deadline=None)
@given(st.lists(three, min_size=1, max_size=60))
def test_every_round_of_em_raises_the_likelihood(pairs: list[tuple[int, int, int]]) -> None:
    columns = {name: [pair[n] for pair in pairs] for n, name in enumerate("abc")}
    levels = {name: LevelResult.plain(np.array(column, dtype=np.int8)) for name, column in columns.items()}
    heights = []
    for rounds in (1, 2, 3, 6, 12):
        model, share = em_weights(start(), levels, iterations=rounds, prior_strength=STRENGTH)
        if 1e-9 < share < 0.9:  # at the bounds the share is held, not fitted
            heights.append(log_likelihood(model, share, columns))
        for part in model.comparisons.values():
            assert abs(sum(level.m for level in part.levels) - 1) < 1e-6
    for lower, higher in itertools.pairwise(heights):
        assert higher >= lower - 1e-6


@settings(max_examples=40, deadline=None)
@given(st.lists(three, min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_pairs_does_not_matter(pairs: list[tuple[int, int, int]], random: object) -> None:
    mixed = list(pairs)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    results = []
    for some in (pairs, mixed):
        levels = {
            name: LevelResult.plain(np.array([pair[n] for pair in some], dtype=np.int8)) for n, name in enumerate("abc")
        }
        results.append(em_weights(start(), levels, iterations=5))
    assert math.isclose(results[0][1], results[1][1], rel_tol=1e-6)
    for name in "abc":
        m = [[level.m for level in result[0].comparisons[name].levels] for result in results]
        assert np.allclose(*m)


labelled = st.lists(st.tuples(st.integers(0, 20).map(lambda n: n / 20), st.booleans()), max_size=40)


def lowest_cut(pairs: list[tuple[float, bool]], target: float, default: float) -> float:
    """Try every probability as a cut and keep the lowest that holds the precision."""
    good = []
    for cut in {probability for probability, _ in pairs}:
        accepted = [match for probability, match in pairs if probability >= cut]
        if sum(accepted) >= target * len(accepted):
            good.append(cut)
    return min(good, default=default)


@settings(max_examples=200)
@given(labelled)
def test_thresholds_against_a_slow_search(pairs: list[tuple[float, bool]]) -> None:
    found = choose_thresholds(np.array([p for p, _ in pairs]), np.array([match for _, match in pairs], dtype=bool))
    probable = min(max(lowest_cut(pairs, 0.95, 0.75), 0.5), 0.95)
    assert found.probable == math.ceil(probable * 1000) / 1000
    assert found.certain == round(min(max(lowest_cut(pairs, 0.99, 0.98), 1 - (1 - probable) / 4), 0.995), 3)
    assert found.possible < found.probable < found.certain < 1
