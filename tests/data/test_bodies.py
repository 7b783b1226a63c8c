"""Faces without pictures: distances of one person, of kin and of strangers as the engine expects them."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pytest

from data.bodies import WIDTH, FaceSeed, calibration, first_face, later_face, model_id
from data.corruption import CORRUPTION
from data.synthetic import LinkedSample, linked_sample
from matcher.columns import RecordColumns
from matcher.compare.faces import FACE
from matcher.comparison import Context
from matcher.names.frequency import NameFrequencies
from matcher.photos.embedder import FaceRecognitionEmbedder

TODAY = date(2026, 11, 1)
MANY = 1500


def distances(a: list[npt.NDArray[np.float64]], b: list[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = np.linalg.norm(np.array(a) - np.array(b), axis=1)
    return found


@pytest.fixture(scope="module")
def faces() -> list[npt.NDArray[np.float64]]:
    return [first_face(FaceSeed(seed)) for seed in range(MANY)]


def test_they_pretend_to_be_of_the_shipped_model() -> None:
    assert model_id() == FaceRecognitionEmbedder.model_id
    assert first_face(FaceSeed(1)).shape == (WIDTH,)


def test_equal_seeds_give_equal_faces() -> None:
    np.testing.assert_array_equal(first_face(FaceSeed(5)), first_face(FaceSeed(5)))
    np.testing.assert_array_equal(later_face(FaceSeed(5), 9, 10, 2), later_face(FaceSeed(5), 9, 10, 2))
    assert (first_face(FaceSeed(5)) != first_face(FaceSeed(6))).any()


def test_strangers_are_as_far_apart_as_the_calibration_says(faces: list[npt.NDArray[np.float64]]) -> None:
    apart = distances(faces[:-1], faces[1:])
    assert apart.mean() == pytest.approx(calibration().impostor, abs=0.015)
    assert apart.std() == pytest.approx(calibration().impostor_spread, abs=0.012)


@pytest.mark.parametrize(("age", "years"), [(14.0, 0.5), (8.0, 5.0), (3.0, 4.0), (20.0, 1.0)])
def test_one_person_drifts_as_the_calibration_says(
    faces: list[npt.NDArray[np.float64]], age: float, years: float
) -> None:
    later = [later_face(FaceSeed(seed), MANY + seed, age, years) for seed in range(MANY)]
    mean, spread = calibration().expected(np.array([age]), np.array([years]))
    apart = distances(faces, later)
    assert apart.mean() == pytest.approx(float(mean[0]), abs=0.02)
    assert apart.std() == pytest.approx(float(spread[0]), abs=0.02)
    # The later picture is as unlike everybody else as the first.
    assert distances(faces[1:], later[:-1]).mean() == pytest.approx(calibration().impostor, abs=0.02)


def test_kin_lie_between(faces: list[npt.NDArray[np.float64]]) -> None:
    siblings = [first_face(FaceSeed(MANY + seed, seed, 0.62)) for seed in range(MANY)]
    twins = [first_face(FaceSeed(2 * MANY + seed, seed, 0.48)) for seed in range(MANY)]
    assert distances(faces, siblings).mean() == pytest.approx(0.62, abs=0.03)
    assert distances(faces, twins).mean() == pytest.approx(0.48, abs=0.02)
    assert distances(siblings[1:], faces[:-1]).mean() == pytest.approx(calibration().impostor, abs=0.02)


@pytest.fixture(scope="module")
def sample() -> LinkedSample:
    return linked_sample(31, 5000, 4000, share=1.0)


def test_photos_are_there_as_often_as_the_table_says(sample: LinkedSample) -> None:
    reports, rescues = ({r.record_id for r in side if r.faces} for side in (sample.reports, sample.rescues))
    assert len(reports) / 5000 == pytest.approx(CORRUPTION.photo_report, abs=0.025)
    assert len(rescues) / 4000 == pytest.approx(CORRUPTION.photo_rescued, abs=0.025)
    both = sum(rescue in rescues and report in reports for rescue, report in sample.truth.items())
    assert both / 4000 == pytest.approx(CORRUPTION.photo_report * CORRUPTION.photo_rescued, abs=0.015)


def test_photos_speak_for_the_truth_and_against_strangers(sample: LinkedSample) -> None:
    people = [record.to_person(TODAY) for record in (*sample.reports, *sample.rescues) if record.faces]
    rows = {person.record_id: row for row, person in enumerate(people)}
    true = [(rows[m], rows[r]) for r, m in sample.truth.items() if m in rows and r in rows]
    columns = RecordColumns.build(people)
    context = Context(NameFrequencies(), NameFrequencies())
    left, right = np.array(true, dtype=np.int64).T
    same = FACE.assign(columns, left, right, context)
    others = FACE.assign(columns, left[:-1], right[1:], context)
    assert (same.levels >= 0).all()
    assert same.rarity.mean() > 2.5
    assert others.rarity.mean() < -0.5
    assert (others.levels == 0).mean() < 0.1
