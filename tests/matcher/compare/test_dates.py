"""Birth intervals and events by example."""

from __future__ import annotations

from datetime import date

import pytest
from made_people import label, person

from matcher.compare.dates import AGE, AGE_LABELS, BIRTH, BIRTH_LABELS, EVENT_LABELS, EVENTS
from matcher.person import AgeBasis, PartialDate, Side


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        (date(2010, 5, 30), date(2010, 5, 30), 0),
        (date(2010, 5, 30), date(2011, 5, 30), 1),
        (date(2010, 5, 30), date(2010, 6, 30), 1),
        (date(2010, 5, 30), date(2010, 5, 3), 1),
        (date(2010, 5, 3), date(2010, 3, 5), 1),
        (date(2010, 5, 30), date(2010, 7, 1), 3),
        (date(2010, 5, 30), date(2011, 9, 1), 4),
        (date(2010, 5, 30), date(2013, 1, 2), 5),
        (date(2010, 5, 30), date(2016, 1, 2), 6),
        (date(2010, 5, 30), date(2022, 1, 2), 7),
    ],
)
def test_two_exact_days(left: date, right: date, found: int) -> None:
    assert label(BIRTH, person(birth=left), person(birth=right)) == BIRTH_LABELS[found]


@pytest.mark.parametrize(
    ("years", "found"),
    [(0, 2), (1, 3), (2, 4), (3, 5), (5, 6), (9, 7)],
)
def test_intervals_by_the_gap_between_them(years: int, found: int) -> None:
    left = PartialDate(date(2008, 1, 1), date(2008, 12, 31))
    right = PartialDate(date(2008 + years, 6, 1), date(2008 + years, 12, 31))
    assert label(BIRTH, person(birth=left), person(birth=right)) == BIRTH_LABELS[found]


def test_an_exact_day_within_an_interval_is_an_overlap() -> None:
    left = PartialDate(date(2008, 1, 1), date(2008, 12, 31))
    assert label(BIRTH, person(birth=left), person(birth=date(2008, 5, 30))) == "ages overlap"
    assert label(BIRTH, person(birth=left), person()) == "unknown"


@pytest.mark.parametrize(
    ("years", "found"),
    [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (30, 4)],
)
def test_a_guess_is_levelled_by_the_gap_to_what_is_known(years: int, found: int) -> None:
    known = person(birth=PartialDate(date(2008, 1, 1), date(2008, 12, 31)))
    guess = PartialDate(date(2008 + years, 6, 1), date(2009 + years, 5, 31))
    assert label(AGE, known, person(birth=guess, birth_basis=AgeBasis.GUESS)) == AGE_LABELS[found]


def test_what_is_known_and_what_is_guessed_are_never_both_compared() -> None:
    known, guess = person(birth=date(2010, 5, 30)), person(birth=date(2010, 5, 30), birth_basis=AgeBasis.GUESS)
    assert label(BIRTH, known, known) == "same date of birth"
    assert label(AGE, known, known) == "unknown"
    for one, other in ((known, guess), (guess, guess)):
        assert label(BIRTH, one, other) == "unknown"
        assert label(AGE, one, other) == "guessed age fits"
    assert label(AGE, guess, person()) == label(AGE, guess, person(birth_basis=AgeBasis.GUESS)) == "unknown"


@pytest.mark.parametrize(
    ("lost", "found", "expected"),
    [
        (date(2020, 1, 1), date(2020, 1, 1), 0),
        (date(2020, 1, 1), date(2024, 1, 1), 0),
        (date(2020, 2, 1), date(2020, 1, 1), 1),
        (date(2020, 2, 2), date(2020, 1, 1), 2),
        (PartialDate(date(2020, 1, 1), date(2020, 12, 31)), PartialDate(date(2019, 1, 1), date(2020, 1, 1)), 0),
    ],
)
def test_events(lost: date | PartialDate, found: date | PartialDate, expected: int) -> None:
    assert label(EVENTS, person(event=lost), person(side=Side.RESCUED, event=found)) == EVENT_LABELS[expected]


def test_no_order_of_events_on_one_side() -> None:
    for side in Side:
        assert label(EVENTS, person(side=side, event=date(2020, 1, 1)), person(side=side, event=date(2010, 1, 1))) == (
            "unknown"
        )
    assert label(EVENTS, person(event=date(2020, 1, 1)), person(side=Side.RESCUED)) == "unknown"
