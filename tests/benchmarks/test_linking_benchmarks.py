"""The benchmarks of linking: every tool is scored by the same rules and runs as its user runs it; files mean a seed."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.peers import with_rapidfuzz
from benchmarks.peers.pairs import Placed, ScoredIds, best_of_each, read_pairs, read_table, write_pairs, write_table
from benchmarks.peers.running import NOT_INSTALLED, ToolFailed, peer_command, run
from benchmarks.quality import linking, two_scripts
from benchmarks.quality.two_scripts import Life, Written
from indexing.evaluation import Labelled
from indexing.linking import Linked
from matcher.model import MatchModel
from matcher.scoring import ScoredPairs

IDS = st.lists(st.text('abc,"é ', min_size=1, max_size=6), min_size=1, max_size=6, unique=True)
NAMES = [
    Written("सीता देवी", "Sita Devi"),
    Written("मोहन", "Mohan"),
    Written("गीता", "Geeta"),
    Written("राय", "Ray"),
    Written("रवि कुमार सिंह", "Ravi Kumar Singh"),
]


def _placed(*pairs: tuple[int, int, float]) -> Placed:
    left, right, score = zip(*pairs, strict=True)
    return Placed(np.array(left, np.int64), np.array(right, np.int64), np.array(score, np.float64))


class TestPairs:
    @given(data=st.data(), left=IDS, right=IDS)
    @settings(max_examples=60, deadline=None)
    def test_pairs_come_back_as_written(
        self, data: st.DataObject, left: list[str], right: list[str], tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        chosen = data.draw(st.lists(st.tuples(st.sampled_from(left), st.sampled_from(right), st.floats(0, 1))))
        path = tmp_path_factory.mktemp("pairs") / "pairs.csv"
        write_pairs(path, ScoredIds([c[0] for c in chosen], [c[1] for c in chosen], np.array([c[2] for c in chosen])))
        found = read_pairs(path, left, right)
        assert [left[n] for n in found.left] == [c[0] for c in chosen]
        assert [right[n] for n in found.right] == [c[1] for c in chosen]
        assert found.score.tolist() == [c[2] for c in chosen]

    def test_what_sandhan_link_writes_is_read_by_its_probability(self, tmp_path: Path) -> None:
        path = tmp_path / "pairs.csv"
        path.write_text("left_id,right_id,probability,weight,grade\nb,x,0.75,2.1,probable\n")
        found = read_pairs(path, ["a", "b"], ["x"])
        assert (found.left.tolist(), found.right.tolist(), found.score.tolist()) == ([1], [0], [0.75])

    def test_an_id_of_neither_table_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "pairs.csv"
        write_pairs(path, ScoredIds(["c"], ["x"], np.array([1.0])))
        with pytest.raises(KeyError):
            read_pairs(path, ["a"], ["x"])

    @given(
        rows=st.lists(st.tuples(st.integers(0, 4), st.sampled_from([0.1, 0.5, 0.9])), max_size=30), k=st.integers(1, 4)
    )
    def test_the_best_of_each_are_those_of_sorting(self, rows: list[tuple[int, float]], k: int) -> None:
        right, score = np.array([r for r, _ in rows], np.int64), np.array([s for _, s in rows])
        kept = best_of_each(right, score, k)
        for owner in range(5):
            mine = [float(score[n]) for n in kept if right[n] == owner]
            assert mine == sorted((s for r, s in rows if r == owner), reverse=True)[:k]


class TestRuns:
    def test_times_are_of_the_process(self) -> None:
        took = run([sys.executable, "-c", "sum(range(10**6)); print('noise'); print('{\"seconds\": 0.25}')"])
        assert took is not None
        assert took.linking == 0.25
        assert took.seconds > 0
        assert took.cpu > 0
        assert took.peak_mb > 1

    def test_a_peer_that_is_not_installed_is_no_run(self) -> None:
        assert run([sys.executable, "-c", f"raise SystemExit({NOT_INSTALLED})"]) is None

    def test_a_tool_that_fails_says_why(self) -> None:
        with pytest.raises(ToolFailed, match=r"exit 1: no such column"):
            run([sys.executable, "-c", "raise SystemExit('no such column')"])

    def test_a_peer_runs_from_its_command(self, tmp_path: Path) -> None:
        left, right, out = (tmp_path / name for name in ("a.csv", "b.csv", "out.csv"))
        write_table(left, [{"rec_id": "a0", "name": "mary ann"}, {"rec_id": "a1", "name": "john smith"}])
        write_table(right, [{"rec_id": "b0", "name": "smith john"}, {"rec_id": "b1", "name": "zoe"}])
        assert run(peer_command("rapidfuzz-febrl4", (left, right), out)) is not None
        found = read_pairs(out, ["a0", "a1"], ["b0", "b1"])
        assert (found.left.tolist(), found.right.tolist(), found.score.tolist()) == ([1], [0], [1.0])


class TestRapidfuzz:
    def test_the_best_of_each_are_those_of_all_pairs(self, tmp_path: Path) -> None:
        words = ["sita rai", "gita rai", "mohan das", "rai sita", "bina bora", "sita ray"]
        tables = tmp_path / "l.csv", tmp_path / "r.csv"
        for table, names in zip(tables, (words, words[:4]), strict=True):
            write_table(table, [{"id": str(n), "all_names": name} for n, name in enumerate(names)])
        found = with_rapidfuzz.rescues(*tables)
        every = {(a, b): s for a, b, s in zip(found.left, found.right, found.score.tolist(), strict=True)}
        assert len(every) == len(words) * 4
        assert every["3", "0"] == 1.0
        assert every["2", "0"] < every["5", "0"] < 1.0


class TestQuality:
    def test_figures_by_hand(self) -> None:
        pairs = _placed((0, 0, 0.9), (1, 1, 0.8), (0, 1, 0.7), (2, 2, 0.3))
        found = linking.quality(pairs, {0: 0, 1: 1, 2: 2, 3: 3}, 0.5)
        assert (found.precision, found.recall) == (2 / 3, 0.5)
        assert found.f1 == pytest.approx(4 / 7)
        assert found.one_to_one_f1 == pytest.approx(2 * 2 / (2 + 4))
        assert found.best_f1 == pytest.approx(0.75)

    def test_without_a_threshold_the_best_is_taken(self) -> None:
        found = linking.quality(_placed((0, 0, 71.0), (1, 1, 70.0), (1, 0, 60.0)), {0: 0, 1: 1}, None)
        assert (found.threshold, found.f1, found.best_f1) == (70.0, 1.0, 1.0)

    def test_tools_take_turns_and_one_that_is_missing_is_left_out(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        write_table(tmp_path / "a.csv", [{"rec_id": "a"}])
        write_table(tmp_path / "b.csv", [{"rec_id": "b"}])
        write_table(tmp_path / "truth.csv", [{"left": "a", "right": "b"}])
        good = (
            "import sys; open(sys.argv[1], 'w').write('left_id,right_id,score\\na,b,0.9\\n'); print('{\"seconds\": 1}')"
        )
        tools = [
            linking.Tool(linking.REFERENCE, lambda _left, _right, out: [sys.executable, "-c", good, str(out)]),
            linking.Tool("absent", lambda *_: [sys.executable, "-c", f"raise SystemExit({NOT_INSTALLED})"]),
        ]
        found = linking.measure(tools, tmp_path, 2)
        assert list(found) == [linking.REFERENCE]
        assert found[linking.REFERENCE]["f1"] == 1.0
        assert len(found[linking.REFERENCE]["runs"]) == 2
        assert found[linking.REFERENCE]["ratio"] == {"min": 1.0, "median": 1.0}
        linking.show(found)
        said = capsys.readouterr()
        assert "absent: not installed" in said.err
        assert linking.REFERENCE in said.out

    def test_every_tool_reads_the_same_files(self) -> None:
        for tool in linking.tools("python-of-peers"):
            command = tool.command(Path("left.csv"), Path("right.csv"), Path("pairs.csv"))
            place = command.index("left.csv")
            assert command[place + 1] == "right.csv"
            assert command[command.index("--out") + 1] == "pairs.csv"
            assert command[0] == (sys.executable if tool.name.startswith("sandhan") else "python-of-peers")


class TestRegisters:
    def test_a_seed_means_one_pair_of_files(self) -> None:
        first, again, other = (two_scripts.make_registers("hi", NAMES, 40, seed) for seed in (1, 1, 2))
        assert first == again
        assert first != other

    @given(rows=st.integers(2, 60), partner=st.sampled_from([0.0, 0.5, 1.0]), alone=st.booleans())
    @settings(max_examples=30, deadline=None)
    def test_true_pairs_are_one_name_in_two_scripts(self, rows: int, partner: float, alone: bool) -> None:
        found = two_scripts.make_registers("hi", NAMES, rows, 3, alone=alone, life=Life(partner=partner))
        assert len(found.left) == len(found.right) == rows
        assert len(found.truth) == round(rows * partner)
        left, right = ({row["id"]: row for row in side} for side in (found.left, found.right))
        words = {native: latin for n in NAMES for native, latin in zip(n.native.split(), n.latin.split(), strict=True)}
        spellings = dict(two_scripts.STATES["hi"])
        for a, b in found.truth:
            assert [words[word] for word in left[a]["name"].split()] == right[b]["name"].split()
            assert abs(int(left[a]["age"]) - int(right[b]["age"])) <= 1
            assert right[b]["state"] in spellings[left[a]["state"]]

    def test_names_without_words_are_taken_as_they_stand(self) -> None:
        names = [Written("कखग", "Ka Kha Ga"), Written("चछज", "Cha Chha")]
        found = two_scripts.make_registers("xx", names, 30, 5)
        assert {row["name"] for row in found.left} <= {name.native for name in names}
        assert {row["state"] for row in found.left} == {""}

    def test_pairs_are_read_once_each(self, tmp_path: Path) -> None:
        path = tmp_path / "pairs.tsv"
        path.write_text(
            'native_script\tlatin\tlang\tkind\nसीता\tSita\thi\tx\nसीता\tSita\thi\tx\n\tX\thi\tx\n"a\tA\tmy\tx\n'
        )
        assert two_scripts.read_names([path]) == {"hi": [Written("सीता", "Sita")], "my": [Written('"a', "A")]}

    def test_written_files_are_what_evaluate_reads(self, tmp_path: Path) -> None:
        found = two_scripts.make_registers("hi", NAMES, 10, 5)
        left, _, truth = two_scripts.write_registers(found, tmp_path)
        assert read_table(left) == found.left
        assert truth.read_text().splitlines() == ["left\tright", *("\t".join(pair) for pair in found.truth)]

    def test_failures_are_wrong_pairs_taken_and_true_pairs_lost(self) -> None:
        found = two_scripts.make_registers("hi", NAMES, 4, 5, life=Life(partner=1.0))
        weight = np.array([5.0, -5.0, 5.0])
        scored = ScoredPairs(weight, weight[:, None].copy(), np.zeros((3, 0), np.int8), (), ())
        linked = Linked(np.array([0, 1, 2]), np.array([0, 1, 0]), scored, MatchModel("x", {}))
        labelled = Labelled.of(linked, np.array([(0, 0), (1, 1), (3, 3)]), 4)
        told = two_scripts.failures(found, labelled, linked, 9, 1)
        assert [(one["what"], one["left"]["id"]) for one in told[:1]] == [("false positive", found.left[2]["id"])]
        missed = {one["left"]["id"]: one["probability"] for one in told[1:]}
        assert set(missed) == {found.left[1]["id"], found.left[3]["id"]}
        assert missed[found.left[3]["id"]] is None
        assert missed[found.left[1]["id"]] < 0.1
