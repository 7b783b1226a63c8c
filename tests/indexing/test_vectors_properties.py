"""Does FaissIndex answer as the oracle does, and the oracle as the definition does, whatever was done before?"""

import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from indexing.faiss_index import FaissIndex
from indexing.vectors import NO_ID, ExactIndex, Ids, Vectors, inner_products

IDS = st.lists(st.integers(0, 60), max_size=40, unique=True).map(lambda ids: np.array(ids, dtype=np.int64))
SEEDS = st.integers(0, 2**32 - 1)


def made(seed: int, rows: int, width: int) -> Vectors:
    """Return vectors full of exact and of nearly exact ties: few directions, of tenths, some nudged by one bit."""
    rng = np.random.default_rng(seed)
    few = (rng.integers(-9, 10, (3, width)) / 10).astype(np.float32)
    vectors = few[rng.integers(0, 3, rows)]
    nudged = rng.random(vectors.shape) < 0.05
    return np.where(nudged, np.nextafter(vectors, np.float32(9)), vectors)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), IDS, SEEDS),
        st.tuples(st.just("remove"), IDS, SEEDS),
        st.tuples(st.just("search"), st.one_of(st.none(), IDS), SEEDS),
        st.tuples(st.just("reload"), st.none(), SEEDS),
    ),
    min_size=2,
    max_size=10,
)


@given(steps=STEPS, width=st.sampled_from([1, 2, 7, 33]), k=st.integers(1, 25), queries=st.sampled_from([1, 3, 24]))
@settings(max_examples=150, deadline=None)
def test_faiss_equals_the_oracle_after_any_history(
    steps: list[tuple[str, Ids | None, int]], width: int, k: int, queries: int
) -> None:
    oracle, index = ExactIndex(width), FaissIndex(width)
    for step, ids, seed in steps:
        if step == "add" and ids is not None:
            new = ids[~np.isin(ids, oracle.ids())]
            vectors = made(seed, len(new), width)
            oracle.add(new, vectors)
            index.add(new, vectors)
        elif step == "remove" and ids is not None:
            assert index.remove(ids) == oracle.remove(ids)
        elif step == "reload":
            with tempfile.TemporaryDirectory() as folder:
                index.save(Path(folder) / "index")
                index = FaissIndex.load(Path(folder) / "index")
        else:
            same_answers(oracle, index, made(seed, queries, width), k, ids)
        assert index.ids().tolist() == oracle.ids().tolist()
        assert len(index) == len(oracle)
        assert np.array_equal(index.reconstruct(index.ids()), oracle.reconstruct(oracle.ids()))
    same_answers(oracle, index, made(1, queries, width), k, None)


@given(seed=SEEDS, k=st.integers(1, 300))
@settings(max_examples=20, deadline=None)
def test_faiss_equals_the_oracle_on_ordinary_vectors_with_duplicates(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((600, 48)).astype(np.float32)
    vectors[300:] = vectors[rng.integers(0, 40, 300)]
    ids = rng.permutation(600).astype(np.int64)
    oracle, index = ExactIndex(48), FaissIndex(48)
    oracle.add(ids, vectors)
    index.add(ids, vectors)
    same_answers(oracle, index, vectors[rng.integers(0, 600, 25)], k, ids[rng.random(600) < 0.7])


@given(seed=SEEDS, k=st.integers(1, 8), ties=st.integers(2, 40))
@settings(max_examples=150, deadline=None)
def test_ties_that_only_rounding_breaks(seed: int, k: int, ties: int) -> None:
    # The same numbers in another order add up to the same score, but not in float32: faiss ranks such rows by noise,
    # and where it cuts them off is where a row with a lower id is lost.
    rng = np.random.default_rng(seed)
    numbers = rng.standard_normal(96).astype(np.float32)
    vectors = np.stack([*(rng.permutation(numbers) for _ in range(ties)), *(-np.ones((30, 96), np.float32))])
    ids = rng.permutation(ties + 30).astype(np.int64)
    oracle, index = ExactIndex(96), FaissIndex(96)
    oracle.add(ids, vectors)
    index.add(ids, vectors)
    same_answers(oracle, index, np.ones((1, 96), np.float32), k, None)


def same_answers(oracle: ExactIndex, index: FaissIndex, queries: Vectors, k: int, allowed: Ids | None) -> None:
    scores, found = index.search(queries, k, allowed)
    expected_scores, expected = oracle.search(queries, k, allowed)
    assert found.tolist() == expected.tolist()
    assert scores.tolist() == expected_scores.tolist()


@given(
    vectors=hnp.arrays(np.float32, st.tuples(st.integers(1, 12), st.just(5)), elements=st.integers(-3, 3)),
    query=hnp.arrays(np.float32, 5, elements=st.integers(-3, 3)),
    k=st.integers(1, 15),
    data=st.data(),
)
@settings(deadline=None)
def test_the_oracle_is_the_definition(vectors: Vectors, query: Vectors, k: int, data: st.DataObject) -> None:
    # Small whole numbers: Python's exact arithmetic says what the scores and their ties are.
    ids = data.draw(st.permutations(range(len(vectors))))
    allowed = data.draw(st.sets(st.sampled_from(ids)))
    oracle = ExactIndex(5)
    oracle.add(np.array(ids, dtype=np.int64), vectors)
    by_hand = sorted(
        (-sum(int(a) * int(b) for a, b in zip(query, row, strict=True)), id_)
        for id_, row in zip(ids, vectors, strict=True)
        if id_ in allowed
    )[:k]
    scores, found = oracle.search(query[None], k, np.array(sorted(allowed), dtype=np.int64))
    missing = k - len(by_hand)
    assert found[0].tolist() == [id_ for _, id_ in by_hand] + [NO_ID] * missing
    assert scores[0].tolist() == [-score for score, _ in by_hand] + [-np.inf] * missing


REAL = st.floats(-1, 1, width=32)


@given(rows=hnp.arrays(np.float32, st.tuples(st.integers(1, 9), st.just(17)), elements=REAL), seed=SEEDS)
@settings(deadline=None)
def test_a_score_does_not_depend_on_where_the_row_stands(rows: Vectors, seed: int) -> None:
    query = np.random.default_rng(seed).standard_normal(17).astype(np.float32)
    scores = inner_products(query, rows)
    order = np.random.default_rng(seed).permutation(len(rows))
    assert inner_products(query, rows[order]).tolist() == scores[order].tolist()
    assert [inner_products(query, rows[at : at + 1])[0] for at in range(len(rows))] == scores.tolist()
    assert inner_products(query, np.asfortranarray(rows)).tolist() == scores.tolist()


@given(row=hnp.arrays(np.float32, 40, elements=REAL), query=hnp.arrays(np.float32, 40, elements=REAL))
@settings(deadline=None)
def test_a_score_is_the_true_product_but_for_one_rounding(row: Vectors, query: Vectors) -> None:
    true = sum((Fraction(float(a)) * Fraction(float(b)) for a, b in zip(query, row, strict=True)), Fraction(0))
    score = float(inner_products(query, row[None])[0])
    size = float(np.abs(row.astype(np.float64)) @ np.abs(query.astype(np.float64)))
    assert (
        abs(Fraction(score) - true) <= Fraction(2) ** -24 * abs(true) + Fraction(2.0**-45 * size) + Fraction(2) ** -149
    )


def test_blocks_join_without_a_seam() -> None:
    rows: npt.NDArray[np.float32] = np.random.default_rng(2).standard_normal((4096 * 2 + 3, 4)).astype(np.float32)
    query = rows[5]
    one_by_one = [inner_products(query, rows[at : at + 1])[0] for at in (0, 4095, 4096, 8191, 8192, 8194)]
    assert inner_products(query, rows)[[0, 4095, 4096, 8191, 8192, 8194]].tolist() == one_by_one
