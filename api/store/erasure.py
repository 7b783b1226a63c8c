"""What is left of a record that is erased? A tombstone, and keyed hashes that keep an import from bringing it back.

Its key is destroyed in the same transaction: whatever copies there are of what it sealed open no more. The rows that
held it go as well; matches stay as links between ids, without a reason.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, or_, select, update

from api.store import changes, freezes, keys, match_notes, referrals
from api.store.cases import Case
from api.store.errors import RowMissing
from api.store.portable import chunks, hold_commit_order
from api.store.sharing_tables import disclosures, suppressions
from api.store.tables import alerts, case_versions, cases, faces, matches, photos


@dataclass(frozen=True, slots=True)
class Tombstone:
    """That there was a record, and is none any more."""

    case_id: str
    side: str
    owner_id: str
    erased_at: datetime


@dataclass(frozen=True, slots=True)
class OwnTombstone:
    """What an owner still knows of a record that it erased: by which numbers others may have it.

    Attributes:
        external_id: the owner's number, None where it had none.
        person_record_id: what the PFIF feed called it from which it came, None where it came otherwise.
    """

    case_id: str
    side: str
    erased_at: datetime
    external_id: str | None = field(repr=False)
    person_record_id: str | None = field(repr=False)


def erase_case(conn: Connection, case: Case, *, at: datetime, suppress: bool = True) -> None:
    """Erase a case for good.

    Args:
        suppress: remember, as keyed hashes, the owner's number and the content, so that an import is refused them.
    Raises:
        RowMissing: there is no such case.
    """
    hold_commit_order(conn)
    if suppress:
        known = [_number(case.owner_id, case.side, case.external_id)] if case.external_id is not None else []
        known.append(_content(case.owner_id, case.content_hash))
        if case.external_id is not None:
            # Nor by those whose case it once was.
            known += [_number(one, case.side, case.external_id) for one in referrals.former_owners(conn, case.id)]
        prints = keys.fingerprints(conn, "suppressions", known)
        conn.execute(delete(suppressions).where(suppressions.c.fingerprint.in_(list(prints.values()))))
        conn.execute(
            insert(suppressions),
            [{"fingerprint": one, "case_id": case.id, "at": at} for one in dict.fromkeys(prints.values())],
        )
    conn.execute(delete(faces).where(faces.c.case_id == case.id))
    conn.execute(delete(photos).where(photos.c.case_id == case.id))
    conn.execute(delete(case_versions).where(case_versions.c.case_id == case.id))
    keys.destroy_record_key(conn, case.id)
    of_case = or_(matches.c.missing_id == case.id, matches.c.rescued_id == case.id)
    conn.execute(update(matches).where(of_case).values(contributions=[], routes=[]))
    freezes.forget_case(conn, case.id)
    match_notes.forget_case(conn, case.id)
    told = {"external_id": case.external_id, "person_record_id": _named_by_its_source(case.payload)}
    values = {
        "tombstone": keys.seal_for_partner(conn, case.owner_id, _place(case.id), json.dumps(told).encode()),
        "sealed": None, "external_id": None, "origin_area": None, "event_area": None, "status": "closed",
        "closed_for": "erased", "erased_at": at, "updated_at": at, "expires_at": None, "face_consent": False,
    }  # fmt: skip
    if conn.execute(update(cases).where(cases.c.id == case.id).values(**values)).rowcount == 0:
        raise RowMissing("cases")
    changes.append(conn, case.id, "erased", at)


def suppressed_among(
    conn: Connection, owner_id: str, side: str, known: Sequence[tuple[str | None, str]]
) -> set[tuple[str | None, str]]:
    """Return which of an owner's (number, content hash) belong to what was erased."""
    texts: dict[str, set[tuple[str | None, str]]] = {}
    for one in known:
        texts.setdefault(_content(owner_id, one[1]), set()).add(one)
        if one[0] is not None:
            texts.setdefault(_number(owner_id, side, one[0]), set()).add(one)
    if not texts or conn.scalar(select(suppressions.c.case_id).limit(1)) is None:
        return set()
    prints = {digest: text for text, digest in keys.fingerprints(conn, "suppressions", list(texts)).items()}
    found: set[tuple[str | None, str]] = set()
    for some in chunks(list(prints)):
        hits = conn.scalars(select(suppressions.c.fingerprint).where(suppressions.c.fingerprint.in_(some)))
        for hit in hits:
            found |= texts[prints[hit]]
    return found


def lift_suppression(conn: Connection, owner_id: str, side: str, external_id: str) -> bool:
    """Let an owner's number be used again, and what was erased with it; False when it is not suppressed."""
    digest = keys.fingerprint(conn, "suppressions", _number(owner_id, side, external_id))
    case_id = conn.scalar(select(suppressions.c.case_id).where(suppressions.c.fingerprint == digest))
    if case_id is None:
        return False
    conn.execute(delete(suppressions).where(suppressions.c.case_id == case_id))
    return True


def tombstones_for(
    conn: Connection, partner_id: str, *, after: tuple[datetime, str] | None = None, limit: int
) -> list[Tombstone]:
    """Return what was erased, of a partner's own and of what it was ever told of, oldest first.

    Args:
        after: time and id of the last one of the page before.
    """
    told = select(alerts.c.match_id).where(alerts.c.recipient_id == partner_id)
    asked = select(disclosures.c.match_id).where(disclosures.c.requester_id == partner_id)
    # An own case is not enough: most of its matches were never told, to either side.
    mine = or_(matches.c.id.in_(told), matches.c.id.in_(asked))
    known = or_(
        cases.c.owner_id == partner_id,
        cases.c.id.in_(select(matches.c.missing_id).where(mine)),
        cases.c.id.in_(select(matches.c.rescued_id).where(mine)),
    )
    columns = (cases.c.id, cases.c.side, cases.c.owner_id, cases.c.erased_at)
    statement = _later(select(*columns).where(cases.c.erased_at.is_not(None), known), after)
    return [Tombstone(*row) for row in conn.execute(statement.limit(limit))]


def own_tombstones(
    conn: Connection, owner_id: str, *, after: tuple[datetime, str] | None = None, limit: int
) -> list[OwnTombstone]:
    """Return what a partner has erased of its own, with the numbers it was known by, oldest first.

    Args:
        after: time and id of the last one of the page before.
    """
    columns = (cases.c.id, cases.c.side, cases.c.erased_at, cases.c.tombstone)
    statement = _later(select(*columns).where(cases.c.owner_id == owner_id, cases.c.tombstone.is_not(None)), after)
    found = []
    for row in conn.execute(statement.limit(limit)):
        told = json.loads(keys.unseal_for_partner(conn, _place(row.id), row.tombstone))
        found.append(OwnTombstone(row.id, row.side, row.erased_at, told["external_id"], told["person_record_id"]))
    return found


def expired_ids(conn: Connection, now: datetime, limit: int) -> list[str]:
    """Return the ids of cases whose time is over, longest first."""
    statement = select(cases.c.id).where(cases.c.expires_at <= now, cases.c.erased_at.is_(None))
    return list(conn.scalars(statement.order_by(cases.c.expires_at, cases.c.id).limit(limit)))


def _later(statement: Select[Any], after: tuple[datetime, str] | None) -> Select[Any]:
    if after is not None:
        later = or_(cases.c.erased_at > after[0], (cases.c.erased_at == after[0]) & (cases.c.id > after[1]))
        statement = statement.where(later)
    return statement.order_by(cases.c.erased_at, cases.c.id)


def _place(case_id: str) -> str:
    return f"cases.tombstone:{case_id}"


def _named_by_its_source(payload: Mapping[str, object]) -> str | None:
    """Return the id under which a record came in a PFIF feed: under it, it goes out, and was perhaps handed on."""
    kept = payload.get("pfif")
    person = kept.get("person") if isinstance(kept, Mapping) else None
    found = person.get("person_record_id") if isinstance(person, Mapping) else None
    return found if isinstance(found, str) else None


def _number(owner_id: str, side: str, external_id: str) -> str:
    return "\0".join(("number", owner_id, str(side), external_id))


def _content(owner_id: str, content_hash: str) -> str:
    return "\0".join(("content", owner_id, content_hash))
