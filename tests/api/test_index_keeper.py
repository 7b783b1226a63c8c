"""The index is a copy of the database: built again when its snapshot cannot be trusted, and never behind."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from api import index_building
from api.cases.forms import CaseForm
from api.face_model import FACE_MODEL
from api.index_keeper import IndexKeeper
from api.store import changes, open_cases, sharing_tables, tables
from data.synthetic import linked_sample
from indexing.search import find_matches_batch
from matcher.person import Side

from .conftest import GREEN, House, empty_database, open_house, picture, settle
from .kept_index import keeper, snapshot_files

REPORTS, RESCUES = 30, 15
SAMPLE = linked_sample(7, REPORTS, RESCUES)
Answers = list[list[tuple[str, float, tuple[str, ...]]]]


@pytest.fixture(scope="module")
def filled(dialect: str, tmp_path_factory: Any, template: Path) -> Iterator[House]:
    """A house with a small population, photos among it."""
    home = tmp_path_factory.mktemp("filled") / "home"
    with empty_database(dialect, home, template) as url, open_house(home, url) as house:
        house.sandhan.open_index()
        settle(house)
        scopes = {name: house.sandhan.partners.scope_of(house[name].key) for name in ("family", "shelter")}
        for record in (*SAMPLE.reports, *SAMPLE.rescues):
            form = CaseForm(side=record.side.value, face_consent=True, **record.fields)
            colour = (GREEN[0], GREEN[1], 32 * (int(record.record_id[-2]) % 4))
            uploads = [picture(colour)] if record.record_id.endswith("3") else []
            owner = scopes["family" if record.side is Side.MISSING else "shelter"]
            house.sandhan.cases.register(form, owner, uploads, match=False)
        yield house


def answers(house: House, of: IndexKeeper) -> Answers:
    """Return what a search finds for each rescued person and some of the reports, with weights and routes."""
    found: Answers = []
    for side in Side:
        ids = sorted(of.index.ids(side))[-RESCUES:]
        queries = sorted(of.source.records(ids), key=lambda record: record.record_id)
        for matches in find_matches_batch(queries, of.index, of.source, house.sandhan.model, limit=20):
            found.append([(one.pair.left_id + one.pair.right_id, one.pair.weight, one.routes) for one in matches])
    return found


def test_a_missing_snapshot_is_built_from_the_database_and_saved(filled: House, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    first = keeper(filled, tmp_path).open(lambda done, of: told.append((done, of)))
    assert (first.source, first.reason) == ("rebuilt", "missing")
    assert (first.records, first.missing, first.rescued, first.behind) == (REPORTS + RESCUES, REPORTS, RESCUES, 0)
    assert first.faces > 0
    assert told[-1] == (REPORTS + RESCUES, REPORTS + RESCUES)
    second = keeper(filled, tmp_path).open()
    assert (second.source, second.reason) == ("snapshot", None)
    assert (second.records, second.faces, second.upto_seq) == (first.records, first.faces, first.upto_seq)


def test_a_snapshot_answers_as_the_index_that_it_was_made_of(filled: House, tmp_path: Path) -> None:
    built, loaded = keeper(filled, tmp_path), keeper(filled, tmp_path)
    built.open()
    assert loaded.open().source == "snapshot"
    expected = answers(filled, built)
    assert answers(filled, loaded) == expected
    assert sum(bool(found) for found in expected) > RESCUES
    assert any("photo" in routes for found in expected for _, _, routes in found)
    # And it can be changed like the other: the same record again, taken out, put back.
    record = loaded.source.records(sorted(loaded.index.ids(Side.MISSING))[:1])
    for index in (built.index, loaded.index):
        index.remove([record[0].record_id])
        assert len(index) == REPORTS + RESCUES - 1
        index.upsert(record)
    assert answers(filled, loaded) == answers(filled, built)


def test_a_flipped_byte_anywhere_is_noticed(filled: House, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keeper(filled, tmp_path).open()
    count = len(snapshot_files(tmp_path))
    assert count > 10
    for number in range(count):
        path = snapshot_files(tmp_path)[number]
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0x10
        path.write_bytes(content)
        caplog.clear()
        status = keeper(filled, tmp_path).open()
        assert (status.source, status.records, status.behind) == ("rebuilt", REPORTS + RESCUES, 0), path.name
        assert status.reason in ("checksum", "format", "missing"), path.name
        # The next start finds a whole one again.
        assert keeper(filled, tmp_path).open().source == "snapshot"
    (warning,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "building the index from the database" in warning.getMessage()


@pytest.mark.parametrize("name", ["CURRENT", "manifest.json", "missing_photos.faiss", "s0_names_tokens.table"])
@pytest.mark.parametrize("how", ["cut short", "gone"])
def test_a_file_cut_short_or_gone_is_noticed(filled: House, tmp_path: Path, name: str, how: str) -> None:
    keeper(filled, tmp_path).open()
    (path,) = [file for file in snapshot_files(tmp_path) if file.name == name]
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-7])
    status = keeper(filled, tmp_path).open()
    assert (status.source, status.records) == ("rebuilt", REPORTS + RESCUES)
    assert status.reason in ("missing", "truncated", "checksum", "format")


def test_another_face_model_has_an_index_of_its_own(filled: House, tmp_path: Path) -> None:
    assert keeper(filled, tmp_path).open().faces > 0
    other = keeper(filled, tmp_path, "another-embedder/1").open()
    # Each face model has snapshots of its own: a second index is made ready beside the first.
    assert (other.source, other.reason) == ("rebuilt", "missing")
    assert (other.records, other.faces) == (REPORTS + RESCUES, 0)  # distances never mix models
    assert keeper(filled, tmp_path).open().source == "snapshot"


def test_a_snapshot_of_another_database_is_not_used(filled: House, tmp_path: Path, template: Path) -> None:
    keeper(filled, tmp_path / "index").open()
    with empty_database("sqlite", tmp_path / "home", template), open_house(tmp_path / "home", seed=2) as other:
        status = keeper(other, tmp_path / "index").open()
    assert (status.source, status.reason, status.records) == ("rebuilt", "foreign", 0)


def test_a_database_put_back_to_an_earlier_day_is_not_mixed_with_a_later_snapshot(
    fresh_house: House, tmp_path: Path
) -> None:
    house = fresh_house
    early = house.enter("family", {"side": "missing", "name": "Rina"})["case"]["id"]
    with house.sandhan.database.read() as conn:
        seq = changes.latest_seq(conn)
    late = house.enter("family", {"side": "missing", "name": "Mina"})["case"]["id"]
    keeper(house, tmp_path).open()
    with house.sandhan.database.write() as conn:
        conn.execute(delete(tables.changes).where(tables.changes.c.seq > seq))
        conn.execute(delete(sharing_tables.consents).where(sharing_tables.consents.c.case_id == late))
        conn.execute(delete(tables.record_keys).where(tables.record_keys.c.case_id == late))
        conn.execute(delete(tables.case_versions).where(tables.case_versions.c.case_id == late))
        conn.execute(delete(tables.cases).where(tables.cases.c.id == late))
    after = keeper(house, tmp_path)
    status = after.open()
    assert (status.source, status.reason, status.behind) == ("rebuilt", "foreign", 0)
    assert after.index.ids(Side.MISSING) == {early}


def test_a_snapshot_behind_the_database_catches_up(fresh_house: House, tmp_path: Path) -> None:
    house = fresh_house
    kept = house.enter("family", {"side": "missing", "name": "Rina"})["case"]["id"]
    closed = house.enter("family", {"side": "missing", "name": "Mina"})["case"]["id"]
    keeper(house, tmp_path).open()
    added = house.enter("shelter", {"side": "rescued", "name": "Tina"})["case"]["id"]
    house.ask("family", "POST", f"/v1/cases/{closed}/close")
    after = keeper(house, tmp_path)
    status = after.open()
    assert (status.source, status.behind) == ("snapshot", 0)
    assert after.index.ids(Side.MISSING) == {kept}
    assert after.index.ids(Side.RESCUED) == {added}


def test_changes_of_another_process_are_followed(dialect: str, tmp_path: Path, template: Path) -> None:
    known = {"name": "সুনীতা মণ্ডল", "father_name": "রমেশ মণ্ডল", "phone": "9830155501", "birth_date": "2011-05-30"}
    ask = {"person": {"side": "rescued", **known}, "purpose": "identify-rescued-person"}
    with (
        empty_database(dialect, tmp_path / "home", template) as url,
        open_house(tmp_path / "home", url) as one,
        open_house(tmp_path / "home", url, seed=2) as two,
    ):
        one.sandhan.open_index()
        two.sandhan.open_index()
        settle(one)
        two.members = one.members
        two.clock.advance(minutes=1)  # the agreement holds from when the first house made it

        def found() -> list[tuple[str, int]]:
            matches = two.ask("stranger", "POST", "/v1/matches/query", json=ask).json()["matches"]
            return [(match["missing"]["id"], len(match["missing"]["initials"])) for match in matches]

        assert found() == []
        case_id = one.enter("family", {"side": "missing", **known})["case"]["id"]
        assert two.sandhan.keeper.status().behind == 1
        assert found() == [(case_id, 1)]
        assert two.sandhan.keeper.status().behind == 0
        form = {"side": "missing", **known, "nickname": "বুড়ি"}
        one.send("family", form, path=f"/v1/cases/{case_id}", method="PUT")
        assert found() == [(case_id, 2)]
        one.ask("family", "POST", f"/v1/cases/{case_id}/close")
        assert found() == []
        one.ask("family", "POST", f"/v1/cases/{case_id}/reopen")
        # A case that comes in by one process is compared with what came in by the other.
        assert two.enter("shelter", {"side": "rescued", **known})["matches"]
        assert len(one.sandhan.keeper.index) < len(two.sandhan.keeper.index)
        one.sandhan.keeper.refresh()
        assert answers(one, one.sandhan.keeper) == answers(two, two.sandhan.keeper)


def test_a_photo_read_later_reaches_the_index(fresh_house: House) -> None:
    house = fresh_house
    house.photographer.busy = True
    house.enter("family", {"side": "missing", "name": "Rina"}, picture(GREEN))
    house.sandhan.keeper.refresh()
    assert house.sandhan.keeper.status().faces == 0
    house.photographer.busy = False
    house.sandhan.cases.recover()
    house.sandhan.keeper.refresh()
    assert house.sandhan.keeper.status().faces == 1


def test_consent_withdrawn_takes_the_face_out_of_the_index(fresh_house: House) -> None:
    house = fresh_house
    form = {"side": "rescued", "name": "Rina"}
    case_id = house.enter("shelter", form, picture(GREEN), face_consent=True)["case"]["id"]
    house.sandhan.keeper.refresh()
    assert house.sandhan.keeper.status().faces == 1
    house.send("shelter", form | {"face_consent": False}, path=f"/v1/cases/{case_id}", method="PUT")
    house.sandhan.keeper.refresh()
    assert house.sandhan.keeper.status().faces == 0


def test_a_rebuild_that_was_asked_for_equals_the_index_it_replaces(filled: House, tmp_path: Path) -> None:
    one = keeper(filled, tmp_path)
    one.open()
    before = answers(filled, one)
    status = one.rebuild()
    assert (status.source, status.reason, status.behind) == ("rebuilt", "asked for", 0)
    assert answers(filled, one) == before


def test_while_another_process_saves_the_index_opens_all_the_same(filled: House, tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "LOCK", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        one = keeper(filled, tmp_path)
        assert one.open().records == REPORTS + RESCUES
        assert snapshot_files(tmp_path) == []
    finally:
        os.close(descriptor)
    one.save()
    assert keeper(filled, tmp_path).open().source == "snapshot"


def _in_small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_building, "PAGE", 8)
    monkeypatch.setattr(index_building, "ALONE_TO", 8)


def test_several_processes_build_the_index_that_one_builds(
    filled: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, together = keeper(filled, tmp_path / "one"), keeper(filled, tmp_path / "two", processes=2)
    alone.rebuild()
    _in_small_pages(monkeypatch)
    told: list[tuple[int, int]] = []
    status = together.rebuild(lambda done, total: told.append((done, total)))
    assert status.faces == alone.status().faces > 0
    assert len(told) > 3
    assert told[-1] == (REPORTS + RESCUES, REPORTS + RESCUES)
    assert answers(filled, together) == answers(filled, alone)
    assert together.index.context == alone.index.context


def test_the_index_is_built_when_a_process_that_reads_for_it_ends(
    filled: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _in_small_pages(monkeypatch)
    taken = 0

    def reads_and_dies(*_: object) -> Iterator[index_building.Page]:
        nonlocal taken
        with filled.sandhan.database.read() as conn:
            for part in open_cases.equal_ranges(conn, 4)[:2]:
                taken += 1
                yield index_building._read(conn, part, FACE_MODEL, 128)
        raise BrokenProcessPool

    monkeypatch.setattr(index_building, "_read_by", reads_and_dies)
    one = keeper(filled, tmp_path, processes=2)
    assert one.rebuild().records == REPORTS + RESCUES
    assert taken == 2
    assert "without help" in caplog.text
    fresh = keeper(filled, tmp_path / "fresh")
    fresh.rebuild()
    assert answers(filled, one) == answers(filled, fresh)


def test_a_full_disk_leaves_an_index_that_serves(
    filled: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("api.index_keeper.save_index", full)
    one = keeper(filled, tmp_path)
    status = one.open()
    assert (status.records, status.source) == (REPORTS + RESCUES, "rebuilt")
    assert "No space left" in caplog.text
    assert any(answers(filled, one))
    with pytest.raises(OSError, match="No space left"):
        one.save()
