"""Where do reference tables and models come from, and are they the files we shipped?

Tables are tab-separated text with a header line and `#` comments, so that a person who knows the language can correct
them with any editor. They are read once and never change while the program runs.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.errors import ModelCorrupt, ModelMissing


def data_root() -> Traversable:
    """Return the folder that holds `reference/` and `models/`."""
    return resources.files("data")


def read_table(relative_path: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a reference table as dictionaries of stripped text.

    Args:
        relative_path: below `data/reference`, e.g. `"names/titles.tsv"`.
    Raises:
        ModelMissing: the table is not installed.
        ModelCorrupt: it is not UTF-8, or a row has another number of columns than the header (names the line).
    """
    path = data_root().joinpath("reference").joinpath(relative_path)
    if not path.is_file():
        raise ModelMissing(f"reference table {relative_path}", "make install")
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors put a byte order mark before the header
    except UnicodeDecodeError as error:
        raise ModelCorrupt(f"reference table {relative_path}", "it is not UTF-8", "save it as UTF-8") from error
    header: list[str] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if header is None:
            header = cells
            continue
        if len(cells) != len(header):
            raise ModelCorrupt(
                f"reference table {relative_path}",
                f"line {number} has {len(cells)} columns, the header {len(header)}",
                "correct that line (columns are separated by one tab)",
            )
        yield dict(zip(header, cells, strict=True))


def table_names(folder: str) -> list[str]:
    """Return the reference tables of a folder below `data/reference`, sorted, as `read_table` takes them."""
    place = data_root().joinpath("reference").joinpath(folder)
    return sorted(f"{folder}/{entry.name}" for entry in place.iterdir() if entry.name.endswith(".tsv"))


def reference_files() -> list[Traversable]:
    """Return every file below `data/reference`, in an order that is the same at every start."""
    found: list[Traversable] = []
    pending = [data_root().joinpath("reference")]
    while pending:
        for entry in pending.pop().iterdir():
            (pending if entry.is_dir() else found).append(entry)
    return sorted(found, key=str)


def alternatives(cell: str) -> tuple[str, ...]:
    """Return the parts of a `|`-separated cell, empty ones left out."""
    return tuple(part.strip() for part in cell.split("|") if part.strip())


@lru_cache(maxsize=8)
def read_model(name: str, run: str) -> dict[str, Any]:
    """Return a shipped JSON model after checking it against `models/CHECKSUMS.json`.

    Args:
        name: file name below `data/models`.
        run: the command that makes the file, for the error message.
    Raises:
        ModelMissing: the file, or its entry among the checksums, is not there.
        ModelCorrupt: the file's SHA-256 is not the one recorded, or the checksums cannot be read.
    """
    model: dict[str, Any] = json.loads(_checked(name, run))
    return model


def read_arrays(name: str, run: str) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of a shipped `.npz` model after the same check; not kept, for they are large.

    Args, Raises: as `read_model`; ModelCorrupt also when the file is no archive of plain arrays.
    """
    content = _checked(name, run)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ModelCorrupt(f"model {name}", "it is not an archive of arrays", run) from error


def _checked(name: str, run: str) -> bytes:
    """Return the content of a shipped model whose hash is the one recorded."""
    folder = data_root().joinpath("models")
    path, sums = folder.joinpath(name), folder.joinpath("CHECKSUMS.json")
    if not path.is_file() or not sums.is_file():
        raise ModelMissing(f"model {name}", run)
    content = path.read_bytes()
    try:
        checksums = json.loads(sums.read_bytes())
    except ValueError as error:
        raise ModelCorrupt("CHECKSUMS.json", "it is not JSON", run) from error
    expected = checksums.get(name) if isinstance(checksums, dict) else None
    if expected is None:
        raise ModelMissing(f"the checksum of model {name}", run)
    if hashlib.sha256(content).hexdigest() != expected:
        raise ModelCorrupt(f"model {name}", "its checksum is not the one recorded", run)
    return content
