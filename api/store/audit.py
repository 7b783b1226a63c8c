"""Who did or saw what, when and for which purpose, and has anybody altered the record of it?

Each row's hash covers its content, its number and the hash before it; numbers have no gaps. So an altered, removed
or inserted row is found by `verify`. Rows cut off at the end leave a shorter log that is whole in itself: keep a
`head` outside the database and verify against it. Rows carry ids, never personal data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Text, func, insert, or_, select, type_coerce

from api.store.people_tables import people
from api.store.portable import hold_commit_order, insert_if_absent
from api.store.sharing_tables import audit_roots
from api.store.tables import api_keys, audit, cases
from api.store.types import canonical_json, encode_utc

GENESIS = "0" * 64
_BATCH = 1000
# Read back as the very text that is stored: a space more within the JSON is an alteration too.
_AS_STORED = [
    type_coerce(column, Text).label(column.name) if column.name in ("at", "detail") else column for column in audit.c
]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing somebody did or saw.

    Attributes:
        actor: a key, a person's id, or "engine".
        subject: the id of what it was done to.
        detail: further ids, counts and reasons.
    """

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    purpose: str | None
    detail: dict[str, object]
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The newest row's number and hash: whoever keeps these can later prove that nothing up to there was altered."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class AuditRoot:
    """The head that the log had at the end of a day (UTC): partners keep these."""

    day: date
    seq: int
    hash: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AuditProblem:
    """The first row at which the log is not what was written; `seq` is the number where a row was expected."""

    seq: int
    reason: str


def append(
    conn: Connection,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    purpose: str | None = None,
    detail: dict[str, object] | None = None,
) -> AuditEntry:
    """Append a row in the caller's transaction; waits for every earlier appending transaction to end."""
    seq = append_all(conn, at=at, actor=actor, action=action, subjects=[subject], purpose=purpose, detail=detail).seq
    return AuditEntry(**conn.execute(select(audit).where(audit.c.seq == seq)).one()._asdict())


def append_all(
    conn: Connection,
    *,
    at: datetime,
    actor: str,
    action: str,
    subjects: Sequence[str],
    purpose: str | None = None,
    detail: dict[str, object] | None = None,
) -> AuditHead:
    """Append a row for each subject, in their order, as `append` does it; return the new head."""
    hold_commit_order(conn)
    newest = head(conn)
    document = detail or {}
    text, moment = canonical_json(document), encode_utc(at)
    rows = []
    for subject in subjects:
        seq = newest.seq + 1
        digest = _digest(seq, moment, actor, action, subject, purpose, text, newest.hash)
        row = {
            "seq": seq,
            "at": at,
            "actor": actor,
            "action": action,
            "subject": subject,
            "purpose": purpose,
            "detail": document,
            "previous_hash": newest.hash,
            "hash": digest,
        }
        rows.append(row)
        newest = AuditHead(seq, digest)
    if rows:
        conn.execute(insert(audit), rows)
    return newest


def head(conn: Connection) -> AuditHead:
    """Return the newest row's number and hash; 0 and sixty-four zeros of an empty log."""
    row = conn.execute(select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).first()
    return AuditHead(0, GENESIS) if row is None else AuditHead(row.seq, row.hash)


def entries(conn: Connection, *, subject: str | None = None, after: int = 0, limit: int) -> list[AuditEntry]:
    """Return rows in order.

    Args:
        subject: only what was done to this id.
        after: the last number of the page before.
    """
    statement = select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(limit)
    if subject is not None:
        statement = statement.where(audit.c.subject == subject)
    return [AuditEntry(**row._asdict()) for row in conn.execute(statement)]


def entries_for(
    conn: Connection, partner_id: str, *, subject: str | None = None, after: int = 0, limit: int
) -> list[AuditEntry]:
    """Return, in order, what a partner's own people and keys did, and what anybody did to its cases and to itself.

    Args:
        subject: only what was done to this id.
        after: the last number of the page before.
    """
    own = or_(
        audit.c.subject == partner_id,
        audit.c.subject.in_(select(cases.c.id).where(cases.c.owner_id == partner_id)),
        audit.c.actor.in_(select(api_keys.c.id).where(api_keys.c.partner_id == partner_id)),
        audit.c.actor.in_(select(people.c.id).where(people.c.partner_id == partner_id)),
        audit.c.actor == f"command-line:{partner_id}",
    )
    statement = select(audit).where(audit.c.seq > after, own).order_by(audit.c.seq).limit(limit)
    if subject is not None:
        statement = statement.where(audit.c.subject == subject)
    return [AuditEntry(**row._asdict()) for row in conn.execute(statement)]


def close_day(conn: Connection, day: date, at: datetime) -> AuditRoot | None:
    """Keep the head that the log had at the end of a day; the first time counts, and a day without a row has none.

    Args:
        day: in UTC; it must be over.
    """
    end = datetime.combine(day + timedelta(days=1), time.min, UTC)
    before = select(audit.c.seq, audit.c.hash).where(audit.c.at < end).order_by(audit.c.seq.desc()).limit(1)
    row = conn.execute(before).first()
    if row is None:
        return None
    insert_if_absent(conn, audit_roots, {"day": day, "seq": row.seq, "hash": row.hash, "at": at}, ["day"])
    return AuditRoot(*conn.execute(select(audit_roots).where(audit_roots.c.day == day)).one())


def roots(conn: Connection, *, after: date | None = None, limit: int) -> list[AuditRoot]:
    """Return the daily roots in order of days.

    Args:
        after: the last day of the page before.
    """
    statement = select(audit_roots).order_by(audit_roots.c.day).limit(limit)
    if after is not None:
        statement = statement.where(audit_roots.c.day > after)
    return [AuditRoot(*row) for row in conn.execute(statement)]


def latest_root(conn: Connection) -> AuditRoot | None:
    """Return the root of the newest day that was closed."""
    row = conn.execute(select(audit_roots).order_by(audit_roots.c.day.desc()).limit(1)).first()
    return None if row is None else AuditRoot(*row)


def verify(conn: Connection, anchors: Sequence[AuditHead] = ()) -> AuditProblem | None:
    """Read the whole log and return the first thing wrong with it, None when it is as it was written.

    Args:
        anchors: heads kept from earlier; the log must still hold these very rows.
    """
    kept = {anchor.seq: anchor.hash for anchor in anchors}
    expected = AuditHead(0, GENESIS)
    while rows := _rows_after(conn, expected.seq):
        for row in rows:
            problem = _problem(row, expected)
            if problem is not None:
                return problem
            if kept.get(row.seq, row.hash) != row.hash:
                return AuditProblem(row.seq, "the row is not the one of the kept head")
            expected = AuditHead(row.seq, row.hash)
    # A row numbered zero or less would stand before the beginning, where the loop never looks.
    if conn.scalar(select(func.count()).select_from(audit)) != expected.seq:
        return AuditProblem(0, "there are rows outside the numbering")
    if any(seq > expected.seq for seq in kept):
        return AuditProblem(expected.seq + 1, "the log ends before the kept head")
    return None


def _rows_after(conn: Connection, seq: int) -> list[Row[Any]]:
    statement = select(*_AS_STORED).where(audit.c.seq > seq).order_by(audit.c.seq).limit(_BATCH)
    return list(conn.execute(statement))


def _problem(row: Row[Any], before: AuditHead) -> AuditProblem | None:
    if row.seq != before.seq + 1:
        return AuditProblem(before.seq + 1, "the row is missing")
    if row.previous_hash != before.hash:
        return AuditProblem(row.seq, "the row does not follow the one before it")
    # SQLite returns the stored text, PostgreSQL an instant.
    at = encode_utc(row.at) if isinstance(row.at, datetime) else row.at
    fields = (at, row.actor, row.action, row.subject, row.detail, row.previous_hash, row.hash)
    # SQLite would let a number or raw bytes stand where text belongs.
    if not all(isinstance(value, str) for value in fields) or not isinstance(row.purpose, str | None):
        return AuditProblem(row.seq, "the row holds something other than text")
    digest = _digest(row.seq, at, row.actor, row.action, row.subject, row.purpose, row.detail, row.previous_hash)
    return None if digest == row.hash else AuditProblem(row.seq, "the row was altered")


def _digest(
    seq: int, at: str, actor: str, action: str, subject: str, purpose: str | None, detail: str, previous_hash: str
) -> str:
    text = canonical_json([seq, at, actor, action, subject, purpose, detail, previous_hash])
    return hashlib.sha256(text.encode()).hexdigest()
