"""The benchmark of labelled name pairs: its tables are sound, and the pairs are balanced and always the same."""

from __future__ import annotations

import csv
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality import name_pairs
from benchmarks.quality.name_peers import METHODS, jaro_winkler, logic_v2, ngram_cosine, ours, token_sort
from matcher.names import name_similarity
from matcher.names.script import main_script, normalise

NATIVE = {
    "Deva", "Beng", "Guru", "Gujr", "Orya", "Taml", "Telu", "Knda", "Mlym", "Sinh",
    "Mtei", "Olck", "Mymr", "Thai", "Laoo", "Khmr", "Tibt", "Arab", "Hani",
}  # fmt: skip
MATCHES = {"respelled", "reordered", "omitted", "initial"}


@pytest.fixture(scope="module")
def pairs() -> list[name_pairs.NamePair]:
    return name_pairs.labelled_pairs(7, 1200)


def test_elements_are_many_and_of_every_script() -> None:
    elements = name_pairs.load_elements().values()
    native = [element for element in elements if set(element.spellings) != {"Latn"}]
    assert len(elements) >= 450
    assert len(native) >= 0.6 * len(elements)
    assert {script for element in elements for script in element.spellings} == NATIVE | {"Latn"}
    cultures = {culture.name for culture in name_pairs.load_cultures()}
    assert all(set(element.cultures) <= cultures for element in elements)
    assert all(element.kind in ("given", "surname", "middle") and element.sex in "fm-" for element in elements)
    texts = [text for element in elements for found in element.spellings.values() for text in found]
    assert all(text == unicodedata.normalize("NFC", text) and text == text.strip() for text in texts)


def test_near_elements_are_other_names() -> None:
    elements = name_pairs.load_elements()
    for element in elements.values():
        own = {normalise(text) for found in element.spellings.values() for text in found}
        for key in element.near:
            other = elements[key]
            assert other.kind == element.kind
            assert element.key in other.near
            assert key != element.key
            assert not own & {normalise(text) for found in other.spellings.values() for text in found}


def test_pairs_are_balanced_distinct_and_of_every_script(pairs: list[name_pairs.NamePair]) -> None:
    assert len(pairs) == 1200
    assert len({frozenset(pair[:2]) for pair in pairs}) == 1200
    assert sum(pair.is_match for pair in pairs) == 600
    assert all((pair.kind in MATCHES) == pair.is_match for pair in pairs)
    kinds = [pair.kind for pair in pairs]
    assert set(kinds) == MATCHES | {"near", "other"}
    assert kinds.count("near") > 1.3 * kinds.count("other")
    assert {script for pair in pairs for script in map(main_script, pair[:2])} == NATIVE | {"Latn"}
    across = sum(main_script(pair.name1) != main_script(pair.name2) for pair in pairs)
    assert 0.35 < across / len(pairs) < 0.65


def test_pairs_depend_on_the_seed_alone(pairs: list[name_pairs.NamePair]) -> None:
    assert name_pairs.labelled_pairs(7, 1200) == pairs
    assert name_pairs.labelled_pairs(7, 60) == pairs[:60]
    assert name_pairs.labelled_pairs(8, 60) != pairs[:60]


def test_every_method_finds_matches_likelier(pairs: list[name_pairs.NamePair]) -> None:
    latin = [pair for pair in pairs if main_script(pair.name1) == main_script(pair.name2) == "Latn"]
    left, right = [pair.name1 for pair in latin], [pair.name2 for pair in latin]
    is_match = np.array([pair.is_match for pair in latin])
    for name, method in METHODS.items():
        if method is logic_v2:  # takes seconds to start, where it is installed
            continue
        score = method(left, right)
        assert score is not None
        assert score.shape == is_match.shape
        assert np.isfinite(score).all()
        figures = name_pairs.measure(score, is_match)
        assert figures.auc > 0.6, name
        assert figures.f1 == figures.best_f1


def test_peers_score_as_they_are_known_to() -> None:
    assert token_sort(["Das Sita"], ["sita das"])[0] == 1.0
    assert jaro_winkler(["Das Sita"], ["sita das"])[0] == 1.0
    assert jaro_winkler(["Sita"], ["sita das"])[0] == pytest.approx(2 / 3)
    assert jaro_winkler(["..."], ["sita"])[0] == 0.0
    assert ngram_cosine(["Sita Das", "x"], ["sita das", "y"]).tolist() == pytest.approx([1.0, 0.0], abs=0.5)
    assert ours(["Sita Das"], ["सीता दास"])[0] == pytest.approx(name_similarity("Sita Das", "सीता दास"), abs=1e-6)


def test_groups_hold_each_pair_under_its_scripts() -> None:
    pairs = [name_pairs.NamePair("Sita", "सीता", True, "respelled"), name_pairs.NamePair("Sita", "Gita", False, "near")]
    groups = name_pairs.groups(pairs)
    assert {script: rows.tolist() for script, rows in groups.items()} == {"Latn": [False, True], "Deva": [True, False]}


def test_distinct_native_pairs_are_many_and_of_one_script_each() -> None:
    pairs = name_pairs.distinct_native()
    assert len(pairs) >= 150
    assert len(set(pairs)) == len(pairs)
    assert all(normalise(a) != normalise(b) and main_script(a) == main_script(b) for a, b in pairs)
    assert {main_script(a) for a, _ in pairs} == NATIVE


def test_the_command_prints_the_figures_and_writes_the_pairs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METHODS, "nomenklatura logic-v2", lambda _left, _right: None)
    file = tmp_path / "pairs.csv"
    monkeypatch.setattr(sys, "argv", ["name_pairs", "--pairs", "120", "--errors", "1", "--csv", str(file)])
    name_pairs.main()
    printed = capsys.readouterr().out
    assert "logic-v2: not installed" in printed
    assert "distinct native names that collapse" in printed
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 120
    assert set(rows[0]) == {"name1", "name2", "is_match"}
