"""The benchmark of sizes: a tiny population whose figures are worked out again, plainly; peers that may be missing."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.train import TRAIN_SEED, TUNE_SEED
from benchmarks.memory import forget_peak, peak_mb, resident_mb
from benchmarks.peers.pairs import Placed, read_table, write_table
from benchmarks.peers.running import Run, ToolFailed
from benchmarks.quality.evidence import Question
from benchmarks.scale import engine, others, population, reporting
from benchmarks.scale.__main__ import main
from benchmarks.scale.population import SEED, Setting, drawn, sampled
from benchmarks.stages import Seconds, Stages
from data.corruption import LIVES
from data.synthetic import TODAY, linked_sample
from indexing.candidates import CANDIDATES, propose
from indexing.crossmatch import LIMIT
from indexing.search import FEWEST_REPORTS
from matcher.columns import RecordColumns
from matcher.person import Side
from matcher.scoring import RIVALS, score_pairs

SETTING = Setting("hard", 260, 60)


@pytest.fixture(scope="module")
def question() -> Question:
    return drawn(SETTING)


@pytest.fixture(scope="module")
def ready(question: Question, tmp_path_factory: pytest.TempPathFactory) -> engine.Prepared:
    return engine.prepare(question, Stages(), tmp_path_factory.mktemp("index"))


@pytest.fixture(scope="module")
def measured(question: Question) -> tuple[dict[str, Any], engine.Ints]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "QUERIES", 5)
        return engine.measure(question, sampled(question, 1), oracle=12)


class TestPopulation:
    def test_people_are_those_of_the_sample(self, question: Question) -> None:
        sample = linked_sample(SEED, SETTING.reports, SETTING.rescues, TODAY, corruption=LIVES["hard"])
        assert [r.record_id for r in question.reports] == [r.record_id for r in sample.reports]
        assert [r.names for r in question.rescued] == [r.to_person(TODAY).names for r in sample.rescues]
        ids = [question.reports[row].record_id if row >= 0 else None for row in question.truth.tolist()]
        assert ids == [sample.truth.get(r.record_id) for r in sample.rescues]
        assert question.report_scripts.tolist() == [r.script for r in sample.reports]
        assert question.rescued_scripts.tolist() == [r.script for r in sample.rescues]
        assert not any(r.faces for r in (*question.reports, *question.rescued))

    def test_seeds_are_those_of_no_training(self) -> None:
        assert min(SEED, engine._WARM.seed) > max(TRAIN_SEED, TUNE_SEED)
        assert engine._WARM.seed != SEED

    @pytest.mark.parametrize("part", [10_000, 20, 7])
    def test_a_cache_gives_back_what_was_drawn(
        self, question: Question, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int
    ) -> None:
        monkeypatch.setattr(population, "_AT_ONCE", part)
        first = drawn(SETTING, tmp_path / "kept")
        (kept,) = (tmp_path / "kept").iterdir()
        written = kept.stat().st_mtime_ns
        again = drawn(SETTING, tmp_path / "kept")
        assert kept.stat().st_mtime_ns == written
        for one in (first, again):
            assert one.reports == question.reports
            assert one.rescued == question.rescued
            assert one.truth.tolist() == question.truth.tolist()
            assert one.report_scripts.tolist() == question.report_scripts.tolist()
        drawn(Setting("usual", 20, 5), tmp_path / "kept")
        assert len(list((tmp_path / "kept").iterdir())) == 2

    def test_a_sample_is_of_people_with_a_report_each_once(self, question: Question) -> None:
        order = sampled(question, 3)
        assert sorted(order.tolist()) == np.flatnonzero(question.truth >= 0).tolist()
        assert order.tolist() != sorted(order.tolist())
        assert order.tolist() == sampled(question, 3).tolist()


class TestEngine:
    def test_reports_read_in_parts_are_the_same_reports(
        self, question: Question, ready: engine.Prepared, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(engine, "_PAGE", 97)
        stages = Stages()
        parts = engine.prepare(question, stages, tmp_path)
        assert set(stages.taken) == {*engine.ONCE, *engine.OPENED, engine.ASKING[0]}
        whole, cut = ready.matched(), parts.matched()
        assert parts.report(cut.segment, cut.record).tolist() == ready.report(whole.segment, whole.record).tolist()
        np.testing.assert_allclose(cut.weight, whole.weight, atol=1e-4)

    def test_reports_are_called_by_their_place(self, question: Question, ready: engine.Prepared) -> None:
        for segment, place in zip(ready.index.segments, ready.position, strict=True):
            assert list(segment.columns.ids) == [question.reports[row].record_id for row in place.tolist()]
        assert sorted(np.concatenate(ready.position).tolist()) == list(range(SETTING.reports))

    def test_ranks_by_hand(self) -> None:
        asking, report = np.array([0, 0, 2, 2, 3]), np.array([5, 7, 1, 9, 4])
        out = engine.ranks(asking, report, np.array([7, 3, 1, -1]))
        assert out.tolist() == [1, engine.NOWHERE, 0, engine.NOWHERE]

    def test_recall_by_hand(self) -> None:
        rank = np.array([0, 1, LIMIT - 1, LIMIT, engine.NOWHERE])
        assert engine.recall(rank) == {"recall@1": 0.2, f"recall@{LIMIT}": 0.6}
        assert engine.recall(rank[:0]) == {"recall@1": 0.0, f"recall@{LIMIT}": 0.0}

    def test_the_oracle_is_what_score_pairs_ranks(
        self, question: Question, ready: engine.Prepared, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(engine, "_PAIRS_AT_ONCE", 3 * SETTING.reports + 1)  # several rounds, the last one short
        people = sampled(question, 2)[:7]
        exact = engine.exhaustive_ranks(ready, people, question.truth)
        n = len(question.reports)
        columns = RecordColumns.build((*question.reports, *question.rescued))
        for person, rank in zip(people.tolist(), exact.tolist(), strict=True):
            rows = np.full(n, n + person)
            scored = score_pairs(columns, np.arange(n), rows, ready.index.context, ready.model, n)
            true = int(question.truth[person])
            # Compiled weights differ from these in the last places: near-equal ones may stand either way round.
            low, high = ((scored.weight > scored.weight[true] + slack).sum() for slack in (1e-3, -1e-3))
            assert low <= rank < high

    def test_of_equal_weights_the_report_that_lies_first_comes_first(
        self, ready: engine.Prepared, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Flat:
            def __init__(self, *_: object, **__: object) -> None: ...

            def weights(self, i: engine.Ints, _: engine.Ints) -> np.ndarray:
                return np.zeros(len(i), np.float32)

        monkeypatch.setattr(engine, "PairScorer", Flat)
        (place,) = ready.position
        truth = place[[0, 5, 259]]
        assert engine.exhaustive_ranks(ready, np.arange(3), truth).tolist() == [0, 5, 259]

    def test_one_alone_gets_what_all_together_get(self, question: Question, ready: engine.Prepared) -> None:
        every = ready.matched()
        prior = np.log2(FEWEST_REPORTS / len(question.reports))  # a desk never reckons with so few reports
        for row in range(0, len(question.rescued), 11):
            found = engine.ask_one(ready, question.rescued[row])
            mine = every.asking == row
            assert len(found) == mine.sum()
            own = [sum(part.bits for part in one.pair.contributions if part.comparison != RIVALS) for one in found]
            np.testing.assert_allclose(sorted(own), sorted(every.weight[mine] - prior), atol=0.05)

    def test_figures_are_those_of_the_ranks(
        self, question: Question, ready: engine.Prepared, measured: tuple[dict[str, Any], engine.Ints]
    ) -> None:
        figures, rank = measured
        found = ready.matched()
        report = ready.report(found.segment, found.record)
        places = []
        for person, true in enumerate(question.truth.tolist()):
            if true >= 0:
                mine = report[found.asking == person].tolist()
                places.append(mine.index(true) if true in mine else None)
        assert figures["people"] == len(places)
        assert figures["recall@1"] == sum(place == 0 for place in places) / len(places)
        assert figures["recall@20"] == sum(place is not None for place in places) / len(places)
        assert (rank[question.truth < 0] == engine.NOWHERE).all()
        proposed = propose(ready.index.segments, ready.asked, Side.MISSING, CANDIDATES)
        record = ready.report(proposed.segment, proposed.row)
        pairs = set(zip(proposed.asking.tolist(), record.tolist(), strict=True))
        held = [(person, true) in pairs for person, true in enumerate(question.truth.tolist()) if true >= 0]
        assert figures["candidates"] == sum(held) / len(held)
        assert figures["pairs"] == len(pairs)
        assert figures["recall@20"] <= figures["candidates"]
        assert figures["looked_at"] > 0

    def test_the_oracle_stands_beside_the_same_people(
        self, question: Question, ready: engine.Prepared, measured: tuple[dict[str, Any], engine.Ints]
    ) -> None:
        figures, rank = measured
        oracle, some = figures["oracle"], sampled(question, 1)[:12]
        exact = engine.exhaustive_ranks(ready, some, question.truth)
        assert oracle["people"] == 12
        assert oracle["recall@20"] == (exact < LIMIT).mean()
        assert oracle["engine"]["recall@20"] == (rank[some] < LIMIT).mean()
        # What was left out of the candidates can only rank the truth better, or lose it.
        assert ((rank[some] <= exact) | (rank[some] == engine.NOWHERE)).all()
        assert oracle["extrapolated"].wall == pytest.approx(oracle["seconds"].wall * SETTING.rescues / 12)

    def test_wholes_are_the_sums_of_their_stages(self, measured: tuple[dict[str, Any], engine.Ints]) -> None:
        figures, _ = measured
        stages = figures["stages"]
        assert figures["kept"].cpu == pytest.approx(sum(stages[name].cpu for name in engine.ASKING))
        assert figures["cold"].wall == pytest.approx(
            figures["kept"].wall + sum(stages[name].wall for name in engine.ONCE)
        )
        assert 0 < figures["query"]["p50_ms"] <= figures["query"]["p99_ms"]
        assert figures["resident_mb"] is None or 0 < figures["own_mb"] <= figures["resident_mb"]
        assert figures["disk_mb"] > 0


class TestOthers:
    def test_ranks_by_hand(self) -> None:
        right, left = np.array([0, 0, 1, 2, 2]), np.array([4, 5, 6, 8, 9])
        pairs = Placed(left, right, np.array([0.5, 0.9, 0.1, 0.7, 0.7]))
        # The last two score the same: the truth counts as the second of them.
        assert others.ranks(pairs, np.array([4, 5, 8])).tolist() == [1, engine.NOWHERE, 1]

    def test_a_rank_beyond_the_list_is_no_rank(self) -> None:
        pairs = Placed(np.arange(30), np.zeros(30, np.int64), -np.arange(30.0))
        assert others.ranks(pairs, np.array([LIMIT - 1])).tolist() == [LIMIT - 1]
        assert others.ranks(pairs, np.array([LIMIT])).tolist() == [engine.NOWHERE]

    def test_times_are_of_the_stages_and_reckoned_up_where_few_were_asked(self) -> None:
        took = Run(9.0, 20.0, 8.0, 70.0, {"read": Seconds(1.0, 1.5), "compare": Seconds(2.0, 4.0)})
        assert others.times(took, None)["seconds"] == Seconds(3.0, 5.5)
        assert "extrapolated" not in others.times(took, None)
        assert others.times(took, 20.0)["extrapolated"] == Seconds(40.0, 80.0)

    def test_peers_are_measured_where_they_are_installed(
        self, question: Question, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        asked: dict[str, int] = {}

        def run(command: list[str]) -> Run | None:
            method, left, right, out = command[3], command[4], Path(command[5]), Path(command[7])
            rows = read_table(right)
            asked[method] = len(rows)
            if method == "sparse-rescues":
                return None
            if method == "splink-rescues":
                raise ToolFailed("python: exit 1: Traceback\nValueError: too small")
            reports = [row["id"] for row in read_table(Path(left))]
            place = {record.record_id: n for n, record in enumerate(question.rescued)}
            true = [int(question.truth[place[row["id"]]]) for row in rows]
            write_table(
                out,
                [
                    {"left_id": reports[t], "right_id": row["id"], "score": "1.0"}
                    for n, (row, t) in enumerate(zip(rows, true, strict=True))
                    if n % 2
                ],
            )
            return Run(5.0, 6.0, 4.0, 50.0, {"read": Seconds(1.0, 1.0), "compare": Seconds(3.0, 5.0)})

        monkeypatch.setattr(others, "run", run)
        monkeypatch.setattr(others, "ASKED_OF_RAPIDFUZZ", 10)
        rank = np.zeros(len(question.rescued), np.int64)
        found = others.measure(question, rank, sampled(question, 1), sys.executable)
        assert asked == {"splink-rescues": 60, "rapidfuzz-rescues": 10, "sparse-rescues": 60}
        assert list(found) == [others.RAPIDFUZZ]
        assert found[others.RAPIDFUZZ]["recall@1"] == 0.5
        assert found[others.RAPIDFUZZ]["engine"]["recall@1"] == 1.0
        assert found[others.RAPIDFUZZ]["extrapolated"] == Seconds(18.0, 30.0)
        said = capsys.readouterr().err
        assert "sparse_dot_topn: not installed" in said
        assert "Splink failed: ValueError: too small" in said


class TestReporting:
    @pytest.fixture
    def results(self, measured: tuple[dict[str, Any], engine.Ints]) -> list[dict[str, Any]]:
        """Return two sizes, the second with thrice the seconds, as they come back from JSON."""
        run = Run(9.0, 9.0, 9.0, 50.0, {"read": Seconds(1.0, 1.0), "predict": Seconds(2.0, 3.0)})
        few = Run(9.0, 9.0, 9.0, 50.0, {"read": Seconds(1.0, 1.0), "compare": Seconds(2.0, 3.0)})
        found = {
            others.SPLINK: others.times(run, None), others.RAPIDFUZZ: others.times(few, 10.0),
        }  # fmt: skip
        for figures in found.values():
            figures |= {"people": 4, "recall@1": 0.25, "recall@20": 0.5, "engine": engine.recall(np.zeros(4, np.int64))}
        one = asdict(SETTING) | {"engine": measured[0], "peers": found}
        results: list[dict[str, Any]] = json.loads(json.dumps([one, one | {"reports": 780}]))
        larger = results[1]["engine"]
        larger["peak_mb"] = results[0]["engine"]["peak_mb"] + 52.0
        larger["stages"] = {name: [3 * part for part in taken] for name, taken in larger["stages"].items()}
        for whole in ("kept", "cold"):
            larger[whole] = [3 * part for part in larger[whole]]
        return results

    def test_every_tool_has_a_line(self, results: list[dict[str, Any]]) -> None:
        told = {name: seconds for name, seconds, _ in reporting.tools(results[0])}
        assert told[f"{others.SPLINK}, predict"] == (2.0, 3.0)
        assert told[others.SPLINK] == (3.0, 4.0)
        assert told[others.RAPIDFUZZ] == (20.0, 30.0)
        assert told[reporting.KEPT] < told[reporting.COLD]
        said = reporting.show(results)
        assert all(said.count(f"\n{name} ") == 2 for name in told)
        assert "60 rescued people x 780 reports, hard life" in said

    def test_a_line_through_two_sizes_meets_both(self, results: list[dict[str, Any]]) -> None:
        # 260 and 780 reports, once and thrice the time: nothing that does not grow.
        fixed, each = reporting.model(results)["cold"]
        assert fixed == pytest.approx(0.0, abs=1e-9)
        assert each == pytest.approx(results[0]["engine"]["cold"][1] / 0.260)
        assert reporting.model(results)["at most"][1] == pytest.approx(100.0)
        assert "hard, at most: " in reporting.show(results)
        assert reporting.model(results[:1]) == {}

    @pytest.mark.parametrize("name", ["cost.svg", "cost.png"])
    def test_a_plot_is_drawn(self, results: list[dict[str, Any]], tmp_path: Path, name: str) -> None:
        reporting.plot(results, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 5000


class TestCommand:
    def test_one_command_prints_and_keeps_all(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        options = ["--reports", "120", "80", "--rescues", "20", "--corruption", "usual", "--oracle", "5", "--no-peers"]
        main([*options, "--json", str(tmp_path / "cost.json"), "--plot", str(tmp_path / "cost.svg")])
        kept = json.loads((tmp_path / "cost.json").read_text())
        assert [(one["reports"], one["seed"], one["peers"]) for one in kept["results"]] == [
            (80, SEED, {}),
            (120, SEED, {}),
        ]
        assert kept["machine"]["cores"] > 0
        assert "20 rescued people x 120 reports, usual life" in capsys.readouterr().out
        assert (tmp_path / "cost.svg").exists()

    @pytest.mark.parametrize("wrong", ["--reports 0", "--reports 10 --rescues 100", "--oracle -1", "--corruption none"])
    def test_what_cannot_be_is_refused(self, wrong: str) -> None:
        with pytest.raises(SystemExit):
            main(wrong.split())


class TestMeters:
    def test_stages_add_up(self) -> None:
        stages = Stages()
        for _ in range(2):
            with stages("wait"):
                time.sleep(0.01)
        with stages("work"):
            pass
        assert stages.taken["wait"].wall >= 0.02
        assert stages.sum(["wait", "work"]).wall >= stages.taken["wait"].wall
        with pytest.raises(KeyError):
            stages.sum(["never"])

    def test_memory_that_is_taken_is_seen(self) -> None:
        before = resident_mb()
        held = np.ones(8_000_000)
        after = resident_mb()
        if before is not None:
            assert after is not None
            assert 40 < after - before < 200
        most = peak_mb()
        assert most >= held.nbytes / 1e6
        del held
        forget_peak()
        if before is not None:
            assert peak_mb() < most - 40
