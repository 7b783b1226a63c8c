"""Who shares a telephone, an identifier or a day of birth, and which keys say too little?"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexing.key_lists import KEY_BUCKET_CAP, KeyLists, common_keys
from matcher.columns import RecordColumns
from matcher.person import AgeBasis, PartialDate, PersonRecord, Side
from tests.indexing.made_records import keys_of

YEAR = PartialDate(date(2011, 1, 1), date(2011, 12, 31))
DAYS = [PartialDate.exact(date(2011, 1, day)) for day in (1, 2)]
PEOPLE = st.builds(
    PersonRecord,
    record_id=st.just("x"),
    side=st.just(Side.MISSING),
    phones=st.lists(st.sampled_from(["9800000001", "9800000002", "9800000003"]), max_size=3, unique=True).map(tuple),
    identifiers=st.lists(st.sampled_from([("FIR", "1"), ("FIR", "2"), ("ration", "1")]), max_size=2, unique=True).map(
        tuple
    ),
    birth=st.sampled_from([None, YEAR, *DAYS]),
    birth_basis=st.sampled_from(AgeBasis),
)


def person(**fields: Any) -> PersonRecord:
    return PersonRecord("x", Side.MISSING, **fields)


def sharing(stored: list[PersonRecord], asking: list[PersonRecord]) -> list[tuple[int, int]]:
    columns = RecordColumns.build([*stored, *asking])
    rows = np.arange(len(columns))
    lists = KeyLists.build(columns, rows[: len(stored)])
    query, record = lists.sharing(columns, rows[len(stored) :])
    return list(zip(query.tolist(), record.tolist(), strict=True))


@given(stored=st.lists(PEOPLE, max_size=7), asking=st.lists(PEOPLE, max_size=4), cap=st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_against_nested_loops(stored: list[PersonRecord], asking: list[PersonRecord], cap: int) -> None:
    holders = Counter(key for record in stored for key in keys_of(record))
    expected = set()
    for query, one in enumerate(asking):
        for number, other in enumerate(stored):
            if any(holders[key] <= cap for key in set(keys_of(one)) & set(keys_of(other))):
                expected.add((query, number))
    with patch("indexing.key_lists.KEY_BUCKET_CAP", cap):
        assert set(sharing(stored, asking)) == expected


@given(
    parts=st.lists(st.lists(st.tuples(PEOPLE, st.booleans()), max_size=4), min_size=1, max_size=4),
    asking=st.lists(PEOPLE, max_size=4),
    cap=st.integers(1, 4),
)
@settings(max_examples=100, deadline=None)
def test_several_lists_are_one(
    parts: list[list[tuple[PersonRecord, bool]]], asking: list[PersonRecord], cap: int
) -> None:
    there = [record for part in parts for record, gone in part if not gone]
    holders = Counter(key for record in there for key in keys_of(record))
    lists = []
    for part in parts:
        # Each list is of columns of its own, as that of a segment is.
        one = KeyLists.build(RecordColumns.build(record for record, _ in part), np.arange(len(part)))
        one.remove(np.array([gone for _, gone in part], dtype=np.bool_))
        lists.append(one)
    with patch("indexing.key_lists.KEY_BUCKET_CAP", cap):
        columns, rows = RecordColumns.build(asking), np.arange(len(asking))
        held = [one.holding(columns, rows) for one in lists]
        found, entry = common_keys(held)
    number = np.repeat(np.arange(len(held)), [len(part.record) for part in held])[entry]
    got = set(zip(found.asking.tolist(), number.tolist(), found.record.tolist(), strict=True))
    assert got == {
        (query, number, place)
        for query, one in enumerate(asking)
        for number, part in enumerate(parts)
        for place, (other, gone) in enumerate(part)
        if not gone and any(holders[key] <= cap for key in keys_of(one) & keys_of(other))
    }


def test_lists_of_their_tables_are_the_lists() -> None:
    people = [person(phones=("1", "2")), person(identifiers=(("FIR", "1"),)), person(birth=DAYS[0]), person()]
    columns, rows = RecordColumns.build(people), np.arange(len(people))
    lists = KeyLists.build(columns, rows)
    one, other = lists.sharing(columns, rows), KeyLists.of(lists.tables()).sharing(columns, rows)
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert len(one[0]) == 4  # each meets herself, the first by two phones


def test_who_was_taken_away_makes_no_number_a_common_one() -> None:
    crowd = RecordColumns.build(person(phones=("9800000001",)) for _ in range(KEY_BUCKET_CAP + 1))
    lists, rows = KeyLists.build(crowd, np.arange(len(crowd))), np.array([0])
    assert len(lists.sharing(crowd, rows)[0]) == 0
    lists.remove(np.arange(len(crowd)) == 3)
    assert lists.sharing(crowd, rows)[1].tolist() == [n for n in range(len(crowd)) if n != 3]


def test_a_key_of_more_records_than_the_cap_is_passed_over() -> None:
    crowd = [person(phones=("9800000001",)) for _ in range(KEY_BUCKET_CAP)]
    asking = [person(phones=("9800000001",)), person(phones=("9800000001", "9800000002"))]
    assert len(sharing(crowd, asking[:1])) == KEY_BUCKET_CAP
    one_more = [*crowd, person(phones=("9800000001", "9800000002"))]
    assert sharing(one_more, asking) == [(1, KEY_BUCKET_CAP)]


def test_a_number_that_one_record_gives_twice_counts_once() -> None:
    twice = person(phones=("9800000001", "9800000001"))
    with patch("indexing.key_lists.KEY_BUCKET_CAP", 1):
        assert set(sharing([twice], [twice])) == {(0, 0)}


def test_identifiers_meet_within_their_type_and_no_key_meets_one_of_another_kind() -> None:
    stored = [person(identifiers=(("FIR", "1"),)), person(phones=("1",))]
    assert sharing(stored, [person(identifiers=(("ration", "1"),))]) == []
    assert sharing(stored, [person(identifiers=(("FIR", "1"),))]) == [(0, 0)]


@pytest.mark.parametrize(
    ("fields", "meets"),
    [
        ({}, True),
        ({"birth_basis": AgeBasis.DOCUMENT}, True),
        ({"birth_basis": AgeBasis.GUESS}, False),
        ({"birth": YEAR}, False),
        ({"birth": None}, False),
    ],
)
def test_only_a_day_of_birth_that_is_known_is_a_key(fields: dict[str, Any], meets: bool) -> None:
    known = person(birth=DAYS[0])
    other = replace(known, **fields)
    assert sharing([known], [other]) == sharing([other], [known]) == ([(0, 0)] if meets else [])


def test_nothing_known_meets_nothing_known_by_no_key() -> None:
    assert sharing([person()], [person()]) == []
    assert sharing([], [person(phones=("1",))]) == []
    assert sharing([person(phones=("1",))], []) == []


def test_the_order_of_the_columns_does_not_matter() -> None:
    people = [person(phones=(phone,)) for phone in "1213"]
    columns = RecordColumns.build(people)
    query, record = KeyLists.build(columns, np.array([3, 2, 0])).sharing(columns, np.array([1, 2]))
    assert sorted(zip(query.tolist(), record.tolist(), strict=True)) == [(1, 1), (1, 2)]
