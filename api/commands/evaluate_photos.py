"""`sandhan evaluate photos`: how well does the face model do on your own labelled pairs of photos?"""

from __future__ import annotations

import csv
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from api.commands.console import Json, out, plain_errors, print_json, progress
from api.commands.context import load_settings
from api.face_model import face_model_of, photo_pool
from api.linking import MappingProblem
from api.tabular import rows_of, yes_or_no
from matcher.photos.errors import UnusablePhoto
from matcher.photos.evaluation import PhotoPair, distances_of, figures_of, largest
from matcher.photos.faces import Vector
from matcher.photos.pool import PhotoPool
from matcher.photos.reading import PhotoLimits


@dataclass(frozen=True, slots=True)
class _Looked:
    """What became of one photo."""

    vector: Vector | None
    faces: int
    refused: str | None


def photos(
    pairs: Annotated[Path, typer.Option(help="CSV with the columns file_x, file_y, Decision (Yes, No).", exists=True)],
    images: Annotated[Path, typer.Option(help="Folder that the file names are relative to.", exists=True)],
    workers: Annotated[int, typer.Option(help="Photos examined at a time.", min=1, max=32)] = 1,
    distances: Annotated[Path | None, typer.Option(help="Write each pair's distance to this CSV.")] = None,
    as_json: Json = False,
) -> None:
    """Faces found, accuracy, TAR and FAR at the retrieval threshold, AUC and seconds per image. Nothing is stored."""
    with plain_errors():
        paths: dict[str, Path] = {}
        labelled = []
        for number, row in enumerate(rows_of(pairs, ",", ("file_x", "file_y", "Decision")), 2):
            pair = PhotoPair(
                row["file_x"].strip(), row["file_y"].strip(), yes_or_no(row["Decision"], "Decision", number)
            )
            paths |= {name: _inside(images, name, number) for name in (pair.left, pair.right) if name not in paths}
            labelled.append(pair)
        names = sorted(paths)
        settings = load_settings()
        model = face_model_of(settings)
        calibration = model.calibrations.get(model.model_id)
        # A model without a calibration has no threshold: its distances and their order can be measured all the same.
        threshold = None if calibration is None else calibration.retrieval
        started = time.perf_counter()
        pool = photo_pool(settings, model, workers)
        with pool, ThreadPoolExecutor(workers) as threads, progress(as_json) as bars:
            looks = threads.map(lambda name: _look(pool, paths[name], pool.limits), names)
            looked = dict(zip(names, bars.track(looks, total=len(names), description="photos"), strict=True))
        seconds = (time.perf_counter() - started) * workers / max(len(names), 1)
    found = {name: look.vector for name, look in looked.items() if look.vector is not None}
    measured = distances_of(labelled, found)
    if distances is not None:
        _write(distances, labelled, measured)
    figures = {
        "model": model.model_id,
        "images": len(names),
        "faces_found": len(found),
        "several_faces": sum(look.faces > 1 for look in looked.values()),
        "refused": dict(Counter(look.refused for look in looked.values() if look.refused)),
        **asdict(figures_of(labelled, measured, threshold)),
        "seconds_per_image": seconds,
    }
    if as_json:
        print_json(figures)
        return
    table = Table("figure", "value")
    for name, value in figures.items():
        table.add_row(name, f"{value:.4f}" if isinstance(value, float) else str(value))
    out.print(table)


def _inside(folder: Path, name: str, line: int) -> Path:
    """Return the path of a photo; a name that leads out of the folder, or to nothing, is refused by its line."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise MappingProblem(f"line {line} of the pairs names a file that is not in the folder of images")
    return path


def _look(pool: PhotoPool, path: Path, limits: PhotoLimits) -> _Looked:
    with path.open("rb") as file:
        data = file.read(limits.max_bytes + 1)
    try:
        result = pool.process(data, all_faces=True)
    except UnusablePhoto as problem:
        if problem.transient:
            raise
        return _Looked(None, 0, problem.code)
    face = largest(result.faces)
    if face is None:
        return _Looked(None, len(result.faces), "no_usable_face")
    return _Looked(face.vector, len(result.faces), None)


def _write(path: Path, pairs: list[PhotoPair], distance: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file_x", "file_y", "Decision", "distance"))
        for pair, value in zip(pairs, distance.tolist(), strict=True):
            writer.writerow(
                (pair.left, pair.right, "Yes" if pair.same else "No", "" if value == np.inf else f"{value:.4f}")
            )
