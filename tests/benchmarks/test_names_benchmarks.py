"""The benchmarks of names: questions are put fairly, the peers do what they are said to do, a seed means one result."""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.train_names import cldr_cities, held_out
from benchmarks.quality import name_peers, name_rankers, names
from benchmarks.speed import names as speed
from matcher.evaluation import ranks_of_truth
from matcher.names import NameEncoder

WORDS = st.text(alphabet="abc ", max_size=8).map(lambda text: " ".join(text.split()))


@pytest.fixture(scope="module")
def encoder() -> NameEncoder:
    table = np.random.default_rng(3).standard_normal((1 << 12, 32)).astype(np.float32)
    return NameEncoder(table, "random")


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    rows = (
        ("सीता राय", "Sita Rai", "hi", "full", "x", "Bihar"),
        ("गीता राय", "Gita Rai", "hi", "full", "x", ""),
        ("गीता राय", "Geeta Ray", "hi", "full", "x", ""),
        ("मुरुगन", "Murugan", "hi", "full", "x", "Tamil Nadu"),
        ("", "Nobody", "hi", "full", "x", ""),
        ("সীতা রায়", "Sita Ray", "bn", "full", "x", ""),
    )
    lines = ("native_script\tlatin\tlang\tkind\tsrc\tregion", *("\t".join(row) for row in rows))
    path = tmp_path / "pairs.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def population(tmp_path: Path) -> Path:
    for region, given_names, surnames in (
        ("assam", ("Rina", "Mina", "Bina"), ("Das", "Bora")),
        ("manipur", ("Tomba", "Chaoba"), ("Laishram", "Ningthoujam")),
        ("india", ("Aarav",), ()),
    ):
        (tmp_path / f"given_{region}.tsv").write_text("given\tgender\n" + "".join(f"{n}\tF\n" for n in given_names))
        if surnames:
            (tmp_path / f"surname_{region}.tsv").write_text("surname\n" + "".join(f"{n}\n" for n in surnames))
    return tmp_path


class TestQuestions:
    def test_every_row_is_asked_both_ways_among_the_distinct_names(self, pairs: Path) -> None:
        asked = names.file_questions(pairs, ["Extra Name", "Sita Rai"], None)
        forth, back = asked["native->latin"], asked["latin->native"]
        assert forth.candidates == ("Sita Rai", "Gita Rai", "Geeta Ray", "Murugan", "Sita Ray", "Extra Name")
        assert [forth.candidates[n] for n in forth.truth] == list(back.queries)
        assert [back.candidates[n] for n in back.truth] == list(forth.queries)
        assert back.candidates[:3] == ("सीता राय", "गीता राय", "मुरुगन")

    def test_the_far_south_has_a_heading_of_its_own(self, pairs: Path) -> None:
        labels = names.file_questions(pairs, [], None)["native->latin"].labels.tolist()
        assert labels == ["hi", "hi", "hi", "hi (south)", "bn"]

    def test_a_sample_asks_less_among_as_many(self, pairs: Path) -> None:
        whole, some = (names.file_questions(pairs, [], count)["native->latin"] for count in (None, 2))
        assert len(some.queries) == 2
        assert some.candidates == whole.candidates
        meant = dict(zip(zip(whole.queries, whole.truth.tolist(), strict=True), whole.labels, strict=True))
        assert all(pair in meant for pair in zip(some.queries, some.truth.tolist(), strict=True))

    def test_cities_are_those_held_out_and_sought_among_all(self) -> None:
        asked = names.cldr_question("gu")
        cities = list(cldr_cities("gu"))
        kept = [(native, english) for zone, native, english in cities if held_out(zone)]
        assert list(asked.queries) == [native for native, _ in kept]
        assert [asked.candidates[n] for n in asked.truth] == [english for _, english in kept]
        assert set(asked.candidates) == {english for _, _, english in cities}


def slow_tfidf(queries: list[str], candidates: list[str]) -> list[list[float]]:
    """Return the similarities by dictionaries."""

    def grams(text: str) -> Counter[str]:
        padded = f" {text} "
        return Counter(padded[i : i + n] for n in (2, 3, 4) for i in range(len(padded) - n + 1))

    held = [grams(text) for text in candidates]
    seen = Counter(gram for counts in held for gram in counts)
    idf = {gram: math.log((1 + len(held)) / (1 + often)) + 1 for gram, often in seen.items()}
    rows = [{gram: n * idf[gram] for gram, n in counts.items()} for counts in held]
    norms = [math.sqrt(sum(x * x for x in row.values())) for row in rows]
    return [
        [
            sum(n * idf.get(gram, 0.0) * row.get(gram, 0.0) for gram, n in grams(query).items()) / norm
            for row, norm in zip(rows, norms, strict=True)
        ]
        for query in queries
    ]


class TestRankers:
    @given(data=st.data(), candidates=st.lists(WORDS, min_size=1, max_size=9))
    @settings(max_examples=60, deadline=None)
    def test_ngrams_are_those_of_dictionaries(self, data: st.DataObject, candidates: list[str]) -> None:
        queries = data.draw(st.lists(WORDS, max_size=6))
        truth = np.array([data.draw(st.integers(0, len(candidates) - 1)) for _ in queries], dtype=np.int64)
        found = name_rankers.NgramIndex(candidates).ranks(queries, truth)
        slow = np.array(slow_tfidf(queries, candidates), dtype=np.float64).reshape(len(queries), len(candidates))
        assert found.tolist() == ranks_of_truth(np.round(slow, 9).astype(np.float32), truth).tolist()

    def test_letters_outside_the_basic_plane_are_ngrams_too(self) -> None:
        candidates = ["𑄇𑄧𑄣𑄴𑄛", "𑄌𑄋𑄴𑄟", "𑄢𑄋𑄴𑄟"]
        found = name_rankers.NgramIndex(candidates).ranks(candidates, np.arange(3))
        assert found.tolist() == [0, 0, 0]

    def test_nothing_shared_is_the_last_rank(self) -> None:
        assert name_rankers.NgramIndex(["sita", "gita"]).ranks(["xyz", ""], np.array([0, 1])).tolist()[0] == 1

    def test_peers_find_what_is_written_alike(self) -> None:
        queries, candidates = ["सीता", "मोहन"], ["Mohan", "Sita"]
        truth = np.array([1, 0])
        assert name_rankers.ascii_ngrams(queries, candidates, truth).tolist() == [0, 0]
        found = name_rankers.token_sort(queries, candidates, truth)
        assert found is not None
        assert found.tolist() == [0, 0]
        assert name_rankers.token_sort(["a"] * 3001, ["a"], np.zeros(3001, dtype=np.int64)) is None

    def test_a_peer_that_is_not_installed_is_not_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "icu", None)
        assert name_rankers.icu_ngrams(["Sita"], ["Sita"], np.array([0])) is None

    def test_parts_are_encoded_as_the_whole(self, encoder: NameEncoder) -> None:
        texts = [f"Name {chr(97 + n)}{chr(107 - n)}a" for n in range(11)]
        np.testing.assert_allclose(name_rankers.encoded(encoder, texts, at_once=3), encoder.encode(texts), atol=1e-6)


class TestCrowd:
    def test_regions_are_kept_together(self, population: Path) -> None:
        found = names.made_up_names(population, 5)
        assert found == names.made_up_names(population, 5)
        assert len(set(found)) == 5
        possible = {f"{a} {b}" for a in ("Rina", "Mina", "Bina") for b in ("Das", "Bora")}
        possible |= {f"{a} {b}" for a in ("Laishram", "Ningthoujam") for b in ("Tomba", "Chaoba")}
        assert set(found) <= possible

    def test_more_than_can_be_drawn(self, population: Path) -> None:
        with pytest.raises(SystemExit, match="too many to draw"):
            names.made_up_names(population, 6)

    def test_the_crowd_joins_the_candidates(self, encoder: NameEncoder) -> None:
        crowd = ["Sita Roy", "SITA RAI", "Mohan Das", "Gita Rao", "Rita Rai"]
        asked = names.question(["Seeta Rai", "Geeta Rao"], ["Sita Rai", "Gita Rao"], ["hi", "hi"], ["Nina Rai"])
        ((alone, joined),) = names.ranks_in_crowd(encoder, [asked], crowd, at_once=2)
        gallery = [*asked.candidates, "Sita Roy", "Mohan Das", "Rita Rai"]  # the others are the people sought
        for texts, ranks in ((asked.candidates, alone), (gallery, joined)):
            similarities = encoder.encode(asked.queries) @ encoder.encode(texts).T
            assert ranks.tolist() == ranks_of_truth(similarities, asked.truth).tolist()


class TestRuns:
    def test_a_run_over_files(self, pairs: Path, population: Path, capsys: pytest.CaptureFixture[str]) -> None:
        crowd = names.made_up_names(population, 4)
        found = names.run_files([pairs], ["Nina Rai"], None, crowd, frozenset({"सीता राय"}))
        forth = found["pairs.tsv"]["native->latin"]
        assert forth["queries"] == {"hi": 3, "hi (south)": 1, "bn": 1}
        assert forth["fresh"] == {"hi": 2, "hi (south)": 1, "bn": 1}
        assert set(forth["methods"]) == set(name_rankers.METHODS)
        assert forth["methods"][name_rankers.OURS]["recall"]["bn"]["recall@10"] == 1.0
        assert forth["crowd"]["hi"]["with"]["recall@10"] <= forth["crowd"]["hi"]["without"]["recall@10"]
        json.dumps(found)
        names._print_files(found, len(crowd))
        assert "pairs.tsv, hi (south), native->latin: 1 queries, 6 candidates" in capsys.readouterr().out

    def test_a_crowd_needs_a_population(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(sys, "argv", ["names", "--distractors", "5"])
        with pytest.raises(SystemExit):
            names.main()
        assert "go together" in capsys.readouterr().err


class TestSpeed:
    def test_the_same_seed_composes_the_same_names(self) -> None:
        first, second = (speed.Composer(5).names(120, native=True) for _ in range(2))
        assert first == second
        assert len(set(first)) == 120
        assert all(text.isascii() or "’" in text for text in speed.Composer(5).names(60, native=False))

    def test_a_slip_changes_one_word_at_most(self) -> None:
        composer = speed.Composer(6)
        for name in composer.names(60, native=False):
            words = zip(name.split(), composer.slipped(name).split(), strict=False)
            assert sum(a != b for a, b in words) <= 1

    def test_a_rate_is_work_by_time(self) -> None:
        runs: list[int] = []
        assert speed.rate(lambda: runs.append(sum(range(1000))), 50) > 0
        assert len(runs) == 3

    def test_every_ratio_is_of_figures_that_exist(self) -> None:
        composer = speed.Composer(7)
        lists = {what: composer.names(60, native=what != speed.LATIN) for what in (speed.LATIN, speed.SCRIPTS)}
        lists[speed.WORDS] = ["Rina", "Mina"]
        figures = [*speed.of_names(lists), *speed.of_pairs(lists[speed.LATIN])]
        known = {figure.name for figure in figures}
        assert {name for ratio in speed.RATIOS for name in ratio} <= known
        assert all(figure.per_second is None or figure.per_second > 0 for figure in figures)

    def test_quality_stands_beside_time(self) -> None:
        found = speed.quality(pairs=120)
        assert found["pairs"] == 120
        ours, theirs = found["f1"].pop(name_peers.OURS), found["f1"]
        assert all(value is not None and value < ours for value in theirs.values())
        assert 0.5 < found["recall@1"][name_rankers.OURS] <= 1.0
