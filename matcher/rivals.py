"""What does it say that another report fits as well? A rescued person is one person: her reports compete.

A pair is weighed by what its two records say. Who looks for her report has looked at all of them, and that is evidence,
too: where five girls of one name are missed from one district, each of the five is less likely than the same report
would be alone; and where nothing else comes near, a middling report is the more likely. For a rescued person with the
odds o of each report, and `none` the chance that she has no report among them,

    P(report i) = o_i / (none + sum of all o)        so that    rivals = -log2(none + sum of the other o)   bits

Two reports of one child, filed by two units, are no rivals: of each report counts how likely it is about somebody else.
The probability stays absolute: a lone bad candidate stays bad.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.comparison import Context
from matcher.model import MatchModel
from matcher.scoring import score_pairs

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DUPLICATES = 0.02
"""How many reports have a second one of the same child: filed in two places, or again after a year."""
_IN_QUESTION = -4.0
"""Bits from which on it is asked whether two rivals are one child; below, a rival takes next to nothing anyway."""
_MOST = 8  # rivals of one person that are compared with each other
_HIGHEST = 200.0


def rival_bits(weight: Floats, group: Ints, none: float, alike: tuple[Ints, Ints, Floats] | None = None) -> Floats:
    """Return what the rivals of each pair say, shape (n,), bits to be added to its weight.

    Args:
        weight: shape (n,), bits of each pair.
        group: shape (n,), >= 0, for whom pairs compete; every pair of a group counts.
        none: in (0, 1], the chance that a group has no match among what is there.
        alike: (first, second, probability), shape (m,) each: pairs of one group whose other sides may be one person.
    """
    if not len(weight):
        return np.zeros(0)
    odds = np.exp2(np.clip(weight, -_HIGHEST, _HIGHEST))
    size = int(group.max()) + 1
    others = np.bincount(group, odds, size)[group] - odds
    # Of the strongest, what the rest adds up to would drown in its own odds.
    order = np.lexsort((odds, group))
    strongest = order[np.append(group[order][1:] != group[order][:-1], True)]
    rest = odds.copy()
    rest[strongest] = 0.0
    others[strongest] = np.bincount(group, rest, size)[group[strongest]]
    if alike is not None:
        first, second, probability = alike
        np.subtract.at(others, first, probability * odds[second])
        np.subtract.at(others, second, probability * odds[first])
    # Rounded, so that a sum taken in another order is the same evidence.
    return np.asarray(np.round(-np.log2(none + np.maximum(others, 0.0)), 6), dtype=np.float64)


def alike_rivals(
    columns: RecordColumns, weight: Floats, group: Ints, rows: Ints, context: Context, model: MatchModel, reports: int
) -> tuple[Ints, Ints, Floats]:
    """Return which rivals may be one person, as `rival_bits` takes them.

    Args:
        columns: hold the records that compete.
        weight, group: as in `rival_bits`.
        rows: shape (n,), the row of each pair's competing record.
        context, model: as in `score_pairs`.
        reports: how many there are.
    """
    asked = np.flatnonzero(weight >= _IN_QUESTION)
    order = asked[np.lexsort((-weight[asked], group[asked]))]
    starts = np.flatnonzero(np.append(True, group[order][1:] != group[order][:-1])) if len(order) else order
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    order, rank = order[rank < _MOST], rank[rank < _MOST]
    first, second = [], []
    for step in range(1, _MOST):
        # Those of one group stand behind each other.
        there = np.flatnonzero(group[order][step:] == group[order][:-step]) if len(order) > step else np.zeros(0, int)
        first.append(order[there])
        second.append(order[there + step])
    one, other = np.concatenate(first).astype(np.int64), np.concatenate(second).astype(np.int64)
    twice = replace(model, report_share=DUPLICATES)
    scored = score_pairs(columns, rows[one], rows[other], context, twice, reports)
    return one, other, scored.probability
