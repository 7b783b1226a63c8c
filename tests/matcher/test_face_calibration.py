"""Do a model's numbers move with decisions, and do shares and mistakes read as they should?"""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.errors import ModelCorrupt
from matcher.face_calibration import FaceCalibration, calibrations_of, share_words, shipped_calibrations

(DLIB,) = shipped_calibrations().values()


def decided(count: int, genuine: float, impostor: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Distances of as many pairs of one person as of two, of adults in one year."""
    rng = np.random.default_rng(7)
    distance = np.concatenate([rng.normal(genuine, 0.05, count), rng.normal(impostor, 0.06, count)])
    return distance, np.full(2 * count, 25.0), np.zeros(2 * count), np.arange(2 * count) < count


def test_few_decisions_move_little_and_many_move_all_the_way() -> None:
    few, many = DLIB.refit(*decided(5, 0.5, 0.9)), DLIB.refit(*decided(5000, 0.5, 0.9))
    assert DLIB.genuine < few.genuine < 0.40
    assert many.genuine == pytest.approx(0.5, abs=0.01)
    assert many.impostor == pytest.approx(0.9, abs=0.01)
    assert many.genuine_spread == pytest.approx(0.05, abs=0.01)
    assert many.impostor_spread == pytest.approx(0.06, abs=0.01)


def test_no_decisions_change_nothing() -> None:
    empty = np.zeros(0)
    again = DLIB.refit(empty, empty, empty, np.zeros(0, dtype=np.bool_))
    assert asdict(again) == pytest.approx(asdict(DLIB))


def test_years_between_are_not_taken_for_another_spread() -> None:
    distance, age, years, same = decided(400, 0.38, 0.725)
    rng = np.random.default_rng(8)
    years[same] = 10.0
    distance[same] = rng.normal(DLIB.genuine + DLIB.drift(age, years)[same], np.hypot(DLIB.genuine_spread, 0.12))
    found = DLIB.refit(distance, age, years, same)
    assert found.genuine == pytest.approx(DLIB.genuine, abs=0.02)
    assert found.genuine_spread == pytest.approx(DLIB.genuine_spread, abs=0.03)


def test_decisions_that_leave_nothing_to_tell_apart_are_refused() -> None:
    with pytest.raises(ModelCorrupt, match="not told apart"):
        DLIB.refit(*decided(5000, 0.8, 0.5))


@given(st.floats(0, 60), st.floats(0, 30))
def test_years_between_miss_more_than_none(age: float, years: float) -> None:
    assert DLIB.missed(age, 0) <= DLIB.missed(age, years) + 1e-12
    assert 0 <= DLIB.missed(age, years) <= 1


def test_missed_is_what_a_simulation_misses() -> None:
    rng = np.random.default_rng(9)
    mean, spread = DLIB.expected(np.array([8.0]), np.array([4.0]))
    strangers = np.quantile(rng.normal(DLIB.impostor, DLIB.impostor_spread, 400_000), 0.001)
    missed = (rng.normal(mean[0], spread[0], 400_000) > strangers).mean()
    assert DLIB.missed(8.0, 4.0) == pytest.approx(missed, abs=0.01)


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "hardly any"), (0.11, "about 1 of 10"), (0.79, "about 4 of 5"), (0.5, "about 1 of 2"), (1.0, "nearly all")],
)
def test_shares_in_words(share: float, words: str) -> None:
    assert share_words(share) == words


def test_mistakes_in_the_numbers_are_named() -> None:
    numbers = asdict(DLIB)
    assert FaceCalibration.of(numbers) == DLIB
    with pytest.raises(ModelCorrupt, match="impostor_spread"):
        FaceCalibration.of({key: value for key, value in numbers.items() if key != "impostor_spread"})
    with pytest.raises(ModelCorrupt, match="drift_old"):
        FaceCalibration.of(numbers | {"drift_old": 1.0})
    for wrong in ({"genuine": -1.0}, {"genuine_spread": float("nan")}):
        with pytest.raises(ModelCorrupt, match="negative or not finite"):
            replace(DLIB, **wrong)
    for value in ({}, {"models": {"m": 3}}, {"models": {"m": {"genuine": "x"}}}):
        with pytest.raises(ModelCorrupt):
            calibrations_of(value)
