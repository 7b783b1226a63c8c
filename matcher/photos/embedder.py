"""Where are the faces of a picture, and what vector stands for each?

dlib and face_recognition's model files are loaded here alone (`load_library`), when an embedder is built and not
before: a deployment without photos does without them.

    HogEmbedder                    finds faces, judges them, tries rotations and sizes
    ├── FaceRecognitionEmbedder    vectors of face_recognition's own model
    └── OnnxEmbedder               vectors of a model the user supplies (matcher.photos.onnx_embedder)
"""

from __future__ import annotations

import contextlib
import io
import logging
import threading
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from matcher.photos.errors import MatchingUnavailable, NoFace, PhotoTooBlurred, UnlikelyFace
from matcher.photos.faces import Box, DetectedFace, Pixels, Quality, Vector
from matcher.photos.quality import LEAST_SCORE, SMALLEST_FACE, grade, measure, require_usable, turned_away
from matcher.photos.resnet import CHIP_SIDE, FaceNetwork, Floats, UnexpectedWeights

_log = logging.getLogger(__name__)
_REMEDY = "run: pip install 'setuptools<81' dlib-bin face-recognition-models"
# dlib crashes when two threads share one of its objects.
_dlib_in_use = threading.Lock()

_QUARTER_TURNS = (0, 1, 3, 2)
_DOUBLINGS = (0, 1, 2)
_LONGEST_SEARCHED = 3200
_LONGEST_SEARCHED_TWICE = 1920
_SMALLEST_UNDOUBLED = 80
_SAME_FACE = 0.3
_CHIP_PADDING = 0.25


class Embedder(Protocol):
    """Whatever turns pixels into faces with vectors.

    Attributes:
        model_id: names the model and everything done around it; vectors of different ids are never compared.
        width: d, the width of its vectors.
    """

    @property
    def model_id(self) -> str:
        """Return the model's id."""

    @property
    def width(self) -> int:
        """Return the width of the vectors."""

    def embed(self, pixels: Pixels) -> list[DetectedFace]:
        """Return every likely face, the most certain first, unusable ones included.

        Args:
            pixels: shape (h, w, 3), uint8, RGB, contiguous.
        Raises:
            NoFace, UnlikelyFace, PhotoTooBlurred: there is no likely face at all.
        """


class HogEmbedder(ABC):
    """Finds faces and their eyes and noses with dlib, and leaves to others what vector stands for each.

    Raises:
        MatchingUnavailable: dlib or the file of the five landmarks is not there.
    """

    def __init__(self) -> None:
        self._dlib = load_library("dlib")
        self._detector: Any = self._dlib.get_frontal_face_detector()
        # Not face_recognition itself: its import loads a landmark file of 100 MB, the one that is never asked.
        self._models = load_library("face_recognition_models")
        location = self._models.pose_predictor_five_point_model_location()
        self._predictor = _loaded(self._dlib.shape_predictor, location)

    def embed(self, pixels: Pixels) -> list[DetectedFace]:
        """Return every likely face, the most certain first, unusable ones included.

        Looks at the picture as it stands, then enlarged, then at the other three rotations, and stops at the
        first that shows a likely face. A face that is not large is looked for companions in an enlarged
        picture too, since the detector misses whoever is under 80 pixels and a lone face is taken for the one meant.
        A picture too thin for any usable face is not looked at.

        Args:
            pixels: shape (h, w, 3), uint8, RGB, contiguous.
        Raises:
            NoFace: nothing found; says what was tried.
            UnlikelyFace, PhotoTooBlurred: only something that hardly looks like a face was found.
        """
        with _dlib_in_use:
            return self._embed(pixels)

    @abstractmethod
    def encode(self, pixels: Pixels, box: Box) -> Vector:
        """Return the vector of one upright face: shape (d,), float32.

        Args:
            pixels: shape (h, w, 3), uint8, RGB, contiguous, turned so that the face stands upright.
            box: the face, in pixels of that picture; it may reach beyond the edges.
        """

    def _embed(self, pixels: Pixels) -> list[DetectedFace]:
        height, width = pixels.shape[:2]
        if min(height, width) < SMALLEST_FACE:
            raise NoFace((0,), (1,), (width, height))
        doublings = _allowed_doublings(max(height, width))
        doubtful: list[DetectedFace] = []
        for quarters in _QUARTER_TURNS:
            turned = np.array(np.rot90(pixels, quarters), order="C")
            for times in doublings:
                found = self._detect(turned, times)
                likely = [(box, score) for box, score in found if score >= LEAST_SCORE]
                if likely:
                    scale = _companion_scale(likely)
                    if times == 0 and scale > 1 and max(height, width) * scale <= _LONGEST_SEARCHED:
                        likely = _merged(likely, self._detect_enlarged(turned, scale))
                    return [self._face(pixels, turned, quarters, box, score) for box, score in likely]
                doubtful += [self._face(pixels, turned, quarters, box, score) for box, score in found[:1]]
        raise _nothing_likely(doubtful, doublings, (width, height))

    def _detect(self, pixels: Pixels, doublings: int) -> list[tuple[Box, float]]:
        rectangles, scores, _ = self._detector.run(pixels, doublings, 0.0)
        boxes = [Box(r.left(), r.top(), r.right() + 1, r.bottom() + 1) for r in rectangles]
        return sorted(zip(boxes, map(float, scores), strict=True), key=lambda found: -found[1])

    def _detect_enlarged(self, pixels: Pixels, scale: float) -> list[tuple[Box, float]]:
        """Return what shows in the enlarged picture, in pixels of the one given."""
        size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
        enlarged = np.array(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR), order="C")
        found = self._detect(enlarged, 0)
        return [(Box(*(round(edge / scale) for edge in box)), score) for box, score in found]

    def _face(self, pixels: Pixels, turned: Pixels, quarters: int, box: Box, score: float) -> DetectedFace:
        height, width = pixels.shape[:2]
        measures = measure(turned, box, score, turned_away(self._points(turned, box)))
        quality = grade(measures)
        # An unusable face gets no vector at all, so that nobody can compare it by mistake.
        vector = np.zeros(0, np.float32) if quality is Quality.UNUSABLE else self.encode(turned, box)
        upright = box.unturned(quarters, width, height).clipped(width, height)
        return DetectedFace(upright, score, quality, vector, measures, 90 * quarters)

    def _landmarks(self, pixels: Pixels, box: Box) -> Any:
        """Return the corners of both eyes and the base of the nose, as dlib keeps them."""
        return self._predictor(pixels, self._dlib.rectangle(box.left, box.top, box.right - 1, box.bottom - 1))

    def _points(self, pixels: Pixels, box: Box) -> npt.NDArray[np.float64]:
        """Return the same, shape (5, 2), in pixels."""
        return np.array([(point.x, point.y) for point in self._landmarks(pixels, box).parts()], dtype=np.float64)


class FaceRecognitionEmbedder(HogEmbedder):
    """face_recognition's model: dlib's HOG detector, five landmarks, ResNet of 128 dimensions.

    A vector is the mean of the model's vectors for the face and for its mirror image, and is **not** of unit
    norm: it stays on face_recognition's own scale, where Euclidean distance means something (below about 0.6:
    perhaps the same person). Normalising it would void that number and every calibration made on it.

    The model was trained on adults, mostly Western; it mixes children up easily. Its distances are evidence to
    be weighed, never a verdict. The 68-point landmark file, which may not be used commercially, is never asked.

    The network is computed by `matcher.photos.resnet`, or, should the file of its weights ever change, by dlib.

    Raises:
        MatchingUnavailable: dlib or one of the model files is not there.
    """

    model_id = "dlib-resnet-v1/hog/5-point/mirror-mean/1"
    width = 128

    def __init__(self) -> None:
        super().__init__()
        self._vectors = _network(self._dlib, self._models.face_recognition_model_location())

    def encode(self, pixels: Pixels, box: Box) -> Vector:
        """Return the vector of one upright face: shape (128,), float32, the same for the mirrored picture."""
        mirrored = np.array(pixels[:, ::-1], order="C")
        across = pixels.shape[1]
        other = Box(across - box.right, box.top, across - box.left, box.bottom)
        both = self._vectors(np.stack([self._chip(pixels, box), self._chip(mirrored, other)]))
        return np.asarray((both[0] + both[1]) / 2, dtype=np.float32)

    def _chip(self, pixels: Pixels, box: Box) -> Pixels:
        """Return the face turned, scaled and cut as the network knows faces: shape (150, 150, 3)."""
        landmarks = self._landmarks(pixels, box)
        chip: Pixels = self._dlib.get_face_chip(pixels, landmarks, size=CHIP_SIDE, padding=_CHIP_PADDING)
        return chip


def _network(dlib: Any, path: str) -> Callable[[Pixels], Floats]:
    """Return what turns chips, shape (n, 150, 150, 3), into vectors, shape (n, 128)."""
    try:
        return FaceNetwork.load(path).vectors
    except UnexpectedWeights as error:
        _log.warning("using dlib's slower network: %s", error)
    network = _loaded(dlib.face_recognition_model_v1, path)
    return lambda chips: np.array(network.compute_face_descriptor(list(chips), 0), np.float32)


def _loaded(kind: Callable[[str], Any], path: str) -> Any:
    """Return a model of dlib's, read from its file."""
    try:
        return kind(path)
    except RuntimeError as error:
        reason = "one of dlib's model files cannot be read"
        raise MatchingUnavailable(reason, "run: pip install --force-reinstall face-recognition-models") from error


def load_library(name: str, remedy: str = _REMEDY) -> Any:
    """Import what photos need and nothing else does, and undo what its import does to the process.

    Raises:
        MatchingUnavailable: it is not there, or lacks its model files.
    """
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        # Some packages print advice and call quit() when a part of theirs is missing, which would end us with
        # status 0.
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.filterwarnings("ignore", message="pkg_resources is deprecated", category=UserWarning)
            return import_module(name)
    except (ImportError, SystemExit, RuntimeError) as error:
        raise MatchingUnavailable(f"{name} cannot be loaded ({type(error).__name__})", remedy) from error
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def _allowed_doublings(longest: int) -> tuple[int, ...]:
    """Return how often the picture may be doubled: once within reason, twice only if it is small."""
    ceilings = (longest, _LONGEST_SEARCHED, _LONGEST_SEARCHED_TWICE)
    return tuple(times for times in _DOUBLINGS if longest << times <= ceilings[times])


def _companion_scale(found: list[tuple[Box, float]]) -> float:
    """Return how far to enlarge so that no face of half the largest one's size is missed; 1 or less: not at all."""
    return min(2.0, 2 * _SMALLEST_UNDOUBLED / max(box.width for box, _ in found))


def _merged(first: list[tuple[Box, float]], second: list[tuple[Box, float]]) -> list[tuple[Box, float]]:
    further = [
        (box, score)
        for box, score in second
        if score >= LEAST_SCORE and all(box.overlap(known) < _SAME_FACE for known, _ in first)
    ]
    return first + further


def _nothing_likely(
    doubtful: list[DetectedFace], doublings: tuple[int, ...], size: tuple[int, int]
) -> NoFace | UnlikelyFace | PhotoTooBlurred:
    """Return the error that helps most when no likely face was found."""
    if doubtful:
        best = max(doubtful, key=lambda face: face.score).measures
        try:
            require_usable(best)
        except PhotoTooBlurred as error:
            return error
        except UnlikelyFace as error:
            return error
    turns = tuple(90 * quarters for quarters in _QUARTER_TURNS)
    return NoFace(turns, tuple(1 << times for times in doublings), size)
