"""Clothes and belongings compared in batches against plain Python over the records."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import known_names, person

from matcher.carried import Item, item_terms, parse_items
from matcher.columns import RecordColumns
from matcher.compare.carried import BELONGINGS, CLOTHING
from matcher.comparison import NULL, Comparison
from matcher.person import PartialDate, PersonRecord

CONTEXT = known_names()
TERMS = item_terms()

things = st.sampled_from(["salwar", "kurta", "salwar kameez", "ফ্রক", "bag", "school bag", "phone", "ghogro"])
looks = st.sampled_from(["red", "maroon", "blue", "लाल", "cotton", "silk", "red cotton", ""])
texts = st.builds("{} {}".format, looks, things) | st.sampled_from(["nil", "—", "red", "red salwar, blue kurta"])


@st.composite
def people(draw: st.DrawFn) -> PersonRecord:
    some = st.lists(texts, max_size=3).map(tuple)
    first = date(2024, 1, 1) + timedelta(days=draw(st.sampled_from([0, 1, 30, 31, 62, 365, 366, 800])))
    day = PartialDate(first, first + timedelta(days=draw(st.sampled_from([0, 0, 1, 30]))))
    return person(clothing=draw(some), belongings=draw(some), event=draw(st.sampled_from([day, day, day, None])))


def oracle_of_items(a: Item, b: Item, looks_needed: bool) -> float:
    def near(what: str, x: str, y: str) -> bool:
        groups = TERMS.codes[what]
        return bool(set(groups.get(x, ())) & set(groups.get(y, ())))

    alike = 1.0 if a.thing == b.thing else 0.7 if near("thing", a.thing, b.thing) else 0.0
    scores = []
    for what in ("colour", "material", "pattern"):
        one, other = ([look for look in item.looks if look in TERMS.codes[what]] for item in (a, b))
        if one and other:
            best = 0.0
            for x in one:
                for y in other:
                    best = max(best, 1.0 if x == y else 0.6 if near(what, x, y) else 0.0)
            scores.append(best)
    if scores:
        return alike * sum(scores) / len(scores)
    return alike if not (a.looks or b.looks or looks_needed) else alike / 2


def oracle(a: PersonRecord, b: PersonRecord, column: str, most: int, looks_needed: bool) -> int:
    one, other = parse_items(getattr(a, column)), parse_items(getattr(b, column))
    if not one or not other or a.event is None or b.event is None:
        return NULL
    first, last = sorted((a.event, b.event), key=lambda event: event.earliest)
    if (last.earliest - first.latest).days > most:
        return NULL
    best = 0.0
    for left, right in ((one, other), (other, one)):
        weights = [0.25 if item.thing.startswith("~") else 1.0 for item in left]
        scores = [max(oracle_of_items(item, partner, looks_needed) for partner in right) for item in left]
        best = max(best, float(np.dot(weights, scores)) / sum(weights))
    return 0 if best >= 0.75 - 1e-9 else 1 if best >= 0.4 - 1e-9 else 2


@pytest.mark.parametrize(
    ("comparison", "column", "most", "looks_needed"),
    [(CLOTHING, "clothing", 30, True), (BELONGINGS, "belongings", 365, False)],
)
@settings(max_examples=60, deadline=None)
@given(st.lists(people(), min_size=1, max_size=6))
def test_the_batch_is_the_oracle_and_a_pair_has_no_left_and_right(
    comparison: Comparison, column: str, most: int, looks_needed: bool, records: list[PersonRecord]
) -> None:
    columns, n = RecordColumns.build(records), len(records)
    i, j = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    levels = comparison.assign(columns, i, j, CONTEXT).levels
    expected = [oracle(records[a], records[b], column, most, looks_needed) for a, b in zip(i, j, strict=True)]
    assert levels.tolist() == expected
    assert (levels == comparison.assign(columns, j, i, CONTEXT).levels).all()


@settings(max_examples=60, deadline=None)
@given(people(), people())
def test_a_record_is_like_itself_and_one_side_unknown_is_null(record: PersonRecord, other: PersonRecord) -> None:
    bare = replace(other, clothing=(), belongings=("nil",))
    columns = RecordColumns.build([record, record, bare])
    for comparison, texts_said in ((CLOTHING, record.clothing), (BELONGINGS, record.belongings)):
        same, null = comparison.assign(columns, np.array([0, 0]), np.array([1, 2]), CONTEXT).levels.tolist()
        assert null == NULL
        items = parse_items(texts_said)
        if not items or record.event is None:
            assert same == NULL
        elif comparison is BELONGINGS or all(item.looks for item in items):
            assert same == 0
        else:
            assert same in (0, 1)  # a garment of which nobody says how it looks is any garment
