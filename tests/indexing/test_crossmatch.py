"""Are the pairs that a night keeps the best of all that it looked at, by the weights that the service explains?"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from indexing.candidates import KEY_ROUTE, ROUTES, propose
from indexing.crossmatch import Ranked, cross_match
from indexing.match_index import context_of
from indexing.record_space import RecordSpace
from indexing.record_vectors import encode_records
from indexing.segment import Segment
from indexing.shelf import Asked
from matcher.columns import RecordColumns
from matcher.model import MatchModel
from matcher.person import PersonRecord, Place, Side
from matcher.scoring import score_pairs

ENOUGH = 10_000
Ints = npt.NDArray[np.int64]


class Night:
    """Reports in segments and rescued people who ask; `columns` hold reports and rescued people in one table."""

    def __init__(self, reports: tuple[PersonRecord, ...], rescues: tuple[PersonRecord, ...], parts: int = 3) -> None:
        self.columns = RecordColumns.build([*reports, *rescues])
        self.reports, self.rescues = len(reports), len(rescues)
        self.context = context_of(self.columns, self.reports)
        self.begins = [self.reports * part // parts for part in range(parts + 1)]
        self.segments = [Segment.build(RecordColumns.build(reports[start:end])) for start, end in pairwise(self.begins)]
        asking = RecordColumns.build(rescues)
        self.asked = Asked.of(asking, np.arange(self.rescues), encode_records(asking), RecordSpace.load())

    def match(self, **options: int) -> Ranked:
        return cross_match(
            self.segments, self.asked, Side.MISSING, self.context, MatchModel.load(), self.reports, **options
        )

    def record(self, segment: Ints, row: Ints) -> Ints:
        """Return the numbers of reports that lie in segments."""
        return np.array(self.begins)[segment] + row


@pytest.fixture(scope="module")
def night(population: Any) -> Night:
    """Return a night on which some share a telephone with somebody of another state, one knows nothing, some repeat."""
    reports, rescues = list(population.reports), list(population.rescues)
    for n in range(0, 12, 3):
        reports[n] = replace(reports[n], phones=(f"980000000{n % 6}",))
        rescues[n] = replace(rescues[n], phones=(f"980000000{n % 6}",), origin=Place(), names=(), father=(), mother=())
    reports[20] = replace(reports[21], record_id="twin")
    reports[22] = PersonRecord("nothing", Side.MISSING)
    rescues[20] = PersonRecord("nobody", Side.RESCUED)
    return Night(tuple(reports), tuple(rescues))


def listed(night: Night, ranked: Ranked) -> list[tuple[int, int]]:
    """Return (who asks, report) of each pair, reports numbered through all segments."""
    return list(zip(ranked.asking.tolist(), night.record(ranked.segment, ranked.record).tolist(), strict=True))


@pytest.mark.parametrize(("k", "limit"), [(250, 20), (15, 3), (ENOUGH, ENOUGH), (1, 1)])
def test_the_best_are_kept_by_the_weights_of_the_slow_way(night: Night, k: int, limit: int) -> None:
    found = propose(night.segments, night.asked, Side.MISSING, k)
    record = night.record(found.segment, found.row)
    slow = score_pairs(
        night.columns, record, night.reports + found.asking, night.context, MatchModel.load(), night.reports
    ).weight
    expected = dict(zip(zip(found.asking.tolist(), record.tolist(), strict=True), slow.tolist(), strict=True))
    bits = dict(zip(expected, found.routes.tolist(), strict=True))
    ranked = night.match(k=k, limit=limit)
    pairs = listed(night, ranked)
    assert ranked.compared == len(expected)
    assert ranked.weight == pytest.approx([expected[pair] for pair in pairs], abs=1e-3)
    assert ranked.routes.tolist() == [bits[pair] for pair in pairs]
    for query in range(night.rescues):
        kept = [pair for pair in pairs if pair[0] == query]
        every = sorted((weight for pair, weight in expected.items() if pair[0] == query), reverse=True)
        assert len(kept) == min(limit, len(every))
        assert [expected[pair] for pair in kept] == pytest.approx(every[:limit], abs=1e-3)
    assert any(bits == 1 << ROUTES.index(KEY_ROUTE) for bits in found.routes.tolist())  # found by nothing else


def test_they_are_sorted_best_first_ties_by_the_lower_record(night: Night) -> None:
    ranked = night.match(k=ENOUGH, limit=ENOUGH)
    keys = [
        (query, -weight, record) for (query, record), weight in zip(listed(night, ranked), ranked.weight, strict=True)
    ]
    assert keys == sorted(keys)
    assert len(set(listed(night, ranked))) == len(keys)
    twins = [at for at, (_, record) in enumerate(listed(night, ranked)) if record == 20]
    assert twins
    for at in twins:  # the same report filed twice weighs the same
        assert listed(night, ranked)[at + 1] == (ranked.asking[at], 21)
        assert ranked.weight[at + 1] == ranked.weight[at]


def test_of_ties_at_the_limit_the_lower_record_is_kept(night: Night) -> None:
    every = listed(night, night.match(k=ENOUGH, limit=ENOUGH))
    query = next(query for query, record in every if record == 20)
    place = [record for one, record in every if one == query].index(20)
    assert [record for one, record in listed(night, night.match(k=ENOUGH, limit=place + 1)) if one == query][-1] == 20


def test_nothing_known_is_in_no_pair(night: Night) -> None:
    ranked = night.match(k=ENOUGH, limit=ENOUGH)
    assert 22 not in night.record(ranked.segment, ranked.record)
    assert 20 not in ranked.asking


def test_the_true_report_is_found(population: Any) -> None:
    night = Night(population.reports, population.rescues)
    place = {record.record_id: number for number, record in enumerate(population.reports)}
    pairs = set(listed(night, night.match(limit=3)))
    true = [
        (n, place[population.truth[one.record_id]])
        for n, one in enumerate(population.rescues)
        if one.record_id in population.truth
    ]
    assert sum(pair in pairs for pair in true) > 0.9 * len(true)


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_nothing(night: Night, threads: int) -> None:
    one, other = night.match(), night.match(threads=threads)
    assert listed(night, one) == listed(night, other)
    assert np.array_equal(one.weight, other.weight)
    assert np.array_equal(one.routes, other.routes)


@pytest.mark.parametrize(("reports", "rescues"), [(0, 5), (5, 0), (0, 0), (1, 1)])
def test_few_or_none(population: Any, reports: int, rescues: int) -> None:
    ranked = Night(population.reports[:reports], population.rescues[:rescues]).match(k=3)
    assert len(ranked.asking) == len(ranked.record) == len(ranked.weight) == len(ranked.routes) <= ranked.compared
    assert ranked.compared <= reports * rescues


def test_in_how_many_segments_the_reports_lie_changes_no_weight(population: Any) -> None:
    reports, rescues = population.reports[:90], population.rescues[:20]
    nights = [Night(reports, rescues, parts) for parts in (1, 7)]
    # Of all that was looked at; which words are near is asked of each segment, so the looked at are not quite the same.
    weights = []
    for night in nights:
        ranked = night.match(k=ENOUGH, limit=ENOUGH)
        weights.append(dict(zip(listed(night, ranked), ranked.weight.tolist(), strict=True)))
    one, several = weights
    shared = one.keys() & several.keys()
    assert len(shared) > 0.8 * len(one)
    assert [one[pair] for pair in shared] == pytest.approx([several[pair] for pair in shared], abs=1e-4)


def test_one_that_was_taken_away_is_in_no_pair(population: Any) -> None:
    night = Night(population.reports[:60], population.rescues[:20])
    before = set(listed(night, night.match(k=ENOUGH, limit=ENOUGH)))
    gone = before.pop()[1]
    segment = int(np.searchsorted(night.begins, gone, side="right")) - 1
    night.segments[segment].remove(np.array([gone - night.begins[segment]]))
    after = set(listed(night, night.match(k=ENOUGH, limit=ENOUGH)))
    assert after == {pair for pair in before if pair[1] != gone}
