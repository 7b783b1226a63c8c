"""Each vectorised comparison of an attribute against plain Python over the records."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import known_names, people

from matcher.columns import RecordColumns
from matcher.compare.attributes import HEIGHT, IDENTIFIERS, LANGUAGES, PHONES, POSTCODE, SEX, text_levels
from matcher.comparison import NULL, Comparison
from matcher.names.phonetics import encode_tokens, token_similarities
from matcher.person import PersonRecord, Sex

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
    for a, b, found in all_pairs(PHONES, records):
        assert found == (int(not set(a.phones) & set(b.phones)) if a.phones and b.phones else NULL)
    for a, b, found in all_pairs(IDENTIFIERS, records):
        same_type = {kind for kind, _ in a.identifiers} & {kind for kind, _ in b.identifiers}
        assert found == (int(not set(a.identifiers) & set(b.identifiers)) if same_type else NULL)


@settings(max_examples=15, deadline=None)
@given(batches)
def test_height(records: list[PersonRecord]) -> None:
    for a, b, found in all_pairs(HEIGHT, records):
        assert found == height_oracle(a, b)


def height_oracle(a: PersonRecord, b: PersonRecord) -> int:
    if a.height_cm is None or b.height_cm is None:
        return NULL
    first, second = float(np.float32(a.height_cm)), float(np.float32(b.height_cm))
    room = 0.0
    if a.height_on and b.height_on:
        if b.height_on < a.height_on:
            first, second = second, first
        births = [one.birth.latest for one in (a, b) if one.birth]
        age = (min(a.height_on, b.height_on) - max(births)).days / 365.25 if births else 10.0
        years = abs((b.height_on - a.height_on).days) / 365.25
        room = 7.0 * max(min(years, 18.0 - age), 0.0)
        shrunk, grown = first - second, second - first - room
    else:
        shrunk, grown = abs(first - second), 0.0
    misfit = np.float32(max(shrunk, grown, 0.0))
    return 0 if misfit <= 4.0 or math.isclose(misfit, 4.0, rel_tol=1e-6) else 1 if misfit <= 12.0 else 2


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
