"""Does a keeper with a seal leave nothing readable behind, of any version before, model or key, and lose no answer?"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from api.face_model import FACE_MODEL
from api.index_keeper import IndexKeeper
from api.index_seal import IndexSeal
from api.reembedding import Reembedding
from indexing.search import find_matches
from matcher.person import PersonName, PersonRecord, Side

from .conftest import GREEN, House, picture
from .kept_index import keeper, snapshot_files
from .test_reembedding import NEW, NewCamera

SEAL, OTHER = IndexSeal(bytes(range(32))), IndexSeal(bytes(range(1, 33)))
SAID = {"village": "Vexagram", "marks": ["wart on zygoma"], "address": "Wyxroad 7", "clothing": "bogro"}


def entered(house: House, name: str = "Zubaxida") -> str:
    form = {"side": "missing", "name": name, **SAID}
    case_id: str = house.enter("family", form, picture(GREEN), face_consent=True)["case"]["id"]
    return case_id


def readable(folder: Path, case_id: str) -> bool:
    parts = [case_id.encode(), b"zubaxida", b"vexagram", b"zygoma", b"wyxroad", b"bogro"]
    return any(part in path.read_bytes().lower() for path in snapshot_files(folder) for part in parts)


def found(by: IndexKeeper, house: House) -> set[str]:
    query = PersonRecord("query", Side.RESCUED, (PersonName("Zubaxida"),))
    return {match.pair.left_id for match in find_matches(query, by.index, by.source, house.sandhan.model)}


def test_what_is_saved_is_sealed_and_opened_again(fresh_house: House, tmp_path: Path) -> None:
    case_id, folder = entered(fresh_house), tmp_path / "index"
    keeper(fresh_house, tmp_path / "plain").open()
    assert readable(tmp_path / "plain", case_id)
    one = keeper(fresh_house, folder, seal=SEAL)
    assert one.open().source == "rebuilt"
    assert not readable(folder, case_id)
    other = keeper(fresh_house, folder, seal=SEAL)
    assert (other.open().source, other.status().faces) == ("snapshot", 1)
    assert found(other, fresh_house) == found(one, fresh_house) == {case_id}
    assert other.inspect().reason is None


def test_each_process_follows_and_takes_up_what_another_saved(fresh_house: House, tmp_path: Path) -> None:
    house, folder, early = fresh_house, tmp_path / "index", entered(fresh_house)
    night, serving = (keeper(house, folder, seal=SEAL) for _ in range(2))
    night.open()
    serving.open()
    assert not serving.adopt()
    late = entered(house, "Zubaxida Khatun")
    night.refresh()
    night.save()
    assert not night.adopt(), "its own is what it has"
    before = serving.index
    assert serving.adopt()
    assert serving.index is not before
    assert serving.index.ids(Side.MISSING) == {early, late}
    night.save_if_free()
    assert not serving.adopt(), "nothing has changed, so nothing was written again"


def test_plain_snapshots_of_every_model_are_replaced_and_deleted(
    fresh_house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    case_id, folder = entered(fresh_house), tmp_path / "index"
    keeper(fresh_house, folder).open()
    keeper(fresh_house, folder, "another-embedder/1").open()
    (another,) = tmp_path.glob("index-*")
    assert readable(folder, case_id)
    assert readable(another, case_id)
    with caplog.at_level(logging.INFO):
        status = keeper(fresh_house, folder, seal=SEAL).open()
    assert (status.source, status.missing) == ("rebuilt", 1)
    assert "it was not sealed" in caplog.text
    assert not readable(folder, case_id)
    assert snapshot_files(another) == []
    assert keeper(fresh_house, folder, seal=SEAL).open().source == "snapshot"


def test_a_plain_one_is_deleted_although_no_sealed_one_can_be_written(
    fresh_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    case_id, folder = entered(fresh_house), tmp_path / "index"
    keeper(fresh_house, folder).open()
    monkeypatch.setattr("api.index_keeper.save_index", full)
    one = keeper(fresh_house, folder, seal=SEAL)
    one.open()
    assert found(one, fresh_house) == {case_id}
    assert not readable(folder, case_id)


def test_a_plain_one_that_cannot_be_deleted_is_told(
    fresh_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **_options: object) -> None:
        raise PermissionError(1, "not permitted")

    case_id, folder = entered(fresh_house), tmp_path / "index"
    keeper(fresh_house, folder).open()
    monkeypatch.setattr(os, "unlink", refuse)
    one = keeper(fresh_house, folder, seal=SEAL)
    with pytest.raises(PermissionError):
        one.rebuild()
    assert "could not be deleted" in caplog.text
    assert case_id not in caplog.text


def test_another_key_is_a_reason_of_its_own_and_the_index_is_built_again(
    fresh_house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    case_id, folder = entered(fresh_house), tmp_path / "index"
    keeper(fresh_house, folder, seal=SEAL).open()
    assert keeper(fresh_house, folder, seal=OTHER).inspect().reason is not None
    one = keeper(fresh_house, folder, seal=OTHER)
    status = one.open()
    assert (status.source, status.reason, status.missing) == ("rebuilt", "other_key", 1)
    assert "other_key" in caplog.text
    assert found(one, fresh_house) == {case_id}
    assert keeper(fresh_house, folder, seal=OTHER).open().source == "snapshot"
    # Whoever has no key builds its own as well, and does not serve what it cannot read.
    assert keeper(fresh_house, folder).open().reason == "other_key"


def test_photos_read_again_are_sealed(fresh_house: House, tmp_path: Path) -> None:
    sandhan, case_id, folder = fresh_house.sandhan, entered(fresh_house), tmp_path / "index"
    keeper(fresh_house, folder, FACE_MODEL, seal=SEAL).open()
    again = Reembedding(sandhan.database, NEW, NewCamera(), folder, sandhan.clock, sandhan.random_bytes, SEAL)
    assert again.run().switched
    (new,) = tmp_path.glob("index-*")
    assert [path.name for path in snapshot_files(new) if path.name == "missing_photos.faiss"]
    assert not readable(folder, case_id)
    assert not readable(new, case_id)
