"""What is in this ZIP file, and is it safe to read? Members are read where they stand; nothing is unpacked to disk.

An archive comes from strangers too: names that lead out of it, links, members under a password, two of one name, and
more data than was announced or allowed are refused before anything is read.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections import defaultdict
from pathlib import PurePath, PurePosixPath
from typing import IO

from api.imports.contents import MEGABYTE, Content, MemoryContent, readable, refuse_larger
from api.imports.errors import FileRefused
from api.imports.folder import is_picture, name_key

_MOST_MEMBERS = 200_000
_SQUEEZED, _SQUEEZED_FROM = 300, 64 * MEGABYTE  # times smaller: no text and no photo is, above this size
_IN_MEMORY = 64 * MEGABYTE
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_LEFT_OUT = ("__macosx/", ".ds_store", "thumbs.db", "desktop.ini")


class Archive:
    """A ZIP file whose table of contents has been checked."""

    def __init__(self, content: Content, limit: int) -> None:
        """Look at every member's entry.

        Args:
            limit: most bytes that all members may have together, unpacked.
        Raises:
            FileRefused: it is damaged, or not safe to read; no member's name is repeated.
        """
        self._file = content.open()
        try:
            with readable():
                self._zip = zipfile.ZipFile(self._file)
            _check(self._zip.infolist(), limit)
        # NotImplementedError: a way of packing that Python does not know; ValueError: names that are no text.
        except (zipfile.BadZipFile, NotImplementedError, ValueError):
            self._file.close()
            raise FileRefused("the archive is damaged, or in a form of ZIP that is not read; pack it again") from None
        except FileRefused:
            self._file.close()
            raise

    @property
    def members(self) -> list[zipfile.ZipInfo]:
        """Return the files in it, without what operating systems add."""
        return [
            info
            for info in self._zip.infolist()
            if not info.is_dir()
            and not info.filename.casefold().startswith(_LEFT_OUT[0])
            and PurePosixPath(info.filename).name.casefold() not in _LEFT_OUT[1:]
        ]

    @property
    def is_workbook(self) -> bool:
        """Tell whether it is an Excel workbook."""
        names = set(self._zip.namelist())
        return "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names)

    def open(self, info: zipfile.ZipInfo) -> IO[bytes]:
        """Open a member."""
        return self._zip.open(info)

    def content(self, info: zipfile.ZipInfo) -> Content:
        """Return a member as what an import reads."""
        return _Member(self, info)

    def in_memory(self, info: zipfile.ZipInfo) -> Content:
        """Return a member that must be read in any order.

        Raises:
            FileRefused: it is too large for that.
        """
        refuse_larger(info.file_size, _IN_MEMORY, "the workbook within the archive")
        with self.open(info) as file:
            return MemoryContent(read_member(file, _IN_MEMORY), info.filename)

    def close(self) -> None:
        """Give the file back."""
        self._zip.close()
        self._file.close()


class PhotoArchive:
    """The pictures of an archive, found by name like those of a folder (`folder.PhotoFolder`)."""

    def __init__(self, archive: Archive) -> None:
        """Look into an archive once; folders within it do not matter."""
        self._archive = archive
        self._infos: dict[PurePath, zipfile.ZipInfo] = {}
        self._paths: dict[str, list[PurePath]] = defaultdict(list)
        for info in archive.members:
            path = PurePosixPath(info.filename)
            if is_picture(path):
                self._infos[path] = info
                self._paths[name_key(path.name)].append(path)

    def find(self, name: str) -> PurePath | None:
        """Return the picture of that name; None where two fit."""
        paths = self._paths.get(name_key(name), [])
        exact = [path for path in paths if path.name == name] or paths
        return exact[0] if len(exact) == 1 else None

    def pictures(self) -> list[PurePath]:
        """Return the pictures whose names fit one file only: of two, nobody knows whose photo is meant."""
        return [paths[0] for paths in self._paths.values() if len(paths) == 1]

    def read(self, path: PurePath, limit: int) -> bytes:
        """Return a picture, at most `limit` bytes of it.

        Raises:
            OSError: it is damaged.
        """
        try:
            with self._archive.open(self._infos[path]) as file:
                return file.read(limit)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise OSError("damaged member") from error


def read_member(file: IO[bytes], limit: int) -> bytes:
    """Return all of a member.

    Raises:
        FileRefused: it is damaged, or longer than allowed whatever its entry says.
    """
    try:
        data = file.read(limit + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError):
        raise FileRefused("a member of the archive is damaged; pack it again") from None
    refuse_larger(len(data), limit, "a member of the archive")
    return data


def _check(members: list[zipfile.ZipInfo], limit: int) -> None:
    if len(members) > _MOST_MEMBERS:
        raise FileRefused(f"the archive has {len(members):,} members, more than {_MOST_MEMBERS:,}")
    refuse_larger(sum(info.file_size for info in members), limit, "the archive, unpacked,")
    seen: set[str] = set()
    for number, info in enumerate(members, start=1):
        if reason := _unsafe(info, seen):
            raise FileRefused(f"member {number} of the archive {reason}; nothing of it was read")
        seen.add(info.filename)


def _unsafe(info: zipfile.ZipInfo, seen: set[str]) -> str | None:
    path = PurePosixPath(info.filename)
    if info.flag_bits & 0x1:
        return "is under a password; pack it without one"
    # The name as it stands in the archive: `filename` is cut at a NUL byte.
    if path.is_absolute() or ".." in path.parts or "\\" in info.filename or ":" in path.parts[:1] or not path.parts:
        return "has a name that leads out of the archive"
    if info.orig_filename != info.filename or (len(info.filename) > 1 and info.filename[1] == ":"):
        return "has a name that leads out of the archive"
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device, no file"
    if info.filename in seen:
        return "has the name of another one"
    if info.compress_type not in _METHODS:
        return "is packed in a way that is not read; use the ordinary one (deflate)"
    if info.file_size > _SQUEEZED_FROM and info.file_size > _SQUEEZED * max(info.compress_size, 1):
        return f"would be more than {_SQUEEZED} times larger unpacked: this is how a trap looks"
    return None


class _Member:
    def __init__(self, archive: Archive, info: zipfile.ZipInfo) -> None:
        self._archive, self._info = archive, info
        self.name, self.size = info.filename, info.file_size

    def open(self) -> IO[bytes]:
        return self._archive.open(self._info)
