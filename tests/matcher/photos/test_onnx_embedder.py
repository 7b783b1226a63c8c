"""Does a model of the user's own give vectors like the one that is shipped, and is every mistake in it named?"""

from __future__ import annotations

import hashlib
import json
import math
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from matcher.photos.embedder import Embedder
from matcher.photos.errors import MatchingUnavailable, NoVector
from matcher.photos.faces import Box, DetectedFace, Pixels, Quality
from matcher.photos.onnx_embedder import OnnxEmbedder, Points, aligned, similarity
from matcher.photos.onnx_profile import OnnxProfile
from matcher.photos.pool import PhotoPool

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
FLOAT = onnx.TensorProto.FLOAT

HOPPER_BOX = Box(161, 137, 377, 353)
# What dlib finds there: corners of the eye on the right of the picture, of the one on the left, base of the nose.
HOPPER_POINTS = [(323.0, 189.0), (293.0, 190.0), (207.0, 195.0), (239.0, 192.0), (270.0, 252.0)]
FRAME = np.array([(37.9, 53.6), (73.9, 53.5), (55.9, 80.6)])
GOOD: dict[str, Any] = {
    "name": "tiny",
    "file": "tiny.onnx",
    "licence": "CC0: made of random numbers",
    "colour": "RGB",
    "mean": 127.5,
    "std": [127.5, 127.5, 127.5],
    "metric": "cosine",
    "width": 16,
}
Write = Callable[..., Path]


def network(
    steps: list[tuple[str, dict[str, Any]]],
    shape: tuple[int | str, ...] = (1, 3, 112, 112),
    out: tuple[int | str, ...] = (1, "d"),
    kind: int = FLOAT,
    outputs: int = 1,
    further_input: bool = False,
    **weights: Any,
) -> bytes:
    """Return an ONNX file of steps in a row; a step names its weights with the attribute `with_`."""
    nodes = [
        onnx.helper.make_node(
            operation,
            [f"t{i}", *options.get("with_", ())],
            [f"t{i + 1}"],
            **{k: options[k] for k in options if k != "with_"},
        )
        for i, (operation, options) in enumerate(steps)
    ]
    info = onnx.helper.make_tensor_value_info
    inputs = [info("t0", kind, shape)] + [info("more", kind, shape)] * further_input
    names = [f"t{len(steps)}", "t1"][:outputs]
    constants = [onnx.numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = onnx.helper.make_graph(nodes, "g", inputs, [info(name, kind, out) for name in names], constants)
    opset = [onnx.helper.make_opsetid("", 17)]
    return bytes(onnx.helper.make_model(graph, opset_imports=opset, ir_version=9).SerializeToString())


def tiny(seed: int = 1, shape: tuple[int | str, ...] = (1, 3, 112, 112), first: tuple[Any, ...] = ()) -> bytes:
    """Return a network that sees a face blurred to 14 x 14 from 16 random sides."""
    rng = np.random.default_rng(seed)
    return network(
        [
            *first,
            ("Conv", {"with_": ["c"], "kernel_shape": [8, 8], "strides": [8, 8], "group": 3}),
            ("Flatten", {}),
            ("Gemm", {"with_": ["w"]}),
        ],
        shape,
        (shape[0], 16),
        c=np.full((3, 1, 8, 8), 1 / 64, np.float32),
        w=rng.normal(size=(3 * 14 * 14, 16)).astype(np.float32),
    )


MEANS = [("GlobalAveragePool", {}), ("Flatten", {})]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return partial(write_profile, tmp_path)


def write_profile(folder: Path, content: bytes | None = None, **changes: Any) -> Path:
    """Write a model and its profile; a change of None leaves that key out."""
    content = tiny() if content is None else content
    (folder / "tiny.onnx").write_bytes(content)
    values = {**GOOD, "sha256": hashlib.sha256(content).hexdigest(), **changes}
    table = values.pop("calibration", None)
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items() if value is not None]
    if isinstance(table, dict):
        lines += ["[calibration]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    elif table is not None:
        lines.append(f"calibration = {json.dumps(table)}")
    path = folder / "profile.toml"
    path.write_text("\n".join(lines), "utf-8")
    return path


@pytest.fixture(scope="module")
def onnx_embedder(tmp_path_factory: pytest.TempPathFactory) -> OnnxEmbedder:
    return OnnxEmbedder(write_profile(tmp_path_factory.mktemp("model")))


def pixels_of(image: Image.Image) -> Pixels:
    return np.ascontiguousarray(np.asarray(image.convert("RGB")))


def three_of(points: list[tuple[float, float]]) -> Points:
    (a, b, c, d, nose) = np.array(points)
    return np.array([(c + d) / 2, (a + b) / 2, nose])


def only(faces: list[DetectedFace]) -> DetectedFace:
    assert len(faces) == 1
    return faces[0]


def distance(one: DetectedFace, other: DetectedFace) -> float:
    return float(np.linalg.norm(one.vector - other.vector))


def test_a_good_profile(write: Write, tmp_path: Path) -> None:
    profile = OnnxProfile.read(write(calibration={"mean": 1, "spread": 0.25}))
    assert (profile.size, profile.width) == (112, 16)
    assert profile.mean == profile.std == (127.5, 127.5, 127.5)
    assert (profile.colour, profile.metric) == ("RGB", "cosine")
    assert profile.file == tmp_path / "tiny.onnx"
    assert profile.calibration == {"mean": 1.0, "spread": 0.25}
    assert re.fullmatch(r"onnx/tiny/[0-9a-f]{12}/hog/5-point/mirror-mean/1", profile.model_id)
    assert hash(profile)
    assert OnnxProfile.read(write()).calibration is None


def test_the_licence_may_stand_in_a_file(write: Write, tmp_path: Path) -> None:
    (tmp_path / "LICENCE").write_text("MIT\n", "utf-8")
    assert OnnxProfile.read(write(licence=None, licence_file="LICENCE")).licence == "MIT\n"


@pytest.mark.parametrize("key", ["name", "file", "sha256", "licence", "colour", "mean", "std", "metric"])
def test_nothing_is_guessed(key: str, write: Write, tmp_path: Path) -> None:
    path = write()
    kept = [line for line in path.read_text().splitlines() if not line.startswith(f"{key} =")]
    path.write_text("\n".join(kept))
    with pytest.raises(MatchingUnavailable, match=f"lacks the key {key}; set {key} to "):
        OnnxProfile.read(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "../x/y"}, "unusable value for name"),
        ({"name": 7}, "unusable value for name"),
        ({"file": 7}, "unusable value for file"),
        ({"file": "absent.onnx"}, "FileNotFoundError"),
        ({"file": "."}, "cannot be read"),
        ({"file": "nul\0"}, "cannot be read"),
        ({"sha256": "abc"}, "unusable value for sha256"),
        ({"sha256": "0" * 64}, "is not the one that .* its SHA-256 is [0-9a-f]{64}; fetch"),
        ({"licence": ""}, "unusable value for licence"),
        ({"licence": " \n"}, "unusable value for licence"),
        ({"licence": True}, "unusable value for licence"),
        ({"licence_file": "x"}, "has both the key licence_file and licence"),
        ({"licence": None, "licence_file": "absent"}, "FileNotFoundError"),
        ({"licence": None, "licence_file": "empty"}, "names an empty file in licence_file"),
        ({"licence": None, "licence_file": "latin"}, "not UTF-8 in licence_file"),
        ({"size": 112.0}, "unusable value for size"),
        ({"width": None}, "lacks the key width"),
        ({"width": 1}, "unusable value for width"),
        ({"size": True}, "unusable value for size"),
        ({"size": 0}, "unusable value for size"),
        ({"colour": "rgb"}, "unusable value for colour"),
        ({"mean": "127.5"}, "unusable value for mean"),
        ({"mean": [1, 2]}, "unusable value for mean"),
        ({"mean": [1, 2, False]}, "unusable value for mean"),
        ({"std": 0}, "unusable value for std"),
        ({"std": [1, 1, -1]}, "unusable value for std"),
        ({"std": 10**400}, "unusable value for std"),
        ({"metric": "manhattan"}, "unusable value for metric"),
        ({"calibration": 1}, "unusable value for calibration"),
        ({"calibration": {}}, "unusable value for calibration"),
        ({"calibration": {"mean": "far"}}, "unusable value for calibration"),
        ({"color": "RGB"}, "unknown key 'color'; remove or rename it; the keys are name,"),
    ],
)
def test_every_mistake_is_named(changes: dict[str, Any], words: str, write: Write, tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"\n")
    (tmp_path / "latin").write_bytes(b"\xff")
    with pytest.raises(MatchingUnavailable, match=words):
        OnnxProfile.read(write(**changes))


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_numbers_are_finite(number: str, write: Write) -> None:
    path = write()
    path.write_text(path.read_text().replace("mean = 127.5", f"mean = {number}"))
    with pytest.raises(MatchingUnavailable, match="unusable value for mean"):
        OnnxProfile.read(path)


@pytest.mark.parametrize(
    ("content", "words"), [(b"name = ", "not TOML"), (b"\xff", "not TOML"), (None, "FileNotFound")]
)
def test_an_unreadable_profile(content: bytes | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "profile.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MatchingUnavailable, match=words):
        OnnxProfile.read(path)


def test_an_altered_model_is_refused(write: Write, tmp_path: Path) -> None:
    path = write()
    with (tmp_path / "tiny.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(MatchingUnavailable, match="SHA-256"):
        OnnxEmbedder(path)


def test_what_was_hashed_is_what_runs(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is read once: whoever swaps it afterwards changes nothing."""
    path, model, reads = write(), tmp_path / "tiny.onnx", []
    read_bytes = Path.read_bytes

    def read_then_swap(self: Path) -> bytes:
        content = read_bytes(self)
        if self == model:
            reads.append(self)
            model.write_bytes(b"something else")
        return content

    monkeypatch.setattr(Path, "read_bytes", read_then_swap)
    assert OnnxEmbedder(path).width == 16
    assert len(reads) == 1


def test_weights_beside_the_model_would_escape_the_hash(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = onnx.load_from_string(tiny())
    onnx.save_model(model, tmp_path / "m", save_as_external_data=True, location="weights", size_threshold=0)
    monkeypatch.chdir(tmp_path)  # where onnxruntime would look
    with pytest.raises(MatchingUnavailable, match="a single ONNX file that holds its weights"):
        OnnxEmbedder(write((tmp_path / "m").read_bytes()))


def test_vectors(onnx_embedder: OnnxEmbedder, astronaut: Image.Image, hopper: Image.Image) -> None:
    embedder: Embedder = onnx_embedder
    faces = [only(embedder.embed(pixels_of(image))) for image in (astronaut, hopper)]
    for face in faces:
        assert face.quality is Quality.GOOD
        assert face.vector.shape == (embedder.width,) == (16,)
        assert face.vector.dtype == np.float32
        assert np.linalg.norm(face.vector) == pytest.approx(1, abs=1e-6)
    assert distance(*faces) > 1


def test_finds_what_the_other_embedder_finds(
    onnx_embedder: OnnxEmbedder, embedder: Embedder, hopper: Image.Image
) -> None:
    pixels = pixels_of(hopper)
    ours, theirs = only(onnx_embedder.embed(pixels)), only(embedder.embed(pixels))
    assert (ours.box, ours.score, ours.measures) == (theirs.box, theirs.score, theirs.measures)


def test_one_thread_and_no_accelerator(onnx_embedder: OnnxEmbedder) -> None:
    session = onnx_embedder._network._session
    options = session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert session.get_providers() == ["CPUExecutionProvider"]


@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_the_mirror_image_has_nearly_the_same_vector(
    name: str, onnx_embedder: OnnxEmbedder, request: pytest.FixtureRequest
) -> None:
    pixels = pixels_of(request.getfixturevalue(name))
    mirrored = np.ascontiguousarray(pixels[:, ::-1])
    original = only(onnx_embedder.embed(pixels))
    # dlib finds mirrored landmarks up to 3 pixels elsewhere; the two people are more than 1 apart.
    assert distance(original, only(onnx_embedder.embed(mirrored))) < 0.4
    box, across = original.box, pixels.shape[1]
    other = Box(across - box.right, box.top, across - box.left, box.bottom)
    assert np.linalg.norm(original.vector - onnx_embedder.encode(mirrored, other)) < 0.15


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_every_rotation(
    quarters: int, onnx_embedder: OnnxEmbedder, hopper: Image.Image, astronaut: Image.Image
) -> None:
    pixels = pixels_of(hopper.resize((256, 300)))
    upright = only(onnx_embedder.embed(pixels_of(hopper)))
    lying = only(onnx_embedder.embed(np.ascontiguousarray(np.rot90(pixels, -quarters))))
    assert lying.turned == 90 * quarters
    assert distance(upright, lying) < 0.2 < distance(lying, only(onnx_embedder.embed(pixels_of(astronaut))))


def test_a_face_half_outside_the_picture_has_a_vector(onnx_embedder: OnnxEmbedder, hopper: Image.Image) -> None:
    cut = pixels_of(hopper.crop((220, 137, 512, 600)))
    assert np.isfinite(onnx_embedder.encode(cut, Box(-59, 0, 157, 216))).all()


def test_euclidean_keeps_the_scale_of_the_model(write: Write, hopper: Image.Image) -> None:
    vector = OnnxEmbedder(write(metric="euclidean")).encode(pixels_of(hopper), HOPPER_BOX)
    assert np.linalg.norm(vector) > 2
    unit = OnnxEmbedder(write()).encode(pixels_of(hopper), HOPPER_BOX)
    np.testing.assert_allclose(vector / np.linalg.norm(vector), unit, atol=1e-6)


def test_the_order_of_colours_counts(write: Write, onnx_embedder: OnnxEmbedder, hopper: Image.Image) -> None:
    vector = OnnxEmbedder(write(colour="BGR")).encode(pixels_of(hopper), HOPPER_BOX)
    assert np.linalg.norm(vector - onnx_embedder.encode(pixels_of(hopper), HOPPER_BOX)) > 0.01


@pytest.mark.parametrize(("colour", "expected"), [("RGB", (19, 9.5, 9)), ("BGR", (29, 9.5, 17 / 3))])
def test_mean_and_std_are_those_of_the_channels_the_model_sees(
    colour: str, expected: tuple[float, ...], write: Write
) -> None:
    """A network that passes on the mean of each channel, and a picture of one colour."""
    embedder = OnnxEmbedder(
        write(network(MEANS), colour=colour, mean=[1, 1, 3], std=[1, 2, 3], metric="euclidean", width=3)
    )
    plain = np.full((400, 400, 3), (20, 20, 30), np.uint8)
    np.testing.assert_allclose(embedder.encode(plain, Box(150, 150, 250, 250)), expected, rtol=1e-4)


def test_rows_before_channels_and_sides_without_numbers(
    write: Write, onnx_embedder: OnnxEmbedder, hopper: Image.Image
) -> None:
    expected = onnx_embedder.encode(pixels_of(hopper), HOPPER_BOX)
    channels_last = tiny(shape=(1, 112, 112, 3), first=(("Transpose", {"perm": [0, 3, 1, 2]}),))
    for content in (channels_last, tiny(shape=("n", 3, "h", "w"))):
        vector = OnnxEmbedder(write(content)).encode(pixels_of(hopper), HOPPER_BOX)
        np.testing.assert_allclose(vector, expected, atol=1e-5)


@pytest.mark.parametrize("size", [64, 112, 160])
def test_the_frame_grows_with_the_size_of_the_input(size: int, write: Write, hopper: Image.Image) -> None:
    path = write(network(MEANS, (1, 3, "h", "w")), size=size, mean=0, std=1, metric="euclidean", width=3)
    expected = aligned(pixels_of(hopper), np.array(HOPPER_POINTS), 112).mean(axis=(0, 1))
    np.testing.assert_allclose(OnnxEmbedder(path).encode(pixels_of(hopper), HOPPER_BOX), expected, atol=3)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be loaded"),
        (b"no model at all", "cannot be loaded"),
        (network(MEANS, further_input=True), "has 2 inputs and 1 outputs"),
        (network([("Flatten", {}), ("Identity", {})], outputs=2), "has 1 inputs and 2 outputs"),
        (network(MEANS, (1, 3, 224, 224)), r"takes tensor\(float\) of shape \[1, 3, 224, 224\]; .*\[1, 3, 112, 112\]"),
        (network(MEANS, (2, 3, 112, 112), (2, 3)), r"shape \[2, 3, 112, 112\]"),
        (network(MEANS, (1, 1, 112, 112)), r"shape \[1, 1, 112, 112\]"),
        (network(MEANS, ("n", "c", "h", "w"), ("n", "d")), "takes"),
        (network([("ReduceMean", {"axes": [2], "keepdims": 0})], (1, 3, 112), (1, 3)), r"shape \[1, 3, 112\]"),
        (
            network([("ReduceMean", {"axes": [2, 3], "keepdims": 0})], kind=onnx.TensorProto.DOUBLE),
            r"takes tensor\(double\)",
        ),
        (network(MEANS), "gives 3 numbers; .* 16 numbers, as its profile's width says"),
        (network(MEANS[:1], out=(1, 3, 1, 1)), r"gives float32 of shape \[1, 3, 1, 1\]"),
        (
            network(
                [("Transpose", {"perm": [1, 0, 2, 3]}), ("ReduceMean", {"axes": [2, 3], "keepdims": 0})], out=(3, 1)
            ),
            r"\[3, 1\]",
        ),
        (network([("Reshape", {"with_": ["s"]})], (1, 3, "h", "w"), (1, 5), s=np.array([1, 5])), "cannot be run"),
    ],
)
def test_other_networks_are_refused(
    content: bytes, words: str, write: Write, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write(content)
    with pytest.raises(MatchingUnavailable, match=words):
        OnnxEmbedder(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("operation", "factor"), [("Mul", 0.0), ("Mul", math.nan), ("Mul", math.inf), ("Div", 0.0)], ids=str
)
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_face_for_which_the_model_gives_nothing_is_refused_by_name(
    operation: str, factor: float, metric: str, write: Write, hopper: Image.Image
) -> None:
    content = network([*MEANS, (operation, {"with_": ["k"]})], k=np.float32([factor]))
    embedder = OnnxEmbedder(write(content, mean=0, std=1, metric=metric, width=3))
    with pytest.raises(NoVector):
        embedder.embed(pixels_of(hopper))


def test_models_have_ids_of_their_own(write: Write) -> None:
    ids = [OnnxEmbedder(write(tiny(seed))).model_id for seed in (1, 2)]
    ids.append(OnnxEmbedder(write(name="other")).model_id)
    # What is done around a model makes other vectors of it, hence another model.
    changes: list[dict[str, Any]] = [{"colour": "BGR"}, {"mean": 0}, {"std": 1}, {"metric": "euclidean"}]
    ids += [OnnxProfile.read(write(tiny(1), **changed)).model_id for changed in changes]
    assert len(set(ids)) == 7


@pytest.mark.parametrize(
    ("library", "remedy"),
    [
        ("onnxruntime", r"pip install 'sandhan\[onnx\]'"),
        ("dlib", "dlib-bin"),
        ("face_recognition_models", "face-recognition-models"),
    ],
)
def test_missing_libraries_are_named(library: str, remedy: str, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MatchingUnavailable, match=f"{library} cannot be loaded .*{remedy}"):
        OnnxEmbedder(write())


def test_a_damaged_landmark_file_is_named(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = SimpleNamespace(pose_predictor_five_point_model_location=lambda: str(tmp_path / "absent.dat"))
    monkeypatch.setitem(sys.modules, "face_recognition_models", damaged)
    with pytest.raises(MatchingUnavailable, match="model files cannot be read"):
        OnnxEmbedder(write())


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RuntimeError("std::bad_alloc"), RuntimeError("Failed to allocate memory for 7 bytes")],
    ids=str,
)
def test_a_lack_of_memory_is_not_blamed_on_the_model(
    error: Exception, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    embedder = OnnxEmbedder(write())
    session = Mock(run=Mock(side_effect=error))
    monkeypatch.setattr(embedder._network, "_session", session)
    with pytest.raises(MemoryError):
        embedder.encode(np.zeros((200, 200, 3), np.uint8), Box(50, 50, 150, 150))
    monkeypatch.setattr(onnxruntime, "InferenceSession", session.run)
    with pytest.raises(MatchingUnavailable, match="does not fit into the memory allowed"):
        OnnxEmbedder(write())


def test_does_without_the_library_it_replaces(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "face_recognition", None)
    assert OnnxEmbedder(write()).width == 16


def test_a_profile_needs_no_library(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert OnnxProfile.read(write()).name == "tiny"


def test_in_the_pool(
    write: Write, hopper: Image.Image, encoded: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Spawning runs the parent's main module again: here that is pytest, which no worker needs.
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    path = write()
    with PhotoPool(embedder_factory=partial(OnnxEmbedder, path)) as pool:
        result = pool.process(encoded(hopper))
    assert result.model_id == OnnxProfile.read(path).model_id
    assert result.faces[0].vector.shape == (16,)
    path.unlink()
    with (
        PhotoPool(embedder_factory=partial(OnnxEmbedder, path)) as pool,
        pytest.raises(MatchingUnavailable, match=r"profile\.toml cannot be read"),
    ):
        pool.process(encoded(hopper))


def test_eyes_and_nose_come_to_their_places() -> None:
    """A soft light at each of the three places of the photo, one in each channel."""
    down, across = np.mgrid[:600, :512]
    places = three_of(HOPPER_POINTS)
    lights = [np.exp(-((across - x) ** 2 + (down - y) ** 2) / (2 * 8**2)) for x, y in places]
    crop = aligned(np.stack([np.uint8(255 * light) for light in lights], axis=-1), np.array(HOPPER_POINTS), 112)
    rows, columns = np.mgrid[:112, :112]
    centres = [(np.average(columns, weights=seen), np.average(rows, weights=seen)) for seen in np.moveaxis(crop, 2, 0)]
    # A similarity transform cannot bring all three exactly there: nobody's face is that of the frame.
    there = similarity(places, FRAME)
    np.testing.assert_allclose(centres, places @ there[:, :2].T + there[:, 2], atol=0.05)
    np.testing.assert_allclose(centres, FRAME, atol=1)


def test_an_aligned_face_stays_as_it_is() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    left, right, nose = FRAME
    aside = np.array((5, 0))
    points = np.array([right + aside, right - aside, left - aside, left + aside, nose])
    np.testing.assert_array_equal(aligned(pixels, points, 112), pixels)


coordinate = st.floats(-500, 500)
point = st.tuples(coordinate, coordinate)


@st.composite
def clouds(draw: st.DrawFn) -> Points:
    """Draw points that do not nearly coincide."""
    points = np.array(draw(st.lists(point, min_size=2, max_size=6)))
    points[0] += (1500, 0)
    return points


@given(clouds(), st.floats(-math.pi, math.pi), st.floats(0.05, 20), point)
def test_a_similarity_is_recovered(points: Points, angle: float, scale: float, shift: tuple[float, float]) -> None:
    linear = scale * np.array([(math.cos(angle), -math.sin(angle)), (math.sin(angle), math.cos(angle))])
    found = similarity(points, points @ linear.T + shift)
    np.testing.assert_allclose(found[:, :2], linear, rtol=0, atol=1e-9 * scale)
    np.testing.assert_allclose(found[:, 2], shift, rtol=0, atol=1e-6 * scale + 1e-9)


@given(clouds(), st.data())
def test_agrees_with_umeyama(source: Points, data: st.DataObject) -> None:
    target = np.array(data.draw(st.lists(point, min_size=len(source), max_size=len(source))))
    target[0] += (1000, 300)
    slow = umeyama(source, target)
    if slow is not None:
        np.testing.assert_allclose(similarity(source, target), slow, rtol=1e-6, atol=1e-4)


def umeyama(source: Points, target: Points) -> Points | None:
    """Return the textbook's answer by singular values, None where it is not unique."""
    one, other = source - source.mean(axis=0), target - target.mean(axis=0)
    left, sizes, right = np.linalg.svd(other.T @ one)
    signs = np.array([1.0, np.sign(np.linalg.det(left @ right)) or 1.0])
    total = float(sizes @ signs)
    if total < 1e-3 * sizes[0]:
        return None
    linear = total / float((one**2).sum()) * (left * signs) @ right
    return np.column_stack([linear, target.mean(axis=0) - linear @ source.mean(axis=0)])


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ([(1, 1), (1, 1), (1, 1)], [(0, 0), (1, 0), (0, 1)]),
        ([(0, 0), (1, 0), (0, 1)], [(2, 2), (2, 2), (2, 2)]),
    ],
)
def test_points_that_define_nothing(source: list[tuple[float, float]], target: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="no similarity"):
        similarity(np.array(source, np.float64), np.array(target, np.float64))
