"""A deployment's own columns: exact, as text, as numbers; what is no number says nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import HOSTILE, known_names, label, person

from matcher.columns import RecordColumns
from matcher.compare.extras import ExtraKind, extra_comparison


def found(kind: ExtraKind, left: str | None, right: str | None) -> str:
    values = [(("c", text),) if text is not None else () for text in (left, right)]
    return label(extra_comparison("c", kind), person(extras=values[0]), person(extras=values[1]))


@pytest.mark.parametrize(
    ("kind", "left", "right", "expected"),
    [
        (ExtraKind.EXACT, "a", "a", "equal"),
        (ExtraKind.EXACT, "a", "A", "different"),
        (ExtraKind.EXACT, "a", None, "unknown"),
        (ExtraKind.EXACT, None, None, "unknown"),
        (ExtraKind.TEXT, "Lake Road", "lake road", "equal"),
        (ExtraKind.TEXT, "Sundarban", "Sundorbans", "close"),
        (ExtraKind.TEXT, "Lake Road", "Station", "different"),
        (ExtraKind.TEXT, "Lake Road", "—", "unknown"),
        (ExtraKind.NUMBER, "1,200", "1200.0", "equal"),
        (ExtraKind.NUMBER, "100", "109", "close"),
        (ExtraKind.NUMBER, "100", "120", "different"),
        (ExtraKind.NUMBER, "-5", "5", "different"),
        (ExtraKind.NUMBER, "0", "0", "equal"),
        (ExtraKind.NUMBER, "many", "5", "unknown"),
        (ExtraKind.NUMBER, "inf", "inf", "unknown"),
        (ExtraKind.NUMBER, "nan", "nan", "unknown"),
        (ExtraKind.NUMBER, "1e308", "-1e308", "different"),
        (ExtraKind.NUMBER, "1e400", "5", "unknown"),
    ],
)
def test_kinds(kind: ExtraKind, left: str | None, right: str | None, expected: str) -> None:
    assert found(kind, left, right) == expected


def test_a_column_that_no_record_has_is_unknown() -> None:
    assert label(extra_comparison("none", ExtraKind.TEXT), person(extras=(("c", "x"),)), person()) == "unknown"


def test_each_column_has_a_key_and_question_of_its_own() -> None:
    comparison = extra_comparison("ward", ExtraKind.EXACT)
    assert comparison.name == "extra:ward"
    assert "ward" in comparison.question


@settings(max_examples=150)
@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_against_plain_python(x: float, y: float) -> None:
    scale = max(abs(x), abs(y), 1e-9)
    expected = "equal" if x == y else "close" if abs(x / scale - y / scale) <= 0.1 else "different"
    assert math.isfinite(scale)
    assert found(ExtraKind.NUMBER, repr(x), repr(y)) == expected


@pytest.mark.parametrize("kind", ExtraKind)
def test_any_text_has_a_level(kind: ExtraKind) -> None:
    columns = RecordColumns.build(person(extras=(("c", text),)) for text in HOSTILE)
    n = len(HOSTILE)
    i, j = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    levels = extra_comparison("c", kind).assign(columns, i, j, known_names()).levels
    assert set(levels.tolist()) <= {-1, 0, 1, 2}
