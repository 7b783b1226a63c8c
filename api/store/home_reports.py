"""Is the home safe? Home investigation reports: asked for, received, corrected by a later version."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Row, insert, select, update

from api.store import keys
from api.store.care_tables import home_report_versions, home_reports
from api.store.errors import RowMissing, VersionConflict
from api.store.sealed_documents import open_document, seal_document


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found at the home.

    Attributes:
        version: 1 at first; the highest one stands.
        outcome: "safe", "unsafe" or "inconclusive".
        visited_on: the day of the investigation.
        role: what the investigator is, e.g. a probation officer.
        at, by: when and by whom it was entered.
    """

    version: int
    outcome: str
    visited_on: date
    role: str | None = field(repr=False)
    narrative: str | None = field(repr=False)
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class HomeReport:
    """A home investigation report.

    Attributes:
        unit_id: the partner of whom it was asked, None where it is none of the partners.
        unit: the name of such a unit.
        version: of the finding that stands; 0 until the report is received.
        findings: every version, oldest first.
        at, by: when and by whom it was asked for.
    """

    id: str
    case_id: str
    unit_id: str | None
    unit: str | None = field(repr=False)
    question: str | None = field(repr=False)
    due_on: date
    version: int
    findings: tuple[Finding, ...]
    at: datetime
    by: str

    @property
    def finding(self) -> Finding | None:
        """Return the finding that stands."""
        return self.findings[-1] if self.findings else None


@dataclass(frozen=True, slots=True)
class LatestHir:
    """What the newest investigation of a home came to.

    Attributes:
        report_id, version: which finding it is; a later correction has another version.
        outstanding: another report has been asked for and is not received yet.
    """

    report_id: str
    version: int
    outcome: str
    visited_on: date
    outstanding: bool


def request(
    conn: Connection,
    *,
    report_id: str,
    case_id: str,
    due_on: date,
    at: datetime,
    by: str,
    unit_id: str | None = None,
    unit: str | None = None,
    question: str | None = None,
) -> HomeReport:
    """Note that a report was asked for.

    Raises:
        SealBroken: the case was erased.
    """
    sealed = seal_document(keys.record_key(conn, case_id), _place(report_id), {"unit": unit, "question": question})
    row = {"id": report_id, "case_id": case_id, "unit_id": unit_id, "due_on": due_on, "version": 0}
    conn.execute(insert(home_reports).values(**row, sealed=sealed, at=at, by=by))
    return HomeReport(report_id, case_id, unit_id, unit, question, due_on, 0, (), at, by)


def receive(
    conn: Connection,
    report_id: str,
    *,
    outcome: str,
    visited_on: date,
    role: str,
    narrative: str | None,
    at: datetime,
    by: str,
    expected_version: int,
) -> HomeReport:
    """Store what was found: the first time, or as a correction of the version before.

    Args:
        expected_version: the version that is known to whoever writes, 0 for a report not received yet.
    Raises:
        RowMissing: there is no such report.
        VersionConflict: somebody else stored a version meanwhile.
        SealBroken: the case was erased.
    """
    row = conn.execute(select(home_reports).where(home_reports.c.id == report_id).with_for_update()).first()
    if row is None:
        raise RowMissing("home_reports")
    if row.version != expected_version:
        raise VersionConflict("home_reports", expected_version, row.version)
    version = row.version + 1
    place = _version_place(report_id, version)
    sealed = seal_document(keys.record_key(conn, row.case_id), place, {"role": role, "narrative": narrative})
    values = {"report_id": report_id, "version": version, "outcome": outcome, "visited_on": visited_on}
    conn.execute(insert(home_report_versions).values(**values, sealed=sealed, at=at, by=by))
    conn.execute(update(home_reports).where(home_reports.c.id == report_id).values(version=version))
    found = get(conn, report_id)
    assert found is not None
    return found


def get(conn: Connection, report_id: str) -> HomeReport | None:
    """Return a report, None if there is none of that id or its case was erased."""
    row = conn.execute(select(home_reports).where(home_reports.c.id == report_id)).first()
    key = None if row is None else keys.record_keys_of(conn, [row.case_id]).get(row.case_id)
    return None if row is None or key is None else _report(conn, key, row)


def reports_of(conn: Connection, case_id: str) -> list[HomeReport]:
    """Return the reports on a case's home, in the order of asking; none of an erased case."""
    key = keys.record_keys_of(conn, [case_id]).get(case_id)
    if key is None:
        return []
    wanted = select(home_reports).where(home_reports.c.case_id == case_id)
    rows = conn.execute(wanted.order_by(home_reports.c.at, home_reports.c.id)).all()
    return [_report(conn, key, row) for row in rows]


def latest_hir(conn: Connection, case_id: str) -> LatestHir | None:
    """Return the newest finding on a case's home, None while there is none.

    The newest is the one of the latest visit, of two on one day the one that was received later; of each report only
    the version that stands counts.
    """
    found = reports_of(conn, case_id)
    received = [(report.finding, report) for report in found if report.finding is not None]
    if not received:
        return None
    finding, report = max(received, key=lambda pair: (pair[0].visited_on, pair[0].at, pair[1].id))
    waiting = any(other.finding is None for other in found)
    return LatestHir(report.id, finding.version, finding.outcome, finding.visited_on, waiting)


def _report(conn: Connection, key: AESGCM, row: Row[tuple[object, ...]]) -> HomeReport:
    values = dict(row._mapping)
    said = open_document(key, _place(row.id), values.pop("sealed"))
    statement = select(home_report_versions).where(home_report_versions.c.report_id == row.id)
    findings = []
    for version in conn.execute(statement.order_by(home_report_versions.c.version)).all():
        told = open_document(key, _version_place(row.id, version.version), version.sealed)
        findings.append(
            Finding(version.version, version.outcome, version.visited_on, told.get("role"), told.get("narrative"),
                    version.at, version.by)
        )  # fmt: skip
    return HomeReport(**values, unit=said.get("unit"), question=said.get("question"), findings=tuple(findings))


def _place(report_id: str) -> str:
    return f"home_reports.sealed:{report_id}"


def _version_place(report_id: str, version: int) -> str:
    return f"home_report_versions.sealed:{report_id}:{version}"
