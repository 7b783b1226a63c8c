"""Which missing reports and rescued persons are there, in which version, and which still wait to be compared?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Row, Select, insert, or_, select, update

from api.store import changes, keys
from api.store.contents import Contents, pack, unpack
from api.store.errors import RowMissing, VersionConflict
from api.store.portable import chunks, hold_commit_order
from api.store.sealing import seal, unseal
from api.store.tables import case_versions, cases, record_keys
from api.store.tables import changes as change_rows


@dataclass(frozen=True, slots=True)
class CaseContent:
    """What its owner says about a person; replaced as a whole.

    Attributes:
        payload: the record as JSON; personal data.
        content_hash: equal exactly when the content is: a replacement with the same hash changes nothing.
        origin_area, event_area: area paths (see `partners.area_prefixes`), None where unknown.
        protect_location: never tell where the person is.
        face_consent: photos may be compared.
    """

    payload: dict[str, object] = field(repr=False)
    content_hash: str
    origin_area: str | None = None
    event_area: str | None = None
    protect_location: bool = False
    face_consent: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """A stored case.

    Attributes:
        side: "missing" or "rescued".
        status: "open" or "closed".
        version: 1 at first, one more at every replacement.
        matched_version: the version last compared with the other side; less than `version` while it waits.
        closed_for: why a closed one is closed: "owner", or "consent" to matching, which was withdrawn.
        expires_at: it is not read or compared any more from then on, and erased.
    """

    id: str
    side: str
    owner_id: str
    external_id: str | None = field(repr=False)
    status: str
    version: int
    content_hash: str
    payload: dict[str, object] = field(repr=False)
    origin_area: str | None = field(repr=False)
    event_area: str | None = field(repr=False)
    protect_location: bool
    face_consent: bool
    created_at: datetime
    created_by: str
    updated_at: datetime
    matched_version: int
    closed_for: str | None = None
    expires_at: datetime | None = None

    def expired(self, now: datetime) -> bool:
        """Tell whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now

    @property
    def content(self) -> CaseContent:
        """Return what its owner says, as it is stored."""
        return CaseContent(
            self.payload, self.content_hash, self.origin_area, self.event_area, self.protect_location, self.face_consent
        )


@dataclass(frozen=True, slots=True)
class CaseVersion:
    """One version of a case's content."""

    case_id: str
    version: int
    payload: dict[str, object] = field(repr=False)
    content_hash: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case to be added."""

    id: str
    side: str
    owner_id: str
    content: CaseContent = field(repr=False)
    external_id: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    closed_for: str | None = None


def insert_case(
    conn: Connection,
    *,
    case_id: str,
    side: str,
    owner_id: str,
    content: CaseContent,
    at: datetime,
    by: str,
    external_id: str | None = None,
) -> Case:
    """Add a case, open, in version 1, with its history and change row.

    An owner's `external_id` is unique per side; a second one fails with ConstraintViolated when the transaction
    block ends (ask `find_by_external` first).
    """
    insert_cases(conn, [NewCase(case_id, side, owner_id, content, external_id)], at=at, by=by)
    return require_case(conn, case_id)


def insert_cases(conn: Connection, new: Sequence[NewCase], *, at: datetime, by: str) -> None:
    """Add many cases at once, each as `insert_case` does it: a handful of statements for all of them."""
    if not new:
        return
    hold_commit_order(conn)
    numbers = _numbers(conn, [case.external_id for case in new if case.external_id is not None])
    made = keys.make_record_keys(conn, {case.id: case.owner_id for case in new})
    rows, versions = [], []
    for case in new:
        key, packed = made.by_case[case.id], _packed(case.content, case.external_id)
        rows.append(
            {
                "id": case.id,
                "side": str(case.side),
                "owner_id": case.owner_id,
                "external_id": None if case.external_id is None else numbers[case.external_id],
                "status": "closed" if case.closed_for else "open",
                "closed_for": case.closed_for,
                "expires_at": case.expires_at,
                "version": 1,
                **_content_values(case.id, case.content, key, packed),
                "created_at": at,
                "created_by": by,
                "updated_at": at,
            }
        )
        versions.append(_version_values(case.id, 1, key, packed, at, by))
    conn.execute(insert(cases), rows)
    conn.execute(insert(case_versions), versions)
    keys.store_record_keys(conn, made)
    changes.append_all(conn, [case.id for case in new], "created", at)


def replace_case(
    conn: Connection,
    case_id: str,
    content: CaseContent,
    *,
    at: datetime,
    by: str,
    expected_version: int | None = None,
) -> Case:
    """Replace a case's content: one version more, unless the content hash is the same.

    Args:
        expected_version: refuse when the case has another version by now.
    Raises:
        RowMissing: there is no such case.
        VersionConflict: the case has another version than expected.
    """
    hold_commit_order(conn)
    # Locked, so that the version counted up is the version replaced.
    locked = _select().where(cases.c.id == case_id).with_for_update(of=cases)
    found = next(iter(_fetch(conn, locked)), None)
    if found is None:
        raise RowMissing("cases")
    if expected_version is not None and found.version != expected_version:
        raise VersionConflict("cases", expected_version, found.version)
    if found.content_hash == content.content_hash:
        return found
    version = found.version + 1
    key, packed = keys.record_key(conn, case_id), _packed(content, found.external_id)
    values = {**_content_values(case_id, content, key, packed), "version": version, "updated_at": at}
    conn.execute(update(cases).where(cases.c.id == case_id).values(**values))
    conn.execute(insert(case_versions), [_version_values(case_id, version, key, packed, at, by)])
    changes.append(conn, case_id, "replaced", at)
    return require_case(conn, case_id)


def set_status(conn: Connection, case_id: str, status: str, at: datetime, *, closed_for: str = "owner") -> Case:
    """Close or reopen a case; a reopened one is compared anew, since others came and went meanwhile.

    Args:
        closed_for: why it is closed.
    Raises:
        RowMissing: there is no such case.
    """
    hold_commit_order(conn)
    values: dict[str, object] = {"status": status, "updated_at": at, "closed_for": closed_for}
    if status == "open":
        values |= {"matched_version": 0, "closed_for": None}
    changed = or_(cases.c.status != status, cases.c.closed_for != values["closed_for"])
    statement = update(cases).where(cases.c.id == case_id, changed)
    if conn.execute(statement.values(**values)).rowcount:
        changes.append(conn, case_id, "status", at)
    return require_case(conn, case_id)


def set_face_consent(conn: Connection, case_id: str, consent: bool, at: datetime) -> None:
    """Let photos of a case be compared, or no longer."""
    hold_commit_order(conn)
    statement = update(cases).where(cases.c.id == case_id, cases.c.face_consent != consent)
    if conn.execute(statement.values(face_consent=consent, updated_at=at, matched_version=0)).rowcount:
        changes.append(conn, case_id, "consent", at)


def keep_until(conn: Connection, case_id: str, until: datetime) -> None:
    """Keep a case until another moment.

    Raises:
        RowMissing: there is no such case.
    """
    if conn.execute(update(cases).where(cases.c.id == case_id).values(expires_at=until)).rowcount == 0:
        raise RowMissing("cases")


def get_case(conn: Connection, case_id: str) -> Case | None:
    """Return a case, None if there is none of that id."""
    return next(iter(_fetch(conn, _select().where(cases.c.id == case_id))), None)


def require_case(conn: Connection, case_id: str) -> Case:
    """Return a case.

    Raises:
        RowMissing: there is none of that id.
    """
    found = get_case(conn, case_id)
    if found is None:
        raise RowMissing("cases")
    return found


def get_cases(conn: Connection, case_ids: Sequence[str]) -> dict[str, Case]:
    """Return the cases that exist among these ids, by id; any number of ids."""
    found: dict[str, Case] = {}
    for some in chunks(case_ids):
        found.update((case.id, case) for case in _fetch(conn, _select().where(cases.c.id.in_(some))))
    return found


def find_by_external(conn: Connection, owner_id: str, side: str, external_id: str) -> Case | None:
    """Return an owner's case by the number it has in the owner's own system."""
    return find_all_by_external(conn, owner_id, side, [external_id]).get(external_id)


def find_all_by_external(conn: Connection, owner_id: str, side: str, external_ids: Sequence[str]) -> dict[str, Case]:
    """Return those of an owner's cases that have one of these numbers in the owner's own system, by that number."""
    found: dict[str, Case] = {}
    numbers = _numbers(conn, external_ids)
    for some in chunks(list(numbers.values())):
        statement = _select().where(
            cases.c.owner_id == owner_id, cases.c.side == str(side), cases.c.external_id.in_(some)
        )
        found.update((str(case.external_id), case) for case in _fetch(conn, statement))
    return found


def list_cases(
    conn: Connection,
    *,
    side: str | None = None,
    status: str | None = None,
    owner_id: str | None = None,
    external_id: str | None = None,
    updated_since: datetime | None = None,
    after: str | None = None,
    limit: int,
) -> list[Case]:
    """Return cases in id order.

    Args:
        side, status, owner_id: only these; None for any.
        external_id: only those of this number in their owner's system.
        updated_since: only those stored or changed at that moment or later.
        after: the last id of the page before.
    """
    statement = _select().order_by(cases.c.id).limit(limit)
    if side is not None:
        statement = statement.where(cases.c.side == str(side))
    if status is not None:
        statement = statement.where(cases.c.status == status)
    if owner_id is not None:
        statement = statement.where(cases.c.owner_id == owner_id)
    if external_id is not None:
        statement = statement.where(cases.c.external_id == _numbers(conn, [external_id])[external_id])
    if updated_since is not None:
        statement = statement.where(cases.c.updated_at >= updated_since)
    if after is not None:
        statement = statement.where(cases.c.id > after)
    return _fetch(conn, statement)


def unmatched(conn: Connection, limit: int) -> list[Case]:
    """Return open cases whose present version has not been compared yet, longest waiting first."""
    statement = _select().where(cases.c.status == "open", cases.c.matched_version < cases.c.version)
    return _fetch(conn, statement.order_by(cases.c.updated_at, cases.c.id).limit(limit))


def open_ids(conn: Connection, *, side: str | None = None, waiting: bool = False) -> set[str]:
    """Return the ids of the open cases.

    Args:
        side: only these; None for both.
        waiting: only those whose present version has not been compared yet.
    """
    statement = select(cases.c.id).where(cases.c.status == "open")
    if side is not None:
        statement = statement.where(cases.c.side == str(side))
    if waiting:
        statement = statement.where(cases.c.matched_version < cases.c.version)
    return set(conn.scalars(statement))


def sides_of(conn: Connection, case_ids: Sequence[str]) -> dict[str, str]:
    """Return the sides of the cases that exist among these ids, by id, without reading the cases."""
    found: dict[str, str] = {}
    for some in chunks(case_ids):
        rows = conn.execute(select(cases.c.id, cases.c.side).where(cases.c.id.in_(some)))
        found.update((str(row.id), str(row.side)) for row in rows)
    return found


def owners_of(conn: Connection, case_ids: Sequence[str]) -> dict[str, str]:
    """Return the owners of the cases that exist among these ids, by id, without reading the cases."""
    found: dict[str, str] = {}
    for some in chunks(case_ids):
        rows = conn.execute(select(cases.c.id, cases.c.owner_id).where(cases.c.id.in_(some)))
        found.update((str(row.id), str(row.owner_id)) for row in rows)
    return found


def mark_matched(conn: Connection, case_id: str, version: int, seen_seq: int | None = None) -> bool:
    """Note that a version has been compared; False, and nothing noted, when the case has moved on.

    Args:
        version: the version that was compared.
        seen_seq: `changes.latest_seq` of the transaction that read the case. A photo finished since then does not
            change the version, but its face was not part of the comparison; without this argument it is missed.
    """
    statement = update(cases).where(cases.c.id == case_id, cases.c.version == version)
    if seen_seq is not None:
        later = select(change_rows.c.seq).where(change_rows.c.case_id == case_id, change_rows.c.seq > seen_seq)
        statement = statement.where(~later.exists())
    return conn.execute(statement.values(matched_version=version)).rowcount == 1


def await_comparison(conn: Connection, case_ids: Sequence[str]) -> None:
    """Let open cases be compared again though they have not changed: something that bears on them has."""
    if not case_ids:
        return
    statement = update(cases).where(cases.c.id.in_(case_ids), cases.c.status == "open")
    conn.execute(statement.values(matched_version=0))


def versions_of(conn: Connection, case_id: str) -> list[CaseVersion]:
    """Return every version of a case, oldest first."""
    key = keys.record_keys_of(conn, [case_id]).get(case_id)
    if key is None:
        return []
    statement = select(case_versions).where(case_versions.c.case_id == case_id).order_by(case_versions.c.version)
    found = []
    for row in conn.execute(statement):
        contents = unpack(unseal(key, row.sealed, _version_place(case_id, row.version)))
        found.append(CaseVersion(case_id, row.version, contents.payload, contents.content_hash, row.at, row.by))
    return found


def _select() -> Select[Any]:
    # A case that was erased has no key, and is nobody's any more.
    return select(cases, *keys.KEY_COLUMNS).join(record_keys, record_keys.c.case_id == cases.c.id)


def _fetch(conn: Connection, statement: Select[Any]) -> list[Case]:
    return [_case(conn, row) for row in conn.execute(statement).all()]


def _case(conn: Connection, row: Row[Any]) -> Case:
    values = row._asdict()
    key = keys.opened(conn, row.id, values.pop("partner_key_id"), values.pop("wrapped"))
    contents = unpack(unseal(key, values.pop("sealed"), _place(row.id)))
    del values["erased_at"], values["tombstone"]
    # The column holds a hash of the number, for finding it.
    return Case(**(values | contents._asdict()))


def _numbers(conn: Connection, external_ids: Sequence[str]) -> dict[str, str]:
    return keys.fingerprints(conn, "cases.external_id", external_ids) if external_ids else {}


def _packed(content: CaseContent, external_id: str | None) -> bytes:
    return pack(Contents(content.content_hash, external_id, content.payload))


def _place(case_id: str) -> str:
    return f"cases.sealed:{case_id}"


def _version_place(case_id: str, version: int) -> str:
    return f"case_versions.sealed:{case_id}:{version}"


def _content_values(case_id: str, content: CaseContent, key: AESGCM, packed: bytes) -> dict[str, object]:
    return {
        "sealed": seal(key, packed, _place(case_id)),
        "origin_area": content.origin_area,
        "event_area": content.event_area,
        "protect_location": content.protect_location,
        "face_consent": content.face_consent,
    }


def _version_values(case_id: str, version: int, key: AESGCM, packed: bytes, at: datetime, by: str) -> dict[str, object]:
    return {
        "case_id": case_id,
        "version": version,
        "sealed": seal(key, packed, _version_place(case_id, version)),
        "at": at,
        "by": by,
    }
