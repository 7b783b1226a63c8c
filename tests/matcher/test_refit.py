"""What decided pairs teach: shares that fit, shifts in the right direction, and nothing where nothing was decided."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from matcher.comparison import NULL, LevelResult
from matcher.dependence import DependenceGroup
from matcher.model import ComparisonLevel, ComparisonWeights, MatchModel
from matcher.refit import DecidedPairs, fit_dependence, log_loss, refit

M, U = np.array([0.8, 0.15, 0.05]), np.array([0.04, 0.16, 0.8])
LABELS = ("equal", "close", "different")


def model_of(*names: str, share: float = 1.0) -> MatchModel:
    levels = tuple(ComparisonLevel(*row) for row in zip(LABELS, M.tolist(), U.tolist(), strict=True))
    groups = {"g": DependenceGroup(names, share)}
    return MatchModel("v", {name: ComparisonWeights(levels, (0.0,) * 3) for name in names}, groups, report_share=0.5)


def drawn(rng: np.random.Generator, is_match: np.ndarray, m: np.ndarray = M, u: np.ndarray = U) -> np.ndarray:
    n = len(is_match)
    return np.where(is_match, rng.choice(3, n, p=m), rng.choice(3, n, p=u)).astype(np.int8)


def test_the_log_loss_is_that_of_the_probabilities() -> None:
    weight, truth = np.array([0.0, 3.0, -3.0, 400.0]), np.array([True, True, True, False])
    p = 1 / (1 + 2.0 ** -weight[:3])
    assert log_loss(weight, truth) == pytest.approx(-np.log(p).sum() + 400 * np.log(2))


def test_two_comparisons_that_say_one_thing_share_it_and_independent_ones_do_not() -> None:
    rng = np.random.default_rng(5)
    is_match = rng.random(6000) < 0.5
    one, other = drawn(rng, is_match), drawn(rng, is_match)
    for second, low, high in ((one, 0.0, 0.1), (other, 0.85, 1.0)):
        pairs = DecidedPairs({"a": LevelResult.plain(one), "b": LevelResult.plain(second)}, is_match)
        share = fit_dependence(model_of("a", "b", share=0.5), pairs, 0.0).groups["g"].share
        assert low <= share <= high


def test_where_the_pairs_do_not_tell_the_share_stays() -> None:
    nobody = LevelResult.plain(np.full(10, NULL, dtype=np.int8))
    pairs = DecidedPairs({"a": nobody, "b": nobody}, np.arange(10) < 5)
    assert fit_dependence(model_of("a", "b", share=0.35), pairs, 0.0) == model_of("a", "b", share=0.35)


def test_rarity_counts_as_far_as_it_tells() -> None:
    rng = np.random.default_rng(6)
    is_match = rng.random(8000) < 0.5
    levels = np.zeros(8000, dtype=np.int8)
    # Among agreements of two people, common names: the log-likelihood ratio is the rarity itself.
    rarity = np.where(is_match, rng.normal(3, 1, 8000), rng.normal(0, 1, 8000)).astype(np.float32)
    part = replace(model_of("name").comparisons["name"], rarity_scale=0.1)
    model = replace(model_of("name"), comparisons={"name": part}, groups={})
    found = fit_dependence(model, DecidedPairs({"name": LevelResult(levels, rarity)}, is_match), 0.0)
    assert found.comparisons["name"].rarity_scale > 0.5


def test_shifts_move_a_wrong_model_towards_the_decisions() -> None:
    rng = np.random.default_rng(7)
    is_match = rng.random(4000) < 0.5
    m = np.array([0.4, 0.3, 0.3])  # names are garbled more often than the model thinks
    pairs = DecidedPairs({"a": LevelResult.plain(drawn(rng, is_match, m))}, is_match)
    before = model_of("a")
    after = refit(before, pairs, 0.0, deviation=3.0, constant=False)
    expected = np.log2(m / U)
    assert after.comparisons["a"].weights() == pytest.approx(expected, abs=0.5)
    few = DecidedPairs({"a": LevelResult.plain(pairs.levels["a"].levels[:6])}, is_match[:6])
    hardly = refit(before, few, 0.0, deviation=0.2)
    assert np.abs(hardly.comparisons["a"].weights() - before.comparisons["a"].weights()).max() < 0.2


def test_how_many_were_confirmed_says_nothing_about_how_common_matches_are() -> None:
    rng = np.random.default_rng(8)
    is_match = rng.random(4000) < 0.9  # people looked at the best suggestions
    pairs = DecidedPairs({"a": LevelResult.plain(drawn(rng, is_match))}, is_match)
    after = refit(model_of("a"), pairs, 0.0)
    assert [level.shift for level in after.comparisons["a"].levels] == pytest.approx([0, 0, 0], abs=0.35)
    taken = refit(model_of("a"), pairs, 0.0, constant=False)
    assert taken.comparisons["a"].levels[2].shift > 1  # with no constant the levels must carry it


def test_nothing_decided_changes_nothing_and_one_kind_of_decision_is_no_catastrophe() -> None:
    model = model_of("a")
    nothing = DecidedPairs({"a": LevelResult.plain(np.zeros(0, dtype=np.int8))}, np.zeros(0, dtype=bool))
    assert refit(model, nothing, 0.0) == model
    all_yes = DecidedPairs({"a": LevelResult.plain(np.zeros(30, dtype=np.int8))}, np.ones(30, dtype=bool))
    assert abs(refit(model, all_yes, 0.0).comparisons["a"].levels[0].shift) < 0.5


def test_shifts_survive_the_file() -> None:
    rng = np.random.default_rng(9)
    is_match = rng.random(500) < 0.5
    pairs = DecidedPairs({"a": LevelResult.plain(drawn(rng, is_match, M[::-1]))}, is_match)
    model = refit(model_of("a"), pairs, 0.0)
    assert any(level.shift for level in model.comparisons["a"].levels)
    assert MatchModel.from_json(model.to_json()) == model
