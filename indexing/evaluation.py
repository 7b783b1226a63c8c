"""How well were two files linked whose true pairs are known? All figures, and for whom they are better or worse.

    Linked + truth -> Labelled (is it true? which place had it?) -> headline figures
                                                                 -> breakdown by script, age and what was known

A true pair that the search for candidates lost has no probability; it counts as missed in every recall.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from indexing.linking import Linked
from matcher.breakdown import (
    LEAST_PEOPLE,
    NEVER,
    NOT_COMPARED,
    PairOutcomes,
    Row,
    merged_name,
    nested_table,
    number_people,
    table,
    yes_no_rows,
)
from matcher.columns import RecordColumns
from matcher.comparison import Comparison
from matcher.errors import InvalidRecord
from matcher.evaluation import (
    best_decision,
    brier_score,
    decide,
    expected_calibration_error,
    ranks_within,
    recall_at,
    reliability,
)
from matcher.model import MatchModel
from matcher.pair_kinds import AGE_BANDS, SCRIPT_KINDS, age_band, known_keys, known_on_both_sides, script_keys
from matcher.person import PersonRecord

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

KS = (1, 10, 20)
DEFAULT_THRESHOLD = 0.5
MOST_KEYS = 12
_LEAST_SAID = 0.01


@dataclass(frozen=True, slots=True)
class Labelled:
    """Two linked files and what is true of them.

    Attributes:
        left, right: shape (n,), rows of the two inputs, one for each pair compared.
        probability: shape (n,).
        is_match: shape (n,).
        rank: shape (n,), the pair's place among the candidates of its right record, 0 first, ties against the truth.
        truth: shape (t, 2), the true pairs, each once.
        at: shape (t,), position of each true pair among the n, -1 where it was never compared.
        right_records: how many records the right input has.
        model: with which the pairs were scored.
    """

    left: Ints
    right: Ints
    probability: Floats
    is_match: npt.NDArray[np.bool_]
    rank: Ints
    truth: Ints
    at: Ints
    right_records: int
    model: MatchModel

    @classmethod
    def of(cls, linked: Linked, truth: Ints, right_records: int) -> Labelled:
        """Return the pairs of a linkage with what is true of them.

        Args:
            linked: of `link_records`.
            truth: shape (t, 2), rows of the left and right input; a pair may be there twice.
            right_records: how many records the right input has; rows are below it.
        Raises:
            InvalidRecord: there is no true pair.
        """
        if len(truth) == 0:
            raise InvalidRecord("truth", "there is no true pair")
        truth = np.unique(truth, axis=0)
        codes = linked.left * right_records + linked.right
        order = np.argsort(codes, kind="stable")
        wanted = truth[:, 0] * right_records + truth[:, 1]
        place = np.searchsorted(codes[order], wanted)
        there = place < len(codes)
        there[there] = codes[order][place[there]] == wanted[there]
        at = np.full(len(truth), -1, dtype=np.int64)
        at[there] = order[place[there]]
        is_match = np.zeros(len(codes), dtype=np.bool_)
        is_match[at[there]] = True
        rank = ranks_within(linked.right, linked.scored.weight, is_match)
        probability = linked.scored.probability
        return cls(linked.left, linked.right, probability, is_match, rank, truth, at, right_records, linked.model)

    @property
    def true_ranks(self) -> Ints:
        """Return the place of each true pair among the candidates of its right record, shape (t,); `NEVER` if lost."""
        ranks = np.full(len(self.truth), NEVER, dtype=np.int64)
        ranks[self.at >= 0] = self.rank[self.at[self.at >= 0]]
        return ranks


def figures(labelled: Labelled) -> dict[str, Any]:
    """Return the headline figures, ready for JSON.

    Recalls are shares of all true pairs. `recall@k` asks whether a true pair is among the first k candidates of its
    right record; under `right_records`, whether a right record that has a true pair finds one of its own there.
    `ece` and `brier` are over all pairs compared, most of which are far from a match; `calibration` has them again
    over those called at least 1 % likely.
    """
    probability, is_match, total = labelled.probability, labelled.is_match, len(labelled.truth)
    half, best = decide(probability, is_match, DEFAULT_THRESHOLD, total), best_decision(probability, is_match, total)
    likely = probability >= _LEAST_SAID
    compared = _calibration(probability, is_match)
    limits = labelled.model.thresholds
    grades = (("certain", limits.certain), ("probable", limits.probable), ("possible", limits.possible))
    return {
        "candidate_recall": float((labelled.at >= 0).mean()),
        "threshold": DEFAULT_THRESHOLD,
        "precision": half.precision,
        "recall": half.recall,
        "f1": half.f1,
        "best_f1": best.f1,
        "best_threshold": best.threshold,
        **recall_at(labelled.true_ranks, KS),
        "ece": compared["ece"],
        "brier": compared["brier"],
        "right_records": _right_records(labelled),
        "strangers": _strangers(labelled),
        "calibration": {
            "compared": compared,
            "at_least_1_percent": _calibration(probability[likely], is_match[likely]),
        },
        "grades": {grade: asdict(decide(probability, is_match, limit, total)) for grade, limit in grades},
        "reliability": [asdict(entry) for entry in reliability(probability, is_match)],
    }


def breakdown(
    labelled: Labelled,
    left: Sequence[PersonRecord],
    right: Sequence[PersonRecord],
    today: date,
    extra: Sequence[Comparison] = (),
) -> dict[str, Any]:
    """Return the figures by script, by age band and by what was known on both sides, ready for JSON.

    Args:
        labelled: the pairs of the two inputs.
        left, right: the two inputs.
        today: ages are those of this day where no day of the event is known.
        extra: comparisons of further columns.
    Returns:
        Lists of rows, none of fewer than `LEAST_PEOPLE` people: small rows are merged into "other".
    """
    thresholds = (DEFAULT_THRESHOLD, labelled.model.thresholds.probable)
    pairs, outcomes = _outcomes(labelled, min(thresholds))
    lefts, i = np.unique(pairs[:, 0], return_inverse=True)
    rights, j = np.unique(pairs[:, 1], return_inverse=True)
    columns = RecordColumns.build([*(left[row] for row in lefts), *(right[row] for row in rights)])
    i, j = i.astype(np.int64), j.astype(np.int64) + len(lefts)
    known = known_on_both_sides(columns, i, j, extra)
    scripts = [script_keys(left[a], right[b]) for a, b in pairs.tolist()]
    kinds, by_script = nested_table(
        outcomes, [kind for kind, _ in scripts], [both for _, both in scripts], thresholds, SCRIPT_KINDS
    )
    fields = [
        row
        for word, has in known.items()
        if has[outcomes.is_true].any()
        for row in yes_no_rows(outcomes, has, (f"{word} known", f"{word} unknown"), thresholds)
    ]
    return {
        "least_people": LEAST_PEOPLE,
        "by_script_kind": _rows(kinds),
        "by_script": _rows(by_script),
        "by_age_band": _rows(
            _ages(outcomes, [age_band(right[row], today) for row in pairs[:, 1].tolist()], thresholds)
        ),
        "by_known": _rows(table(outcomes, known_keys(columns, i, j, known), thresholds, most=MOST_KEYS)),
        "by_field": _rows(fields),
    }


def _outcomes(labelled: Labelled, least: float) -> tuple[Ints, PairOutcomes]:
    """Return every true pair and every wrong pair that reaches a probability: rows of the inputs, shape (m, 2)."""
    wrong = np.flatnonzero(~labelled.is_match & (labelled.probability >= least))
    compared = labelled.at >= 0
    probability = np.full(len(labelled.truth), NOT_COMPARED)
    probability[compared] = labelled.probability[labelled.at[compared]]
    return np.concatenate(
        [labelled.truth, np.stack([labelled.left[wrong], labelled.right[wrong]], axis=1)]
    ), PairOutcomes(
        np.arange(len(labelled.truth) + len(wrong)) < len(labelled.truth),
        np.concatenate([number_people(labelled.truth), np.full(len(wrong), -1)]),
        np.concatenate([probability, labelled.probability[wrong]]),
        np.concatenate([labelled.true_ranks, labelled.rank[wrong]]),
    )


def _ages(outcomes: PairOutcomes, bands: Sequence[str], thresholds: Sequence[float]) -> list[Row]:
    """Return one row a band, youngest first."""
    rows = table(outcomes, bands, thresholds, other=merged_name(outcomes, bands, AGE_BANDS))
    return sorted(rows, key=lambda row: AGE_BANDS.index(row.key.split(" or ")[0]))


def _right_records(labelled: Labelled) -> dict[str, Any]:
    """Return how many right records have a true pair, and the share that finds one of its own among the first k."""
    rows, group = np.unique(labelled.truth[:, 1], return_inverse=True)
    best = np.full(len(rows), NEVER, dtype=np.int64)
    np.minimum.at(best, group, labelled.true_ranks)
    return {"with_true_pair": len(rows), **recall_at(best, KS)}


def _strangers(labelled: Labelled) -> dict[str, Any]:
    """Return the right records without a true pair, and the share that no pair at probable or better is shown for."""
    stranger = np.ones(labelled.right_records, dtype=np.bool_)
    stranger[labelled.truth[:, 1]] = False
    troubled = np.zeros(labelled.right_records, dtype=np.bool_)
    troubled[labelled.right[labelled.probability >= labelled.model.thresholds.probable]] = True
    count = int(stranger.sum())
    share = float((~troubled)[stranger].mean()) if count >= LEAST_PEOPLE else None
    return {"right_records": count, "without_probable_pair": share}


def _calibration(probability: Floats, is_match: npt.NDArray[np.bool_]) -> dict[str, Any]:
    return {
        "pairs": len(probability),
        "ece": expected_calibration_error(reliability(probability, is_match)),
        "brier": brier_score(probability, is_match),
    }


def _rows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return rows as JSON: figures at the default threshold by their plain names, those at "probable" apart."""
    found = []
    for row in rows:
        half, probable = row.decisions
        found.append(
            {
                "key": row.key,
                "people": row.people,
                "pairs": row.pairs,
                "candidate_recall": row.candidate_recall,
                "recall@1": row.recall_at_1,
                "recall@10": row.recall_at_10,
                "precision": half.precision,
                "recall": half.recall,
                "f1": half.f1,
                "probable": asdict(probable),
            }
        )
    return found
