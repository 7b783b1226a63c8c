"""Is the name encoder made from what its card says, and from nothing that is held out?"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from api.cli import build_app
from api.train_names import (
    ENCODER_ID,
    PairsProblem,
    SpellingPair,
    TrainedNames,
    cldr_cities,
    cldr_pairs,
    concepts_of,
    held_out,
    own_pairs,
    read_pairs,
    write_names,
)
from matcher.names.encoder import ARTEFACT, NAME_WIDTH
from matcher.names.features import BUCKETS
from matcher.names.learning import Settings

GIVEN = "native_script\tlatin\tlang\nসুনীতা\tSunita\tbn\nসুনীতা\tSuneeta\tbn\nचेचक\tsmallpox\thi\n"


def written(folder: Path, text: str, name: str = "pairs.tsv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_pairs_of_a_file(tmp_path: Path) -> None:
    pairs = list(read_pairs(written(tmp_path, GIVEN)))
    assert pairs[0] == SpellingPair("bn", "token", "সুনীতা", ("Sunita",))


def test_a_file_of_entities_gives_two_languages(tmp_path: Path) -> None:
    text = "urdu\tenglish_label\thindi\twikidata\nبلجئیم\tBelgium\tबेल्जियम\tQ31\n"
    assert [(pair.lang, pair.latin) for pair in read_pairs(written(tmp_path, text))] == [
        ("ur", ("Belgium",)),
        ("hi", ("Belgium",)),
    ]


def test_a_file_without_a_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PairsProblem, match="lang"):
        list(read_pairs(written(tmp_path, "native_script\tlatin\nक\tka\n")))


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_bytes(b"native_script\tlatin\tlang\n" + b"\xff\xfe")
    with pytest.raises(PairsProblem, match="UTF-8"):
        list(read_pairs(path))


def test_spellings_of_one_name_meet_and_translations_are_left_out(tmp_path: Path) -> None:
    concepts = [c for c in concepts_of(read_pairs(written(tmp_path, GIVEN)), seed=1) if c.lang != "ar"]
    assert [(concept.native[0], concept.latin) for concept in concepts] == [("সুনীতা", ("Sunita", "Suneeta"))]


def test_what_is_held_out_is_not_learned_from(tmp_path: Path) -> None:
    pairs = list(read_pairs(written(tmp_path, GIVEN)))
    assert concepts_of(pairs, 1, without=frozenset({"sunita", "suneeta"})) == []
    assert concepts_of(pairs, 1, without=frozenset({"সুনীতা"})) == []


def test_concepts_are_the_same_for_the_same_seed() -> None:
    pairs = list(own_pairs())[:500]
    assert concepts_of(pairs, 3) == concepts_of(pairs, 3)


def test_our_own_tables_hold_every_language_of_the_region() -> None:
    langs = {pair.lang for pair in own_pairs()}
    assert langs >= {"as", "bn", "hi", "ne", "my", "ta", "th", "ur", "or", "pa", "gu", "te", "kn", "ml", "si", "sat"}


def test_held_out_cities_are_never_learned_from() -> None:
    pytest.importorskip("babel", reason="the training extra is not installed")
    kept = {native for zone, native, _ in cldr_cities("bn") if held_out(zone)}
    learned = {pair.native for pair in cldr_pairs() if pair.lang == "bn" and pair.kind == "place"}
    assert len(kept) > 150
    # A city may be a territory's name as well (Singapore): few.
    assert len(kept & learned) < 40


def any_table() -> TrainedNames:
    rng = np.random.default_rng(5)
    table = rng.standard_normal((BUCKETS, NAME_WIDTH), dtype=np.float32)
    return TrainedNames(table, {"bn": 2}, Settings())


def test_what_is_written_is_what_was_learned_to_a_hundredth(tmp_path: Path) -> None:
    trained = any_table()
    path = write_names(trained, tmp_path)
    assert (
        json.loads((tmp_path / "CHECKSUMS.json").read_text())[ARTEFACT] == hashlib.sha256(path.read_bytes()).hexdigest()
    )
    with np.load(path, allow_pickle=False) as arrays:
        again = arrays["directions"].astype(np.float32) * arrays["scales"].astype(np.float32)[:, None]
    assert np.abs(again - trained.table).max() < 0.03
    assert path.read_bytes() == write_names(trained, tmp_path).read_bytes()
    with np.load(path) as arrays:
        assert str(arrays["encoder_id"]).startswith(f"{ENCODER_ID}-")


def test_the_command_trains_and_says_so(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the training extra is not installed")
    pytest.importorskip("babel", reason="the training extra is not installed")
    pairs = written(tmp_path, GIVEN)
    result = CliRunner().invoke(
        build_app(), ["train", "names", "--pairs", str(pairs), "--out", str(tmp_path), "--steps", "1"]
    )
    assert result.exit_code == 0, result.output
    assert (tmp_path / ARTEFACT).is_file()


def test_without_the_extra_the_command_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "babel", None)
    result = CliRunner().invoke(build_app(), ["train", "names", "--out", str(tmp_path), "--steps", "1"])
    assert result.exit_code == 2
    assert "train" in result.output
