"""How does a file of cases come in? Rows in batches, then photos, then comparison; it may be killed at any time.

file ── rows ── batches of 200, one transaction each ── rejects ── photos ── comparison ── summary
What is committed stays. The same file again finds it by owner, side and id, changes nothing of it, and does the rest.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from api.access import AccessScope, Permission
from api.cases.photos import PhotoDesk
from api.cases.service import CaseService, CaseToPut, PutOutcome
from api.ids import Clock
from api.imports.columns import Columns, is_known, resolve_columns
from api.imports.errors import FileRefused, Problem
from api.imports.files import Row, read_lines, read_rows, sniff_delimiter
from api.imports.folder import PhotoFolder, name_key, pictures_by_id
from api.imports.rejects import Reject, check_target, write_rejects
from api.imports.rows import ReadRow, read_row
from api.imports.summary import PHOTO_STATES, ImportRequest, ImportSummary, PhotoTrouble, Silent, Watcher
from api.matches.service import MatchOutcome, MatchService
from api.store import Database, audit, counts, photos

log = logging.getLogger(__name__)

BATCH = 200


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the photos need to know of a row; `case_id` is None in a dry run."""

    number: int
    case_id: str | None
    file_id: str | None = field(repr=False)
    photos: tuple[str, ...] = field(repr=False)


class ImportService:
    """Imports files.

    Args:
        photo_limit: largest photo accepted, bytes.
        prepare_matching: called once before cases are compared; opens the index.
    """

    def __init__(
        self,
        database: Database,
        cases: CaseService,
        photos: PhotoDesk,
        matching: MatchService,
        clock: Clock,
        *,
        photo_limit: int,
        prepare_matching: Callable[[], object],
    ) -> None:
        self._database, self._cases, self._desk = database, cases, photos
        self._matching, self._clock = matching, clock
        self._photo_limit, self._prepare_matching = photo_limit, prepare_matching

    def run(self, request: ImportRequest, scope: AccessScope, watch: Watcher | None = None) -> ImportSummary:
        """Import a file.

        Raises:
            FileRefused: the file as a whole cannot be read; nothing was imported.
            NotPermitted: the scope may not enter cases.
        """
        scope.require(Permission.CASES_WRITE)
        watch = watch or Silent()
        check_target(request.rejects, request.file)
        # Looked into first: a folder that cannot be read should not be learned of after the rows.
        folder = _open_folder(request.photos)
        lines = read_lines(_read(request.file))
        delimiter = sniff_delimiter(lines, lambda name: is_known(name, request.mapping))
        rows = read_rows(lines, delimiter)
        columns = _header(next(rows), request)
        summary = ImportSummary(request.dry_run, ignored_columns=columns.unused)
        watch.stage("Reading rows", len(lines))
        started = time.perf_counter()
        stored, rejects = self._rows(rows, columns, request, scope, summary, watch)
        summary.row_seconds = time.perf_counter() - started
        summary.problems = [(reject.row.number, problem) for reject in rejects for problem in reject.problems]
        unwritten: FileRefused | None = None
        if rejects and (request.rejects or not request.dry_run):
            try:
                summary.rejects = write_rejects(request.rejects, request.file, columns, delimiter, rejects)
            except FileRefused as problem:  # what is committed is completed first
                unwritten = problem
        refused = {name_key(columns.text("id", reject.row.cells)) for reject in rejects}
        self._photos(stored, refused, folder, scope, summary, watch)
        if not request.dry_run:
            self._note(scope, summary)
            if request.match:
                self._match(summary, watch)
        log.info(
            "import: %d rows, %d created, %d changed, %d unchanged, %d rejected",
            summary.rows, summary.created, summary.changed, summary.unchanged, summary.rejected,
        )  # fmt: skip
        if unwritten is not None:
            raise unwritten
        return summary

    def _rows(
        self, rows: Iterator[Row], columns: Columns, request: ImportRequest, scope: AccessScope,
        summary: ImportSummary, watch: Watcher,
    ) -> tuple[list[_Stored], list[Reject]]:  # fmt: skip
        """Read and store all rows; return what was stored and what was not."""
        today = self._clock().date()
        first_with: dict[tuple[str, str], int] = {}
        stored: list[_Stored] = []
        rejects: list[Reject] = []
        batch: list[ReadRow] = []
        for row in rows:
            if row.is_blank:
                continue
            summary.rows += 1
            read = read_row(row, columns, request.side, today)
            problems = read if isinstance(read, list) else _second(read, columns, first_with)
            if problems:
                rejects.append(Reject(row, tuple(problems)))
                summary.rejected += 1
            elif isinstance(read, ReadRow):
                batch.append(read)
            if len(batch) == BATCH:
                stored += self._put(batch, request, scope, summary)
                batch = []
                watch.step(row.line)
        stored += self._put(batch, request, scope, summary)
        return stored, rejects

    def _put(
        self, batch: Sequence[ReadRow], request: ImportRequest, scope: AccessScope, summary: ImportSummary
    ) -> list[_Stored]:
        if not batch:
            return []
        entries = [CaseToPut(row.side, row.external_id, row.content) for row in batch]
        results: list[tuple[str | None, PutOutcome]] = []
        if request.dry_run:
            results += [(None, outcome) for outcome in self._cases.foresee_put(entries, scope)]
        else:
            results += self._cases.put_many(entries, scope)
        outcomes = Counter(outcome for _, outcome in results)
        summary.created += outcomes[PutOutcome.CREATED]
        summary.changed += outcomes[PutOutcome.CHANGED]
        summary.unchanged += outcomes[PutOutcome.UNCHANGED]
        return [
            _Stored(row.number, case_id, row.file_id, row.photos)
            for row, (case_id, _) in zip(batch, results, strict=True)
        ]

    def _photos(
        self, stored: Sequence[_Stored], refused: set[str], folder: PhotoFolder, scope: AccessScope,
        summary: ImportSummary, watch: Watcher,
    ) -> None:  # fmt: skip
        """Keep the photos of each row, then read those that wait; `refused` are ids of rows that were not stored."""
        pictures = folder.pictures()
        by_id = pictures_by_id(
            pictures,
            [row.file_id for row in stored if row.file_id],
            lambda name: name_key(name) in refused or self._cases.has_external(name, scope),
        )
        claimed: set[Path] = set()
        kept: dict[str, tuple[int, str]] = {}
        tasks = [(row, _files_of(row, folder, by_id)) for row in stored]
        tasks = [(row, files) for row, files in tasks if files]
        if tasks:
            watch.stage("Storing photos", len(tasks))
        for done, (row, files) in enumerate(tasks, start=1):
            contents = {path: _read_photo(path, self._photo_limit) for path in files if path is not None}
            claimed |= contents.keys()
            uploads = [data for data in contents.values() if data is not None]
            missing = len(files) - len(uploads)
            summary.photos["missing"] += missing
            summary.photo_troubles += [_missing(row)] * missing
            summary.photos["found"] += len(uploads)
            if uploads and row.case_id is not None:
                for photo in self._cases.add_photos(row.case_id, uploads, scope):
                    kept[photo.id] = (row.number, row.case_id)
            watch.step(done)
        summary.photos["unclaimed"] = sum(path not in claimed for path in pictures)
        if not summary.dry_run:
            self._process(kept, summary, watch)

    def _process(self, kept: Mapping[str, tuple[int, str]], summary: ImportSummary, watch: Watcher) -> None:
        with self._database.read() as conn:
            waiting = counts.counts(conn)["photos_pending"]
        if waiting:
            watch.stage("Reading photos", waiting)
            self._desk.process_pending(on_settled=watch.step)
        with self._database.read() as conn:
            for photo_id, (number, case_id) in kept.items():
                photo = photos.get_photo(conn, photo_id)
                if photo is None:
                    continue
                summary.photos[PHOTO_STATES[photo.state]] += 1
                if photo.state == "failed":
                    trouble = PhotoTrouble(number, case_id, photo.error_code or "", photo.error_detail or "")
                    summary.photo_troubles.append(trouble)

    def _match(self, summary: ImportSummary, watch: Watcher) -> None:
        """Compare every case that waits; a pair found from both sides counts once, with its last grade."""
        watch.stage("Opening the index", None)
        self._prepare_matching()
        with self._database.read() as conn:
            waiting = counts.counts(conn)["cases_unmatched"]
        watch.stage("Comparing cases", waiting)
        grades: dict[str, str] = {}
        compared = 0

        def report(outcomes: Sequence[MatchOutcome]) -> None:
            nonlocal compared
            compared += len(outcomes)
            for outcome in outcomes:
                grades.update((match_id, found.pair.grade.value) for match_id, found in outcome.found)
                summary.alerts += outcome.alerts
            watch.step(compared)

        self._matching.recover(on_compared=report)
        summary.compared = compared
        summary.matches.update(Counter(grades.values()))

    def _note(self, scope: AccessScope, summary: ImportSummary) -> None:
        detail: dict[str, object] = {
            name: getattr(summary, name) for name in ("rows", "created", "changed", "unchanged", "rejected")
        }
        with self._database.write() as conn:
            audit.append(
                conn, at=self._clock(), actor=scope.actor_id, action="file.imported", subject=scope.partner_id,
                detail=detail,
            )  # fmt: skip


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileRefused(f"the file cannot be read ({type(error).__name__})") from None


def _open_folder(folder: Path | None) -> PhotoFolder:
    try:
        return PhotoFolder(folder)
    except OSError as error:
        raise FileRefused(f"the folder of the photos cannot be read ({type(error).__name__})") from None


def _header(row: Row, request: ImportRequest) -> Columns:
    if row.broken:
        raise FileRefused("line 1, the header: a quotation mark is not closed")
    if row.is_blank:
        raise FileRefused("line 1 is empty; the first line must name the columns")
    if any("\0" in cell for cell in row.cells):
        raise FileRefused('line 1, the header, holds NUL bytes: the file may be UTF-16; save it again as "CSV UTF-8"')
    columns = resolve_columns(row.cells, request.mapping, request.ignore_unknown)
    if request.side is None and "side" not in columns.sources:
        raise FileRefused("are these missing or rescued persons? Give --side, or add a column side")
    return columns


def _second(row: ReadRow, columns: Columns, first_with: dict[tuple[str, str], int]) -> list[Problem]:
    """Return a problem when an earlier row of the file has this id; else note it."""
    first = first_with.setdefault((row.side, row.external_id), row.number)
    if first == row.number:
        return []
    if row.file_id is None:
        return [Problem("", f"says the same as row {first}, and neither has an id")]
    return [Problem(columns.label("id"), f"is also the id of row {first}; an id stands once in a file")]


def _files_of(row: _Stored, folder: PhotoFolder, by_id: Mapping[str, Sequence[Path]]) -> list[Path | None]:
    """Return the row's files, each once; None for one that it names and the folder does not have."""
    named = [folder.find(name) for name in row.photos]
    files = [path for path in named if path is not None]
    files += by_id.get(row.file_id or "", ())
    return [*dict.fromkeys(files), *(path for path in named if path is None)]


def _read_photo(path: Path, limit: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            # One byte over the limit is kept: the photo is then refused by name, and the case has its error.
            return file.read(limit + 1)
    except OSError as error:
        log.warning("a photo file cannot be read (%s)", type(error).__name__)
        return None


def _missing(row: _Stored) -> PhotoTrouble:
    return PhotoTrouble(
        row.number, row.case_id, "photo_missing",
        "the row names a file that is not in the folder of --photos or cannot be read; add it and import again",
    )  # fmt: skip
