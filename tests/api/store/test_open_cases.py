"""Open cases, page by page, in ranges, and the embeddings of their faces."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest

from api.store import Connection, cases, faces, open_cases, photos
from api.store.open_cases import IdRange, OpenCase


def ids(found: list[OpenCase]) -> list[str]:
    return [case.id for case in found]


def add_face(
    conn: Connection, world, case_id: str, *numbers: float, model: str = "m", taken: date | None = None
) -> str:
    photo = photos.add_photo(
        conn, photo_id=world.id("photo"), case_id=case_id, position=0, sha256=world.id("sha"), captured_on=taken,
        media_type="image/jpeg", content=b"raw", at=world.now, state="embedded",
    )  # fmt: skip
    vector = np.array(numbers, dtype=np.float32)
    faces.add_faces(
        conn, photo.id, case_id, [faces.NewFace(world.id("face"), model, vector, {}, "fair", 0.9)], world.now
    )
    return photo.id


def test_a_page_holds_what_a_record_is_made_of(conn, world) -> None:
    content = world.content("রিনা", face_consent=True)
    # A day later there than in UTC.
    at = datetime(2024, 3, 2, 1, 0, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    case = world.case(conn, "rescued", content=content, at=at)
    (found,) = open_cases.open_page(conn, IdRange(), 10)
    assert found[:2] == (case.id, "rescued")
    assert found.payload() == {"name": "রিনা"} == found.payload()
    assert (found.created_on, found.face_consent) == (date(2024, 3, 1), True)
    assert found.created_on == case.created_at.astimezone(UTC).date()
    assert type(found.created_on) is date
    assert "রিনা" not in repr(found)


@pytest.mark.parametrize("payload", [{}, {"name": ["a", "b"], "age": 12, "height_cm": 132.0, "x": None, "y": 'é"\\\n'}])
def test_a_payload_is_that_of_the_case(conn, world, payload: dict[str, object]) -> None:
    case = world.case(conn, content=world.content(payload=payload))
    (found,) = open_cases.open_of(conn, [case.id])
    assert found.payload() == case.payload == payload


def test_pages_follow_each_other_within_a_range(conn, world) -> None:
    owner = world.partner(conn).id
    made = [world.case(conn, owner_id=owner).id for _ in range(9)]
    for closed in (made[2], made[7]):
        cases.set_status(conn, closed, "closed", world.now)
    still = [case_id for case_id in made if case_id not in (made[2], made[7])]
    assert ids(open_cases.open_page(conn, IdRange(), 20)) == still
    assert ids(open_cases.open_page(conn, IdRange(), 3)) == still[:3]
    assert ids(open_cases.open_page(conn, IdRange(still[2]), 3)) == still[3:6]
    assert ids(open_cases.open_page(conn, IdRange(made[1], made[5]), 20)) == [made[3], made[4], made[5]]
    assert open_cases.open_page(conn, IdRange(made[8]), 20) == []
    assert sorted(ids(open_cases.open_of(conn, [*made, made[0], "nothing"]))) == still
    assert open_cases.open_of(conn, []) == []


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 20])
@pytest.mark.parametrize("made", [0, 1, 7])
def test_ranges_hold_each_case_once_and_about_as_many_each(conn, world, made: int, count: int) -> None:
    owner = world.partner(conn).id
    all_ids = [world.case(conn, owner_id=owner).id for _ in range(made)]
    ranges = open_cases.equal_ranges(conn, count)
    held = [ids(open_cases.open_page(conn, within, 100)) for within in ranges]
    assert [case_id for part in held for case_id in part] == all_ids
    assert len(ranges) <= count
    assert max(map(len, held)) == -(-made // count)
    later = world.case(conn, owner_id=owner).id
    assert ids(open_cases.open_page(conn, ranges[-1], 100))[-1] == later


def test_embeddings_are_those_that_may_be_compared(conn, world) -> None:
    owner = world.partner(conn).id
    willing = world.content(face_consent=True)
    shown = world.case(conn, owner_id=owner, content=willing).id
    first = add_face(conn, world, shown, 0.25, -1.5, taken=date(2019, 5, 4))
    second = add_face(conn, world, shown, 1.0, 2.0)
    add_face(conn, world, shown, 9.0, 9.0, model="other")
    withheld = world.case(conn, owner_id=owner).id
    closed = world.case(conn, owner_id=owner, content=willing).id
    last = world.case(conn, owner_id=owner, content=willing).id
    for case_id in (withheld, closed, last):
        add_face(conn, world, case_id, 3.0, 4.0)
    cases.set_status(conn, closed, "closed", world.now)
    found = faces.embeddings_between(conn, shown, last, "m")
    assert list(found) == [shown, last]
    assert [face.photo_id for face in found[shown]] == [first, second]
    face = found[shown][0]
    assert (face.model, face.quality, face.taken) == ("m", "fair", date(2019, 5, 4))
    assert face.vector.dtype == np.float32
    assert face.vector.tolist() == [0.25, -1.5]
    assert found[shown][1].taken is None
    assert list(faces.embeddings_between(conn, shown, closed, "m")) == [shown]
    assert list(faces.embeddings_of(conn, [last, withheld, closed], "m")) == [last]
    assert faces.embeddings_of(conn, [shown], "nobody's") == {}


def test_pages_are_read_by_their_ids_however_many_cases_are_open(conn, world) -> None:
    """SQLite would gather and sort all open cases for each page, and look through all faces of the model."""
    if conn.dialect.name != "sqlite":
        pytest.skip("PostgreSQL decides by how often values occur")
    statements: list[str] = []
    raw = conn.connection.dbapi_connection
    raw.set_trace_callback(statements.append)
    open_cases.open_page(conn, IdRange("a", "b"), 10)
    faces.embeddings_between(conn, "a", "b", "m")
    faces.embeddings_of(conn, ["a", "b"], "m")
    raw.set_trace_callback(None)
    assert len(statements) == 3
    for statement in statements:
        plan = [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]
        assert not any("SCAN" in step or "status" in step or "ix_faces_model" in step for step in plan), plan
