"""How far apart are two photos of one child, and of two? What one face model's distances mean, years allowed for.

Two bells: distances of one person lie around a mean that drifts away with the years, faster the younger the child,
and spread wider with them; distances of two people lie around another. The ratio of the bells is the evidence. The
shipped numbers are a prior for face_recognition's model from the literature on growing faces; `refit` moves them as far
as a deployment's own decisions bear. A model without such numbers may rank photos; its distances are no evidence.

Source: docs/decisions/0004-face-evidence.md
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matcher.errors import ModelCorrupt
from matcher.reference import read_model

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SHIPPED: Final = "faces-1.json"
TRAIN_COMMAND: Final = "sandhan train faces"
FALSE_ALARMS: Final = 0.001
"""The rate of false alarms at which an explanation says how many true matches the model would miss."""

_AGES = np.array([0.0, 4.0, 12.0, 18.0, 120.0])
_YOUNG = 4.0
# log10 of the likelihood ratio may not leave these bounds: the further the face is expected to have drifted on its way
# to a stranger's, the narrower: a child of ten after one year, of seven after seven, of three after five, by the prior.
_CAP_SHARE = np.array([0.0, 0.03, 0.19, 0.23]) / (0.725 - 0.38)
_CAP_FOR = np.array([2.0, 1.5, 1.0, 0.7])
_CAP_AGAINST = np.array([-1.0, -0.7, -0.2, -0.2])
_BITS_PER_LOG10 = math.log2(10.0)
_WEAK_FACTOR = 0.6
_LEAST_GAP = 0.05  # of the way: however old the photos, one person is not further than two
_PRIOR_PAIRS = 50.0
"""The shipped numbers count as much as so many decided pairs."""
_SHARES = (
    *((1, 100), (1, 50), (1, 20), (1, 10), (1, 5), (1, 4), (1, 3), (2, 5), (1, 2), (3, 5), (2, 3), (3, 4), (4, 5)),
    *((9, 10), (19, 20), (49, 50), (99, 100)),
)


@dataclass(frozen=True, slots=True)
class FaceCalibration:
    """The numbers of one model, all in units of its distance.

    Attributes:
        genuine, genuine_spread: mean and standard deviation for one adult in one year.
        spread_per_year: added to the spread for each year between, in squares.
        impostor, impostor_spread: mean and standard deviation for two people.
        drift_0_4, drift_4_12, drift_12_18, drift_adult: what the mean grows by in a year of these ages.
        young_extra: more, when the child was under four in the earlier photo.
        retrieval: the distance up to which a photo is worth a look; for finding, never for deciding.
    """

    genuine: float
    genuine_spread: float
    spread_per_year: float
    impostor: float
    impostor_spread: float
    drift_0_4: float
    drift_4_12: float
    drift_12_18: float
    drift_adult: float
    young_extra: float
    retrieval: float

    def __post_init__(self) -> None:
        numbers = asdict(self)
        if not all(math.isfinite(value) for value in numbers.values()) or min(numbers.values()) < 0:
            raise ModelCorrupt("a face calibration", "a number is negative or not finite", TRAIN_COMMAND)
        if min(self.genuine_spread, self.impostor_spread) <= 0 or self.genuine >= self.impostor:
            raise ModelCorrupt("a face calibration", "the two kinds of pairs are not told apart", TRAIN_COMMAND)

    @classmethod
    def of(cls, numbers: Mapping[str, float]) -> FaceCalibration:
        """Return the calibration that a table of numbers describes.

        Raises:
            ModelCorrupt: one is missing, unknown or impossible; says which.
        """
        names = {item.name for item in fields(cls)}
        wrong = sorted(names ^ set(numbers))
        if wrong:
            raise ModelCorrupt("a face calibration", f"missing or unknown: {', '.join(wrong)}", TRAIN_COMMAND)
        return cls(**{name: float(value) for name, value in numbers.items()})

    def drift(self, age: Floats, years: Floats) -> Floats:
        """Return how much further apart one person's photos are expected to be after years, both of shape (n,)."""
        rates = np.array([self.drift_0_4, self.drift_4_12, self.drift_12_18, self.drift_adult])
        total = np.concatenate([[0.0], np.cumsum(np.diff(_AGES) * rates)])
        grown = np.interp(age + years, _AGES, total) - np.interp(age, _AGES, total)
        drifted: Floats = grown + np.where(age < _YOUNG, self.young_extra, 0.0)
        return drifted

    def expected(self, age: Floats, years: Floats) -> tuple[Floats, Floats]:
        """Return mean and spread of one person's distances, by age in the earlier photo and years between."""
        furthest = self.impostor - _LEAST_GAP * (self.impostor - self.genuine)
        mean = np.minimum(self.genuine + self.drift(age, years), furthest)
        spread = np.sqrt(self.genuine_spread**2 + (self.spread_per_year * years) ** 2)
        return mean, spread

    def bits(self, distance: Floats, age: Floats, years: Floats, weak: Bools) -> Floats:
        """Return the evidence of n distances in bits.

        Args:
            distance: of the two vectors, >= 0.
            age: in the earlier photo, years.
            years: between the photos, >= 0.
            weak: whether either photo is of weak quality.
        Returns:
            Shape (n,), monotone falling in `distance`, between -3.4 and +6.7 bits.
        """
        mean, spread = self.expected(age, years)
        # The ratio of two bells turns round at one distance; beyond it the value stays, so that nearer is never worse.
        precise, wide = 1.0 / spread**2, 1.0 / self.impostor_spread**2
        curvature = wide - precise
        turn = np.where(
            np.abs(curvature) > 1e-9,
            (self.impostor * wide - mean * precise) / np.where(curvature == 0, 1, curvature),
            0,
        )
        held = np.where(
            curvature > 1e-9,
            np.minimum(distance, turn),
            np.where(curvature < -1e-9, np.maximum(distance, turn), distance),
        )
        ratio = (held - self.impostor) ** 2 * wide / 2 - (held - mean) ** 2 * precise / 2
        log10 = (ratio + np.log(self.impostor_spread / spread)) / math.log(10.0)
        share = self.drift(age, years) / (self.impostor - self.genuine)
        upper, lower = np.interp(share, _CAP_SHARE, _CAP_FOR), np.interp(share, _CAP_SHARE, _CAP_AGAINST)
        factor = np.where(weak, _WEAK_FACTOR, 1.0)
        return np.asarray(np.clip(log10, lower * factor, upper * factor) * _BITS_PER_LOG10, dtype=np.float64)

    def missed(self, age: float, years: float, false_alarms: float = FALSE_ALARMS) -> float:
        """Return the share of true matches whose distance is above the one that so many strangers are below."""
        mean, spread = self.expected(np.array([age]), np.array([years]))
        threshold = self.impostor + self.impostor_spread * _quantile(false_alarms)
        return 0.5 * math.erfc((threshold - float(mean[0])) / float(spread[0]) / math.sqrt(2.0))

    def refit(self, distance: Floats, age: Floats, years: Floats, same: Bools) -> FaceCalibration:
        """Return the calibration moved towards decided pairs, as far as their number bears.

        Args:
            distance, age, years: as of `bits`, shape (n,).
            same: whether people decided that it is one person.
        """
        rest = distance[same] - self.drift(age[same], years[same])
        grown = (self.spread_per_year * years[same]) ** 2
        genuine, spread = _moved(self.genuine, self.genuine_spread, rest, grown)
        impostor, other = _moved(self.impostor, self.impostor_spread, distance[~same], np.zeros((~same).sum()))
        return replace(
            self, genuine=genuine, genuine_spread=spread, impostor=impostor, impostor_spread=other
        )  # raises when decisions leave nothing that tells them apart


def _moved(mean: float, spread: float, seen: Floats, known_variance: Floats) -> tuple[float, float]:
    """Return mean and spread after so many observations, each with some variance that is accounted for already."""
    weight = _PRIOR_PAIRS + len(seen)
    new = (mean * _PRIOR_PAIRS + float(seen.sum())) / weight
    squares = max(float(((seen - new) ** 2 - known_variance).sum()), 0.0)
    return new, math.sqrt(((spread**2 + (mean - new) ** 2) * _PRIOR_PAIRS + squares) / weight)


def _quantile(probability: float) -> float:
    """Return where the standard normal distribution has so much below it, by halving."""
    low, high = -10.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        below = 0.5 * math.erfc(-middle / math.sqrt(2.0)) < probability
        low, high = (middle, high) if below else (low, middle)
    return (low + high) / 2


def share_words(share: float) -> str:
    """Return a share as people say it: "about 4 of 5"."""
    if share < 0.005 or share > 0.995:
        return "hardly any" if share < 0.5 else "nearly all"
    part, whole = min(_SHARES, key=lambda pair: abs(pair[0] / pair[1] - share))
    return f"about {part} of {whole}"


Calibrations = Mapping[str, FaceCalibration]


@lru_cache(maxsize=1)
def shipped_calibrations() -> Calibrations:
    """Return the calibrations that come with the program, by model id.

    Raises:
        ModelMissing, ModelCorrupt: say which command makes them.
    """
    return calibrations_of(read_model(SHIPPED, TRAIN_COMMAND))


def calibrations_of(value: dict[str, Any]) -> Calibrations:
    """Return the calibrations in a JSON object.

    Raises:
        ModelCorrupt: it is none.
    """
    try:
        return {str(model): FaceCalibration.of(numbers) for model, numbers in value["models"].items()}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ModelCorrupt("the face calibrations", "a part is missing or of another kind", TRAIN_COMMAND) from error
