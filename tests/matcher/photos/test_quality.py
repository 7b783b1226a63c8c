"""Are faces graded by their worst trait, at the stated limits?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from matcher.photos.errors import FaceTooSmall, PhotoTooBlurred, UnlikelyFace, UnusablePhoto
from matcher.photos.faces import Box, FaceMeasures, Quality
from matcher.photos.quality import grade, measure, require_usable, turned_away

BEST = FaceMeasures(width=200, sharpness=500.0, score=1.5, darkest=20.0, brightest=220.0)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "good"),
        ({"width": 80}, "good"),
        ({"width": 79}, "fair"),
        ({"width": 48}, "fair"),
        ({"width": 47}, "weak"),
        ({"width": 24}, "weak"),
        ({"width": 23}, "unusable"),
        ({"sharpness": 60.0}, "good"),
        ({"sharpness": 59.9}, "fair"),
        ({"sharpness": 14.9}, "weak"),
        ({"sharpness": 3.9}, "unusable"),
        ({"score": 0.29}, "unusable"),
        ({"score": 0.3}, "good"),
        ({"brightest": 60.0}, "fair"),
        ({"brightest": 39.0}, "weak"),
        ({"darkest": 192.0, "brightest": 254.0}, "fair"),
        ({"darkest": 218.0, "brightest": 254.0}, "weak"),
        ({"darkest": 100.0, "brightest": 115.0}, "weak"),
        ({"away": 0.3}, "good"),
        ({"away": 0.4}, "fair"),
        ({"away": 0.9}, "weak"),
        ({"width": 50, "sharpness": 10.0}, "weak"),
    ],
)
def test_grades(change: dict[str, Any], expected: str) -> None:
    assert grade(replace(BEST, **change)) == expected


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"width": 23}, FaceTooSmall),
        ({"sharpness": 3.9}, PhotoTooBlurred),
        ({"score": 0.29}, UnlikelyFace),
        ({"score": 0.29, "sharpness": 3.0}, PhotoTooBlurred),
        ({"width": 20, "sharpness": 3.0}, FaceTooSmall),
    ],
)
def test_refusals(change: dict[str, Any], error: type[UnusablePhoto]) -> None:
    with pytest.raises(error):
        require_usable(replace(BEST, **change))


@given(
    st.builds(
        FaceMeasures,
        width=st.integers(0, 300),
        sharpness=st.floats(0, 100),
        score=st.floats(0, 2),
        darkest=st.floats(0, 255),
        brightest=st.floats(0, 255),
    )
)
@settings(deadline=None)
def test_refused_exactly_when_unusable(measures: FaceMeasures) -> None:
    refused = False
    try:
        require_usable(measures)
    except UnusablePhoto:
        refused = True
    assert refused == (grade(measures) is Quality.UNUSABLE)


def test_sharpness_falls_with_blur_and_not_with_size(hopper: Image.Image) -> None:
    box = Box(161, 137, 377, 353)

    def sharpness(image: Image.Image, where: Box) -> float:
        return measure(np.asarray(image), where, 1.0).sharpness

    values = [sharpness(hopper.filter(ImageFilter.GaussianBlur(radius)), box) for radius in (0, 1, 2, 4, 8)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 60
    assert values[-1] < 4
    soft = hopper.filter(ImageFilter.GaussianBlur(4))
    doubled = soft.resize((1024, 1200), Image.Resampling.BICUBIC)
    assert sharpness(doubled, Box(322, 274, 754, 706)) == pytest.approx(sharpness(soft, box), rel=0.3)


def test_sharpness_is_that_of_the_textbook_kernel() -> None:
    rng = np.random.default_rng(7)
    grey = rng.integers(0, 256, (150, 150), dtype=np.uint8)
    pixels = np.repeat(grey[..., None], 3, axis=2)
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    slow = [
        float((kernel * grey[row - 1 : row + 2, column - 1 : column + 2].astype(int)).sum())
        for row in range(1, 149)
        for column in range(1, 149)
    ]
    measures = measure(pixels, Box(0, 0, 150, 150), 1.0)
    assert measures.sharpness == pytest.approx(np.var(slow), rel=1e-6)
    assert (measures.darkest, measures.brightest) == tuple(np.percentile(grey, (5, 95)))


def test_a_face_beyond_the_edge_is_measured_by_what_is_there(hopper: Image.Image) -> None:
    pixels = np.asarray(hopper)
    assert measure(pixels, Box(400, 500, 700, 800), 1.0).width == 300
    assert measure(pixels, Box(600, 700, 700, 800), 1.0).sharpness == 0.0


@given(st.floats(0, 80), st.floats(0, 360), st.floats(1, 400))
def test_turning_the_head_moves_the_nose_off_the_middle_and_turning_the_picture_does_not(
    yaw: float, roll: float, scale: float
) -> None:
    """Eyes half a unit to each side, the nose base .57 of that before and .75 of it below them, seen from afar."""
    head = np.array([(0.6, 0, 0), (0.4, 0, 0), (-0.6, 0, 0), (-0.4, 0, 0), (0, 0.375, 0.285)])
    turn = np.radians(yaw)
    seen = np.stack([head[:, 0] * np.cos(turn) + head[:, 2] * np.sin(turn), head[:, 1]], axis=1)
    spin = np.radians(roll)
    rotation = np.array([(np.cos(spin), -np.sin(spin)), (np.sin(spin), np.cos(spin))])
    assert turned_away(seen @ rotation.T * scale + 7) == pytest.approx(0.57 * np.tan(turn), abs=1e-6)


def test_eyes_in_one_place_are_no_face_from_the_front() -> None:
    assert turned_away(np.zeros((5, 2))) == 1.0
