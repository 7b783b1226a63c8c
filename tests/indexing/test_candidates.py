"""Are those left out by a filter the very ones who say something else, and are pairs of several routes put together?"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexing.candidates import (
    KEY_ROUTE,
    KNOWN_ROUTE,
    PHOTO_ROUTE,
    ROUTES,
    Filter,
    Proposed,
    combined,
    located,
    routes_of,
)
from matcher.columns import RecordColumns
from matcher.person import PartialDate, PersonRecord, Place, Sex, Side
from matcher.places import Gazetteer

CODES = {Sex.UNKNOWN: 0, Sex.FEMALE: 1, Sex.MALE: 2, Sex.OTHER: 3}
ORIGINS = (
    Place(), Place("IN"), Place("IN", "West Bengal"), Place("IN", "West Bengal", "Nadia"), Place("BD"),
    Place("IN", "Bihar", "Patna"), Place("IN", "West Bengal", "Malda", "Nowheregram"),
    Place("NP", "Bagmati", "Kathmandu"), Place(None, None, "Nowhere District"),
    Place("IN", "West Bengal", "24 Pgs (S)", "Gosaba"),
)  # fmt: skip
AREAS = ("IN", "IN/WB", "IN/WB/nadia", "IN/W", "NP/bagmati", "BD", "XX")
DAYS = st.dates(date(2010, 1, 1), date(2010, 2, 1))


@st.composite
def intervals(draw: st.DrawFn) -> PartialDate:
    first, last = sorted((draw(DAYS), draw(DAYS)))
    return PartialDate(first, last)


PEOPLE = st.builds(
    PersonRecord,
    record_id=st.just("x"),
    side=st.sampled_from(Side),
    sex=st.sampled_from(Sex),
    birth=st.none() | intervals(),
    event=st.none() | intervals(),
    origin=st.sampled_from(ORIGINS),
)
WINDOWS = st.none() | intervals().map(lambda one: (one.earliest.toordinal(), one.latest.toordinal()))
FILTERS = st.builds(
    Filter,
    areas=st.none() | st.lists(st.sampled_from(AREAS), max_size=3).map(tuple),
    sexes=st.none() | st.lists(st.sampled_from([1, 2, 3]), max_size=2).map(tuple),
    born=WINDOWS,
    event=WINDOWS,
)


def test_a_record_known_by_its_country_alone_may_be_of_any_state() -> None:
    people = [PersonRecord(f"p{n}", Side.MISSING, origin=origin) for n, origin in enumerate(ORIGINS[:6])]
    assert Filter(areas=("IN/WB",)).passes(RecordColumns.build(people)).tolist() == [
        True,
        True,
        True,
        True,
        False,
        False,
    ]


def may_be_found(record: PersonRecord, only: Filter) -> bool:
    """Return whether nothing that a record says speaks against a filter."""
    place = Gazetteer.load().resolve(record.origin)
    if only.areas is not None and place.path:
        # Of the levels that both name, none differs: "India" may be any state of it.
        pairs = [list(zip(place.path.split("/"), area.split("/"), strict=False)) for area in only.areas]
        if not any(all(one == other for one, other in levels) for levels in pairs):
            return False
    if only.sexes is not None and record.sex is not Sex.UNKNOWN and CODES[record.sex] not in only.sexes:
        return False
    for window, known in ((only.born, record.birth), (only.event, record.event)):
        if window is not None and known is not None:
            first, last = (date.fromordinal(day) for day in window)
            if known.latest < first or known.earliest > last:
                return False
    return True


@given(records=st.lists(PEOPLE, max_size=12), only=FILTERS)
@settings(max_examples=150, deadline=None)
def test_a_filter_against_a_plain_loop(records: list[PersonRecord], only: Filter) -> None:
    passed = only.passes(RecordColumns.build(records))
    assert passed.dtype == np.bool_
    assert passed.tolist() == [may_be_found(record, only) for record in records]


def test_what_is_left_open_excludes_nobody(population: Any) -> None:
    nothing = PersonRecord("n", Side.MISSING)
    strict = Filter(areas=("IN/WB/nadia",), sexes=(1,), born=(1, 2), event=(1, 2))
    assert strict.passes(RecordColumns.build([nothing])).tolist() == [True]
    everybody = RecordColumns.build(population.everybody)
    assert Filter().passes(everybody).all()
    assert 0 < int(Filter(areas=("IN/WB",)).passes(everybody).sum()) < len(everybody)


def proposed(*pairs: tuple[int, int, int, str]) -> Proposed:
    asking, segment, row = (np.array(held, dtype=np.int64) for held in zip(*[pair[:3] for pair in pairs], strict=True))
    routes = np.array([1 << ROUTES.index(pair[3]) for pair in pairs], dtype=np.uint8)
    return Proposed(asking, segment, row, routes)


def test_combined_pairs_stand_once_sorted_with_all_their_routes() -> None:
    one = proposed((1, 2, 4, "name"), (0, 1, 0, "name"), (1, 2, 4, PHOTO_ROUTE))
    other = proposed((1, 2, 4, KEY_ROUTE), (1, 0, 2, "father"), (0, 3, 0, "mother"))
    # The second and the fourth segment are empty but for one row; segments of no rows take no place.
    both = combined([one, other], [range(3), range(1), range(5), range(1), range(0)], scanned=7)
    held = list(zip(both.asking.tolist(), both.segment.tolist(), both.row.tolist(), strict=True))
    assert held == [(0, 1, 0), (0, 3, 0), (1, 0, 2), (1, 2, 4)]
    assert [routes_of(bits) for bits in both.routes.tolist()] == [
        ("name",), ("mother",), ("father",), ("name", KEY_ROUTE, PHOTO_ROUTE),
    ]  # fmt: skip
    assert both.scanned == 7
    assert len(both.some(both.asking == 1)) == 2


def test_combined_with_empty_segments_in_between() -> None:
    both = combined([proposed((0, 1, 0, "name"), (0, 4, 1, "name"))], [[], range(1), [], [], range(2), []])
    assert (both.segment.tolist(), both.row.tolist()) == ([1, 4], [0, 1])


def test_combined_of_nothing() -> None:
    nothing = located(*[np.zeros(0, dtype=np.int64)] * 3, PHOTO_ROUTE)
    for parts in ([], [nothing], [nothing, nothing]):
        for segments in ([], [range(3)]):
            assert len(combined(parts, segments)) == 0


def test_located_leaves_out_who_is_nowhere() -> None:
    pairs = located(np.array([0, 1, 2]), np.array([3, -1, 0]), np.array([5, -1, 1]), PHOTO_ROUTE)
    assert (pairs.asking.tolist(), pairs.segment.tolist(), pairs.row.tolist()) == ([0, 2], [3, 0], [5, 1])
    assert [routes_of(bits) for bits in pairs.routes.tolist()] == [(PHOTO_ROUTE,)] * 2


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ((KNOWN_ROUTE,), (KNOWN_ROUTE,)),
        (("name", KNOWN_ROUTE), ("name",)),
        ((PHOTO_ROUTE, "place and age", KEY_ROUTE), ("place and age", KEY_ROUTE, PHOTO_ROUTE)),
        ((), ()),
    ],
)
def test_routes_are_told_in_one_order_and_a_known_one_only_alone(named: tuple[str, ...], told: tuple[str, ...]) -> None:
    assert routes_of(sum(1 << ROUTES.index(route) for route in named)) == told
