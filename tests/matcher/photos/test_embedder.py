"""Are the two faces found however the photo lies, and told apart?"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageFile, ImageFilter

from matcher.photos import embedder as module
from matcher.photos.embedder import Embedder, FaceRecognitionEmbedder
from matcher.photos.errors import MatchingUnavailable, NoFace, PhotoTooBlurred
from matcher.photos.faces import Box, DetectedFace, Pixels, Quality
from matcher.photos.reading import read_photo
from matcher.photos.resnet import FaceNetwork, UnexpectedWeights

HOPPER_BOX = Box(161, 137, 377, 353)
CROPS = {"astronaut": (60, 0, 380, 280), "hopper": (80, 60, 460, 440)}
TURNED_BY_CAMERA = {
    1: None,
    6: Image.Transpose.ROTATE_90,
    3: Image.Transpose.ROTATE_180,
    8: Image.Transpose.ROTATE_270,
}


def pixels_of(image: Image.Image) -> Pixels:
    return np.ascontiguousarray(np.asarray(image.convert("RGB")))


def only(faces: list[DetectedFace]) -> DetectedFace:
    assert len(faces) == 1
    return faces[0]


def distance(one: DetectedFace, other: DetectedFace) -> float:
    return float(np.linalg.norm(one.vector - other.vector))


@pytest.fixture(scope="module")
def reference(
    embedder: FaceRecognitionEmbedder, astronaut: Image.Image, hopper: Image.Image
) -> dict[str, DetectedFace]:
    return {
        "astronaut": only(embedder.embed(pixels_of(astronaut))),
        "hopper": only(embedder.embed(pixels_of(hopper))),
    }


def test_both_faces_are_good(reference: dict[str, DetectedFace], embedder: Embedder) -> None:
    for face in reference.values():
        assert face.quality is Quality.GOOD
        assert face.score > 1
        assert face.vector.shape == (embedder.width,) == (128,)
        assert face.vector.dtype == np.float32
        assert face.turned == 0
    assert reference["hopper"].box.overlap(HOPPER_BOX) > 0.8


def test_two_people_are_far_apart(reference: dict[str, DetectedFace]) -> None:
    assert distance(reference["astronaut"], reference["hopper"]) > 0.6


def test_vectors_are_not_normalised(reference: dict[str, DetectedFace]) -> None:
    """The scale of face_recognition is kept: its vectors are longer than 1."""
    assert all(abs(np.linalg.norm(face.vector) - 1.0) > 0.1 for face in reference.values())


@pytest.mark.parametrize("name", ["astronaut", "hopper"])
@pytest.mark.parametrize("orientation", sorted(TURNED_BY_CAMERA))
def test_every_exif_rotation(
    name: str,
    orientation: int,
    request: pytest.FixtureRequest,
    encoded: Callable[..., bytes],
    embedder: FaceRecognitionEmbedder,
    reference: dict[str, DetectedFace],
) -> None:
    image: Image.Image = request.getfixturevalue(name).crop(CROPS[name])
    turn = TURNED_BY_CAMERA[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    photo = read_photo(encoded(image.transpose(turn) if turn is not None else image, exif=exif, quality=95))
    face = only(embedder.embed(photo.pixels))
    assert face.turned == 0
    assert distance(face, reference[name]) < 0.2


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photo_that_lies_on_its_side_without_saying_so(
    quarters: int, hopper: Image.Image, embedder: FaceRecognitionEmbedder, reference: dict[str, DetectedFace]
) -> None:
    small = hopper.resize((256, 300))
    face = only(embedder.embed(np.ascontiguousarray(np.rot90(pixels_of(small), -quarters))))
    assert face.turned == 90 * quarters
    assert distance(face, reference["hopper"]) < 0.3
    expected = Box(*(round(edge / 2) for edge in HOPPER_BOX))
    lying = (256, 300) if quarters == 2 else (300, 256)
    assert expected.unturned(quarters, *lying).overlap(face.box) > 0.5


def test_the_mirror_image_has_the_same_vector(embedder: FaceRecognitionEmbedder, hopper: Image.Image) -> None:
    pixels = pixels_of(hopper)
    mirrored = np.ascontiguousarray(pixels[:, ::-1])
    across = pixels.shape[1]
    other = Box(across - HOPPER_BOX.right, HOPPER_BOX.top, across - HOPPER_BOX.left, HOPPER_BOX.bottom)
    np.testing.assert_allclose(embedder.encode(pixels, HOPPER_BOX), embedder.encode(mirrored, other), atol=1e-6)


@pytest.mark.parametrize(
    ("width", "quality"), [(60, Quality.FAIR), (40, Quality.WEAK), (27, Quality.WEAK), (20, Quality.UNUSABLE)]
)
def test_small_faces_are_found_and_graded(
    width: int,
    quality: Quality,
    astronaut: Image.Image,
    embedder: FaceRecognitionEmbedder,
    reference: dict[str, DetectedFace],
) -> None:
    side = round(512 * width / 88)
    face = only(embedder.embed(pixels_of(astronaut.resize((side, side), Image.Resampling.LANCZOS))))
    assert face.quality is quality
    assert abs(face.measures.width - width) <= 0.25 * width
    if quality is Quality.UNUSABLE:
        assert face.vector.size == 0
    else:
        assert distance(face, reference["astronaut"]) < 0.6


def test_blurred(hopper: Image.Image, embedder: FaceRecognitionEmbedder) -> None:
    soft = only(embedder.embed(pixels_of(hopper.filter(ImageFilter.GaussianBlur(4)))))
    assert soft.quality is Quality.WEAK
    with pytest.raises(PhotoTooBlurred):
        embedder.embed(pixels_of(hopper.filter(ImageFilter.GaussianBlur(9))))


def test_several_faces_side_by_side(
    astronaut: Image.Image, hopper: Image.Image, embedder: FaceRecognitionEmbedder, reference: dict[str, DetectedFace]
) -> None:
    both = Image.new("RGB", (900, 512))
    both.paste(astronaut.crop((0, 0, 450, 512)), (0, 0))
    both.paste(hopper.crop((0, 60, 450, 572)), (450, 0))
    faces = embedder.embed(pixels_of(both))
    assert len(faces) == 2
    left, right = sorted(faces, key=lambda face: face.box.left)
    assert distance(left, reference["astronaut"]) < 0.3
    assert distance(right, reference["hopper"]) < 0.3


def test_a_smaller_companion_is_not_overlooked(
    astronaut: Image.Image, hopper: Image.Image, embedder: FaceRecognitionEmbedder
) -> None:
    """A face of 55 pixels is missed without enlargement; alone, the other would pass for the one meant."""
    both = Image.new("RGB", (640, 512))
    both.paste(astronaut.crop((0, 0, 450, 512)), (0, 0))
    both.paste(hopper.resize((128, 150), Image.Resampling.LANCZOS), (480, 30))
    assert len(embedder.embed(pixels_of(both))) == 2


def test_no_face_says_what_was_tried(embedder: FaceRecognitionEmbedder) -> None:
    with pytest.raises(NoFace) as caught:
        embedder.embed(np.full((120, 160, 3), 127, np.uint8))
    assert sorted(caught.value.rotations) == [0, 90, 180, 270]
    assert caught.value.enlargements == (1, 2, 4)
    assert caught.value.size == (160, 120)


@pytest.mark.parametrize(("longest", "doublings"), [(1, (0, 1, 2)), (480, (0, 1, 2)), (481, (0, 1)), (1601, (0,))])
def test_large_pictures_are_not_enlarged(longest: int, doublings: tuple[int, ...]) -> None:
    assert module._allowed_doublings(longest) == doublings


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 5, 3), (5, 1, 3), (1, 1600, 3), (1600, 1, 3), (23, 400, 3)])
def test_a_picture_too_thin_for_a_face_is_not_looked_at(
    shape: tuple[int, int, int], embedder: FaceRecognitionEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The detector would read beyond the end of one that is a single pixel high."""
    monkeypatch.setattr(embedder, "_detector", None)
    with pytest.raises(NoFace, match="send") as caught:
        embedder.embed(np.zeros(shape, np.uint8))
    assert caught.value.size == (shape[1], shape[0])


def test_what_the_detector_gets_is_laid_out_plainly(
    embedder: FaceRecognitionEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """numpy keeps odd strides on axes of length 1 and calls the array contiguous; dlib goes by the strides."""
    seen: list[Pixels] = []

    def detect(pixels: Pixels, doublings: int) -> list[tuple[Box, float]]:
        seen.append(pixels)
        return []

    monkeypatch.setattr(embedder, "_detect", detect)
    monkeypatch.setattr(module, "SMALLEST_FACE", 1)
    for shape in [(1, 5, 3), (5, 1, 3), (1, 1, 3), (7, 5, 3)]:
        with pytest.raises(NoFace):
            embedder.embed(np.zeros(shape, np.uint8))
    assert len(seen) == 4 * 4 * 3
    for pixels in seen:
        assert pixels.strides == (pixels.shape[1] * 3, 3, 1)


@pytest.mark.parametrize("mirrored", [False, True], ids=["upright", "mirrored"])
@pytest.mark.parametrize("scale", [0.4, 0.77, 1.0, 1.6])
@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_vectors_are_those_of_face_recognition(
    name: str, scale: float, mirrored: bool, embedder: FaceRecognitionEmbedder, request: pytest.FixtureRequest
) -> None:
    image: Image.Image = request.getfixturevalue(name)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    pixels = np.array(pixels_of(image)[:, ::-1] if mirrored else pixels_of(image), order="C")
    other = np.array(pixels[:, ::-1], order="C")
    box = embedder.embed(pixels)[0].box
    across = pixels.shape[1]
    original = module.load_library("face_recognition")
    places = [
        (box.top, box.right - 1, box.bottom - 1, box.left),
        (box.top, across - box.left - 1, box.bottom - 1, across - box.right),
    ]
    expected = [
        original.face_encodings(view, [place], model="small")[0]
        for view, place in zip((pixels, other), places, strict=True)
    ]
    found = embedder._vectors(embedder._chip(pixels, box)[np.newaxis])[0]
    np.testing.assert_allclose(found, expected[0], rtol=0, atol=1e-5)
    np.testing.assert_allclose(embedder.encode(pixels, box), np.mean(expected, axis=0), rtol=0, atol=1e-5)
    np.testing.assert_array_equal(embedder.encode(pixels, box), embedder.encode(pixels, box))


def test_dlib_computes_when_the_weights_are_in_an_unknown_file(
    embedder: FaceRecognitionEmbedder,
    hopper: Image.Image,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(path: str) -> FaceNetwork:
        raise UnexpectedWeights("another network")

    monkeypatch.setattr(module.FaceNetwork, "load", refuse)
    slow = FaceRecognitionEmbedder()
    assert [record.getMessage() for record in caplog.records] == ["using dlib's slower network: another network"]
    assert slow.model_id == embedder.model_id
    pixels = pixels_of(hopper)
    np.testing.assert_allclose(slow.encode(pixels, HOPPER_BOX), embedder.encode(pixels, HOPPER_BOX), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("width", "scale"), [(40, 2), (80, 2), (100, 1.6), (160, 1), (400, 0.4)])
def test_companions_are_looked_for_at_the_size_needed(width: int, scale: float) -> None:
    found = [(Box(0, 0, width, width), 1.0), (Box(0, 0, 30, 30), 2.0)]
    assert module._companion_scale(found) == pytest.approx(scale)


@pytest.mark.parametrize("share", [0.55, 0.7, 1.0])
@pytest.mark.parametrize("width", [85, 110, 140])
def test_companions_of_half_the_size_are_found_where_they_are(
    width: int, share: float, astronaut: Image.Image, hopper: Image.Image, embedder: FaceRecognitionEmbedder
) -> None:
    large = round(512 * width / 88)
    small = width * share / 216  # the portrait's face is 216 pixels wide
    one = astronaut.resize((large, large), Image.Resampling.LANCZOS).crop((0, 0, round(large * 0.7), large))
    other = hopper.resize((round(512 * small), round(600 * small)), Image.Resampling.LANCZOS)
    both = Image.new("RGB", (one.width + other.width, max(one.height, other.height)))
    both.paste(one, (0, 0))
    both.paste(other, (one.width, 0))
    faces = embedder.embed(pixels_of(both))
    assert len(faces) == 2
    place = Box(*(round(edge * small) for edge in HOPPER_BOX))
    expected = Box(place.left + one.width, place.top, place.right + one.width, place.bottom)
    assert max(face.box.overlap(expected) for face in faces) > 0.5


def test_importing_leaves_pillow_strict(embedder: FaceRecognitionEmbedder) -> None:
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    module.load_library("face_recognition")
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_the_landmark_file_for_private_use_is_not_even_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """face_recognition would load it; its model files are used without it."""
    monkeypatch.setitem(sys.modules, "face_recognition", None)
    FaceRecognitionEmbedder()


@pytest.mark.parametrize("name", ["dlib", "face_recognition_models"])
def test_missing_library_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MatchingUnavailable, match=rf"{name} cannot be loaded.*pip install"):
        FaceRecognitionEmbedder()


@pytest.mark.parametrize("model", ["pose_predictor_five_point_model_location", "face_recognition_model_location"])
def test_missing_model_files_are_named(model: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    models = module.load_library("face_recognition_models")
    monkeypatch.setattr(models, model, lambda: str(tmp_path / "none.dat"))
    with pytest.raises(MatchingUnavailable, match=r"cannot be read.*pip install"):
        FaceRecognitionEmbedder()


def test_a_library_that_quits_does_not_end_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], embedder: FaceRecognitionEmbedder
) -> None:
    """face_recognition does when its models are missing: quit(), which is status 0, as if all were well."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "face_recognition"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "face_recognition_models", None)
    with pytest.raises(MatchingUnavailable, match="SystemExit"):
        module.load_library("face_recognition")
    assert capsys.readouterr().out == ""
