"""How is the shipped evidence model made? m and u from one synthetic population, the rest from another.

`sandhan train evidence` runs this. The people do not exist; what the model knows of life is the table of corruptions in
`data/synthetic.py`, and its card says so. Seeds used here are never those of an evaluation.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from api.artefacts import write_artefact
from data.synthetic import LinkedSample, linked_sample
from indexing.match_index import MatchIndex, context_of
from matcher.columns import RecordColumns
from matcher.model import SHIPPED, MatchModel
from matcher.person import Side
from matcher.scoring import score_pairs
from matcher.training import TrainingPairs, choose_thresholds, fit_discount, random_pairs, train_supervised

TRAIN_SEED, TUNE_SEED = 1001, 1002
TODAY = date(2026, 11, 1)


@dataclass(frozen=True, slots=True)
class Trained:
    """A model and the figures of its card."""

    model: MatchModel
    figures: dict[str, float]


def train_evidence(train_reports: int = 12_000, tune_reports: int = 6_000) -> Trained:
    """Return the model; deterministic.

    Args:
        train_reports: reports from which m and u are counted, with two thirds as many rescues.
        tune_reports: reports among which the discount and the thresholds are chosen, with a sixth as many rescues.
    """
    columns, true, _ = _columns(linked_sample(TRAIN_SEED, train_reports, train_reports * 2 // 3))
    context = context_of(record for record in columns.records if record.side is Side.MISSING)
    reports, rescues = np.arange(train_reports), np.arange(train_reports, len(columns))
    random = random_pairs(reports, rescues, 400_000, TRAIN_SEED)
    model = train_supervised(TrainingPairs(columns, context, true, random), SHIPPED.removesuffix(".json"))

    sample = linked_sample(TUNE_SEED, tune_reports, tune_reports // 6)
    columns, true, ids = _columns(sample)
    context = context_of(record for record in columns.records if record.side is Side.MISSING)
    pairs = _candidate_pairs(columns, ids, tune_reports)
    truth = {(int(a), int(b)) for a, b in true}
    is_match = np.array([(int(a), int(b)) in truth for a, b in pairs])
    model = fit_discount(model, columns, pairs, is_match, context, tune_reports)
    probability = score_pairs(columns, pairs[:, 0], pairs[:, 1], context, model, tune_reports).probability
    model = replace(model, thresholds=choose_thresholds(probability, is_match))
    at = probability >= model.thresholds.probable
    figures = {
        "tune_pairs": float(len(pairs)),
        "tune_candidate_recall": float(is_match.sum() / len(true)),
        "tune_precision_probable": float(is_match[at].mean()),
        "tune_recall_probable": float(is_match[at].sum() / len(true)),
        "discount": model.discount,
    }
    return Trained(model, figures)


def _columns(sample: LinkedSample) -> tuple[RecordColumns, npt.NDArray[np.int64], dict[str, int]]:
    people = [record.to_person(TODAY) for record in (*sample.reports, *sample.rescues)]
    ids = {person.record_id: number for number, person in enumerate(people)}
    true = np.array([(ids[report], ids[rescue]) for rescue, report in sample.truth.items()], dtype=np.int64)
    return RecordColumns.build(people), true, ids


def _candidate_pairs(columns: RecordColumns, ids: dict[str, int], reports: int) -> npt.NDArray[np.int64]:
    """Return the pairs that the index proposes, as in service: the discount has to fit those, not random ones."""
    index = MatchIndex("none")
    index.upsert(columns.records[:reports])
    queries = columns.records[reports:]
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(queries), 500):
        part = queries[start : start + 500]
        found = index.candidates(RecordColumns.build(part), Side.MISSING, 80)
        for query, candidates in zip(part, found, strict=True):
            pairs += [(ids[record_id], ids[query.record_id]) for record_id in candidates.routes]
    return np.array(pairs, dtype=np.int64)


def write_model(trained: Trained, folder: Path) -> Path:
    """Write the model with its checksum beside it; return its path."""
    content = (json.dumps(trained.model.to_json(), indent=1, ensure_ascii=False) + "\n").encode()
    return write_artefact(folder, SHIPPED, content)
