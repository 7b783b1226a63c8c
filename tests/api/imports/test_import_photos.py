"""Photos of imported rows: kept with the case, read afterwards, none of them blocking it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.imports.errors import FileRefused

FACE, OTHER_FACE = b"FACE one", b"FACE two"


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


def put(folder: Path, **files: bytes) -> None:
    for name, data in files.items():
        (folder / f"{name}.jpg").write_bytes(data)


def test_photos_by_name_and_by_id(desk: Any, album: Path) -> None:
    put(album, girl=FACE, second=OTHER_FACE, M2=b"FACE three", M2_2=b"FACE four", stray=b"FACE five")
    rows = [{"id": "M1", "photo": "girl.jpg|second.jpg"}, {"id": "M2", "photo": ""}, {"id": "M3"}]
    summary = desk.run(desk.file(rows), photos=album)
    assert summary.photos == {
        "found": 4, "ok": 4, "failed": 0, "withheld": 0, "waiting": 0, "missing": 0, "unclaimed": 1,
    }  # fmt: skip
    assert [photo.state for photo in desk.photos(desk.case("M1").id)] == ["embedded", "embedded"]
    assert len(desk.photos(desk.case("M2").id)) == 2
    assert desk.photos(desk.case("M3").id) == []
    assert desk.row_counts()["faces"] == 4


def test_the_same_photos_again_are_not_stored_twice(desk: Any, album: Path) -> None:
    put(album, M1=FACE)
    path = desk.file([{"id": "M1", "photo": "M1.jpg"}])
    desk.run(path, photos=album)
    before, looks = desk.row_counts(), len(desk.camera.seen)
    summary = desk.run(path, photos=album)
    assert (summary.unchanged, summary.photos["found"], summary.photos["ok"]) == (1, 1, 1)
    assert len(desk.camera.seen) == looks
    assert desk.row_counts() | {"audit": 0} == before | {"audit": 0}


def test_a_photo_that_cannot_be_used_is_kept_with_its_error(desk: Any, album: Path) -> None:
    put(album, M1=b"not a picture", M2=b"FACE" + b"x" * 1024 * 1024, M3=b"")
    summary = desk.run(desk.file([{"id": f"M{n}"} for n in (1, 2, 3)]), photos=album)
    assert (summary.created, summary.photos["failed"]) == (3, 3)
    assert [(item.row, item.code) for item in summary.photo_troubles] == [
        (2, "not_an_image"), (3, "photo_too_large"), (4, "not_an_image"),
    ]  # fmt: skip
    (photo,) = desk.photos(desk.case("M1").id)
    assert (photo.state, photo.error_code) == ("failed", "not_an_image")
    assert summary.photo_troubles[0].case_id == desk.case("M1").id


def test_a_missing_photo_does_not_block_the_row(desk: Any, album: Path) -> None:
    put(album, here=FACE)
    rows = [{"id": "M1", "photo": "here.jpg|rina-mondal.jpg"}, {"id": "M2", "photo": "../photos/here.jpg"}]
    summary = desk.run(desk.file(rows), photos=album)
    assert (summary.created, summary.rejected, summary.photos["missing"], summary.photos["ok"]) == (2, 0, 2, 1)
    assert [(item.row, item.code) for item in summary.photo_troubles] == [(2, "photo_missing"), (3, "photo_missing")]
    assert "rina" not in repr(summary.photo_troubles), "names of files are names of children"
    put(album, **{"rina-mondal": OTHER_FACE})
    again = desk.run(desk.file(rows), photos=album)
    assert (again.unchanged, again.photos["missing"], again.photos["ok"]) == (2, 1, 2)


def test_named_photos_without_a_folder_are_missing(desk: Any) -> None:
    assert desk.run(desk.file([{"id": "M1", "photo": "a.jpg"}])).photos["missing"] == 1


def test_a_folder_that_cannot_be_read_stops_before_the_rows(desk: Any, album: Path) -> None:
    with pytest.raises(FileRefused, match="folder of the photos"):
        desk.run(desk.file([{"id": "M1"}]), photos=album / "absent")
    assert desk.cases() == []


def test_a_file_that_cannot_be_opened_is_missing(desk: Any, album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(album, M1=FACE)

    path, opened = desk.file([{"id": "M1"}]), Path.open

    def denied(self: Path, *args: Any, **more: Any) -> Any:
        if self.suffix == ".jpg":
            raise PermissionError
        return opened(self, *args, **more)

    monkeypatch.setattr(Path, "open", denied)
    summary = desk.run(path, photos=album)
    assert (summary.created, summary.photos["missing"], summary.photos["found"]) == (1, 1, 0)


def test_photos_of_a_rescued_person_wait_for_consent(desk: Any, album: Path) -> None:
    put(album, R1=FACE)
    rows = [{"id": "R1", "face_consent": ""}]
    summary = desk.run(desk.file(rows), side="rescued", photos=album)
    assert (summary.photos["withheld"], summary.photos["ok"], desk.camera.seen) == (1, 0, [])
    rows[0]["face_consent"] = "yes"
    summary = desk.run(desk.file(rows), side="rescued", photos=album)
    assert (summary.changed, summary.photos["ok"], summary.photos["withheld"]) == (1, 1, 0)


def test_photos_that_must_wait_are_told_and_done_next_time(desk: Any, album: Path) -> None:
    put(album, M1=FACE)
    path = desk.file([{"id": "M1"}])
    desk.camera.busy = True
    assert desk.run(path, photos=album).photos["waiting"] == 1
    desk.camera.busy = False
    assert desk.run(path, photos=album).photos["ok"] == 1


def test_killed_before_the_photos_a_second_run_brings_them(
    desk: Any, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(album, M1=FACE)
    path = desk.file([{"id": "M1"}])
    with monkeypatch.context() as patch:

        def killed(*_args: object, **_more: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(desk.sandhan.cases, "add_photos", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.run(path, photos=album)
    assert desk.photos(desk.case("M1").id) == []
    summary = desk.run(path, photos=album)
    assert (summary.unchanged, summary.photos["ok"]) == (1, 1)


@pytest.mark.parametrize("known", ["refused in this file", "imported before"])
def test_a_photo_named_like_another_childs_id_stays_hers(desk: Any, album: Path, known: str) -> None:
    put(album, **{"M-1": FACE, "M-1-2": OTHER_FACE})
    if known == "imported before":
        desk.run(desk.file([{"id": "M-1-2", "name": "Mina"}], "before.csv"))
        rows = [{"id": "M-1", "age": "12"}]
    else:
        rows = [{"id": "M-1", "age": "12"}, {"id": "M-1-2", "age": "x"}]
    summary = desk.run(desk.file(rows), photos=album)
    assert summary.photos["unclaimed"] == 1
    assert len(desk.photos(desk.case("M-1").id)) == 1


def test_a_dry_run_looks_for_photos_and_stores_none(desk: Any, album: Path) -> None:
    put(album, M1=FACE)
    summary = desk.run(desk.file([{"id": "M1", "photo": "M1.jpg|b.jpg"}]), photos=album, dry_run=True)
    assert (summary.photos["found"], summary.photos["missing"], summary.photos["ok"]) == (1, 1, 0)
    assert desk.row_counts()["photos"] == 0
