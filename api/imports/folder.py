"""Which photo belongs to which row? Those its column names, and those that are named like its id.

A photo with the wrong child is worse than none: where a name fits two rows, neither gets it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePath
from typing import Protocol, TypeVar

# More than can be read: a photo that a phone saved as HEIC is kept, and its error says to convert it.
_PICTURES = {
    ".jpg", ".jpeg", ".jfif", ".png", ".webp", ".heic", ".heif", ".gif", ".bmp", ".tif", ".tiff", ".avif",
}  # fmt: skip
_NUMBERED = re.compile(r"(.+)[_-]\d{1,3}")
AnyPath = TypeVar("AnyPath", bound=PurePath)


class PhotoShelf(Protocol):
    """Where photos are found by name."""

    def find(self, name: str) -> PurePath | None:
        """Return the file of that name."""
        ...

    def pictures(self) -> Sequence[PurePath]:
        """Return the files that are pictures by their name."""
        ...

    def read(self, path: PurePath, limit: int) -> bytes:
        """Return a file, at most `limit` bytes of it."""
        ...


def is_picture(path: PurePath) -> bool:
    """Tell whether a file is a picture by its name."""
    return path.suffix.casefold() in _PICTURES


class PhotoFolder:
    """The files of one folder, found by name whatever the case of letters and the composition of accents."""

    def __init__(self, folder: Path | None) -> None:
        """Look into a folder once; None has no files."""
        self._paths: dict[str, list[Path]] = defaultdict(list)
        if folder is not None:
            inside = folder.resolve()
            for path in sorted(folder.iterdir()):
                # A link out of the folder would let a stranger's archive name any file of this machine.
                if path.is_file() and path.resolve().parent == inside:
                    self._paths[name_key(path.name)].append(path)

    def find(self, name: str) -> Path | None:
        """Return the file of that name; None also for anything but a plain name."""
        paths = self._paths.get(name_key(name), [])
        exact = [path for path in paths if path.name == name]
        return next(iter(exact or paths), None) if len(exact or paths) == 1 else None

    def pictures(self) -> list[Path]:
        """Return the files that are pictures by their name."""
        return [path for paths in self._paths.values() for path in paths if is_picture(path)]

    def read(self, path: PurePath, limit: int) -> bytes:
        """Return a file, at most `limit` bytes of it.

        Raises:
            OSError: it cannot be read.
        """
        with Path(path).open("rb") as file:
            return file.read(limit)


def pictures_by_id(
    pictures: Iterable[AnyPath], ids: Sequence[str], is_other: Callable[[str], bool]
) -> dict[str, list[AnyPath]]:
    """Return the pictures named like an id: `ID.jpg`, `ID_1.jpg`, `ID-2.jpg`, in the order of their names.

    Args:
        pictures: files of the folder.
        ids: of the rows stored; one that is there twice (on both sides) gets none.
        is_other: tells whether a name is the id of another case, e.g. of a row that was refused. With cases M and
            M-2, `M-2.jpg` is the only photo of the second, not the second photo of the first.
    """
    spelt: dict[str, list[str]] = defaultdict(list)
    for one in ids:
        spelt[name_key(one)].append(one)
    found: dict[str, list[AnyPath]] = defaultdict(list)
    for path in pictures:
        stem = name_key(path.stem)
        owners = spelt.get(stem)
        numbered = _NUMBERED.fullmatch(stem)
        if owners is None and numbered and numbered[1] in spelt and not is_other(path.stem):
            owners = spelt[numbered[1]]
        if owners is not None and len(owners) == 1:
            found[owners[0]].append(path)
    for paths in found.values():
        paths.sort(key=lambda path: _natural(path.stem))
    return found


def name_key(name: str) -> str:
    """Return what two names of files have in common when they differ in case or composition only."""
    return unicodedata.normalize("NFC", name).casefold()


def _natural(stem: str) -> tuple[int, str, int]:
    numbered = re.search(r"[_-](\d{1,3})$", stem)
    return (1, stem[: numbered.start()], int(numbered[1])) if numbered else (0, stem, 0)
