"""For any records: compiled weights are those of `score_pairs`; what rules words and texts out is never too strict."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import known_names, numbered, people

from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.compare.places import _CLOSE, _SAME, ORIGIN, _text_similarity
from matcher.fast import PairScorer
from matcher.fast.compiled import Number, Rows, compiled
from matcher.fast.letters import cost_of, least_cost, spell_words
from matcher.fast.memo import Memo
from matcher.fast.places import Places
from matcher.fast.rules import word_rules
from matcher.names.phonetics import encode_tokens, similarity_of, token_similarities
from matcher.person import AgeBasis, PersonRecord, Place, Side
from matcher.scoring import score_pairs
from matcher.training import prior_model

CONTEXT, MODEL = known_names(), prior_model("test", COMPARISONS)
few = settings(max_examples=20, deadline=None)

said = st.lists(st.sampled_from(["Santal", "Munda", "Hindu", "Muslim", "nobody knows", "-"]), max_size=2).map(tuple)
worn = st.lists(st.sampled_from(["red salwar", "লাল সালোয়ার", "blue kurta", "a bag", "-"]), max_size=2).map(tuple)


@st.composite
def anybody(draw: st.DrawFn) -> PersonRecord:
    """Draw a record with everything that a comparison looks at."""
    return replace(
        draw(people()),
        birth_basis=draw(st.sampled_from(AgeBasis)),
        community=draw(said),
        clothing=draw(worn),
        belongings=draw(worn),
    )


sides = st.lists(anybody(), min_size=1, max_size=4)


@few
@given(sides, sides, st.integers(1, 10**6), st.sampled_from([1, 2]))
def test_weights_and_levels_are_those_of_the_oracle(
    left: list[PersonRecord], right: list[PersonRecord], reports: int, threads: int
) -> None:
    columns = RecordColumns.build(numbered([*left, *right]))
    i, j = np.repeat(np.arange(len(left)), len(right)), np.tile(np.arange(len(right)), len(left))
    rows = np.arange(len(columns))
    scorer = PairScorer(columns, rows[: len(left)], rows[len(left) :], CONTEXT, MODEL, reports, threads=threads)
    expected = score_pairs(columns, i, j + len(left), CONTEXT, MODEL, reports)
    for _ in range(2):  # asked for the first time, and known
        np.testing.assert_array_equal(scorer.levels(i, j), expected.levels)
        np.testing.assert_allclose(scorer.weights(i, j), expected.weight, atol=1e-3)


words = st.lists(st.text("abcdefghijklmnopqrstuvwxyzNZ01", max_size=22), min_size=1, max_size=12)


@compiled
def every_pair(words: Rows, spelled: Rows, rules: Rows, limit: Number, least: Rows, cost: Rows) -> None:
    row = np.empty(64, dtype=np.int32)
    for a in range(len(words)):
        for b in range(len(words)):
            least[a, b] = least_cost(words[a], words[b], rules[0])
            cost[a, b] = cost_of(spelled[a], spelled[b], rules[0], row, limit)


@settings(max_examples=60, deadline=None)
@given(words, st.integers(0, 400))
def test_the_cost_of_words(texts: list[str], limit: int) -> None:
    codes, rules = encode_tokens(texts), word_rules()
    spelled = spell_words(codes, rules)
    n = len(texts)
    least, cost, limited = (np.zeros((n, n), dtype=np.int64) for _ in range(3))
    every_pair(*spelled, rules, 30_000, least, cost)
    a, b = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    steps = spelled[0]["steps"].astype(np.int64)
    found = similarity_of(cost.ravel().astype(np.int32), steps[a] + steps[b])
    np.testing.assert_array_equal(found, token_similarities(codes, a, b))
    assert (least <= cost).all()
    every_pair(*spelled, rules, limit, least, limited)
    np.testing.assert_array_equal(limited, np.where(cost <= limit, cost, -1))
    close = cost.ravel() <= rules["closest"][0][steps[a] + steps[b]]
    np.testing.assert_array_equal(close, found >= rules["close"][0])


villages = st.lists(
    st.text("abdghimnprsu r", min_size=1, max_size=16) | st.sampled_from(["Gosaba", "Gosabaa", "Rampur", "গোসাবা", "-"]),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(villages, villages)
def test_texts_are_told_apart_as_the_comparison_does(left: list[str], right: list[str]) -> None:
    records = [PersonRecord("x", Side.MISSING, origin=Place("IN", None, None, text)) for text in (*left, *right)]
    columns = RecordColumns.build(numbered(records))
    i, j = np.repeat(np.arange(len(left)), len(right)), np.tile(np.arange(len(right)), len(left))
    rows = np.arange(len(columns))
    reader = Places(columns, rows[: len(left)], rows[len(left) :])
    keys = reader.situations(i.astype(np.int32), j.astype(np.int32))[list(reader.sizes).index(ORIGIN)]
    a, b = columns.village[i], columns.village[j + len(left)]
    alike = _text_similarity(columns, np.maximum(a, 0), np.maximum(b, 0)) if len(columns.texts) else np.zeros(len(i))
    expected = np.where((a < 0) | (b < 0), 0, np.where(alike >= _SAME, 3, np.where(alike >= _CLOSE, 2, 1)))
    np.testing.assert_array_equal(keys % 4, expected)


@given(st.lists(st.lists(st.integers(0, 2**50), max_size=1500), max_size=3))
@settings(max_examples=20, deadline=None)
def test_a_memo_remembers(batches: list[list[int]]) -> None:
    memo, known = Memo(), {}
    for batch in batches:
        keys = np.array(batch, dtype=np.int64)
        missing = memo.missing(keys)
        assert missing.tolist() == sorted(set(batch) - known.keys())
        memo.add(missing, (missing % 1000).astype(np.float32))
        known |= {key: key % 1000 for key in batch}
        np.testing.assert_array_equal(memo.values(keys), [known[key] for key in batch])
    assert memo.values(np.array([2**51]))[0] == -1
