"""Which blocks of a record tell the true report from its neighbours? Weights learned from pairs that are known.

For each record that asks, the true report stands in a list with the reports most like it and some at random; the
weights are those under which a softmax of the weighted likeness gives the true ones most (a conditional logit).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexing.faiss_index import nearest_rows
from indexing.record_space import RecordSpace
from indexing.record_vectors import BLOCKS, RecordVectors, block_spans, weighted

Vectors = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_NEIGHBOURS, _RANDOM = 100, 60
_STEPS, _RATE, _START = 400, 0.1, 6.0


@dataclass(frozen=True, slots=True)
class Lesson:
    """Pairs that are known.

    Attributes:
        reports, rescued: their vectors.
        truth: shape (rescued,), position of the true report of each, -1 without one.
        asked: most names of rescued persons that are learned from.
    """

    reports: RecordVectors
    rescued: RecordVectors
    truth: Ints
    asked: int


def fit_space(version: str, lessons: Sequence[Lesson], seed: int) -> RecordSpace:
    """Return the space learned from some lessons together, turned for the people of the first.

    Args:
        version: of the space.
        lessons: at least one.
        seed: of the random neighbours.
    """
    features, is_true = [], []
    for lesson in lessons:
        rows = np.flatnonzero(lesson.truth[lesson.rescued.owners] >= 0)[: lesson.asked]
        true = lesson.truth[lesson.rescued.owners[rows]]
        likeness, unknown, marks = _lists(lesson.reports, lesson.rescued.rows[rows], true, seed)
        features.append(np.concatenate([likeness, unknown], axis=2))
        is_true.append(marks)
    theta = _conditional_logit(np.concatenate(features), np.concatenate(is_true))
    # Likeness never counts against, and what is unknown never more than that it agrees.
    weights = np.maximum(theta[: len(BLOCKS)], 0.0).astype(np.float32)
    left_open = np.clip(theta[len(BLOCKS) :], 0.0, weights).astype(np.float32)
    return RecordSpace.fitted(version, weights, left_open, lessons[0].reports.rows, lessons[0].rescued.rows)


def _lists(
    reports: RecordVectors, queries: Vectors, true: Ints, seed: int
) -> tuple[Vectors, Vectors, npt.NDArray[np.bool_]]:
    """Return (likeness of each block, known to the query and not to the report, is it true), shapes (q, c, blocks)."""
    rng = np.random.default_rng(seed)
    first = np.searchsorted(reports.owners, true)
    last = np.searchsorted(reports.owners, true, side="right") - 1
    query, near = nearest_rows(weighted(queries, "record"), reports.rows, _NEIGHBOURS, _NEIGHBOURS, 0.0)
    column = np.arange(len(query)) - np.searchsorted(query, query)
    listed = rng.integers(0, len(reports.rows), (len(queries), _NEIGHBOURS + _RANDOM))
    listed[query, column] = near
    listed = np.concatenate([first[:, None], last[:, None], listed], axis=1)
    spans = block_spans().values()
    likeness = np.empty((*listed.shape, len(spans)), dtype=np.float32)
    unknown = np.empty_like(likeness)
    known = np.stack([reports.rows[:, span].any(axis=1) for span in spans], axis=1)
    asked = np.stack([queries[:, span].any(axis=1) for span in spans], axis=1)
    for place in range(listed.shape[1]):
        product = reports.rows[listed[:, place]] * queries
        for number, span in enumerate(spans):
            likeness[:, place, number] = product[:, span].sum(axis=1)
        unknown[:, place] = asked & ~known[listed[:, place]]
    return likeness, unknown, reports.owners[listed] == true[:, None]


def _conditional_logit(features: Vectors, is_true: npt.NDArray[np.bool_]) -> Floats:
    """Return the coefficients, shape (f,), that make the true ones of each list likeliest; by Adam on the whole."""
    theta = np.full(features.shape[2], _START)
    rows = features.reshape(-1, len(theta)).astype(np.float64)
    mean, square = np.zeros_like(theta), np.zeros_like(theta)
    for step in range(1, _STEPS + 1):
        said = (rows @ theta).reshape(is_true.shape)
        shares = np.exp(said - said.max(axis=1, keepdims=True))
        true = shares * is_true
        shares /= shares.sum(axis=1, keepdims=True)
        true /= np.maximum(true.sum(axis=1, keepdims=True), 1e-300)
        slope = (shares - true).ravel() @ rows / len(features)
        mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        theta = theta - _RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    # What never occurred has taught nothing.
    return np.where(features.any(axis=(0, 1)), theta, 0.0)
