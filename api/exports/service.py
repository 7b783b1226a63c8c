"""Who takes which of their cases out, and into which file? Only the owner's own, and each time is audited."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from api.access import AccessScope, Permission
from api.exports.tables import CannotExport, ExportCase
from api.exports.writers import ExportFormat, write_cases
from api.ids import Clock
from api.imports.pfif import PfifPerson
from api.imports.pfif_write import tombstone
from api.store import Database, audit, cases, erasure
from indexing.durable import Sink, replace_file
from matcher.person import Side

log = logging.getLogger(__name__)

_PAGE = 500


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What goes out, and where to.

    Attributes:
        side: "missing" or "rescued", None for both.
        status: "open" or "closed", None for any.
        replace: write over a file that is there.
        tombstones: PFIF also says what was erased.
    """

    form: ExportFormat
    output: Path
    side: str | None = None
    status: str | None = None
    replace: bool = False
    tombstones: bool = True


class ExportService:
    """Writes a partner's own cases to files.

    Args:
        public_url: of this service; its host stands before the ids of its records in PFIF.
    """

    def __init__(self, database: Database, clock: Clock, public_url: str) -> None:
        self._database, self._clock = database, clock
        self._domain = urlsplit(public_url).hostname or "localhost"

    def run(
        self, request: ExportRequest, scope: AccessScope, on_written: Callable[[int], object] = lambda _: None
    ) -> int:
        """Write the caller's own cases and return how many.

        The file is whole or it is not there, and it is not there before the audit log says who took it.

        Args:
            on_written: told how many are written so far.
        Raises:
            NotPermitted: the scope may not export, or not read names.
            CannotExport: the file is there already or cannot be written, or a case does not fit the form.
        """
        scope.require(Permission.CASES_EXPORT)
        scope.require(Permission.NAMES_READ)
        if request.output.exists() and not request.replace:
            raise CannotExport("the file is there already; name another one, or say --force to replace it")
        count = 0

        def write(sink: Sink) -> None:
            nonlocal count
            found = self._cases(request, scope, on_written)
            gone = self._withdrawn(request, scope) if request.tombstones else ()
            count = write_cases(request.form, found, sink, domain=self._domain, withdrawn=gone)
            self._note(request, scope, count)

        try:
            replace_file(request.output, write)
        except OSError as error:
            raise CannotExport(f"the file cannot be written ({type(error).__name__})") from error
        log.info("export: %d cases as %s", count, request.form.value)
        return count

    def _cases(
        self, request: ExportRequest, scope: AccessScope, on_written: Callable[[int], object]
    ) -> Iterator[ExportCase]:
        after: str | None = None
        done = 0
        while True:
            with self._database.read() as conn:
                page = cases.list_cases(
                    conn, side=request.side, status=request.status, owner_id=scope.partner_id, after=after, limit=_PAGE
                )
            now = self._clock()
            for case in page:
                if not case.expired(now):
                    yield ExportCase(
                        case.id, case.side, case.external_id, case.status, case.version, case.payload, case.created_at,
                        case.updated_at,
                    )  # fmt: skip
            done += len(page)
            on_written(done)
            if len(page) < _PAGE:
                return
            after = page[-1].id

    def _withdrawn(self, request: ExportRequest, scope: AccessScope) -> Iterator[PfifPerson]:
        """Give the tombstones of the caller's own cases; none of a number under which there is a case again."""
        after: tuple[datetime, str] | None = None
        while True:
            with self._database.read() as conn:
                page = erasure.own_tombstones(conn, scope.partner_id, after=after, limit=_PAGE)
                numbers = [one.external_id for one in page if one.external_id is not None]
                # On either side: whoever reads of the tombstone forgets both.
                live = {
                    number
                    for side in Side
                    for number in cases.find_all_by_external(conn, scope.partner_id, side, numbers)
                }
            for one in page:
                if one.external_id not in live and request.side in (None, one.side):
                    own_id = one.external_id or one.case_id
                    at = one.erased_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                    yield tombstone(
                        one.person_record_id or f"{self._domain}/{own_id}", source_date=at, entry_date=at,
                        expiry_date=at, case_id=own_id,
                    )  # fmt: skip
            if len(page) < _PAGE:
                return
            after = (page[-1].erased_at, page[-1].case_id)

    def _note(self, request: ExportRequest, scope: AccessScope, count: int) -> None:
        detail: dict[str, object] = {"count": count, "form": request.form.value}
        detail |= {name: value for name, value in (("side", request.side), ("status", request.status)) if value}
        with self._database.write() as conn:
            audit.append(
                conn, at=self._clock(), actor=scope.actor_id, action="cases.exported", subject=scope.partner_id,
                detail=detail,
            )  # fmt: skip
