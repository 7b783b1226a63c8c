"""With which face model does this deployment look at photos? The one that comes along, or one of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from api.settings import Settings
from api.store.photos import PhotoContent
from matcher.errors import ModelCorrupt
from matcher.face_calibration import Calibrations, FaceCalibration, shipped_calibrations
from matcher.photos.cleaning import LooksForNobody
from matcher.photos.embedder import Embedder, FaceRecognitionEmbedder
from matcher.photos.errors import MatchingUnavailable
from matcher.photos.faces import Box, PhotoResult
from matcher.photos.onnx_embedder import OnnxEmbedder
from matcher.photos.onnx_profile import OnnxProfile
from matcher.photos.pool import PhotoPool
from matcher.photos.reading import PhotoLimits

FACE_MODEL = FaceRecognitionEmbedder.model_id
"""The model that comes along."""


@dataclass(frozen=True, slots=True)
class FaceModel:
    """A face model as settings name it.

    Attributes:
        model_id: stored with every embedding; distances never mix ids.
        width: of its vectors.
        build: makes the embedder, inside a worker.
        calibrations: what distances are worth, by model id; a model that is not among them only ranks.
    """

    model_id: str
    width: int
    build: Callable[[], Embedder]
    calibrations: Calibrations

    @property
    def is_calibrated(self) -> bool:
        """Tell whether its distances are evidence."""
        return self.model_id in self.calibrations


def _no_embedder() -> Embedder:
    raise MatchingUnavailable(
        "the face model that is searched is not set up here",
        "set SANDHAN_FACE_PROFILE to its profile, or run sandhan photos reembed with the model that is",
    )


NOT_SET_UP = FaceModel("not set up here", FaceRecognitionEmbedder.width, _no_embedder, {})
"""Stands for a model that the database names and this process does not have: no faces are of it, and photos wait."""


def face_model_of(settings: Settings) -> FaceModel:
    """Return the face model of this deployment.

    Raises:
        MatchingUnavailable: the profile, or the file it names, cannot be used; says why.
        ModelMissing, ModelCorrupt: so are the calibrations.
    """
    if not settings.face_profile:
        known = shipped_calibrations()
        return FaceModel(
            FaceRecognitionEmbedder.model_id, FaceRecognitionEmbedder.width, FaceRecognitionEmbedder, known
        )
    path = Path(settings.face_profile)
    profile = OnnxProfile.read(path)
    own: dict[str, FaceCalibration] = {}
    if profile.calibration is not None:
        try:
            own[profile.model_id] = FaceCalibration.of(profile.calibration)
        except ModelCorrupt as error:
            reason = f"the [calibration] of the face model's profile {path.name} cannot be used"
            raise MatchingUnavailable(reason, f"correct it there, or leave it out: {error}") from error
    return FaceModel(
        profile.model_id,
        profile.width,
        partial(OnnxEmbedder, path),
        {**own, **shipped_calibrations()},  # what `sandhan train faces` has moved wins over where it began
    )


def face_models_of(settings: Settings) -> dict[str, FaceModel]:
    """Return the models that can be used here, by id: the deployment's own first, then the one that comes along.

    Raises:
        MatchingUnavailable, ModelMissing, ModelCorrupt: as of `face_model_of`.
    """
    found = (face_model_of(settings), face_model_of(settings.model_copy(update={"face_profile": ""})))
    return {model.model_id: model for model in found}


class Studio:
    """Looks at photos with the model whose embeddings are searched now; each model has workers of its own.

    Args:
        current: tells that model.
    """

    def __init__(self, settings: Settings, current: Callable[[], FaceModel]) -> None:
        self._settings, self._current = settings, current
        self._lock = threading.Lock()
        self._pools: dict[str, PhotoPool] = {}

    def process(self, data: bytes, *, pick: Box | None = None) -> PhotoResult:
        """Return the cleaned photo and its face; see `PhotoPool.process`."""
        model = self._current()
        if model is NOT_SET_UP:
            _no_embedder()
        with self._lock:
            if model.model_id not in self._pools:
                self._pools[model.model_id] = photo_pool(self._settings, model)
            pool = self._pools[model.model_id]
        return pool.process(data, pick=pick)

    def close(self) -> None:
        """End all workers."""
        with self._lock:
            pools = list(self._pools.values())
        for pool in pools:
            pool.close()


class DarkRoom:
    """Makes photos anew and looks for no faces, whether or not faces are compared here.

    Its one worker is started by the first photo: few are published.
    """

    def __init__(self, settings: Settings) -> None:
        self._pool = photo_pool(settings, FaceModel(LooksForNobody.model_id, 0, LooksForNobody, {}), workers=1)

    def clean(self, data: bytes) -> PhotoContent:
        """Return a picture made anew, without what the camera wrote into it.

        Raises:
            UnusablePhoto: it cannot be read, or not now.
        """
        result = self._pool.process(data, all_faces=True)
        return PhotoContent(result.media_type, result.jpeg)

    def close(self) -> None:
        """End the worker."""
        self._pool.close()


def photo_pool(settings: Settings, model: FaceModel, workers: int | None = None) -> PhotoPool:
    """Return a pool of workers that look at photos with a model; no process is started before the first photo."""
    return PhotoPool(
        workers=workers or settings.photo_workers,
        timeout_s=settings.photo_timeout_s,
        memory_mb=settings.photo_memory_mb,
        embedder_factory=model.build,
        limits=PhotoLimits(max_bytes=settings.photo_limit_mb * 1024 * 1024),
    )
