"""Sex, languages, height, marks, exact keys and postcodes: each level by example, unknown is null."""

from __future__ import annotations

from datetime import date

import pytest
from made_people import label, person

from matcher.compare.attributes import HEIGHT, IDENTIFIERS, LANGUAGES, MARKS, PHONES, POSTCODE, SEX
from matcher.person import Sex, Side


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        (Sex.FEMALE, Sex.FEMALE, "same sex"),
        (Sex.FEMALE, Sex.MALE, "different sex"),
        (Sex.OTHER, Sex.MALE, "different sex"),
        (Sex.UNKNOWN, Sex.MALE, "unknown"),
        (Sex.UNKNOWN, Sex.UNKNOWN, "unknown"),
    ],
)
def test_sex(left: Sex, right: Sex, found: str) -> None:
    assert label(SEX, person(sex=left), person(sex=right)) == found


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        (("bn",), ("hi", "bn-IN"), "a language in common"),
        (("bn",), ("hi",), "no language in common"),
        (("BN",), ("bn",), "a language in common"),
        ((), ("hi",), "unknown"),
    ],
)
def test_languages(left: tuple[str, ...], right: tuple[str, ...], found: str) -> None:
    assert label(LANGUAGES, person(languages=left), person(languages=right)) == found


FITS, OFF, MISFIT = HEIGHT.labels
BORN = date(2010, 1, 1)


@pytest.mark.parametrize(
    ("before", "after", "years", "found"),
    [
        (120.0, 120.0, 0, FITS),
        (120.0, 124.0, 0, FITS),
        (120.0, 125.0, 0, OFF),
        (120.0, 116.0, 0, FITS),
        (120.0, 140.0, 0, MISFIT),
        (120.0, 140.0, 3, FITS),  # a child of nine grows up to 21 cm in three years
        (120.0, 150.0, 3, OFF),
        (140.0, 120.0, 3, MISFIT),  # nobody shrinks
        (140.0, 134.0, 3, OFF),
    ],
)
def test_height(before: float, after: float, years: int, found: str) -> None:
    first = person(birth=BORN, height_cm=before, height_on=date(2019, 1, 1))
    second = person(birth=BORN, height_cm=after, height_on=date(2019 + years, 1, 1))
    assert label(HEIGHT, first, second) == found


def test_an_adult_does_not_grow_and_an_unknown_age_is_ten() -> None:
    def pair(birth: date | None) -> str:
        first = person(birth=birth, height_cm=150.0, height_on=date(2015, 1, 1))
        return label(HEIGHT, first, person(height_cm=165.0, height_on=date(2020, 1, 1)))

    assert pair(date(1990, 1, 1)) == MISFIT
    assert pair(None) == FITS


def test_of_two_dates_of_birth_the_later_leaves_room_to_grow() -> None:
    first = person(birth=date(1990, 1, 1), height_cm=140.0, height_on=date(2015, 1, 1))
    second = person(birth=date(2003, 1, 1), height_cm=165.0, height_on=date(2019, 1, 1))
    assert label(HEIGHT, first, second) == FITS


def test_heights_without_days_are_compared_as_they_are() -> None:
    assert label(HEIGHT, person(height_cm=150.0), person(height_cm=152.0)) == FITS
    assert label(HEIGHT, person(height_cm=150.0), person(height_cm=170.0)) == MISFIT
    assert label(HEIGHT, person(height_cm=150.0), person()) == "unknown"


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        (("mole on left cheek",), ("mole on left cheek",), MARKS.labels[0]),
        (("scar on chin", "mole on left cheek"), ("mole on left cheek",), MARKS.labels[0]),
        (("mole on left cheek",), ("mole on cheek",), MARKS.labels[0]),
        (("mole on left cheek",), ("tattoo of bird",), MARKS.labels[2]),
        (("mole on left cheek",), ("black mark on left cheek",), MARKS.labels[1]),
        (("mole",), ("—",), "unknown"),
        ((), ("mole",), "unknown"),
    ],
)
def test_marks(left: tuple[str, ...], right: tuple[str, ...], found: str) -> None:
    assert label(MARKS, person(marks=left), person(marks=right)) == found


def test_phones_and_identifiers() -> None:
    assert label(PHONES, person(phones=("1", "2")), person(phones=("2",))) == PHONES.labels[0]
    assert label(PHONES, person(phones=("1",)), person(phones=("2",))) == PHONES.labels[1]
    assert label(PHONES, person(phones=("1",)), person()) == "unknown"
    fir, other_fir, card = ("fir", "1"), ("fir", "2"), ("card", "1")
    assert label(IDENTIFIERS, person(identifiers=(fir,)), person(identifiers=(card, fir))) == IDENTIFIERS.labels[0]
    assert label(IDENTIFIERS, person(identifiers=(fir,)), person(identifiers=(other_fir,))) == IDENTIFIERS.labels[1]
    assert label(IDENTIFIERS, person(identifiers=(fir,)), person(identifiers=(card,))) == "unknown"


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        ("743370", "743370", POSTCODE.labels[0]),
        ("743 370", "743370", POSTCODE.labels[0]),
        ("743370", "743371", POSTCODE.labels[1]),
        ("743370", "110001", POSTCODE.labels[2]),
        ("743370", "—", "unknown"),
        ("743370", None, "unknown"),
    ],
)
def test_postcodes(left: str, right: str | None, found: str) -> None:
    assert label(POSTCODE, person(postcode=left), person(side=Side.RESCUED, postcode=right)) == found
