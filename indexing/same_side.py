"""Who else on the same side may be this very person? Two reports of one child, one girl in two shelters, one suspect.

The same candidates and the same evidence as between the two sides; what differs is the prior: few records have a second
one. Nobody competes here: a third record of the same person takes nothing from the second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from indexing.errors import BadSearch
from indexing.match_index import MatchIndex
from indexing.meeting import Here, Meeting, Wanted
from indexing.search import FEWEST_REPORTS, Permits
from matcher.compare import COMPARISONS
from matcher.compare.faces import face_notes
from matcher.comparison import Comparison
from matcher.model import Grade, MatchModel
from matcher.person import PersonRecord
from matcher.scoring import ScoredPair, score_pairs, scored_pair

CANDIDATES: Final = 50
"""Rows for each name that asks. Whoever is probably the same stands far in front: more find next to nothing more."""
_CLOSE: Final = 0.01
"""Bits by which weights in batch may be off."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Another record of perhaps the same person."""

    other_id: str
    pair: ScoredPair


def find_alike(
    queries: Sequence[PersonRecord],
    index: MatchIndex,
    model: MatchModel,
    *,
    share: float,
    candidates: int = CANDIDATES,
    permits: Permits | None = None,
    also: Sequence[Sequence[str]] | None = None,
    comparisons: Sequence[Comparison] = COMPARISONS,
    meeting: Meeting = Here(),
) -> list[list[Alike]]:
    """Return, for each record, the others of its own side that are probably the same person, best first.

    Args:
        queries: all of one side; they need not be in the index, and nobody is found by herself.
        index: who is searched.
        model: the evidence.
        share: of the records of a side that have a second one, in (0, 1).
        candidates: rows taken for each name and photo, at least 1.
        permits: who may be found by whom; None for all.
        also: for each query, ids that are returned in any case, whatever their grade has become.
        comparisons: what is compared.
        meeting: brings queries and candidates together.
    Raises:
        BadSearch: `candidates` is below 1.
        ValueError: the queries are of both sides, or `also` is not one entry for each.
    """
    if candidates < 1:
        raise BadSearch("candidates must be at least 1")
    known = also if also is not None else [()] * len(queries)
    if len(known) != len(queries):
        raise ValueError("also needs one entry for each query")
    if not queries:
        return []
    side = queries[0].side
    if any(query.side is not side for query in queries):
        raise ValueError("queries of both sides in one batch")
    reports = max(index.count(side), FEWEST_REPORTS)
    model = replace(model, report_share=share)
    met = meeting.meet(index, Wanted(queries, side, candidates, known, model, reports, comparisons))
    least = model.thresholds.probable
    met = met.some((met.weight >= math.log2(least / (1 - least)) - _CLOSE) | met.known)
    ids = met.columns.ids
    if permits is not None and len(met):
        permitted = permits([ids[row] for row in met.first.tolist()], [ids[row] for row in met.second.tolist()])
        met = met.some(permitted | met.known)
    scored = score_pairs(met.columns, met.first, met.second, index.context, model, reports, comparisons)
    notes = face_notes(met.columns, met.first, met.second, index.context)
    found: list[list[Alike]] = [[] for _ in queries]
    # Equal weights are ordered by id, so that the same question always gets the same answer.
    for row in np.lexsort(([ids[row] for row in met.second.tolist()], -scored.weight)).tolist():
        query, other = int(met.first[row]), ids[int(met.second[row])]
        left, right = sorted((ids[query], other))
        pair = scored_pair(scored, row, left, right, model, notes[row])
        if pair.grade.rank >= Grade.PROBABLE.rank or met.known[row]:
            found[query].append(Alike(other, pair))
    return found
