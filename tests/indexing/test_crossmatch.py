"""Are the pairs that a night keeps the best of all that it looked at, by the weights that the service explains?"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from indexing.crossmatch import KEY_ROUTE, ROUTES, Ranked, Stored, cross_match, vectors_of
from indexing.key_lists import KeyLists
from indexing.match_index import context_of
from indexing.record_space import RecordSpace
from indexing.record_vectors import encode_records
from indexing.shelf import ROUTES as SHELF_ROUTES
from indexing.shelf import Asked
from matcher.columns import RecordColumns
from matcher.model import MatchModel
from matcher.person import PersonRecord, Place, Side
from matcher.scoring import score_pairs

ENOUGH = 10_000


class Night:
    """Reports on a shelf and rescued people who ask, in one table of columns."""

    def __init__(self, reports: tuple[PersonRecord, ...], rescues: tuple[PersonRecord, ...]) -> None:
        self.columns = RecordColumns.build([*reports, *rescues])
        self.reports, self.rescues = len(reports), len(rescues)
        self.context = context_of(self.columns, self.reports)
        rows = np.arange(self.reports, len(self.columns))
        self.stored = Stored.build(self.columns, np.arange(self.reports))
        self.asked = Asked(vectors_of(self.columns, rows), self.columns, rows)

    def match(self, **options: int) -> Ranked:
        return cross_match(self.stored, self.asked, self.context, MatchModel.load(), **options)


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


def listed(ranked: Ranked) -> list[tuple[int, int]]:
    return list(zip(ranked.asking.tolist(), ranked.record.tolist(), strict=True))


def test_candidates_are_those_of_the_shelf_and_of_the_keys_each_once(night: Night) -> None:
    expected: dict[tuple[int, int], int] = defaultdict(int)
    found = night.stored.shelf.search(night.asked, 8)
    for query, record, routes in zip(found.query.tolist(), found.record.tolist(), found.routes.tolist(), strict=True):
        expected[query, record] |= routes
    keys = KeyLists(night.columns, night.stored.rows)
    for query, record in zip(*(a.tolist() for a in keys.sharing(night.columns, night.asked.rows)), strict=True):
        expected[query, record] |= 1 << ROUTES.index(KEY_ROUTE)
    asking, record, routes = night.stored.candidates(night.asked, 8)
    got = list(zip(asking.tolist(), record.tolist(), strict=True))
    assert got == sorted(expected)
    assert routes.tolist() == [expected[pair] for pair in got]
    assert any(bits == 1 << ROUTES.index(KEY_ROUTE) for bits in expected.values())  # found by nothing else
    assert ROUTES[: len(SHELF_ROUTES)] == SHELF_ROUTES


@pytest.mark.parametrize(("k", "limit"), [(250, 20), (15, 3), (ENOUGH, ENOUGH), (1, 1)])
def test_the_best_are_kept_by_the_weights_of_the_slow_way(night: Night, k: int, limit: int) -> None:
    asking, record, routes = night.stored.candidates(night.asked, k)
    slow = score_pairs(
        night.columns, record, night.reports + asking, night.context, MatchModel.load(), night.reports
    ).weight
    expected = dict(zip(zip(asking.tolist(), record.tolist(), strict=True), slow.tolist(), strict=True))
    bits = dict(zip(expected, routes.tolist(), strict=True))
    ranked = night.match(k=k, limit=limit)
    assert ranked.compared == len(expected)
    assert ranked.weight == pytest.approx([expected[pair] for pair in listed(ranked)], abs=1e-3)
    assert ranked.routes.tolist() == [bits[pair] for pair in listed(ranked)]
    for query in range(night.rescues):
        kept = [pair for pair in listed(ranked) if pair[0] == query]
        every = sorted((weight for pair, weight in expected.items() if pair[0] == query), reverse=True)
        assert len(kept) == min(limit, len(every))
        assert [expected[pair] for pair in kept] == pytest.approx(every[:limit], abs=1e-3)


def test_they_are_sorted_best_first_ties_by_the_lower_record(night: Night) -> None:
    ranked = night.match(k=ENOUGH, limit=ENOUGH)
    keys = list(zip(ranked.asking.tolist(), (-ranked.weight).tolist(), ranked.record.tolist(), strict=True))
    assert keys == sorted(keys)
    assert len(set(listed(ranked))) == len(keys)
    twins = [at for at, (_, record) in enumerate(listed(ranked)) if record == 20]
    assert twins
    for at in twins:  # the same report filed twice weighs the same
        assert listed(ranked)[at + 1] == (ranked.asking[at], 21)
        assert ranked.weight[at + 1] == ranked.weight[at]


def test_of_ties_at_the_limit_the_lower_record_is_kept(night: Night) -> None:
    every = listed(night.match(k=ENOUGH, limit=ENOUGH))
    query = next(query for query, record in every if record == 20)
    place = [record for one, record in every if one == query].index(20)
    assert [record for one, record in listed(night.match(k=ENOUGH, limit=place + 1)) if one == query][-1] == 20


def test_nothing_known_is_in_no_pair(night: Night) -> None:
    ranked = night.match(k=ENOUGH, limit=ENOUGH)
    assert 22 not in ranked.record
    assert 20 not in ranked.asking


def test_the_true_report_is_found(population: Any) -> None:
    night = Night(population.reports, population.rescues)
    place = {record.record_id: number for number, record in enumerate(population.reports)}
    pairs = set(listed(night.match(limit=3)))
    true = [
        (n, place[population.truth[one.record_id]])
        for n, one in enumerate(population.rescues)
        if one.record_id in population.truth
    ]
    assert sum(pair in pairs for pair in true) > 0.9 * len(true)


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_nothing(night: Night, threads: int) -> None:
    one, other = night.match(), night.match(threads=threads)
    assert listed(one) == listed(other)
    assert np.array_equal(one.weight, other.weight)
    assert np.array_equal(one.routes, other.routes)


@pytest.mark.parametrize(("reports", "rescues"), [(0, 5), (5, 0), (0, 0), (1, 1)])
def test_few_or_none(population: Any, reports: int, rescues: int) -> None:
    ranked = Night(population.reports[:reports], population.rescues[:rescues]).match(k=3)
    assert len(ranked.asking) == len(ranked.record) == len(ranked.weight) == len(ranked.routes) <= ranked.compared
    assert ranked.compared <= reports * rescues


def test_vectors_of_some_rows_are_theirs(population: Any) -> None:
    columns = RecordColumns.build(population.reports[:12])
    every, rows = encode_records(columns), np.array([1, 4, 5, 11])
    some = vectors_of(columns, rows)
    expected = [(n, at) for n, row in enumerate(rows) for at in np.flatnonzero(every.owners == row)]
    assert some.owners.tolist() == [n for n, _ in expected]
    assert np.array_equal(some.rows, every.rows[[at for _, at in expected]])


def test_build_takes_the_space_that_ships(population: Any) -> None:
    columns, rows = RecordColumns.build(population.reports[:6]), np.arange(6)
    built = Stored.build(columns, rows)
    by_hand = Stored(columns, rows, vectors_of(columns, rows), RecordSpace.load())
    assert np.array_equal(built.shelf.table, by_hand.shelf.table)
