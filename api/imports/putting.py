"""How do rows become cases? A batch in one transaction; what says the same as its case leaves it as it is."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from api.access import AccessScope
from api.cases.outcomes import CaseToPut, PutOutcome
from api.cases.service import CaseService
from api.imports.columns import Columns
from api.imports.errors import Problem
from api.imports.files import Row
from api.imports.folder import name_key
from api.imports.notes import with_notes_of
from api.imports.plain import says_same
from api.imports.rejects import Rejects
from api.imports.rows import ReadRow
from api.imports.summary import MOST_PROBLEMS, ImportRequest, ImportSummary, Watcher
from api.store import Database, cases
from api.store.cases import Case, CaseContent

_NAMELESS = (
    "is Sandhan's own id of a case that has no id of yours, and the row says something else than the case; change the "
    "case itself, or give the row an id of your own"
)

_SUPPRESSED = (
    "is of a record that was erased, and is not taken again; if it must be, an operator runs: sandhan cases readmit"
)


@dataclass(frozen=True, slots=True)
class StoredRow:
    """What the photos need to know of a row; `case_id` is None in a dry run."""

    number: int
    case_id: str | None
    file_id: str | None = field(repr=False)
    photos: tuple[str, ...] = field(repr=False)


@dataclass(slots=True)
class ImportRun:
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
    stored: list[StoredRow] = field(default_factory=list)
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
            self.stored.append(StoredRow(read.number, case_id, read.file_id, read.photos))

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


class Putter:
    """Stores batches of rows."""

    def __init__(self, database: Database, service: CaseService) -> None:
        self._database, self._cases = database, service

    def put(self, batch: Sequence[tuple[Row, ReadRow]], run: ImportRun) -> None:
        """Store a batch of rows; those that say what their case says already change nothing of it."""
        entries: list[CaseToPut] = []
        stored: list[tuple[Row, ReadRow]] = []
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
            if case is not None:
                content = with_notes_of(case, content)
                if case.content_hash != content.content_hash and _same(case, content):
                    content = case.content
            entries.append(CaseToPut(read.side, read.external_id, content))
            stored.append((row, read))
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
        for (row, read), (case_id, outcome) in zip(stored, results, strict=True):
            if outcome is PutOutcome.SUPPRESSED:
                run.reject(row, [Problem(run.columns.label("id"), _SUPPRESSED)])
            else:
                run.keep(read, case_id)

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


def _same(case: Case, content: CaseContent) -> bool:
    return (
        says_same(case.payload, content.payload)
        and case.face_consent == content.face_consent
        and case.protect_location == content.protect_location
    )
