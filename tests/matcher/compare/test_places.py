"""Origin, remembered places and addresses by example."""

from __future__ import annotations

import pytest
from made_people import label, person

from matcher.compare.places import ADDRESS, ADDRESS_LABELS, ORIGIN, ORIGIN_LABELS, REMEMBERED, REMEMBERED_LABELS
from matcher.person import Place

GOSABA = Place("IN", "West Bengal", "South 24 Parganas", "Gosaba")


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        (GOSABA, Place("India", "পশ্চিমবঙ্গ", "24 Pgs (S)", "গোসাবা"), 0),
        (Place("IN", "WB", "S 24 Pgs", "Nowheregram"), Place("IN", "WB", "S 24 Pgs", "Nowherigraam"), 0),
        (GOSABA, Place("IN", "WB", "S 24 Pgs", "Basanti"), 4),
        (GOSABA, Place("IN", "WB", "N 24 Pgs", "Gosaba"), 6),
        (GOSABA, Place("IN", "WB"), 5),
        (GOSABA, Place("IN", "Assam"), 8),
        (GOSABA, Place("NP"), 9),
        (Place("IN", "WB", "Nowhere"), Place("IN", "WB", "Nowhare"), 3),
        (Place(None, None, None, "Nowheregram"), Place(None, None, None, "Elsewherepur"), 9),
    ],
)
def test_origin(left: Place, right: Place, found: int) -> None:
    assert label(ORIGIN, person(origin=left), person(origin=right)) == ORIGIN_LABELS[found]


@pytest.mark.parametrize("right", [Place(), Place(village="Xyzpur"), Place("—", "😀")])
def test_nothing_comparable_is_unknown(right: Place) -> None:
    assert label(ORIGIN, person(origin=Place("IN", "WB")), person(origin=right)) == "unknown"


@pytest.mark.parametrize(
    ("remembered", "origin", "found"),
    [
        (("Gosaba",), GOSABA, 0),
        (("গোসাবা", "a river"), GOSABA, 0),
        (("Nowheregram",), Place("IN", "WB", None, "Nowheregram"), 0),
        (("West Bengal",), GOSABA, 1),
        (("Kathmandu",), GOSABA, 2),
        (("a river",), GOSABA, 2),
    ],
)
def test_remembered(remembered: tuple[str, ...], origin: Place, found: int) -> None:
    assert label(REMEMBERED, person(remembered=remembered), person(origin=origin)) == REMEMBERED_LABELS[found]


def test_remembering_nothing_or_a_dash_is_unknown() -> None:
    assert label(REMEMBERED, person(), person(origin=GOSABA)) == "unknown"
    assert label(REMEMBERED, person(remembered=("—", "😀")), person(origin=GOSABA)) == "unknown"
    assert label(REMEMBERED, person(remembered=("Gosaba",)), person(origin=Place("IN"))) == "unknown"


def test_the_better_direction_counts() -> None:
    left = person(origin=GOSABA, remembered=("Kathmandu",))
    right = person(origin=Place("NP", "Bagmati", "Kathmandu"), remembered=("Pokhara",))
    assert label(REMEMBERED, left, right) == REMEMBERED_LABELS[0]


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        ("12 Lake Road", "12 Lake Road", 0),
        ("12 Lake Road", "12, lake road.", 0),
        ("12 Lake Road Kolkata", "Lake Road Kolkata", 1),
        ("12 Lake Road", "45 Station Bazar", 3),
        ("12 Lake Road Kolkata", "77 Lake Road Delhi", 2),
    ],
)
def test_address(left: str, right: str, found: int) -> None:
    assert label(ADDRESS, person(address=left), person(address=right)) == ADDRESS_LABELS[found]


@pytest.mark.parametrize("nothing", [None, "—", "😀", " "])
def test_an_address_without_words_is_unknown(nothing: str | None) -> None:
    assert label(ADDRESS, person(address="12 Lake Road"), person(address=nothing)) == "unknown"
