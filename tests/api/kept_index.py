"""An index keeper on a house's database, and the files of its snapshots, for the tests of both."""

from __future__ import annotations

from pathlib import Path

from api.face_model import FACE_MODEL, FaceModel
from api.ids import Clock
from api.index_keeper import IndexKeeper
from indexing.sealing import FileSeal
from matcher.face_calibration import shipped_calibrations
from matcher.photos.embedder import FaceRecognitionEmbedder

from .conftest import House, TickingClock


def keeper(
    house: House,
    folder: Path,
    face_model: str = FACE_MODEL,
    processes: int = 1,
    clock: Clock | None = None,
    seal: FileSeal | None = None,
) -> IndexKeeper:
    model = FaceModel(face_model, 128, FaceRecognitionEmbedder, shipped_calibrations())
    return IndexKeeper(
        house.sandhan.database, folder, {face_model: model}, clock or TickingClock(), processes=processes, seal=seal
    )


def snapshot_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "LOCK")
