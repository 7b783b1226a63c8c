"""`sandhan evaluate photos`, `train faces`, `photos embed`: on real photos, in their own words."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from api.cli import build_app
from api.face_model import FACE_MODEL
from matcher.photos.evaluation import PhotoPair, distances_of, figures_of
from matcher.reference import data_root

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, two photos each, and one that shows nobody."""
    folder = tmp_path_factory.mktemp("images")
    for name in ("astronaut", "grace_hopper"):
        data = data_root().joinpath("photos").joinpath(f"{name}.jpg").read_bytes()
        (folder / f"{name}.jpg").write_bytes(data)
        with Image.open(io.BytesIO(data)) as picture:
            picture.convert("RGB").rotate(4, resample=Image.Resampling.BICUBIC).save(folder / f"{name}_2.jpg")
    Image.new("RGB", (200, 200), "grey").save(folder / "wall.jpg")
    return folder


PAIRS = (
    ("astronaut.jpg", "astronaut_2.jpg", "Yes"),
    ("grace_hopper.jpg", "grace_hopper_2.jpg", "Yes"),
    ("astronaut.jpg", "grace_hopper.jpg", "No"),
    ("astronaut_2.jpg", "wall.jpg", "No"),
    ("grace_hopper.jpg", "wall.jpg", "Yes"),
)


def write_pairs(path: Path, rows: tuple[tuple[str, ...], ...] = PAIRS) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("file_x", "file_y", "Decision"), *rows])
    return path


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SANDHAN_HOME", str(tmp_path / "var"))


@pytest.mark.slow
def test_photos_are_evaluated_and_the_calibration_is_moved_by_them(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    # Spawning runs the parent's main module again: here that is pytest, which no worker needs.
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    pairs, distances = write_pairs(tmp_path / "pairs.csv"), tmp_path / "distances.csv"
    arguments = ["evaluate", "photos", "--pairs", str(pairs), "--images", str(images), "--json"]
    result = RUNNER.invoke(build_app(), [*arguments, "--distances", str(distances)])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["model"], found["images"], found["faces_found"]) == (FACE_MODEL, 5, 4)
    assert found["refused"] == {"no_face": 1}
    assert (found["pairs"], found["compared"]) == (5, 3)
    # The pair with the wall cannot be called one person.
    assert found["accuracy"] == pytest.approx(4 / 5)
    assert (found["tar"], found["far"]) == (pytest.approx(2 / 3), 0.0)
    assert 0 < found["auc"] <= 1
    assert found["seconds_per_image"] > 0
    rows = list(csv.DictReader(distances.read_text(encoding="utf-8").splitlines()))
    assert [bool(row["distance"]) for row in rows] == [True, True, True, False, False]
    trained = RUNNER.invoke(
        build_app(), ["train", "faces", str(distances), "--out", str(tmp_path / "models"), "--json"]
    )
    assert trained.exit_code == 0, trained.output
    figures = json.loads(trained.stdout)
    assert (figures["same"], figures["different"]) == (2, 1)
    assert figures["after"]["genuine"] < figures["before"]["genuine"]
    written = json.loads((tmp_path / "models" / "faces-1.json").read_text(encoding="utf-8"))
    assert written["models"][FACE_MODEL]["genuine"] == pytest.approx(figures["after"]["genuine"], abs=1e-5)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((("nowhere.jpg", "astronaut.jpg", "Yes"),), "line 2 of the pairs names a file that is not in the folder"),
        ((("../secret.jpg", "astronaut.jpg", "Yes"),), "line 2 of the pairs names a file that is not in the folder"),
        ((("astronaut.jpg", "astronaut.jpg", "perhaps"),), "row 2: Decision is not one of"),
    ],
)
def test_mistakes_in_the_pairs_are_told_by_line_and_name_no_file(
    images: Path, tmp_path: Path, rows: tuple[tuple[str, ...], ...], message: str
) -> None:
    (images.parent / "secret.jpg").write_bytes(b"")
    pairs = write_pairs(tmp_path / "pairs.csv", rows)
    result = RUNNER.invoke(build_app(), ["evaluate", "photos", "--pairs", str(pairs), "--images", str(images)])
    said = " ".join(result.output.split())
    assert result.exit_code == 2
    assert message in said
    assert "secret" not in said
    assert "nowhere" not in said


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("distance,Decision\nx,Yes\n", "line 2: distance is not a number"),
        ("distance,Decision,age\n0.4,Yes,-3\n", "line 2: age is not a number"),
        ("distance\n0.4\n", "the first line names no column Decision"),
    ],
)
def test_mistakes_in_the_distances_are_told(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "d.csv").write_text(content, encoding="utf-8")
    result = RUNNER.invoke(build_app(), ["train", "faces", str(tmp_path / "d.csv"), "--out", str(tmp_path / "models")])
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


def test_reading_what_waits_says_what_became_of_it(tmp_path: Path) -> None:
    result = RUNNER.invoke(build_app(), ["photos", "embed", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"settled": 0, "waiting": 0, "photos": {}}


def test_without_faces_there_is_nothing_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDHAN_FACES", "false")
    for command in ("embed", "reembed"):
        result = RUNNER.invoke(build_app(), ["photos", command])
        assert result.exit_code == 2
        assert "faces are switched off here" in " ".join(result.output.split())


def test_figures_by_hand() -> None:
    vectors: dict[str, Any] = {name: np.float32([x, 0]) for name, x in (("a", 0.0), ("b", 0.3), ("c", 1.0), ("d", 0.5))}
    pairs = [
        PhotoPair("a", "b", True),
        PhotoPair("a", "c", True),
        PhotoPair("a", "d", False),
        PhotoPair("b", "c", False),
    ]
    pairs.append(PhotoPair("a", "nobody", False))
    distance = distances_of(pairs, vectors)
    np.testing.assert_allclose(distance, [0.3, 1.0, 0.5, 0.7, np.inf], atol=1e-6)
    found = figures_of(pairs, distance, 0.6)
    assert (found.compared, found.tar) == (4, 0.5)
    assert found.far == pytest.approx(1 / 3)
    assert found.accuracy == pytest.approx(3 / 5)
    assert found.auc == pytest.approx((3 + 1) / 6)  # pairs of one person nearer than pairs of two, of 2 x 3
    assert found.genuine == pytest.approx(0.65)
    assert found.impostor == pytest.approx(0.6)


def test_faces_are_switched_off_for_a_partner_by_command() -> None:
    RUNNER.invoke(build_app(), ["partners", "add", "Unit", "--kind", "ahtu", "--country", "IN"])
    (before,) = json.loads(RUNNER.invoke(build_app(), ["partners", "list", "--json"]).stdout)
    result = RUNNER.invoke(build_app(), ["partners", "faces", before["id"], "--off"])
    assert "not compared" in " ".join(result.output.split())
    (after,) = json.loads(RUNNER.invoke(build_app(), ["partners", "list", "--json"]).stdout)
    assert (before["faces"], after["faces"]) == (True, False)
    assert RUNNER.invoke(build_app(), ["partners", "faces", "partner_none", "--on"]).exit_code == 2


def test_without_a_threshold_only_the_order_is_measured() -> None:
    pairs = [PhotoPair("a", "b", True), PhotoPair("a", "c", False)]
    found = figures_of(pairs, np.array([0.2, 0.9]), None)
    assert (found.threshold, found.accuracy, found.tar, found.far) == (None, None, None, None)
    assert found.auc == 1.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"file_x,file_y,Decision\na.jpg\n", "row 2: there is nothing for file_y, Decision"),
        (b"file_x,file_y,Decision\n", "there is no row below the header"),
        ("file_x,file_y,Decision\nré.jpg,b.jpg,Yes\n".encode("latin-1"), "is not UTF-8"),
        (b"Rani Das.jpg,b.jpg,Yes\n", "the first line names no column file_x, file_y, Decision"),
    ],
)
def test_a_table_that_cannot_be_read_is_told_without_its_values(
    images: Path, tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "pairs.csv").write_bytes(content)
    result = RUNNER.invoke(
        build_app(), ["evaluate", "photos", "--pairs", str(tmp_path / "pairs.csv"), "--images", str(images)]
    )
    said = " ".join(result.output.split())
    assert result.exit_code == 2
    assert message in said
    assert "Rani" not in said
