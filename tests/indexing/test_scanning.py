"""Does the compiled scan look at the very rows that it promises, and keep the best of them?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexing.scanning import _sift, scan

Array = npt.NDArray[Any]
LOWEST = -(2**31) + 1
KINDS, KIND_LISTS = 3, 2


@dataclass
class Case:
    """A table of rows, its lists, and queries with what each may look at."""

    queries: Array
    spans: Array
    windows: Array
    near_windows: Array
    probes: Array
    table: Array
    born: Array
    alive: Array
    bounds: Array
    members: Array
    sexes: Array
    short: int

    @classmethod
    def drawn(cls, seed: int, rows: int, width: int = 6) -> Case:
        """Return a case of few distinct values, so that ties and repeated rows are common."""
        rng, queries, lists = np.random.default_rng(seed), 3, 8
        spans = np.zeros((queries, 3, 2), dtype=np.int32)
        for query in range(queries):
            cuts = np.sort(rng.integers(0, rows + 1, 6)).reshape(3, 2)
            spans[query] = cuts[rng.permutation(3)]  # apart from each other, some empty
        windows = np.stack([rng.integers(0, 30, (queries, 2)) + np.array([0, 10]) for _ in range(2)]).astype(np.int32)
        sex = rng.integers(0, 3, (queries, 1)).astype(np.int32)
        first = rng.integers(0, 40, rows)
        born = np.stack([first, first + rng.choice([0, 3, 25], rows)], axis=1).astype(np.int32)
        born[rng.random(rows) < 0.2] = -(2**29), 2**29
        held = [np.sort(rng.choice(rows, rng.integers(0, rows + 1), replace=False)) for _ in range(lists)]
        return cls(
            queries=rng.integers(-9, 10, (queries, width)).astype(np.int16),
            spans=spans,
            windows=np.concatenate([windows[0], sex], axis=1),
            near_windows=np.concatenate([windows[1], sex], axis=1),
            probes=rng.integers(-1, lists, (queries, KINDS * KIND_LISTS)).astype(np.int32),
            table=rng.integers(-3, 4, (rows, width)).astype(np.int8),
            born=born,
            alive=rng.random(rows) < 0.8,
            bounds=np.cumsum([0, *map(len, held)]).astype(np.int32),
            members=np.concatenate(held).astype(np.int32),
            sexes=rng.integers(0, 3, rows).astype(np.int8),
            short=int(rng.integers(0, rows + 1)),
        )

    def scanned(self, k: int) -> tuple[Array, Array, Array]:
        """Return (rows, scores, products) as the compiled code finds them."""
        out_rows, out_scores = (np.zeros((len(self.queries), k), dtype=np.int32) for _ in range(2))
        products = np.zeros(len(self.queries), dtype=np.int64)
        scan(
            self.queries, self.spans, self.windows, self.near_windows, self.probes, self.table, self.born, self.alive,
            self.bounds, self.members, self.born[self.members], self.sexes[self.members],
            KIND_LISTS, self.short, k, out_rows, out_scores, products,
        )  # fmt: skip
        return out_rows, out_scores, products

    def slow(self, query: int) -> list[tuple[int, int]]:
        """Return (score, row * 4 + route) of everything that one query should look at."""
        found = []
        first, last, _ = self.windows[query].tolist()
        near_first, near_last, sex = self.near_windows[query].tolist()
        inside = set()
        for start, end in self.spans[query].tolist():
            inside |= {row for row in range(start, end) if self.overlaps(row, first, last)}
        found += [(row, 0) for row in inside]
        for probe, chosen in enumerate(self.probes[query].tolist()):
            if chosen < 0:
                continue
            rows = self.members[self.bounds[chosen] : self.bounds[chosen + 1]].tolist()
            for row in rows:
                fits = self.overlaps(row, near_first, near_last) and not (sex and self.sexes[row] not in (0, sex))
                if row not in inside and (fits or len(rows) <= self.short):
                    found.append((row, 1 + probe // KIND_LISTS))
        return [(self.product(query, row), row * 4 + route) for row, route in found if self.alive[row]]

    def overlaps(self, row: int, first: int, last: int) -> bool:
        return bool(self.born[row, 0] <= last and self.born[row, 1] >= first)

    def product(self, query: int, row: int) -> int:
        return sum(a * b for a, b in zip(self.queries[query].tolist(), self.table[row].tolist(), strict=True))


@given(seed=st.integers(0, 2**32), rows=st.integers(1, 30), k=st.one_of(st.integers(1, 6), st.just(300)))
@settings(max_examples=80, deadline=None)
def test_what_is_kept_is_the_best_of_what_the_slow_loop_looks_at(seed: int, rows: int, k: int) -> None:
    case = Case.drawn(seed, rows)
    found, scores, products = case.scanned(k)
    for query in range(len(case.queries)):
        expected = case.slow(query)
        held = min(k, len(expected))
        kept = list(zip(scores[query, :held].tolist(), found[query, :held].tolist(), strict=True))
        assert not Counter(kept) - Counter(expected)  # which of several ties is kept is nobody's business
        assert sorted((score for score, _ in kept), reverse=True) == sorted((s for s, _ in expected), reverse=True)[:k]
        assert (found[query, held:] == -1).all()
        assert (scores[query, held:] == LOWEST).all()
        assert products[query] == len(expected)


@given(
    scores=st.lists(st.one_of(st.integers(-3, 3), st.integers(-(2**31) + 1, 2**31 - 1)), min_size=1, max_size=40),
    data=st.data(),
)
@settings(max_examples=150, deadline=None)
def test_sifting_moves_the_best_to_the_front(scores: list[int], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(scores)))
    spare = data.draw(st.integers(0, 3))  # what stands behind is left alone
    held = np.array([*scores, *[2**31 - 1] * spare], dtype=np.int32)
    rows = np.arange(len(held), dtype=np.int32)
    lowest = _sift(held, rows, len(scores), k)
    best = sorted(scores, reverse=True)[:k]
    assert sorted(held[:k].tolist(), reverse=True) == best
    assert lowest == best[-1]
    assert sorted(rows.tolist()) == list(range(len(held)))
    assert rows[len(scores) :].tolist() == list(range(len(scores), len(held)))
    assert held.tolist() == [[*scores, *[2**31 - 1] * spare][row] for row in rows]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_product_stays_within_32_bits(sign: int) -> None:
    width = 256
    case = Case.drawn(0, 3, width)
    case.queries = np.full((3, width), 30_000, dtype=np.int16)
    case.table = np.full((3, width), 127 * sign, dtype=np.int8)
    case.alive[:] = True
    case.spans[:] = 0
    case.spans[:, 0, 1] = 3
    case.windows[:, :2] = 0, 100
    found, scores, products = case.scanned(5)
    assert products.tolist() == [3, 3, 3]
    assert sorted(found[0].tolist()) == [-1, -1, 0, 4, 8]
    assert sorted(scores[0].tolist()) == sorted([sign * 30_000 * 127 * width] * 3 + [LOWEST] * 2)


def test_nobody_asks_and_nobody_is_there() -> None:
    case = Case.drawn(1, 4)
    case.queries = case.queries[:0]
    found, _, products = case.scanned(2)
    assert found.shape == (0, 2)
    assert products.shape == (0,)
    empty = Case.drawn(1, 4)
    empty.spans[:], empty.probes[:] = 0, -1
    assert (empty.scanned(2)[0] == -1).all()
