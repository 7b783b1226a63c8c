"""What do decided pairs of photos say of the face model? Its calibration is moved as far as they bear."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from api.artefacts import write_artefact
from api.face_model import FaceModel
from api.linking import MappingProblem
from api.tabular import rows_of, yes_or_no
from matcher.face_calibration import SHIPPED, FaceCalibration

_GROWN, _NO_YEARS = 25.0, 0.0
"""Where a row names no age or years, its photos are taken for those of an adult in one year: nothing has drifted."""


@dataclass(frozen=True, slots=True)
class TrainedFaces:
    """A calibration with what it was moved by."""

    model: str
    before: FaceCalibration
    after: FaceCalibration
    same: int
    different: int


def train_faces(file: Path, model: FaceModel) -> TrainedFaces:
    """Return the calibration of a model moved by decided pairs.

    Args:
        file: CSV with the columns distance and Decision (Yes, No), and age and years (in the earlier photo, between
            the photos) where they are known; rows without a distance are passed over.
        model: the model that the distances are of.
    Raises:
        MappingProblem: a column is missing, a cell cannot be read, or the model has no calibration to begin with.
        ModelCorrupt: the decisions leave nothing that tells people apart.
    """
    if not model.is_calibrated:
        raise MappingProblem(
            "the face model has no calibration to begin with: add one to its profile, with the means that "
            "sandhan evaluate photos prints for genuine and impostor"
        )
    rows = [
        (
            _number(row, "distance", number),
            _number(row, "age", number, _GROWN),
            _number(row, "years", number, _NO_YEARS),
            yes_or_no(row["Decision"], "Decision", number),
        )
        for number, row in enumerate(rows_of(file, ",", ("distance", "Decision")), 2)
        if row["distance"].strip()
    ]
    distance, age, years = (np.array([row[column] for row in rows], dtype=np.float64) for column in range(3))
    same = np.array([row[3] for row in rows], dtype=np.bool_)
    before = model.calibrations[model.model_id]
    after = before.refit(distance, age, years, same)
    return TrainedFaces(model.model_id, before, after, int(same.sum()), int((~same).sum()))


def write_faces(trained: TrainedFaces, model: FaceModel, folder: Path) -> Path:
    """Write the calibrations of all known models, this one's as it is now, with their hash; return the path."""
    known = {name: asdict(calibration) for name, calibration in model.calibrations.items()}
    known[trained.model] = {name: round(value, 5) for name, value in asdict(trained.after).items()}
    content = json.dumps({"models": dict(sorted(known.items()))}, indent=1) + "\n"
    return write_artefact(folder, SHIPPED, content.encode())


def _number(row: Mapping[str, str | None], column: str, line: int, missing: float | None = None) -> float:
    text = (row.get(column) or "").strip()
    if not text and missing is not None:
        return missing
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value < 1000:
        raise MappingProblem(f"line {line}: {column} is not a number of 0 or more")
    return value
