"""Is the face model changed without a moment in which distances of two models meet, or a photo is lost?"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from api.face_model import FACE_MODEL, NOT_SET_UP, FaceModel, Studio
from api.index_keeper import IndexKeeper
from api.reembedding import Reembedding
from api.store import audit, meta
from api.store.faces import faces_of_cases, faces_of_photo
from api.store.photos import list_photos as photo_rows
from matcher.face_calibration import shipped_calibrations
from matcher.person import Side
from matcher.photos.embedder import FaceRecognitionEmbedder
from matcher.photos.errors import FaceTooSmall, MatchingUnavailable, PoolBusy
from matcher.photos.faces import Box, PhotoResult

from .conftest import GREEN, FakePhotographer, House, picture

CLAY, SAND = (160, 96, 96), (160, 160, 96)
(CALIBRATION,) = shipped_calibrations().values()
OLD = FaceModel(FACE_MODEL, 128, FaceRecognitionEmbedder, shipped_calibrations())
NEW = FaceModel("onnx/new/1", 16, FaceRecognitionEmbedder, {"onnx/new/1": CALIBRATION})


class NewCamera:
    """Sees what the old one sees, by another model of narrower vectors."""

    def __init__(self, refused: tuple[int, int, int] | None = None) -> None:
        self._old, self._refused = FakePhotographer(), refused and picture(refused)
        self.picks: list[Box | None] = []
        self.busy_after: int | None = None

    def process(self, data: bytes, *, pick: Box | None = None) -> PhotoResult:
        if self.busy_after is not None and len(self.picks) >= self.busy_after:
            raise PoolBusy(1)
        self.picks.append(pick)
        result = self._old.process(data, pick=pick)
        if self._refused and np.array_equal(result.faces[0].vector, self._old.process(self._refused).faces[0].vector):
            raise FaceTooSmall(20, 24)
        return replace(
            result, model_id=NEW.model_id, faces=tuple(replace(face, vector=face.vector[:16]) for face in result.faces)
        )


@pytest.fixture
def house(fresh_house: House) -> House:
    """A house of its own for each test: a face model is changed once."""
    return fresh_house


def reembedding(house: House, camera: NewCamera) -> Reembedding:
    sandhan = house.sandhan
    return Reembedding(
        sandhan.database, NEW, camera, sandhan.settings.index_folder, sandhan.clock, sandhan.random_bytes
    )


def enter(house: House, *colours: tuple[int, int, int]) -> list[dict[str, Any]]:
    return [
        house.enter("family", {"side": "missing", "name": f"Mala {n}"}, picture(colour), face_consent=True)["case"]
        for n, colour in enumerate(colours)
    ]


def models_of(house: House, case: dict[str, Any]) -> list[str]:
    with house.sandhan.database.read() as conn:
        return sorted(face.model for face in faces_of_photo(conn, case["photos"][0]["id"]))


def test_the_new_model_is_searched_once_every_photo_is_read(house: House) -> None:
    cases = enter(house, GREEN, CLAY)
    camera = NewCamera()
    summary = reembedding(house, camera).run()
    assert (summary.embedded, summary.refused, summary.switched) == (2, {}, True)
    # The face that was found before is the one that is meant.
    assert camera.picks == [Box(0, 0, 96, 96)] * 2
    assert [models_of(house, case) for case in cases] == [[FACE_MODEL, NEW.model_id]] * 2
    with house.sandhan.database.read() as conn:
        assert meta.face_model(conn) == NEW.model_id
        assert [face.width for face in faces_of_cases(conn, [cases[0]["id"]], NEW.model_id)[cases[0]["id"]]] == [16]
        assert "faces.model_changed" in [row.action for row in audit.entries(conn, limit=100)]
    assert not house.ask("family", "GET", f"/v1/cases/{cases[0]['id']}").json()["compared"]


def test_a_running_service_changes_to_the_index_that_was_made(house: House) -> None:
    enter(house, GREEN)
    sandhan = house.sandhan
    keeper = IndexKeeper(
        sandhan.database, sandhan.settings.index_folder, {NEW.model_id: NEW, FACE_MODEL: OLD}, sandhan.clock
    )
    keeper.open()
    assert keeper.face_model == OLD  # set up here, and not searched yet
    assert keeper.index.photos[Side.MISSING].owner
    reembedding(house, NewCamera()).run()
    keeper.refresh()
    assert keeper.face_model == NEW
    status = keeper.status()
    assert (status.source, status.faces, status.behind) == ("snapshot", 1, 0)


def test_two_runs_at_once_store_each_face_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    (case,) = enter(house, GREEN)
    camera = NewCamera()
    process, other = camera.process, reembedding(house, NewCamera())

    def beside(data: bytes, *, pick: Box | None = None) -> PhotoResult:
        other.run()
        return process(data, pick=pick)

    monkeypatch.setattr(camera, "process", beside)
    assert reembedding(house, camera).run().embedded == 0
    assert models_of(house, case) == [FACE_MODEL, NEW.model_id]


def test_interrupted_it_goes_on_where_it_stopped(house: House) -> None:
    enter(house, GREEN, CLAY, SAND)
    camera = NewCamera()
    camera.busy_after = 2
    work = reembedding(house, camera)
    assert work.waiting() == 3
    with pytest.raises(PoolBusy):
        work.run()
    assert work.waiting() == 1
    with house.sandhan.database.read() as conn:
        assert meta.face_model(conn) == FACE_MODEL
    camera.busy_after = None
    assert reembedding(house, camera).run().embedded == 1
    assert len(camera.picks) == 3


def test_a_photo_that_comes_in_meanwhile_is_read_before_the_change(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(house, GREEN)
    late: list[dict[str, Any]] = []
    rebuild = IndexKeeper.rebuild

    def slow(self: IndexKeeper) -> Any:
        if not late:
            late.extend(enter(house, CLAY))
        return rebuild(self)

    monkeypatch.setattr(IndexKeeper, "rebuild", slow)
    assert reembedding(house, NewCamera()).run().embedded == 2
    assert models_of(house, late[0]) == [FACE_MODEL, NEW.model_id]


def test_what_the_new_model_cannot_use_is_told_after_the_change(house: House) -> None:
    good, bad = enter(house, GREEN, CLAY)
    camera = NewCamera(refused=CLAY)
    summary = reembedding(house, camera).run()
    assert (summary.embedded, list(summary.refused.values()), summary.switched) == (1, ["face_too_small"], True)
    assert models_of(house, bad) == [FACE_MODEL]
    # The service, which searches by the new model now, has it read once more and tells its owner.
    house.sandhan.photos._photographer = camera
    assert house.sandhan.photos.readmit(NEW.model_id) == 1
    assert house.sandhan.photos.readmit(NEW.model_id) == 0
    house.sandhan.photos.process_pending()
    states = [house.ask("family", "GET", f"/v1/cases/{case['id']}").json()["photos"][0] for case in (good, bad)]
    assert [(photo["state"], photo["error_code"]) for photo in states] == [
        ("embedded", None),
        ("failed", "face_too_small"),
    ]


def test_withdrawn_consent_forgets_the_faces_of_both_models(house: House) -> None:
    (case,) = enter(house, GREEN)
    reembedding(house, NewCamera()).run()
    form = {"side": "missing", "name": "Mala 0", "face_consent": False}
    house.send("family", form, path=f"/v1/cases/{case['id']}", method="PUT")
    assert models_of(house, case) == []


def test_the_old_faces_are_forgotten_when_asked(house: House) -> None:
    (case,) = enter(house, GREEN)
    summary = reembedding(house, NewCamera()).run(forget_others=True)
    assert summary.forgotten == 1
    assert models_of(house, case) == [NEW.model_id]


def test_readiness_says_which_model_is_searched(house: House) -> None:
    checks = json.loads(house.client.get("/v1/ready").text)["checks"]
    assert checks["faces"] == f"on ({FACE_MODEL})"


def test_a_second_run_after_forgetting_a_refused_face_ends(house: House) -> None:
    _, bad = enter(house, GREEN, CLAY)
    camera = NewCamera(refused=CLAY)
    assert reembedding(house, camera).run(forget_others=True).refused
    assert reembedding(house, camera).run(forget_others=True).switched
    with house.sandhan.database.read() as conn:
        assert [photo.state for photo in photo_rows(conn, bad["id"])] == ["pending"]


def test_a_process_without_the_searched_model_waits_and_deletes_nothing(house: House) -> None:
    (case,) = enter(house, GREEN)
    reembedding(house, NewCamera()).run()
    sandhan = house.sandhan
    keeper = IndexKeeper(sandhan.database, sandhan.settings.index_folder, {FACE_MODEL: OLD}, sandhan.clock)
    keeper.open()
    assert keeper.face_model is NOT_SET_UP
    assert keeper.status().faces == 0
    assert sandhan.photos.readmit(keeper.face_model.model_id) == 0
    assert sandhan.photos.readmit(FACE_MODEL) == 0
    assert models_of(house, case) == [FACE_MODEL, NEW.model_id]
    studio = Studio(sandhan.settings, lambda: keeper.face_model)
    with pytest.raises(MatchingUnavailable, match="not set up here"):
        studio.process(picture(GREEN))


def test_snapshots_of_other_models_are_deleted(house: House) -> None:
    enter(house, GREEN)
    house.sandhan.keeper.save()
    folder = house.sandhan.settings.index_folder
    assert folder.is_dir()
    reembedding(house, NewCamera()).run()
    assert not folder.exists()
    assert len(list(folder.parent.glob("index-*"))) == 1
