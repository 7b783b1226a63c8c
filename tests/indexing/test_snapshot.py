"""Is a saved snapshot loaded as it was, and refused with the right reason when anything about it is wrong?"""

import json
import os
import resource
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.index_seal import IndexSeal
from indexing.durable import Sink
from indexing.errors import ReadOnlyIndex, SnapshotBusy, SnapshotReason, SnapshotRefused, SnapshotUnusable
from indexing.faiss_index import FaissIndex
from indexing.sealing import FileSeal
from indexing.snapshot import Snapshot, load_snapshot, save_snapshot
from indexing.snapshot_files import Table
from indexing.snapshot_manifest import Manifest, Origin
from indexing.vectors import ExactIndex, VectorIndex, Vectors

HERE = Origin(database_id="db-1", encoder_id="names-3", pipeline="7")
NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
ROWS = 5


def an_index(index: VectorIndex, seed: int) -> VectorIndex:
    rng = np.random.default_rng(seed)
    index.add(np.arange(ROWS, dtype=np.int64) * 3, rng.standard_normal((ROWS, index.width)).astype(np.float32))
    return index


@pytest.fixture(params=["plain", "sealed"])
def seal(request: pytest.FixtureRequest) -> FileSeal | None:
    return IndexSeal(bytes(range(32))) if request.param == "sealed" else None


def save(directory: Path, seq: int = 1, origin: Origin = HERE, seal: FileSeal | None = None) -> Manifest:
    """Save a snapshot whose contents follow from `seq`, so that a mixture of two would show."""
    indexes = {"faces": an_index(ExactIndex(3), seq), "names": an_index(FaissIndex(4), seq)}
    return save_snapshot(directory, origin, seq, NOW, indexes, {"regions": np.full((2, 6), seq, np.int32)}, seal=seal)


def check(snapshot: Snapshot) -> int:
    """Return the snapshot's `upto_seq` after checking that all of its contents belong to it."""
    seq = snapshot.manifest.upto_seq
    empty: dict[str, VectorIndex] = {"names": FaissIndex(4), "faces": ExactIndex(3)}
    for name, index in empty.items():
        expected = an_index(index, seq)
        loaded = snapshot.indexes[name]
        assert loaded.ids().tolist() == expected.ids().tolist()
        assert np.array_equal(loaded.reconstruct(loaded.ids()), expected.reconstruct(expected.ids()))
    assert np.array_equal(snapshot.tables["regions"], np.full((2, 6), seq))
    return seq


def folder_of(directory: Path) -> Path:
    return directory / (directory / "CURRENT").read_text().split()[0]


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def refusal(directory: Path, expect: Origin = HERE, seal: FileSeal | None = None) -> SnapshotReason:
    reasons = set()
    for mmap in (False, True):
        with pytest.raises(SnapshotUnusable, match="run `sandhan index rebuild`") as caught:
            load_snapshot(directory, expect, mmap=mmap, seal=seal)
        assert str(directory) not in str(caught.value)
        reasons.add(caught.value.reason)
    (reason,) = reasons
    return reason


class TestRoundTrip:
    @pytest.mark.parametrize("mmap", [False, True])
    def test_what_was_saved_is_loaded(self, tmp_path: Path, seal: FileSeal | None, mmap: bool) -> None:
        manifest = save(tmp_path, 4, seal=seal)
        snapshot = load_snapshot(tmp_path, HERE, mmap=mmap, seal=seal)
        assert check(snapshot) == 4
        assert snapshot.manifest == manifest
        assert {name: type(index) for name, index in snapshot.indexes.items()} == {
            "names": FaissIndex,
            "faces": ExactIndex,
        }

    def test_the_manifest_describes_every_file(self, tmp_path: Path) -> None:
        manifest = save(tmp_path, 4)
        folder = folder_of(tmp_path)
        assert names_in(folder) == ["faces.exact", "manifest.json", "names.faiss", "regions.table"]
        for entry in manifest.files:
            content = (folder / entry.file).read_bytes()
            assert (entry.bytes, entry.sha256) == (len(content), sha256(content).hexdigest())
        shapes = {entry.name: (entry.rows, entry.width) for entry in manifest.files}
        assert shapes == {"names": (ROWS, 4), "faces": (ROWS, 3), "regions": (2, 6)}

    def test_the_time_is_the_one_given_in_utc(self, tmp_path: Path) -> None:
        there = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
        save_snapshot(tmp_path, HERE, 0, there, {})
        loaded = load_snapshot(tmp_path, HERE).manifest.created_at
        assert loaded == NOW
        assert loaded.utcoffset() == timedelta(0)

    def test_mapped_indexes_and_all_tables_are_read_only(self, tmp_path: Path) -> None:
        save(tmp_path)
        mapped = load_snapshot(tmp_path, HERE, mmap=True)
        with pytest.raises(ReadOnlyIndex):
            mapped.indexes["names"].remove(np.array([0], dtype=np.int64))
        loaded = load_snapshot(tmp_path, HERE)
        assert loaded.indexes["names"].remove(np.array([0], dtype=np.int64)) == 1
        for snapshot in (mapped, loaded):
            with pytest.raises(ValueError, match="read-only"):
                snapshot.tables["regions"][0] = 0

    @pytest.mark.parametrize("mmap", [False, True])
    @pytest.mark.parametrize(
        "table",
        [
            np.empty(0, np.int64),
            np.empty((0, 3), np.float32),
            np.asfortranarray(np.arange(12).reshape(3, 4)),
            np.array(["অ", "ka"]),
            np.arange(24).reshape(2, 3, 4),
        ],
        ids=["no rows", "no rows of three", "column-major", "text", "three dimensions"],
    )
    def test_tables_of_all_shapes(self, tmp_path: Path, seal: FileSeal | None, table: Table, mmap: bool) -> None:
        save_snapshot(
            tmp_path, HERE, 1, NOW, {"none": FaissIndex(2), "nil": ExactIndex(2)}, {"table": table}, seal=seal
        )
        snapshot = load_snapshot(tmp_path, HERE, mmap=mmap, seal=seal)
        assert np.array_equal(snapshot.tables["table"], table)
        assert snapshot.tables["table"].dtype == table.dtype
        assert [len(index) for index in snapshot.indexes.values()] == [0, 0]

    def test_a_new_one_replaces_the_old_one(self, tmp_path: Path, seal: FileSeal | None) -> None:
        directory = tmp_path / "deep" / "snapshots"
        for seq in (1, 2, 3):
            save(directory, seq, seal=seal)
            assert check(load_snapshot(directory, HERE, seal=seal)) == seq
        assert names_in(directory) == ["CURRENT", "LOCK", folder_of(directory).name]

    def test_a_mapped_snapshot_outlives_its_replacement(self, tmp_path: Path, seal: FileSeal | None) -> None:
        save(tmp_path, 1, seal=seal)
        old = load_snapshot(tmp_path, HERE, mmap=True, seal=seal)
        save(tmp_path, 2, seal=seal)
        assert check(old) == 1

    def test_only_the_owner_can_read_it(self, tmp_path: Path, seal: FileSeal | None) -> None:
        save(tmp_path / "snapshots", seal=seal)
        assert (tmp_path / "snapshots").stat().st_mode & 0o077 == 0
        assert folder_of(tmp_path / "snapshots").stat().st_mode & 0o077 == 0

    def test_other_files_are_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("mine")
        (tmp_path / "snapshot-of-mine").mkdir()
        save(tmp_path, 1)
        save(tmp_path, 2)
        assert {"notes.txt", "snapshot-of-mine"} < set(names_in(tmp_path))


class TestReasons:
    def test_missing(self, tmp_path: Path) -> None:
        assert refusal(tmp_path / "nowhere") is SnapshotReason.MISSING
        assert refusal(tmp_path) is SnapshotReason.MISSING

    @pytest.mark.parametrize("name", ["manifest.json", "names.faiss", "faces.exact", "regions.table"])
    def test_missing_file(self, tmp_path: Path, seal: FileSeal | None, name: str) -> None:
        save(tmp_path, seal=seal)
        (folder_of(tmp_path) / name).unlink()
        assert refusal(tmp_path, seal=seal) is SnapshotReason.MISSING

    @pytest.mark.parametrize("name", ["names.faiss", "faces.exact", "regions.table"])
    def test_truncated(self, tmp_path: Path, seal: FileSeal | None, name: str) -> None:
        save(tmp_path, seal=seal)
        path = folder_of(tmp_path) / name
        whole = path.read_bytes()
        for length in (0, 1, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:length])
            assert refusal(tmp_path, seal=seal) is SnapshotReason.TRUNCATED

    def test_truncated_manifest_and_pointer(self, tmp_path: Path, seal: FileSeal | None) -> None:
        save(tmp_path, seal=seal)
        manifest, current = folder_of(tmp_path) / "manifest.json", tmp_path / "CURRENT"
        whole = current.read_bytes()
        for length in range(len(whole)):
            current.write_bytes(whole[:length])
            assert refusal(tmp_path, seal=seal) is SnapshotReason.FORMAT
        current.write_bytes(whole)
        manifest.write_bytes(manifest.read_bytes()[:-1])
        assert refusal(tmp_path, seal=seal) is SnapshotReason.CHECKSUM

    def test_longer_than_written(self, tmp_path: Path, seal: FileSeal | None) -> None:
        save(tmp_path, seal=seal)
        with (folder_of(tmp_path) / "names.faiss").open("ab") as file:
            file.write(b"\0")
        assert refusal(tmp_path, seal=seal) is SnapshotReason.CHECKSUM

    @pytest.mark.parametrize("name", ["manifest.json", "names.faiss", "faces.exact", "regions.table"])
    def test_any_flipped_bit(self, tmp_path: Path, seal: FileSeal | None, name: str) -> None:
        save(tmp_path, seal=seal)
        path = folder_of(tmp_path) / name
        whole = path.read_bytes()
        for place in range(0, len(whole), 7):
            flipped = bytearray(whole)
            flipped[place] ^= 1 << place % 8
            path.write_bytes(flipped)
            with pytest.raises(SnapshotUnusable) as caught:
                load_snapshot(tmp_path, HERE, seal=seal)
            assert caught.value.reason is SnapshotReason.CHECKSUM
            assert caught.value.what == name
        path.write_bytes(whole)
        assert check(load_snapshot(tmp_path, HERE, seal=seal)) == 1

    def test_every_flipped_bit_of_the_pointer(self, tmp_path: Path, seal: FileSeal | None) -> None:
        save(tmp_path, seal=seal)
        path = tmp_path / "CURRENT"
        whole = path.read_bytes()
        reasons = set()
        for place in range(len(whole) * 8):
            flipped = bytearray(whole)
            flipped[place // 8] ^= 1 << place % 8
            path.write_bytes(flipped)
            reasons.add(refusal(tmp_path, seal=seal))
        if seal is None:
            assert reasons == {SnapshotReason.FORMAT, SnapshotReason.MISSING, SnapshotReason.CHECKSUM}
        else:
            # Proved before it is followed: the folder that it names is not even looked for.
            assert reasons == {SnapshotReason.FORMAT, SnapshotReason.OTHER_KEY, SnapshotReason.CHECKSUM}

    def test_a_stale_manifest(self, tmp_path: Path, seal: FileSeal | None) -> None:
        save(tmp_path, 1, seal=seal)
        stale = (folder_of(tmp_path) / "manifest.json").read_bytes()
        save(tmp_path, 2, seal=seal)
        (folder_of(tmp_path) / "manifest.json").write_bytes(stale)
        assert refusal(tmp_path, seal=seal) is SnapshotReason.CHECKSUM

    def test_a_stale_file_of_the_same_length(self, tmp_path: Path, seal: FileSeal | None) -> None:
        save(tmp_path, 1, seal=seal)
        stale = (folder_of(tmp_path) / "names.faiss").read_bytes()
        save(tmp_path, 2, seal=seal)
        path = folder_of(tmp_path) / "names.faiss"
        assert path.stat().st_size == len(stale)
        path.write_bytes(stale)
        assert refusal(tmp_path, seal=seal) is SnapshotReason.CHECKSUM

    def test_foreign(self, tmp_path: Path, seal: FileSeal | None) -> None:
        save(tmp_path, origin=Origin("db-2", "names-3", "7"), seal=seal)
        assert refusal(tmp_path, seal=seal) is SnapshotReason.FOREIGN

    @pytest.mark.parametrize("origin", [Origin("db-1", "names-4", "7"), Origin("db-1", "names-3", "8")])
    def test_other_model(self, tmp_path: Path, seal: FileSeal | None, origin: Origin) -> None:
        save(tmp_path, origin=origin, seal=seal)
        assert refusal(tmp_path, seal=seal) is SnapshotReason.OTHER_MODEL

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("format", 2),
            ("format", None),
            ("upto_seq", "many"),
            ("created_at", 5),
            ("origin", ["db-1"]),
            ("origin", {"database_id": "db-1"}),
            ("files", [{"name": "names"}]),
            ("files", 3),
        ],
    )
    def test_a_manifest_of_another_format(self, tmp_path: Path, seal: FileSeal | None, key: str, value: object) -> None:
        save(tmp_path, seal=seal)
        rewrite(tmp_path, lambda fields: fields.update({key: value}), seal)
        assert refusal(tmp_path, seal=seal) is SnapshotReason.FORMAT

    @pytest.mark.parametrize(
        ("key", "value"),
        [("name", "../names"), ("name", ""), ("kind", "pickle"), ("kind", "exact/../x"), ("rows", 6), ("width", 5)],
    )
    def test_a_file_entry_that_does_not_fit(
        self, tmp_path: Path, seal: FileSeal | None, key: str, value: object
    ) -> None:
        save(tmp_path, seal=seal)
        rewrite(tmp_path, lambda fields: fields["files"][0].update({key: value}), seal)
        assert refusal(tmp_path, seal=seal) is SnapshotReason.FORMAT

    @pytest.mark.parametrize("content", [b"[]", b"null", b"{}", b"\xff\xfe", b"[" * 10])
    def test_not_a_manifest(self, tmp_path: Path, seal: FileSeal | None, content: bytes) -> None:
        save(tmp_path, seal=seal)
        put_manifest(tmp_path, content, seal)
        assert refusal(tmp_path, seal=seal) is SnapshotReason.FORMAT

    @pytest.mark.parametrize("name", ["names.faiss", "faces.exact", "regions.table"])
    def test_a_file_its_reader_does_not_know(self, tmp_path: Path, seal: FileSeal | None, name: str) -> None:
        # As after an upgrade of faiss or numpy: the bytes are those written, and yet they cannot be read.
        save(tmp_path, seal=seal)
        content = b"some other format" * 9
        path = folder_of(tmp_path) / name

        def describe(fields: dict[str, Any]) -> None:
            (entry,) = (entry for entry in fields["files"] if f"{entry['name']}.{entry['kind']}" == name)
            with path.open("wb") as file:
                if seal is None:
                    file.write(content)
                    entry["sha256"] = sha256(content).hexdigest()
                else:
                    sealing = seal.sealing(file.write, f"{fields['sealed_as']}/{name}")
                    sealing.write(content)
                    sealing.finish()
            entry["bytes"] = path.stat().st_size

        rewrite(tmp_path, describe, seal)
        assert refusal(tmp_path, seal=seal) is SnapshotReason.FORMAT

    def test_a_save_during_a_load_gives_the_newer_one(
        self, tmp_path: Path, seal: FileSeal | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        save(tmp_path, 1, seal=seal)
        read_bytes, saved = Path.read_bytes, list[Manifest]()

        def slowly(path: Path) -> bytes:
            if path.name == "manifest.json" and not saved:
                saved.append(save(tmp_path, 2, seal=seal))
            return read_bytes(path)

        monkeypatch.setattr(Path, "read_bytes", slowly)
        assert check(load_snapshot(tmp_path, HERE, seal=seal)) == 2
        assert saved


class TestRefusedArguments:
    @pytest.mark.parametrize("name", ["", "Names", "../names", "a.b", "names\n", "नाम"])
    def test_names(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(SnapshotRefused, match="lower-case word"):
            save_snapshot(tmp_path, HERE, 1, NOW, {name: FaissIndex(2)})
        with pytest.raises(SnapshotRefused, match="lower-case word"):
            save_snapshot(tmp_path, HERE, 1, NOW, {}, {name: np.zeros(1)})
        assert names_in(tmp_path) == []

    def test_an_index_and_a_table_of_one_name(self, tmp_path: Path) -> None:
        with pytest.raises(SnapshotRefused, match="share"):
            save_snapshot(tmp_path, HERE, 1, NOW, {"names": FaissIndex(2)}, {"names": np.zeros(1)})

    @pytest.mark.parametrize("table", [np.array([object()]), np.array(3)], ids=["objects", "a single number"])
    def test_tables(self, tmp_path: Path, table: Table) -> None:
        with pytest.raises(SnapshotRefused, match="table: must be"):
            save_snapshot(tmp_path, HERE, 1, NOW, {}, {"table": table})

    @pytest.mark.parametrize("origin", [Origin("", "e", "p"), Origin("d", "", "p"), Origin("d", "e", "")])
    def test_an_origin_that_tells_nothing_apart(self, tmp_path: Path, origin: Origin) -> None:
        with pytest.raises(SnapshotRefused, match="must not be empty"):
            save_snapshot(tmp_path, origin, 1, NOW, {})

    def test_a_time_without_a_zone_and_a_negative_sequence(self, tmp_path: Path) -> None:
        with pytest.raises(SnapshotRefused, match="created_at: needs a time zone"):
            save_snapshot(tmp_path, HERE, 1, NOW.replace(tzinfo=None), {})
        with pytest.raises(SnapshotRefused, match="upto_seq"):
            save_snapshot(tmp_path, HERE, -1, NOW, {})

    def test_an_index_that_could_not_be_loaded(self, tmp_path: Path) -> None:
        class OtherIndex(ExactIndex):
            kind = "other"

        with pytest.raises(SnapshotRefused, match="names: is of a kind"):
            save_snapshot(tmp_path, HERE, 1, NOW, {"names": OtherIndex(2)})


class TestFailures:
    def test_a_full_disk_leaves_the_old_one_in_use(self, tmp_path: Path, seal: FileSeal | None) -> None:
        save(tmp_path, 1, seal=seal)
        before = names_in(tmp_path)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        # The index of faces is 228 bytes, of names 242, the manifest some 700; a seal adds 56.
        for size in (0, 200, 235, 300) if seal is None else (0, 200, 290, 320):
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
            try:
                with pytest.raises(OSError, match="too large"):
                    save(tmp_path, 2, seal=seal)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            assert check(load_snapshot(tmp_path, HERE, seal=seal)) == 1
            assert names_in(tmp_path) == before, "the space is given back"

    def test_an_index_that_fails_to_write(self, tmp_path: Path, seal: FileSeal | None) -> None:
        class FullDisk(ExactIndex):
            def write(self, sink: Sink) -> int:
                sink.write(b"half of")
                raise OSError(28, "No space left on device")

        save(tmp_path, 1, seal=seal)
        before = names_in(tmp_path)
        with pytest.raises(OSError, match="No space left"):
            save_snapshot(
                tmp_path, HERE, 2, NOW, {"names": an_index(FaissIndex(4), 2), "faces": FullDisk(3)}, seal=seal
            )
        assert check(load_snapshot(tmp_path, HERE, seal=seal)) == 1
        assert names_in(tmp_path) == before

    def test_two_savers(self, tmp_path: Path, seal: FileSeal | None) -> None:
        class Slow(ExactIndex):
            def write(self, sink: Sink) -> int:
                inside.set()
                assert go_on.wait(20)
                return super().write(sink)

        save(tmp_path, 1, seal=seal)
        inside, go_on = threading.Event(), threading.Event()
        first = threading.Thread(
            target=save_snapshot, args=(tmp_path, HERE, 2, NOW, {"faces": Slow(3)}), kwargs={"seal": seal}
        )
        first.start()
        try:
            assert inside.wait(20)
            with pytest.raises(SnapshotBusy):
                save(tmp_path, 3, seal=seal)
            assert check(load_snapshot(tmp_path, HERE, seal=seal)) == 1
        finally:
            go_on.set()
            first.join(20)
        assert load_snapshot(tmp_path, HERE, seal=seal).manifest.upto_seq == 2
        save(tmp_path, 3, seal=seal)
        assert check(load_snapshot(tmp_path, HERE, seal=seal)) == 3

    def test_rows_added_while_saving_are_counted_as_written(self, tmp_path: Path, seal: FileSeal | None) -> None:
        class Growing(ExactIndex):
            def write(self, sink: Sink) -> int:
                rows = super().write(sink)
                self.add(np.array([len(self)], np.int64), zeros(1))
                return rows

        def zeros(count: int) -> Vectors:
            return np.zeros((count, 2), np.float32)

        index = Growing(2)
        save_snapshot(tmp_path, HERE, 1, NOW, {"names": index}, seal=seal)
        assert len(index) == 1
        assert len(load_snapshot(tmp_path, HERE, seal=seal).indexes["names"]) == 0

    def test_a_broken_pointer_is_replaced_by_the_next_save(self, tmp_path: Path, seal: FileSeal | None) -> None:
        save(tmp_path, 1, seal=seal)
        (tmp_path / "CURRENT").write_bytes(b"?")
        save(tmp_path, 2, seal=seal)
        assert check(load_snapshot(tmp_path, HERE, seal=seal)) == 2
        assert len(names_in(tmp_path)) == 3


class Crash(BaseException):
    """The process dies here."""


class Dying:
    """Lets the process die at its n-th call that changes the disk; a dead process changes nothing more."""

    CALLS = ("rename", "fsync", "mkdir", "unlink", "rmdir", "open")

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, *, after: bool) -> None:
        self.calls, self.log = 0, list[tuple[str, str]]()
        for name in self.CALLS:
            monkeypatch.setattr(os, name, self._dying(name, getattr(os, name), at, after=after))

    def _dying(self, name: str, real: Callable[..., object], at: int, *, after: bool) -> object:
        def call(*args: object, **kwargs: object) -> object:
            what = str(args[0])
            if name == "open" and not (isinstance(args[1], int) and args[1] & os.O_CREAT):
                return real(*args, **kwargs)
            if name == "fsync":
                what = os.readlink(f"/proc/self/fd/{args[0]}")
            self.calls += 1
            self.log.append((name, what))
            if self.calls > at or (self.calls == at and not after):
                raise Crash
            done = real(*args, **kwargs)
            if self.calls == at:
                raise Crash
            return done

        return call


NEVER = 10**9


def count_of_calls(tmp_path: Path) -> int:
    save(tmp_path / "count", 1)
    with pytest.MonkeyPatch.context() as patch:
        dying = Dying(patch, NEVER, after=False)
        save(tmp_path / "count", 2)
    return dying.calls


@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
def test_a_crash_at_any_step_leaves_one_whole_snapshot(tmp_path: Path, seal: FileSeal | None, after: bool) -> None:
    calls = count_of_calls(tmp_path)
    assert calls > 20
    seen = []
    for at in range(1, calls + 1):
        directory = tmp_path / str(at)
        save(directory, 1, seal=seal)
        with pytest.MonkeyPatch.context() as patch:
            Dying(patch, at, after=after)
            with pytest.raises(Crash):
                save(directory, 2, seal=seal)
        seen.append(check(load_snapshot(directory, HERE, seal=seal)))
        assert check(load_snapshot(directory, HERE, mmap=True, seal=seal)) == seen[-1]
        save(directory, 3, seal=seal)
        assert check(load_snapshot(directory, HERE, seal=seal)) == 3
        assert names_in(directory) == ["CURRENT", "LOCK", folder_of(directory).name], "what a crash left is swept"
    assert seen == sorted(seen), "once switched, never back"
    assert set(seen) == {1, 2}


def test_a_crash_of_the_first_save_is_a_missing_snapshot(tmp_path: Path, seal: FileSeal | None) -> None:
    for at in range(1, 15):
        directory = tmp_path / str(at)
        with pytest.MonkeyPatch.context() as patch:
            Dying(patch, at, after=False)
            with pytest.raises(Crash):
                save(directory, 1, seal=seal)
        assert refusal(directory, seal=seal) is SnapshotReason.MISSING
        save(directory, 2, seal=seal)
        assert check(load_snapshot(directory, HERE, seal=seal)) == 2


def test_nothing_gets_its_name_before_it_is_on_the_disk(tmp_path: Path, seal: FileSeal | None) -> None:
    # A crash of the machine loses what was not forced to disk; the order of the calls is what guards against it.
    save(tmp_path, 1, seal=seal)
    old, left_over = folder_of(tmp_path), tmp_path / "writing-000042"
    left_over.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        log = Dying(patch, NEVER, after=False).log
        save(tmp_path, 2, seal=seal)
    renames = [place for place, (name, _) in enumerate(log) if name == "rename"]
    assert len(renames) == 6  # three files, the manifest, the folder, CURRENT
    for place in renames:
        assert ("fsync", log[place][1]) in log[:place]
    switch = renames[-1]
    assert "CURRENT" in log[switch][1]
    assert ("fsync", str(tmp_path)) in log[renames[-2] : switch], "the folder's name is on disk before the switch"
    assert log[switch + 1] == ("fsync", str(tmp_path))
    assert min(log.index(("unlink", "names.faiss")), log.index(("rmdir", str(old)))) > switch + 1
    assert log.index(("fsync", str(tmp_path))) < log.index(("rmdir", str(left_over))), "an earlier switch is on disk"


def test_an_error_while_deleting_the_old_one_is_told(
    tmp_path: Path, seal: FileSeal | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It holds the vectors of people who may have been erased since: nobody may think it gone.
    save(tmp_path, 1, seal=seal)

    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(1, "not permitted")

    with monkeypatch.context() as patch:
        patch.setattr(os, "rmdir", refuse)
        with pytest.raises(PermissionError):
            save(tmp_path, 2, seal=seal)
    assert check(load_snapshot(tmp_path, HERE, seal=seal)) == 2
    save(tmp_path, 3, seal=seal)
    assert len(names_in(tmp_path)) == 3


def put_manifest(directory: Path, content: bytes, seal: FileSeal | None) -> None:
    """Put a manifest in place whose checksum is right."""
    folder = folder_of(directory)
    (folder / "manifest.json").write_bytes(content)
    line = f"{folder.name} {sha256(content).hexdigest()}"
    proof = f" {seal.key_id} {seal.proof(line.encode())}" if seal else ""
    (directory / "CURRENT").write_text(f"{line}{proof}\n")


def rewrite(directory: Path, change: Callable[[dict[str, Any]], object], seal: FileSeal | None) -> None:
    """Change the fields of the manifest in use, as another version of the writer might."""
    fields = json.loads((folder_of(directory) / "manifest.json").read_bytes())
    change(fields)
    put_manifest(directory, json.dumps(fields).encode(), seal)
