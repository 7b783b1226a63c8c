"""How does a file of cases come in? Rows in batches, then photos, then comparison; it may be killed at any time.

file ── rows ── batches of 200, one transaction each ── rejects ── photos ── comparison ── summary
What is committed stays. The same file again finds it by owner, side and id, changes nothing of it, and does the rest.
`sources` makes rows of every kind of file, so that all of them come in by this one way.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath

from api.access import AccessScope, Permission
from api.cases.photos import PhotoDesk
from api.cases.service import CaseService
from api.ids import Clock
from api.imports.columns import Columns, resolve_columns
from api.imports.contents import MEGABYTE
from api.imports.errors import FileRefused
from api.imports.feed import FeedDesk
from api.imports.files import Row
from api.imports.folder import PhotoFolder, PhotoShelf, name_key, pictures_by_id
from api.imports.notes import NoteKeeper
from api.imports.pfif_source import note_row
from api.imports.putting import ImportRun, Putter, StoredRow
from api.imports.rejects import Rejects, check_target
from api.imports.rows import ReadRow, read_row
from api.imports.sources import Source, open_source
from api.imports.summary import (
    PHOTO_STATES,
    ImportRequest,
    ImportSummary,
    PhotoTrouble,
    Silent,
    Watcher,
)
from api.matches.service import MatchOutcome, MatchService
from api.store import Database, audit, counts, photos

log = logging.getLogger(__name__)

BATCH = 200


class ImportService:
    """Imports files.

    Args:
        photo_limit: largest photo accepted, bytes.
        file_limit: largest file accepted, and most that an archive may unpack to, bytes.
        prepare_matching: called once before cases are compared; opens the index.
        feed: takes the records that a PFIF feed withdraws; without one, they wait.
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
        file_limit: int = 1024 * MEGABYTE,
        feed: FeedDesk | None = None,
    ) -> None:
        self._database, self._cases, self._desk = database, cases, photos
        self._matching, self._clock = matching, clock
        self._photo_limit, self._prepare_matching = photo_limit, prepare_matching
        self._file_limit, self._feed = file_limit, feed
        self._putter, self._notes = Putter(database, cases), NoteKeeper(database, cases)

    def run(self, request: ImportRequest, scope: AccessScope, watch: Watcher | None = None) -> ImportSummary:
        """Import a file.

        Raises:
            FileRefused: the file as a whole cannot be read; nothing was imported.
            NotPermitted: the scope may not enter cases, or not erase what the file withdraws; nothing was imported.
        """
        scope.require(Permission.CASES_WRITE)
        watch = watch or Silent()
        check_target(request.rejects, request.file)
        # Looked into first: a folder that cannot be read should not be learned of after the rows.
        folder = _open_folder(request.photos)
        watch.stage("Looking through the file", None)
        summary = ImportSummary(request.dry_run)
        unwritten: FileRefused | None = None
        with open_source(request, self._file_limit, self._clock()) as source:
            if source.photos is not None and request.photos is not None:
                raise FileRefused("the archive brings its photos along; leave out --photos, or the photos in it")
            if source.withdrawn and self._feed is not None:
                scope.require(Permission.CASES_ERASE)
            shelf = source.photos or folder
            columns = _header(source.header, request)
            summary.ignored_columns = columns.unused
            with Rejects(columns, source.delimiter) as rejects:
                run = ImportRun(request, scope, summary, watch, columns, rejects, keep_all=bool(shelf.pictures()))
                started = time.perf_counter()
                self._rows(source, run)
                self._feed_rest(source, run)
                summary.row_seconds = time.perf_counter() - started
                if rejects.count and (request.rejects or not request.dry_run):
                    try:
                        summary.rejects = rejects.write(request.rejects, request.file)
                    except FileRefused as problem:  # what is committed is completed first
                        unwritten = problem
            self._photos(run, shelf)
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

    def _rows(self, source: Source, run: ImportRun) -> None:
        """Read and store all rows."""
        today = self._clock().date()
        batch: list[tuple[Row, ReadRow]] = []
        run.watch.stage("Reading rows", source.total)
        for row in source.rows():
            if row.is_blank:
                continue
            run.summary.rows += 1
            read = read_row(row, run.columns, run.request.side, today)
            problems = read if isinstance(read, list) else run.second(read)
            if problems:
                run.reject(row, problems)
            elif isinstance(read, ReadRow):
                batch.append((row, read))
            if len(batch) == BATCH:
                self._putter.put(batch, run)
                batch = []
                run.watch.step(row.line)
        self._putter.put(batch, run)

    def _feed_rest(self, source: Source, run: ImportRun) -> None:
        """Take what of a feed is no row: records that were withdrawn, notes about persons who are not in the file."""
        for gone in source.withdrawn:
            if self._feed is None:
                run.summary.withdrawn["waiting"] += 1
            elif run.request.dry_run:
                run.summary.withdrawn["done"] += self._cases.has_external(gone.external_id, run.scope)
            elif self._feed.withdraw_at_source(gone.external_id, gone.reason, run.scope):
                run.summary.withdrawn["done"] += 1
        run.summary.notes_elsewhere += len(source.notes)
        for note, reason in self._notes.keep(source.notes, run.scope, dry_run=run.request.dry_run):
            run.summary.rows += 1
            lost = note_row(run.summary.rows, note, reason)
            run.reject(lost, lost.problems)

    def _photos(self, run: ImportRun, folder: PhotoShelf) -> None:
        """Keep the photos of each row, then read those that wait."""
        stored, refused, scope, summary, watch = run.stored, run.refused, run.scope, run.summary, run.watch
        pictures = folder.pictures()
        by_id = pictures_by_id(
            pictures,
            [row.file_id for row in stored if row.file_id],
            lambda name: name_key(name) in refused or self._cases.has_external(name, scope),
        )
        claimed: set[PurePath] = set()
        kept: dict[str, tuple[int, str]] = {}
        tasks = [(row, _files_of(row, folder, by_id)) for row in stored]
        tasks = [(row, files) for row, files in tasks if files]
        if tasks:
            watch.stage("Storing photos", len(tasks))
        for done, (row, files) in enumerate(tasks, start=1):
            contents = {path: _read_photo(folder, path, self._photo_limit) for path in files if path is not None}
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
        if any(summary.withdrawn.values()):
            detail["withdrawn"] = summary.withdrawn["done"]
        with self._database.write() as conn:
            audit.append(
                conn, at=self._clock(), actor=scope.actor_id, action="file.imported", subject=scope.partner_id,
                detail=detail,
            )  # fmt: skip


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


def _files_of(row: StoredRow, folder: PhotoShelf, by_id: Mapping[str, Sequence[PurePath]]) -> list[PurePath | None]:
    """Return the row's files, each once; None for one that it names and the folder does not have."""
    named = [folder.find(name) for name in row.photos]
    files = [path for path in named if path is not None]
    files += by_id.get(row.file_id or "", ())
    return [*dict.fromkeys(files), *(path for path in named if path is None)]


def _read_photo(folder: PhotoShelf, path: PurePath, limit: int) -> bytes | None:
    try:
        # One byte over the limit is kept: the photo is then refused by name, and the case has its error.
        return folder.read(path, limit + 1)
    except OSError as error:
        log.warning("a photo file cannot be read (%s)", type(error).__name__)
        return None


def _missing(row: StoredRow) -> PhotoTrouble:
    return PhotoTrouble(
        row.number, row.case_id, "photo_missing",
        "the row names a file that is not in the folder of --photos or cannot be read; add it and import again",
    )  # fmt: skip
