"""Are the figures of a linkage what somebody would count by hand, lost pairs, ties and strangers included?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexing.evaluation import KS, MOST_KEYS, Labelled, breakdown, figures
from indexing.linking import Linked
from matcher.compare.extras import ExtraKind, extra_comparison
from matcher.errors import InvalidRecord
from matcher.model import MatchModel, Thresholds
from matcher.person import PartialDate, PersonName, PersonRecord, Place, Side
from matcher.scoring import ScoredPairs

TODAY = date(2026, 11, 1)
MODEL = MatchModel("hand-made", {}, thresholds=Thresholds(0.95, 0.8, 0.1))
Pair = tuple[int, int, float]


def bits(probability: float) -> float:
    return math.log2(probability / (1 - probability))


def linked(pairs: Sequence[Pair]) -> Linked:
    """Return a linkage of (left row, right row, probability)."""
    n = len(pairs)
    scored = ScoredPairs(
        np.array([bits(pair[2]) for pair in pairs], dtype=np.float64),
        np.zeros((n, 1)), np.zeros((n, 0), dtype=np.int8), (), (),
    )  # fmt: skip
    left, right = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    return Linked(left, right, scored, MODEL)


def labelled(pairs: Sequence[Pair], truth: Sequence[tuple[int, int]], right_records: int) -> Labelled:
    return Labelled.of(linked(pairs), np.array(truth, dtype=np.int64).reshape(len(truth), 2), right_records)


# Right row 0 finds its own first, 1 behind a wrong one, 2 loses its own; 3 and 4 are strangers.
PAIRS = ((0, 0, 0.99), (5, 0, 0.3), (6, 1, 0.9), (1, 1, 0.6), (7, 2, 0.05), (8, 3, 0.85), (9, 4, 0.005))
TRUTH = ((0, 0), (1, 1), (2, 2))


class TestFigures:
    FOUND = figures(labelled(PAIRS, TRUTH, 5))

    def test_a_lost_pair_is_missed(self) -> None:
        assert self.FOUND["candidate_recall"] == pytest.approx(2 / 3)
        assert self.FOUND["recall"] == pytest.approx(2 / 3)
        assert [self.FOUND[f"recall@{k}"] for k in KS] == [
            pytest.approx(1 / 3),
            pytest.approx(2 / 3),
            pytest.approx(2 / 3),
        ]
        assert self.FOUND["grades"]["possible"]["recall"] == pytest.approx(2 / 3)

    def test_precision_is_of_the_pairs_taken(self) -> None:
        assert (self.FOUND["threshold"], self.FOUND["precision"]) == (0.5, 0.5)
        assert self.FOUND["f1"] == pytest.approx(2 * 0.5 * (2 / 3) / (0.5 + 2 / 3))
        assert self.FOUND["grades"]["certain"] == {
            "threshold": 0.95, "precision": 1.0, "recall": pytest.approx(1 / 3), "f1": pytest.approx(0.5),
        }  # fmt: skip

    def test_the_best_is_over_all_thresholds(self) -> None:
        assert self.FOUND["best_f1"] == pytest.approx(2 * 2 / (4 + 3))
        assert self.FOUND["best_threshold"] == pytest.approx(0.6)

    def test_calibration_is_over_the_pairs_compared(self) -> None:
        squares = 0.01**2 + 0.3**2 + 0.9**2 + 0.4**2 + 0.05**2 + 0.85**2
        assert self.FOUND["brier"] == pytest.approx((squares + 0.005**2) / 7)
        assert self.FOUND["calibration"]["compared"]["brier"] == self.FOUND["brier"]
        assert self.FOUND["calibration"]["compared"]["ece"] == self.FOUND["ece"]
        assert self.FOUND["calibration"]["at_least_1_percent"]["pairs"] == 6
        assert self.FOUND["calibration"]["at_least_1_percent"]["brier"] == pytest.approx(squares / 6)
        assert sum(entry["pairs"] for entry in self.FOUND["reliability"]) == 7

    def test_few_strangers_are_not_counted_out(self) -> None:
        assert self.FOUND["strangers"] == {"right_records": 2, "without_probable_pair": None}

    def test_strangers_are_left_alone_when_nothing_is_probable(self) -> None:
        pairs = [*PAIRS, (9, 5, 0.79), (9, 6, 0.8), (0, 7, 0.3)]
        assert figures(labelled(pairs, TRUTH, 9))["strangers"] == {
            "right_records": 6, "without_probable_pair": pytest.approx(4 / 6),
        }  # fmt: skip

    def test_a_right_record_with_two_true_pairs_counts_once(self) -> None:
        found = figures(labelled([*PAIRS, (3, 0, 0.97)], [*TRUTH, (3, 0)], 5))
        assert found["recall@1"] == pytest.approx(1 / 4)
        assert found["right_records"] == {
            "with_true_pair": 3, "recall@1": pytest.approx(1 / 3),
            "recall@10": pytest.approx(2 / 3), "recall@20": pytest.approx(2 / 3),
        }  # fmt: skip

    def test_of_equal_candidates_the_wrong_come_first(self) -> None:
        assert figures(labelled([(0, 0, 0.7), (1, 0, 0.7)], [(0, 0)], 1))["recall@1"] == 0.0
        assert figures(labelled([(0, 0, 0.7), (1, 0, 0.7)], [(1, 0)], 1))["recall@1"] == 0.0

    def test_a_pair_said_twice_is_one(self) -> None:
        assert figures(labelled(PAIRS, [*TRUTH, *TRUTH], 5)) == self.FOUND

    def test_nothing_compared(self) -> None:
        found = figures(labelled([], TRUTH, 3))
        assert [found[name] for name in ("candidate_recall", "recall", "recall@20", "best_f1", "ece")] == [0.0] * 5

    def test_no_truth(self) -> None:
        with pytest.raises(InvalidRecord, match="no true pair"):
            labelled(PAIRS, [], 5)

    @given(
        candidates=st.dictionaries(
            st.tuples(st.integers(0, 6), st.integers(0, 4)), st.sampled_from([0.003, 0.2, 0.5, 0.7, 0.99]), max_size=25
        ),
        truth=st.sets(st.tuples(st.integers(0, 6), st.integers(0, 4)), min_size=1, max_size=8),
    )
    @settings(max_examples=80, deadline=None)
    def test_it_is_what_a_plain_loop_counts(
        self, candidates: dict[tuple[int, int], float], truth: set[tuple[int, int]]
    ) -> None:
        found = figures(labelled([(*pair, said) for pair, said in candidates.items()], sorted(truth), 5))
        taken = [pair for pair, said in candidates.items() if said >= 0.5]
        right = sum(pair in truth for pair in taken)
        assert found["precision"] == pytest.approx(right / len(taken) if taken else 0.0)
        assert found["recall"] == pytest.approx(right / len(truth))
        assert found["candidate_recall"] == pytest.approx(sum(pair in candidates for pair in truth) / len(truth))
        places = {}
        for record in range(5):
            own = [(pair, said) for pair, said in candidates.items() if pair[1] == record]
            ordered = sorted(own, key=lambda item: (-item[1], item[0] in truth))
            places |= {pair: place for place, (pair, _) in enumerate(ordered)}
        for k in KS:
            first = [pair for pair in truth if places.get(pair, k) < k]
            assert found[f"recall@{k}"] == pytest.approx(len(first) / len(truth))
            share = len({pair[1] for pair in first}) / len({pair[1] for pair in truth})
            assert found["right_records"][f"recall@{k}"] == pytest.approx(share)


class TestBreakdown:
    """Six girls under Bengali names and six boys of twenty under Latin ones; the last two girls were never compared."""

    LEFT = tuple(
        PersonRecord(
            f"l{n}", Side.MISSING, (PersonName("সুনীতা" if n < 6 else "Rafiqul"),),
            father=(PersonName("Gopal"),), origin=Place("India", "West Bengal", "Nadia"),
        )
        for n in range(12)
    )  # fmt: skip
    RIGHT = tuple(
        replace(
            left, record_id=f"r{n}", side=Side.RESCUED, names=(PersonName("Sunita" if n < 6 else "Rafiqul"),),
            father=left.father if n < 6 else (), birth=PartialDate.exact(date(2016 if n < 6 else 2006, 1, 1)),
        )
        for n, left in enumerate(LEFT)
    )  # fmt: skip
    TRUTH = tuple((n, n) for n in range(12))
    PAIRS = (*((n, n, 0.9) for n in range(12) if n not in (4, 5)), (0, 7, 0.6), (1, 8, 0.3))
    FOUND = breakdown(labelled(PAIRS, TRUTH, 12), LEFT, RIGHT, TODAY)

    def test_by_script(self) -> None:
        cross, same = self.FOUND["by_script"]
        assert (cross["key"], cross["people"], cross["pairs"]) == ("Beng-Latn", 6, 6)
        assert cross["candidate_recall"] == cross["recall@10"] == cross["recall"] == pytest.approx(4 / 6)
        # A wrong pair of a Bengali and a Latin name counts where its own scripts are.
        assert (cross["precision"], cross["probable"]["precision"]) == (pytest.approx(4 / 5), 1.0)
        assert (same["key"], same["precision"], same["recall"], same["f1"]) == ("Latn-Latn", 1.0, 1.0, 1.0)
        assert [row["key"] for row in self.FOUND["by_script_kind"]] == ["cross-script", "same-script"]

    def test_by_age_of_the_right_record(self) -> None:
        girls, boys = self.FOUND["by_age_band"]
        assert (girls["key"], girls["recall"], girls["precision"]) == ("6-11", pytest.approx(4 / 6), 1.0)
        assert (boys["key"], boys["recall"], boys["precision"]) == ("18+", 1.0, pytest.approx(6 / 7))

    def test_by_what_both_sides_knew(self) -> None:
        rows = {row["key"]: row["recall"] for row in self.FOUND["by_known"]}
        assert rows == {"name+father+district": pytest.approx(4 / 6), "name+district": 1.0}

    def test_by_each_thing(self) -> None:
        rows = {row["key"]: row["people"] for row in self.FOUND["by_field"]}
        assert rows == {"name known": 12, "father known": 6, "father unknown": 6, "place known": 12}

    def test_small_ages_are_merged_by_name(self) -> None:
        right = [
            replace(record, birth=PartialDate.exact(date(2022 if n < 2 else 2016 if n < 6 else 2006, 1, 1)))
            for n, record in enumerate(self.RIGHT)
        ]
        rows = breakdown(labelled(self.PAIRS, self.TRUTH, 12), self.LEFT, right, TODAY)["by_age_band"]
        assert [(row["key"], row["people"]) for row in rows] == [("0-5 or 6-11", 6), ("18+", 6)]

    def test_a_handful_of_people_has_no_rows(self) -> None:
        found = breakdown(labelled(self.PAIRS, self.TRUTH[:4], 12), self.LEFT, self.RIGHT, TODAY)
        assert found.pop("least_people") == 5
        assert all(rows == [] for rows in found.values())

    def test_many_true_pairs_of_few_people_have_no_rows(self) -> None:
        truth = [(n, n % 2) for n in range(12)]
        found = breakdown(labelled(self.PAIRS, truth, 12), self.LEFT, self.RIGHT, TODAY)
        assert found["by_script"] == found["by_age_band"] == []

    def test_kinds_of_knowledge_beyond_the_most_are_merged(self) -> None:
        columns = [extra_comparison(f"c{n}", ExtraKind.EXACT) for n in range(MOST_KEYS + 2)]
        left = [PersonRecord(f"l{n}", Side.MISSING, extras=((f"c{n // 5}", "x"),)) for n in range(5 * (MOST_KEYS + 2))]
        right = [replace(record, record_id=f"r{n}", side=Side.RESCUED) for n, record in enumerate(left)]
        truth = [(n, n) for n in range(len(left))]
        rows = breakdown(labelled([], truth, len(right)), left, right, TODAY, columns)["by_known"]
        assert [row["people"] for row in rows] == [5] * MOST_KEYS + [10]
        assert (rows[0]["key"], rows[-1]["key"]) == (columns[0].name, "other")
        assert all(row["recall"] == row["candidate_recall"] == 0.0 for row in rows)
