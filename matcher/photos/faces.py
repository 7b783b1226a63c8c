"""What is a face of a photo? The values that cross from worker to parent.

Boxes are in pixels of the upright reduced picture, the one that `PhotoResult.jpeg` holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Vector = npt.NDArray[np.float32]


class Box(NamedTuple):
    """A rectangle of pixels; `right` and `bottom` lie just outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Return the width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Return the height in pixels."""
        return self.bottom - self.top

    def clipped(self, width: int, height: int) -> Box:
        """Return the part that lies in a picture of that size (never of negative extent)."""
        left, top = min(max(self.left, 0), width), min(max(self.top, 0), height)
        return Box(left, top, max(left, min(self.right, width)), max(top, min(self.bottom, height)))

    def overlap(self, other: Box) -> float:
        """Return intersection over union, in [0, 1]."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        if across <= 0 or down <= 0:
            return 0.0
        shared = across * down
        return shared / (self.width * self.height + other.width * other.height - shared)

    def unturned(self, quarters: int, width: int, height: int) -> Box:
        """Return this box of a turned picture in the coordinates of the picture before turning.

        Args:
            quarters: quarter turns counter-clockwise that were applied (`numpy.rot90`).
            width, height: size of the picture before turning, pixels.
        """
        left, top, right, bottom = self
        match quarters % 4:
            case 1:
                return Box(width - bottom, left, width - top, right)
            case 2:
                return Box(width - right, height - bottom, width - left, height - top)
            case 3:
                return Box(top, height - right, bottom, height - left)
            case _:
                return self


class Quality(StrEnum):
    """How far a face may be trusted; `UNUSABLE` faces never leave the pool unless all faces were asked for."""

    GOOD = "good"
    FAIR = "fair"
    WEAK = "weak"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class FaceMeasures:
    """What was measured of one face.

    Attributes:
        width: pixels, before any enlargement.
        sharpness: variance of the Laplacian of the face at 150 pixels, 0 or more.
        score: the detector's confidence, about 0 to 3.
        darkest, brightest: 5th and 95th percentile of luminance over the face, 0 to 255.
        away: how far the nose stands off the middle between the eyes: 0 from the front, 1 before an eye.
    """

    width: int
    sharpness: float
    score: float
    darkest: float
    brightest: float
    away: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class DetectedFace:
    """One face of one photo.

    Attributes:
        box: where it is, in pixels of the picture given, clipped to it.
        score: the detector's confidence.
        quality: good, fair, weak or unusable.
        vector: shape (d,), float32, on the scale of its model (see the embedder); comparable within one model only.
        measures: what the quality was judged by.
        turned: degrees counter-clockwise by which the picture must be turned for this face to stand upright.
    """

    box: Box
    score: float
    quality: Quality
    vector: Vector
    measures: FaceMeasures
    turned: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class PhotoResult:
    """What became of one photo.

    Attributes:
        jpeg: the upright picture, reduced and encoded anew without any metadata.
        media_type: of `jpeg`, hence always "image/jpeg".
        captured_on: the date the camera recorded, if any: an offer, to be confirmed by a person.
        faces: exactly one, or every face if all were asked for.
        size: width and height of `jpeg`, pixels.
        model_id: what the vectors were made with.
    """

    jpeg: bytes
    media_type: str
    captured_on: date | None
    faces: tuple[DetectedFace, ...]
    size: tuple[int, int]
    model_id: str
