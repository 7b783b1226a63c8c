"""Which photo goes with which row."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from api.imports.folder import PhotoFolder, pictures_by_id


def nobody(_name: str) -> bool:
    return False


def names(files: list[str], ids: list[str], others: tuple[str, ...] = ()) -> dict[str, list[str]]:
    found = pictures_by_id([Path(name) for name in files], ids, lambda name: name in others)
    return {one: [path.name for path in paths] for one, paths in found.items()}


def test_pictures_named_like_the_id_in_their_order() -> None:
    files = ["M-1_10.jpg", "M-1-2.png", "M-1.JPG", "M-10.jpg", "M-1x.jpg", "M-1_2000.jpg", "other.jpg"]
    assert names(files, ["M-1", "M-10"]) == {"M-1": ["M-1.JPG", "M-1-2.png", "M-1_10.jpg"], "M-10": ["M-10.jpg"]}


@pytest.mark.parametrize(("ids", "others"), [(["M", "M-2"], ()), (["M"], ("M-2",))])
def test_a_picture_named_like_another_case_is_no_second_photo(ids: list[str], others: tuple[str, ...]) -> None:
    found = names(["M-1.jpg", "M-2.jpg"], ids, others)
    assert found["M"] == ["M-1.jpg"]
    assert "M-2.jpg" not in found["M"]


def test_an_id_on_both_sides_gets_no_picture_by_name() -> None:
    assert names(["7.jpg", "7_1.jpg"], ["7", "7"]) == {}


def test_case_and_composition_do_not_matter() -> None:
    decomposed = unicodedata.normalize("NFD", "RENÉ-1.JPG")
    assert names([decomposed], ["rené"]) == {"rené": [decomposed]}


def test_a_named_file_is_found_whatever_its_case(tmp_path: Path) -> None:
    for name in ("Rina.JPG", "a.jpg", "A.jpg", unicodedata.normalize("NFD", "é.png"), "notes.txt", "x.heic"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "inner").mkdir()
    folder = PhotoFolder(tmp_path)
    assert folder.find("rina.jpg") == tmp_path / "Rina.JPG"
    assert folder.find("a.jpg") == tmp_path / "a.jpg"
    assert folder.find("é.png") is not None
    assert folder.find("inner") is None
    assert folder.find("absent.jpg") is None
    assert "notes.txt" not in [path.name for path in folder.pictures()]
    assert "x.heic" in [path.name for path in folder.pictures()]


def test_a_name_that_fits_two_files_is_not_guessed(tmp_path: Path) -> None:
    for name in ("a.jpg", "A.jpg"):
        (tmp_path / name).write_bytes(b"x")
    assert PhotoFolder(tmp_path).find("a.JPG") is None


def test_nothing_outside_the_folder_is_reached(tmp_path: Path) -> None:
    inside = tmp_path / "photos"
    inside.mkdir()
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"x")
    (inside / "link.jpg").symlink_to(secret)
    folder = PhotoFolder(inside)
    for name in ("../secret.jpg", str(secret), "link.jpg", "..", "", "photos/../../secret.jpg"):
        assert folder.find(name) is None
    assert folder.pictures() == []


def test_no_folder_has_no_files() -> None:
    assert PhotoFolder(None).find("a.jpg") is None
    assert pictures_by_id(PhotoFolder(None).pictures(), ["a"], nobody) == {}
