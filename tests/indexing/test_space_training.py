"""Does training find which fields tell a person from her neighbours, and does that find more of them?"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import pytest

from data.corruption import LIVES
from data.synthetic import TODAY, linked_sample
from indexing.record_space import RecordSpace
from indexing.record_vectors import BLOCKS, RecordVectors, Vectors, block_spans, encode_records
from indexing.space_training import Lesson, _conditional_logit, _lists, fit_space
from matcher.columns import RecordColumns

NAMES = list(BLOCKS)


@cache
def lesson(seed: int, people: int = 300, life: str = "hard") -> Lesson:
    sample = linked_sample(seed, people, people, TODAY, share=1.0, corruption=LIVES[life])
    place = {record.record_id: number for number, record in enumerate(sample.reports)}
    truth = np.array([place[sample.truth[record.record_id]] for record in sample.rescues], dtype=np.int64)
    reports, rescued = (
        encode_records(RecordColumns.build(record.to_person(TODAY) for record in side))
        for side in (sample.reports, sample.rescues)
    )
    return Lesson(reports, rescued, truth, people)


def without(vectors: RecordVectors, block: str) -> RecordVectors:
    rows = vectors.rows.copy()
    rows[:, block_spans()[block]] = 0
    return replace(vectors, rows=rows)


class TestLists:
    def test_against_a_plain_loop(self) -> None:
        known = lesson(501, 60)
        queries, true = known.rescued.rows[:5], known.truth[known.rescued.owners[:5]]
        likeness, unknown, is_true = _lists(known.reports, queries, true, 3)
        assert likeness.shape == unknown.shape == (*is_true.shape, len(BLOCKS))
        for query in range(len(queries)):
            assert is_true[query, :2].all()
            # What each report says of the query, and whether it is hers.
            everybody = np.array([slow_features(queries[query], row) for row in known.reports.rows])
            hers = known.reports.owners == true[query]
            for place in range(is_true.shape[1]):
                said = [*likeness[query, place], *unknown[query, place]]
                alike = np.abs(everybody - np.array(said)).max(axis=1) < 1e-5
                assert (alike & (hers == is_true[query, place])).any()

    def test_a_true_report_of_several_names_is_true_in_each(self) -> None:
        reports = RecordVectors(lesson(501, 60).reports.rows[:4], np.array([0, 1, 1, 2]))
        _, _, is_true = _lists(reports, lesson(501, 60).rescued.rows[:1], np.array([1]), 3)
        assert is_true[0, :2].all()
        assert not is_true.all()


def slow_features(query: Vectors, row: Vectors) -> list[float]:
    likeness, unknown = [], []
    for span in block_spans().values():
        a, b = query[span].tolist(), row[span].tolist()
        likeness.append(math.fsum(x * y for x, y in zip(a, b, strict=True)))
        unknown.append(float(any(a) and not any(b)))
    return [*likeness, *unknown]


class TestConditionalLogit:
    @staticmethod
    def choices(theta: list[float], lists: int) -> tuple[Vectors, npt.NDArray[np.bool_]]:
        """Return lists in which one of twelve is true, drawn as the coefficients say."""
        rng = np.random.default_rng(11)
        features = rng.random((lists, 12, len(theta))).astype(np.float32)
        said = features @ np.array(theta) + rng.gumbel(size=(lists, 12))
        return features, said == said.max(axis=1, keepdims=True)

    def test_it_recovers_what_the_choices_were_drawn_by(self) -> None:
        theta = [6.0, 0.0, -3.0, 2.0]
        assert _conditional_logit(*self.choices(theta, 4000)) == pytest.approx(theta, abs=0.4)

    def test_no_small_step_makes_the_true_ones_likelier(self) -> None:
        features, is_true = self.choices([5.0, 1.0, 0.0], 300)
        is_true[:, 0] = True  # several true ones in a list count together
        theta = _conditional_logit(features, is_true)
        best = slow_likelihood(features, is_true, theta.tolist())
        for place in range(3):
            for step in (-0.3, 0.3):
                moved = theta.tolist()
                moved[place] += step
                assert slow_likelihood(features, is_true, moved) < best

    def test_what_never_occurred_has_taught_nothing(self) -> None:
        features, is_true = self.choices([5.0, 1.0], 50)
        features[:, :, 1] = 0
        assert _conditional_logit(features, is_true)[1] == 0


def slow_likelihood(features: Vectors, is_true: npt.NDArray[np.bool_], theta: list[float]) -> float:
    total = 0.0
    for rows, marks in zip(features.tolist(), is_true.tolist(), strict=True):
        odds = [math.exp(math.fsum(x * t for x, t in zip(row, theta, strict=True))) for row in rows]
        total += math.log(sum(odd for odd, mark in zip(odds, marks, strict=True) if mark) / sum(odds))
    return total


def weights_of(*lessons: Lesson) -> Vectors:
    """Return the weights learned, without the turn, which takes the longest."""

    def unturned(version: str, weights: Vectors, unknown: Vectors, *_: object) -> RecordSpace:
        one = np.ones(1, dtype=np.float32)
        return RecordSpace(version, weights, unknown, one, np.diag(one), one)

    with patch.object(RecordSpace, "fitted", unturned):
        return fit_space("v", lessons, 9).weights


class TestFitSpace:
    def test_weights_are_shares_and_equal_lessons_give_equal_spaces(self) -> None:
        known = lesson(502, 120)
        one, other = (fit_space("v", [known], 9) for _ in range(2))
        assert one.version == "v"
        assert (one.weights >= 0).all()
        assert (one.unknown >= 0).all()
        assert (one.unknown <= one.weights).all()
        for part in ("weights", "unknown", "turn", "steps"):
            assert np.array_equal(getattr(one, part), getattr(other, part))

    def test_a_field_that_says_nothing_counts_little_and_one_that_nobody_has_nothing(self) -> None:
        known = lesson(502, 120)
        shuffled, father = known.rescued.rows.copy(), block_spans()["father"]
        shuffled[:, father] = shuffled[np.random.default_rng(1).permutation(len(shuffled)), father]
        untold = replace(known, rescued=replace(known.rescued, rows=shuffled))
        empty = replace(known, rescued=without(known.rescued, "father"), reports=without(known.reports, "father"))
        place = NAMES.index("father")
        assert weights_of(untold)[place] < weights_of(known)[place] / 4
        assert weights_of(empty)[place] == 0

    def test_who_is_beyond_the_number_teaches_nothing(self) -> None:
        known = replace(lesson(502, 120), asked=40)
        last = int(known.rescued.owners[39])
        spoilt = np.where(np.arange(len(known.truth)) > last, 0, known.truth)
        assert np.array_equal(weights_of(known), weights_of(replace(known, truth=spoilt)))
        assert not np.array_equal(weights_of(known), weights_of(replace(known, asked=120)))

    def test_who_has_no_report_teaches_nothing(self) -> None:
        known = lesson(502, 120)
        truth = np.where(np.arange(len(known.truth)) % 2, known.truth, -1)
        kept = truth[known.rescued.owners] >= 0
        only = replace(known.rescued, rows=known.rescued.rows[kept], owners=known.rescued.owners[kept])
        assert np.array_equal(weights_of(replace(known, truth=truth)), weights_of(replace(known, rescued=only)))

    def test_several_lessons_count_together(self) -> None:
        one, other = lesson(502, 120), lesson(503, 120, "usual")
        assert not np.array_equal(weights_of(one, other), weights_of(one))
        assert weights_of(one, other) == pytest.approx(weights_of(other, one), abs=1e-3)

    def test_what_was_learned_finds_more_among_strangers_than_equal_weights(self) -> None:
        known, strangers = lesson(504), lesson(505, 500)
        learned = fit_space("v", [known], 9)
        ones = np.ones(len(BLOCKS), dtype=np.float32)
        equal = RecordSpace.fitted("v", ones, ones * 0, known.reports.rows, known.rescued.rows)
        assert recall(learned, strangers, 5) > recall(equal, strangers, 5) + 0.03


def recall(space: RecordSpace, sample: Lesson, k: int) -> float:
    """Return the share of names that ask whose true report is among the k rows with the largest products."""
    table, asked = space.stored(sample.reports.rows), space.queries(sample.rescued.rows)
    products = asked.astype(np.float64) @ table.T.astype(np.float64)
    best = np.argsort(-products, axis=1, kind="stable")[:, :k]
    true = sample.truth[sample.rescued.owners][:, None]
    return float((sample.reports.owners[best] == true).any(axis=1).mean())
