"""What is asked of an import, what does it say while it runs, and what did it come to?"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from api.imports.columns import ColumnMapping
from api.imports.errors import Problem
from matcher.model import Grade

MOST_PROBLEMS = 10_000
"""How many are listed one by one; all of them are in the rejects."""
GRADES = (Grade.CERTAIN.value, Grade.PROBABLE.value, Grade.POSSIBLE.value)
PHOTO_STATES = {"embedded": "ok", "failed": "failed", "withheld": "withheld", "pending": "waiting"}


class Watcher(Protocol):
    """Is told how far an import is."""

    def stage(self, text: str, total: int | None) -> None:
        """A new part begins; `total` steps, None when unknown."""
        ...

    def step(self, done: int) -> None:
        """So many steps of this part are done."""
        ...


class Silent:
    """Watches nothing."""

    def stage(self, text: str, total: int | None) -> None:
        """Ignore it."""

    def step(self, done: int) -> None:
        """Ignore it."""


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What to import, and how.

    Attributes:
        file: CSV, Excel, JSON Lines, PFIF, or a ZIP file with one of these and photos.
        side: of rows that do not say; of PFIF, of all.
        sheet: of a workbook: its name, or its number from 1; None for the first.
        photos: folder of the photos.
        mapping: field -> columns of the file that do not carry its name.
        rejects: where rejects go, None for beside the file.
        ignore_unknown: leave out columns that are no field.
        match: compare the cases afterwards.
        dry_run: check everything and store nothing; rejects are written only where `rejects` says.
    """

    file: Path
    side: str | None = None
    sheet: str | None = None
    photos: Path | None = None
    mapping: ColumnMapping = field(default_factory=dict)
    rejects: Path | None = None
    ignore_unknown: bool = False
    match: bool = True
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class PhotoTrouble:
    """A photo that is not in use: the row and case, a stable code, and what to do; no file names, no values."""

    row: int
    case_id: str | None
    code: str
    detail: str


@dataclass(slots=True)
class ImportSummary:
    """What an import came to.

    Attributes:
        rows: rows with anything in them, without the header.
        created, changed, unchanged, rejected: together `rows`.
        rejects: where the rejects are, None when there are none.
        problems: (row number, problem) of the first of the rejects.
        withdrawn: records that their source has withdrawn, by what became of them: "done", or "waiting" where this
            deployment has nobody who withdraws cases.
        notes_elsewhere: notes of PFIF about persons who are not in the file; kept with the importer's own case of that
            id, or among the rejects.
        ignored_columns: columns left out.
        photos: "found" files of these rows; of them "ok", "failed", "withheld", "waiting"; "missing" ones named by a
            row; "unclaimed" pictures of the folder that belong to no row.
        photo_troubles: each photo that is failed or missing.
        compared: cases compared, those left waiting from before included; None when not asked for.
        matches: grade -> matches found by that.
        alerts: alerts queued by that.
        row_seconds: time for the rows alone, seconds.
    """

    dry_run: bool
    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejects: Path | None = None
    problems: list[tuple[int, Problem]] = field(default_factory=list)
    withdrawn: dict[str, int] = field(default_factory=lambda: {"done": 0, "waiting": 0})
    notes_elsewhere: int = 0
    ignored_columns: tuple[str, ...] = ()
    photos: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("found", *PHOTO_STATES.values(), "missing", "unclaimed"), 0)
    )
    photo_troubles: list[PhotoTrouble] = field(default_factory=list)
    compared: int | None = None
    matches: dict[str, int] = field(default_factory=lambda: dict.fromkeys(GRADES, 0))
    alerts: int = 0
    row_seconds: float = 0.0
