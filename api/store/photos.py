"""Which photos came with a case, and what has the photo worker made of them?

A photo arrives `pending`, and becomes `embedded` (faces found or not), `failed` (cannot be used) or `withheld`
(no consent to compare faces).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, update

from api.store import changes, keys
from api.store.errors import RowMissing
from api.store.faces import NewFace, replace_faces
from api.store.portable import hold_commit_order, insert_if_absent
from api.store.tables import cases, partners, photos
from api.store.tables import faces as faces_table

_WITHOUT_CONTENT = [column for column in photos.c if column.name != "content"]


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo without its bytes (see `get_content`).

    Attributes:
        position: its place among the photos of the case, from 0.
        fingerprint: keyed hash of the bytes as they arrived.
        error_code, error_detail: why it failed, for the person who sent it; no personal data.
        faces_found: None until it is embedded.
        attempts, attempted_at: how often a worker has begun it since it waits, and when last.
        faces_seen: where it shows several faces, {"boxes": [[left, top, right, bottom], ...], "size": [width, height]}
            in pixels of the stored picture; None otherwise.
        chosen_box, chosen_by, chosen_at: which of them a person said is meant, who (a key) and when.
    """

    id: str
    case_id: str
    position: int
    state: str
    fingerprint: str
    media_type: str
    captured_on: date | None
    error_code: str | None
    error_detail: str | None
    faces_found: int | None
    attempts: int
    created_at: datetime
    faces_seen: dict[str, list[Any]] | None = None
    chosen_box: list[int] | None = None
    chosen_by: str | None = None
    chosen_at: datetime | None = None
    attempted_at: datetime | None = None

    @property
    def is_clean(self) -> bool:
        """Tell whether the stored picture was made anew by us: only such a one may be sent to a browser."""
        return self.state == "embedded" or self.faces_seen is not None


@dataclass(frozen=True, slots=True)
class PhotoContent:
    """The bytes of a photo."""

    media_type: str
    content: bytes = field(repr=False)


def add_photo(
    conn: Connection,
    *,
    photo_id: str,
    case_id: str,
    position: int,
    sha256: str,
    media_type: str,
    content: bytes,
    at: datetime,
    captured_on: date | None = None,
    state: str = "pending",
) -> Photo:
    """Add a photo; when the case already has one of this sha256, that one is returned and nothing is written.

    Args:
        sha256: of the bytes as they arrived, in hex.
        state: "pending", or "withheld" when faces may not be compared.
    """
    number = keys.fingerprint(conn, "photos.fingerprint", sha256)
    row = {
        "id": photo_id,
        "case_id": case_id,
        "position": position,
        "state": state,
        "fingerprint": number,
        "media_type": media_type,
        "content": keys.seal_for_case(conn, case_id, _place(photo_id), content),
        "captured_on": captured_on,
        "created_at": at,
    }
    insert_if_absent(conn, photos, row, ["case_id", "fingerprint"])
    same = select(*_WITHOUT_CONTENT).where(photos.c.case_id == case_id, photos.c.fingerprint == number)
    return Photo(**conn.execute(same).one()._asdict())


def get_photo(conn: Connection, photo_id: str) -> Photo | None:
    """Return a photo without its bytes, None if there is none of that id."""
    row = conn.execute(select(*_WITHOUT_CONTENT).where(photos.c.id == photo_id)).first()
    return None if row is None else Photo(**row._asdict())


def get_content(conn: Connection, photo_id: str) -> PhotoContent | None:
    """Return the bytes of a photo, None if there is no such photo."""
    columns = (photos.c.case_id, photos.c.media_type, photos.c.content)
    row = conn.execute(select(*columns).where(photos.c.id == photo_id)).first()
    if row is None:
        return None
    return PhotoContent(row.media_type, keys.unseal_for_case(conn, row.case_id, _place(photo_id), row.content))


def list_photos(conn: Connection, case_id: str) -> list[Photo]:
    """Return the photos of a case in their order, without their bytes."""
    statement = select(*_WITHOUT_CONTENT).where(photos.c.case_id == case_id).order_by(photos.c.position, photos.c.id)
    return [Photo(**row._asdict()) for row in conn.execute(statement)]


def photos_of_owner(conn: Connection, owner_id: str) -> list[Photo]:
    """Return the photos of all cases of a partner in id order, without their bytes."""
    owned = select(*_WITHOUT_CONTENT).join(cases, cases.c.id == photos.c.case_id).where(cases.c.owner_id == owner_id)
    return [Photo(**row._asdict()) for row in conn.execute(owned.order_by(photos.c.id))]


def in_states(conn: Connection, states: Sequence[str]) -> list[Photo]:
    """Return the photos in any of these states in id order, without their bytes."""
    statement = select(*_WITHOUT_CONTENT).where(photos.c.state.in_(states)).order_by(photos.c.id)
    return [Photo(**row._asdict()) for row in conn.execute(statement)]


def withheld_though_allowed(conn: Connection) -> list[Photo]:
    """Return the photos that are withheld though person and partner let faces be compared, in id order."""
    joined = (
        select(*_WITHOUT_CONTENT)
        .join(cases, cases.c.id == photos.c.case_id)
        .join(partners, partners.c.id == cases.c.owner_id)
        .where(photos.c.state == "withheld", cases.c.face_consent, partners.c.faces)
    )
    return [Photo(**row._asdict()) for row in conn.execute(joined.order_by(photos.c.id))]


def without_faces_of(conn: Connection, model: str, limit: int, after: str | None = None) -> list[Photo]:
    """Return photos that were embedded, but by no run of this model, in id order."""
    statement = select(*_WITHOUT_CONTENT).where(*_lacking(model))
    if after is not None:
        statement = statement.where(photos.c.id > after)
    return [Photo(**row._asdict()) for row in conn.execute(statement.order_by(photos.c.id).limit(limit))]


def count_without_faces_of(conn: Connection, model: str) -> int:
    """Return how many photos `without_faces_of` would return."""
    return int(conn.scalar(select(func.count()).select_from(photos).where(*_lacking(model))) or 0)


def _lacking(model: str) -> tuple[ColumnElement[bool], ...]:
    has = select(faces_table.c.id).where(faces_table.c.photo_id == photos.c.id, faces_table.c.model == model).exists()
    return photos.c.state == "embedded", photos.c.faces_found > 0, ~has


def count_by_state(conn: Connection) -> dict[str, int]:
    """Return how many photos are in each state that any is in."""
    rows = conn.execute(select(photos.c.state, func.count()).group_by(photos.c.state))
    return {state: int(count) for state, count in rows}


def pending(conn: Connection, limit: int) -> list[Photo]:
    """Return photos that wait for the worker, least often begun first, then oldest first."""
    # A photo that brings the worker down must not stand before all the others after the restart.
    order = (photos.c.attempts, photos.c.created_at, photos.c.id)
    statement = select(*_WITHOUT_CONTENT).where(photos.c.state == "pending").order_by(*order).limit(limit)
    return [Photo(**row._asdict()) for row in conn.execute(statement)]


def count_attempt(conn: Connection, photo_id: str, at: datetime) -> int:
    """Note, before the work begins, that a worker begins it; return how often one has.

    Raises:
        RowMissing: there is no such photo.
    """
    statement = update(photos).where(photos.c.id == photo_id).values(attempts=photos.c.attempts + 1, attempted_at=at)
    attempts = conn.execute(statement.returning(photos.c.attempts)).scalar()
    if attempts is None:
        raise RowMissing("photos")
    return int(attempts)


def forget_attempt(conn: Connection, photo_id: str) -> None:
    """Take back a counted attempt that came to nothing for reasons that are not the photo's."""
    statement = update(photos).where(photos.c.id == photo_id, photos.c.attempts > 0)
    conn.execute(statement.values(attempts=photos.c.attempts - 1))


def choose_face(conn: Connection, photo_id: str, box: Sequence[int], *, by: str, at: datetime) -> Photo:
    """Note which face of a photo is meant, and have the photo read again for it.

    Raises:
        RowMissing: there is no such photo.
    """
    chosen = {"chosen_box": list(box), "chosen_by": by, "chosen_at": at}
    conn.execute(update(photos).where(photos.c.id == photo_id).values(**chosen))
    return store_result(conn, photo_id, "pending", at=at)


def ask_again(conn: Connection, photo_id: str, at: datetime) -> None:
    """Have a photo read again; its faces stay until that has succeeded.

    Raises:
        RowMissing: there is no such photo.
    """
    hold_commit_order(conn)
    case_id = conn.scalar(select(photos.c.case_id).where(photos.c.id == photo_id))
    if case_id is None:
        raise RowMissing("photos")
    conn.execute(update(photos).where(photos.c.id == photo_id).values(state="pending", attempts=0))
    changes.append(conn, case_id, "photo", at)


def store_result(
    conn: Connection,
    photo_id: str,
    state: str,
    *,
    at: datetime,
    content: bytes | None = None,
    media_type: str | None = None,
    captured_on: date | None = None,
    error_code: str | None = None,
    error_detail: str | None = None,
    faces: Sequence[NewFace] = (),
    faces_seen: dict[str, list[Any]] | None = None,
) -> Photo:
    """Store what became of a photo; its case waits to be compared again, with these faces.

    Args:
        state: "embedded", "failed" or "withheld"; "pending" to have it done again.
        content, media_type, captured_on: replace the stored ones, e.g. re-encoded without metadata; None keeps them.
        faces: replace all faces of this photo.
        faces_seen: the faces among which a person must choose; None keeps what is there.
    Raises:
        RowMissing: there is no such photo.
        InvalidRecord: a face is not a finite vector.
    """
    hold_commit_order(conn)
    case_id = conn.scalar(select(photos.c.case_id).where(photos.c.id == photo_id))
    if case_id is None:
        raise RowMissing("photos")
    values: dict[str, object] = {
        "state": state,
        "error_code": error_code,
        "error_detail": error_detail,
        "faces_found": len(faces) if state == "embedded" else None,
        "attempts": 0,  # they count for one waiting only
    }
    if faces_seen is not None:
        values["faces_seen"] = faces_seen
    sealed = None if content is None else keys.seal_for_case(conn, case_id, _place(photo_id), content)
    replaced = {"content": sealed, "media_type": media_type, "captured_on": captured_on}
    values.update((name, value) for name, value in replaced.items() if value is not None)
    conn.execute(update(photos).where(photos.c.id == photo_id).values(**values))
    replace_faces(conn, photo_id, case_id, faces, at)
    conn.execute(update(cases).where(cases.c.id == case_id).values(matched_version=0))
    changes.append(conn, case_id, "photo", at)
    row = conn.execute(select(*_WITHOUT_CONTENT).where(photos.c.id == photo_id)).one()
    return Photo(**row._asdict())


def _place(photo_id: str) -> str:
    return f"photos.content:{photo_id}"
