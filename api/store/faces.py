"""Which faces have been found, as vectors that the index and the scorer can use?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Select, delete, insert, select, update

from api.store import keys
from api.store.portable import chunks, unindexed
from api.store.sealing import seal, unseal
from api.store.tables import cases, faces, photos, record_keys
from matcher.errors import InvalidRecord
from matcher.person import FaceEmbedding

# By case id, each case's in the order of the faces' ids; cases without a face are absent.
Embeddings = dict[str, list[FaceEmbedding]]
_STORED = np.dtype("<f4")


@dataclass(frozen=True, slots=True, eq=False)
class NewFace:
    """A face just found in a photo.

    Attributes:
        vector: shape (d,), float32.
        model: id and version of the embedder.
        box: where in the photo, e.g. top, right, bottom, left in pixels.
        quality: "good", "fair" or "weak".
        score: the detector's score.
    """

    id: str
    model: str
    vector: npt.NDArray[np.float32] = field(repr=False)
    box: dict[str, int]
    quality: str
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A stored face; `taken` is the photo's capture date, `vector` has shape (width,), float32."""

    id: str
    photo_id: str
    case_id: str
    model: str
    vector: npt.NDArray[np.float32] = field(repr=False)
    width: int
    box: dict[str, int]
    quality: str
    score: float
    created_at: datetime
    taken: date | None


def faces_of_cases(conn: Connection, case_ids: Sequence[str], model: str) -> dict[str, list[Face]]:
    """Return the faces of cases by one embedder, by case id, in id order; cases without a face are absent."""
    found: dict[str, list[Face]] = {}
    for some in chunks(case_ids):
        of_model = _select().where(faces.c.case_id.in_(some), faces.c.model == model)
        for face in _fetch(conn, of_model.order_by(faces.c.id)):
            found.setdefault(face.case_id, []).append(face)
    return found


def embeddings_between(conn: Connection, first_id: str, last_id: str, model: str) -> Embeddings:
    """Return the faces by one embedder of the open cases whose faces may be compared, without what is not compared.

    Args:
        first_id, last_id: of the cases, both of them among those asked for.
    """
    return _by_case(conn, _compared(conn, model).where(faces.c.case_id >= first_id, faces.c.case_id <= last_id))


def embeddings_of(conn: Connection, case_ids: Sequence[str], model: str) -> Embeddings:
    """Return the same of the cases among these ids, each given once; any number of ids."""
    found: Embeddings = {}
    for some in chunks(case_ids):
        found.update(_by_case(conn, _compared(conn, model).where(faces.c.case_id.in_(some))))
    return found


def faces_of_photo(conn: Connection, photo_id: str) -> list[Face]:
    """Return the faces of a photo by every embedder, in id order."""
    return _fetch(conn, _select().where(faces.c.photo_id == photo_id).order_by(faces.c.id))


def list_faces(conn: Connection, model: str, *, after: str | None = None, limit: int) -> list[Face]:
    """Return the faces of one embedder in id order.

    Args:
        after: the last id of the page before.
    """
    statement = _select().where(faces.c.model == model).order_by(faces.c.id).limit(limit)
    if after is not None:
        statement = statement.where(faces.c.id > after)
    return _fetch(conn, statement)


def replace_faces(conn: Connection, photo_id: str, case_id: str, found: Sequence[NewFace], at: datetime) -> None:
    """Make these the faces of a photo (called by `photos.store_result`).

    Raises:
        InvalidRecord: a vector is not one-dimensional or not finite.
    """
    conn.execute(delete(faces).where(faces.c.photo_id == photo_id))
    add_faces(conn, photo_id, case_id, found, at)


def ask_comparison(conn: Connection, model: str) -> int:
    """Have the cases that have a face by this embedder compared anew; return how many they are."""
    having = select(faces.c.case_id).where(faces.c.model == model)
    return int(conn.execute(update(cases).where(cases.c.id.in_(having)).values(matched_version=0)).rowcount)


def forget_other_models(conn: Connection, model: str) -> int:
    """Delete the faces of every embedder but one; return how many they were."""
    return int(conn.execute(delete(faces).where(faces.c.model != model)).rowcount)


def add_faces(conn: Connection, photo_id: str, case_id: str, found: Sequence[NewFace], at: datetime) -> None:
    """Put faces beside those that a photo has, e.g. of another embedder.

    Raises:
        InvalidRecord: a vector is not one-dimensional or not finite.
    """
    if not found:
        return
    key = keys.record_key(conn, case_id)
    rows = [
        {
            "id": face.id,
            "photo_id": photo_id,
            "case_id": case_id,
            "model": face.model,
            "vector": seal(key, _encode(face.vector), _place(face.id)),
            "width": int(face.vector.shape[0]),
            "box": face.box,
            "quality": face.quality,
            "score": face.score,
            "created_at": at,
        }
        for face in found
    ]
    conn.execute(insert(faces), rows)


def _select() -> Select[Any]:
    columns = (faces, photos.c.captured_on.label("taken"), *keys.KEY_COLUMNS)
    return (
        select(*columns)
        .join(photos, photos.c.id == faces.c.photo_id)
        .join(record_keys, record_keys.c.case_id == faces.c.case_id)
    )


def _compared(conn: Connection, model: str) -> Select[Any]:
    columns = (faces.c.case_id, faces.c.id, faces.c.vector, *keys.KEY_COLUMNS)
    of_photo = (faces.c.model, faces.c.quality, photos.c.captured_on, photos.c.id.label("photo_id"))
    return (
        select(*columns, *of_photo)
        .join(photos, photos.c.id == faces.c.photo_id)
        .join(cases, cases.c.id == faces.c.case_id)
        .join(record_keys, record_keys.c.case_id == faces.c.case_id)
        # Of the cases asked for there are few; by these indexes they would be looked for among all.
        .where(unindexed(conn, faces.c.model) == model, unindexed(conn, cases.c.status) == "open")
        .where(cases.c.face_consent)
        .order_by(faces.c.case_id, faces.c.id)
    )


def _by_case(conn: Connection, statement: Select[Any]) -> Embeddings:
    found: Embeddings = {}
    for case_id, face_id, sealed, partner_key_id, wrapped, *others in conn.execute(statement).all():
        key = keys.opened(conn, case_id, partner_key_id, wrapped)
        vector = _decode(unseal(key, sealed, _place(face_id)))
        found.setdefault(case_id, []).append(FaceEmbedding(vector, *others))
    return found


def _fetch(conn: Connection, statement: Select[Any]) -> list[Face]:
    found = []
    for row in conn.execute(statement).all():
        values = row._asdict()
        key = keys.opened(conn, row.case_id, values.pop("partner_key_id"), values.pop("wrapped"))
        found.append(Face(**{**values, "vector": _decode(unseal(key, row.vector, _place(row.id)))}))
    return found


def _place(face_id: str) -> str:
    return f"faces.vector:{face_id}"


def _encode(vector: npt.NDArray[np.float32]) -> bytes:
    # One not-a-number in an index would spoil every search that meets it.
    if vector.ndim != 1 or vector.size == 0 or not np.isfinite(vector).all():
        raise InvalidRecord("face", "is not a finite vector")
    return vector.astype(_STORED).tobytes()


def _decode(stored: bytes) -> npt.NDArray[np.float32]:
    return np.frombuffer(stored, dtype=_STORED).astype(np.float32)
