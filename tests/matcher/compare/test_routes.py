"""Which places does a route name, in any script, and how many do two routes have in common?"""

from __future__ import annotations

import numpy as np
import pytest

from matcher.columns import RecordColumns
from matcher.compare.routes import ROUTE, places_of
from matcher.comparison import NULL, Context
from matcher.names.frequency import NameFrequencies
from matcher.person import PersonRecord, Side

CONTEXT = Context(NameFrequencies(), NameFrequencies())


@pytest.mark.parametrize(
    ("route", "places"),
    [
        ("Canning to Howrah by train", {"Howrah"}),
        ("from Howrah, via Gorakhpur -> Patna", {"Howrah", "Gorakhpur", "Patna"}),
        ("হাওড়া থেকে গোরখপুর", {"Howrah"}),
        ("by the night train", set()),
        ("", set()),
    ],
)
def test_places_are_named_by_their_latin_name(route: str, places: set[str]) -> None:
    assert places <= set(places_of(route))
    assert bool(places) == bool(places_of(route))


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("Howrah to Gorakhpur", "Gorakhpur, Howrah", 0),
        ("Howrah to Gorakhpur", "Howrah to Mumbai", 1),
        ("Howrah", "Mumbai", 2),
        ("Howrah", "by train", NULL),
    ],
)
def test_the_order_of_a_route_does_not_matter(one: str, other: str, level: int) -> None:
    records = [PersonRecord(f"s{n}", Side.MISSING, remembered=places_of(route)) for n, route in enumerate((one, other))]
    columns = RecordColumns.build(records)
    there, back = np.array([0]), np.array([1])
    for i, j in ((there, back), (back, there)):
        assert ROUTE.assign(columns, i, j, CONTEXT).levels.tolist() == [level]
