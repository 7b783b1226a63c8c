"""How tall is she, and what would a face model see? Heights that grow, faces whose distances are the engine's own.

Heights are round means of children of the region, from general knowledge of growth charts; each child keeps her place
among those of her age. Faces are vectors without a picture: nobody is photographed here. Two vectors of one person, of
siblings or of strangers lie as far apart as `matcher.face_calibration` expects of the shipped model, years and age
allowed for, so that the evidence of synthetic photos is worth what the engine takes it for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from matcher.face_calibration import FaceCalibration, shipped_calibrations

Vector = npt.NDArray[np.float64]

WIDTH = 128
_NORM = 1.4
"""How long vectors of the shipped model are; most of it is what all faces share."""

# Mean height in cm at each age in years from 3 on; grown at the last.
_GIRLS = (92, 99, 105, 111, 116, 122, 127, 133, 139, 145, 149, 152, 153, 154, 154, 154)
_BOYS = (93, 100, 106, 112, 118, 123, 128, 133, 138, 143, 150, 156, 160, 163, 164, 165)
_YOUNGEST = 3.0
_SPREAD = 0.042  # standard deviation as a share of the mean


def height(sex: str, age: float, stature: float) -> float:
    """Return the height in cm.

    Args:
        sex: "F" or "M".
        age: years.
        stature: place among children of that age, in standard deviations.
    """
    means = _GIRLS if sex == "F" else _BOYS
    at = min(max(age - _YOUNGEST, 0.0), len(means) - 1.0)
    low = min(int(at), len(means) - 2)
    mean = means[low] + (at - low) * (means[low + 1] - means[low])
    return mean * (1.0 + _SPREAD * stature)


@dataclass(frozen=True, slots=True)
class FaceSeed:
    """What a face is drawn from.

    Attributes:
        own: the seed.
        kin: the seed of a brother or sister, None for a face like no other here.
        apart: the distance to that one's face.
    """

    own: int
    kin: int | None = None
    apart: float = 0.0


def first_face(face: FaceSeed) -> Vector:
    """Return the vector of the family's picture, shape (128,)."""
    drawn = _drawn(face.own)
    return _centre() + (drawn if face.kin is None else _turned(_drawn(face.kin), drawn, face.apart))


def later_face(face: FaceSeed, seed: int, age: float, years: float) -> Vector:
    """Return the vector of another picture of the same person, shape (128,).

    Args:
        seed: of this picture.
        age: in the first picture, years.
        years: between the two, >= 0.
    """
    first = first_face(face) - _centre()
    mean, spread = calibration().expected(np.array([age]), np.array([years]))
    rng = np.random.default_rng(seed)
    apart = max(float(rng.normal(mean[0], spread[0])), 0.02)
    return _centre() + _turned(first, rng.standard_normal(WIDTH) * _scales(), apart)


def model_id() -> str:
    """Return the id of the model that the vectors pretend to be of: the first with a shipped calibration."""
    return next(iter(shipped_calibrations()))


def calibration() -> FaceCalibration:
    """Return what that model's distances are worth."""
    return shipped_calibrations()[model_id()]


def _drawn(seed: int) -> Vector:
    drawn: Vector = np.random.default_rng(seed).standard_normal(WIDTH) * _scales()
    return drawn


def _turned(first: Vector, other: Vector, apart: float) -> Vector:
    """Return `first` turned towards `other` until it is `apart` from where it was, at most a right angle.

    Turning keeps the distances to everybody else those of strangers, which adding noise would widen.
    """
    a, b, c = float(first @ first), float(other @ other), float(first @ other)
    low, high = 0.0, math.pi / 2
    for _ in range(24):
        angle = (low + high) / 2
        stays, moves = 1.0 - math.cos(angle), math.sin(angle)
        if a * stays**2 + b * moves**2 - 2.0 * stays * moves * c < apart**2:
            low = angle
        else:
            high = angle
    turned: Vector = math.cos(low) * first + math.sin(low) * other
    return turned


@lru_cache(maxsize=1)
def _scales() -> Vector:
    """Return the standard deviation of each of the 128 numbers.

    Strangers' squared distances have a mean of twice the total variance; their spread says over how many directions
    faces really vary: far fewer than 128, so later directions vary less.
    """
    known = calibration()
    total = (known.impostor**2 + known.impostor_spread**2) / 2.0
    effective = 0.5 * (known.impostor / known.impostor_spread) ** 2
    low, high = 1e-6, 1.0
    for _ in range(60):  # the ratio of a falling geometric row whose effective number is that
        ratio = (low + high) / 2
        row = ratio ** np.arange(WIDTH)
        if row.sum() ** 2 / (row**2).sum() < effective:
            low = ratio
        else:
            high = ratio
    variances: Vector = row / row.sum() * total
    return np.sqrt(variances)


@lru_cache(maxsize=1)
def _centre() -> Vector:
    """Return what all faces share."""
    direction = np.random.default_rng(0).standard_normal(WIDTH)
    length = math.sqrt(max(_NORM**2 - float((_scales() ** 2).sum()), 0.0))
    centre: Vector = direction / np.linalg.norm(direction) * length
    return centre
