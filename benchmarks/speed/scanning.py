"""How near is the search among rows to what this machine can do at all?

python -m benchmarks.speed.scanning [--reports 100000] [--rescues 2000] [--cache FOLDER] [--json]

Rescued people are looked for among reports where `indexing.shelf` looks for them; looking up where is outside the
clock. Beside it two floors of the very same work, measured in the same process: the bytes that must be read, at the
speed at which this memory gives them in order; and the products, at the speed of the same loop on a row that stays in
the nearest cache. The share of the machine is the time of the search over the larger of the two.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.scale.population import Setting, drawn
from indexing.building import IndexBuilder, read_page
from indexing.candidates import CANDIDATES as K
from indexing.match_index import MatchIndex
from indexing.record_space import RecordSpace
from indexing.record_vectors import encode_records
from indexing.shelf import Asked
from matcher.columns import RecordColumns
from matcher.fast.compiled import Rows, compiled
from matcher.person import Side

_REPEATS, _COUNTED, _PAGE = 5, 1_000_000, 8192


@compiled
def _products(query: Rows, row: Rows, times: int) -> np.int64:
    """Return the sum of so many products of a query with one row, kept from being taken once only."""
    whole = np.int64(0)
    for _ in range(times):
        total = np.int32(0)
        for place in range(len(query)):
            total = np.int32(total + np.int32(np.int32(query[place]) * np.int32(row[place])))
        row[0] = np.int8(total & 63)
        whole += total
    return whole


def best(work: Callable[[], object]) -> float:
    """Return the least seconds of processor time of several runs."""
    took = []
    for _ in range(_REPEATS):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return min(took)


def measure(reports: int, rescues: int, cache: Path | None) -> dict[str, float]:
    """Return nanoseconds a product of the search and of both floors, and the ratio."""
    question = drawn(Setting("usual", reports, rescues), cache)
    index = MatchIndex("none")
    builder = IndexBuilder(index)
    for start in range(0, reports, _PAGE):
        builder.add(read_page(question.reports[start : start + _PAGE], "none", index.face_width))
    builder.finish()
    columns = RecordColumns.build(question.rescued)
    asked = Asked.of(columns, np.arange(len(columns)), encode_records(columns), RecordSpace.load())
    shelves = [segment.sides[Side.MISSING].shelf for segment in index.segments]
    lookups = [shelf.lookups(asked) for shelf in shelves]

    def search() -> int:
        found = (shelf.scanned(asked, at, K, threads=1) for shelf, at in zip(shelves, lookups, strict=True))
        return sum(part.scanned for part in found)

    products = search()
    took = best(search) / products
    table = shelves[0].table
    words = np.ascontiguousarray(table).view(np.int64)
    read = best(words.sum) / len(table)
    query, row = asked.queries[0], table[0].copy()
    _products(query, row, 1)
    counted = best(lambda: _products(query, row, _COUNTED)) / _COUNTED
    return {
        "products": products,
        "search_ns": took * 1e9,
        "memory_ns": read * 1e9,
        "arithmetic_ns": counted * 1e9,
        "share_of_the_machine": took / max(read, counted),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=100_000)
    parser.add_argument("--rescues", type=int, default=2000)
    parser.add_argument("--cache", type=Path, help="folder of your own that keeps the population between runs")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures = measure(given.reports, given.rescues, given.cache)
    if given.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:<22}{value:>16,.2f}")


if __name__ == "__main__":
    main()
