"""How well do the distances of one face model tell people apart on somebody's own labelled pairs of photos?

A photo without a usable face takes part: its pairs can be called nothing but two people, as in use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.evaluation import area_under_curve
from matcher.photos.faces import DetectedFace, Vector


@dataclass(frozen=True, slots=True)
class PhotoPair:
    """Two photos, by name, and whether people say that they show one person."""

    left: str
    right: str
    same: bool


@dataclass(frozen=True, slots=True)
class PhotoFigures:
    """What was found.

    Attributes:
        pairs, compared: given, and those with a usable face in both photos.
        threshold: None where the model has none; then the next three are None, too.
        accuracy: share of all pairs called rightly at the threshold.
        tar, far: share of pairs of one person, and of two, whose distance is at most the threshold.
        auc: probability that a pair of one person is nearer than a pair of two.
        genuine, impostor: mean distance of compared pairs of one person, and of two; None without any.
    """

    pairs: int
    compared: int
    threshold: float | None
    accuracy: float | None
    tar: float | None
    far: float | None
    auc: float
    genuine: float | None
    impostor: float | None


def largest(faces: Sequence[DetectedFace]) -> DetectedFace | None:
    """Return the largest usable face: in labelled photos the one that is meant. In use a person chooses."""
    usable = [face for face in faces if len(face.vector)]
    return max(usable, key=lambda face: (face.box.width * face.box.height, face.score), default=None)


def distances_of(pairs: Sequence[PhotoPair], vectors: Mapping[str, Vector]) -> npt.NDArray[np.float64]:
    """Return the distance of each pair, shape (n,); infinite where a photo has no vector."""
    return np.array(
        [
            float(np.linalg.norm(vectors[pair.left].astype(np.float64) - vectors[pair.right]))
            if pair.left in vectors and pair.right in vectors
            else np.inf
            for pair in pairs
        ]
    )


def figures_of(pairs: Sequence[PhotoPair], distance: npt.NDArray[np.float64], threshold: float | None) -> PhotoFigures:
    """Return the figures of pairs whose distances are known.

    Args:
        pairs: n labelled pairs.
        distance: shape (n,), from `distances_of`.
        threshold: distance up to which two photos are called one person; None: nothing is called.
    """
    same = np.array([pair.same for pair in pairs], dtype=np.bool_)
    near, compared = distance <= (-1.0 if threshold is None else threshold), np.isfinite(distance)
    # Every pair that cannot be compared is equally far: beyond all others.
    score = -np.where(compared, distance, distance[compared].max(initial=0.0) + 1.0)

    def mean(chosen: npt.NDArray[np.bool_]) -> float | None:
        return float(distance[chosen].mean()) if chosen.any() else None

    def share(right: npt.NDArray[np.bool_]) -> float | None:
        return float(right.mean()) if threshold is not None and len(right) else None

    return PhotoFigures(
        len(pairs),
        int(compared.sum()),
        threshold,
        share(near == same),
        share(near[same]),
        share(near[~same]),
        area_under_curve(score, same),
        mean(same & compared),
        mean(~same & compared),
    )
