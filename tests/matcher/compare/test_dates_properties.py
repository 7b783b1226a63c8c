"""Birth and events against plain Python over dates; a wider gap is never a better level."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import intervals, known_names, person

from matcher.columns import RecordColumns
from matcher.compare.dates import AGE, BIRTH, EVENTS
from matcher.comparison import NULL
from matcher.person import AgeBasis, PartialDate, PersonRecord, Side

CONTEXT = known_names()
known_or_not = st.none() | intervals()


@st.composite
def births(draw: st.DrawFn) -> PersonRecord:
    """Draw somebody of whom nothing is known but perhaps a birth, by whatever basis."""
    return person(birth=draw(known_or_not), birth_basis=draw(st.sampled_from(AgeBasis)))


def birth_oracle(one: PersonRecord, other: PersonRecord) -> int:
    a, b = one.birth, other.birth
    if a is None or b is None or AgeBasis.GUESS in (one.birth_basis, other.birth_basis):
        return NULL
    if a.is_exact and b.is_exact:
        x, y = a.earliest, b.earliest
        if x == y:
            return 0
        digits = sum(p != q for p, q in zip(f"{x.year:04}", f"{y.year:04}", strict=True))
        # One digit of the year mistyped is a slip; several are another year.
        parts = (digits if digits < 2 else 3) + (x.month != y.month) + (x.day != y.day)
        if parts == 1 or (x.year, x.month, x.day) == (y.year, y.day, y.month):
            return 1
    return 2 + steps_apart(a, b, (1, 2, 4, 8))


def age_oracle(one: PersonRecord, other: PersonRecord) -> int:
    if one.birth is None or other.birth is None or AgeBasis.GUESS not in (one.birth_basis, other.birth_basis):
        return NULL
    return steps_apart(one.birth, other.birth, (1, 2, 4))


def steps_apart(a: PartialDate, b: PartialDate, years: tuple[int, ...]) -> int:
    gap = max((a.earliest - b.latest).days, (b.earliest - a.latest).days, 0) / 365.25
    return next((n for n, limit in enumerate((0, *years)) if gap <= limit), len(years) + 1)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(births(), births()), min_size=1, max_size=10))
def test_birth_and_age(pairs: list[tuple[PersonRecord, PersonRecord]]) -> None:
    columns = RecordColumns.build(one for pair in pairs for one in pair)
    i, j = np.arange(0, 2 * len(pairs), 2), np.arange(1, 2 * len(pairs), 2)
    for comparison, oracle in ((BIRTH, birth_oracle), (AGE, age_oracle)):
        expected = [oracle(a, b) for a, b in pairs]
        assert comparison.assign(columns, i, j, CONTEXT).levels.tolist() == expected
        assert comparison.assign(columns, j, i, CONTEXT).levels.tolist() == expected


@given(intervals(), st.integers(1, 4000), st.integers(0, 4000))
def test_farther_apart_is_never_better(birth: PartialDate, gap: int, more: int) -> None:
    wide = PartialDate(birth.earliest, birth.latest + timedelta(days=40))  # not exact, so never read as a typing error
    near = PartialDate.exact(wide.latest + timedelta(days=gap))
    far = PartialDate.exact(wide.latest + timedelta(days=gap + more))
    people = [person(birth=wide), person(birth=near), person(birth=far)]
    columns = RecordColumns.build(people)
    found = BIRTH.assign(columns, np.array([0, 0]), np.array([1, 2]), CONTEXT).levels
    assert 2 < found[0] <= found[1]
    guessed = RecordColumns.build(replace(one, birth_basis=AgeBasis.GUESS) for one in people)
    found = AGE.assign(guessed, np.array([0, 0]), np.array([1, 2]), CONTEXT).levels
    assert 0 < found[0] <= found[1]


@given(known_or_not, known_or_not, st.sampled_from(Side), st.sampled_from(Side))
def test_events(a: PartialDate | None, b: PartialDate | None, side_a: Side, side_b: Side) -> None:
    columns = RecordColumns.build([person(side=side_a, event=a), person(side=side_b, event=b)])
    found = EVENTS.assign(columns, np.array([0, 1]), np.array([1, 0]), CONTEXT).levels.tolist()
    if a is None or b is None or side_a is side_b:
        assert found == [NULL, NULL]
        return
    lost, rescued = (a, b) if side_a is Side.MISSING else (b, a)
    early = (lost.earliest - rescued.latest).days
    assert found == [0 if early <= 0 else 1 if early <= 31 else 2] * 2


def test_years_before_1970_are_read_right() -> None:
    columns = RecordColumns.build([person(birth=date(1950, 3, 4)), person(birth=date(1950, 4, 3))])
    assert BIRTH.assign(columns, np.array([0]), np.array([1]), CONTEXT).levels.tolist() == [1]
