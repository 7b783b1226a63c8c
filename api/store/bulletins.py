"""Which missing children are shown to whom at present, and what is shown?

What is shown was frozen when it was published and is sealed by the key of the case. From the moment at which a bulletin
is taken down there is nothing to be read any more; which fields of which version it showed is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from api.store import keys
from api.store.duty_tables import bulletin_recipients, bulletins
from api.store.photos import PhotoContent
from api.store.sealed_documents import open_document, seal_document

_PLAIN = [column for column in bulletins.c if column.name not in ("sealed", "photo")]


@dataclass(frozen=True, slots=True)
class Receipt:
    """One partner to whom a bulletin was published; `ended_at` and `reason` once it is no longer."""

    partner_id: str
    first_read_at: datetime | None
    ended_at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A bulletin without what it shows.

    Attributes:
        issuer_id: the partner that published it.
        fields: what of the case it shows.
        case_version: from which version of the case.
        photo_id: the photo of the case that was copied into it.
        reason: why it was taken down.
    """

    id: str
    case_id: str
    authorisation_id: str
    issuer_id: str
    fields: tuple[str, ...]
    case_version: int
    photo_id: str | None
    media_type: str | None
    published_at: datetime
    published_by: str
    taken_down_at: datetime | None
    taken_down_by: str | None
    reason: str | None
    receipts: tuple[Receipt, ...]

    def receipt_of(self, partner_id: str) -> Receipt | None:
        """Return what a partner was sent of it, None where it was not published to him."""
        return next((one for one in self.receipts if one.partner_id == partner_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBulletin:
    """A bulletin to be published; `content` and `photo` are personal data."""

    id: str
    case_id: str
    authorisation_id: str
    issuer_id: str
    fields: Sequence[str]
    case_version: int
    recipients: Sequence[str]
    content: dict[str, Any] = field(repr=False)
    photo_id: str | None = None
    photo: PhotoContent | None = field(default=None, repr=False)


def add(conn: Connection, new: NewBulletin, *, at: datetime, by: str) -> Bulletin:
    """Store a bulletin.

    Raises:
        SealBroken: the case was erased.
    """
    key = keys.record_key(conn, new.case_id)
    row: dict[str, Any] = {
        "id": new.id,
        "case_id": new.case_id,
        "authorisation_id": new.authorisation_id,
        "issuer_id": new.issuer_id,
        "fields": list(new.fields),
        "case_version": new.case_version,
        "sealed": seal_document(key, _place(new.id), {"content": new.content}),
        "published_at": at,
        "published_by": by,
    }
    if new.photo is not None:
        sealed = keys.seal_for_case(conn, new.case_id, _photo_place(new.id), new.photo.content)
        row |= {"photo_id": new.photo_id, "media_type": new.photo.media_type, "photo": sealed}
    conn.execute(insert(bulletins).values(**row))
    conn.execute(
        insert(bulletin_recipients), [{"bulletin_id": new.id, "partner_id": partner} for partner in new.recipients]
    )
    found = get(conn, new.id)
    assert found is not None
    return found


def get(conn: Connection, bulletin_id: str) -> Bulletin | None:
    """Return a bulletin, None if there is none of that id."""
    found = _fetch(conn, select(*_PLAIN).where(bulletins.c.id == bulletin_id))
    return found[0] if found else None


def content_of(conn: Connection, bulletin: Bulletin) -> dict[str, Any] | None:
    """Return what a bulletin shows; None once it is taken down, or its case erased."""
    row = conn.execute(select(bulletins.c.sealed).where(bulletins.c.id == bulletin.id)).one()
    key = keys.record_keys_of(conn, [bulletin.case_id]).get(bulletin.case_id)
    if row.sealed is None or key is None:
        return None
    content: dict[str, Any] = open_document(key, _place(bulletin.id), row.sealed)["content"]
    return content


def photo_of(conn: Connection, bulletin: Bulletin) -> PhotoContent | None:
    """Return the photo that a bulletin shows; None where it has none, or as for `content_of`."""
    row = conn.execute(select(bulletins.c.photo).where(bulletins.c.id == bulletin.id)).one()
    key = keys.record_keys_of(conn, [bulletin.case_id]).get(bulletin.case_id)
    if row.photo is None or key is None or bulletin.media_type is None:
        return None
    plain = keys.unseal_for_case(conn, bulletin.case_id, _photo_place(bulletin.id), row.photo)
    return PhotoContent(bulletin.media_type, plain)


def live_of_case(conn: Connection, case_id: str) -> list[Bulletin]:
    """Return the bulletins of a case that are not taken down, oldest first."""
    return _fetch(conn, select(*_PLAIN).where(bulletins.c.case_id == case_id, bulletins.c.taken_down_at.is_(None)))


def live(conn: Connection, *, after: str | None = None, limit: int) -> list[Bulletin]:
    """Return bulletins of all cases that are not taken down, in id order."""
    statement = select(*_PLAIN).where(bulletins.c.taken_down_at.is_(None))
    if after is not None:
        statement = statement.where(bulletins.c.id > after)
    return _fetch(conn, statement, limit)


def page(
    conn: Connection,
    *,
    recipient_id: str | None = None,
    issuer_id: str | None = None,
    case_id: str | None = None,
    live_only: bool = False,
    after: str | None = None,
    limit: int,
) -> list[Bulletin]:
    """Return bulletins in id order.

    Args:
        recipient_id, issuer_id, case_id: only those published to, by or of these.
        live_only: none that was taken down, or is no longer published to the recipient.
        after: the last id of the page before.
    """
    statement = select(*_PLAIN)
    if recipient_id is not None:
        mine = select(bulletin_recipients.c.bulletin_id).where(bulletin_recipients.c.partner_id == recipient_id)
        if live_only:
            mine = mine.where(bulletin_recipients.c.ended_at.is_(None))
        statement = statement.where(bulletins.c.id.in_(mine))
    if issuer_id is not None:
        statement = statement.where(bulletins.c.issuer_id == issuer_id)
    if case_id is not None:
        statement = statement.where(bulletins.c.case_id == case_id)
    if live_only:
        statement = statement.where(bulletins.c.taken_down_at.is_(None))
    if after is not None:
        statement = statement.where(bulletins.c.id > after)
    return _fetch(conn, statement, limit)


def note_read(conn: Connection, bulletin_id: str, partner_id: str, at: datetime) -> None:
    """Note when a recipient read a bulletin first."""
    mine = _receipt(bulletin_id, partner_id)
    conn.execute(update(bulletin_recipients).where(*mine, bulletin_recipients.c.first_read_at.is_(None)).values(
        first_read_at=at
    ))  # fmt: skip


def end_for(conn: Connection, bulletin_id: str, partner_id: str, *, at: datetime, reason: str) -> bool:
    """Publish a bulletin to a partner no longer; False when that has ended before."""
    mine = update(bulletin_recipients).where(
        *_receipt(bulletin_id, partner_id), bulletin_recipients.c.ended_at.is_(None)
    )
    return conn.execute(mine.values(ended_at=at, reason=reason)).rowcount == 1


def take_down(conn: Connection, bulletin_id: str, *, at: datetime, by: str, reason: str) -> bool:
    """Destroy what a bulletin shows; False when it was taken down before."""
    mine = update(bulletins).where(bulletins.c.id == bulletin_id, bulletins.c.taken_down_at.is_(None))
    values = {"taken_down_at": at, "taken_down_by": by, "reason": reason, "sealed": None, "photo": None}
    return conn.execute(mine.values(**values)).rowcount == 1


def _receipt(bulletin_id: str, partner_id: str) -> tuple[Any, Any]:
    return bulletin_recipients.c.bulletin_id == bulletin_id, bulletin_recipients.c.partner_id == partner_id


def _fetch(conn: Connection, statement: Select[Any], limit: int | None = None) -> list[Bulletin]:
    rows = conn.execute(statement.order_by(bulletins.c.id).limit(limit)).all()
    wanted = select(bulletin_recipients).where(bulletin_recipients.c.bulletin_id.in_([row.id for row in rows]))
    receipts: dict[str, list[Receipt]] = {}
    for row in conn.execute(wanted.order_by(bulletin_recipients.c.partner_id)):
        receipt = Receipt(row.partner_id, row.first_read_at, row.ended_at, row.reason)
        receipts.setdefault(row.bulletin_id, []).append(receipt)
    found = []
    for row in rows:
        values = row._asdict()
        values["fields"] = tuple(values["fields"])
        found.append(Bulletin(**values, receipts=tuple(receipts.get(row.id, ()))))
    return found


def _place(bulletin_id: str) -> str:
    return f"bulletins.sealed:{bulletin_id}"


def _photo_place(bulletin_id: str) -> str:
    return f"bulletins.photo:{bulletin_id}"
