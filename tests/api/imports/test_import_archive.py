"""A ZIP file of cases and photos: read where it stands, and refused when it is a trap."""

from __future__ import annotations

import io
import stat
import warnings
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from api.imports.archive import Archive
from api.imports.contents import MEGABYTE, MemoryContent
from api.imports.errors import FileRefused

CSV = b"id,name,photo\nM1,Rina,girl.jpg\nM2,Mina,\n"


def packed(files: dict[str, bytes], change: Callable[[zipfile.ZipFile], object] = lambda _: None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that stand twice
            change(archive)
    return out.getvalue()


def test_cases_and_photos_in_one_file(desk: Any) -> None:
    files = {
        "export/reports.csv": CSV, "export/photos/girl.jpg": b"FACE one", "export/photos/M2_1.JPG": b"FACE two",
        "export/photos/stray.png": b"FACE three", "__MACOSX/x": b"", "export/.DS_Store": b"",
    }  # fmt: skip
    path = desk.raw(packed(files), "reports.zip")
    summary = desk.run(path)
    assert (summary.created, summary.photos["ok"], summary.photos["unclaimed"]) == (2, 2, 1)
    assert len(desk.photos(desk.case("M2").id)) == 1
    assert [one.name for one in desk.folder.iterdir()] == ["reports.zip"], "nothing is unpacked"
    again = desk.run(path)
    assert (again.unchanged, again.photos["ok"]) == (2, 2)
    assert desk.row_counts()["photos"] == 2


def test_a_photo_of_which_there_are_two_belongs_to_nobody(desk: Any) -> None:
    files = {
        "reports.csv": CSV,
        "a/girl.jpg": b"FACE one",
        "b/girl.jpg": b"FACE two",
        "a/M2.jpg": b"F",
        "b/m2.jpg": b"F",
    }
    summary = desk.run(desk.raw(packed(files), "reports.zip"))
    assert (summary.photos["found"], summary.photos["missing"]) == (0, 1)


def test_a_photo_that_is_too_large_is_read_no_further(desk: Any) -> None:
    files = {"reports.csv": b"id\nM1\n", "M1.jpg": b"FACE" + b"x" * 3 * MEGABYTE}
    summary = desk.run(desk.raw(packed(files), "reports.zip"))
    assert [trouble.code for trouble in summary.photo_troubles] == ["photo_too_large"]


@pytest.mark.parametrize("name", ["r.jsonl", "r.xlsx", "r.xml"])
def test_every_form_may_be_packed(desk: Any, name: str) -> None:
    from openpyxl import Workbook

    book, out = Workbook(), io.BytesIO()
    assert book.active is not None
    book.active.append(["id"])
    book.active.append(["M1"])
    book.save(out)
    data = {
        "r.jsonl": b'{"id": "M1"}\n',
        "r.xlsx": out.getvalue(),
        "r.xml": b'<pfif xmlns="http://zesty.ca/pfif/1.4"><person><person_record_id>M1</person_record_id></person></pfif>',
    }[name]
    summary = desk.run(desk.raw(packed({name: data, "M1.jpg": b"FACE one"}), "reports.zip"))
    assert (summary.created, summary.photos["ok"]) == (1, 1)


def test_photos_come_from_one_place(desk: Any, tmp_path: Any) -> None:
    with pytest.raises(FileRefused, match="--photos"):
        desk.run(desk.raw(packed({"reports.csv": CSV}), "reports.zip"), photos=tmp_path)


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"a.jpg": b"x"}, "0 files of cases"),
        ({"a.csv": CSV, "b.xlsx": b"x"}, "2 files of cases"),
        ({"a.csv": CSV, "run.exe": b"x"}, "neither cases nor photos"),
        ({"a.csv": CSV, "inner.zip": b"x"}, "neither cases nor photos"),
        ({"a.csv": b""}, "empty"),
        ({"a.xls": b"\xd0\xcf\x11\xe0"}, "old Excel"),
    ],
)
def test_archives_that_are_no_import(desk: Any, files: dict[str, bytes], named: str) -> None:
    with pytest.raises(FileRefused, match=named):
        desk.run(desk.raw(packed(files), "reports.zip"))
    assert desk.cases() == []


def link(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("Sunita.jpg")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc/passwd")


def device(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("Sunita.jpg")
    info.external_attr = stat.S_IFCHR << 16
    archive.writestr(info, b"")


TRAPS: dict[str, tuple[Callable[[zipfile.ZipFile], object], str]] = {
    "up": (lambda z: z.writestr("../Sunita.jpg", b"x"), "leads out"),
    "up in the middle": (lambda z: z.writestr("a/../../Sunita.jpg", b"x"), "leads out"),
    "absolute": (lambda z: z.writestr("/Sunita.jpg", b"x"), "leads out"),
    "backslash": (lambda z: z.writestr("..\\Sunita.jpg", b"x"), "leads out"),
    "drive": (lambda z: z.writestr("C:Sunita.jpg", b"x"), "leads out"),
    "link": (link, "link"),
    "device": (device, "link or a device"),
    "twice": (lambda z: z.writestr("a.csv", b"id\nSunita\n"), "name of another"),
    "bomb": (lambda z: z.writestr("Sunita.jpg", b"\0" * 70 * MEGABYTE), "trap"),
    "squeezed otherwise": (lambda z: z.writestr("Sunita.jpg", b"x", zipfile.ZIP_LZMA), "not read"),
}


@pytest.mark.parametrize("name", TRAPS)
def test_traps_are_refused_before_anything_is_read(desk: Any, name: str) -> None:
    change, named = TRAPS[name]
    with pytest.raises(FileRefused, match=named) as refused:
        desk.run(desk.raw(packed({"a.csv": CSV}, change), "reports.zip"))
    assert "Sunita" not in str(refused.value)
    assert desk.cases() == []


def test_a_password(desk: Any) -> None:
    data = bytearray(packed({"a.csv": CSV}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    with pytest.raises(FileRefused, match="password"):
        desk.run(desk.raw(bytes(data), "reports.zip"))


def test_more_than_is_allowed_in_all() -> None:
    data = packed({f"{n}.jpg": b"x" * MEGABYTE for n in range(3)})
    Archive(MemoryContent(data), 3 * MEGABYTE).close()
    with pytest.raises(FileRefused, match="SANDHAN_IMPORT_LIMIT_MB"):
        Archive(MemoryContent(data), 3 * MEGABYTE - 1)


@pytest.mark.parametrize("cut", [30, 90, -10])
def test_a_damaged_archive(desk: Any, cut: int) -> None:
    with pytest.raises(FileRefused, match="damaged"):
        desk.run(desk.raw(packed({"a.csv": CSV * 50})[:cut], "reports.zip"))


def test_data_that_was_altered(desk: Any) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", CSV)
    with pytest.raises(FileRefused, match="damaged"):
        desk.run(desk.raw(out.getvalue().replace(b"Rina", b"Sita", 1), "reports.zip"))
    assert desk.cases() == []


def test_a_file_that_is_larger_than_allowed(desk: Any) -> None:
    from api.imports.service import ImportService
    from api.imports.summary import ImportRequest

    house = desk.sandhan
    service = ImportService(
        house.database, house.cases, house.photos, house.matching, house.clock, photo_limit=1,
        prepare_matching=house.open_index, file_limit=2 * MEGABYTE,
    )  # fmt: skip
    path = desk.raw(b"id\n" + b"x" * 2 * MEGABYTE)
    with pytest.raises(FileRefused, match="SANDHAN_IMPORT_LIMIT_MB"):
        service.run(ImportRequest(path, side="missing"), desk.scope)
