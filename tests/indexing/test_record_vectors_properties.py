"""Are records encoded as a slow reading of the definition says, each by itself, whatever stands beside it?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexing.record_vectors import BLOCKS, ROUTES, WIDTH, Vectors, encode_records, weighted
from matcher.columns import RecordColumns
from matcher.languages import language_bits
from matcher.names.encoder import NAME_WIDTH, NameEncoder
from matcher.names.reading import read_with
from matcher.person import PartialDate, PersonName, PersonRecord, Place, Sex, Side
from matcher.places import Gazetteer
from matcher.texts import parse_text

TEXTS = st.sampled_from(
    [
        "Sunita Mondal",
        "सुनीता मंडल",
        "সুনীতা",
        "Buli",
        "Ma Khin",
        "ခင်",
        "Md Rafiqul Islam",
        "S. Das",
        "Late Haren",
        "😀",
        "\x00\x07",
        " \u202eatinuS",
        "Ѕunita",
        "\ud800",
        "़",
        "a" * 10_000,
        "सु" * 5_000,
        "1234",
    ]
)
NAMES = st.lists(TEXTS.map(PersonName), max_size=3).map(tuple)
PLACES = st.builds(
    Place,
    st.sampled_from([None, "IN", "NP", "Bangladesh", "Atlantis"]),
    st.sampled_from([None, "West Bengal", "पश्चिम बंगाल", "Bagmati", "\ud800"]),
    st.sampled_from([None, "Nadia", "Kathmandu", "Jessore", "Nowhere"]),
    st.sampled_from([None, "Gosaba", "Unheard Of", "😀", "\u202e"]),
)
DAYS = st.dates(date(1965, 1, 1), date(2045, 1, 1))
BIRTHS = st.one_of(st.none(), st.tuples(DAYS, DAYS).map(lambda days: PartialDate(min(days), max(days))))


def a_record(number: int, fields: dict[str, Any]) -> PersonRecord:
    return PersonRecord(str(number), Side.MISSING, **fields)


PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "names": NAMES,
            "father": NAMES,
            "mother": NAMES,
            "relatives": NAMES,
            "sex": st.sampled_from(Sex),
            "birth": BIRTHS,
            "origin": PLACES,
            "remembered": st.lists(st.sampled_from(["Nadia", "Jashore", "the river", "\x00"]), max_size=3).map(tuple),
            "languages": st.lists(st.sampled_from(["bn", "hi", "lus", "bn-IN", "HI", "xx"]), max_size=3).map(tuple),
        }
    ),
    min_size=1,
    max_size=5,
).map(lambda people: [a_record(number, fields) for number, fields in enumerate(people)])


# -- the slow reading ----------------------------------------------------------------------------------------------


def unit_of(vector: Sequence[float]) -> list[float]:
    norm = math.sqrt(sum(value * value for value in vector))
    return [value / norm for value in vector] if norm else [0.0] * len(vector)


def sum_of(vectors: list[Sequence[float]], width: int) -> list[float]:
    total = [0.0] * width
    for vector in vectors:
        for at, value in enumerate(vector):
            total[at] += float(value)
    return unit_of(total)


def slow_birth(birth: PartialDate | None) -> list[float]:
    bump = [0.0] * 56
    if birth is None:
        return bump
    low, high = birth.earliest.toordinal() / 365.2425 + 1, birth.latest.toordinal() / 365.2425 + 1
    for at in range(56):
        middle = 1975 + at + 0.5
        outside = low - middle if middle < low else middle - high if middle > high else 0.0
        value = math.exp(-0.5 * (outside / 1.8) ** 2)
        bump[at] = value if value >= 0.01 else 0.0
    return unit_of(bump)


def direction(name: str, width: int = 64) -> list[float]:
    seed = np.array([*name.encode()], dtype=np.uint32)
    return unit_of(np.random.default_rng(seed).standard_normal(width, dtype=np.float32).tolist())


def slow_languages(record: PersonRecord) -> list[float]:
    tags = {language.lower().split("-")[0] for language in record.languages}
    return sum_of([[language_bits(tag) * value for value in direction(tag, 24)] for tag in tags], 24)


def slow_place(record: PersonRecord) -> list[float]:
    gazetteer = Gazetteer.load()
    parts: list[Sequence[float]] = []
    place = gazetteer.resolve(record.origin)
    for level, weight in enumerate((0.4, 0.7, 1.0, 0.8)):
        if area := place.area(level):
            parts.append([weight * value for value in direction(area)])
    remembered = [path for text in record.remembered for path in gazetteer.find_anywhere(text)[:2]]
    for path in remembered[:4]:
        steps = path.split("/")
        for depth in range(len(steps)):
            parts.append([0.25 * value for value in direction("/".join(steps[: depth + 1]))])
    return sum_of(parts, 64)


def slow_rows(record: PersonRecord) -> list[list[float]]:
    def names(texts: list[str], width: int) -> list[Sequence[float]]:
        vectors = NameEncoder.load().encode(texts)
        return list((vectors if width == NAME_WIDTH else NameEncoder.reduced(vectors)).tolist())

    def relatives(own: tuple[PersonName, ...]) -> list[float]:
        return sum_of(names([name.text for name in (*own[:3], *record.relatives[:3])], 64), 64)

    village = Gazetteer.load().resolve(record.origin).village
    texts = [*([village] if village else []), *record.remembered[:4]]
    shared = [
        *relatives(record.father),
        *relatives(record.mother),
        *slow_birth(record.birth),
        float(record.sex is Sex.FEMALE),
        float(record.sex is Sex.MALE),
        *slow_place(record),
        *sum_of(list(NameEncoder.reduced(NameEncoder.load().encode_read(read_with(texts, parse_text))).tolist()), 64),
        *slow_languages(record),
    ]
    own = names([name.text for name in record.names[:4]], NAME_WIDTH) or [[0.0] * NAME_WIDTH]
    return [[*name, *shared] for name in own]


# -- the properties ------------------------------------------------------------------------------------------------


@given(people=PEOPLE)
@settings(max_examples=60, deadline=None)
def test_encoding_is_what_the_slow_reading_says(people: list[PersonRecord]) -> None:
    result = encode_records(RecordColumns.build(people))
    expected = [(number, row) for number, record in enumerate(people) for row in slow_rows(record)]
    assert result.owners.tolist() == [number for number, _ in expected]
    assert result.rows == pytest.approx(np.array([row for _, row in expected]), abs=2e-5)


@given(people=PEOPLE, data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_record_is_encoded_alike_alone_and_in_any_company(people: list[PersonRecord], data: st.DataObject) -> None:
    # To the last bit: otherwise an index built one by one would not be the index built at once.
    together = encode_records(RecordColumns.build(people))
    order = data.draw(st.permutations(range(len(people))))
    shuffled = encode_records(RecordColumns.build([people[number] for number in order]))
    for number, record in enumerate(people):
        alone = encode_records(RecordColumns.build([record])).rows
        assert np.array_equal(together.rows[together.owners == number], alone)
        assert np.array_equal(shuffled.rows[shuffled.owners == order.index(number)], alone)


@given(people=PEOPLE)
@settings(max_examples=40, deadline=None)
def test_every_block_has_unit_norm_or_is_zero(people: list[PersonRecord]) -> None:
    rows = encode_records(RecordColumns.build(people)).rows
    start = 0
    for width in BLOCKS.values():
        norms = np.linalg.norm(rows[:, start : start + width].astype(np.float64), axis=1)
        start += width
        assert ((norms == 0) | (np.abs(norms - 1) < 1e-5)).all()
    assert start == rows.shape[1] == WIDTH


def some_rows(seed: int) -> Vectors:
    rng = np.random.default_rng(seed)
    rows = rng.integers(-9, 10, (rng.integers(0, 5), WIDTH)).astype(np.float32)
    rows[rng.random(rows.shape[0]) < 0.2] = 0
    return rows


ROWS = st.integers(0, 2**32 - 1).map(some_rows)


@given(rows=ROWS, route=st.sampled_from(sorted(ROUTES)))
@settings(max_examples=40, deadline=None)
def test_weighting_is_what_the_slow_reading_says(rows: Vectors, route: str) -> None:
    scale = [ROUTES[route].get(name, 0.0) for name, width in BLOCKS.items() for _ in range(width)]
    expected = [unit_of([value * by for value, by in zip(row, scale, strict=True)]) for row in rows.tolist()]
    assert weighted(rows, route) == pytest.approx(np.array(expected).reshape(rows.shape), abs=1e-5)


@given(rows=ROWS, route=st.sampled_from(sorted(ROUTES)), factor=st.sampled_from([0.25, 0.5, 2.0, 64.0]))
@settings(max_examples=25, deadline=None)
def test_a_longer_query_asks_the_same(rows: Vectors, route: str, factor: float) -> None:
    assert weighted(rows * np.float32(factor), route) == pytest.approx(weighted(rows, route), abs=1e-6)
