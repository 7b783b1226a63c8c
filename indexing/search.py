"""Who might this person be? Candidates from the index, scored with all evidence, best first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from indexing.errors import BadSearch
from indexing.match_index import MatchIndex
from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.compare.faces import face_notes
from matcher.comparison import Comparison
from matcher.model import MatchModel
from matcher.person import PersonRecord, Side
from matcher.rivals import alike_rivals, rival_bits
from matcher.scoring import ScoredPair, ScoredPairs, score_pairs, scored_pair

DEFAULT_CANDIDATES = 80
"""Rows taken from each route: on 5,000 reports the true one is among them for 99 of 100 (benchmarks/quality)."""

KNOWN_ROUTE = "known match"
FEWEST_REPORTS = 1000
"""A deployment that has just begun holds few of the reports that exist: its own count would make the prior too sure."""


_MARGIN = 8.0
"""Pairs so many times less probable than the possible grade asks for stay far from it with rivals and without."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


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
    compete: bool = True,
) -> list[FoundMatch]:
    """Return the best matches of one record on the other side, best first.

    Args:
        query: a record; it need not be in the index.
        index, source: where candidates and their records come from.
        model: the evidence model.
        limit: how many are returned, at least 1.
        candidates: rows taken from each route, at least 1.
        allowed: ids that may be found; None for all.
        compete: see `find_matches_batch`.
    Raises:
        BadSearch: `limit` or `candidates` is below 1.
    """
    return find_matches_batch(
        [query], index, source, model, limit=limit, candidates=candidates, allowed=allowed, compete=compete
    )[0]


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
    compete: bool = True,
    proposed: list[Counter[str]] | None = None,
) -> list[list[FoundMatch]]:
    """Return the best matches of each record; all queries must be of one side. See `find_matches`.

    Args:
        also: for each query, ids that are scored and returned in any case, beyond `limit` if need be: matches known
            from before, whose evidence may have fallen.
        compete: weigh reports of one rescued person against each other; False where the asker may not learn that there
            are others.
        proposed: to which is added, for each query, how many candidates each route proposed.
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
    pool = _Pool(index, source, model, comparisons, candidates)
    compared = pool.compare(queries, side, known, allowed)
    columns, first, second = compared.columns, compared.first, compared.second
    if proposed is not None:
        proposed += [Counter(route for found in one.values() for route in found) for one in compared.routes]
    scored = compared.scored
    if compete:
        elsewhere = side is Side.RESCUED
        rivals = _rivals_elsewhere(pool, queries, compared, known) if elsewhere else pool.rivals(compared)
        scored = scored.among(rivals)
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
            routes = compared.routes[number][other]
            matches.append(FoundMatch(scored_pair(scored, row, left, right, model, note), routes))
        results.append(matches)
    return results


@dataclass(frozen=True, slots=True)
class _Compared:
    """Queries and their candidates, compared.

    Attributes:
        columns: the queries, then their candidates.
        first, second: shape (n,), rows of each pair's query and candidate.
        routes: of each query, candidate id -> the routes that found it.
        scored: the n pairs.
    """

    columns: RecordColumns
    first: Ints
    second: Ints
    routes: list[dict[str, tuple[str, ...]]]
    scored: ScoredPairs


@dataclass(frozen=True, slots=True)
class _Pool:
    """What one search looks through, and by what it weighs what it finds."""

    index: MatchIndex
    source: RecordSource
    model: MatchModel
    comparisons: Sequence[Comparison]
    candidates: int

    @property
    def reports(self) -> int:
        """Return how many reports a rescued person could be."""
        return max(len(self.index.sides[Side.MISSING]), FEWEST_REPORTS)

    def compare(
        self,
        queries: Sequence[PersonRecord],
        side: Side,
        also: Sequence[frozenset[str]],
        allowed: Sequence[str] | None = None,
        held: Sequence[PersonRecord] = (),
    ) -> _Compared:
        """Return the candidates of each query on a side, and `also`, compared with it.

        Args:
            held: records that are taken as they are here, whatever the source says of them.
        """
        found = self.index.candidates(RecordColumns.build(queries), side, self.candidates, allowed)
        routes = [dict(one.routes) for one in found]
        for one, ids in zip(routes, also, strict=True):
            for record_id in sorted(ids):
                one.setdefault(record_id, (KNOWN_ROUTE,))
        wanted = sorted({record_id for one in routes for record_id in one})
        others = {record.record_id: record for record in self.source.records(wanted) if record.side is side}
        others |= {record.record_id: record for record in held}
        rows = {record_id: len(queries) + number for number, record_id in enumerate(others)}
        columns = RecordColumns.build([*queries, *others.values()])
        pairs = [(n, rows[record_id]) for n, one in enumerate(routes) for record_id in one if record_id in rows]
        first, second = np.array(pairs, dtype=np.int64).reshape(len(pairs), 2).T
        scored = score_pairs(columns, first, second, self.index.context, self.model, self.reports, self.comparisons)
        return _Compared(columns, first, second, routes, scored)

    def rivals(self, compared: _Compared) -> Floats:
        """Return the bits of the rivals of each pair; queries are rescued persons, whose reports compete."""
        # Of the reports that must be assumed to exist, those that are not here may be hers as well.
        here = min(len(self.index.sides[Side.MISSING]) / self.reports, 1.0)
        alike = alike_rivals(
            compared.columns,
            compared.scored.weight,
            compared.first,
            compared.second,
            self.index.context,
            self.model,
            self.reports,
        )
        return rival_bits(compared.scored.weight, compared.first, 1.0 - self.model.report_share * here, alike)


def _rivals_elsewhere(
    pool: _Pool, queries: Sequence[PersonRecord], compared: _Compared, known: Sequence[frozenset[str]]
) -> Floats:
    """Return the bits of the rivals of pairs whose query is a report: other reports, found from the rescued persons.

    So a pair weighs the same whoever asks. Of pairs that are far from any grade it is not asked who else fits.
    """
    plausible = compared.scored.probability >= pool.model.thresholds.possible / _MARGIN
    # What is stored is weighed alike from both sides, however weak it has become.
    records = compared.columns.records
    plausible |= np.array(
        [records[b].record_id in known[a] for a, b in zip(compared.first, compared.second, strict=True)], dtype=np.bool_
    )
    bits = np.zeros(len(compared.first))
    asked: dict[int, list[int]] = {}
    for pair in np.flatnonzero(plausible).tolist():
        asked.setdefault(int(compared.second[pair]), []).append(pair)
    if not asked:
        return bits
    persons = [compared.columns.records[row] for row in asked]
    asking = [frozenset(queries[int(compared.first[pair])].record_id for pair in pairs) for pairs in asked.values()]
    there = pool.compare(persons, Side.MISSING, asking, held=queries)
    found = pool.rivals(there)
    place = {
        (person, there.columns.records[report].record_id): number
        for number, (person, report) in enumerate(zip(there.first.tolist(), there.second.tolist(), strict=True))
    }
    for person, pairs in enumerate(asked.values()):
        for pair in pairs:
            bits[pair] = found[place[person, queries[int(compared.first[pair])].record_id]]
    return bits
