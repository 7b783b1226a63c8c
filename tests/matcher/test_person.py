"""Records hold what was given and refuse what cannot be: empty names, intervals that run backwards, flat vectors."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.errors import DimensionMismatch, InvalidRecord
from matcher.person import FaceEmbedding, NameKind, PartialDate, PersonName, PersonRecord, Place, Sex, Side


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u2003"])
def test_a_name_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidRecord, match="name: is empty"):
        PersonName(text)


def test_a_name_keeps_its_text_unaltered() -> None:
    assert PersonName(" সুনীতা  मंडल ").text == " সুনীতা  मंडल "
    assert PersonName("Puja").kind is NameKind.BIRTH


def test_an_interval_may_not_end_before_it_starts() -> None:
    with pytest.raises(InvalidRecord, match="ends before it starts"):
        PartialDate(date(2020, 1, 2), date(2020, 1, 1))


@given(st.dates(), st.integers(0, 5000))
def test_the_middle_lies_between_the_ends(first: date, days: int) -> None:
    last = min(first.toordinal() + days, date.max.toordinal())
    interval = PartialDate(first, date.fromordinal(last))
    assert interval.earliest <= interval.middle <= interval.latest
    assert abs((interval.middle - first) - (interval.latest - interval.middle)) <= timedelta(days=1)
    assert interval.is_exact == (first == interval.latest)


def test_exact_is_one_day() -> None:
    interval = PartialDate.exact(date(2011, 5, 30))
    assert interval.is_exact
    assert interval.middle == date(2011, 5, 30)


def test_a_place_is_empty_only_without_any_part() -> None:
    assert Place().is_empty
    assert Place("", None, "").is_empty
    assert not Place(village="Gosaba").is_empty


def test_an_embedding_is_one_row() -> None:
    with pytest.raises(DimensionMismatch):
        FaceEmbedding(np.zeros((1, 128), dtype=np.float32), "m")


def test_a_record_needs_nothing_but_id_and_side() -> None:
    record = PersonRecord("r", Side.RESCUED)
    assert record.names == ()
    assert record.sex is Sex.UNKNOWN
    assert record.origin.is_empty
    assert record.birth is None
    with pytest.raises(AttributeError):
        record.record_id = "other"  # type: ignore[misc]
