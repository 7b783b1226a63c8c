"""How much processor time does a record cost on its way into the index, and how much before it can ask?

python -m benchmarks.speed.building [--reports 98304] [--rescues 1000] [--seed 82001] [--cache FOLDER] [--json]

The first half of the reports is read first, as in the midst of a long build: what is measured is the second half, whose
pages bring some new words, and again when all words are known. Processor time and not the clock, so that other work on
the machine counts little; the garbage collector is off, as it is during a build.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.scale.population import SEED, Setting, drawn
from indexing.building import IndexBuilder, Page, read_page
from indexing.match_index import MatchIndex
from indexing.record_space import RecordSpace
from indexing.record_vectors import encode_records
from indexing.shelf import Asked
from matcher.columns import RecordColumns
from matcher.names.encoder import NameEncoder
from matcher.names.lexicon import Lexicon
from matcher.person import PersonRecord

PAGE = 8192
NO_PHOTOS = ("none", 128)
T = TypeVar("T")


def run(reports: int, rescues: int, seed: int, cache: Path | None = None) -> dict[str, float]:
    """Return microseconds a record of each stage, and the milliseconds of one record that asks."""
    question = drawn(Setting("usual", reports, rescues, seed), cache)
    pages = [question.reports[start : start + PAGE] for start in range(reports // 2, reports, PAGE)]
    count = sum(map(len, pages))
    gc.disable()
    try:
        for start in range(0, reports // 2, PAGE):
            read_page(question.reports[start : min(start + PAGE, reports // 2)], *NO_PHOTOS)
        read, first = _timed(lambda: [read_page(page, *NO_PHOTOS) for page in pages])
        _, again = _timed(lambda: [read_page(page, *NO_PHOTOS) for page in pages])
        # Pages come from other processes: the one that puts them together has not met their words.
        packed = [page.packed() for page in read]
        Lexicon.forget()
        NameEncoder.load().forget()
        finish = _timed(lambda: _put_together(packed))[1]
        known = _timed(lambda: _put_together(packed))[1]
        one = statistics.median(_timed(partial(_ready_to_ask, record))[1] for record in question.rescued)
    finally:
        gc.enable()
    return {
        "read_page_us": 1e6 * first / count,
        "read_page_words_known_us": 1e6 * again / count,
        "finish_us": 1e6 * finish / count,
        "finish_words_known_us": 1e6 * known / count,
        "one_record_ms": 1e3 * one,
    }


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    began = time.process_time()
    done = work()
    return done, time.process_time() - began


def _put_together(pages: Sequence[Page]) -> None:
    builder = IndexBuilder(MatchIndex(*NO_PHOTOS))
    for page in pages:
        builder.add(page)
    builder.finish()


def _ready_to_ask(record: PersonRecord) -> Asked:
    columns = RecordColumns.build([record])
    return Asked.of(columns, np.arange(1), encode_records(columns), RecordSpace.load())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=12 * PAGE)
    parser.add_argument("--rescues", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--cache", type=Path, help="where populations are kept between runs")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = run(given.reports, given.rescues, given.seed, given.cache)
    if given.json:
        print(json.dumps(found))
        return
    for name, figure in found.items():
        print(f"{name:26} {figure:8.2f}")


if __name__ == "__main__":
    main()
