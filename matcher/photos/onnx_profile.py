"""What has to be known of a face model before its vectors may be used? A TOML profile beside the ONNX file says it.

Nothing in it is guessed: a licence, a colour order or a scale that is not written down is an error with what to write.

Source: docs/guides/photos.md
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from matcher.photos.errors import MatchingUnavailable

Colour = Literal["RGB", "BGR"]
Metric = Literal["cosine", "euclidean"]

FRAME_SIDE = 112
"""Side of the picture in which models expect eyes and nose at fixed places, pixels."""
_LARGEST = 1e6
_KEYS = {
    "name": "a short id: at most 40 of a-z, 0-9, dot, hyphen and underscore",
    "file": "the ONNX file, relative to the profile's folder",
    "sha256": "the 64 hexadecimal digits that sha256sum prints for the ONNX file",
    "licence": "the text of the model's licence",
    "licence_file": "the file that holds the text of the model's licence, relative to the profile's folder",
    "size": "the side of the model's input, 16 to 1024 pixels",
    "width": "how many numbers the model gives for a face, 2 to 4096",
    "colour": 'the order of channels the model was trained on, "RGB" or "BGR"',
    "mean": "what is subtracted from pixels of 0 to 255: one number, or three in the order of `colour`",
    "std": "what is divided by afterwards: one number above 0, or three in the order of `colour`",
    "metric": 'how the model\'s vectors are compared, "cosine" or "euclidean"',
    "calibration": "a table of numbers with a name each",
}
_OPTIONAL = {"licence", "licence_file", "size", "calibration"}


@dataclass(frozen=True, slots=True)
class OnnxProfile:
    """What has to be known of a face model to use it; `_KEYS` says what each key of the file means.

    Attributes:
        name, sha256, size, width, colour, metric: as in the file.
        file: the ONNX file.
        licence: the text of the model's licence.
        mean, std: three numbers each, in the order of `colour`; the model is given (pixel - mean) / std.
        calibration: named numbers for whoever turns distances into evidence, None if the model only ranks.
    """

    name: str
    file: Path
    sha256: str
    licence: str
    colour: Colour
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    metric: Metric
    width: int
    size: int = FRAME_SIDE
    calibration: dict[str, float] | None = field(default=None, hash=False)

    @classmethod
    def read(cls, path: Path) -> OnnxProfile:
        """Read a profile and check it, the ONNX file's hash included.

        Raises:
            MatchingUnavailable: something is missing or wrong; says what, and what to write instead.
        """
        return read_profile(path)[0]

    @property
    def model_id(self) -> str:
        """Return the id of the model and everything done around it: another value of any of these is another model."""
        made = repr((self.sha256, self.size, self.colour, self.mean, self.std, self.metric))
        return f"onnx/{self.name}/{hashlib.sha256(made.encode()).hexdigest()[:12]}/hog/5-point/mirror-mean/1"


def read_profile(path: Path) -> tuple[OnnxProfile, bytes]:
    """Return the profile and the ONNX file's bytes, the very ones that were hashed.

    Raises:
        MatchingUnavailable: as of `OnnxProfile.read`.
    """
    file = _ProfileFile(path)
    profile = OnnxProfile(
        name=file.text("name", r"[a-z0-9][a-z0-9._-]{0,39}"),
        file=path.parent / file.text("file"),
        sha256=file.text("sha256", "[0-9a-fA-F]{64}").lower(),
        licence=file.licence(),
        colour="RGB" if file.text("colour", "RGB|BGR") == "RGB" else "BGR",
        mean=file.three("mean", -_LARGEST),
        std=file.three("std", 1 / _LARGEST),
        metric="cosine" if file.text("metric", "cosine|euclidean") == "cosine" else "euclidean",
        width=file.whole("width", 2, 4096),
        size=file.whole("size", 16, 1024, FRAME_SIDE),
        calibration=file.calibration(),
    )
    content = file.content("file")
    if (digest := hashlib.sha256(content).hexdigest()) != profile.sha256:
        reason = (
            f"the face model {profile.file.name} is not the one that {path.name} describes: its SHA-256 is {digest}"
        )
        raise MatchingUnavailable(reason, "fetch the file anew, or correct sha256 if this is the model you mean")
    return profile, content


class _ProfileFile:
    """The keys of one TOML file, each checked when asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._values: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            reason = f"the face model's profile {path.name} cannot be read ({type(error).__name__})"
            raise MatchingUnavailable(reason, "correct its path, or write it") from error
        except ValueError as error:
            reason = f"the face model's profile {path.name} is not TOML in UTF-8"
            raise MatchingUnavailable(reason, f"correct it: {error}") from error
        if unknown := sorted(self._values.keys() - _KEYS.keys()):
            reason = f"the face model's profile {path.name} has the unknown key {unknown[0]!r}"
            raise MatchingUnavailable(reason, f"remove or rename it; the keys are {', '.join(_KEYS)}")
        if missing := [key for key in _KEYS if key not in _OPTIONAL | self._values.keys()]:
            raise self._mistake(missing[0], "lacks the key")

    def text(self, key: str, pattern: str = r"(?s).*\S.*") -> str:
        """Return a string that has to match as a whole."""
        value = self._values[key]
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise self._mistake(key)
        return value

    def licence(self) -> str:
        """Return the licence, whether it stands in the profile or beside it."""
        given = sorted({"licence", "licence_file"} & self._values.keys())
        if len(given) != 1:
            raise self._mistake("licence", "has both the key licence_file and" if given else "lacks the key")
        text = self.text(given[0])
        if given == ["licence_file"]:
            try:
                text = self.content("licence_file").decode("utf-8")
            except ValueError as error:
                raise self._mistake("licence_file", "names a file that is not UTF-8 in") from error
            if not text.strip():
                raise self._mistake("licence_file", "names an empty file in")
        return text

    def three(self, key: str, least: float) -> tuple[float, float, float]:
        """Return three numbers; one stands for three of the same."""
        value = self._values[key]
        numbers = value if isinstance(value, list) else [value] * 3
        if len(numbers) != 3 or not all(_is_number(number, least, _LARGEST) for number in numbers):
            raise self._mistake(key)
        return float(numbers[0]), float(numbers[1]), float(numbers[2])

    def whole(self, key: str, least: int, most: int, default: int | None = None) -> int:
        """Return a whole number between limits."""
        value = self._values.get(key, default)
        if type(value) is not int or not least <= value <= most:
            raise self._mistake(key)
        return value

    def calibration(self) -> dict[str, float] | None:
        """Return the named numbers, None if there is no such table."""
        value = self._values.get("calibration")
        if value is None:
            return None
        if not isinstance(value, dict) or not value or not all(_is_number(number) for number in value.values()):
            raise self._mistake("calibration")
        return {name: float(number) for name, number in value.items()}

    def content(self, key: str) -> bytes:
        """Return the bytes of the file that a key names."""
        try:
            return (self._path.parent / self.text(key)).read_bytes()
        except (OSError, ValueError) as error:
            raise self._mistake(key, f"names a file that cannot be read ({type(error).__name__}) in") from error

    def _mistake(self, key: str, what: str = "has an unusable value for") -> MatchingUnavailable:
        return MatchingUnavailable(
            f"the face model's profile {self._path.name} {what} {key}", f"set {key} to {_KEYS[key]}"
        )


def _is_number(value: object, least: float = -1e300, most: float = 1e300) -> bool:
    """Tell whether a value of a TOML file is a number between limits; true, false and nan are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
