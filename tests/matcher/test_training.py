"""Training finds the m, u and share that a sample was made with, and thresholds that keep their word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_people import known_names, person

from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.comparison import NULL, Comparison, LevelResult
from matcher.model import ComparisonLevel, ComparisonWeights, MatchModel, Thresholds
from matcher.scoring import FACE_NAME
from matcher.training import (
    PRIOR_LEVELS,
    STRANGERS_ALERTED,
    TrainingPairs,
    choose_thresholds,
    em_weights,
    prior_model,
    random_pairs,
    train_supervised,
    u_from_random,
)

CONTEXT = known_names()
M, U = np.array([0.8, 0.15, 0.05]), np.array([0.04, 0.16, 0.8])
LABELS = ("equal", "close", "different")


def drawn(rng: np.random.Generator, shares: np.ndarray, n: int) -> np.ndarray:
    return rng.choice(len(shares), n, p=shares).astype(np.int8)


def fixed(name: str, levels: np.ndarray) -> Comparison:
    """Return a comparison whose level is looked up by the left row."""
    return Comparison(name, "?", LABELS, lambda _columns, i, _j, _context: LevelResult.plain(levels[i]))


def model_of(*names: str, m: tuple[float, ...] = (0.6, 0.25, 0.15)) -> MatchModel:
    levels = tuple(ComparisonLevel(label, a, float(b)) for label, a, b in zip(LABELS, m, U, strict=True))
    return MatchModel("v", {name: ComparisonWeights(levels, (0.0,) * 3) for name in names})


def m_of(model: MatchModel, name: str) -> list[float]:
    return [level.m for level in model.comparisons[name].levels]


def u_of(model: MatchModel, name: str) -> list[float]:
    return [level.u for level in model.comparisons[name].levels]


def rows(*numbers: np.ndarray) -> np.ndarray:
    return np.stack([np.concatenate(numbers)] * 2, axis=1)


def test_the_prior_is_a_model_of_probabilities() -> None:
    model = prior_model("p")
    assert set(PRIOR_LEVELS) == set(model.comparisons) == {comparison.name for comparison in COMPARISONS}
    for name, part in model.comparisons.items():
        assert sum(level.m for level in part.levels) == pytest.approx(1.0), name
        assert sum(level.u for level in part.levels) == pytest.approx(1.0, abs=1e-4), name
        weights = part.weights()
        assert name == FACE_NAME or weights[0] > 0 > weights[-1], name
    extra = prior_model("p", [fixed("extra:c", np.zeros(1, dtype=np.int8))])
    assert extra.comparisons["extra:c"].weights()[0] > 5


def test_supervised_training_recovers_known_m_and_u() -> None:
    rng = np.random.default_rng(1)
    n = 20_000
    levels = np.concatenate([drawn(rng, M, n), drawn(rng, U, n)])
    pairs = TrainingPairs(
        RecordColumns.build([person()]), CONTEXT, rows(np.arange(n)), *[rows(np.arange(n, 2 * n))] * 2
    )
    model = train_supervised(pairs, "t", [fixed("extra:c", levels)])
    assert m_of(model, "extra:c") == pytest.approx(M, abs=0.012)
    assert u_of(model, "extra:c") == pytest.approx(U, abs=0.012)
    assert model.version == "t"


def test_without_data_the_prior_stays() -> None:
    nothing = np.zeros((0, 2), dtype=np.int64)
    pairs = TrainingPairs(RecordColumns.build([person()]), CONTEXT, nothing, nothing, nothing)
    trained, prior = train_supervised(pairs, "p"), prior_model("p")
    for name, part in prior.comparisons.items():
        assert m_of(trained, name) == pytest.approx(np.maximum([level.m for level in part.levels], 2e-3), rel=1e-3)
        assert u_of(trained, name) == pytest.approx([level.u for level in part.levels], rel=1e-2)


def test_a_level_never_seen_is_unlikely_and_not_impossible() -> None:
    levels = np.zeros(5000, dtype=np.int8)
    pairs = TrainingPairs(RecordColumns.build([person()]), CONTEXT, *[rows(np.arange(5000))] * 3)
    model = train_supervised(pairs, "t", [fixed("extra:c", levels)], prior_strength=0.0)
    assert min(m_of(model, "extra:c")) >= 2e-3
    assert min(u_of(model, "extra:c")) >= 1e-6


def test_what_the_sample_cannot_teach_keeps_the_prior() -> None:
    levels = np.full(100, 2, dtype=np.int8)
    pairs = TrainingPairs(RecordColumns.build([person()]), CONTEXT, *[rows(np.arange(100))] * 3)
    kept = train_supervised(pairs, "t", [fixed("extra:c", levels)], keep=("extra:c",))
    assert kept.comparisons == prior_model("t", [fixed("extra:c", levels)]).comparisons


def test_em_recovers_m_and_the_share_without_labels() -> None:
    rng = np.random.default_rng(2)
    n, share = 8000, 0.2
    match = rng.random(n) < share
    names = ("a", "b", "c", "d")
    levels = {
        name: LevelResult.plain(np.where(match, drawn(rng, M, n), drawn(rng, U, n)).astype(np.int8)) for name in names
    }
    model, found = em_weights(model_of(*names), levels, iterations=60)
    assert found == pytest.approx(share, abs=0.02)
    for name in names:
        assert m_of(model, name) == pytest.approx(M, abs=0.04)
        assert u_of(model, name) == pytest.approx(U)


def test_em_over_chosen_candidates_gives_the_share_of_all_pairs() -> None:
    rng = np.random.default_rng(3)
    total, share = 200_000, 0.004
    match = rng.random(total) < share
    names = ("a", "b", "c", "d")
    levels = {name: np.where(match, drawn(rng, M, total), drawn(rng, U, total)).astype(np.int8) for name in names}
    chosen = sum((level == 0).astype(int) for level in levels.values()) >= 1
    model, found = em_weights(
        model_of(*names),
        {name: LevelResult.plain(level[chosen]) for name, level in levels.items()},
        total_pairs=total,
    )
    assert found == pytest.approx(share, rel=0.25)
    assert m_of(model, "a")[0] > 0.7


def test_em_passes_over_unknown_and_stops_at_nothing() -> None:
    model = model_of("a")
    assert em_weights(model, {}) == (model, 0.0)
    assert em_weights(model, {"a": LevelResult.plain(np.array([], dtype=np.int8))}) == (model, 0.0)
    unknown = LevelResult.plain(np.full(50, NULL, dtype=np.int8))
    assert m_of(em_weights(model, {"a": unknown})[0], "a") == pytest.approx(m_of(model, "a"))


def test_em_counts_a_rare_agreement_for_more() -> None:
    part = replace(model_of("a").comparisons["a"], rarity_scale=1.0)
    levels = np.array([0] * 50 + [2] * 950, dtype=np.int8)
    shares = []
    for rarity in (-6.0, 0.0, 6.0):
        bits = np.where(levels == 0, rarity, 0.0).astype(np.float32)
        shares.append(em_weights(MatchModel("v", {"a": part}), {"a": LevelResult(levels, bits)}, iterations=3)[1])
    assert shares == sorted(shares)
    assert shares[0] < shares[2]


def test_u_from_random_pairs_leaves_m_alone() -> None:
    rng = np.random.default_rng(4)
    levels = drawn(rng, np.array([0.3, 0.3, 0.4]), 20_000)
    model = model_of("a")
    columns = RecordColumns.build([person()])
    found = u_from_random(model, columns, rows(np.arange(20_000)), CONTEXT, [fixed("a", levels), fixed("z", levels)])
    assert u_of(found, "a") == pytest.approx([0.3, 0.3, 0.4], abs=0.015)
    assert m_of(found, "a") == m_of(model, "a")
    assert set(found.comparisons) == {"a"}
    unknown = fixed("a", np.full(9, NULL, dtype=np.int8))
    assert u_from_random(model, columns, rows(np.arange(9)), CONTEXT, [unknown]) == model


def test_random_pairs_are_seeded_and_cross_the_sides() -> None:
    left, right = np.arange(10), np.arange(10, 40)
    pairs = random_pairs(left, right, 2000, 7)
    assert pairs.shape == (2000, 2)
    assert np.array_equal(pairs, random_pairs(left, right, 2000, 7))
    assert not np.array_equal(pairs, random_pairs(left, right, 2000, 8))
    assert set(pairs[:, 0]) == set(left)
    assert set(pairs[:, 1]) == set(right)


def test_neighbours_are_of_one_region_where_there_are_any() -> None:
    region = np.array([0] * 5 + [1] * 5 + [0] * 10 + [1] * 10 + [2] * 5 + [-1] * 5, dtype=np.int32)
    left, right = np.arange(10), np.arange(10, 40)
    pairs = random_pairs(left, right, 4000, 7, region)
    a, b = region[pairs[:, 0]], region[pairs[:, 1]]
    assert (a == b)[(b == 0) | (b == 1)].all()
    assert set(pairs[b == 2, 0]) == set(pairs[b == -1, 0]) == set(left)  # nobody of region 2: anybody
    assert set(pairs[:, 1]) == set(right)


def test_what_goes_by_region_is_counted_among_neighbours() -> None:
    region = np.array([2] * 1000 + [0] * 1000, dtype=np.int8)
    pairs = TrainingPairs(
        RecordColumns.build([person()]),
        CONTEXT,
        np.zeros((0, 2), dtype=np.int64),
        random=rows(np.arange(1000)),
        neighbours=rows(np.arange(1000, 2000)),
    )
    model = train_supervised(pairs, "t", [fixed("extra:c", region), fixed("remembered", region)], keep=())
    assert u_of(model, "extra:c")[0] > 0.9 > 0.1 > u_of(model, "remembered")[0]


def test_thresholds_of_nothing_are_the_defaults() -> None:
    none = choose_thresholds(np.array([]), np.array([], dtype=bool))
    assert none == Thresholds(certain=0.98, probable=0.75, possible=0.02)


def test_strangers_are_left_in_peace() -> None:
    rng = np.random.default_rng(4)
    # 2,000 people with a match that is nearly certain, 2,000 without, each with one candidate anywhere below .9.
    probability = np.concatenate([rng.uniform(0.9, 1.0, 2000), rng.uniform(0.0, 0.9, 2000)])
    is_match, rescued = np.arange(4000) < 2000, np.arange(4000)
    loud, quiet = choose_thresholds(probability, is_match), choose_thresholds(probability, is_match, rescued)
    assert loud.probable < quiet.probable
    alerted = (probability[2000:] >= quiet.probable).mean()
    assert 0.001 <= alerted <= STRANGERS_ALERTED


def test_pairs_of_one_probability_stand_or_fall_together() -> None:
    probability = np.array([0.93] * 50 + [0.8] * 50)
    for is_match in (np.arange(100) < 75, np.arange(100)[::-1] >= 25):
        assert choose_thresholds(probability, is_match).probable == 0.93
