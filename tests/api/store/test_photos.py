"""Photos, what the worker made of them, and the faces found."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from api.store import RowMissing, cases, changes, faces, photos
from matcher.errors import InvalidRecord


def add(conn, world, case_id: str, sha256: str = "aa", **changed) -> photos.Photo:
    values = {"photo_id": world.id("photo"), "position": 0, "media_type": "image/jpeg", "content": b"\xff\x00raw"}
    return photos.add_photo(conn, case_id=case_id, sha256=sha256, at=world.now, **(values | changed))


def face(world, *numbers: float, model: str = "m") -> faces.NewFace:
    vector = np.array(numbers or (0.1, -0.7, 3e-8), dtype=np.float32)
    return faces.NewFace(world.id("face"), model, vector, {"top": 1, "left": 2}, "good", 0.9)


def test_a_photo_waits_with_its_bytes(conn, world) -> None:
    case = world.case(conn)
    photo = add(conn, world, case.id, captured_on=date(2019, 5, 4))
    assert (photo.state, photo.attempts, photo.faces_found, photo.captured_on) == ("pending", 0, None, date(2019, 5, 4))
    assert photos.get_photo(conn, photo.id) == photo
    content = photos.get_content(conn, photo.id)
    assert content is not None
    assert (content.media_type, content.content) == ("image/jpeg", b"\xff\x00raw")
    assert "raw" not in repr(content)
    assert photos.get_photo(conn, "nothing") is None
    assert photos.get_content(conn, "nothing") is None


def test_the_same_photo_of_the_same_case_is_kept_once(conn, world) -> None:
    case, other = world.case(conn), world.case(conn)
    first = add(conn, world, case.id)
    assert add(conn, world, case.id, content=b"other", position=3) == first
    assert add(conn, world, other.id).id != first.id
    second = add(conn, world, case.id, "bb", position=1)
    assert photos.list_photos(conn, case.id) == [first, second]


def test_the_result_replaces_content_and_faces_and_asks_for_a_comparison(conn, world) -> None:
    case = world.case(conn)
    photo = add(conn, world, case.id)
    cases.mark_matched(conn, case.id, 1)
    found = face(world)
    done = photos.store_result(
        conn,
        photo.id,
        "embedded",
        at=world.now,
        content=b"clean",
        media_type="image/png",
        captured_on=date(2020, 1, 2),
        faces=[found],
    )
    assert (done.state, done.faces_found, done.media_type, done.captured_on) == (
        "embedded",
        1,
        "image/png",
        date(2020, 1, 2),
    )
    assert photos.get_content(conn, photo.id) == photos.PhotoContent("image/png", b"clean")
    (stored,) = faces.faces_of_cases(conn, [case.id], "m")[case.id]
    assert stored.vector.dtype == np.float32
    assert np.array_equal(stored.vector, found.vector)
    assert (stored.width, stored.box, stored.taken, stored.photo_id) == (3, found.box, date(2020, 1, 2), photo.id)
    assert [waiting.id for waiting in cases.unmatched(conn, 9)] == [case.id]
    assert [change.kind for change in changes.since(conn, 0, 9)] == ["created", "photo"]


def test_a_second_result_takes_the_place_of_the_first(conn, world) -> None:
    case = world.case(conn)
    photo = add(conn, world, case.id)
    photos.store_result(conn, photo.id, "embedded", at=world.now, faces=[face(world), face(world)])
    again = photos.store_result(conn, photo.id, "failed", at=world.now, error_code="no_face", error_detail="none seen")
    assert (again.state, again.faces_found, again.error_code) == ("failed", None, "no_face")
    assert photos.get_content(conn, photo.id) == photos.PhotoContent("image/jpeg", b"\xff\x00raw")
    assert faces.faces_of_cases(conn, [case.id], "m") == {}
    done = photos.store_result(conn, photo.id, "embedded", at=world.now)
    assert (done.faces_found, done.error_code, done.error_detail) == (0, None, None)


def test_a_face_stored_during_a_comparison_is_not_missed(database, world) -> None:
    """The matcher reads, the photo worker stores, the matcher marks: the case must go on waiting."""
    with database.write() as conn:
        case = world.case(conn)
        photo = add(conn, world, case.id)
    with database.read() as conn:
        seen = changes.latest_seq(conn)
    with database.write() as conn:
        photos.store_result(conn, photo.id, "embedded", at=world.now, faces=[face(world)])
    with database.write() as conn:
        assert not cases.mark_matched(conn, case.id, case.version, seen)
        assert [waiting.id for waiting in cases.unmatched(conn, 9)] == [case.id]


@pytest.mark.parametrize("vector", [np.array([np.nan]), np.array([np.inf, 1]), np.zeros((2, 2)), np.zeros(0)])
def test_a_vector_that_would_spoil_an_index_is_refused(conn, world, vector) -> None:
    photo = add(conn, world, world.case(conn).id)
    bad = faces.NewFace("f", "m", vector.astype(np.float32), {}, "good", 1.0)
    with pytest.raises(InvalidRecord, match="face"):
        photos.store_result(conn, photo.id, "embedded", at=world.now, faces=[bad])


def test_a_photo_begun_before_waits_behind_the_others(conn, world) -> None:
    case = world.case(conn)
    first, second = add(conn, world, case.id, "a"), add(conn, world, case.id, "b")
    add(conn, world, case.id, "c", state="withheld")
    assert [photo.id for photo in photos.pending(conn, 9)] == [first.id, second.id]
    assert photos.count_attempt(conn, first.id, world.now) == 1
    assert photos.count_attempt(conn, first.id, world.now) == 2
    assert [photo.id for photo in photos.pending(conn, 9)] == [second.id, first.id]
    assert [photo.id for photo in photos.pending(conn, 1)] == [second.id]
    with pytest.raises(RowMissing):
        photos.count_attempt(conn, "nothing", world.now)
    with pytest.raises(RowMissing):
        photos.store_result(conn, "nothing", "failed", at=world.now)


def test_faces_are_paged_per_model(conn, world) -> None:
    case = world.case(conn)
    photo = add(conn, world, case.id)
    found = [face(world, number, model="m") for number in (1, 2, 3)] + [face(world, 4, model="n")]
    photos.store_result(conn, photo.id, "embedded", at=world.now, faces=found)
    page = faces.list_faces(conn, "m", limit=2)
    rest = faces.list_faces(conn, "m", after=page[-1].id, limit=2)
    assert [float(stored.vector[0]) for stored in page + rest] == [1.0, 2.0, 3.0]
