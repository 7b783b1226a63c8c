"""Whatever is stored in a field, the fast way reads what `read_record` reads of it leniently."""

from __future__ import annotations

from dataclasses import fields as attributes
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.synthetic import linked_sample
from matcher.fields import FIELDS, read_record
from matcher.person import FaceEmbedding, PersonName, PersonRecord, Side
from matcher.stored_fields import StoredValue, read_stored

TODAY = date(2024, 2, 29)
DATES = (
    "2011-05-30", "30/05/2011", "20110530", "2011-05", "2011", "2024-02-29", "2024-03-01", "2199", "31/02/2020", "১৯৯৯",
    "2011-05-30T10:00", "1899", "unknown",
)  # fmt: skip
# What the fields mean, and beside it what nobody can mean by them.
WORDS: dict[str, tuple[str, ...]] = {
    "sex": ("female", " M ", "लड़की", "unknown", "xyzzy"),
    "age": ("0", "12", "12.0", " १२ ", "14 years", "120", "121", "about 12"),
    "age_basis": ("document", "Stated", "GUESS", "xyzzy"),
    "height_cm": ("132", "132.5 cm", "१४२", "9", "900", "four feet"),
    "language": ("bn", "Bengali", "bn, hi;ne", "Sgaw Karen", "none", "xyzzy"),
    "phone": ("+91 98765 43210", "12", "०९८७६५४३२१०"),
    "identifier": ("FIR: 12/2024", "AB-12", ":", "card:—", "a:b:c"),
} | dict.fromkeys(("birth_date", "age_as_of", "height_on", "last_seen", "found"), DATES)
WORDS["languages"] = WORDS["language"]
BLANK = ("", " ", "\t\n", "\u00a0")
PLAIN = ("Sunita", "Sunita Mondal", " सुनीता मंडल ", "မသီတာ", "محمد", "Gosaba", "-")


def texts(field: str) -> st.SearchStrategy[str]:
    return st.sampled_from((*WORDS.get(field, ()), *PLAIN, *BLANK)) | st.text(max_size=12)


def values(field: str) -> st.SearchStrategy[StoredValue]:
    return texts(field) | st.lists(texts(field), max_size=3).map(tuple)


stored = st.fixed_dictionaries({}, optional={field: values(field) for field in FIELDS})


def oracle(side: Side, fields: dict[str, StoredValue], today: date = TODAY) -> PersonRecord:
    return read_record("r", side, fields, today=today, lenient=True).record


@settings(max_examples=400)
@given(st.sampled_from(Side), stored)
def test_any_fields_are_read_alike(side: Side, fields: dict[str, StoredValue]) -> None:
    assert read_stored("r", side, fields, TODAY) == oracle(side, fields)


@pytest.mark.parametrize("field", sorted(FIELDS))
@pytest.mark.parametrize("side", Side)
def test_each_value_of_each_field_is_read_alike(side: Side, field: str) -> None:
    for text in (*WORDS.get(field, ()), *PLAIN, *BLANK):
        for value in (text, (text,), (text, "", "Puja"), ()):
            # The day and the age beside it, because what some fields mean depends on them.
            for beside in ({}, {"found": "2020", "last_seen": "2019-07-01", "age": "9", "height_cm": "120"}):
                fields = {**beside, field: value}
                assert read_stored("r", side, fields, TODAY) == oracle(side, fields), (field, text)


def test_what_was_understood_once_is_not_mistaken_for_another_day() -> None:
    fields: dict[str, StoredValue] = {"birth_date": "2024-03-01", "age": "12"}
    for today in (TODAY, date(2024, 3, 1), date(2024, 3, 2), TODAY):
        assert read_stored("r", Side.MISSING, fields, today) == oracle(Side.MISSING, fields, today)


def test_synthetic_people_are_read_alike() -> None:
    sample = linked_sample(11, 400, 400)
    for record in (*sample.reports, *sample.rescues):
        fields = {field: value if isinstance(value, str) else tuple(value) for field, value in record.fields.items()}
        read = read_stored("r", record.side, fields, TODAY)
        assert read == oracle(record.side, fields)
        assert hash(read) == hash(oracle(record.side, fields))


def test_the_record_is_as_any_other() -> None:
    embedding = FaceEmbedding(np.array([0.5, 1.0], dtype=np.float32), "m")
    fields: dict[str, StoredValue] = {"name": "Sunita", "nickname": ("Puja", "Rani"), "ward": "of no such field"}
    read = read_stored("r", Side.MISSING, fields, TODAY, (embedding,))
    assert type(read) is PersonRecord
    assert {type(name) for name in read.names} == {PersonName}
    assert read.faces == (embedding,)
    assert all(hasattr(read, attribute.name) for attribute in attributes(PersonRecord))
    assert repr(read) == repr(PersonRecord(**{part.name: getattr(read, part.name) for part in attributes(read)}))
    with pytest.raises(AttributeError):
        read.address = "elsewhere"  # type: ignore[misc]
