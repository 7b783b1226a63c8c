"""The model survives a round trip through JSON, refuses impossible ones, and turns numbers into grades and bits."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher import model as model_module
from matcher.compare import COMPARISONS
from matcher.errors import ModelCorrupt, ModelMissing
from matcher.model import ComparisonLevel, ComparisonWeights, Grade, MatchModel, Thresholds
from matcher.training import prior_model


def test_round_trip(model: MatchModel) -> None:
    for one in (model, prior_model("p")):
        assert MatchModel.from_json(json.loads(json.dumps(one.to_json()))) == one


def test_the_shipped_model_knows_every_comparison(model: MatchModel) -> None:
    assert set(model.comparisons) == {comparison.name for comparison in COMPARISONS}
    for part in model.comparisons.values():
        assert np.isfinite(part.weights()).all()


def test_a_level_weighs_log2_of_m_over_u() -> None:
    assert ComparisonLevel("x", 0.8, 0.1).weight == pytest.approx(3.0)
    part = ComparisonWeights((ComparisonLevel("x", 0.5, 0.25), ComparisonLevel("y", 0.5, 0.75)), (0.0, 0.0))
    assert part.weights() == pytest.approx([1.0, math.log2(2 / 3)])


def _drop(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(value: dict[str, Any]) -> None:
        for key in path[:-1]:
            value = value[key]
        del value[path[-1]]

    return change


def _put(new: Any, *path: Any) -> Callable[[dict[str, Any]], None]:
    def change(value: Any) -> None:
        for key in path[:-1]:
            value = value[key]
        value[path[-1]] = new

    return change


@pytest.mark.parametrize(
    "change",
    [
        _drop("version"),
        _drop("comparisons"),
        _drop("thresholds"),
        _drop("comparisons", "sex", "levels"),
        _put("same", "comparisons", "sex", "levels", 0, "label"),
        _put(0.0, "comparisons", "sex", "levels", 0, "u"),
        _put(-0.5, "comparisons", "sex", "levels", 0, "m"),
        _put("much", "comparisons", "sex", "levels", 0, "m"),
        _put([], "comparisons", "sex", "rarity_mean"),
        _put([], "comparisons"),
        _put(0, "report_share"),
        _put({"sure": 1}, "thresholds"),
    ],
)
def test_what_is_no_model_is_refused_with_the_command(model: MatchModel, change: Callable[[Any], None]) -> None:
    value = copy.deepcopy(model.to_json())
    change(value)
    with pytest.raises(ModelCorrupt, match="run: sandhan train evidence"):
        MatchModel.from_json(value)


def test_a_missing_model_says_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_module, "SHIPPED", "not-there.json")
    with pytest.raises(ModelMissing, match="run: sandhan train evidence"):
        MatchModel.load.__wrapped__(MatchModel)  # type: ignore[attr-defined]


def test_grades_start_at_their_thresholds() -> None:
    model = MatchModel("v", {}, thresholds=Thresholds(certain=0.9, probable=0.5, possible=0.1))
    found = [model.grade(p) for p in (1.0, 0.9, 0.899, 0.5, 0.499, 0.1, 0.099, 0.0)]
    assert found == [
        Grade.CERTAIN, Grade.CERTAIN, Grade.PROBABLE, Grade.PROBABLE, Grade.POSSIBLE, Grade.POSSIBLE,
        Grade.CERTAINLY_NOT, Grade.CERTAINLY_NOT,
    ]  # fmt: skip
    assert [grade.rank for grade in (Grade.CERTAIN, Grade.PROBABLE, Grade.POSSIBLE, Grade.CERTAINLY_NOT)] == [
        3,
        2,
        1,
        0,
    ]


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_probability_never_has_a_lower_grade(a: float, b: float) -> None:
    model = MatchModel("v", {})
    low, high = sorted((a, b))
    assert model.grade(low).rank <= model.grade(high).rank


@given(st.integers(1, 10**9))
def test_the_prior_falls_with_the_number_of_reports(reports: int) -> None:
    model = MatchModel("v", {}, report_share=0.6)
    assert model.prior_bits(reports + 1) <= model.prior_bits(reports)
    odds = 0.6 / reports / (1 - 0.6 / reports)
    assert model.prior_bits(reports) == pytest.approx(math.log2(odds))


def test_the_prior_of_nobody_is_the_prior_of_one() -> None:
    model = MatchModel("v", {})
    assert model.prior_bits(0) == model.prior_bits(1)
    assert math.isfinite(MatchModel("v", {}, report_share=1.0).prior_bits(1))
