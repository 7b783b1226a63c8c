"""Each vectorised comparison of an attribute against plain Python over the records."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import known_names, label, people, person

from matcher.columns import RecordColumns
from matcher.compare.attributes import _BOYS as BOYS
from matcher.compare.attributes import _GIRLS as GIRLS
from matcher.compare.attributes import HEIGHT, IDENTIFIERS, LANGUAGES, PHONES, POSTCODE, SEX, text_levels
from matcher.comparison import NULL, Comparison
from matcher.languages import language_bits
from matcher.names.phonetics import encode_tokens, token_similarities
from matcher.person import AgeBasis, PersonRecord, Sex

CONTEXT = known_names()
batches = st.lists(people(with_faces=False), min_size=1, max_size=6)


def all_pairs(comparison: Comparison, records: list[PersonRecord]) -> list[tuple[PersonRecord, PersonRecord, int]]:
    n = len(records)
    i, j = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    levels = comparison.assign(RecordColumns.build(records), i, j, CONTEXT).levels
    return [(records[a], records[b], int(found)) for a, b, found in zip(i, j, levels, strict=True)]


@settings(max_examples=15, deadline=None)
@given(batches)
def test_sex_languages_and_exact_keys(records: list[PersonRecord]) -> None:
    for a, b, found in all_pairs(SEX, records):
        unknown = Sex.UNKNOWN in (a.sex, b.sex)
        assert found == (NULL if unknown else int(a.sex != b.sex))
    for a, b, found in all_pairs(LANGUAGES, records):
        left, right = ({code.split("-")[0] for code in one.languages} for one in (a, b))
        assert found == (int(not left & right) if left and right else NULL)
    n = len(records)
    rarity = LANGUAGES.assign(
        RecordColumns.build(records), np.repeat(np.arange(n), n), np.tile(np.arange(n), n), CONTEXT
    ).rarity
    for (a, b), bits in zip(product(records, records), rarity.tolist(), strict=True):
        left, right = ({code.split("-")[0] for code in one.languages} for one in (a, b))
        assert bits == pytest.approx(max(map(language_bits, left & right), default=0.0))
    for a, b, found in all_pairs(PHONES, records):
        assert found == (int(not set(a.phones) & set(b.phones)) if a.phones and b.phones else NULL)
    for a, b, found in all_pairs(IDENTIFIERS, records):
        same_type = {kind for kind, _ in a.identifiers} & {kind for kind, _ in b.identifiers}
        assert found == (int(not set(a.identifiers) & set(b.identifiers)) if same_type else NULL)


@st.composite
def growing(draw: st.DrawFn) -> PersonRecord:
    """Draw somebody whose height is known, with whatever says how old she was."""
    basis, height = draw(st.sampled_from(AgeBasis)), draw(st.floats(60, 190))
    return replace(draw(people(with_faces=False)), birth_basis=basis, height_cm=height)


@settings(max_examples=25, deadline=None)
@given(st.lists(growing() | people(with_faces=False), min_size=1, max_size=6))
def test_height(records: list[PersonRecord]) -> None:
    for a, b, found in all_pairs(HEIGHT, records):
        if a.height_cm is None or b.height_cm is None:
            assert found == NULL
            continue
        misfit = misfit_of(a, b)
        # At the very edge of a level the last digit of a float decides.
        assert found in {sum(misfit > edge + off for edge in (4.0, 12.0)) for off in (-1e-6, 1e-6)}


def misfit_of(a: PersonRecord, b: PersonRecord) -> float:
    """Return how many centimetres the taller or shorter is beyond what she may have grown."""
    if not (a.height_on and b.height_on):
        return abs(tall(a) - tall(b))
    if b.height_on < a.height_on:
        a, b = b, a
    years = (b.height_on - a.height_on).days / 365.25
    ages = []
    for one in (a, b):
        if one.birth is not None:
            off = 2.0 if one.birth_basis is AgeBasis.GUESS else 0.0
            ages += [(a.height_on - one.birth.latest).days / 365.25 - off]
            ages += [(a.height_on - one.birth.earliest).days / 365.25 + off]
    youngest, oldest = (min(ages), max(ages)) if ages else (8.0, 18.0)
    sexes = {one.sex for one in (a, b)} & {Sex.FEMALE, Sex.MALE}
    curves = {Sex.FEMALE: GIRLS, Sex.MALE: BOYS}
    grown = [
        height_at(curves[sex], age + years) - height_at(curves[sex], age)
        for sex in sexes or curves
        for age in (youngest, (youngest + oldest) / 2, oldest)
    ]
    change = tall(b) - tall(a)
    return max(0.75 * min(grown) - change, change - 1.25 * max(grown))


def tall(one: PersonRecord) -> float:
    assert one.height_cm is not None
    return float(np.float32(one.height_cm))


def height_at(curve: tuple[float, ...], age: float) -> float:
    age = min(max(age, 0.0), len(curve) - 1.0)
    year = min(int(age), len(curve) - 2)
    return curve[year] + (age - year) * (curve[year + 1] - curve[year])


@given(st.integers(0, 15), st.integers(1, 9), st.sampled_from(Sex))
def test_the_median_child_always_fits(age: int, years: int, sex: Sex) -> None:
    curve = BOYS if sex is Sex.MALE else GIRLS
    at = [person(birth=date(2000, 1, 1), sex=sex, height_cm=height_at(curve, now), height_on=date(2000 + now, 1, 1))
          for now in (age, age + years)]  # fmt: skip
    assert label(HEIGHT, *at) == HEIGHT.labels[0]


@settings(max_examples=15, deadline=None)
@given(batches)
def test_postcodes_and_symmetry(records: list[PersonRecord]) -> None:
    columns = RecordColumns.build(records)
    for a, b, found in all_pairs(POSTCODE, records):
        left, right = (one.postcode if one.postcode != "-" else None for one in (a, b))
        if left is None or right is None:
            assert found == NULL
            continue
        codes = encode_tokens([left, right])
        alike = float(token_similarities(codes, np.array([0]), np.array([1]))[0])
        assert found == (0 if alike >= 0.999 else 1 if alike >= 0.7 else 2)
    n = len(records)
    i, j = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    for comparison in (SEX, LANGUAGES, HEIGHT, PHONES, IDENTIFIERS, POSTCODE):
        there, back = comparison.assign(columns, i, j, CONTEXT), comparison.assign(columns, j, i, CONTEXT)
        assert (there.levels == back.levels).all(), comparison.name
    assert (text_levels(columns, columns.postcode, i[:0], j[:0], (0.9, 0.7)) == []).all()
