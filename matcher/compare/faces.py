"""How much do two photos say? A likelihood ratio from the distance of the faces, age in the photos and years between.

A child's face changes; a model trained on adults confuses children. So the weight is capped, narrows with the years,
never excludes, and one face alone can never raise an alert (see `matcher.scoring`).

Source: the prior of the design (drift per year of age, spread widening with years), to be refit from decisions.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.comparison import NULL, Comparison, Context, LevelResult, Pairs

Floats = npt.NDArray[np.float64]

LABELS = ("faces alike", "faces neither alike nor unlike", "faces unlike")
_GENUINE_AT_ZERO, _GENUINE_SPREAD, _SPREAD_PER_YEAR = 0.38, 0.085, 0.012
_IMPOSTOR, _IMPOSTOR_SPREAD = 0.725, 0.081
_YOUNG_EXTRA = 0.05
_DRIFT_AGES = np.array([0.0, 4.0, 12.0, 18.0, 120.0])
_DRIFT_TOTAL = np.concatenate([[0.0], np.cumsum(np.diff(_DRIFT_AGES) * np.array([0.06, 0.03, 0.02, 0.01]))])
# log10 of the likelihood ratio may not leave these bounds; the wider the expected drift, the narrower.
_CAP_DRIFT = np.array([0.0, 0.03, 0.19, 0.23])
_CAP_FOR = np.array([2.0, 1.5, 1.0, 0.7])
_CAP_AGAINST = np.array([-1.0, -0.7, -0.2, -0.2])
_BITS_PER_LOG10 = 3.321928094887362
_WEAK_FACTOR = 0.6
_UNKNOWN_AGE = 10.0


def face_bits(distance: Floats, age: Floats, years: Floats, weak: npt.NDArray[np.bool_]) -> Floats:
    """Return the evidence of n face distances in bits.

    Args:
        distance: Euclidean distance of face_recognition embeddings, >= 0.
        age: age in the earlier photo, years.
        years: between the photos, >= 0.
        weak: whether either photo is of weak quality.
    Returns:
        Shape (n,), monotone falling in `distance`, between -3.4 and +6.7 bits.
    """
    drift = np.interp(age + years, _DRIFT_AGES, _DRIFT_TOTAL) - np.interp(age, _DRIFT_AGES, _DRIFT_TOTAL)
    drift = drift + np.where(age < 4, _YOUNG_EXTRA, 0.0)
    spread = np.sqrt(_GENUINE_SPREAD**2 + (_SPREAD_PER_YEAR * years) ** 2)
    mean = np.minimum(_GENUINE_AT_ZERO + drift, _IMPOSTOR - 0.02)
    # The ratio of two bells turns round at one distance; beyond it the value stays, so that nearer is never worse.
    precise, wide = 1.0 / spread**2, 1.0 / _IMPOSTOR_SPREAD**2
    curvature = wide - precise
    turn = np.where(
        np.abs(curvature) > 1e-9, (_IMPOSTOR * wide - mean * precise) / np.where(curvature == 0, 1, curvature), 0
    )
    held = np.where(
        curvature > 1e-9, np.minimum(distance, turn), np.where(curvature < -1e-9, np.maximum(distance, turn), distance)
    )
    ratio = -((held - mean) ** 2) * precise / 2 + (held - _IMPOSTOR) ** 2 * wide / 2 + np.log(_IMPOSTOR_SPREAD / spread)
    log10 = ratio / np.log(10.0)
    upper, lower = np.interp(drift, _CAP_DRIFT, _CAP_FOR), np.interp(drift, _CAP_DRIFT, _CAP_AGAINST)
    factor = np.where(weak, _WEAK_FACTOR, 1.0)
    return np.asarray(np.clip(log10, lower * factor, upper * factor) * _BITS_PER_LOG10, dtype=np.float64)


def _faces(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    """Several photos count once: the pair that says most for one person."""
    a, b = columns.faces[i], columns.faces[j]
    levels = np.full(len(i), NULL, dtype=np.int8)
    bits = np.zeros(len(i), dtype=np.float32)
    pair, x, y = np.nonzero((a[:, :, None] >= 0) & (b[:, None, :] >= 0))
    if len(pair) == 0:
        return LevelResult(levels, bits)
    face_a, face_b = a[pair, x], b[pair, y]
    comparable = columns.face_models[face_a] == columns.face_models[face_b]
    pair, x, y, face_a, face_b = pair[comparable], x[comparable], y[comparable], face_a[comparable], face_b[comparable]
    distance = np.linalg.norm(columns.face_vectors[face_a] - columns.face_vectors[face_b], axis=1).astype(np.float64)
    day_a, weak_a = _photo_days(columns, i[pair], x)
    day_b, weak_b = _photo_days(columns, j[pair], y)
    years = np.where((day_a > 0) & (day_b > 0), np.abs(day_a - day_b) / 365.25, 0.0)
    birth_a, birth_b = columns.birth[i[pair]].mean(axis=1), columns.birth[j[pair]].mean(axis=1)
    # Of two different dates of birth the later holds: the younger child changes more, which narrows the evidence.
    birth = np.maximum(birth_a, birth_b)
    first = np.minimum(np.where(day_a > 0, day_a, np.inf), np.where(day_b > 0, day_b, np.inf))
    age = np.where((birth > 0) & np.isfinite(first), np.clip((first - birth) / 365.25, 0, 100), _UNKNOWN_AGE)
    values = face_bits(distance, age, years, weak_a | weak_b).astype(np.float32)
    best = np.full(len(i), -np.inf, dtype=np.float32)
    np.maximum.at(best, pair, values)
    seen = np.isfinite(best)
    bits[seen] = best[seen]
    levels[seen] = np.where(best[seen] > 1.0, 0, np.where(best[seen] > -0.5, 1, 2))
    return LevelResult(levels, bits)


def _photo_days(
    columns: RecordColumns, rows: Pairs, faces: npt.NDArray[np.int64]
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the day of each photo (the event's when the photo has none, 0 unknown) and whether it is weak."""
    days = np.zeros(len(rows))
    weak = np.zeros(len(rows), dtype=np.bool_)
    for number, (row, face) in enumerate(zip(rows, faces, strict=True)):
        embedding = columns.records[row].faces[face]
        days[number] = embedding.taken.toordinal() if embedding.taken else max(int(columns.event[row, 0]), 0)
        weak[number] = embedding.quality == "weak"
    return days, weak


FACE = Comparison("face", "How much do the photos say, age and years between allowed for?", LABELS, _faces)
