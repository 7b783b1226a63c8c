"""Sex, languages, height, exact keys and postcodes: each level by example, unknown is null."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from made_people import known_names, label, person

from matcher.columns import RecordColumns
from matcher.compare.attributes import HEIGHT, IDENTIFIERS, LANGUAGES, PHONES, POSTCODE, SEX
from matcher.languages import language_bits
from matcher.person import AgeBasis, Sex, Side


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


def test_the_rarest_language_in_common_counts() -> None:
    both, spoken = person(languages=("hi", "kha")), person(languages=("kha", "bn", "hi"))
    columns = RecordColumns.build([both, spoken, person(languages=("hi",)), person(languages=("my",)), person()])
    found = LANGUAGES.assign(columns, np.array([0, 0, 0, 0]), np.array([1, 2, 3, 4]), known_names())
    assert found.rarity.tolist() == pytest.approx([language_bits("kha"), language_bits("hi"), 0.0, 0.0])
    assert language_bits("kha") > language_bits("hi") > 0


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
        (120.0, 138.7, 3, FITS),  # what a girl of nine grows in three years
        (120.0, 129.0, 3, OFF),  # and too little, though hunger slows growth
        (120.0, 124.0, 3, OFF),
        (120.0, 120.0, 3, MISFIT),
        (120.0, 150.0, 3, OFF),
        (140.0, 134.0, 3, MISFIT),  # nobody shrinks
        (120.0, 150.0, 9, FITS),
        (120.0, 168.0, 9, OFF),
    ],
)
def test_height_of_a_girl_of_nine(before: float, after: float, years: int, found: str) -> None:
    first = person(birth=BORN, sex=Sex.FEMALE, height_cm=before, height_on=date(2019, 1, 1))
    second = person(birth=BORN, sex=Sex.FEMALE, height_cm=after, height_on=date(2019 + years, 1, 1))
    assert label(HEIGHT, first, second) == found


@pytest.mark.parametrize(
    ("age", "sex", "gain", "found"),
    [
        (2, Sex.FEMALE, 20.0, FITS),  # the smaller, the faster, in the same two years
        (6, Sex.FEMALE, 20.0, OFF),
        (15, Sex.FEMALE, 1.0, FITS),  # a girl of fifteen is grown, a boy is not
        (15, Sex.FEMALE, 9.0, OFF),
        (15, Sex.MALE, 9.0, FITS),
        (15, Sex.UNKNOWN, 1.0, FITS),
        (15, Sex.UNKNOWN, 9.0, FITS),
        (30, Sex.MALE, 5.0, OFF),
    ],
)
def test_growth_goes_by_age_and_sex(age: int, sex: Sex, gain: float, found: str) -> None:
    birth = date(2020 - age, 1, 1)
    first = person(birth=birth, sex=sex, height_cm=130.0, height_on=date(2020, 1, 1))
    second = person(height_cm=130.0 + gain, height_on=date(2022, 1, 1))
    assert label(HEIGHT, first, second) == found
    assert label(HEIGHT, replace(first, birth=None), replace(second, birth=first.birth)) == found


def test_two_sexes_leave_room_for_both() -> None:
    first = person(birth=date(2005, 1, 1), sex=Sex.FEMALE, height_cm=150.0, height_on=date(2020, 1, 1))
    for grown in (151.0, 158.0):
        second = person(sex=Sex.MALE, height_cm=grown, height_on=date(2022, 1, 1))
        assert label(HEIGHT, first, second) == FITS


def test_a_guessed_age_leaves_room_for_the_guess() -> None:
    grown = person(height_cm=138.0, height_on=date(2022, 1, 1))
    first = person(birth=date(2004, 6, 1), sex=Sex.FEMALE, height_cm=130.0, height_on=date(2020, 1, 1))
    assert label(HEIGHT, first, grown) == OFF
    assert label(HEIGHT, replace(first, birth_basis=AgeBasis.GUESS), grown) == FITS


def test_an_adult_does_not_grow_and_whoever_may_be_a_child_may_have_grown() -> None:
    def pair(birth: date | None, after: float) -> str:
        first = person(birth=birth, height_cm=150.0, height_on=date(2015, 1, 1))
        return label(HEIGHT, first, person(height_cm=after, height_on=date(2020, 1, 1)))

    assert pair(date(1990, 1, 1), 165.0) == MISFIT
    assert pair(None, 165.0) == pair(None, 150.0) == FITS
    assert pair(None, 143.0) == OFF


def test_of_two_dates_of_birth_the_later_leaves_room_to_grow() -> None:
    first = person(birth=date(1990, 1, 1), height_cm=140.0, height_on=date(2015, 1, 1))
    second = person(birth=date(2003, 1, 1), height_cm=165.0, height_on=date(2019, 1, 1))
    assert label(HEIGHT, first, second) == FITS


def test_heights_without_days_are_compared_as_they_are() -> None:
    assert label(HEIGHT, person(height_cm=150.0), person(height_cm=152.0)) == FITS
    assert label(HEIGHT, person(height_cm=150.0), person(height_cm=170.0)) == MISFIT
    assert label(HEIGHT, person(height_cm=150.0), person()) == "unknown"


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
