"""Records that lie in several tables, gathered into one, are what a table made of them alone would be."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.synthetic import linked_sample
from matcher.column_tables import from_tables, to_tables
from matcher.columns import LANGUAGES_KEPT, RecordColumns
from matcher.compare import COMPARISONS
from matcher.comparison import Context
from matcher.gathering import gather
from matcher.names.frequency import NameFrequencies
from matcher.person import FaceEmbedding, PersonRecord, Side
from matcher.scoring import score_pairs
from matcher.strings import Texts
from matcher.training import prior_model
from tests.matcher.made_columns import said
from tests.matcher.made_people import HOSTILE, TODAY, person
from tests.matcher.made_people import people as drawn_people

MODEL = prior_model("test", COMPARISONS)


@lru_cache(maxsize=1)
def people() -> tuple[PersonRecord, ...]:
    drawn = linked_sample(80_077, 240, 60, date(2026, 11, 1))
    plain = [record.to_person(TODAY) for record in (*drawn.reports, *drawn.rescues)]
    rng = np.random.default_rng(3)
    models = ("one", "two")
    return tuple(
        replace(
            record,
            languages=tuple(
                rng.choice(["bn", "hi-IN", "my", "rhg", "kac"], rng.integers(0, 3), replace=False).tolist()
            ),
            extras=(("shoe", str(rng.integers(20, 40))),) if number % 3 else (("hair", "long"), ("own", "x")),
            faces=tuple(
                FaceEmbedding(
                    rng.normal(size=4 + int(number % 2)).astype(np.float32),
                    models[number % 2],
                    "weak" if number % 4 else "good",
                    TODAY if number % 5 else None,
                )
                for _ in range(number % 3)
            ),
        )
        for number, record in enumerate(plain)
    )


def tallied(columns: RecordColumns) -> NameFrequencies:
    return NameFrequencies.counted(columns.names.read, columns.own, columns.region, columns.area_paths)


def pieces(
    rng: np.random.Generator, everybody: tuple[PersonRecord, ...], count: int
) -> list[tuple[RecordColumns, Any]]:
    """Return records dealt to tables at random, and rows of each in a random order, not all of them."""
    dealt = rng.integers(0, count, len(everybody))
    parts = []
    for number in range(count):
        columns = RecordColumns.build(record for record, to in zip(everybody, dealt, strict=True) if to == number)
        parts.append((columns, rng.permutation(len(columns))[: int(0.8 * len(columns))].astype(np.int64)))
    return parts


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("kept", [False, True])
def test_gathered_is_built(count: int, kept: bool) -> None:
    parts = pieces(np.random.default_rng(count), people(), count)
    if kept:
        parts = [(from_tables(to_tables(columns)), rows) for columns, rows in parts]
    by_id = {record.record_id: record for record in people()}
    gathered = gather(parts, counted=True)
    chosen = [by_id[columns.ids[row]] for columns, rows in parts for row in rows]
    assert list(gathered.ids) == [record.record_id for record in chosen]
    built = RecordColumns.build(chosen)
    assert said(gathered) == said(built)
    assert tallied(gathered) == tallied(built)


def test_pairs_weigh_the_same() -> None:
    parts = pieces(np.random.default_rng(9), people(), 3)
    by_id = {record.record_id: record for record in people()}
    gathered = gather([(from_tables(to_tables(columns)), rows) for columns, rows in parts])
    built = RecordColumns.build([by_id[name] for name in gathered.ids])
    left, right = np.flatnonzero(~built.rescued), np.flatnonzero(built.rescued)
    i, j = np.repeat(left, len(right)), np.tile(right, len(left))
    context = Context(tallied(built), NameFrequencies())
    ours, truth = (score_pairs(columns, i, j, context, MODEL, 1000) for columns in (gathered, built))
    np.testing.assert_array_equal(ours.levels, truth.levels)
    np.testing.assert_allclose(ours.weight, truth.weight, atol=1e-9)


@given(st.lists(drawn_people(), max_size=4), st.lists(drawn_people(), max_size=4), st.data())
def test_any_records(one: list[PersonRecord], other: list[PersonRecord], data: st.DataObject) -> None:
    sides = [
        [replace(r, record_id=f"{side}{n}") for n, r in enumerate(of)]
        for side, of in zip("ab", (one, other), strict=True)
    ]
    parts = []
    for side in sides:
        rows = data.draw(st.permutations(range(len(side))))
        parts.append((RecordColumns.build(side), np.array(rows, dtype=np.int64)))
    chosen = [side[row] for side, (_, rows) in zip(sides, parts, strict=True) for row in rows]
    assert said(gather(parts, counted=True)) == said(RecordColumns.build(chosen))


def test_languages_beyond_the_last_bit_stay_on_it() -> None:
    many = [person(f"p{n}", Side.MISSING, languages=(f"q{n:02d}x",)) for n in range(80)]
    first, second = RecordColumns.build(many[:40]), RecordColumns.build(many[40:])
    both = gather([(first, np.arange(40)), (second, np.arange(40))])
    assert len(set(both.languages.tolist())) == LANGUAGES_KEPT
    assert np.bitwise_count(both.languages).tolist() == [1] * 80
    # One that shared its bit may mean any of those that did.
    crowded = RecordColumns.build(many)
    (again,) = gather([(crowded, np.array([79]))]).languages.tolist()
    assert again == 1 << (LANGUAGES_KEPT - 1)


def test_texts_are_kept_as_they_are() -> None:
    texts = Texts.of(HOSTILE)
    assert list(texts) == list(HOSTILE)
    assert texts[3] == HOSTILE[3]
    assert texts[-1] == HOSTILE[-1]
    assert texts[1:3] == list(HOSTILE[1:3])
    with pytest.raises(IndexError):
        texts[len(HOSTILE)]
