"""Is the true report found, is it said so, and are strangers left in peace? Seeded rescues among many reports.

Some rescued people have a report. Of each, the first 20 matches of a search count. "clear" is the share of people
without any report for whom no pair reaches an alert's grade; the same again for pairs in two scripts and in one.
Precision and recall are at the probability of that grade; the best F1 over all thresholds knows the truth. Calibration
is over all pairs returned, on seeds that no model has learned from, and in other lives than the one that taught it.

Photos are left out (--faces keeps them). Peers (--peers) get the same records, romanised and with places resolved, but
not languages, heights, marks, telephones or events. Splink once learns from the files alone and once from 8,000
labelled people of the usual life. The threshold of one that knows no probability (rapidfuzz) is its best.

python -m benchmarks.quality.evidence [--reports 100000] [--rescues 2000] [--seeds 1] [--corruption usual other hard]
                                      [--faces] [--peers] [--peers-python PYTHON] [--json]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peers.__main__ import LABELLED
from benchmarks.peers.pairs import Placed, best_of_each, read_pairs, write_table
from benchmarks.peers.rescue_tables import table_of
from benchmarks.peers.running import peer_command, run
from benchmarks.quality.rescues import TODAY, Memory
from data.clerks import SyntheticRecord
from data.corruption import LIVES, Corruption
from data.synthetic import linked_pairs
from indexing.candidates import CANDIDATES
from indexing.match_index import MatchIndex
from indexing.meeting import beside_each_other
from indexing.search import find_matches_batch
from matcher.evaluation import (
    best_decision,
    brier_score,
    decide,
    expected_calibration_error,
    ranks_within,
    reliability,
)
from matcher.model import MatchModel
from matcher.pair_kinds import CROSS_SCRIPT, SAME_SCRIPT
from matcher.person import PersonRecord, Side
from matcher.scoring import score_pairs

FIRST_SEED = 80_001  # never one that trains or tunes
LIMIT = 20
OURS = "Sandhan"
PEERS = {"Splink": "splink-rescues", "Splink, labels": LABELLED, "rapidfuzz token_sort": "rapidfuzz-rescues"}
_WITHOUT_PROBABILITY = frozenset({"rapidfuzz token_sort"})
_TEACHING_SEED, _TEACHING_REPORTS = 80_901, 12_000
EVERY = "all"
_BATCH, _TIMED = 100, 100  # rescues searched at once; rescues whose candidates are scored for the clock
_REPEATS = 3
Strings = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Question:
    """Reports, rescued people, and which report is whose.

    Attributes:
        truth: shape (rescued,), position of the true report, -1 for people without one.
        report_scripts, rescued_scripts: shapes (reports,) and (rescued,), what each clerk writes.
    """

    reports: tuple[PersonRecord, ...]
    rescued: tuple[PersonRecord, ...]
    truth: npt.NDArray[np.int64]
    report_scripts: Strings
    rescued_scripts: Strings

    @classmethod
    def draw(cls, seed: int, reports: int, rescues: int, corruption: Corruption, faces: bool = False) -> Question:
        """Return the question of a seed; photos only if `faces`."""

        def person(record: SyntheticRecord) -> PersonRecord:
            read = record.to_person(TODAY)
            return read if faces else replace(read, faces=())

        filed: list[PersonRecord] = []
        report_scripts: list[str] = []
        found: list[tuple[PersonRecord, int, str]] = []
        # One after the other: what a clerk wrote takes far more room than what is read of it.
        for pair in linked_pairs(seed, reports, rescues, TODAY, corruption=corruption):
            if pair.rescue is not None:
                found.append((person(pair.rescue), -1 if pair.report is None else len(filed), pair.rescue.script))
            if pair.report is not None:
                filed.append(person(pair.report))
                report_scripts.append(pair.report.script)
        found.sort(key=lambda one: one[0].record_id)
        rescued, truth, scripts = zip(*found, strict=True)
        return cls(tuple(filed), rescued, np.array(truth, np.int64), np.array(report_scripts), np.array(scripts))

    def kinds(self, left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> Strings:
        """Return whether each pair of a report and a rescued person is in one script or in two, shape (n,)."""
        return np.where(self.report_scripts[left] == self.rescued_scripts[right], SAME_SCRIPT, CROSS_SCRIPT)


def progress(text: str) -> None:
    """Say on stderr what is being done."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def search(question: Question, index: MatchIndex, model: MatchModel) -> Placed:
    """Return the first matches of every rescued person, with their probability."""
    place = {record.record_id: number for number, record in enumerate(question.reports)}
    source = Memory(question.reports)
    left, right, score = [], [], []
    for start in range(0, len(question.rescued), _BATCH):
        part = question.rescued[start : start + _BATCH]
        for number, matches in enumerate(find_matches_batch(part, index, source, model, limit=LIMIT), start):
            left += [place[match.pair.left_id] for match in matches]
            right += [number] * len(matches)
            score += [match.pair.probability for match in matches]
        if start // _BATCH % 5 == 4:
            progress(f"searched {start + len(part)} of {len(question.rescued)}")
    return Placed(np.array(left, np.int64), np.array(right, np.int64), np.array(score, np.float64))


def figures(question: Question, pairs: Placed, threshold: float | None) -> dict[str, dict[str, float]]:
    """Return the figures of all pairs, of those in two scripts and of those in one.

    Args:
        question: with the truth.
        pairs: returned, at most `LIMIT` for each rescued person.
        threshold: at which an alert would be raised; None: the best, and nothing is said of calibration.
    """
    is_match = question.truth[pairs.right] == pairs.left
    ranks = ranks_within(pairs.right, pairs.score, is_match)
    rank_of = np.full(len(question.rescued), LIMIT, dtype=np.int64)
    rank_of[pairs.right[is_match]] = ranks[is_match]
    known = np.flatnonzero(question.truth >= 0)
    strangers = np.flatnonzero(question.truth < 0)
    kinds, true_kinds = question.kinds(pairs.left, pairs.right), question.kinds(question.truth[known], known)
    limit = best_decision(pairs.score, is_match, len(known)).threshold if threshold is None else threshold
    found: dict[str, dict[str, float]] = {}
    for kind in (EVERY, CROSS_SCRIPT, SAME_SCRIPT):
        chosen = np.ones(len(kinds), np.bool_) if kind == EVERY else kinds == kind
        people = known if kind == EVERY else known[true_kinds == kind]
        at = decide(pairs.score[chosen], is_match[chosen], limit, len(people))
        alarmed = np.unique(pairs.right[chosen & (pairs.score >= limit)])
        one: dict[str, float] = {
            "with_report": len(people),
            "first": float((rank_of[people] < 1).mean()) if len(people) else 0.0,
            "first_10": float((rank_of[people] < 10).mean()) if len(people) else 0.0,
            "threshold": limit,
            "precision": at.precision,
            "recall": at.recall,
            "best_f1": best_decision(pairs.score[chosen], is_match[chosen], len(people)).f1,
            "strangers": len(strangers),
            "clear": float(1.0 - np.isin(strangers, alarmed).mean()) if len(strangers) else 0.0,
        }
        if threshold is not None:
            one["ece"] = expected_calibration_error(reliability(pairs.score[chosen], is_match[chosen]))
            one["brier"] = brier_score(pairs.score[chosen], is_match[chosen])
        found[kind] = one
    return found


def scoring_speed(question: Question, index: MatchIndex, model: MatchModel) -> dict[str, float]:
    """Return candidate pairs scored per second of processor time, best of three: those that a search scores."""
    some = question.rescued[:_TIMED]
    columns, found = index.candidates(some, Side.MISSING, CANDIDATES)
    met = beside_each_other(columns, found, [segment.columns for segment in index.segments])
    columns, i, j = met.columns, met.first, met.second
    said = {"pairs": float(len(i))}
    took = []
    for _ in range(_REPEATS):
        started = time.process_time()
        score_pairs(columns, i, j, index.context, model, len(question.reports))
        took.append(time.process_time() - started)
    said["with_contributions"] = len(i) / max(min(took), 1e-9)
    return said


def peers(question: Question, python: str, probable: float) -> dict[str, dict[str, Any]]:
    """Return the figures of the other tools that are installed, on the same records."""
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "pairs.csv"
        progress("romanising the records for the peers")
        asked = _written(question, Path(scratch), "asked", labelled=False)
        lesson = Question.draw(_TEACHING_SEED, _TEACHING_REPORTS, _TEACHING_REPORTS * 2 // 3, LIVES["usual"])
        labelled = _written(lesson, Path(scratch), "labelled", labelled=True)
        ids = [[record.record_id for record in side] for side in (question.reports, question.rescued)]
        for name, method in PEERS.items():
            progress(name)
            took = run(peer_command(method, asked + (labelled if method == LABELLED else ()), out, python))
            if took is None:
                progress(f"{name}: not installed")
                continue
            pairs = read_pairs(out, *ids)
            kept = best_of_each(pairs.right, pairs.score, LIMIT)
            pairs = Placed(pairs.left[kept], pairs.right[kept], pairs.score[kept])
            threshold = None if name in _WITHOUT_PROBABILITY else probable
            found[name] = {"figures": figures(question, pairs, threshold), "seconds": took.seconds, "cpu": took.cpu}
    return found


def _written(question: Question, folder: Path, name: str, *, labelled: bool) -> tuple[Path, Path]:
    """Write both sides as the peers read them; with labels only where they are to teach."""
    labels: dict[str, str] = {}
    if labelled:
        for rescued, report in zip(question.rescued, question.truth.tolist(), strict=True):
            if report >= 0:
                labels |= {rescued.record_id: rescued.record_id, question.reports[report].record_id: rescued.record_id}
    paths = folder / f"{name}-reports.csv", folder / f"{name}-rescued.csv"
    for path, records in zip(paths, (question.reports, question.rescued), strict=True):
        write_table(path, table_of(records, labels))
    return paths


def measure(
    seed: int,
    reports: int,
    rescues: int,
    corruption: Corruption,
    faces: bool = False,
    peers_python: str | None = None,
) -> dict[str, dict[str, Any]]:
    """Return method -> figures of one seed; peers only where their Python is given."""
    progress(f"seed {seed}: drawing {reports} reports and {rescues} rescues")
    question = Question.draw(seed, reports, rescues, corruption, faces)
    model = MatchModel.load()
    index = MatchIndex("none")
    progress("building the index")
    processor, started = time.process_time(), time.perf_counter()
    index.upsert(question.reports)
    built = time.perf_counter() - started
    progress(f"built in {built:.1f} s; searching")
    started = time.perf_counter()
    pairs = search(question, index, model)
    searched, used = time.perf_counter() - started, time.process_time() - processor
    ours = {
        "figures": figures(question, pairs, model.thresholds.probable),
        "seconds": built + searched,
        "cpu": used,
        "index_seconds": built,
        "ms_per_rescue": 1000 * searched / rescues,
        "pairs_per_second": scoring_speed(question, index, model),
    }
    others = peers(question, peers_python, model.thresholds.probable) if peers_python else {}
    return {OURS: ours} | others


def show(name: str, runs: Sequence[Mapping[str, Mapping[str, Any]]]) -> None:
    """Print the means of some seeds, with the lowest and highest of the first ten."""
    columns = (
        "with_report",
        "first_10",
        "first",
        "precision",
        "recall",
        "best_f1",
        "clear",
        "ece",
        "brier",
        "threshold",
    )
    print(f"\ncorruption: {name}, {len(runs)} seeds")
    print(f"{'':<22}{'pairs':<13}" + "".join(f"{column:>12}" for column in columns) + f"{'seconds':>9}{'cpu':>7}")
    for method in runs[0]:
        for kind in (EVERY, CROSS_SCRIPT, SAME_SCRIPT):
            rows = [one[method]["figures"][kind] for one in runs if method in one]
            values = [f"{np.mean([row[c] for row in rows]):>12.4f}" if c in rows[0] else f"{'':>12}" for c in columns]
            times = [np.mean([one[method][what] for one in runs if method in one]) for what in ("seconds", "cpu")]
            print(
                f"{method:<22}{kind:<13}{''.join(values)}"
                + (f"{times[0]:>9.1f}{times[1]:>7.1f}" if kind == EVERY else "")
            )
    spread = [one[OURS]["figures"][EVERY]["first_10"] for one in runs]
    print(f"first_10 of {OURS} by seed: {min(spread):.4f} .. {max(spread):.4f}")
    for what, rate in runs[0][OURS]["pairs_per_second"].items():
        print(f"scoring, {what}: {rate:,.0f}" + ("" if what == "pairs" else " pairs/s of processor time"))


def main() -> None:
    """Measure every table of corruption and seed, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=100_000)
    parser.add_argument("--rescues", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--corruption", nargs="+", choices=list(LIVES), default=["usual", "other"])
    parser.add_argument("--faces", action="store_true", help="with photos, where both sides have them")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--peers-python", default=sys.executable, help="Python of an environment that holds the peers")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if chosen.faces and chosen.peers:
        parser.error("--faces: the peers see no photos, so there is nothing to compare")
    python = chosen.peers_python if chosen.peers else None
    sizes = chosen.reports, chosen.rescues
    results = {
        name: [measure(FIRST_SEED + n, *sizes, LIVES[name], chosen.faces, python) for n in range(chosen.seeds)]
        for name in chosen.corruption
    }
    if chosen.json:
        print(json.dumps({"reports": chosen.reports, "rescues": chosen.rescues, "results": results}, indent=1))
        return
    print(f"{chosen.rescues} rescues x {chosen.reports} reports, first {LIMIT} matches of each")
    for name, runs in results.items():
        show(name, runs)


if __name__ == "__main__":
    main()
