"""May the caller read texts? What every service of care asks, once it knows whose case it is (`api.cases.standing`).

Texts of former owners who transferred a case without its sources are read by nobody: any sentence may say who said it.
Days, words of the lists and what is medical go along, so that care goes on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from api.access import AccessScope, Permission
from api.store import Connection, referrals
from api.store.care import CaseNote, StageEvent
from api.store.follow_ups import FollowUp
from api.store.home_reports import HomeReport

GOES_ALONG = frozenset({"medical"})
"""Kinds of notes whose texts a new owner reads whatever was kept from him."""


def reads_texts(scope: AccessScope) -> bool:
    """Tell whether the caller may read what people wrote: it tells who a person is."""
    return Permission.NAMES_READ in scope.permissions


class Texts:
    """Which texts of a case its owner reads."""

    def __init__(self, conn: Connection, case_id: str, scope: AccessScope) -> None:
        self._reads = reads_texts(scope)
        self._kept_until = referrals.texts_withheld_until(conn, case_id)

    def notes(self, found: Iterable[CaseNote]) -> list[CaseNote]:
        """Return notes with the texts that are read."""
        return [
            one if self._open(one.at, goes_along=one.kind in GOES_ALONG) else replace(one, text=None) for one in found
        ]

    def stages(self, found: Iterable[StageEvent]) -> list[StageEvent]:
        """Return entries of the timeline likewise."""
        return [one if self._open(one.at) else replace(one, note=None) for one in found]

    def home_report(self, report: HomeReport) -> HomeReport:
        """Return a home report likewise, each finding by when it was entered."""
        findings = tuple(
            one if self._open(one.at) else replace(one, role=None, narrative=None) for one in report.findings
        )
        report = replace(report, findings=findings)
        return report if self._open(report.at) else replace(report, unit=None, question=None)

    def follow_ups(self, found: Iterable[FollowUp]) -> list[FollowUp]:
        """Return visits likewise, by when they were settled."""
        return [one if self._open(one.settled_at or one.created_at) else replace(one, note=None) for one in found]

    def _open(self, written: datetime, *, goes_along: bool = False) -> bool:
        return self._reads and (goes_along or self._kept_until is None or written > self._kept_until)
