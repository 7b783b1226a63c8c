"""Does the network give dlib's vectors, and refuse every file whose layers it does not know?"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from matcher.photos import resnet as module
from matcher.photos.embedder import load_library
from matcher.photos.faces import Pixels
from matcher.photos.resnet import CHIP_SIDE, FaceNetwork, Floats, UnexpectedWeights


@pytest.fixture(scope="module")
def path() -> Path:
    return Path(load_library("face_recognition_models").face_recognition_model_location())


@pytest.fixture(scope="module")
def content(path: Path) -> bytes:
    return path.read_bytes()


@pytest.fixture(scope="module")
def network(path: Path) -> FaceNetwork:
    return FaceNetwork.load(path)


@pytest.fixture(scope="module")
def chips() -> Pixels:
    """Noise, a dark chip, a bright one and a slope: what no face looks like must agree too."""
    noise = np.random.default_rng(3).integers(0, 256, (CHIP_SIDE, CHIP_SIDE, 3), dtype=np.uint8)
    slope = np.broadcast_to(np.arange(CHIP_SIDE, dtype=np.uint8)[:, None, None], noise.shape)
    return np.stack([noise, np.zeros_like(noise), np.full_like(noise, 255), slope])


def test_the_vectors_are_dlibs(network: FaceNetwork, path: Path, chips: Pixels) -> None:
    slow = load_library("dlib").face_recognition_model_v1(str(path))
    expected = np.array(slow.compute_face_descriptor(list(chips), 0))
    found = network.vectors(chips)
    assert found.shape == (4, 128)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_the_same_chips_give_the_same_vectors(network: FaceNetwork, chips: Pixels) -> None:
    np.testing.assert_array_equal(network.vectors(chips), network.vectors(chips))


def test_chips_do_not_touch_each_other(network: FaceNetwork, chips: Pixels) -> None:
    alone = np.concatenate([network.vectors(chips[place : place + 1]) for place in range(len(chips))])
    np.testing.assert_allclose(network.vectors(chips), alone, rtol=0, atol=1e-5)
    before = chips.copy()
    network.vectors(chips)
    np.testing.assert_array_equal(chips, before)


@pytest.mark.parametrize("shape", [(150, 150, 3), (1, 150, 149, 3), (1, 150, 150, 4), (1, 3, 150, 150)])
def test_other_shapes_are_refused(network: FaceNetwork, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        network.vectors(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(
    "shape", [module._Shape(2, 3, 3, 1, 1), module._Shape(2, 3, 3, 2, 0), module._Shape(2, 4, 7, 2, 0)]
)
def test_a_convolution_is_that_of_the_textbook(shape: module._Shape) -> None:
    rng = np.random.default_rng(5)
    kernels = rng.normal(size=(shape.side, shape.side, shape.channels, shape.filters)).astype(np.float32)
    bias = rng.normal(size=shape.filters).astype(np.float32)
    values = rng.normal(size=(2, 11, 9, shape.channels)).astype(np.float32)
    found = module._Convolution(shape, kernels.reshape(-1, shape.filters), bias)(values)
    edge = shape.padding
    padded = np.pad(values, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
    for picture, row, column, one in np.ndindex(*found.shape):
        top, left = row * shape.stride, column * shape.stride
        window = padded[picture, top : top + shape.side, left : left + shape.side]
        assert found[picture, row, column, one] == pytest.approx(
            (window * kernels[..., one]).sum() + bias[one], abs=1e-4
        )
    assert found.shape[1] == (11 + 2 * edge - shape.side) // shape.stride + 1


@pytest.mark.parametrize("side", [7, 8, 9])
def test_pools_are_those_of_the_textbook(side: int) -> None:
    values = np.random.default_rng(5).normal(size=(2, side, side, 3)).astype(np.float32)

    def slow(reduce: str, window: int) -> Floats:
        count = (side - window) // 2 + 1
        rows = [
            [
                getattr(values[:, 2 * y : 2 * y + window, 2 * x : 2 * x + window], reduce)(axis=(1, 2))
                for x in range(count)
            ]
            for y in range(count)
        ]
        return np.array(rows).transpose(2, 0, 1, 3)

    np.testing.assert_array_equal(module._max_pool(values), slow("max", 3))
    np.testing.assert_allclose(module._mean_pool(values), slow("mean", 2), atol=1e-6)


def test_a_sum_goes_on_in_zeros() -> None:
    small, wide = np.ones((1, 2, 2, 3), np.float32), np.ones((1, 3, 1, 1), np.float32)
    total = module._sum(small, wide)
    assert total.shape == (1, 3, 2, 3)
    assert total[0, 0, 0].tolist() == [2, 1, 1]
    assert total[0, 2, 0].tolist() == [1, 0, 0]
    assert total[0, 2, 1].tolist() == [0, 0, 0]


def write(folder: Path, content: bytes) -> Path:
    path = folder / "weights.dat"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("length", [0, 1, 20, 200, 1000, 5_000_000, -100, -1])
def test_a_file_that_ends_early_is_refused(length: int, content: bytes, tmp_path: Path) -> None:
    with pytest.raises(UnexpectedWeights, match="ends early"):
        FaceNetwork.load(write(tmp_path, content[:length]))


def test_a_file_that_goes_on_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(UnexpectedWeights, match="more layers"):
        FaceNetwork.load(write(tmp_path, content + b"\0"))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnexpectedWeights, match="cannot be read"):
        FaceNetwork.load(tmp_path / "none.dat")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"loss_metric_2", b"loss_metric_3"),
        (b"\x01\x96\x01\x96", b"\x01\x96\x01\x95"),
        (b"con_4", b"con_5"),
        (b"relu_", b"sig__"),
        (b"\nmax_pool_2\x01\x03\x01\x03", b"\nmax_pool_2\x01\x02\x01\x02"),
        (b"\x01 \x01\x07\x01\x07\x01\x02\x01\x02\x01\x00", b"\x01 \x01\x07\x01\x07\x01\x02\x01\x02\x01\x01"),
        (b"add_prev_111", b"mult_prev111"),
        (b"add_prev_111", b"add_prev_121"),
        (b"\x04fc_2\x01\x80", b"\x04fc_2\x01\x40"),
    ],
)
def test_a_layer_of_another_kind_or_size_is_refused(old: bytes, new: bytes, content: bytes, tmp_path: Path) -> None:
    assert old in content
    with pytest.raises(UnexpectedWeights):
        FaceNetwork.load(write(tmp_path, content.replace(old, new, 1)))


def test_weights_that_are_not_finite_are_refused(content: bytes, tmp_path: Path) -> None:
    start = content.index(b"con_4") + len(b"con_4") + len(b"\x01\x02\x02\x80\x12\x01\x01\x01\x01\x01\x01")
    spoiled = content[:start] + np.array(np.nan, "<f4").tobytes() + content[start + 4 :]
    with pytest.raises(UnexpectedWeights, match="not finite"):
        FaceNetwork.load(write(tmp_path, spoiled))


def test_no_byte_of_the_list_of_layers_can_change(content: bytes) -> None:
    names = content.index(b"input_rgb_image_sized")
    # From behind the loss layer's two numbers up to the length of the first name.
    listed = range(content.index(b"\x81\x18\x01") + 2, names - 2)
    assert len(listed) == 2 * 130
    for place in listed:
        changed = content[:place] + bytes([content[place] ^ 0x03]) + content[place + 1 : names + 200]
        with pytest.raises(UnexpectedWeights, match=r"layers|integer"):
            module._read_network(module._Reader(io.BytesIO(changed)))


@pytest.mark.parametrize(
    ("written", "number"), [(b"\x01\x00", 0), (b"\x01\x96", 150), (b"\x02\x80\x12", 4736), (b"\x81\x04", -4)]
)
def test_integers_are_dlibs(written: bytes, number: int) -> None:
    assert module._Reader(io.BytesIO(written)).integer() == number


def test_real_numbers_are_dlibs() -> None:
    assert module._Reader(io.BytesIO(b"\x01\x10\x81\x04")).real() == 1.0
    assert module._Reader(io.BytesIO(b"\x03\n\xd7\xa3\x81\x1c")).real() == pytest.approx(0.04, rel=1e-6)
    with pytest.raises(UnexpectedWeights, match="finite"):
        module._Reader(io.BytesIO(b"\x01\x00\x02\x00\x7d")).real()  # dlib's infinity
    with pytest.raises(UnexpectedWeights, match="integer"):
        module._Reader(io.BytesIO(b"\x09" + bytes(9))).integer()
