"""Does the shelf find the best of whom its routes lead to, whatever is unknown, and nobody who was taken away?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from indexing import shelf as shelf_module
from indexing import word_lists
from indexing.record_space import RecordSpace
from indexing.record_vectors import encode_records
from indexing.shelf import ROUTES, Asked, Found, Shelf
from indexing.word_lists import KINDS, LOOKED_INTO, AskedWords, WordLists, Words, words_of
from matcher.columns import RecordColumns
from matcher.person import PartialDate, PersonName, PersonRecord, Place, Sex, Side

BORN = date(2011, 5, 30)
NADIA, MALDA, PATNA = (
    Place("IN", "West Bengal", "Nadia"), Place("IN", "West Bengal", "Malda"), Place("IN", "Bihar", "Patna"),
)  # fmt: skip
EVERYBODY = 10_000


def named(*texts: str) -> tuple[PersonName, ...]:
    return tuple(PersonName(text) for text in texts)


def person(*names: str, **fields: Any) -> PersonRecord:
    known: dict[str, Any] = {"origin": NADIA, "sex": Sex.FEMALE, "birth": PartialDate.exact(BORN)}
    return PersonRecord("x", Side.MISSING, named(*names), **known | fields)


def years(before: int, after: int) -> PartialDate:
    """Return an interval around the day on which everybody here is born."""
    return PartialDate(BORN - timedelta(365 * before), BORN + timedelta(365 * after))


def shelf_of(records: Sequence[PersonRecord]) -> Shelf:
    columns = RecordColumns.build(records)
    return Shelf.build(columns, np.arange(len(records)), encode_records(columns), RecordSpace.load())


def asked_of(records: Sequence[PersonRecord]) -> Asked:
    columns = RecordColumns.build(records)
    return Asked.of(columns, np.arange(len(records)), encode_records(columns), RecordSpace.load())


def pairs(found: Found) -> dict[tuple[int, int], set[str]]:
    """Return the routes of each pair found."""
    return {
        (query, record): {name for bit, name in enumerate(ROUTES) if routes >> bit & 1}
        for query, record, routes in zip(
            found.query.tolist(), found.record.tolist(), found.routes.tolist(), strict=True
        )
    }


def find(records: Sequence[PersonRecord], asking: PersonRecord) -> dict[int, set[str]]:
    """Return whom one person finds among some, and by which routes."""
    found = shelf_of(records).search(asked_of([asking]), EVERYBODY)
    return {record: routes for (_, record), routes in pairs(found).items()}


# -- the slow search -----------------------------------------------------------------------------------------------


class Slow:
    """Searches every name of every record, one after the other, by the routes' conditions as they are written down."""

    def __init__(self, stored: Sequence[PersonRecord], asking: Sequence[PersonRecord]) -> None:
        self.columns = RecordColumns.build([*stored, *asking])
        self.vectors = encode_records(self.columns)
        self.split = int(np.searchsorted(self.vectors.owners, len(stored)))
        space = RecordSpace.load()
        self.table = space.stored(self.vectors.rows[: self.split]).astype(np.int64)
        self.queries = space.queries(self.vectors.rows[self.split :]).astype(np.int64)
        self.records = len(stored)
        vocabulary = self.columns.names.vocabulary
        lists = WordLists.build(vocabulary, self.words(range(self.split)))
        bounds, members = lists.bounds.tolist(), lists.members.tolist()
        asked = AskedWords.of(vocabulary, self.words(range(self.split, len(self.vectors.owners))))
        probes = lists.lists_for(asked, len(self.queries))
        self.looked_into = [
            [(1 + at // LOOKED_INTO, members[bounds[one] : bounds[one + 1]]) for at, one in enumerate(row) if one >= 0]
            for row in probes.tolist()
        ]

    def words(self, rows: range) -> list[Words]:
        """Return the words of some rows by kind: of a row's own name, and in a record's first row of its relatives."""
        columns, owners = self.columns, self.vectors.owners
        ids: dict[str, list[tuple[int, ...]]] = {kind: [] for kind in KINDS}
        for row in rows:
            owner = owners[row]
            alias = row - int(np.searchsorted(owners, owner))
            ids["name"].append((columns.own[owner, alias],))
            for kind in ("father", "mother"):
                relatives = (*getattr(columns, kind)[owner], *columns.relatives[owner])
                ids[kind].append(relatives if alias == 0 else (-1,) * len(relatives))
        return [
            words_of(columns, np.array(ids[kind], dtype=np.int32).reshape(len(rows), -1), np.arange(len(rows)))
            for kind in KINDS
        ]

    def born(self, record: int) -> tuple[int, int]:
        first, last = self.columns.birth[record].tolist()
        return (first, last) if first > 0 else (-(10**9), 10**9)

    def overlap(self, one: int, other: int, years_off: int) -> bool:
        (a, b), (c, d) = self.born(one), self.born(other)
        return c <= b + 365 * years_off and d >= a - 365 * years_off

    def sexes_fit(self, one: int, other: int) -> bool:
        sexes = {int(self.columns.sex[record]) for record in (one, other)}
        return not sexes >= {1, 2}

    def by_place(self, query: int, record: int) -> bool:
        columns = self.columns
        codes = [columns.areas[query, 1], *columns.remembered_areas[query]]
        states = {"/".join(columns.area_paths[code].split("/")[:2]) for code in codes if code >= 0}
        own = columns.areas[record, 1]
        here = own >= 0 and columns.area_paths[own] in states
        return bool(here and self.sexes_fit(query, record) and self.overlap(query, record, 4))

    def found(self, number: int) -> list[tuple[int, int, int]]:
        """Return (product, record, route) of all that the name of this number should look at."""
        owner, owners = int(self.vectors.owners[self.split + number]), self.vectors.owners.tolist()
        here = {row for row in range(self.split) if self.by_place(owner, owners[row])}
        found = [(row, 0) for row in here]
        for kind, rows in self.looked_into[number]:
            for row in rows:
                fits = self.overlap(owner, owners[row], 6) and self.sexes_fit(owner, owners[row])
                if row not in here and (fits or len(rows) <= shelf_module._SHORT):
                    found.append((row, kind))
        return [(int(self.queries[number] @ self.table[row]), owners[row], route) for row, route in found]

    def expected(self, k: int) -> tuple[dict[tuple[int, int], set[str]], dict[tuple[int, int], set[str]], int]:
        """Return the pairs that must be found, those that may be (ties at the cut), and how many were looked at."""
        must: dict[tuple[int, int], set[str]] = defaultdict(set)
        may: dict[tuple[int, int], set[str]] = defaultdict(set)
        looked_at = 0
        for number, owner in enumerate(self.vectors.owners[self.split :].tolist()):
            every = sorted(self.found(number), reverse=True)
            looked_at += len(every)
            cut = every[k - 1][0] if len(every) > k else -(10**12)
            tied = len(every) > k and every[k][0] == cut
            for score, record, route in every:
                if score >= cut:
                    may[owner - self.records, record].add(ROUTES[route])
                if score > cut or (score == cut and not tied):
                    must[owner - self.records, record].add(ROUTES[route])
        return must, may, looked_at


def varied(people: Sequence[PersonRecord], seed: int) -> list[PersonRecord]:
    """Return people of whom more is unknown or odd than in our sample."""
    rng, out = np.random.default_rng(seed), []
    for number, one in enumerate(people):
        changes: list[dict[str, Any]] = [
            {}, {"sex": Sex.UNKNOWN}, {"sex": Sex.OTHER}, {"birth": None}, {"origin": Place()}, {"names": ()},
            {"birth": PartialDate(date(1999, 1, 1), date(2022, 1, 1))}, {"origin": Place("IN")},
            {"remembered": ("Krishnanagar", "Kathmandu", "Patna")}, {"names": (*one.names, PersonName("Buli"))},
            {"relatives": (*one.father, *one.mother), "father": (), "mother": ()},
            {"sex": Sex.UNKNOWN, "birth": None, "names": (), "origin": NADIA},
        ]  # fmt: skip
        out.append(replace(one, record_id=f"v{number}", **changes[int(rng.integers(len(changes)))]))
    return out


@pytest.mark.parametrize(("k", "short"), [(EVERYBODY, 300), (10, 300), (3, 2)])
def test_against_a_slow_search_of_every_row(
    population: Any, monkeypatch: pytest.MonkeyPatch, k: int, short: int
) -> None:
    monkeypatch.setattr(shelf_module, "_SHORT", short)
    stored, asking = varied(population.reports, 1), varied(population.rescues, 2)
    slow = Slow(stored, asking)
    must, may, looked_at = slow.expected(k)
    columns, vectors, space = slow.columns, slow.vectors, RecordSpace.load()
    here, there = np.arange(len(stored)), np.arange(len(stored), len(columns))
    shelf = Shelf.build(columns, here, vectors.some(here), space)
    asked = Asked.of(columns, there, vectors.some(there), space)
    found = shelf.search(asked, k)
    assert found.scanned == looked_at
    got = pairs(found)
    assert set(must) <= set(got) <= set(may)
    assert all(routes <= got[pair] for pair, routes in must.items())
    assert all(routes <= may[pair] for pair, routes in got.items())
    assert {route for routes in got.values() for route in routes} == set(ROUTES)
    if k == EVERYBODY:
        assert got == may


# -- what is unknown ------------------------------------------------------------------------------------------------


class TestUnknown:
    def test_nothing_known_finds_nobody_and_is_found_by_nobody(self) -> None:
        nothing = PersonRecord("n", Side.RESCUED)
        assert find([person("Sunita"), nothing], nothing) == {}
        assert find([nothing], person("Sunita")) == {}

    @pytest.mark.parametrize("asks", [Sex.UNKNOWN, Sex.OTHER, Sex.FEMALE, Sex.MALE])
    def test_who_is_of_no_known_sex_meets_either(self, asks: Sex) -> None:
        records = [person("Rahima", sex=sex) for sex in (Sex.UNKNOWN, Sex.OTHER, Sex.FEMALE, Sex.MALE)]
        found = find(records, person(sex=asks))  # no name, so that nothing but the place can find
        meets = {Sex.FEMALE: {0, 1, 2}, Sex.MALE: {0, 1, 3}}
        assert set(found) == meets.get(asks, {0, 1, 2, 3})
        assert all(routes == {"place and age"} for routes in found.values())

    def test_an_unknown_birth_meets_every_age(self) -> None:
        records = [person(birth=birth) for birth in (None, years(0, 0), years(30, -25))]
        assert set(find(records, person(birth=None))) == {0, 1, 2}
        assert set(find(records, person())) == {0, 1}

    @pytest.mark.parametrize(
        ("stored", "asks", "meets"),
        [
            (years(0, 0), years(-4, 4), True),
            (years(0, 0), years(-5, 5), False),
            (years(0, 0), years(5, -5), False),
            (years(10, 10), years(-13, 13), True),
            (years(10, 10), years(-15, 15), False),
            (years(3, 3), years(-7, 8), True),  # as wide as an interval may be without being wide
            (years(3, 3), years(7, -7), True),
            (years(3, 3), years(8, -8), False),
            (years(0, 0), years(20, 20), True),
        ],
    )
    def test_ages_meet_that_are_four_years_apart(self, stored: PartialDate, asks: PartialDate, meets: bool) -> None:
        records = [person(birth=stored), *(person(birth=years(-year, year)) for year in (25, 26, -25, -26))]
        assert (0 in find(records, person(birth=asks))) == meets

    def test_an_unknown_state_is_found_by_name_alone(self) -> None:
        somewhere = person("Rahima", origin=Place())
        assert find([somewhere], person("Rahima")) == find([person("Rahima")], somewhere) == {0: {"name"}}
        assert find([person("Rahima", origin=Place("IN"))], person("Rahima")) == {0: {"name"}}

    def test_a_state_that_nobody_comes_from(self) -> None:
        assert find([person(origin=NADIA)], person(origin=PATNA)) == {}
        assert find([person(origin=NADIA)], person(origin=MALDA)) == {0: {"place and age"}}


def test_whoever_remembers_places_of_several_states_is_looked_for_in_each() -> None:
    records = [person(origin=origin) for origin in (NADIA, PATNA, Place("NP", "Bagmati", "Kathmandu"), Place("BD"))]
    homeless = person(origin=Place(), remembered=("Krishnanagar", "Kathmandu"))
    assert set(find(records, homeless)) == {0, 2}
    assert set(find(records, replace(homeless, origin=PATNA))) == {0, 1, 2}
    assert set(find(records, replace(homeless, remembered=("Nowhereinanytable",)))) == set()


# -- routes ---------------------------------------------------------------------------------------------------------


class TestRoutes:
    HERE, THERE = NADIA, PATNA

    @pytest.mark.parametrize(
        ("fields", "routes"),
        [
            ({"names": named("Rahima")}, {"name"}),
            ({"father": named("Rahima")}, {"father"}),
            ({"mother": named("Rahima")}, {"mother"}),
            ({"relatives": named("Rahima")}, {"father", "mother"}),
            ({"names": named("Rahima"), "mother": named("Rahima")}, {"name", "mother"}),
        ],
    )
    def test_the_words_of_each_relative_find_their_kind_elsewhere(
        self, fields: dict[str, Any], routes: set[str]
    ) -> None:
        record = replace(person(origin=self.THERE), **fields)
        assert find([record], replace(record, origin=self.HERE)) == {0: routes}

    def test_a_row_of_the_span_is_not_looked_at_again_by_its_words(self) -> None:
        shelf = shelf_of([person("Rahima", father=named("Rahim"))])
        found = shelf.search(asked_of([person("Rahima", father=named("Rahim"))]), EVERYBODY)
        assert pairs(found) == {(0, 0): {"place and age"}}
        assert found.scanned == 1

    def test_a_mother_does_not_answer_for_a_father(self) -> None:
        assert find([person(origin=self.THERE, mother=named("Rahima"))], person(father=named("Rahima"))) == {}

    def test_common_words_respect_age_and_sex_and_rare_ones_do_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        records = [person("Rahima", origin=self.THERE, **fields) for fields in (
            {}, {"sex": Sex.MALE}, {"sex": Sex.UNKNOWN}, {"birth": years(8, -8)}, {"birth": years(6, -5)},
            {"birth": None},
        )]  # fmt: skip
        assert set(find(records, person("Rahima"))) == {0, 1, 2, 3, 4, 5}
        monkeypatch.setattr(shelf_module, "_SHORT", 5)
        assert set(find(records, person("Rahima"))) == {0, 2, 4, 5}

    def test_a_word_that_half_of_the_records_bear_does_not_flood(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(word_lists, "_MOST_ROWS", 12)
        crowd = [person("Fatima Gurung" if n == 7 else "Fatima", origin=self.THERE) for n in range(25)]
        others = [person("Sunita", origin=self.THERE) for _ in range(25)]
        assert find([*crowd, *others], person("Fatima")) == {}
        assert set(find([*crowd, *others], person("Fatima Gurung"))) == {7}

    def test_the_word_may_be_written_otherwise_and_stand_alone(self) -> None:
        records = [person("Rustam Kabir Khalifa", origin=self.THERE), person("Sunita Mondal", origin=self.THERE)]
        assert 0 in find(records, person("रुस्तम"))
        assert 1 in find(records, person("সুনীতা"))


class TestAliases:
    def test_rows_of_one_record_come_back_as_one(self) -> None:
        shelf = shelf_of([person("Sunita Mondal", "Buli", "Rahima"), person("Asha"), person("Tara")])
        assert len(shelf) == 5
        found = shelf.search(asked_of([person("Buli"), person("Rahima", "Asha")]), EVERYBODY)
        assert list(zip(found.query.tolist(), found.record.tolist(), strict=True)) == [
            (0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2),
        ]  # fmt: skip

    def test_each_name_finds_by_its_own_words(self) -> None:
        records = [person("Sunita", "Gurung", origin=PATNA), person("Thapa", "Rahima", origin=PATNA)]
        alone = [person(one) for one in ("Gurung", "Rahima")]
        found = shelf_of(records).search(asked_of(alone), 1)
        assert pairs(found) == {(0, 0): {"name"}, (1, 1): {"name"}}
        together = shelf_of(records).search(asked_of([person("Gurung", "Rahima")]), 1)
        assert pairs(together) == {(0, 0): {"name"}, (0, 1): {"name"}}

    def test_a_record_without_names_is_a_row(self) -> None:
        assert find([person(), person("Asha")], person()) == {0: {"place and age"}, 1: {"place and age"}}


# -- the shelf as a whole -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crowd(population: Any) -> tuple[Shelf, Asked]:
    return shelf_of(varied(population.reports, 5)), asked_of(varied([*population.rescues, *population.rescues], 6))


def test_one_that_was_taken_away_is_found_no_more(crowd: tuple[Shelf, Asked]) -> None:
    shelf, asked = crowd
    before = pairs(shelf.search(asked, EVERYBODY))
    gone = {record for _, record in list(before)[::7]}
    try:
        shelf.alive[np.isin(shelf.owners, list(gone))] = False
        after = pairs(shelf.search(asked, EVERYBODY))
    finally:
        shelf.alive[:] = True
    assert after == {pair: routes for pair, routes in before.items() if pair[1] not in gone}
    assert len(after) < len(before)
    assert pairs(shelf.search(asked, EVERYBODY)) == before


@pytest.mark.parametrize("k", [1, 12, EVERYBODY])
def test_one_thread_finds_what_two_find(crowd: tuple[Shelf, Asked], monkeypatch: pytest.MonkeyPatch, k: int) -> None:
    shelf, asked = crowd
    one = shelf.search(asked, k, threads=1)
    monkeypatch.setattr(shelf_module, "_THREAD_QUERIES", 5)
    for threads in (1, 2, 3):
        other = shelf.search(asked, k, threads=threads)
        assert pairs(other) == pairs(one)
        assert other.scanned == one.scanned


def test_pairs_are_sorted_and_stand_once(crowd: tuple[Shelf, Asked]) -> None:
    found = crowd[0].search(crowd[1], 20)
    held = list(zip(found.query.tolist(), found.record.tolist(), strict=True))
    assert held == sorted(set(held))
    assert (found.routes > 0).all()
    assert found.query.dtype == found.record.dtype == np.int64


def test_the_order_of_the_records_does_not_matter(population: Any) -> None:
    stored, asking = varied(population.reports, 7), varied(population.rescues, 8)
    order = np.random.default_rng(3).permutation(len(stored))
    one = pairs(shelf_of(stored).search(asked_of(asking), EVERYBODY))
    other = pairs(shelf_of([stored[n] for n in order]).search(asked_of(asking[::-1]), EVERYBODY))
    back = {(len(asking) - 1 - query, int(order[record])): routes for (query, record), routes in other.items()}
    assert back == one


def test_most_for_each_name_and_more_than_there_are(crowd: tuple[Shelf, Asked]) -> None:
    shelf, asked = crowd
    found = shelf.search(asked, 3)
    names = np.bincount(asked.owners, minlength=len(asked))
    assert (np.bincount(found.query, minlength=len(asked)) <= 3 * names).all()
    assert pairs(shelf.search(asked, EVERYBODY)) == pairs(shelf.search(asked, 2 * EVERYBODY))


def test_the_few_are_among_the_many(crowd: tuple[Shelf, Asked]) -> None:
    shelf, asked = crowd
    few, many = pairs(shelf.search(asked, 4)), pairs(shelf.search(asked, 40))
    assert set(few) <= set(many)


def test_nobody_there_and_nobody_asks() -> None:
    empty, one = shelf_of([]), shelf_of([person("Rahima")])
    assert len(empty) == 0
    for shelf, asked in ((empty, asked_of([person("Rahima")])), (one, asked_of([])), (empty, asked_of([]))):
        found = shelf.search(asked, 5)
        assert (len(found.query), len(found.record), len(found.routes), found.scanned) == (0, 0, 0, 0)
    assert pairs(one.search(asked_of([person("Rahima")]), 1)) == {(0, 0): {"place and age"}}


def test_the_shelf_holds_some_records_of_larger_columns() -> None:
    columns = RecordColumns.build([person("Asha"), person("Rahima"), person("Tara"), person("Rahima")])
    every, space, rows = encode_records(columns), RecordSpace.load(), np.array([1, 2])
    asked = Asked.of(columns, np.array([3]), every.some(np.array([3])), space)
    found = Shelf.build(columns, rows, every.some(rows), space).search(asked, 1)
    assert pairs(found) == {(0, 0): {"place and age"}}


def test_a_shelf_of_its_tables_is_the_shelf(crowd: tuple[Shelf, Asked], population: Any) -> None:
    shelf, asked = crowd
    columns = RecordColumns.build(varied(population.reports, 5))
    again = Shelf(columns, shelf.tables())
    for k in (2, EVERYBODY):
        one, other = shelf.search(asked, k), again.search(asked, k)
        assert pairs(one) == pairs(other)
        assert one.scanned == other.scanned


class TestSift:
    def test_who_may_not_be_found_leaves_room_for_others(self, crowd: tuple[Shelf, Asked]) -> None:
        shelf, asked = crowd
        every = shelf.sift(asked, EVERYBODY)
        some = np.random.default_rng(4).random(len(shelf)) < 0.3
        k = 7
        sifted = shelf.sift(asked, k, alive=some)
        full = 0
        for name in range(len(asked.owners)):
            scored = list(zip(every.scores[name].tolist(), every.rows[name].tolist(), strict=True))
            passing = sorted((score for score, row in scored if row >= 0 and some[row // 4]), reverse=True)
            held = sifted.rows[name] >= 0
            assert some[sifted.rows[name][held] // 4].all()
            assert sorted(sifted.scores[name][held].tolist(), reverse=True) == passing[:k]
            full += len(passing) > k
        assert full

    def test_scores_are_products_whatever_shelf_a_row_stands_on(self, population: Any) -> None:
        stored = varied(population.reports[:80], 5)
        asked = asked_of(population.rescues[:10])
        whole = best_scores(asked, shelf_of(stored))
        halves = [best_scores(asked, shelf_of(part)) for part in (stored[::2], stored[1::2])]
        together = 0
        for name, scores in enumerate(whole):
            for half, parity in zip(halves, (0, 1), strict=True):
                for record, score in half[name].items():
                    assert scores.get(2 * record + parity, score) == score
                    together += 2 * record + parity in scores
        assert together > 100


def best_scores(asked: Asked, shelf: Shelf) -> list[dict[int, int]]:
    """Return, for each name that asks, the best score of each record looked at."""
    sifted = shelf.sift(asked, EVERYBODY)
    out: list[dict[int, int]] = []
    for rows, scores in zip(sifted.rows.tolist(), sifted.scores.tolist(), strict=True):
        best: dict[int, int] = {}
        for row, score in zip(rows, scores, strict=True):
            if row >= 0:
                record = int(shelf.owners[row // 4])
                best[record] = max(best.get(record, score), score)
        out.append(best)
    return out
