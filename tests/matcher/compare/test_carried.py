"""Clothes and belongings compared: each level by example, across scripts, and only while the two days are close."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from made_people import known_names, label, person

from matcher.columns import RecordColumns
from matcher.compare.carried import BELONGINGS, CLOTHING
from matcher.comparison import Comparison
from matcher.person import PartialDate, PersonRecord, Side

LOST = date(2024, 3, 1)
SAME, ALIKE, DIFFERS = CLOTHING.labels


def lost(*worn: str, day: date | PartialDate | None = LOST, **fields: object) -> PersonRecord:
    return person(clothing=worn, event=day, **fields)


def found(*worn: str, day: date | PartialDate | None = LOST, **fields: object) -> PersonRecord:
    return person("b", Side.RESCUED, clothing=worn, event=day, **fields)


def test_the_labels_are_those_that_other_languages_translate() -> None:
    assert CLOTHING.labels == ("same clothing", "clothing alike in part", "clothing differs")
    assert BELONGINGS.labels == ("same belongings", "belongings alike in part", "belongings differ")
    assert CLOTHING.question == "Do the clothes worn when last seen and when found agree?"
    assert BELONGINGS.question == "Do the things carried agree?"


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        (("red salwar", "blue kurta"), ("red salwar", "blue kurta"), SAME),
        (("red salwar, blue kurta",), ("लाल सलवार और नीला कुर्ता",), SAME),
        (("লাল ফ্রক",), ("red frock and black sandals",), SAME),
        (("အင်္ကျီ အနီ၊ လုံချည် အစိမ်း",), ("green longyi, red shirt",), SAME),
        (("red salwar",), ("salwar",), ALIKE),
        (("salwar",), ("salwar",), ALIKE),  # many girls wear one
        (("red salwar", "blue kurta"), ("red salwar", "green kurta"), ALIKE),
        (("red salwar kameez",), ("red kurta",), ALIKE),
        (("red saree",), ("maroon saree",), ALIKE),
        (("red salwar",), ("red frock",), DIFFERS),  # a colour alone
        (("red salwar",), ("blue salwar",), DIFFERS),
        (("school uniform",), ("green longyi",), DIFFERS),
        (("red salwar",), (), "unknown"),
        (("red salwar",), ("nil",), "unknown"),
        (("red salwar",), ("red",), "unknown"),  # no garment is named
    ],
)
def test_clothing(left: tuple[str, ...], right: tuple[str, ...], level: str) -> None:
    assert label(CLOTHING, lost(*left), found(*right)) == level


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        (("school card",), ("স্কুলের কার্ড",), "same belongings"),
        (("silver anklets", "nath"), ("चांदी की पायल",), "same belongings"),
        (("mobile phone", "red bag"), ("mobile phone", "doll"), "belongings alike in part"),
        (("red bag",), ("bag",), "belongings alike in part"),
        (("red bag",), ("red ribbon",), "belongings differ"),
        (("letter",), ("doll",), "belongings differ"),
        (("letter",), (), "unknown"),
    ],
)
def test_belongings(left: tuple[str, ...], right: tuple[str, ...], level: str) -> None:
    assert label(BELONGINGS, lost(belongings=left), found(belongings=right)) == level


@pytest.mark.parametrize(("comparison", "most"), [(CLOTHING, 30), (BELONGINGS, 365)])
def test_only_close_days_are_compared(comparison: Comparison, most: int) -> None:
    def pair(after: int | PartialDate | None) -> str:
        day = LOST + timedelta(days=after) if isinstance(after, int) else after
        one, other = lost("red frock", belongings=("doll",)), found("red frock", belongings=("doll",), day=day)
        return label(comparison, one, other)

    same = comparison.labels[0]
    assert pair(most) == same
    assert pair(most + 1) == "unknown"
    assert pair(-most) == same  # dates are often wrong: either order
    assert pair(-most - 1) == "unknown"
    assert pair(None) == "unknown"
    # Of two intervals the nearest ends count.
    assert pair(PartialDate(LOST + timedelta(days=most), LOST + timedelta(days=most + 500))) == same
    assert pair(PartialDate(LOST - timedelta(days=500), LOST + timedelta(days=500))) == same
    assert pair(PartialDate(LOST + timedelta(days=most + 1), LOST + timedelta(days=most + 9))) == "unknown"


def test_no_pairs() -> None:
    columns = RecordColumns.build([lost("red frock")])
    none = np.zeros(0, dtype=np.int64)
    for comparison in (CLOTHING, BELONGINGS):
        assert len(comparison.assign(columns, none, none, known_names()).levels) == 0
