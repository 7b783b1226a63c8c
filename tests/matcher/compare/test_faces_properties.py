"""Face evidence against one pair at a time in plain Python; nearer is never worse; nothing leaves the caps."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import known_names, people

from matcher.columns import RecordColumns
from matcher.compare.faces import FACE
from matcher.comparison import NULL
from matcher.face_calibration import shipped_calibrations
from matcher.person import PersonRecord, Side

(DLIB,) = shipped_calibrations().values()
distances = st.floats(0, 3)
ages, spans = st.floats(0, 100), st.floats(0, 40)
CAPS = ((0.0, 2.0, -1.0), (0.03, 1.5, -0.7), (0.19, 1.0, -0.2), (0.23, 0.7, -0.2))


def drift_until(age: float) -> float:
    total = 0.0
    for first, last, rate in ((0, 4, 0.06), (4, 12, 0.03), (12, 18, 0.02), (18, 120, 0.01)):
        total += max(min(age, last) - first, 0) * rate
    return total


def caps_for(drift: float) -> tuple[float, float]:
    if drift >= CAPS[-1][0]:
        return CAPS[-1][1:]
    for (x0, up0, down0), (x1, up1, down1) in itertools.pairwise(CAPS):
        if drift <= x1:
            share = (drift - x0) / (x1 - x0)
            return up0 + share * (up1 - up0), down0 + share * (down1 - down0)
    raise AssertionError


def oracle(distance: float, age: float, years: float, weak: bool) -> float:
    drift = drift_until(age + years) - drift_until(age) + (0.05 if age < 4 else 0.0)
    spread = math.hypot(0.085, 0.012 * years)
    mean = min(0.38 + drift, 0.725 - 0.05 * (0.725 - 0.38))

    def log10_ratio(x: float) -> float:
        same = -((x - mean) ** 2) / (2 * spread**2) - math.log(spread)
        other = -((x - 0.725) ** 2) / (2 * 0.081**2) - math.log(0.081)
        return (same - other) / math.log(10)

    # Past the distance where the ratio is least, it stays at its least.
    curvature = 1 / 0.081**2 - 1 / spread**2
    least = (0.725 / 0.081**2 - mean / spread**2) / curvature
    up, down = caps_for(drift)
    factor = 0.6 if weak else 1.0
    return min(max(log10_ratio(min(distance, least)), down * factor), up * factor) * math.log2(10)


@settings(max_examples=300)
@given(distances, ages, spans, st.booleans())
def test_against_plain_python(distance: float, age: float, years: float, weak: bool) -> None:
    found = DLIB.bits(np.array([distance]), np.array([age]), np.array([years]), np.array([weak]))
    assert found[0] == pytest.approx(oracle(distance, age, years, weak), abs=1e-6)


@settings(max_examples=200)
@given(st.lists(distances, min_size=2, max_size=30), ages, spans, st.booleans())
def test_nearer_is_never_worse_and_nothing_leaves_the_caps(
    values: list[float], age: float, years: float, weak: bool
) -> None:
    distance = np.sort(np.array(values))
    n = len(distance)
    found = DLIB.bits(distance, np.full(n, age), np.full(n, years), np.full(n, weak))
    assert (np.diff(found) <= 1e-9).all()
    assert found.min() >= -1.0 * math.log2(10) - 1e-9
    assert found.max() <= 2.0 * math.log2(10) + 1e-9


@given(distances, ages, spans)
def test_a_weak_photo_never_says_more(distance: float, age: float, years: float) -> None:
    twice = np.full(2, distance), np.full(2, age), np.full(2, years)
    good, weak = DLIB.bits(*twice, np.array([False, True]))
    assert abs(weak) <= abs(good) + 1e-9


@settings(max_examples=25, deadline=None)
@given(st.lists(people(), min_size=2, max_size=4))
def test_the_best_pair_of_photos_counts_and_no_side_is_special(records: list[PersonRecord]) -> None:
    columns = RecordColumns.build(records)
    n = len(records)
    i, j = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    there, back = FACE.assign(columns, i, j, known_names()), FACE.assign(columns, j, i, known_names())
    assert (there.levels == back.levels).all()
    assert np.array_equal(there.rarity, back.rarity)
    for a, b, level, bits in zip(i, j, there.levels, there.rarity, strict=True):
        values = photo_values(records[a], records[b])
        assert (level == NULL) == (not values)
        if values:
            assert bits == pytest.approx(max(values), abs=1e-3)


def photo_values(a: PersonRecord, b: PersonRecord) -> list[float]:
    births = [(one.birth.earliest.toordinal() + one.birth.latest.toordinal()) / 2 for one in (a, b) if one.birth]
    values = []
    for x in a.faces[:3]:
        for y in b.faces[:3]:
            if x.model != y.model:
                continue
            days = []
            for one, record in ((x, a), (y, b)):
                event = record.event.earliest.toordinal() if record.event else None
                taken = one.taken.toordinal() if one.taken else event
                if taken is not None:
                    days.append(min(taken, event) if event and record.side is Side.MISSING else taken)
            years = abs(days[0] - days[1]) / 365.25 if len(days) == 2 else 5.0
            age = min(max((min(days) - max(births)) / 365.25, 0), 100) if births and days else 10.0
            distance = float(np.linalg.norm(x.vector - y.vector))
            values.append(oracle(distance, age, years, "weak" in (x.quality, y.quality)))
    return values
