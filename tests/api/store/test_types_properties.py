"""What holds of stored values whatever they are: instants survive, text order is time order, one JSON text."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from api.store.types import UtcDateTime, canonical_json, encode_utc
from matcher.errors import InvalidRecord

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=zones)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(instants)
def test_an_instant_survives_both_databases(instant: datetime) -> None:
    for dialect in (sqlite.dialect(), postgresql.dialect()):
        stored = UtcDateTime().process_bind_param(instant, dialect)
        loaded = UtcDateTime().process_result_value(stored, dialect)
        assert loaded == instant
        assert loaded is not None
        assert loaded.utcoffset() == timedelta(0)


@given(instants, instants)
def test_text_order_is_time_order(one: datetime, other: datetime) -> None:
    assert (encode_utc(one) < encode_utc(other)) == (one < other)


@given(documents)
def test_canonical_json_says_the_same(document: object) -> None:
    assert json.loads(canonical_json(document)) == document


@given(st.dictionaries(st.text() | st.integers(0, 20), st.integers(), max_size=6), st.randoms())
def test_canonical_json_does_not_depend_on_the_order_of_keys(document: dict[object, int], random) -> None:
    items = [(key, value) for key, value in document.items() if str(key) not in document or isinstance(key, str)]
    shuffled = list(items)
    random.shuffle(shuffled)
    assert canonical_json(dict(items)) == canonical_json(dict(shuffled))
    assert canonical_json(json.loads(canonical_json(dict(items)))) == canonical_json(dict(items))


@pytest.mark.parametrize("value", [float("inf"), {1, 2}, "\udfff", object()])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(InvalidRecord):
        canonical_json({"value": value})
