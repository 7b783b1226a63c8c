"""Through which stages has a person gone since the report, and what was noted on the way?

Entries are added and never changed: whoever errs adds another one that names the first. The texts are sealed by the key
of the case, so they go where the case goes, and with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from api.store import follow_ups, keys, referrals
from api.store.care_tables import case_notes, home_report_versions, home_reports, stage_events
from api.store.care_tables import follow_ups as follow_up_rows
from api.store.care_tables import referrals as referral_rows
from api.store.sealed_documents import open_document, seal_document


@dataclass(frozen=True, slots=True)
class StageEvent:
    """An entry of the timeline.

    Attributes:
        stage: one of `care_tables.STAGES`.
        entered_on: the day on which the stage began.
        corrects: id of the entry in whose place this one stands.
        at, by: when and by whom it was entered.
    """

    id: str
    case_id: str
    stage: str
    entered_on: date
    corrects: str | None
    note: str | None = field(repr=False)
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class CaseNote:
    """Something that somebody noted on a case.

    Attributes:
        kind: one of `care_tables.NOTE_KINDS`.
        source_date: the day of which it tells; None when nobody said.
        corrects: id of the note in whose place this one stands.
    """

    id: str
    case_id: str
    kind: str
    source_date: date | None
    corrects: str | None
    text: str | None = field(repr=False)
    at: datetime
    by: str


def add_stage(
    conn: Connection,
    *,
    event_id: str,
    case_id: str,
    stage: str,
    entered_on: date,
    at: datetime,
    by: str,
    note: str | None = None,
    corrects: str | None = None,
) -> StageEvent:
    """Add an entry to the timeline of a case.

    Raises:
        SealBroken: the case was erased.
    """
    sealed = seal_document(keys.record_key(conn, case_id), _place(stage_events, event_id), {"note": note})
    row = {"id": event_id, "case_id": case_id, "stage": stage, "entered_on": entered_on, "corrects": corrects}
    conn.execute(insert(stage_events).values(**row, sealed=sealed, at=at, by=by))
    return StageEvent(event_id, case_id, stage, entered_on, corrects, note, at, by)


def stages_of(conn: Connection, case_id: str) -> list[StageEvent]:
    """Return every entry of a case's timeline, in the order of entering; none of an erased one."""
    return [
        StageEvent(row["id"], case_id, row["stage"], row["entered_on"], row["corrects"], said.get("note"), row["at"],
                   row["by"])
        for row, said in _opened(conn, stage_events, case_id)
    ]  # fmt: skip


def add_note(
    conn: Connection,
    *,
    note_id: str,
    case_id: str,
    kind: str,
    text: str,
    at: datetime,
    by: str,
    source_date: date | None = None,
    corrects: str | None = None,
) -> CaseNote:
    """Add a note to a case.

    Raises:
        SealBroken: the case was erased.
    """
    sealed = seal_document(keys.record_key(conn, case_id), _place(case_notes, note_id), {"text": text})
    row = {"id": note_id, "case_id": case_id, "kind": kind, "source_date": source_date, "corrects": corrects}
    conn.execute(insert(case_notes).values(**row, sealed=sealed, at=at, by=by))
    return CaseNote(note_id, case_id, kind, source_date, corrects, text, at, by)


def notes_of(conn: Connection, case_id: str) -> list[CaseNote]:
    """Return every note of a case, in the order of entering; none of an erased one."""
    return [
        CaseNote(row["id"], case_id, row["kind"], row["source_date"], row["corrects"], said.get("text"), row["at"],
                 row["by"])
        for row, said in _opened(conn, case_notes, case_id)
    ]  # fmt: skip


def forget(conn: Connection, case_id: str, *, at: datetime, by: str) -> None:
    """Keep nothing that was said after the report: the case is being erased.

    What stays are ids, days and words of the lists; timers and open referrals end.
    """
    follow_ups.cancel_due(conn, case_id, at=at, by=by, outcome="case_erased")
    referrals.end_open(conn, case_id, at=at, by=by, reason="case_erased")
    for table in (stage_events, case_notes, home_reports, follow_up_rows, referral_rows):
        conn.execute(update(table).where(table.c.case_id == case_id).values(sealed=None))
    reports = select(home_reports.c.id).where(home_reports.c.case_id == case_id)
    conn.execute(update(home_report_versions).where(home_report_versions.c.report_id.in_(reports)).values(sealed=None))


def _opened(conn: Connection, table: Table, case_id: str) -> Sequence[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the rows of a case, in the order of entering, each with what is sealed in it."""
    key = keys.record_keys_of(conn, [case_id]).get(case_id)
    if key is None:
        return []
    rows = conn.execute(select(table).where(table.c.case_id == case_id).order_by(table.c.at, table.c.id)).all()
    return [(dict(row._mapping), open_document(key, _place(table, row.id), row.sealed)) for row in rows]


def _place(table: Table, row_id: str) -> str:
    return f"{table.name}.sealed:{row_id}"
