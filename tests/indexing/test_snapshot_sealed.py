"""Can anything of a record be read in a sealed snapshot, and is only what this key sealed, in its place, used?"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from api.index_seal import IndexSeal
from indexing.errors import SnapshotBusy, SnapshotReason, SnapshotUnusable
from indexing.index_files import load_index, save_index
from indexing.match_index import MatchIndex
from indexing.snapshot import discard_unsealed, load_snapshot, save_snapshot
from indexing.snapshot_manifest import Origin
from matcher.names.romanize import romanize
from matcher.names.text_keys import text_keys
from matcher.person import PartialDate, PersonName, PersonRecord, Place, Side

from .made_records import MODEL, a_face, a_report, a_rescue

HERE = Origin(database_id="db-1", encoder_id="names-3", pipeline="7")
NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
SEAL = IndexSeal(bytes(range(32)))
OTHER_SEAL = IndexSeal(bytes(range(1, 33)))

NAMES = ("সুনীতা মণ্ডল", "सुनीता तामाङ", "مہرالنساء بیگم", "மீனாட்சி", "မြင့်မြင့်", "Zubaxida Quorvane", "林小燕", "นงนุช")
PLACES = ("Vexagram", "Wyxroad", "গোসাবা")
PHONES = ("9830155501", "9830155502")
OTHERS = ("wart on zygoma", "PASS-778812", "bogro shawl", "Brindelmoor lane", "Kharwalia")


def people() -> list[PersonRecord]:
    reports = [
        replace(
            a_report(
                f"case-quibble-{number}", name, father=(PersonName(f"{name} Ostrakhan"),), phones=PHONES,
                origin=Place("IN", "West Bengal", "Nadia", village=PLACES[number % 3]), remembered=PLACES,
                marks=OTHERS[:1], identifiers=(("passport", OTHERS[1]),), clothing=OTHERS[2:3], address=OTHERS[3],
                community=OTHERS[4:], birth=PartialDate(date(2009, 3, 7), date(2009, 3, 7)), postcode="741167",
            ),
            faces=(a_face(number),),
        )
        for number, name in enumerate(NAMES)
    ]  # fmt: skip
    return [*reports, a_rescue("case-ostler", NAMES[0], event=PartialDate(date(2023, 1, 2), date(2023, 1, 2)))]


def an_index() -> MatchIndex:
    index = MatchIndex(MODEL)
    index.upsert(people())
    return index


def written_of(said: str) -> Iterator[str]:
    """Yield how a text may be written down: as it was, folded, in Latin letters, and word by word."""
    for text in {said, said.casefold(), said.upper(), romanize(said), romanize(said).casefold()}:
        yield text
        yield from text.split()


def forms(said: str) -> set[bytes]:
    """Return the bytes that a text may be found by; those so short that chance has them anywhere are left out."""
    coded = {text.encode(code) for text in written_of(said) for code in ("utf-8", "utf-16-le", "utf-32-le")}
    return {form for form in coded if len(form) >= 5}


def everything_said() -> list[str]:
    return [*NAMES, *PLACES, *PHONES, *OTHERS, "Ostrakhan", "case-quibble-0", "case-ostler", "West Bengal", "Nadia"]


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def found(directory: Path, forms_of: Iterable[bytes]) -> set[str]:
    """Return the files that hold any of some bytes."""
    sought = list(forms_of)
    return {name for name, content in contents(directory).items() if any(form in content for form in sought)}


def reason(directory: Path, seal: IndexSeal | None = SEAL, expect: Origin = HERE) -> SnapshotReason:
    with pytest.raises(SnapshotUnusable) as caught:
        load_snapshot(directory, expect, seal=seal)
    return caught.value.reason


def folder_of(directory: Path) -> Path:
    return directory / (directory / "CURRENT").read_text().split()[0]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    save_index(tmp_path, HERE, an_index(), NOW, seal=SEAL)
    return tmp_path


class TestNothingToRead:
    def test_of_what_was_said(self, directory: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
        plain = tmp_path_factory.mktemp("plain")
        save_index(plain, HERE, an_index(), NOW)
        for said in everything_said():
            assert not found(directory, forms(said)), said
        # Or looking for it would prove nothing. The others are kept by their sound alone, or as numbers.
        readable = {said for said in everything_said() if found(plain, forms(said))}
        assert readable > {*PLACES, NAMES[0], NAMES[1], NAMES[2], "wart on zygoma", "bogro shawl", "Kharwalia"}
        assert readable > {"Brindelmoor lane", "case-quibble-0", "case-ostler"}

    def test_of_names_as_they_sound_and_of_numbers_by_their_keys(
        self, directory: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        plain, index = tmp_path_factory.mktemp("plain"), an_index()
        save_index(plain, HERE, index, NOW)
        columns = index.segments[0].columns
        sounds = [word for kept in (columns.names, columns.texts) for word in kept.vocabulary if len(word) >= 5]
        assert {"sunita", "jubaksida", "kuorbane", "ostrakan", "minaksi"} <= set(sounds)
        keys = [key.to_bytes(8, "little") for key in text_keys([*PHONES, "case-quibble-3"]).tolist()]
        for part in (*map(str.encode, sounds), keys[-1]):
            assert found(plain, [part])
        for part in (*map(str.encode, sounds), *keys, *(int(phone).to_bytes(8, "little") for phone in PHONES)):
            assert not found(directory, [part])

    def test_of_what_is_computed(self, directory: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
        plain, index = tmp_path_factory.mktemp("plain"), an_index()
        save_index(plain, HERE, index, NOW)
        rows = [a_face(number).vector for number in range(len(NAMES))]
        faces = [(row / np.linalg.norm(row)).astype(np.float32).tobytes() for row in rows]
        tables = [table.tobytes() for segment in index.segments for table in segment.tables().values()]
        parts = [faces[0][:64], *(table[:32] for table in tables if len(table) >= 32 and len(set(table[:32])) > 4)]
        assert len(parts) > 20
        for part in parts[1:]:
            assert found(plain, [part])
            assert not found(directory, [part])
        assert not found(directory, faces)

    def test_what_can_be_read_is_counts_and_versions(self, directory: Path) -> None:
        for name, content in contents(directory).items():
            if name in ("CURRENT", "manifest.json"):
                said = set(re.findall(r"[A-Za-z_]{2,}", content.decode()))
                assert not {word.casefold() for word in said} & {
                    word for text in everything_said() for form in written_of(text) for word in form.casefold().split()
                }
            elif name != "LOCK":
                assert content[:8] == b"SNDSEAL1", name
                # What is sealed looks like chance: a plain table, or one that is only packed, does not.
                assert len(content) < 4096 or len(set(content)) == 256, name

    def test_two_snapshots_of_one_index_have_nothing_in_common(self, directory: Path) -> None:
        before = contents(directory)
        save_index(directory, HERE, an_index(), NOW, seal=SEAL)
        after = contents(directory)
        same = {name for name in before if before[name][8:72] == after[name][8:72]}
        assert same <= {"LOCK", "manifest.json"}


class TestUsedAsItWasSaved:
    def test_an_index(self, directory: Path) -> None:
        index, loaded = an_index(), load_index(directory, HERE, MatchIndex(MODEL), seal=SEAL)
        for side in Side:
            assert loaded.ids(side) == index.ids(side)
            assert loaded.photos[side].owner == index.photos[side].owner
        # And goes on from there.
        loaded.remove(["case-quibble-0"])
        loaded.upsert([a_report("late", "Rina Mondal")])
        assert loaded.ids(Side.MISSING) == (index.ids(Side.MISSING) | {"late"}) - {"case-quibble-0"}
        for segment in loaded.segments[:1]:
            with pytest.raises(ValueError, match="read-only"):
                segment.called[0] = 0


class TestRefused:
    def test_another_key_and_none(self, directory: Path) -> None:
        assert reason(directory, OTHER_SEAL) is SnapshotReason.OTHER_KEY
        assert reason(directory, None) is SnapshotReason.OTHER_KEY

    def test_a_plain_one(self, tmp_path: Path) -> None:
        save_index(tmp_path, HERE, an_index(), NOW)
        assert reason(tmp_path) is SnapshotReason.NOT_SEALED

    def test_any_two_files_that_change_places(self, directory: Path) -> None:
        paths = sorted(path for path in folder_of(directory).iterdir() if path.name != "manifest.json")
        assert len(paths) > 20
        for one, other in pairwise(paths):
            both = one.read_bytes(), other.read_bytes()
            one.write_bytes(both[1])
            other.write_bytes(both[0])
            assert reason(directory) in (SnapshotReason.CHECKSUM, SnapshotReason.TRUNCATED)
            one.write_bytes(both[0])
            other.write_bytes(both[1])
        load_snapshot(directory, HERE, seal=SEAL)

    def test_a_file_of_an_earlier_snapshot_of_the_same_name(self, tmp_path: Path) -> None:
        for name, seq in (("one", 1), ("two", 2)):
            save_snapshot(tmp_path / name, HERE, seq, NOW, {}, {"numbers": np.full(9, seq)}, seal=SEAL)
        one, two = (folder_of(tmp_path / name) for name in ("one", "two"))
        assert one.name == two.name
        shutil.copy(one / "numbers.table", two / "numbers.table")
        assert reason(tmp_path / "two") is SnapshotReason.CHECKSUM

    def test_a_manifest_of_one_and_the_files_of_another(self, tmp_path: Path) -> None:
        for name, seq in (("one", 1), ("two", 2)):
            save_snapshot(tmp_path / name, HERE, seq, NOW, {}, {"numbers": np.full(9, seq)}, seal=SEAL)
        one, two = (folder_of(tmp_path / name) for name in ("one", "two"))
        shutil.copy(one / "manifest.json", two / "manifest.json")
        shutil.copy(tmp_path / "one" / "CURRENT", tmp_path / "two" / "CURRENT")
        assert reason(tmp_path / "two") is SnapshotReason.CHECKSUM

    def test_a_manifest_that_was_written_by_somebody_else(self, directory: Path) -> None:
        folder = folder_of(directory)
        text = (folder / "manifest.json").read_text().replace('"upto_seq": 0', '"upto_seq": 9')
        (folder / "manifest.json").write_text(text)
        proof = (directory / "CURRENT").read_text().split()[2:]
        line = [folder.name, sha256(text.encode()).hexdigest(), *proof]
        (directory / "CURRENT").write_text(" ".join(line) + "\n")
        assert reason(directory) is SnapshotReason.CHECKSUM

    def test_a_folder_that_was_renamed(self, directory: Path) -> None:
        folder = folder_of(directory)
        current = (directory / "CURRENT").read_text()
        folder.rename(directory / "snapshot-000009")
        (directory / "CURRENT").write_text(current.replace(folder.name, "snapshot-000009"))
        assert reason(directory) is SnapshotReason.CHECKSUM

    def test_a_plain_file_among_sealed_ones(self, tmp_path: Path) -> None:
        table = np.arange(5000)
        save_snapshot(tmp_path / "sealed", HERE, 1, NOW, {}, {"numbers": table}, seal=SEAL)
        save_snapshot(tmp_path / "plain", HERE, 1, NOW, {}, {"numbers": np.arange(6000)})
        shutil.copy(folder_of(tmp_path / "plain") / "numbers.table", folder_of(tmp_path / "sealed") / "numbers.table")
        assert reason(tmp_path / "sealed") is SnapshotReason.CHECKSUM


class TestDiscarded:
    def test_a_plain_one_is_deleted_and_a_sealed_one_stays(self, tmp_path: Path) -> None:
        save_index(tmp_path, HERE, an_index(), NOW)
        (tmp_path / "writing-000007").mkdir()
        (tmp_path / "writing-000007" / "names.table").write_bytes(b"Zubaxida")
        assert discard_unsealed(tmp_path)
        assert set(contents(tmp_path)) == {"LOCK"}
        assert not discard_unsealed(tmp_path)
        save_index(tmp_path, HERE, an_index(), NOW, seal=SEAL)
        before = contents(tmp_path)
        assert not discard_unsealed(tmp_path)
        assert contents(tmp_path) == before

    def test_what_a_crash_left_before_anything_was_in_use(self, tmp_path: Path) -> None:
        (tmp_path / "writing-000001").mkdir()
        (tmp_path / "writing-000001" / "names.table").write_bytes(b"Zubaxida")
        assert discard_unsealed(tmp_path)
        assert set(contents(tmp_path)) == {"LOCK"}

    def test_where_there_is_nothing(self, tmp_path: Path) -> None:
        assert not discard_unsealed(tmp_path)
        assert not discard_unsealed(tmp_path / "nowhere")
        assert not (tmp_path / "nowhere").exists()

    def test_while_another_process_saves(self, tmp_path: Path) -> None:
        save_index(tmp_path, HERE, an_index(), NOW)
        refused: list[bool] = []

        class Interrupting(IndexSeal):
            def fresh_id(self) -> str:
                with pytest.raises(SnapshotBusy):
                    discard_unsealed(tmp_path)
                refused.append(True)
                return super().fresh_id()

        save_index(tmp_path, HERE, an_index(), NOW, seal=Interrupting(bytes(32)))
        assert refused
        assert load_snapshot(tmp_path, HERE, seal=IndexSeal(bytes(32))).manifest.sealed_as
