"""What 128 numbers stand for this face chip? dlib's face network, computed by numpy.

The arithmetic is that of dlib's `dlib_face_recognition_resnet_model_v1`, several times faster on one core: each
convolution is one matrix product, and each `affine` layer, which only scales and shifts, is folded into the
convolution before it. Vectors agree with dlib's to about 1e-6.

    chip 150x150 ─> 7x7 conv, max pool ─> 14 residual blocks (32, 64, 128, 256, 256 filters) ─> mean ─> 128 numbers

    residual block      x ─> 3x3 conv ─> relu ─> 3x3 conv ─> + x ─> relu
    one that halves     the first conv steps by 2, x is averaged 2x2; whatever is smaller is filled with zeros

Source: dlib (Davis King, Boost Software License), `dlib/dnn` for the layers and how they are written to a file,
`examples/dnn_face_recognition_ex.cpp` for the network. The weights, which face_recognition_models brings, are in the
public domain (CC0). A file that differs from what is expected here in anything is refused, never guessed at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
import numpy.typing as npt

from matcher.photos.faces import Pixels

Floats = npt.NDArray[np.float32]

CHIP_SIDE = 150
"""Pixels along each side of a chip."""

_WIDTH = 128
_MEAN_RGB = (122.782, 117.001, 104.298)
_FIRST_FILTERS = 32
_STAGES = (  # filters, blocks, whether the first block halves the picture
    (32, 3, False),
    (64, 4, True),
    (128, 3, True),
    (256, 3, True),
    (256, 1, True),
)
# Versions that dlib writes before a layer: that of a computing layer, of one that lies on the input, of a mere tag.
_COMPUTING, _ON_INPUT, _TAG = 2, 3, 1
_TENSOR_VERSION, _SHAPE_VERSION = 2, 1


class UnexpectedWeights(Exception):
    """The file is not the one whose layers this module knows; never leaves `matcher.photos`."""


class FaceNetwork:
    """The network with its weights; holds no state, so that threads may share it."""

    def __init__(self, convolutions: list[_Convolution], projection: Floats) -> None:
        self._convolutions = convolutions
        self._projection = projection
        self._mean = np.array(_MEAN_RGB, np.float32)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read the weights.

        Args:
            path: `dlib_face_recognition_resnet_model_v1.dat`.
        Raises:
            UnexpectedWeights: a layer is of another kind or size, or the file ends early or late or cannot be read.
        """
        try:
            with Path(path).open("rb") as file:
                return cls(*_read_network(_Reader(file)))
        except OSError as error:
            raise UnexpectedWeights(f"the file cannot be read ({type(error).__name__})") from error

    def vectors(self, chips: Pixels) -> Floats:
        """Return one vector per chip, on dlib's scale (not of unit norm).

        Args:
            chips: shape (n, 150, 150, 3), uint8, RGB. Each takes about 5 MB while it is worked on.
        Returns:
            Shape (n, 128), float32.
        """
        if chips.ndim != 4 or chips.shape[1:] != (CHIP_SIDE, CHIP_SIDE, 3):
            raise ValueError(f"chips must be of shape (n, {CHIP_SIDE}, {CHIP_SIDE}, 3), not {chips.shape}")
        remaining = iter(self._convolutions)
        values = (chips.astype(np.float32) - self._mean) * np.float32(1 / 256)
        values = _max_pool(_relu(next(remaining)(values)))
        for _, blocks, halves in _STAGES:
            for block in range(blocks):
                before = _mean_pool(values) if halves and block == 0 else values
                values = _relu(next(remaining)(values))
                values = _relu(_sum(before, next(remaining)(values)))
        return np.asarray(values.mean(axis=(1, 2)) @ self._projection, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a convolution looks like.

    Attributes:
        channels, filters: how many go in and come out.
        side: of its square kernel.
        stride, padding: pixels; padding is of zeros, on all four edges.
    """

    channels: int
    filters: int
    side: int
    stride: int
    padding: int


@dataclass(frozen=True, slots=True, eq=False)
class _Convolution:
    """A convolution and the scaling that follows it.

    Attributes:
        shape: what it looks like.
        weights: shape (side * side * channels, filters); rows in the order of kernel row, kernel column, channel.
        bias: shape (filters,).
    """

    shape: _Shape
    weights: Floats
    bias: Floats

    def __call__(self, values: Floats) -> Floats:
        """Return the pictures filtered.

        Args:
            values: shape (n, h, w, channels).
        Returns:
            Shape (n, h', w', filters).
        """
        side, stride, edge = self.shape.side, self.shape.stride, self.shape.padding
        if edge:
            count, height, width, channels = values.shape
            padded = np.zeros((count, height + 2 * edge, width + 2 * edge, channels), np.float32)
            padded[:, edge:-edge, edge:-edge] = values
            values = padded
        windows = np.lib.stride_tricks.sliding_window_view(values, (side, side), axis=(1, 2))[:, ::stride, ::stride]
        count, height, width = windows.shape[:3]
        # (n, h', w', channels, row, column) to one row of numbers per place; the copy is what matmul needs anyway.
        rows = windows.transpose(0, 1, 2, 4, 5, 3).reshape(count * height * width, -1)
        product: Floats = rows @ self.weights
        product += self.bias
        return product.reshape(count, height, width, -1)


def _relu(values: Floats) -> Floats:
    """Return the values with zeros for negative ones; the array itself is changed."""
    return np.maximum(values, 0, out=values)


def _max_pool(values: Floats) -> Floats:
    """Return the largest of 3x3 at every second place: (n, h, w, c) to (n, (h - 1) // 2, (w - 1) // 2, c)."""
    height, width = values.shape[1] - 2, values.shape[2] - 2
    largest = values[:, 0:height:2, 0:width:2].copy()
    for row, column in np.ndindex(3, 3):
        np.maximum(largest, values[:, row : row + height : 2, column : column + width : 2], out=largest)
    return largest


def _mean_pool(values: Floats) -> Floats:
    """Return the mean of 2x2: (n, h, w, c) to (n, h // 2, w // 2, c)."""
    height, width = values.shape[1] // 2 * 2, values.shape[2] // 2 * 2
    even, odd = values[:, 0:height:2], values[:, 1:height:2]
    total = even[:, :, 0:width:2] + even[:, :, 1:width:2] + odd[:, :, 0:width:2] + odd[:, :, 1:width:2]
    return np.asarray(total * np.float32(0.25), dtype=np.float32)


def _sum(one: Floats, other: Floats) -> Floats:
    """Return the sum of two arrays; as in dlib, whichever ends earlier on an axis goes on in zeros."""
    if one.shape == other.shape:
        return one + other
    shape = np.maximum(one.shape, other.shape)
    total = np.zeros(shape, np.float32)
    for part in (one, other):
        total[tuple(slice(length) for length in part.shape)] += part
    return total


def _read_network(file: _Reader) -> tuple[list[_Convolution], Floats]:
    """Return the convolutions, innermost first, and the last layer's matrix, shape (256, 128)."""
    file.expect_integers("network", 1)
    file.expect_name("loss_metric_2")
    file.real()  # margin and threshold serve training alone
    file.real()
    file.expect_integers("layers", *reversed(list(_versions())))
    file.expect_name("input_rgb_image_sized")
    if not np.allclose([file.real() for _ in range(3)], _MEAN_RGB, rtol=0, atol=1e-4):
        raise UnexpectedWeights("another mean colour")
    file.expect_integers("chip", CHIP_SIDE, CHIP_SIDE)

    convolutions = [_read_convolution(file, _Shape(3, _FIRST_FILTERS, 7, 2, 0), on_input=True)]
    _read_relu(file)
    _read_pool(file, "max_pool_2", 3, 2)
    channels = _FIRST_FILTERS
    for filters, blocks, halves in _STAGES:
        for block in range(blocks):
            halving = halves and block == 0
            first = _Shape(channels, filters, 3, 2, 0) if halving else _Shape(channels, filters, 3, 1, 1)
            convolutions.append(_read_convolution(file, first))
            _read_relu(file)
            convolutions.append(_read_convolution(file, _Shape(filters, filters, 3, 1, 1)))
            if halving:
                _read_pool(file, "avg_pool_2", 2, 2)
            file.expect_name("add_prev_")
            file.skip_state()
            _read_relu(file)
            channels = filters
    _read_pool(file, "avg_pool_2", 0, 1)
    projection = _read_projection(file, channels)
    file.expect_end()
    return convolutions, projection


def _versions() -> Iterator[int]:
    """Yield the version of each layer, innermost first; the file has them outermost first, before all contents."""
    yield from (_ON_INPUT, _COMPUTING, _COMPUTING, _COMPUTING)  # conv, affine, relu, max pool
    for _, blocks, halves in _STAGES:
        for block in range(blocks):
            yield _TAG  # where the block begins
            yield from (_COMPUTING,) * 5  # conv, affine, relu, conv, affine
            if halves and block == 0:
                yield from (_TAG, _TAG, _COMPUTING)  # its end, back to its beginning, mean pool
            yield from (_COMPUTING, _COMPUTING)  # sum, relu
    yield from (_COMPUTING, _COMPUTING)  # mean, projection


def _read_convolution(file: _Reader, shape: _Shape, *, on_input: bool = False) -> _Convolution:
    """Return a convolution with the `affine` layer behind it folded in."""
    channels, filters, side = shape.channels, shape.filters, shape.side
    file.expect_name("con_4")
    count = filters * channels * side * side
    numbers = file.tensor(count + filters)
    file.expect_integers("convolution", filters, side, side, *(shape.stride,) * 2, *(shape.padding,) * 2)
    file.expect_shape(filters, channels, side, side)
    file.expect_shape(1, filters, 1, 1)
    for _ in range(4):  # learning rates and decays
        file.real()
    file.skip_state()
    if on_input:
        file.expect_integers("samples for each picture", 1)
    file.expect_name("affine_")
    scale, shift = file.tensor(2 * filters).astype(np.float64).reshape(2, filters)
    file.expect_shape(1, filters, 1, 1)
    file.expect_shape(1, filters, 1, 1)
    file.expect_integers("affine layer behind a convolution", 0)
    file.skip_state()

    kernels = numbers[:count].reshape(filters, channels, side, side).transpose(2, 3, 1, 0)
    weights = (kernels * scale).reshape(-1, filters).astype(np.float32, order="C")
    bias = (numbers[count:] * scale + shift).astype(np.float32)
    return _Convolution(shape, weights, bias)


def _read_projection(file: _Reader, channels: int) -> Floats:
    file.expect_name("fc_2")
    file.expect_integers("projection", _WIDTH, channels)
    numbers = file.tensor(channels, _WIDTH)
    file.expect_shape(channels, _WIDTH, 1, 1)
    file.expect_shape(0, 0, 0, 0)
    file.expect_integers("projection without bias", 1)
    for _ in range(4):
        file.real()
    file.skip_state()
    return numbers.reshape(channels, _WIDTH)


def _read_relu(file: _Reader) -> None:
    file.expect_name("relu_")
    file.skip_state()


def _read_pool(file: _Reader, name: str, side: int, stride: int) -> None:
    """Pass over a pooling layer; a side of 0 stands for the whole picture."""
    file.expect_name(name)
    file.expect_integers(name, side, side, stride, stride, 0, 0)
    file.skip_state()


class _Reader:
    """Reads what dlib's `serialize` wrote.

    An integer is a byte with its length in bytes and its sign, then its digits, the lowest first; a real number
    is two of them, mantissa and exponent of two; a text is its length and its bytes; a truth value is "0" or "1".
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def integer(self) -> int:
        """Return the next integer."""
        head = self._bytes(1)[0]
        length = head & 0x0F
        if head & 0x70 or not 1 <= length <= 8:
            raise UnexpectedWeights("no integer where one was expected")
        size = int.from_bytes(self._bytes(length), "little")
        return -size if head & 0x80 else size

    def real(self) -> float:
        """Return the next real number."""
        mantissa, exponent = self.integer(), self.integer()
        if abs(exponent) > 1000:  # dlib's way to write what is not finite
            raise UnexpectedWeights("a number that is not finite")
        return math.ldexp(mantissa, exponent)

    def tensor(self, rows: int, columns: int = 1) -> Floats:
        """Return the next tensor: shape (rows * columns,)."""
        self.expect_integers("tensor", _TENSOR_VERSION, rows, columns, 1, 1)
        numbers = np.frombuffer(self._bytes(4 * rows * columns), "<f4").astype(np.float32)
        if not np.isfinite(numbers).all():
            raise UnexpectedWeights("weights that are not finite")
        return numbers

    def expect_name(self, name: str) -> None:
        """Pass over the name of a layer."""
        self.expect_integers(name, len(name))
        if self._bytes(len(name)) != name.encode():
            raise UnexpectedWeights(f"no {name} where one was expected")

    def expect_integers(self, what: str, *numbers: int) -> None:
        """Pass over numbers that are known."""
        for expected in numbers:
            if (found := self.integer()) != expected:
                raise UnexpectedWeights(f"{what}: {expected} expected, {found} found")

    def expect_shape(self, *sides: int) -> None:
        """Pass over where in a layer's tensor some of its numbers lie."""
        self.expect_integers("shape", _SHAPE_VERSION, *sides)

    def skip_state(self) -> None:
        """Pass over what a layer keeps while it is trained: three truth values and three empty tensors."""
        if not set(self._bytes(3)) <= set(b"01"):
            raise UnexpectedWeights("no truth value where one was expected")
        for _ in range(3):
            self.expect_integers("state", _TENSOR_VERSION, 0, 0, 0, 0)

    def expect_end(self) -> None:
        """Make sure that nothing follows."""
        if self._file.read(1):
            raise UnexpectedWeights("more layers than expected")

    def _bytes(self, count: int) -> bytes:
        found = self._file.read(count)
        if len(found) != count:
            raise UnexpectedWeights("the file ends early")
        return found
