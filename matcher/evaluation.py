"""How good is it? Precision, recall, calibration and ranking, on data that the model has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Inner products of unit vectors that differ by less are equal: float32 leaves so much open over hundreds of terms.
ROUNDING = 1e-6
_QUERY_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Decision:
    """How a threshold does: counts are of pairs at or above it."""

    threshold: float
    precision: float
    recall: float
    f1: float


def decide(score: Floats, is_match: Bools, threshold: float, matches: int | None = None) -> Decision:
    """Return precision, recall and F1 of taking every pair at or above a threshold for a match.

    Args:
        score: shape (n,).
        is_match: shape (n,).
        threshold: of the score.
        matches: how many true pairs there are, when some are not among the n; None: all are.
    """
    taken = score >= threshold
    right = float((taken & is_match).sum())
    total = float(is_match.sum() if matches is None else matches)
    precision = right / taken.sum() if taken.any() else 0.0
    recall = right / total if total else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return Decision(float(threshold), float(precision), float(recall), float(f1))


@dataclass(frozen=True, slots=True)
class Curve:
    """What every threshold does: m distinct scores, highest first; pairs of equal score stand or fall together.

    Attributes:
        threshold: shape (m,).
        pairs: shape (m,), how many pairs reach it.
        found: shape (m,), how many of these are matches.
        matches: how many true pairs there are, those that are not among the scored included.
    """

    threshold: Floats
    pairs: npt.NDArray[np.int64]
    found: npt.NDArray[np.int64]
    matches: int

    @property
    def precision(self) -> Floats:
        """Return the share of the pairs taken that are matches, shape (m,)."""
        return np.asarray(self.found / self.pairs, dtype=np.float64)

    @property
    def recall(self) -> Floats:
        """Return the share of all true pairs that are taken, shape (m,)."""
        return np.asarray(self.found / max(self.matches, 1), dtype=np.float64)

    def at(self, position: int) -> Decision:
        """Return the decision of one threshold."""
        precision, recall = float(self.precision[position]), float(self.recall[position])
        f1 = 2 * precision * recall / (precision + recall) if self.found[position] else 0.0
        return Decision(float(self.threshold[position]), precision, recall, f1)


def curve(score: Floats, is_match: Bools, matches: int | None = None) -> Curve:
    """Return what every threshold does, from the strictest to the one that takes every pair.

    Args:
        score: shape (n,).
        is_match: shape (n,).
        matches: how many true pairs there are, when some are not among the n; None: all are.
    """
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.append(score[order][1:] != score[order][:-1], True)) if len(order) else order
    found = np.cumsum(is_match[order], dtype=np.int64)[last]
    return Curve(
        score[order][last], last.astype(np.int64) + 1, found, int(is_match.sum()) if matches is None else matches
    )


def best_decision(score: Floats, is_match: Bools, matches: int | None = None) -> Decision:
    """Return the decision with the highest F1 over all thresholds; of equal ones the strictest."""
    if len(score) == 0:
        return Decision(0.0, 0.0, 0.0, 0.0)
    every = curve(score, is_match, matches)
    return every.at(int(np.argmax(2 * every.found / (every.pairs + every.matches))))


def area_under_curve(score: Floats, is_match: Bools) -> float:
    """Return the chance that a random match scores above a random non-match, ties counting half; 0.5 if undefined."""
    positives, negatives = int(is_match.sum()), int((~is_match).sum())
    if not positives or not negatives:
        return 0.5
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    return float((rank[is_match].sum() - positives * (positives + 1) / 2) / (positives * negatives))


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Pairs whose probability lies in a range: how many, what was said, what was true."""

    low: float
    high: float
    pairs: int
    mean_probability: float
    share_of_matches: float


def reliability(probability: Floats, is_match: Bools, bins: int = 10) -> list[ReliabilityBin]:
    """Return the reliability table over equal ranges of probability; empty ranges are left out."""
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.searchsorted(edges, probability, side="right") - 1, 0, bins - 1)
    table = []
    for number in range(bins):
        inside = place == number
        if inside.any():
            table.append(
                ReliabilityBin(
                    float(edges[number]),
                    float(edges[number + 1]),
                    int(inside.sum()),
                    float(probability[inside].mean()),
                    float(is_match[inside].mean()),
                )
            )
    return table


def expected_calibration_error(table: Sequence[ReliabilityBin]) -> float:
    """Return the mean gap between what was said and what was true, weighted by the pairs of each bin."""
    total = sum(entry.pairs for entry in table)
    if not total:
        return 0.0
    return sum(entry.pairs * abs(entry.mean_probability - entry.share_of_matches) for entry in table) / total


def brier_score(probability: Floats, is_match: Bools) -> float:
    """Return the mean squared error of the probabilities (0 is perfect)."""
    return float(np.mean((probability - is_match) ** 2)) if len(probability) else 0.0


def ranks_of_truth(similarities: npt.NDArray[np.float32], truth: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the rank (0 first) of the true column of each row, ties counted against it.

    Args:
        similarities: shape (q, n).
        truth: shape (q,), the true column.
    """
    own = similarities[np.arange(len(truth)), truth]
    ranks: npt.NDArray[np.int64] = (similarities >= own[:, None]).sum(axis=1) - 1
    return ranks


def count_reaching(
    queries: npt.NDArray[np.float32],
    gallery: npt.NDArray[np.float32],
    scores: npt.NDArray[np.float32],
    block: int = 8192,
) -> npt.NDArray[np.int64]:
    """Return of each query how many rows of a gallery score as high as a given score, or higher.

    A gallery of millions is met block by block: queries x gallery is never held.

    Args:
        queries: shape (q, d), unit rows.
        gallery: shape (n, d), unit rows.
        scores: shape (q,), inner products.
        block: rows of the gallery that are met at once.
    """
    counts = np.zeros(len(queries), dtype=np.int64)
    # Equal rows get products that differ in the last bits, by their place in the block: they are ties all the same.
    least = scores - np.float32(ROUNDING)
    for first in range(0, len(queries), _QUERY_BLOCK):
        rows = slice(first, first + _QUERY_BLOCK)
        for start in range(0, len(gallery), block):
            similarities = queries[rows] @ gallery[start : start + block].T
            counts[rows] += np.count_nonzero(similarities >= least[rows, None], axis=1)
    return counts


def ranks_among(
    queries: npt.NDArray[np.float32],
    gallery: npt.NDArray[np.float32],
    truth: npt.NDArray[np.int64],
    block: int = 8192,
) -> npt.NDArray[np.int64]:
    """Return the rank (0 first) of each query's true row of a gallery by inner product, ties counted against it.

    The ranks are those of `ranks_of_truth(queries @ gallery.T, truth)`, for galleries of any size.

    Args:
        queries: shape (q, d), unit rows.
        gallery: shape (n, d), unit rows.
        truth: shape (q,), the true row.
        block: rows of the gallery that are met at once.
    """
    return count_reaching(queries, gallery, own_scores(queries, gallery, truth), block) - 1


def own_scores(
    queries: npt.NDArray[np.float32], gallery: npt.NDArray[np.float32], truth: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Return the inner product of each query with its true row, shape (q,)."""
    return np.asarray(np.einsum("ij,ij->i", queries, gallery[truth]), dtype=np.float32)


def recall_at(ranks: npt.NDArray[np.int64], ks: Sequence[int]) -> dict[str, float]:
    """Return {"recall@k": share of ranks below k}."""
    return {f"recall@{k}": float((ranks < k).mean()) if len(ranks) else 0.0 for k in ks}


def ranks_within(group: npt.NDArray[np.int64], score: Floats, is_match: Bools) -> npt.NDArray[np.int64]:
    """Return each pair's place (0 first) in its group by score; of equal scores, those that are no match come first.

    Args:
        group: shape (n,), pairs of one number are ranked against each other (the record that was searched for).
        score: shape (n,).
        is_match: shape (n,).
    """
    order = np.lexsort((is_match, -score, group))
    starts = np.flatnonzero(np.append(True, group[order][1:] != group[order][:-1])) if len(order) else order
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    return ranks
