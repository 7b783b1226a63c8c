"""Weights in batch are those of `score_pairs`, pair by pair, whatever the number of threads and the order of pairs."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pytest

from data.synthetic import linked_sample
from indexing.match_index import context_of
from indexing.pairing import candidate_pairs
from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.comparison import Comparison, Context
from matcher.fast import PairScorer
from matcher.model import MatchModel
from matcher.person import PersonRecord, Side
from matcher.scoring import ScoredPairs, score_pairs

TODAY = date(2026, 11, 1)
REPORTS, RESCUES = 400, 120
Ints = npt.NDArray[np.int64]


class Sample:
    """Reports, then rescues; candidate pairs and random ones, some of them twice."""

    def __init__(self) -> None:
        drawn = linked_sample(80_021, REPORTS, RESCUES)
        people = [record.to_person(TODAY) for record in (*drawn.reports, *drawn.rescues)]
        people[REPORTS] = PersonRecord("nothing", Side.RESCUED)
        self.columns = RecordColumns.build(people)
        self.context: Context = context_of(self.columns, REPORTS)
        rng = np.random.default_rng(3)
        found = candidate_pairs(self.columns, REPORTS, 30)
        chance = np.stack([rng.integers(0, REPORTS, 3000), REPORTS + rng.integers(0, RESCUES, 3000)], axis=1)
        self.pairs: Ints = np.concatenate([found, chance, found[:50]])[rng.permutation(len(found) + 3050)]

    def oracle(self, model: MatchModel) -> ScoredPairs:
        return score_pairs(self.columns, self.pairs[:, 0], self.pairs[:, 1], self.context, model, 1000)

    def scorer(
        self, model: MatchModel, threads: int = 2, comparisons: tuple[Comparison, ...] = COMPARISONS
    ) -> PairScorer:
        left, right = np.arange(REPORTS), np.arange(REPORTS, REPORTS + RESCUES)
        return PairScorer(
            self.columns, left, right, self.context, model, 1000, comparisons=comparisons, threads=threads
        )


@pytest.fixture(scope="module")
def sample() -> Sample:
    return Sample()


@pytest.mark.parametrize("threads", [1, 2])
def test_weights_and_levels_are_those_of_the_slow_way(sample: Sample, threads: int) -> None:
    model = MatchModel.load()
    expected, scorer = sample.oracle(model), sample.scorer(model, threads)
    i, j = sample.pairs[:, 0], sample.pairs[:, 1] - REPORTS
    for _ in range(2):  # the second time from tables
        assert np.abs(scorer.weights(i, j) - expected.weight).max() < 1e-3
    assert scorer.names == expected.names
    assert np.array_equal(scorer.levels(i, j), expected.levels)


def test_the_order_of_pairs_and_the_side_that_is_larger_change_nothing(sample: Sample) -> None:
    model = MatchModel.load()
    i, j = sample.pairs[:, 0], sample.pairs[:, 1]
    forward = sample.scorer(model).weights(i, j - REPORTS)
    assert np.array_equal(sample.scorer(model).weights(i[::-1], (j - REPORTS)[::-1]), forward[::-1])
    turned = PairScorer(
        sample.columns, np.arange(REPORTS, REPORTS + RESCUES), np.arange(REPORTS), sample.context, model, 1000
    )
    assert np.abs(turned.weights(j - REPORTS, i) - forward).max() < 1e-3


def test_fewer_comparisons_and_no_pairs(sample: Sample) -> None:
    model = MatchModel.load()
    some = tuple(one for one in COMPARISONS if one.name in ("name", "sex", "origin", "marks"))
    i, j = sample.pairs[:, 0], sample.pairs[:, 1]
    expected = score_pairs(sample.columns, i, j, sample.context, model, 1000, some)
    scorer = sample.scorer(model, comparisons=some)
    assert np.abs(scorer.weights(i, j - REPORTS) - expected.weight).max() < 1e-3
    nothing = np.zeros(0, dtype=np.int64)
    assert len(scorer.weights(nothing, nothing)) == 0
