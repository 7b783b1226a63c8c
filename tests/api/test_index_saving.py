"""What is on the disk, and who waits for it: snapshots saved while others follow, and an index that is being built."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, update

from api import index_building
from api.face_model import FACE_MODEL
from api.index_keeper import IndexKeeper
from api.store import cases, keys, tables
from indexing.index_files import save_index
from indexing.photo_rows import faces_of
from indexing.record_vectors import PIPELINE
from indexing.search import find_matches
from indexing.segment import keys_of_ids
from indexing.snapshot import save_snapshot
from matcher.person import PersonName, PersonRecord, Side

from .conftest import GREEN, START, House, TickingClock, picture, settled_house
from .kept_index import keeper, snapshot_files

CLAY = (160, 96, 96)


class BackwardsClock(TickingClock):
    """Each time it is asked, a day has been taken away."""

    def __call__(self) -> datetime:
        self.advance(days=-1)
        return super().__call__()


def test_a_clock_that_is_moved_back_changes_nothing(fresh_house: House, tmp_path: Path) -> None:
    house = fresh_house
    clock, taken = BackwardsClock(), set[str]()
    for number in range(3):
        taken.add(house.enter("family", {"side": "missing", "name": f"Rina {number}"})["case"]["id"])
        one = keeper(house, tmp_path / "index", clock=clock)
        one.open()
        one.save()
        after = keeper(house, tmp_path / "index", clock=clock)
        assert (after.open().source, after.status().behind) == ("snapshot", 0)
        assert after.index.ids(Side.MISSING) == taken


def test_a_snapshot_of_the_layout_before_is_built_again_and_deleted(fresh_house: House, tmp_path: Path) -> None:
    fresh_house.enter("family", {"side": "missing", "name": "Rina"})
    one = keeper(fresh_house, tmp_path / "index")
    one.open()
    origin = replace(one._origin(), pipeline=f"{PIPELINE}+match-index-1")
    save_snapshot(tmp_path / "index", origin, one.index.upto_seq, START, {}, {"names": np.zeros(3)})
    (old,) = (tmp_path / "index").glob("snapshot-*")
    status = keeper(fresh_house, tmp_path / "index").open()
    assert (status.source, status.reason, status.records) == ("rebuilt", "other_model", 1)
    assert not old.exists()
    assert keeper(fresh_house, tmp_path / "index").open().source == "snapshot"


def test_a_snapshot_in_which_a_record_is_twice_is_built_again(fresh_house: House, tmp_path: Path) -> None:
    fresh_house.enter("family", {"side": "missing", "name": "Rina"})
    one = keeper(fresh_house, tmp_path / "index")
    one.open()
    tables = {f"s{number}_{name}": table for number in (0, 1) for name, table in one.index.segments[0].tables().items()}
    indexes = {f"{side}_photos": photos.index for side, photos in one.index.photos.items()}
    tables |= {f"{side}_photo_owners": np.frombuffer(b"[]", dtype=np.uint8) for side in Side}
    save_snapshot(tmp_path / "index", one._origin(), one.index.upto_seq, START, indexes, tables)
    status = keeper(fresh_house, tmp_path / "index").open()
    assert (status.source, status.reason, status.records) == ("rebuilt", "format", 1)


def test_nothing_of_who_was_erased_is_on_the_disk_after_the_next_snapshot(fresh_house: House, tmp_path: Path) -> None:
    house, folder = fresh_house, tmp_path / "index"
    house.enter("family", {"side": "missing", "name": "Rina"}, picture(CLAY), face_consent=True)
    said = {"village": "Vexagram", "marks": ["wart on zygoma"], "address": "Wyxroad 7", "clothing": "bogro"}
    she = house.enter("family", {"side": "missing", "name": "Zubaxida", **said}, picture(GREEN), face_consent=True)
    case_id = she["case"]["id"]
    one, other = keeper(house, folder), keeper(house, folder)
    one.open()
    other.open()
    (record,) = one.source.records([case_id])
    (face,) = faces_of(record, FACE_MODEL, 128)
    key = int(keys_of_ids([case_id])[0]).to_bytes(8, "little")
    hers = [*(text.encode() for text in (case_id, "zygoma", "wyxroad", "bogro")), key, face.tobytes()]
    assert all(on_disk(folder, part) for part in hers)
    house.ask("family", "POST", f"/v1/cases/{case_id}/close")
    one.refresh()
    one.save()
    assert not any(on_disk(folder, part) for part in hers)
    assert one.status().faces == 1
    # Who has the old snapshot mapped finds her no more all the same.
    other.refresh()
    assert other.index.ids(Side.MISSING) == one.index.ids(Side.MISSING)
    assert case_id not in other.index.ids(Side.MISSING)


def on_disk(folder: Path, part: bytes) -> bool:
    return any(part in content or part in content.lower() for content in map(Path.read_bytes, snapshot_files(folder)))


def test_after_saving_a_process_does_not_go_back_to_what_another_knew(
    fresh_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = fresh_house
    early = house.enter("family", {"side": "missing", "name": "Rina"})["case"]["id"]
    one, behind = keeper(house, tmp_path / "index"), keeper(house, tmp_path / "index")
    one.open()
    behind.open()
    late = house.enter("family", {"side": "missing", "name": "Mina"})["case"]["id"]
    one.refresh()
    real = save_index

    def and_another_saves(*arguments: Any, **options: Any) -> None:
        real(*arguments, **options)
        real(tmp_path / "index", behind._origin(), behind.index, START)

    monkeypatch.setattr("api.index_keeper.save_index", and_another_saves)
    one.save()
    assert one.index.ids(Side.MISSING) == {early, late}
    # What lies on the disk is whole, and whoever opens it catches up.
    assert keeper(house, tmp_path / "index").open().behind == 0


def test_who_has_an_old_snapshot_mapped_searches_it_after_it_was_deleted(fresh_house: House, tmp_path: Path) -> None:
    house, folder, known = fresh_house, tmp_path / "index", {"name": "Sunita Mondal", "phone": "9830155501"}
    early = house.enter("family", {"side": "missing", **known})["case"]["id"]
    one, other = keeper(house, folder), keeper(house, folder)
    one.open()
    other.open()
    (mapped,) = folder.glob("snapshot-*")
    late = house.enter("family", {"side": "missing", **known})["case"]["id"]
    one.refresh()
    one.save()
    assert not mapped.exists()
    query = PersonRecord("query", Side.RESCUED, (PersonName("Sunita Mondal"),))

    def found(by: IndexKeeper) -> set[str]:
        return {match.pair.left_id for match in find_matches(query, by.index, by.source, house.sandhan.model)}

    assert found(other) == {early}
    other.refresh()
    assert found(other) == found(one) == {early, late}
    other.save()
    assert found(other) == {early, late}
    assert keeper(house, folder).open().source == "snapshot"


def test_what_has_not_changed_is_not_written_again(fresh_house: House, tmp_path: Path) -> None:
    house = fresh_house
    house.enter("family", {"side": "missing", "name": "Rina"})
    keeper(house, tmp_path / "index").open()
    before = (tmp_path / "index" / "CURRENT").read_bytes()
    one = keeper(house, tmp_path / "index")
    one.open()
    one.save_if_free()
    assert (tmp_path / "index" / "CURRENT").read_bytes() == before
    house.enter("family", {"side": "missing", "name": "Mina"})
    one.refresh()
    one.save_if_free(ending=True)
    assert (tmp_path / "index" / "CURRENT").read_bytes() != before
    status = keeper(house, tmp_path / "index").open()
    assert (status.source, status.records) == ("snapshot", 2)


@contextmanager
def being_built(of: IndexKeeper, monkeypatch: pytest.MonkeyPatch, build: Callable[..., object]) -> Iterator[None]:
    """Have an index built by another thread, which has read some cases and waits while the test goes on."""
    monkeypatch.setattr(index_building, "PAGE", 1)
    reached, go_on = threading.Event(), threading.Event()
    real = index_building.read_page

    def hold(*arguments: Any) -> index_building.Page:
        if of.built:
            reached.set()
            assert go_on.wait(60)
        return real(*arguments)

    monkeypatch.setattr(index_building, "read_page", hold)
    builder = threading.Thread(target=build)
    builder.start()
    try:
        assert reached.wait(60)
        yield
    finally:
        go_on.set()
        builder.join(60)


def test_while_the_index_is_built_nobody_waits_for_its_state(
    fresh_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        fresh_house.enter("family", {"side": "missing", "name": f"Rina {number}"})
    one = keeper(fresh_house, tmp_path / "index")
    with being_built(one, monkeypatch, one.open), ThreadPoolExecutor(1) as pool:
        assert (one.opening, one.built) == (True, (1, 3))
        assert pool.submit(one.status).result(30).records == 0
    assert (one.opening, one.built, one.status().records) == (False, None, 3)


def test_while_the_index_is_built_cases_come_in_and_are_compared_after(
    fresh_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, known = fresh_house, {"name": "Sunita Mondal", "father_name": "Ramesh Mondal", "phone": "9830155501"}
    for side, who in (("missing", "family"), ("rescued", "shelter")):
        house.enter(who, {"side": side, "name": "Rina"})
    asked = {"person": {"side": "rescued", **known}, "purpose": "identify-rescued-person"}
    with being_built(house.sandhan.keeper, monkeypatch, house.sandhan.keeper.rebuild):
        assert house.enter("family", {"side": "missing", **known})["matches"] == []
        late = house.enter("shelter", {"side": "rescued", **known})
        assert late["matches"] == []
        answer = house.ask("stranger", "POST", "/v1/matches/query", json=asked)
        assert (answer.status_code, answer.json()["code"]) == (503, "index_opening")
        answer = house.client.get("/v1/ready")
        assert (answer.status_code, answer.json()["ready"]) == (200, True)
        assert answer.json()["checks"]["index"] == "being built from the database: 1 of 2 cases"
        with house.sandhan.database.read() as conn:
            assert len(cases.unmatched(conn, 10)) == 2
    house.sandhan.cases.recover()
    case_id = late["case"]["id"]
    found = house.ask("shelter", "GET", "/v1/matches", params={"case_id": case_id}).json()["items"]
    assert [match["rescued"]["id"] for match in found] == [case_id]
    assert house.client.get("/v1/ready").json()["checks"]["index"].startswith("ok (rebuilt")


def test_a_full_disk_at_the_end_is_told_and_the_old_snapshot_stays(
    dialect: str, tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with settled_house(dialect, tmp_path / "home", template) as house:
        before = snapshot_files(house.sandhan.settings.index_folder)
        house.enter("family", {"side": "missing", "name": "Rina"})
        monkeypatch.setattr("api.index_keeper.save_index", full)
    assert "No space left on device" in caplog.text
    assert "Rina" not in caplog.text
    assert snapshot_files(tmp_path / "home" / "index") == before != []


def test_a_stored_face_of_another_width_is_left_out_and_her_record_is_found(
    fresh_house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = fresh_house
    early = house.enter("family", {"side": "missing", "name": "Rina"})["case"]["id"]
    one = keeper(house, tmp_path / "index")
    one.open()
    with_photo = house.enter("family", {"side": "missing", "name": "Mina"}, picture(GREEN), face_consent=True)
    case_id, kept = with_photo["case"]["id"], tables.faces.c
    whole = one.source.records([case_id])[0].faces[0].vector
    mine = update(tables.faces).where(kept.case_id == case_id)

    def store(vector: Any) -> None:
        with house.sandhan.database.write() as conn:
            face_id = conn.scalar(select(kept.id).where(kept.case_id == case_id))
            sealed = keys.seal_for_case(conn, case_id, f"faces.vector:{face_id}", vector.astype("<f4").tobytes())
            conn.execute(mine.values(vector=sealed))

    store(whole[:64])
    one.refresh()
    assert (one.index.ids(Side.MISSING), one.status().faces) == ({early, case_id}, 0)
    assert "1 stored faces cannot be used" in caplog.text
    assert case_id not in caplog.text
    fresh = keeper(house, tmp_path / "fresh")
    assert (fresh.open().missing, fresh.status().faces) == (2, 0)
    house.sandhan.cases.recover()  # and she is compared
    with house.sandhan.database.read() as conn:
        assert cases.unmatched(conn, 10) == []
    store(whole)
    fresh.rebuild()
    assert fresh.status().faces == 1


def test_a_snapshot_that_another_process_saved_is_taken_up(fresh_house: House, tmp_path: Path) -> None:
    house, folder = fresh_house, tmp_path / "index"
    ids = [house.enter("family", {"side": "missing", "name": name})["case"]["id"] for name in ("Rina", "Mina")]
    night, serving = keeper(house, folder), keeper(house, folder)
    night.open()
    serving.open()
    assert not serving.adopt()
    house.ask("family", "POST", f"/v1/cases/{ids[0]}/close")
    serving.refresh()
    before = serving.index
    assert not before.segments[0].alive.all()  # found no more, and still in the file that is mapped
    night.refresh()
    night.save()
    late = house.enter("family", {"side": "missing", "name": "Bina"})["case"]["id"]
    assert serving.adopt()
    assert serving.index is not before
    assert serving.index.ids(Side.MISSING) == {ids[1], late}  # and what came after that snapshot
    assert all(ids[0] not in segment.columns.ids for segment in serving.index.segments)
    assert not serving.adopt()
    (folder / "CURRENT").write_bytes(b"nothing of the kind")
    assert not serving.adopt()
    assert serving.index.ids(Side.MISSING) == {ids[1], late}
    assert not serving.adopt()  # told once


def test_who_was_erased_is_gone_from_the_disk_while_the_service_runs(fresh_house: House, tmp_path: Path) -> None:
    house = fresh_house
    kept = house.enter("family", {"side": "missing", "name": "Rina"})["case"]["id"]
    gone = house.enter("family", {"side": "missing", "name": "Mina"})["case"]["id"]
    one = keeper(house, tmp_path / "index")
    one.open()
    one.save()
    assert not one.save_what_was_erased()
    assert house.ask("family", "DELETE", f"/v1/cases/{gone}?reason=wish").status_code == 204
    assert one.save_what_was_erased()
    other = keeper(house, tmp_path / "index")
    assert other.inspect().source == "snapshot"  # nothing is followed here: this is what lies on the disk
    assert other.index.ids(Side.MISSING) == {kept}
    assert not one.save_what_was_erased()
