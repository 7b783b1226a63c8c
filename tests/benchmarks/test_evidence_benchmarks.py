"""The benchmark of evidence: figures by hand, unseen seeds, and peers that see what they should and nothing else."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.train import TRAIN_SEED, TUNE_SEED
from benchmarks.peers.pairs import Placed, read_table
from benchmarks.peers.rescue_tables import table_of
from benchmarks.quality import evidence
from data.corruption import CORRUPTION
from matcher.fields import read_record
from matcher.person import PersonRecord, Side

TODAY = date(2026, 11, 1)


def _record(record_id: str, side: Side, **values: str) -> PersonRecord:
    return read_record(record_id, side, values, today=TODAY).record


@pytest.fixture
def question() -> evidence.Question:
    """Three reports; the first two rescued people are the first two of them, the other two are strangers."""
    reports = tuple(
        _record(f"M{n}", Side.MISSING, name=name) for n, name in enumerate(("Sita Rai", "Mina Bora", "Gita"))
    )
    names = ("सीता राय", "Mina Bora", "Rita", "मीना")
    rescued = tuple(_record(f"R{n}", Side.RESCUED, name=name) for n, name in enumerate(names))
    scripts = np.array(["Latn"] * 3), np.array(["Deva", "Latn", "Latn", "Deva"])
    return evidence.Question(reports, rescued, np.array([0, 1, -1, -1]), *scripts)


def _pairs(*pairs: tuple[int, int, float]) -> Placed:
    left, right, score = zip(*pairs, strict=True)
    return Placed(np.array(left, np.int64), np.array(right, np.int64), np.array(score, np.float64))


class TestFigures:
    def test_by_hand(self, question: evidence.Question) -> None:
        pairs = _pairs((0, 0, 0.99), (2, 1, 0.95), (1, 1, 0.6), (2, 2, 0.97), (0, 3, 0.1))
        found = evidence.figures(question, pairs, 0.9)
        every = found[evidence.EVERY]
        assert (every["with_report"], every["strangers"]) == (2, 2)
        assert (every["first"], every["first_10"]) == (0.5, 1.0)
        assert (every["precision"], every["recall"]) == (1 / 3, 0.5)
        assert every["clear"] == 0.5
        assert every["best_f1"] == pytest.approx(2 / 3)
        squares = [0.01**2, 0.95**2, 0.4**2, 0.97**2, 0.1**2]
        assert every["brier"] == pytest.approx(sum(squares) / 5)

    def test_pairs_of_two_scripts_and_of_one_are_apart(self, question: evidence.Question) -> None:
        pairs = _pairs((0, 0, 0.99), (2, 1, 0.95), (1, 1, 0.6), (2, 2, 0.97), (0, 3, 0.1))
        found = evidence.figures(question, pairs, 0.9)
        crossing, same = found[evidence.CROSS_SCRIPT], found[evidence.SAME_SCRIPT]
        assert (crossing["with_report"], crossing["first"], crossing["precision"], crossing["clear"]) == (
            1,
            1.0,
            1.0,
            1.0,
        )
        assert (same["with_report"], same["first"], same["recall"], same["clear"]) == (1, 0.0, 0.0, 0.5)

    def test_equal_scores_count_against_the_truth(self, question: evidence.Question) -> None:
        found = evidence.figures(question, _pairs((0, 0, 0.5), (2, 0, 0.5)), 0.9)
        assert found[evidence.EVERY]["first"] == 0.0

    def test_a_report_that_is_not_returned_is_missed(self, question: evidence.Question) -> None:
        found = evidence.figures(question, _pairs((0, 0, 0.99)), 0.9)
        assert found[evidence.EVERY]["first_10"] == 0.5

    def test_without_probabilities_nothing_is_said_of_calibration(self, question: evidence.Question) -> None:
        found = evidence.figures(question, _pairs((0, 0, 80.0), (1, 1, 70.0), (2, 2, 60.0)), None)
        assert found[evidence.EVERY]["threshold"] == 70.0
        assert found[evidence.EVERY]["recall"] == 1.0
        assert "ece" not in found[evidence.EVERY]


class TestQuestion:
    def test_a_seed_means_one_question(self) -> None:
        first, again = (evidence.Question.draw(evidence.FIRST_SEED, 30, 10, CORRUPTION) for _ in range(2))
        assert first.truth.tolist() == again.truth.tolist()
        assert [record.names for record in first.rescued] == [record.names for record in again.rescued]
        assert (first.truth >= 0).sum() == 6

    def test_seeds_are_those_of_no_training(self) -> None:
        assert min(evidence.FIRST_SEED, evidence._TEACHING_SEED) > max(TRAIN_SEED, TUNE_SEED)
        # 900 seeds may be measured before one of them would teach a peer.
        assert evidence._TEACHING_SEED - evidence.FIRST_SEED == 900

    def test_photos_are_left_out_unless_asked_for(self) -> None:
        blind, seeing = (
            evidence.Question.draw(evidence.FIRST_SEED, 60, 20, CORRUPTION, faces) for faces in (False, True)
        )
        assert not any(record.faces for record in (*blind.reports, *blind.rescued))
        assert any(record.faces for record in seeing.reports)

    def test_peers_see_no_photos(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setattr(sys, "argv", ["evidence", "--faces", "--peers"])
        with pytest.raises(SystemExit):
            evidence.main()
        assert "peers see no photos" in capsys.readouterr().err


class TestPeers:
    def test_records_are_given_romanised_and_placed(self) -> None:
        record = _record(
            "R1", Side.RESCUED, name="सीता राय", nickname="मुन्नी", father_name="Mohan Rai", sex="female",
            state="West Bengal", country="India", age="12", age_as_of="2026-01-01",
        )  # fmt: skip
        (row,) = table_of([record])
        assert (row["given"], row["father_given"], row["father_surname"]) == ("sita", "mohan", "rai")
        assert row["all_names"].isascii()
        assert row["nickname"].isascii()
        assert row["nickname"]
        assert row["state"] == "IN/WB"
        assert row["birth_year"] == "2013"
        assert row["label"] == ""

    def test_a_record_of_which_nothing_is_known(self) -> None:
        (row,) = table_of([_record("R1", Side.RESCUED)])
        assert set(row.values()) == {"R1", ""}

    def test_only_those_that_teach_are_labelled(self, question: evidence.Question, tmp_path: Path) -> None:
        asked = evidence._written(question, tmp_path, "asked", labelled=False)
        assert {row["label"] for path in asked for row in read_table(path)} == {""}
        taught = evidence._written(question, tmp_path, "taught", labelled=True)
        labels = [[row["label"] for row in read_table(path)] for path in taught]
        assert labels == [["R0", "R1", ""], ["R0", "R1", "", ""]]

    def test_a_peer_that_is_not_installed_is_left_out(
        self, question: evidence.Question, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(
            evidence, "PEERS", {"Splink": "splink-rescues", "rapidfuzz token_sort": "rapidfuzz-rescues"}
        )
        monkeypatch.setattr(evidence, "_TEACHING_REPORTS", 12)
        without = "import sys; sys.modules['splink'] = None; from benchmarks.peers.__main__ import main; main()"
        commanded = evidence.peer_command

        def without_splink(*arguments: Any) -> list[str]:
            command = commanded(*arguments)
            return [command[0], "-c", without, *command[3:]]

        monkeypatch.setattr(evidence, "peer_command", without_splink)
        found = evidence.peers(question, sys.executable, 0.9)
        assert list(found) == ["rapidfuzz token_sort"]
        assert found["rapidfuzz token_sort"]["figures"][evidence.EVERY]["with_report"] == 2
        assert "Splink: not installed" in capsys.readouterr().err


class TestRun:
    def test_a_run_is_complete(self, capsys: pytest.CaptureFixture[str]) -> None:
        found = evidence.measure(evidence.FIRST_SEED, 120, 20, CORRUPTION)
        ours = found[evidence.OURS]
        every = ours["figures"][evidence.EVERY]
        assert every["with_report"] == 12
        assert every["first"] <= every["first_10"] <= 1.0
        assert every["first_10"] > 0.5
        assert ours["pairs_per_second"]["with_contributions"] > 0
        json.dumps(found)
        evidence.show("usual", [found])
        said = capsys.readouterr()
        assert "searching" in said.err
        assert evidence.CROSS_SCRIPT in said.out
