"""For any records: parts add up to the last bit, a batch is its pairs, no side is special, unknown is 0 bits."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import known_names, numbered, people

from matcher.columns import RecordColumns
from matcher.model import Grade, MatchModel
from matcher.person import PersonRecord, Side
from matcher.scoring import FACE_NAME, PRIOR, score_pair, score_pairs, scored_pair, to_probability

CONTEXT, MODEL = known_names(), MatchModel.load()
batches = st.lists(people(), min_size=2, max_size=3).map(numbered)
few = settings(max_examples=12, deadline=None)


@few
@given(batches, st.integers(1, 10**6))
def test_the_parts_add_up_and_the_batch_is_its_pairs(records: list[PersonRecord], reports: int) -> None:
    columns = RecordColumns.build(records)
    n = len(records)
    i, j = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    scored = score_pairs(columns, i, j, CONTEXT, MODEL, reports)
    for row, (a, b) in enumerate(zip(i, j, strict=True)):
        parts = scored.explain(row)
        assert reduce(add, (part.bits for part in parts)) == scored.weight[row]
        if a < b:
            alone = score_pair(records[a], records[b], CONTEXT, MODEL, reports)
            same = scored_pair(scored, row, records[a].record_id, records[b].record_id, MODEL)
            assert [(p.comparison, p.level) for p in alone.contributions] == [(p.comparison, p.level) for p in parts]
            assert [p.bits for p in alone.contributions] == pytest.approx([p.bits for p in parts], abs=1e-5)
            assert alone.weight == pytest.approx(same.weight, abs=1e-5)


@few
@given(batches)
def test_no_side_is_special(records: list[PersonRecord]) -> None:
    columns = RecordColumns.build(records)
    n = len(records)
    i, j = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    there = score_pairs(columns, i, j, CONTEXT, MODEL, 100)
    back = score_pairs(columns, j, i, CONTEXT, MODEL, 100)
    assert np.array_equal(there.levels, back.levels)
    assert there.contributions == pytest.approx(back.contributions, abs=1e-4)


@few
@given(people())
def test_a_null_level_is_0_bits_and_nobody_knows_more_than_was_said(record: PersonRecord) -> None:
    bare = PersonRecord("bare", Side.RESCUED if record.side is Side.MISSING else Side.MISSING)
    columns = RecordColumns.build([record, bare])
    scored = score_pairs(columns, np.array([0, 0]), np.array([1, 0]), CONTEXT, MODEL, 50)
    assert (scored.levels[0] == -1).all()
    assert (scored.contributions[0, 1:] == 0.0).all()
    assert scored.weight[0] == MODEL.prior_bits(50)
    assert (scored.contributions[:, 1:][scored.levels == -1] == 0.0).all()


@few
@given(people(Side.MISSING), people(Side.RESCUED), st.integers(1, 10**5))
def test_photos_alone_never_lift_a_pair_above_possible(a: PersonRecord, b: PersonRecord, reports: int) -> None:
    bare = [PersonRecord(one.record_id, one.side, birth=one.birth, faces=one.faces) for one in (a, b)]
    bare[1] = replace(bare[1], birth=None)
    assert score_pair(*bare, CONTEXT, MODEL, reports).grade.rank <= Grade.POSSIBLE.rank
    whole = score_pair(a, b, CONTEXT, MODEL, reports)
    without = sum(p.bits for p in whole.contributions if p.comparison not in (PRIOR, FACE_NAME))
    if whole.grade.rank > Grade.POSSIBLE.rank:
        assert without > 0
    plain = score_pair(replace(a, faces=()), b, CONTEXT, MODEL, reports)
    assert whole.weight_without_face == pytest.approx(plain.weight, abs=1e-6)


@few
@given(people(), people())
def test_more_reports_make_every_pair_less_likely(a: PersonRecord, b: PersonRecord) -> None:
    columns = RecordColumns.build([a, b])
    found = [score_pairs(columns, np.array([0]), np.array([1]), CONTEXT, MODEL, n).weight[0] for n in (1, 10, 1000)]
    assert found == sorted(found, reverse=True)


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=20))
def test_probabilities_against_plain_python(weights: list[float]) -> None:
    found = to_probability(np.array(weights))
    for weight, probability in zip(weights, found, strict=True):
        bounded = min(max(weight, -300.0), 300.0)
        assert probability == pytest.approx(1 / (1 + math.pow(2.0, -bounded)))
    assert to_probability(-np.array(weights)) == pytest.approx(1 - found)
