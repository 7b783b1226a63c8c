"""Who takes which of their cases out, and into which file? Only the owner's own, and each time is audited."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from api.access import AccessScope, Permission
from api.exports.tables import CannotExport, ExportCase
from api.exports.writers import ExportFormat, write_cases
from api.ids import Clock
from api.store import Database, audit, cases
from indexing.durable import Sink, replace_file

log = logging.getLogger(__name__)

_PAGE = 500


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What goes out, and where to.

    Attributes:
        side: "missing" or "rescued", None for both.
        status: "open" or "closed", None for any.
        replace: write over a file that is there.
    """

    form: ExportFormat
    output: Path
    side: str | None = None
    status: str | None = None
    replace: bool = False


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
            count = write_cases(request.form, found, sink, domain=self._domain)
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
            for case in page:
                yield ExportCase(
                    case.id, case.side, case.external_id, case.status, case.version, case.payload, case.created_at,
                    case.updated_at,
                )  # fmt: skip
            done += len(page)
            on_written(done)
            if len(page) < _PAGE:
                return
            after = page[-1].id

    def _note(self, request: ExportRequest, scope: AccessScope, count: int) -> None:
        detail: dict[str, object] = {"count": count, "form": request.form.value}
        detail |= {name: value for name, value in (("side", request.side), ("status", request.status)) if value}
        with self._database.write() as conn:
            audit.append(
                conn, at=self._clock(), actor=scope.actor_id, action="cases.exported", subject=scope.partner_id,
                detail=detail,
            )  # fmt: skip
