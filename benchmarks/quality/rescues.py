"""How often is the true report first? Seeded rescues against seeded reports, beside plain string matching.

make bench            or    python -m benchmarks.quality.rescues --reports 5000 --rescues 300 --seeds 3
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz
from rapidfuzz.process import cdist

from data.synthetic import linked_sample
from indexing.match_index import MatchIndex
from indexing.search import find_matches_batch
from matcher.evaluation import best_decision, brier_score, decide, expected_calibration_error, reliability
from matcher.model import Grade, MatchModel
from matcher.names.romanize import romanize
from matcher.person import PersonRecord

FIRST_SEED = 70_001  # never one that trains or tunes
TODAY = date(2026, 11, 1)


class Memory:
    """Records by id, from a dictionary."""

    def __init__(self, records: Sequence[PersonRecord]) -> None:
        self._records = {record.record_id: record for record in records}

    def records(self, record_ids: Sequence[str]) -> list[PersonRecord]:
        """Return the records that exist."""
        return [self._records[record_id] for record_id in record_ids if record_id in self._records]


def string_ranks(queries: Sequence[PersonRecord], reports: Sequence[PersonRecord], truth: Sequence[int]) -> list[int]:
    """Return the rank of the truth by rapidfuzz over romanised own and parents' names: what a plain tool does."""

    def text(record: PersonRecord) -> str:
        return " ".join(romanize(name.text) for name in (*record.names, *record.father, *record.mother))

    scores = cdist([text(q) for q in queries], [text(r) for r in reports], scorer=fuzz.token_sort_ratio)
    own = scores[np.arange(len(queries)), truth]
    return [int(rank) for rank in (scores > own[:, None]).sum(axis=1)]


def run(seed: int, reports: int, rescues: int) -> dict[str, float]:
    """Return the figures of one seed; 60 % of the rescued people have a report."""
    sample = linked_sample(seed, reports, rescues, TODAY)
    filed = [record.to_person(TODAY) for record in sample.reports]
    found = [record.to_person(TODAY) for record in sample.rescues]
    place = {record.record_id: number for number, record in enumerate(filed)}
    model = MatchModel.load()
    started = time.perf_counter()
    index = MatchIndex("none")
    index.upsert(filed)
    built = time.perf_counter() - started
    started = time.perf_counter()
    source = Memory(filed)
    results = [
        matches
        for start in range(0, len(found), 50)
        for matches in find_matches_batch(found[start : start + 50], index, source, model, limit=20)
    ]
    searched = time.perf_counter() - started
    ranks, probability, is_match, alerted_strangers = [], [], [], 0
    for record, matches in zip(found, results, strict=True):
        expected = sample.truth.get(record.record_id)
        ids = [match.pair.left_id for match in matches]
        if expected is not None:
            ranks.append(ids.index(expected) if expected in ids else reports)
        else:
            alerted_strangers += any(match.pair.grade.rank >= Grade.PROBABLE.rank for match in matches)
        probability += [match.pair.probability for match in matches]
        is_match += [match.pair.left_id == expected for match in matches]
    said: npt.NDArray[np.float64] = np.array(probability)
    true = np.array(is_match, dtype=np.bool_)
    with_report = [record for record in found if record.record_id in sample.truth]
    plain = string_ranks(with_report, filed, [place[sample.truth[r.record_id]] for r in with_report])
    probable = decide(said, true, model.thresholds.probable, len(sample.truth))
    count = len(ranks)
    return {
        "top1": sum(rank == 0 for rank in ranks) / count,
        "top5": sum(rank < 5 for rank in ranks) / count,
        "top20": sum(rank < 20 for rank in ranks) / count,
        "rapidfuzz_top1": sum(rank == 0 for rank in plain) / count,
        "rapidfuzz_top5": sum(rank < 5 for rank in plain) / count,
        "precision_probable": probable.precision,
        "recall_probable": probable.recall,
        "best_f1": best_decision(said, true, len(sample.truth)).f1,
        "strangers_alerted": alerted_strangers / max(rescues - count, 1),
        "ece": expected_calibration_error(reliability(said, true)),
        "brier": brier_score(said, true),
        "index_seconds": built,
        "ms_per_rescue": 1000 * searched / rescues,
    }


def main() -> None:
    """Run every seed and print the means with the lowest and highest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=5000)
    parser.add_argument("--rescues", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    runs = [run(FIRST_SEED + n, chosen.reports, chosen.rescues) for n in range(chosen.seeds)]
    if chosen.json:
        print(json.dumps({"reports": chosen.reports, "rescues": chosen.rescues, "runs": runs}, indent=1))
        return
    print(f"{chosen.rescues} rescues x {chosen.reports} reports, {chosen.seeds} seeds: mean (lowest .. highest)")
    for name in runs[0]:
        values = [figures[name] for figures in runs]
        print(f"  {name:<20} {np.mean(values):8.3f}   ({min(values):.3f} .. {max(values):.3f})")


if __name__ == "__main__":
    main()
