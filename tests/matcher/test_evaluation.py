"""Do the measures measure? Every number against a plain loop or a sum done by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.evaluation import (
    Decision,
    ReliabilityBin,
    area_under_curve,
    best_decision,
    brier_score,
    count_reaching,
    curve,
    decide,
    expected_calibration_error,
    own_scores,
    ranks_among,
    ranks_of_truth,
    ranks_within,
    recall_at,
    reliability,
)

Labelled = list[tuple[float, bool]]
# Few distinct scores, so that ties are common.
PAIRS = st.lists(st.tuples(st.integers(0, 5).map(lambda tenth: tenth / 8), st.booleans()), max_size=14)


def about(value: float) -> Any:
    """Return what equals the value but for rounding; inside a dataclass, too."""
    return pytest.approx(value)


def scores(*values: float) -> npt.NDArray[np.float64]:
    return np.array(values, dtype=np.float64)


def truths(text: str) -> npt.NDArray[np.bool_]:
    """Return one truth for each letter: "+" is a match."""
    return np.array([letter == "+" for letter in text], dtype=bool)


def columns(pairs: Labelled) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    return scores(*(score for score, _ in pairs)), np.array([match for _, match in pairs], dtype=bool)


class TestDecide:
    def test_by_hand(self) -> None:
        found = decide(scores(0.9, 0.8, 0.6, 0.4, 0.1), truths("+-++-"), 0.6)
        assert found == Decision(0.6, about(2 / 3), about(2 / 3), about(2 / 3))

    def test_a_pair_at_the_threshold_is_taken(self) -> None:
        assert decide(scores(0.5, 0.4), truths("++"), 0.5).recall == 0.5

    def test_matches_that_are_not_among_the_pairs_lower_recall_only(self) -> None:
        found = decide(scores(0.9, 0.8), truths("++"), 0.5, matches=8)
        assert (found.precision, found.recall, found.f1) == (1.0, 0.25, about(0.4))

    def test_nothing_taken(self) -> None:
        assert decide(scores(0.1, 0.2), truths("+-"), 0.5) == Decision(0.5, 0.0, 0.0, 0.0)

    def test_nothing_right(self) -> None:
        assert decide(scores(0.9, 0.2), truths("-+"), 0.5) == Decision(0.5, 0.0, 0.0, 0.0)

    @pytest.mark.parametrize("matches", [None, 0])
    def test_no_matches_at_all(self, matches: int | None) -> None:
        assert decide(scores(0.9), truths("-"), 0.5, matches) == Decision(0.5, 0.0, 0.0, 0.0)

    @pytest.mark.parametrize("matches", [None, 3])
    def test_no_pairs(self, matches: int | None) -> None:
        assert decide(scores(), truths(""), 0.5, matches) == Decision(0.5, 0.0, 0.0, 0.0)

    def test_numbers_are_plain_floats(self) -> None:
        found = decide(scores(0.9, 0.1), truths("+-"), 0.5)
        assert {type(value) for value in (found.threshold, found.precision, found.recall, found.f1)} == {float}


class TestBestDecision:
    def test_a_clean_cut_is_found(self) -> None:
        assert best_decision(scores(0.2, 0.9, 0.7, 0.4), truths("-++-")) == Decision(0.7, 1.0, 1.0, 1.0)

    def test_pairs_of_equal_score_stand_or_fall_together(self) -> None:
        # Taking the first .8 alone would be perfect; no threshold does that.
        found = best_decision(scores(0.8, 0.8, 0.8, 0.1), truths("+---"))
        assert found == Decision(0.8, about(1 / 3), 1.0, about(0.5))

    def test_of_equal_decisions_the_strictest_wins(self) -> None:
        # The first alone: P 1, R 1/2. All four: P 1/2, R 1. Either way F1 is 2/3.
        found = best_decision(scores(0.9, 0.5, 0.4, 0.3), truths("+--+"))
        assert found == Decision(0.9, 1.0, 0.5, about(2 / 3))

    def test_unseen_matches_count_against_recall(self) -> None:
        found = best_decision(scores(0.9, 0.8, 0.1), truths("++-"), matches=4)
        assert found == Decision(0.8, 1.0, 0.5, about(2 / 3))

    def test_unseen_matches_may_lower_the_best_threshold(self) -> None:
        # With many to find, one more right pair outweighs the wrong ones above it.
        score, is_match = scores(0.9, 0.8, 0.7, 0.6), truths("+--+")
        assert best_decision(score, is_match).threshold == 0.9
        assert best_decision(score, is_match, matches=20).threshold == 0.6

    @pytest.mark.parametrize("matches", [None, 5])
    def test_no_pairs(self, matches: int | None) -> None:
        assert best_decision(scores(), truths(""), matches) == Decision(0.0, 0.0, 0.0, 0.0)

    def test_no_matches(self) -> None:
        assert best_decision(scores(0.3, 0.6), truths("--")) == Decision(0.6, 0.0, 0.0, 0.0)

    @given(pairs=PAIRS.filter(bool), unseen=st.integers(0, 5))
    @settings(max_examples=60, deadline=None)
    def test_no_threshold_does_better(self, pairs: Labelled, unseen: int) -> None:
        score, is_match = columns(pairs)
        matches = int(is_match.sum()) + unseen
        every = [decide(score, is_match, threshold, matches) for threshold in sorted(set(score.tolist()), reverse=True)]
        best = best_decision(score, is_match, matches)
        assert best in every
        assert best.f1 == about(max(decision.f1 for decision in every))


class TestCurve:
    def test_by_hand(self) -> None:
        found = curve(scores(0.2, 0.9, 0.5, 0.5), truths("+-+-"), matches=5)
        assert found.threshold.tolist() == [0.9, 0.5, 0.2]
        assert (found.pairs.tolist(), found.found.tolist(), found.matches) == ([1, 3, 4], [0, 1, 2], 5)
        assert found.precision.tolist() == [0.0, about(1 / 3), 0.5]
        assert found.recall.tolist() == [0.0, about(0.2), about(0.4)]

    def test_nothing(self) -> None:
        found = curve(scores(), truths(""), matches=3)
        assert len(found.threshold) == len(found.precision) == len(found.recall) == 0

    @given(pairs=PAIRS, unseen=st.integers(0, 5))
    @settings(max_examples=60, deadline=None)
    def test_every_point_is_the_decision_at_its_threshold(self, pairs: Labelled, unseen: int) -> None:
        score, is_match = columns(pairs)
        matches = int(is_match.sum()) + unseen
        found = curve(score, is_match, matches)
        assert found.threshold.tolist() == sorted(set(score.tolist()), reverse=True)
        for position, threshold in enumerate(found.threshold.tolist()):
            expected = decide(score, is_match, threshold, matches)
            seen = found.at(position)
            assert (seen.threshold, seen.precision, seen.recall) == (threshold, expected.precision, expected.recall)
            assert seen.f1 == about(expected.f1)


def slow_area(pairs: Labelled) -> float:
    """Return the area by meeting every match with every non-match."""
    good = [score for score, match in pairs if match]
    bad = [score for score, match in pairs if not match]
    if not good or not bad:
        return 0.5
    won = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a in good for b in bad)
    return won / (len(good) * len(bad))


class TestAreaUnderCurve:
    @pytest.mark.parametrize(
        ("score", "is_match", "area"),
        [
            ([0.9, 0.8, 0.2, 0.1], "++--", 1.0),
            ([0.1, 0.2, 0.8, 0.9], "++--", 0.0),
            ([0.5, 0.5, 0.5], "+--", 0.5),
            ([0.9, 0.5, 0.5, 0.1], "++--", 0.875),
            ([1.0, 2.0], "++", 0.5),
            ([1.0, 2.0], "--", 0.5),
            ([], "", 0.5),
        ],
    )
    def test_by_hand(self, score: Sequence[float], is_match: str, area: float) -> None:
        assert area_under_curve(scores(*score), truths(is_match)) == about(area)

    @given(pairs=PAIRS)
    @settings(max_examples=80, deadline=None)
    def test_it_is_that_of_a_plain_loop(self, pairs: Labelled) -> None:
        assert area_under_curve(*columns(pairs)) == about(slow_area(pairs))


class TestCalibration:
    # Quarters are exact in binary: a probability on an edge belongs to the bin above it.
    PROBABILITY = scores(0.0, 0.2, 0.25, 0.75, 0.9, 1.0)
    IS_MATCH = truths("-+-+-+")

    def test_reliability_by_hand(self) -> None:
        assert reliability(self.PROBABILITY, self.IS_MATCH, bins=4) == [
            ReliabilityBin(0.0, 0.25, 2, about(0.1), 0.5),
            ReliabilityBin(0.25, 0.5, 1, 0.25, 0.0),
            ReliabilityBin(0.75, 1.0, 3, about(2.65 / 3), about(2 / 3)),
        ]

    def test_there_are_ten_bins_unless_told(self) -> None:
        table = reliability(np.linspace(0.05, 0.95, 10), np.ones(10, dtype=bool))
        assert [entry.pairs for entry in table] == [1] * 10
        assert (table[0].low, table[-1].high) == (0.0, 1.0)

    def test_expected_calibration_error_by_hand(self) -> None:
        table = reliability(self.PROBABILITY, self.IS_MATCH, bins=4)
        assert expected_calibration_error(table) == about((2 * 0.4 + 1 * 0.25 + (2.65 - 2)) / 6)

    def test_brier_score_by_hand(self) -> None:
        squares = 0.0 + 0.8**2 + 0.25**2 + 0.25**2 + 0.9**2 + 0.0
        assert brier_score(self.PROBABILITY, self.IS_MATCH) == about(squares / 6)

    def test_the_truth_itself_is_perfect(self) -> None:
        said = self.IS_MATCH.astype(float)
        assert expected_calibration_error(reliability(said, self.IS_MATCH)) == 0.0
        assert brier_score(said, self.IS_MATCH) == 0.0

    def test_nothing(self) -> None:
        assert reliability(scores(), truths("")) == []
        assert expected_calibration_error([]) == 0.0
        assert brier_score(scores(), truths("")) == 0.0

    @given(pairs=PAIRS, bins=st.integers(1, 12))
    @settings(max_examples=40, deadline=None)
    def test_every_pair_is_in_one_bin(self, pairs: Labelled, bins: int) -> None:
        probability, is_match = columns(pairs)
        table = reliability(probability, is_match, bins)
        assert sum(entry.pairs for entry in table) == len(pairs)
        assert all(entry.low <= entry.mean_probability <= entry.high for entry in table)
        assert sum(entry.pairs * entry.share_of_matches for entry in table) == about(is_match.sum())
        assert 0.0 <= expected_calibration_error(table) <= 1.0


class TestRanks:
    def test_ties_count_against_the_truth(self) -> None:
        similarities = np.array([[0.9, 0.5, 0.1], [0.5, 0.5, 0.1], [0.2, 0.2, 0.2], [0.3, 0.2, 0.1]], np.float32)
        assert ranks_of_truth(similarities, np.array([0, 1, 0, 2])).tolist() == [0, 1, 2, 2]

    def test_no_queries(self) -> None:
        assert ranks_of_truth(np.zeros((0, 3), np.float32), np.zeros(0, np.int64)).tolist() == []

    def test_recall_by_hand(self) -> None:
        assert recall_at(np.array([0, 1, 4, 9]), [1, 2, 5, 10]) == {
            "recall@1": 0.25,
            "recall@2": 0.5,
            "recall@5": 0.75,
            "recall@10": 1.0,
        }

    def test_recall_of_nothing(self) -> None:
        assert recall_at(np.zeros(0, np.int64), [1, 5]) == {"recall@1": 0.0, "recall@5": 0.0}
        assert recall_at(np.array([0]), []) == {}


class TestRanksAmong:
    @given(seed=st.integers(0, 10_000), count=st.integers(1, 60), asked=st.integers(0, 300), block=st.integers(1, 70))
    @settings(max_examples=60, deadline=None)
    def test_blocks_give_the_ranks_of_the_whole(self, seed: int, count: int, asked: int, block: int) -> None:
        # Whole numbers are exact in float32, and few, so that ties are common.
        rng = np.random.default_rng(seed)
        gallery = rng.integers(-2, 3, (count, 4)).astype(np.float32)
        queries = rng.integers(-2, 3, (asked, 4)).astype(np.float32)
        truth = rng.integers(0, count, asked)
        assert (
            ranks_among(queries, gallery, truth, block).tolist() == ranks_of_truth(queries @ gallery.T, truth).tolist()
        )

    def test_equal_unit_rows_are_ties_wherever_they_stand(self) -> None:
        rng = np.random.default_rng(4)
        rows = rng.standard_normal((50, 128)).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        gallery = np.repeat(rows, 7, axis=0)
        found = ranks_among(rows, gallery, np.arange(50) * 7, block=33)
        assert found.tolist() == [6] * 50

    def test_candidates_in_parts_add_up(self) -> None:
        rng = np.random.default_rng(5)
        gallery = rng.integers(-2, 3, (90, 4)).astype(np.float32)
        queries, truth = rng.integers(-2, 3, (20, 4)).astype(np.float32), rng.integers(0, 40, 20)
        own = own_scores(queries, gallery, truth)
        in_parts = ranks_among(queries, gallery[:40], truth) + count_reaching(queries, gallery[40:], own, block=7)
        assert in_parts.tolist() == ranks_among(queries, gallery, truth).tolist()

    def test_nothing_reaches_in_an_empty_gallery(self) -> None:
        queries = np.ones((3, 2), np.float32)
        assert count_reaching(queries, np.zeros((0, 2), np.float32), np.ones(3, np.float32)).tolist() == [0, 0, 0]


GROUPED = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([-2.0, 0.0, 1.5]), st.booleans()), max_size=15)


def slow_rank(pairs: Sequence[tuple[int, float, bool]], at: int) -> int:
    """Return a pair's place by meeting all others of its group; of equal ones the wrong stand before the right."""
    group, score, match = pairs[at]
    others = [(other, pair) for other, pair in enumerate(pairs) if other != at and pair[0] == group]
    ahead = [pair for _, pair in others if pair[1] > score or (pair[1] == score and match and not pair[2])]
    return len(ahead) + sum(pair[1:] == (score, match) and other < at for other, pair in others)


class TestRanksWithin:
    def test_by_hand(self) -> None:
        group = np.array([7, 3, 7, 3, 7])
        assert ranks_within(group, scores(1.0, 5.0, 2.0, 5.0, 9.0), truths("-+---")).tolist() == [2, 1, 1, 0, 0]

    def test_nothing(self) -> None:
        assert ranks_within(np.zeros(0, np.int64), scores(), truths("")).tolist() == []

    @given(pairs=GROUPED)
    @settings(max_examples=80, deadline=None)
    def test_it_is_that_of_a_plain_loop(self, pairs: list[tuple[int, float, bool]]) -> None:
        found = ranks_within(
            np.array([group for group, _, _ in pairs], dtype=np.int64),
            scores(*(score for _, score, _ in pairs)),
            np.array([match for _, _, match in pairs], dtype=bool),
        )
        assert found.tolist() == [slow_rank(pairs, at) for at in range(len(pairs))]
