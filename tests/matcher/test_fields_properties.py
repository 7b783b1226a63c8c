"""Whatever is typed: a date means itself in every notation, an age contains the birthday, a refusal repeats nothing."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.errors import InvalidRecord
from matcher.fields import MAX_AGE, birth_from_age, normalise_phone, parse_age, parse_date, parse_sex
from matcher.person import PartialDate

days = st.dates(date(1900, 1, 1), date(2200, 12, 31))
DIGITS = ("0123456789", "०१२३४५६७८९", "০১২৩৪৫৬৭৮৯", "၀၁၂၃၄၅၆၇၈၉", "٠١٢٣٤٥٦٧٨٩")


@given(days, st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"]), st.sampled_from(DIGITS))
def test_a_day_means_itself_in_every_notation_and_script(day: date, notation: str, digits: str) -> None:
    text = day.strftime(notation).translate(str.maketrans(DIGITS[0], digits))
    assert parse_date("found", text) == PartialDate.exact(day)


@given(days)
def test_a_month_or_year_contains_its_days(day: date) -> None:
    for text in (f"{day:%Y-%m}", f"{day:%Y}"):
        interval = parse_date("found", text)
        assert interval.earliest <= day <= interval.latest


@given(st.text(max_size=40))
def test_a_refusal_is_the_same_whatever_was_typed(text: str) -> None:
    for parse in (lambda value: parse_date("found", value), parse_age, parse_sex):
        with pytest.raises(InvalidRecord) as one:
            parse(f"☂{text}")
        with pytest.raises(InvalidRecord) as other:
            parse("☂")
        assert str(one.value) == str(other.value)


@given(st.integers(0, MAX_AGE), days, st.integers(0, 4000))
def test_the_interval_of_an_age_holds_exactly_the_births_of_that_age(age: int, as_of: date, back: int) -> None:
    interval = birth_from_age(age, PartialDate.exact(as_of))
    for born in (interval.earliest, interval.middle, interval.latest):
        assert _age_on(born, as_of) == age
    assert _age_on(date.fromordinal(interval.earliest.toordinal() - 1), as_of) > age
    if interval.latest < as_of:
        assert _age_on(date.fromordinal(interval.latest.toordinal() + 1), as_of) < age


def _age_on(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@given(st.integers(0, MAX_AGE - 1), days)
def test_ages_tile_time_without_gap_or_overlap(age: int, as_of: date) -> None:
    younger, older = (birth_from_age(n, PartialDate.exact(as_of)) for n in (age, age + 1))
    assert younger.earliest.toordinal() == older.latest.toordinal() + 1


@given(st.integers(0, MAX_AGE), st.sampled_from(DIGITS))
def test_whole_numbers_up_to_the_limit_are_ages(age: int, digits: str) -> None:
    assert parse_age(str(age).translate(str.maketrans(DIGITS[0], digits))) == age


@given(st.integers(MAX_AGE + 1, 10**30))
def test_no_age_above_the_limit(age: int) -> None:
    with pytest.raises(InvalidRecord):
        parse_age(str(age))


@given(st.integers(10**9, 10**10 - 1), st.sampled_from(["", "+91", "0091", "0", "+977 ", "+880-"]))
def test_a_prefix_does_not_change_a_number(number: int, prefix: str) -> None:
    assert normalise_phone(f"{prefix}{number}") == str(number)


@given(st.text(max_size=60))
def test_a_normalised_phone_is_short_and_stays(text: str) -> None:
    once = normalise_phone(text)
    assert len(once) in (0, *range(6, 11))
    assert normalise_phone(once) == once
