"""Is this face good enough to tell people apart?

Measured on public photos: with both pictures blurred by 4 % of the face's width, strangers pass for the same
person 17 times in a hundred, at 6 % 58 times. A poor photo is worse than none, so a face is graded by its worst
trait, and below the last grade it is refused.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from matcher.photos.errors import FaceTooSmall, PhotoTooBlurred, UnlikelyFace
from matcher.photos.faces import Box, FaceMeasures, Pixels, Quality

SMALLEST_FACE = 24
"""Pixels across below which a face is refused."""
LEAST_SHARPNESS = 4.0
"""Variance of the Laplacian below which a face is refused."""
LEAST_SCORE = 0.3
"""Detector's score below which a face is refused."""

_WIDTHS = (80, 48, SMALLEST_FACE)
_SHARPNESSES = (60.0, 15.0, LEAST_SHARPNESS)
# A nose stands some .57 of half the eyes' distance before them, so it moves off the middle by .57 times the tangent of
# the angle: 30 and 45 degrees.
_AWAY = (0.33, 0.57)
_GRADES = (Quality.GOOD, Quality.FAIR, Quality.WEAK, Quality.UNUSABLE)
_NORMAL_SIDE = 150


def measure(pixels: Pixels, box: Box, score: float, away: float = 0.0) -> FaceMeasures:
    """Return what can be measured of one face.

    Args:
        pixels: shape (h, w, 3), uint8, RGB.
        box: the face, in pixels of that picture; it may reach beyond the edges.
        score: the detector's confidence in it.
        away: from `turned_away`.
    """
    inside = box.clipped(pixels.shape[1], pixels.shape[0])
    if inside.width < 1 or inside.height < 1:
        return FaceMeasures(box.width, 0.0, score, 0.0, 0.0, away)
    face = Image.fromarray(pixels[inside.top : inside.bottom, inside.left : inside.right]).convert("L")
    # One size for all faces, or a large soft face would seem blurred beside a small sharp one.
    side = (_NORMAL_SIDE, _NORMAL_SIDE)
    grey = np.asarray(face.resize(side, Image.Resampling.BILINEAR), dtype=np.float64)
    darkest, brightest = np.percentile(grey, (5, 95))
    return FaceMeasures(box.width, _laplacian_variance(grey), score, float(darkest), float(brightest), away)


def turned_away(points: npt.NDArray[np.float64]) -> float:
    """Return how far a face is turned to a side: 0 from the front, 1 with the nose before an eye.

    Args:
        points: shape (5, 2), dlib's order: corners of the eye on the right of the picture, of the one on the left, base
            of the nose.
    """
    right, left, nose = points[:2].mean(axis=0), points[2:4].mean(axis=0), points[4]
    between = right - left
    apart = float(between @ between)
    return abs(2 * float((nose - left) @ between) / apart - 1) if apart else 1.0


def grade(measures: FaceMeasures) -> Quality:
    """Return the grade of a face: that of its worst trait."""
    if measures.score < LEAST_SCORE:
        return Quality.UNUSABLE
    return _GRADES[
        max(
            _step(measures.width, _WIDTHS),
            _step(measures.sharpness, _SHARPNESSES),
            _exposure_step(measures.darkest, measures.brightest),
            sum(measures.away > limit for limit in _AWAY),
        )
    ]


def require_usable(measures: FaceMeasures) -> None:
    """Refuse a face that is too poor to compare.

    Raises:
        UnlikelyFace, FaceTooSmall, PhotoTooBlurred: the trait that is below its limit.
    """
    # Blur comes first: it is what lowers the score of a real face, and the better advice.
    if measures.width >= SMALLEST_FACE and measures.sharpness < LEAST_SHARPNESS:
        raise PhotoTooBlurred(measures.sharpness, LEAST_SHARPNESS)
    if measures.score < LEAST_SCORE:
        raise UnlikelyFace(measures.score, LEAST_SCORE)
    if measures.width < SMALLEST_FACE:
        raise FaceTooSmall(measures.width, SMALLEST_FACE)


def _step(value: float, limits: tuple[float, ...]) -> int:
    return sum(value < limit for limit in limits)


def _exposure_step(darkest: float, brightest: float) -> int:
    """Return 0 to 2; light alone never refuses a face.

    Judged by the ends of the range, never by the mean: a mean would mark down dark skin.
    """
    span = brightest - darkest
    if brightest < 40 or darkest > 215 or span < 20:
        return 2
    return int(brightest < 70 or darkest > 190 or span < 40)


def _laplacian_variance(grey: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    inner = grey[1:-1, 1:-1]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float(np.var(around - 4 * inner))
