"""Which requests were sent with an idempotency key, and what was answered? Kept for a day.

A row is made before the work begins and names the id that the work will give to what it creates. Whatever happens in
between, the same key finds the same id again, and the work finds what it has already created under it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, select, update

from api.store import keys, suspects
from api.store.care_tables import case_notes, home_reports, referrals, stage_events
from api.store.care_tables import suspects as suspect_rows
from api.store.duty_tables import bulletins, publication_authorisations
from api.store.people_tables import people
from api.store.portable import insert_if_absent
from api.store.sharing_tables import agreements, consents
from api.store.tables import api_keys, cases, idempotency, partners

_RECORD, _SUSPECT = "case_", "suspect_"
_SUBJECTS: Mapping[str, Table] = {
    "agreement": agreements, "authorisation": publication_authorisations, "bulletin": bulletins, "case": cases,
    "consent": consents, "hir": home_reports, "key": api_keys, "note": case_notes,
    "partner": partners, "person": people, "ref": referrals, "stage": stage_events, "suspect": suspect_rows,
}  # fmt: skip
"""Prefix of an id -> where the thing stands that a request creates."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One request with a key.

    Attributes:
        subject_id: the id that what it creates has, or will have.
        attempt: how often the work was begun; whoever holds an older number has lost it.
        leased_until: until when the work counts as being done; None once it is done.
        status: of the answer; None while there is none.
        headers: of the answer.
    """

    id: str
    partner_id: str
    operation: str
    request_hash: str
    subject_id: str
    attempt: int
    leased_until: datetime | None
    status: int | None
    headers: dict[str, str] | None
    answer: bytes | None = field(repr=False)
    created_at: datetime


def begin(
    conn: Connection,
    *,
    entry_id: str,
    partner_id: str,
    key: str,
    operation: str,
    request: str,
    subject_id: str,
    at: datetime,
    leased_until: datetime,
) -> tuple[Entry, bool]:
    """Return the entry of a key, made when there is none, and whether it was made; locked until the transaction ends.

    Args:
        key: as the caller sent it, with whatever else makes it unique within the partner; kept as a keyed hash.
        request: what makes two requests the same; kept as a keyed hash.
        subject_id: used only if the entry is made.
    """
    row = {
        "id": entry_id,
        "partner_id": partner_id,
        "key_hash": keys.fingerprint(conn, "idempotency.key", key),
        "operation": operation,
        "request_hash": request_hash(conn, request),
        "subject_id": subject_id,
        "attempt": 1,
        "leased_until": leased_until,
        "created_at": at,
    }
    made = insert_if_absent(conn, idempotency, row, ["partner_id", "key_hash"])
    same = (idempotency.c.partner_id == partner_id, idempotency.c.key_hash == row["key_hash"])
    return _entry(conn.execute(select(idempotency).where(*same).with_for_update()).one()), made


def request_hash(conn: Connection, request: str) -> str:
    """Return the keyed hash by which two requests are known to be the same."""
    return keys.fingerprint(conn, "idempotency.request", request)


def is_made(conn: Connection, subject_id: str) -> bool:
    """Tell whether what a request creates is there."""
    table = _SUBJECTS[subject_id.partition("_")[0]]
    return conn.scalar(select(table.c.id).where(table.c.id == subject_id)) is not None


def take_over(conn: Connection, entry_id: str, leased_until: datetime) -> Entry:
    """Begin the work of an entry once more."""
    values = {"attempt": idempotency.c.attempt + 1, "leased_until": leased_until}
    conn.execute(update(idempotency).where(idempotency.c.id == entry_id).values(**values))
    return _entry(conn.execute(select(idempotency).where(idempotency.c.id == entry_id)).one())


def finish(
    conn: Connection, entry: Entry, subject_id: str, status: int, headers: dict[str, str], answer: bytes
) -> bool:
    """Keep the answer; False when somebody else has taken the work over.

    What tells of a record or of a suspect is sealed by its own key, and goes when it is erased; anything else by the
    partner's.

    Args:
        subject_id: what it tells of.
    """
    place = _place(entry.id)
    if subject_id.startswith(_RECORD):
        sealed = keys.seal_for_case(conn, subject_id, place, answer)
    elif subject_id.startswith(_SUSPECT):
        sealed = suspects.seal_for_suspect(conn, subject_id, place, answer)
    else:
        sealed = keys.seal_for_partner(conn, entry.partner_id, place, answer)
    values = {
        "subject_id": subject_id, "status": status, "headers": headers, "answer": sealed, "leased_until": None,
    }  # fmt: skip
    mine = (idempotency.c.id == entry.id, idempotency.c.attempt == entry.attempt)
    return conn.execute(update(idempotency).where(*mine).values(**values)).rowcount == 1


def answer_of(conn: Connection, entry: Entry) -> bytes:
    """Return the answer that was kept.

    Raises:
        SealBroken: the record or the suspect that it tells of was erased.
    """
    assert entry.answer is not None
    place = _place(entry.id)
    if entry.subject_id.startswith(_RECORD):
        return keys.unseal_for_case(conn, entry.subject_id, place, entry.answer)
    if entry.subject_id.startswith(_SUSPECT):
        return suspects.unseal_for_suspect(conn, entry.subject_id, place, entry.answer)
    return keys.unseal_for_partner(conn, place, entry.answer)


def give_back(conn: Connection, entry: Entry, at: datetime) -> None:
    """Let the work of an entry be begun anew at once, under the same id."""
    mine = (idempotency.c.id == entry.id, idempotency.c.attempt == entry.attempt)
    conn.execute(update(idempotency).where(*mine).values(leased_until=at))


def forget(conn: Connection, entry: Entry) -> None:
    """Forget an entry whose request created nothing: its key may come with another one."""
    conn.execute(delete(idempotency).where(idempotency.c.id == entry.id, idempotency.c.attempt == entry.attempt))


def forget_subject(conn: Connection, subject_id: str) -> None:
    """Repeat no more what was answered about something: it is another's now."""
    conn.execute(delete(idempotency).where(idempotency.c.subject_id == subject_id))


def sweep(conn: Connection, before: datetime) -> int:
    """Forget what is older; return how many entries there were."""
    return conn.execute(delete(idempotency).where(idempotency.c.created_at < before)).rowcount


def _place(entry_id: str) -> str:
    return f"idempotency.answer:{entry_id}"


def _entry(row: Row[Any]) -> Entry:
    values = row._asdict()
    values.pop("key_hash")
    return Entry(**values)
