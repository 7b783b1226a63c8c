"""How much do two photos say? A likelihood ratio from the distance of the faces, age in the photos and years between.

A child's face changes; a model trained on adults confuses children. So the weight is capped, narrows with the years,
never excludes, and one face alone can never raise an alert (see `matcher.scoring`). A model without a calibration may
find candidates; what its distances are worth is unknown, and unknown is no evidence.

Source: docs/decisions/0004-face-evidence.md; the numbers stand in `face_calibration`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.compare.names import CLOSE, DIFFERENT, MIXED, SAME
from matcher.comparison import NULL, Comparison, Context, LevelResult, Pairs
from matcher.face_calibration import FALSE_ALARMS, Calibrations, share_words, shipped_calibrations

Floats = npt.NDArray[np.float64]

LABELS = ("faces alike", "faces neither alike nor unlike", "faces unlike")
SIBLING_FACTOR, SIBLING_NOTE = 0.5, "a brother or sister would look alike, so it counts half"
_ALIKE_BITS, _UNLIKE_BITS = 1.0, -0.5
_UNKNOWN_AGE, _UNKNOWN_YEARS = 10.0, 5.0
"""Where no date of birth is known the child is taken for ten, and where a photo has no date, five years are taken to
lie between: photos say little then."""


@dataclass(frozen=True, slots=True)
class FaceEvidence:
    """What two photos say.

    Attributes:
        bits: +1 doubles the odds of one person, -1 halves them; 0 where the model is not calibrated.
        sentence: what the age and the gap mean for this model; it names no age, for it is shown where none may be.
    """

    bits: float
    sentence: str


def face_evidence(
    distance: float,
    age: float,
    years: float,
    qualities: tuple[str, str],
    model: str,
    calibrations: Calibrations | None = None,
) -> FaceEvidence:
    """Return what the distance of two faces is worth.

    Args:
        distance: Euclidean, of two vectors of one model, >= 0.
        age: in the earlier photo, years.
        years: between the photos, >= 0.
        qualities: of both faces: "good", "fair" or "weak"; "unusable" says nothing.
        model: id of the model that made both vectors.
        calibrations: by model id; None: the shipped ones.
    """
    known = shipped_calibrations() if calibrations is None else calibrations
    if "unusable" in qualities:
        return FaceEvidence(0.0, "one of the photos is too poor to say anything")
    if model not in known:
        return FaceEvidence(0.0, _UNCALIBRATED)
    calibration = known[model]
    weak = np.array(["weak" in qualities])
    bits = calibration.bits(np.array([distance]), np.array([age]), np.array([years]), weak)
    return FaceEvidence(float(bits[0]), _sentence(calibration.missed(age, years), years, bool(weak[0])))


def may_be_siblings(levels: Mapping[str, npt.NDArray[np.int8]], count: int) -> npt.NDArray[np.bool_]:
    """Return where two records may be of brothers or sisters, shape (count,): a parent's name agrees, their own differ.

    Siblings look alike, so alike faces say less there for one person.

    Args:
        levels: of each comparison by name, shape (count,), as `Comparison.assign` gives them.
    """
    nobody = np.full(count, NULL, dtype=np.int8)
    own = levels.get("name", nobody)
    parents = [levels.get(name, nobody) for name in ("father", "mother")]
    agree = np.logical_or.reduce([(level >= SAME) & (level <= CLOSE) for level in parents])
    apart: npt.NDArray[np.bool_] = agree & ((own == MIXED) | (own == DIFFERENT))
    return apart


_UNCALIBRATED = "this face model has no calibration here: it ranks photos, and says nothing for or against"


def _sentence(missed: float, years: float | None, weak: bool) -> str:
    if years is None:
        gap = f"the years between the photos are not known: taken for {_UNKNOWN_YEARS:.0f},"
    else:
        gap = "in photos of the same year" if years < 1 else f"over a {years:.0f}-year gap"
    poor = "; one photo is of weak quality, so it counts less" if weak else ""
    return (
        f"{gap} this model would miss {share_words(missed)} true matches "
        f"at 1 false alarm in {1 / FALSE_ALARMS:,.0f}{poor}"
    )


@dataclass(frozen=True, slots=True)
class _FacePairs:
    """All comparable pairs of faces of n pairs of records, f in all.

    Attributes:
        pair: shape (f,), the pair of records.
        model: shape (f,), rows of `RecordColumns.face_model_names`.
        distance, age, years: shape (f,).
        dated: shape (f,), bool, whether the years between are known.
        weak: shape (f,), bool.
        bits: shape (f,), NaN where the model is not calibrated.
    """

    pair: Pairs
    model: npt.NDArray[np.int32]
    distance: Floats
    age: Floats
    years: Floats
    dated: npt.NDArray[np.bool_]
    weak: npt.NDArray[np.bool_]
    bits: Floats

    @classmethod
    def of(cls, columns: RecordColumns, i: Pairs, j: Pairs, calibrations: Calibrations) -> _FacePairs:
        a, b = columns.faces[i], columns.faces[j]
        pair, x, y = np.nonzero((a[:, :, None] >= 0) & (b[:, None, :] >= 0))
        face_a, face_b = a[pair, x], b[pair, y]
        comparable = columns.face_models[face_a] == columns.face_models[face_b]
        pair = pair[comparable]
        face_a, face_b = face_a[comparable], face_b[comparable]
        apart = columns.face_vectors[face_a] - columns.face_vectors[face_b]
        distance = np.linalg.norm(apart, axis=1).astype(np.float64)
        day_a, weak_a = _photo_days(columns, i[pair], face_a)
        day_b, weak_b = _photo_days(columns, j[pair], face_b)
        dated = (day_a > 0) & (day_b > 0)
        years = np.where(dated, np.abs(day_a - day_b) / 365.25, _UNKNOWN_YEARS)
        birth_a, birth_b = columns.birth[i[pair]].mean(axis=1), columns.birth[j[pair]].mean(axis=1)
        # Of two different dates of birth the later holds: the younger child changes more, which narrows the evidence.
        birth = np.maximum(birth_a, birth_b)
        first = np.minimum(np.where(day_a > 0, day_a, np.inf), np.where(day_b > 0, day_b, np.inf))
        age = np.where((birth > 0) & np.isfinite(first), np.clip((first - birth) / 365.25, 0, 100), _UNKNOWN_AGE)
        models, weak, bits = columns.face_models[face_a], weak_a | weak_b, np.full(len(pair), np.nan)
        for number, name in enumerate(columns.face_model_names):
            if name in calibrations:
                of = models == number
                bits[of] = calibrations[name].bits(distance[of], age[of], years[of], weak[of])
        return cls(pair, models, distance, age, years, dated, weak, bits)


def _both_have_faces(columns: RecordColumns, i: Pairs, j: Pairs) -> bool:
    """Tell whether in any pair both records have a photo: in most questions nobody has one."""
    return bool(len(columns.face_models)) and bool(((columns.faces[i, 0] >= 0) & (columns.faces[j, 0] >= 0)).any())


def _faces(columns: RecordColumns, i: Pairs, j: Pairs, context: Context) -> LevelResult:
    """Several photos count once: the pair that says most for one person."""
    levels = np.full(len(i), NULL, dtype=np.int8)
    bits = np.zeros(len(i), dtype=np.float32)
    if not _both_have_faces(columns, i, j):
        return LevelResult(levels, bits)
    found = _FacePairs.of(columns, i, j, context.face_calibrations)
    known = np.isfinite(found.bits)
    best = np.full(len(i), -np.inf, dtype=np.float32)
    np.maximum.at(best, found.pair[known], found.bits[known].astype(np.float32))
    seen = np.isfinite(best)
    bits[seen] = best[seen]
    levels[seen] = np.where(best[seen] > _ALIKE_BITS, 0, np.where(best[seen] > _UNLIKE_BITS, 1, 2))
    return LevelResult(levels, bits)


def face_notes(columns: RecordColumns, i: Pairs, j: Pairs, context: Context) -> list[str]:
    """Return of each pair of records what age and gap mean for the photos that counted; "" without photos."""
    notes = [""] * len(i)
    if not _both_have_faces(columns, i, j):
        return notes
    found = _FacePairs.of(columns, i, j, context.face_calibrations)
    for number in np.unique(found.pair).tolist():
        mine = np.flatnonzero(found.pair == number)
        known = mine[np.isfinite(found.bits[mine])]
        if not len(known):
            notes[number] = _UNCALIBRATED
            continue
        best = known[found.bits[known].argmax()]
        age, years = float(found.age[best]), float(found.years[best])
        calibration = context.face_calibrations[columns.face_model_names[int(found.model[best])]]
        years_known = years if found.dated[best] else None
        notes[number] = _sentence(calibration.missed(age, years), years_known, bool(found.weak[best]))
    return notes


def _photo_days(
    columns: RecordColumns, rows: Pairs, faces: npt.NDArray[np.int32]
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the day of each photo (the event's when the photo has none, 0 unknown) and whether it is weak."""
    event = np.maximum(columns.event[rows, 0], 0)
    taken = np.where(columns.face_taken[faces] >= 0, columns.face_taken[faces], event)
    # Nobody photographed a missing child after she was last seen: a later date is that of a picture of a picture.
    bound = (event > 0) & ~columns.rescued[rows]
    days = np.where(bound, np.minimum(taken, event), taken)
    return days.astype(np.float64), columns.face_weak[faces]


FACE = Comparison("face", "How much do the photos say, age and years between allowed for?", LABELS, _faces)
