"""How is the evidence model made? The one that ships from synthetic people, a deployment's own from its own files.

    shipped     m from true pairs, u from pairs of neighbours, then shares, shifts and thresholds on other people
    own files   u by random sampling, m by EM, and a refit from the pairs that people confirmed and rejected

`sandhan train evidence` runs this. The synthetic people do not exist; what the model knows of life is the table of
corruptions in `data/corruption.py`, and its card says so. Seeds used here are never those of an evaluation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from api.artefacts import write_artefact
from data.synthetic import LinkedSample, linked_sample
from indexing.candidates import CANDIDATES, propose
from indexing.linking import link_records
from indexing.match_index import context_of
from indexing.pairing import Stage
from indexing.record_space import RecordSpace
from indexing.record_vectors import RecordVectors, encode_records
from indexing.segment import Segment
from indexing.shelf import Asked
from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.comparison import Comparison, Context
from matcher.errors import InvalidRecord
from matcher.gathering import gather
from matcher.model import SHIPPED, MatchModel, record_key
from matcher.person import PersonRecord, Side
from matcher.refit import DecidedPairs, fit_dependence, refit
from matcher.rivals import alike_rivals, rival_bits
from matcher.scoring import score_pairs
from matcher.training import TrainingPairs, choose_thresholds, random_pairs, train_supervised

TRAIN_SEED, TUNE_SEED, THRESHOLD_SEED = 1001, 1002, 1003
TODAY = date(2026, 11, 1)
_DEVIATION = 0.5
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Trained:
    """A model and the figures of its card."""

    model: MatchModel
    figures: dict[str, float]


def train_evidence(train_reports: int = 20_000, tune_reports: int = 40_000) -> Trained:
    """Return the model that ships; deterministic.

    Args:
        train_reports: reports from which m and u are counted, with two thirds as many rescues.
        tune_reports: reports among which shares and shifts are fitted, and as many others on which the thresholds are
            chosen, with a tenth as many rescues.
    """
    sample = _Sample.of(linked_sample(TRAIN_SEED, train_reports, train_reports * 2 // 3))
    reports, rescues = np.arange(train_reports), np.arange(train_reports, len(sample.columns))
    model = train_supervised(
        TrainingPairs(
            sample.columns,
            sample.context,
            sample.true,
            random_pairs(reports, rescues, 400_000, TRAIN_SEED),
            random_pairs(reports, rescues, 400_000, TRAIN_SEED + 1, sample.columns.region),
        ),
        SHIPPED.removesuffix(".json"),
    )
    sample = _Sample.of(linked_sample(TUNE_SEED, tune_reports, tune_reports // 10))
    decided, _ = sample.candidates()
    prior = model.prior_bits(tune_reports)
    # The people are synthetic: what they teach beyond m and u moves a level by half a bit or so, not more.
    model = refit(fit_dependence(model, decided, prior), decided, prior, _DEVIATION, constant=False)

    sample = _Sample.of(linked_sample(THRESHOLD_SEED, tune_reports, tune_reports // 10))
    decided, pairs = sample.candidates()
    scored = score_pairs(
        sample.columns, pairs[:, 0], pairs[:, 1], sample.context, model, tune_reports, assigned=decided.levels
    )
    rivals = rival_bits(
        scored.weight,
        pairs[:, 1],
        1.0 - model.report_share,
        alike_rivals(sample.columns, scored.weight, pairs[:, 1], pairs[:, 0], sample.context, model, tune_reports),
    )
    scored = scored.among(rivals)
    model = replace(model, thresholds=choose_thresholds(scored.probability, decided.is_match, pairs[:, 1]))
    at = scored.probability >= model.thresholds.probable
    figures = {
        "tune_pairs": float(len(pairs)),
        "tune_candidate_recall": float(decided.is_match.sum() / len(sample.true)),
        "tune_precision_probable": float(decided.is_match[at].mean()),
        "tune_recall_probable": float(decided.is_match[at].sum() / len(sample.true)),
        **{f"share_{name}": group.share for name, group in model.groups.items()},
    }
    return Trained(model, figures)


@dataclass(frozen=True, slots=True)
class _Sample:
    """Synthetic reports, then rescues, as columns and vectors; `true` are the rows of pairs of one person, (n, 2)."""

    columns: RecordColumns
    vectors: RecordVectors
    context: Context
    true: Ints
    reports: int

    @classmethod
    def of(cls, sample: LinkedSample) -> _Sample:
        people = [record.to_person(TODAY) for record in (*sample.reports, *sample.rescues)]
        ids = {person.record_id: number for number, person in enumerate(people)}
        true = np.array([(ids[report], ids[rescue]) for rescue, report in sample.truth.items()], dtype=np.int64)
        columns = RecordColumns.build(people)
        context = context_of(columns, len(sample.reports))
        return cls(columns, encode_records(columns), context, true, len(sample.reports))

    def candidates(self) -> tuple[DecidedPairs, Ints]:
        """Return the pairs that the index proposes, as in service: the model has to fit those, not random ones."""
        reports, rescued = np.arange(self.reports), np.arange(self.reports, len(self.columns))
        stored = Segment.build(gather([(self.columns, reports)], counted=True), self.vectors.some(reports))
        asked = Asked.of(self.columns, rescued, self.vectors.some(rescued), RecordSpace.load())
        found = propose([stored], asked, Side.MISSING, CANDIDATES)
        pairs = np.stack([found.row, rescued[found.asking]], axis=1)
        truth = {(int(a), int(b)) for a, b in self.true}
        is_match = np.array([(a, b) in truth for a, b in pairs.tolist()], dtype=np.bool_)
        return _decided(self.columns, self.context, pairs, is_match, COMPARISONS), pairs


def _decided(
    columns: RecordColumns,
    context: Context,
    pairs: Ints,
    is_match: npt.NDArray[np.bool_],
    comparisons: Sequence[Comparison],
) -> DecidedPairs:
    levels = {one.name: one.assign(columns, pairs[:, 0], pairs[:, 1], context) for one in comparisons}
    return DecidedPairs(levels, is_match)


def train_on_files(
    left: Sequence[PersonRecord],
    right: Sequence[PersonRecord],
    model: MatchModel,
    *,
    decisions: Sequence[tuple[str, str, bool]] = (),
    extra: Sequence[Comparison] = (),
    stage: Stage = lambda _name, _done, _total: None,
) -> Trained:
    """Return a model that has learned from two files, and from what people decided about pairs of them.

    Args:
        left, right: the records of each file.
        model: where to start from, usually the shipped one.
        decisions: (left id, right id, whether it is one person).
        extra: comparisons of further columns.
        stage: told (what, done, total) as the work goes on.
    Raises:
        InvalidRecord: a decision is about a record that is in neither file.
    """
    linked = link_records(left, right, model, extra=extra, stage=stage)
    learned = linked.model
    figures = {"candidates": float(len(linked.left)), "decisions": float(len(decisions))}
    places = [{record.record_id: number for number, record in enumerate(side)} for side in (left, right)]
    if decisions:
        for number, (one, other, _) in enumerate(decisions, 1):
            if one not in places[0] or other not in places[1]:
                raise InvalidRecord("decisions", f"number {number} is about a record that is not in the files")
        columns = RecordColumns.build([*left, *right])
        pairs = np.array([(places[0][a], places[1][b] + len(left)) for a, b, _ in decisions], dtype=np.int64)
        is_match = np.array([yes for _, _, yes in decisions], dtype=np.bool_)
        used = [one for one in (*COMPARISONS, *extra) if one.name in learned.comparisons]
        decided = _decided(columns, context_of(columns, len(left)), pairs, is_match, used)
        learned = refit(learned, decided, learned.prior_bits(len(left)))
        taught = hashlib.sha256(json.dumps(sorted(decisions)).encode()).hexdigest()[:8]
        learned = replace(
            learned,
            version=f"{learned.version}+{len(decisions)}-{taught}",
            taught_by=learned.taught_by
            | {record_key(one) for left_id, right_id, _ in decisions for one in (left_id, right_id)},
        )
        figures["confirmed"] = float(is_match.sum())
    return Trained(learned, figures)


def write_model(trained: Trained, folder: Path) -> Path:
    """Write the model with its checksum beside it; return its path."""
    content = (json.dumps(trained.model.to_json(), indent=1, ensure_ascii=False) + "\n").encode()
    return write_artefact(folder, SHIPPED, content)
