"""`sandhan train retrieval`: the same space whenever it is learned, written down so that it can be read again."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from api.cli import build_app
from api.train_retrieval import TrainedSpace, train_retrieval, write_space
from indexing.record_space import ARTEFACT, SPACE_WIDTH, RecordSpace
from indexing.record_vectors import BLOCKS, WIDTH
from matcher import reference

PEOPLE = 120
PARTS = ("weights", "unknown", "turn", "steps")


@cache
def trained() -> TrainedSpace:
    return train_retrieval(PEOPLE)


def test_it_is_the_same_again() -> None:
    again = train_retrieval(PEOPLE)
    assert again.weights == trained().weights
    for part in PARTS:
        assert np.array_equal(getattr(again.space, part), getattr(trained().space, part))


def test_the_space_has_its_shape_and_the_card_says_its_weights() -> None:
    space, card = trained().space, trained().weights
    assert space.version == ARTEFACT.removesuffix(".npz")
    assert space.turn.shape == (WIDTH + len(BLOCKS), SPACE_WIDTH)
    assert list(card) == list(BLOCKS)
    assert card["name"][0] == 1
    for number, (weight, unknown) in enumerate(card.values()):
        assert weight == pytest.approx(space.weights[number] / space.weights[0], abs=6e-4)
        assert unknown == pytest.approx(space.unknown[number] / space.weights[0], abs=6e-4)
        assert weight >= unknown >= 0
    assert max(card, key=lambda block: card[block]) != "birth"  # parents and places tell apart, a guessed age does not


def test_what_is_written_is_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_space(trained(), tmp_path / "models")
    assert path.name == ARTEFACT
    content = path.read_bytes()
    assert write_space(trained(), tmp_path / "models").read_bytes() == content
    monkeypatch.setattr(reference, "data_root", lambda: tmp_path)
    RecordSpace.load.cache_clear()
    try:
        read = RecordSpace.load()
    finally:
        RecordSpace.load.cache_clear()
    assert read.version == trained().space.version
    for part in PARTS:
        assert np.array_equal(getattr(read, part), getattr(trained().space, part))


def test_other_checksums_stay(tmp_path: Path) -> None:
    sums = tmp_path / "CHECKSUMS.json"
    sums.write_text('{"other.npz": "1"}')
    write_space(trained(), tmp_path)
    assert json.loads(sums.read_text()).keys() == {"other.npz", ARTEFACT}


class TestCommand:
    @pytest.fixture(autouse=True)
    def few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("api.commands.train.train_retrieval", trained)

    def test_it_writes_and_says_the_weights(self, tmp_path: Path) -> None:
        result = CliRunner().invoke(build_app(), ["train", "retrieval", "--out", str(tmp_path)])
        assert result.exit_code == 0, result.output
        assert ARTEFACT in result.output.replace("\n", "")
        assert all(block in result.output for block in BLOCKS)
        assert (tmp_path / ARTEFACT).is_file()

    def test_it_says_them_as_json(self, tmp_path: Path) -> None:
        result = CliRunner().invoke(build_app(), ["train", "retrieval", "--out", str(tmp_path), "--json"])
        assert result.exit_code == 0, result.output
        said = json.loads(result.stdout)
        assert Path(said["file"]) == tmp_path / ARTEFACT
        assert said["version"] == trained().space.version
        assert said["weights"] == {block: list(pair) for block, pair in trained().weights.items()}
