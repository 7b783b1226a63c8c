"""Who did or saw what, for those who may ask; and what every partner keeps so that nobody can alter it unseen.

At the end of each day the head of the log is kept as that day's root. A partner that has a copy of it can prove later
that nothing up to there was altered, added or taken away, even by whoever runs the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from api.access import AccessScope, Permission
from api.ids import Clock
from api.store import Database, audit
from api.store.audit import AuditEntry, AuditHead, AuditProblem, AuditRoot

_PAGE = 1000
_MOST_DAYS = 400


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Rows of the log, and the number after which further ones follow."""

    items: list[AuditEntry]
    next: int | None


@dataclass(frozen=True, slots=True)
class RootPage:
    """Daily roots, and the day after which further ones follow."""

    items: list[AuditRoot]
    next: date | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What reading the whole log came to.

    Attributes:
        problem: the first thing wrong with it; None when it is as it was written.
        head: its newest row.
        anchors: how many kept heads it was held against.
    """

    problem: AuditProblem | None
    head: AuditHead
    anchors: int


class AuditService:
    """Shows, verifies and exports the audit log."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def page(self, scope: AccessScope, *, subject: str | None, after: int, limit: int) -> AuditPage:
        """Return what the caller's people and keys did, and what anybody did to its cases; that this was read, too.

        Raises:
            NotPermitted: the caller is no auditor.
        """
        scope.require(Permission.AUDIT_READ)
        with self._database.write() as conn:
            found = audit.entries_for(conn, scope.partner_id, subject=subject, after=after, limit=limit + 1)
            audit.append(
                conn, at=self._clock(), actor=scope.actor_id, action="audit.read", subject=scope.partner_id,
                detail={"count": min(len(found), limit)},
            )  # fmt: skip
        return AuditPage(found[:limit], found[limit - 1].seq if len(found) > limit else None)

    def roots(self, scope: AccessScope, *, after: date | None, limit: int) -> RootPage:
        """Return the daily roots, for partners to keep."""
        scope.require(Permission.PARTNERS_READ)
        with self._database.read() as conn:
            found = audit.roots(conn, after=after, limit=limit + 1)
        return RootPage(found[:limit], found[limit - 1].day if len(found) > limit else None)

    def close_days(self) -> list[AuditRoot]:
        """Keep the root of every day that is over and has none yet; return those that are new."""
        yesterday = self._clock().date() - timedelta(days=1)
        with self._database.read() as conn:
            latest = audit.latest_root(conn)
        if latest is not None and latest.day >= yesterday:
            return []
        first = yesterday if latest is None else max(latest.day + timedelta(days=1), yesterday - timedelta(_MOST_DAYS))
        made = []
        with self._database.write() as conn:
            for offset in range((yesterday - first).days + 1):
                root = audit.close_day(conn, first + timedelta(days=offset), self._clock())
                made += [] if root is None else [root]
        return made

    def verify(self, kept: Sequence[AuditHead] = ()) -> Verdict:
        """Read the whole log and tell whether it is as it was written.

        Args:
            kept: heads that somebody kept outside the database; the daily roots within it are held against it anyway.
        """
        with self._database.read() as conn:
            anchors = [*(AuditHead(root.seq, root.hash) for root in self.all_roots()), *kept]
            return Verdict(audit.verify(conn, anchors), audit.head(conn), len(anchors))

    def entries(self, after: int = 0) -> Iterator[AuditEntry]:
        """Give every row of the log, for an export by whoever runs the database."""
        while True:
            with self._database.read() as conn:
                page = audit.entries(conn, after=after, limit=_PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].seq

    def note_export(self, count: int) -> None:
        """Note that the whole log was exported."""
        with self._database.write() as conn:
            audit.append(
                conn, at=self._clock(), actor="command-line", action="audit.exported", subject="audit",
                detail={"count": count},
            )  # fmt: skip

    def all_roots(self) -> list[AuditRoot]:
        """Return every daily root, oldest first."""
        found: list[AuditRoot] = []
        while True:
            with self._database.read() as conn:
                page = audit.roots(conn, after=found[-1].day if found else None, limit=_PAGE)
            found += page
            if len(page) < _PAGE:
                return found
