"""Can a face model that the user supplies give the vectors?

Sandhan ships none: a deployment that has the right to use one writes a profile beside it (TOML) and says there
whatever cannot be guessed, the licence first. onnxruntime (extra `onnx`) is imported when an embedder is built.

    photo ──HogEmbedder──> box ──dlib──> five points ──similarity──> square crop ─┬─> network ─┐
                                                                                  └─> mirrored ┴─> mean = vector

A model without a calibration of its own only ranks: its distances are no evidence.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from matcher.photos.embedder import HogEmbedder, load_library
from matcher.photos.errors import MatchingUnavailable, NoVector
from matcher.photos.faces import Box, Pixels, Vector
from matcher.photos.onnx_profile import FRAME_SIDE, Metric, read_profile

Points = npt.NDArray[np.float64]

_INSTALL = "run: pip install 'sandhan[onnx]'"
# Midpoint of the eye on the left of the picture, of the one on the right, and base of the nose.
_FRAME = np.array([(37.9, 53.6), (73.9, 53.5), (55.9, 80.6)])


class OnnxEmbedder(HogEmbedder):
    """A model of the user's own behind dlib's HOG detector and five landmarks.

    A vector is the mean of the model's vectors for the aligned face and for its mirror image. With the metric
    "cosine" it is of unit norm, so that Euclidean distance orders faces as cosine does; with "euclidean" it
    stays on the model's own scale.

    Args:
        profile_path: the model's profile.

    Raises:
        MatchingUnavailable: dlib or onnxruntime is not there, or the profile or the model cannot be used.
    """

    def __init__(self, profile_path: Path) -> None:
        self.profile, content = read_profile(profile_path)
        super().__init__()
        self._network = _Network(content, self.profile.size)
        self.model_id = self.profile.model_id
        self.width = self._network.width
        if self.width != self.profile.width:
            raise _unfit(f"gives {self.width} numbers", f"{self.profile.width} numbers, as its profile's width says")

    def encode(self, pixels: Pixels, box: Box) -> Vector:
        """Return the vector of one upright face: shape (d,), float32, nearly the same for the mirrored picture.

        Args:
            pixels: shape (h, w, 3), uint8, RGB, contiguous.
            box: the face, in pixels of that picture; it may reach beyond the edges.
        Raises:
            NoVector: the model gave nothing that can be compared.
        """
        face = aligned(pixels, self._points(pixels, box), self.profile.size)
        both = [self._network.vector(self._normalised(view)) for view in (face, face[:, ::-1])]
        return _mean_vector(np.stack(both), self.profile.metric)

    def _normalised(self, face: Pixels) -> npt.NDArray[np.float32]:
        ordered = face if self.profile.colour == "RGB" else face[..., ::-1]
        mean, std = np.array([self.profile.mean, self.profile.std], np.float32)
        return np.asarray((ordered - mean) / std, dtype=np.float32)


def similarity(source: Points, target: Points) -> Points:
    """Return the rotation, scaling and shift that bring points closest to others (Umeyama, no reflection).

    With points as complex numbers such a map is z -> a z + b, and least squares a linear regression.

    Args:
        source, target: shape (n, 2), n of at least 2.
    Returns:
        Shape (2, 3): [linear part | shift]; the linear part can be inverted.
    Raises:
        ValueError: the points of one side coincide, or no rotation is better than any other.
    """
    origin, goal = source @ (1, 1j), target @ (1, 1j)
    centred = origin - origin.mean()
    spread = np.vdot(centred, centred).real
    turn = np.vdot(centred, goal - goal.mean()) / spread if spread else 0
    if turn == 0:
        raise ValueError("no similarity transform is defined by these points")
    shift = goal.mean() - turn * origin.mean()
    return np.array([(turn.real, -turn.imag, shift.real), (turn.imag, turn.real, shift.imag)])


def aligned(pixels: Pixels, points: Points, size: int) -> Pixels:
    """Return the face turned, scaled and cut so that eyes and nose lie where models expect them.

    Args:
        pixels: shape (h, w, 3), uint8, contiguous.
        points: shape (5, 2), dlib's order: corners of the eye on the right of the picture, of the one on the
            left, base of the nose; whole numbers are the centres of pixels.
        size: side of the crop, pixels.
    Returns:
        Shape (size, size, 3), uint8; black where the picture ends.
    """
    three = np.stack([points[2:4].mean(axis=0), points[0:2].mean(axis=0), points[4]])
    there = similarity(three, _FRAME * (size / FRAME_SIDE))
    back = np.linalg.inv(there[:, :2])
    # Pillow counts from the corner of a pixel, the points from its centre.
    shift = 0.5 - back @ (there[:, 2] + 0.5)
    coefficients = (*back[0], shift[0], *back[1], shift[1])
    crop = Image.fromarray(pixels).transform(
        (size, size), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
    )
    return np.asarray(crop)


class _Network:
    """A network that turns one colour picture into one vector; any other is refused.

    Args:
        content: the ONNX file's bytes.
        size: side of its input, pixels.

    Raises:
        MatchingUnavailable: onnxruntime is not there, or the network is of another kind.
    """

    def __init__(self, content: bytes, size: int) -> None:
        self._session = _session(content)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1:
            raise _unfit(f"has {len(inputs)} inputs and {len(outputs)} outputs", "one input and one output")
        self._input = inputs[0].name
        self._channels_first = _channels_first(inputs[0].shape, inputs[0].type, size)
        zeros = self._run(np.zeros((size, size, 3), np.float32))
        if zeros.ndim != 2 or zeros.shape[0] != 1 or zeros.shape[1] < 1 or zeros.dtype != np.float32:
            raise _unfit(f"gives {zeros.dtype} of shape {list(zeros.shape)}", "float32 of shape [1, d]")
        self.width: int = zeros.shape[1]

    def vector(self, values: npt.NDArray[np.float32]) -> Vector:
        """Return the vector, shape (d,), of what stands for a picture, shape (size, size, 3)."""
        (vector,) = self._run(values)
        return np.asarray(vector, dtype=np.float32)

    def _run(self, values: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
        batch = np.ascontiguousarray((values.transpose(2, 0, 1) if self._channels_first else values)[np.newaxis])
        try:
            (output,) = self._session.run(None, {self._input: batch})
        except Exception as error:  # onnxruntime's errors share no other base
            if _out_of_memory(error):
                raise MemoryError from error  # a worker has an answer of its own for that
            raise _unfit(f"cannot be run ({type(error).__name__})", "the shapes that its profile states") from error
        return np.asarray(output)


def _session(content: bytes) -> Any:
    runtime = load_library("onnxruntime", _INSTALL)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # fatal errors only: a log is no place for what a photo did to a network
    # Weights kept in a second file would escape the hash. onnxruntime looks for them in the working directory
    # unless told otherwise, so it is sent to a folder that holds none.
    with tempfile.TemporaryDirectory() as empty:
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", empty)
        try:
            return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors share no other base
            if _out_of_memory(error):
                reason = "the ONNX face model does not fit into the memory allowed"
                raise MatchingUnavailable(reason, "allow photo workers more, or use a smaller model") from error
            raise _unfit(
                f"cannot be loaded ({type(error).__name__})", "a single ONNX file that holds its weights"
            ) from error


def _out_of_memory(error: Exception) -> bool:
    """Tell whether that is why onnxruntime failed; it has no error of its own for it, only words."""
    words = str(error)
    return isinstance(error, MemoryError) or "bad_alloc" in words or "Failed to allocate memory" in words


def _channels_first(shape: list[int | str | None], kind: str, size: int) -> bool:
    """Return whether the network wants channels before rows; a side without a number takes any.

    Raises:
        MatchingUnavailable: it wants neither layout.
    """
    wanted = f"float32 of shape [1, 3, {size}, {size}] or [1, {size}, {size}, 3]"
    if kind == "tensor(float)" and len(shape) == 4:
        for channels, expected in ((1, (1, 3, size, size)), (3, (1, size, size, 3))):
            fits = all(
                not isinstance(side, int) or side == needed for side, needed in zip(shape, expected, strict=True)
            )
            if fits and shape[channels] == 3:
                return channels == 1
    raise _unfit(f"takes {kind} of shape {shape}", f"{wanted}, as its profile's size says")


def _mean_vector(vectors: npt.NDArray[np.float32], metric: Metric) -> Vector:
    """Return one vector, shape (d,), for the several of one face, shape (n, d).

    Raises:
        NoVector: one of them, or their mean, is zero or not finite: the photo's fault, or every photo would say so.
    """
    wide = vectors.astype(np.float64)
    mean = wide.mean(axis=0) if np.isfinite(wide).all() else np.zeros(wide.shape[1])
    length = np.linalg.norm(mean)
    if length == 0 or not wide.any(axis=1).all():
        raise NoVector
    return np.asarray(mean / length if metric == "cosine" else mean, dtype=np.float32)


def _unfit(found: str, wanted: str) -> MatchingUnavailable:
    return MatchingUnavailable(f"the ONNX face model {found}", f"use a model with {wanted}, or correct the profile")
