"""What was written with a step of a match, and which order was named? Sealed by the key of the case on whose side."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select

from api.store import keys
from api.store.match_tables import match_notes
from api.store.sealed_documents import open_document, seal_document
from api.store.tables import match_events


@dataclass(frozen=True, slots=True)
class MatchNote:
    """What somebody wrote with a step."""

    note: str | None = field(repr=False)
    order: str | None = field(repr=False)


def add(conn: Connection, event_id: int, case_id: str, note: MatchNote) -> None:
    """Store what was written; nothing where nothing was.

    Raises:
        SealBroken: the case was erased.
    """
    document = {"note": note.note, "order": note.order}
    sealed = seal_document(keys.record_key(conn, case_id), _place(event_id), document)
    if sealed is not None:
        conn.execute(insert(match_notes).values(event_id=event_id, case_id=case_id, sealed=sealed))


def notes_of(conn: Connection, match_id: str) -> dict[int, MatchNote]:
    """Return what was written with the steps of a match, by the id of the event; nothing of an erased case."""
    events = select(match_events.c.id).where(match_events.c.match_id == match_id)
    rows = conn.execute(select(match_notes).where(match_notes.c.event_id.in_(events))).all()
    known = keys.record_keys_of(conn, sorted({row.case_id for row in rows}))
    found = {}
    for row in rows:
        if row.case_id in known:
            said = open_document(known[row.case_id], _place(row.event_id), row.sealed)
            found[row.event_id] = MatchNote(said.get("note"), said.get("order"))
    return found


def forget_case(conn: Connection, case_id: str) -> None:
    """Delete what was written on the side of a case that is erased."""
    conn.execute(delete(match_notes).where(match_notes.c.case_id == case_id))


def _place(event_id: int) -> str:
    return f"match_notes.sealed:{event_id}"
