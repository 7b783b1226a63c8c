"""Do the errors survive the way between processes, and say what to do?"""

from __future__ import annotations

import pickle

import pytest

from matcher.errors import PhotoError
from matcher.photos import errors
from matcher.photos.faces import Box

EXAMPLES = [
    errors.PhotoTooLarge("bytes", 15, 16),
    errors.PhotoTooLarge("memory", allowed=1500),
    errors.NotAnImage(),
    errors.NotAnImage("HEIC"),
    errors.PhotoDamaged("cut short"),
    errors.NoFace((0, 90, 270, 180), (1, 2), (640, 480)),
    errors.SeveralFaces((Box(1, 2, 3, 4), Box(5, 6, 7, 8)), (640, 480)),
    errors.FaceTooSmall(found=20, needed=24),
    errors.PhotoTooBlurred(1.5, 4.0),
    errors.UnlikelyFace(0.1, 0.3),
    errors.NoVector(),
    errors.WorkerDied(-9),
    errors.WorkerTimedOut(60.0),
    errors.MatchingUnavailable("nothing there", "run: something"),
    errors.PoolBusy(64),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_survives_pickling(error: errors.UnusablePhoto) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert isinstance(copy, PhotoError)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_every_error_has_its_own_code() -> None:
    codes = [kind.code for kind in errors.UnusablePhoto.__subclasses__()]
    assert len(set(codes)) == len(codes) == len({type(error) for error in EXAMPLES})


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_says_what_to_do(error: errors.UnusablePhoto) -> None:
    assert any(word in str(error) for word in ("send", "convert", "say which", "run:", "try again"))


def test_numbers_are_in_the_message() -> None:
    assert "20 pixels" in str(errors.FaceTooSmall(20, 24))
    assert "24" in str(errors.FaceTooSmall(20, 24))
    assert "270°" in str(errors.NoFace((0, 270), (1, 2), (64, 48)))
    assert "x2" in str(errors.NoFace((0, 270), (1, 2), (64, 48)))
    assert "2 faces" in str(errors.SeveralFaces((Box(0, 0, 1, 1), Box(2, 2, 3, 3)), (9, 9)))


def test_a_photo_that_could_be_read_elsewhere_names_what_is_missing() -> None:
    assert "JPEG, PNG, WebP or HEIC" in str(errors.NotAnImage())
    assert "sandhan[heic]" in str(errors.NotAnImage("HEIC"))
    assert "convert" in str(errors.NotAnImage("HEIC"))


def test_only_what_is_not_the_photos_fault_is_transient() -> None:
    transient = {kind for kind in errors.UnusablePhoto.__subclasses__() if kind.transient}
    assert transient == {errors.MatchingUnavailable, errors.PoolBusy}
