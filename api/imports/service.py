"""How does a file of cases come in? Rows in batches, then photos, then comparison; it may be killed at any time.

file ── rows ── batches of 200, one transaction each ── rejects ── photos ── comparison ── summary
What is committed stays. The same file again finds it by owner, side and id, changes nothing of it, and does the rest.
`sources` makes rows of every kind of file, so that all of them come in by this one way.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from api.access import AccessScope, Permission
from api.cases.photos import PhotoDesk
from api.cases.service import CaseService, CaseToPut, PutOutcome
from api.ids import Clock
from api.imports.columns import Columns, resolve_columns
from api.imports.contents import MEGABYTE
from api.imports.errors import FileRefused, Problem
from api.imports.feed import FeedDesk
from api.imports.files import Row
from api.imports.folder import PhotoFolder, PhotoShelf, name_key, pictures_by_id
from api.imports.pfif_mapping import note_values
from api.imports.pfif_source import note_row
from api.imports.plain import says_same
from api.imports.rejects import Rejects, check_target
from api.imports.rows import ReadRow, read_row
from api.imports.sources import Source, open_source
from api.imports.summary import (
    MOST_PROBLEMS,
    PHOTO_STATES,
    ImportRequest,
    ImportSummary,
    PhotoTrouble,
    Silent,
    Watcher,
)
from api.matches.service import MatchOutcome, MatchService
from api.store import Database, audit, cases, counts, photos
from api.store.cases import Case, CaseContent

log = logging.getLogger(__name__)

BATCH = 200
_NAMELESS = (
    "is Sandhan's own id of a case that has no id of yours, and the row says something else than the case; change the "
    "case itself, or give the row an id of your own"
)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the photos need to know of a row; `case_id` is None in a dry run."""

    number: int
    case_id: str | None
    file_id: str | None = field(repr=False)
    photos: tuple[str, ...] = field(repr=False)


@dataclass(slots=True)
class _Run:
    """One import while it runs.

    Attributes:
        keep_all: there are pictures that may be named like any row's id.
        stored: rows that may have photos.
        refused: ids of rows that were not stored.
    """

    request: ImportRequest
    scope: AccessScope
    summary: ImportSummary
    watch: Watcher
    columns: Columns
    rejects: Rejects
    keep_all: bool
    stored: list[_Stored] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    _first_with: dict[bytes, int] = field(default_factory=dict)

    def reject(self, row: Row, problems: Sequence[Problem]) -> None:
        """Put a row to the rejects."""
        self.rejects.add(row, problems)
        self.summary.rejected += 1
        if self.keep_all:
            self.refused.add(name_key(self.columns.text("id", row.cells)))
        room = MOST_PROBLEMS - len(self.summary.problems)
        self.summary.problems += [(row.number, problem) for problem in problems[: max(room, 0)]]

    def keep(self, read: ReadRow, case_id: str | None) -> None:
        """Note what the photos need to know of a row."""
        if self.keep_all or read.photos:
            self.stored.append(_Stored(read.number, case_id, read.file_id, read.photos))

    def second(self, read: ReadRow) -> list[Problem]:
        """Return a problem when an earlier row of the file has this id; else note it."""
        # A digest, not the id: a file may have millions.
        key = hashlib.blake2b(f"{read.side}\0{read.external_id}".encode(), digest_size=16).digest()
        first = self._first_with.setdefault(key, read.number)
        if first == read.number:
            return []
        if read.file_id is None:
            return [Problem("", f"says the same as row {first}, and neither has an id")]
        return [Problem(self.columns.label("id"), f"is also the id of row {first}; an id stands once in a file")]


class ImportService:
    """Imports files.

    Args:
        photo_limit: largest photo accepted, bytes.
        file_limit: largest file accepted, and most that an archive may unpack to, bytes.
        prepare_matching: called once before cases are compared; opens the index.
        feed: takes what of a PFIF feed is no case; without one, notes are kept within their case.
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
        watch.stage("Looking through the file", None)
        summary = ImportSummary(request.dry_run)
        unwritten: FileRefused | None = None
        with open_source(request, self._file_limit, self._clock()) as source:
            if source.photos is not None and request.photos is not None:
                raise FileRefused("the archive brings its photos along; leave out --photos, or the photos in it")
            shelf = source.photos or folder
            columns = _header(source.header, request)
            summary.ignored_columns = columns.unused
            with Rejects(columns, source.delimiter) as rejects:
                run = _Run(request, scope, summary, watch, columns, rejects, keep_all=bool(shelf.pictures()))
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

    def _rows(self, source: Source, run: _Run) -> None:
        """Read and store all rows."""
        today = self._clock().date()
        batch: list[tuple[Row, ReadRow]] = []
        run.watch.stage("Reading rows", source.total)
        for row in source.rows():
            if row.is_blank:
                continue
            run.summary.rows += 1
            read = read_row(row, run.columns, run.request.side, today, notes_apart=self._feed is not None)
            problems = read if isinstance(read, list) else run.second(read)
            if problems:
                run.reject(row, problems)
            elif isinstance(read, ReadRow):
                batch.append((row, read))
            if len(batch) == BATCH:
                self._put(batch, run)
                batch = []
                run.watch.step(row.line)
        self._put(batch, run)

    def _feed_rest(self, source: Source, run: _Run) -> None:
        """Hand on what of a feed is no row."""
        for gone in source.withdrawn:
            if self._feed is None:
                run.summary.withdrawn["waiting"] += 1
            elif run.request.dry_run or self._feed.withdraw(gone.external_id, gone.reason, run.scope):
                run.summary.withdrawn["done"] += 1
        for note in source.notes:
            run.summary.notes_elsewhere += 1
            about = (note.person_record_id or "").strip()
            values = {name: text for name, text in note_values(note).items() if isinstance(text, str)}
            if self._feed is not None and (run.request.dry_run or self._feed.keep_note(about, values, run.scope)):
                continue
            run.summary.rows += 1
            lost = note_row(run.summary.rows, note, "is a note about a person who is not in this file")
            run.reject(lost, lost.problems)

    def _put(self, batch: Sequence[tuple[Row, ReadRow]], run: _Run) -> None:
        """Store a batch of rows; those that say what their case says already change nothing of it."""
        entries: list[CaseToPut] = []
        stored: list[ReadRow] = []
        known, by_own_id = self._known([read for _, read in batch], run.scope)
        for row, read in batch:
            case = known.get((read.side, read.external_id))
            content = read.content
            if case is None and (nameless := by_own_id.get(read.external_id)) is not None:
                if nameless.side != read.side or not _same(nameless, content):
                    run.reject(row, [Problem(run.columns.label("id"), _NAMELESS)])
                else:
                    run.summary.unchanged += 1
                    run.keep(read, nameless.id)
                continue
            if case is not None and case.content_hash != content.content_hash and _same(case, content):
                content = _content_of(case)
            entries.append(CaseToPut(read.side, read.external_id, content))
            stored.append(read)
        if not entries:
            return
        results: list[tuple[str | None, PutOutcome]] = []
        if run.request.dry_run:
            results += [(None, outcome) for outcome in self._cases.foresee_put(entries, run.scope)]
        else:
            results += self._cases.put_many(entries, run.scope)
        outcomes = Counter(outcome for _, outcome in results)
        run.summary.created += outcomes[PutOutcome.CREATED]
        run.summary.changed += outcomes[PutOutcome.CHANGED]
        run.summary.unchanged += outcomes[PutOutcome.UNCHANGED]
        for read, (case_id, _) in zip(stored, results, strict=True):
            run.keep(read, case_id)
            if self._feed is not None and not run.request.dry_run:
                for note in read.notes:
                    self._feed.keep_note(read.external_id, note, run.scope)

    def _known(
        self, batch: Sequence[ReadRow], scope: AccessScope
    ) -> tuple[dict[tuple[str, str], Case], dict[str, Case]]:
        """Return the caller's cases that these rows are: by side and id, and by Sandhan's own id where it has no other.

        An export calls a case without an id of its owner's by the one it has here.
        """
        own_ids = [read.external_id for read in batch if read.external_id.startswith("case_")]
        with self._database.read() as conn:
            known = {
                (side, external_id): case
                for side in {read.side for read in batch}
                for external_id, case in cases.find_all_by_external(
                    conn, scope.partner_id, side, [read.external_id for read in batch if read.side == side]
                ).items()
            }
            nameless = cases.get_cases(conn, own_ids) if own_ids else {}
        return known, {
            case_id: case
            for case_id, case in nameless.items()
            if case.owner_id == scope.partner_id and case.external_id is None
        }

    def _photos(self, run: _Run, folder: PhotoShelf) -> None:
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


def _same(case: Case, content: CaseContent) -> bool:
    return (
        says_same(case.payload, content.payload)
        and case.face_consent == content.face_consent
        and case.protect_location == content.protect_location
    )


def _content_of(case: Case) -> CaseContent:
    return CaseContent(
        case.payload, case.content_hash, case.origin_area, case.event_area, case.protect_location, case.face_consent
    )


def _files_of(row: _Stored, folder: PhotoShelf, by_id: Mapping[str, Sequence[PurePath]]) -> list[PurePath | None]:
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


def _missing(row: _Stored) -> PhotoTrouble:
    return PhotoTrouble(
        row.number, row.case_id, "photo_missing",
        "the row names a file that is not in the folder of --photos or cannot be read; add it and import again",
    )  # fmt: skip
