"""Is a file replaced whole or not at all, and is every byte counted?"""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest

from indexing.durable import Sink, array_in, replace_file, sync_directory, write_array


def test_the_new_content_stands_in_the_place_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old and longer")
    replace_file(path, lambda sink: sink.write(b"new"))
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o077 == 0
    assert os.listdir(tmp_path) == ["file"]


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_aside(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def half(sink: Sink) -> None:
        sink.write(b"ne")
        raise RuntimeError("pulled out")

    with pytest.raises(RuntimeError, match="pulled out"):
        replace_file(path, half)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_the_first_error_is_the_one_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise OSError("cannot remove")

    def fail(_sink: Sink) -> None:
        monkeypatch.setattr(Path, "unlink", refuse)
        raise RuntimeError("the reason")

    with pytest.raises(RuntimeError, match="the reason"):
        replace_file(tmp_path / "file", fail)
    assert not (tmp_path / "file").exists()


def test_the_content_is_on_disk_before_its_name_and_the_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, rename = os.fsync, os.rename

    def noted_fsync(descriptor: int) -> None:
        steps.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")
        fsync(descriptor)

    def noted_rename(old: Path, new: Path) -> None:
        steps.append("rename")
        rename(old, new)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "rename", noted_rename)
    replace_file(tmp_path / "file", lambda sink: sink.write(b"x"))
    assert steps == ["file", "rename", "folder"]


def test_a_sink_counts_what_passes_through_it(tmp_path: Path) -> None:
    table = np.arange(1000, dtype=np.int64)

    def write(sink: Sink) -> None:
        assert sink.written == 0
        assert sink.write(b"abc") == 3
        write_array(sink, table)
        assert sink.written == 3 + 128 + table.nbytes

    replace_file(tmp_path / "file", write)
    with (tmp_path / "file").open("rb") as file:
        assert file.read(3) == b"abc"
        assert np.lib.format.read_array(file).tolist() == table.tolist()


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6).reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.empty((0, 3), np.float32),
        np.array(["অ", "ka"]),
        np.zeros(2, [("id", "<i8"), ("vector", "<f4", (3,))]),
    ],
    ids=["rows", "columns", "empty", "text", "fields"],
)
def test_an_array_is_read_where_it_lies(array: np.ndarray) -> None:
    file = io.BytesIO()
    write_array(Sink(file), array)
    whole = memoryview(file.getvalue())
    read = array_in(whole)
    assert (read.dtype, read.shape, read.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert not read.flags.writeable
    assert not read.flags.owndata
    for length in range(len(whole)):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever is wrong, it is no array
            array_in(whole[:length])


def test_an_array_of_python_objects_is_not_read() -> None:
    file = io.BytesIO()
    np.save(file, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="objects"):
        array_in(memoryview(file.getvalue()))


def test_python_objects_are_never_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        replace_file(tmp_path / "file", lambda sink: write_array(sink, np.array([{}], dtype=object)))
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        replace_file(tmp_path / "nowhere" / "file", lambda sink: sink.write(b""))
    with pytest.raises(FileNotFoundError):
        sync_directory(tmp_path / "nowhere")
