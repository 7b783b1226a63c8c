"""Who might this person be? Candidates from the index, scored with all evidence, best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from indexing.errors import BadSearch
from indexing.match_index import MatchIndex
from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.compare.faces import face_notes
from matcher.comparison import Comparison
from matcher.model import MatchModel
from matcher.person import PersonRecord, Side
from matcher.scoring import ScoredPair, score_pairs, scored_pair

DEFAULT_CANDIDATES = 80
"""Rows taken from each route: on 5,000 reports the true one is among them for 99 of 100 (benchmarks/quality)."""

KNOWN_ROUTE = "known match"
FEWEST_REPORTS = 1000
"""A deployment that has just begun holds few of the reports that exist: its own count would make the prior too sure."""


class RecordSource(Protocol):
    """Gives records by id; those that no longer exist are left out."""

    def records(self, record_ids: Sequence[str]) -> list[PersonRecord]:
        """Return the records that exist among the ids given, in any order."""
        ...


@dataclass(frozen=True, slots=True)
class FoundMatch:
    """A scored pair and the routes that found it; `pair.left_id` is the missing report."""

    pair: ScoredPair
    routes: tuple[str, ...]


def other_side(side: Side) -> Side:
    """Return the side that a record is matched against."""
    return Side.MISSING if side is Side.RESCUED else Side.RESCUED


def find_matches(
    query: PersonRecord,
    index: MatchIndex,
    source: RecordSource,
    model: MatchModel,
    *,
    limit: int = 20,
    candidates: int = DEFAULT_CANDIDATES,
    allowed: Sequence[str] | None = None,
) -> list[FoundMatch]:
    """Return the best matches of one record on the other side, best first.

    Args:
        query: a record; it need not be in the index.
        index, source: where candidates and their records come from.
        model: the evidence model.
        limit: how many are returned, at least 1.
        candidates: rows taken from each route, at least 1.
        allowed: ids that may be found; None for all.
    Raises:
        BadSearch: `limit` or `candidates` is below 1.
    """
    return find_matches_batch([query], index, source, model, limit=limit, candidates=candidates, allowed=allowed)[0]


def find_matches_batch(
    queries: Sequence[PersonRecord],
    index: MatchIndex,
    source: RecordSource,
    model: MatchModel,
    *,
    limit: int = 20,
    candidates: int = DEFAULT_CANDIDATES,
    allowed: Sequence[str] | None = None,
    also: Sequence[Sequence[str]] | None = None,
    comparisons: Sequence[Comparison] = COMPARISONS,
) -> list[list[FoundMatch]]:
    """Return the best matches of each record; all queries must be of one side. See `find_matches`.

    Args:
        also: for each query, ids that are scored and returned in any case, beyond `limit` if need be: matches known
            from before, whose evidence may have fallen.
    Raises:
        BadSearch: `limit` or `candidates` is below 1.
        ValueError: the queries are of both sides, or `also` is not one entry for each.
    """
    if limit < 1 or candidates < 1:
        raise BadSearch("limit and candidates must be at least 1")
    known = [frozenset(ids) for ids in also] if also is not None else [frozenset[str]()] * len(queries)
    if len(known) != len(queries):
        raise ValueError("also needs one entry for each query")
    if not queries:
        return []
    side = other_side(queries[0].side)
    if any(other_side(query.side) is not side for query in queries):
        raise ValueError("queries of both sides in one batch")
    found = [dict(one.routes) for one in index.candidates(RecordColumns.build(queries), side, candidates, allowed)]
    for one, ids in zip(found, known, strict=True):
        for record_id in sorted(ids):
            one.setdefault(record_id, (KNOWN_ROUTE,))
    wanted = sorted({record_id for one in found for record_id in one})
    others = {record.record_id: record for record in source.records(wanted) if record.side is side}
    rows = {record_id: len(queries) + number for number, record_id in enumerate(others)}
    columns = RecordColumns.build([*queries, *others.values()])
    pairs = [(n, rows[record_id]) for n, one in enumerate(found) for record_id in one if record_id in rows]
    first = np.array([pair[0] for pair in pairs], dtype=np.int64)
    second = np.array([pair[1] for pair in pairs], dtype=np.int64)
    reports = max(len(index.sides[Side.MISSING]), FEWEST_REPORTS)
    scored = score_pairs(columns, first, second, index.context, model, reports, comparisons)
    results: list[list[FoundMatch]] = []
    for number, query in enumerate(queries):
        mine = np.flatnonzero(first == number)
        # Equal weights are ordered by id, so that the same question always gets the same answer.
        order = sorted(mine.tolist(), key=lambda row: (-scored.weight[row], columns.records[second[row]].record_id))
        matches = []
        kept = order[:limit] + [row for row in order[limit:] if columns.records[second[row]].record_id in known[number]]
        notes = face_notes(columns, first[kept], second[kept], index.context)
        for row, note in zip(kept, notes, strict=True):
            other = columns.records[second[row]].record_id
            left, right = (other, query.record_id) if side is Side.MISSING else (query.record_id, other)
            matches.append(FoundMatch(scored_pair(scored, row, left, right, model, note), found[number][other]))
        results.append(matches)
    return results
