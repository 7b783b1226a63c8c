"""Where are the faces of a picture, and what vector stands for each?

The only file that imports face_recognition and dlib. They are imported when an embedder is built, not before:
a deployment without photos does without them.
"""

from __future__ import annotations

import contextlib
import io
import threading
import warnings
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from PIL import ImageFile

from matcher.photos.errors import MatchingUnavailable, NoFace, PhotoTooBlurred, UnlikelyFace
from matcher.photos.faces import Box, DetectedFace, Pixels, Quality, Vector
from matcher.photos.quality import LEAST_SCORE, grade, measure, require_usable

_REMEDY = "run: pip install 'setuptools<81' dlib-bin face-recognition face-recognition-models"
# dlib crashes when two threads share one of its objects; face_recognition keeps them in its module.
_dlib_in_use = threading.Lock()

_QUARTER_TURNS = (0, 1, 3, 2)
_DOUBLINGS = (0, 1, 2)
_LONGEST_SEARCHED = 3200
_LONGEST_SEARCHED_TWICE = 1920
_SMALLEST_UNDOUBLED = 80
_SAME_FACE = 0.3


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


class FaceRecognitionEmbedder:
    """face_recognition's model: dlib's HOG detector, five landmarks, ResNet of 128 dimensions.

    A vector is the mean of the model's vectors for the face and for its mirror image, and is **not** of unit
    norm: it stays on face_recognition's own scale, where Euclidean distance means something (below about 0.6:
    perhaps the same person). Normalising it would void that number and every calibration made on it.

    The model was trained on adults, mostly Western; it mixes children up easily. Its distances are evidence to
    be weighed, never a verdict. The 68-point landmark file, which may not be used commercially, is never asked.

    Raises:
        MatchingUnavailable: face_recognition or one of its model files is not there.
    """

    model_id = "dlib-resnet-v1/hog/5-point/mirror-mean/1"
    width = 128

    def __init__(self) -> None:
        self._library = _load()
        self._detector: Any = import_module("dlib").get_frontal_face_detector()

    def embed(self, pixels: Pixels) -> list[DetectedFace]:
        """Return every likely face, the most certain first, unusable ones included.

        Looks at the picture as it stands, then enlarged, then at the other three rotations, and stops at the
        first that shows a likely face. A face that is not large is looked for companions in the enlarged
        picture too, since the detector misses whoever is under 80 pixels and a lone face is taken for the one meant.

        Args:
            pixels: shape (h, w, 3), uint8, RGB, contiguous.
        Raises:
            NoFace: nothing found; says what was tried.
            UnlikelyFace, PhotoTooBlurred: only something that hardly looks like a face was found.
        """
        with _dlib_in_use:
            return self._embed(pixels)

    def encode(self, pixels: Pixels, box: Box) -> Vector:
        """Return the vector of one upright face: shape (128,), float32, the same for the mirrored picture."""
        mirrored = np.ascontiguousarray(pixels[:, ::-1])
        across = pixels.shape[1]
        other = Box(across - box.right, box.top, across - box.left, box.bottom)
        both = [self._encode_once(pixels, box), self._encode_once(mirrored, other)]
        return np.asarray((both[0] + both[1]) / 2, dtype=np.float32)

    def _embed(self, pixels: Pixels) -> list[DetectedFace]:
        doublings = _allowed_doublings(max(pixels.shape[:2]))
        doubtful: list[DetectedFace] = []
        for quarters in _QUARTER_TURNS:
            turned = np.ascontiguousarray(np.rot90(pixels, quarters))
            for times in doublings:
                found = self._detect(turned, times)
                likely = [(box, score) for box, score in found if score >= LEAST_SCORE]
                if likely:
                    if times == 0 and 1 in doublings and _companions_possible(likely):
                        likely = _merged(likely, self._detect(turned, 1))
                    return [self._face(pixels, turned, quarters, box, score) for box, score in likely]
                doubtful += [self._face(pixels, turned, quarters, box, score) for box, score in found[:1]]
        raise _nothing_likely(doubtful, doublings, (pixels.shape[1], pixels.shape[0]))

    def _detect(self, pixels: Pixels, doublings: int) -> list[tuple[Box, float]]:
        rectangles, scores, _ = self._detector.run(pixels, doublings, 0.0)
        boxes = [Box(r.left(), r.top(), r.right() + 1, r.bottom() + 1) for r in rectangles]
        return sorted(zip(boxes, map(float, scores), strict=True), key=lambda found: -found[1])

    def _face(self, pixels: Pixels, turned: Pixels, quarters: int, box: Box, score: float) -> DetectedFace:
        height, width = pixels.shape[:2]
        measures = measure(turned, box, score)
        quality = grade(measures)
        # An unusable face gets no vector at all, so that nobody can compare it by mistake.
        vector = np.zeros(0, np.float32) if quality is Quality.UNUSABLE else self.encode(turned, box)
        upright = box.unturned(quarters, width, height).clipped(width, height)
        return DetectedFace(upright, score, quality, vector, measures, 90 * quarters)

    def _encode_once(self, pixels: Pixels, box: Box) -> Vector:
        edges = (box.top, box.right - 1, box.bottom - 1, box.left)
        (vector,) = self._library.face_encodings(pixels, [edges], num_jitters=1, model="small")
        return np.asarray(vector, dtype=np.float32)


def _load() -> Any:
    """Import face_recognition, and undo what its import does to the process."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        # When its model files are missing it prints advice and calls quit(), which would end us with status 0.
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.filterwarnings("ignore", message="pkg_resources is deprecated", category=UserWarning)
            return import_module("face_recognition")
    except (ImportError, SystemExit, RuntimeError) as error:
        reason = f"face_recognition cannot be loaded ({type(error).__name__})"
        raise MatchingUnavailable(reason, _REMEDY) from error
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def _allowed_doublings(longest: int) -> tuple[int, ...]:
    """Return how often the picture may be doubled: once within reason, twice only if it is small."""
    ceilings = (longest, _LONGEST_SEARCHED, _LONGEST_SEARCHED_TWICE)
    return tuple(times for times in _DOUBLINGS if longest << times <= ceilings[times])


def _companions_possible(found: list[tuple[Box, float]]) -> bool:
    """Tell whether a face of at least half the size of the largest could have been missed."""
    return max(box.width for box, _ in found) < 2 * _SMALLEST_UNDOUBLED


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
